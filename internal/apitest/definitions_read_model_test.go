package apitest

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
	"github.com/appanage/appanage/internal/testkit/soak"
)

// model is domain 9 in the plainest words: maps, and a walk up the tree.
type model struct {
	w     *tower
	owner oid.Client
	level map[oid.Client]enum.AccessLevel // in force today
	holds map[string]map[oid.Client]lay   // by name
}

func (m *model) writes(c oid.Client) bool { return c == m.owner || m.level[c] == enum.LevelWrite }
func (m *model) reads(c oid.Client) bool {
	return m.writes(c) || m.level[c] == enum.LevelRead
}

// ways are the clients that may stand in the chain, in its order, each with what it is to the reader (domain 9.3).
func (m *model) ways(reader, url oid.Client) (chain []oid.Client, source map[oid.Client]string) {
	source = map[oid.Client]string{}
	var path []oid.Client
	for c := reader; c != ""; c = m.w.parent[c] {
		path = append([]oid.Client{c}, path...)
		source[c] = "MANAGER"
	}
	source[reader] = "OWN"
	chain = []oid.Client{m.owner}
	if _, on := source[url]; url != "" && !on && url != m.owner && m.writes(url) {
		chain, source[url] = append(chain, url), "URL"
	}
	source[m.owner] = "OWNER"
	for _, c := range path {
		if c != m.owner {
			chain = append(chain, c)
		}
	}
	return chain, source
}

// modelled is what a reader sees.
type modelled struct {
	content       map[string]any
	public, final bool
	layers        []string // "SOURCE STATE CODE"
}

// see folds the layers of a name: nil where nothing is in force.
func (m *model) see(name string, reader, url oid.Client) *modelled {
	chain, source := m.ways(reader, url)
	out := &modelled{}
	state := map[oid.Client]string{}
	for _, c := range chain {
		l, has := m.holds[name][c]
		switch {
		case !has:
		case !m.writes(c):
			state[c] = "NO_ACCESS"
		case out.final:
			state[c] = "BELOW_FINAL"
		case l.whole:
			for lower, s := range state {
				if s == "IN_FORCE" {
					state[lower] = "REPLACED"
				}
			}
			state[c], out.content, out.public, out.final = "IN_FORCE", decoded(l.content), l.public, l.final
		case out.content == nil:
			state[c] = "NOTHING_BELOW"
		default:
			state[c], out.final = "IN_FORCE", l.final
			out.content = merged(out.content, decoded(l.content)).(map[string]any)
		}
	}
	if out.content == nil {
		return nil
	}
	for _, c := range chain {
		code := m.w.codes[c]
		if source[c] == "URL" {
			code = ""
		}
		if state[c] != "" {
			out.layers = append(out.layers, source[c]+" "+state[c]+" "+code)
		}
	}
	return out
}

func decoded(text string) (v map[string]any) {
	_ = json.Unmarshal([]byte(text), &v) // what the tests themselves have written
	return v
}

// merged is RFC 7396 as it stands there.
func merged(target, patch any) any {
	p, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	t, ok := target.(map[string]any)
	if !ok {
		t = map[string]any{}
	}
	t = maps.Clone(t)
	for k, v := range p {
		if v == nil {
			delete(t, k)
		} else {
			t[k] = merged(t[k], v)
		}
	}
	return t
}

// anyObject is a small object; one with nulls is a merge patch.
func anyObject(r *rand.Rand, nulls bool, depth int) map[string]any {
	o := map[string]any{}
	for range r.IntN(4) {
		k := string(rune('a' + r.IntN(5)))
		switch n := r.IntN(6); {
		case n == 0 && nulls:
			o[k] = nil
		case n < 3 && depth > 0:
			o[k] = anyObject(r, nulls, depth-1)
		case n == 4:
			o[k] = []any{"x", float64(r.IntN(3))}
		default:
			o[k] = float64(r.IntN(100))
		}
	}
	return o
}

// newModel writes a random world into the database, and keeps it.
func newModel(w *tower, r *rand.Rand, app oid.Application, owner oid.Client) *model {
	m := &model{w: w, owner: owner, level: map[oid.Client]enum.AccessLevel{}, holds: map[string]map[oid.Client]lay{}}
	w.exec("DELETE FROM definition_layers WHERE application_id = ?", app)
	w.exec("DELETE FROM definition_versions WHERE application_id = ?", app)
	w.exec("DELETE FROM access_grants WHERE application_id = ?", app)
	for _, c := range w.all() {
		level := []enum.AccessLevel{enum.LevelWrite, enum.LevelWrite, enum.LevelWrite, enum.LevelRead, enum.LevelBarred, ""}[r.IntN(6)]
		expired := r.IntN(6) == 0
		if c != owner && level != "" {
			w.grant(app, c, level, expired)
			if level != enum.LevelBarred && !expired {
				m.level[c] = level
			}
		}
	}
	var list []lay
	for _, name := range []string{"home", "cart", "help"} {
		m.holds[name] = map[oid.Client]lay{}
		for _, c := range w.all() {
			if r.IntN(4) == 0 {
				continue
			}
			l := lay{app: app, client: c, kind: enum.DefinitionPage, name: name, public: r.IntN(2) == 0, final: r.IntN(12) == 0}
			l.whole = c == owner || r.IntN(8) == 0
			text, _ := json.Marshal(anyObject(r, !l.whole, 2)) // it can be
			l.content = string(text)
			m.holds[name][c] = l
			list = append(list, l)
		}
	}
	w.write(list...)
	return m
}

