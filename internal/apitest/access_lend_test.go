package apitest

import (
	"fmt"
	"testing"
	"time"

	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// shown reads a grant anew, by the planner and by the reference, which must agree.
func (e accesses) shown(t testing.TB, token, id string) grantShown {
	t.Helper()
	const doc = "query($id: ID!) { node(id: $id) { ... on AccessGrant { " + selectGrant + " } } }"
	var data struct{ Node grantShown }
	planned := e.Do(token, doc, hubtest.Variables{"id": id})
	if reference := e.Node(func(o *hub.HTTP) { o.Reads = hub.Reference }).Do(token, doc, hubtest.Variables{"id": id}); string(reference.Data) != string(planned.Data) {
		t.Errorf("planner %s\nreference %s", planned.Body, reference.Body)
	}
	e.MustData(planned, &data)
	return data.Node
}

// domain 5.3: a READ that a client with write access gives sleeps while its giver lacks write access, and is back with it.
func TestLentAccess(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newAccesses(t, h)
		e.drop(e.written, e.c)
		held := e.yes(e.paula, "accessGrantSet", input{"applicationId": e.written, "clientId": e.c, "level": "WRITE"})
		end := later(20 * time.Minute)
		lent := e.yes(e.carl, "accessGrantSet", input{"applicationId": e.written, "clientId": e.g, "level": "READ", "expiresAt": end, "reason": "for a look"})
		if lent.Level != "READ" || lent.Sleeping || *lent.ExpiresAt != end || lent.Giver.Code != "CHILD" {
			t.Errorf("%+v", lent)
		}
		is := func(what string, sleeping bool, want string) {
			t.Helper()
			g := e.shown(t, e.gina, lent.ID)
			if g.Sleeping != sleeping || *g.ExpiresAt != end || g.Version != 1 || g.Reason != "for a look" {
				t.Errorf("%s: %+v", what, g)
			}
			if got := e.has(e.written, e.g); got != want {
				t.Errorf("%s: G has %s, not %s", what, got, want)
			}
		}
		is("lent", false, "READ GRANT")
		set := func(level string, until any) {
			t.Helper()
			e.yes(e.paula, "accessGrantSet", input{"applicationId": e.written, "clientId": e.c, "level": level, "expiresAt": until})
		}
		set("READ", nil)
		is("its giver reads only", true, "SLEEPING")
		set("WRITE", later(time.Hour))
		is("its giver writes again, for an hour", false, "READ GRANT")
		set("BARRED", nil)
		is("its giver is barred", true, "SLEEPING")
		e.yes(e.paula, "accessGrantRevoke", input{"id": held.ID})
		is("its giver has nothing", true, "SLEEPING")
		set("WRITE", nil)
		is("its giver was given WRITE anew", false, "READ GRANT")

		// domain 5.5: it ends with its giver's access, and sleeps from then on; once its own end has passed, it has expired
		set("WRITE", later(10*time.Minute))
		for _, c := range []struct {
			after       time.Duration
			application string
			want        string
		}{
			{5 * time.Minute, `{"application":{"code":"written"}}`, "READ GRANT false"},
			{15 * time.Minute, `{"application":null}`, "NONE SLEEPING true"},
			{25 * time.Minute, `{"application":null}`, "NONE EXPIRED false"},
		} {
			then := h.Node(func(o *hub.HTTP) { o.Clock = clock.At(func() time.Time { return time.Now().Add(c.after) }) })
			if a := then.Do(e.gina, `query($id: ID!) { application(id: $id) { code } }`, hubtest.Variables{"id": e.written}); string(a.Data) != c.application {
				t.Errorf("after %s: %s", c.after, a.Body)
			}
			var data struct {
				EffectiveAccess struct {
					Level  *string
					Reason string
					Grant  grantShown
				}
			}
			h.MustData(then.Do(e.paula, `query($a: ID!, $c: ID!) { effectiveAccess(applicationId: $a, clientId: $c) { level reason grant { `+selectGrant+` } } }`,
				hubtest.Variables{"a": e.written, "c": e.g}), &data)
			level := "NONE"
			if data.EffectiveAccess.Level != nil {
				level = *data.EffectiveAccess.Level
			}
			if got := fmt.Sprint(level, " ", data.EffectiveAccess.Reason, " ", data.EffectiveAccess.Grant.Sleeping); got != c.want {
				t.Errorf("after %s: %s, want %s", c.after, got, c.want)
			}
		}
	})
}

