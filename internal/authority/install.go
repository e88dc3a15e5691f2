package authority

import (
	"context"
	"fmt"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/permission"
	"github.com/appanage/appanage/ent/role"
	"github.com/appanage/appanage/ent/rolepackage"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/fold"
	"github.com/appanage/appanage/internal/oid"
)

// Install writes what every installation has (domain 3.7): the SYSTEM client, the built-in permissions, roles and
// packages. It adds what is missing and takes nothing away, so it runs after each migration, inside
// its lock and transaction. The ids derive from the names: two servers could only ever write the same rows.
func Install(ctx context.Context, tx *ent.Client) error {
	ctx = actor.System(ctx, "what the platform ships belongs to nobody yet")
	in := installer{tx: tx}
	for _, step := range []func(context.Context) error{in.system, in.permissions, in.roles, in.packages} {
		if err := step(ctx); err != nil {
			return fmt.Errorf("authority: install: %w", err)
		}
	}
	return nil
}

type installer struct{ tx *ent.Client }

func (in installer) system(ctx context.Context) error {
	if there, err := in.tx.Tenant.Query().Exist(ctx); err != nil || there {
		return err
	}
	if err := in.tx.ClaimedName.Create().SetID("client/SYSTEM").SetClaimedAt(actor.From(ctx).Now()).Exec(ctx); err != nil {
		return err
	}
	if err := in.tx.Tenant.Create().SetID(oid.SystemClient).SetBaseID(oid.SystemClient).SetIsolated(true).
		SetCode("SYSTEM").SetName("Platform").SetNameKey(fold.Key("Platform")).SetType("SYSTEM").Exec(ctx); err != nil {
		return err
	}
	return in.tx.ClientPath.Create().SetTenantID(oid.SystemClient).SetDescendantID(oid.SystemClient).SetDepth(0).Exec(ctx)
}

func (in installer) permissions(ctx context.Context) error {
	known, err := in.tx.Permission.Query().Where(permission.BuiltIn(true)).IDs(ctx)
	if err != nil {
		return err
	}
	missing := missingFrom(known)
	var add []*ent.PermissionCreate
	for _, e := range entities {
		for _, a := range e.actions {
			authority := e.name + "_" + a.name
			if id := builtInPermission(authority); missing(id) {
				add = append(add, in.tx.Permission.Create().SetID(id).SetClientID(oid.SystemClient).SetBuiltIn(true).
					SetAuthority(authority).SetAuthorityKey(fold.Key(authority)).
					SetDescription("May "+a.does+" "+e.name+" objects."))
			}
		}
	}
	return in.tx.Permission.CreateBulk(add...).Exec(ctx)
}

// roles makes the shipped roles, and completes those that are there: a new entity's manager role reaches Owner.
func (in installer) roles(ctx context.Context) error {
	rows, err := in.tx.Role.Query().Where(role.BuiltIn(true)).
		WithPermissions(func(q *ent.PermissionQuery) { q.Select(permission.FieldID) }).
		WithSubRoles(func(q *ent.RoleQuery) { q.Select(role.FieldID) }).All(ctx)
	if err != nil {
		return err
	}
	known := map[oid.Role]*ent.Role{}
	for _, row := range rows {
		known[row.ID] = row
	}
	for _, r := range shippedRoles() {
		row := known[BuiltInRole(r.name)]
		if row == nil {
			if row, err = in.role(ctx, r); err != nil {
				return err
			}
		}
		if err := in.completeRole(ctx, r, row); err != nil {
			return err
		}
	}
	return nil
}

// role makes a role that holds nothing yet, and reaches itself.
func (in installer) role(ctx context.Context, r shippedRole) (*ent.Role, error) {
	row, err := in.tx.Role.Create().SetID(BuiltInRole(r.name)).SetClientID(oid.SystemClient).SetBuiltIn(true).
		SetName(r.name).SetNameKey(fold.Key(r.name)).SetDescription(r.description).Save(ctx)
	if err != nil {
		return nil, err
	}
	return row, in.tx.RolePath.Create().SetRoleID(row.ID).SetReachedRoleID(row.ID).Exec(ctx)
}

