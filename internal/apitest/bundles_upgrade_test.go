package apitest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// definitionsOf replaces the definitions of a bundle.
func definitionsOf(doc map[string]any, contents map[string]string) {
	var list []any
	for name, content := range contents {
		list = append(list, map[string]any{"kind": "PAGE", "name": name, "public": false, "final": name == "final", "content": json.RawMessage(content)})
	}
	doc["definitions"] = list
}

// domain 12.2, 9.5: an upgrade replaces what the owner provides, and nothing else: overlays stay, conflicts are told, and those
// of what was dropped sleep. The dry run tells the same, and writes nothing.
func TestUpgrade(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		m := newMarket(t, h)
		text := m.download(t, m.paula, m.source)
		app := m.imported(t, text)
		m.grant(app, m.g, enum.LevelWrite)
		m.grant(app, m.s, enum.LevelWrite)
		m.overlay(t, m.carl, app, "home", `{"title":"Carl's","size":1.50,"items":[{"key":"a","v":1},{"key":"b","v":2}]}`)
		m.overlay(t, m.gina, app, "home", `{"title":"Gina's","size":2,"items":[{"key":"a","v":1},{"key":"b","v":2}]}`)
		m.overlay(t, m.carl, app, "legal", `{"text":"mine"}`)
		m.overlay(t, m.stan, app, "home", `{"title":"Stan's","size":1.50,"items":[{"key":"a","v":1},{"key":"b","v":2}]}`)
		m.overlay(t, m.stan, app, "legal", `{"text":"stranger"}`)
		m.define(t, m.gina, app, "later", `{"of":"Gina"}`, "", false)

		newer := altered(t, text, func(doc map[string]any) {
			definitionsOf(doc, map[string]string{
				"home":  `{"title":"New","size":1.50,"items":[{"key":"b","v":2},{"key":"a","v":9}]}`,
				"about": `{"title":"About"}`, "later": `{"of":"the owner"}`,
			})
			for _, d := range doc["definitions"].([]any) {
				d.(map[string]any)["public"] = d.(map[string]any)["name"] == "about"
			}
			doc["properties"] = []any{map[string]any{"name": "COLOUR", "value": "blue", "public": true}, map[string]any{"name": "FRESH", "value": "", "public": false}}
			doc["permissions"] = []any{map[string]any{"name": "Order_READ", "description": "New words"}, map[string]any{"name": "Order_EAT", "description": ""}}
			doc["roles"] = []any{
				map[string]any{"name": "Clerk", "description": "Is Clerk", "permissions": []any{"source.Order_EAT"}, "subRoles": []any{}},
				map[string]any{"name": "Guest", "description": "", "permissions": []any{"source.Order_READ"}, "subRoles": []any{"Clerk"}},
			}
			doc["packages"].([]any)[0].(map[string]any)["roles"] = []any{"Guest"}
		})
		// Gina changed the title too, over Carl's, which is below hers as before: there is no conflict of hers. The stranger's is
		// counted, and not named.
		want := upgradeReport{ConflictCount: 3, SleepingCount: 2}
		_ = json.Unmarshal([]byte(`[{"kind":"ApplicationProperty","made":1,"changed":1,"dropped":1},{"kind":"Definition","made":1,"changed":1,"dropped":1},`+
			`{"kind":"Package","made":0,"changed":1,"dropped":0},{"kind":"Permission","made":1,"changed":1,"dropped":1},{"kind":"Role","made":1,"changed":1,"dropped":1}]`), &want.Changes)
		_ = json.Unmarshal([]byte(`[{"kind":"PAGE","name":"home","clientCode":"CHILD","path":"/title"},{"kind":"PAGE","name":"later","clientCode":"GRAND","path":""}]`), &want.Conflicts)
		_ = json.Unmarshal([]byte(`[{"kind":"PAGE","name":"legal","clientCode":"CHILD"}]`), &want.Sleeping)
		in := input{"applicationId": app, "bundleId": m.send(t, m.carl, newer), "dryRun": true}
		dry := m.does(t, m.carl, "applicationUpgrade", in)
		before := m.state()
		if again := m.does(t, m.carl, "applicationUpgrade", in); again.Application != nil || !cmp.Equal(again, dry) {
			t.Errorf("a second dry run is %+v", again)
		}
		m.unchanged(t, before, "a dry run")
		in["dryRun"] = false
		wet := m.does(t, m.carl, "applicationUpgrade", in)
		if diff := cmp.Diff(dry.Report, wet.Report); diff != "" {
			t.Errorf("(-dry +real):\n%s", diff)
		}
		if diff := cmp.Diff(&want, wet.Report); diff != "" {
			t.Errorf("(-wanted +report):\n%s", diff)
		}
		m.upgraded(t, app)
		before = m.state()
		nothing := m.does(t, m.carl, "applicationUpgrade", in)
		if r := nothing.Report; fmt.Sprint(r.Changes) != "[{Permission 0 0 1} {Role 0 0 1}]" || r.ConflictCount+r.SleepingCount != 0 {
			t.Errorf("the same once more: %+v", r)
		}
		m.unchanged(t, before, "the same bundle once more")
	})
}

