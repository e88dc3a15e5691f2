package apitest

import (
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// domain 9.2 to 9.5: the owner's object, a partner's layer on it, and one of the partner's client on both, each saved as a whole
// object and kept as what it changes. What the owner does later reaches everybody, but where somebody else has his own.
func TestDefinitionSaveInLayers(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := newAuthors(t, h)
		w.is("before there is one", w.gina, "", nil, nil)
		w.saves(w.paula, `{"title":"Shop","size":1.0,"parts":[{"key":"a","text":"A"}]}`, nil)
		first := w.is("the owner's, as written", w.paula, `{"title":"Shop","size":1.0,"parts":[{"key":"a","text":"A"}]}`,
			[]string{`OWNER IN_FORCE whole 1 {"title":"Shop","size":1.0,"parts":[{"key":"a","text":"A"}]}`}, nil)
		if first.ApplicationCode != "written" || first.Public || first.Final {
			t.Errorf("%+v", first)
		}

		out := w.saves(w.carl, `{"title":"Child's","size":1.0,"parts":[{"key":"a","text":"A"},{"key":"b","text":"B"}]}`, w.reads(w.carl))
		if string(out.Definition.Content) != `{"title":"Child's","size":1.0,"parts":[{"key":"a","text":"A"},{"key":"b","text":"B"}]}` || len(out.Conflicts) > 0 {
			t.Errorf("%+v", out)
		}
		w.saves(w.gina, `{"title":"Child's","size":null,"parts":[{"key":"b","text":"B"},{"key":"a","text":"A"}]}`, w.reads(w.gina))
		w.is("the owner sees none of it", w.paula, `{"title":"Shop","size":1.0,"parts":[{"key":"a","text":"A"}]}`,
			[]string{`OWNER IN_FORCE whole 1 {"title":"Shop","size":1.0,"parts":[{"key":"a","text":"A"}]}`}, nil)

		w.saves(w.paula, `{"title":"New shop","size":2,"parts":[{"key":"a","text":"A2"}],"foot":"(c)"}`, w.reads(w.paula))
		owners := `OWNER IN_FORCE whole 2 {"title":"New shop","size":2,"parts":[{"key":"a","text":"A2"}],"foot":"(c)"}`
		w.is("C: its title, the owner's size", w.carl, `{"title":"Child's","size":2,"parts":[{"key":"a","text":"A2"},{"key":"b","text":"B"}],"foot":"(c)"}`,
			[]string{owners, `OWN IN_FORCE delta 1 {"title":"Child's","parts":{"$delta":"list","place":[{"item":{"key":"b","text":"B"},"after":"a"}]}}`},
			[]string{`OWN /title: "New shop" / "Child's"`})
		d := w.reads(w.gina)
		if string(d.Content) != `{"title":"Child's","size":null,"parts":[{"key":"b","text":"B"},{"key":"a","text":"A2"}],"foot":"(c)"}` {
			t.Errorf("G: %s", d.Content)
		}
		if want := []string{`MANAGER /title: "New shop" / "Child's"`, `OWN /size: 2 / null`}; strings.Join(texts(d.Conflicts), "\n") != strings.Join(want, "\n") {
			t.Errorf("G's conflicts: %q", texts(d.Conflicts))
		}

		// Saved again by somebody who has seen it, what was in conflict is settled: C takes the owner's title, G keeps its size.
		w.saves(w.carl, strings.Replace(string(w.reads(w.carl).Content), "Child's", "New shop", 1), w.reads(w.carl))
		w.is("C: settled", w.carl, `{"title":"New shop","size":2,"parts":[{"key":"a","text":"A2"},{"key":"b","text":"B"}],"foot":"(c)"}`,
			[]string{owners, `OWN IN_FORCE delta 2 {"parts":{"$delta":"list","place":[{"item":{"key":"b","text":"B"},"after":"a"}]}}`}, nil)
		w.saves(w.gina, string(w.reads(w.gina).Content), w.reads(w.gina))
		if d := w.reads(w.gina); len(d.Conflicts) > 0 || string(d.Content) != `{"title":"New shop","size":null,"parts":[{"key":"b","text":"B"},{"key":"a","text":"A2"}],"foot":"(c)"}` {
			t.Errorf("G: %s %q", d.Content, texts(d.Conflicts))
		}
	})
}

