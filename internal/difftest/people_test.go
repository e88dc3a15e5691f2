package difftest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/fold"
	"github.com/appanage/appanage/internal/identity"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// member is a user's membership.
type member struct {
	user oid.User
	id   oid.Membership
	at   client
}

// principal is somebody who asks.
type principal struct {
	name, token string
	full        bool // holds every authority that a field requires
}

// check: the hub takes the principal for what he is meant to be.
func (p principal) check(tb testing.TB, h *hubtest.Hub) {
	tb.Helper()
	var data struct {
		Viewer *struct{ Authorities []string }
	}
	h.MustData(h.Do(p.token, "{ viewer { authorities } }", nil), &data)
	if signedIn := data.Viewer != nil; signedIn != (p.token != "") {
		tb.Fatalf("%s: signed in %t", p.name, signedIn)
	}
	if p.full && len(data.Viewer.Authorities) <= len(authority.BuiltIn()) { // Logged_IN comes on top
		tb.Fatalf("%s holds only %v", p.name, data.Viewer.Authorities)
	}
}

// rights: permissions, roles and packages of applications, of their owners, of strangers and of none.
func (w *world) rights() {
	for i := range 130 {
		a := pick(w.rng, w.apps)
		owner, application := a.owner, any(a.id)
		if w.chance(20) {
			owner, application = w.related(owner), w.maybe(a.id)
		}
		text := fmt.Sprintf("%s.Thing%d_READ", pick(w.rng, []string{"app", "App", "äpp", "a\"p"}), i*7%131)
		w.permissions = append(w.permissions, id[oid.Permission](i*29%137+1))
		w.add("permissions", row{"id": w.permissions[i], "client_id": owner.id, "application_id": application, "authority": text, "authority_key": fold.Key(text),
			"description": pick(w.rng, texts), "built_in": false})
		w.roles = append(w.roles, id[oid.Role](i*31%139+1))
		w.add("roles", row{"id": w.roles[i], "client_id": owner.id, "application_id": application, "name": pick(w.rng, names), "description": pick(w.rng, texts), "built_in": false})
		if i%2 == 0 {
			p := id[oid.Package](i*41%149 + 1)
			w.packages = append(w.packages, p)
			w.add("packages", row{"id": p, "client_id": owner.id, "application_id": application, "code": fmt.Sprintf("PKG-%02d-%d", i*11%13, i), "name": pick(w.rng, names),
				"description": pick(w.rng, texts), "base": w.chance(10), "built_in": false})
		}
	}
	w.reach()
	for range 350 {
		w.tie("role_permissions", "role_id", string(pick(w.rng, w.roles)), "permission_id", string(pick(w.rng, w.permissions)))
		w.tie("package_roles", "package_id", string(pick(w.rng, w.packages)), "role_id", string(pick(w.rng, w.roles[:100])))
	}
	for _, name := range []string{"Role Manager", authority.OwnerRole} {
		w.tie("package_roles", "package_id", string(w.packages[0]), "role_id", string(authority.BuiltInRole(name)))
	}
}

// tie links two rows, once.
func (w *world) tie(table, from, a, to, b string) {
	if w.first(table, a, b) {
		w.link(table, row{from: a, to: b})
	}
}

// reach gives roles sub-roles, always later ones, and closes them.
func (w *world) reach() {
	reached := make([][]int, len(w.roles))
	for i := len(w.roles) - 1; i >= 0; i-- {
		reached[i] = []int{i}
		for range w.rng.IntN(4) {
			sub := i + 1 + w.rng.IntN(40)
			if sub >= len(w.roles) || !w.first("sub", i, sub) {
				continue
			}
			w.link("role_sub_roles", row{"role_id": w.roles[i], "sub_role_id": w.roles[sub]})
			reached[i] = append(reached[i], reached[sub]...)
		}
		slices.Sort(reached[i])
		reached[i] = slices.Compact(reached[i])
		for _, j := range reached[i] {
			w.link("role_paths", row{"role_id": w.roles[i], "reached_role_id": w.roles[j]})
		}
	}
}

// people: users at home in one client and members of others, of other partners too.
func (w *world) people() {
	for i := range 90 {
		home := w.any()
		m := w.user(i, home, pick(w.rng, []string{"ACTIVE", "ACTIVE", "INVITED", "SUSPENDED"}))
		for range w.rng.IntN(4) {
			w.membership(m.user, w.related(home), false)
		}
	}
	for i, r := range w.rows["access_grants"] {
		if i%3 == 0 {
			r["given_by_id"] = pick(w.rng, w.users).user
		}
	}
	for _, m := range w.members {
		for range w.rng.IntN(4) {
			w.session(m, fmt.Sprint("nobody's ", len(w.rows["sessions"])), w.ends(), w.maybe(pick(w.rng, w.apps).id))
		}
	}
}

