package present

import (
	"context"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
)

// Guard refuses an operation as a whole when one of its root fields asks for an authority the caller lacks. It runs
// before anything else of the operation and reads nothing but the actor. Use it before every other interceptor.
type Guard struct {
	// Present is the presenter of the server's errors.
	Present graphql.ErrorPresenterFunc
	// SignedInIntrospection keeps the schema from callers without a token.
	SignedInIntrospection bool
}

var _ interface {
	graphql.HandlerExtension
	graphql.OperationInterceptor
} = Guard{}

// ExtensionName implements graphql.HandlerExtension.
func (Guard) ExtensionName() string { return "Guard" }

// Validate implements graphql.HandlerExtension.
func (g Guard) Validate(graphql.ExecutableSchema) error {
	if g.Present == nil {
		return fmt.Errorf("guard: no error presenter")
	}
	return nil
}

// InterceptOperation implements graphql.OperationInterceptor. A refused operation answers one error for each refused
// field and no data; Refusal tells such a response apart.
func (g Guard) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	operation := graphql.GetOperationContext(ctx)
	if refused := g.refused(ctx, operation); len(refused) > 0 {
		return graphql.OneShot(&graphql.Response{Errors: refused})
	}
	operation.DisableIntrospection = false // an operation that asks for it without leave has been refused
	return next(ctx)
}

func (g Guard) refused(ctx context.Context, operation *graphql.OperationContext) gqlerror.List {
	var list gqlerror.List
	seen := map[string]bool{}
	for _, field := range rootFields(operation.Operation, operation.Variables) {
		if seen[field.Alias] {
			continue
		}
		seen[field.Alias] = true
		if err := g.allowed(ctx, field); err != nil {
			list = append(list, g.Present(ctx, &gqlerror.Error{
				Err:       err,
				Message:   err.Error(),
				Path:      ast.Path{ast.PathName(field.Alias)},
				Locations: locations(field),
			}))
		}
	}
	return list
}

func (g Guard) allowed(ctx context.Context, field *ast.Field) error {
	if isIntrospection(field) {
		if g.SignedInIntrospection && field.Name != "__typename" {
			return signedIn(actor.From(ctx))
		}
		return nil
	}
	declared, err := Allowed(actor.From(ctx), field.Definition)
	if err == nil && !declared {
		return fmt.Errorf("root field %s says nothing about who may use it", field.Name)
	}
	return err
}

// Allowed checks the actor against a field's @authority, @signedIn and @public. declared is false when the field has
// none of them: a root field is refused then, a nested one is open to whoever reached its object.
func Allowed(a *actor.Actor, field *ast.FieldDefinition) (declared bool, err error) {
	for _, d := range field.Directives {
		switch d.Name {
		case "authority":
			declared = true
			if err := holds(a, d.Arguments.ForName("requires").Value.Raw); err != nil {
				return true, err
			}
		case "signedIn":
			declared = true
			if err := signedIn(a); err != nil {
				return true, err
			}
		case "public":
			declared = true
		}
	}
	return declared, nil
}

// Authority runs @authority on a field: null and an error at its path for an actor who lacks the authority.
func Authority(ctx context.Context, _ any, next graphql.Resolver, requires string) (any, error) {
	if err := holds(actor.From(ctx), requires); err != nil {
		return nil, err
	}
	return next(ctx)
}

// SignedIn runs @signedIn on a field: null and an error at its path for callers without a session.
func SignedIn(ctx context.Context, _ any, next graphql.Resolver) (any, error) {
	if err := signedIn(actor.From(ctx)); err != nil {
		return nil, err
	}
	return next(ctx)
}

// Public runs @public on a field: everybody may read it. The directive says that this was meant.
func Public(ctx context.Context, _ any, next graphql.Resolver) (any, error) { return next(ctx) }

func holds(a *actor.Actor, authority string) error {
	switch {
	case a != nil && a.Has(authority):
		return nil
	case a == nil || !a.SignedIn():
		return apperr.New(apperr.Unauthenticated, "requires %s", authority)
	}
	return apperr.New(apperr.Forbidden, "requires %s", authority)
}

func signedIn(a *actor.Actor) error {
	if a == nil || !a.SignedIn() {
		return apperr.New(apperr.Unauthenticated, "requires a signed-in caller")
	}
	return nil
}
