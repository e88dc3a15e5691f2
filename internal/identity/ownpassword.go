package identity

import (
	"context"
	"fmt"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/session"
	"github.com/appanage/appanage/ent/user"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/oid"
)

// NewPassword is a caller's password to come, with the present one.
type NewPassword struct{ Old, New string }

// Validate joins what is wrong with the form of the input.
func (c *NewPassword) Validate() error {
	var errs apperr.Collector
	if c.Old == "" {
		errs.Add(apperr.At("input.oldPassword", apperr.Invalid, "the present password is needed"))
	}
	if wrong := checkPassword(c.New); wrong != nil {
		wrong.Path = []string{"input", "newPassword"}
		errs.Add(wrong)
	}
	return errs.Err()
}

// OwnProof is what came of the caller's present password, with the hash of the one to come.
type OwnProof struct {
	right    bool
	old, new string
}

// ProveOwn tries the caller's present password, with a count as for a sign-in, for good: so it is no part of any
// transaction. Errors: INVALID. Whether the password was right, SetOwnPassword tells.
func (s *Service) ProveOwn(ctx context.Context, cmd NewPassword) (*OwnProof, error) {
	if err := cmd.Validate(); err != nil {
		return nil, err
	}
	id := actor.From(ctx).User
	ctx = actor.System(ctx, "tries of a password are counted for the platform")
	row, err := orNone(s.db.Client(ctx).User.Query().Where(user.ID(id)).Only(ctx))
	if err != nil {
		return nil, fmt.Errorf("identity: read the caller: %w", err)
	}
	p := &OwnProof{}
	if p.right, err = s.attempt(ctx, s.account(id, "", ""), cmd.Old, row.PasswordHash, true); err != nil || !p.right {
		return p, err
	}
	p.old = *row.PasswordHash
	p.new, err = hashPassword(ctx, cmd.New)
	return p, err
}

// SetOwnPassword sets what was proven, and ends all sessions of the caller, whose ids it gives. Errors: CREDENTIALS (not
// the present password, or a lock: never told apart).
func (s *Service) SetOwnPassword(ctx context.Context, p *OwnProof) (id oid.User, ended []oid.Session, err error) {
	refused := apperr.At("input.oldPassword", apperr.Credentials, "this is not your password, or it was tried too often")
	if !p.right {
		return "", nil, refused
	}
	id = actor.From(ctx).User
	err = s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		ctx = actor.System(ctx, "a user may change his password, also where his home is not in scope")
		row, err := s.lock(ctx, tx, id)
		if err != nil {
			return err
		}
		if row.PasswordHash == nil || *row.PasswordHash != p.old {
			return refused
		}
		ended, err = s.setPassword(ctx, tx, row, p.new, "viewerPasswordSet")
		return err
	})
	return id, ended, err
}

// setPassword writes a hash, ends all sessions of the user and makes the links void that were mailed to him.
func (s *Service) setPassword(ctx context.Context, tx *ent.Client, row *ent.User, hash, operation string) ([]oid.Session, error) {
	if err := tx.User.UpdateOne(row).SetPasswordHash(hash).AddVersion(1).Exec(ctx); err != nil {
		return nil, fmt.Errorf("identity: set a password: %w", err)
	}
	ended, err := s.endSessions(ctx, tx, session.UserID(row.ID))
	if err != nil {
		return nil, err
	}
	if err := dropLinks(ctx, tx, row.ID); err != nil {
		return nil, err
	}
	return ended, audit.Record(ctx, s.db, audit.Event{Client: row.ClientID, Operation: operation, Kind: "User", Object: string(row.ID),
		Before: map[string]any{"password": masked}, After: map[string]any{"password": masked}})
}
