package urls

import (
	"context"
	"fmt"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/oid"
)

// Unbind takes a URL away.
type Unbind struct {
	ID              oid.ClientURL
	ExpectedVersion *int
}

// Unbind takes a URL of a client in scope away, be it proven or not (authority Client_UPDATE). A sub-domain stays claimed:
// it can be bound again, and never becomes the code of an application. Errors: NOT_FOUND, CONFLICT.
func (s *Service) Unbind(ctx context.Context, cmd Unbind) (oid.ClientURL, error) {
	return cmd.ID, s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		row, err := s.lock(ctx, tx, cmd.ID)
		if err != nil {
			return err
		}
		if err := apperr.Current(cmd.ExpectedVersion, row.Version); err != nil {
			return err
		}
		if err := tx.ClientURL.DeleteOne(row).Exec(ctx); err != nil {
			return fmt.Errorf("urls: delete: %w", err)
		}
		return audit.Record(ctx, s.db, audit.Event{
			Client: row.ClientID, Operation: "clientUrlUnbind", Kind: "ClientUrl", Object: string(row.ID),
			Before: shown(row.ApplicationID, row.Origin, row.Status),
		})
	})
}
