package dependency

import (
	"context"
	"fmt"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/applicationdependency"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// Remove ends a dependency.
type Remove struct {
	ID              oid.Dependency
	ExpectedVersion *int
}

// Remove ends a dependency (authority Application_UPDATE): by those who answer for the application that depends, or for
// what it depends on. Errors: NOT_FOUND, NOT_ALLOWED, CONFLICT.
func (s *Service) Remove(ctx context.Context, cmd Remove) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		if err := s.lockGraph(ctx, tx); err != nil {
			return err
		}
		row, err := store.ForUpdate(s.db, tx.ApplicationDependency.Query().Where(applicationdependency.ID(cmd.ID))).Only(ctx)
		if ent.IsNotFound(err) {
			return apperr.At("input.id", apperr.NotFound, "no such dependency")
		}
		if err != nil {
			return fmt.Errorf("dependency: read: %w", err)
		}
		ruled, err := ruled(ctx, tx, row.ApplicationID, row.DependencyID)
		if err != nil {
			return err
		}
		if !authz.MayEndDependency(ruled[row.ApplicationID], ruled[row.DependencyID]) {
			return apperr.At("input.id", apperr.NotAllowed, "a dependency is ended by those who answer for the application, or for what it depends on")
		}
		if err := apperr.Current(cmd.ExpectedVersion, row.Version); err != nil {
			return err
		}
		return s.delete(ctx, tx, row)
	})
}

// delete takes the row away; those behind it move up.
func (s *Service) delete(ctx context.Context, tx *ent.Client, row *ent.ApplicationDependency) error {
	if err := tx.ApplicationDependency.DeleteOneID(row.ID).Exec(ctx); err != nil {
		return fmt.Errorf("dependency: delete: %w", err)
	}
	if err := s.move(ctx, row.ApplicationID, row.Position+1, -1); err != nil {
		return err
	}
	return audit.Record(ctx, s.db, audit.Event{Client: row.ClientID, Operation: "applicationDependencyRemove", Kind: "ApplicationDependency", Object: string(row.ID),
		Before: map[string]any{"applicationId": row.ApplicationID, "dependencyId": row.DependencyID, "position": row.Position}})
}
