package apitest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/appanage/appanage/ent/permission"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// version is the id of a version that a client has had of the page.
func (w authors) version(client oid.Client, number int) string {
	w.t.Helper()
	rows := query(w.t, w.Hub, "SELECT id FROM definition_versions WHERE client_id = ? AND application_id = ? AND kind = 'PAGE' AND name = 'home' AND number = ?", client, w.written, number)
	if len(rows) != 1 {
		w.t.Fatalf("%d versions have the number %d", len(rows), number)
	}
	return rows[0]["id"].(string)
}

// Attack (domain 5.2, 9.1): a layer is made without write access, by a reader, and by a client that manages the owner.
func TestAttackDefinitionWithoutWriteAccess(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := newAuthors(t, h)
		w.does(w.paula, "definitionSave", homePage(w.readable, input{"content": `{"a":1}`}))
		var data struct{ Definition *defined }
		w.MustData(w.Do(w.carl, readDefinition, hubtest.Variables{"a": w.readable, "k": "PAGE", "n": "home"}), &data)
		write := func(r *authz.Rules) { r.Defines = func(authz.Caller) bool { return true } }
		w.attacked(t, write, w.carl, "definitionSave", homePage(w.readable, input{"content": `{"a":2}`, "etag": data.Definition.Etag}), "NOT_ALLOWED at input.applicationId")
		w.attacked(t, write, w.carl, "definitionPatch", homePage(w.readable, input{"patch": `{"a":3}`, "etag": data.Definition.Etag}), "NOT_ALLOWED at input.applicationId")
		w.attacked(t, write, w.carl, "definitionDelete", homePage(w.readable, nil), "NOT_ALLOWED at input.applicationId")
		w.attacked(t, write, w.root, "definitionSave", homePage(w.written, input{"name": "of-system", "content": `{}`}), "NOT_ALLOWED at input.applicationId")
		// It would sleep, even so: domain 9.3.
		w.MustData(w.Do(w.carl, readDefinition, hubtest.Variables{"a": w.readable, "k": "PAGE", "n": "home"}), &data)
		if string(data.Definition.Content) != `{"a":1}` {
			t.Errorf("%s", data.Definition.Content)
		}
	})
}

// Attack (domain 9.2): the creator of an EXPLICIT application changes what its owner provides. He changes his own layer, and
// there is no way to name another.
func TestAttackCreatorChangesTheOwnersLayer(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := newAuthors(t, h)
		app := oid.Application(w.succeeds(w.carl, "applicationCreate", input{"name": "Bought", "accessType": "EXPLICIT"}).Application.ID)
		w.does(w.paula, "definitionSave", homePage(app, input{"content": `{"a":"owner"}`}))
		var data struct{ Definition *defined }
		w.MustData(w.Do(w.carl, readDefinition, hubtest.Variables{"a": app, "k": "PAGE", "n": "home"}), &data)
		owners := func() string {
			rows := query(t, h, "SELECT l.version, v.number, v.content FROM definition_layers l JOIN definition_versions v ON v.id = l.current_id WHERE l.client_id = ? AND l.application_id = ?", w.p, app)
			return fmt.Sprint(rows[0]["version"], " ", rows[0]["number"], " ", rows[0]["content"])
		}
		before := owners()
		w.refuses(t, w.carl, "definitionSave", homePage(app, input{"clientId": w.p, "content": `{"a":"creator"}`, "etag": data.Definition.Etag}), 400, "VALIDATION")
		w.does(w.carl, "definitionSave", homePage(app, input{"content": `{"a":"creator"}`, "etag": data.Definition.Etag}))
		w.does(w.carl, "definitionDelete", homePage(app, input{"force": true}))
		if got := owners(); got != before || before != `1 1 {"a":"owner"}` {
			t.Errorf("the owner's layer was %s and is %s", before, got)
		}
	})
}

