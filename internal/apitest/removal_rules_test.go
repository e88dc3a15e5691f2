package apitest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// explicit makes an archived application of P's, created by C, which has the given access.
func (e *estate) explicit(code string, level enum.AccessLevel) oid.Application {
	e.t.Helper()
	app := e.Application(e.p, code, code)
	e.exec("UPDATE applications SET creator_id = ?, access_type = 'EXPLICIT' WHERE id = ?", e.c, app)
	e.grant(app, e.c, level)
	e.archive(app)
	return app
}

// domain 11.2, 11.3: who plans and removes is who may update (4.4): the owner, those managing it, SYSTEM, and the creator of
// an EXPLICIT application with write access. To all others there is no plan, as there is none of what does not exist.
func TestWhoRemoves(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		created, lost := e.explicit("created", enum.LevelWrite), e.explicit("lost", enum.LevelRead)
		e.archive(e.written)
		_, reader := h.User(e.p, "reader", h.Role(e.p, nil, "Reads", oid.BuiltIn[oid.Permission]("Application_READ")))
		for name, c := range map[string]struct {
			token string
			app   oid.Application
			plans bool
			fails string
		}{
			"the owner":                       {e.paula, e.app, true, ""},
			"SYSTEM":                          {e.root, e.foreign, true, ""},
			"the creator":                     {e.carl, created, true, ""},
			"the owner, of what C created":    {e.paula, created, true, ""},
			"a creator who writes no more":    {e.carl, lost, false, "NOT_FOUND at input.id"},
			"one with WRITE":                  {e.carl, e.any, false, "NOT_ALLOWED at input.id"},
			"one with READ":                   {e.carl, e.readable, false, "NOT_ALLOWED at input.id"},
			"one with WRITE, of an archived":  {e.carl, e.written, false, "NOT_FOUND at input.id"},
			"a client below":                  {e.gina, created, false, "NOT_FOUND at input.id"},
			"a stranger":                      {e.stan, e.app, false, "NOT_FOUND at input.id"},
			"somebody, of what there is none": {e.root, oid.New[oid.Application](), false, "NOT_FOUND at input.id"},
		} {
			t.Run(name, func(t *testing.T) {
				if p := e.plan(c.token, c.app); (p != nil) != c.plans {
					t.Errorf("the plan is %+v", p)
				}
				if c.fails != "" {
					e.fails(t, c.token, "applicationRemove", input{"id": c.app, "token": "0.x", "force": false}, c.fails)
				}
			})
		}
		for _, token := range []string{reader, ""} {
			want := map[string]string{reader: "FORBIDDEN", "": "UNAUTHENTICATED"}[token]
			if a := h.Do(token, planQuery, hubtest.Variables{"id": e.app}); len(a.Errors) != 1 || a.Errors[0].Code() != want {
				t.Errorf("without the authority: %s", a.Body)
			}
		}
		e.refuses(t, reader, "applicationRemove", input{"id": e.app, "token": "x"}, http.StatusForbidden, "FORBIDDEN")
		e.fails(t, e.paula, "applicationRemove", input{"id": e.p, "token": "x"}, "INVALID at input.id")
		e.succeeds(e.carl, "applicationRemove", e.remove(e.carl, created, false))
	})
}

// domain 11.1, 11.3: an application in use is planned, and not removed.
func TestAnApplicationInUseIsNotRemoved(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		in := e.remove(e.paula, e.app, false)
		e.fails(t, e.paula, "applicationRemove", in, "NOT_ALLOWED at input.id")
		e.archive(e.app)
		e.succeeds(e.paula, "applicationRemove", in)
		e.fails(t, e.paula, "applicationRemove", in, "NOT_FOUND at input.id")
		if p := e.plan(e.paula, e.app); p != nil {
			t.Errorf("of what is gone there is a plan: %+v", p)
		}
	})
}

// domain 11.2, 11.3: what stands against a removal are other clients that have access today, and applications that depend on
// it. It takes force then.
func TestWhatStandsAgainstARemoval(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		e.archive(e.any) // C has WRITE
		expect := func(token, want string) {
			t.Helper()
			if p := e.plan(token, e.any); p.against() != want {
				t.Errorf("against it stands %q, want %q", p.against(), want)
			}
		}
		expect(e.paula, "CLIENTS 1")
		e.grant(e.any, e.g, enum.LevelBarred)
		expired := e.grant(e.any, e.s, enum.LevelRead)
		expect(e.paula, "CLIENTS 2")
		e.exec("UPDATE access_grants SET expires_at = ? WHERE id = ?", clock.Now().Add(-time.Second), expired)
		expect(e.paula, "CLIENTS 1")
		h.Must(h.Ent().ApplicationDependency.Create().SetClientID(e.p).SetApplicationID(e.app).SetDependencyID(e.any).SetPosition(1).Exec(h.System()))
		h.Must(h.Ent().ApplicationDependency.Create().SetClientID(e.p).SetApplicationID(e.any).SetDependencyID(e.readable).SetPosition(1).Exec(h.System()))
		expect(e.paula, "CLIENTS 1, DEPENDENTS 1")
		in := e.remove(e.paula, e.any, false)
		if p := e.fails(t, e.paula, "applicationRemove", in, "NOT_ALLOWED at input.force"); !strings.Contains(p.Errors[0].Message, "access: 1, applications that depend on it: 1") {
			t.Errorf("it says %+v", p.Errors)
		}
		in["force"] = true
		got := e.succeeds(e.paula, "applicationRemove", in)
		if want := []removalCount{{"AccessGrant", 3, false}, {"ApplicationDependency", 2, false}}; !slices.Equal(got.Counts, want) {
			t.Errorf("gone is %v", got.Counts)
		}
	})
}

