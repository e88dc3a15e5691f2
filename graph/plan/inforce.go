package plan

import (
	"context"
	"database/sql/driver"

	"github.com/99designs/gqlgen/graphql"

	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/property"
	"github.com/appanage/appanage/internal/store"
)

// propertiesInForce are made by the domain, for all applications at once.
var propertiesInForce = Made{
	Make: makeInForce,
	Kind: &Kind{
		Name: "PropertyInForce",
		Entity: Entity{Columns: map[string]Column{
			"name":   {Name: "name", Encoding: Text},
			"value":  {Name: "value", Encoding: Text, Nullable: true},
			"public": {Name: "public", Encoding: Boolean},
			"secret": {Name: "secret", Encoding: Boolean},
		}},
		Parts: map[string]*Kind{"source": {
			Name: "PropertySource",
			Entity: Entity{
				Columns: map[string]Column{"kind": {Name: "kind", Encoding: Text}},
				Edges:   map[string]Edge{"client": {To: "Tenant", Cardinality: ToOne, Column: "client_id"}},
			},
		}},
	},
}

func makeInForce(ctx context.Context, db *store.DB, parents []string, arguments map[string]any) (map[string][]MadeRow, error) {
	q, err := question(arguments)
	if err != nil {
		return nil, err
	}
	apps := make([]oid.Application, len(parents))
	for i, p := range parents {
		apps[i] = oid.Application(p)
	}
	all, err := property.Ask(ctx, db, q, apps)
	if err != nil {
		return nil, err
	}
	out := make(map[string][]MadeRow, len(all))
	for app, list := range all {
		rows := make([]MadeRow, len(list))
		for i := range list {
			rows[i] = inForceRow(&list[i])
		}
		out[string(app)] = rows
	}
	return out, nil
}

// question reads the arguments; what the reference executor words an error of is INVALID.
func question(arguments map[string]any) (q property.Question, err error) {
	invalid := apperr.New(apperr.Invalid, "an argument that the reference executor judges")
	if v := arguments["clientId"]; v != nil {
		text, err := graphql.UnmarshalID(v)
		if err != nil {
			return q, invalid
		}
		var ok bool
		if q.Client, ok = oid.Parse[oid.Client](text); !ok {
			return q, invalid
		}
	}
	if v := arguments["names"]; v != nil {
		q.Names = []string{}
		for _, item := range items(v) {
			name, ok := item.(string)
			if !ok {
				return q, invalid
			}
			q.Names = append(q.Names, name)
		}
	}
	return q, nil
}

// inForceRow is a property in force by column.
func inForceRow(p *property.InForce) MadeRow {
	return func(column string) driver.Value {
		switch column {
		case "name":
			return p.Name
		case "value":
			if !p.Secret {
				return p.Value.Value
			}
		case "public":
			return p.Public
		case "secret":
			return p.Secret
		case "kind":
			return string(p.Kind)
		case "client_id":
			if p.Client != "" {
				return string(p.Client)
			}
		}
		return nil
	}
}
