package sweep

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// defined checks one definition. A reader without access sees what there is, and not of what it is made.
func (r *run) defined(value any, want *definition, bare, unchanged bool, place string) {
	if !r.expect((value != nil) == (want != nil), "%s is %v", place, value) || value == nil {
		return
	}
	def := r.Types["Definition"]
	r.shown(def, value)
	r.expect(get[string](value, "applicationCode") == want.app["code"], "%s is found in %v, not in %s", place, get[any](value, "applicationCode"), want.app["code"])
	r.expect(get[bool](value, "public") == want.public && get[bool](value, "final") == want.final, "%s: public and final are wrong: %v", place, value)
	content, _ := get[any](value, "content").(map[string]any)
	r.expect(get[bool](value, "unchanged") == unchanged && (content == nil) == unchanged, "%s: unchanged is wrong: %v", place, value)
	if !unchanged {
		members := slices.DeleteFunc(slices.Sorted(maps.Keys(content)), func(m string) bool { return m == "by" })
		slices.Sort(want.members)
		r.expect(get[string](content, "by") == want.by && slices.Equal(members, want.members), "%s holds %v, not %s %v", place, content, want.by, want.members)
	}
	if !r.p.holds("Definition_READ") {
		for _, name := range []string{"layers", "conflicts", "application"} {
			r.expect(get[any](value, name) == nil, "%s shows its %s to somebody without authorities", place, name)
		}
		return
	}
	r.edge(r.Types["Application"], get[any](value, "application"), want.app["id"], place+" > application")
	r.expect((get[any](value, "conflicts") == nil) == bare, "%s: the conflicts are %v", place, get[any](value, "conflicts"))
	for _, c := range get[[]any](value, "conflicts") {
		r.shown(r.Types["DefinitionConflict"], c)
	}
	r.layersOf(value, want, bare, place)
}

func (r *run) layersOf(value any, want *definition, bare bool, place string) {
	shown := get[[]any](value, "layers")
	if bare {
		r.expect(get[any](value, "layers") == nil, "%s shows its layers to somebody without access", place)
		return
	}
	if !r.expect(len(shown) == len(want.layers), "%s has %d layers, not %d", place, len(shown), len(want.layers)) {
		return
	}
	for i, l := range want.layers {
		r.shown(r.Types["ResolvedLayer"], shown[i])
		r.expect(get[string](shown[i], "source") == l[0] && get[string](shown[i], "state") == l[1], "%s: layer %d is %v, not %v", place, i, shown[i], l)
		r.edge(r.Types["Client"], get[any](shown[i], "client"), l[2], place+" > client of a layer")
	}
}

// reading is a definition asked for, and what there is.
type reading struct {
	app    row
	name   string
	client string // "" for the caller's own
	want   *definition
}

// turn picks a third of pairs, another one for each principal: between them they ask for everything.
func (r *run) turn(i, j int) bool { return (i+j+len(r.p.String()))%3 == 0 }

// readings are the questions of one principal: of every application for a third of the clients there are, and one that there
// is not; of the one with the most definitions, for all.
func (r *run) readings() []reading {
	var list []reading
	clients := append(pluck(r.v.tables["clients"], "id"), "", unknownID(oid.KindClient))
	for i, app := range r.v.tables["applications"] {
		for j, client := range clients {
			names := []string{pageNames[(i+j)%len(pageNames)]}
			if app["code"] == "subject-own-active" {
				names = pageNames
			} else if !r.turn(i, j) {
				continue
			}
			reader := orElse(client, r.p.client)
			for _, name := range names {
				q := reading{app, name, client, nil}
				if r.v.opens(app, reader) {
					q.want = r.v.looked(app, name, reader, "")
				}
				list = append(list, q)
			}
		}
	}
	return list
}

// fragment is everything of what a field answers with, said once for all its aliases: tokens are limited.
func (r *run) fragment(f *ast.FieldDefinition) string {
	return "fragment seen on " + r.target(f).Name + " " + r.selection(r.target(f))
}

