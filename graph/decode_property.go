package graph

import (
	"context"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/graph/model"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/property"
)

func (r *Resolver) setProperties(ctx context.Context, input model.ApplicationPropertiesSetInput) (oid.Application, []*property.Stored, error) {
	var errs apperr.Collector
	app, err := parseID[oid.Application]("input.applicationId", input.ApplicationID)
	errs.AddErr(err)
	client, err := optionalID[oid.Client]("input.clientId", input.ClientID)
	errs.AddErr(err)
	if err := errs.Err(); err != nil {
		return "", nil, err
	}
	cmd := property.Set{Application: app, Client: client, Properties: make([]property.Property, len(input.Properties))}
	for i, p := range input.Properties {
		cmd.Properties[i] = property.Property{
			Name: p.Name, Value: p.Value, Public: p.Public.Value(), Secret: p.Secret.Value(), ExpectedVersion: p.ExpectedVersion.Value(),
		}
	}
	set, err := r.Properties.Set(ctx, cmd)
	return app, set, err
}

func (r *Resolver) deleteProperties(ctx context.Context, input model.ApplicationPropertiesDeleteInput) (oid.Application, []string, error) {
	var errs apperr.Collector
	app, err := parseID[oid.Application]("input.applicationId", input.ApplicationID)
	errs.AddErr(err)
	client, err := optionalID[oid.Client]("input.clientId", input.ClientID)
	errs.AddErr(err)
	if err := errs.Err(); err != nil {
		return "", nil, err
	}
	gone, err := r.Properties.Delete(ctx, property.Delete{Application: app, Client: client, Names: input.Names})
	return app, gone, err
}

// changedProperties gives the properties for a payload, and reads them only where the command did not run: it has been
// sent before.
func (r *Resolver) changedProperties(ctx context.Context, input model.ApplicationPropertiesSetInput, set []*property.Stored) ([]*ent.ApplicationProperty, error) {
	if len(chosen(ctx, "properties")) == 0 {
		return []*ent.ApplicationProperty{}, nil
	}
	if set == nil {
		names := make([]string, len(input.Properties))
		for i, p := range input.Properties {
			names[i] = p.Name
		}
		client, err := optionalID[oid.Client]("input.clientId", input.ClientID)
		if err != nil {
			return nil, err
		}
		if set, err = r.Properties.Named(ctx, oid.Application(input.ApplicationID), client, names); err != nil {
			return nil, err
		}
	}
	rows := make([]*ent.ApplicationProperty, len(set))
	for i, p := range set {
		rows[i] = &ent.ApplicationProperty{
			ID: p.ID, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt, Version: p.Version,
			ClientID: p.Client, ApplicationID: p.Application, Name: p.Name, Value: p.Value, Public: p.Public, Secret: p.Secret,
		}
	}
	return rows, nil
}

// goneProperties gives the names for a payload, of a command that was sent before from the history.
func (r *Resolver) goneProperties(ctx context.Context, input model.ApplicationPropertiesDeleteInput, gone []string) ([]string, error) {
	if gone != nil {
		return gone, nil
	}
	client, err := optionalID[oid.Client]("input.clientId", input.ClientID)
	if err != nil {
		return nil, err
	}
	gone, err = r.Properties.Gone(ctx, oid.Application(input.ApplicationID), client, input.Names)
	return append([]string{}, gone...), err
}

func (r *Resolver) propertiesInForce(ctx context.Context, app oid.Application, clientID *string, names []string) ([]*model.PropertyInForce, error) {
	q := property.Question{Names: names}
	if clientID != nil {
		var err error
		if q.Client, err = parseID[oid.Client]("clientId", *clientID); err != nil {
			return nil, err
		}
	}
	all, err := property.Ask(ctx, r.DB, q, []oid.Application{app})
	list, ok := all[app]
	if err != nil || !ok {
		return nil, err
	}
	out := make([]*model.PropertyInForce, len(list))
	for i, p := range list {
		out[i] = &model.PropertyInForce{Name: p.Name, Public: p.Public, Secret: p.Secret, Source: &model.PropertySource{Kind: p.Kind}}
		if !p.Secret {
			out[i].Value = &p.Value.Value
		}
		if p.Client != "" {
			if out[i].Source.Client, err = found(r.DB.Client(ctx).Tenant.Query().Where(tenant.ID(p.Client)).Only(ctx)); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func (r *Resolver) propertyDefinitions() []*model.PropertyDefinition {
	definitions := r.Properties.Definitions()
	out := make([]*model.PropertyDefinition, len(definitions))
	for i, d := range definitions {
		out[i] = &model.PropertyDefinition{Name: d.Name, Description: d.Description, Type: d.Type, Values: append([]string{}, d.Values...), Default: d.Default}
	}
	return out
}
