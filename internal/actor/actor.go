// Package actor says on whose behalf code runs. The actor travels in the context; code that finds none must
// refuse, never go on without a filter (design 3).
package actor

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/oid"
)

// LoggedIn and Anonymous are the two authorities that no role gives (domain 3.6).
const (
	LoggedIn  = "Logged_IN"
	Anonymous = "Anonymous"
)

// Actor is who asks. It is read-only once made: requests of one session share it for up to a second.
type Actor struct {
	User        oid.User
	Membership  oid.Membership
	Session     oid.Session
	Client      oid.Client      // the caller's client: the one he acts for
	Application oid.Application // the application the session is for, or none
	Scope       Scope
	// SystemReason is set for the platform itself at work: no scope, every authority. Only System sets it.
	SystemReason string
	// Request goes into audit events and log lines.
	Request string

	authorities map[string]struct{}
	now         time.Time
}

// Scope is the set of clients in scope of the caller's client: itself and all below it.
type Scope struct {
	// All is every client there is: the scope of the SYSTEM client. Then Clients is empty.
	All bool
	// Clients lists the scope when it is small enough to be bound as constants; else it is empty, Root is set,
	// and the closure table answers.
	Clients []oid.Client
	Root    oid.Client
	// Above lists the path above the caller's client: visible by code and name only (domain 0).
	Above []oid.Client
}

// Has tells whether a client is in a scope given by its list; known is false where only the database can tell.
func (s Scope) Has(client oid.Client) (in, known bool) {
	switch {
	case s.All || client != "" && client == s.Root:
		return true, true
	case s.Root != "" && len(s.Clients) == 0:
		return false, false
	}
	return slices.Contains(s.Clients, client), true
}

// New makes the actor of a session. now is the instant that decides what has expired.
func New(a Actor, authorities []string, now time.Time) *Actor {
	a.authorities = make(map[string]struct{}, len(authorities)+1)
	for _, s := range authorities {
		a.authorities[s] = struct{}{}
	}
	a.authorities[LoggedIn] = struct{}{}
	a.SystemReason, a.now = "", now
	return &a
}

// Nobody is the caller without a token: the authority Anonymous, and nothing in scope.
func Nobody() *Actor {
	return &Actor{authorities: map[string]struct{}{Anonymous: {}}}
}

// Has tells whether the actor holds an authority such as "Application_CREATE".
func (a *Actor) Has(authority string) bool {
	if a.IsSystem() {
		return true
	}
	_, ok := a.authorities[authority]
	return ok
}

// Authorities lists what the actor holds, sorted.
func (a *Actor) Authorities() []string { return slices.Sorted(maps.Keys(a.authorities)) }

// SignedIn tells whether a session stands behind the actor.
func (a *Actor) SignedIn() bool { return a.Session != "" }

// IsSystem tells whether the platform itself is at work; a user of the SYSTEM client is not meant.
func (a *Actor) IsSystem() bool { return a.SystemReason != "" }

// Now is the instant the actor's rights are judged by.
func (a *Actor) Now() time.Time {
	if a.now.IsZero() {
		return clock.Now()
	}
	return a.now
}

// At is the same actor at another instant and in another request.
func (a *Actor) At(now time.Time, request string) *Actor {
	b := *a
	b.now, b.Request = now, request
	return &b
}

// Reaches adds a client that the caller has just made to his scope, for the rest of the request: its answer shows it. An
// actor is of one request once At has given it out.
func (a *Actor) Reaches(client oid.Client) {
	if len(a.Scope.Clients) > 0 {
		a.Scope.Clients = append(slices.Clone(a.Scope.Clients), client)
	}
}

type key struct{}

// With puts the actor into the context.
func With(ctx context.Context, a *Actor) context.Context { return context.WithValue(ctx, key{}, a) }

// From gives the actor of the context, nil when there is none: then nothing may be read or written.
func From(ctx context.Context) *Actor {
	a, _ := ctx.Value(key{}).(*Actor)
	return a
}

// System is the one way past scope and authorities. The reason says why this is right; a test counts the uses.
// Who the caller was stays on the actor, so that the audit trail names him.
func System(ctx context.Context, reason string) context.Context {
	var s Actor
	if a := From(ctx); a != nil {
		s = *a
	}
	s.SystemReason = reason
	return With(ctx, &s)
}
