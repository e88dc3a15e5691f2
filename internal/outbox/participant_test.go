package outbox_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/outbox"
)

// domain 11.4, 16.3: each service hears of an object in order, whatever the others hear: one that is down delays no other,
// nor what the hub itself delivers. Its events wait, and are dead letters in the end.
func TestOrderForEachParticipant(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		written := map[oid.OutboxEvent]string{}
		var ids []oid.OutboxEvent
		for _, name := range []string{"up 1", "down 1", " 1", "down 2", "up 2", " 2"} {
			participant := name[:len(name)-2]
			id := oid.New[oid.OutboxEvent]()
			b.must(b.db.InTx(b.ctx, func(ctx context.Context, _ *ent.Client) error {
				return outbox.Write(ctx, b.db, outbox.Event{ID: id, Topic: topic, Object: "object", Participant: participant, Payload: map[string]any{}})
			}))
			written[id], ids = name, append(ids, id)
		}
		heard := map[string][]string{}
		fails := true
		worker := func(participant string) *outbox.Worker {
			return b.worker(func(o *outbox.Options) {
				o.Participant, o.First, o.Longest, o.Attempts = participant, time.Minute, time.Minute, 2
			},
				func(_ context.Context, d outbox.Delivery) error {
					if participant == "down" && fails {
						return errors.New("down")
					}
					if !d.At.Equal(b.row(d.ID).CreatedAt) {
						t.Errorf("written at %v, delivered as of %v", b.row(d.ID).CreatedAt, d.At)
					}
					heard[participant] = append(heard[participant], written[d.ID])
					return nil
				})
		}
		down, up, own := worker("down"), worker("up"), worker("")
		b.deliver(down, 1) // the second waits for the first
		b.deliver(up, 2)
		b.deliver(own, 2)
		if !slices.Equal(heard["up"], []string{"up 1", "up 2"}) || !slices.Equal(heard[""], []string{" 1", " 2"}) || len(heard["down"]) > 0 {
			t.Errorf("heard %q", heard)
		}
		b.pass(2 * time.Minute)
		b.deliver(down, 2) // the first is given up, and the second tried
		if row := b.row(ids[1]); row.Status != enum.OutboxDead {
			t.Errorf("the first is %s", row.Status)
		}
		fails = false
		b.pass(2 * time.Minute)
		b.deliver(down, 1)
		if !slices.Equal(heard["down"], []string{"down 2"}) {
			t.Errorf("down has heard %q", heard["down"])
		}
	})
}
