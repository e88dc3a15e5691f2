package sweep

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/appanage/appanage/internal/oid"
)

// dependencies of every state, between clients of one customer base and of two.
func (w *world) dependencies() {
	depend := func(of *place, from oid.Application, on ...oid.Application) {
		for i, to := range on {
			w.h.Must(w.ent.ApplicationDependency.Create().SetClientID(of.client).SetApplicationID(from).SetDependencyID(to).SetPosition(i + 1).Exec(w.ctx))
		}
	}
	owner, stranger := w.places["OWNER"], w.places["STRANGER"]
	own, ownArchived, open, explicit := w.subjects[0], w.subjects[1], w.subjects[2], w.subjects[4]
	for _, g := range grantees {
		depend(w.places[g], w.places[g].app, own, ownArchived, open)
	}
	depend(owner, own, explicit, w.places["MANAGER"].app)
	depend(owner, open, owner.app, w.places["MANAGER"].app)
	depend(owner, owner.app, w.places["SYSTEM"].app)
	depend(w.places["MOVED"], w.places["MOVED"].app, stranger.app, w.places["CHILD"].app)
	depend(w.places["BELOW"], w.places["BELOW"].app, w.places["SIBLING"].app)
}

// dependency: of an application owned in scope, or on one, or of one that is visible (domain 8.1).
func (v *view) dependency(r row) sight {
	return seen(v.scope[r["client_id"]] || v.scope[v.byID[r["dependency_id"]]["client_id"]] || v.application(v.byID[r["application_id"]]) == full)
}

// dependencyState is whether a dependency works, and if not, why.
func (f facts) dependencyState(r row) string {
	on := f.byID[r["dependency_id"]]
	owner := f.byID[r["application_id"]]["client_id"]
	grants := slices.DeleteFunc(slices.Clone(f.where("access_grants", "application_id", on["id"])), func(g row) bool {
		return g["client_id"] != owner || g["level"] == "BARRED" || !f.inForce(g)
	})
	switch {
	case on["status"] == "ARCHIVED":
		return "ARCHIVED"
	case on["client_id"] == owner:
		return "READY"
	case len(grants) == 0:
		return "NO_ACCESS"
	case on["access_type"] == "ANY" || truth(grants[0]["embeddable"]):
		return "READY"
	}
	return "NO_CONSENT"
}

// loaded is one of a load order.
type loaded struct {
	app, state string
	depth      float64
}

// loads lists all that an application depends on: depth first, each once, a way that works before one that does not.
func (f facts) loads(app string) []loaded {
	best := map[string]loaded{}
	var ways func(app string, depth float64)
	ways = func(app string, depth float64) {
		for _, d := range f.where("application_dependencies", "application_id", app) {
			found := loaded{d["dependency_id"], f.dependencyState(d), depth}
			known, there := best[found.app]
			if !there || found.state == known.state && depth < known.depth || found.state == "READY" && known.state != "READY" {
				best[found.app] = found
			}
			if found.state == "READY" {
				ways(found.app, depth+1)
			}
		}
	}
	ways(app, 1)
	var list []loaded
	var walk func(app string)
	walk = func(app string) {
		direct := slices.Clone(f.where("application_dependencies", "application_id", app))
		slices.SortFunc(direct, func(a, b row) int { return int(a["position"][0]) - int(b["position"][0]) }) // of one digit
		for _, d := range direct {
			l := best[d["dependency_id"]]
			if (f.dependencyState(d) == "READY") != (l.state == "READY") || slices.Contains(list, l) {
				continue
			}
			list = append(list, l)
			if l.state == "READY" {
				walk(l.app)
			}
		}
	}
	walk(app)
	return list
}

// loadOrder is that of the facts; what the principal does not see is null in it, but there.
func (r *run) loadOrder(f *ast.FieldDefinition, value any, stored row, place string) {
	shown, _ := value.([]any)
	want := r.v.loads(stored["id"])
	if r.v.offered[stored["id"]] {
		r.expect(value == nil, "%s is told of an application that is only available: %v", place, value)
		return
	}
	if !r.expect(len(shown) == len(want), "%s has %d, not %d", place, len(shown), len(want)) {
		return
	}
	for i, l := range want {
		r.shown(r.target(f), shown[i])
		r.edge(r.Types["Application"], get[any](shown[i], "application"), l.app, place)
		r.expect(get[string](shown[i], "state") == l.state && get[float64](shown[i], "depth") == l.depth, "%s shows %v for %v", place, shown[i], l)
	}
}
