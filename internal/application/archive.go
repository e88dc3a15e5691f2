package application

import (
	"context"
	"fmt"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// SetStatus archives or restores an application.
type SetStatus struct {
	ID              oid.Application
	ExpectedVersion *int
}

// Archive takes an application out of use (authority Application_DELETE; domain 11.1): it is neither listed, resolved nor
// signed in to any more, and nobody may rely on it anew. All its data stays. It gives the ids of the sessions that ended.
// Errors: NOT_FOUND, NOT_ALLOWED, CONFLICT.
func (s *Service) Archive(ctx context.Context, cmd SetStatus) (ended []oid.Session, err error) {
	return s.setStatus(ctx, cmd, "applicationArchive", enum.ApplicationArchived)
}

// Restore brings an archived application back as it was (authority Application_DELETE; domain 11.1). Errors: NOT_FOUND,
// NOT_ALLOWED, CONFLICT.
func (s *Service) Restore(ctx context.Context, cmd SetStatus) error {
	_, err := s.setStatus(ctx, cmd, "applicationRestore", enum.ApplicationActive)
	return err
}

func (s *Service) setStatus(ctx context.Context, cmd SetStatus, operation string, to enum.ApplicationStatus) (ended []oid.Session, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		row, err := s.load(ctx, tx, cmd.ID, "input.id")
		if err != nil {
			return err
		}
		if err := mayUpdate(ctx, tx, row, Update{}); err != nil {
			return err
		}
		if v := cmd.ExpectedVersion; v != nil && *v != row.Version {
			return apperr.Outdated("input.expectedVersion", row.Version)
		}
		if ended = nil; row.Status == to {
			return nil
		}
		// A sign-in that was proven before the application was archived may have opened its session after: no token works
		// for an archived application, and with its sessions ended both ways none comes back to life.
		if ended, err = s.endSessions(ctx, row.ID); err != nil {
			return err
		}
		n, err := tx.Application.Update().Where(application.ID(row.ID), application.Version(row.Version)).AddVersion(1).SetStatus(to).Save(ctx)
		if err != nil {
			return fmt.Errorf("application: set the status: %w", err)
		}
		if n == 0 {
			return apperr.Outdated("input.expectedVersion", row.Version+1)
		}
		return audit.Record(ctx, s.db, audit.Event{Client: row.ClientID, Operation: operation, Kind: "Application", Object: string(row.ID),
			Before: map[string]any{"status": row.Status}, After: map[string]any{"status": to}})
	})
	return ended, err
}

// endSessions deletes the sessions for an application, of users of every client with access, most of them out of the
// caller's scope: the decision was made on the application. The event of what ended them stands for all.
func (s *Service) endSessions(ctx context.Context, app oid.Application) (ended []oid.Session, err error) {
	ended, err = store.Column[oid.Session](ctx, s.db, "SELECT id FROM sessions WHERE application_id = ? ORDER BY id", app)
	if err != nil {
		return nil, fmt.Errorf("application: read sessions: %w", err)
	}
	if len(ended) == 0 {
		return nil, nil
	}
	if _, err := s.db.Exec(ctx, "DELETE FROM sessions WHERE application_id = ?", app); err != nil {
		return nil, fmt.Errorf("application: end sessions: %w", err)
	}
	return ended, nil
}
