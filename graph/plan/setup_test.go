package plan

import (
	"context"
	"database/sql/driver"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/appanage/appanage/graph"
	"github.com/appanage/appanage/graph/cursor"
	"github.com/appanage/appanage/graph/generated"
	"github.com/appanage/appanage/graph/present"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/application"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/dependency"
	"github.com/appanage/appanage/internal/identity"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/property"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit"
)

// engines runs a test on each engine, over what every installation has.
func engines(t *testing.T, f func(t *testing.T, db *store.DB)) {
	t.Helper()
	testkit.EnginesWith(t, store.Options{Install: authority.Install}, f)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// reference is the executable schema that a planner wraps.
func reference(db *store.DB) graphql.ExecutableSchema {
	return generated.NewExecutableSchema(generated.Config{
		Resolvers: &graph.Resolver{
			DB: db, Cursors: codec(), Applications: application.New(db), Properties: property.New(db), Identity: identity.New(db, identity.DefaultSessionLimits),
			Embedding: dependency.New(db), SignedOut: func(oid.Session) {},
		},
		Directives: generated.DirectiveRoot{Authority: present.Authority, SignedIn: present.SignedIn, Public: present.Public},
	})
}

func codec() cursor.Codec { return cursor.NewCodec([]byte("0123456789abcdef0123456789abcdef")) }

func newPlanner(t testing.TB, db *store.DB) *Planner {
	t.Helper()
	p, err := New(reference(db), Options{DB: db, Cursors: codec(), Registry: prometheus.NewRegistry()})
	must(t, err)
	return p
}

// parsed is an operation as the server hands it to the planner.
func parsed(t testing.TB, p *Planner, text string, variables map[string]any) *graphql.OperationContext {
	t.Helper()
	ctx := graphql.StartOperationTrace(context.Background())
	oc, errs := executor.New(p).CreateOperationContext(ctx, &graphql.RawParams{Query: text, Variables: variables})
	if len(errs) > 0 {
		t.Fatalf("%v\n%s", errs, text)
	}
	return oc
}

// platform is a caller at the SYSTEM client, with every authority that a kind asks for.
func platform(p *Planner) *actor.Actor {
	return caller(p, actor.Scope{Root: oid.SystemClient, All: true}, oid.SystemClient)
}

func caller(p *Planner, s actor.Scope, client oid.Client) *actor.Actor {
	var held []string
	for _, k := range p.table.Kinds {
		held = append(held, k.Authority)
	}
	a := actor.Actor{
		User: oid.New[oid.User](), Session: oid.New[oid.Session](), Membership: oid.New[oid.Membership](), Client: client, Scope: s,
	}
	return actor.New(a, held, clock.Now())
}

// planOf is the plan that a caller gets for an operation.
func planOf(t testing.TB, p *Planner, a *actor.Actor, text string) *plan {
	t.Helper()
	c, err := p.find(actor.With(t.Context(), a), parsed(t, p, text, nil))
	must(t, err)
	return c.plan
}

// texts reads one column, of a statement that the test has written.
func texts(t testing.TB, db *store.DB, query string, args []any) (all []string) {
	t.Helper()
	ctx := actor.System(t.Context(), "a test looks at the rows")
	err := db.Read(ctx, query, args, 1, func(row []driver.Value) error {
		switch v := row[0].(type) {
		case string:
			all = append(all, v)
		case []byte:
			all = append(all, string(v))
		default:
			t.Fatalf("a %T in %s", v, query)
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, query)
	}
	return all
}
