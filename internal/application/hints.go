package application

import (
	"context"
	"fmt"
	"slices"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/accessgrant"
	"github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/store"
)

// Sight is what hints about an application are made from, for one actor.
type Sight struct {
	Application authz.Application
	// Rules: the owner is in the actor's scope.
	Rules bool
	// Own is the level of the actor's own client: of its grant in force, BARRED of one that bars it; WRITE of the owner.
	Own enum.AccessLevel
	// Offered: it is out of sight, and only available to the actor's client (domain 4.6).
	Offered bool
}

// asking is what decides of an actor, as the mutations see him.
type asking struct {
	caller authz.Caller
	app    authz.Application
	taking authz.Taking
	// reached: a client in the actor's scope has access.
	reached bool
}

func (a asking) grows() bool { return standard.Grows(a.app.Status) }

// standard are the rules that every server has: hints are about them.
var standard = authz.DefaultRules()

// hints are the mutations on an application, in the order they are told, each with its authority and the decision that
// it makes itself. What depends on more, on a client below or the state of something else, is for the mutation to say.
var hints = []struct {
	mutation, authority string
	may                 func(a asking) bool
}{
	{"applicationUpdate", "Application_UPDATE", func(a asking) bool { return authz.MayUpdate(a.caller, a.app) }},
	{"applicationPropertiesSet", "Application_UPDATE", func(a asking) bool { return a.grows() && setsProperties(a) }},
	{"applicationPropertiesDelete", "Application_UPDATE", setsProperties},
	{"accessGrantSet", "Application_UPDATE", func(a asking) bool { return authz.MayGrant(a.caller, a.app) }},
	{"accessGrantTake", "Application_UPDATE", func(a asking) bool { return standard.Takes(a.taking) }},
	{"applicationDependencyAdd", "Application_UPDATE", func(a asking) bool { return a.grows() && standard.Depends(a.caller.Rules) }},
	{"applicationArchive", "Application_DELETE", func(a asking) bool {
		return a.app.Status != enum.ApplicationArchived && authz.MayUpdate(a.caller, a.app)
	}},
	{"applicationRestore", "Application_DELETE", func(a asking) bool {
		return a.app.Status == enum.ApplicationArchived && authz.MayUpdate(a.caller, a.app)
	}},
	{"applicationRemove", "Application_DELETE", func(a asking) bool {
		return a.app.Status == enum.ApplicationArchived && standard.Removes(a.caller, a.app)
	}},
	{"clientUrlBind", "Client_UPDATE", func(a asking) bool { return a.grows() && a.reached }},
}

// setsProperties: for the own client or, by those who answer for the owner, for the owner.
func setsProperties(a asking) bool {
	target := a.caller.Access
	if a.caller.Rules {
		target = enum.LevelWrite
	}
	return standard.SetsProperties(a.caller, target, true)
}

// Can lists the mutations an actor may use on an application, by the decisions the mutations make.
func Can(a *actor.Actor, s Sight) []string {
	ask := asking{
		caller: authz.Caller{Client: a.Client, Rules: s.Rules, Access: s.Own},
		app:    s.Application,
		taking: authz.Taking{
			Application: s.Application, OwnerManages: slices.Contains(a.Scope.Above, s.Application.Owner), Barred: s.Own == enum.LevelBarred,
		},
		// An application in use is seen for this reason only: its owner is in scope, or a client that has a grant.
		reached: !s.Offered,
	}
	if s.Own == enum.LevelBarred {
		ask.caller.Access = ""
	}
	can := []string{}
	for _, h := range hints {
		if a.Has(h.authority) && h.may(ask) {
			can = append(can, h.mutation)
		}
	}
	return can
}

// hinted tells whether an actor has an authority of any hint: without one there are none, and there is nothing to read.
func hinted(a *actor.Actor) bool {
	for _, h := range hints {
		if a.Has(h.authority) {
			return true
		}
	}
	return false
}

// ViewerCan reads what Can decides on.
func (s *Service) ViewerCan(ctx context.Context, app *ent.Application) ([]string, error) {
	a, db := actor.From(ctx), s.db.Client(ctx)
	if !hinted(a) {
		return []string{}, nil
	}
	rules, err := store.InScope(ctx, db, app.ClientID)
	if err != nil {
		return nil, err
	}
	own, err := ownLevel(ctx, db, app, a)
	if err != nil {
		return nil, err
	}
	seen := rules || own == enum.LevelRead || own == enum.LevelWrite
	if !seen {
		if seen, err = db.Application.Query().Where(application.ID(app.ID)).Exist(ctx); err != nil {
			return nil, fmt.Errorf("application: look for it: %w", err)
		}
	}
	return Can(a, Sight{facts(app), rules, own, !seen}), nil
}

// ownLevel is the level of the actor's own client, as Sight has it.
func ownLevel(ctx context.Context, db *ent.Client, app *ent.Application, a *actor.Actor) (enum.AccessLevel, error) {
	if app.ClientID == a.Client {
		return enum.LevelWrite, nil
	}
	row, err := db.AccessGrant.Query().Where(accessgrant.ClientID(a.Client), accessgrant.ApplicationID(app.ID)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("application: read the grant: %w", err)
	case row.Level == enum.LevelBarred:
		return enum.LevelBarred, nil
	}
	return (&authz.Grant{Level: row.Level, ExpiresAt: row.ExpiresAt}).InForce(a.Now()), nil
}
