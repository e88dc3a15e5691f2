package authority

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/ent/membership"
	"github.com/appanage/appanage/ent/packagegift"
	"github.com/appanage/appanage/ent/permission"
	"github.com/appanage/appanage/ent/role"
	"github.com/appanage/appanage/ent/rolepackage"
	"github.com/appanage/appanage/ent/rolepath"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/oid"
)

// InForce lists the authority strings that a membership gives in its client, for a session of an application or
// of none, sorted (domain 3.6).
func InForce(ctx context.Context, db *ent.Client, m oid.Membership, client oid.Client, app oid.Application) ([]string, error) {
	one := member{m, client}
	facts, err := load(ctx, db, one)
	if err != nil {
		return nil, err
	}
	f := facts.of(one)
	f.Application = app
	return facts.names(f.Effective()), nil
}

// member is a membership, with its client.
type member struct {
	id     oid.Membership
	client oid.Client
}

// loaded is what the authorities of some memberships follow from: read at once, for most of it is the same for all.
type loaded struct {
	shared    Facts
	assigned  map[oid.Membership][]oid.Role
	authority map[oid.Permission]string
	owner     map[oid.Permission]oid.Client // of the application it belongs to
}

// of is what concerns one of the memberships, for a session of no application.
func (l *loaded) of(m member) Facts {
	f := l.shared
	f.Client, f.Assigned = m.client, l.assigned[m.id]
	return f
}

// effective gives the permissions in force of each membership, for sessions of no application.
func (l *loaded) effective(members []member) map[oid.Membership][]oid.Permission {
	all, out := l.shared.ceilings(), make(map[oid.Membership][]oid.Permission, len(members))
	for _, m := range members {
		out[m.id] = l.of(m).effective(all.of(m.client))
	}
	return out
}

// names are the authority strings of permissions, sorted.
func (l *loaded) names(permissions []oid.Permission) []string {
	names := make([]string, 0, len(permissions))
	for _, id := range permissions {
		names = append(names, l.authority[id])
	}
	slices.Sort(names)
	return names
}

// load reads what the authorities of memberships follow from. The number of its statements does not grow with theirs.
func load(ctx context.Context, db *ent.Client, members ...member) (*loaded, error) {
	ctx = actor.System(ctx, "what authorities follow from lies above and beside the scope, and is read before there is a caller")
	l := loader{db: db, members: members, loaded: loaded{
		assigned: map[oid.Membership][]oid.Role{}, authority: map[oid.Permission]string{}, owner: map[oid.Permission]oid.Client{},
		shared: Facts{
			Gifts: map[oid.Client][]Gift{}, Packages: map[oid.Package][]oid.Role{}, Roles: map[oid.Role]RoleFacts{},
			Owned: map[oid.Client][]oid.Permission{},
		},
	}}
	for _, step := range []func(context.Context) error{l.assignments, l.gifts, l.packages, l.paths, l.roles, l.owned} {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("authority: load: %w", err)
		}
	}
	return &l.loaded, nil
}

type loader struct {
	loaded
	db      *ent.Client
	members []member
}

// assignments reads the roles of the memberships: of a single one, as for each sign-in, in one statement.
func (l *loader) assignments(ctx context.Context) (err error) {
	if len(l.members) == 1 {
		only := l.members[0].id
		l.assigned[only], err = l.db.Membership.Query().Where(membership.ID(only)).QueryRoles().IDs(ctx)
		return err
	}
	ids := make([]oid.Membership, len(l.members))
	for i, m := range l.members {
		ids[i] = m.id
	}
	rows, err := l.db.Membership.Query().Where(membership.IDIn(ids...)).Select(membership.FieldID).
		WithRoles(func(q *ent.RoleQuery) { q.Select(role.FieldID) }).All(ctx)
	for _, row := range rows {
		l.assigned[row.ID] = idsOf(row.Edges.Roles, func(r *ent.Role) oid.Role { return r.ID })
	}
	return err
}

