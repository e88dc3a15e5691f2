package apitest

import (
	"strings"
	"testing"
	"time"

	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// domain 9.2: a layer with nothing below it is the whole object. When the owner brings one of that name later it stands on
// top and is reported, until somebody saves who has seen both.
func TestAWholeLayerAndTheOwnerComesLater(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := newAuthors(t, h)
		w.saves(w.carl, `{"a":"C","c":1}`, nil, input{"public": true})
		w.is("the owner sees nothing", w.paula, "", nil, nil)
		if d := w.is("C", w.carl, `{"a":"C","c":1}`, []string{`OWN IN_FORCE whole 1 {"a":"C","c":1}`}, nil); !d.Public {
			t.Error("it is not public")
		}
		w.saves(w.gina, `{"a":"G","c":1}`, w.reads(w.gina))
		w.saves(w.paula, `{"a":"P","p":1}`, nil)
		w.is("C, with the owner's below", w.carl, `{"a":"C","c":1}`,
			[]string{`OWNER REPLACED whole 1 {"a":"P","p":1}`, `OWN IN_FORCE whole 1 {"a":"C","c":1}`}, []string{`OWN : {"a":"P","p":1} / {"a":"C","c":1}`})
		w.is("G", w.gina, `{"a":"G","c":1}`,
			[]string{`OWNER REPLACED whole 1 {"a":"P","p":1}`, `MANAGER IN_FORCE whole 1 {"a":"C","c":1}`, `OWN IN_FORCE delta 1 {"a":"G"}`},
			[]string{`MANAGER : {"a":"P","p":1} / {"a":"C","c":1}`})
		seen := w.reads(w.carl)
		w.refused(t, w.carl, "definitionSave", homePage(w.written, input{"content": `{"a":"C","p":1}`, "etag": seen.Etag, "public": true}), "NOT_ALLOWED at input.public")
		w.saves(w.carl, `{"a":"C","p":1}`, seen)
		d := w.is("C, settled", w.carl, `{"a":"C","p":1}`, []string{`OWNER IN_FORCE whole 1 {"a":"P","p":1}`, `OWN IN_FORCE delta 2 {"a":"C"}`}, nil)
		if d.Public {
			t.Error("an overlay has published what the owner keeps")
		}
		w.is("G, on it", w.gina, `{"a":"G","p":1}`, []string{`OWNER IN_FORCE whole 1 {"a":"P","p":1}`, `MANAGER IN_FORCE delta 2 {"a":"C"}`, `OWN IN_FORCE delta 1 {"a":"G"}`}, nil)
	})
}

// domain 9.6: a final definition takes no overlays; those there sleep, are listed, and are back when it is final no more.
func TestFinalDefinitions(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := newAuthors(t, h)
		w.saves(w.paula, `{"a":"P"}`, nil)
		w.saves(w.carl, `{"a":"C"}`, w.reads(w.carl))
		w.saves(w.gina, `{"a":"G"}`, w.reads(w.gina))
		w.saves(w.carl, `{"a":"C"}`, w.reads(w.carl), input{"final": true})
		w.is("C's is final", w.gina, `{"a":"C"}`, []string{`OWNER IN_FORCE whole 1 {"a":"P"}`, `MANAGER IN_FORCE delta 2 {"a":"C"}`, `OWN BELOW_FINAL delta 1 {"a":"G"}`}, nil)
		w.saves(w.paula, `{"a":"P"}`, w.reads(w.paula), input{"final": true})
		if d := w.is("the owner's is final", w.gina, `{"a":"P"}`,
			[]string{`OWNER IN_FORCE whole 2 {"a":"P"}`, `MANAGER BELOW_FINAL delta 2 {"a":"C"}`, `OWN BELOW_FINAL delta 1 {"a":"G"}`}, nil); !d.Final {
			t.Error("it is not said to be final")
		}
		w.refused(t, w.gina, "definitionSave", homePage(w.written, input{"content": `{"a":"G2"}`, "etag": w.reads(w.gina).Etag}), "NOT_ALLOWED at input.name")
		w.refused(t, w.gina, "definitionPatch", homePage(w.written, input{"patch": `{"a":"G2"}`, "etag": w.reads(w.gina).Etag}), "NOT_ALLOWED at input.name")
		w.saves(w.paula, `{"a":"P2"}`, w.reads(w.paula)) // absent: it stays final
		w.saves(w.paula, `{"a":"P"}`, w.reads(w.paula), input{"final": false})
		w.saves(w.carl, `{"a":"C"}`, w.reads(w.carl), input{"final": false})
		w.is("all are back", w.gina, `{"a":"G"}`, []string{`OWNER IN_FORCE whole 4 {"a":"P"}`, `MANAGER IN_FORCE delta 3 {"a":"C"}`, `OWN IN_FORCE delta 1 {"a":"G"}`}, nil)
	})
}

