package store_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit"
	"github.com/appanage/appanage/migrations"
)

// engines runs a test on an empty database of each engine.
func engines(t *testing.T, f func(t *testing.T, engine store.Engine, url string)) {
	t.Helper()
	for name, engine := range map[string]store.Engine{"sqlite": store.SQLite, "mysql": store.MySQL} {
		t.Run(name, func(t *testing.T) { f(t, engine, testkit.Database(t, engine)) })
	}
}

func open(t *testing.T, url string, options store.Options) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), url, options)
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	return db
}

func TestServersStartingAtOnceMigrateOnce(t *testing.T) {
	engines(t, func(t *testing.T, engine store.Engine, url string) {
		var inside, most, installs atomic.Int32
		options := store.Options{Install: func(ctx context.Context, tx *ent.Client) error {
			most.Store(max(most.Load(), inside.Add(1)))
			defer inside.Add(-1)
			if installs.Add(1) == 1 {
				return claim(ctx, tx, "installed")
			}
			return second(tx.ClaimedName.Get(ctx, "installed"))
		}}
		var all sync.WaitGroup
		for range 3 {
			db := open(t, url, options)
			all.Go(func() {
				if err := db.Migrate(system(t)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if most.Load() != 1 || installs.Load() != 3 {
			t.Errorf("%d installations, up to %d at a time", installs.Load(), most.Load())
		}
		db := open(t, url, store.Options{})
		list, err := migrations.List(string(engine))
		must(t, err)
		rows, err := db.Query(system(t), "SELECT version FROM schema_revisions WHERE applied = total")
		must(t, err)
		n := 0
		for rows.Next() {
			n++
		}
		must(t, rows.Close())
		if n != len(list) {
			t.Errorf("%d of %d migrations are recorded", n, len(list))
		}
	})
}

func TestPending(t *testing.T) {
	engines(t, func(t *testing.T, engine store.Engine, url string) {
		db := open(t, url, store.Options{})
		list, err := migrations.List(string(engine))
		must(t, err)
		before, err := db.Pending(t.Context())
		must(t, err)
		must(t, db.Migrate(t.Context()))
		after, err := db.Pending(t.Context())
		must(t, err)
		if len(before) != len(list) || len(after) != 0 {
			t.Errorf("pending: %q, then %q", before, after)
		}
	})
}

func TestAStrangeDatabaseIsRefused(t *testing.T) {
	for _, test := range []struct {
		name, statement string
		want            error
	}{
		{"newer", "INSERT INTO schema_revisions SELECT '99990101000000', description, applied, total, executed_at, execution_micros, hash, partial_hashes, error, error_statement FROM schema_revisions LIMIT 1", store.ErrNewer},
		{"edited", "UPDATE schema_revisions SET hash = 'other'", store.ErrChanged},
		{"of another line", "UPDATE schema_revisions SET version = '20000101000000' WHERE description = 'initial'", store.ErrChanged},
	} {
		t.Run(test.name, func(t *testing.T) {
			engines(t, func(t *testing.T, _ store.Engine, url string) {
				db := open(t, url, store.Options{Install: func(context.Context, *ent.Client) error { return nil }})
				must(t, db.Migrate(t.Context()))
				must(t, second(db.Exec(system(t), test.statement)))
				if err := db.Migrate(t.Context()); !errors.Is(err, test.want) {
					t.Errorf("migrated all the same: %v", err)
				}
				if _, err := db.Pending(t.Context()); !errors.Is(err, test.want) {
					t.Errorf("pending: %v", err)
				}
			})
		})
	}
}

func TestAFailedInstallationIsUndone(t *testing.T) {
	engines(t, func(t *testing.T, _ store.Engine, url string) {
		fail := errOurs
		db := open(t, url, store.Options{Install: func(ctx context.Context, tx *ent.Client) error {
			return errors.Join(claim(ctx, tx, "x"), fail)
		}})
		if err := db.Migrate(system(t)); !errors.Is(err, errOurs) {
			t.Errorf("migrate: %v", err)
		}
		fail = nil
		must(t, db.Migrate(system(t)))
		if got := claimed(t, db); got != "x" {
			t.Error(got)
		}
	})
}

// A commit that was acknowledged is there after kill -9. The child is this test, told so by its environment.
func TestAcknowledgedCommitsSurviveKill(t *testing.T) {
	const variable = "APPANAGE_TEST_WRITE_TO"
	if url := os.Getenv(variable); url != "" {
		writeForEver(t, url)
	}
	url := testkit.Migrated(t, store.SQLite)
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestAcknowledgedCommitsSurviveKill$")
	child.Env = append(os.Environ(), variable+"="+url)
	out, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	lines, last := bufio.NewScanner(out), ""
	for range 50 {
		if !lines.Scan() {
			t.Fatal("the child has stopped by itself")
		}
		last = lines.Text()
	}
	must(t, child.Process.Kill())
	for lines.Scan() {
		last = lines.Text() // acknowledged before the blow, read after it
	}
	_ = child.Wait() // it was killed
	if got := claimed(t, open(t, url, store.Options{})); !strings.HasSuffix(got, last) && !strings.Contains(got, last+" ") {
		t.Errorf("%s was acknowledged; there is %s", last, got)
	}
}

func writeForEver(t *testing.T, url string) {
	t.Helper()
	db := open(t, url, store.Options{})
	for i := 0; ; i++ {
		name := fmt.Sprintf("%06d", i)
		must(t, claim(system(t), db.Ent(), name))
		fmt.Println(name)
		time.Sleep(100 * time.Microsecond)
	}
}
