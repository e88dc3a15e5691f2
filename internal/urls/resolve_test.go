package urls_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit"
	"github.com/appanage/appanage/internal/testkit/hubtest"
	"github.com/appanage/appanage/internal/testkit/soak"
	"github.com/appanage/appanage/internal/urls"
)

// The platform of these tests: so many clients, each below SYSTEM, with an application of its own.
const owners = 100

// crowded is how many URLs are bound: 100,000 in a soak.
func crowded() int { return soak.Count(10_000, 100_000) }

// town is a database with many URLs bound.
type town struct {
	*hubtest.Hub
	*urls.Service
}

func newTown(t *testing.T, engine store.Engine, bound int) town {
	t.Helper()
	h := hubtest.Start(t, testkit.DB(t, engine, store.Options{Install: authority.Install}))
	b := bulk{t: t, h: h}
	h.Must(h.DB.InTx(h.System(), func(ctx context.Context, _ *ent.Client) error {
		b.ctx = ctx
		b.fill(bound)
		return nil
	}))
	if engine == store.MySQL {
		for _, table := range []string{"clients", "client_paths", "applications", "client_urls", "access_grants"} {
			query(t, h, "ANALYZE TABLE "+table) // which the server does by itself, by and by
		}
	}
	return town{h, urls.New(h.DB, urls.Options{PlatformHosts: []string{"hub.example.com"}, Suffixes: []string{".apps.example.com"}})}
}

// bulk writes rows by the hundred.
type bulk struct {
	t     *testing.T
	h     *hubtest.Hub
	ctx   context.Context
	into  string
	marks string
	rows  int
	args  []any
}

// fill writes clients, their applications, a grant for each on the next one's, and the URLs in turn.
func (b *bulk) fill(bound int) {
	now := clock.Now()
	client := func(n int) string { return fmt.Sprintf("cli_01%024d", n%owners) }
	app := func(n int) string { return fmt.Sprintf("app_01%024d", n%owners) }
	b.table("clients", "id", "created_at", "updated_at", "version", "code", "name", "name_key", "type", "status", "base_id", "isolated", "locale", "time_zone", "currency", "manager_id")
	for n := range owners {
		b.row(client(n), now, now, 1, fmt.Sprint("C", n), "Client", "client", "BUSINESS", "ACTIVE", oid.SystemClient, false, "en", "UTC", "CHF", oid.SystemClient)
	}
	b.table("client_paths", "ancestor_id", "descendant_id", "depth")
	for n := range owners {
		b.row(client(n), client(n), 0)
		b.row(oid.SystemClient, client(n), 1)
	}
	b.table("applications", "id", "created_at", "updated_at", "version", "client_id", "creator_id", "code", "name", "name_key", "type", "access_type", "status")
	for n := range owners {
		b.row(app(n), now, now, 1, client(n), client(n), fmt.Sprint("app-", n), "App", "app", "APP", "OWN", "ACTIVE")
	}
	b.table("access_grants", "id", "created_at", "updated_at", "version", "client_id", "application_id", "level", "giver_id", "reason")
	for n := range owners {
		b.row(fmt.Sprintf("grt_01%024d", n), now, now, 1, client(n), app(n+1), "READ", client(n+1), "")
	}
	b.table("client_urls", "id", "created_at", "updated_at", "version", "client_id", "application_id", "origin", "proven_origin", "challenge", "status", "proven_at")
	for n := range bound {
		at := fmt.Sprintf("https://host-%d.example.net", n)
		b.row(fmt.Sprintf("url_01%024d", n), now, now, 1, client(n), app(n+1), at, at, "", "PROVEN", now)
	}
	b.flush()
}

func (b *bulk) table(name string, columns ...string) {
	b.flush()
	b.into = "INSERT INTO " + name + " (`" + strings.Join(columns, "`, `") + "`) VALUES "
	b.marks = "(?" + strings.Repeat(", ?", len(columns)-1) + ")"
}

func (b *bulk) row(values ...any) {
	b.args = append(b.args, values...)
	if b.rows++; b.rows == 500 {
		b.flush()
	}
}

func (b *bulk) flush() {
	if b.rows == 0 {
		return
	}
	if _, err := b.h.DB.Exec(b.ctx, b.into+b.marks+strings.Repeat(", "+b.marks, b.rows-1), b.args...); err != nil {
		b.t.Fatal(err)
	}
	b.rows, b.args = 0, nil
}

