package authority

import (
	"context"
	"fmt"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/membership"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// membership reads one that the caller may change: of a client in scope. His own elsewhere he sees, and no more.
func (s *Service) membership(ctx context.Context, tx *ent.Client, id oid.Membership, locked bool) (*ent.Membership, error) {
	query := tx.Membership.Query().Where(membership.ID(id))
	if locked {
		query = store.ForUpdate(s.db, query)
	}
	row, err := query.Only(ctx)
	if ent.IsNotFound(err) {
		return nil, apperr.At("input.id", apperr.NotFound, "no such membership")
	}
	if err != nil {
		return nil, fmt.Errorf("authority: read a membership: %w", err)
	}
	return row, mayChange(ctx, tx, row.ClientID, false)
}

// Assign gives roles to a membership (authority User_UPDATE). Errors: NOT_FOUND, NOT_ALLOWED.
func (s *Service) Assign(ctx context.Context, id oid.Membership, roles []oid.Role) error {
	const path = "input.roleIds"
	named, err := some(path, roles)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		row, err := s.membership(ctx, tx, id, true)
		if err != nil {
			return err
		}
		if _, err := rolesInSight(ctx, tx, named, store.Shared); err != nil {
			return err
		}
		holds, err := heldBy[oid.Role](ctx, s, membershipRoles, id)
		if err != nil {
			return err
		}
		fresh := among(named, holds, false)
		if len(fresh) == 0 {
			return nil
		}
		if err := s.mayAssign(ctx, tx, row.ClientID, fresh); err != nil {
			return err
		}
		if err := tx.Membership.Update().Where(membership.ID(id)).AddVersion(1).AddRoleIDs(idsIn(fresh)...).Exec(ctx); err != nil {
			return gone(err, path, "assign roles")
		}
		return audit.Record(ctx, s.db, membershipRoles.came("membershipRolesAdd", row.ClientID, string(id), idsIn(fresh)))
	})
}

// Unassign takes roles from a membership (authority User_UPDATE). Errors: NOT_FOUND, NOT_ALLOWED.
func (s *Service) Unassign(ctx context.Context, id oid.Membership, roles []oid.Role) error {
	const path = "input.roleIds"
	named, err := some(path, roles)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		seen, err := s.membership(ctx, tx, id, false)
		if err != nil {
			return err
		}
		if _, err := rolesInSight(ctx, tx, named); err != nil {
			return err
		}
		return s.KeepAdministrator(ctx, tx, []oid.Client{seen.ClientID}, path, func() error {
			row, err := s.membership(ctx, tx, id, true)
			if err != nil {
				return err
			}
			holds, err := heldBy[oid.Role](ctx, s, membershipRoles, id)
			if err != nil {
				return err
			}
			going := idsIn(among(named, holds, true))
			if len(going) == 0 {
				return nil
			}
			if err := tx.Membership.Update().Where(membership.ID(id)).AddVersion(1).RemoveRoleIDs(going...).Exec(ctx); err != nil {
				return fmt.Errorf("authority: take roles away: %w", err)
			}
			return audit.Record(ctx, s.db, membershipRoles.went("membershipRolesRemove", row.ClientID, string(id), going))
		})
	})
}
