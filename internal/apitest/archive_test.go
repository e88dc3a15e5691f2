package apitest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

func init() {
	selections["applicationArchive"] = selections["applicationUpdate"]
	selections["applicationRestore"] = selections["applicationUpdate"]
}

// session opens a session of a new user for an application.
func (e *estate) session(at oid.Client, name string, app oid.Application) string {
	e.t.Helper()
	user, _ := e.User(at, name)
	membership := oid.Membership(query(e.t, e.Hub, "SELECT id FROM memberships WHERE user_id = ?", user)[0]["id"].(string))
	return e.Session(at, user, membership, &app)
}

// domain 11.1, 2.3, 4.6, 7.2: an archived application is neither listed nor resolved nor signed in to, and its sessions end, here at once and
// elsewhere within the second; whoever may update it finds it when he asks for it.
func TestApplicationArchive(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		d := newDoors(t, h)
		d.grant(d.app, d.c, enum.LevelWrite)
		now := clock.Now()
		elsewhere := h.Node(func(o *hub.HTTP) { o.Clock = clock.At(func() time.Time { return now }) })
		own, child := d.session(d.p, "own", d.app), d.session(d.c, "child", d.app)
		other := d.session(d.p, "other", d.written)
		for _, token := range []string{own, child, other} {
			if !works(t, h, token) || !works(t, elsewhere, token) {
				t.Fatal("a session does not work")
			}
		}
		sign := func(password string) string {
			d.exec("DELETE FROM attempts")
			return string(d.raw("", "sessionCreate", input{"identifier": "una", "password": password, "clientCode": "PARTNER", "applicationCode": "shop-one"}).Body)
		}
		const resolve = `{ resolveUrl(url: "https://shop.example") { applicationCode } }`
		if got := string(h.Do("", resolve, nil).Data); got != `{"resolveUrl":{"applicationCode":"shop-one"}}` {
			t.Fatalf("its URL resolves to %s", got)
		}
		a := d.raw(d.paula, "applicationArchive", input{"id": d.app, "expectedVersion": 1})
		if !strings.Contains(string(a.Data), `"version":2`) || !strings.Contains(string(a.Data), `"errors":[]`) {
			t.Fatalf("%s", a.Body)
		}
		names := map[string]string{string(d.app): "SHOP", string(d.paulaID): "PAULA", string(d.p): "P"}
		if got := strings.Join(d.trail(t, a.Header.Get("X-Request-Id"), names), "\n"); got != `applicationArchive Application SHOP by PAULA of P in P: {"status":"ACTIVE"} -> {"status":"ARCHIVED"}` {
			t.Errorf("%s", got)
		}
		now = now.Add(time.Second)
		for _, token := range []string{own, child} {
			barred(t, h, "a session for it", "Bearer "+token)
			barred(t, elsewhere, "a session for it, on a node that has served it a second ago", "Bearer "+token)
		}
		if got := string(h.Do("", resolve, nil).Data); got != `{"resolveUrl":null}` {
			t.Errorf("its URL resolves to %s", got)
		}
		if n := d.count("sessions", "application_id = ?", d.app); n != 0 || !works(t, h, other) {
			t.Errorf("%d sessions are left, and another's works: %t", n, works(t, h, other))
		}
		if right, wrong := sign(password), sign("wrong horse battery"); right != wrong {
			t.Errorf("a sign-in is answered with %s, a wrong password with %s", right, wrong)
		}
		for who, c := range map[string]struct {
			token string
			sees  bool
		}{"the owner": {d.paula, true}, "SYSTEM": {d.root, true}, "a writer": {d.carl, false}, "a stranger": {d.stan, false}} {
			for _, node := range []*hubtest.Hub{h, h.Node(func(o *hub.HTTP) { o.Reads = hub.Reference })} {
				listed := func(filter string) bool {
					a := node.Do(c.token, "{ applications(first: 100"+filter+") { nodes { code } } }", nil)
					return strings.Contains(string(a.Data), `"shop-one"`)
				}
				one := node.Do(c.token, `query ($id: ID!) { a: application(id: $id) { status } b: application(code: "shop-one") { status } node(id: $id) { id } }`, hubtest.Variables{"id": d.app})
				want := fmt.Sprintf(`{"a":{"status":"ARCHIVED"},"b":{"status":"ARCHIVED"},"node":{"id":"%s"}}`, d.app)
				if !c.sees {
					want = `{"a":null,"b":null,"node":null}`
				}
				if listed("") || listed(", filter: {status: ARCHIVED}") != c.sees || string(one.Data) != want {
					t.Errorf("%s: listed %t, listed among the archived %t; %s", who, listed(""), listed(", filter: {status: ARCHIVED}"), one.Data)
				}
			}
		}
	})
}