// askDefinitions asks for definitions, and for those that there are again with their etags.
func (r *run) askDefinitions(f *ast.FieldDefinition) {
	for _, argument := range []string{"applicationId", "kind", "name", "clientId", "ifNoneMatch"} {
		r.visit("Query", f.Name, argument)
	}
	for some := range slices.Chunk(r.readings(), atOnce) {
		etags := make([]string, len(some))
		for _, again := range []bool{false, true} {
			var doc strings.Builder
			for i, q := range some {
				arguments := fmt.Sprintf("applicationId: %q, kind: PAGE, name: %q", q.app["id"], q.name)
				if q.client != "" {
					arguments += fmt.Sprintf(", clientId: %q", q.client)
				}
				if again {
					arguments += fmt.Sprintf(", ifNoneMatch: %q", etags[i])
				}
				fmt.Fprintf(&doc, " v%d: %s(%s) { ...seen }", i, f.Name, arguments)
			}
			data := r.query(f, "{"+doc.String()+" } "+r.fragment(f), nil)
			if !r.p.holds(required(f)) {
				return
			}
			for i, q := range some {
				value, place := data[fmt.Sprint("v", i)], fmt.Sprintf("%s %s of %s for %s", f.Name, q.name, r.describe(q.app["id"]), r.describe(q.client))
				r.defined(value, q.want, false, again && q.want != nil, place)
				etags[i] = get[string](value, "etag")
			}
			if !slices.ContainsFunc(some, func(q reading) bool { return q.want != nil }) {
				break
			}
		}
	}
}

// listDefinitions asks for the lists of every application for a third of the clients, of one for all, and some of them in other ways.
func (r *run) listDefinitions(f *ast.FieldDefinition) {
	leaves := []string{"applicationId", "clientId", "first", "after", "last", "before", "filter.search", "filter.kind", "orderBy.field", "orderBy.direction"}
	for _, leaf := range leaves {
		r.visit("Query", f.Name, leaf)
	}
	clients := append(pluck(r.v.tables["clients"], "id"), unknownID(oid.KindClient))
	const third = 3
	for some := range slices.Chunk(r.v.tables["applications"], third*atOnce/len(clients)-third) {
		var doc strings.Builder
		for i, app := range some {
			for j, client := range clients {
				if app["code"] != "subject-own-active" && !r.turn(i, j) {
					continue
				}
				fmt.Fprintf(&doc, " v%d_%d: %s(applicationId: %q, clientId: %q, first: 100) { ...seen }", i, j, f.Name, app["id"], client)
			}
		}
		data := r.query(f, "{"+doc.String()+" } "+r.fragment(f), nil)
		if !r.p.holds(required(f)) {
			return
		}
		for i, app := range some {
			for j, client := range clients {
				if app["code"] != "subject-own-active" && !r.turn(i, j) {
					continue
				}
				r.definitionsOf(f, data[fmt.Sprintf("v%d_%d", i, j)], app, client)
			}
		}
	}
	r.partsOfDefinitions(f)
}

