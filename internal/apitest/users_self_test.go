package apitest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// domain 2.5: a user may always read himself, and change his own name and locale, wherever he acts and whatever he holds.
func TestViewerUpdate(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newCrew(t, h)
		vic, atHome := h.User(e.p, "vic")
		abroad := h.Session(e.s, vic, e.join(vic, e.s), nil)
		for _, c := range []struct {
			token string
			in    input
			want  string
		}{
			{atHome, input{}, `"vic" ACTIVE en vic - false - false v1`},
			{atHome, input{"name": " Victor ", "expectedVersion": 1}, `"Victor" ACTIVE en vic - false - false v2`},
			{abroad, input{"locale": "de-ch", "name": nil}, `"Victor" ACTIVE de-CH vic - false - false v3`},
			{abroad, input{"locale": "de-CH", "name": "Victor"}, `"Victor" ACTIVE de-CH vic - false - false v3`},
		} {
			if got := e.shown(e.succeeds(c.token, "viewerUpdate", c.in).User); got != c.want+" PARTNER[] STRANGER[]" {
				t.Errorf("%v: %s", c.in, got)
			}
		}
		e.fails(t, atHome, "viewerUpdate", input{"name": "", "locale": "?"}, "INVALID at input.name", "INVALID at input.locale")
		e.fails(t, atHome, "viewerUpdate", input{"name": "x", "expectedVersion": 1}, "CONFLICT at input.expectedVersion")
		e.refuses(t, "", "viewerUpdate", input{"name": "x"}, 401, "UNAUTHENTICATED")
		e.refuses(t, atHome, "viewerUpdate", input{"userName": "x"}, 400, "VALIDATION")
		if n := e.count("audit_events", "operation = 'viewerUpdate' AND client_id = ?", e.p); n != 2 {
			t.Errorf("%d traces at home", n)
		}
	})
}

// domain 2.3, 2.5, 2.6: one's own password takes the old one, and ends all sessions.
func TestViewerPasswordSet(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		d := newDoors(t, h)
		in := func(door string) input {
			return input{"identifier": "una", "password": password, "clientCode": door}
		}
		token, abroad := *d.succeeds("", "sessionCreate", in("PARTNER")).Token, *d.succeeds("", "sessionCreate", in("CHILD")).Token
		d.Must(h.Ent().Link.Create().SetUserID(d.una).SetEmail("una@example.org").SetTokenHash("x").SetExpiresAt(clock.Now()).Exec(h.System()))
		const fresh = "a new and long password"
		set := func(old, to string) input { return input{"oldPassword": old, "newPassword": to} }
		d.fails(t, token, "viewerPasswordSet", set("", "short"), "INVALID at input.oldPassword", "INVALID at input.newPassword")
		d.fails(t, token, "viewerPasswordSet", set(password, "password1234"), "INVALID at input.newPassword")
		d.refuses(t, "", "viewerPasswordSet", set(password, fresh), 401, "UNAUTHENTICATED")
		nopass := h.Session(d.p, d.named("nopass"), d.home(d.named("nopass")), nil)
		for what, who := range map[string]string{"a wrong one": token, "none at all": nopass} {
			p := d.do(who, "viewerPasswordSet", set("not the old one", fresh))
			if len(p.Errors) != 1 || p.Errors[0].Code != "CREDENTIALS" || strings.Join(p.Errors[0].Path, ".") != "input.oldPassword" || p.User != nil {
				t.Errorf("%s: %+v", what, p)
			}
		}
		if n := d.count("attempts", "1 = 1"); n != 2 || !works(t, h, token) || !works(t, h, abroad) {
			t.Errorf("%d attempts are counted", n)
		}
		if p := d.succeeds(abroad, "viewerPasswordSet", set(password, fresh)); p.User == nil || p.User.ID != d.una || p.User.Version != 2 {
			t.Errorf("%+v", p)
		}
		barred(t, h, "the session by which it was changed", "Bearer "+abroad)
		barred(t, h, "another session", "Bearer "+token)
		if d.count("sessions", "user_id = ?", d.una) != 0 || d.count("links", "user_id = ?", d.una) != 0 || d.count("attempts", "1 = 1") != 1 {
			t.Error("sessions, links or attempts are left")
		}
		if p := d.do("", "sessionCreate", in("PARTNER")); p.Token != nil {
			t.Error("the old password still signs in")
		}
		d.succeeds("", "sessionCreate", input{"identifier": "una", "password": fresh, "clientCode": "PARTNER"})
		events := query(t, h, "SELECT * FROM audit_events WHERE operation = 'viewerPasswordSet'")
		if len(events) != 1 || canonical(t, events[0]["after"]) != `{"password":"***"}` || events[0]["client_id"] != string(d.p) {
			t.Errorf("%v", events)
		}
	})
}

// His own memberships and sessions a user reads without any authority, wherever they are; the planner as the reference.
func TestViewersLists(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newCrew(t, h)
		vic, atHome := h.User(e.p, "vic")
		abroad := e.join(vic, e.s)
		h.Session(e.s, vic, abroad, nil)
		e.join(e.carlID, e.p)
		document := fmt.Sprintf(`{ viewer { memberships(first: 1) { totalCount nodes { id home } pageInfo { hasNextPage endCursor } edges { cursor } }
			further: memberships(filter: {home: false}) { nodes { id version } } at: memberships(filter: {clientId: %q}) { nodes { id } }
			sessions(last: 5) { totalCount nodes { device } } live: sessions(filter: {live: false}) { totalCount } user { id } } }`, e.p)
		planned, reference := h.Do(atHome, document, nil), h.Node(func(o *hub.HTTP) { o.Reads = hub.Reference }).Do(atHome, document, nil)
		if string(planned.Data) != string(reference.Data) || len(planned.Errors)+len(reference.Errors) > 0 {
			t.Fatalf("the planner  %s\nthe reference %s", planned.Body, reference.Body)
		}
		type list struct {
			TotalCount int
			Nodes      []struct{ ID string }
		}
		var data struct {
			Viewer struct{ Memberships, Further, At, Sessions, Live list }
		}
		if err := json.Unmarshal(planned.Data, &data); err != nil {
			t.Fatal(err)
		}
		v, home := data.Viewer, string(e.home(vic))
		ids := func(l list) (ids []string) {
			for _, n := range l.Nodes {
				ids = append(ids, n.ID)
			}
			return ids
		}
		if v.Memberships.TotalCount != 2 || !slices.Equal(ids(v.Memberships), []string{home}) || !slices.Equal(ids(v.Further), []string{string(abroad)}) ||
			!slices.Equal(ids(v.At), []string{home}) || v.Sessions.TotalCount != 2 || v.Live.TotalCount != 0 {
			t.Errorf("%s", planned.Body)
		}
	})
}
