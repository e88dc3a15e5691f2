package property_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/property"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

func ringOf(t *testing.T, ids ...string) property.Ring {
	t.Helper()
	keys := make([]property.Key, len(ids))
	for i, id := range ids {
		keys[i] = property.Key{ID: id, Bytes: bytes.Repeat([]byte(id), 32)}
	}
	r, err := property.NewRing(keys)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// secrets sets so many secret properties, in the name of the owner, under the first key of a ring.
func secrets(t *testing.T, h *hubtest.Hub, owner oid.Client, app oid.Application, ring property.Ring, from, n int) {
	t.Helper()
	a := actor.New(actor.Actor{Client: owner, Session: oid.New[oid.Session](), Scope: actor.Scope{Root: owner, Clients: []oid.Client{owner}}}, nil, now)
	service := h.Properties.Configured(nil, ring)
	for n > 0 {
		cmd := property.Set{Application: app}
		for range min(n, 100) {
			cmd.Properties = append(cmd.Properties, property.Property{Name: fmt.Sprintf("S%d", from), Value: fmt.Sprintf("secret %d", from), Secret: new(true)})
			from++
			n--
		}
		_, err := service.Set(actor.With(t.Context(), a), cmd)
		h.Must(err)
	}
}

// opened counts the secret properties that a ring opens, with the value they were set to.
func opened(t *testing.T, h *hubtest.Hub, ring property.Ring) (n int) {
	t.Helper()
	rows, err := h.Ent().ApplicationProperty.Query().All(h.System())
	h.Must(err)
	for _, p := range rows {
		value, err := ring.Open(property.Place{Application: p.ApplicationID, Client: p.ClientID, Name: p.Name}, *p.Sealed)
		if err == nil && value == "secret "+strings.TrimPrefix(p.Name, "S") && p.Value == "" && p.Version == 1 {
			n++
		}
	}
	return n
}

// domain 6.3: the key of secret values is changed: all of them are encrypted anew under the first one, some at a time; an
// interruption loses nothing, a repeat finishes, and a key that is missing is named before anything is done.
func TestRotate(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		owner := h.Client(oid.SystemClient, "OWNER", true)
		old, both, fresh := ringOf(t, "a"), ringOf(t, "b", "a"), ringOf(t, "b")
		secrets(t, h, owner, h.Application(owner, "one", "One"), old, 0, 450)
		second := h.Application(owner, "two", "Two")
		secrets(t, h, owner, second, fresh, 0, 3)
		if _, err := property.Rotate(h.System(), h.DB, ringOf(t)); err == nil {
			t.Error("without a key it rotates")
		}
		if done, err := property.Rotate(h.System(), h.DB, fresh); err == nil || !strings.Contains(err.Error(), "a (450 values)") || done.Anew > 0 {
			t.Errorf("without the old key: %+v, %v", done, err)
		}
		if opened(t, h, old) != 450 {
			t.Fatal("a rotation that was refused has changed something")
		}
		// Interrupted: a value in the third transaction is damaged.
		last, err := h.Ent().ApplicationProperty.Query().Order(ent.Asc("application_id", "id")).Offset(449).First(h.System())
		h.Must(err)
		sealed := *last.Sealed
		h.Must(h.Ent().ApplicationProperty.UpdateOneID(last.ID).SetSealed("a:broken").Exec(h.System()))
		done, err := property.Rotate(h.System(), h.DB, both)
		if err == nil || !strings.Contains(err.Error(), string(last.ID)) || done.Anew != 400 {
			t.Errorf("over a damaged value: %+v, %v", done, err)
		}
		if n := opened(t, h, both); n != 452 {
			t.Errorf("after the interruption %d values open", n)
		}
		h.Must(h.Ent().ApplicationProperty.UpdateOneID(last.ID).SetSealed(sealed).Exec(h.System()))
		for i, want := range []property.Rotation{{Key: "b", Anew: 50, Standing: 403}, {Key: "b", Standing: 453}} {
			if done, err := property.Rotate(h.System(), h.DB, both); err != nil || done != want {
				t.Errorf("time %d: %+v, %v", i+2, done, err)
			}
		}
		if n := opened(t, h, fresh); n != 453 {
			t.Errorf("the new key alone opens %d", n)
		}
		if events, err := h.Ent().AuditEvent.Query().Count(h.System()); err != nil || events < 453 {
			t.Errorf("%d events, %v", events, err)
		}
	})
}

// Rotations at the same moment, and sets meanwhile, leave every value under the first key.
func TestRotationsAtOnce(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		owner := h.Client(oid.SystemClient, "OWNER", true)
		app := h.Application(owner, "one", "One")
		both := ringOf(t, "b", "a")
		secrets(t, h, owner, app, ringOf(t, "a"), 0, 250)
		failed := make(chan error, 4)
		for range cap(failed) {
			go func() {
				_, err := property.Rotate(actor.System(context.Background(), "a test"), h.DB, both)
				failed <- err
			}()
		}
		secrets(t, h, owner, app, both, 250, 50)
		for range cap(failed) {
			h.Must(<-failed)
		}
		if n := opened(t, h, ringOf(t, "b")); n != 300 {
			t.Errorf("%d of 300 values open", n)
		}
	})
}
