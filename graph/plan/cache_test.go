package plan

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit"
	"github.com/appanage/appanage/internal/testkit/soak"
)

// mostHeap is what full caches may take: the documents that stand behind a mebibyte of text, and the plans.
const mostHeap = 128 << 20

// bounded checks that the caches keep their bound, let go of what was asked once, and that memory follows.
func bounded(t *testing.T, p *Planner, put int, before uint64) {
	t.Helper()
	p.operations.CleanUp()
	p.plans.CleanUp()
	if w := p.operations.WeightedSize(); w > operationsTotal {
		t.Errorf("operations weigh %d, more than %d", w, operationsTotal)
	}
	if w := p.plans.WeightedSize(); w > plansTotal {
		t.Errorf("plans weigh %d, more than %d", w, plansTotal)
	}
	if n := p.plans.EstimatedSize(); n == 0 || n >= put {
		t.Errorf("%d plans are kept of %d: the bound was not reached", n, put)
	}
	after := heap()
	t.Logf("%d put: %d operations, %d plans, heap %+d KiB", put, p.operations.EstimatedSize(), p.plans.EstimatedSize(), (int64(after)-int64(before))>>10)
	if after > before+mostHeap {
		t.Errorf("the heap has grown from %d to %d KiB", before>>10, after>>10)
	}
	runtime.KeepAlive(p)
}

func heap() uint64 {
	var m runtime.MemStats
	for range 3 { // sync.Pool lets go at the second
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestDocumentsDoNotFillMemory(t *testing.T) {
	p := newPlanner(t, testkit.DB(t, store.SQLite, store.Options{}))
	a, n := platform(p), soak.Count(1_000, 100_000)
	before := heap()
	for i := range n {
		text := fmt.Sprintf("{ applications(first: 3) { nodes { a%d: id %s } } }", i, strings.Repeat(" name code version", 65))
		if _, err := p.find(actor.With(t.Context(), a), parsed(t, p, text, nil)); err != nil {
			t.Fatal(err)
		}
	}
	bounded(t, p, n, before)
}

func TestShapesDoNotFillMemory(t *testing.T) {
	p := newPlanner(t, testkit.DB(t, store.SQLite, store.Options{}))
	a, n := platform(p), soak.Count(100, 10_000)
	const switches = 14
	var text strings.Builder
	text.WriteString("query(")
	for i := range switches {
		fmt.Fprintf(&text, "$s%d: Boolean! ", i)
	}
	text.WriteString("$o: ApplicationOrder) { applications(orderBy: $o) { nodes { id")
	for i := range switches {
		fmt.Fprintf(&text, " a%d: name @include(if: $s%d)", i, i)
	}
	fmt.Fprintf(&text, " } } } # %s", strings.Repeat("x", 16<<10))
	oc := parsed(t, p, text.String(), shapeVariables(switches, 0))
	before, seen := heap(), map[*plan]bool{}
	for i := range n {
		oc.Variables = shapeVariables(switches, i)
		c, err := p.find(actor.With(t.Context(), a), oc)
		must(t, err)
		seen[c.plan] = true
	}
	if len(seen) != n {
		t.Errorf("%d shapes have %d plans", n, len(seen))
	}
	clear(seen)
	bounded(t, p, n, before)
}

func shapeVariables(switches, n int) map[string]any {
	v := map[string]any{"o": map[string]any{"field": "NAME", "direction": "ASC"}}
	for i := range switches {
		v[fmt.Sprint("s", i)] = n>>i&1 == 1
	}
	return v
}

// What changes no plan makes no new one: values, and orders or directions that are the same.
func TestValuesShareAPlan(t *testing.T) {
	p := newPlanner(t, testkit.DB(t, store.SQLite, store.Options{}))
	a := platform(p)
	oc := parsed(t, p, `query($n: Int, $after: String, $f: ApplicationFilter, $id: ID!) {
		applications(first: $n, after: $after, filter: $f) { nodes { id } } node(id: $id) { id } }`,
		map[string]any{"id": "app_1", "f": map[string]any{}})
	seen := map[*plan]bool{}
	for i := range 100 {
		oc.Variables = map[string]any{
			"n": int64(i), "after": fmt.Sprint(i), "f": map[string]any{"search": fmt.Sprint(i)}, "id": oid.New[oid.Application](),
		}
		oc.Variables["id"] = string(oid.New[oid.Application]())
		c, err := p.find(actor.With(t.Context(), a), oc)
		must(t, err)
		seen[c.plan] = true
	}
	if len(seen) != 1 {
		t.Errorf("%d plans", len(seen))
	}
}

// Callers are as many as there are; their shapes, and with them the texts of scope rules, are few. Here all come that
// can come: lists as long as authn gives them, under paths of forty clients.
func TestShapesOfScopesAreFew(t *testing.T) {
	p := newPlanner(t, testkit.DB(t, store.SQLite, store.Options{}))
	before, shapes := heap(), map[shape]bool{}
	for clients := range 301 {
		for above := range 40 {
			a := caller(p, actor.Scope{Root: "cli_a", Clients: make([]oid.Client, clients), Above: make([]oid.Client, above)}, "cli_a")
			s := shapeOf(a)
			shapes[s] = true
			for _, k := range p.table.Kinds {
				for _, u := range []use{toReach, toList, toPick} {
					_, err := p.scoped(k, u, s)
					must(t, err)
				}
				_, err := p.candidates(k, s)
				must(t, err)
			}
		}
	}
	kept := 0
	p.clauses.Range(func(any, any) bool { kept++; return true })
	after := heap()
	t.Logf("%d shapes, %d clauses, heap %+d KiB", len(shapes), kept, (int64(after)-int64(before))>>10)
	if most := len(steps) * len(steps); len(shapes) > most || kept > most*len(p.table.Kinds)*4 {
		t.Errorf("%d shapes, %d clauses of %d kinds", len(shapes), kept, len(p.table.Kinds))
	}
	runtime.KeepAlive(p)
}
