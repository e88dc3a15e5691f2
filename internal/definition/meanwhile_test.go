package definition_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/accessgrant"
	"github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/definition"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// domain 5.4, 11.1, decided on the stored rows: write access that is taken away while a save waits for the application is gone
// for that save too, and so is an application that is archived.
func TestWhatChangesWhileASaveWaits(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		service, err := definition.New(h.DB, bytes.Repeat([]byte{7}, 32))
		h.Must(err)
		owner := h.Client(oid.SystemClient, "OWNER", true)
		partner := h.Client(owner, "PARTNER", false)
		as := func(client oid.Client) context.Context {
			return actor.With(t.Context(), actor.New(actor.Actor{
				Client: client, Session: oid.New[oid.Session](), Scope: actor.Scope{Root: client, Clients: []oid.Client{client}},
			}, []string{"Definition_CREATE", "Definition_UPDATE"}, time.Now()))
		}
		for what, c := range map[string]struct {
			code      string
			meanwhile func(ctx context.Context, tx *ent.Client, app oid.Application) error
			want      apperr.Code
		}{
			"nothing": {"nothing", func(context.Context, *ent.Client, oid.Application) error { return nil }, ""},
			"the grant is revoked": {"revoked", func(ctx context.Context, tx *ent.Client, app oid.Application) error {
				_, err := tx.AccessGrant.Delete().Where(accessgrant.ApplicationID(app)).Exec(ctx)
				return err
			}, apperr.NotFound},
			"the application is archived": {"archived", func(ctx context.Context, tx *ent.Client, app oid.Application) error {
				return tx.Application.UpdateOneID(app).SetStatus(enum.ApplicationArchived).Exec(ctx)
			}, apperr.NotFound},
		} {
			app := h.Application(owner, c.code, what)
			h.Must(h.Ent().AccessGrant.Create().SetClientID(partner).SetApplicationID(app).SetLevel(enum.LevelWrite).SetGiverID(owner).Exec(h.System()))
			place := definition.Place{Application: app, Kind: enum.DefinitionPage, Name: "home"}
			answer := make(chan error, 1)
			h.Must(h.DB.InTx(h.System(), func(system context.Context, tx *ent.Client) error {
				if _, err := store.ForUpdate(h.DB, tx.Application.Query().Where(application.ID(app))).Only(system); err != nil {
					return err
				}
				go func() {
					_, err := service.Save(as(partner), definition.Save{Place: place, Content: "{}"})
					answer <- err
				}()
				time.Sleep(200 * time.Millisecond) // for the save to come up to the lock
				return c.meanwhile(system, tx, app)
			}))
			if err := <-answer; apperr.CodeOf(err) != c.want {
				t.Errorf("%s: %v, want %q", what, err, c.want)
			}
		}
	})
}
