package apitest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// domain 9.6, 0: layers and versions as rows: whose are seen, what each holds, and what makes one into another.
func TestLayersAndVersionsAsRows(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := newAuthors(t, h)
		w.saves(w.paula, `{"a":1,"b":1.0}`, nil)
		w.saves(w.paula, `{"b":1.0,"c":{"d":null}}`, w.reads(w.paula))
		w.saves(w.carl, `{"b":2,"c":{"d":null}}`, w.reads(w.carl))
		w.saves(w.carl, `{"b":3,"c":{"d":null}}`, w.reads(w.carl))
		w.saves(w.gina, `{"b":4,"c":{"d":null}}`, w.reads(w.gina))
		w.does(w.carl, "definitionDelete", homePage(w.written, nil))
		const layers = `query($a: ID!) { application(id: $a) { definitionLayers(orderBy: { field: NAME }) { totalCount nodes {
			kind name whole final public version client { code } application { code } current { number content } } } } }`
		for token, want := range map[string]string{
			w.paula: `{"application":{"definitionLayers":{"totalCount":2,"nodes":[` +
				`{"kind":"PAGE","name":"home","whole":true,"final":false,"public":false,"version":2,"client":{"code":"PARTNER"},"application":{"code":"written"},"current":{"number":2,"content":{"b":1.0,"c":{"d":null}}}},` +
				`{"kind":"PAGE","name":"home","whole":false,"final":false,"public":false,"version":1,"client":{"code":"GRAND"},"application":{"code":"written"},"current":{"number":1,"content":{"b":4}}}]}}}`,
			// of the owner's it sees that it is there, and not its versions
			w.carl: `{"application":{"definitionLayers":{"totalCount":2,"nodes":[` +
				`{"kind":"PAGE","name":"home","whole":true,"final":false,"public":false,"version":2,"client":{"code":"PARTNER"},"application":{"code":"written"},"current":null},` +
				`{"kind":"PAGE","name":"home","whole":false,"final":false,"public":false,"version":1,"client":{"code":"GRAND"},"application":{"code":"written"},"current":{"number":1,"content":{"b":4}}}]}}}`,
		} {
			if a := w.Do(token, layers, hubtest.Variables{"a": w.written}); string(a.Data) != want {
				t.Errorf("got  %s\nwant %s", a.Body, want)
			}
		}
		const versions = `query($a: ID!, $f: DefinitionVersionFilter, $v: ID!) { application(id: $a) { definitionVersions(filter: $f) { totalCount nodes {
			id number content whole removed changesSince(versionId: $v) client { code } changedByClient { code } changedBy { name } } } } }`
		list := func(token string, filter any, since string) (all []string) {
			t.Helper()
			var data struct {
				Application struct {
					DefinitionVersions struct {
						TotalCount int
						Nodes      []struct {
							ID                      string
							Number                  int
							Content, ChangesSince   json.RawMessage
							Whole, Removed          bool
							Client, ChangedByClient *struct{ Code string }
							ChangedBy               *struct{ Name string }
						}
					}
				}
			}
			w.MustData(w.Do(token, versions, hubtest.Variables{"a": w.written, "f": filter, "v": since}), &data)
			for _, n := range data.Application.DefinitionVersions.Nodes {
				by := "-"
				if n.ChangedBy != nil {
					by = n.ChangedBy.Name
				}
				all = append(all, fmt.Sprintf("%s %d %s whole=%v removed=%v since=%s by %s", n.Client.Code, n.Number, n.Content, n.Whole, n.Removed, n.ChangesSince, by))
			}
			if data.Application.DefinitionVersions.TotalCount != len(all) {
				t.Errorf("%d in all, and %d listed", data.Application.DefinitionVersions.TotalCount, len(all))
			}
			return all
		}
		equal := func(got []string, want ...string) {
			t.Helper()
			if !slices.Equal(got, want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
		equal(list(w.paula, input{"clientId": w.p}, w.version(w.p, 1)),
			`PARTNER 1 {"a":1,"b":1.0} whole=true removed=false since={} by paula`,
			`PARTNER 2 {"b":1.0,"c":{"d":null}} whole=true removed=false since={"a":null,"c":{"d":{"$delta":"set","value":null}}} by paula`)
		equal(list(w.carl, nil, w.version(w.c, 1)),
			`CHILD 1 {"b":2} whole=false removed=false since={} by carl`,
			`CHILD 2 {"b":3} whole=false removed=false since={"b":3} by carl`,
			`GRAND 1 {"b":4} whole=false removed=false since=null by gina`,
			`CHILD 3 null whole=false removed=true since=null by carl`)
		equal(list(w.gina, nil, w.version(w.c, 1)), `GRAND 1 {"b":4} whole=false removed=false since=null by gina`) // that other is not visible
		a := w.Do(w.gina, `query($a: ID!) { application(id: $a) { definitionVersions { nodes { changesSince(versionId: "x") } } } }`, hubtest.Variables{"a": w.written})
		if len(a.Errors) != 1 || a.Errors[0].Code() != "INVALID" {
			t.Errorf("%s", a.Body)
		}
	})
}

