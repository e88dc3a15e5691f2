package apitest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// home is a layer of the page `home`.
func home(app oid.Application, client oid.Client, content string) lay {
	return lay{app: app, client: client, kind: enum.DefinitionPage, name: "home", content: content, whole: strings.HasPrefix(content, `{"w"`)}
}

// chain writes an application of the first floor, with a layer of the page `home` for each of some floors.
func (w *tower) chain(code string, floors ...int) oid.Application {
	w.t.Helper()
	app := w.Application(w.floors[1], code, "App")
	layers := []lay{home(app, w.floors[1], `{"w":1,"by":"owner"}`)}
	for _, n := range floors {
		w.grant(app, w.floors[n], enum.LevelWrite, false)
		layers = append(layers, home(app, w.floors[n], fmt.Sprintf(`{"by":"floor %d","f%d":true}`, n, n)))
	}
	w.write(layers...)
	return app
}

// spent are the statements that a request takes, once the caller is known.
func (w *tower) spent(on *hubtest.Hub, token, query string, vars hubtest.Variables) []string {
	w.t.Helper()
	if token != "" && !works(w.t, on, token) {
		w.t.Fatal("the token does not work")
	}
	ctx, counter := store.WithCounter(w.t.Context())
	counter.KeepTexts()
	w.MustData(on.DoContext(ctx, token, query, vars), new(any))
	return counter.Texts()
}

// domain 9.8: a definition costs one statement, however long its chain is, whether it is read for the first time or again;
// one in a dependency costs two more, and a page of definitions three, however many are on it.
func TestDefinitionStatements(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := newTower(t, h)
		const one = "query($app: ID!) { definition(applicationId: $app, kind: PAGE, name: \"home\") { etag content layers { state } provenance(path: \"/by\") { source } } }"
		reader := w.tokens[w.floors[12]]
		for n := range 12 {
			var floors []int
			for f := 2; f <= n+1; f++ {
				floors = append(floors, f)
			}
			if !slices.Contains(floors, 12) {
				floors = append(floors, 12)
			}
			app := w.chain(fmt.Sprint("chain-", n), floors...)
			for _, what := range []string{"first", "again"} {
				if texts := w.spent(h, reader, one, hubtest.Variables{"app": app}); len(texts) != 1 || !strings.Contains(texts[0], "definition_layers") {
					t.Errorf("%d layers, %s: %q", len(floors)+1, what, texts)
				}
			}
			again := w.spent(h, reader, one, hubtest.Variables{"app": app})
			if len(again) == 1 && !strings.Contains(again[0], "THEN NULL ELSE v.content") {
				t.Errorf("contents that the node has are sent again: %s", again[0])
			}
		}
		base, app := w.chain("base", 12), h.Application(w.floors[1], "above", "App")
		w.grant(app, w.floors[12], enum.LevelRead, false)
		w.Must(h.Ent().ApplicationDependency.Create().SetClientID(w.floors[1]).SetApplicationID(app).SetDependencyID(base).SetPosition(1).Exec(h.System()))
		if texts := w.spent(h, reader, one, hubtest.Variables{"app": app}); len(texts) != 3 {
			t.Errorf("in a dependency: %q", texts)
		}
		const page = "query($app: ID!) { definitions(applicationId: $app, first: 100) { nodes { name content } } }"
		var many []lay
		for n := range 100 {
			l := home(base, w.floors[1], `{"w":1}`)
			l.name = fmt.Sprintf("page-%03d", n)
			many = append(many, l)
		}
		w.write(many...)
		if texts := w.spent(h, reader, page, hubtest.Variables{"app": base}); len(texts) != 3 {
			t.Errorf("a page: %q", texts)
		}
	})
}

