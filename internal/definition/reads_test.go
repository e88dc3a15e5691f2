package definition_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/definition"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

func newService(tb testing.TB, db *store.DB) *definition.Service {
	tb.Helper()
	s, err := definition.New(db, []byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// crowd is a platform where many clients have made layers of the same definitions.
type crowd struct {
	*hubtest.Hub
	apps  []oid.Application
	chain []oid.Client // four, one below the other
}

func newCrowd(t *testing.T, engine store.Engine) *crowd {
	t.Helper()
	h := hubtest.Start(t, testkit.DB(t, engine, store.Options{Install: authority.Install}))
	c := &crowd{Hub: h, chain: []oid.Client{oid.SystemClient}}
	for n := range 4 {
		c.chain = append(c.chain, h.Client(c.chain[n], fmt.Sprint("LEVEL", n), false))
	}
	others := slices.Clone(c.chain[1:])
	for n := range 60 {
		others = append(others, h.Client(oid.SystemClient, fmt.Sprint("MANY", n), false))
	}
	for n := range 4 {
		c.apps = append(c.apps, h.Application(c.chain[1], fmt.Sprint("app-", n), "App"))
	}
	for n := range 60 {
		h.Application(c.chain[2], fmt.Sprint("more-", n), "App")
	}
	now := clock.Now()
	for _, client := range others {
		var versions, layers []any
		n := 0
		for _, app := range c.apps {
			if client != c.chain[1] {
				h.Must(h.Ent().AccessGrant.Create().SetClientID(client).SetApplicationID(app).SetLevel(enum.LevelWrite).SetGiverID(c.chain[1]).Exec(h.System()))
			}
			for page := range 40 {
				id := oid.New[oid.DefinitionVersion]()
				name := fmt.Sprint("page-", page)
				versions = append(versions, id, now, now, 1, client, app, enum.DefinitionPage, name, 1, `{"a":1}`, "", true, false, false, false)
				layers = append(layers, oid.New[oid.DefinitionLayer](), now, now, 1, client, app, enum.DefinitionPage, name, id, true, false, false)
				n++
			}
		}
		rows := func(columns int) string {
			return strings.TrimSuffix(strings.Repeat(store.Marks(columns)+", ", n), ", ")
		}
		c.exec("INSERT INTO definition_versions (id, created_at, updated_at, version, client_id, application_id, kind, name, number, content, base, whole, final, public, removed) VALUES "+rows(15), versions)
		c.exec("INSERT INTO definition_layers (id, created_at, updated_at, version, client_id, application_id, kind, name, current_id, whole, final, public) VALUES "+rows(12), layers)
	}
	if engine == store.MySQL {
		for _, table := range []string{"clients", "client_paths", "applications", "definition_layers", "definition_versions", "access_grants"} {
			c.explain(t, "ANALYZE TABLE "+table, nil) // which the server does by itself, by and by
		}
	}
	return c
}

func (c *crowd) exec(statement string, args []any) {
	_, err := c.DB.Exec(c.System(), statement, args...)
	c.Must(err)
}

// explain gives the rows of a statement as text.
func (c *crowd) explain(t *testing.T, statement string, args []any) []map[string]string {
	t.Helper()
	rows, err := c.DB.Query(c.System(), statement, args...)
	if err != nil {
		t.Fatalf("%v\n%s", err, statement)
	}
	defer func() { _ = rows.Close() }() // what went wrong is Err's to say
	names, err := rows.Columns()
	c.Must(err)
	var all []map[string]string
	for rows.Next() {
		values, into := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		c.Must(rows.Scan(into...))
		row := map[string]string{}
		for i, name := range names {
			if raw, ok := values[i].([]byte); ok {
				values[i] = string(raw)
			}
			row[name] = fmt.Sprint(values[i])
		}
		all = append(all, row)
	}
	c.Must(rows.Err())
	return all
}

// domain 9.8: reading goes by keys on both engines, as the plans that the databases print say: from the clients of the
// chain to their layers, and never through what other clients have made.
func TestDefinitionsAreReadByKeys(t *testing.T) {
	for _, engine := range []store.Engine{store.SQLite, store.MySQL} {
		t.Run(string(engine), func(t *testing.T) {
			c := newCrowd(t, engine)
			s := newService(t, c.DB)
			now := time.Now()
			client := c.chain[4]
			place := definition.Place{Application: c.apps[0], Kind: enum.DefinitionPage, Name: "page-7"}
			listed := actor.With(t.Context(), actor.New(actor.Actor{User: "u", Client: client, Session: "s", Scope: actor.Scope{Clients: []oid.Client{client}, Root: client}}, nil, now))
			rooted := actor.With(t.Context(), actor.New(actor.Actor{User: "u", Client: client, Session: "s", Scope: actor.Scope{Root: client}}, nil, now))
			url := c.Client(oid.SystemClient, "URL", false)
			held := []oid.DefinitionVersion{oid.New[oid.DefinitionVersion](), oid.New[oid.DefinitionVersion]()}
			type asked struct {
				text string
				args []any
			}
			statements := map[string]asked{}
			add := func(what, text string, args []any) { statements[what] = asked{text, args} }
			text, args := s.StatementFor(listed, place, client, "", nil)
			add("a stack", text, args)
			text, args = s.StatementFor(rooted, place, client, url, held)
			add("a stack through a URL, of a large scope, with versions held", text, args)
			text, args = s.StatementFor(listed, place, client, url, nil, c.apps[1:]...)
			add("a stack in a dependency", text, args)
			for what, q := range statements {
				c.byKeys(t, engine, what, q.text, q.args)
			}
			text, args = s.NamesFor(definition.Listing{Application: c.apps[0], Size: 5, After: &definition.Name{Name: "page-2", Kind: enum.DefinitionPage}}, c.chain[1:])
			c.namesByKeys(t, engine, text, args)
		})
	}
}

// byKeys holds the plan of a stack: each table by a key.
func (c *crowd) byKeys(t *testing.T, engine store.Engine, what, text string, args []any) {
	t.Helper()
	layers := 0
	if engine == store.SQLite {
		for _, step := range c.explain(t, "EXPLAIN QUERY PLAN "+text, args) {
			d := step["detail"]
			t.Log(what, d)
			if strings.HasPrefix(d, "SCAN ") && d != "SCAN f" && d != "SCAN hit" && d != "SCAN (subquery-1)" {
				t.Errorf("%s: %s", what, d)
			}
			if strings.HasPrefix(d, "SEARCH l ") || strings.HasPrefix(d, "SEARCH w ") {
				layers++
				if !strings.Contains(d, "definitionlayer_client_id_application_id_") || !strings.Contains(d, "client_id=? AND application_id=?") ||
					!strings.Contains(d, "kind=?") || !strings.Contains(d, "name=?") {
					t.Errorf("%s: %s", what, d)
				}
			}
		}
	} else {
		for _, step := range c.explain(t, "EXPLAIN "+text, args) {
			t.Log(what, step)
			derived := strings.HasPrefix(step["table"], "<") || step["select_type"] == "UNION RESULT"
			if !derived && !slices.Contains([]string{"const", "eq_ref", "ref", "range", "unique_subquery"}, step["type"]) {
				t.Errorf("%s: %v", what, step)
			}
			if step["table"] == "l" || step["table"] == "w" {
				layers++
				if !strings.HasPrefix(step["key"], "definitionlayer_client_id_application_id_") || !slices.Contains([]string{"const", "eq_ref"}, step["type"]) {
					t.Errorf("%s: %v", what, step)
				}
			}
		}
	}
	if layers < 2 {
		t.Errorf("%s: the plan has layers %d times", what, layers)
	}
}

// namesByKeys holds the plan of a page of names: the index of each client of the chain, in order.
func (c *crowd) namesByKeys(t *testing.T, engine store.Engine, text string, args []any) {
	t.Helper()
	layers := 0
	explain := map[store.Engine]string{store.SQLite: "EXPLAIN QUERY PLAN ", store.MySQL: "EXPLAIN "}[engine]
	for _, step := range c.explain(t, explain+text, args) {
		t.Log(step)
		switch {
		case strings.HasPrefix(step["detail"], "SEARCH l "):
			layers++
			if !strings.Contains(step["detail"], "definitionlayer_client_id_application_id_name_kind (client_id=? AND application_id=? AND name>?)") {
				t.Errorf("names: %v", step)
			}
		case step["table"] == "l":
			layers++
			if step["key"] != "definitionlayer_client_id_application_id_name_kind" || strings.Contains(step["Extra"], "filesort") {
				t.Errorf("names: %v", step)
			}
		case strings.HasPrefix(step["detail"], "SCAN l"):
			t.Errorf("names: %v", step)
		}
	}
	if layers != 4 {
		t.Errorf("names: the plan has layers %d times", layers)
	}
}

// What a node keeps of definitions is bounded, however many there are; and it takes about the memory that is reckoned.
func TestDefinitionsKeptAreBounded(t *testing.T) {
	s := newService(t, testkit.DB(t, store.SQLite, store.Options{Install: authority.Install}))
	var b strings.Builder
	for n := range 3000 {
		fmt.Fprintf(&b, `,"member-%d":{"title":"Some text","width":%d,"list":[1,2,3]}`, n, n)
	}
	content := "{" + b.String()[1:] + "}"
	before := heap()
	for n := range 400 {
		if _, err := s.Keep(oid.New[oid.DefinitionVersion](), content); err != nil {
			t.Fatal(err)
		}
		s.KeepResolved(fmt.Sprint(n), len(content))
	}
	versions, resolved := s.Kept()
	took := heap() - before
	t.Logf("400 of %d bytes: versions reckoned at %d, resolved at %d; the heap grew by %d", len(content), versions, resolved, took)
	if versions > definition.VersionBytes || resolved > definition.ResolvedBytes || versions < definition.VersionBytes/2 || resolved < definition.ResolvedBytes/2 {
		t.Errorf("reckoned at %d and %d, of %d and %d", versions, resolved, definition.VersionBytes, definition.ResolvedBytes)
	}
	if most := int64(definition.VersionBytes+definition.ResolvedBytes) * 3 / 2; took > most {
		t.Errorf("the heap grew by %d bytes, at most %d were to be kept", took, most)
	}
	runtime.KeepAlive(s)
}

// heap is what is in use of it.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// An etag gives back what it was made of, and is of one definition and one client.
func TestEtags(t *testing.T) {
	s := newService(t, testkit.DB(t, store.SQLite, store.Options{Install: authority.Install}))
	rapid.Check(t, func(t *rapid.T) {
		place := definition.Place{Application: oid.New[oid.Application](), Kind: enum.DefinitionPage, Name: rapid.StringN(1, 20, -1).Draw(t, "name")}
		client := oid.New[oid.Client]()
		var want []oid.DefinitionVersion
		for range rapid.IntRange(1, 34).Draw(t, "layers") {
			want = append(want, oid.New[oid.DefinitionVersion]())
		}
		etag := s.Etag(place, client, want)
		if got, ok := s.Seen(place, client, etag); !ok || !slices.Equal(got, want) {
			t.Fatalf("%v %t, want %v", got, ok, want)
		}
		other := place
		other.Name += "x"
		if _, ok := s.Seen(other, client, etag); ok {
			t.Fatal("of another definition")
		}
		if _, ok := s.Seen(place, oid.New[oid.Client](), etag); ok {
			t.Fatal("of another client")
		}
		cut := rapid.IntRange(0, len(etag)-1).Draw(t, "cut")
		if _, ok := s.Seen(place, client, etag[:cut]); ok {
			t.Fatalf("torn at %d", cut)
		}
		turned := []byte(etag)
		if turned[cut] = 'A'; etag[cut] == 'A' {
			turned[cut] = 'B'
		}
		if _, ok := s.Seen(place, client, string(turned)); ok {
			t.Fatalf("changed at %d", cut)
		}
	})
}
