package tenancy

import (
	"context"
	"fmt"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/oid"
)

// Delete takes a client away for good (domain 1.8).
type Delete struct {
	ID              oid.Client
	ExpectedVersion *int
}

// Delete deletes a client that owns no application and manages no client, with everything of it (authority
// Client_DELETE). Errors: NOT_FOUND, NOT_ALLOWED, CONFLICT.
func (s *Service) Delete(ctx context.Context, cmd Delete) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		if err := s.holdTree(ctx, toChange); err != nil {
			return err
		}
		row, err := s.load(ctx, tx, cmd.ID, "input.id")
		if err != nil {
			return err
		}
		if !s.rules.ChangesStatus(actor.From(ctx).Client, row.ID) {
			return apperr.At("input.id", apperr.NotAllowed, "SYSTEM, and the client one acts for, are not deleted")
		}
		if err := apperr.Current(cmd.ExpectedVersion, row.Version); err != nil {
			return err
		}
		if err := s.leaves(ctx, row.ID); err != nil {
			return err
		}
		gone, err := s.remove(ctx, tx, row.ID)
		if err != nil {
			return err
		}
		return s.recordDeletion(ctx, row, gone)
	})
}

// leaves refuses to delete a client that others hang on.
func (s *Service) leaves(ctx context.Context, id oid.Client) error {
	for _, stays := range []struct{ query, why string }{
		{"SELECT COUNT(*) FROM applications WHERE client_id = ?", "the client owns applications, %d in all: as long as it does, it can be suspended, not deleted"},
		{"SELECT COUNT(*) FROM clients WHERE manager_id = ?", "the client manages others, %d directly: as long as it does, it can be suspended, not deleted"},
	} {
		n, err := s.number(ctx, stays.query, id)
		if err != nil {
			return err
		}
		if n > 0 {
			return apperr.At("input.id", apperr.NotAllowed, stays.why, n)
		}
	}
	return nil
}

// recordDeletion writes the event into the trail of the client that managed it: of the one that is gone nobody but SYSTEM
// could read it. Applications that it created for others are their owners' own now, and their trails say so.
func (s *Service) recordDeletion(ctx context.Context, row *ent.Tenant, gone removed) error {
	before := map[string]any{
		"code": row.Code, "name": row.Name, "type": row.Type, "status": row.Status, "managerId": row.ManagerID, "isolated": row.Isolated,
		"locale": row.Locale, "timeZone": row.TimeZone, "currency": row.Currency, "version": row.Version, "removed": gone.counts,
	}
	trail := row.ID
	if row.ManagerID != nil {
		trail = *row.ManagerID
	}
	events := []audit.Event{{Client: trail, Operation: "clientDelete", Kind: "Client", Object: string(row.ID), Before: before}}
	for _, app := range gone.created {
		events = append(events, audit.Event{
			Client: app.owner, Operation: "clientDelete", Kind: "Application", Object: string(app.id),
			Before: map[string]any{"creatorId": row.ID}, After: map[string]any{"creatorId": app.owner},
		})
	}
	if err := audit.Record(ctx, s.db, events...); err != nil {
		return fmt.Errorf("tenancy: record a deletion: %w", err)
	}
	return nil
}