// domain 9.6: taking a layer away uncovers the one below; the lowest goes with those that build on it, or not at all. Each
// that goes leaves a version that says so, and a trace in its own client's trail.
func TestDefinitionDelete(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := newAuthors(t, h)
		w.saves(w.paula, `{"a":"P","b":1}`, nil)
		w.saves(w.carl, `{"a":"C","b":1}`, w.reads(w.carl))
		w.saves(w.gina, `{"a":"C","b":2}`, w.reads(w.gina))
		w.refused(t, w.paula, "definitionDelete", homePage(w.written, nil), "NOT_ALLOWED at input.force")

		out := w.does(w.carl, "definitionDelete", homePage(w.written, input{"expectedVersion": 1}))
		if out.LayerID == nil || out.OverlaysRemoved != 0 || string(out.Definition.Content) != `{"a":"P","b":1}` {
			t.Errorf("%+v", out)
		}
		w.is("G without the one between", w.gina, `{"a":"P","b":2}`, []string{`OWNER IN_FORCE whole 1 {"a":"P","b":1}`, `OWN IN_FORCE delta 1 {"b":2}`}, nil)
		w.refused(t, w.carl, "definitionDelete", homePage(w.written, nil), "NOT_FOUND at input.name")

		w.saves(w.carl, `{"a":"C2","b":1}`, w.reads(w.carl))
		w.exec("DELETE FROM access_grants WHERE application_id = ? AND client_id = ?", w.written, w.c) // its layer sleeps, and counts
		trail := func() int { return w.count("audit_events", "operation = 'definitionDelete'") }
		had := trail()
		out = w.does(w.paula, "definitionDelete", homePage(w.written, input{"force": true}))
		if out.OverlaysRemoved != 2 || out.Definition != nil {
			t.Errorf("%+v", out)
		}
		w.is("nothing is left", w.gina, "", nil, nil)
		if got := w.versionsOf(w.c); strings.Join(got, "|") != `1 - {"a":"C"}|2 removed |3 - {"a":"C2"}|4 removed ` {
			t.Errorf("%q", got)
		}
		if got := w.versionsOf(w.g); strings.Join(got, "|") != `1 - {"b":2}|2 removed ` {
			t.Errorf("%q", got)
		}
		if trail() != had+3 || w.count("audit_events", "operation = 'definitionDelete' AND client_id = ? AND kind = 'DefinitionLayer' AND `after` IS NULL", w.g) != 1 {
			t.Errorf("%d events", trail()-had)
		}
		if w.count("definition_layers", "application_id = ?", w.written) != 0 {
			t.Error("layers are left")
		}
		// Numbers count on.
		w.saves(w.paula, `{"a":"P3"}`, nil)
		if got := w.versionsOf(w.p); strings.Join(got, "|") != `1 whole {"a":"P","b":1}|2 whole+removed |3 whole {"a":"P3"}` {
			t.Errorf("%q", got)
		}
	})
}

// domain 9.6: what does not build on the lowest layer does not go with it: another whole object, and what stands on that.
func TestDeleteLeavesWhatStandsByItself(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := newAuthors(t, h)
		w.saves(w.carl, `{"a":"C"}`, nil)
		w.saves(w.gina, `{"a":"G"}`, w.reads(w.gina))
		w.refused(t, w.carl, "definitionDelete", homePage(w.written, nil), "NOT_ALLOWED at input.force")
		w.grant(w.written, w.k, enum.LevelWrite)
		w.saves(w.paula, `{"a":"P"}`, nil)
		w.saves(w.kate, `{"a":"K"}`, w.reads(w.kate))
		out := w.does(w.paula, "definitionDelete", homePage(w.written, input{"force": true}))
		if out.OverlaysRemoved != 1 {
			t.Errorf("%d went too", out.OverlaysRemoved)
		}
		w.is("G stands on C's", w.gina, `{"a":"G"}`, []string{`MANAGER IN_FORCE whole 1 {"a":"C"}`, `OWN IN_FORCE delta 1 {"a":"G"}`}, nil)
		if out = w.does(w.carl, "definitionDelete", homePage(w.written, input{"force": true})); out.OverlaysRemoved != 1 {
			t.Errorf("%d went too", out.OverlaysRemoved)
		}
	})
}

