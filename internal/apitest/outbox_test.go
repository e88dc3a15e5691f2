package apitest

import (
	"encoding/json"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/appanage/appanage/ent/outboxevent"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/mail"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// events reads outboxEvents.
func (e *estate) events(token, arguments string) (topics []string, body string) {
	e.t.Helper()
	a := e.Do(token, "{ outboxEvents"+arguments+" { totalCount nodes { id topic objectId status attempts nextAt lastError deliveredAt version client { code } } } }", nil)
	var data struct {
		OutboxEvents struct {
			TotalCount int
			Nodes      []struct{ Topic, Status string }
		}
	}
	e.MustData(a, &data)
	for _, n := range data.OutboxEvents.Nodes {
		topics = append(topics, n.Topic+" "+n.Status)
	}
	if data.OutboxEvents.TotalCount != len(topics) {
		e.t.Errorf("%d are counted: %s", data.OutboxEvents.TotalCount, a.Body)
	}
	return topics, string(a.Body)
}

// domain 16.3: SYSTEM's users see what waits, what was delivered and what was given up, and why; nobody else sees any.
func TestOutboxEvents(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		e.proven(e.c, "Known", "known@example.org")
		e.succeeds(e.carl, "invitationCreate", input{"email": "a@example.org"})
		h.Deliver()
		e.succeeds(e.carl, "invitationCreate", input{"email": "b@example.org"})

		// without a mail server it is given up in the end
		now := time.Now()
		w := h.Outbox(hub.OutboxOptions{Mail: mail.None{}, Clock: clock.At(func() time.Time { return now }), Logger: slog.New(slog.DiscardHandler)})
		for range 16 {
			if n, err := w.Deliver(h.System()); err != nil || n != 1 {
				t.Fatalf("%d deliveries were tried: %v", n, err)
			}
			now = now.Add(2 * time.Hour)
		}
		e.succeeds("", "passwordResetRequest", input{"identifier": "known@example.org", "clientCode": "CHILD"})

		topics, body := e.events(e.root, "")
		if want := []string{"invitation.created DELIVERED", "invitation.created DEAD", "password.resetRequested PENDING"}; !slices.Equal(topics, want) {
			t.Errorf("SYSTEM sees %v, not %v", topics, want)
		}
		if dead := h.Ent().OutboxEvent.Query().Where(outboxevent.StatusEQ("DEAD")).OnlyX(h.System()); dead.LastError != mail.ErrNone.Error() || dead.Attempts != 16 {
			t.Errorf("the dead letter is %v", dead)
		}
		var answer struct {
			Data struct {
				OutboxEvents struct {
					Nodes []struct {
						Client *struct{ Code string }
					}
				}
			}
		}
		if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.Data.OutboxEvents.Nodes[0].Client.Code != "CHILD" {
			t.Errorf("the client is not told: %s", body)
		}
		for arguments, want := range map[string]int{
			"(filter: {status: DEAD})": 1, `(filter: {topic: "invitation.created"})`: 2, `(filter: {clientId: "` + string(e.c) + `"})`: 3,
			`(filter: {clientId: "` + string(e.s) + `"})`: 0,
		} {
			if topics, _ := e.events(e.root, arguments); len(topics) != want {
				t.Errorf("%s gives %v", arguments, topics)
			}
		}
		for _, token := range []string{e.paula, e.carl, e.stan} {
			if topics, _ := e.events(token, ""); len(topics) != 0 {
				t.Errorf("another client's user sees %v", topics)
			}
		}
		_, reader := h.User(oid.SystemClient, "reader", authority.BuiltInRole("User Manager"))
		if a := h.Do(reader, "{ outboxEvents { totalCount } }", nil); len(a.Errors) != 1 || a.Errors[0].Code() != "FORBIDDEN" {
			t.Errorf("without Audit_READ: %s", a.Body)
		}
	})
}