func query(t *testing.T, h *hubtest.Hub, statement string, args ...any) []map[string]string {
	t.Helper()
	rows, err := h.DB.Query(h.System(), statement, args...)
	if err != nil {
		t.Fatalf("%v\n%s", err, statement)
	}
	defer func() { _ = rows.Close() }() // what went wrong is Err's to say
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var all []map[string]string
	for rows.Next() {
		values, into := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		row := map[string]string{}
		for i, name := range names {
			if raw, ok := values[i].([]byte); ok {
				values[i] = string(raw)
			}
			row[name] = fmt.Sprint(values[i])
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// A way to find a target: a URL that goes it, what it leads to, and the arguments of the statement.
var ways = map[string]struct {
	url, to string
	args    []any
}{
	"origin": {"https://host-7.example.net/x", "app_01" + fmt.Sprintf("%024d", 8), []any{"https://host-7.example.net"}},
	"code":   {"https://app-9.apps.example.com", "app_01" + fmt.Sprintf("%024d", 9), []any{"app-9"}},
	"path":   {"https://hub.example.com/app-5/C4/page/", "app_01" + fmt.Sprintf("%024d", 5), []any{"C4", "app-5"}},
}

// domain 7.2: resolving is an indexed lookup, never a scan: the plans that the databases print say so.
func TestResolvingIsAnIndexedLookup(t *testing.T) {
	for _, engine := range []store.Engine{store.SQLite, store.MySQL} {
		t.Run(string(engine), func(t *testing.T) {
			town := newTown(t, engine, crowded())
			for word, statement := range urls.Ways {
				if engine == store.SQLite {
					steps := query(t, town.Hub, "EXPLAIN QUERY PLAN "+statement, ways[word].args...)
					for _, step := range steps {
						if d := step["detail"]; !strings.HasPrefix(d, "SEARCH ") && !strings.HasPrefix(d, "CORRELATED SCALAR SUBQUERY") || strings.HasPrefix(d, "SEARCH ") && !strings.Contains(d, " USING ") {
							t.Errorf("by %s: %s", word, d)
						}
					}
					if len(steps) < 5 {
						t.Errorf("by %s: only %v", word, steps)
					}
					t.Log(word, steps)
					continue
				}
				steps := query(t, town.Hub, "EXPLAIN "+statement, ways[word].args...)
				for _, step := range steps {
					if !slices.Contains([]string{"const", "eq_ref", "ref"}, step["type"]) || step["key"] == "<nil>" {
						t.Errorf("by %s: %v", word, step)
					}
				}
				if len(steps) < 5 {
					t.Errorf("by %s: only %v", word, steps)
				}
				t.Log(word, steps)
			}
		})
	}
}

// domain 7.2: with a hundred times as many URLs bound, and more, it costs the same. The best of many counts: what disturbs
// a run makes it longer, never shorter.
func TestResolvingDoesNotGrow(t *testing.T) {
	const room, runs = 3, 400
	for _, engine := range []store.Engine{store.SQLite, store.MySQL} {
		t.Run(string(engine), func(t *testing.T) {
			few, many := newTown(t, engine, 100), newTown(t, engine, crowded())
			for word, way := range ways {
				best := map[town]time.Duration{few: time.Hour, many: time.Hour}
				for range runs {
					for _, in := range []town{few, many} {
						best[in] = min(best[in], in.took(t, way.url, way.to))
					}
				}
				t.Logf("by %s: %v with 100 bound, %v with %d", word, best[few], best[many], crowded())
				if best[many] > room*best[few] {
					t.Errorf("by %s it takes %v with 100 bound, and %v with %d", word, best[few], best[many], crowded())
				}
			}
		})
	}
}

// took resolves a URL once, for nobody.
func (in town) took(t *testing.T, url, want string) time.Duration {
	t.Helper()
	ctx := actor.With(t.Context(), actor.Nobody())
	start := time.Now()
	_, app, err := in.Find(ctx, url)
	took := time.Since(start)
	if err != nil || string(app) != want {
		t.Fatalf("%s leads to %q, %v", url, app, err)
	}
	return took
}

// domain 7.2: it takes one statement, or two where no such origin is proven.
func TestResolvingTakesFewStatements(t *testing.T) {
	town := newTown(t, store.SQLite, 100)
	for word, most := range map[string]int{"origin": 1, "code": 2, "path": 1} {
		ctx, spent := store.WithCounter(actor.With(t.Context(), actor.Nobody()))
		if _, _, err := town.Find(ctx, ways[word].url); err != nil {
			t.Fatal(err)
		}
		if n := spent.Statements(); n > most {
			t.Errorf("by %s: %d statements", word, n)
		}
	}
}