// Attack, domain 11.3: the creator of an application whom others have come to use removes it under them. His own access does
// not stand against it; that of others he cannot force.
func TestAttackForcingARemoval(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		app := e.explicit("created", enum.LevelWrite)
		e.grant(app, e.s, enum.LevelRead)
		in := e.remove(e.carl, app, true)
		e.fails(t, e.carl, "applicationRemove", in, "NOT_ALLOWED at input.force")
		in["force"] = false
		e.fails(t, e.carl, "applicationRemove", in, "NOT_ALLOWED at input.force")
		unguarded := newEstateOn(e, h.Node(func(o *hub.HTTP) {
			o.AlterRules = func(r *authz.Rules) { r.ForcesRemoval = func(authz.Caller) bool { return true } }
		}))
		in["force"] = true
		unguarded.succeeds(e.carl, "applicationRemove", in)
	})
}

// Attack, domain 11.3: who was given write access removes the application.
func TestAttackRemovingWhatOneMayWrite(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		if e.plan(e.carl, e.any) != nil {
			t.Error("he sees the plan")
		}
		e.fails(t, e.carl, "applicationRemove", input{"id": e.any, "token": e.plan(e.paula, e.any).Token, "force": true}, "NOT_ALLOWED at input.id")
		unguarded := newEstateOn(e, h.Node(func(o *hub.HTTP) {
			o.AlterRules = func(r *authz.Rules) { r.Removes = func(authz.Caller, authz.Application) bool { return true } }
		}))
		if unguarded.plan(e.carl, e.any) == nil {
			t.Error("no other rule hides the plan: the test shows nothing")
		}
	})
}

// domain 11.3: a plan holds while its numbers are what they are, those of what expires by itself left out.
func TestHowLongAPlanHolds(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		e.archive(e.any)
		e.archive(e.written)
		node := newEstateOn(e, h.Node()) // the same on every node
		grant := e.grant(e.any, e.s, enum.LevelRead)
		session := func() {
			m := query(t, h, "SELECT id FROM memberships WHERE user_id = ?", e.carlID)[0]["id"].(string)
			h.Session(e.c, e.carlID, oid.Membership(m), &e.any)
		}
		session()
		in := e.remove(e.paula, e.any, true)
		conflict := func(why string, in input) {
			t.Helper()
			before := e.count("applications", "1 = 1")
			if p := node.do(e.paula, "applicationRemove", in); len(p.Errors) != 1 || p.Errors[0].Code != "CONFLICT" || fmt.Sprint(p.Errors[0].Path) != "[input token]" {
				t.Errorf("%s: %+v", why, p.Errors)
			}
			if e.count("applications", "1 = 1") != before {
				t.Errorf("%s: it is gone", why)
			}
		}
		conflict("no token", input{"id": e.any, "token": "", "force": true})
		conflict("of another application", input{"id": e.any, "token": e.plan(e.paula, e.written).Token, "force": true})
		conflict("with another number of clients", input{"id": e.any, "token": "9" + in["token"].(string)[1:], "force": true})
		conflict("of another key", input{"id": e.any, "token": in["token"].(string)[:65] + "x", "force": true})

		h.Must(h.Ent().ApplicationProperty.Create().SetClientID(e.p).SetApplicationID(e.any).SetName("NEW").SetValue("x").Exec(h.System()))
		conflict("a property more", in)
		e.exec("DELETE FROM application_properties WHERE name = 'NEW'")
		barred := e.grant(e.any, e.g, enum.LevelBarred)
		stale := in
		in = e.remove(e.paula, e.any, true)
		conflict("a grant more", stale)
		e.exec("UPDATE access_grants SET level = 'READ' WHERE id = ?", barred)
		conflict("one client more with access, of as many grants", in)
		e.exec("UPDATE access_grants SET level = 'BARRED' WHERE id = ?", barred)

		session()                                                                                            // sessions come and go,
		e.exec("UPDATE access_grants SET expires_at = ? WHERE id = ?", clock.Now().Add(-time.Second), grant) // and access expires
		if fresh := e.plan(e.paula, e.any); fresh.Token == in["token"] {
			t.Error("the numbers are the same: the test shows nothing")
		}
		got := node.succeeds(e.paula, "applicationRemove", in)
		if want := []removalCount{{"AccessGrant", 3, false}, {"Session", 2, true}}; !slices.Equal(got.Counts, want) {
			t.Errorf("gone is %v", got.Counts)
		}
	})
}

