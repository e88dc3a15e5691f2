package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/identity"
	"github.com/appanage/appanage/internal/store"
)

// small has four families, one of them below partner 1. All callers have few clients or all; a scope for which the closure
// table is asked is TestLargeScope's.
var small = world{4 * family, 4}

// The targets answer alike, on both engines, and can be measured: the benchmark itself does not rot.
func TestTargetsAnswerAlike(t *testing.T) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			db, sys := systemOn(t, e, small)
			m, stop, err := newMeter(t.Context(), sys, db, clientHere(t))
			must(t, err)
			for _, sc := range scenarios(sys.world, sys.lists) {
				r, err := m.measure(t.Context(), sc, 2*time.Millisecond, 2)
				must(t, err)
				for target, f := range newLine(e.name, r).figures {
					if f.elapsed <= 0 || f.allocs <= 0 {
						t.Errorf("%s, %s: measured %+v", sc.name, names[target], f)
					}
					if asks := sc.kind != floor && sc.name != "introspection"; asks && f.statements < 1 {
						t.Errorf("%s, %s: %v statements", sc.name, names[target], f.statements)
					}
				}
			}
			must(t, stop())
		})
	}
}

// A scope of more clients than are bound as constants gives the same pages, too.
func TestLargeScope(t *testing.T) {
	w := world{32 * family, 1}
	if half := w.clients / 2; half <= 300 {
		t.Fatalf("%d clients are no large scope", half)
	}
	_, sys := systemOn(t, engines[0], w)
	for _, sc := range scenarios(w, sys.lists) {
		if sc.kind == reads {
			sc.as = callers.large
			_, err := sys.verify(t.Context(), sc)
			must(t, err)
		}
	}
}

// What is measured is full, with something of strangers in it: nothing is cheap because it is empty.
func TestTreeIsFull(t *testing.T) {
	_, sys := systemOn(t, engines[0], world{2 * family, appsEach})
	got, err := sys.ask(t.Context(), byHandTarget, callers.partner, get("/tree?first=100"))
	must(t, err)
	count := func(id string) int { return bytes.Count(got.data, []byte(`"id":"`+id)) }
	if n := count("app_"); n != 100 || count("cli_") != n {
		t.Fatalf("%d applications, %d owners", n, count("cli_"))
	}
	own := count("url_") / urls
	if own < 80 || own == 100 {
		t.Errorf("%d of 100 applications are of the family itself", own)
	}
	for id, want := range map[string]int{
		"prp_": own * properties, "pkg_": own * packages, "rol_": own * packages * rolesEach, "per_": own * packages * rolesEach * permissionsOf,
	} {
		if n := count(id); n != want {
			t.Errorf("%d ids %s…, want %d", n, id, want)
		}
	}
}

// The properties in force are the client's own, of both that manage it, of owners, and defaults.
func TestPropertiesInForceAreOfAllSorts(t *testing.T) {
	w := world{4 * family, appsEach}
	_, sys := systemOn(t, engines[0], w)
	got, err := sys.ask(t.Context(), byHandTarget, w.deep(), get("/properties?first=20"))
	must(t, err)
	if n := bytes.Count(got.data, []byte(`"propertiesInForce":[{`)); n != 20 {
		t.Errorf("in force in %d of 20 applications", n)
	}
	for _, from := range []string{
		`{"kind":"OWN","client":{"id":"` + w.deep().client, `{"kind":"MANAGER","client":{"id":"` + clientID(3), `{"kind":"MANAGER","client":{"id":"` + clientID(1),
		`{"kind":"OWNER","client":{"id":"`, `{"kind":"DEFAULT","client":null}`,
	} {
		if n := bytes.Count(got.data, []byte(from)); n < 5 {
			t.Errorf("%d values of %s", n, from)
		}
	}
}

