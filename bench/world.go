package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/identity"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// size is how much data there is.
type size struct{ clients, applications int }

func (s size) check() error {
	if s.clients < family || s.clients%family != 0 || s.applications < 3*s.clients {
		return fmt.Errorf("clients come in families of %d, and for a full page with three applications each or more", family)
	}
	return nil
}

// What every application has.
const (
	family        = 20 // clients: a partner and those it manages
	urls          = 2
	properties    = 5
	packages      = 3
	rolesEach     = 3 // of a package
	permissions   = 12
	permissionsOf = 4 // a role holds; three roles share each
)

// world is the data as the scenarios need to know it. The same size makes the same world: ids, names and relations
// follow from numbers.
//
// Clients come in families, each a partner below SYSTEM and the clients it manages. Applications go round the
// clients, so that those of one family lie spread over the whole order of creation, and are granted to three more
// clients of the same family. The caller owns the first partner: a portfolio of a tenth of everything.
type world struct {
	size
	token string
}

// id makes the n-th id of a kind.
func id[T oid.ID](n int) string {
	var kind T
	return fmt.Sprintf("%s_01J0000000%016d", kind.Kind(), n)
}

func clientID(n int) string      { return id[oid.Client](n) }
func applicationID(n int) string { return id[oid.Application](n) }

func (w world) partner(client int) int { return client / family * family }
func (w world) owner(app int) int      { return app % w.clients }

// mine lists the applications of the caller's family by number, in the order of their ids.
func (w world) mine() []int {
	var list []int
	for app := range w.applications {
		if w.partner(w.owner(app)) == 0 {
			list = append(list, app)
		}
	}
	return list
}

// platform is for what no caller does: loading the data, and counting what was written.
func platform(ctx context.Context) context.Context {
	return actor.System(ctx, "the benchmark's data has no author")
}

// load fills a database that has nothing but what every installation has.
func load(ctx context.Context, db *store.DB, s size) (world, error) {
	token, err := identity.NewToken()
	if err != nil {
		return world{}, err
	}
	w := world{size: s, token: token}
	err = db.InTx(platform(ctx), func(ctx context.Context, _ *ent.Client) error {
		b := newBulk(ctx, db)
		for n := range w.clients {
			w.client(b, n)
		}
		w.caller(b)
		for n := range w.applications {
			w.application(b, n)
			if n%100 == 0 {
				b.flush()
			}
		}
		b.flush()
		return b.err
	})
	return w, err
}

func (w world) client(b *bulk, n int) {
	partner, self := clientID(w.partner(n)), clientID(n)
	manager, depth := partner, 1
	if self == partner {
		manager, depth = string(oid.SystemClient), 0
	}
	b.row("clients", self, manager, partner, fmt.Sprintf("C%05d", n), fmt.Sprintf("Client %d", n), fmt.Sprintf("client %05d", n), "BUSINESS", self == partner)
	b.link("client_paths", self, self, 0)
	b.link("client_paths", oid.SystemClient, self, depth+1)
	given := []string{authority.BasePackage}
	if self == partner {
		given = append(given, authority.PlatformPackage)
	} else {
		b.link("client_paths", partner, self, depth)
	}
	for i, code := range given {
		b.row("package_gifts", id[oid.PackageGift](2*n+i), self, authority.BuiltInPackage(code), oid.SystemClient)
	}
}

// caller is the owner of the first partner, with everything built in.
func (w world) caller(b *bulk) {
	home, user, membership := clientID(0), id[oid.User](0), id[oid.Membership](0)
	b.row("users", user, home, home, "Paula Partner", "paula partner", "paula", "paula")
	b.row("memberships", membership, home, user, true)
	b.link("membership_roles", membership, authority.BuiltInRole(authority.OwnerRole))
	now := time.Now()
	b.row("sessions", id[oid.Session](0), home, user, membership, identity.HashToken(w.token), "bench", now, now.Add(time.Hour))
}

func (w world) application(b *bulk, n int) {
	owner, app, code := clientID(w.owner(n)), applicationID(n), fmt.Sprintf("app-%06d", n)
	b.row("applications", app, owner, owner, code, fmt.Sprintf("Anwendung für „%d“", n), strings.ReplaceAll(code, "-", " "), "APP", "OWN")
	for i := range urls {
		w.url(b, n*urls+i, owner, app, fmt.Sprintf("https://%s-%d.example.com", code, i), i == 0)
	}
	for i := range properties {
		b.row("application_properties", id[oid.Property](n*properties+i), owner, app, propertyName(i), fmt.Sprintf("value %d of %s", i, code), i == 0)
	}
	for i, offset := range []int{1, 7, 13} {
		other := w.partner(w.owner(n)) + (w.owner(n)+offset)%family
		b.row("access_grants", id[oid.AccessGrant](n*3+i), clientID(other), app, []string{"READ", "WRITE", "READ"}[i], owner)
	}
	w.rights(b, n, owner, app, code)
}

func propertyName(i int) string { return fmt.Sprintf("SETTING_%d", i) }

func (w world) url(b *bulk, n int, owner, app, origin string, proven bool) {
	if proven {
		b.row("client_urls", id[oid.ClientURL](n), owner, app, origin, origin, "PROVEN", made)
		return
	}
	b.row("client_urls", id[oid.ClientURL](n), owner, app, origin, nil, "PENDING", nil)
}

// rights makes the permissions of an application, its packages and their roles. The i-th role of each package holds
// the i-th four permissions.
func (w world) rights(b *bulk, n int, owner, app, code string) {
	for i := range permissions {
		name := fmt.Sprintf("%s.Thing%02d_READ", code, i)
		b.row("permissions", id[oid.Permission](n*permissions+i), owner, app, name, strings.ToLower(name))
	}
	for i := range packages {
		pkg := id[oid.Package](n*packages + i)
		b.row("packages", pkg, owner, app, fmt.Sprintf("A%06d_%d", n, i), fmt.Sprintf("Package %d", i), fmt.Sprintf("package %d", i))
		for j := range rolesEach {
			role := id[oid.Role]((n*packages+i)*rolesEach + j)
			b.row("roles", role, owner, app, fmt.Sprintf("Role %d", j), fmt.Sprintf("role %d", j))
			b.link("role_paths", role, role)
			b.link("package_roles", pkg, role)
			for k := range permissionsOf {
				b.link("role_permissions", role, id[oid.Permission](n*permissions+j*permissionsOf+k))
			}
		}
	}
}