// domain 9.1, 9.5, 9.6, 5.2: what cannot be saved, by whom and where. Nothing is written then.
func TestDefinitionSaveRefusals(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := newAuthors(t, h)
		w.saves(w.paula, `{"a":1}`, nil)
		half := strings.Repeat("x", 600<<10)
		long := w.does(w.paula, "definitionSave", homePage(w.written, input{"name": "long", "content": `{"a":"` + half + `"}`}))
		deep := strings.Repeat(`{"a":`, 64) + "{}" + strings.Repeat("}", 64)
		with := func(name string, value any) input {
			return homePage(w.written, input{"content": "{}", "name": "new", name: value})
		}
		for rule, c := range map[string]struct {
			token, name string
			in          input
			want        []string
		}{
			"9.1 no name":                   {w.paula, "definitionSave", with("name", ""), []string{"INVALID at input.name"}},
			"9.1 129 letters":               {w.paula, "definitionSave", with("name", strings.Repeat("a", 129)), []string{"INVALID at input.name"}},
			"9.1 a space":                   {w.paula, "definitionSave", with("name", "a b"), []string{"INVALID at input.name"}},
			"9.1 a line break at the end":   {w.paula, "definitionSave", with("name", "a\n"), []string{"INVALID at input.name"}},
			"9.1 a slash first":             {w.paula, "definitionSave", with("name", "/a"), []string{"INVALID at input.name"}},
			"9.1 an umlaut":                 {w.paula, "definitionSave", with("name", "ä"), []string{"INVALID at input.name"}},
			"9.1 no JSON":                   {w.paula, "definitionSave", with("content", "{"), []string{"INVALID at input.content"}},
			"9.1 no text":                   {w.paula, "definitionSave", with("content", ""), []string{"INVALID at input.content"}},
			"9.1 a member twice":            {w.paula, "definitionSave", with("content", `{"a":{"b":1,"b":2}}`), []string{"INVALID at input.content"}},
			"9.1 a place a long way to say": {w.paula, "definitionSave", with("content", `{"`+strings.Repeat("ü", 100_000)+`":{"b":1,"b":2}}`), []string{"INVALID at input.content"}},
			"9.1 no object":                 {w.paula, "definitionSave", with("content", `[]`), []string{"INVALID at input.content"}},
			"9.1 null":                      {w.paula, "definitionSave", with("content", `null`), []string{"INVALID at input.content"}},
			"9.1 two of them":               {w.paula, "definitionSave", with("content", `{} {}`), []string{"INVALID at input.content"}},
			"9.1 65 deep":                   {w.paula, "definitionSave", with("content", deep), []string{"INVALID at input.content"}},
			"9.1 over 1 MiB":                {w.paula, "definitionSave", with("content", `{"a":"`+strings.Repeat("x", 1<<20)+`"}`), []string{"INVALID at input.content"}},
			"9.1 all that is wrong":         {w.paula, "definitionSave", with("content", `[]`+"]"), []string{"INVALID at input.content"}},
			"9.5 no etag, and there is one": {w.paula, "definitionSave", homePage(w.written, input{"content": "{}"}), []string{"CONFLICT at input.etag"}},
			"9.5 no etag, for a partner":    {w.carl, "definitionSave", homePage(w.written, input{"content": "{}"}), []string{"CONFLICT at input.etag"}},
			"9.5 an etag made up":           {w.paula, "definitionSave", homePage(w.written, input{"content": "{}", "etag": "AAAA"}), []string{"CONFLICT at input.etag"}},
			"9.5 an etag of nothing":        {w.paula, "definitionSave", homePage(w.written, input{"content": "{}", "etag": ""}), []string{"CONFLICT at input.etag"}},
			"9.5 a patch of nothing":        {w.paula, "definitionPatch", homePage(w.written, input{"patch": "{}", "etag": "AAAA", "name": "none"}), []string{"CONFLICT at input.etag"}},
			"9.4 a patch that is no delta": {w.paula, "definitionPatch", homePage(w.written, input{"patch": `{"a":{"$delta":"turn"}}`, "etag": w.reads(w.paula).Etag}),
				[]string{"INVALID at input.patch"}},
			"9.4 a patch that leaves no object": {w.paula, "definitionPatch", homePage(w.written, input{"patch": `7`, "etag": w.reads(w.paula).Etag}), []string{"INVALID at input.patch"}},
			"9.4 a patch that makes it too long": {w.paula, "definitionPatch", homePage(w.written, input{"name": "long", "patch": `{"b":"` + half + `"}`, "etag": long.Definition.Etag}),
				[]string{"INVALID at input.patch"}},
			"9.1 no such kind":                    {w.paula, "definitionSave", with("kind", "Page"), []string{"INVALID at input.kind"}},
			"5.2 a reader":                        {w.carl, "definitionSave", homePage(w.readable, input{"content": "{}"}), []string{"NOT_ALLOWED at input.applicationId"}},
			"5.2 a child of the owner, no access": {w.kate, "definitionSave", homePage(w.written, input{"content": "{}"}), []string{"NOT_FOUND at input.applicationId"}},
			"9.2 who manages the owner":           {w.root, "definitionSave", homePage(w.written, input{"content": "{}"}), []string{"NOT_ALLOWED at input.applicationId"}},
			"0 a stranger":                        {w.stan, "definitionSave", homePage(w.written, input{"content": "{}"}), []string{"NOT_FOUND at input.applicationId"}},
			"0 an unknown application":            {w.paula, "definitionSave", homePage("app_00000000000000000000000000", input{"content": "{}"}), []string{"NOT_FOUND at input.applicationId"}},
			"0 no id":                             {w.paula, "definitionSave", homePage("cli_1", input{"content": "{}"}), []string{"INVALID at input.applicationId"}},
			"9.6 no layer to take away":           {w.carl, "definitionDelete", homePage(w.written, nil), []string{"NOT_FOUND at input.name"}},
			"9.6 no such definition":              {w.paula, "definitionDelete", homePage(w.written, input{"name": "none"}), []string{"NOT_FOUND at input.name"}},
			"9.6 another version":                 {w.paula, "definitionDelete", homePage(w.written, input{"expectedVersion": 7}), []string{"CONFLICT at input.expectedVersion"}},
			"9.6 an unknown version":              {w.paula, "definitionRestore", input{"versionId": "dfv_00000000000000000000000000"}, []string{"NOT_FOUND at input.versionId"}},
			"9.6 no id of a version":              {w.paula, "definitionRestore", input{"versionId": "x"}, []string{"INVALID at input.versionId"}},
		} {
			t.Run(rule, func(t *testing.T) {
				errs := w.refused(t, c.token, c.name, c.in, c.want...)
				if len(errs) > 0 && len(errs[0].Message) > 600 {
					t.Errorf("%d bytes are said", len(errs[0].Message))
				}
				if rule == "9.1 a member twice" && !strings.Contains(errs[0].Message, `"/a/b"`) {
					t.Errorf("it is not said where: %s", errs[0].Message)
				}
			})
		}
	})
}

