package plan

import (
	"context"
	"testing"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/dependency"
	"github.com/appanage/appanage/internal/store"
)

// depend has applications depend on some that come after them.
func (c *crowd) depend(ctx context.Context, t *testing.T, db *store.DB) {
	t.Helper()
	apps, err := db.Ent().Application.Query().Order(ent.Asc("id")).All(ctx)
	must(t, err)
	for i, app := range apps {
		for position, at := range c.rng.Perm(len(apps) - i)[:min(3, len(apps)-i)] {
			if at > 0 {
				must(t, db.Ent().ApplicationDependency.Create().SetClientID(app.ClientID).SetApplicationID(app.ID).SetDependencyID(apps[i+at].ID).
					SetPosition(position+1).Exec(ctx))
			}
		}
	}
	_, err = db.Exec(ctx, "UPDATE access_grants SET embeddable = TRUE WHERE level = 'READ'")
	must(t, err)
}

// checkFacts compares the facts of dependencies, which depend on the caller's instant.
func (c *crowd) checkFacts(t *testing.T, a *actor.Actor) {
	t.Helper()
	k := c.table.Kinds["ApplicationDependency"]
	facts := dependency.Facts(a, column("client_id"), column("dependency_id"))
	facts.SetDialect(c.dialect)
	text, args := facts.Query()
	c.compareValues(t, a, k, text, args, func(s shape) (*clause, error) { return c.known(k, "state", s) })
}
