package store_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/appanage/appanage/ent"
	entapplication "github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit"
)

var errOurs = errors.New("the function's own error")

func claim(ctx context.Context, c *ent.Client, name string) error {
	return c.ClaimedName.Create().SetID(name).SetClaimedAt(clock.Now()).Exec(ctx)
}

func claimed(t *testing.T, db *store.DB) string {
	t.Helper()
	ids, err := db.Ent().ClaimedName.Query().Order(ent.Asc("id")).IDs(system(t))
	must(t, err)
	return strings.Join(ids, " ")
}

func TestWritesAndReadsFindTheirConnection(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, db *store.DB) {
		ctx := system(t)
		must(t, claim(ctx, db.Ent(), "a"))
		if _, err := db.Reader().ExecContext(ctx, "DELETE FROM claimed_names"); err == nil {
			t.Error("a reader connection has taken a write")
		}
		if err := second(db.Exec(ctx, "UPDATE claimed_names SET id = ? WHERE id = ?", "b", "a")); err != nil {
			t.Error(err)
		}
		if got := claimed(t, db); got != "b" {
			t.Errorf("claimed: %q", got)
		}
	})
}

func TestInTxCommitsOrRollsBack(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, db *store.DB) {
		ctx := system(t)
		outside := ctx
		must(t, db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
			must(t, claim(ctx, tx, "by its client"))
			must(t, claim(ctx, db.Client(ctx), "by the context"))
			must(t, claim(ctx, db.Ent(), "by the context alone"))
			must(t, second(db.Exec(ctx, "UPDATE claimed_names SET id = ? WHERE id = ?", "by hand", "by its client")))
			if n, err := db.Ent().ClaimedName.Query().Count(ctx); n != 3 || err != nil {
				t.Errorf("seen within: %d, %v", n, err)
			}
			if n := db.Ent().ClaimedName.Query().CountX(outside); n != 0 {
				t.Errorf("seen from outside before the commit: %d", n)
			}
			return nil
		}))
		const want = "by hand by the context by the context alone"
		if got := claimed(t, db); got != want {
			t.Errorf("committed: %q", got)
		}
		err := db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
			must(t, claim(ctx, tx, "lost"))
			return errOurs
		})
		if !errors.Is(err, errOurs) {
			t.Errorf("the function's error came through as %v", err)
		}
		panics(t, func() {
			_ = db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
				must(t, claim(ctx, tx, "lost"))
				panic(errOurs)
			})
		})
		if got := claimed(t, db); got != want {
			t.Errorf("after an error and a panic: %q", got)
		}
	})
}

func panics(t *testing.T, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Error("the panic did not come through")
		}
	}()
	f()
}

func TestInTxJoins(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, db *store.DB) {
		ctx := system(t)
		inner := func(ctx context.Context, fail error) error {
			return db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
				must(t, claim(ctx, tx, "inner"))
				return fail
			})
		}
		err := db.InTx(ctx, func(ctx context.Context, _ *ent.Client) error {
			must(t, inner(ctx, nil))
			return errOurs
		})
		if !errors.Is(err, errOurs) || claimed(t, db) != "" {
			t.Errorf("the inner transaction has outlived the outer one (%v)", err)
		}
		err = db.InTx(ctx, func(ctx context.Context, _ *ent.Client) error {
			_ = inner(ctx, errOurs)
			return nil
		})
		if !errors.Is(err, errOurs) || claimed(t, db) != "" {
			t.Errorf("half of a failed command was committed (%v)", err)
		}
	})
}

func TestAfterCommit(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, db *store.DB) {
		ctx := system(t)
		var order []string
		note := func(s string) func() { return func() { order = append(order, s+":"+claimed(t, db)) } }
		must(t, db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
			db.AfterCommit(ctx, note("first"))
			must(t, claim(ctx, tx, "x"))
			return db.InTx(ctx, func(ctx context.Context, _ *ent.Client) error {
				db.AfterCommit(ctx, note("inner"))
				return nil
			})
		}))
		_ = db.InTx(ctx, func(ctx context.Context, _ *ent.Client) error {
			db.AfterCommit(ctx, note("rolled back"))
			return errOurs
		})
		db.AfterCommit(ctx, note("at once"))
		if got := strings.Join(order, " "); got != "first:x inner:x at once:x" {
			t.Error(got)
		}
	})
}

func TestAViolatedConstraintLeavesTheTransactionUsable(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, db *store.DB) {
		must(t, claim(system(t), db.Ent(), "taken"))
		must(t, db.InTx(system(t), func(ctx context.Context, tx *ent.Client) error {
			must(t, claim(ctx, tx, "before"))
			if err := claim(ctx, tx, "taken"); !store.IsUnique(err) {
				t.Errorf("a second row with one key: %v", err)
			}
			return claim(ctx, tx, "after")
		}))
		if got := claimed(t, db); got != "after before taken" {
			t.Error(got)
		}
	})
}

func TestAnyOtherErrorDoomsTheTransaction(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, db *store.DB) {
		err := db.InTx(system(t), func(ctx context.Context, tx *ent.Client) error {
			must(t, claim(ctx, tx, "before"))
			if _, err := db.Exec(ctx, "UPDATE no_such_table SET x = 1"); err == nil {
				t.Error("a table that is not there was updated")
			}
			if err := claim(ctx, tx, "after"); err == nil {
				t.Error("the transaction went on")
			}
			return nil
		})
		if err == nil || claimed(t, db) != "" {
			t.Errorf("committed all the same: %v, %q", err, claimed(t, db))
		}
	})
}

