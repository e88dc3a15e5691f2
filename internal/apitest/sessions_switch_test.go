package apitest

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// domain 2.2, 2.3: the caller acts for another client of his, by a new session; the old one ends, and the new one lives no
// longer than it would have.
func TestSessionSwitchClient(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newCrew(t, h)
		vic, token := h.User(e.p, "vic")
		there := e.join(vic, e.s)
		first := e.viewer(token).Session.ID
		e.exec("UPDATE sessions SET device = 'A device' WHERE id = ?", first)
		ends := h.Ent().Session.GetX(h.System(), oid.Session(first)).ExpiresAt
		a := e.raw(token, "sessionSwitchClient", input{"clientId": e.s})
		var data map[string]payload
		h.MustData(a, &data)
		p := data["sessionSwitchClient"]
		if p.Token == nil || p.Session == nil || !strings.HasPrefix(*p.Token, "apn_") {
			t.Fatalf("%s", a.Body)
		}
		if v := e.viewer(*p.Token); v.User.ID != string(vic) || v.Client.Code != "STRANGER" || v.Session.ID != p.Session.ID {
			t.Errorf("%+v", v)
		}
		barred(t, h, "the session before", "Bearer "+token)
		made := h.Ent().Session.GetX(h.System(), oid.Session(p.Session.ID))
		if !made.ExpiresAt.Equal(ends) || made.MembershipID != there || made.Device != "A device" || made.ApplicationID != nil || e.count("sessions", "user_id = ?", vic) != 1 {
			t.Errorf("%+v", made)
		}
		names := map[string]string{first: "OLD", p.Session.ID: "NEW", string(vic): "VIC", string(e.p): "P", string(e.s): "S"}
		if got := strings.Join(e.trail(t, a.Header.Get("X-Request-Id"), names), "\n"); got != `sessionSwitchClient Session OLD by VIC of P in P: {"clientId":"P","device":"A device","userId":"VIC"} -> nothing
sessionSwitchClient Session NEW by VIC of P in S: nothing -> {"clientId":"S","device":"A device","userId":"VIC"}` {
			t.Errorf("%s", got)
		}
		// and back, also to where he is
		back := e.succeeds(*p.Token, "sessionSwitchClient", input{"clientId": e.p})
		again := e.succeeds(*back.Token, "sessionSwitchClient", input{"clientId": e.p})
		if e.viewer(*again.Token).Client.Code != "PARTNER" {
			t.Error("he is not back")
		}
	})
}

// decision 17: the menu of clients that a frontend offers: those one is a member of, wherever they are, and no more of them
// than it needs. Of a colleague's memberships it shows nothing.
func TestClientsToSwitchTo(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newCrew(t, h)
		vic, token := h.User(e.p, "vic") // without any role
		colleague, _ := h.User(e.p, "colleague")
		e.join(vic, e.s)
		e.join(colleague, h.Client(oid.SystemClient, "ELSEWHERE", false))
		const menu = `{ viewer { clients { nodes { id code name type } totalCount } } }`
		a := h.Do(token, menu, nil)
		if want := fmt.Sprintf(`{"id":%q,"code":"STRANGER","name":"Client STRANGER","type":null}],"totalCount":2}`, e.s); len(a.Errors) > 0 || !strings.Contains(string(a.Data), want) {
			t.Fatalf("%s", a.Body)
		}
		there := e.succeeds(token, "sessionSwitchClient", input{"clientId": e.s})
		if a := h.Do(*there.Token, menu, nil); !strings.Contains(string(a.Data), `"code":"PARTNER","name":"Client PARTNER","type":null`) {
			t.Errorf("the way back: %s", a.Body)
		}
		_, outsider := h.User(e.p, "outsider", ownerRole)
		if a := h.Do(outsider, `query ($id: ID!) { node(id: $id) { ... on User { memberships { nodes { home client { code } } } } } }`, hubtest.Variables{"id": colleague}); strings.Contains(string(a.Data), "ELSEWHERE") {
			t.Errorf("a colleague's: %s", a.Body)
		}
		if a := h.Do(outsider, `query ($id: ID!) { node(id: $id) { id } }`, hubtest.Variables{"id": e.s}); string(a.Data) != `{"node":null}` {
			t.Errorf("who is no member: %s", a.Body)
		}
	})
}

// What signing in to the other client asks for, switching to it does too.
func TestSessionSwitchClientRefusals(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newCrew(t, h)
		suspended := h.Client(e.p, "BARRED", false)
		below := h.Client(suspended, "BELOW", false)
		h.Must(h.Ent().Tenant.UpdateOneID(suspended).SetStatus(enum.ClientSuspended).Exec(h.System()))
		vic, token := h.User(e.p, "vic")
		for _, client := range []oid.Client{e.s, e.c, below} {
			e.join(vic, client)
		}
		inApp := h.Session(e.p, vic, e.home(vic), &e.readable)
		for _, c := range []struct {
			rule, token string
			to          any
			want        string
		}{
			{"2.2 no membership, a client in scope", token, e.g, "NOT_FOUND at input.clientId"},
			{"0 no membership, a client out of scope", token, oid.SystemClient, "NOT_FOUND at input.clientId"},
			{"0 an unknown client", token, oid.New[oid.Client](), "NOT_FOUND at input.clientId"},
			{"an id of another kind", token, vic, "INVALID at input.clientId"},
			{"1.5 a client below a suspended one", token, below, "NOT_ALLOWED at input.clientId"},
			{"2.4 a client without access to the application", inApp, e.s, "NOT_ALLOWED at input.clientId"},
		} {
			t.Run(c.rule, func(t *testing.T) { e.fails(t, c.token, "sessionSwitchClient", input{"clientId": c.to}, c.want) })
		}
		e.refuses(t, "", "sessionSwitchClient", input{"clientId": e.c}, 401, "UNAUTHENTICATED")
		p := e.succeeds(inApp, "sessionSwitchClient", input{"clientId": e.c}) // it has READ
		if app := h.Ent().Session.GetX(h.System(), oid.Session(p.Session.ID)).ApplicationID; app == nil || *app != e.readable {
			t.Errorf("the application is lost: %v", app)
		}
		// of a session that has ended elsewhere a moment ago nothing is made
		if !works(t, h, token) {
			t.Fatal("the token does not work")
		}
		e.exec("DELETE FROM sessions WHERE user_id = ?", vic)
		if a := e.raw(token, "sessionSwitchClient", input{"clientId": e.c}); len(a.Errors) != 1 || a.Errors[0].Code() != "UNAUTHENTICATED" {
			t.Errorf("%s", a.Body)
		}
		if n := e.count("sessions", "user_id = ?", vic); n != 0 {
			t.Errorf("%d sessions", n)
		}
	})
}

