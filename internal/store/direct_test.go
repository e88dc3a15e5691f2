package store_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit"
)

// ids reads one column by Read, up to an error that stop gives.
func ids(ctx context.Context, db *store.DB, query string, args []any, stop func(n int) error) (all []string, err error) {
	err = db.Read(ctx, query, args, 1, func(row []driver.Value) error {
		all = append(all, fmt.Sprintf("%s", row[0]))
		if stop != nil {
			return stop(len(all))
		}
		return nil
	})
	return all, err
}

// ways to a connection: each test of Read takes all of them.
func ways(t *testing.T, f func(t *testing.T, ctx context.Context, db *store.DB)) {
	t.Helper()
	testkit.Engines(t, func(t *testing.T, db *store.DB) {
		for i := range 20 {
			must(t, claim(system(t), db.Ent(), fmt.Sprintf("name %02d", i)))
		}
		for range 3 { // as text, then kept
			t.Run("of the pool", func(t *testing.T) { f(t, system(t), db) })
			t.Run("in a snapshot", func(t *testing.T) {
				ctx, end := db.Snapshot(system(t))
				defer end()
				f(t, ctx, db)
			})
			t.Run("alone", func(t *testing.T) {
				ctx, end := db.Snapshot(system(t))
				defer end()
				f(t, store.Alone(ctx), db)
			})
			t.Run("in a transaction", func(t *testing.T) {
				errDone := errors.New("done") // the test may have doomed the transaction
				err := db.InTx(system(t), func(ctx context.Context, _ *ent.Client) error {
					f(t, ctx, db)
					return errDone
				})
				if !errors.Is(err, errDone) {
					t.Error(err)
				}
			})
		}
		idle(t, db)
	})
}

// idle waits until no connection is in use; a leaked one stays so.
func idle(t *testing.T, db *store.DB) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for db.Reader().Stats().InUse+db.Writer().Stats().InUse > 0 {
		if time.Now().After(deadline) {
			t.Fatal("a connection is still in use")
		}
		time.Sleep(time.Millisecond)
	}
}

func TestRead(t *testing.T) {
	ways(t, func(t *testing.T, ctx context.Context, db *store.DB) {
		ctx, counter := store.WithCounter(ctx)
		all, err := ids(ctx, db, "SELECT id FROM claimed_names WHERE id >= ? ORDER BY id", []any{"name 05"}, nil)
		if err != nil || len(all) != 15 || all[0] != "name 05" || !slices.IsSorted(all) {
			t.Errorf("%q, %v", all, err)
		}
		if counter.Statements() != 1 || counter.Rows() != 15 {
			t.Errorf("counted %d statements, %d rows", counter.Statements(), counter.Rows())
		}
		if all, err := ids(ctx, db, "SELECT id FROM claimed_names WHERE id = ?", []any{"none"}, nil); err != nil || len(all) != 0 {
			t.Errorf("%q, %v", all, err)
		}
	})
}

func TestReadStopsAtAnError(t *testing.T) {
	ways(t, func(t *testing.T, ctx context.Context, db *store.DB) {
		all, err := ids(ctx, db, names, nil, func(n int) error {
			if n == 3 {
				return errOurs
			}
			return nil
		})
		if err != errOurs || len(all) != 3 { //nolint:errorlint // as it is, not wrapped
			t.Errorf("%q, %v", all, err)
		}
		if all, err := ids(ctx, db, names, nil, nil); err != nil || len(all) != 20 {
			t.Errorf("afterwards: %q, %v", all, err)
		}
	})
}

func TestReadKeepsTheBudget(t *testing.T) {
	ways(t, func(t *testing.T, ctx context.Context, db *store.DB) {
		all, err := ids(store.WithRowBudget(ctx, 7), db, names, nil, nil)
		if apperr.CodeOf(err) != apperr.TooCostly || len(all) != 7 {
			t.Errorf("%q, %v", all, err)
		}
	})
}

func TestReadOfTheWrongColumns(t *testing.T) {
	ways(t, func(t *testing.T, ctx context.Context, db *store.DB) {
		for _, columns := range []int{1, 3} {
			err := db.Read(ctx, "SELECT id, claimed_at FROM claimed_names", nil, columns, func([]driver.Value) error { return nil })
			if err == nil {
				t.Errorf("two columns were read as %d", columns)
			}
		}
	})
}

func TestReadOfTheWrongArguments(t *testing.T) {
	ways(t, func(t *testing.T, ctx context.Context, db *store.DB) {
		for _, args := range [][]any{nil, {"a", "b"}, {make(chan int)}} {
			if _, err := ids(ctx, db, "SELECT id FROM claimed_names WHERE id = ?", args, nil); err == nil && len(args) < 2 {
				t.Errorf("read with the arguments %v", args)
			}
		}
	})
}