// domain 9.8: what a node keeps is never out of date: whatever changes anywhere in the chain, the next read on another node
// sees it.
func TestDefinitionsAreNeverStale(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := newTower(t, h)
		app := w.chain("fresh", 2, 3, 4)
		there := h.Node()
		reader, root := w.tokens[w.floors[4]], w.tokens[oid.SystemClient]
		changes := func(what string, change func(), want string) {
			t.Helper()
			before := w.read(there, reader, app, "home", "", shallow)
			change()
			after := w.read(there, reader, app, "home", "", shallow)
			if after.content() != want {
				t.Errorf("%s: %s, want %s", what, after.content(), want)
			}
			if before != nil && after != nil && before.Etag == after.Etag {
				t.Errorf("%s: the etag is the same", what)
			}
			if before != nil && after != nil {
				if d := w.read(there, reader, app, "home", fmt.Sprintf(", ifNoneMatch: %q", before.Etag), shallow); d.Unchanged || d.Content == nil {
					t.Errorf("%s: the etag of before still holds", what)
				}
			}
		}
		edit := func(client oid.Client, content string, number int, final bool) func() {
			return func() {
				l := home(app, client, content)
				l.final = final
				w.renew(l, number)
			}
		}
		level := func(floor int, level enum.AccessLevel, expired bool) func() {
			return func() { w.grant(app, w.floors[floor], level, expired) }
		}
		send := func(name string, in input) func() {
			return func() {
				t.Helper()
				a := h.Do(root, mutationOf(name), hubtest.Variables{"input": in})
				if len(a.Errors) > 0 || strings.Contains(string(a.Data), `"code":"`) {
					t.Fatalf("%s: %s", name, a.Body)
				}
			}
		}
		changes("the owner", edit(w.floors[1], `{"w":2,"by":"owner"}`, 2, false), `{"w":2,"by":"floor 4","f2":true,"f3":true,"f4":true}`)
		changes("a layer between", edit(w.floors[3], `{"three":3}`, 2, false), `{"w":2,"by":"floor 4","f2":true,"three":3,"f4":true}`)
		changes("the reader's own", edit(w.floors[4], `{"four":4}`, 2, false), `{"w":2,"by":"floor 2","f2":true,"three":3,"four":4}`)
		changes("a grant revoked", level(2, "", false), `{"w":2,"by":"owner","three":3,"four":4}`)
		changes("a grant anew", level(2, enum.LevelWrite, false), `{"w":2,"by":"floor 2","f2":true,"three":3,"four":4}`)
		changes("a grant expired", level(2, enum.LevelWrite, true), `{"w":2,"by":"owner","three":3,"four":4}`)
		changes("a grant lowered", level(3, enum.LevelRead, false), `{"w":2,"by":"owner","four":4}`)
		changes("a grant raised", level(3, enum.LevelWrite, false), `{"w":2,"by":"owner","three":3,"four":4}`)
		changes("final below", edit(w.floors[1], `{"w":3,"by":"owner"}`, 3, true), `{"w":3,"by":"owner"}`)
		changes("final no more", edit(w.floors[1], `{"w":3,"by":"owner"}`, 4, false), `{"w":3,"by":"owner","three":3,"four":4}`)
		changes("an overlay removed", func() {
			w.exec("DELETE FROM definition_layers WHERE client_id = ? AND application_id = ?", w.floors[3], app)
		}, `{"w":3,"by":"owner","four":4}`)
		w.grant(app, w.side, enum.LevelWrite, false)
		w.write(home(app, w.side, `{"side":true}`))
		changes("the client moved", send("clientMove", input{"id": w.floors[4], "managerId": w.side}), `{"w":3,"by":"owner","side":true,"four":4}`)
		changes("the reader's grant gone", level(4, "", false), "")
		changes("and back", level(4, enum.LevelRead, false), `{"w":3,"by":"owner","side":true}`)
		changes("archived", send("applicationArchive", input{"id": app}), "")
		changes("restored", send("applicationRestore", input{"id": app}), `{"w":3,"by":"owner","side":true}`)
	})
}

func mutationOf(name string) string {
	return "mutation($input: " + strings.ToUpper(name[:1]) + name[1:] + "Input!) { " + name + "(input: $input) { errors { code message path } } }"
}