// domain 16.1: the trail names layers, versions and flags, and not what they hold.
func TestDefinitionsInTheTrail(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := newAuthors(t, h)
		names := map[string]string{string(w.written): "WRITTEN", string(w.c): "C", string(w.carlID): "CARL"}
		send := func(name string, in input) []string {
			t.Helper()
			a := h.Do(w.carl, onDefinition(name), hubtest.Variables{"input": in})
			if out := outcomeOf(name, a); len(out.Errors) > 0 {
				t.Fatalf("%+v", out)
			}
			names[query(t, h, "SELECT object_id FROM audit_events WHERE kind = 'DefinitionLayer' ORDER BY id")[0]["object_id"].(string)] = "LAYER"
			return w.trail(t, a.Header.Get("X-Request-Id"), names)
		}
		about := func(number int, final bool) string {
			return fmt.Sprintf(`{"applicationId":"WRITTEN","final":%v,"kind":"PAGE","name":"home","number":%d,"public":false,"whole":true}`, final, number)
		}
		if got, want := strings.Join(send("definitionSave", homePage(w.written, input{"content": `{"secret":"of C"}`})), "\n"),
			`definitionSave DefinitionLayer LAYER by CARL of C in C: nothing -> `+about(1, false); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if got, want := strings.Join(send("definitionPatch", homePage(w.written, input{"patch": `{"secret":null}`, "etag": w.reads(w.carl).Etag, "final": true})), "\n"),
			`definitionPatch DefinitionLayer LAYER by CARL of C in C: `+about(1, false)+` -> `+about(2, true); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if got, want := strings.Join(send("definitionDelete", homePage(w.written, nil)), "\n"),
			`definitionDelete DefinitionLayer LAYER by CARL of C in C: `+about(2, true)+` -> nothing`; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

// domain 16.2: a repeat has no second effect, and answers with the definition as it is now.
func TestDefinitionsOnce(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := newAuthors(t, h)
		once := func(key, token, name string, in input) hubtest.Answer {
			t.Helper()
			a := h.DoOnce(token, key, onDefinition(name), hubtest.Variables{"input": in})
			if out := outcomeOf(name, a); len(out.Errors) > 0 {
				t.Fatalf("%+v", out)
			}
			return a
		}
		in := homePage(w.written, input{"content": `{"a":1}`})
		first := once("k1", w.paula, "definitionSave", in)
		if again := once("k1", w.paula, "definitionSave", in); !bytes.Equal(first.Body, again.Body) {
			t.Errorf("first %s\nagain %s", first.Body, again.Body)
		}
		w.saves(w.paula, `{"a":2}`, w.reads(w.paula))
		if again := once("k1", w.paula, "definitionSave", in); !bytes.Contains(again.Body, []byte(`"content":{"a":2}`)) {
			t.Errorf("%s", again.Body)
		}
		w.saves(w.carl, `{"a":3}`, w.reads(w.carl))
		w.saves(w.carl, `{"a":4}`, w.reads(w.carl))
		back := input{"versionId": w.version(w.c, 1)}
		first = once("k2", w.carl, "definitionRestore", back)
		if again := once("k2", w.carl, "definitionRestore", back); !bytes.Equal(first.Body, again.Body) || !bytes.Contains(again.Body, []byte(`"content":{"a":3}`)) {
			t.Errorf("first %s\nagain %s", first.Body, again.Body)
		}
		gone := homePage(w.written, input{"force": true})
		first = once("k3", w.paula, "definitionDelete", gone)
		if again := once("k3", w.paula, "definitionDelete", gone); !bytes.Equal(first.Body, again.Body) || !bytes.Contains(again.Body, []byte(`"overlaysRemoved":1`)) {
			t.Errorf("first %s\nagain %s", first.Body, again.Body)
		}
		nothing := homePage(w.any, input{"content": `{}`, "name": "empty"})
		if once("k4", w.carl, "definitionSave", nothing); w.count("definition_versions", "name = 'empty'") != 1 {
			t.Error("an empty object is one, too")
		}
		if n := w.count("definition_versions", "application_id = ?", w.written); n != 2+3+2 {
			t.Errorf("%d versions", n)
		}
	})
}

