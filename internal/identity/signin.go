package identity

import (
	"cmp"
	"context"
	"fmt"
	"unicode/utf8"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/accessgrant"
	"github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/ent/clientpath"
	"github.com/appanage/appanage/ent/membership"
	"github.com/appanage/appanage/ent/predicate"
	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/ent/user"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

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

// Proof is what came of a sign-in's password. Open makes a session of it, where it was right.
type Proof struct {
	candidate
	device string
	right  bool
}

// Prove tries the password of a sign-in and counts the try, for good: so it is no part of any transaction, nor of what an
// Idempotency-Key repeats. Errors: INVALID (no identifier, no password). Whether the password was right, Open tells.
func (s *Service) Prove(ctx context.Context, cmd SignIn) (*Proof, error) {
	if err := cmd.Validate(); err != nil {
		return nil, err
	}
	ctx = actor.System(ctx, "who signs in is nobody yet")
	c, err := s.find(ctx, cmd)
	if err != nil {
		return nil, err
	}
	account := s.account(c.user.ID, c.client.BaseID, cmd.Identifier)
	right, err := s.attempt(ctx, account, cmd.Password, c.user.PasswordHash, c.admitted)
	if err != nil {
		return nil, err
	}
	return &Proof{candidate: c, device: cmd.Device, right: right}, nil
}

// candidate is whom a sign-in is about, as far as it was found, and whether he may come in with the right password. What
// was not found is there without an id.
type candidate struct {
	client     *ent.Tenant // the frontend is bound to it
	user       *ent.User
	membership *ent.Membership
	app        *ent.Application
	admitted   bool
}

// maybe turns "no such row" into nil.
func maybe[T any](row *T, err error) (*T, error) {
	if ent.IsNotFound(err) {
		return nil, nil
	}
	return row, err
}

// orNone is a row or, where there is none, an empty one: what is asked for with its id then finds nothing, but is asked.
func orNone[T any](row *T, err error) (*T, error) {
	if row, err = maybe(row, err); row == nil {
		row = new(T)
	}
	return row, err
}

// find looks in the customer base of the client the frontend is bound to. The same statements run whatever they find.
func (s *Service) find(ctx context.Context, cmd SignIn) (c candidate, err error) {
	db := s.db.Client(ctx)
	client, app, err := s.bound(ctx, cmd)
	if err != nil {
		return c, err
	}
	c.client, c.app = cmp.Or(client, new(ent.Tenant)), cmp.Or(app, new(ent.Application))
	if c.user, err = orNone(db.User.Query().Where(user.BaseID(c.client.BaseID), identified(cmd.Identifier)).Only(ctx)); err != nil {
		return c, fmt.Errorf("identity: find a user: %w", err)
	}
	c.membership, err = orNone(db.Membership.Query().Where(membership.UserID(c.user.ID), membership.Or(membership.ClientID(c.client.ID), membership.Home(true))).
		Order(membership.ByHome()).First(ctx)) // the home one last
	if err != nil {
		return c, fmt.Errorf("identity: find a membership: %w", err)
	}
	admits, err := s.admits(ctx, c.user, c.membership.ClientID, c.client.ID, c.app)
	c.admitted = admits && c.client.ID != "" && c.membership.ID != "" && (c.app.ID != "") == cmd.namesApplication()
	return c, err
}

// namesApplication tells whether a sign-in is to an application, by its code or by a URL.
func (c *SignIn) namesApplication() bool { return c.ApplicationCode != nil || c.URL != nil }

// bound gives the client a frontend is bound to and the application it is to sign in to, each nil where there is none.
func (s *Service) bound(ctx context.Context, cmd SignIn) (*ent.Tenant, *ent.Application, error) {
	db := s.db.Client(ctx)
	clients, apps, err := s.door(ctx, cmd)
	if err != nil {
		return nil, nil, err
	}
	client, err := maybe(db.Tenant.Query().Where(clients...).Only(ctx))
	if err != nil {
		return nil, nil, fmt.Errorf("identity: find the client: %w", err)
	}
	app, err := maybe(db.Application.Query().Where(apps...).Only(ctx))
	if err != nil {
		return nil, nil, fmt.Errorf("identity: find the application: %w", err)
	}
	return client, app, nil
}

// door says how the two are found. Without any, an application is asked for that is not there.
func (s *Service) door(ctx context.Context, cmd SignIn) (clients []predicate.Tenant, apps []predicate.Application, err error) {
	if cmd.URL != nil {
		client, app, err := s.behind.Find(ctx, *cmd.URL)
		if err != nil {
			return nil, nil, err
		}
		clients = append(clients, tenant.ID(client))
		apps = append(apps, application.ID(app))
	}
	if cmd.ClientCode != nil {
		clients = append(clients, tenant.Code(*cmd.ClientCode))
	}
	if len(clients) == 0 {
		clients = append(clients, tenant.ID(oid.SystemClient))
	}
	if cmd.ApplicationCode != nil {
		apps = append(apps, application.Code(*cmd.ApplicationCode))
	}
	if !cmd.namesApplication() {
		apps = append(apps, application.ID(""))
	}
	return clients, apps, nil
}

// identified finds a user by what he typed.
func identified(identifier string) predicate.User {
	key := Canonical(identifier)
	switch kindOf(identifier) {
	case byEmail:
		return user.EmailKey(key)
	case byPhone:
		return user.PhoneKey(key)
	}
	return user.UserNameKey(key)
}

// admits: the user is active; no client is suspended on the way up from his home, from the client acted for, or from
// the one the frontend is bound to (domain 1.5); and the client acted for has read access to the application, if any.
func (s *Service) admits(ctx context.Context, u *ent.User, client, bound oid.Client, app *ent.Application) (bool, error) {
	db := s.db.Client(ctx)
	barred, err := db.ClientPath.Query().Where(clientpath.DescendantIDIn(u.ClientID, client, bound),
		clientpath.HasTenantWith(tenant.StatusNEQ(enum.ClientActive))).Exist(ctx)
	if err != nil {
		return false, fmt.Errorf("identity: look for suspended clients: %w", err)
	}
	grant, err := orNone(db.AccessGrant.Query().Where(accessgrant.ApplicationID(app.ID), accessgrant.ClientID(client)).Only(ctx))
	if err != nil {
		return false, fmt.Errorf("identity: read the grant: %w", err)
	}
	if u.Status != enum.UserActive || barred {
		return false, nil
	}
	level := authz.Access(app.ClientID, client, &authz.Grant{Level: grant.Level, ExpiresAt: grant.ExpiresAt}, actor.From(ctx).Now())
	return app.ID == "" || level != "" && app.Status == enum.ApplicationActive, nil
}