// What a panic leaves behind is nothing: not a connection, not a snapshot that is waited for.
func TestReadThroughAPanic(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, db *store.DB) {
		ctx := system(t)
		must(t, claim(ctx, db.Ent(), "a"))
		for range 3 {
			snap, end := db.Snapshot(ctx)
			for _, ctx := range []context.Context{ctx, snap} {
				func() {
					defer func() {
						if v := recover(); v != "of the test" {
							t.Errorf("recovered %v", v)
						}
					}()
					_ = db.Read(ctx, names, nil, 1, func([]driver.Value) error { panic("of the test") })
				}()
			}
			end()
		}
		idle(t, db)
		if all, err := ids(ctx, db, names, nil, nil); err != nil || len(all) != 1 {
			t.Errorf("afterwards: %q, %v", all, err)
		}
	})
}

func TestReadNeedsAnActor(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, db *store.DB) {
		if _, err := ids(t.Context(), db, names, nil, nil); !errors.Is(err, store.ErrNoActor) {
			t.Error(err)
		}
	})
}

func TestReadIsObserved(t *testing.T) {
	var seen []string
	options := store.Options{Observe: func(_ context.Context, statement string, _ time.Duration, err error) {
		seen = append(seen, fmt.Sprint(statement, " ", err))
	}}
	testkit.EnginesWith(t, options, func(t *testing.T, db *store.DB) {
		must(t, claim(system(t), db.Ent(), "a"))
		seen = nil
		_, err := ids(system(t), db, names, nil, func(int) error { return errOurs })
		if want := fmt.Sprint(names, " ", errOurs); !errors.Is(err, errOurs) || len(seen) != 1 || seen[0] != want {
			t.Errorf("%v, observed %q", err, seen)
		}
	})
}

// A read alone begins no snapshot, and sees the state of one that has begun.
func TestAlone(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, db *store.DB) {
		narrow(db) // a second connection would be waited for
		ctx := system(t)
		snap, end := db.Snapshot(ctx)
		defer end()
		alone := store.Alone(snap)
		for i, want := range []int{0, 1, 2} {
			must(t, second(ids(alone, db, names, nil, nil)))
			if got := texts(t, alone, db, names); len(got) != want {
				t.Errorf("alone: %q", got)
			}
			must(t, claim(snap, db.Ent(), strconv.Itoa(i)))
		}
		if got := texts(t, snap, db, names); len(got) != 3 {
			t.Errorf("the snapshot begins with %q", got)
		}
		must(t, claim(snap, db.Ent(), "later"))
		all, err := ids(alone, db, names, nil, nil)
		must(t, err)
		if got := texts(t, alone, db, names); len(got) != 3 || len(all) != 3 {
			t.Errorf("beside the snapshot: %q and %q", got, all)
		}
		must(t, db.InTx(ctx, func(ctx context.Context, _ *ent.Client) error {
			must(t, claim(ctx, db.Ent(), "of the transaction"))
			all, err := ids(store.Alone(ctx), db, names, nil, nil)
			if len(all) != 5 {
				t.Errorf("alone in a transaction: %q", all)
			}
			return err
		}))
	})
}

func TestASnapshotEndsWithItsContext(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, db *store.DB) {
		for range 3 {
			ctx, cancel := context.WithCancel(system(t))
			snap, end := db.Snapshot(ctx)
			must(t, second(ids(snap, db, names, nil, nil)))
			cancel()
			idle(t, db)
			if _, err := ids(context.WithoutCancel(snap), db, names, nil, nil); err == nil {
				t.Error("read after the end")
			}
			end()
		}
		must(t, second(ids(system(t), db, names, nil, nil)))
	})
}

// A request that is given up amid its rows ends there, and leaves nothing that another would stumble over.
func TestReadIsCancelledAmidItsRows(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, db *store.DB) {
		fillNames(t, db, 2000)
		for range 3 {
			for _, in := range []string{"pool", "snapshot"} {
				ctx, cancel := context.WithCancel(system(t))
				end := func() {}
				if in == "snapshot" {
					ctx, end = db.Snapshot(ctx)
				}
				all, err := ids(ctx, db, names, nil, func(n int) error {
					if n == 100 {
						cancel()
					}
					return nil
				})
				if !errors.Is(err, context.Canceled) || len(all) != 100 {
					t.Errorf("%s: %d rows, %v", in, len(all), err)
				}
				end()
			}
			rows, err := func() (*store.Rows, error) {
				ctx, cancel := context.WithCancel(system(t))
				defer cancel()
				rows, err := db.Query(ctx, names)
				if err == nil && !rows.Next() {
					t.Error("no rows")
				}
				return rows, err
			}()
			must(t, err)
			n := 1
			for rows.Next() {
				n++
			}
			if err := rows.Err(); !errors.Is(err, context.Canceled) && n < 2000 { // all may have been read before it is noticed
				t.Errorf("by Query: %d rows, %v", n, err)
			}
			idle(t, db)
			if all, err := ids(system(t), db, names, nil, nil); err != nil || len(all) != 2000 {
				t.Errorf("afterwards: %d rows, %v", len(all), err)
			}
		}
	})
}

