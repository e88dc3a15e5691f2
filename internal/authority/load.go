package authority

import (
	"context"
	"fmt"
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
	ctx = actor.System(ctx, "authorities are read before there is a caller who could hold any")
	l := loader{db: db, facts: Facts{Client: client, Application: app, Gifts: map[oid.Client][]Gift{},
		Packages: map[oid.Package][]oid.Role{}, Roles: map[oid.Role]RoleFacts{}, Owned: map[oid.Client][]oid.Permission{}}}
	for _, step := range []func(context.Context) error{
		func(ctx context.Context) (err error) {
			l.facts.Assigned, err = db.Membership.Query().Where(membership.ID(m)).QueryRoles().IDs(ctx)
			return err
		},
		l.gifts, l.packages, l.paths, l.roles, l.owned,
	} {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("authority: load: %w", err)
		}
	}
	held := l.facts.Effective()
	authorities := make([]string, 0, len(held))
	for _, id := range held {
		authorities = append(authorities, l.authority[id])
	}
	slices.Sort(authorities)
	return authorities, nil
}

type loader struct {
	db        *ent.Client
	facts     Facts
	authority map[oid.Permission]string
}

// gifts follows what was given up to the givers who need no giver: SYSTEM.
func (l *loader) gifts(ctx context.Context) error {
	next := []oid.Client{l.facts.Client}
	for len(next) > 0 {
		for _, c := range next {
			l.facts.Gifts[c] = nil
		}
		rows, err := l.db.PackageGift.Query().Where(packagegift.ClientIDIn(next...)).All(ctx)
		if err != nil {
			return err
		}
		next = nil
		for _, g := range rows {
			l.facts.Gifts[g.ClientID] = append(l.facts.Gifts[g.ClientID], Gift{Package: g.PackageID, Giver: g.GiverID})
			if _, seen := l.facts.Gifts[g.GiverID]; !seen && g.GiverID != oid.SystemClient && !slices.Contains(next, g.GiverID) {
				next = append(next, g.GiverID)
			}
		}
	}
	return nil
}

func (l *loader) packages(ctx context.Context) error {
	var given []oid.Package
	for _, gifts := range l.facts.Gifts {
		for _, g := range gifts {
			given = append(given, g.Package)
		}
	}
	rows, err := l.db.RolePackage.Query().Where(rolepackage.IDIn(given...)).
		WithRoles(func(q *ent.RoleQuery) { q.Select(role.FieldID) }).All(ctx)
	for _, p := range rows {
		for _, r := range p.Edges.Roles {
			l.facts.Packages[p.ID] = append(l.facts.Packages[p.ID], r.ID)
		}
	}
	return err
}

// paths finds every role that the assigned ones and those of the packages reach.
func (l *loader) paths(ctx context.Context) error {
	start := slices.Clone(l.facts.Assigned)
	for _, roles := range l.facts.Packages {
		start = append(start, roles...)
	}
	rows, err := l.db.RolePath.Query().Where(rolepath.RoleIDIn(start...)).All(ctx)
	for _, p := range rows {
		r := l.facts.Roles[p.RoleID]
		r.Reached = append(r.Reached, p.ReachedRoleID)
		l.facts.Roles[p.RoleID] = r
		if _, known := l.facts.Roles[p.ReachedRoleID]; !known {
			l.facts.Roles[p.ReachedRoleID] = RoleFacts{}
		}
	}
	return err
}

func (l *loader) roles(ctx context.Context) error {
	l.authority = map[oid.Permission]string{}
	all := make([]oid.Role, 0, len(l.facts.Roles))
	for id := range l.facts.Roles {
		all = append(all, id)
	}
	rows, err := l.db.Role.Query().Where(role.IDIn(all...)).WithPermissions(func(q *ent.PermissionQuery) {
		q.Select(permission.FieldID, permission.FieldAuthority)
	}).All(ctx)
	for _, row := range rows {
		r := l.facts.Roles[row.ID]
		r.Owner = row.ClientID
		if row.ApplicationID != nil {
			r.Application = *row.ApplicationID
		}
		for _, p := range row.Edges.Permissions {
			r.Permissions = append(r.Permissions, p.ID)
			l.authority[p.ID] = p.Authority
		}
		l.facts.Roles[row.ID] = r
	}
	return err
}

// owned reads the permissions of the applications that the client and its givers own: only those that some role
// in question holds can matter.
func (l *loader) owned(ctx context.Context) error {
	clients := make([]oid.Client, 0, len(l.facts.Gifts))
	for c := range l.facts.Gifts {
		clients = append(clients, c)
	}
	held := make([]oid.Permission, 0, len(l.authority))
	for p := range l.authority {
		held = append(held, p)
	}
	rows, err := l.db.Permission.Query().
		Where(permission.IDIn(held...), permission.HasApplicationWith(application.ClientIDIn(clients...))).
		WithApplication(func(q *ent.ApplicationQuery) { q.Select(application.FieldID, application.FieldClientID) }).All(ctx)
	for _, p := range rows {
		owner := p.Edges.Application.ClientID
		l.facts.Owned[owner] = append(l.facts.Owned[owner], p.ID)
	}
	return err
}
