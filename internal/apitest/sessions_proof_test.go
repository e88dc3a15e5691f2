package apitest

import (
	"strings"
	"sync"
	"testing"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/identity"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// domain 2.3: what ends all sessions of a user ends those too that are just being opened: between the proof of a password
// and the session, everything is looked at again.
func TestAProofIsLookedAtAgain(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		d := newDoors(t, h)
		signIns := h.Identity.Keyed([]byte("a key of this test"))
		nobody := actor.With(t.Context(), actor.Nobody())
		door := "CHILD"
		prove := func() *identity.Proof {
			proof, err := signIns.Prove(nobody, identity.SignIn{Identifier: "una", Password: password, ClientCode: &door})
			h.Must(err)
			return proof
		}
		for _, c := range []struct{ what, undone, done string }{
			{"a suspended user", "UPDATE users SET status = 'SUSPENDED' WHERE id = ?", "UPDATE users SET status = 'ACTIVE' WHERE id = ?"},
			{"no membership there", "DELETE FROM memberships WHERE NOT home AND user_id = ?", ""},
			{"another password", "UPDATE users SET password_hash = 'another' WHERE id = ?", ""},
		} {
			proof := prove()
			d.exec(c.undone, d.una)
			if token, _, err := signIns.Open(nobody, proof); apperr.CodeOf(err) != apperr.Credentials || token != "" {
				t.Errorf("%s: %v", c.what, err)
			}
			if c.done != "" {
				d.exec(c.done, d.una)
			}
		}
		if n := d.count("sessions", "user_id = ?", d.una); n != 0 {
			t.Errorf("%d sessions", n)
		}
	})
}

// Sign-ins at the moment of a suspension, on two nodes: none outlives it, and none fails for anything else.
func TestSignInsWhileSuspended(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		d := newDoors(t, h)
		nodes := []*hubtest.Hub{h, h.Node()}
		in := hubtest.Variables{"input": input{"identifier": "una", "password": password, "clientCode": "PARTNER"}}
		for range 3 {
			var all sync.WaitGroup
			for i := range 8 {
				all.Go(func() {
					if a := nodes[i%2].Do("", mutation("sessionCreate"), in); len(a.Errors) > 0 {
						t.Errorf("%s", a.Body)
					}
				})
			}
			all.Go(func() {
				if a := nodes[1].Do(d.paula, mutation("userSuspend"), hubtest.Variables{"input": input{"id": d.una}}); !strings.Contains(string(a.Body), `"errors":[]`) {
					t.Errorf("%s", a.Body)
				}
			})
			all.Wait()
			if n := d.count("sessions", "user_id = ?", d.una); n != 0 {
				t.Errorf("%d sessions outlive the suspension", n)
			}
			d.succeeds(d.paula, "userResume", input{"id": d.una})
			d.exec("DELETE FROM attempts")
		}
	})
}
