package authority

import (
	"slices"

	"github.com/appanage/appanage/internal/oid"
)

// Facts is what the authorities of one membership follow from (domain 3.4 and 3.6). Maps may hold more than is
// needed; what is missing counts as nothing.
type Facts struct {
	Client      oid.Client      // acted for
	Application oid.Application // the session's, or none
	Assigned    []oid.Role      // the membership's roles
	Roles       map[oid.Role]RoleFacts
	Packages    map[oid.Package][]oid.Role
	Gifts       map[oid.Client][]Gift
	Owned       map[oid.Client][]oid.Permission // permissions of the applications a client owns
}

// RoleFacts is what a role is.
type RoleFacts struct {
	Owner       oid.Client
	Application oid.Application
	Reached     []oid.Role // itself and its sub-roles by whatever way
	Permissions []oid.Permission
}

// Gift is a package given to a client.
type Gift struct {
	Package oid.Package
	Giver   oid.Client
}

type permissions map[oid.Permission]struct{}

// Effective lists the permissions in force: those of the assignable ones among the assigned roles, within the
// ceiling of the client. A session for an application counts roles of that application and of none.
func (f Facts) Effective() []oid.Permission {
	ceiling := f.Ceiling(f.Client)
	held := permissions{}
	for _, role := range f.Assigned {
		if !f.assignable(role) {
			continue
		}
		for p := range f.reach(role, f.counts) {
			if ceiling.has(p) {
				held[p] = struct{}{}
			}
		}
	}
	return sorted(held)
}

// assignable: roles the client owns, and roles of the packages given to it (domain 3.4).
func (f Facts) assignable(role oid.Role) bool {
	if f.Roles[role].Owner == f.Client {
		return true
	}
	return slices.ContainsFunc(f.Gifts[f.Client], func(g Gift) bool {
		return slices.Contains(f.Packages[g.Package], role)
	})
}

func (f Facts) counts(role oid.Role) bool {
	app := f.Roles[role].Application
	return f.Application == "" || app == "" || app == f.Application
}

// reach collects the permissions of a role and of all it includes, of the roles that count.
func (f Facts) reach(role oid.Role, counts func(oid.Role) bool) permissions {
	out := permissions{}
	for _, r := range f.Roles[role].Reached {
		if counts(r) {
			for _, p := range f.Roles[r].Permissions {
				out[p] = struct{}{}
			}
		}
	}
	return out
}

// Ceiling is the most a client's users can hold: everything, for SYSTEM.
type Ceiling struct {
	everything bool
	within     permissions
}

func (c Ceiling) has(p oid.Permission) bool {
	_, ok := c.within[p]
	return c.everything || ok
}

// Ceiling computes the ceiling of a client: the permissions of the packages given to it, each within the ceiling
// of its giver, and those of the applications it owns (domain 3.6). Where gifts run in a circle the least
// solution counts: nobody lifts himself by his own gift.
func (f Facts) Ceiling(client oid.Client) Ceiling {
	if client == oid.SystemClient {
		return Ceiling{everything: true}
	}
	ceilings := map[oid.Client]permissions{}
	for c, owned := range f.Owned { // a giver need not have been given anything himself
		ceilings[c] = permissions{}
		for _, p := range owned {
			ceilings[c][p] = struct{}{}
		}
	}
	for c := range f.Gifts {
		if ceilings[c] == nil {
			ceilings[c] = permissions{}
		}
	}
	for grown := true; grown; {
		grown = false
		for c, gifts := range f.Gifts {
			for _, g := range gifts {
				grown = f.lift(ceilings[c], g, ceilings[g.Giver]) || grown
			}
		}
	}
	return Ceiling{within: ceilings[client]}
}

// lift adds what a gift brings within its giver's ceiling, and tells whether that was anything new.
func (f Facts) lift(ceiling permissions, g Gift, giver permissions) (grown bool) {
	for _, role := range f.Packages[g.Package] {
		for p := range f.reach(role, func(oid.Role) bool { return true }) {
			if _, held := giver[p]; !held && g.Giver != oid.SystemClient {
				continue
			}
			if _, had := ceiling[p]; !had {
				ceiling[p], grown = struct{}{}, true
			}
		}
	}
	return grown
}

func sorted(set permissions) []oid.Permission {
	out := make([]oid.Permission, 0, len(set))
	for p := range set {
		out = append(out, p)
	}
	slices.Sort(out)
	return out
}
