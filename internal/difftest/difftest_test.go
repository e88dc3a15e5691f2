// Package difftest asks random operations of the reference executor and of the planner, over the same database: the
// answers must be the same bytes. Operations come from the SDL (generate_test.go), data from a world made to be awkward
// (world_test.go).
//
//	go test ./internal/difftest                                        2,000 operations on each engine
//	go test ./internal/difftest -run 'TestDifferential/mysql' -seed=7  one operation again
//	make soak                                                          200,000, and 12,000 under the race detector
package difftest

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/appanage/appanage/graph/plan"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/config"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit"
	"github.com/appanage/appanage/internal/testkit/hubtest"
	"github.com/appanage/appanage/internal/testkit/soak"
)

var (
	oneSeed    = flag.Uint64("seed", 0, "run the operations of this seed only")
	firstSeed  = flag.Uint64("from", 1, "the first seed")
	operations = flag.Int("operations", 0, "how many operations each test asks; 0: 2,000, or 200,000 with APPANAGE_SOAK=1")
)

// many is how many operations a test asks: few, or a hundred times as many in a soak.
func many(few, full int) int64 {
	if *operations > 0 {
		return int64(*operations)
	}
	return int64(soak.Count(few, full))
}

// fixture is a world with the nodes that answer about it.
type fixture struct {
	*world
	*pools
	reference *hubtest.Hub
}

// engines runs a test over a world on each engine.
func engines(t *testing.T, f func(t *testing.T, f *fixture)) {
	t.Helper()
	testkit.EnginesWith(t, store.Options{Install: authority.Install}, func(t *testing.T, db *store.DB) {
		t.Helper()
		f(t, newFixture(t, db))
	})
}

func newFixture(tb testing.TB, db *store.DB) *fixture {
	tb.Helper()
	keys, err := config.Secret{Secret: "the same cursors in each run of the tests"}.KeysFor("")
	if err != nil {
		tb.Fatal(err)
	}
	h := hubtest.Start(tb, db, func(o *hub.HTTP) {
		o.Keys, o.Clock, o.Reads = keys, clock.At(func() time.Time { return now }), hub.Reference
	})
	w := build(tb, h)
	for _, p := range w.principals {
		p.check(tb, h)
	}
	return &fixture{world: w, pools: newPools(tb, h, w), reference: h}
}

// node is another server over the world, which answers by plans.
func (f *fixture) node(options ...hubtest.Options) *hubtest.Hub {
	planned := func(o *hub.HTTP) { o.Clock, o.Reads = clock.At(func() time.Time { return now }), hub.Planned }
	return f.reference.Node(append([]hubtest.Options{planned}, options...)...)
}

// finding is an operation whose answers differ.
type finding struct {
	seed      uint64
	who       principal
	operation operation
	what      string
}

func (f *finding) String() string {
	return fmt.Sprintf("seed %d, asked by %q\n%s", f.seed, f.who.name, f.operation) + "\n" + f.what
}

// runner asks both nodes, seed after seed, in one goroutine.
type runner struct {
	*fixture
	reference, planned http.Handler
	tally              *tally
	meter              *meter // nil: other runners ask the same node
}

// turn is how many seeds in a row are asked by one principal: who he is, which takes long to read, is remembered for
// less than a second.
const turn = 40

// seed asks the operation of a seed and, half of the time, its document once more: with other variables, with the
// cursors it was answered, at times by somebody else.
func (r *runner) seed(seed uint64) (*finding, error) {
	rng := rand.New(rand.NewPCG(seed, 0))
	who := r.principals[seed/turn*7%uint64(len(r.principals))]
	op, variables := generate(r.pools, rng)
	a, found, err := r.step(seed, who, op)
	if found != nil || err != nil || rng.IntN(2) == 0 {
		return found, err
	}
	if rng.IntN(8) == 0 {
		who = pick(rng, r.principals)
	}
	g := &generator{pools: r.pools, rng: rng}
	op.variables, op.clean = g.vary(variables, a.cursors()), false
	_, found, err = r.step(seed, who, op)
	return found, err
}

