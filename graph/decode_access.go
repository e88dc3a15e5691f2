package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/accessgrant"
	entapplication "github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/graph/list"
	"github.com/appanage/appanage/graph/model"
	"github.com/appanage/appanage/internal/access"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/oid"
)

// accessGrantByID reads a grant for a payload.
func (r *Resolver) accessGrantByID(ctx context.Context, id oid.AccessGrant) (*ent.AccessGrant, error) {
	return r.DB.Client(ctx).AccessGrant.Query().Where(accessgrant.ID(id)).Only(ctx)
}

func (r *Resolver) setAccess(ctx context.Context, input model.AccessGrantSetInput) (oid.AccessGrant, error) {
	var errs apperr.Collector
	app, err := parseID[oid.Application]("input.applicationId", input.ApplicationID)
	errs.AddErr(err)
	client, err := optionalID[oid.Client]("input.clientId", input.ClientID)
	errs.AddErr(err)
	if err := errs.Err(); err != nil {
		return "", err
	}
	until, set := input.ExpiresAt.ValueOK()
	return r.Access.Set(ctx, access.Set{
		Application: app, Client: client, Code: text(input.ClientCode), Level: input.Level, SetExpiry: set, ExpiresAt: until,
		Reason: own(input.Reason), Embeddable: input.Embeddable.Value(), ExpectedVersion: input.ExpectedVersion.Value(),
	})
}

// own is the value of an optional argument to be brought to canonical form: the variables keep theirs.
func own(o graphql.Omittable[*string]) *string {
	v := o.Value()
	if v == nil {
		return nil
	}
	s := *v
	return &s
}

func (r *Resolver) takeAccess(ctx context.Context, input model.AccessGrantTakeInput) (oid.AccessGrant, error) {
	app, err := parseID[oid.Application]("input.applicationId", input.ApplicationID)
	if err != nil {
		return "", err
	}
	return r.Access.Take(ctx, access.Take{Application: app, Level: input.Level})
}

func (r *Resolver) revokeAccess(ctx context.Context, input model.AccessGrantRevokeInput) (oid.AccessGrant, error) {
	id, err := parseID[oid.AccessGrant]("input.id", input.ID)
	if err != nil {
		return "", err
	}
	return id, r.Access.Revoke(ctx, access.Revoke{ID: id, ExpectedVersion: input.ExpectedVersion.Value()})
}

// accessOf reads what effectiveAccess asks for.
func accessOf(application string, client, code *string) (q access.Question, err error) {
	if client != nil && code != nil {
		return q, apperr.New(apperr.Invalid, "give at most one of `clientId` and `clientCode`")
	}
	if q.Application, err = parseID[oid.Application]("applicationId", application); err != nil {
		return q, err
	}
	if client != nil {
		q.Client, err = parseID[oid.Client]("clientId", *client)
	}
	if code != nil {
		q.Code = *code
		q.ByCode = true
	}
	return q, err
}

// shown is what access a client has as the API says it.
func shown(found *access.Effective) *model.EffectiveAccess {
	out := &model.EffectiveAccess{Reason: found.Reason, Grant: found.Grant}
	if found.Level != "" {
		out.Level = &found.Level
	}
	return out
}

// sees tells whether the caller sees an application, or it was only listed to him as available: then what it shows beside
// its own columns, and the domain makes without asking who sees it, stays hidden.
func (r *Resolver) sees(ctx context.Context, id oid.Application) (bool, error) {
	return r.DB.Client(ctx).Application.Query().Where(entapplication.ID(id)).Exist(ctx)
}

// beyond has a page of available applications ask its further questions, too, in the context in which they are listed.
func beyond[T any](page *model.Connection[T]) *model.Connection[T] {
	page.Count = asked(page.Count)
	page.PageInfo.Next, page.PageInfo.Previous = asked(page.PageInfo.Next), asked(page.PageInfo.Previous)
	return page
}

func asked[V any](question func(context.Context) (V, error)) func(context.Context) (V, error) {
	return func(ctx context.Context) (V, error) { return question(access.Beyond(ctx)) }
}

// available lists the applications that the caller may take access to.
func (r *Resolver) available(ctx context.Context, page list.Page, filter, orderBy map[string]any) (*model.Connection[ent.Application], error) {
	found, err := list.Connect(access.Beyond(ctx), r.Cursors, r.Access.Available(ctx), page, filter, orderBy)
	if err != nil {
		return nil, err
	}
	return beyond(found), nil
}
