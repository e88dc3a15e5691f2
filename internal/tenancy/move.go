package tenancy

import (
	"context"
	"fmt"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/internal/access"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/scope"
	"github.com/appanage/appanage/internal/store"
)

// Move hangs a client under another manager (domain 1.7).
type Move struct {
	ID              oid.Client
	ExpectedVersion *int
	Manager         oid.Client
}

// Move moves a client with all below it (authority Client_UPDATE). What was lent to them sleeps while its giver does not
// manage them (domain 5.3). Errors: NOT_FOUND (the client, or the new manager), NOT_ALLOWED (SYSTEM, the caller's own, a
// circle, another customer base, too deep), CONFLICT.
func (s *Service) Move(ctx context.Context, cmd Move) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		if err := s.holdTree(ctx, toChange); err != nil {
			return err
		}
		row, to, err := s.movers(ctx, tx, cmd)
		if err != nil {
			return err
		}
		from, err := formerManager(ctx, tx, row)
		if err != nil {
			return err
		}
		if err := apperr.Current(cmd.ExpectedVersion, row.Version); err != nil {
			return err
		}
		if from.ID == to.ID {
			return nil
		}
		if err := s.mayHang(ctx, row, from, to); err != nil {
			return err
		}
		return s.move(ctx, tx, row, to)
	})
}

// movers reads the client and its new manager, both in scope and locked, by one statement: so locks are taken in the
// order of the ids.
func (s *Service) movers(ctx context.Context, tx *ent.Client, cmd Move) (row, to *ent.Tenant, err error) {
	both := tx.Tenant.Query().Where(tenant.IDIn(cmd.ID, cmd.Manager), scope.Listed(ctx, "Tenant")).Order(tenant.ByID())
	rows, err := store.ForUpdate(s.db, both).All(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("tenancy: read what moves: %w", err)
	}
	for _, r := range rows {
		if r.ID == cmd.ID {
			row = r
		}
		if r.ID == cmd.Manager {
			to = r
		}
	}
	var errs apperr.Collector
	if row == nil {
		errs.Add(noClient("input.id"))
	}
	if to == nil {
		errs.Add(noClient("input.managerId"))
	}
	return row, to, errs.Err()
}

// formerManager reads the client that manages another one today. It must be in scope too: so nobody moves his own
// client.
func formerManager(ctx context.Context, tx *ent.Client, row *ent.Tenant) (*ent.Tenant, error) {
	if row.ManagerID == nil {
		return nil, apperr.At("input.id", apperr.NotAllowed, "SYSTEM is not moved")
	}
	from, err := tx.Tenant.Query().Where(tenant.ID(*row.ManagerID), scope.Listed(ctx, "Tenant")).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, apperr.At("input.id", apperr.NotAllowed, "a client is moved by those above its manager, or by its manager, not by itself")
	}
	if err != nil {
		return nil, fmt.Errorf("tenancy: read the manager: %w", err)
	}
	return from, nil
}

// mayHang: no circle, no crossing of the border of a customer base, not too deep. An isolated client brings its base
// along; the one around it stays the same, for what is outside it.
func (s *Service) mayHang(ctx context.Context, row, from, to *ent.Tenant) error {
	circle, err := s.holds(ctx, row.ID, to.ID)
	if err != nil {
		return err
	}
	if circle {
		return apperr.At("input.managerId", apperr.NotAllowed, "a client is not managed by itself, or by one below it")
	}
	if from.BaseID != to.BaseID {
		return apperr.At("input.managerId", apperr.NotAllowed, "a client stays within its customer base")
	}
	level, err := s.Level(ctx, to.ID)
	if err != nil {
		return err
	}
	height, err := s.height(ctx, row.ID)
	if err != nil {
		return err
	}
	if level+1+height > MaxDepth {
		return tooDeep()
	}
	return nil
}

func (s *Service) move(ctx context.Context, tx *ent.Client, row, to *ent.Tenant) error {
	if err := s.movePaths(ctx, row.ID, to.ID); err != nil {
		return err
	}
	if err := access.SettleBelow(ctx, s.db, row.ID); err != nil {
		return err
	}
	return s.write(ctx, row, tx.Tenant.Update().SetManagerID(to.ID), audit.Event{
		Operation: "clientMove", Before: map[string]any{"managerId": *row.ManagerID}, After: map[string]any{"managerId": to.ID},
	})
}
