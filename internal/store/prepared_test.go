package store_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit"
)

// What SQLite's connections keep compiled never shows: not when one text runs within itself, not when more texts
// come than are kept, and not when the schema changes between two runs.
func TestKeptStatementsDoNotShow(t *testing.T) {
	db := testkit.DB(t, store.SQLite, store.Options{})
	ctx := system(t)
	for _, name := range []string{"a", "b", "c"} {
		must(t, claim(ctx, db.Ent(), name))
	}
	const names = "SELECT * FROM claimed_names"
	must(t, db.InTx(ctx, func(ctx context.Context, _ *ent.Client) error {
		pairs := 0
		outer, err := db.Query(ctx, names)
		must(t, err)
		for outer.Next() {
			inner, err := db.Query(ctx, names)
			must(t, err)
			for inner.Next() {
				pairs++
			}
			must(t, inner.Err())
		}
		must(t, outer.Err())
		if pairs != 9 {
			t.Errorf("%d pairs of 3 rows", pairs)
		}
		return nil
	}))
	for i := range 300 {
		rows, err := db.Query(ctx, fmt.Sprintf("SELECT %d, ?", i), i)
		must(t, err)
		var text, bound int
		if rows.Next() {
			must(t, rows.Scan(&text, &bound))
		}
		must(t, rows.Close())
		if text != i || bound != i {
			t.Fatalf("statement %d gave %d and %d", i, text, bound)
		}
	}
	must(t, second(db.Exec(ctx, "ALTER TABLE claimed_names ADD COLUMN more int")))
	rows, err := db.Query(ctx, names)
	must(t, err)
	defer func() { must(t, rows.Close()) }()
	if columns, err := rows.Columns(); len(columns) != 3 || err != nil {
		t.Errorf("after a change of the table: %q, %v", columns, err)
	}
}