// domain 5.3: what is lent is its giver's to change and to take back, and the owner's to take over.
func TestLentAccessChanged(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newAccesses(t, h)
		e.yes(e.carl, "accessGrantSet", input{"applicationId": e.written, "clientId": e.g, "level": "READ", "expiresAt": later(time.Hour)})
		lent := e.yes(e.carl, "accessGrantSet", input{"applicationId": e.written, "clientCode": "GRAND", "level": "READ", "expiresAt": nil, "embeddable": false, "reason": "longer", "expectedVersion": 1})
		if lent.ExpiresAt != nil || lent.Reason != "longer" || lent.Version != 2 {
			t.Errorf("%+v", lent)
		}
		// the owner makes more of it, and it is the owner's: it sleeps no more with its giver's access
		raised := e.yes(e.paula, "accessGrantSet", input{"applicationId": e.written, "clientId": e.g, "level": "WRITE"})
		if raised.ID != lent.ID || raised.Level != "WRITE" || raised.Giver.Code != "PARTNER" || raised.Reason != "longer" || raised.Version != 3 {
			t.Errorf("%+v", raised)
		}
		e.no(t, e.carl, "accessGrantSet", input{"applicationId": e.written, "clientId": e.g, "level": "READ"}, "NOT_ALLOWED at input.clientId")
		e.no(t, e.carl, "accessGrantRevoke", input{"id": lent.ID}, "NOT_ALLOWED at input.id")
		e.yes(e.paula, "accessGrantSet", input{"applicationId": e.written, "clientId": e.c, "level": "READ"})
		if got := e.has(e.written, e.g); got != "WRITE GRANT" {
			t.Error(got)
		}
		// also by saying the same: what the owner gives hangs on nobody else's access
		e.yes(e.paula, "accessGrantSet", input{"applicationId": e.written, "clientId": e.c, "level": "WRITE"})
		e.yes(e.paula, "accessGrantRevoke", input{"id": lent.ID})
		again := e.yes(e.carl, "accessGrantSet", input{"applicationId": e.written, "clientId": e.g, "level": "READ", "reason": "again"})
		if again.ID == lent.ID {
			t.Error("a grant that is gone has come back with its id")
		}
		e.yes(e.paula, "accessGrantSet", input{"applicationId": e.written, "clientId": e.g, "level": "READ"})
		e.yes(e.paula, "accessGrantSet", input{"applicationId": e.written, "clientId": e.c, "level": "READ"})
		if got := e.has(e.written, e.g); got != "READ GRANT" {
			t.Error(got)
		}
		// what sleeps its giver takes back, writing or not
		e.yes(e.paula, "accessGrantSet", input{"applicationId": e.any, "clientId": e.c, "level": "WRITE"})
		asleep := e.yes(e.carl, "accessGrantSet", input{"applicationId": e.any, "clientId": e.g, "level": "READ"})
		e.yes(e.paula, "accessGrantSet", input{"applicationId": e.any, "clientId": e.c, "level": "BARRED"})
		e.yes(e.carl, "accessGrantRevoke", input{"id": asleep.ID})
	})
}

// domain 5.3: it goes with its giver, for it could wake no more; what was given as the owner does stays, and is the owner's.
func TestAccessGivenByAClientThatIsDeleted(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newAccesses(t, h)
		e.yes(e.carl, "accessGrantSet", input{"applicationId": e.written, "clientId": e.g, "level": "READ"})
		given := e.yes(e.carl, "accessGrantSet", input{"applicationId": e.own, "clientCode": "COUSIN", "level": "READ"})
		// the application comes to be P's, and G to be managed by P: C can be deleted
		e.exec("UPDATE applications SET client_id = ?, creator_id = ? WHERE id = ?", e.p, e.p, e.own)
		e.succeeds(e.paula, "clientMove", input{"id": e.g, "managerId": e.p})
		e.succeeds(e.paula, "clientDelete", input{"id": e.c})
		if got := e.has(e.written, e.g); got != "NONE" {
			t.Errorf("G has %s of what was lent", got)
		}
		if g := e.shown(t, e.paula, given.ID); g.Giver.Code != "PARTNER" || g.Version != 2 || e.has(e.own, e.k) != "READ GRANT" {
			t.Errorf("%+v", g)
		}
	})
}