// domain 9.6: any version can be restored: after the layer was taken away, and after the owner went on, which is reported.
func TestDefinitionRestore(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := newAuthors(t, h)
		w.saves(w.paula, `{"a":"P","b":1}`, nil)
		w.saves(w.carl, `{"a":"C1","b":1}`, w.reads(w.carl))
		w.saves(w.carl, `{"a":"C2","b":1}`, w.reads(w.carl))
		version := func(client any, number int) string {
			t.Helper()
			rows := query(t, h, "SELECT id FROM definition_versions WHERE client_id = ? AND number = ?", client, number)
			return rows[0]["id"].(string)
		}
		restore := func(number int, more ...input) outcome {
			t.Helper()
			in := input{"versionId": version(w.c, number)}
			for _, m := range more {
				for k, v := range m {
					in[k] = v
				}
			}
			return w.does(w.carl, "definitionRestore", in)
		}
		if out := restore(1, input{"expectedVersion": 2}); string(out.Definition.Content) != `{"a":"C1","b":1}` || len(out.Conflicts) > 0 {
			t.Errorf("%+v", out)
		}
		before := w.state()
		restore(3)
		restore(1)
		w.unchanged(t, before, "restored to what it is")
		w.refused(t, w.carl, "definitionRestore", input{"versionId": version(w.c, 2), "expectedVersion": 2}, "CONFLICT at input.expectedVersion")
		w.refused(t, w.carl, "definitionRestore", input{"versionId": version(w.c, 2), "expectedVersion": 0}, "CONFLICT at input.expectedVersion")

		w.does(w.carl, "definitionDelete", homePage(w.written, nil))
		w.refused(t, w.carl, "definitionRestore", input{"versionId": version(w.c, 4)}, "INVALID at input.versionId")
		w.saves(w.paula, `{"a":"P2","b":2}`, w.reads(w.paula))
		out := restore(2, input{"expectedVersion": 0})
		if string(out.Definition.Content) != `{"a":"C2","b":2}` || strings.Join(texts(out.Conflicts), "|") != `OWN /a: "P2" / "C2"` {
			t.Errorf("%+v", out)
		}
		if got := w.versionsOf(w.c); strings.Join(got[3:], "|") != `4 removed |5 - {"a":"C2"}` {
			t.Errorf("%q", got)
		}
		if n := w.count("audit_events", "operation = 'definitionRestore' AND client_id = ?", w.c); n != 2 {
			t.Errorf("%d events", n)
		}
		// The owner's too, and what lies above it stays.
		w.does(w.paula, "definitionRestore", input{"versionId": version(w.p, 1)})
		w.is("the owner has gone back", w.carl, `{"a":"C2","b":1}`, []string{`OWNER IN_FORCE whole 3 {"a":"P","b":1}`, `OWN IN_FORCE delta 5 {"a":"C2"}`}, nil)
	})
}

