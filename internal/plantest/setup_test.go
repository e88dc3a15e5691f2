// Package plantest tests the read planner through the whole hub: how many statements it needs, what happens when
// something fails in the middle, that it sees one state, and that it says what it does.
package plantest

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/config"
	"github.com/appanage/appanage/internal/demo"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

const password = "correct horse battery"

// fixture is a database with the demo's data, a node that answers by plans, one that answers field by field, and a
// second server's access to the same database.
type fixture struct {
	url       string
	db, other *store.DB
	planned   *hubtest.Hub
	reference *hubtest.Hub
	admin     string // the token of the platform's administrator
}

// engines runs a test on each engine, over a database that no other test will use: tests here change its schema.
func engines(t *testing.T, f func(t *testing.T, f *fixture)) {
	t.Helper()
	for name, engine := range map[string]store.Engine{"sqlite": store.SQLite, "mysql": store.MySQL} {
		t.Run(name, func(t *testing.T) { f(t, newFixture(t, engine)) })
	}
}

func newFixture(t *testing.T, engine store.Engine, options ...hubtest.Options) *fixture {
	t.Helper()
	f := &fixture{url: testkit.Database(t, engine)}
	f.db = open(t, f.url, store.Options{Install: authority.Install, Observe: watch})
	if err := f.db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.other = open(t, f.url, store.Options{})
	keys := config.NewKeys()
	f.planned = hubtest.Start(t, f.db, append([]hubtest.Options{func(o *hub.HTTP) { o.Keys = keys }}, options...)...)
	f.reference = f.planned.Node(append(options, func(o *hub.HTTP) { o.Reads = hub.Reference })...)
	_, err := demo.Fill(t.Context(), f.db, demo.Services{
		Tenancy: f.planned.Tenancy, Identity: f.planned.Identity, Applications: f.planned.Applications, Properties: f.planned.Properties,
	}, password)
	f.planned.Must(err)
	f.admin = f.token(t, "sysadmin", "SYSTEM")
	return f
}

func open(t *testing.T, url string, options store.Options) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), url, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // a test that closes it itself says so
	return db
}

// token signs in.
func (f *fixture) token(t *testing.T, name, client string) string {
	t.Helper()
	var in struct{ SessionCreate struct{ Token string } }
	h := f.planned.With(t)
	h.MustData(h.Do("", `mutation($i: SessionCreateInput!) { sessionCreate(input: $i) { token } }`,
		hubtest.Variables{"i": map[string]any{"identifier": name, "password": password, "clientCode": client}}), &in)
	return in.SessionCreate.Token
}

// write runs statements from the other server.
func (f *fixture) write(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if _, err := f.other.Exec(f.system(t), text); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
	}
}

func (f *fixture) system(t *testing.T) context.Context {
	t.Helper()
	return actor.System(t.Context(), "a test looks behind the API")
}

// watcher is told of every statement of the caller's that is over, with its number, from 1. What the server reads to
// find out who calls counts only where it is asked for.
type watcher struct {
	n       int
	texts   []string
	callers bool
	after   func(ctx context.Context, n int)
}

type watcherKey struct{}

func watching(ctx context.Context, w *watcher) context.Context {
	return context.WithValue(ctx, watcherKey{}, w)
}

func watch(ctx context.Context, text string, _ time.Duration, _ error) {
	w, _ := ctx.Value(watcherKey{}).(*watcher)
	if a := actor.From(ctx); w == nil || a == nil || a.IsSystem() && !w.callers {
		return
	}
	w.n++
	w.texts = append(w.texts, text)
	if w.after != nil {
		w.after(watching(ctx, nil), w.n)
	}
}

// answer is what came back, be it nothing: of a request given up, nobody reads the answer.
type answer struct {
	status int
	body   []byte
	Data   json.RawMessage
	Errors []hubtest.Error
}

// codes lists those of the errors.
func (a answer) codes() (all []string) {
	for _, e := range a.Errors {
		all = append(all, e.Code())
	}
	return all
}

