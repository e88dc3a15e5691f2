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
// packages. It adds what is missing and touches nothing that is there, so it runs after each migration, inside
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

func (in installer) roles(ctx context.Context) error {
	known, err := in.tx.Role.Query().Where(role.BuiltIn(true)).IDs(ctx)
	if err != nil {
		return err
	}
	missing := missingFrom(known)
	for _, r := range shippedRoles() {
		id := BuiltInRole(r.name)
		if !missing(id) {
			continue
		}
		create := in.tx.Role.Create().SetID(id).SetClientID(oid.SystemClient).SetBuiltIn(true).
			SetName(r.name).SetNameKey(fold.Key(r.name)).SetDescription(r.description)
		for _, a := range r.authorities {
			create.AddPermissionIDs(builtInPermission(a))
		}
		if err := create.Exec(ctx); err != nil {
			return err
		}
		reached := []oid.Role{id}
		for _, sub := range r.subRoles {
			reached = append(reached, BuiltInRole(sub))
		}
		if err := in.tx.Role.UpdateOneID(id).AddSubRoleIDs(reached[1:]...).Exec(ctx); err != nil {
			return err
		}
		for _, to := range reached {
			if err := in.tx.RolePath.Create().SetRoleID(id).SetReachedRoleID(to).Exec(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

func (in installer) packages(ctx context.Context) error {
	known, err := in.tx.RolePackage.Query().Where(rolepackage.BuiltIn(true)).IDs(ctx)
	if err != nil {
		return err
	}
	missing := missingFrom(known)
	for _, p := range shippedPackages() {
		id := BuiltInPackage(p.code)
		if !missing(id) {
			continue
		}
		create := in.tx.RolePackage.Create().SetID(id).SetClientID(oid.SystemClient).SetBuiltIn(true).SetBase(p.base).
			SetCode(p.code).SetName(p.name).SetNameKey(fold.Key(p.name)).SetDescription(p.description)
		for _, r := range p.roles {
			create.AddRoleIDs(BuiltInRole(r))
		}
		if err := create.Exec(ctx); err != nil {
			return err
		}
		if err := in.tx.PackageGift.Create().SetClientID(oid.SystemClient).SetPackageID(id).SetGiverID(oid.SystemClient).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
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

// GiveBase gives every base package to a new client, by SYSTEM, in the transaction that makes it (domain 3.3).
func GiveBase(ctx context.Context, tx *ent.Client, client oid.Client) error {
	ctx = actor.System(ctx, "base packages are SYSTEM's gift to every client, domain 3.3")
	base, err := tx.RolePackage.Query().Where(rolepackage.Base(true), rolepackage.ClientID(oid.SystemClient)).IDs(ctx)
	if err != nil {
		return fmt.Errorf("authority: give base packages: %w", err)
	}
	gifts := make([]*ent.PackageGiftCreate, len(base))
	for i, p := range base {
		gifts[i] = tx.PackageGift.Create().SetClientID(client).SetPackageID(p).SetGiverID(oid.SystemClient)
	}
	if err := tx.PackageGift.CreateBulk(gifts...).Exec(ctx); err != nil {
		return fmt.Errorf("authority: give base packages: %w", err)
	}
	return nil
}