// completeRole adds the permissions and sub-roles a role lacks. Sub-roles of shipped roles have none of their own, so
// that each is one path more.
func (in installer) completeRole(ctx context.Context, r shippedRole, row *ent.Role) error {
	lacks := missingFrom(idsOf(row.Edges.Permissions, func(p *ent.Permission) oid.Permission { return p.ID }))
	lacksRole := missingFrom(idsOf(row.Edges.SubRoles, func(r *ent.Role) oid.Role { return r.ID }))
	update, changes := in.tx.Role.UpdateOneID(row.ID), 0
	for _, a := range r.authorities {
		if p := builtInPermission(a); lacks(p) {
			update.AddPermissionIDs(p)
			changes++
		}
	}
	for _, name := range r.subRoles {
		if sub := BuiltInRole(name); lacksRole(sub) {
			update.AddSubRoleIDs(sub)
			changes++
			if err := in.tx.RolePath.Create().SetRoleID(row.ID).SetReachedRoleID(sub).Exec(ctx); err != nil {
				return err
			}
		}
	}
	if changes == 0 {
		return nil
	}
	return update.Exec(ctx)
}

// packages makes the shipped packages, gives them (a base one to every client there is), and completes their roles.
func (in installer) packages(ctx context.Context) error {
	rows, err := in.tx.RolePackage.Query().Where(rolepackage.BuiltIn(true)).
		WithRoles(func(q *ent.RoleQuery) { q.Select(role.FieldID) }).All(ctx)
	if err != nil {
		return err
	}
	known := map[oid.Package]*ent.RolePackage{}
	for _, row := range rows {
		known[row.ID] = row
	}
	for _, p := range shippedPackages() {
		row := known[BuiltInPackage(p.code)]
		if row == nil {
			if row, err = in.packageOf(ctx, p); err != nil {
				return err
			}
		}
		lacks := missingFrom(idsOf(row.Edges.Roles, func(r *ent.Role) oid.Role { return r.ID }))
		var add []oid.Role
		for _, name := range p.roles {
			if r := BuiltInRole(name); lacks(r) {
				add = append(add, r)
			}
		}
		if len(add) == 0 {
			continue
		}
		if err := in.tx.RolePackage.UpdateOneID(row.ID).AddRoleIDs(add...).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (in installer) packageOf(ctx context.Context, p shippedPackage) (*ent.RolePackage, error) {
	row, err := in.tx.RolePackage.Create().SetID(BuiltInPackage(p.code)).SetClientID(oid.SystemClient).SetBuiltIn(true).SetBase(p.base).
		SetCode(p.code).SetName(p.name).SetNameKey(fold.Key(p.name)).SetDescription(p.description).Save(ctx)
	if err != nil {
		return nil, err
	}
	to := []oid.Client{oid.SystemClient}
	if p.base {
		if to, err = in.tx.Tenant.Query().IDs(ctx); err != nil {
			return nil, err
		}
	}
	for _, client := range to {
		if err := in.tx.PackageGift.Create().SetClientID(client).SetPackageID(row.ID).SetGiverID(oid.SystemClient).Exec(ctx); err != nil {
			return nil, err
		}
	}
	return row, nil
}

func idsOf[T any, K comparable](rows []*T, id func(*T) K) []K {
	out := make([]K, len(rows))
	for i, row := range rows {
		out[i] = id(row)
	}
	return out
}

func missingFrom[T comparable](known []T) func(T) bool {
	there := make(map[T]struct{}, len(known))
	for _, k := range known {
		there[k] = struct{}{}
	}
	return func(v T) bool {
		_, ok := there[v]
		return !ok
	}
}
