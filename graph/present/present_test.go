package present

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/reqinfo"
)

var toySchema = gqlparser.MustLoadSchema(&ast.Source{Input: `
	directive @authority(requires: String!) on FIELD_DEFINITION
	directive @signedIn on FIELD_DEFINITION
	directive @public on FIELD_DEFINITION

	type Query {
		ping: String @public
		viewer: Thing @signedIn
		secret: String @authority(requires: "Secret_READ")
		nobody: String @authority(requires: "Anonymous")
		both: String @signedIn @authority(requires: "Secret_READ")
		bare: String
		node(id: ID!): Thing @public
		nodes(ids: [ID!]!): [Thing]! @public
		things(first: Int, last: Int): ThingConnection! @public
		five(first: Int = 5): ThingConnection! @public
		kind(of: Kind): String @public
		at(time: Time): String @public
	}
	type Mutation {
		secretSet(input: SecretInput!): Thing @authority(requires: "Secret_WRITE")
	}
	input SecretInput { name: String! }
	enum Kind { LARGE SMALL }
	scalar Time
	type Thing { id: ID! name: String owner: Thing things(first: Int, last: Int): ThingConnection! tags: [Tag!]! }
	type Tag { name: String }
	type ThingConnection { edges: [ThingEdge!]! nodes: [Thing!]! pageInfo: PageInfo! totalCount: Int first: Thing }
	type ThingEdge { node: Thing! cursor: String! by: Thing }
	type PageInfo { hasNextPage: Boolean! }
`})

// toyExecutor answers {"ran":true} to everything that gets through.
func toyExecutor(extensions ...graphql.HandlerExtension) *executor.Executor {
	e := executor.New(&graphql.ExecutableSchemaMock{
		SchemaFunc: func() *ast.Schema { return toySchema },
		ExecFunc: func(context.Context) graphql.ResponseHandler {
			return graphql.OneShot(&graphql.Response{Data: json.RawMessage(`{"ran":true}`)})
		},
	})
	e.SetErrorPresenter(ErrorPresenter(slog.New(slog.DiscardHandler)))
	for _, extension := range extensions {
		e.Use(extension)
	}
	return e
}

// run runs an operation as the transport does.
func run(ctx context.Context, e *executor.Executor, query string, variables map[string]any) *graphql.Response {
	ctx = graphql.StartOperationTrace(ctx)
	operation, refused := e.CreateOperationContext(ctx, &graphql.RawParams{Query: query, Variables: variables})
	if len(refused) > 0 {
		return e.DispatchError(graphql.WithOperationContext(ctx, operation), refused)
	}
	handler, ctx := e.DispatchOperation(ctx, operation)
	return handler(ctx)
}

// as is a context of a signed-in caller who holds the authorities.
func as(authorities ...string) context.Context {
	a := actor.New(actor.Actor{Session: "ses_1"}, authorities, clock.Now())
	return actor.With(context.Background(), a)
}

func asNobody() context.Context { return actor.With(context.Background(), actor.Nobody()) }

func withRequest(id string) context.Context {
	return reqinfo.With(context.Background(), reqinfo.Info{ID: id})
}

// logged is a logger that can be read.
func logged() (*slog.Logger, *bytes.Buffer) {
	var b bytes.Buffer
	return slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug})), &b
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// only is the one error of a response that has no data.
func only(t *testing.T, response *graphql.Response) *gqlerror.Error {
	t.Helper()
	if response.Data != nil || len(response.Errors) != 1 {
		t.Fatalf("want one error and no data, got %s", asJSON(t, response))
	}
	return response.Errors[0]
}