// metered is one in how many operations has the node's counters read before and after: that takes longer than most.
const metered = 8

func (r *runner) step(seed uint64, who principal, op operation) (answer, *finding, error) {
	meter := r.meter
	if seed%metered != 0 {
		meter = nil
	}
	meter.since()
	want, got, err := r.both(who, op)
	if err != nil {
		return want, nil, fmt.Errorf("seed %d, asked by %q: %w\n%s", seed, who.name, err, op)
	}
	r.tally.count(who, op, want, meter.since())
	if what := verdict(want, got); what != "" {
		found := &finding{seed, who, op, what}
		found.operation, found.what = r.shrink(found)
		return want, found, nil
	}
	return want, nil, nil
}

func (r *runner) both(who principal, op operation) (want, got answer, err error) {
	if want, err = ask(r.reference, who.token, op); err != nil {
		return want, got, fmt.Errorf("the reference: %w", err)
	}
	got, err = ask(r.planned, who.token, op)
	return want, got, err
}

// verdict says what is wrong with two answers: they differ, or there is an internal error. "" when nothing is.
func verdict(want, got answer) string {
	if fault := want.fault(); fault != "" {
		return "the reference fails: " + fault
	}
	return difference(want, got)
}

// mostFindings ends a run: what comes after says nothing new.
const mostFindings = 5

// run asks n operations or more, with all runners side by side, and gives what was found.
func run(t *testing.T, runners []*runner, n int64) []*finding {
	t.Helper()
	if *oneSeed != 0 {
		found, err := runners[0].seed(*oneSeed)
		if err != nil {
			t.Fatal(err)
		}
		if found != nil {
			return []*finding{found}
		}
		return nil
	}
	var (
		next     atomic.Uint64
		mu       sync.Mutex
		findings []*finding
		wait     sync.WaitGroup
	)
	next.Store(*firstSeed - 1)
	done := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(findings) >= mostFindings || runners[0].tally.asked.Load() >= n || t.Failed()
	}
	for _, r := range runners {
		wait.Go(func() {
			for !done() {
				found, err := r.seed(next.Add(1))
				if err != nil {
					t.Error(err)
				}
				if found != nil {
					mu.Lock()
					findings = append(findings, found)
					mu.Unlock()
				}
			}
		})
	}
	wait.Wait()
	return findings
}

func TestDifferential(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		t.Helper()
		var runners []*runner
		sum := newTally()
		for i := range max(2, runtime.GOMAXPROCS(0)) { // nodes of its own for each: what one node counts tells how it read
			node := f.node(hope(i))
			runners = append(runners, &runner{f, f.reference.Handler, node.Handler, sum, newMeter(t, node.Handler)})
		}
		began := time.Now()
		for _, found := range run(t, runners, many(2_000, 200_000)) {
			t.Errorf("%s", found)
		}
		sum.report(t, time.Since(began))
		if *oneSeed == 0 && !t.Failed() {
			sum.check(t)
		}
	})
}

// hope has every second planner read lists in the hope that they are short, as it does by default, and the others cut
// each page by a window.
func hope(i int) hubtest.Options {
	return func(o *hub.HTTP) {
		if i%2 == 1 {
			o.AlterPlans = func(t *plan.Table) { t.Spare = 0 }
		}
	}
}

// All caches are shared here: of documents, of actors, of plans and of statements.
func TestDifferentialSideBySide(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		t.Helper()
		nodes, sum := []*hubtest.Hub{f.node(hope(0)), f.node(hope(1))}, newTally()
		var runners []*runner
		for i := range 8 {
			runners = append(runners, &runner{f, f.reference.Handler, nodes[i%len(nodes)].Handler, sum, nil})
		}
		began := time.Now()
		for _, found := range run(t, runners, many(500, 12_000)) {
			t.Errorf("%s", found)
		}
		sum.report(t, time.Since(began))
	})
}
