package authority

import (
	"slices"

	"github.com/appanage/appanage/internal/oid"
)

// mostReasons is how many ways to one permission are told: those of fewest roles. Where roles nest in diamonds there are
// more than anybody could read.
const mostReasons = 20

// Reason is one way by which a membership has a permission.
type Reason struct {
	// Roles leads from an assigned role, each including the next, to one that holds the permission.
	Roles []oid.Role
	// Package allows it: given to the client, and within its giver's ceiling. "" where the client needs none.
	Package oid.Package
}

// Why gives the ways to each permission in force, the shortest first: to those of Effective, and to no others. It takes the
// facts with the direct sub-roles.
func (f Facts) Why() map[oid.Permission][]Reason {
	all, brings, above := f.ceilings(), f.brings(), f.above()
	why := map[oid.Permission][]Reason{}
	for _, p := range f.effective(all.of(f.Client)) {
		why[p] = []Reason{}
		packages := f.allowing(p, all, brings)
		for _, chain := range f.chains(p, above) {
			for _, k := range packages {
				if len(why[p]) < mostReasons {
					why[p] = append(why[p], Reason{Roles: chain, Package: k})
				}
			}
		}
	}
	return why
}

// above has, for each role, those that include it directly.
func (f Facts) above() map[oid.Role][]oid.Role {
	above := map[oid.Role][]oid.Role{}
	for r, facts := range f.Roles {
		for _, sub := range facts.SubRoles {
			above[sub] = append(above[sub], r)
		}
	}
	return above
}

// leading are the roles that hold a permission, and those that lead to one by sub-roles.
func (f Facts) leading(p oid.Permission, above map[oid.Role][]oid.Role) map[oid.Role]bool {
	leads := map[oid.Role]bool{}
	var next []oid.Role
	for r := range f.Roles {
		if f.grants(r, p) {
			leads[r] = true
			next = append(next, r)
		}
	}
	for ; len(next) > 0; next = next[1:] {
		for _, r := range above[next[0]] {
			if !leads[r] {
				leads[r] = true
				next = append(next, r)
			}
		}
	}
	return leads
}

// grants: the role itself holds the permission, and counts in the session.
func (f Facts) grants(r oid.Role, p oid.Permission) bool {
	return f.counts(r) && slices.Contains(f.Roles[r].Permissions, p)
}

// allowing lists the packages by which a permission is within the client's ceiling; one that is none where it needs none.
func (f Facts) allowing(p oid.Permission, all ceilings, brings map[oid.Package]permissions) []oid.Package {
	if f.Client == oid.SystemClient || slices.Contains(f.Owned[f.Client], p) {
		return []oid.Package{""}
	}
	var packages []oid.Package
	for _, g := range f.Gifts[f.Client] {
		if _, in := brings[g.Package][p]; in && all.of(g.Giver).has(p) {
			packages = append(packages, g.Package)
		}
	}
	slices.Sort(packages)
	return slices.Compact(packages)
}

// chains finds the ways down from assigned roles to those that hold a permission, the shortest first. Of the ways to any
// one role only the first mostReasons are followed: no others can be among the first mostReasons of all.
func (f Facts) chains(p oid.Permission, above map[oid.Role][]oid.Role) (chains [][]oid.Role) {
	leads := f.leading(p, above)
	var next [][]oid.Role
	for _, r := range slices.Sorted(slices.Values(f.Assigned)) {
		if f.assignable(r) && leads[r] && !slices.ContainsFunc(next, func(way []oid.Role) bool { return way[0] == r }) {
			next = append(next, []oid.Role{r})
		}
	}
	for been := map[oid.Role]int{}; len(next) > 0 && len(chains) < mostReasons; next = next[1:] {
		way := next[0]
		last := way[len(way)-1]
		if been[last]++; been[last] > mostReasons {
			continue
		}
		if f.grants(last, p) {
			chains = append(chains, way)
		}
		for _, sub := range slices.Sorted(slices.Values(f.Roles[last].SubRoles)) {
			if leads[sub] {
				next = append(next, append(slices.Clone(way), sub))
			}
		}
	}
	return chains
}