// check compares what the API shows with the model; deep: with its layers.
func (m *model) check(what string, got *definitionSeen, want *modelled, deep bool) {
	m.w.t.Helper()
	if got == nil || want == nil {
		if (got == nil) != (want == nil) {
			m.w.t.Errorf("%s: got %+v, want %+v", what, got, want)
		}
		return
	}
	var layers []string
	for _, l := range got.Layers {
		code := "nobody"
		if l.Source == "URL" { // whether he is seen is another matter
			code = ""
		} else if l.Client != nil {
			code = l.Client.Code
		}
		layers = append(layers, l.Source+" "+l.State+" "+code)
	}
	if !reflect.DeepEqual(decoded(string(got.Content)), want.content) || got.Public != want.public || got.Final != want.final {
		m.w.t.Errorf("%s: got %s public %t final %t, want %v", what, got.Content, got.Public, got.Final, want)
	}
	if deep && !slices.Equal(layers, want.layers) {
		m.w.t.Errorf("%s:\ngot  %q\nwant %q", what, layers, want.layers)
	}
}

// domain 9.3, 9.4, 5.4: what is in force for a client is what the layers of its chain make, of those who have write access
// today; for every client of a real tree, with random grants, and through every URL. Both executors say the same.
func TestDefinitionsAgainstAModel(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := newTower(t, h)
		nodes := map[string]*hubtest.Hub{"planned": h, "reference": h.Node(func(o *hub.HTTP) { o.Reads = hub.Reference })}
		r := rand.New(rand.NewPCG(6, 9))
		owners := []oid.Client{w.floors[0], w.floors[1], w.floors[5], w.floors[12], w.other}
		var apps []oid.Application
		for i, owner := range owners {
			apps = append(apps, h.Application(owner, fmt.Sprint("app-", i), "App"))
			for _, c := range w.all() {
				w.bind(apps[i], c, fmt.Sprintf("https://%s.app-%d.example.net", strings.ToLower(w.codes[c]), i))
			}
		}
		for n := range soak.Count(5, 200) {
			i := n % len(owners)
			m := newModel(w, r, apps[i], owners[i])
			for name, on := range nodes {
				m.checkAll(name, on, apps[i])
				m.checkURLs(name, on, i, r)
			}
		}
	})
}

// checkAll reads everything for every client, by name and as a list.
func (m *model) checkAll(name string, on *hubtest.Hub, app oid.Application) {
	for _, reader := range m.w.all() {
		names := []string{}
		for _, page := range slices.Sorted(maps.Keys(m.holds)) {
			want := m.see(page, reader, "")
			if !m.reads(reader) {
				want = nil
			}
			if want != nil {
				names = append(names, page)
			}
			what := fmt.Sprintf("%s: %s for %s", name, page, m.w.codes[reader])
			m.check(what, m.w.read(on, m.w.tokens[oid.SystemClient], app, page, forReader(reader), whole), want, true)
			if page == "home" {
				m.check(what+", himself", m.w.read(on, m.w.tokens[reader], app, page, "", shallow), want, false)
			}
		}
		var data struct {
			Definitions *struct {
				TotalCount int
				Nodes      []*definitionSeen
			}
		}
		m.w.MustData(on.Do(m.w.tokens[oid.SystemClient], "query($app: ID!, $c: ID!) { definitions(applicationId: $app, clientId: $c) { totalCount nodes { "+whole+" } } }",
			hubtest.Variables{"app": app, "c": reader}), &data)
		if (data.Definitions != nil) != m.reads(reader) {
			m.w.t.Errorf("%s: the list for %s is there: %t", name, m.w.codes[reader], data.Definitions != nil)
			continue
		}
		if data.Definitions == nil {
			continue
		}
		var got []string
		for _, d := range data.Definitions.Nodes {
			got = append(got, d.Name)
			m.check(fmt.Sprintf("%s: %s of the list for %s", name, d.Name, m.w.codes[reader]), d, m.see(d.Name, reader, ""), true)
		}
		if strings.Join(got, " ") != strings.Join(names, " ") || data.Definitions.TotalCount != len(names) {
			m.w.t.Errorf("%s: the list for %s has %v, %d in all, want %v", name, m.w.codes[reader], got, data.Definitions.TotalCount, names)
		}
	}
}

// checkURLs reads through the URLs of some clients, signed in as some others and as nobody.
func (m *model) checkURLs(name string, on *hubtest.Hub, app int, r *rand.Rand) {
	all := m.w.all()
	for range 12 {
		bound, reader := all[r.IntN(len(all))], all[r.IntN(len(all))]
		url := fmt.Sprintf("https://%s.app-%d.example.net/x", strings.ToLower(m.w.codes[bound]), app)
		everybody := m.see("home", bound, "")
		if everybody != nil && (!m.reads(bound) || !everybody.public) {
			everybody = nil
		}
		what := fmt.Sprintf("%s: through the URL of %s", name, m.w.codes[bound])
		m.check(what, m.w.through(on, "", url, "home", shallow), everybody, false)
		want := everybody
		if want != nil {
			want.layers = nil // nobody without access is told
		}
		if m.reads(reader) && m.reads(bound) {
			want = m.see("home", reader, bound)
		}
		m.check(what+", by "+m.w.codes[reader], m.w.through(on, m.w.tokens[reader], url, "home", whole), want, true)
	}
}