func fillNames(t *testing.T, db *store.DB, n int) {
	t.Helper()
	var args []any
	for i := range n {
		args = append(args, fmt.Sprintf("%08d%s", i, strings.Repeat("x", 80)), time.Now())
	}
	must(t, second(db.Exec(system(t), insertName+strings.Repeat(", (?, ?)", n-1), args...)))
}

// A connection that the server has closed is replaced, between two statements without anyone noticing.
func TestKilledConnectionsAreReplaced(t *testing.T) {
	db := testkit.DB(t, store.MySQL, store.Options{})
	db.Reader().SetMaxOpenConns(1)
	ctx := system(t)
	fillNames(t, db, 5000)
	one := func(ctx context.Context) error {
		all, err := ids(ctx, db, "SELECT id FROM claimed_names LIMIT 1", nil, nil)
		if err == nil && len(all) != 1 {
			t.Errorf("read %q", all)
		}
		return err
	}
	kill := func(ctx context.Context) {
		id := connection(t, ctx, db)
		must(t, second(db.Exec(system(t), "KILL ?", id)))
		for n := 1; n > 0; { // the server answers before the connection is closed
			must(t, db.Writer().QueryRowContext(ctx, "SELECT COUNT(*) FROM information_schema.processlist WHERE id = ?", id).Scan(&n))
		}
	}
	for range 4 {
		must(t, one(ctx))
		must(t, second(texts(t, ctx, db, "SELECT 1"), nil))
		kill(ctx)
		must(t, one(ctx))
		kill(ctx)
		must(t, second(texts(t, ctx, db, "SELECT 1"), nil))
		kill(ctx)
		snap, end := db.Snapshot(ctx)
		must(t, one(snap))
		kill(snap) // now there is something to lose
		if err := one(snap); err == nil {
			t.Error("the snapshot has outlived its connection")
		}
		end()
		must(t, one(ctx))
		id := connection(t, ctx, db)
		all, err := ids(ctx, db, names, nil, func(n int) error {
			if n == 1 {
				must(t, second(db.Exec(system(t), "KILL ?", id)))
			}
			return nil
		})
		if err == nil || len(all) == 5000 {
			t.Errorf("killed amid its rows: %d rows, %v", len(all), err)
		}
		must(t, one(ctx))
	}
	idle(t, db)
}

func connection(t *testing.T, ctx context.Context, db *store.DB) (id int64) {
	t.Helper()
	must(t, db.Read(ctx, "SELECT CONNECTION_ID()", nil, 1, func(row []driver.Value) error {
		id = row[0].(int64)
		return nil
	}))
	return id
}

// Rows still open at the end of their snapshot are read to their end, and the connection comes back after them.
func TestASnapshotEndsAfterItsRows(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, db *store.DB) {
		fillNames(t, db, 100)
		ctx, end := db.Snapshot(system(t))
		rows, err := db.Query(ctx, names)
		must(t, err)
		end()
		n := 0
		for rows.Next() {
			n++
		}
		must(t, rows.Err())
		if n != 100 {
			t.Errorf("%d rows", n)
		}
		if _, err := db.Query(ctx, names); err == nil {
			t.Error("a snapshot can be read after its end")
		}
		idle(t, db)
	})
}

// No goroutine outlives the database, whatever happened to its statements.
func TestNothingIsLeftRunning(t *testing.T) {
	for _, engine := range []store.Engine{store.SQLite, store.MySQL} {
		url := testkit.Migrated(t, engine)
		before := goleak.IgnoreCurrent()
		db, err := store.Open(t.Context(), url, store.Options{})
		must(t, err)
		fillNames(t, db, 1000)
		var all sync.WaitGroup
		for i := range 40 {
			all.Go(func() {
				ctx, cancel := context.WithCancel(system(t))
				defer cancel()
				if i%2 == 0 {
					var end func()
					ctx, end = db.Snapshot(ctx)
					defer end()
				}
				for range 3 {
					_, err := ids(ctx, db, names, nil, func(n int) error {
						switch {
						case n == 10 && i%5 == 1:
							cancel()
						case n == 10 && i%5 == 2:
							return errOurs
						}
						return nil
					})
					if (err == nil) != (i%5 == 0 || i%5 > 2) {
						t.Errorf("%d: %v", i, err)
					}
				}
			})
		}
		all.Wait()
		must(t, db.Close())
		goleak.VerifyNone(t, before)
	}
}