// inForceOf are the names of what is in force in an application itself.
func (r *run) inForceOf(app row, client string) (names []string) {
	for _, name := range pageNames {
		if r.v.folded(app, name, client, "") != nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (r *run) definitionsOf(f *ast.FieldDefinition, value any, app row, client string) {
	place := fmt.Sprintf("%s of %s for %s", f.Name, r.describe(app["id"]), r.describe(client))
	if !r.expect((value != nil) == r.v.opens(app, client), "%s is %v", place, value) || value == nil {
		return
	}
	r.shown(r.target(f), value)
	r.shown(r.Types["PageInfo"], get[any](value, "pageInfo"))
	want := r.inForceOf(app, client)
	nodes, edges := get[[]any](value, "nodes"), get[[]any](value, "edges")
	if !r.expect(len(nodes) == len(want) && len(edges) == len(want) && get[float64](value, "totalCount") == float64(len(want)), "%s is %v, not %v", place, value, want) {
		return
	}
	for i, name := range want {
		r.shown(r.Types["DefinitionEdge"], edges[i])
		for _, node := range []any{nodes[i], get[any](edges[i], "node")} {
			r.expect(get[string](node, "name") == name, "%s has %v in the place of %s", place, get[any](node, "name"), name)
			r.defined(node, r.v.folded(app, name, client, ""), false, false, place+" > "+name)
		}
	}
}

// partsOfDefinitions asks for a list in pages, in the other order and filtered.
func (r *run) partsOfDefinitions(f *ast.FieldDefinition) {
	for _, app := range r.v.tables["applications"] {
		if app["code"] != "subject-own-active" || !r.v.opens(app, r.p.client) {
			continue
		}
		want := r.inForceOf(app, r.p.client)
		ask := func(arguments string) (names []string, cursors []string) {
			data := r.query(f, fmt.Sprintf("{ %s(applicationId: %q, %s) { edges { cursor node { name } } } }", f.Name, app["id"], arguments), nil)
			for _, e := range get[[]any](data[f.Name], "edges") {
				names, cursors = append(names, get[string](get[any](e, "node"), "name")), append(cursors, get[string](e, "cursor"))
			}
			return names, cursors
		}
		_, cursors := ask("first: 100")
		down, _ := ask("orderBy: {field: NAME, direction: DESC}")
		slices.Reverse(down)
		r.expect(slices.Equal(down, want), "downwards: %v, not %v", down, want)
		forth, _ := ask(fmt.Sprintf("first: 1, after: %q", cursors[0]))
		back, _ := ask(fmt.Sprintf("last: 1, before: %q", cursors[len(cursors)-1]))
		r.expect(slices.Equal(forth, want[1:2]) && slices.Equal(back, want[len(want)-2:len(want)-1]), "pages: %v and %v of %v", forth, back, want)
		pages, _ := ask(`filter: {kind: PAGE, search: "ho"}`)
		themes, _ := ask("filter: {kind: THEME}")
		r.expect(slices.Equal(pages, []string{"home"}) && len(themes) == 0, "filtered: %v and %v", pages, themes)
	}
}

// provenances asks who supplied what: every layer in force says so in the same place.
func (r *run) provenances(f *ast.FieldDefinition) {
	r.visit("Definition", f.Name)
	r.visit("Definition", f.Name, "path")
	for _, app := range r.v.tables["applications"] {
		doc := fmt.Sprintf("{ definition(applicationId: %q, kind: PAGE, name: \"home\") { %s(path: \"/by\") %s } }", app["id"], f.Name, r.selection(r.target(f)))
		answer := r.h.Do(r.p.token, doc, nil)
		value, place := decode(answer.Data)["definition"], f.Name+" of "+r.describe(app["id"])
		var want *definition
		if r.v.opens(app, r.p.client) {
			want = r.v.looked(app, "home", r.p.client, "")
		}
		r.expect((value != nil) == (want != nil && r.p.user != ""), "%s: %s", place, answer.Body)
		shown := get[any](value, f.Name)
		if !r.p.holds(required(f)) || value == nil {
			r.expect(shown == nil, "%s is shown: %v", place, shown)
			continue
		}
		for _, l := range slices.Backward(want.layers) {
			if l[1] == "IN_FORCE" {
				r.expect(get[string](shown, "source") == l[0], "%s: %v, not %v", place, shown, l)
				r.edge(r.Types["Client"], get[any](shown, "client"), l[2], place)
				break
			}
		}
	}
}

// throughURLs asks for definitions through every origin: those of clients that may read get them as they are for them,
// everybody else what is public.
func (r *run) throughURLs(f *ast.FieldDefinition) {
	for _, argument := range []string{"kind", "name", "ifNoneMatch"} {
		r.visit("ResolvedUrl", f.Name, argument)
	}
	r.visit("ResolvedUrl", f.Name)
	names := pageNames[:2] // what is public, and what is not
	for rows := range slices.Chunk(r.v.tables["client_urls"], atOnce/(1+len(names))) {
		var doc strings.Builder
		for i, u := range rows {
			fmt.Fprintf(&doc, " v%d: resolveUrl(url: %q) {", i, u["origin"])
			for _, name := range names {
				fmt.Fprintf(&doc, " %s: %s(kind: PAGE, name: %q, ifNoneMatch: \"x\") { ...seen }", strings.ReplaceAll(name, "-", "_"), f.Name, name)
			}
			doc.WriteString(" }")
		}
		data := decode(r.h.Do(r.p.token, "{"+doc.String()+" } "+r.fragment(f), nil).Data)
		for i, u := range rows {
			app, at := r.v.byID[u["application_id"]], data[fmt.Sprint("v", i)]
			for _, name := range names {
				want, bare := r.through(app, name, u["client_id"])
				if at == nil {
					want = nil // the URL leads nowhere, as another question holds
				}
				value := get[any](at, strings.ReplaceAll(name, "-", "_"))
				r.defined(value, want, bare, false, fmt.Sprintf("%s %s through %s", f.Name, name, u["origin"]))
			}
		}
	}
}

// through is a definition as it comes through a client's URL; bare tells of a reader without access.
func (r *run) through(app row, name, url string) (want *definition, bare bool) {
	if r.p.user != "" && r.v.opens(app, r.p.client) {
		return r.v.looked(app, name, r.p.client, url), false
	}
	if want = r.v.looked(app, name, url, ""); want == nil || !want.public {
		return nil, true
	}
	return want, true
}

// compared asks what makes one version into another: of the versions of one layer that are both seen.
func (r *run) compared(f *ast.FieldDefinition) {
	r.visit("DefinitionVersion", f.Name)
	r.visit("DefinitionVersion", f.Name, "versionId")
	if !r.p.holds(required(f)) {
		return
	}
	visible, hidden := r.v.all("DefinitionVersion", full), r.v.foreign("DefinitionVersion")
	others := append(append(ends(visible), ends(hidden)...), unknownID(oid.KindDefinitionVersion))
	for i, id := range visible {
		var doc strings.Builder
		beside := append([]string{visible[(i+1)%len(visible)]}, others...)
		for j, other := range beside {
			fmt.Fprintf(&doc, " v%d: %s(versionId: %q)", j, f.Name, other)
		}
		answer := r.h.Do(r.p.token, "query($id: ID!) { node(id: $id) { ... on DefinitionVersion {"+doc.String()+" } } }", hubtest.Variables{"id": id})
		r.expect(len(answer.Errors) == 0, "%s of %s is refused: %s", f.Name, id, answer.Body)
		for j, other := range beside {
			got := get[any](decode(answer.Data)["node"], fmt.Sprint("v", j))
			one, two := r.v.byID[id], r.v.byID[other]
			same := two != nil && r.v.sights[other] == full && !truth(one["removed"]) && !truth(two["removed"])
			for _, column := range []string{"client_id", "application_id", "kind", "name"} {
				same = same && one[column] == two[column]
			}
			text, _ := json.Marshal(got) // it came as JSON
			r.expect(same == (string(text) == "{}") && same == (got != nil), "%s of %s and %s: %s", f.Name, id, other, text)
		}
	}
}

// A rule on definitions that is taken away is found.
func TestTheSweepFindsInDefinitions(t *testing.T) {
	h := hubtest.Start(t, testkit.DB(t, store.SQLite, store.Options{Install: authority.Install}))
	s := newSweep(t, h)
	s.w.set(states[1])
	asking := append(s.w.principals(states[1]), principal{name: "anonymous"})
	asked := func() (findings []string) {
		for _, p := range asking {
			r := &run{s, p, newView(readFacts(h), p), newReport()}
			r.askDefinitions(s.Query.Fields.ForName("definition"))
			r.listDefinitions(s.Query.Fields.ForName("definitions"))
			r.throughURLs(s.Types["ResolvedUrl"].Fields.ForName("definition"))
			findings = append(findings, r.findings...)
		}
		return findings
	}
	for want, alter := range map[string]func(*authz.Rules){
		"":                           func(*authz.Rules) {},
		"definition private through": func(r *authz.Rules) { r.ShowsDefinition = func(bool) bool { return true } },
		"definition home of":         func(r *authz.Rules) { r.ReadsDefinitionsFor = func(bool) bool { return true } },
		"definitions of":             func(r *authz.Rules) { r.LayerStands = func(enum.AccessLevel) bool { return true } },
	} {
		s.h = h.Node(func(o *hub.HTTP) { o.AlterRules = alter })
		findings := asked()
		if want == "" && len(findings) > 0 {
			t.Errorf("with the right rules there are findings:\n%s", strings.Join(findings, "\n"))
		}
		if want != "" && !slices.ContainsFunc(findings, func(f string) bool { return strings.Contains(f, want) }) {
			t.Errorf("none of %d findings says %q", len(findings), want)
		}
	}
}
