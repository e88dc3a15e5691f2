package apitest

import (
	"testing"

	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// domain 8.2: the load order goes by the facts of all applications; those that the caller does not see are null, and
// followed. One statement reads it, however deep it is.
func TestLoadOrder(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEmbedding(t, h)
		core, base := e.app(e.p, "core"), e.app(e.p, "base")
		e.embeddable(e.readable, e.s, true)
		e.exec("UPDATE access_grants SET embeddable = TRUE WHERE application_id IN (?, ?)", e.readable, e.written)
		e.on(e.paula, e.readable, core) // C sees neither core nor base
		e.on(e.paula, core, base)
		e.on(e.paula, base, e.any)
		e.on(e.paula, e.written, core)
		e.on(e.carl, e.shop, e.readable)
		e.on(e.carl, e.shop, e.blog)
		e.on(e.carl, e.shop, e.written)
		e.on(e.carl, e.blog, e.any)
		for _, c := range []struct {
			who, token string
			of         oid.Application
			want       string
		}{
			{"the owner", e.carl, e.shop, "readable 1, - 2, - 3, anybodys 2, blog 1, written 1"},
			{"who sees them all", e.paula, e.shop, "readable 1, core 2, base 3, anybodys 2, blog 1, written 1"},
			{"SYSTEM", e.root, e.shop, "readable 1, core 2, base 3, anybodys 2, blog 1, written 1"},
			{"a reader of one below", e.carl, e.readable, "- 1, - 2, anybodys 3"},
			{"who sees nothing", e.stan, e.shop, "no such application"},
			{"of what depends on nothing", e.carl, e.any, ""},
		} {
			if got := e.loads(t, c.token, c.of); got != c.want {
				t.Errorf("%s: %s, want %s", c.who, got, c.want)
			}
		}
		statements := func(of oid.Application) int {
			if !works(t, h, e.carl) {
				t.Fatal("the token does not work")
			}
			ctx, counter := store.WithCounter(t.Context())
			h.DoContext(ctx, e.carl, `query ($id: ID!) { application(id: $id) { loadOrder { depth } } }`, hubtest.Variables{"id": of})
			return counter.Statements()
		}
		if deep, flat := statements(e.shop), statements(e.any); deep > flat+2 {
			t.Errorf("%d statements for a deep order, %d for an empty one", deep, flat)
		}
	})
}

// domain 8.1, 8.2: what has no access or no consent any more, or is archived, is listed as broken and not looked into; with
// access and consent it is as before.
func TestDependencyStates(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEmbedding(t, h)
		library, below := e.app(e.p, "library"), e.app(e.p, "below")
		grant := e.embeddable(library, e.c, true)
		e.on(e.paula, library, below)
		e.on(e.carl, e.shop, library)
		for _, c := range []struct{ table, change, want string }{
			{"access_grants", "level = 'READ'", "READY"},
			{"access_grants", "embeddable = FALSE", "NO_CONSENT"},
			{"applications", "access_type = 'ANY'", "READY"},
			{"access_grants", "level = 'WRITE'", "READY"},
			{"applications", "access_type = 'OWN'", "NO_CONSENT"},
			{"access_grants", "level = 'BARRED', embeddable = TRUE", "NO_ACCESS"},
			{"access_grants", "level = 'READ'", "READY"},
			{"access_grants", "expires_at = created_at", "NO_ACCESS"},
			{"applications", "status = 'ARCHIVED'", "ARCHIVED"},
			{"access_grants", "expires_at = NULL", "ARCHIVED"},
			{"applications", "status = 'ACTIVE'", "READY"},
			{"applications", "client_id = '" + string(e.c) + "'", "READY"}, // one owner, though the grant is useless
			{"access_grants", "level = 'BARRED', embeddable = FALSE", "READY"},
			{"applications", "client_id = '" + string(e.p) + "'", "NO_ACCESS"},
		} {
			id := any(library)
			if c.table == "access_grants" {
				id = grant
			}
			e.exec("UPDATE "+c.table+" SET "+c.change+" WHERE id = ?", id)
			list, loads := "library "+c.want, "library 1 "+c.want
			if c.want == string(enum.DependencyReady) {
				loads = "library 1, below 2"
			}
			if got := e.listed(t, e.paula, e.shop); got != list {
				t.Errorf("%s: %s, want %s", c.change, got, list)
			}
			if got := e.loads(t, e.paula, e.shop); got != loads {
				t.Errorf("%s: %s, want %s", c.change, got, loads)
			}
		}
		e.exec("DELETE FROM access_grants WHERE id = ?", grant)
		if got := e.listed(t, e.carl, e.shop); got != "- NO_ACCESS" { // and C does not see it any more
			t.Errorf("without a grant: %s", got)
		}
	})
}
