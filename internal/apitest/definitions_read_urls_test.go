package apitest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// domain 9.7: in a dependency the chain is its own; what is found first counts; what is broken is not looked into.
func TestDefinitionsOfDependencies(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := newTower(t, h)
		app := h.Application(w.floors[1], "app", "App")
		w.grant(app, w.floors[3], enum.LevelRead, false)
		near, far, deep := h.Application(w.floors[1], "near", "App"), h.Application(w.other, "far", "App"), h.Application(w.floors[1], "deep", "App")
		w.grant(far, w.floors[1], enum.LevelRead, false)
		w.exec("UPDATE access_grants SET embeddable = TRUE WHERE application_id = ?", far)
		depend := func(on oid.Application, of oid.Application, position int) {
			w.Must(h.Ent().ApplicationDependency.Create().SetClientID(w.floors[1]).SetApplicationID(of).SetDependencyID(on).SetPosition(position).Exec(h.System()))
		}
		depend(near, app, 1)
		depend(far, app, 2)
		depend(deep, near, 1)
		put := func(app oid.Application, client oid.Client, name, content string) {
			l := home(app, client, content)
			l.name = name
			w.write(l)
		}
		put(near, w.floors[3], "one", `{"asleep":1}`) // nothing below it: no hit
		put(deep, w.floors[1], "one", `{"w":"deep"}`)
		put(far, w.other, "one", `{"w":"far"}`)
		put(far, w.other, "two", `{"w":"far"}`)
		put(far, w.floors[2], "two", `{"by":2}`)
		put(far, w.floors[3], "two", `{"by":3}`)
		put(app, w.floors[1], "own", `{"w":"app"}`)
		put(near, w.floors[1], "own", `{"w":"near"}`)
		put(far, w.under, "three", `{"w":"a stranger's"}`)
		w.grant(far, w.floors[2], enum.LevelWrite, false)
		w.grant(far, w.under, enum.LevelWrite, false)
		reads := func(what, name, want, where string) {
			t.Helper()
			for executor, on := range map[string]*hubtest.Hub{"planned": h, "reference": h.Node(func(o *hub.HTTP) { o.Reads = hub.Reference })} {
				d := w.read(on, w.tokens[w.floors[3]], app, name, "", whole)
				if d.content() != want || d != nil && d.ApplicationCode != where {
					t.Errorf("%s, %s: %+v, want %s in %s", what, executor, d, want, where)
				}
				if d != nil && (d.Application != nil) != (where != "far" && where != "deep" && where != "near") {
					t.Errorf("%s, %s: the application is shown: %+v", what, executor, d.Application)
				}
			}
		}
		reads("its own", "own", `{"w":"app"}`, "app")
		reads("depth first", "one", `{"w":"deep"}`, "deep")
		reads("a layer of the dependency's chain", "two", `{"w":"far","by":2}`, "far")
		reads("of strangers only", "three", "", "")
		w.exec("UPDATE access_grants SET embeddable = FALSE WHERE application_id = ?", far)
		reads("without consent", "two", "", "")
		w.exec("UPDATE applications SET status = 'ARCHIVED' WHERE id = ?", deep)
		reads("archived", "one", "", "")
		w.exec("UPDATE access_grants SET embeddable = TRUE WHERE application_id = ?", far)
		reads("the next one", "one", `{"w":"far"}`, "far")
	})
}

// domain 9.5: a change below a layer is reported until the layer is saved with a reading that shows it.
func TestDefinitionConflictsAreShown(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := newTower(t, h)
		app := h.Application(w.floors[1], "app", "App")
		w.grant(app, w.floors[2], enum.LevelWrite, false)
		base := w.write(home(app, w.floors[1], `{"w":1,"title":"Old","same":0}`))
		own := home(app, w.floors[2], `{"title":"Mine","extra":1}`)
		own.base = base
		w.write(own)
		shown := func() string {
			d := w.read(h, w.tokens[w.floors[2]], app, "home", "", whole)
			text, _ := json.Marshal(d.Conflicts) // it came as JSON
			return string(text)
		}
		if got := shown(); got != "[]" {
			t.Errorf("before: %s", got)
		}
		w.renew(home(app, w.floors[1], `{"w":1,"title":"New","same":1}`), 2)
		if got, want := shown(), `[{"Path":"/title","Source":"OWN","Theirs":"New","Ours":"Mine"}]`; got != want {
			t.Errorf("after: %s, want %s", got, want)
		}
	})
}

