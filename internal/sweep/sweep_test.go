// Package sweep is the isolation sweep of design 3.6: as every kind of principal it asks for every field of the SDL,
// from every object, with every argument, and holds the answers against an oracle of domain 0 that knows nothing of the
// product. What is foreign must be answered as what never was, byte for byte, and change nothing.
//
// The questions are made from the SDL. What the SDL cannot say stands in a few tables, and a field, argument or
// mutation that is missing there fails the sweep with the name of the table: roots and mutations (how to call it), named
// and claims (what an input names), kinds (where it is stored, who sees it), lists (what a connection holds).
package sweep

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit"
	"github.com/appanage/appanage/internal/testkit/hubtest"
	"github.com/appanage/appanage/internal/testkit/soak"
)

// sweep is one pass over a world, and what it has found.
type sweep struct {
	api
	h *hubtest.Hub
	w *world
	// cursors are those given to the one who sees everything, by parent and field.
	cursors map[string][]position
	sum     report
}

// position is an object in a list, with its cursor.
type position struct{ id, cursor string }

// report is what was visited and found.
type report struct {
	visited, cells map[string]bool // items of the SDL; items with the principal and the state
	checks         int
	findings       []string
}

func newReport() report { return report{visited: map[string]bool{}, cells: map[string]bool{}} }

func (r *report) add(other report) {
	maps.Copy(r.visited, other.visited)
	maps.Copy(r.cells, other.cells)
	r.checks += other.checks
	r.findings = append(r.findings, other.findings...)
}

// run is the sweep as one principal in one state.
type run struct {
	*sweep
	p principal
	v *view
	report
}

// newSweep builds the world. Where the SDL has something the sweep has no instructions for, it ends the test.
func newSweep(t testing.TB, h *hubtest.Hub) *sweep {
	t.Helper()
	a := load(t)
	if gaps := a.gaps(); len(gaps) > 0 {
		t.Fatalf("the sweep and the SDL do not fit together:\n%s", strings.Join(gaps, "\n"))
	}
	return &sweep{api: a, h: h, w: build(h), cursors: map[string][]position{}, sum: newReport()}
}

// few are principals who visit the whole SDL between them: enough for the race detector.
var few = []string{everything, "anonymous", "sibling WRITE"}

// all sweeps as every principal in every state.
func (s *sweep) all() {
	for _, state := range states {
		s.w.set(state)
		s.as(slices.DeleteFunc(s.w.principals(state), func(p principal) bool {
			return underRace && !slices.Contains(few, p.String())
		})...)
	}
	s.imports()
}

// as sweeps as some principals: as the one who sees everything first, for his cursors; then as the others side by side,
// which is no more work, but lets the database and the hub work at once.
func (s *sweep) as(principals ...principal) {
	f := readFacts(s.h)
	reports := make(chan report)
	for _, p := range principals {
		r := &run{s, p, newView(f, p), newReport()}
		if p.name == everything {
			r.all()
			s.sum.add(r.report)
			continue
		}
		go func() {
			defer func() { reports <- r.report }() // also of a run that the test's end cuts short
			r.all()
		}()
	}
	for _, p := range principals {
		if p.name != everything {
			s.sum.add(<-reports)
		}
	}
}

// all asks for everything as one principal.
func (r *run) all() {
	for _, f := range fields(r.Query) {
		roots[f.Name](r, f)
	}
	r.asides()
	r.withArguments()
	r.byNames()
	r.byFilters()
	r.upgrades()
	r.mutate()
}

// visit notes that an item of the SDL was asked for and looked at: a field, or with a leaf an argument.
func (r *run) visit(typ, field string, leaf ...string) {
	item := typ + "." + field
	if len(leaf) > 0 {
		item += "(" + leaf[0] + ")"
	}
	r.visited[item] = true
	r.cells[r.p.String()+" "+item] = true
}

// expect counts a check, and notes a finding where it fails.
func (r *run) expect(ok bool, format string, args ...any) bool {
	r.checks++
	if !ok {
		r.findings = append(r.findings, r.p.String()+": "+fmt.Sprintf(format, args...))
	}
	return ok
}

// describe is an id with the words people know its object by.
func (r *run) describe(id string) string {
	facts := r.v.byID[id]
	for _, c := range []string{"code", "authority", "origin", "name", "user_name", "device"} {
		if facts[c] != "" {
			return id + " (" + facts[c] + ")"
		}
	}
	return id
}

// remember keeps a cursor of the one who sees everything.
func (r *run) remember(parent, field, id, cursor string) {
	if r.p.name == everything {
		r.cursors[parent+"."+field] = append(r.cursors[parent+"."+field], position{id, cursor})
	}
}

// missing lists the items of an SDL that were not visited.
func (r report) missing(a api) []string {
	return slices.DeleteFunc(a.items(), func(item string) bool { return r.visited[item] })
}

func TestIsolation(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) { swept(t, h) })
}

// What the planner refuses, the reference executor answers. It asks through the same scope rules as everything else, so that
// the second engine is left to the soak.
func TestIsolationByReference(t *testing.T) {
	engines := []store.Engine{store.SQLite, store.MySQL}
	for _, engine := range engines[:soak.Count(1, 2)] {
		t.Run(string(engine), func(t *testing.T) {
			db := testkit.DB(t, engine, store.Options{Install: authority.Install})
			swept(t, hubtest.Start(t, db, func(o *hub.HTTP) { o.Reads = hub.Reference }))
		})
	}
}

func swept(t *testing.T, h *hubtest.Hub) {
	t.Helper()
	s := newSweep(t, h)
	s.all()
	t.Logf("%d cells of principal × grant state × field or argument, %d checks, %d leaks", len(s.sum.cells), s.sum.checks, len(s.sum.findings))
	for _, finding := range s.sum.findings[:min(len(s.sum.findings), 50)] {
		t.Error(finding)
	}
	if missing := s.sum.missing(s.api); len(missing) > 0 {
		t.Errorf("fields and arguments of the SDL that the sweep has not visited; give its world what leads to them:\n%s", strings.Join(missing, "\n"))
	}
}
