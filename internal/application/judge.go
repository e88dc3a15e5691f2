package application

import (
	"context"
	"fmt"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

// Judged is an application with what decides of the caller.
type Judged struct {
	*ent.Application

	Facts  authz.Application
	Caller authz.Caller
}

// Judge reads an application for a command of another package: its row locked, so that nobody changes anything of it, or who
// may, before the transaction ends. NOT_FOUND at the path where the caller cannot see it.
func (s *Service) Judge(ctx context.Context, tx *ent.Client, id oid.Application, path string) (*Judged, error) {
	row, err := s.load(ctx, tx, id, path)
	if err != nil {
		return nil, err
	}
	return judged(ctx, tx, row)
}

// Look is Judge for a reading: nothing is locked.
func (s *Service) Look(ctx context.Context, db *ent.Client, id oid.Application, path string) (*Judged, error) {
	row, err := db.Application.Query().Where(application.ID(id)).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, apperr.At(path, apperr.NotFound, "no such application")
	}
	if err != nil {
		return nil, fmt.Errorf("application: read: %w", err)
	}
	return judged(ctx, db, row)
}

func judged(ctx context.Context, db *ent.Client, row *ent.Application) (*Judged, error) {
	c, err := caller(ctx, db, row)
	return &Judged{row, facts(row), c}, err
}

// CreatorWrites tells whether the creator has write access today.
func (j *Judged) CreatorWrites(ctx context.Context, db *ent.Client) (bool, error) {
	level, err := access(ctx, db, j.Application, j.CreatorID)
	return level == enum.LevelWrite, err
}