// gifts follows what was given up to the givers who need no giver: SYSTEM.
func (l *loader) gifts(ctx context.Context) error {
	var next []oid.Client
	ask := func(c oid.Client) {
		if _, asked := l.shared.Gifts[c]; !asked {
			l.shared.Gifts[c] = nil
			next = append(next, c)
		}
	}
	for _, m := range l.members {
		ask(m.client)
	}
	for len(next) > 0 {
		rows, err := l.db.PackageGift.Query().Where(packagegift.ClientIDIn(next...)).All(ctx)
		if err != nil {
			return err
		}
		next = nil
		for _, g := range rows {
			l.shared.Gifts[g.ClientID] = append(l.shared.Gifts[g.ClientID], Gift{Package: g.PackageID, Giver: g.GiverID})
			if g.GiverID != oid.SystemClient {
				ask(g.GiverID)
			}
		}
	}
	return nil
}

func (l *loader) packages(ctx context.Context) error {
	given := map[oid.Package]struct{}{}
	for _, gifts := range l.shared.Gifts {
		for _, g := range gifts {
			given[g.Package] = struct{}{}
		}
	}
	rows, err := l.db.RolePackage.Query().Where(rolepackage.IDIn(keys(given)...)).
		WithRoles(func(q *ent.RoleQuery) { q.Select(role.FieldID) }).All(ctx)
	for _, p := range rows {
		l.shared.Packages[p.ID] = idsOf(p.Edges.Roles, func(r *ent.Role) oid.Role { return r.ID })
	}
	return err
}

// paths finds every role that the assigned ones and those of the packages reach.
func (l *loader) paths(ctx context.Context) error {
	start := map[oid.Role]struct{}{}
	for _, roles := range l.assigned {
		include(start, roles)
	}
	for _, roles := range l.shared.Packages {
		include(start, roles)
	}
	rows, err := l.db.RolePath.Query().Where(rolepath.RoleIDIn(keys(start)...)).All(ctx)
	for _, p := range rows {
		r := l.shared.Roles[p.RoleID]
		r.Reached = append(r.Reached, p.ReachedRoleID)
		l.shared.Roles[p.RoleID] = r
		if _, known := l.shared.Roles[p.ReachedRoleID]; !known {
			l.shared.Roles[p.ReachedRoleID] = RoleFacts{}
		}
	}
	return err
}

func (l *loader) roles(ctx context.Context) error {
	rows, err := l.db.Role.Query().Where(role.IDIn(keys(l.shared.Roles)...)).WithPermissions(func(q *ent.PermissionQuery) {
		q.Select(permission.FieldID, permission.FieldAuthority)
	}).All(ctx)
	for _, row := range rows {
		r := l.shared.Roles[row.ID]
		r.Owner = row.ClientID
		if row.ApplicationID != nil {
			r.Application = *row.ApplicationID
		}
		for _, p := range row.Edges.Permissions {
			r.Permissions = append(r.Permissions, p.ID)
			l.authority[p.ID] = p.Authority
		}
		l.shared.Roles[row.ID] = r
	}
	return err
}

// owned reads who owns the applications of permissions: only those that some role in question holds can matter.
func (l *loader) owned(ctx context.Context) error {
	rows, err := l.db.Permission.Query().
		Where(permission.IDIn(keys(l.authority)...), permission.ApplicationIDNotNil()).
		WithApplication(func(q *ent.ApplicationQuery) { q.Select(application.FieldID, application.FieldClientID) }).All(ctx)
	for _, p := range rows {
		if p.Edges.Application == nil { // it went between the two statements, and its permissions with it
			continue
		}
		owner := p.Edges.Application.ClientID
		l.owner[p.ID], l.shared.Owned[owner] = owner, append(l.shared.Owned[owner], p.ID)
	}
	return err
}

func include[T comparable](set map[T]struct{}, list []T) {
	for _, v := range list {
		set[v] = struct{}{}
	}
}

// keys are those of a map, sorted: the same question has the same text.
func keys[K ~string, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
