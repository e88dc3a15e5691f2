package authority

import (
	"maps"
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
	SubRoles    []oid.Role // its direct ones; Why alone asks for them
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
func (f Facts) Effective() []oid.Permission { return f.effective(f.Ceiling(f.Client)) }

// effective is Effective under a ceiling that is known.
func (f Facts) effective(ceiling Ceiling) []oid.Permission {
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
func (f Facts) Ceiling(client oid.Client) Ceiling { return f.ceilings().of(client) }

// ceilings has the ceilings of all clients in the facts but SYSTEM, whose is everything.
type ceilings map[oid.Client]permissions

func (c ceilings) of(client oid.Client) Ceiling {
	return Ceiling{everything: client == oid.SystemClient, within: c[client]}
}

func (f Facts) ceilings() ceilings {
	all := ceilings{}
	for c, owned := range f.Owned { // a giver need not have been given anything himself
		all[c] = permissions{}
		for _, p := range owned {
			all[c][p] = struct{}{}
		}
	}
	for c := range f.Gifts {
		if all[c] == nil {
			all[c] = permissions{}
		}
	}
	brings := f.brings()
	for grown := true; grown; {
		grown = false
		for c, gifts := range f.Gifts {
			for _, g := range gifts {
				grown = lift(all[c], brings[g.Package], all.of(g.Giver)) || grown
			}
		}
	}
	return all
}

// brings has the permissions of each package: those of its roles, whatever application they are of.
func (f Facts) brings() map[oid.Package]permissions {
	brings := make(map[oid.Package]permissions, len(f.Packages))
	for p, roles := range f.Packages {
		brings[p] = permissions{}
		for _, role := range roles {
			maps.Copy(brings[p], f.reach(role, func(oid.Role) bool { return true }))
		}
	}
	return brings
}

// lift adds what a package brings within its giver's ceiling, and tells whether that was anything new.
func lift(ceiling, brings permissions, giver Ceiling) (grown bool) {
	for p := range brings {
		if _, had := ceiling[p]; !had && giver.has(p) {
			ceiling[p], grown = struct{}{}, true
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