// The same scale makes the same bytes, breaks no foreign key, leaves the tables with the indexes they had, and goes
// into no database that is in use.
func TestLoad(t *testing.T) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			var seen []string
			for range 2 {
				db, err := e.start(t.Context())
				must(t, err)
				t.Cleanup(func() { must(t, db.stop()) })
				h, err := hub.Open(t.Context(), db.url, identity.DefaultSessionLimits)
				must(t, err)
				t.Cleanup(func() { must(t, h.Close()) })
				ctx := platform(t.Context())
				before := indexesOf(t, h)
				must(t, world{2 * family, 2}.load(ctx, h.DB, io.Discard))
				if after := indexesOf(t, h); !slices.Equal(before, after) || len(before) < 10 {
					t.Errorf("indexes before: %v, after: %v", before, after)
				}
				if err := (world{2 * family, 2}).load(ctx, h.DB, io.Discard); !errors.Is(err, errNotEmpty) {
					t.Errorf("loaded again: %v", err)
				}
				if h.DB.Engine() == store.SQLite {
					if broken := rowsOf(t, h, "PRAGMA foreign_key_check"); len(broken) > 0 {
						t.Errorf("foreign keys broken: %v", broken)
					}
				}
				seen = append(seen, contents(t, h))
			}
			if seen[0] != seen[1] {
				t.Error("two loads differ")
			}
		})
	}
}

func indexesOf(t *testing.T, h *hub.Hub) []string {
	t.Helper()
	read := readMySQL
	if h.DB.Engine() == store.SQLite {
		read = readSQLite
	}
	i, err := read(platform(t.Context()), h.DB)
	must(t, err)
	return slices.Sorted(slices.Values(i.create))
}

// contents is a digest of all rows that are loaded; what the installation made by itself has ids and times of its own.
func contents(t *testing.T, h *hub.Hub) string {
	t.Helper()
	sum := sha256.New()
	for _, table := range tables {
		for _, row := range rowsOf(t, h, "SELECT "+table.columns+" FROM "+table.name+" WHERE "+loaded(table.columns)+" ORDER BY 1, 2") {
			fmt.Fprintln(sum, row)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func loaded(columns string) string {
	first, _, _ := strings.Cut(columns, ",")
	return first + " LIKE '%01J0000000%'"
}

func rowsOf(t *testing.T, h *hub.Hub, query string) (list []string) {
	t.Helper()
	rows, err := h.DB.Query(platform(t.Context()), query)
	must(t, err)
	defer func() { must(t, rows.Close()) }()
	columns, err := rows.Columns()
	must(t, err)
	values := make([]any, len(columns))
	for i := range values {
		values[i] = new(any)
	}
	for rows.Next() {
		must(t, rows.Scan(values...))
		line := ""
		for _, v := range values {
			line += fmt.Sprintf("%s|", *v.(*any))
		}
		list = append(list, line)
	}
	must(t, rows.Err())
	return list
}

func TestScale(t *testing.T) {
	for scale, want := range map[float64]int{0.1: 100, 1: 1000, 10: 10_000} {
		if w, err := scaled(scale); err != nil || w.clients != want || len(w.owned(0)) != appsEach*family {
			t.Errorf("scale %g: %d clients, %d applications of a family, %v", scale, w.clients, len(w.owned(0)), err)
		}
	}
	for _, scale := range []float64{0, 0.001, 0.02, 0.05} {
		if w, err := scaled(scale); err == nil {
			t.Errorf("scale %g: %d clients", scale, w.clients)
		}
	}
}

func systemOn(t *testing.T, e engine, w world) (database, *system) {
	t.Helper()
	db, err := e.start(t.Context())
	must(t, err)
	t.Cleanup(func() { must(t, db.stop()) })
	sys, err := newSystem(t.Context(), db.url, w, io.Discard)
	must(t, err)
	t.Cleanup(func() { must(t, sys.close()) })
	return db, sys
}

// clientHere is a client in this process.
func clientHere(t *testing.T) *client {
	t.Helper()
	jobs, in := io.Pipe()
	out, done := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- serveJobs(t.Context(), jobs, done) }()
	return newClient(in, out, func() error { return <-ended })
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