// domain 9.7, 4.1: through a URL everybody reads what is public, of a site and of an app, by origin and by path; with a token
// of a client that may read, also what is private, with the layer of the URL's client; nobody else.
func TestDefinitionsThroughURLs(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		h = h.Node(func(o *hub.HTTP) { o.PlatformHost = []string{ownHost} })
		w := newTower(t, h)
		for _, kind := range []enum.ApplicationType{enum.ApplicationApp, enum.ApplicationSite} {
			code := strings.ToLower(string(kind))
			app := h.Application(w.floors[1], code, "App")
			w.exec("UPDATE applications SET type = ? WHERE id = ?", kind, app)
			for _, name := range []string{"open", "shut"} {
				l := home(app, w.floors[1], `{"w":1}`)
				l.name, l.public = name, name == "open"
				url := home(app, w.floors[2], `{"url":2}`)
				url.name, url.public = name, name == "shut" // who overlays does not publish
				branch := home(app, w.side, `{"side":1}`)
				branch.name = name
				w.write(l, url, branch)
			}
			w.grant(app, w.floors[2], enum.LevelWrite, false)
			w.grant(app, w.side, enum.LevelWrite, false)
			origin := "https://" + code + ".example.net"
			w.bind(app, w.side, origin)
			byPath := fmt.Sprintf("https://%s/%s/SIDE/page/x", ownHost, code)
			for _, url := range []string{origin + "/x?y", byPath} {
				for what, c := range map[string]struct{ token, open, shut string }{
					"nobody":                    {"", `{"w":1,"url":2,"side":1}`, ""},
					"a stranger":                {w.tokens[w.other], `{"w":1,"url":2,"side":1}`, ""},
					"the URL's client":          {w.tokens[w.side], `{"w":1,"url":2,"side":1}`, `{"w":1,"url":2,"side":1}`},
					"a client beside it":        {w.tokens[w.floors[2]], `{"w":1,"side":1,"url":2}`, `{"w":1,"side":1,"url":2}`},
					"the owner":                 {w.tokens[w.floors[1]], `{"w":1,"side":1}`, `{"w":1,"side":1}`},
					"a client below, no access": {w.tokens[w.floors[5]], `{"w":1,"url":2,"side":1}`, ""},
				} {
					if open, shut := w.through(h, c.token, url, "open", shallow), w.through(h, c.token, url, "shut", shallow); open.content() != c.open || shut.content() != c.shut {
						t.Errorf("%s by %s: %q %q, want %q %q", url, what, open.content(), shut.content(), c.open, c.shut)
					}
				}
				if d := w.through(h, w.tokens[w.other], url, "open", whole); d.Layers != nil || d.Conflicts != nil || d.Application != nil {
					t.Errorf("%s: a stranger sees what it is made of: %+v", url, d)
				}
			}
			session := h.Session(w.side, w.users[w.side], w.membership(w.side), ptr(h.Application(w.side, "other-"+code, "App")))
			if d := w.through(h, session, origin, "shut", shallow); d != nil {
				t.Errorf("a session for another application: %+v", d)
			}
		}
	})
}

// membership is that of the user of a client.
func (w *tower) membership(client oid.Client) oid.Membership {
	w.t.Helper()
	return oid.Membership(query(w.t, w.Hub, "SELECT id FROM memberships WHERE user_id = ?", w.users[client])[0]["id"].(string))
}

