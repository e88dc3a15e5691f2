package urls

import (
	"context"
	"errors"
	"fmt"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/ent/clienturl"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/origin"
	"github.com/appanage/appanage/internal/prove"
	"github.com/appanage/appanage/internal/store"
)

// Proof is what came of looking for the proof of a URL.
type Proof struct {
	id  oid.ClientURL
	err error // why it is none
}

// Look looks for the proof of a pending URL, out in the internet: so it is no part of any transaction, nor of what an
// Idempotency-Key repeats. What came of it, Prove tells.
func (s *Service) Look(ctx context.Context, id oid.ClientURL) Proof {
	return Proof{id, s.look(ctx, id)}
}

func (s *Service) look(ctx context.Context, id oid.ClientURL) error {
	row, err := s.db.Client(ctx).ClientURL.Query().Where(clienturl.ID(id)).Only(ctx)
	if err != nil {
		return unread(err)
	}
	if row.Status == enum.URLProven {
		return nil
	}
	at, err := origin.Exact(row.Origin)
	if err != nil {
		return fmt.Errorf("urls: read the origin of %s: %w", id, err)
	}
	if s.place(at).own {
		return errOwnHost("input.id") // configured after it was bound; SYSTEM binds it anew, with its name
	}
	err = s.prover.Find(ctx, at, row.Challenge)
	if errors.Is(err, prove.ErrNone) {
		return apperr.At("input.id", apperr.NotAllowed, "no proof was found: neither a TXT record of %s nor the file %s is the challenge",
			prove.Label+at.Host, at.String()+prove.File).Because(err)
	}
	return err
}

// Prove marks a URL as proven, where the proof was found (authority Client_UPDATE). One that is proven already stays as it
// is. Errors: NOT_FOUND, NOT_ALLOWED, TAKEN (somebody else has proven the origin).
func (s *Service) Prove(ctx context.Context, p Proof) (oid.ClientURL, error) {
	if p.err != nil {
		return "", p.err
	}
	return p.id, s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		row, err := s.lock(ctx, tx, p.id)
		if err != nil || row.Status == enum.URLProven {
			return err
		}
		if err := s.stillUsed(ctx, tx, row); err != nil {
			return err
		}
		update := tx.ClientURL.UpdateOneID(row.ID).SetStatus(enum.URLProven).SetProvenOrigin(row.Origin).
			SetProvenAt(actor.From(ctx).Now()).AddVersion(1)
		if err := written(update.Exec(ctx), "input.id"); err != nil {
			return err
		}
		return audit.Record(ctx, s.db, audit.Event{
			Client: row.ClientID, Operation: "clientUrlProve", Kind: "ClientUrl", Object: string(row.ID),
			Before: map[string]any{"status": row.Status}, After: map[string]any{"status": enum.URLProven},
		})
	})
}

// stillUsed asks that the client of a URL have access to its application today, and that this be in use.
func (s *Service) stillUsed(ctx context.Context, tx *ent.Client, row *ent.ClientURL) error {
	app, err := tx.Application.Query().Where(application.ID(row.ApplicationID)).Only(ctx)
	has := false
	if err == nil {
		has, err = hasAccess(ctx, tx, app, row.ClientID)
	}
	switch {
	case err == nil && has && !s.rules.Grows(app.Status):
		return apperr.Archived("input.id")
	case ent.IsNotFound(err), err == nil && !has:
		return apperr.At("input.id", apperr.NotAllowed, "the client has no access to the application today")
	case err != nil:
		return fmt.Errorf("urls: read the application: %w", err)
	}
	return nil
}

// lock reads a URL of a client in scope, its row locked.
func (s *Service) lock(ctx context.Context, tx *ent.Client, id oid.ClientURL) (*ent.ClientURL, error) {
	row, err := store.ForUpdate(s.db, tx.ClientURL.Query().Where(clienturl.ID(id))).Only(ctx)
	if err != nil {
		return nil, unread(err)
	}
	return row, nil
}

func unread(err error) error {
	if ent.IsNotFound(err) {
		return apperr.At("input.id", apperr.NotFound, "no such URL")
	}
	return fmt.Errorf("urls: read: %w", err)
}
