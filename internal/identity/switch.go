package identity

import (
	"context"
	"fmt"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/ent/membership"
	"github.com/appanage/appanage/ent/session"
	"github.com/appanage/appanage/ent/user"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// SwitchClient opens a session of the caller in another client that he is a member of, for the same application, and ends
// the one of his token; the new one ends no later than that would have. Errors: NOT_FOUND (no membership there),
// NOT_ALLOWED, UNAUTHENTICATED (the session has just ended).
func (s *Service) SwitchClient(ctx context.Context, to oid.Client) (token string, opened, ended oid.Session, err error) {
	a := actor.From(ctx)
	err = s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		ctx = actor.System(ctx, "one's own memberships and sessions may lie outside the scope acted for")
		old, err := s.ownSession(ctx, tx, a)
		if err != nil {
			return err
		}
		there, err := store.ForUpdate(s.db, tx.Membership.Query().Where(membership.UserID(a.User), membership.ClientID(to))).Only(ctx)
		if ent.IsNotFound(err) {
			return apperr.At("input.clientId", apperr.NotFound, "no such client among those you are a member of")
		}
		if err != nil {
			return fmt.Errorf("identity: read a membership: %w", err)
		}
		if err := s.admitSwitch(ctx, tx, old, there); err != nil {
			return err
		}
		if err := s.close(ctx, tx, old, "sessionSwitchClient"); err != nil {
			return err
		}
		ended = old.ID
		token, opened, err = s.open(ctx, tx, opening{
			operation: "sessionSwitchClient", membership: there, application: applicationOf(old), device: old.Device, expires: old.ExpiresAt,
		})
		return err
	})
	if err != nil {
		return "", "", "", err
	}
	return token, opened, ended, nil
}

// ownSession locks the user and the session of his token. On another node it may have ended a moment ago: then nothing
// can be made of it.
func (s *Service) ownSession(ctx context.Context, tx *ent.Client, a *actor.Actor) (*ent.Session, error) {
	_, err := store.ForUpdate(s.db, tx.User.Query().Where(user.ID(a.User))).Only(ctx)
	if err != nil && !ent.IsNotFound(err) {
		return nil, fmt.Errorf("identity: read the caller: %w", err)
	}
	row, err := store.ForUpdate(s.db, tx.Session.Query().Where(session.ID(a.Session), session.UserID(a.User))).WithUser().Only(ctx)
	if ent.IsNotFound(err) {
		return nil, apperr.New(apperr.Unauthenticated, "the token is not valid, or no longer")
	}
	if err != nil {
		return nil, fmt.Errorf("identity: read the session: %w", err)
	}
	return row, nil
}

// admitSwitch asks of the other client what signing in there would.
func (s *Service) admitSwitch(ctx context.Context, tx *ent.Client, old *ent.Session, there *ent.Membership) error {
	app, err := orNone(tx.Application.Query().Where(application.ID(applicationOf(old))).Only(ctx))
	if err != nil {
		return fmt.Errorf("identity: read the application: %w", err)
	}
	admitted, err := s.admits(ctx, old.Edges.User, there.ClientID, there.ClientID, app)
	if err != nil {
		return err
	}
	in, err := s.inUse(ctx, applicationOf(old))
	if err != nil {
		return err
	}
	if !admitted || !in || app.ID != applicationOf(old) {
		return apperr.At("input.clientId", apperr.NotAllowed, "the client is suspended, or has no access to the application you are signed in to")
	}
	return nil
}

func applicationOf(row *ent.Session) oid.Application {
	if row.ApplicationID == nil {
		return ""
	}
	return *row.ApplicationID
}
