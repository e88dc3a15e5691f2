package authz

import (
	"time"

	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

// Asleep is when a lent grant ends that sleeps: the beginning of the epoch, before everything.
var Asleep = time.Unix(0, 0).UTC()

// EndOfLent is when a lent grant ends in effect: when it was given to end, but not after the write access of its giver;
// before everything while the giver has none, or does not manage the client (domain 5.3). giver is the giver's own grant,
// nil for none.
func EndOfLent(until *time.Time, giver *Grant, manages bool) *time.Time {
	if giver == nil || giver.Level != enum.LevelWrite || !manages {
		asleep := Asleep
		return &asleep
	}
	if until == nil || giver.ExpiresAt != nil && giver.ExpiresAt.Before(*until) {
		return giver.ExpiresAt
	}
	return until
}

// Until is when a grant ends as it was given, nil for never.
func (g *Grant) Until() *time.Time {
	if g.Lent {
		return g.LentUntil
	}
	return g.ExpiresAt
}

// Sleeps tells of a lent grant that would be in force, did its giver not lack write access.
func (g *Grant) Sleeps(now time.Time) bool {
	return g != nil && g.Lent && (g.LentUntil == nil || g.LentUntil.After(now)) && g.InForce(now) == ""
}

// Standing is what decides of the access of a client to an application, besides the grant.
type Standing struct {
	Owner, Client oid.Client
	Archived      bool // the application
	Suspended     bool // the client, or one above it
}

// Effective is the level of a client on an application, "" for none, and why (domain 5.5). Of several reasons against it
// the one is told that would still stand if the others fell: that there is no grant in force, before what stops one.
func Effective(s Standing, grant *Grant, now time.Time) (enum.AccessLevel, enum.AccessReason) {
	level := Access(s.Owner, s.Client, grant, now)
	switch {
	case level == "":
		return "", grant.why(now)
	case s.Archived:
		return "", enum.ReasonArchived
	case s.Suspended:
		return "", enum.ReasonSuspended
	case s.Owner == s.Client:
		return level, enum.ReasonOwner
	}
	return level, enum.ReasonGrant
}

// why tells why a grant gives nothing.
func (g *Grant) why(now time.Time) enum.AccessReason {
	switch {
	case g == nil:
		return enum.ReasonNone
	case g.Level == enum.LevelBarred:
		return enum.ReasonBarred
	case g.Sleeps(now):
		return enum.ReasonSleeping
	}
	return enum.ReasonExpired
}

// Grantee is what decides of the client that access is given to.
type Grantee struct {
	Client  oid.Client
	InScope bool // of the caller
	InBase  bool // it is of the customer base of the application's owner
}

// Loan is access that a client with write access gives on.
type Loan struct {
	To         Grantee
	Level      enum.AccessLevel
	Embeddable bool
	Stored     *Given // the grant that the client has now, nil for none
}

// Given is what decides of a stored grant, for one caller.
type Given struct {
	Client       oid.Client
	Level        enum.AccessLevel
	Giver        oid.Client
	GiverInScope bool
	Lent         bool
}

// Taking is what decides of access that a client takes for itself.
type Taking struct {
	Application  Application
	OwnerManages bool // the owner is above the client
	Barred       bool // there is a grant that bars the client
}

// MayGrant: who may set the access of somebody to an application: the owner and those above him, who also bar, and a
// client with write access, who only gives (domain 5.3, 4.6).
func MayGrant(c Caller, app Application) bool {
	return c.Rules || c.Access == enum.LevelWrite && grows(app.Status)
}

// grants: SYSTEM, the owner and the clients managing it give, change and bar: for clients in their scope, and of the
// owner's customer base (domain 5.3).
func grants(c Caller, to Grantee) bool { return c.Rules && (to.InScope || to.InBase) }

// lends: a client with write access gives READ to clients below it, and changes nothing that somebody else gave, nor a
// bar (domain 5.3).
func lends(c Caller, app Application, l Loan) bool {
	return MayGrant(c, app) && l.To.InScope && l.To.Client != c.Client && l.Level == enum.LevelRead && !l.Embeddable &&
		(l.Stored == nil || l.Stored.Lent && l.Stored.Giver == c.Client)
}

// MayTake: an active ANY application, by a client that its owner manages, and nobody has barred (domain 5.3, 5.1).
func MayTake(t Taking) bool {
	return t.Application.AccessType == enum.AccessAny && grows(t.Application.Status) && t.OwnerManages && !t.Barred
}

// revokes: SYSTEM, the owner and the clients managing it take any grant away; a giver his own; a client its own, but a
// bar is nothing of its own (domain 5.3, 5.1).
func revokes(c Caller, g Given) bool {
	return c.Rules || g.Level != enum.LevelBarred && (g.GiverInScope || g.Client == c.Client)
}
