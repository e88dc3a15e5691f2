package property_test

import (
	"context"
	"testing"
	"time"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/accessgrant"
	entapplication "github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/property"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// domain 6.4, decided on the stored rows: a grant that is taken away while a call waits for the application is gone
// for that call too, whoever makes it.
func TestAGrantTakenAwayMeanwhile(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		owner := h.Client(oid.SystemClient, "OWNER", true)
		partner := h.Client(owner, "PARTNER", true)
		for name, c := range map[string]struct {
			code   string
			caller oid.Client
			scope  []oid.Client
			want   apperr.Code
		}{
			"the owner, for the partner": {"for-another", owner, []oid.Client{owner, partner}, apperr.NotAllowed},
			"the partner, for itself":    {"for-itself", partner, []oid.Client{partner}, apperr.NotFound},
		} {
			app := h.Application(owner, c.code, name)
			h.Must(h.Ent().AccessGrant.Create().SetClientID(partner).SetApplicationID(app).SetLevel(enum.LevelWrite).SetGiverID(owner).Exec(h.System()))
			ctx := actor.With(t.Context(), actor.New(actor.Actor{
				Client: c.caller, Session: oid.New[oid.Session](), Scope: actor.Scope{Root: c.caller, Clients: c.scope},
			}, []string{"Application_UPDATE"}, time.Now()))
			answer := make(chan error, 1)
			h.Must(h.DB.InTx(h.System(), func(system context.Context, tx *ent.Client) error {
				if _, err := store.ForUpdate(h.DB, tx.Application.Query().Where(entapplication.ID(app))).Only(system); err != nil {
					return err
				}
				go func() {
					_, err := h.Properties.Set(ctx, property.Set{
						Application: app, Client: partner, Properties: []property.Property{{Name: "A", Value: "v"}},
					})
					answer <- err
				}()
				time.Sleep(200 * time.Millisecond) // for the call to come up to the lock
				_, err := tx.AccessGrant.Delete().Where(accessgrant.ApplicationID(app)).Exec(system)
				return err
			}))
			if err := <-answer; apperr.CodeOf(err) != c.want {
				t.Errorf("%s: %v, want %s", name, err, c.want)
			}
		}
	})
}
