package identity

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"unicode/utf8"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/accessgrant"
	"github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/ent/clientpath"
	"github.com/appanage/appanage/ent/clienturl"
	"github.com/appanage/appanage/ent/membership"
	"github.com/appanage/appanage/ent/session"
	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/ent/user"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/origin"
)

// tokenPrefix lets scanners of leaked secrets recognise a token.
const tokenPrefix = "apn_"

// Longest inputs of a sign-in, in characters: beyond them nothing can match.
const (
	longestIdentifier = 254
	longestDevice     = 255
)

// SignIn is an attempt to sign in (domain 2.4). URL and ClientCode say which client the frontend is bound to; with
// neither it is the customer base of SYSTEM. nil is absent; an empty text is one that nothing has.
type SignIn struct {
	Identifier, Password string
	URL, ClientCode      *string
	ApplicationCode      *string
	Device               string
}

// Validate joins what is wrong with the form of the input.
func (c *SignIn) Validate() error {
	var errs apperr.Collector
	if n := utf8.RuneCountInString(c.Identifier); n < 1 || n > longestIdentifier {
		errs.Add(apperr.At("input.identifier", apperr.Invalid, "an identifier has 1 to %d characters", longestIdentifier))
	}
	if c.Password == "" {
		errs.Add(apperr.At("input.password", apperr.Invalid, "a password is needed"))
	}
	if runes := []rune(c.Device); len(runes) > longestDevice {
		c.Device = string(runes[:longestDevice])
	}
	return errs.Err()
}

// errRefused answers every sign-in that fails, whatever the reason: same text, same work done.
func errRefused() error {
	return apperr.At("input", apperr.Credentials, "these credentials do not sign in here")
}

// SignIn makes a session and gives its token, which exists nowhere else. Errors: INVALID (no identifier, no
// password), CREDENTIALS (everything else, never told apart).
func (s *Service) SignIn(ctx context.Context, cmd SignIn) (token string, id oid.Session, err error) {
	if err := cmd.Validate(); err != nil {
		return "", "", err
	}
	ctx = actor.System(ctx, "who signs in is nobody yet")
	found, err := s.find(ctx, cmd)
	if err != nil {
		return "", "", err
	}
	hash := decoy
	if found.user != nil && found.user.PasswordHash != nil {
		hash = *found.user.PasswordHash
	}
	right, err := verifyPassword(ctx, cmd.Password, hash)
	if err != nil {
		return "", "", fmt.Errorf("identity: verify: %w", err)
	}
	if !right || !found.admitted {
		return "", "", errRefused()
	}
	return s.open(ctx, found, cmd.Device)
}

// candidate is whom a sign-in is about, as far as it was found, and whether he may come in with the right password.
type candidate struct {
	user       *ent.User
	membership *ent.Membership
	app        *ent.Application
	admitted   bool
}

// find looks in the customer base of the client the frontend is bound to.
func (s *Service) find(ctx context.Context, cmd SignIn) (candidate, error) {
	var c candidate
	client, app, err := s.bound(ctx, cmd)
	if err != nil || client == nil {
		return c, err
	}
	c.app = app
	key := canonical(cmd.Identifier)
	identified := user.UserNameKey(key)
	switch kindOf(cmd.Identifier) {
	case byEmail:
		identified = user.EmailKey(key)
	case byPhone:
		identified = user.PhoneKey(key)
	}
	db := s.db.Client(ctx)
	c.user, err = db.User.Query().Where(user.BaseID(client.BaseID), identified).Only(ctx)
	if ent.IsNotFound(err) {
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("identity: find a user: %w", err)
	}
	memberships, err := db.Membership.Query().Where(membership.UserID(c.user.ID),
		membership.Or(membership.ClientID(client.ID), membership.Home(true))).All(ctx)
	if err != nil {
		return c, fmt.Errorf("identity: find a membership: %w", err)
	}
	for _, m := range memberships {
		if c.membership == nil || m.ClientID == client.ID {
			c.membership = m
		}
	}
	c.admitted, err = s.admits(ctx, c, client.ID)
	return c, err
}

