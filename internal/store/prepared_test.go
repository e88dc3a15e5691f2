package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit"
)

const (
	names      = "SELECT id FROM claimed_names ORDER BY id"
	insertName = "INSERT INTO claimed_names (id, claimed_at) VALUES (?, ?)"
)

// narrow leaves each pool one connection, so that a text that comes twice comes twice to the same one.
func narrow(db *store.DB) {
	db.Reader().SetMaxOpenConns(1)
	db.Writer().SetMaxOpenConns(1)
}

// onNarrow runs a test on each engine with one connection for reads and one for writes.
func onNarrow(t *testing.T, f func(t *testing.T, ctx context.Context, db *store.DB)) {
	t.Helper()
	testkit.Engines(t, func(t *testing.T, db *store.DB) {
		narrow(db)
		f(t, system(t), db)
	})
}

// texts reads the first column of a query.
func texts(t *testing.T, ctx context.Context, db *store.DB, query string, args ...any) []string {
	t.Helper()
	rows, err := db.Query(ctx, query, args...)
	must(t, err)
	defer func() { must(t, rows.Close()) }()
	var all []string
	for rows.Next() {
		var text string
		must(t, rows.Scan(&text))
		all = append(all, text)
	}
	must(t, rows.Err())
	return all
}

func kept(t *testing.T, pool *sql.DB) []string {
	t.Helper()
	all, err := store.Kept(t.Context(), pool)
	must(t, err)
	return all
}

func TestStatementsAreKeptFromTheSecondTime(t *testing.T) {
	onNarrow(t, func(t *testing.T, ctx context.Context, db *store.DB) {
		for i := range 4 {
			must(t, second(db.Exec(ctx, insertName, strconv.Itoa(i), time.Now())))
			if got := len(texts(t, ctx, db, names)); got != i+1 {
				t.Errorf("%d rows after %d inserts", got, i+1)
			}
			want := i > 0
			if slices.Contains(kept(t, db.Reader()), names) != want || slices.Contains(kept(t, db.Writer()), insertName) != want {
				t.Errorf("run %d: kept %q and %q", i+1, kept(t, db.Reader()), kept(t, db.Writer()))
			}
		}
	})
}

// However many texts come, twice each, a connection keeps its number and the server is rid of the others.
func TestKeptStatementsAreBounded(t *testing.T) {
	onNarrow(t, func(t *testing.T, ctx context.Context, db *store.DB) {
		for i := range 10_000 {
			for range 2 {
				if got := texts(t, ctx, db, fmt.Sprintf("SELECT %d + ?", i), 1); got[0] != strconv.Itoa(i+1) {
					t.Fatalf("statement %d gave %s", i, got)
				}
			}
			if i%16 == 0 {
				texts(t, ctx, db, names)
			}
		}
		texts(t, ctx, db, names)
		most := map[store.Engine]int{store.SQLite: store.KeptSQLite, store.MySQL: store.KeptMySQL}[db.Engine()]
		all := kept(t, db.Reader())
		if len(all) != most || all[0] != names {
			t.Errorf("%d statements are kept, first %q", len(all), all[0])
		}
		if db.Engine() == store.MySQL {
			onServer := texts(t, ctx, db, "SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'PREPARED_STMT_COUNT'")
			if onServer[0] != strconv.Itoa(most) {
				t.Errorf("the server has %s prepared statements, not %d", onServer[0], most)
			}
		}
	})
}

func TestTextsThatComeOnceDriveNothingOut(t *testing.T) {
	onNarrow(t, func(t *testing.T, ctx context.Context, db *store.DB) {
		for range 2 {
			texts(t, ctx, db, names)
			must(t, second(db.Exec(ctx, "UPDATE claimed_names SET id = id")))
		}
		for n := range 300 {
			must(t, second(db.Exec(ctx, insertName+strings.Repeat(", (?, ?)", n), pairs(n)...)))
			texts(t, ctx, db, "SELECT id FROM claimed_names WHERE id IN (?"+strings.Repeat(", ?", n)+") AND 1 = 0", pairs(n)[:n+1]...)
			must(t, second(db.Exec(ctx, fmt.Sprintf("DELETE FROM claimed_names WHERE %d = ?", n), n)))
		}
		if all := kept(t, db.Reader()); !slices.Contains(all, names) || len(all) > 10 {
			t.Errorf("reader: kept %d statements, %q", len(all), all[0])
		}
		if all := kept(t, db.Writer()); len(all) != 1 {
			t.Errorf("writer: kept %d statements", len(all))
		}
	})
}

// pairs are the arguments of an insert of n+1 names.
func pairs(n int) []any {
	var args []any
	for i := range n + 1 {
		args = append(args, fmt.Sprintf("name %d", i), time.Now())
	}
	return args
}

