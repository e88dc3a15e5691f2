package store_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/appanage/appanage/ent/claimedname"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit"
)

func TestSnapshotSeesOneState(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, db *store.DB) {
		ctx := system(t)
		count := func(ctx context.Context) int { return db.Ent().ClaimedName.Query().CountX(ctx) }
		snap, end := db.Snapshot(ctx)
		must(t, claim(ctx, db.Ent(), "before its first read"))
		if n := count(snap); n != 1 {
			t.Errorf("the snapshot begins with its first read, yet sees %d rows", n)
		}
		must(t, claim(ctx, db.Ent(), "after"))
		must(t, claim(snap, db.Ent(), "written under its context"))
		if n := count(snap); n != 1 {
			t.Errorf("the snapshot sees %d rows, not 1", n)
		}
		inner, endInner := db.Snapshot(snap)
		if n := count(inner); n != 1 {
			t.Errorf("a snapshot within sees %d rows", n)
		}
		endInner()
		if n := count(ctx); n != 3 {
			t.Errorf("outside %d rows are seen", n)
		}
		end()
		if _, err := db.Ent().ClaimedName.Query().Count(snap); err == nil {
			t.Error("a snapshot can be read after its end")
		}
	})
}

func TestSnapshotIsSharedByGoroutines(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, db *store.DB) {
		for _, name := range []string{"a", "b", "c"} {
			must(t, claim(system(t), db.Ent(), name))
		}
		ctx, end := db.Snapshot(system(t))
		defer end()
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if ids, err := db.Ent().ClaimedName.Query().IDs(ctx); err != nil || len(ids) != 3 {
					t.Errorf("%v, %v", ids, err)
				}
			})
		}
		all.Wait()
		rows, err := db.Query(ctx, "SELECT id FROM claimed_names")
		must(t, err)
		waiting, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
		defer cancel()
		if _, err := db.Query(waiting, "SELECT 1"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a statement beside open rows: %v", err)
		}
		must(t, rows.Close())
		must(t, second(db.Ent().ClaimedName.Query().Count(ctx)))
	})
}

// Times compare as times whatever their fractions and zones, and lose nothing down to the microsecond.
func TestTimes(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, db *store.DB) {
		ctx := system(t)
		base := time.Date(2026, 7, 28, 9, 59, 59, 0, time.UTC)
		zone := time.FixedZone("far", -11*3600)
		times := []time.Time{base, base.Add(time.Microsecond), base.Add(99 * time.Millisecond), base.Add(100 * time.Millisecond),
			base.Add(100*time.Millisecond + time.Microsecond).In(zone), base.Add(500 * time.Millisecond), base.Add(time.Second).In(zone)}
		for i, at := range times {
			must(t, db.Ent().ClaimedName.Create().SetID(string(rune('a'+i))).SetClaimedAt(at.Add(999)).Exec(ctx)) // nanoseconds are cut
		}
		for i, at := range times {
			row := db.Ent().ClaimedName.GetX(ctx, string(rune('a'+i)))
			if !row.ClaimedAt.Equal(at) || row.ClaimedAt.Location() != time.UTC {
				t.Errorf("%v came back as %v", at, row.ClaimedAt)
			}
			if n := db.Ent().ClaimedName.Query().Where(claimedname.ClaimedAtGT(at)).CountX(ctx); n != len(times)-1-i {
				t.Errorf("%d times are after %v, not %d", n, at, len(times)-1-i)
			}
			rows, err := db.Query(ctx, "SELECT claimed_at FROM claimed_names WHERE claimed_at <= ? ORDER BY claimed_at", at)
			must(t, err)
			var raw []time.Time
			for rows.Next() {
				var at time.Time
				must(t, rows.Scan(&at))
				raw = append(raw, at)
			}
			must(t, rows.Err())
			if len(raw) != i+1 || !slices.IsSortedFunc(raw, time.Time.Compare) {
				t.Errorf("not after %v: %v", at, raw)
			}
		}
	})
}

func TestCounterAndBudget(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, db *store.DB) {
		for _, name := range []string{"a", "b", "c"} {
			must(t, claim(system(t), db.Ent(), name))
		}
		ctx, counter := store.WithCounter(system(t))
		must(t, second(db.Ent().ClaimedName.Query().All(ctx)))
		counter.KeepTexts()
		must(t, claim(ctx, db.Ent(), "d"))
		if counter.Statements() != 2 || counter.Rows() != 3 || len(counter.Texts()) != 1 {
			t.Errorf("%d statements, %d rows, texts %q", counter.Statements(), counter.Rows(), counter.Texts())
		}
		ctx = store.WithRowBudget(system(t), 6)
		must(t, second(db.Ent().ClaimedName.Query().All(ctx)))
		if _, err := db.Ent().ClaimedName.Query().All(ctx); apperr.CodeOf(err) != apperr.TooCostly {
			t.Errorf("over the budget: %v", err)
		}
		snap, end := db.Snapshot(store.WithRowBudget(system(t), 1))
		defer end()
		for range 2 { // rows cut short must not keep the snapshot to themselves
			if _, err := db.Ent().ClaimedName.Query().All(snap); apperr.CodeOf(err) != apperr.TooCostly {
				t.Errorf("over the budget, in a snapshot: %v", err)
			}
		}
	})
}

func TestObserve(t *testing.T) {
	var seen []string
	options := store.Options{Observe: func(_ context.Context, statement string, _ time.Duration, err error) {
		if err != nil {
			statement = "failed"
		}
		seen = append(seen, statement[:6])
	}}
	testkit.EnginesWith(t, options, func(t *testing.T, db *store.DB) {
		seen = nil
		must(t, claim(system(t), db.Ent(), "a"))
		_ = claim(system(t), db.Ent(), "a")
		must(t, second(db.Ent().ClaimedName.Query().All(system(t))))
		if want := []string{"INSERT", "failed", "SELECT"}; !slices.Equal(seen, want) {
			t.Errorf("observed %q", seen)
		}
	})
}
