package authority

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"entgo.io/ent/dialect/sql"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/membership"
	"github.com/appanage/appanage/ent/permission"
	"github.com/appanage/appanage/ent/predicate"
	"github.com/appanage/appanage/ent/role"
	"github.com/appanage/appanage/ent/rolepackage"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/scope"
	"github.com/appanage/appanage/internal/store"
)

// Explained is an authority that a membership gives, with its reasons as far as the caller sees what they name.
type Explained struct {
	Authority string
	Reasons   []Explanation
}

// Explanation is one way to an authority. Roles out of sight are left out, a package out of sight is nil.
type Explanation struct {
	Roles   []*ent.Role
	Package *ent.RolePackage
}

// Explain tells the authorities of a membership, for sessions of no application, and by which ways it has each.
func (s *Service) Explain(ctx context.Context, m *ent.Membership) ([]Explained, error) {
	db := s.db.Client(ctx)
	facts, err := load(ctx, db, memberOf(m))
	if err != nil {
		return nil, err
	}
	f := facts.of(memberOf(m))
	if err := s.nest(ctx, f); err != nil {
		return nil, err
	}
	why := f.Why()
	roles, packages, err := named(ctx, db, why)
	if err != nil {
		return nil, err
	}
	out := make([]Explained, 0, len(why))
	for p, reasons := range why {
		e := Explained{Authority: facts.authority[p]}
		for _, reason := range reasons {
			shown := Explanation{Roles: []*ent.Role{}, Package: packages[reason.Package]}
			for _, r := range reason.Roles {
				if row := roles[r]; row != nil {
					shown.Roles = append(shown.Roles, row)
				}
			}
			e.Reasons = append(e.Reasons, shown)
		}
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b Explained) int { return strings.Compare(a.Authority, b.Authority) })
	return out, nil
}

// nest reads the direct sub-roles of the roles in the facts.
func (s *Service) nest(ctx context.Context, f Facts) error {
	if len(f.Roles) == 0 {
		return nil
	}
	ids := keys(f.Roles)
	subs, err := s.pairs(ctx, "SELECT role_id, sub_role_id FROM role_sub_roles WHERE role_id IN "+store.Marks(len(ids)), ids)
	for id, list := range subs {
		r := f.Roles[id]
		r.SubRoles = list
		f.Roles[id] = r
	}
	return err
}

// named reads the roles and packages that reasons name, as far as the caller sees them.
func named(ctx context.Context, db *ent.Client, why map[oid.Permission][]Reason) (map[oid.Role]*ent.Role, map[oid.Package]*ent.RolePackage, error) {
	roles, packages := map[oid.Role]*ent.Role{}, map[oid.Package]*ent.RolePackage{}
	for _, reasons := range why {
		for _, reason := range reasons {
			for _, r := range reason.Roles {
				roles[r] = nil
			}
			packages[reason.Package] = nil
		}
	}
	found, err := db.Role.Query().Where(role.IDIn(keys(roles)...)).All(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("authority: read the roles of reasons: %w", err)
	}
	for _, row := range found {
		roles[row.ID] = row
	}
	allow, err := db.RolePackage.Query().Where(rolepackage.IDIn(keys(packages)...)).All(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("authority: read the packages of reasons: %w", err)
	}
	for _, row := range allow {
		packages[row.ID] = row
	}
	return roles, packages, nil
}

// judgedTogether is how many memberships Holders decides on at once.
const judgedTogether = 500

// Holders lists the memberships of clients in scope that give an authority today, among those that satisfy the
// predicates: roles find the candidates, and the kernel decides on each.
func (s *Service) Holders(ctx context.Context, authority string, among ...predicate.Membership) ([]oid.Membership, error) {
	db := s.db.Client(ctx)
	right, err := db.Permission.Query().Where(permission.Authority(authority)).OnlyID(ctx)
	if ent.IsNotFound(err) { // what is in force for somebody in scope, the caller sees
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("authority: read the permission: %w", err)
	}
	rows, err := db.Membership.Query().Where(among...).Where(inScopeOf(actor.From(ctx)), couldHold(right)).
		Select(membership.FieldID, membership.FieldClientID).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("authority: look for holders: %w", err)
	}
	var holders []oid.Membership
	for candidates := range slices.Chunk(idsOf(rows, memberOf), judgedTogether) {
		facts, err := load(ctx, db, candidates...)
		if err != nil {
			return nil, err
		}
		held := facts.effective(candidates)
		for _, m := range candidates {
			if slices.Contains(held[m.id], right) {
				holders = append(holders, m.id)
			}
		}
	}
	return holders, nil
}

// inScopeOf leaves out the caller's own memberships elsewhere.
func inScopeOf(a *actor.Actor) predicate.Membership {
	return func(q *sql.Selector) {
		if p := scope.In(a, q.C(membership.FieldClientID)); p != nil {
			q.Where(p)
		}
	}
}

// couldHold: a role of the membership reaches the permission.
func couldHold(right oid.Permission) predicate.Membership {
	return func(q *sql.Selector) {
		assigned, path, holds := sql.Table(membershipRoles.table).As("assigned"), sql.Table("role_paths").As("reaches"), sql.Table(rolePermissions.table).As("holds")
		q.Where(sql.In(q.C(membership.FieldID), sql.Select(assigned.C(membershipRoles.holder)).From(holds).
			Join(path).On(path.C("reached_role_id"), holds.C(rolePermissions.holder)).
			Join(assigned).On(assigned.C(membershipRoles.held), path.C("role_id")).
			Where(sql.EQ(holds.C(rolePermissions.held), right))))
	}
}