// domain 9.5: two editors of one client who have read the same both save: nothing of the first is undone but what the second
// has changed himself, and he is told. So it is for the owner's object and for a partner's layer.
func TestTwoEditorsOfOneDefinition(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := newAuthors(t, h)
		w.saves(w.paula, `{"a":1,"b":1,"c":1,"list":[{"key":"x","n":1}]}`, nil)
		for _, who := range []string{w.paula, w.carl} {
			source := map[string]string{w.paula: "OWNER", w.carl: "OWN"}[who]
			both := w.reads(who)
			first := w.saves(who, `{"a":2,"b":2,"c":1,"list":[{"key":"x","n":1},{"key":"y","n":1}]}`, both)
			second := w.saves(who, `{"a":1,"b":3,"c":3,"list":[{"key":"x","n":2}]}`, both)
			if len(first.Conflicts) > 0 {
				t.Errorf("the first is told of %q", texts(first.Conflicts))
			}
			if got, want := string(second.Definition.Content), `{"a":2,"b":3,"c":3,"list":[{"key":"x","n":2},{"key":"y","n":1}]}`; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			if got := texts(second.Conflicts); len(got) != 1 || got[0] != source+" /b: 2 / 3" {
				t.Errorf("the second is told of %q", got)
			}
			if len(second.Definition.Conflicts) > 0 {
				t.Errorf("and all who read: %q", texts(second.Definition.Conflicts))
			}
			w.saves(w.paula, `{"a":1,"b":1,"c":1,"list":[{"key":"x","n":1}]}`, w.reads(w.paula))
		}
	})
}

