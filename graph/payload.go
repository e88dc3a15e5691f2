package graph

import (
	"context"
	"slices"

	"github.com/99designs/gqlgen/graphql"

	"github.com/appanage/appanage/ent"
	entapplication "github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/ent/applicationproperty"
	"github.com/appanage/appanage/graph/model"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/application"
	"github.com/appanage/appanage/internal/oid"
)

// A mutation's payload is read after the commit, as a query would, but for what is not asked for, and for columns of
// rows that the command has just written itself: those it has had locked, and they are what the commit holds.

// chosen lists the fields of the payload that the operation asks for by this name.
func chosen(ctx context.Context, name string) []graphql.CollectedField {
	var list []graphql.CollectedField
	for _, field := range graphql.CollectFieldsCtx(ctx, nil) {
		if field.Name == name {
			list = append(list, field)
		}
	}
	return list
}

// applicationByID reads an application for a payload.
func (r *Resolver) applicationByID(ctx context.Context, id oid.Application) (*ent.Application, error) {
	return r.DB.Client(ctx).Application.Query().Where(entapplication.ID(id)).Only(ctx)
}

// changedProperties gives the properties for a payload, and reads them only where the way leads on from them, or where
// the command did not run: it has been sent before.
func (r *Resolver) changedProperties(ctx context.Context, input model.ApplicationPropertiesSetInput, set []*application.StoredProperty) ([]*ent.ApplicationProperty, error) {
	fields := chosen(ctx, "properties")
	if len(fields) == 0 {
		return []*ent.ApplicationProperty{}, nil
	}
	if set == nil {
		return r.namedProperties(ctx, input)
	}
	rows := make([]*ent.ApplicationProperty, len(set))
	for i, p := range set {
		rows[i] = &ent.ApplicationProperty{
			ID: p.ID, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt, Version: p.Version,
			ClientID: p.Client, ApplicationID: p.Application, Name: p.Name, Value: p.Value, Public: p.Public,
		}
	}
	for _, field := range fields {
		if leadsOn(ctx, field) {
			return r.readAgain(ctx, rows)
		}
	}
	return rows, nil
}

// namedProperties reads the properties that an input names, in its order, as far as they are still there.
func (r *Resolver) namedProperties(ctx context.Context, input model.ApplicationPropertiesSetInput) ([]*ent.ApplicationProperty, error) {
	client, err := optionalID[oid.Client]("input.clientId", input.ClientID)
	if err != nil {
		return nil, err
	}
	if client == "" {
		client = actor.From(ctx).Client
	}
	names := make([]string, len(input.Properties))
	for i, p := range input.Properties {
		names[i] = p.Name
	}
	rows, err := r.DB.Client(ctx).ApplicationProperty.Query().Where(applicationproperty.ApplicationID(oid.Application(input.ApplicationID)),
		applicationproperty.ClientID(client), applicationproperty.NameIn(names...)).All(ctx)
	slices.SortFunc(rows, func(a, b *ent.ApplicationProperty) int {
		return slices.Index(names, a.Name) - slices.Index(names, b.Name)
	})
	return rows, err
}

// leadsOn tells whether any field chosen below another one has fields itself, and so is a row of its own.
func leadsOn(ctx context.Context, field graphql.CollectedField) bool {
	for _, below := range graphql.CollectFields(graphql.GetOperationContext(ctx), field.Selections, nil) {
		if len(below.Selections) > 0 {
			return true
		}
	}
	return false
}

// readAgain gives the same rows, in the same order, as ent knows them: only those lead on to others.
func (r *Resolver) readAgain(ctx context.Context, set []*ent.ApplicationProperty) ([]*ent.ApplicationProperty, error) {
	ids := make([]oid.Property, len(set))
	for i, p := range set {
		ids[i] = p.ID
	}
	rows, err := r.DB.Client(ctx).ApplicationProperty.Query().Where(applicationproperty.IDIn(ids...)).All(ctx)
	at := make(map[oid.Property]*ent.ApplicationProperty, len(rows))
	for _, row := range rows {
		at[row.ID] = row
	}
	out := make([]*ent.ApplicationProperty, 0, len(ids))
	for _, id := range ids {
		if row := at[id]; row != nil {
			out = append(out, row)
		}
	}
	return out, err
}
