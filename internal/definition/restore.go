package definition

import (
	"context"
	"fmt"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/definitionversion"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/delta"
)

// Restore makes the layer of the caller's client what it was in a version (authority Definition_UPDATE). Errors: INVALID,
// NOT_FOUND, NOT_ALLOWED, CONFLICT.
func (s *Service) Restore(ctx context.Context, cmd Restore) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		row, err := tx.DefinitionVersion.Query().Where(definitionversion.ID(cmd.Version)).Only(ctx)
		if ent.IsNotFound(err) {
			return apperr.At("input.versionId", apperr.NotFound, "no such version")
		}
		if err != nil {
			return fmt.Errorf("definition: read a version: %w", err)
		}
		if !s.rules.Restores(actor.From(ctx).Client, row.ClientID) {
			return apperr.At("input.versionId", apperr.NotAllowed, "this is a version of another client's layer: each restores its own")
		}
		if row.Removed {
			return apperr.At("input.versionId", apperr.Invalid, "with this version the layer was taken away: there is nothing to restore")
		}
		at, err := s.locked(ctx, PlaceOf(row))
		if err != nil {
			return err
		}
		if at == nil { // the session is for another application
			return apperr.At("input.versionId", apperr.NotFound, "no such version")
		}
		return s.restore(ctx, at, cmd, row)
	})
}

func (s *Service) restore(ctx context.Context, at *stand, cmd Restore, row *ent.DefinitionVersion) error {
	if err := s.mayDefine(at, "input.versionId"); err != nil {
		return err
	}
	if err := s.mayLay(at, "input.versionId", "input.versionId"); err != nil {
		return err
	}
	if err := apperr.Current(cmd.ExpectedVersion, at.version()); err != nil {
		return err
	}
	content, err := delta.Parse([]byte(row.Content), Limits.ForDelta())
	if err != nil {
		return fmt.Errorf("definition: read version %s: %w", row.ID, err)
	}
	return s.write(ctx, at, "definitionRestore", Version{
		Client: at.Client, Place: at.Place, Base: baseOf(row.Base), Content: content,
		Whole: row.Whole, Final: row.Final, Public: row.Public && !at.base.Present(),
	})
}

// PlaceOf is what a version is one of.
func PlaceOf(row *ent.DefinitionVersion) Place {
	return Place{row.ApplicationID, row.Kind, row.Name}
}
