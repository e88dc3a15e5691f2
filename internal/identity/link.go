package identity

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/link"
	"github.com/appanage/appanage/ent/session"
	"github.com/appanage/appanage/ent/user"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/outbox"
	"github.com/appanage/appanage/internal/store"
)

// Prefixes of mailed secrets, so that scanners of leaked ones recognise them.
const (
	linkPrefix       = "apl_"
	invitationPrefix = "api_"
)

// How long mailed secrets work (domain 2.5 to 2.7).
const (
	welcomeLasts    = 72 * time.Hour
	resetLasts      = time.Hour
	invitationLasts = 72 * time.Hour
)

// newSecret makes a secret of 256 random bits. Nobody guesses one, however often he tries: attempts are not counted.
func newSecret(prefix string) (string, error) {
	raw := make([]byte, 32)
	if _, err := rand.Read(raw); err != nil {
		return "", fmt.Errorf("identity: secret: %w", err)
	}
	return prefix + base64.RawURLEncoding.EncodeToString(raw), nil
}

// mailed is the platform at work for whoever comes with a mailed secret, or asks for one.
func mailed(ctx context.Context) context.Context {
	return actor.System(ctx, "who comes with a mailed secret is nobody yet")
}

// mailWelcome has a new user mailed a link by which he sets his password and proves his address, in this transaction.
func (s *Service) mailWelcome(ctx context.Context, _ *ent.Client, u *ent.User) error {
	return s.mailTo(ctx, TopicWelcome, u)
}

func (s *Service) mailTo(ctx context.Context, topic string, u *ent.User) error {
	return outbox.Write(ctx, s.db, outbox.Event{
		Topic: topic, Client: u.ClientID, Object: string(u.ID), Payload: map[string]any{"userId": u.ID},
	})
}

// SetPassword is a password for whoever holds the secret of a mailed link.
type SetPassword struct {
	Token, Password string

	hash string
}

// PrepareSetPassword checks a command and does its slow work, which must not be done within a transaction. Only one that
// can succeed costs a hash: who has no link learns by the time that he has none, which the answer tells him too.
func (s *Service) PrepareSetPassword(ctx context.Context, cmd SetPassword) (SetPassword, error) {
	if err := checkPassword(cmd.Password); err != nil {
		return cmd, err
	}
	ctx = mailed(ctx)
	there, err := s.db.Client(ctx).Link.Query().Where(link.TokenHash(HashToken(cmd.Token))).Exist(ctx)
	if err != nil {
		return cmd, fmt.Errorf("identity: look for a link: %w", err)
	}
	if there {
		cmd.hash, err = hashPassword(ctx, cmd.Password)
	}
	return cmd, err
}

// SetPassword uses a link up (domain 10.4): sets the password, ends all sessions, and proves the address that the link
// was sent to. It works for who has been invited, and no longer once the user is suspended or has another address. Errors:
// NOT_FOUND, for whatever reason.
func (s *Service) SetPassword(ctx context.Context, cmd SetPassword) (id oid.User, ended []oid.Session, err error) {
	ctx = mailed(ctx)
	err = s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		row, u, err := s.useLink(ctx, tx, cmd)
		if err != nil {
			return err
		}
		id = u.ID
		before, after := map[string]any{"password": masked}, map[string]any{"password": masked}
		update := tx.User.UpdateOneID(u.ID).SetPasswordHash(cmd.hash).AddVersion(1)
		if u.Status == enum.UserInvited {
			update.SetStatus(enum.UserActive)
			before["status"], after["status"] = u.Status, enum.UserActive
		}
		if err := update.Exec(ctx); err != nil {
			return fmt.Errorf("identity: set a password: %w", err)
		}
		proven, err := prove(ctx, tx, u, row.Email)
		if err != nil {
			return err
		}
		if proven {
			before["emailProven"], after["emailProven"] = false, true
		}
		if ended, err = s.endSessions(ctx, tx, session.UserID(u.ID)); err != nil {
			return err
		}
		if err := dropLinks(ctx, tx, u.ID); err != nil {
			return err
		}
		return audit.Record(ByUser(ctx, u.ID, u.ClientID), s.db, audit.Event{
			Client: u.ClientID, Operation: "passwordSet", Kind: "User", Object: string(u.ID), Before: before, After: after,
		})
	})
	return id, ended, err
}

// useLink deletes the link, which one of many can do, and gives its user, locked.
func (s *Service) useLink(ctx context.Context, tx *ent.Client, cmd SetPassword) (*ent.Link, *ent.User, error) {
	unknown := apperr.At("input.token", apperr.NotFound, "this link does not work: it is unknown, used or expired")
	row, err := tx.Link.Query().Where(link.TokenHash(HashToken(cmd.Token))).Only(ctx)
	if ent.IsNotFound(err) || err == nil && cmd.hash == "" {
		return nil, nil, unknown
	}
	if err != nil {
		return nil, nil, fmt.Errorf("identity: read a link: %w", err)
	}
	u, err := store.ForUpdate(s.db, tx.User.Query().Where(user.ID(row.UserID))).Only(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("identity: read the link's user: %w", err)
	}
	n, err := tx.Link.Delete().Where(link.ID(row.ID), link.ExpiresAtGT(actor.From(ctx).Now())).Exec(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("identity: use a link up: %w", err)
	}
	if n != 1 || u.Status == enum.UserSuspended || u.Email == nil || Canonical(*u.Email) != Canonical(row.Email) {
		return nil, nil, unknown
	}
	return row, u, nil
}

// prove makes an address an identifier, and tells whether it has become one just now. Somebody else of the base may have
// proven it before: then it stays contact data (domain 2.1).
func prove(ctx context.Context, tx *ent.Client, u *ent.User, email string) (bool, error) {
	if u.EmailKey != nil {
		return false, nil
	}
	err := tx.User.UpdateOneID(u.ID).SetEmailKey(Canonical(email)).Exec(ctx)
	if store.IsUnique(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("identity: prove an address: %w", err)
	}
	return true, nil
}

// ForgetLinks deletes links that do not work any more.
func (s *Service) ForgetLinks(ctx context.Context) error {
	ctx = mailed(ctx)
	if _, err := s.db.Client(ctx).Link.Delete().Where(link.ExpiresAtLTE(actor.From(ctx).Now())).Exec(ctx); err != nil {
		return fmt.Errorf("identity: forget links: %w", err)
	}
	return nil
}

// masked stands in the trail for a secret that was set.
const masked = "***"

// ByUser puts the user who has just proven himself on the audit event, where nobody is signed in.
func ByUser(ctx context.Context, id oid.User, client oid.Client) context.Context {
	a := *actor.From(ctx)
	if a.User == "" {
		a.User, a.Client = id, client
	}
	return actor.With(ctx, &a)
}
