package access

import (
	"context"
	"fmt"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/accessgrant"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// Revoke takes a grant away (domain 5.3). What the client has set of its own stays, and sleeps (5.4).
type Revoke struct {
	ID              oid.AccessGrant
	ExpectedVersion *int
}

// Revoke takes a grant away (authority Application_UPDATE). Errors: NOT_FOUND, NOT_ALLOWED, CONFLICT.
func (s *Service) Revoke(ctx context.Context, cmd Revoke) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		row, owner, err := s.granted(ctx, tx, cmd.ID)
		if err != nil {
			return err
		}
		me := actor.From(ctx).Client
		c, g := authz.Caller{Client: me}, authz.Given{Client: row.ClientID, Level: row.Level, Giver: row.GiverID, Lent: row.Lent}
		if c.Rules, err = store.InScope(ctx, tx, owner); err != nil {
			return err
		}
		if g.GiverInScope, err = store.InScope(ctx, tx, row.GiverID); err != nil {
			return err
		}
		if !s.rules.Revokes(c, g) {
			return apperr.At("input.id", apperr.NotAllowed,
				"a grant is taken away by the owner, the clients managing it and SYSTEM, by its giver and by its client; a bar by the first of these alone")
		}
		if err := current(row, cmd.ExpectedVersion); err != nil {
			return err
		}
		return s.remove(ctx, tx, row)
	})
}

// granted reads a grant that the caller can see, its row locked, and who owns the application, which he may not see.
func (s *Service) granted(ctx context.Context, tx *ent.Client, id oid.AccessGrant) (*ent.AccessGrant, oid.Client, error) {
	none := apperr.At("input.id", apperr.NotFound, "no such grant")
	query := tx.AccessGrant.Query().Where(accessgrant.ID(id))
	seen, err := query.Clone().Only(ctx)
	if ent.IsNotFound(err) {
		return nil, "", none
	}
	if err != nil {
		return nil, "", fmt.Errorf("access: read a grant: %w", err)
	}
	var owner oid.Client
	if _, err := s.one(ctx, []any{&owner}, "SELECT client_id FROM applications WHERE id = ?"+s.db.ForUpdateClause(), seen.ApplicationID); err != nil {
		return nil, "", err
	}
	row, err := store.ForUpdate(s.db, query).Only(ctx)
	if ent.IsNotFound(err) { // gone while this waited
		return nil, "", none
	}
	if err != nil {
		return nil, "", fmt.Errorf("access: read a grant: %w", err)
	}
	return row, owner, nil
}

func (s *Service) remove(ctx context.Context, tx *ent.Client, row *ent.AccessGrant) error {
	if err := tx.AccessGrant.DeleteOneID(row.ID).Exec(ctx); err != nil {
		return fmt.Errorf("access: delete a grant: %w", err)
	}
	if row.Level == enum.LevelWrite {
		if err := Settle(ctx, s.db, row.ApplicationID, row.ClientID); err != nil {
			return err
		}
	}
	return audit.Record(ctx, s.db, audit.Event{Client: row.ClientID, Operation: "accessGrantRevoke", Kind: "AccessGrant", Object: string(row.ID),
		Before: termsOf(row).fields(row.ApplicationID)})
}
