package urls

import (
	"context"
	"fmt"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/clienturl"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/property"
)

// Unbind takes a URL away.
type Unbind struct {
	ID              oid.ClientURL
	ExpectedVersion *int
}

const operationUnbind = "clientUrlUnbind"

// Unbind takes a URL of a client in scope away, be it proven or not (authority Client_UPDATE), and with it the property URL
// that names it. A sub-domain stays claimed: it can be bound again, and never becomes the code of an application. Errors:
// NOT_FOUND, CONFLICT.
func (s *Service) Unbind(ctx context.Context, cmd Unbind) (oid.ClientURL, error) {
	return cmd.ID, s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		row, err := s.lockBehindApplication(ctx, tx, cmd.ID)
		if err != nil {
			return err
		}
		if err := apperr.Current(cmd.ExpectedVersion, row.Version); err != nil {
			return err
		}
		if err := tx.ClientURL.DeleteOne(row).Exec(ctx); err != nil {
			return fmt.Errorf("urls: delete: %w", err)
		}
		if err := property.Unbound(ctx, s.db, row.ApplicationID, row.ClientID, row.Origin, operationUnbind); err != nil {
			return err
		}
		return audit.Record(ctx, s.db, audit.Event{
			Client: row.ClientID, Operation: operationUnbind, Kind: "ClientUrl", Object: string(row.ID),
			Before: shown(row.ApplicationID, row.Origin, row.Status),
		})
	})
}

// lockBehindApplication locks a URL as lock does, and before it the application, which need not be visible: so does who
// sets the property URL, and asks whether the origin is bound.
func (s *Service) lockBehindApplication(ctx context.Context, tx *ent.Client, id oid.ClientURL) (*ent.ClientURL, error) {
	row, err := tx.ClientURL.Query().Where(clienturl.ID(id)).Only(ctx)
	if err != nil {
		return nil, unread(err)
	}
	var app oid.Application
	if _, err := s.db.First(ctx, []any{&app}, "SELECT id FROM applications WHERE id = ?"+s.db.ForUpdateClause(), row.ApplicationID); err != nil {
		return nil, fmt.Errorf("urls: lock the application: %w", err)
	}
	return s.lock(ctx, tx, id)
}
