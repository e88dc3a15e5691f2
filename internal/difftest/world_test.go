package difftest

import (
	"fmt"
	"testing"
	"time"

	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// now is the instant of all that the tests ask: nothing expires, and no session is used, between the answers of two
// nodes.
var now = time.Date(2026, 6, 1, 12, 0, 0, 123456000, time.UTC)

// world is the data the tests ask about, the same for the same seed:
//
//	SYSTEM ─┬─ BIG (isolated), a partner with more clients below than a scope lists
//	        ├─ SMALL (isolated), a partner with a dozen below, four deep; NESTED (isolated) is one of them
//	        └─ STRANGER (isolated), with two below
type world struct {
	*writer
	below       map[string][]client // each partner's clients, itself first, SYSTEM's being SYSTEM alone
	clients     []client
	apps        []app
	roles       []oid.Role
	permissions []oid.Permission
	packages    []oid.Package
	users       []member
	members     []member
	principals  []principal
	defined     oid.Application // of SYSTEM, with definitions in force
}

type client struct {
	id, base oid.Client
	path     []oid.Client // itself, its manager and on to SYSTEM
	partner  string
}

type app struct {
	id    oid.Application
	owner client
}

// Partners, and how many clients each has below.
var partners = []struct {
	code  string
	below int
}{{"BIG", 330}, {"SMALL", 12}, {"STRANGER", 2}}

// build fills a database that has what every installation begins with.
func build(tb testing.TB, h *hubtest.Hub) *world {
	tb.Helper()
	w := &world{writer: newWriter(1), below: map[string][]client{}}
	w.tree()
	w.applications()
	w.grants()
	w.rights()
	w.gifts()
	w.settings()
	w.people()
	w.callers()
	w.news()
	w.dependencies()
	w.definitions()
	w.registrations()
	w.store(tb, h)
	return w
}

func (w *world) tree() {
	system := client{id: oid.SystemClient, base: oid.SystemClient, path: []oid.Client{oid.SystemClient}, partner: "SYSTEM"}
	w.clients, w.below["SYSTEM"] = []client{system}, []client{system}
	for _, p := range partners {
		root := w.client(p.code, p.code, system, true)
		for i := range p.below {
			manager := root
			if i > 3 {
				manager = w.below[p.code][w.rng.IntN(min(i, 8))]
			}
			if 0 < i && i < 4 { // a chain to begin with
				manager = w.below[p.code][i]
			}
			w.client(p.code, "", manager, i == 6)
		}
	}
}

// client makes a client. Only clients that nobody acts for are suspended.
func (w *world) client(partner, code string, manager client, isolated bool) client {
	n := len(w.clients)
	c := client{id: id[oid.Client](n*7%1009 + 1), base: manager.base, partner: partner}
	if isolated {
		c.base = c.id
	}
	kind, status := "BUSINESS", "ACTIVE"
	if n%3 == 0 {
		kind = "INDIVIDUAL"
	}
	if at := len(w.below[partner]); at > 8 && at%4 == 1 {
		status = "SUSPENDED"
	}
	if code == "" {
		code = fmt.Sprintf("C%04d", 9999-n*13%2003)
	}
	c.path = append([]oid.Client{c.id}, manager.path...)
	w.add("clients", row{"id": c.id, "code": code, "name": pick(w.rng, names), "type": kind, "status": status, "base_id": c.base, "isolated": isolated,
		"locale": pick(w.rng, []string{"en", "de-CH", "zh-Hant-TW"}), "time_zone": pick(w.rng, []string{"UTC", "Europe/Zurich"}), "currency": pick(w.rng, []string{"CHF", "EUR"}),
		"manager_id": manager.id})
	for depth, above := range c.path {
		w.link("client_paths", row{"ancestor_id": above, "descendant_id": c.id, "depth": depth})
	}
	w.clients, w.below[partner] = append(w.clients, c), append(w.below[partner], c)
	return c
}

// near is a client of a partner, mostly one of the first: there the callers are, and most of the data.
func (w *world) near(partner string) client {
	list := w.below[partner]
	if w.chance(80) {
		list = list[:min(len(list), 6)]
	}
	return pick(w.rng, list)
}

// any is a client of any partner.
func (w *world) any() client {
	return w.near([]string{"BIG", "SMALL", "SMALL", "STRANGER", "SYSTEM"}[w.rng.IntN(5)])
}

// related is mostly a client of the same partner, at times a stranger.
func (w *world) related(c client) client {
	if w.chance(25) {
		return w.any()
	}
	return w.near(c.partner)
}

// applications of every access type and status go round the clients; the last client in each partner's list owns none.
func (w *world) applications() {
	for i := range 90 {
		owner, access := w.any(), pick(w.rng, []string{"OWN", "ANY", "EXPLICIT"})
		creator := owner
		if access == "EXPLICIT" {
			creator = w.related(owner)
		}
		status := "ACTIVE"
		if w.chance(25) {
			status = "ARCHIVED"
		}
		a := app{id[oid.Application](i*37%101 + 1), owner}
		w.add("applications", row{"id": a.id, "client_id": owner.id, "creator_id": creator.id, "code": fmt.Sprintf("app-%d-%d", i*53%17, i), "name": pick(w.rng, names),
			"type": pick(w.rng, []string{"APP", "SITE"}), "access_type": access, "status": status,
			"thumbnail_url": w.maybe("https://img.example/ü?a=\"1\"&b=\\<>")})
		w.apps = append(w.apps, a)
		if access == "EXPLICIT" && w.chance(70) {
			w.grant(a, creator, pick(w.rng, []string{"WRITE", "WRITE", "READ"}), w.ends())
		}
	}
}

// ends is when something expires: never, before now, at this very moment, later.
func (w *world) ends() any {
	return []any{nil, nil, now.Add(-time.Hour), now, now.Add(time.Microsecond), now.Add(time.Hour)}[w.rng.IntN(6)]
}

func (w *world) grants() {
	for range 220 {
		a := pick(w.rng, w.apps)
		w.grant(a, w.related(a.owner), pick(w.rng, []string{"READ", "WRITE", "BARRED"}), w.ends())
	}
}

func (w *world) grant(a app, to client, level string, ends any) {
	n := len(w.rows["access_grants"])
	if !w.first("grant", a.id, to.id) {
		return
	}
	w.add("access_grants", row{"id": id[oid.AccessGrant](n*17%499 + 1), "client_id": to.id, "application_id": a.id, "level": level, "expires_at": ends,
		"reason": pick(w.rng, texts), "giver_id": w.related(a.owner).id, "given_by_id": nil, "embeddable": n%3 == 0, "lent": w.chance(25), "lent_until": w.ends()})
}

// settings: properties and URLs, for several clients with the same names.
func (w *world) settings() {
	for i := range 260 {
		a := pick(w.rng, w.apps[:70])
		c, name := w.related(a.owner), pick(w.rng, propertyNames)
		if w.first("property", a.id, c.id, name) {
			w.add("application_properties", row{"id": id[oid.Property](i*19%521 + 1), "client_id": c.id, "application_id": a.id, "name": name,
				"value": pick(w.rng, texts), "public": w.chance(50), "secret": w.chance(20), "sealed": nil})
		}
	}
	w.changes()
	for i := range 180 {
		a := pick(w.rng, w.apps[:70])
		c, origin := w.related(a.owner), fmt.Sprintf("https://host%d.example", w.rng.IntN(9))
		if !w.first("url", a.id, c.id, origin) {
			continue
		}
		r := row{"id": id[oid.ClientURL](i*23%499 + 1), "client_id": c.id, "application_id": a.id, "origin": origin, "challenge": fmt.Sprint("appanage-", i),
			"status": "PENDING", "proven_at": nil, "proven_origin": nil}
		if w.chance(40) {
			r["status"], r["proven_at"], r["proven_origin"] = "PROVEN", w.moment(), fmt.Sprintf("https://%d.example", i)
		}
		w.add("client_urls", r)
	}
}

// propertyNames: some that the platform knows, and has a default for or not.
var propertyNames = []string{"COLOUR", "NAME_1", "NAME_10", "NAME_2", "REGISTRATION_TYPE", "URL", "Z"}

// changes is the history of properties, by users and clients that there are, and others that are gone.
func (w *world) changes() {
	for i := range 120 {
		a := pick(w.rng, w.apps[:70])
		w.add("property_changes", row{"id": id[oid.PropertyChange](i*31%131 + 1), "client_id": w.related(a.owner).id, "application_id": a.id, "name": pick(w.rng, propertyNames),
			"value": w.maybe(pick(w.rng, texts)), "public": w.chance(50), "secret": w.chance(20), "removed": w.chance(30),
			"changed_by_client_id": w.maybe(w.related(a.owner).id), "changed_by_id": w.maybe(id[oid.User](w.rng.IntN(40)))})
	}
}

// gifts: of the base package to every client, of the others across clients.
func (w *world) gifts() {
	for _, c := range w.clients[1:] { // SYSTEM has it from the start
		w.gift(authority.BuiltInPackage(authority.BasePackage), c.id, oid.SystemClient)
	}
	for range 90 {
		giver := w.any()
		by := giver.id
		if w.chance(60) { // each giver's own rights are read with the caller's, again and again
			by = oid.SystemClient
		}
		w.gift(pick(w.rng, w.packages), w.related(giver).id, by)
	}
}

func (w *world) gift(p oid.Package, to, by oid.Client) {
	if n := len(w.rows["package_gifts"]); w.first("gift", p, to) {
		w.add("package_gifts", row{"id": id[oid.PackageGift](n), "client_id": to, "package_id": p, "giver_id": by})
	}
}
