package difftest

import "github.com/appanage/appanage/internal/oid"

// dependencies of every state, some closing circles that the rules forbid; places may be taken twice.
func (w *world) dependencies() {
	for i := range 150 {
		from, on := pick(w.rng, w.apps[:40]), pick(w.rng, w.apps)
		if w.first("dependency", from.id, on.id) {
			w.add("application_dependencies", row{"id": id[oid.Dependency](i*29%211 + 1), "client_id": from.owner.id, "application_id": from.id,
				"dependency_id": on.id, "position": 1 + w.rng.IntN(12)})
		}
	}
}
