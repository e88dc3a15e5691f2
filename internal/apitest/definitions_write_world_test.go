package apitest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"

	"github.com/appanage/appanage/internal/authz"
)

// authors is the estate of the tests that write definitions: P owns the application `written`, and C and G, below C, may
// write it.
type authors struct{ accesses }

func newAuthors(t testing.TB, h *hubtest.Hub) authors {
	t.Helper()
	w := authors{newAccesses(t, h)}
	w.grant(w.written, w.g, enum.LevelWrite)
	return w
}

// conflictShown is a conflict as the API shows it.
type conflictShown struct {
	Path, Source string
	Theirs, Ours json.RawMessage
}

func (c conflictShown) String() string {
	return fmt.Sprintf("%s %s: %s / %s", c.Source, c.Path, c.Theirs, c.Ours)
}

// layerShown is a layer of a definition.
type layerShown struct {
	Source, State string
	Whole, Final  bool
	Number        int
	Content       json.RawMessage
}

func (l layerShown) String() string {
	kind := "delta"
	if l.Whole {
		kind = "whole"
	}
	return fmt.Sprintf("%s %s %s %d %s", l.Source, l.State, kind, l.Number, l.Content)
}

// defined is a definition as the API shows it.
type defined struct {
	ApplicationCode, Etag string
	Content               json.RawMessage
	Public, Final         bool
	Layers                []layerShown
	Conflicts             []conflictShown
}

// outcome is what a mutation on definitions answers.
type outcome struct {
	Definition      *defined
	Conflicts       []conflictShown
	LayerID         *string
	OverlaysRemoved int
	Errors          []userError
}

const selectDefinition = "definition { applicationCode etag content public final layers { source state whole final number content }" +
	" conflicts { path source theirs ours } }"

func onDefinition(name string) string {
	selection := selectDefinition + " conflicts { path source theirs ours }"
	if name == "definitionDelete" {
		selection = "layerId overlaysRemoved " + selectDefinition
	}
	return "mutation($input: " + strings.ToUpper(name[:1]) + name[1:] + "Input!) { " + name + "(input: $input) { " + selection + " errors { code message path currentVersion } } }"
}

// outcomeOf reads an answer. It fails no test, so it may run beside others.
func outcomeOf(name string, a hubtest.Answer) outcome {
	var data map[string]*outcome
	if err := json.Unmarshal(a.Data, &data); err != nil || data[name] == nil || len(a.Errors) > 0 {
		return outcome{Errors: []userError{{Code: "NO ANSWER", Message: string(a.Body)}}}
	}
	return *data[name]
}

// tries sends a mutation on definitions to a server.
func tries(h *hubtest.Hub, token, name string, in input) outcome {
	return outcomeOf(name, h.Do(token, onDefinition(name), hubtest.Variables{"input": in}))
}

// does sends one that must succeed.
func (w authors) does(token, name string, in input) outcome {
	w.t.Helper()
	w.known.Store(nil)
	out := tries(w.Hub, token, name, in)
	if len(out.Errors) > 0 {
		w.t.Fatalf("%s %.300v: %+v", name, in, out.Errors)
	}
	return out
}

// refused sends one that must be refused with exactly these errors, and change nothing.
func (w authors) refused(t testing.TB, token, name string, in input, want ...string) []userError {
	t.Helper()
	before := w.before()
	out := tries(w.Hub, token, name, in)
	var got []string
	for _, u := range out.Errors {
		got = append(got, u.Code+" at "+strings.Join(u.Path, "."))
	}
	if !slices.Equal(got, want) || out.Definition != nil || len(out.Conflicts) > 0 || out.LayerID != nil || out.OverlaysRemoved > 0 {
		t.Errorf("%s %.300v\ngot  %+v\nwant %v", name, in, out, want)
	}
	w.unchanged(t, before, name, in)
	return out.Errors
}

// attacked sends one that is refused, and that a node without the one rule takes.
func (w authors) attacked(t testing.TB, alter func(*authz.Rules), token, name string, in input, want string) {
	t.Helper()
	w.refused(t, token, name, in, want)
	weak := w.Node(func(o *hub.HTTP) { o.AlterRules = alter })
	if out := tries(weak, token, name, in); len(out.Errors) > 0 {
		t.Errorf("%s %.300v is refused without its rule, too: %+v", name, in, out.Errors)
	}
	w.known.Store(nil)
}

// homePage is the definition that most tests are about, of an application.
func homePage(app oid.Application, more input) input {
	in := input{"applicationId": app, "kind": "PAGE", "name": "home"}
	for k, v := range more {
		in[k] = v
	}
	return in
}

// saves has a user save the page as he wants it, made from a reading or from nothing.
func (w authors) saves(token, content string, from *defined, more ...input) outcome {
	w.t.Helper()
	in := homePage(w.written, input{"content": content})
	if from != nil {
		in["etag"] = from.Etag
	}
	for _, m := range more {
		for k, v := range m {
			in[k] = v
		}
	}
	return w.does(token, "definitionSave", in)
}

const readDefinition = "query($a: ID!, $c: ID, $k: DefinitionKind!, $n: String!) { definition(applicationId: $a, clientId: $c, kind: $k, name: $n)" +
	" { applicationCode etag content public final layers { source state whole final number content } conflicts { path source theirs ours } } }"

// reads is the page as it is in force for the client of a user; nil for none.
func (w authors) reads(token string) *defined {
	w.t.Helper()
	var data struct{ Definition *defined }
	w.MustData(w.Do(token, readDefinition, hubtest.Variables{"a": w.written, "k": "PAGE", "n": "home"}), &data)
	return data.Definition
}

// is asserts what the page is for a user: its content, its layers from the lowest, and its conflicts.
func (w authors) is(what, token, content string, layers, conflicts []string) *defined {
	w.t.Helper()
	d := w.reads(token)
	if d == nil {
		if content != "" {
			w.t.Errorf("%s: there is no such definition", what)
		}
		return nil
	}
	if string(d.Content) != content || !slices.Equal(texts(d.Layers), layers) || !slices.Equal(texts(d.Conflicts), conflicts) {
		w.t.Errorf("%s\ngot  %s\n     %q\n     %q\nwant %s\n     %q\n     %q", what, d.Content, texts(d.Layers), texts(d.Conflicts), content, layers, conflicts)
	}
	return d
}

// texts are nil for none.
func texts[T fmt.Stringer](list []T) []string {
	var all []string
	for _, v := range list {
		all = append(all, v.String())
	}
	return all
}

// versionsOf lists the versions a client has had of the page: number, what it is, content.
func (w authors) versionsOf(client oid.Client) []string {
	w.t.Helper()
	var all []string
	for _, r := range query(w.t, w.Hub, "SELECT number, whole, removed, final, content FROM definition_versions WHERE client_id = ? AND application_id = ? AND kind = 'PAGE' AND name = 'home' ORDER BY number",
		client, w.written) {
		all = append(all, fmt.Sprintf("%v %v %v", r["number"], flags(r), r["content"]))
	}
	return all
}

func flags(r row) string {
	var set []string
	for _, f := range []string{"whole", "removed", "final"} {
		if fmt.Sprint(r[f]) == "1" || fmt.Sprint(r[f]) == "true" {
			set = append(set, f)
		}
	}
	if len(set) == 0 {
		return "-"
	}
	return strings.Join(set, "+")
}
