// Package authn turns a bearer token into the actor it stands for.
package authn

import (
	"context"
	"fmt"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/accessgrant"
	"github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/ent/clientpath"
	"github.com/appanage/appanage/ent/predicate"
	"github.com/appanage/appanage/ent/session"
	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/identity"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

const (
	// remembered is how long an actor is kept without asking the database, counted from before he was read: what is
	// taken away stops working within one second on every node (domain 2.3).
	remembered = 900 * time.Millisecond
	// mostActors bounds the cache.
	mostActors = 10_000
	// smallScope is the most clients a scope binds as constants; a larger one is asked of the closure table.
	// Some hundred constants still plan as fast as one (design 4).
	smallScope = 300
	// useWritten is how often, at the most, the last use of a session is written.
	useWritten = time.Minute
)

// Authenticator reads sessions, with a cache of under a second.
type Authenticator struct {
	db     *store.DB
	clock  clock.Clock
	limits identity.SessionLimits
	cache  *otter.Cache[string, *actor.Actor]
}

// New makes an authenticator.
func New(db *store.DB, c clock.Clock, limits identity.SessionLimits) (*Authenticator, error) {
	cache, err := otter.New(&otter.Options[string, *actor.Actor]{
		MaximumSize:      mostActors,
		ExpiryCalculator: otter.ExpiryCreating[string, *actor.Actor](remembered),
	})
	if err != nil {
		return nil, fmt.Errorf("authn: make the cache: %w", err)
	}
	return &Authenticator{db, c, limits, cache}, nil
}

// Authenticate gives the actor of a token. UNAUTHENTICATED when the token is unknown, expired, ended, or its user,
// client or access to the session's application is no longer what it takes; the reasons are not told apart.
func (a *Authenticator) Authenticate(ctx context.Context, token string) (*actor.Actor, error) {
	hash := identity.HashToken(token)
	if known, ok := a.cache.GetIfPresent(hash); ok && a.clock.Now().Sub(known.Now()) < remembered {
		return known, nil
	}
	who, err := a.read(ctx, session.TokenHash(hash))
	if err != nil {
		return nil, err
	}
	a.cache.Set(hash, who)
	return who, nil
}

// Session gives the actor of a session as it is now, where something that the platform has made itself stands for its token.
// Errors are those of Authenticate.
func (a *Authenticator) Session(ctx context.Context, id oid.Session) (*actor.Actor, error) {
	return a.read(ctx, session.ID(id))
}

// Forget drops a session that has ended from this node's cache: here it stops working at once.
func (a *Authenticator) Forget(id oid.Session) {
	for hash, who := range a.cache.All() {
		if who.Session == id {
			a.cache.Invalidate(hash)
		}
	}
}

func errUnauthenticated() error {
	return apperr.New(apperr.Unauthenticated, "the token is not valid, or no longer")
}

func (a *Authenticator) read(ctx context.Context, which predicate.Session) (*actor.Actor, error) {
	ctx = actor.System(ctx, "the caller is read before there is one")
	now := a.clock.Now()
	row, err := a.db.Client(ctx).Session.Query().Where(which).WithUser().Only(ctx)
	if ent.IsNotFound(err) {
		return nil, errUnauthenticated()
	}
	if err != nil {
		return nil, fmt.Errorf("authn: read the session: %w", err)
	}
	if row.Edges.User == nil { // he went between the two statements
		return nil, errUnauthenticated()
	}
	alive := now.Before(row.ExpiresAt) && now.Before(row.LastUsedAt.Add(a.limits.Idle)) && row.Edges.User.Status == enum.UserActive
	if !alive {
		return nil, errUnauthenticated()
	}
	if ok, err := a.admitted(ctx, row, now); err != nil {
		return nil, err
	} else if !ok {
		return nil, errUnauthenticated()
	}
	s, err := a.scope(ctx, row)
	if err != nil {
		return nil, err
	}
	who := actor.Actor{User: row.UserID, Membership: row.MembershipID, Session: row.ID, Client: row.ClientID, Scope: s}
	if row.ApplicationID != nil {
		who.Application = *row.ApplicationID
	}
	held, err := authority.InForce(ctx, a.db.Client(ctx), row.MembershipID, row.ClientID, who.Application)
	if err != nil {
		return nil, err
	}
	return actor.New(who, held, now), a.touch(ctx, row, now)
}

// scope reads the clients below and above the one acted for.
func (a *Authenticator) scope(ctx context.Context, row *ent.Session) (actor.Scope, error) {
	paths := a.db.Client(ctx).ClientPath
	above, err := paths.Query().Where(clientpath.DescendantID(row.ClientID), clientpath.DepthGT(0)).All(ctx)
	if err != nil {
		return actor.Scope{}, fmt.Errorf("authn: read the path: %w", err)
	}
	s := actor.Scope{Root: row.ClientID, All: row.ClientID == oid.SystemClient}
	for _, p := range above {
		s.Above = append(s.Above, p.TenantID)
	}
	if s.All {
		return s, nil
	}
	below, err := paths.Query().Where(clientpath.TenantID(row.ClientID)).Limit(smallScope + 1).All(ctx)
	if err != nil {
		return actor.Scope{}, fmt.Errorf("authn: read the scope: %w", err)
	}
	if len(below) <= smallScope {
		for _, p := range below {
			s.Clients = append(s.Clients, p.DescendantID)
		}
	}
	return s, nil
}

// admitted: no client on the way up, of the one acted for or of the user's home, is suspended (domain 1.5), and the
// session's application is still to be read.
func (a *Authenticator) admitted(ctx context.Context, row *ent.Session, now time.Time) (bool, error) {
	db := a.db.Client(ctx)
	way := clientpath.DescendantIDIn(row.ClientID, row.Edges.User.ClientID)
	barred, err := db.ClientPath.Query().Where(way, clientpath.HasTenantWith(tenant.StatusNEQ(enum.ClientActive))).Exist(ctx)
	if err != nil || barred {
		return false, err
	}
	if row.ApplicationID == nil {
		return true, nil
	}
	app, err := db.Application.Query().Where(application.ID(*row.ApplicationID), application.StatusEQ(enum.ApplicationActive)).
		WithGrants(func(q *ent.AccessGrantQuery) { q.Where(accessgrant.ClientID(row.ClientID)) }).Only(ctx)
	if ent.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("authn: read the application: %w", err)
	}
	var grant *authz.Grant
	for _, g := range app.Edges.Grants {
		grant = &authz.Grant{Level: g.Level, ExpiresAt: g.ExpiresAt}
	}
	return authz.Access(app.ClientID, row.ClientID, grant, now) != "", nil
}

// touch notes the use of the session, once a minute at the most.
func (a *Authenticator) touch(ctx context.Context, row *ent.Session, now time.Time) error {
	if now.Sub(row.LastUsedAt) < useWritten {
		return nil
	}
	err := a.db.Client(ctx).Session.Update().Where(session.ID(row.ID), session.LastUsedAtLT(now)).SetLastUsedAt(now).Exec(ctx)
	if err != nil {
		return fmt.Errorf("authn: note the use of the session: %w", err)
	}
	return nil
}
