package apitest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/removal"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// domain 4.3, 1.8: an application made for a client that is being deleted waits, and then finds no such client; one made by
// its own user finds that his token works no more.
func TestApplicationCreateWhileItsOwnerIsDeleted(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		for round := range 4 {
			going := h.Client(e.p, fmt.Sprint("GOING", round), false)
			h.Give(platformPackage, going, e.p)
			_, goer := h.User(going, fmt.Sprint("goer", round), ownerRole)
			if a := h.Do(goer, "{ viewer { client { id } } }", nil); len(a.Errors) > 0 { // the node knows the token
				t.Fatalf("%s", a.Body)
			}
			outcomes := make([]string, 2)
			var all sync.WaitGroup
			h.Must(h.DB.InTx(h.System(), func(ctx context.Context, tx *ent.Client) error {
				if _, err := store.ForUpdate(h.DB, tx.Tenant.Query().Where(tenant.ID(going))).Only(ctx); err != nil {
					return err
				}
				var begun sync.WaitGroup
				for i, c := range []struct {
					token string
					in    input
				}{
					{e.paula, input{"name": "Late", "clientId": going}},
					{goer, input{"name": "Last"}},
				} {
					begun.Add(1)
					all.Go(func() {
						begun.Done()
						outcomes[i] = e.attempt(c.token, "applicationCreate", c.in)
					})
				}
				begun.Wait()
				r := removal.Clients.Of(h.DB, string(going))
				if err := r.Lock(ctx); err != nil {
					return err
				}
				_, err := r.Run(ctx)
				return err
			}))
			all.Wait()
			if outcomes[0] != "NOT_FOUND" || outcomes[1] != "top-level UNAUTHENTICATED" {
				t.Errorf("round %d: %q", round, outcomes)
			}
			if n := e.count("applications", "client_id = ?", going); n != 0 {
				t.Errorf("round %d: %d applications of nobody", round, n)
			}
		}
		if created := e.succeeds(e.paula, "applicationCreate", input{"name": "There", "clientId": e.c}).Application; oid.Application(created.ID) == "" {
			t.Error("none was made for a client that stays")
		}
	})
}
