// Package identity knows users, how they are identified, and their sessions (domain 2).
package identity

import (
	"context"
	"time"

	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// Service holds the commands on users and sessions.
type Service struct {
	db     *store.DB
	limits SessionLimits
	rules  authz.Rules
	guards *authority.Service
	key    []byte // of the counters of attempts; without it nobody signs in
	behind Frontends
}

// Frontends finds what the URL of a frontend leads to (domain 7.2): "" for each where that is nothing.
type Frontends interface {
	Find(ctx context.Context, url string) (oid.Client, oid.Application, error)
}

// noFrontends: no URL leads anywhere.
type noFrontends struct{}

// Find implements Frontends.
func (noFrontends) Find(context.Context, string) (oid.Client, oid.Application, error) {
	return "", "", nil
}

// SessionLimits says how long a session lives (domain 2.3).
type SessionLimits struct {
	Idle time.Duration // without use
	Most time.Duration // at all
}

// DefaultSessionLimits are those of domain 2.3.
var DefaultSessionLimits = SessionLimits{Idle: 30 * time.Minute, Most: 12 * time.Hour}

// New makes the service.
func New(db *store.DB, limits SessionLimits) *Service {
	return &Service{db: db, limits: limits, rules: authz.DefaultRules(), guards: authority.New(db), behind: noFrontends{}}
}

// Under is the service under other rules, with the guards that keep them.
func (s *Service) Under(rules authz.Rules, guards *authority.Service) *Service {
	under := *s
	under.rules, under.guards = rules, guards
	return &under
}

// Keyed is the service with the key of the counters of attempts: the same on all servers of one database.
func (s *Service) Keyed(key []byte) *Service {
	keyed := *s
	keyed.key = key
	return &keyed
}

// Behind is the service of people who come from frontends at URLs.
func (s *Service) Behind(f Frontends) *Service {
	behind := *s
	behind.behind = f
	return &behind
}