func TestInTxTriesAgain(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, db *store.DB) {
		for tries, failures := range map[int]int{3: 2, 6: 1000} {
			n, after := 0, 0
			err := db.InTx(system(t), func(ctx context.Context, tx *ent.Client) error {
				n++
				db.AfterCommit(ctx, func() { after++ })
				must(t, claim(ctx, tx, strings.Repeat("x", tries)))
				if n <= failures {
					return busy(t, db)
				}
				return nil
			})
			if n != tries || (err == nil) != (failures < tries) || err == nil && after != 1 {
				t.Errorf("%d failures: %d tries, %d hooks run, %v", failures, n, after, err)
			}
		}
		if got := claimed(t, db); got != "xxx" {
			t.Error(got)
		}
	})
}

// busy is an error of the engine that says "try again": on SQLite a real one, of a second writer without patience.
func busy(t *testing.T, db *store.DB) error {
	t.Helper()
	if db.Engine() == store.MySQL {
		return &mysql.MySQLError{Number: 1213, Message: "Deadlock found"}
	}
	path := filepath.Join(t.TempDir(), "busy.db")
	holder, err := sql.Open("sqlite", path+"?_txlock=immediate")
	must(t, err)
	defer func() { must(t, holder.Close()) }()
	tx, err := holder.BeginTx(t.Context(), nil)
	must(t, err)
	defer func() { must(t, tx.Rollback()) }()
	_, err = holder.ExecContext(t.Context(), "CREATE TABLE t (x)")
	if !store.Retryable(err) {
		t.Fatalf("not busy: %v", err)
	}
	return err
}

// Two transactions that lock two rows each, in opposite order, both come to their end.
func TestDeadlocksAreSurvived(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		var met, all sync.WaitGroup
		met.Add(2)
		var once [2]sync.Once
		for i, order := range [][]oid.Application{{w.myApp, w.theirApp}, {w.theirApp, w.myApp}} {
			all.Go(func() {
				err := db.InTx(system(t), func(ctx context.Context, tx *ent.Client) error {
					if err := lockAndCount(ctx, db, tx, order[0]); err != nil {
						return err
					}
					if db.Engine() == store.MySQL { // on SQLite there is never a second one to meet
						once[i].Do(met.Done)
						met.Wait()
					}
					return lockAndCount(ctx, db, tx, order[1])
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		for _, row := range db.Ent().Application.Query().AllX(system(t)) {
			if row.Version != 3 {
				t.Errorf("version %d after two updates", row.Version)
			}
		}
	})
}

func lockAndCount(ctx context.Context, db *store.DB, tx *ent.Client, id oid.Application) error {
	row, err := store.ForUpdate(db, tx.Application.Query().Where(entapplication.ID(id))).Only(ctx)
	if err != nil {
		return err
	}
	return row.Update().SetVersion(row.Version + 1).Exec(ctx)
}

func TestUniqueKeysAreNamedAlike(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ctx, c := system(t), db.Ent()
		user := func() *ent.UserCreate {
			return c.User.Create().SetClientID(w.mine).SetBaseID(oid.SystemClient).SetName("n").SetNameKey("n").
				SetEmailKey("someone's for key 'PRIMARY'").SetEmail("x")
		}
		must(t, user().Exec(ctx))
		must(t, claim(ctx, c, "a"))
		for want, err := range map[string]error{
			"applications.code":       application(c, w.mine, "theirs").Exec(ctx),
			"users.base_id,email_key": user().Exec(ctx),
			"users.id":                user().SetEmailKey("other").SetID(w.user).Exec(ctx),
			"claimed_names.id":        claim(ctx, c, "a"),
			"client_paths.ancestor_id,descendant_id": c.ClientPath.Create().SetTenantID(w.mine).SetDescendantID(w.mine).
				SetDepth(0).Exec(ctx),
			"permissions.authority": c.Permission.CreateBulk(
				c.Permission.Create().SetClientID(w.mine).SetAuthority("A").SetAuthorityKey("A"),
				c.Permission.Create().SetClientID(w.mine).SetAuthority("A").SetAuthorityKey("A")).Exec(ctx),
		} {
			if got := store.UniqueKey(err); got != want || !store.IsUnique(err) || store.IsForeignKey(err) {
				t.Errorf("%v\nis taken for %q, not for %q", err, got, want)
			}
		}
		orphan := application(c, oid.New[oid.Client](), "orphan").Exec(ctx)
		if !store.IsForeignKey(orphan) || store.IsUnique(orphan) {
			t.Errorf("an orphan is not recognised: %v", orphan)
		}
		if err := second(c.Application.Get(ctx, oid.New[oid.Application]())); !store.IsNotFound(err) {
			t.Errorf("a missing row is not recognised: %v", err)
		}
	})
}

// MySQL puts the table before the key's name, MariaDB does not; the test's server is one of the two only.
func TestKeysInTheWordsOfBothServers(t *testing.T) {
	for message, want := range map[string]string{
		"Duplicate entry 'x' for key 'application_code'":                       "applications.code",
		"Duplicate entry 'x' for key 'applications.application_code'":          "applications.code",
		"Duplicate entry 'a' for key 'b' for key 'PRIMARY'":                    "claimed_names.id",
		"Duplicate entry 'client/X' for key 'claimed_names.PRIMARY'":           "claimed_names.id",
		"Duplicate entry 'cli_1-x@y.z' for key 'users.user_base_id_email_key'": "users.base_id,email_key",
	} {
		err := store.Explain("INSERT INTO `claimed_names` (`id`) VALUES (?)", &mysql.MySQLError{Number: 1062, Message: message})
		if got := store.UniqueKey(err); got != want {
			t.Errorf("%s\nis taken for %q, not for %q", message, got, want)
		}
	}
}
