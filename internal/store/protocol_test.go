package store_test

import (
	"bytes"
	"context"
	"database/sql/driver"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/appanage/appanage/internal/store"
)

// columnTypes are those of our tables and more, each with values to write: every row takes the next of each.
var columnTypes = []struct {
	declared string
	values   []any
}{
	{"bigint", []any{int64(0), int64(-1 << 63), int64(1<<63 - 1)}},
	{"int", []any{int64(0), int64(-5), nil}},
	{"smallint", []any{int64(3), int64(-3), nil}},
	{"tinyint", []any{int64(-128), int64(127), nil}},
	{"bool", []any{true, false, nil}},
	{"double", []any{1.5, -1e300, nil}},
	{"decimal(10,3)", []any{"1.500", "-0.001", nil}},
	{"varchar(191)", []any{"plain", "", nil}},
	{"varchar(30)", []any{`it's a "quote" \ and %_`, "line\nbreak\x00\t\x1a", "Žluťoučký 🐎 \u2028 "}},
	{"longtext", []any{"", strings.Repeat("long ", 20_000), nil}},
	{"blob", []any{[]byte{0, 1, 0xff, 0xfe, '\'', '\\'}, []byte{1}, nil}},
	{"date", []any{"2026-07-28", "1000-01-01", nil}},
	{"datetime(6)", []any{
		time.Date(2026, 7, 28, 9, 59, 59, 123456999, time.UTC), // nanoseconds are cut
		time.Date(1999, 12, 31, 23, 0, 0, 0, time.FixedZone("far", -11*3600)),
		nil,
	}},
	{"datetime(6)", []any{time.Date(2026, 7, 28, 0, 0, 0, 0, time.UTC), time.Unix(0, 1000), nil}},
}

// Both protocols write the same and read the same, type for type. SQLite has no two, and passes too.
func TestKeptStatementsCarryTheSameValues(t *testing.T) {
	engines(t, func(t *testing.T, engine store.Engine, url string) {
		db := open(t, url, store.Options{})
		narrow(db)
		ctx := system(t)
		names := []string{"n", "way"}
		create := "CREATE TABLE carried (n int, way varchar(10)"
		for i, c := range columnTypes {
			name := "column_" + string(rune('a'+i))
			names = append(names, name)
			declared := c.declared
			if engine == store.SQLite {
				declared = strings.TrimSuffix(declared, "(6)")
			}
			create += ", " + name + " " + declared
		}
		must(t, second(db.Exec(ctx, create+")")))
		insert := "INSERT INTO carried (" + strings.Join(names, ", ") + ") VALUES (?" + strings.Repeat(", ?", len(names)-1) + ")"
		for _, way := range []string{"text", "kept", "kept again"} {
			for n := range 3 {
				args := []any{n, way}
				for _, c := range columnTypes {
					args = append(args, c.values[n])
				}
				text := insert
				if way == "text" {
					text += strings.Repeat(" ", n+1) // a text of its own, so never kept
				}
				must(t, second(db.Exec(ctx, text, args...)))
			}
		}
		if !slices.Contains(kept(t, db.Writer()), insert) {
			t.Fatalf("kept %q", kept(t, db.Writer()))
		}
		query := "SELECT " + strings.Join(names[2:], ", ") + " FROM carried WHERE way = ? ORDER BY n"
		first := values(t, ctx, db, query+" ", len(columnTypes), "text")
		for _, way := range []string{"text", "kept", "kept again"} {
			if got := values(t, ctx, db, query, len(columnTypes), way); !reflect.DeepEqual(got, first) {
				t.Errorf("%s:\n%#v\nas text:\n%#v", way, got, first)
			}
		}
		if !slices.Contains(kept(t, db.Reader()), query) || slices.Contains(kept(t, db.Reader()), query+" ") {
			t.Fatalf("kept %q", kept(t, db.Reader()))
		}
		checkTypes(t, engine, first)
	})
}

