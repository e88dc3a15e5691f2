package identity

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/membership"
	"github.com/appanage/appanage/ent/predicate"
	"github.com/appanage/appanage/ent/session"
	"github.com/appanage/appanage/ent/user"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// tokenPrefix lets scanners of leaked secrets recognise a token.
const tokenPrefix = "apn_"

// opening is a session to be.
type opening struct {
	operation   string
	membership  *ent.Membership
	application oid.Application // or none
	device      string
	expires     time.Time
}

// Open makes a session of a proof and gives its token, which exists nowhere else. Errors: CREDENTIALS (whatever was
// wrong, never told apart).
func (s *Service) Open(ctx context.Context, p *Proof) (token string, id oid.Session, err error) {
	if !p.right {
		return "", "", errRefused()
	}
	ctx = asUser(actor.System(ctx, "who has just proven himself has no session yet"), p.candidate)
	err = s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		if err := s.stillHolds(ctx, tx, p); err != nil {
			return err
		}
		token, id, err = s.open(ctx, tx, opening{
			operation: "sessionCreate", membership: p.membership, application: p.app.ID, device: p.device,
			expires: actor.From(ctx).Now().Add(s.limits.Most),
		})
		return err
	})
	if err != nil {
		return "", "", err
	}
	return token, id, nil
}

// stillHolds asks that what was proven is still so. Between the proof and now somebody may have changed the password,
// suspended the user or ended the membership, and with that all its sessions: no new one must slip in after them.
func (s *Service) stillHolds(ctx context.Context, tx *ent.Client, p *Proof) error {
	_, err := store.ForUpdate(s.db, tx.User.Query().Where(user.ID(p.user.ID), user.StatusEQ(enum.UserActive), user.PasswordHash(*p.user.PasswordHash))).Only(ctx)
	if err == nil {
		_, err = store.ForUpdate(s.db, tx.Membership.Query().Where(membership.ID(p.membership.ID))).Only(ctx)
	}
	if ent.IsNotFound(err) {
		return errRefused()
	}
	if err != nil {
		return fmt.Errorf("identity: read who signs in: %w", err)
	}
	in, err := s.inUse(ctx, p.app.ID)
	if err == nil && !in {
		err = errRefused()
	}
	return err
}

// inUse tells whether the application that a session is to be for is in use, or that it is for none. It stays so until the
// transaction ends: whoever archives or removes it waits, and finds the session.
func (s *Service) inUse(ctx context.Context, app oid.Application) (in bool, err error) {
	if app == "" {
		return true, nil
	}
	query := "SELECT 1 FROM applications WHERE id = ? AND status = ?"
	if s.db.Engine() == store.MySQL {
		query += " LOCK IN SHARE MODE" // MySQL 8 and MariaDB both know it
	}
	var one int
	in, err = s.db.First(ctx, []any{&one}, query, app, enum.ApplicationActive)
	if err != nil {
		return false, fmt.Errorf("identity: lock the application: %w", err)
	}
	return in, nil
}

// open writes a session, with its trace.
func (s *Service) open(ctx context.Context, tx *ent.Client, o opening) (token string, id oid.Session, err error) {
	if token, err = NewToken(); err != nil {
		return "", "", err
	}
	id = oid.New[oid.Session]()
	create := tx.Session.Create().SetID(id).SetUserID(o.membership.UserID).SetMembershipID(o.membership.ID).SetClientID(o.membership.ClientID).
		SetTokenHash(HashToken(token)).SetDevice(o.device).SetLastUsedAt(actor.From(ctx).Now()).SetExpiresAt(o.expires)
	after := map[string]any{"userId": o.membership.UserID, "clientId": o.membership.ClientID, "device": o.device}
	if o.application != "" {
		create.SetApplicationID(o.application)
		after["applicationId"] = o.application
	}
	if err := create.Exec(ctx); err != nil {
		return "", "", fmt.Errorf("identity: insert a session: %w", err)
	}
	return token, id, audit.Record(ctx, s.db, audit.Event{
		Client: o.membership.ClientID, Operation: o.operation, Kind: "Session", Object: string(id), After: after,
	})
}

// asUser puts the user who has just proven himself on the audit event.
func asUser(ctx context.Context, c candidate) context.Context {
	a := *actor.From(ctx)
	a.User, a.Client = c.user.ID, c.membership.ClientID
	return actor.With(ctx, &a)
}

// endsSessions is the authority to end the sessions of others.
const endsSessions = "Session_DELETE"

// SignOut ends a session: the one of the caller's token when id is empty, another of his, or with Session_DELETE one that
// acts for a client in scope. Errors: NOT_FOUND.
func (s *Service) SignOut(ctx context.Context, id oid.Session) (oid.Session, error) {
	a := actor.From(ctx)
	if id == "" {
		id = a.Session
	}
	may := []predicate.Session{session.ID(id)}
	if !a.Has(endsSessions) {
		may = append(may, session.UserID(a.User))
	}
	err := s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		row, err := store.ForUpdate(s.db, tx.Session.Query().Where(may...)).Only(ctx)
		if ent.IsNotFound(err) {
			return apperr.At("input.id", apperr.NotFound, "no such session")
		}
		if err != nil {
			return fmt.Errorf("identity: read a session: %w", err)
		}
		return s.close(ctx, tx, row, "sessionDelete")
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

// close deletes a session, with its trace.
func (s *Service) close(ctx context.Context, tx *ent.Client, row *ent.Session, operation string) error {
	if err := tx.Session.DeleteOne(row).Exec(ctx); err != nil {
		return fmt.Errorf("identity: delete a session: %w", err)
	}
	return audit.Record(ctx, s.db, audit.Event{Client: row.ClientID, Operation: operation, Kind: "Session", Object: string(row.ID),
		Before: map[string]any{"userId": row.UserID, "clientId": row.ClientID, "device": row.Device}})
}

// endSessions deletes the sessions that satisfy a predicate, wherever they act, and gives their ids. The event of what
// ended them stands for all.
func (s *Service) endSessions(ctx context.Context, tx *ent.Client, which predicate.Session) ([]oid.Session, error) {
	ended, err := tx.Session.Query().Where(which).IDs(ctx)
	if err == nil && len(ended) > 0 {
		_, err = tx.Session.Delete().Where(which).Exec(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("identity: end sessions: %w", err)
	}
	return ended, nil
}

// NewToken makes a bearer token of 256 random bits.
func NewToken() (string, error) {
	raw := make([]byte, 32)
	if _, err := rand.Read(raw); err != nil {
		return "", fmt.Errorf("identity: token: %w", err)
	}
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(raw), nil
}

// HashToken is what is stored of a token. The token is random throughout: a plain hash cannot be turned back.
func HashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
