// Package authz decides who may do what to which object: pure functions over facts, the same for the API, for its
// hints (viewerCan) and later for the authorisation API. Nothing here reads a database or a clock.
package authz

import (
	"time"

	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

// Grant is what decides of a row of access_grants.
type Grant struct {
	Level     enum.AccessLevel
	ExpiresAt *time.Time // in effect
	// Lent says that a client with write access gave it, LentUntil until when. Only why it is not in force needs them.
	Lent      bool
	LentUntil *time.Time
}

// InForce gives the level a grant gives at an instant; "" for none. nil is no grant.
func (g *Grant) InForce(now time.Time) enum.AccessLevel {
	if g == nil || g.Level == enum.LevelBarred || g.ExpiresAt != nil && !g.ExpiresAt.After(now) {
		return ""
	}
	return g.Level
}

// Access is the level of one client on one application: the owner writes without a grant (domain 4.5, 5.1).
func Access(owner, client oid.Client, grant *Grant, now time.Time) enum.AccessLevel {
	if owner == client {
		return enum.LevelWrite
	}
	return grant.InForce(now)
}

// Application is what decides of an application's stored row.
type Application struct {
	Owner, Creator oid.Client
	AccessType     enum.AccessType
	Status         enum.ApplicationStatus // ACTIVE when empty
}

// Caller is what decides of the caller, for one application.
type Caller struct {
	Client oid.Client
	// Rules tells whether the owner is in the caller's scope: users of the owner, of a client managing it, of SYSTEM.
	Rules bool
	// Access is the level of the caller's own client.
	Access enum.AccessLevel
}

// grows: to an archived application nothing is added, be it access, a URL, a setting, a role or another application; what
// it has can be taken away (domain 4.6, 11.1).
func grows(status enum.ApplicationStatus) bool { return status != enum.ApplicationArchived }

// MayUpdate: who may change an application at all (domain 4.4).
func MayUpdate(c Caller, app Application) bool {
	return c.Rules || app.AccessType == enum.AccessExplicit && app.Creator == c.Client && c.Access == enum.LevelWrite
}

// MayChangeAccessType: the creator of an EXPLICIT application may not, and nobody makes one EXPLICIT that was not
// created so (domain 4.4).
func MayChangeAccessType(c Caller, app Application, to enum.AccessType) bool {
	return to == app.AccessType || c.Rules && to != enum.AccessExplicit
}

// MaySetProperties: for a client with access; by the owner and those above him for any such client, by a client with
// write access for itself and those below it (domain 6.4).
func MaySetProperties(c Caller, target enum.AccessLevel, targetInScope bool) bool {
	return target != "" && (c.Rules || c.Access == enum.LevelWrite && targetInScope)
}
