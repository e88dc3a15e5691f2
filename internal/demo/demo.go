// Package demo fills a fresh database with a made-up platform, to look at and to try things on: two partners with
// customer bases of their own, the clients below them, applications of every sort with their roles, grants, settings,
// URLs, dependencies and definitions, and users to sign in as. Its content is always the same; ids, secrets and times are new.
//
// What has a command is done by the domain's services, on behalf of the users who may do it; what has none yet is
// written by the rules of domain.md.
package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/access"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/application"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/dependency"
	"github.com/appanage/appanage/internal/identity"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/property"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/tenancy"
	"github.com/appanage/appanage/internal/urls"
)

// ErrNotEmpty: the database holds clients, users or applications already. Nothing has been written.
var ErrNotEmpty = errors.New("demo: the database is not empty: demo data goes into a fresh one only")

// Services are the commands that the demo's data is made with.
type Services struct {
	Tenancy      *tenancy.Service
	Identity     *identity.Service
	Applications *application.Service
	Properties   *property.Service
	// Ring keeps the demo's secret property; the zero ring: it has none.
	Ring property.Ring
}

// User is someone to sign in as, by user name and password, at the client with the code: but for SYSTEM's users the
// code is needed, since the partners' customer bases are not SYSTEM's.
type User struct {
	UserName   string
	Name       string
	ClientCode string
	ClientName string
	Password   string
	Can        string // what he can do, in one line for people
}

// Fill writes the demo's data in one transaction, and lists its users, the administrator of the platform first. The
// database is migrated, with what every installation has (authority.Install). Errors: ErrNotEmpty; INVALID for a
// password that domain 2.6 refuses.
func Fill(ctx context.Context, db *store.DB, services Services, password string) ([]User, error) {
	ctx = actor.System(ctx, "demo data is written before there is a user who could write it")
	var all []User
	err := db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		f := newFiller(db, tx, services, password)
		for _, step := range []struct {
			what string
			do   func(context.Context) error
		}{
			{"look for data", f.mustBeFresh},
			{"read what is built in", f.readBuiltIn},
			{"clients", f.makeClients},
			{"roles of the platform", func(ctx context.Context) error { return f.makeRoles(ctx, platformRoles) }},
			{"users", f.makeUsers},
			{"applications", f.makeApplications},
			{"grants", f.makeGrants},
			{"permissions", f.makePermissions},
			{"roles", func(ctx context.Context) error { return f.makeRoles(ctx, applicationRoles) }},
			{"packages", f.makePackages},
			{"gifts", f.makeGifts},
			{"memberships", f.makeMemberships},
			{"URLs", f.makeURLs},
			{"properties", f.makeProperties},
			{"dependencies", f.makeDependencies},
			{"definitions", f.makeDefinitions},
			{"registration rules", f.makeRules},
			{"requests for access", f.makeRequests},
			{"archived applications", f.archive},
			{"suspensions", f.suspend},
		} {
			if err := step.do(ctx); err != nil {
				return fmt.Errorf("demo: %s: %w", step.what, err)
			}
		}
		all = f.list()
		return nil
	})
	return all, err
}

// byName finds what was made by the name the tables give it.
type byName[T any] map[string]T

// of panics for a name that nothing has: a fault of the tables, which every run would show.
func (m byName[T]) of(name string) T {
	v, ok := m[name]
	if !ok {
		panic("demo: the tables name " + name + ", and nothing has that name yet")
	}
	return v
}

// filler makes the rows of one transaction and keeps their ids.
type filler struct {
	Services
	access       *access.Service
	urls         *urls.Service
	dependencies *dependency.Service

	db       *store.DB
	tx       *ent.Client
	password string
	now      time.Time

	clients     byName[oid.Client]     // by code
	users       byName[oid.User]       // by "<code of the home client>/<user name>"
	acting      map[string]oid.User    // by code of a client: the first of its users, who acts for it
	apps        byName[madeApp]        // by code
	permissions byName[oid.Permission] // by authority
	roles       byName[madeRole]       // by "<code of the application>/<name>", or the name alone
	packages    byName[oid.Package]    // by code
}

func newFiller(db *store.DB, tx *ent.Client, services Services, password string) *filler {
	return &filler{
		Services: services, access: access.New(db), urls: urls.New(db, urls.Options{Suffixes: []string{Suffix}}), dependencies: dependency.New(db),
		db: db, tx: tx, password: password, now: clock.Now(),
		clients: byName[oid.Client]{system: oid.SystemClient}, users: byName[oid.User]{}, acting: map[string]oid.User{},
		apps: byName[madeApp]{}, permissions: byName[oid.Permission]{}, roles: byName[madeRole]{}, packages: byName[oid.Package]{},
	}
}

// as is the context of the user who acts for a client: the services decide about him as about anybody. Of authorities they
// ask for the one.
func (f *filler) as(ctx context.Context, client string) context.Context {
	id := f.clients.of(client)
	return actor.With(ctx, actor.New(actor.Actor{
		User: f.acting[client], Client: id, Session: oid.New[oid.Session](),
		Scope: actor.Scope{Root: id, All: id == oid.SystemClient},
	}, []string{"Definition_CREATE"}, f.now))
}

// past is as, past all locks: for what has no command yet. The audit trail names the user all the same.
func (f *filler) past(ctx context.Context, client string) context.Context {
	return actor.System(f.as(ctx, client), "demo data without a command")
}

// note writes what was made without a command into a client's audit trail.
func (f *filler) note(ctx context.Context, client oid.Client, kind, id string, after map[string]any) error {
	return audit.Record(ctx, f.db, audit.Event{Client: client, Operation: "demo", Kind: kind, Object: id, After: after})
}

// mustBeFresh refuses a database with anything but what is installed.
func (f *filler) mustBeFresh(ctx context.Context) error {
	clients, err := f.tx.Tenant.Query().Count(ctx)
	if err != nil {
		return err
	}
	users, err := f.tx.User.Query().Exist(ctx)
	if err != nil {
		return err
	}
	apps, err := f.tx.Application.Query().Exist(ctx)
	if err != nil {
		return err
	}
	if clients > 1 || users || apps {
		return ErrNotEmpty
	}
	return nil
}
