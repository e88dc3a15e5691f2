// Package outbox delivers what the hub has to tell others. An event is a row of the transaction it tells of; workers on
// any number of nodes deliver it at least once, in order for each object and each service it is for (domain 16.3).
package outbox

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// Event is something to tell. The payload holds ids and plain facts, never a secret: the row is kept for days, and
// people read it (domain 10.8).
type Event struct {
	ID     oid.OutboxEvent // made when absent
	Topic  string          // such as "invitation.created"
	Client oid.Client      // whom it is about, or none
	Object string          // events of one object are delivered in the order of their ids
	// Participant is the service that the event is for, or none: then the hub itself delivers it. Each hears of an object in
	// order, whatever the others hear.
	Participant string
	Payload     map[string]any
}

const insert = "INSERT INTO outbox_events (id, created_at, updated_at, version, topic, client_id, object_id, participant, payload, " +
	"status, attempts, next_at, leased_by, last_error) VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?, 0, ?, '', '')"

// Write puts an event into the context's transaction. Workers on this node hear of it at the commit; the others find it.
func Write(ctx context.Context, db *store.DB, e Event) error {
	if e.ID == "" {
		e.ID = oid.New[oid.OutboxEvent]()
	}
	payload, err := json.Marshal(e.Payload)
	if err != nil {
		return fmt.Errorf("outbox: encode a payload: %w", err)
	}
	var client any
	if e.Client != "" {
		client = string(e.Client)
	}
	now := actor.From(ctx).Now()
	_, err = db.Exec(ctx, insert, string(e.ID), now, now, e.Topic, client, e.Object, e.Participant, string(payload), string(enum.OutboxPending), now)
	if err != nil {
		return fmt.Errorf("outbox: insert an event: %w", err)
	}
	db.AfterCommit(ctx, func() { wake(db) })
	return nil
}
