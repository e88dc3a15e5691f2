package present

import (
	"context"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/appanage/appanage/internal/apperr"
)

// Limits are what one operation may ask for. All of them are judged before anything runs, on the operation as it
// would run: fragments count as often as they are spread, and what @skip and @include leave out does not count.
type Limits struct {
	// Tokens bounds the document for the parser. Validation compares fields pairwise: a document of 5,000 repeated
	// fields would keep a processor busy for ten seconds. Given to the parser, not judged by this extension.
	Tokens int
	// Depth bounds how deep fields nest. Four nested connections with their edges and nodes reach 13.
	Depth int
	// Aliases bounds renamed fields: with aliases, one document can try a thousand passwords or codes at once.
	Aliases int
	// RootFields bounds the fields at the top. Each one begins a query or a transaction of its own.
	RootFields int
	// Directives bounds @skip, @include and the like: each is evaluated for every object its field is read from.
	Directives int
	// Nodes bounds the objects the operation could return, whatever is in the database. Rows really read are bounded
	// elsewhere.
	Nodes int
	// Page is what a connection counts for without first and last: the size of a page nobody asked a size for.
	Page int
	// PageMax is the most a connection counts for: its field answers a larger first or last with an error.
	PageMax int
	// IntrospectionDepth takes Depth's place, and Nodes does not count, in operations that ask about the schema only:
	// the usual query of tools unwraps a type nine levels deep.
	IntrospectionDepth int
}

// DefaultLimits are the limits of the API, as documented for its callers.
func DefaultLimits() Limits {
	return Limits{
		Tokens: 2_000, Depth: 15, Aliases: 30, RootFields: 30, Directives: 50,
		Nodes: 500_000, Page: 20, PageMax: 100, IntrospectionDepth: 20,
	}
}

var _ interface {
	graphql.HandlerExtension
	graphql.OperationContextMutator
	graphql.OperationInterceptor
} = Limits{}

const limitsExtension = "Limits"

// ExtensionName implements graphql.HandlerExtension.
func (Limits) ExtensionName() string { return limitsExtension }

// Validate implements graphql.HandlerExtension.
func (Limits) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext implements graphql.OperationContextMutator: it measures the operation and refuses it when it
// passes a limit.
func (l Limits) MutateOperationContext(_ context.Context, operation *graphql.OperationContext) *gqlerror.Error {
	m := meter{limits: l, variables: operation.Variables, fragments: map[*ast.FragmentDefinition]measure{}}
	measured := m.operation(operation.Operation)
	if m.faulty != nil {
		err := apperr.New(apperr.Validation, "the condition of @%s is null", m.faulty.Name)
		return refusal(err, m.faulty.Position)
	}
	if err := l.check(operation, measured); err != nil {
		return err
	}
	operation.Stats.SetExtension(limitsExtension, cost{measured.nodes, l.Nodes})
	return nil
}

// cost is the member of the response's extensions.
type cost struct {
	Nodes count `json:"nodes"`
	Max   int   `json:"max"`
}

// InterceptOperation implements graphql.OperationInterceptor: what ran says in extensions.cost what it counted for.
func (l Limits) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	measured := graphql.GetOperationContext(ctx).Stats.GetExtension(limitsExtension)
	respond := next(ctx)
	return func(ctx context.Context) *graphql.Response {
		response := respond(ctx)
		if response == nil || response.Data == nil {
			return response
		}
		if response.Extensions == nil {
			response.Extensions = map[string]any{}
		}
		response.Extensions["cost"] = measured
		return response
	}
}

func (l Limits) check(operation *graphql.OperationContext, m measure) *gqlerror.Error {
	depth, nodes := l.Depth, count(l.Nodes)
	if introspects(operation) {
		depth, nodes = l.IntrospectionDepth, ceiling
	}
	switch {
	case m.width > count(l.RootFields):
		return tooLarge("rootFields", nil, "%s root fields; the limit is %d", m.width, l.RootFields)
	case m.depth > depth:
		return tooLarge("depth", m.deepest.Position, "fields nest %d deep; the limit is %d", m.depth, depth)
	case m.aliases > count(l.Aliases):
		return tooLarge("aliases", nil, "%s aliases; the limit is %d", m.aliases, l.Aliases)
	case m.directives > count(l.Directives):
		return tooLarge("directives", nil, "%s directives; the limit is %d", m.directives, l.Directives)
	case m.nodes > nodes:
		err := apperr.New(apperr.TooCostly,
			"the operation could return %s objects; the limit is %d: ask for smaller pages or fewer levels", m.nodes, nodes)
		refused := refusal(&limitError{err, "nodes"}, m.costliest.Position)
		refused.Path = ast.Path{ast.PathName(m.costliest.Alias)}
		return refused
	}
	return nil
}

// introspects tells whether the operation asks about the schema only.
func introspects(operation *graphql.OperationContext) bool {
	for _, field := range rootFields(operation.Operation, operation.Variables) {
		if !isIntrospection(field) {
			return false
		}
	}
	return true
}

// limitError is an error that names the limit passed, for metrics and for callers that react to it.
type limitError struct {
	cause *apperr.Error
	name  string
}

// Error implements error.
func (e *limitError) Error() string { return e.cause.Error() }

// Unwrap lets the presenter find the error shown.
func (e *limitError) Unwrap() error { return e.cause }

func tooLarge(limit string, at *ast.Position, format string, args ...any) *gqlerror.Error {
	return refusal(&limitError{apperr.New(apperr.TooLarge, format, args...), limit}, at)
}

func refusal(err error, at *ast.Position) *gqlerror.Error {
	refused := &gqlerror.Error{Err: err, Message: err.Error()}
	if at != nil {
		refused.Locations = []gqlerror.Location{{Line: at.Line, Column: at.Column}}
	}
	return refused
}

func locations(field *ast.Field) []gqlerror.Location {
	return []gqlerror.Location{{Line: field.Position.Line, Column: field.Position.Column}}
}

// count is a number that stops growing at the ceiling: a few fragments spread twice each make numbers no int holds.
type count int64

const ceiling count = 1e12

func (c count) plus(d count) count { return min(c+d, ceiling) }

func (c count) times(d count) count {
	if c != 0 && d > ceiling/c {
		return ceiling
	}
	return c * d
}

// String writes the figure, or says that it is beyond counting.
func (c count) String() string {
	if c >= ceiling {
		return fmt.Sprintf("more than %d", int64(ceiling)-1)
	}
	return fmt.Sprintf("%d", int64(c))
}