// domain 9.8: an answer to the etag of the same reading has no content; another definition's etag, another client's and what
// is none hold nothing.
func TestDefinitionEtag(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := newTower(t, h)
		app, other := w.chain("one", 2), w.chain("two", 2)
		reader := w.tokens[w.floors[2]]
		first := w.read(h, reader, app, "home", "", shallow)
		match := func(etag string) string { return fmt.Sprintf(", ifNoneMatch: %q", etag) }
		for name, on := range map[string]*hubtest.Hub{"here": h, "on another node": h.Node()} {
			d := w.read(on, reader, app, "home", match(first.Etag), whole)
			if !d.Unchanged || string(d.Content) != "null" || d.Etag != first.Etag || len(d.Layers) != 2 {
				t.Errorf("%s: %+v", name, d)
			}
		}
		for what, etag := range map[string]string{
			"another application's": w.read(h, reader, other, "home", "", shallow).Etag,
			"another client's":      w.read(h, w.tokens[w.floors[1]], app, "home", "", shallow).Etag,
			"torn":                  first.Etag[:len(first.Etag)-2], "none": "", "rubbish": strings.Repeat("x", 5000),
		} {
			if d := w.read(h, reader, app, "home", match(etag), shallow); d.Unchanged || d.content() == "null" {
				t.Errorf("%s: %+v", what, d)
			}
		}
	})
}

// domain 0, 9.3: there is no telling an application that does not exist, one without access, a client out of scope and one
// that does not exist from a definition that does not exist: all are null.
func TestDefinitionsUnknownAndForeignAreAlike(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := newTower(t, h)
		app := w.chain("mine", 2, 3)
		foreign := h.Application(w.other, "foreign", "App")
		w.write(home(foreign, w.other, `{"w":1}`))
		w.grant(foreign, w.floors[5], enum.LevelRead, true)
		w.grant(foreign, w.floors[6], enum.LevelBarred, false)
		for name, on := range map[string]*hubtest.Hub{"planned": h, "reference": h.Node(func(o *hub.HTTP) { o.Reads = hub.Reference })} {
			for what, c := range map[string]struct {
				reader oid.Client
				app    oid.Application
				name   string
				more   string
			}{
				"no such application": {w.floors[2], oid.New[oid.Application](), "home", ""},
				"no such definition":  {w.floors[2], app, "away", ""},
				"no access":           {w.floors[2], foreign, "home", ""},
				"an expired grant":    {w.floors[5], foreign, "home", ""},
				"barred":              {w.floors[6], foreign, "home", ""},
				"a client above":      {w.floors[2], app, "home", forReader(w.floors[1])},
				"a stranger":          {w.other, app, "home", forReader(w.floors[2])},
				"no such client":      {w.floors[2], app, "home", forReader(oid.New[oid.Client]())},
			} {
				if d := w.read(on, w.tokens[c.reader], c.app, c.name, c.more, whole); d != nil {
					t.Errorf("%s, %s: %+v", name, what, d)
				}
				a := on.Do(w.tokens[c.reader], fmt.Sprintf("{ definitions(applicationId: %q%s) { nodes { name } } }", c.app, c.more), nil)
				if what != "no such definition" && string(a.Data) != `{"definitions":null}` {
					t.Errorf("%s, %s, the list: %s", name, what, a.Body)
				}
			}
			for _, bad := range []string{`applicationId: "x"`, fmt.Sprintf("applicationId: %q", w.other), fmt.Sprintf("applicationId: %q, clientId: %q", app, app)} {
				for _, field := range []string{"definition(kind: PAGE, name: \"home\", " + bad + ") { name }", "definitions(" + bad + ") { nodes { name } }"} {
					a := on.Do(w.tokens[w.floors[2]], "{ "+field+" }", nil)
					if len(a.Errors) != 1 || a.Errors[0].Code() != "INVALID" {
						t.Errorf("%s, %s: %s", name, field, a.Body)
					}
				}
			}
			if a := on.Do("", fmt.Sprintf("{ definition(applicationId: %q, kind: PAGE, name: \"home\") { name } }", app), nil); len(a.Errors) == 0 || a.Errors[0].Code() != "UNAUTHENTICATED" {
				t.Errorf("%s, nobody: %s", name, a.Body)
			}
		}
	})
}
