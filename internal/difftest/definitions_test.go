package difftest

import (
	"github.com/appanage/appanage/internal/oid"
)

// definitionNames are some of the names, short enough for a definition.
var definitionNames = names[:12]

// contents are what definitions are made of, as they may have been written.
var contents = []string{
	`{}`, `{"title":"<b>\u2028\"x\"","n":[1,null,1.50,1e400]}`, `{"b":true,"a":{"é":""}}`, `{"a":{"é":null,"deep":{"list":[{"key":"x"}]}}}`, `{"title":null}`,
}

// definitions are layers, with one to three versions: of owners and of others, whole and not, and some that were taken away.
func (w *world) definitions() {
	versions := 0
	version := func(a app, c client, kind, name string, number int, r row) oid.DefinitionVersion {
		next := id[oid.DefinitionVersion](versions*61%997 + 1)
		versions++
		w.link("definition_versions", row{"id": next, "created_at": w.moment(), "updated_at": w.moment(), "version": 1, "client_id": c.id, "application_id": a.id, "kind": kind, "name": name,
			"number": number, "content": r["content"], "base": "", "whole": r["whole"], "final": r["final"], "public": r["public"], "removed": r["content"] == "",
			"changed_by_client_id": w.maybe(w.related(c).id), "changed_by_id": w.maybe(id[oid.User](w.rng.IntN(40)))})
		return next
	}
	for i := range 200 {
		a := pick(w.rng, w.apps[:40])
		c, kind, name := w.related(a.owner), pick(w.rng, []string{"PAGE", "PAGE", "THEME", "SETTINGS"}), pick(w.rng, definitionNames)
		if w.chance(40) {
			c = a.owner
		}
		if !w.first("definition", a.id, c.id, kind, name) {
			continue
		}
		r := row{"whole": c.id == a.owner.id || w.chance(20), "final": w.chance(10), "public": w.chance(50)}
		var current oid.DefinitionVersion
		for n := range 1 + w.rng.IntN(3) {
			r["content"] = pick(w.rng, contents)
			current = version(a, c, kind, name, n+1, r)
		}
		if w.chance(10) {
			r["content"] = ""
			version(a, c, kind, name, 4, r)
			continue
		}
		w.link("definition_layers", row{"id": id[oid.DefinitionLayer](i*67%499 + 1), "created_at": w.moment(), "updated_at": w.moment(), "version": 1 + w.rng.IntN(3),
			"client_id": c.id, "application_id": a.id, "kind": kind, "name": name, "current_id": current, "whole": r["whole"], "final": r["final"], "public": r["public"]})
		if c.id == oid.SystemClient && a.owner.id == oid.SystemClient && w.status(a) == "ACTIVE" && r["whole"] == true {
			w.defined = a.id
		}
	}
}

// status is that of an application.
func (w *world) status(a app) any {
	for _, r := range w.rows["applications"] {
		if r["id"] == a.id {
			return r["status"]
		}
	}
	return nil
}
