package authority

import (
	"context"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/oid"
)

// For tests: what the package decides on its way to Effective.

func (f Facts) Assignable(role oid.Role) bool { return f.assignable(role) }

func (c Ceiling) Has(p oid.Permission) bool { return c.has(p) }

// EffectiveOf is Effective for one of many, with the ceilings computed once for all.
func EffectiveOf(ceilings func(oid.Client) Ceiling, f Facts) []oid.Permission {
	return f.effective(ceilings(f.Client))
}

func (f Facts) Ceilings() func(oid.Client) Ceiling { return f.ceilings().of }

// MostReasons is the bound of the reasons of one permission.
const MostReasons = mostReasons

// InForceWithoutCeiling is InForce with the guard of domain 3.6 taken away.
func InForceWithoutCeiling(ctx context.Context, db *ent.Client, m oid.Membership, client oid.Client) ([]string, error) {
	facts, err := load(ctx, db, member{m, client})
	if err != nil {
		return nil, err
	}
	return facts.names(facts.of(member{m, client}).effective(Ceiling{everything: true})), nil
}

// ReachedFrom and WayDown are the pure parts of the graph of roles.
var (
	ReachedFrom = reachedFrom
	WayDown     = wayDown
)
