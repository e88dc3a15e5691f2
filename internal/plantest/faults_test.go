package plantest

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// deep takes six statements or more: lists, objects, pairs and lengths.
const deep = `{ applications(first: 5, orderBy: { field: NAME }) { totalCount nodes { code client { code } viewerCan
	properties(first: 3) { totalCount nodes { name value client { code } } } urls { nodes { origin } }
	packages { nodes { code roles { nodes { name permissions { totalCount nodes { authority } } } } } } } } }`

// faulty runs a test that makes requests fail, and checks that none has left anything behind: the node answers as
// before, and with the database every connection and goroutine ends.
func faulty(t *testing.T, test func(t *testing.T, f *fixture, whole answer, statements int), options ...hubtest.Options) {
	t.Helper()
	for name, engine := range map[string]store.Engine{"sqlite": store.SQLite, "mysql": store.MySQL} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, engine, options...)
			w := &watcher{}
			whole := ask(watching(t.Context(), w), t, f.planned, f.admin, deep, nil)
			if len(whole.Errors) > 0 || w.n < 6 {
				t.Fatalf("%d statements, %.1000s", w.n, whole.body)
			}
			known := goleak.IgnoreCurrent()
			test(t, f, whole, w.n)
			f.mustAnswer(t, whole)
			f.mustClose(t)
			goleak.VerifyNone(t, known)
		})
	}
}

// mustAnswer asks again, more often than a pool has connections.
func (f *fixture) mustAnswer(t *testing.T, whole answer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for range 3 {
		if a := ask(ctx, t, f.planned, f.admin, deep, nil); !bytes.Equal(a.body, whole.body) {
			t.Fatalf("afterwards: %d %.1000s", a.status, a.body)
		}
	}
}

// mustClose closes the database, and has the engine say that nobody is connected any more.
func (f *fixture) mustClose(t *testing.T) {
	t.Helper()
	if err := errors.Join(f.db.Close(), f.other.Close()); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for f.connected(t) {
		if time.Now().After(deadline) {
			t.Fatal("a connection has outlived the database")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (f *fixture) connected(t *testing.T) bool {
	t.Helper()
	if path, ok := strings.CutPrefix(f.url, "sqlite:"); ok {
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		var mode string // SQLite leaves WAL for the last connection only
		err = db.QueryRowContext(t.Context(), "PRAGMA journal_mode=DELETE").Scan(&mode)
		return err != nil || mode != "delete"
	}
	db := open(t, f.url, store.Options{})
	defer func() { _ = db.Close() }()
	n := (&fixture{other: db}).column(t, "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE()")
	return n[0] != "2" // its own, a reader and a writer
}

// told is all that callers are told of what is not their fault.
var told = []string{"internal error", "the request was cancelled", "the request took too long"}

// tells fails for an answer that is neither whole nor says what it lacks.
func tells(t *testing.T, when string, n int, a, whole answer) {
	t.Helper()
	switch {
	case bytes.Equal(a.body, whole.body):
	case len(a.body) == 0: // nobody is there to read it
	case len(a.Errors) == 0:
		t.Errorf("%s, statement %d: no error and not the answer: %.1000s", when, n, a.body)
	default:
		for _, e := range a.Errors {
			if e.Code() != "INTERNAL" || !slices.Contains(told, e.Message) {
				t.Errorf("%s, statement %d: %+v", when, n, e)
			}
		}
	}
}

func TestCancelled(t *testing.T) {
	faulty(t, func(t *testing.T, f *fixture, whole answer, statements int) {
		since := metrics(t, f.planned, refusals)
		for n := range statements + 1 {
			for range 4 { // connections are few: one lost each time would soon be felt
				ctx, cancel := context.WithCancel(t.Context())
				w := &watcher{after: func(_ context.Context, at int) {
					if at == n {
						cancel()
					}
				}}
				if n == 0 {
					cancel()
				}
				tells(t, "cancelled", n, ask(watching(ctx, w), t, f.planned, f.admin, deep, nil), whole)
				cancel()
			}
		}
		if grown := refused(t, f.planned, since); grown["cancelled"] == 0 || len(grown) != 1 {
			t.Errorf("refusals: %v", grown)
		}
	})
}

// The server's own deadline passes between two statements.
func TestOutOfTime(t *testing.T) {
	faulty(t, func(t *testing.T, f *fixture, whole answer, statements int) {
		for n := 1; n < statements; n += 3 {
			w := &watcher{after: func(ctx context.Context, at int) {
				if at == n {
					<-ctx.Done()
				}
			}}
			a := ask(watching(t.Context(), w), t, f.planned, f.admin, deep, nil)
			tells(t, "out of time", n, a, whole)
			if len(a.Errors) == 0 {
				t.Errorf("out of time, statement %d: no error", n)
			}
		}
	}, func(o *hub.HTTP) { o.Timeout = 500 * time.Millisecond })
}

// The server of the database ends a connection in the middle of a plan.
func TestKilled(t *testing.T) {
	faulty(t, func(t *testing.T, f *fixture, whole answer, statements int) {
		if f.db.Engine() == store.SQLite {
			return // nobody can
		}
		since := metrics(t, f.planned, refusals)
		for n := 1; n < statements; n++ {
			killed := false
			w := &watcher{after: func(ctx context.Context, at int) {
				if at == n {
					f.kill(ctx, t)
					killed = true
				}
			}}
			a := ask(watching(t.Context(), w), t, f.planned, f.admin, deep, nil)
			tells(t, "killed", n, a, whole)
			if !killed || len(a.Errors) == 0 {
				t.Errorf("killed after statement %d: %t, %.1000s", n, killed, a.body)
			}
			f.mustAnswer(t, whole)
		}
		if grown := refused(t, f.planned, since); grown["database"] == 0 || len(grown) != 1 {
			t.Errorf("refusals: %v", grown)
		}
	})
}

// kill ends the connection that the snapshot of a context runs on.
func (f *fixture) kill(ctx context.Context, t *testing.T) {
	t.Helper()
	var id int64
	err := f.db.Read(ctx, "SELECT CONNECTION_ID()", nil, 1, func(row []driver.Value) error {
		id = row[0].(int64)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.other.Exec(f.system(t), "KILL ?", id); err != nil {
		t.Fatal(err)
	}
	time.Sleep(20 * time.Millisecond) // the server answers before the connection is closed
}

// A table is not there: what the plan has read before counts for nothing, and the reference says what is missing.
func TestATableIsGone(t *testing.T) {
	for _, table := range []string{"application_properties", "client_urls"} { // which no sign-in needs
		t.Run(table, func(t *testing.T) {
			faulty(t, func(t *testing.T, f *fixture, _ answer, _ int) {
				since := metrics(t, f.planned, refusals)
				f.write(t, "ALTER TABLE "+table+" RENAME TO away")
				for range 3 {
					a := f.same(t, f.admin, deep, nil)
					if len(a.Errors) == 0 || slices.ContainsFunc(a.codes(), func(c string) bool { return c != "INTERNAL" }) || bytes.Contains(a.body, []byte("away")) {
						t.Errorf("%.1000s", a.body)
					}
				}
				f.write(t, "ALTER TABLE away RENAME TO "+table)
				if grown := refused(t, f.planned, since); grown["database"] != 3 || len(grown) != 1 {
					t.Errorf("refusals: %v", grown)
				}
			})
		})
	}
}