// Attack (domain 9.5): a save on the strength of what somebody else has read, or of another definition.
func TestAttackForeignEtags(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := newAuthors(t, h)
		w.saves(w.paula, `{"a":1}`, nil)
		other := w.does(w.carl, "definitionSave", homePage(w.written, input{"name": "other", "content": `{"a":1}`})).Definition.Etag
		kind := w.does(w.carl, "definitionSave", homePage(w.written, input{"kind": "THEME", "content": `{"a":1}`})).Definition.Etag
		elsewhere := w.does(w.carl, "definitionSave", homePage(w.any, input{"content": `{"a":1}`})).Definition.Etag
		good := w.reads(w.carl).Etag
		flipped := good[:len(good)-1] + map[bool]string{true: "A", false: "E"}[good[len(good)-1] != 'A']
		for what, etag := range map[string]string{
			"of the owner's reading": w.reads(w.paula).Etag, "of another name": other, "of another kind": kind, "of another application": elsewhere,
			"made up": strings.Repeat("A", len(good)), "cut": good[:len(good)-22], "changed": flipped, "twice": good + good,
		} {
			t.Run(what, func(t *testing.T) {
				w.refused(t, w.carl, "definitionSave", homePage(w.written, input{"content": `{"a":2}`, "etag": etag}), "CONFLICT at input.etag")
				w.refused(t, w.carl, "definitionPatch", homePage(w.written, input{"patch": `{"a":2}`, "etag": etag}), "CONFLICT at input.etag")
			})
		}
	})
}

// Attack (domain 9.7, 9.6): an overlay publishes what the owner keeps to himself; and lies over what is final.
func TestAttackOverlaysPublishAndCoverFinal(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := newAuthors(t, h)
		w.saves(w.paula, `{"a":1}`, nil)
		publish := func(r *authz.Rules) { r.Publishes = func(authz.Laying) bool { return true } }
		w.attacked(t, publish, w.carl, "definitionSave", homePage(w.written, input{"content": `{"a":2}`, "etag": w.reads(w.carl).Etag, "public": true}), "NOT_ALLOWED at input.public")
		if w.reads(w.carl).Public || w.reads(w.paula).Public {
			t.Error("it is public: only its lowest layer says so")
		}
		w.refused(t, w.carl, "definitionPatch", homePage(w.written, input{"patch": `{"a":2}`, "etag": w.reads(w.carl).Etag, "public": false}), "NOT_ALLOWED at input.public")
		w.saves(w.paula, `{"a":1}`, w.reads(w.paula), input{"final": true, "public": true})
		if !w.reads(w.carl).Public {
			t.Error("the owner's word does not count")
		}
		cover := func(r *authz.Rules) { r.Overlays = func(authz.Laying) bool { return true } }
		w.attacked(t, cover, w.gina, "definitionSave", homePage(w.written, input{"content": `{"a":3}`, "etag": w.reads(w.gina).Etag}), "NOT_ALLOWED at input.name")
		w.attacked(t, cover, w.carl, "definitionRestore", input{"versionId": w.version(w.c, 1), "expectedVersion": 1}, "NOT_ALLOWED at input.versionId")
	})
}

// Attack (domain 9.6, 0): a version of another client's layer is restored: of one below, of one above, and of a stranger's.
func TestAttackRestoreOfAnothersVersion(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := newAuthors(t, h)
		w.saves(w.paula, `{"a":1}`, nil)
		w.saves(w.carl, `{"a":2}`, w.reads(w.carl))
		childs, owners := w.version(w.c, 1), w.version(w.p, 1)
		w.refused(t, w.gina, "definitionRestore", input{"versionId": childs}, "NOT_FOUND at input.versionId")
		w.refused(t, w.carl, "definitionRestore", input{"versionId": owners}, "NOT_FOUND at input.versionId")
		w.refused(t, w.stan, "definitionRestore", input{"versionId": owners}, "NOT_FOUND at input.versionId")
		w.attacked(t, func(r *authz.Rules) { r.Restores = func(_, _ oid.Client) bool { return true } },
			w.paula, "definitionRestore", input{"versionId": childs}, "NOT_ALLOWED at input.versionId")
		w.exec("DELETE FROM access_grants WHERE application_id = ?", w.written)
		w.refused(t, w.carl, "definitionRestore", input{"versionId": childs}, "NOT_ALLOWED at input.versionId") // its own, and it sleeps
	})
}