// domain 9.5: the owner publishes between a partner's load and save: his change is there afterwards; where both changed the
// same the partner's stands, and is reported until somebody saves who has seen it.
func TestTheOwnerPublishesBetweenLoadAndSave(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := newAuthors(t, h)
		w.saves(w.paula, `{"a":1,"b":1,"c":1,"d":1}`, nil)
		loaded := w.reads(w.carl)
		w.saves(w.paula, `{"a":2,"b":2,"d":1,"e":2}`, w.reads(w.paula))
		out := w.saves(w.carl, `{"a":1,"b":3,"c":1,"d":3}`, loaded)
		if got := string(out.Definition.Content); got != `{"a":2,"b":3,"d":3,"e":2}` {
			t.Errorf("%s", got)
		}
		if got := texts(out.Conflicts); len(got) != 1 || got[0] != "OWN /b: 2 / 3" {
			t.Errorf("%q", got)
		}
		again := w.saves(w.carl, `{"a":1,"b":3,"c":1,"d":4}`, loaded) // with what he had read at first
		if got := texts(again.Definition.Conflicts); len(got) != 1 || got[0] != "OWN /b: 2 / 3" {
			t.Errorf("saved again by somebody who has not seen it: %q", got)
		}
		seen := w.reads(w.carl)
		settled := w.saves(w.carl, string(seen.Content), seen)
		if len(settled.Conflicts)+len(settled.Definition.Conflicts) > 0 || string(settled.Definition.Content) != `{"a":2,"b":3,"d":4,"e":2}` {
			t.Errorf("%+v", settled)
		}
		// domain 9.6: that it is settled is a version of its own; to save once more changes nothing.
		if got := w.versionsOf(w.c); len(got) != 3 || got[2] != `3 - {"b":3,"d":4}` || got[1] != `2 - {"b":3,"d":4}` {
			t.Errorf("%q", got)
		}
		before := w.state()
		w.saves(w.carl, string(seen.Content), w.reads(w.carl))
		w.saves(w.paula, string(w.reads(w.paula).Content), w.reads(w.paula))
		w.saves(w.gina, string(w.reads(w.gina).Content), w.reads(w.gina)) // who has no layer, and wants nothing else
		w.unchanged(t, before, "saves that change nothing")
	})
}

// domain 9.5: of two editors the one who saw less keeps what the other has said, though he sees it below already.
func TestAnEditorKeepsWhatTheOtherSaid(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := newAuthors(t, h)
		w.saves(w.paula, `{"x":"a","z":1}`, nil)
		early := w.reads(w.carl)
		w.saves(w.paula, `{"x":"b","z":1}`, w.reads(w.paula))
		w.saves(w.carl, `{"x":"a","z":1}`, w.reads(w.carl)) // the first says a
		out := w.saves(w.carl, `{"x":"a","z":1,"y":1}`, early)
		if got := string(out.Definition.Content); got != `{"x":"a","z":1,"y":1}` {
			t.Errorf("%s", got)
		}
		w.saves(w.paula, `{"x":"c","z":1}`, w.reads(w.paula))
		if d := w.reads(w.carl); string(d.Content) != `{"x":"a","z":1,"y":1}` || len(d.Conflicts) != 1 {
			t.Errorf("%s %q", d.Content, texts(d.Conflicts))
		}
	})
}

// domain 9.4, 9.5: a patch, plain or a delta, against what was read.
func TestDefinitionPatch(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := newAuthors(t, h)
		w.saves(w.paula, `{"a":1,"b":{"c":1},"list":[{"key":"x"},{"key":"y"}]}`, nil)
		patch := func(token, etag, text string) outcome {
			t.Helper()
			return w.does(token, "definitionPatch", homePage(w.written, input{"patch": text, "etag": etag}))
		}
		old := w.reads(w.carl).Etag
		out := patch(w.carl, old, `{"b":{"c":null,"d":1.50},"list":{"$delta":"list","remove":["x"]}}`)
		if got := string(out.Definition.Content); got != `{"a":1,"b":{"d":1.50},"list":[{"key":"y"}]}` {
			t.Errorf("%s", got)
		}
		out = patch(w.carl, old, `{"a":null,"b":{"d":2}}`) // by one who has not seen the first
		if got := string(out.Definition.Content); got != `{"b":{"d":2},"list":[{"key":"y"}]}` {
			t.Errorf("%s", got)
		}
		if got := texts(out.Conflicts); len(got) != 1 || got[0] != "OWN /b/d: 1.50 / 2" {
			t.Errorf("%q", got)
		}
		if got := string(patch(w.paula, w.reads(w.paula).Etag, `{"new":true}`).Definition.Content); got != `{"a":1,"b":{"c":1},"list":[{"key":"x"},{"key":"y"}],"new":true}` {
			t.Errorf("%s", got)
		}
		if got := string(w.reads(w.carl).Content); got != `{"b":{"d":2},"list":[{"key":"y"}],"new":true}` {
			t.Errorf("%s", got)
		}
	})
}