// values reads rows as the driver gives them.
func values(t *testing.T, ctx context.Context, db *store.DB, query string, columns int, args ...any) (all [][]driver.Value) {
	t.Helper()
	must(t, db.Read(ctx, query, args, columns, func(row []driver.Value) error {
		row = slices.Clone(row)
		for i, v := range row {
			if b, ok := v.([]byte); ok {
				row[i] = bytes.Clone(b)
			}
		}
		all = append(all, row)
		return nil
	}))
	return all
}

// checkTypes looks at some of what came back, lest all be wrong alike.
func checkTypes(t *testing.T, engine store.Engine, rows [][]driver.Value) {
	t.Helper()
	if len(rows) != 3 {
		t.Fatalf("%d rows", len(rows))
	}
	text := func(s string) driver.Value {
		if engine == store.MySQL {
			return []byte(s)
		}
		return s
	}
	for column, want := range map[int][]driver.Value{
		0:  {int64(0), int64(-1 << 63), int64(1<<63 - 1)},
		4:  {int64(1), int64(0), nil},
		5:  {1.5, -1e300, nil},
		8:  {text(`it's a "quote" \ and %_`), text("line\nbreak\x00\t\x1a"), text("Žluťoučký 🐎 \u2028 ")},
		12: {time.Date(2026, 7, 28, 9, 59, 59, 123456000, time.UTC), time.Date(2000, 1, 1, 10, 0, 0, 0, time.UTC), nil},
	} {
		for n, v := range want {
			if !reflect.DeepEqual(rows[n][column], v) {
				t.Errorf("%s, row %d: %#v, not %#v", columnTypes[column].declared, n, rows[n][column], v)
			}
		}
	}
}

// A parameter may have another type at each run of one statement, and so its column.
func TestParametersChangeTheirTypes(t *testing.T) {
	onNarrow(t, func(t *testing.T, ctx context.Context, db *store.DB) {
		for i, v := range []any{1, "text", nil, true, int64(1 << 40), time.Unix(1e9, 0), "1", []byte("bytes"), -1, ""} {
			once := values(t, ctx, db, "SELECT ?, 'x'"+strings.Repeat(" ", i+1), 2, v)
			for range 3 {
				if got := values(t, ctx, db, "SELECT ?, 'x'", 2, v); !reflect.DeepEqual(got, once) {
					t.Errorf("%#v: %#v, as text %#v", v, got, once)
				}
			}
		}
	})
}

// Affected rows are the rows found, and the last id is the one given, however the statement goes.
func TestResultsOfKeptStatements(t *testing.T) {
	engines(t, func(t *testing.T, engine store.Engine, url string) {
		db := open(t, url, store.Options{})
		narrow(db)
		ctx := system(t)
		key := map[store.Engine]string{store.SQLite: "integer PRIMARY KEY AUTOINCREMENT", store.MySQL: "bigint PRIMARY KEY AUTO_INCREMENT"}[engine]
		must(t, second(db.Exec(ctx, "CREATE TABLE numbered (id "+key+", name varchar(10))")))
		for i := range int64(4) {
			result, err := db.Exec(ctx, "INSERT INTO numbered (name) VALUES (?)", "same")
			must(t, err)
			if id, err := result.LastInsertId(); id != i+1 || err != nil {
				t.Errorf("the last id is %d, %v", id, err)
			}
			for text, want := range map[string]int64{
				"UPDATE numbered SET name = ?":               i + 1, // found, though none is changed
				"UPDATE numbered SET name = ? WHERE id = 99": 0,
				"DELETE FROM numbered WHERE name <> ?":       0,
			} {
				result, err := db.Exec(ctx, text, "same")
				must(t, err)
				if n, err := result.RowsAffected(); n != want || err != nil {
					t.Errorf("%s: %d rows, %v", text, n, err)
				}
			}
		}
		if all := kept(t, db.Writer()); len(all) != 4 {
			t.Errorf("kept %q", all)
		}
	})
}