// Attack (domain 2.3, 9.7): a session for one application writes the definitions of another.
func TestAttackSessionForAnotherApplication(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := newAuthors(t, h)
		w.saves(w.carl, `{"a":1}`, nil)
		home := oid.Membership(query(t, h, "SELECT id FROM memberships WHERE user_id = ?", w.carlID)[0]["id"].(string))
		own, foreign := h.Session(w.c, w.carlID, home, &w.written), h.Session(w.c, w.carlID, home, &w.any)
		opens := func(r *authz.Rules) { r.OpensDefinitions = func(_, _ oid.Application) bool { return true } }
		w.attacked(t, opens, foreign, "definitionSave", homePage(w.written, input{"name": "fresh", "content": "{}"}), "NOT_FOUND at input.applicationId")
		w.attacked(t, opens, foreign, "definitionPatch", homePage(w.written, input{"patch": `{"a":2}`, "etag": w.reads(w.carl).Etag}), "NOT_FOUND at input.applicationId")
		w.attacked(t, opens, foreign, "definitionRestore", input{"versionId": w.version(w.c, 1)}, "NOT_FOUND at input.versionId")
		w.attacked(t, opens, foreign, "definitionDelete", homePage(w.written, nil), "NOT_FOUND at input.applicationId")
		if out := w.does(own, "definitionSave", homePage(w.written, input{"content": `{"a":3}`})); string(out.Definition.Content) != `{"a":3}` {
			t.Errorf("%+v", out)
		}
	})
}

// domain 11.1, 4.6: definitions of an archived application are neither read nor saved; what is there can be taken away by who
// sees it still. Attack: one is saved all the same.
func TestAttackDefinitionsOfArchivedApplications(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := newAuthors(t, h)
		w.saves(w.paula, `{"a":1}`, nil)
		w.saves(w.carl, `{"a":2}`, w.reads(w.carl))
		owners, childs := w.reads(w.paula).Etag, w.reads(w.carl).Etag
		w.succeeds(w.paula, "applicationArchive", input{"id": w.written})
		w.is("archived", w.paula, "", nil, nil)
		grow := func(r *authz.Rules) { r.Grows = func(enum.ApplicationStatus) bool { return true } }
		w.attacked(t, grow, w.paula, "definitionSave", homePage(w.written, input{"content": `{"a":3}`, "etag": owners}), "NOT_ALLOWED at input.applicationId")
		w.attacked(t, grow, w.paula, "definitionRestore", input{"versionId": w.version(w.p, 1)}, "NOT_ALLOWED at input.versionId")
		w.refused(t, w.carl, "definitionSave", homePage(w.written, input{"content": `{"a":3}`, "etag": childs}), "NOT_FOUND at input.applicationId")
		w.refused(t, w.carl, "definitionDelete", homePage(w.written, nil), "NOT_FOUND at input.applicationId")
		if out := w.does(w.paula, "definitionDelete", homePage(w.written, input{"force": true})); out.OverlaysRemoved != 1 || out.LayerID == nil {
			t.Errorf("%+v", out)
		}
		w.succeeds(w.paula, "applicationRestore", input{"id": w.written})
		w.saves(w.carl, `{"a":5}`, nil)
	})
}

// domain 9.1: to make what is not there takes Definition_CREATE beside Definition_UPDATE; to change what is there does not, nor
// does a first layer on it.
func TestDefinitionCreateIsAnAuthority(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := newAuthors(t, h)
		permissions := h.Ent().Permission.Query().Where(permission.AuthorityIn("Definition_UPDATE", "Definition_READ", "Definition_DELETE")).IDsX(h.System())
		_, editor := h.User(w.c, "editor", h.Role(w.c, nil, "Editor", permissions...))
		w.refused(t, editor, "definitionSave", homePage(w.written, input{"content": `{}`}), "NOT_ALLOWED at input.name")
		w.saves(w.paula, `{"a":1}`, nil)
		w.saves(editor, `{"a":2}`, w.reads(editor))
		w.saves(editor, `{"a":3}`, w.reads(editor))
		read := w.reads(editor)
		w.does(w.paula, "definitionDelete", homePage(w.written, input{"force": true}))
		w.refused(t, editor, "definitionSave", homePage(w.written, input{"content": `{"a":4}`, "etag": read.Etag}), "NOT_ALLOWED at input.name")
		_, reader := h.User(w.c, "reader", h.Role(w.c, nil, "Reader", permissions[:0]...))
		for _, name := range []string{"definitionSave", "definitionPatch", "definitionDelete"} {
			if out := tries(h, reader, name, homePage(w.written, map[string]input{
				"definitionSave": {"content": "{}"}, "definitionPatch": {"patch": "{}", "etag": read.Etag}, "definitionDelete": nil,
			}[name])); len(out.Errors) != 1 || !strings.Contains(out.Errors[0].Message, `"FORBIDDEN"`) {
				t.Errorf("%s without its authority: %+v", name, out)
			}
		}
	})
}
