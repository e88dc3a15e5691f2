package difftest

import (
	"maps"
	"testing"
	"time"

	"entgo.io/ent/dialect/sql"

	"github.com/appanage/appanage/graph/plan"
	"github.com/appanage/appanage/graph/present"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/config"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/scope"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit"
)

// mostTries is how many operations a mutant survives at most.
const mostTries = 2_000

// findsDifference expects that a node which is wrong on purpose is found out, and logs the first finding.
func findsDifference(t *testing.T, mutate func(*hub.HTTP)) {
	t.Helper()
	f := newFixture(t, testkit.DB(t, store.SQLite, store.Options{Install: authority.Install}))
	sum := newTally()
	r := &runner{f, f.reference.Handler, f.node(mutate).Handler, sum, nil}
	for seed := uint64(1); sum.asked.Load() < mostTries; seed++ {
		found, err := r.seed(seed)
		if err != nil {
			t.Fatal(err)
		}
		if found != nil {
			t.Logf("found by operation %d: %s", sum.asked.Load(), found)
			return
		}
	}
	t.Errorf("%d operations have not found it", mostTries)
}

// What a node can be given wrong, whatever reads for it.
func TestFindsWrongNodes(t *testing.T) {
	for name, mutate := range map[string]func(*hub.HTTP){
		"grants and sessions are judged at another time": func(o *hub.HTTP) {
			o.Clock = clock.At(func() time.Time { return now.Add(-2 * time.Hour) })
		},
		"cursors have another key": func(o *hub.HTTP) { o.Keys = config.NewKeys() },
		"pages cost more": func(o *hub.HTTP) {
			o.Limits = present.DefaultLimits()
			o.Limits.Page++
		},
	} {
		t.Run(name, func(t *testing.T) { findsDifference(t, mutate) })
	}
}

// What a planner can do wrong: let through what is not to be seen, sort otherwise, write otherwise.
func TestFindsWrongPlans(t *testing.T) {
	for name, mutate := range map[string]func(*plan.Table){
		"a scope rule lets everything through": func(table *plan.Table) {
			table.Kinds["AccessGrant"].Scope.Read = func(*actor.Actor, scope.Column) *sql.Predicate { return nil }
		},
		"an order goes by another column": func(table *plan.Table) {
			kind := table.Kinds["Role"]
			kind.List.Orders = maps.Clone(kind.List.Orders) // the reference has the same map
			kind.List.Orders["NAME"] = "name"
		},
		"an encoder asks whether there is a value, not which": func(table *plan.Table) {
			column := table.Kinds["Client"].Columns["isolated"]
			column.Encoding = plan.Present
			table.Kinds["Client"].Columns["isolated"] = column
		},
	} {
		t.Run(name, func(t *testing.T) { findsDifference(t, func(o *hub.HTTP) { o.AlterPlans = mutate }) })
	}
}
