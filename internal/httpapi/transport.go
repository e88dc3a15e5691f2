package httpapi

import (
	"context"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
)

// transport is GraphQL over HTTP by GET and POST. gqlgen's own sends "data": null with refused operations, knows
// neither body limits nor q-values, and repeats the body in its errors.
type transport struct{ *api }

var _ graphql.Transport = transport{}

// Supports implements graphql.Transport. Methods have been checked before.
func (transport) Supports(*http.Request) bool { return true }

// Do implements graphql.Transport.
func (t transport) Do(w http.ResponseWriter, r *http.Request, executor graphql.GraphExecutor) {
	defer t.recovered(w, r) // gqlgen's handler would answer without a media type
	ctx := r.Context()
	x := exchangeOf(ctx)
	params, failed := readParams(w, r, t.Sizes, actor.From(ctx).SignedIn())
	if failed != nil {
		t.fail(w, r, failed)
		return
	}

	operation, refused := executor.CreateOperationContext(ctx, params)
	if definition := operation.Operation; definition != nil {
		x.operation, x.name = definition.Operation, definition.Name
		if failed := offered(r.Method, definition.Operation); failed != nil {
			if failed.status == http.StatusMethodNotAllowed {
				w.Header().Set("Allow", http.MethodPost)
			}
			t.fail(w, r, failed)
			return
		}
	}
	if len(refused) > 0 {
		t.respond(w, x, executor.DispatchError(graphql.WithOperationContext(ctx, operation), refused))
		return
	}

	ctx, cancel := context.WithTimeout(ctx, t.Timeout)
	defer cancel()
	handler, ctx := executor.DispatchOperation(ctx, operation)
	response := handler(ctx)
	if response == nil { // gqlgen's answer when the context has ended before the operation began
		t.fail(w, r, &failure{status: http.StatusServiceUnavailable, err: context.Cause(ctx)})
		return
	}
	t.respond(w, x, response)
}

// offered tells what this transport does not run: mutations by GET, which a link or an image would trigger, and
// subscriptions.
func offered(method string, operation ast.Operation) *failure {
	switch {
	case operation == ast.Subscription:
		return badRequest(apperr.Validation, "subscriptions are not offered")
	case operation == ast.Mutation && method == http.MethodGet:
		err := apperr.New(apperr.Validation, "a mutation must be sent by POST")
		return &failure{status: http.StatusMethodNotAllowed, err: err}
	}
	return nil
}

// recovered answers, deferred, when code outside of any resolver panicked.
func (a *api) recovered(w http.ResponseWriter, r *http.Request) {
	if panicked := recover(); panicked != nil {
		a.fail(w, r, &failure{status: http.StatusInternalServerError, err: a.recover(r.Context(), panicked)})
	}
}
