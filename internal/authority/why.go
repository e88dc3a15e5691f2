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
	all := f.ceilings()
	brings, reaches := f.brings(), make(map[oid.Role]permissions, len(f.Roles))
	for r := range f.Roles {
		reaches[r] = f.reach(r, f.counts)
	}
	why := map[oid.Permission][]Reason{}
	for _, p := range f.effective(all.of(f.Client)) {
		packages := f.allowing(p, all, brings)
		for _, chain := range f.chains(p, reaches) {
			for _, k := range packages {
				if len(why[p]) < mostReasons {
					why[p] = append(why[p], Reason{Roles: chain, Package: k})
				}
			}
		}
	}
	return why
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
func (f Facts) chains(p oid.Permission, reaches map[oid.Role]permissions) (chains [][]oid.Role) {
	leads := func(r oid.Role) bool {
		_, to := reaches[r][p]
		return to
	}
	var next [][]oid.Role
	for _, r := range slices.Sorted(slices.Values(f.Assigned)) {
		if f.assignable(r) && leads(r) && !slices.ContainsFunc(next, func(way []oid.Role) bool { return way[0] == r }) {
			next = append(next, []oid.Role{r})
		}
	}
	for been := map[oid.Role]int{}; len(next) > 0 && len(chains) < mostReasons; next = next[1:] {
		way := next[0]
		last := way[len(way)-1]
		if been[last]++; been[last] > mostReasons {
			continue
		}
		if f.counts(last) && slices.Contains(f.Roles[last].Permissions, p) {
			chains = append(chains, way)
		}
		for _, sub := range slices.Sorted(slices.Values(f.Roles[last].SubRoles)) {
			if leads(sub) {
				next = append(next, append(slices.Clone(way), sub))
			}
		}
	}
	return chains
}
