package application

import (
	"context"
	"fmt"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/fold"
	"github.com/appanage/appanage/internal/input"
	"github.com/appanage/appanage/internal/oid"
)

// Update changes what can be changed of an application (domain 4.4). nil fields stay.
type Update struct {
	ID              oid.Application
	ExpectedVersion *int
	Name            *string
	AccessType      *enum.AccessType
	// ThumbnailURL is set when SetThumbnail is: nil takes it away.
	SetThumbnail bool
	ThumbnailURL *string
}

// Validate brings the command to canonical form and joins what is wrong with it.
func (c *Update) Validate() error {
	var errs apperr.Collector
	if c.Name != nil {
		input.Name(&errs, "input.name", c.Name)
	}
	checkThumbnail(&errs, c.ThumbnailURL)
	if c.AccessType != nil {
		input.Word(&errs, "input.accessType", *c.AccessType)
	}
	return errs.Err()
}

// Update changes an application (authority Application_UPDATE). Errors: INVALID, NOT_FOUND, NOT_ALLOWED, CONFLICT.
func (s *Service) Update(ctx context.Context, cmd Update) error {
	if err := cmd.Validate(); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		row, err := s.load(ctx, tx, cmd.ID, "input.id")
		if err != nil {
			return err
		}
		if err := mayUpdate(ctx, tx, row, cmd); err != nil {
			return err
		}
		if v := cmd.ExpectedVersion; v != nil && *v != row.Version {
			return apperr.Outdated("input.expectedVersion", row.Version)
		}
		return s.change(ctx, tx, row, cmd)
	})
}

func mayUpdate(ctx context.Context, tx *ent.Client, row *ent.Application, cmd Update) error {
	c, err := caller(ctx, tx, row)
	if err != nil {
		return err
	}
	if !authz.MayUpdate(c, facts(row)) {
		return apperr.At("input.id", apperr.NotAllowed, "only the owner, the clients managing it, SYSTEM, and the creator of an EXPLICIT application may change it")
	}
	if cmd.AccessType != nil && !authz.MayChangeAccessType(c, facts(row), *cmd.AccessType) {
		return apperr.At("input.accessType", apperr.NotAllowed, "EXPLICIT is set at creation only, and left only by the owner, the clients managing it, or SYSTEM")
	}
	return nil
}

// change writes what differs. A change that changes nothing leaves the version, and no trace.
func (s *Service) change(ctx context.Context, tx *ent.Client, row *ent.Application, cmd Update) error {
	before, after := map[string]any{}, map[string]any{}
	update := tx.Application.Update().Where(application.ID(row.ID), application.Version(row.Version)).AddVersion(1)
	if cmd.Name != nil && *cmd.Name != row.Name {
		update.SetName(*cmd.Name).SetNameKey(fold.Key(*cmd.Name))
		before["name"], after["name"] = row.Name, *cmd.Name
	}
	if cmd.AccessType != nil && *cmd.AccessType != row.AccessType {
		update.SetAccessType(*cmd.AccessType)
		before["accessType"], after["accessType"] = row.AccessType, *cmd.AccessType
	}
	if cmd.SetThumbnail && !same(cmd.ThumbnailURL, row.ThumbnailURL) {
		if cmd.ThumbnailURL == nil {
			update.ClearThumbnailURL()
		} else {
			update.SetThumbnailURL(*cmd.ThumbnailURL)
		}
		before["thumbnailUrl"], after["thumbnailUrl"] = row.ThumbnailURL, cmd.ThumbnailURL
	}
	if len(after) == 0 {
		return nil
	}
	n, err := update.Save(ctx)
	if err != nil {
		return fmt.Errorf("application: update: %w", err)
	}
	if n == 0 {
		return apperr.Outdated("input.expectedVersion", row.Version+1)
	}
	return audit.Record(ctx, s.db, audit.Event{Client: row.ClientID, Operation: "applicationUpdate", Kind: "Application", Object: string(row.ID), Before: before, After: after})
}

func same(a, b *string) bool {
	return a == nil && b == nil || a != nil && b != nil && *a == *b
}
