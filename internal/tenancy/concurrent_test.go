package tenancy_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/tenancy"
	"github.com/appanage/appanage/internal/testkit/soak"
	"github.com/appanage/appanage/internal/testkit/treetest"
)

// Sizes of TestConcurrentMoves. In a soak each mover moves as often as there are clients.
const (
	movers  = 50
	clients = 200
)

// domain 1.7: whatever moves at the same time, there is no circle, and the closure is the one that the managers make;
// also while clients are made and deleted in the parts that move.
func TestConcurrentMoves(t *testing.T) {
	rounds := soak.Count(6, clients)
	engines(t, func(t *testing.T, db *store.DB, s *tenancy.Service) {
		m := &mover{t: t, s: s, all: forest(t, s)}
		var group sync.WaitGroup
		for i := range movers {
			group.Go(func() { m.run(rand.New(rand.NewPCG(uint64(i), 1)), rounds) })
		}
		group.Wait()
		if err := treetest.Check(system(t), db); err != nil {
			t.Error(err)
		}
		t.Logf("%d moves, %d refused by a rule; %d clients made, %d deleted", m.moved.Load(), m.refused.Load(), m.made.Load(), m.deleted.Load())
		if m.moved.Load() < movers || m.refused.Load() == 0 || m.made.Load() == 0 || m.deleted.Load() == 0 {
			t.Error("that is too little to show anything")
		}
	})
}

// forest makes the clients, at random places: two bases, with one more in each.
func forest(t *testing.T, s *tenancy.Service) []oid.Client {
	t.Helper()
	rng := rand.New(rand.NewPCG(7, 7)) // the same forest each time
	all := []oid.Client{create(t, s, oid.SystemClient, "Base one", true), create(t, s, oid.SystemClient, "Base two", true)}
	for i := len(all); i < clients; i++ {
		all = append(all, create(t, s, all[rng.IntN(len(all))], fmt.Sprint("Client ", i), i%60 == 0))
	}
	return all
}

type mover struct {
	t                             *testing.T
	s                             *tenancy.Service
	all                           []oid.Client
	moved, refused, made, deleted atomic.Int64
}

// run moves clients to anywhere; now and then it makes one, and moves and deletes that.
func (m *mover) run(rng *rand.Rand, rounds int) {
	ctx := actor.System(m.t.Context(), "a test")
	anyone := func() oid.Client { return m.all[rng.IntN(len(m.all))] }
	for i := range rounds {
		m.move(ctx, anyone(), anyone())
		if i%3 != 0 {
			continue
		}
		id, err := m.s.Create(ctx, tenancy.Create{Manager: anyone(), Name: fmt.Sprint("Passing ", rng.Uint64()), Type: enum.ClientBusiness})
		if m.count(&m.made, err) {
			m.move(ctx, id, anyone())
			m.count(&m.deleted, m.s.Delete(ctx, tenancy.Delete{ID: id}))
		}
	}
}

func (m *mover) move(ctx context.Context, id, to oid.Client) {
	m.count(&m.moved, m.s.Move(ctx, tenancy.Move{ID: id, Manager: to}))
}

// count notes a success, or a refusal by a rule. Anything else is a failure: deadlocks are the store's to retry.
func (m *mover) count(done *atomic.Int64, err error) bool {
	switch {
	case err == nil:
		done.Add(1)
	case apperr.CodeOf(err) == apperr.NotAllowed:
		m.refused.Add(1)
	default:
		m.t.Error(err)
	}
	return err == nil
}

// atOnce runs functions at the same moment.
func atOnce(all ...func()) {
	var ready, group sync.WaitGroup
	ready.Add(len(all))
	for _, f := range all {
		group.Go(func() {
			ready.Done()
			ready.Wait()
			f()
		})
	}
	group.Wait()
}

// domain 1.7: two moves that would make a circle together, though neither does alone, and touch no client in common: of
// those that come at the same moment one is refused, round after round.
func TestTwoMovesMakeNoCircle(t *testing.T) {
	engines(t, func(t *testing.T, db *store.DB, s *tenancy.Service) {
		root := create(t, s, oid.SystemClient, "Root", true)
		a, b := create(t, s, root, "A", false), create(t, s, root, "B", false)
		belowA, belowB := create(t, s, a, "Below A", false), create(t, s, b, "Below B", false)
		for round := range 25 {
			var errs [2]error
			atOnce(
				func() { errs[0] = s.Move(system(t), tenancy.Move{ID: a, Manager: belowB}) },
				func() { errs[1] = s.Move(system(t), tenancy.Move{ID: b, Manager: belowA}) },
			)
			refused := 0
			for _, err := range errs {
				if err != nil && apperr.CodeOf(err) != apperr.NotAllowed {
					t.Fatal(err)
				} else if err != nil {
					refused++
				}
			}
			if refused != 1 {
				t.Fatalf("round %d: %d of two moves were refused", round, refused)
			}
			if err := treetest.Check(system(t), db); err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
			for _, id := range []oid.Client{a, b} { // back to where they were
				if err := s.Move(system(t), tenancy.Move{ID: id, Manager: root}); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

// domain 1.7: clients that are made, and moved, below one that moves at the same moment hang on its new paths.
func TestWhatIsBelowMovesAlong(t *testing.T) {
	engines(t, func(t *testing.T, db *store.DB, s *tenancy.Service) {
		root := create(t, s, oid.SystemClient, "Root", true)
		here, there := create(t, s, root, "Here", false), create(t, s, create(t, s, root, "Way", false), "There", false)
		moves := create(t, s, here, "Moves", false)
		below, other := create(t, s, moves, "Below", false), create(t, s, moves, "Other", false)
		for round := range 25 {
			to, under := here, below
			if round%2 == 0 {
				to, under = there, moves
			}
			atOnce(
				func() {
					if err := s.Move(system(t), tenancy.Move{ID: moves, Manager: to}); err != nil {
						t.Error(err)
					}
				},
				func() {
					if err := s.Move(system(t), tenancy.Move{ID: other, Manager: under}); err != nil {
						t.Error(err)
					}
				},
				func() { create(t, s, below, fmt.Sprint("Fresh ", round), false) },
			)
			if err := treetest.Check(system(t), db); err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
		}
	})
}
