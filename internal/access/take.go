package access

import (
	"context"
	"fmt"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

// reasonTaken is the reason of access that a client has taken for itself.
const reasonTaken = "taken"

// Take takes access to an ANY application for the caller's own client (domain 5.3).
type Take struct {
	Application oid.Application
	Level       enum.AccessLevel
}

// Validate tells what is wrong with the command.
func (c *Take) Validate() error {
	if c.Level != enum.LevelRead && c.Level != enum.LevelWrite {
		return apperr.At("input.level", apperr.Invalid, "one takes READ or WRITE")
	}
	return nil
}

// Take takes access (authority Application_UPDATE) and gives the grant's id. Errors: INVALID, NOT_FOUND, NOT_ALLOWED.
func (s *Service) Take(ctx context.Context, cmd Take) (id oid.AccessGrant, err error) {
	if err := cmd.Validate(); err != nil {
		return "", err
	}
	me := actor.From(ctx).Client
	err = s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		if err := s.keep(ctx, me); err != nil {
			return err
		}
		app, manages, err := s.offered(ctx, cmd.Application, me)
		if err != nil {
			return err
		}
		grants, err := s.grantsOf(ctx, tx, cmd.Application, me)
		if err != nil {
			return err
		}
		stored := grants[me]
		seen, err := tx.Application.Query().Where(application.ID(cmd.Application)).Exist(ctx)
		if err != nil {
			return fmt.Errorf("access: read the application: %w", err)
		}
		if err := s.mayTake(authz.Taking{
			Application: app, OwnerManages: manages, Barred: stored != nil && stored.Level == enum.LevelBarred,
		}, seen); err != nil {
			return err
		}
		id, err = s.write(ctx, tx, change{operation: "accessGrantTake", app: cmd.Application, client: me, stored: stored, beyond: !seen,
			to: cmd.terms(stored, actor.From(ctx))})
		return err
	})
	return id, err
}

// offered reads an application that need not be visible, its row locked, and whether its owner manages a client.
func (s *Service) offered(ctx context.Context, id oid.Application, client oid.Client) (app authz.Application, manages bool, err error) {
	found, err := s.one(ctx, []any{&app.Owner, &app.Creator, &app.AccessType, &app.Status},
		"SELECT client_id, creator_id, access_type, status FROM applications WHERE id = ?"+s.db.ForUpdateClause(), id)
	if err != nil {
		return app, false, err
	}
	if !found {
		return app, false, noApplication()
	}
	manages, err = s.manages(ctx, app.Owner, client)
	return app, manages, err
}

// mayTake decides. An application is told of where it is visible, or available but for the bar, which its client knows.
func (s *Service) mayTake(t authz.Taking, seen bool) error {
	if s.rules.Takes(t) {
		return nil
	}
	barred := t
	barred.Barred = false
	switch {
	case t.Barred && authz.MayTake(barred):
		return apperr.At("input.applicationId", apperr.NotAllowed, "your client is barred from the application")
	case seen:
		return apperr.At("input.applicationId", apperr.NotAllowed, "one takes access to active ANY applications of the clients that manage one's own")
	}
	return noApplication()
}

// terms are what the client has then. What it took before it changes as it likes. What others gave it is never made less
// of: it stays while it is in force and gives as much; else what is taken takes its place, without an end. Nothing that
// was lent stays: it could fall asleep.
func (c *Take) terms(stored *ent.AccessGrant, a *actor.Actor) terms {
	t := terms{level: c.Level, reason: reasonTaken, giver: a.Client}
	if stored == nil {
		return t
	}
	given := Grant(stored).InForce(a.Now())
	if stored.GiverID != a.Client && !stored.Lent && (given == c.Level || given == enum.LevelWrite) {
		return termsOf(stored)
	}
	t.embeddable = stored.Embeddable // its owner's consent, which is his to take back
	return t
}
