package audit_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit"
)

// trail is a database with events that are sealed.
type trail struct {
	*testing.T
	db     *store.DB
	sealer *audit.Sealer
}

func engines(t *testing.T, f func(*trail)) {
	t.Helper()
	testkit.EnginesWith(t, store.Options{Install: authority.Install}, func(t *testing.T, db *store.DB) {
		t.Helper()
		f(&trail{t, db, audit.NewSealer(db, []byte("a key of the tests, 32 bytes long"))})
	})
}

func (t *trail) ctx() context.Context { return actor.System(t.Context(), "a test of the trail") }

// record writes n events.
func (t *trail) record(n int) {
	t.Helper()
	for range n {
		t.must(audit.Record(t.ctx(), t.db, audit.Event{Client: oid.SystemClient, Operation: "testChange", Kind: "Client", Object: string(oid.New[oid.Client]()),
			Before: map[string]any{"name": "before"}, After: map[string]any{"name": "after – ü"}}))
	}
}

func (t *trail) must(err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (t *trail) exec(query string, args ...any) {
	t.Helper()
	_, err := t.db.Exec(t.ctx(), query, args...)
	t.must(err)
}

func (t *trail) seal() int {
	t.Helper()
	n, err := t.sealer.Seal(t.ctx())
	t.must(err)
	return n
}

func (t *trail) verify(mark *audit.Mark) audit.Report {
	t.Helper()
	r, err := t.sealer.Verify(t.ctx(), mark)
	t.must(err)
	return r
}

// domain 16.1: committed events are chained, once each, and the check says up to where.
func TestEventsAreSealed(t *testing.T) {
	engines(t, func(t *trail) {
		if r := t.verify(nil); r.Sealed != 0 || len(r.Faults) > 0 {
			t.Fatalf("an empty trail: %+v", r)
		}
		t.record(230) // more than one batch
		if waiting, err := t.sealer.Waiting(t.ctx()); err != nil || !waiting {
			t.Fatalf("waiting %v, %v", waiting, err)
		}
		if n := t.seal(); n != 230 {
			t.Fatalf("%d events were sealed", n)
		}
		t.record(5)
		r := t.verify(nil)
		if r.Sealed != 230 || r.Waiting != 5 || len(r.Faults) > 0 {
			t.Fatalf("%+v", r)
		}
		if n := t.seal(); n != 5 {
			t.Errorf("%d events were sealed afterwards", n)
		}
		if again := t.verify(&audit.Mark{Seal: r.Sealed, MAC: r.Last}); again.Sealed != 235 || again.Waiting != 0 || len(again.Faults) > 0 {
			t.Errorf("against the mark of the first check: %+v", again)
		}
	})
}

// Sealers of several nodes at once make one chain.
func TestSealersTakeTurns(t *testing.T) {
	engines(t, func(t *trail) {
		t.record(60)
		var all sync.WaitGroup
		var errs [4]error
		for i := range errs {
			all.Go(func() { _, errs[i] = t.sealer.Seal(t.ctx()) })
			t.record(20)
		}
		all.Wait()
		for _, err := range errs {
			t.must(err)
		}
		t.seal()
		if r := t.verify(nil); r.Sealed != 140 || r.Waiting != 0 || len(r.Faults) > 0 {
			t.Errorf("%+v", r)
		}
	})
}

// domain 16.1: changing, dropping or reordering a sealed event is found, and where.
func TestEveryFaultIsFound(t *testing.T) {
	const nobody = "cli_00000000000000000000000000"
	for name, c := range map[string]struct {
		do   func(t *trail)
		want string
	}{
		"content changed":   {func(t *trail) { t.exec("UPDATE audit_events SET `after` = '{}' WHERE seal = 7") }, "event 7 "},
		"before made NULL":  {func(t *trail) { t.exec("UPDATE audit_events SET `before` = NULL WHERE seal = 7") }, "event 7 "},
		"time changed":      {func(t *trail) { t.exec("UPDATE audit_events SET at = ? WHERE seal = 7", "2001-01-01 00:00:00") }, "event 7 "},
		"client changed":    {func(t *trail) { t.exec("UPDATE audit_events SET client_id = ? WHERE seal = 7", nobody) }, "event 7 "},
		"actor made up":     {func(t *trail) { t.exec("UPDATE audit_events SET actor_client_id = ? WHERE seal = 7", nobody) }, "event 7 "},
		"object changed":    {func(t *trail) { t.exec("UPDATE audit_events SET object_id = 'x' WHERE seal = 7") }, "event 7 "},
		"one dropped":       {func(t *trail) { t.exec("DELETE FROM audit_events WHERE seal = 7") }, "event 7 is missing"},
		"three dropped":     {func(t *trail) { t.exec("DELETE FROM audit_events WHERE seal IN (7, 8, 9)") }, "event 7 and the 2 after it"},
		"the first dropped": {func(t *trail) { t.exec("DELETE FROM audit_events WHERE seal = 1") }, "event 1 is missing"},
		"the last dropped":  {func(t *trail) { t.exec("DELETE FROM audit_events WHERE seal > 18") }, "event 19 is missing"},
		"the end dropped":   {func(t *trail) { t.exec("DELETE FROM audit_heads") }, "the end of the chain is missing"},
		"an older end": {func(t *trail) {
			t.exec("UPDATE audit_heads SET seal = 18")
			t.exec("DELETE FROM audit_events WHERE seal > 18")
		}, "nobody sealed"},
		"unsealed again":     {func(t *trail) { t.exec("UPDATE audit_events SET seal = NULL, mac = NULL WHERE seal = 7") }, "event 7 is missing"},
		"two in other order": {swap, "event 7 "},
	} {
		t.Run(name, func(t *testing.T) {
			engines(t, func(t *trail) {
				t.record(20)
				t.seal()
				c.do(t)
				r := t.verify(nil)
				if len(r.Faults) == 0 || !strings.Contains(r.Faults[0].String(), c.want) {
					t.Errorf("want %q, found %v", c.want, r.Faults)
				}
			})
		})
	}
}

// swap has two events change places.
func swap(t *trail) {
	t.exec("UPDATE audit_events SET seal = 1000 WHERE seal = 7")
	t.exec("UPDATE audit_events SET seal = 7 WHERE seal = 8")
	t.exec("UPDATE audit_events SET seal = 8 WHERE seal = 1000")
}

// A trail that was replaced as a whole, by an older copy or a new chain, is found by what was noted before.
func TestAMarkFindsAnotherTrail(t *testing.T) {
	engines(t, func(t *trail) {
		t.record(10)
		t.seal()
		noted := t.verify(nil)
		t.exec("UPDATE audit_events SET seal = NULL, mac = NULL")
		t.exec("UPDATE audit_events SET `after` = '{}' WHERE object_id <> ''")
		t.exec("DELETE FROM audit_heads")
		t.seal() // by a server that was fooled
		if r := t.verify(nil); len(r.Faults) > 0 {
			t.Fatalf("without a mark: %v", r.Faults)
		}
		if r := t.verify(&audit.Mark{Seal: noted.Sealed, MAC: noted.Last}); len(r.Faults) != 1 {
			t.Errorf("another chain: %v", r.Faults)
		}
		if r := t.verify(&audit.Mark{Seal: noted.Sealed + 1, MAC: noted.Last}); len(r.Faults) != 1 {
			t.Errorf("a shorter chain: %v", r.Faults)
		}
	})
}