// upgraded looks at what everybody reads after the upgrade.
func (m *market) upgraded(t *testing.T, app oid.Application) {
	t.Helper()
	for who, token := range map[string]string{
		`{"title":"Carl's","size":1.50,"items":[{"key":"b","v":2},{"key":"a","v":9}]}`: m.carl,
		`{"title":"Gina's","size":2,"items":[{"key":"b","v":2},{"key":"a","v":9}]}`:    m.gina,
		`{"title":"Stan's","size":1.50,"items":[{"key":"b","v":2},{"key":"a","v":9}]}`: m.stan,
		`{"title":"New","size":1.50,"items":[{"key":"b","v":2},{"key":"a","v":9}]}`:    m.paula,
	} {
		if got := m.reads(t, token, app, "home"); got == nil || string(got.Content) != who {
			t.Errorf("home is %+v, want %s", got, who)
		}
	}
	if conflicts := m.reads(t, m.carl, app, "home").Conflicts; len(conflicts) != 1 || conflicts[0].Path != "/title" {
		t.Errorf("the reading shows the conflicts %v", conflicts)
	}
	if got := m.reads(t, m.carl, app, "legal"); got != nil {
		t.Errorf("what was dropped is %+v", got)
	}
	if n := m.count("definition_layers", "application_id = ? AND name = 'legal'", app); n != 2 {
		t.Errorf("%d layers of what was dropped are left", n)
	}
	if n := m.count("definition_versions", "application_id = ? AND name = 'legal' AND removed = TRUE AND content = ''", app); n != 1 {
		t.Errorf("%d versions say that it was dropped", n)
	}
	if got := string(m.reads(t, m.gina, app, "later").Content); got != `{"of":"Gina"}` {
		t.Errorf("what Gina had first is %s", got)
	}
	if n := m.count("role_permissions AS h JOIN roles AS r ON r.id = h.role_id JOIN permissions AS p ON p.id = h.permission_id",
		"r.application_id = ? AND r.name = 'Clerk' AND p.authority = 'imported.Order_EAT'", app); n != 1 {
		t.Errorf("Clerk holds %d", n)
	}
	if n := m.count("role_permissions AS h JOIN roles AS r ON r.id = h.role_id", "r.application_id = ? AND r.name = 'Clerk'", app); n != 1 {
		t.Errorf("Clerk holds %d permissions", n)
	}
	if n := m.count("roles", "application_id = ? AND name = 'Manager'", app); n != 1 {
		t.Errorf("%d roles that the bundle has no more are left", n)
	}
}

// A repeat with an Idempotency-Key has no second effect, and tells the numbers of the first (domain 16.2).
func TestBundlesOnce(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		m := newMarket(t, h)
		text := m.download(t, m.paula, m.source)
		twice := func(token, key, name string, in input) (first, second bundlePayload) {
			t.Helper()
			ask := func() bundlePayload {
				return bundled(t, name, h.DoOnce(token, key, onBundle(name), hubtest.Variables{"input": in}))
			}
			return ask(), ask()
		}
		first, second := twice(m.carl, "import", "applicationImport", input{"bundleId": m.send(t, m.carl, text)})
		if diff := cmp.Diff(first, second); diff != "" || first.Application == nil || m.count("applications", "access_type = 'EXPLICIT'") != 1 {
			t.Errorf("imports (-first +second):\n%s", diff)
		}
		newer := altered(t, text, func(doc map[string]any) { definitionsOf(doc, map[string]string{"home": `{}`}) })
		first, second = twice(m.carl, "upgrade", "applicationUpgrade", input{"applicationId": first.Application.ID, "bundleId": m.send(t, m.carl, newer), "dryRun": false})
		if diff := cmp.Diff(first, second); diff != "" || len(first.Report.Changes) == 0 {
			t.Errorf("upgrades (-first +second):\n%s", diff)
		}
		first, second = twice(m.paula, "export", "applicationExport", input{"applicationId": m.source})
		if over(t, h, http.MethodGet, *second.Download, "", "").Code != http.StatusOK || m.count("audit_events", "operation = 'applicationExport'") != 2 {
			t.Errorf("exports: %+v and %+v", first, second)
		}
	})
}