// One session becomes one session, though a hundred ask at once, on two nodes.
func TestSwitchesAtOnce(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newCrew(t, h)
		vic, token := h.User(e.p, "vic")
		e.join(vic, e.s)
		nodes := []*hubtest.Hub{h, h.Node()}
		var all sync.WaitGroup
		for i := range 40 {
			all.Go(func() {
				nodes[i%2].Do(token, mutation("sessionSwitchClient"), hubtest.Variables{"input": input{"clientId": e.s}})
			})
		}
		all.Wait()
		if n := e.count("sessions", "user_id = ?", vic); n != 1 {
			t.Errorf("%d sessions came of one", n)
		}
	})
}

// domain 2.5: sessions of others end by Session_DELETE, where they act for a client in scope.
func TestSessionDeleteOfOthers(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newCrew(t, h)
		vic, atHome := h.User(e.p, "vic")
		further := e.join(vic, e.s)
		abroad := h.Session(e.s, vic, further, nil)
		carls := e.viewer(e.carl).Session.ID
		first, second := e.viewer(atHome).Session.ID, e.viewer(abroad).Session.ID
		for _, c := range []struct{ rule, token, id string }{
			{"without Session_DELETE", e.helping, first},
			{"of the client above", e.carl, first},
			{"of a user of the scope, acting elsewhere", e.paula, second},
			{"of a member, acting at his home", e.stan, first},
		} {
			t.Run(c.rule, func(t *testing.T) { e.fails(t, c.token, "sessionDelete", input{"id": c.id}, "NOT_FOUND at input.id") })
		}
		ends := func(by, id, token, trail string) {
			t.Helper()
			if !works(t, h, token) {
				t.Fatal("the token does not work before")
			}
			if p := e.succeeds(by, "sessionDelete", input{"id": id}); p.SessionID == nil || *p.SessionID != id {
				t.Errorf("%+v", p)
			}
			barred(t, h, "an ended session", "Bearer "+token)
			if n := e.count("audit_events", "operation = 'sessionDelete' AND object_id = ? AND client_id = ?", id, trail); n != 1 {
				t.Errorf("%d traces", n)
			}
		}
		ends(e.paula, first, atHome, string(e.p))
		ends(e.stan, second, abroad, string(e.s))
		ends(e.paula, carls, e.carl, string(e.c))
		// one's own, acting elsewhere
		own, by := h.Session(e.p, vic, e.home(vic), nil), h.Session(e.s, vic, further, nil)
		ends(by, e.viewer(own).Session.ID, own, string(e.p))
	})
}

// A keyed sign-in, or switch, opens one session; its token is shown once.
func TestKeyedSessions(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		d := newDoors(t, h)
		const key = "0123456789abcdef0123456789abcdef"
		in := hubtest.Variables{"input": input{"identifier": "una", "password": password, "clientCode": "PARTNER"}}
		before := d.count("sessions", "1 = 1")
		var data map[string]payload
		h.MustData(h.DoOnce("", key, mutation("sessionCreate"), in), &data)
		token := data["sessionCreate"].Token
		for range 3 {
			a := h.DoOnce("", key, mutation("sessionCreate"), in)
			if !strings.Contains(string(a.Body), `"errors":[{"code":"ALREADY_DONE"`) || strings.Contains(string(a.Body), "apn_") {
				t.Errorf("a repeat: %s", a.Body)
			}
		}
		if n := d.count("sessions", "1 = 1") - before; n != 1 || token == nil || !works(t, h, *token) {
			t.Errorf("%d sessions were opened", n)
		}
		// what fails is counted, key or not, and again
		in = hubtest.Variables{"input": input{"identifier": "una", "password": "a mistaken password", "clientCode": "PARTNER"}}
		for range 3 {
			if a := h.DoOnce("", key+"0", mutation("sessionCreate"), in); !strings.Contains(string(a.Body), "CREDENTIALS") {
				t.Errorf("%s", a.Body)
			}
		}
		if n := d.count("attempts", "1 = 1"); n != 3 {
			t.Errorf("%d failures are counted", n)
		}
		a := h.DoOnce(*token, key, mutation("sessionSwitchClient"), hubtest.Variables{"input": input{"clientId": d.c}})
		h.MustData(a, &data)
		if n := d.count("sessions", "user_id = ?", d.una); n != 1 || data["sessionSwitchClient"].Token == nil {
			t.Errorf("%d sessions after a switch: %s", n, a.Body)
		}
	})
}
