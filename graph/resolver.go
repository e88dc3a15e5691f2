// Package graph is the reference executor: a resolver for each field of the SDL that is not a plain column, and
// for each edge one scoped query. It decodes, calls the domain and encodes; rules and SQL are elsewhere. It is
// small and slow on purpose: the read planner is held against it.
package graph

import (
	"context"

	"entgo.io/ent/dialect/sql"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/graph/cursor"
	"github.com/appanage/appanage/graph/list"
	"github.com/appanage/appanage/graph/model"
	"github.com/appanage/appanage/internal/access"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/application"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/bundle"
	"github.com/appanage/appanage/internal/definition"
	"github.com/appanage/appanage/internal/dependency"
	"github.com/appanage/appanage/internal/idempotency"
	"github.com/appanage/appanage/internal/identity"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/property"
	"github.com/appanage/appanage/internal/registration"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/tenancy"
	"github.com/appanage/appanage/internal/urls"
)

// Resolver holds what the resolvers call.
type Resolver struct {
	DB            *store.DB
	Cursors       cursor.Codec
	Tenancy       *tenancy.Service
	Authority     *authority.Service
	Identity      *identity.Service
	Access        *access.Service
	Applications  *application.Service
	Bundles       *bundle.Service
	Registrations *registration.Service
	Embedding     *dependency.Service
	Definitions   *definition.Service
	Properties    *property.Service
	Removals      *application.Removals
	URLs          *urls.Service
	Once          *idempotency.Service
	// SignedOut is told of a session that has ended, so that this node forgets it at once.
	SignedOut func(oid.Session)
}

// found turns "no such row, or none in scope" into null.
func found[T any](row *T, err error) (*T, error) {
	if ent.IsNotFound(err) {
		return nil, nil
	}
	return row, err
}

// inFull gives a field of a client to callers who see more of it than its code and name (domain 0).
func inFull[T any](ctx context.Context, r *Resolver, client *ent.Tenant, value T) (*T, error) {
	if in, err := r.inScope(ctx, client.ID); err != nil || !in {
		return nil, err
	}
	return &value, nil
}

// inScope tells whether the caller sees a client in full. To the others it has no edges either: those to what they see
// themselves would still say what hangs together.
func (r *Resolver) inScope(ctx context.Context, client oid.Client) (bool, error) {
	return store.InScope(ctx, r.DB.Client(ctx), client)
}

// connectInScope is an edge of a client to many, for callers who see the client in full.
func connectInScope[Q list.Query[Q, P, O, T], P, O ~func(*sql.Selector), T any](
	ctx context.Context, r *Resolver, client *ent.Tenant, q Q, page list.Page, filter, orderBy map[string]any,
) (*model.Connection[T], error) {
	if in, err := r.inScope(ctx, client.ID); err != nil || !in {
		return nil, err
	}
	return list.Connect(ctx, r.Cursors, q, page, filter, orderBy)
}

// page gathers the arguments of every connection.
func page(first *int, after *string, last *int, before *string) list.Page {
	return list.Page{First: first, After: after, Last: last, Before: before}
}

// atHome gives a user's addresses to himself and in the scope of his home client: to nobody else is it said whether an
// address is known (domain 0).
func atHome[T any](ctx context.Context, r *Resolver, user *ent.User, value T) (*T, error) {
	if user.ID != actor.From(ctx).User {
		if in, err := r.inScope(ctx, user.ClientID); err != nil || !in {
			return nil, err
		}
	}
	return &value, nil
}

// flat is the value of a column that may be NULL, or null where it is not shown.
func flat[T any](p **T) *T {
	if p == nil {
		return nil
	}
	return *p
}

// parseID reads an id of the kind an argument asks for.
func parseID[T oid.ID](argument, s string) (T, error) {
	id, ok := oid.Parse[T](s)
	if !ok {
		return "", apperr.At(argument, apperr.Invalid, "not the id of a %s", oid.Name[T]())
	}
	return id, nil
}

// oneOf checks that exactly one of the two ways to name an object is used.
func oneOf(id, code *string) error {
	if (id == nil) == (code == nil) {
		return apperr.New(apperr.Invalid, "give exactly one of `id` and `code`")
	}
	return nil
}

// userErrors splits what a command answered: errors of the input go into the payload, all others to the top level.
func userErrors(err error) ([]*model.UserError, error) {
	list := []*model.UserError{}
	if err == nil {
		return list, nil
	}
	e, ok := apperr.As(err)
	if !ok || !e.Code.OfInput() {
		return nil, err
	}
	for _, one := range e.All() {
		u := &model.UserError{Code: one.Code, Message: one.Message, Path: one.Path}
		if u.Path == nil {
			u.Path = []string{"input"}
		}
		if one.Version > 0 {
			u.CurrentVersion = &one.Version
		}
		list = append(list, u)
	}
	return list, nil
}