// domain 12.2: an application with 500 definitions and overlays of the client that brought it is upgraded in one transaction,
// by a number of statements that does not grow with them. What fails at its end leaves everything as it was.
func TestUpgradeOfManyDefinitions(t *testing.T) {
	const many = 500
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		m := newMarket(t, h)
		text := m.download(t, m.paula, m.source)
		contents := func(word string, n int) map[string]string {
			all := map[string]string{}
			for i := range n {
				all[fmt.Sprintf("p%03d", i)] = fmt.Sprintf(`{"title":"%s %d","body":{"a":1,"b":[1,2,3]}}`, word, i)
			}
			return all
		}
		big := func(word string, n int) string {
			return altered(t, text, func(doc map[string]any) { definitionsOf(doc, contents(word, n)) })
		}
		app := m.imported(t, big("old", many))
		m.overlays(app, many)
		in := input{"applicationId": app, "bundleId": m.send(t, m.carl, big("new", many)), "dryRun": false}
		few := m.imported(t, big("old", 5))
		fewIn := input{"applicationId": few, "bundleId": m.send(t, m.carl, big("new", 5)), "dryRun": false}

		before := m.state()
		m.breaks(t, func() {
			if a := h.Do(m.carl, onBundle("applicationUpgrade"), hubtest.Variables{"input": in}); len(a.Errors) != 1 || a.Errors[0].Code() != "INTERNAL" {
				t.Errorf("what fails at its end is answered %.300s", a.Body)
			}
		})
		m.unchanged(t, before, "an upgrade that fails at its end")

		statements := func(in input) (int, bundlePayload) {
			ctx, counter := store.WithCounter(t.Context())
			a := h.DoContext(ctx, m.carl, onBundle("applicationUpgrade"), hubtest.Variables{"input": in})
			return counter.Statements(), bundled(t, "applicationUpgrade", a)
		}
		small, _ := statements(fewIn)
		n, p := statements(in)
		t.Logf("5 definitions take %d statements, %d with overlays take %d", small, many, n)
		if n > 60 { // a dozen of them may be the session's, which is read anew within a second
			t.Errorf("%d definitions take %d statements", many, n)
		}
		if r := p.Report; r == nil || fmt.Sprint(r.Changes) != fmt.Sprintf("[{Definition 0 %d 0}]", many) || r.ConflictCount != many || len(r.Conflicts) != many {
			t.Errorf("the report: %.300v", p)
		}
		if got := string(m.reads(t, m.carl, app, "p007").Content); got != `{"title":"mine","body":{"a":1,"b":[1,2,3]}}` {
			t.Errorf("Carl reads %s", got)
		}
		if n := m.count("definition_versions AS v JOIN definition_layers AS l ON l.current_id = v.id", "l.application_id = ? AND l.client_id = ? AND v.number = 2 AND l.version = 2", app, m.p); n != many {
			t.Errorf("%d layers of the owner have their second version", n)
		}
	})
}

// overlays lays one of C's over each definition, with the owner's as its base.
func (m *market) overlays(app oid.Application, n int) {
	m.t.Helper()
	for i := range n {
		name := fmt.Sprintf("p%03d", i)
		version, layer := oid.New[oid.DefinitionVersion](), oid.New[oid.DefinitionLayer]()
		m.exec("INSERT INTO definition_versions (id, created_at, updated_at, version, client_id, application_id, kind, name, number, content, base, whole, final, public, removed)"+
			" SELECT ?, created_at, created_at, 1, ?, application_id, kind, name, 1, ?, id, FALSE, FALSE, FALSE, FALSE FROM definition_versions WHERE application_id = ? AND name = ? AND client_id = ?",
			version, m.c, `{"title":"mine"}`, app, name, m.p)
		m.exec("INSERT INTO definition_layers (id, created_at, updated_at, version, client_id, application_id, kind, name, current_id, whole, final, public)"+
			" SELECT ?, created_at, created_at, 1, client_id, application_id, kind, name, id, FALSE, FALSE, FALSE FROM definition_versions WHERE id = ?", layer, version)
	}
}

// breaks has the last statement of an upgrade fail: the event that tells of it as a whole.
func (m *market) breaks(t *testing.T, run func()) {
	t.Helper()
	fails := "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'broken by the test'"
	when := "IF NEW.operation = 'applicationUpgrade' AND NEW.kind = 'Application' THEN " + fails + "; END IF;"
	trigger := "CREATE TRIGGER broken BEFORE INSERT ON audit_events FOR EACH ROW BEGIN " + when + " END"
	if m.DB.Engine() == store.SQLite {
		trigger = "CREATE TRIGGER broken BEFORE INSERT ON audit_events WHEN NEW.operation = 'applicationUpgrade' AND NEW.kind = 'Application'" +
			" BEGIN SELECT RAISE(ROLLBACK, 'broken by the test'); END"
	}
	m.exec(trigger)
	defer m.exec("DROP TRIGGER broken")
	run()
}

// domain 11.1: nothing is put into an archived application, and it is still exported.
func TestBundlesOfArchivedApplications(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		m := newMarket(t, h)
		m.archive(m.source)
		text := m.download(t, m.paula, m.source)
		got := m.fault(t, m.paula, "applicationUpgrade", input{"applicationId": m.source, "bundleId": m.send(t, m.paula, text), "dryRun": false})
		if !strings.HasPrefix(got, "NOT_ALLOWED at input.applicationId: the application is archived") {
			t.Errorf("got %s", got)
		}
	})
}