// Attack, domain 2.5: with an application goes a role of it that makes the last administrator of a client one. That client is
// out of the scope of whoever removes: it is refused, as deleting the role is.
func TestAttackRemovingTheLastAdministratorsRole(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		app := e.explicit("created", enum.LevelWrite)
		administers := h.Role(e.p, &app, "Administers", oid.BuiltIn[oid.Permission]("User_UPDATE"), oid.BuiltIn[oid.Permission]("Role_READ"))
		e.exec("DELETE FROM membership_roles WHERE membership_id = (SELECT id FROM memberships WHERE user_id = ?)", e.paulaID)
		h.User(e.p, "adam", administers)
		in := e.remove(e.carl, app, false)
		e.fails(t, e.carl, "applicationRemove", in, "NOT_ALLOWED at input.id")
		unguarded := newEstateOn(e, h.Node(func(o *hub.HTTP) {
			o.AlterRules = func(r *authz.Rules) { r.KeepsAdministrator = func(int, int, bool) bool { return true } }
		}))
		unguarded.succeeds(e.carl, "applicationRemove", in)

		// SYSTEM manages everybody
		other := e.explicit("other", enum.LevelWrite)
		h.User(e.p, "eve", h.Role(e.p, &other, "Administers", oid.BuiltIn[oid.Permission]("User_UPDATE"), oid.BuiltIn[oid.Permission]("Role_READ")))
		e.succeeds(e.root, "applicationRemove", e.remove(e.root, other, true))
	})
}

// domain 11.3, 16.1, 4.2: what stays is one event in the trail of the owner, with what went, and the code, which nobody gets
// again. domain 16.2: a repeat with the key says the same.
func TestWhatStaysOfARemoval(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		made := e.succeeds(e.paula, "applicationCreate", input{"name": "Doomed", "code": "doomed", "clientId": e.p}).Application
		app := oid.Application(made.ID)
		h.Must(h.Ent().ClientURL.Create().SetClientID(e.p).SetApplicationID(app).SetOrigin("https://doomed.example").Exec(h.System()))
		role := h.Role(e.p, &app, "Reads clients", oid.BuiltIn[oid.Permission]("Client_READ"))
		_, user := h.User(e.p, "user", role)
		e.archive(app)
		const mayRead = `{ client(code: "PARTNER") { code } }`
		if a := h.Do(user, mayRead, nil); len(a.Errors) > 0 {
			t.Fatalf("with the role: %s", a.Body)
		}
		in := e.remove(e.paula, app, false)
		want := []removalCount{{"ClientUrl", 1, false}, {"MembershipRole", 1, false}, {"Role", 1, false}, {"RolePermission", 1, false}}
		var ids []string
		for range 2 {
			var data struct{ ApplicationRemove payload }
			a := h.DoOnce(e.paula, "a-key", mutation("applicationRemove"), hubtest.Variables{"input": in})
			if h.MustData(a, &data); !slices.Equal(data.ApplicationRemove.Counts, want) || show(data.ApplicationRemove.ApplicationID) != made.ID {
				t.Errorf("it answers %s", a.Body)
			}
			ids = append(ids, a.Header.Get("X-Request-Id"))
		}
		names := map[string]string{made.ID: "APP", string(e.p): "P", string(e.paulaID): "PAULA"}
		event := `applicationRemove Application APP by PAULA of P in P: {"accessType":"OWN","clientId":"P","code":"doomed","creatorId":"P","name":"Doomed",` +
			`"removed":{"ClientUrl":1,"MembershipRole":1,"Role":1,"RolePermission":1},"thumbnailUrl":null,"type":"APP","version":1} -> nothing`
		if got := e.trail(t, ids[0], names); !slices.Equal(got, []string{event}) {
			t.Errorf("\ngot  %s\nwant %s", strings.Join(got, "\n     "), event)
		}
		if got := e.trail(t, ids[1], names); len(got) > 0 {
			t.Errorf("the repeat left %v", got)
		}
		e.fails(t, e.paula, "applicationCreate", input{"name": "Again", "code": "doomed"}, "TAKEN at input.code")
		// what its roles gave works no more, on no node later than a second; on another one at once
		if a := h.Node().Do(user, mayRead, nil); len(a.Errors) != 1 || a.Errors[0].Code() != "FORBIDDEN" {
			t.Errorf("without the role: %s", a.Body)
		}
	})
}
