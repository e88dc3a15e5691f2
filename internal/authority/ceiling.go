package authority

import (
	"context"
	"fmt"
	"slices"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/ent/permission"
	"github.com/appanage/appanage/ent/predicate"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// CeilingOf lists the authority strings of a client's ceiling, sorted (domain 3.6): what it can give by a rule, where no user of it
// is at hand. SYSTEM's has every permission there is.
func CeilingOf(ctx context.Context, db *ent.Client, client oid.Client) ([]string, error) {
	facts, err := load(ctx, db, member{client: client})
	if err != nil {
		return nil, err
	}
	ctx = actor.System(ctx, "a ceiling is read whoever asks")
	all := db.Permission.Query()
	ceiling := facts.of(member{client: client}).Ceiling(client)
	if !ceiling.everything {
		all.Where(permission.Or(permission.IDIn(keys(ceiling.within)...), permission.HasApplicationWith(application.ClientID(client))))
	}
	names, err := all.Select(permission.FieldAuthority).Strings(ctx)
	if err != nil {
		return nil, fmt.Errorf("authority: read a ceiling: %w", err)
	}
	slices.Sort(names)
	return names, nil
}

// MayGivePackage asks that the caller may give a package (domain 3.5). held keeps it until the transaction ends: for whoever gives it, not
// for whoever only asks. Errors, at the path: NOT_FOUND (not visible), NOT_ALLOWED.
func (s *Service) MayGivePackage(ctx context.Context, tx *ent.Client, id oid.Package, path string, held bool) error {
	row, err := s.packageInSight(ctx, tx, id, held)
	if err != nil {
		return apperr.Moved(err, "input.id", path)
	}
	ruled, err := store.InScope(ctx, tx, row.ClientID)
	if err != nil {
		return err
	}
	if !s.rules.GivesPackage(ruled) {
		return apperr.At(path, apperr.NotAllowed, "a package is given by its owner and the clients managing it: one that was given to you is not yours to pass on")
	}
	return mayGive(ctx, s, byPackage, []item[oid.Package]{{id, path}})
}

// MayGiveRole asks that the caller may assign a role (domain 3.5), and where a client is named, that it can be assigned to its members
// (3.4). held is as for MayGivePackage. Errors, at the path: NOT_FOUND (not visible), NOT_ALLOWED.
func (s *Service) MayGiveRole(ctx context.Context, tx *ent.Client, id oid.Role, to oid.Client, path string, held bool) error {
	named := []item[oid.Role]{{id, path}}
	if to != "" {
		return s.mayAssign(ctx, tx, to, named)
	}
	var locks []predicate.Role
	if held {
		locks = append(locks, store.Shared)
	}
	if _, err := rolesInSight(ctx, tx, named, locks...); err != nil {
		return err
	}
	return mayGive(ctx, s, byRole, named)
}
