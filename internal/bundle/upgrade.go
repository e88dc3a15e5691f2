package bundle

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/application"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// Upgrade brings an application up to a bundle (domain 12.2).
type Upgrade struct {
	Application oid.Application
	Bundle      oid.Bundle
	DryRun      bool
}

// errDry rolls a dry run back.
var errDry = errors.New("bundle: a dry run ends here")

// Upgrade replaces what the owner provides of an application with what a bundle has, all of it or nothing (authority
// Application_UPDATE), and tells what that did. A dry run does the same, and undoes it: so it tells the same, and is refused
// for the same reasons. Errors: INVALID, NOT_FOUND, EXPIRED, NOT_ALLOWED.
func (s *Service) Upgrade(ctx context.Context, cmd Upgrade) (report *Report, err error) {
	ctx = store.WithRowBudget(ctx, rowBudget)
	doc, err := s.stored(ctx, cmd.Bundle)
	if err != nil {
		return nil, err
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		if err := s.opens(ctx, cmd.Application); err != nil {
			return err
		}
		j, err := s.hold(ctx, tx, cmd.Application)
		if err != nil {
			return err
		}
		if report, err = s.put(ctx, tx, j, doc, operationUpgrade); err != nil {
			return err
		}
		switch {
		case cmd.DryRun:
			return errDry
		case !report.writes():
			return nil
		}
		return audit.Record(ctx, s.db, audit.Event{Client: j.ClientID, Operation: operationUpgrade, Kind: "Application", Object: string(j.ID), After: report.told(cmd.Bundle)})
	})
	if err != nil && !errors.Is(err, errDry) {
		return nil, err
	}
	return report, nil
}

// hold locks an application, and before it has the clients that it is about stay until the transaction ends: whoever locks
// both takes the clients first.
func (s *Service) hold(ctx context.Context, tx *ent.Client, id oid.Application) (*application.Judged, error) {
	if s.db.Engine() == store.SQLite {
		return s.Applications.Judge(ctx, tx, id, atApplication)
	}
	seen, err := s.Applications.Look(ctx, tx, id, atApplication)
	if err != nil {
		return nil, err
	}
	a := actor.From(ctx)
	held, err := store.Column[oid.Client](ctx, s.db, "SELECT id FROM clients WHERE id IN (?, ?, ?) ORDER BY id LOCK IN SHARE MODE", seen.ClientID, seen.CreatorID, a.Client)
	if err != nil {
		return nil, fmt.Errorf("bundle: hold the clients: %w", err)
	}
	if !slices.Contains(held, a.Client) {
		return nil, apperr.New(apperr.Unauthenticated, "the token is not valid, or no longer")
	}
	return s.Applications.Judge(ctx, tx, id, atApplication)
}

// Upgraded says what an upgrade by a bundle did, as far as the trail has it: the numbers.
func (s *Service) Upgraded(ctx context.Context, id oid.Application, by oid.Bundle) (*Report, error) {
	return s.tell(ctx, id, operationUpgrade, func(other oid.Bundle) bool { return other == by })
}
