package plan

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// Parents of a fetch, and how many of them have rows.
const (
	manyParents = 100_000
	realParents = 1_000
)

// under begins the run of a plan whose first fetch has found rows with the ids given.
func under(t *testing.T, p *Planner, text string, ids []string) (*run, *store.Counter) {
	t.Helper()
	a := platform(p)
	ctx, counter := store.WithCounter(actor.With(t.Context(), a))
	x, _ := runs.Get().(*run)
	x.p, x.plan, x.ctx = p, planOf(t, p, a, text), ctx
	x.bound.reset(a)
	x.known, x.arena = true, x.arena[:0]
	for range x.plan.fetches {
		x.states = append(x.states, state{})
	}
	for _, f := range x.plan.fetches {
		must(t, x.bind(f, &x.states[f.index]))
	}
	top := x.plan.fetches[0]
	x.states[0].reset(top, 1, 0)
	for _, id := range ids {
		_, err := x.states[0].sets[0].put(id)
		must(t, err)
	}
	return x, counter
}

// parents are ids among which those given stand evenly.
func parents(ids []string) []string {
	out := make([]string, manyParents)
	for i := range out {
		out[i] = string(oid.New[oid.Application]())
	}
	for i, id := range ids {
		out[i*(manyParents/len(ids))] = id
	}
	return out
}

// fill makes applications with one property more each, up to four, and then none again.
func fill(t *testing.T, db *store.DB) (ids []string) {
	t.Helper()
	ctx := actor.System(t.Context(), "a test builds its world")
	now := clock.Now()
	for range realParents {
		ids = append(ids, string(oid.New[oid.Application]()))
	}
	insert(ctx, t, db, "applications", "id, created_at, updated_at, client_id, creator_id, code, name, name_key, type, access_type, status", realParents, func(i int) []any {
		code := fmt.Sprint("code-", i)
		return []any{ids[i], now, now, string(oid.SystemClient), string(oid.SystemClient), code, code, code, "APP", "OWN", "ACTIVE"}
	})
	insert(ctx, t, db, "application_properties", "id, created_at, updated_at, client_id, application_id, name, value, public", realParents*2, func(i int) []any {
		app := i / 10 * 5 // five applications share ten properties
		at := []int{1, 2, 2, 3, 3, 3, 4, 4, 4, 4}[i%10]
		return []any{string(oid.New[oid.Property]()), now, now, string(oid.SystemClient), ids[app+at], fmt.Sprint("P", i), "v", false}
	})
	return ids
}

// insert writes n rows, many in one statement.
func insert(ctx context.Context, t *testing.T, db *store.DB, table, columns string, n int, row func(i int) []any) {
	t.Helper()
	const each = 200
	marks := "(" + strings.TrimSuffix(strings.Repeat("?, ", strings.Count(columns, ",")+1), ", ") + ")"
	for from := 0; from < n; from += each {
		var args []any
		to := min(from+each, n)
		for i := from; i < to; i++ {
			args = append(args, row(i)...)
		}
		text := "INSERT INTO " + table + " (" + columns + ") VALUES " + strings.TrimSuffix(strings.Repeat(marks+", ", to-from), ", ")
		if _, err := db.Exec(ctx, text, args...); err != nil {
			t.Fatal(err)
		}
	}
}

const chunksOfAll = (manyParents + chunk - 1) / chunk

// A hundred thousand parents are asked for chunk by chunk, and each gets what is his.
func TestChildrenOfManyParents(t *testing.T) {
	engines(t, func(t *testing.T, db *store.DB) {
		p, ids := newPlanner(t, db), fill(t, db)
		x, counter := under(t, p, "{ applications { nodes { properties { totalCount nodes { name application { code } } } } } }", parents(ids))
		must(t, x.fetch(x.plan.fetches[1]))
		if n := counter.Statements(); n != chunksOfAll {
			t.Errorf("children: %d statements, not %d", n, chunksOfAll)
		}
		s, set := &x.states[1], &x.states[0].sets[0]
		for i, id := range ids {
			if sp := s.spans[set.slots[id]]; int(sp.n) != i%5 || int(sp.total) != i%5 || sp.more {
				t.Fatalf("application %d has %+v", i, sp)
			}
		}
		if s.rows != realParents*2 {
			t.Errorf("%d properties, not %d", s.rows, realParents*2)
		}
		must(t, x.fetch(x.plan.fetches[2])) // of the properties, back to their applications
		if n, want := counter.Statements()-chunksOfAll, (realParents*4/5+chunk-1)/chunk; n != want {
			t.Errorf("to one: %d statements, not %d", n, want)
		}
		if n := x.states[2].rows; n != realParents*4/5 {
			t.Errorf("%d applications have properties, not %d", n, realParents*4/5)
		}
		x.release()
	})
}

func TestLengthsUnderManyParents(t *testing.T) {
	engines(t, func(t *testing.T, db *store.DB) {
		p, ids := newPlanner(t, db), fill(t, db)
		x, counter := under(t, p, "{ applications { nodes { properties { totalCount } } } }", parents(ids))
		must(t, x.fetch(x.plan.fetches[1]))
		if n := counter.Statements(); n != chunksOfAll {
			t.Errorf("%d statements, not %d", n, chunksOfAll)
		}
		for i, id := range ids {
			if sp := x.states[1].spans[x.states[0].sets[0].slots[id]]; int(sp.total) != i%5 {
				t.Fatalf("application %d has %+v", i, sp)
			}
		}
		x.release()
	})
}

// Each chunk asks for the pairs, and for the targets if there are any.
func TestPairsUnderManyParents(t *testing.T) {
	engines(t, func(t *testing.T, db *store.DB) {
		p := newPlanner(t, db)
		roles := texts(t, db, "SELECT id FROM roles ORDER BY id", nil)
		pairs := texts(t, db, "SELECT CONCAT(role_id, ' ', permission_id) FROM role_permissions", nil)
		x, counter := under(t, p, "{ roles { nodes { permissions(first: 100) { nodes { authority } } } } }", parents(roles))
		must(t, x.fetch(x.plan.fetches[1]))
		if n := counter.Statements(); n <= chunksOfAll || n > chunksOfAll+len(roles) {
			t.Errorf("%d statements for %d chunks and %d roles", n, chunksOfAll, len(roles))
		}
		found := 0
		for _, id := range roles {
			found += int(x.states[1].spans[x.states[0].sets[0].slots[id]].n)
		}
		if found != len(pairs) || found == 0 {
			t.Errorf("%d pairs, not %d", found, len(pairs))
		}
		x.release()
	})
}