// domain 5.4, 9.3: a layer sleeps while its client lacks write access, be the grant revoked, expired or READ, and is back as
// it was with a new one.
func TestLayersSleepWithTheirGrants(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := newAuthors(t, h)
		w.saves(w.paula, `{"a":"P","b":1}`, nil)
		w.saves(w.carl, `{"a":"C","b":1}`, w.reads(w.carl))
		w.saves(w.gina, `{"a":"C","b":"G"}`, w.reads(w.gina))
		awake := []string{`OWNER IN_FORCE whole 1 {"a":"P","b":1}`, `MANAGER IN_FORCE delta 1 {"a":"C"}`, `OWN IN_FORCE delta 1 {"b":"G"}`}
		asleep := []string{awake[0], `MANAGER NO_ACCESS delta 1 {"a":"C"}`, awake[2]}
		w.is("all there", w.gina, `{"a":"C","b":"G"}`, awake, nil)
		held := w.reads(w.carl)
		rows := query(t, h, "SELECT id FROM access_grants WHERE client_id = ? AND application_id = ?", w.c, w.written)
		w.yes(w.paula, "accessGrantRevoke", input{"id": rows[0]["id"]})
		w.is("C's grant is gone", w.gina, `{"a":"P","b":"G"}`, asleep, nil)
		w.is("C reads nothing", w.carl, "", nil, nil)
		w.refused(t, w.carl, "definitionSave", homePage(w.written, input{"content": "{}", "etag": held.Etag}), "NOT_ALLOWED at input.applicationId") // it sees the application still: G has access
		w.refused(t, w.carl, "definitionDelete", homePage(w.written, nil), "NOT_ALLOWED at input.applicationId")
		w.yes(w.paula, "accessGrantSet", input{"applicationId": w.written, "clientId": w.c, "level": "READ"})
		w.is("C reads only", w.gina, `{"a":"P","b":"G"}`, asleep, nil)
		w.is("C itself", w.carl, `{"a":"P","b":1}`, []string{awake[0], `OWN NO_ACCESS delta 1 {"a":"C"}`}, nil)
		w.refused(t, w.carl, "definitionSave", homePage(w.written, input{"content": "{}", "etag": held.Etag}), "NOT_ALLOWED at input.applicationId")
		reader := w.reads(w.carl)
		w.yes(w.paula, "accessGrantSet", input{"applicationId": w.written, "clientId": w.c, "level": "WRITE", "expiresAt": later(20 * time.Minute)})
		w.is("a new grant", w.gina, `{"a":"C","b":"G"}`, awake, nil)
		soon := w.Node(func(o *hub.HTTP) { o.Clock = clock.At(func() time.Time { return time.Now().Add(25 * time.Minute) }) })
		if a := soon.Do(w.gina, readDefinition, hubtest.Variables{"a": w.written, "k": "PAGE", "n": "home"}); !strings.Contains(string(a.Body), `"content":{"a":"P","b":"G"}`) {
			t.Errorf("expired: %s", a.Body)
		}
		// Saved by somebody who read without it: what it says stays.
		out := w.saves(w.carl, `{"a":"P","b":1,"c":1}`, reader)
		if string(out.Definition.Content) != `{"a":"C","b":1,"c":1}` {
			t.Errorf("%s", out.Definition.Content)
		}
	})
}

// domain 9.3, 9.5: a client above the owner may write too: its layer lies above the owner's, for the owner and all below it.
// What the owner changes where that layer lies he is told of.
func TestAManagerOverTheOwner(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := newAuthors(t, h)
		w.grant(w.written, "cli_00000000000000000000SYSTEM", enum.LevelWrite)
		w.saves(w.paula, `{"a":"P","b":1,"c":1}`, nil)
		w.saves(w.root, `{"a":"S","b":1,"c":1}`, w.reads(w.root))
		d := w.is("the owner", w.paula, `{"a":"S","b":1,"c":1}`, []string{`OWNER IN_FORCE whole 1 {"a":"P","b":1,"c":1}`, `MANAGER IN_FORCE delta 1 {"a":"S"}`}, nil)
		out := w.saves(w.paula, `{"a":"S","b":2,"c":1}`, d)
		if string(out.Definition.Content) != `{"a":"S","b":2,"c":1}` || len(out.Conflicts) > 0 {
			t.Errorf("%+v", out)
		}
		w.is("what he has not touched is his still", w.paula, `{"a":"S","b":2,"c":1}`, []string{`OWNER IN_FORCE whole 2 {"a":"P","b":2,"c":1}`, `MANAGER IN_FORCE delta 1 {"a":"S"}`}, nil)
		out = w.saves(w.paula, `{"a":"P2","b":2,"c":1}`, w.reads(w.paula))
		if string(out.Definition.Content) != `{"a":"S","b":2,"c":1}` || strings.Join(texts(out.Conflicts), "|") != `MANAGER /a: "P2" / "S"` {
			t.Errorf("%s %q", out.Definition.Content, texts(out.Conflicts))
		}
		out = w.saves(w.paula, `{"a":"P2","b":2,"c":3}`, w.reads(w.paula))
		if string(out.Definition.Content) != `{"a":"S","b":2,"c":3}` || strings.Join(texts(out.Conflicts), "|") != `MANAGER /a: "P2" / "S"` {
			t.Errorf("%s %q", out.Definition.Content, texts(out.Conflicts))
		}
		w.is("SYSTEM settles it", w.root, `{"a":"S","b":2,"c":3}`, []string{`OWNER IN_FORCE whole 4 {"a":"P2","b":2,"c":3}`, `OWN IN_FORCE delta 1 {"a":"S"}`}, []string{`OWN /a: "P2" / "S"`})
		w.saves(w.root, string(w.reads(w.root).Content), w.reads(w.root))
		if d := w.reads(w.paula); len(d.Conflicts) > 0 {
			t.Errorf("%q", texts(d.Conflicts))
		}
	})
}