// SQLite allows statements beside open rows in a transaction: the same text, and so many that the statement of
// the open rows is dropped.
func TestAKeptStatementRunsWithinItself(t *testing.T) {
	db := testkit.DB(t, store.SQLite, store.Options{})
	ctx := system(t)
	for _, name := range []string{"a", "b", "c"} {
		must(t, claim(ctx, db.Ent(), name))
	}
	must(t, db.InTx(ctx, func(ctx context.Context, _ *ent.Client) error {
		for range 2 {
			texts(t, ctx, db, names)
		}
		for range 2 { // the second time with what the first has left
			var seen []string
			outer, err := db.Query(ctx, names)
			must(t, err)
			for outer.Next() {
				var name string
				must(t, outer.Scan(&name))
				seen = append(append(seen, name), texts(t, ctx, db, names)...)
				for i := range store.KeptSQLite {
					texts(t, ctx, db, fmt.Sprintf("SELECT %d", i))
					texts(t, ctx, db, fmt.Sprintf("SELECT %d", i))
				}
			}
			must(t, outer.Err())
			if got := strings.Join(seen, ""); got != "aabcbabccabc" {
				t.Errorf("read %s", got)
			}
		}
		return nil
	}))
	if n := len(kept(t, db.Writer())); n != store.KeptSQLite {
		t.Errorf("%d statements are kept", n)
	}
}

// MySQL has no statements beside open rows. The transaction fails, and its connection is not used again.
func TestAStatementBesideOpenRowsOnMySQL(t *testing.T) {
	db := testkit.DB(t, store.MySQL, store.Options{})
	narrow(db)
	ctx := system(t)
	must(t, claim(ctx, db.Ent(), "a"))
	for range 3 {
		err := db.InTx(ctx, func(ctx context.Context, _ *ent.Client) error {
			texts(t, ctx, db, names)
			texts(t, ctx, db, names)
			outer, err := db.Query(ctx, names)
			must(t, err)
			defer func() { _ = outer.Close() }()
			inner, err := db.Query(ctx, names)
			if err == nil {
				t.Error("a statement ran beside open rows")
				must(t, inner.Close())
			}
			return err
		})
		if err == nil {
			t.Error("committed")
		}
		if got := texts(t, ctx, db, names); len(got) != 1 {
			t.Errorf("afterwards: %q", got)
		}
	}
}

func TestKeptStatementsSeeAChangedTable(t *testing.T) {
	engines(t, func(t *testing.T, _ store.Engine, url string) {
		db := open(t, url, store.Options{})
		narrow(db)
		ctx := system(t)
		must(t, second(db.Exec(ctx, "CREATE TABLE changing (id varchar(10))")))
		insert := "INSERT INTO changing (id) VALUES (?)"
		for i, change := range []string{"ADD COLUMN more int DEFAULT 7", "ADD COLUMN still_more varchar(10)", "DROP COLUMN more"} {
			for range 3 {
				must(t, second(db.Exec(ctx, insert, "a")))
				texts(t, ctx, db, "SELECT id FROM changing")
				columnsOf(t, ctx, db, "SELECT * FROM changing")
			}
			must(t, second(db.Exec(ctx, "ALTER TABLE changing "+change)))
			must(t, second(db.Exec(ctx, insert, "b")))
			if got := len(texts(t, ctx, db, "SELECT id FROM changing")); got != 4*(i+1) {
				t.Errorf("after %s: %d rows", change, got)
			}
			want := [][]string{{"id", "more"}, {"id", "more", "still_more"}, {"id", "still_more"}}[i]
			for range 3 {
				if got := columnsOf(t, ctx, db, "SELECT * FROM changing"); !slices.Equal(got, want) {
					t.Errorf("after %s: columns %q", change, got)
				}
			}
		}
	})
}

// columnsOf also reads the rows, as many values each as there are columns.
func columnsOf(t *testing.T, ctx context.Context, db *store.DB, query string) []string {
	t.Helper()
	rows, err := db.Query(ctx, query)
	must(t, err)
	defer func() { must(t, rows.Close()) }()
	columns, err := rows.Columns()
	must(t, err)
	for rows.Next() {
		into := make([]any, len(columns))
		for i := range into {
			into[i] = new(any)
		}
		must(t, rows.Scan(into...))
		if id := *into[0].(*any); fmt.Sprintf("%s", id) != "a" && fmt.Sprintf("%s", id) != "b" {
			t.Errorf("id %s", id)
		}
	}
	must(t, rows.Err())
	return columns
}

