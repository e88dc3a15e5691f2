package apitest

import (
	"testing"
	"time"

	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// domain 5.4, 2.3: a session for an application ends to work with the grant of its client, on a node that has served it just
// before no later than a second after; a grant given again has it work again.
func TestSessionOfARevokedGrant(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newAccesses(t, h)
		e.drop(e.readable, e.c)
		now := clock.Now()
		elsewhere := h.Node(func(o *hub.HTTP) { o.Clock = clock.At(func() time.Time { return now }) })
		grant := e.yes(e.paula, "accessGrantSet", input{"applicationId": e.readable, "clientId": e.c, "level": "READ"})
		token, other := e.session(e.c, "reader", e.readable), e.session(e.c, "writer", e.written)
		if !works(t, elsewhere, token) || !works(t, elsewhere, other) {
			t.Fatal("a session does not work")
		}
		e.yes(e.paula, "accessGrantRevoke", input{"id": grant.ID})
		now = now.Add(time.Second)
		barred(t, elsewhere, "its grant was taken away a second ago", "Bearer "+token)
		barred(t, h.Node(), "on a node that has not seen it", "Bearer "+token)
		if !works(t, elsewhere, other) {
			t.Error("a session for another application ended too")
		}
		e.yes(e.paula, "accessGrantSet", input{"applicationId": e.readable, "clientId": e.c, "level": "READ"})
		now = now.Add(time.Second)
		if !works(t, elsewhere, token) {
			t.Error("with a new grant it does not work")
		}
	})
}