// domain 9.5: twenty save at once, ten editors of the owner and ten of a partner: every edit is there, or reported; and numbers
// of versions have no gaps.
func TestSavesAtOnce(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := newAuthors(t, h)
		w.saves(w.paula, `{"same":"-"}`, nil)
		w.saves(w.carl, `{"same":"-","mine":1}`, w.reads(w.carl))
		seen := map[string]*defined{w.paula: w.reads(w.paula), w.carl: w.reads(w.carl)}
		nodes := []*hubtest.Hub{h, h.Node()}
		outcomes := make([]outcome, 20)
		var all sync.WaitGroup
		for i := range outcomes {
			token := []string{w.paula, w.carl}[i%2]
			all.Go(func() {
				content := strings.Replace(string(seen[token].Content), `"-"`, fmt.Sprintf(`"%d"`, i), 1)
				content = strings.TrimSuffix(content, "}") + fmt.Sprintf(`,"k%d":%d}`, i, i)
				outcomes[i] = tries(nodes[i/2%2], token, "definitionSave", homePage(w.written, input{"content": content, "etag": seen[token].Etag}))
			})
		}
		all.Wait()
		w.known.Store(nil)
		told := map[int]int{}
		for i, out := range outcomes {
			if len(out.Errors) > 0 {
				t.Fatalf("%d: %+v", i, out.Errors)
			}
			if slices.ContainsFunc(out.Conflicts, func(c conflictShown) bool { return c.Path == "/same" && c.Source == []string{"OWNER", "OWN"}[i%2] }) {
				told[i%2]++
			}
		}
		if told[0] != 9 || told[1] < 9 {
			t.Errorf("of ten each, %d of the owner's and %d of the partner's are told that another changed the same", told[0], told[1])
		}
		content := string(w.reads(w.carl).Content)
		for i := range outcomes {
			if !strings.Contains(content, fmt.Sprintf(`"k%d":%d`, i, i)) {
				t.Errorf("edit %d is lost: %s", i, content)
			}
		}
		for _, client := range []oid.Client{w.p, w.c} {
			if n, last := w.count("definition_versions", "client_id = ?", client), w.count("definition_versions", "client_id = ? AND number <= 11", client); n != 11 || last != 11 {
				t.Errorf("%d versions, %d of them up to number 11", n, last)
			}
		}
	})
}

// domain 9.5: of twenty who make a definition at once one makes it, and the others hear that it is there.
func TestOneOfTwentyMakesADefinition(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := newAuthors(t, h)
		outcomes := make([]outcome, 20)
		var all sync.WaitGroup
		for i := range outcomes {
			all.Go(func() {
				outcomes[i] = tries(h, []string{w.paula, w.carl}[i%2], "definitionSave", homePage(w.written, input{"content": fmt.Sprintf(`{"by":%d}`, i)}))
			})
		}
		all.Wait()
		made := map[int]int{}
		for i, out := range outcomes {
			switch {
			case len(out.Errors) == 0:
				made[i%2]++
			case out.Errors[0].Code != "CONFLICT":
				t.Errorf("%+v", out.Errors)
			}
		}
		if made[0] != 1 || made[1] > 1 { // the partner's may have come before the owner's
			t.Errorf("the owner has made %d, the partner %d", made[0], made[1])
		}
	})
}

// domain 9.1: a client has at most 10,000 layers of one application.
func TestTooManyLayers(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := newAuthors(t, h)
		w.saves(w.carl, `{"a":1}`, nil)
		version := w.version(w.c, 1)
		const row = "(?, '2026-01-01 00:00:00', '2026-01-01 00:00:00', 1, ?, ?, 'PAGE', ?, ?, TRUE, FALSE, FALSE)"
		for n := 1; n < 9_999; {
			var values []string
			var args []any
			for ; n < 9_999 && len(values) < 500; n++ {
				values = append(values, row)
				args = append(args, oid.New[oid.DefinitionLayer](), w.c, w.written, fmt.Sprint("page", n), version)
			}
			w.exec("INSERT INTO definition_layers (id, created_at, updated_at, version, client_id, application_id, kind, name, current_id, whole, final, public) VALUES "+
				strings.Join(values, ", "), args...)
		}
		w.does(w.carl, "definitionSave", homePage(w.written, input{"name": "the-last", "content": "{}"}))
		if out := tries(h, w.carl, "definitionSave", homePage(w.written, input{"name": "too-many", "content": "{}"})); len(out.Errors) != 1 || out.Errors[0].Code != "NOT_ALLOWED" || out.Errors[0].Path[1] != "name" {
			t.Errorf("%+v", out)
		}
		w.does(w.paula, "definitionSave", homePage(w.written, input{"name": "too-many", "content": "{}"})) // another client has its own
	})
}