// What a kept statement fails with means the same as without, and leaves the statement usable.
func TestErrorsOfKeptStatements(t *testing.T) {
	onNarrow(t, func(t *testing.T, ctx context.Context, db *store.DB) {
		for i := range 4 {
			must(t, second(db.Exec(ctx, insertName, strconv.Itoa(i), time.Now())))
			err := second(db.Exec(ctx, insertName, strconv.Itoa(i), time.Now()))
			if store.UniqueKey(err) != "claimed_names.id" {
				t.Errorf("run %d: %v", i, err)
			}
			must(t, db.InTx(ctx, func(ctx context.Context, _ *ent.Client) error { // it undoes its statement alone
				_ = second(db.Exec(ctx, insertName, "0", time.Now()))
				return second(db.Exec(ctx, insertName, fmt.Sprintf("%d in a transaction", i), time.Now()))
			}))
			if err := second(db.Exec(ctx, "UPDATE claimed_names SET id = NULL WHERE id = ?", "0")); err == nil || store.IsUnique(err) {
				t.Errorf("NULL: %v", err)
			}
			if err := second(db.Query(ctx, "SELECT nothing FROM claimed_names WHERE id = ?", "0")); err == nil {
				t.Error("a column that is not there was read")
			}
		}
		if got := texts(t, ctx, db, names); len(got) != 8 {
			t.Errorf("%q", got)
		}
	})
}

// The same two rows in opposite order, by statements kept since two rounds before.
func TestDeadlocksOfKeptStatementsAreSurvived(t *testing.T) {
	db := testkit.DB(t, store.MySQL, store.Options{})
	db.Writer().SetMaxOpenConns(2)
	ctx := system(t)
	must(t, second(db.Exec(ctx, insertName+", (?, ?)", "a", time.Unix(0, 0), "b", time.Unix(0, 0))))
	const later = "UPDATE claimed_names SET claimed_at = claimed_at + INTERVAL 1 SECOND WHERE id = ?"
	attempts := 0
	for range 6 {
		var met, all sync.WaitGroup
		met.Add(2)
		var count sync.Mutex
		for _, order := range [][]string{{"a", "b"}, {"b", "a"}} {
			all.Go(func() {
				meet := sync.OnceFunc(func() { met.Done(); met.Wait() })
				err := db.InTx(ctx, func(ctx context.Context, _ *ent.Client) error {
					count.Lock()
					attempts++
					count.Unlock()
					if err := second(db.Exec(ctx, later, order[0])); err != nil {
						return err
					}
					meet()
					return second(db.Exec(ctx, later, order[1]))
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	if attempts < 18 { // in each round one of two must give way
		t.Errorf("%d attempts: there were no deadlocks", attempts)
	}
	for _, at := range texts(t, ctx, db, "SELECT claimed_at FROM claimed_names") {
		if !strings.HasPrefix(at, "1970-01-01T00:00:12") {
			t.Errorf("after twelve updates: %s", at)
		}
	}
	if all := kept(t, db.Writer()); !slices.Contains(all, later) {
		t.Errorf("kept %q", all)
	}
}

// A parameter is not everywhere what a constant is: here MariaDB does not see that both expressions are one.
func TestWhatCannotBePreparedRunsAsText(t *testing.T) {
	db := testkit.DB(t, store.MySQL, store.Options{})
	narrow(db)
	ctx := system(t)
	must(t, claim(ctx, db.Ent(), "a"))
	const grouped = "SELECT id || ? FROM claimed_names GROUP BY id || ?"
	for range 4 {
		if got := texts(t, ctx, db, grouped, "!", "!"); len(got) != 1 || got[0] != "a!" {
			t.Errorf("%q", got)
		}
	}
	if all := kept(t, db.Reader()); slices.Contains(all, grouped) {
		t.Error("it can be prepared: the test shows nothing")
	}
}

func TestAServerWithoutRoomForStatements(t *testing.T) {
	db := testkit.DB(t, store.MySQL, store.Options{})
	narrow(db)
	ctx := system(t)
	limit := texts(t, ctx, db, "SELECT @@max_prepared_stmt_count")[0]
	must(t, second(db.Exec(ctx, "SET GLOBAL max_prepared_stmt_count = 0")))
	defer func() { must(t, second(db.Exec(ctx, "SET GLOBAL max_prepared_stmt_count = "+limit))) }()
	for range 4 {
		must(t, claim(ctx, db.Ent(), "a"))
		if got := texts(t, ctx, db, names); len(got) != 1 {
			t.Errorf("%q", got)
		}
		must(t, second(db.Exec(ctx, "DELETE FROM claimed_names WHERE id = ?", "a")))
	}
	if all := append(kept(t, db.Reader()), kept(t, db.Writer())...); len(all) != 0 {
		t.Errorf("kept %q", all)
	}
}