func ask(ctx context.Context, t *testing.T, h *hubtest.Hub, token, query string, variables hubtest.Variables) answer {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/graphql-response+json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	h.Handler.ServeHTTP(w, r)
	a := answer{status: w.Code, body: w.Body.Bytes()}
	if len(a.body) > 0 {
		if err := json.Unmarshal(a.body, &a); err != nil {
			t.Fatalf("the answer is no JSON: %s", a.body)
		}
	}
	return a
}

// ids of one request differ from those of another.
var requestID = regexp.MustCompile(`"requestId":"[^"]*"`)

// sorted is the body with its errors in order, for the reference executor reads side by side, and without ids of requests.
func (a answer) sorted(t *testing.T) []byte {
	t.Helper()
	var whole struct {
		Errors []json.RawMessage `json:"errors"`
	}
	if err := json.Unmarshal(a.body, &whole); err != nil {
		t.Fatalf("%v: %.200s", err, a.body)
	}
	body := requestID.ReplaceAll(a.body, nil)
	if len(whole.Errors) < 2 {
		return body
	}
	before := slices.Concat([]byte(`"errors":[`), requestID.ReplaceAll(bytes.Join(raws(whole.Errors), []byte(",")), nil))
	slices.SortFunc(whole.Errors, func(a, b json.RawMessage) int {
		return bytes.Compare(requestID.ReplaceAll(a, nil), requestID.ReplaceAll(b, nil))
	})
	after := slices.Concat([]byte(`"errors":[`), requestID.ReplaceAll(bytes.Join(raws(whole.Errors), []byte(",")), nil))
	return bytes.Replace(body, before, after, 1)
}

func raws(list []json.RawMessage) [][]byte {
	out := make([][]byte, len(list))
	for i, raw := range list {
		out[i] = raw
	}
	return out
}

// same fails unless both nodes answer the same.
func (f *fixture) same(t *testing.T, token, query string, variables hubtest.Variables) answer {
	t.Helper()
	want := ask(t.Context(), t, f.reference, token, query, variables)
	got := ask(t.Context(), t, f.planned, token, query, variables)
	if w, g := want.sorted(t), got.sorted(t); !bytes.Equal(w, g) || want.status != got.status {
		t.Errorf("%.200s\nreference %d %.2000s\nplanner   %d %.2000s", query, want.status, w, got.status, g)
	}
	return got
}

// metrics are the samples of a node whose names begin so, by name and labels.
func metrics(t *testing.T, h *hubtest.Hub, prefix string) map[string]float64 {
	t.Helper()
	w := httptest.NewRecorder()
	h.Handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	all := map[string]float64{}
	for line := range strings.Lines(w.Body.String()) {
		if !strings.HasPrefix(line, prefix) {
			continue
		}
		i := strings.LastIndex(line, " ")
		v, err := strconv.ParseFloat(strings.TrimSpace(line[i:]), 64)
		if err != nil {
			t.Fatal(err)
		}
		all[line[:i]] = v
	}
	return all
}

const refusals = "appanage_plan_refusals_total"

// refused is by how much the refusals have grown since, by their reason.
func refused(t *testing.T, h *hubtest.Hub, since map[string]float64) map[string]float64 {
	t.Helper()
	grown := map[string]float64{}
	for name, v := range metrics(t, h, refusals) {
		if d := v - since[name]; d != 0 {
			grown[strings.TrimSuffix(strings.TrimPrefix(name, refusals+`{reason="`), `"}`)] = d
		}
	}
	return grown
}

// client finds one by its code.
func (f *fixture) client(t *testing.T, code string) oid.Client {
	t.Helper()
	ids := f.column(t, "SELECT id FROM clients WHERE code = ?", code)
	if len(ids) != 1 {
		t.Fatalf("%d clients have the code %s", len(ids), code)
	}
	return oid.Client(ids[0])
}

// column reads one, from the other server.
func (f *fixture) column(t *testing.T, query string, args ...any) (all []string) {
	t.Helper()
	rows, err := f.other.Query(f.system(t), query, args...)
	if err != nil {
		t.Fatalf("%v\n%s", err, query)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
