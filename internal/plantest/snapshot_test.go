package plantest

import (
	"bytes"
	"context"
	"database/sql"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// All statements of a plan see the state that the first one saw, whatever is written between them.
func TestAPlanSeesOneState(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		first := ask(t.Context(), t, f.planned, f.admin, deep, nil)
		written := 0
		w := &watcher{after: func(context.Context, int) {
			written++
			f.write(t,
				"UPDATE applications SET name = CONCAT('!', name), code = CONCAT('x', code)",
				"UPDATE application_properties SET value = CONCAT(value, '!')",
				"DELETE FROM application_properties WHERE id = (SELECT id FROM (SELECT MIN(id) AS id FROM application_properties) AS one)",
				"UPDATE roles SET name = CONCAT('x', name)",
				"UPDATE clients SET name = CONCAT('x', name)")
		}}
		second := ask(watching(t.Context(), w), t, f.planned, f.admin, deep, nil)
		if !bytes.Equal(first.body, second.body) || written < 7 {
			t.Errorf("%d times written:\n%.2000s\n%.2000s", written, first.body, second.body)
		}
		if third := f.same(t, f.admin, deep, nil); bytes.Equal(third.body, first.body) {
			t.Error("what was written is not seen afterwards either")
		}
	})
}

// A point read is one statement, which sees one state by itself: it begins no transaction. A plan of several does, once.
func TestAPointReadBeginsNoTransaction(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		app := f.column(t, "SELECT id FROM applications ORDER BY id LIMIT 1")[0]
		for query, begun := range map[string]bool{
			`{ application(id: "` + app + `") { code name viewerCan } }`:          false,
			`{ node(id: "` + app + `") { ... on Application { code } } }`:         false,
			`{ applications(first: 5) { nodes { code } } }`:                       false,
			`{ application(id: "` + app + `") { code client { code } } }`:         true,
			`{ applications(first: 1) { totalCount nodes { code } } __typename }`: true,
		} {
			for range 3 {
				ask(t.Context(), t, f.planned, f.admin, "{ __typename }", nil) // the caller is known from now on
				if got := f.begins(t, query); got != begun {
					t.Errorf("%s: a transaction was begun: %t", query, got)
				}
			}
		}
	})
}

// begins tells whether a query runs in a transaction, as the engine sees it.
func (f *fixture) begins(t *testing.T, query string) (begun bool) {
	t.Helper()
	w := &watcher{}
	count := func() int { return 0 }
	if path, ok := strings.CutPrefix(f.url, "sqlite:"); ok {
		f.write(t, "UPDATE clients SET version = version + 1") // something in the log, which a snapshot holds on to
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		w.after = func(context.Context, int) {
			var busy, log, moved int
			if err := db.QueryRowContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &log, &moved); err != nil {
				t.Error(err)
			}
			begun = begun || busy != 0
		}
	} else {
		count = func() int {
			n, err := strconv.Atoi(f.column(t, "SELECT VARIABLE_VALUE FROM information_schema.global_status WHERE VARIABLE_NAME = 'COM_BEGIN'")[0])
			f.planned.Must(err)
			return n
		}
	}
	before := count()
	a := ask(watching(t.Context(), w), t, f.planned, f.admin, query, nil)
	if len(a.Errors) > 0 || w.n == 0 {
		t.Errorf("%s: %d statements, %s", query, w.n, a.body)
	}
	return begun || count() > before
}

// Callers share plans and clauses. Those of two clients with scopes of one size, asking all at once, get each his own.
func TestCallersOfOnePlanSeeTheirOwn(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		const query = `{ viewer { user { id } client { code applications { nodes { code } } } }
			applications(orderBy: { field: CODE }) { totalCount edges { cursor node { code viewerCan client { code type } properties { nodes { value } } roles { totalCount } } } }
			users { nodes { name email memberships { nodes { client { code } } } } } packages { nodes { code clients { nodes { code } } } } }`
		var callers []string
		want := map[string][]byte{}
		for _, u := range f.people(t) {
			a := ask(t.Context(), t, f.reference, u, query, nil)
			callers = append(callers, u)
			want[u] = a.body
		}
		distinct := map[string]bool{}
		for _, body := range want {
			distinct[string(body)] = true
		}
		if len(distinct) < 4 {
			t.Fatalf("%d callers see %d different things", len(callers), len(distinct))
		}
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				for n := range 10 {
					who := callers[(i+n)%len(callers)]
					if a := ask(t.Context(), t, f.planned, who, query, nil); !bytes.Equal(a.body, want[who]) {
						t.Errorf("a caller got\n%.1000s\nand not\n%.1000s", a.body, want[who])
					}
				}
			})
		}
		all.Wait()
	})
}

// people are the tokens of users at several clients.
func (f *fixture) people(t *testing.T) (tokens []string) {
	t.Helper()
	seen := map[string]bool{}
	for _, line := range f.column(t, `SELECT CONCAT(u.user_name, ' ', c.code) FROM users u JOIN clients c ON c.id = u.client_id
		WHERE u.status = 'ACTIVE' AND c.status = 'ACTIVE' AND u.user_name IS NOT NULL ORDER BY u.id`) {
		name, client, _ := strings.Cut(line, " ")
		if seen[client] || len(tokens) == 6 {
			continue
		}
		seen[client] = true
		if token := f.token(t, name, client); token != "" {
			tokens = append(tokens, token)
		}
	}
	return tokens
}
