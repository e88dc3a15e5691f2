package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"github.com/appanage/appanage/graph/model"
	"github.com/appanage/appanage/internal/application"
	"github.com/appanage/appanage/internal/oid"
)

// text is the value of an optional argument, "" where it is absent or null.
func text(o graphql.Omittable[*string]) string {
	if v := o.Value(); v != nil {
		return *v
	}
	return ""
}

// optionalID reads an id that may be absent.
func optionalID[T oid.ID](argument string, o graphql.Omittable[*string]) (T, error) {
	if v := o.Value(); v != nil {
		return parseID[T](argument, *v)
	}
	return "", nil
}

func (r *Resolver) createApplication(ctx context.Context, input model.ApplicationCreateInput) (oid.Application, error) {
	owner, err := optionalID[oid.Client]("input.clientId", input.ClientID)
	if err != nil {
		return "", err
	}
	return r.Applications.Create(ctx, application.Create{
		Name: input.Name, Code: text(input.Code), Type: input.Type, AccessType: input.AccessType,
		ThumbnailURL: input.ThumbnailURL.Value(), Owner: owner,
	})
}

func (r *Resolver) updateApplication(ctx context.Context, input model.ApplicationUpdateInput) (oid.Application, error) {
	id, err := parseID[oid.Application]("input.id", input.ID)
	if err != nil {
		return "", err
	}
	thumbnail, set := input.ThumbnailURL.ValueOK()
	return id, r.Applications.Update(ctx, application.Update{
		ID: id, ExpectedVersion: input.ExpectedVersion.Value(), Name: input.Name.Value(), AccessType: input.AccessType.Value(),
		SetThumbnail: set, ThumbnailURL: thumbnail,
	})
}
