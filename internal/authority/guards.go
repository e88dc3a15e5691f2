package authority

import (
	"context"
	"fmt"
	"slices"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/membership"
	"github.com/appanage/appanage/ent/packagegift"
	"github.com/appanage/appanage/ent/role"
	"github.com/appanage/appanage/ent/rolepackage"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// MayAssign asks that each role can be assigned to members of a client (domain 3.4), and be given by the caller (3.5).
// Errors, at the path with the role's place: NOT_FOUND (not visible), NOT_ALLOWED.
func (s *Service) MayAssign(ctx context.Context, tx *ent.Client, client oid.Client, roles []oid.Role, path string) error {
	if actor.From(ctx).IsSystem() || len(roles) == 0 {
		return nil
	}
	return s.mayAssign(ctx, tx, client, itemsOf(path, roles))
}

func (s *Service) mayAssign(ctx context.Context, tx *ent.Client, client oid.Client, named []item[oid.Role]) error {
	rows, err := rolesInSight(ctx, tx, named, store.Shared)
	if err != nil {
		return err
	}
	given, err := givenRoles(ctx, tx, client, idsIn(named))
	if err != nil {
		return err
	}
	var errs apperr.Collector
	for _, it := range named {
		if !s.rules.Assigns(client, authz.Role{Owner: rows[it.id].ClientID, Given: slices.Contains(given, it.id)}) {
			errs.Add(apperr.At(it.path, apperr.NotAllowed, "a client can assign the roles it owns, and those of the packages given to it"))
		}
	}
	if err := errs.Err(); err != nil {
		return err
	}
	return mayGive(ctx, s, byRole, named)
}

// givenRoles are those of the roles that a package given to the client has.
func givenRoles(ctx context.Context, tx *ent.Client, client oid.Client, roles []oid.Role) ([]oid.Role, error) {
	given := role.HasPackagesWith(rolepackage.HasGiftsWith(packagegift.ClientID(client)))
	ids, err := tx.Role.Query().Where(role.IDIn(roles...), given).IDs(ctx)
	if err != nil {
		return nil, fmt.Errorf("authority: read the roles given to a client: %w", err)
	}
	return ids, nil
}

// bundle says how the permissions that come with an object are found: the key is the object's id.
type bundle struct{ what, key, from string }

const (
	reachedFromRole = " JOIN role_permissions AS h ON h.role_id = p.reached_role_id JOIN permissions AS m ON m.id = h.permission_id"
	itself          = "permissions AS m"
)

var (
	byPermission = bundle{"this permission", "m.id", itself}
	byRole       = bundle{"the permissions of this role", "p.role_id", "role_paths AS p" + reachedFromRole}
	byPackage    = bundle{"the permissions of this package", "k.package_id", "package_roles AS k JOIN role_paths AS p ON p.role_id = k.role_id" + reachedFromRole}
)

// mayGive asks that the caller may give every permission that comes with each of the objects (domain 3.5). NOT_ALLOWED
// at the place of each of which he may not.
func mayGive[K oid.ID](ctx context.Context, s *Service, b bundle, named []item[K]) error {
	comes, err := permissionsOf(ctx, s, b, named)
	if err != nil {
		return err
	}
	a := actor.From(ctx)
	caller := authz.Held{Client: a.Client, Authorities: a.Authorities()}
	var errs apperr.Collector
	for _, it := range named {
		lacks := 0
		for _, p := range comes[it.id] {
			if !a.IsSystem() && !s.rules.Gives(caller, p) {
				lacks++
			}
		}
		if lacks > 0 {
			errs.Add(apperr.At(it.path, apperr.NotAllowed, "nobody gives what he does not hold: of %s you lack %d", b.what, lacks))
		}
	}
	return errs.Err()
}

// permissionsOf reads what decides of the permissions that come with each object: all of them, whether the caller sees
// them or not, for he must not give those either.
func permissionsOf[K oid.ID](ctx context.Context, s *Service, b bundle, named []item[K]) (map[K][]authz.Permission, error) {
	out := map[K][]authz.Permission{}
	if len(named) == 0 {
		return out, nil
	}
	query := "SELECT DISTINCT " + b.key + ", m.authority, a.client_id FROM " + b.from +
		" LEFT JOIN applications AS a ON a.id = m.application_id WHERE " + b.key + " IN " + store.Marks(len(named))
	err := s.db.Each(ctx, query, store.Anys(idsIn(named)), func(scan func(...any) error) error {
		var id K
		var p authz.Permission
		var owner *oid.Client
		if err := scan(&id, &p.Authority, &owner); err != nil {
			return err
		}
		if owner != nil {
			p.Owner = *owner
		}
		out[id] = append(out[id], p)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("authority: read what comes with a bundle: %w", err)
	}
	return out, nil
}

// MayTakeOver asks that the caller holds every authority that a user has in any membership (domain 2.5). NOT_ALLOWED
// at the path else. A caller may always take over himself.
func (s *Service) MayTakeOver(ctx context.Context, tx *ent.Client, user oid.User, path string) error {
	a := actor.From(ctx)
	if a.IsSystem() || a.User == user {
		return nil
	}
	rows, err := tx.Membership.Query().Where(membership.UserID(user)).
		All(actor.System(ctx, "what a user may do outside the caller's scope protects him too, domain 2.5"))
	if err != nil {
		return fmt.Errorf("authority: read memberships: %w", err)
	}
	members := idsOf(rows, memberOf)
	facts, err := load(ctx, tx, members...)
	if err != nil {
		return err
	}
	var all []authz.Permission
	for _, permissions := range facts.effective(members) {
		for _, id := range permissions {
			all = append(all, authz.Permission{Authority: facts.authority[id], Owner: facts.owner[id]})
		}
	}
	if !s.rules.TakesOver(authz.Held{Client: a.Client, Authorities: a.Authorities()}, all) {
		return apperr.At(path, apperr.NotAllowed, "this user holds authorities that you do not: only who holds them all may change his identifiers or reset his password")
	}
	return nil
}

func memberOf(m *ent.Membership) member { return member{m.ID, m.ClientID} }
