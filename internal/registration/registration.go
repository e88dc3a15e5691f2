// Package registration lets people register themselves for an application, at a client (domain 10): how they do there, the codes and
// links that prove them, what a new client is made of, and by which rules; and the codes and requests that lead there.
package registration

import (
	"context"
	"time"

	"github.com/appanage/appanage/internal/access"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/identity"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/tenancy"
	"github.com/appanage/appanage/internal/urls"
)

// Services are the commands that a registration runs.
type Services struct {
	Tenancy   *tenancy.Service
	Identity  *identity.Service
	Access    *access.Service
	Authority *authority.Service
	URLs      *urls.Service
}

// Service holds the commands of registration. Each runs in one transaction, decides on the stored rows, and writes its audit events with
// the change.
type Service struct {
	Services

	db    *store.DB
	rules authz.Rules
	key   []byte // of the digests of codes and secrets
}

// New makes the service. The key is the same on all servers of one database.
func New(db *store.DB, services Services, key []byte) *Service {
	return &Service{Services: services, db: db, rules: authz.DefaultRules(), key: key}
}

// Under is the service under other rules: those of its services are theirs.
func (s *Service) Under(rules authz.Rules) *Service {
	under := *s
	under.rules = rules
	return &under
}

// How long codes that people make work.
const (
	codeLasts    = 72 * time.Hour
	codeLastsMax = 366 * 24 * time.Hour
)

// stranger is the platform at work for whoever registers: he is nobody yet.
func stranger(ctx context.Context) context.Context {
	return actor.System(ctx, "who registers is nobody yet")
}

// as is the context of a client that gives something by a rule: it may give what it could give itself, by whatever user. SYSTEM may give
// everything.
func (s *Service) as(ctx context.Context, client oid.Client) (context.Context, error) {
	held, err := authority.CeilingOf(ctx, s.db.Client(ctx), client)
	if err != nil {
		return nil, err
	}
	now := actor.From(ctx).Now()
	return actor.With(ctx, actor.New(actor.Actor{
		Session: oid.New[oid.Session](), Client: client, Scope: actor.Scope{Root: client, All: client == oid.SystemClient},
	}, held, now)), nil
}