// bound gives the client a frontend is bound to and the application it is to sign in to; a nil client where what
// was named does not exist or does not fit together.
func (s *Service) bound(ctx context.Context, cmd SignIn) (*ent.Tenant, *ent.Application, error) {
	db := s.db.Client(ctx)
	clients, apps := db.Tenant.Query(), db.Application.Query()
	named := cmd.ApplicationCode != nil
	if named {
		apps = apps.Where(application.Code(*cmd.ApplicationCode))
	}
	switch {
	case cmd.URL != nil:
		at, err := origin.Parse(*cmd.URL)
		if err != nil {
			return nil, nil, nil //nolint:nilerr // an unknown URL and none at all are refused alike
		}
		clients = clients.Where(tenant.HasUrlsWith(clienturl.ProvenOrigin(at)))
		apps, named = apps.Where(application.HasUrlsWith(clienturl.ProvenOrigin(at))), true
		if cmd.ClientCode != nil {
			clients = clients.Where(tenant.Code(*cmd.ClientCode))
		}
	case cmd.ClientCode != nil:
		clients = clients.Where(tenant.Code(*cmd.ClientCode))
	default:
		clients = clients.Where(tenant.ID(oid.SystemClient))
	}
	client, err := clients.Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("identity: find the client: %w", err)
	}
	if !named {
		return client, nil, nil
	}
	app, err := apps.Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("identity: find the application: %w", err)
	}
	return client, app, nil
}

// admits: the user is active; no client is suspended on the way up from his home, from the client acted for, or from
// the one the frontend is bound to (domain 1.5); and the client acted for has read access to the application.
func (s *Service) admits(ctx context.Context, c candidate, bound oid.Client) (bool, error) {
	if c.membership == nil || c.user.Status != enum.UserActive {
		return false, nil
	}
	db := s.db.Client(ctx)
	barred, err := db.ClientPath.Query().Where(clientpath.DescendantIDIn(c.user.ClientID, c.membership.ClientID, bound),
		clientpath.HasTenantWith(tenant.StatusNEQ(enum.ClientActive))).Exist(ctx)
	if err != nil || barred {
		return false, err
	}
	if c.app == nil {
		return true, nil
	}
	var held *authz.Grant
	row, err := db.AccessGrant.Query().Where(accessgrant.ApplicationID(c.app.ID), accessgrant.ClientID(c.membership.ClientID)).Only(ctx)
	switch {
	case err == nil:
		held = &authz.Grant{Level: row.Level, ExpiresAt: row.ExpiresAt}
	case !ent.IsNotFound(err):
		return false, fmt.Errorf("identity: read the grant: %w", err)
	}
	level := authz.Access(c.app.ClientID, c.membership.ClientID, held, clock.Now())
	return level != "" && c.app.Status == enum.ApplicationActive, nil
}

// open writes the session.
func (s *Service) open(ctx context.Context, c candidate, device string) (string, oid.Session, error) {
	token, err := NewToken()
	if err != nil {
		return "", "", err
	}
	id, now := oid.New[oid.Session](), clock.Now()
	err = s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		create := tx.Session.Create().SetID(id).SetUserID(c.user.ID).SetMembershipID(c.membership.ID).SetClientID(c.membership.ClientID).
			SetTokenHash(HashToken(token)).SetDevice(device).SetLastUsedAt(now).SetExpiresAt(now.Add(s.limits.Most))
		after := map[string]any{"userId": c.user.ID, "clientId": c.membership.ClientID, "device": device}
		if c.app != nil {
			create.SetApplicationID(c.app.ID)
			after["applicationId"] = c.app.ID
		}
		if err := create.Exec(ctx); err != nil {
			return fmt.Errorf("identity: insert a session: %w", err)
		}
		return audit.Record(asUser(ctx, c), s.db, audit.Event{Client: c.membership.ClientID, Operation: "sessionCreate", Kind: "Session", Object: string(id), After: after})
	})
	return token, id, err
}

// asUser puts the user who has just proven himself on the audit event.
func asUser(ctx context.Context, c candidate) context.Context {
	a := *actor.From(ctx)
	a.User, a.Client = c.user.ID, c.membership.ClientID
	return actor.With(ctx, &a)
}

// SignOut ends a session of the caller: the one of his token when id is empty. Errors: NOT_FOUND.
func (s *Service) SignOut(ctx context.Context, id oid.Session) (oid.Session, error) {
	a := actor.From(ctx)
	if id == "" {
		id = a.Session
	}
	err := s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		row, err := tx.Session.Query().Where(session.ID(id), session.UserID(a.User)).Only(ctx)
		if ent.IsNotFound(err) {
			return apperr.At("input.id", apperr.NotFound, "no such session")
		}
		if err != nil {
			return fmt.Errorf("identity: read a session: %w", err)
		}
		if err := tx.Session.DeleteOne(row).Exec(ctx); err != nil {
			return fmt.Errorf("identity: delete a session: %w", err)
		}
		return audit.Record(ctx, s.db, audit.Event{Client: row.ClientID, Operation: "sessionDelete", Kind: "Session", Object: string(id),
			Before: map[string]any{"userId": row.UserID, "clientId": row.ClientID, "device": row.Device}})
	})
	if err != nil {
		return "", err
	}
	return id, nil
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
