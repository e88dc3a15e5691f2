package outbox

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

// An event waits while an earlier one of its object, for the same service, is pending; one that was given up holds nobody
// up. Earlier is by id: those who write events of one object have it locked, and so make their ids one after the other.
const due = "SELECT e.id, e.created_at, e.topic, COALESCE(e.client_id, ''), e.object_id, e.payload, e.attempts FROM outbox_events e " +
	"WHERE e.status = 'PENDING' AND e.participant = ? AND e.next_at <= ? AND (e.leased_until IS NULL OR e.leased_until <= ?) AND NOT EXISTS " +
	"(SELECT 1 FROM outbox_events p WHERE p.object_id = e.object_id AND p.participant = e.participant AND p.status = 'PENDING' AND p.id < e.id) " +
	"ORDER BY e.next_at, e.id LIMIT ?"

// The number of attempts is the fence: whoever claims raises it, so that of two who have seen the same row one gets it,
// and one whose lease ran out cannot write down anything any more.
const (
	take    = "UPDATE outbox_events SET leased_by = ?, leased_until = ?, attempts = attempts + 1, version = version + 1, updated_at = ? WHERE id = ? AND status = 'PENDING' AND attempts = ?"
	settle  = "UPDATE outbox_events SET status = ?, next_at = ?, delivered_at = ?, last_error = ?, leased_by = '', leased_until = NULL, version = version + 1, updated_at = ? WHERE id = ? AND leased_by = ? AND attempts = ?"
	old     = "SELECT id FROM outbox_events WHERE status = 'DELIVERED' AND next_at < ? AND delivered_at < ? LIMIT 500"
	discard = "DELETE FROM outbox_events WHERE id IN "
)

// claim leases events that are due. The look is at a table that others claim from at the same moment: what it has seen
// counts only where the update finds it unchanged.
func (w *Worker) claim(ctx context.Context) ([]Delivery, error) {
	now := w.Clock.Now()
	seen, err := w.seen(ctx, now)
	if err != nil {
		return nil, err
	}
	mine := seen[:0:0]
	for _, d := range seen {
		if d.Attempt > w.Attempts {
			err = errors.Join(err, w.bury(ctx, d, now))
			continue
		}
		got, failed := w.changed(ctx, take, w.name, now.Add(w.Lease), now, string(d.ID), d.Attempt-1)
		if failed != nil {
			return mine, fmt.Errorf("outbox: claim an event: %w", failed)
		}
		if got {
			mine = append(mine, d)
		}
	}
	return mine, err
}

// seen lists events that are due, with the number that the next attempt has.
func (w *Worker) seen(ctx context.Context, now time.Time) (list []Delivery, err error) {
	rows, err := w.db.Query(ctx, due, w.Participant, now, now, w.AtOnce)
	if err != nil {
		return nil, fmt.Errorf("outbox: look for events: %w", err)
	}
	defer func() { _ = rows.Close() }() // a failure to read is Err's
	for rows.Next() {
		var d Delivery
		var payload string
		if err := rows.Scan(&d.ID, &d.At, &d.Topic, &d.Client, &d.Object, &payload, &d.Attempt); err != nil {
			return nil, fmt.Errorf("outbox: read an event: %w", err)
		}
		d.Payload, d.Attempt = []byte(payload), d.Attempt+1
		list = append(list, d)
	}
	return list, rows.Err()
}

// bury gives up an event whose worker died in its last attempt.
func (w *Worker) bury(ctx context.Context, d Delivery, now time.Time) error {
	const dead = "UPDATE outbox_events SET status = ?, last_error = ?, leased_by = '', leased_until = NULL, version = version + 1, updated_at = ? WHERE id = ? AND status = 'PENDING' AND attempts = ?"
	got, err := w.changed(ctx, dead, string(enum.OutboxDead), "the worker died in the last attempt", now, string(d.ID), d.Attempt-1)
	if got {
		w.count("dead")
	}
	return err
}

func (w *Worker) delivered(ctx context.Context, d Delivery) error {
	now := w.Clock.Now()
	return w.settle(ctx, d, enum.OutboxDelivered, now, now, "")
}

// failed puts an event off, or gives it up.
func (w *Worker) failed(ctx context.Context, d Delivery, why error) error {
	status, outcome := enum.OutboxPending, "failed"
	if d.Attempt >= w.Attempts {
		status, outcome = enum.OutboxDead, "dead"
	}
	w.count(outcome)
	return w.settle(ctx, d, status, w.Clock.Now().Add(w.wait(d.Attempt)), nil, textOf(why))
}

// longestError is the longest text of an error that is written down, in characters.
const longestError = 200

func (w *Worker) settle(ctx context.Context, d Delivery, status enum.OutboxStatus, next time.Time, delivered any, text string) error {
	if runes := []rune(text); len(runes) > longestError {
		text = string(runes[:longestError])
	}
	kept, err := w.changed(ctx, settle, string(status), next, delivered, text, w.Clock.Now(), string(d.ID), w.name, d.Attempt)
	if err != nil {
		return fmt.Errorf("outbox: write down a delivery: %w", err)
	}
	if !kept {
		w.Logger.WarnContext(ctx, "a delivery took longer than its lease: it may be made twice", "event", string(d.ID), "topic", d.Topic)
	}
	return nil
}

// changed tells whether a statement has changed its one row. It is a transaction of its own, for InTx repeats it after a
// deadlock: workers meet on the index of what is due.
func (w *Worker) changed(ctx context.Context, statement string, args ...any) (yes bool, err error) {
	err = w.db.InTx(ctx, func(ctx context.Context, _ *ent.Client) error {
		result, err := w.db.Exec(ctx, statement, args...)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		yes = n == 1
		return err
	})
	return yes, err
}

// Forget deletes delivered events that have been kept long enough.
func (w *Worker) Forget(ctx context.Context) error {
	ctx = w.system(ctx)
	before := w.Clock.Now().Add(-w.Kept)
	for {
		ids, err := w.old(ctx, before)
		if err != nil || len(ids) == 0 {
			return err
		}
		if _, err := w.changed(ctx, discard+"(?"+strings.Repeat(", ?", len(ids)-1)+")", ids...); err != nil {
			return fmt.Errorf("outbox: forget events: %w", err)
		}
	}
}

func (w *Worker) old(ctx context.Context, before time.Time) (ids []any, err error) {
	rows, err := w.db.Query(ctx, old, before, before)
	if err != nil {
		return nil, fmt.Errorf("outbox: look for old events: %w", err)
	}
	defer func() { _ = rows.Close() }() // a failure to read is Err's
	for rows.Next() {
		var id oid.OutboxEvent
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("outbox: read an old event: %w", err)
		}
		ids = append(ids, string(id))
	}
	return ids, rows.Err()
}
