package plan

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
)

// The schema does not change while the server runs, and everybody who may read it at all reads the same. So the answer
// to a question about it is made once and kept. That of the query all tools send is made at the start.

// IntrospectionQuery is what graphql-js's getIntrospectionQuery() gives: GraphiQL and most tools send it.
//
//go:embed introspection.graphql
var IntrospectionQuery string

// refusedIntrospection is a question about the schema together with others, or with variables.
const refusedIntrospection refusal = "introspection"

// introspects tells whether an operation asks for the schema, and whether for nothing else.
func introspects(doc *ast.QueryDocument, operation *ast.OperationDefinition) (some, only bool) {
	only = true
	var walk func(set ast.SelectionSet)
	walk = func(set ast.SelectionSet) {
		for _, s := range set {
			switch s := s.(type) {
			case *ast.Field:
				asks := s.Name == "__schema" || s.Name == "__type"
				some, only = some || asks, only && (asks || s.Name == "__typename")
			case *ast.InlineFragment:
				walk(s.SelectionSet)
			case *ast.FragmentSpread:
				walk(doc.Fragments.ForName(s.Name).SelectionSet)
			}
		}
	}
	walk(operation.SelectionSet)
	return some, some && only
}

// normal is the text of a document without what its writer was free in.
func normal(doc *ast.QueryDocument) string {
	var b strings.Builder
	formatter.NewFormatter(&b, formatter.WithCompacted()).FormatQueryDocument(doc)
	return b.String()
}

// introspection gives the data that answers a question about the schema, nil where it has to be asked.
func (p *Planner) introspection(ctx context.Context, oc *graphql.OperationContext) (*compiled, error) {
	some, only := introspects(oc.Doc, oc.Operation)
	switch {
	case !some:
		return nil, nil
	case !only || len(oc.Operation.VariableDefinitions) > 0:
		return &compiled{refused: refusedIntrospection, weight: perByte * lengthOf(oc.Operation)}, nil
	}
	if known, err := p.standard(); err == nil && len(oc.Doc.Operations) == 1 && normal(oc.Doc) == known.text {
		return &compiled{data: known.data, weight: perByte * lengthOf(oc.Operation)}, nil
	}
	data, err := p.ask(context.WithoutCancel(ctx), oc)
	if err != nil {
		return nil, err
	}
	return &compiled{data: data, weight: perByte*lengthOf(oc.Operation) + uint32(len(data))}, nil
}

// ask has the reference executor answer a question about the schema.
func (p *Planner) ask(ctx context.Context, oc *graphql.OperationContext) ([]byte, error) {
	ctx = graphql.WithOperationContext(ctx, oc)
	ctx = graphql.WithResponseContext(ctx, graphql.DefaultErrorPresenter, graphql.DefaultRecover)
	response := p.ExecutableSchema.Exec(ctx)(ctx)
	if errs := slices.Concat(response.Errors, graphql.GetErrors(ctx)); len(errs) > 0 {
		return nil, refuse(refusedIntrospection)
	}
	return response.Data, nil
}

// prepared is a document with its answer.
type prepared struct {
	text string
	data []byte
}

// prepare makes the answer to the standard query: at the start, beside what else starts, for it takes longer than most.
func (p *Planner) prepare() (prepared, error) {
	ctx := graphql.StartOperationTrace(context.Background())
	oc, errs := executor.New(p.ExecutableSchema).CreateOperationContext(ctx, &graphql.RawParams{Query: IntrospectionQuery})
	if len(errs) > 0 {
		return prepared{}, fmt.Errorf("plan: the introspection query: %w", errs)
	}
	oc.DisableIntrospection = false
	data, err := p.ask(ctx, oc)
	return prepared{normal(oc.Doc), data}, err
}