func (w *world) user(n int, home client, status string) member {
	u := id[oid.User](n*43%211 + 1)
	r := row{"id": u, "client_id": home.id, "base_id": home.base, "name": pick(w.rng, names), "status": status, "locale": "en", "password_hash": nil,
		"user_name": nil, "user_name_key": nil, "email": nil, "email_key": nil, "phone": nil, "phone_key": nil}
	if w.chance(60) {
		r["user_name"], r["user_name_key"] = fmt.Sprintf("Usér%d", n), fmt.Sprintf("usér%d", n)
	}
	if w.chance(60) {
		r["email"], r["email_key"] = fmt.Sprintf("U%d+\"x\"@Example.org", n), w.maybe(fmt.Sprintf("u%d@example.org", n))
	}
	if w.chance(40) {
		r["phone"], r["phone_key"] = fmt.Sprintf("+41 44 %d", n), w.maybe(fmt.Sprintf("+4144%d", n))
	}
	w.add("users", r)
	m := w.membership(u, home, true)
	w.users = append(w.users, m)
	return m
}

func (w *world) membership(u oid.User, at client, home bool) member {
	m := member{u, id[oid.Membership](len(w.members)*47%601 + 1), at}
	if !w.first("member", u, at.id) {
		return m
	}
	w.add("memberships", row{"id": m.id, "client_id": at.id, "user_id": u, "home": home})
	w.members = append(w.members, m)
	for range w.rng.IntN(4) {
		w.tie("membership_roles", "membership_id", string(m.id), "role_id", string(pick(w.rng, w.roles)))
	}
	return m
}

func (w *world) session(m member, token string, ends, application any) {
	if ends == nil {
		ends = now.Add(time.Hour)
	}
	n := len(w.rows["sessions"])
	w.add("sessions", row{"id": id[oid.Session](n*53%997 + 1), "client_id": m.at.id, "user_id": m.user, "membership_id": m.id, "application_id": application,
		"token_hash": identity.HashToken(token), "device": pick(w.rng, texts), "last_used_at": now, "expires_at": ends})
}

// callers are the principals: with every authority, with some, with none, and without a token.
func (w *world) callers() {
	big, small := w.below["BIG"], w.below["SMALL"]
	all := []string{authority.OwnerRole}
	w.caller("system", w.below["SYSTEM"][0], all)
	w.caller("big", big[0], all)
	w.caller("small", small[0], all)
	w.caller("deep", small[4], all)
	w.caller("stranger", w.below["STRANGER"][0], all)
	w.caller("individual", w.individual(), all)
	w.caller("applications", small[0], []string{"Application Manager", "Role Manager"})
	w.caller("clients", big[0], []string{"Client Manager", "User Manager", "Package Manager"})
	w.caller("base", small[1], []string{authority.ClientOwnerRole})
	w.caller("idle", small[0], nil)

	abroad := w.caller("at-home", small[1], all)
	further := w.membership(abroad.user, big[1], false)
	w.assign(further, all)
	w.session(further, "abroad", nil, nil)
	w.principals = append(w.principals, principal{"abroad", "abroad", true}, principal{"anonymous", "", false})

	// for an application that SMALL owns: roles of others do not count, those of none do
	w.session(w.caller("for-none", small[0], all), "for-one", nil, w.ownedBy(small[0]))
	w.principals = append(w.principals, principal{"for-one", "for-one", true})
	for _, p := range w.principals { // those who may read ask more often
		if p.full {
			w.principals = append(w.principals, p)
		}
	}
}

// caller makes a user with roles of the packages given to his client, and a session.
func (w *world) caller(name string, at client, roles []string) member {
	m := w.user(100+len(w.principals), at, "ACTIVE")
	w.assign(m, roles)
	w.session(m, name, nil, nil)
	w.principals = append(w.principals, principal{name, name, slices.Contains(roles, authority.OwnerRole)})
	return m
}

// assign gives a member built-in roles, and his client the package they are in.
func (w *world) assign(m member, roles []string) {
	if len(roles) > 0 && m.at.id != oid.SystemClient {
		w.gift(authority.BuiltInPackage(authority.PlatformPackage), m.at.id, oid.SystemClient)
	}
	for _, role := range roles {
		w.tie("membership_roles", "membership_id", string(m.id), "role_id", string(authority.BuiltInRole(role)))
	}
}

// individual is a person among SMALL's first clients.
func (w *world) individual() client {
	for _, c := range w.below["SMALL"][:6] {
		if w.find("clients", string(c.id))["type"] == "INDIVIDUAL" {
			return c
		}
	}
	panic("no individual is near") // the world is always the same: a fault of its makers
}

// ownedBy is an active application of a client.
func (w *world) ownedBy(c client) oid.Application {
	for _, a := range w.apps {
		if a.owner.id == c.id && w.find("applications", string(a.id))["status"] == "ACTIVE" {
			return a.id
		}
	}
	panic("it owns none") // as in individual
}

// find is the row of a table with an id.
func (w *world) find(table, id string) row {
	for _, r := range w.rows[table] {
		if fmt.Sprint(r["id"]) == id {
			return r
		}
	}
	return nil
}
