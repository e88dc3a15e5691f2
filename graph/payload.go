package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"github.com/appanage/appanage/ent"
	entapplication "github.com/appanage/appanage/ent/application"
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