// domain 11.1: restored, everything is as it was, but for what tells of it; and what is so already does not change.
func TestApplicationRestore(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEmbedding(t, h)
		e.on(e.carl, e.shop, e.blog)
		e.on(e.carl, e.blog, e.any)
		e.embeddable(e.blog, e.p, true)
		e.on(e.paula, e.readable, e.blog)
		e.exec("INSERT INTO application_properties (id, created_at, updated_at, version, client_id, application_id, name, value, public, secret)"+
			" SELECT 'prp_x', created_at, updated_at, 1, client_id, id, 'GREETING', 'Hello', TRUE, FALSE FROM applications WHERE id = ?", e.blog)
		e.exec("INSERT INTO client_urls (id, created_at, updated_at, version, client_id, application_id, origin, proven_origin, challenge, status)"+
			" SELECT 'url_x', created_at, updated_at, 1, client_id, id, 'https://blog.example', 'https://blog.example', 'c', 'PROVEN' FROM applications WHERE id = ?", e.blog)
		h.Role(e.c, &e.blog, "Author")
		rows := func() map[string]string {
			state := e.state()
			for _, told := range []string{"applications", "sessions", "audit_events", "audit_heads"} {
				delete(state, told)
			}
			for _, r := range query(t, h, "SELECT * FROM applications ORDER BY id") {
				delete(r, "version")
				delete(r, "updated_at")
				state[fmt.Sprint(r["id"])] = fmt.Sprint(r)
			}
			return state
		}
		before, loads := fmt.Sprint(rows()), e.loads(t, e.carl, e.shop)
		e.succeeds(e.carl, "applicationArchive", input{"id": e.blog})
		if got := e.loads(t, e.carl, e.shop); got != "blog 1 ARCHIVED" || fmt.Sprint(rows()) == before {
			t.Errorf("archived: %s", got)
		}
		archived := e.state()
		if v := e.succeeds(e.carl, "applicationArchive", input{"id": e.blog, "expectedVersion": 2}).Application.Version; v != 2 {
			t.Errorf("archived twice: version %d", v)
		}
		e.unchanged(t, archived, "archived twice")
		late := e.session(e.c, "late", e.blog) // opened by a sign-in that was under way
		barred(t, h, "a session opened while it was archived", "Bearer "+late)
		if v := e.succeeds(e.carl, "applicationRestore", input{"id": e.blog}).Application.Version; v != 3 {
			t.Errorf("restored: version %d", v)
		}
		barred(t, h, "a session opened while it was archived, after", "Bearer "+late)
		e.exec("DELETE FROM sessions WHERE user_id = (SELECT id FROM users WHERE user_name = 'late')")
		e.exec("DELETE FROM memberships WHERE user_id = (SELECT id FROM users WHERE user_name = 'late')")
		e.exec("DELETE FROM users WHERE user_name = 'late'")
		if fmt.Sprint(rows()) != before || e.loads(t, e.carl, e.shop) != loads {
			t.Errorf("%s loads %s; before %s\n%s\n%s", e.shop, e.loads(t, e.carl, e.shop), loads, before, rows())
		}
		restored := e.state()
		e.succeeds(e.carl, "applicationRestore", input{"id": e.blog})
		e.unchanged(t, restored, "restored twice")
	})
}

// domain 11.1, 4.4: who cannot archive and restore. Nothing is written.
func TestApplicationArchiveRefusals(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		explicit := e.succeeds(e.carl, "applicationCreate", input{"name": "Imported", "accessType": "EXPLICIT"}).Application.ID
		e.grant(oid.Application(explicit), e.g, enum.LevelWrite)
		archived := h.Application(e.p, "archived", "Archived")
		e.grant(archived, e.c, enum.LevelWrite)
		e.exec("UPDATE applications SET status = 'ARCHIVED', version = 2 WHERE id = ?", archived)
		for rule, c := range map[string]struct {
			token, mutation string
			in              input
			want            string
		}{
			"unknown":                              {e.paula, "applicationArchive", input{"id": oid.New[oid.Application]()}, "NOT_FOUND at input.id"},
			"foreign":                              {e.paula, "applicationArchive", input{"id": e.foreign}, "NOT_FOUND at input.id"},
			"of another kind":                      {e.paula, "applicationArchive", input{"id": e.p}, "INVALID at input.id"},
			"4.4 a writer":                         {e.carl, "applicationArchive", input{"id": e.written}, "NOT_ALLOWED at input.id"},
			"4.4 a reader":                         {e.carl, "applicationArchive", input{"id": e.readable}, "NOT_ALLOWED at input.id"},
			"4.4 a writer of an EXPLICIT one":      {e.gina, "applicationArchive", input{"id": explicit}, "NOT_ALLOWED at input.id"},
			"before the version is told":           {e.carl, "applicationArchive", input{"id": e.written, "expectedVersion": 9}, "NOT_ALLOWED at input.id"},
			"a stale version":                      {e.paula, "applicationArchive", input{"id": e.app, "expectedVersion": 2}, "CONFLICT at input.expectedVersion"},
			"restore at a stale version":           {e.paula, "applicationRestore", input{"id": archived, "expectedVersion": 1}, "CONFLICT at input.expectedVersion"},
			"a stale version, though it is so":     {e.paula, "applicationArchive", input{"id": archived, "expectedVersion": 1}, "CONFLICT at input.expectedVersion"},
			"restore by a writer, who sees it not": {e.carl, "applicationRestore", input{"id": archived}, "NOT_FOUND at input.id"},
			"restore a foreign one":                {e.stan, "applicationRestore", input{"id": archived}, "NOT_FOUND at input.id"},
		} {
			t.Run(rule, func(t *testing.T) { e.fails(t, c.token, c.mutation, c.in, c.want) })
		}
		_, weak := h.User(e.p, "weak", h.Role(e.p, &e.app, "All but DELETE", builtIn("Application_READ"), builtIn("Application_UPDATE")))
		e.known.Store(nil)
		for _, mutation := range []string{"applicationArchive", "applicationRestore"} {
			e.refuses(t, weak, mutation, input{"id": e.app}, 403, "FORBIDDEN")
		}
		// the creator of an EXPLICIT one may, with the owner and those above him
		for _, token := range []string{e.carl, e.paula, e.root} {
			e.succeeds(token, "applicationArchive", input{"id": explicit})
			e.succeeds(token, "applicationRestore", input{"id": explicit})
		}
	})
}
