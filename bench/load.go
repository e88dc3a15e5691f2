package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/fold"
	"github.com/appanage/appanage/internal/identity"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// never is when the sessions end. They count as used then, too: they are never idle, and reading them writes nothing.
var never = time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)

// platform is for what no caller does: loading the data, and counting what was written.
func platform(ctx context.Context) context.Context {
	return actor.System(ctx, "the benchmark's data has no author")
}

// errNotEmpty is what load meets in a database that somebody uses.
var errNotEmpty = errors.New("the database has clients already; the data goes into an empty one")

// load fills a migrated database that has nothing but what every installation has. A load that fails leaves a part
// of the data, and the database is to be thrown away.
func (w world) load(ctx context.Context, db *store.DB, progress io.Writer) error {
	ctx = platform(ctx)
	used, err := db.Ent().Tenant.Query().Where(tenant.IDNEQ(oid.SystemClient)).Exist(ctx)
	if err != nil {
		return fmt.Errorf("look for clients: %w", err)
	}
	if used {
		return errNotEmpty
	}
	start := time.Now()
	report := func(what string, n, of int) {
		fmt.Fprintf(progress, "%5.1f s  %s: %d of %d\n", time.Since(start).Seconds(), what, n, of)
	}
	err = unindexed(ctx, db, func() error { return w.fill(ctx, db, report) })
	if err == nil {
		report("indexes", 1, 1)
	}
	return err
}

func (w world) fill(ctx context.Context, db *store.DB, report func(what string, n, of int)) error {
	for _, step := range []struct {
		name  string
		count int
		add   func(*bulk, int)
	}{{"clients", w.clients, w.client}, {"callers", len(w.callers()), w.caller}, {"applications", w.applications(), w.application}} {
		for from := 0; from < step.count; from += chunk {
			to := min(from+chunk, step.count)
			err := unchecked(ctx, db, func(ctx context.Context) error { return insert(ctx, db, from, to, step.add) })
			if err != nil {
				return fmt.Errorf("load %s %d to %d: %w", step.name, from, to, err)
			}
			report(step.name, to, step.count)
		}
	}
	return nil
}

const (
	// chunk is how many clients or applications one transaction makes.
	chunk = 10_000
	// flushEvery is how many are gathered before their rows are inserted.
	flushEvery = 200
)

func insert(ctx context.Context, db *store.DB, from, to int, add func(*bulk, int)) error {
	b := newBulk(ctx, db)
	for n := from; n < to && b.err == nil; n++ {
		add(b, n)
		if n%flushEvery == 0 {
			b.flush()
		}
	}
	b.flush()
	return b.err
}

func (w world) client(b *bulk, n int) {
	self, partner, manager := clientID(n), clientID(w.partner(n)), clientID(w.manager(n))
	name := clientName(w, n)
	b.row("clients", self, manager, partner, fmt.Sprintf("C%06d", n), name, fold.Key(name), "BUSINESS", self == partner)
	b.link("client_paths", self, self, 0)
	for above, depth := n, 1; above != top; depth++ {
		above = w.manager(above)
		b.link("client_paths", clientID(above), self, depth)
	}
	given := []string{authority.BasePackage}
	if self == partner || n == w.deepest() {
		given = append(given, authority.PlatformPackage)
	}
	for i, code := range given {
		b.row("package_gifts", id[oid.PackageGift](2*n+i), self, authority.BuiltInPackage(code), oid.SystemClient)
	}
}

func (w world) caller(b *bulk, n int) {
	c := w.callers()[n]
	user, membership := id[oid.User](n), id[oid.Membership](n)
	name := "Owner of " + c.who
	b.row("users", user, c.client, c.client, name, fold.Key(name), c.who, fold.Key(c.who))
	b.row("memberships", membership, c.client, user, true)
	b.link("membership_roles", membership, authority.BuiltInRole(authority.OwnerRole))
	b.row("sessions", id[oid.Session](n), c.client, user, membership, identity.HashToken(c.token()), "bench", never, never)
}

func (w world) application(b *bulk, n int) {
	owner, app, code, name := clientID(w.owner(n)), applicationID(n), applicationCode(n), applicationName(w, n)
	b.row("applications", app, owner, owner, code, name, fold.Key(name), "APP", "OWN")
	for i := range urls {
		w.url(b, n*urls+i, owner, app, fmt.Sprintf("https://%s-%d.example.com", code, i), i == 0)
	}
	for i := range properties {
		b.row("application_properties", id[oid.Property](n*properties+i), owner, app, propertyName(i), fmt.Sprintf("value %d of %s", i, code), i == 0)
	}
	for i := range grants {
		b.row("access_grants", id[oid.AccessGrant](n*grants+i), clientID(w.grantee(n, i)), app, []string{"READ", "WRITE", "READ"}[i], owner)
	}
	w.chain(b, n, owner, app, code)
	w.rights(b, n, owner, app, code)
}

// chain has those set a property each whose properties the deepest client inherits, with access to the application.
func (w world) chain(b *bulk, n int, owner, app, code string) {
	for i, client := range w.inherits(n) {
		b.row("application_properties", id[oid.Property](w.applications()*properties+depth*n+i), clientID(client), app, propertyName(i), fmt.Sprintf("value %d of %s for %d", i, code, client), false)
		if !w.granted(n, client) {
			b.row("access_grants", id[oid.AccessGrant](w.applications()*grants+depth*n+i), clientID(client), app, "READ", owner)
		}
	}
}

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
