package plantest

import (
	"context"
	"strings"
	"testing"

	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// Each statement of a plan has a span of its own under the request's, which names the edge, and neither SQL nor values.
func TestSpans(t *testing.T) {
	recorder := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	previous := otel.GetTracerProvider()
	otel.SetTracerProvider(provider)
	t.Cleanup(func() { otel.SetTracerProvider(previous) })
	engines(t, func(t *testing.T, f *fixture) {
		ask(t.Context(), t, f.planned, f.admin, "{ __typename }", nil)
		recorder.Reset()
		ctx, request := provider.Tracer("a test").Start(t.Context(), "the request")
		texts := f.statementsIn(ctx, t, f.admin, deep)
		request.End()
		names := map[string]int{}
		for _, s := range recorder.Ended() {
			edge, ours := strings.CutPrefix(s.Name(), "read ")
			if !ours {
				continue
			}
			names[edge]++
			if s.SpanContext().TraceID() != request.SpanContext().TraceID() || !s.Parent().IsValid() {
				t.Errorf("%s is not under the request", s.Name())
			}
			for _, a := range s.Attributes() {
				if v := a.Value.String(); strings.Contains(v, "SELECT") || strings.Contains(v, "_01") {
					t.Errorf("%s has %s = %s", s.Name(), a.Key, v)
				}
			}
		}
		spans := 0
		for _, n := range names {
			spans += n
		}
		if spans != len(texts) {
			t.Errorf("%d spans for %d statements: %v", spans, len(texts), names)
		}
		for _, edge := range []string{"Query.applications", "Application.client", "Application.properties", "ApplicationProperty.client", "Package.roles", "Role.permissions"} {
			if names[edge] == 0 {
				t.Errorf("no span of %s: %v", edge, names)
			}
		}
	})
}

func (f *fixture) statementsIn(ctx context.Context, t *testing.T, token, query string) []string {
	t.Helper()
	w := &watcher{}
	if a := ask(watching(ctx, w), t, f.planned, token, query, nil); len(a.Errors) > 0 {
		t.Fatalf("%.1000s", a.body)
	}
	return w.texts
}

// The metrics count statements by their edge, and queries by who answered them.
func TestMetrics(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		texts := f.statementsIn(t.Context(), t, f.admin, deep)
		edges, statements := 0, 0.0
		for name, v := range metrics(t, f.planned, "appanage_plan_fetch_seconds_count") {
			if !strings.Contains(name, `edge="Query.`) && !strings.Contains(name, ".") {
				t.Errorf("the label of %s names no edge", name)
			}
			statements += v
			edges++
		}
		if int(statements) != len(texts) || edges < 6 {
			t.Errorf("%v statements of %d edges were counted, %d ran", statements, edges, len(texts))
		}
		ask(t.Context(), t, f.planned, f.admin, "{ applications(first: 101) { totalCount } }", nil)
		ask(t.Context(), t, f.planned, "", "{ viewer { user { id } } }", nil)
		ask(t.Context(), t, f.planned, f.admin, `mutation { applicationCreate(input: { name: "" }) { errors { code } } }`, nil)
		ask(t.Context(), t, f.planned, f.admin, `{ nonsense }`, nil)
		want := map[string]float64{`appanage_reads_total{executor="planned"}`: 2, `appanage_reads_total{executor="reference"}`: 1}
		for name, v := range metrics(t, f.planned, "appanage_reads_total") {
			if v != want[name] {
				t.Errorf("%s is %v, not %v", name, v, want[name])
			}
		}
	})
}

// Whatever the planner refuses is answered as the reference does, and counted with its reason.
func TestRefusals(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		reader := f.reader(t)
		app := f.column(t, "SELECT id FROM applications ORDER BY id LIMIT 1")[0]
		for _, c := range []struct {
			reason, token, query string
			variables            hubtest.Variables
		}{
			{"authority", reader, "{ applications { nodes { code client { code } } } }", nil},
			{"authority", reader, `{ node(id: "` + f.column(t, "SELECT id FROM users LIMIT 1")[0] + `") { id } }`, nil},
			{"input", f.admin, "{ applications(first: 101) { totalCount } }", nil},
			{"input", f.admin, "{ applications(first: -1) { totalCount } }", nil},
			{"input", f.admin, "{ applications(first: 1, last: 1) { totalCount } }", nil},
			{"input", f.admin, `{ applications(after: "torn") { totalCount } }`, nil},
			{"input", f.admin, `{ application(id: "usr_01JD3Q4Z5V6W7X8Y9ZABCDEFGH") { id } }`, nil},
			{"input", f.admin, `{ applications(filter: { clientId: "app_1" }) { totalCount } }`, nil},
			{"input", f.admin, `query($n: Int) { applications(first: $n) { totalCount } }`, hubtest.Variables{"n": 5000}},
			{"value", f.admin, `{ application { id } }`, nil},
			{"value", f.admin, `{ application(id: "` + app + `", code: "x") { id } }`, nil},
			{"introspection", f.admin, `{ viewer { user { name } } __schema { queryType { name } } }`, nil},
			{"introspection", f.admin, `query($n: String!) { __type(name: $n) { name } }`, hubtest.Variables{"n": "Query"}},
		} {
			for range 2 {
				since := metrics(t, f.planned, refusals)
				f.same(t, c.token, c.query, c.variables)
				if grown := refused(t, f.planned, since); len(grown) != 1 || grown[c.reason] != 1 {
					t.Errorf("%s: %v, not %s", c.query, grown, c.reason)
				}
			}
		}
	})
}

// reader may read applications and nothing else.
func (f *fixture) reader(t *testing.T) string {
	t.Helper()
	h := f.planned.With(t)
	permission := oid.Permission(f.column(t, "SELECT id FROM permissions WHERE authority = 'Application_READ'")[0])
	client, role, pkg := f.client(t, "HOLZWERK"), oid.New[oid.Role](), oid.New[oid.Package]()
	h.Must(f.db.InTx(h.System(), func(ctx context.Context, tx *ent.Client) error {
		if err := tx.Role.Create().SetID(role).SetClientID(oid.SystemClient).SetName("reads").SetNameKey("reads").AddPermissionIDs(permission).Exec(ctx); err != nil {
			return err
		}
		if err := tx.RolePath.Create().SetRoleID(role).SetReachedRoleID(role).Exec(ctx); err != nil {
			return err
		}
		return tx.RolePackage.Create().SetID(pkg).SetClientID(oid.SystemClient).SetCode("READS").SetName("reads").SetNameKey("reads").AddRoleIDs(role).Exec(ctx)
	}))
	h.Give(pkg, client, oid.SystemClient)
	_, token := h.User(client, "reader", role)
	if got := f.same(t, token, "{ applications { totalCount } }", nil); len(got.Errors) > 0 {
		t.Fatalf("%s", got.body)
	}
	return token
}
