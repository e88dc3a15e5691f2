package bundle

import (
	"context"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/application"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// The operations, as the trail names them.
const (
	operationImport  = "applicationImport"
	operationUpgrade = "applicationUpgrade"
)

// Import is an application to be made from a bundle (domain 12.2).
type Import struct {
	Bundle oid.Bundle
	Name   *string // that in the bundle when nil
	Code   string  // made from the name when empty: that in the bundle is somebody else's
}

// Import makes an EXPLICIT application from a bundle, all of it or nothing (authority Application_CREATE). Errors: INVALID,
// NOT_FOUND, EXPIRED, RESERVED, TAKEN, NOT_ALLOWED.
func (s *Service) Import(ctx context.Context, cmd Import) (id oid.Application, err error) {
	ctx = store.WithRowBudget(ctx, rowBudget)
	doc, err := s.stored(ctx, cmd.Bundle)
	if err != nil {
		return "", err
	}
	create := application.Create{
		Name: doc.Application.Name, Code: cmd.Code, Type: doc.Application.Type, AccessType: enum.AccessExplicit, ThumbnailURL: doc.Application.ThumbnailURL,
	}
	if cmd.Name != nil {
		create.Name = *cmd.Name
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		if id, err = s.Applications.Create(ctx, create); err != nil {
			return err
		}
		j, err := s.Applications.Judge(ctx, tx, id, atBundle)
		if err != nil {
			return err
		}
		report, err := s.put(ctx, tx, j, doc, operationImport)
		if err != nil {
			return err
		}
		return audit.Record(ctx, s.db, audit.Event{Client: j.ClientID, Operation: operationImport, Kind: "Application", Object: string(id), After: report.told(cmd.Bundle)})
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

// Imported says what an import has made, as the trail has it.
func (s *Service) Imported(ctx context.Context, id oid.Application) ([]Change, error) {
	report, err := s.tell(ctx, id, operationImport, func(oid.Bundle) bool { return true })
	if err != nil {
		return nil, err
	}
	return report.Changes, nil
}
