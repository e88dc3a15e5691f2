// Package audit writes the trail of changes, each in the transaction that makes it (domain 16.1).
package audit

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/oid"
)

// Event is one change of one object. Before and After hold the fields that changed, by their names in the API;
// nil Before: it was made, nil After: it is gone. Secrets are given masked: what is written here is read by people.
type Event struct {
	Client    oid.Client // whose trail it belongs to
	Operation string     // the mutation or command, such as "applicationCreate"
	Kind      string     // the SDL's type
	Object    string
	Before    map[string]any
	After     map[string]any
}

// Record writes events on behalf of the actor in the context.
func Record(ctx context.Context, tx *ent.Client, events ...Event) error {
	who := actor.From(ctx)
	rows := make([]*ent.AuditEventCreate, len(events))
	for i, e := range events {
		before, err := fields(e.Before)
		if err != nil {
			return err
		}
		after, err := fields(e.After)
		if err != nil {
			return err
		}
		row := tx.AuditEvent.Create().SetAt(who.Now()).SetClientID(e.Client).SetOperation(e.Operation).SetKind(e.Kind).
			SetObjectID(e.Object).SetNillableBefore(before).SetNillableAfter(after).SetRequestID(who.Request)
		if who.Client != "" {
			row.SetActorClientID(who.Client)
		}
		if who.User != "" {
			row.SetActorUserID(who.User)
		}
		rows[i] = row
	}
	ctx = actor.System(ctx, "the audit trail is written by the platform alone")
	if err := tx.AuditEvent.CreateBulk(rows...).Exec(ctx); err != nil {
		return fmt.Errorf("audit: record: %w", err)
	}
	return nil
}

func fields(m map[string]any) (*string, error) {
	if m == nil {
		return nil, nil
	}
	raw, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("audit: encode fields: %w", err)
	}
	s := string(raw)
	return &s, nil
}