func ptr[T any](v T) *T { return &v }

// domain 9.3, 5.4 (attacks): a stranger's layer is not read by naming him, nor through the URL of a client without write
// access; a sleeping layer is not in force; a session for an application opens no other; what is private is not shown
// through a URL.
func TestAttacksOnDefinitions(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := newTower(t, h)
		app := w.chain("target", 2, 3)
		w.grant(app, w.under, enum.LevelRead, false)
		w.write(home(app, w.under, `{"under":true}`))
		w.bind(app, w.under, "https://under.example.net")
		w.exec("UPDATE access_grants SET level = 'READ' WHERE application_id = ? AND client_id = ?", app, w.floors[2])
		w.grant(app, w.side, enum.LevelWrite, false)
		mine := h.Application(w.floors[3], "mine", "App")
		session := h.Session(w.floors[3], w.users[w.floors[3]], w.membership(w.floors[3]), &mine)
		_, outsider := h.User(w.other, "outsider", authority.BuiltInRole("Owner"))
		for what, c := range map[string]struct {
			alter func(*authz.Rules)
			read  func(on *hubtest.Hub) *definitionSeen
			holds string // what the answer must not hold, and holds without the rule
		}{
			"a stranger's layer, by naming him": {
				func(r *authz.Rules) { r.ReadsDefinitionsFor = func(bool) bool { return true } },
				func(on *hubtest.Hub) *definitionSeen {
					return w.read(on, outsider, app, "home", forReader(w.floors[3]), shallow)
				}, `"f3":true`,
			},
			"a layer through the URL of a client without write access": {
				func(r *authz.Rules) { r.LayerStands = func(enum.AccessLevel) bool { return true } },
				func(on *hubtest.Hub) *definitionSeen {
					return w.through(on, w.tokens[w.side], "https://under.example.net", "home", shallow)
				}, `"under":true`,
			},
			"a sleeping layer": {
				func(r *authz.Rules) { r.LayerStands = func(enum.AccessLevel) bool { return true } },
				func(on *hubtest.Hub) *definitionSeen {
					return w.read(on, w.tokens[w.floors[3]], app, "home", "", shallow)
				}, `"f2":true`,
			},
			"a session for another application": {
				func(r *authz.Rules) { r.OpensDefinitions = func(oid.Application, oid.Application) bool { return true } },
				func(on *hubtest.Hub) *definitionSeen { return w.read(on, session, app, "home", "", shallow) }, `"f3":true`,
			},
			"what is private, through a URL": {
				func(r *authz.Rules) { r.ShowsDefinition = func(bool) bool { return true } },
				func(on *hubtest.Hub) *definitionSeen {
					return w.through(on, "", "https://under.example.net", "home", shallow)
				}, `"by":"owner"`,
			},
		} {
			if d := c.read(h); strings.Contains(d.content(), c.holds) {
				t.Errorf("%s: it is shown: %s", what, d.content())
			}
			if d := c.read(h.Node(func(o *hub.HTTP) { o.AlterRules = c.alter })); !strings.Contains(d.content(), c.holds) {
				t.Errorf("%s: the rule stops nothing: without it %q comes", what, d.content())
			}
		}
		for _, l := range w.through(h, w.tokens[w.side], "https://under.example.net", "home", whole).Layers {
			if l.Source == "URL" {
				t.Errorf("a sleeping layer of the URL's client is shown: %+v", l)
			}
		}
		if a := h.Do(session, fmt.Sprintf("{ definitions(applicationId: %q) { nodes { name } } }", app), nil); string(a.Data) != `{"definitions":null}` {
			t.Errorf("the list, for a session for another application: %s", a.Body)
		}
		if a := h.Do(outsider, fmt.Sprintf("{ definitions(applicationId: %q, clientId: %q) { nodes { name } } }", app, w.floors[3]), nil); string(a.Data) != `{"definitions":null}` {
			t.Errorf("a stranger's list: %s", a.Body)
		}
	})
}
