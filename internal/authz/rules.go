package authz

import (
	"slices"

	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

// Rules are the decisions that guard the commands on clients, users, roles and packages: one function for each, used by
// every command it concerns. They are values so that a test can take one away, and see the attack succeed that it stops.
type Rules struct {
	// Gives: a caller may give a permission on, be it in a role, a package or by assigning (domain 3.5).
	Gives func(h Held, p Permission) bool
	// Assigns: a client can assign a role to its members (domain 3.4).
	Assigns func(client oid.Client, r Role) bool
	// GivesPackage: a package is the caller's to give and to take back. One that was given to him is not his to pass on.
	GivesPackage func(ownerInScope bool) bool
	// MakesBase: a package may be a base package (domain 3.3).
	MakesBase func(caller, owner oid.Client) bool
	// TakesOver: a caller may change the identifiers of another user, or have his password reset, for he holds what the
	// other has in any membership (domain 2.5). To hold is what it is where something is given (3.5).
	TakesOver func(caller Held, victim []Permission) bool
	// KeepsAdministrator: a change by users of one client may leave another one, or itself, with so many administrators
	// (domain 2.4). manages: the acting client manages the one concerned.
	KeepsAdministrator func(before, after int, manages bool) bool
	// ChangesStatus: a client may be suspended, resumed or deleted by users of another (domain 1.4).
	ChangesStatus func(caller, target oid.Client) bool
	// Joins: an invitation may be accepted: by nobody signed in, or by the user whose proven address was invited
	// (domain 2.7). Both are canonical; proven is "" for an address that is not.
	Joins func(signedIn bool, proven, invited string) bool
	// BindsPlatformHost: a caller may bind an origin on a host of the platform's own, or below one of its suffixes
	// (domain 7.1).
	BindsPlatformHost func(caller oid.Client) bool
	// SharesNames: sub-domains that are bound share one namespace with the codes of applications (domain 4.2, 7.1).
	SharesNames func() bool
	// PathLeads: the path of a URL may say where it leads (domain 7.2).
	PathLeads func(onPlatformHost bool) bool
	// Grows: something may be added to an application, by whoever may (domain 11.1).
	Grows func(status enum.ApplicationStatus) bool
	// Grants: a caller may give a client access to an application as its owner does, change it, and bar the client.
	Grants func(c Caller, to Grantee) bool
	// Lends: a caller may give access on, as a client with write access does (domain 5.3).
	Lends func(c Caller, app Application, l Loan) bool
	// Takes: a client may take access for itself (domain 5.3).
	Takes func(t Taking) bool
	// Revokes: a caller may take a grant away (domain 5.3).
	Revokes func(c Caller, g Given) bool
	// SetsProperties: a caller may set and delete the properties of a client with so much access, which may be in his scope
	// (domain 6.4).
	SetsProperties func(c Caller, target enum.AccessLevel, targetInScope bool) bool
	// Depends: an application may be made to depend on others by those who answer for its owner; to write it is not enough
	// (domain 8.1).
	Depends func(ownerInScope bool) bool
	// Embeds: the owner of an application consents to another one's depending on it (domain 8.1).
	Embeds func(Embedding) bool
	// LayerStands: the layer that a client with so much access has of a definition counts (domain 9.3, 5.4).
	LayerStands func(level enum.AccessLevel) bool
	// OpensDefinitions: a session for an application, or for none, opens the definitions of one.
	OpensDefinitions func(session, application oid.Application) bool
	// ReadsDefinitionsFor: a caller reads definitions as they are for a client that may be in his scope (domain 9.3).
	ReadsDefinitionsFor func(inScope bool) bool
	// ShowsDefinition: a definition is shown to everybody, through a URL (domain 9.7).
	ShowsDefinition func(public bool) bool
	// Defines: a caller may make, change and take away the layers that his client has of an application's definitions.
	Defines func(c Caller) bool
	// Overlays: a layer may be laid there.
	Overlays func(l Laying) bool
	// Publishes: a layer may say whether its definition is public.
	Publishes func(l Laying) bool
	// Restores: a caller may make of his client's layer what it was in a version of some author.
	Restores func(caller, author oid.Client) bool
	// Removes: a caller may plan the removal of an application, and remove it where nothing stands against it (domain 11.3).
	Removes func(c Caller, app Application) bool
	// ForcesRemoval: …and where something does.
	ForcesRemoval func(c Caller) bool
	// Exports: a caller may take what an application's owner provides out of the hub (domain 12.1).
	Exports func(c Caller, app Application) bool
	// Upgrades: …and replace it (domain 12.2).
	Upgrades func(c Caller, app Application) bool
	// Registers: people can register for an application at a client that is so much to it (domain 10.2).
	Registers func(c Caller) bool
	// RegistersAgain: who is known may register once more (domain 10.6). fresh: not in what USER_CHECK looks at.
	RegistersAgain func(fresh bool) bool
	// WritesRules: a caller may write the registration rules of a client (domain 10.3).
	WritesRules func(c Caller, client, owner oid.Client) bool
	// GivesByRule: a caller may give access to an application to those who register below him (domain 10.3, 5.3).
	GivesByRule func(c Caller, app Application, level enum.AccessLevel) bool
	// DecidesRequests: a caller may grant or refuse a client's request for access to an application.
	DecidesRequests func(c Caller, app Application, client oid.Client) bool
	// UsesBundle: a bundle is for its sender, while he acts for the same client (domain 12.2).
	UsesBundle func(caller, sender Sender) bool
}

// Held is what a caller holds.
type Held struct {
	Client      oid.Client
	Authorities []string // in force, for the session at hand
}

// Permission is what decides of a permission.
type Permission struct {
	Authority string
	Owner     oid.Client // of the application it belongs to; "" for none
}

// Role is what decides of a role, for one client.
type Role struct {
	Owner oid.Client
	Given bool // by a package, to that client
}

// createsPermissions is the authority by which users of an application's owner hold all its permissions.
const createsPermissions = "Permission_CREATE"

// DefaultRules are those of domain.md.
func DefaultRules() Rules {
	gives := func(h Held, p Permission) bool {
		return slices.Contains(h.Authorities, p.Authority) ||
			p.Owner != "" && p.Owner == h.Client && slices.Contains(h.Authorities, createsPermissions)
	}
	return Rules{
		Gives:        gives,
		Assigns:      func(client oid.Client, r Role) bool { return r.Owner == client || r.Given },
		GivesPackage: func(ownerInScope bool) bool { return ownerInScope },
		MakesBase:    func(caller, owner oid.Client) bool { return caller == oid.SystemClient && owner == oid.SystemClient },
		TakesOver: func(caller Held, victim []Permission) bool {
			return !slices.ContainsFunc(victim, func(p Permission) bool { return !gives(caller, p) })
		},
		KeepsAdministrator: func(before, after int, manages bool) bool { return manages || before == 0 || after > 0 },
		ChangesStatus:      func(caller, target oid.Client) bool { return target != caller && target != oid.SystemClient },
		Joins:              func(signedIn bool, proven, invited string) bool { return !signedIn || proven == invited },
		BindsPlatformHost:  func(caller oid.Client) bool { return caller == oid.SystemClient },
		SharesNames:        func() bool { return true },
		PathLeads:          func(onPlatformHost bool) bool { return onPlatformHost },
		Grows:              grows,
		Grants:             grants,
		Lends:              lends,
		Takes:              MayTake,
		Revokes:            revokes,
		SetsProperties:     MaySetProperties,
		Depends:            func(ownerInScope bool) bool { return ownerInScope },
		Embeds:             embeds,
		LayerStands:        func(level enum.AccessLevel) bool { return level == enum.LevelWrite },
		OpensDefinitions: func(session, application oid.Application) bool {
			return session == "" || session == application
		},
		ReadsDefinitionsFor: func(inScope bool) bool { return inScope },
		ShowsDefinition:     func(public bool) bool { return public },
		Defines:             defines,
		Overlays:            overlays,
		Publishes:           publishes,
		Restores:            restores,
		Removes:             MayUpdate,
		ForcesRemoval:       func(c Caller) bool { return c.Rules },
		Exports:             MayExport,
		Upgrades:            MayExport,
		Registers:           func(c Caller) bool { return c.Access == enum.LevelWrite || c.Access != "" && c.Rules },
		RegistersAgain:      func(fresh bool) bool { return fresh },
		WritesRules:         writesRules,
		GivesByRule:         givesByRule,
		DecidesRequests: func(c Caller, app Application, client oid.Client) bool {
			return client != c.Client && MayGrant(c, app)
		},
		UsesBundle: func(caller, sender Sender) bool { return caller == sender },
	}
}
