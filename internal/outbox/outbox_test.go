package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/outboxevent"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/outbox"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit"
)

const topic = "test.happened"

// bench is a database with a clock that is moved by hand.
type bench struct {
	t   testing.TB
	db  *store.DB
	ctx context.Context
	mu  sync.Mutex
	now time.Time
}

func engines(t *testing.T, f func(t *testing.T, b *bench)) {
	t.Helper()
	testkit.Engines(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		f(t, &bench{t: t, db: db, ctx: actor.System(t.Context(), "a test writes events"), now: clock.Now().Add(time.Second)})
	})
}

func (b *bench) clock() clock.Clock {
	return clock.At(func() time.Time {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.now
	})
}

func (b *bench) pass(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// write writes an event in a transaction of its own.
func (b *bench) write(object string) oid.OutboxEvent {
	b.t.Helper()
	id := oid.New[oid.OutboxEvent]()
	b.must(b.db.InTx(b.ctx, func(ctx context.Context, _ *ent.Client) error {
		return outbox.Write(ctx, b.db, outbox.Event{ID: id, Topic: topic, Client: oid.SystemClient, Object: object, Payload: map[string]any{"n": 1}})
	}))
	return id
}

func (b *bench) worker(change func(*outbox.Options), handler outbox.Handler) *outbox.Worker {
	o := outbox.Options{Handlers: map[string]outbox.Handler{topic: handler}, Clock: b.clock(), Logger: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&o)
	}
	return outbox.New(b.db, o)
}

func (b *bench) row(id oid.OutboxEvent) *ent.OutboxEvent {
	b.t.Helper()
	row, err := b.db.Ent().OutboxEvent.Get(b.ctx, id)
	b.must(err)
	return row
}

// deliver lets a worker deliver what is due, and expects so many attempts.
func (b *bench) deliver(w *outbox.Worker, want int) {
	b.t.Helper()
	n, err := w.Deliver(b.ctx)
	b.must(err)
	if n != want {
		b.t.Errorf("%d deliveries were tried, not %d", n, want)
	}
}

// domain 16.3: an event is part of its transaction, and is delivered with what was written.
func TestAnEventIsDelivered(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		registry := prometheus.NewRegistry()
		var got outbox.Delivery
		w := b.worker(func(o *outbox.Options) { o.Registry = registry }, func(_ context.Context, d outbox.Delivery) error { got = d; return nil })
		errUndone := errors.New("undone")
		err := b.db.InTx(b.ctx, func(ctx context.Context, _ *ent.Client) error {
			b.must(outbox.Write(ctx, b.db, outbox.Event{Topic: topic, Object: "never"}))
			return errUndone
		})
		if !errors.Is(err, errUndone) {
			t.Fatal(err)
		}
		id := b.write("object")
		b.deliver(w, 1)
		if got.ID != id || got.Topic != topic || got.Object != "object" || got.Client != oid.SystemClient || string(got.Payload) != `{"n":1}` || got.Attempt != 1 {
			t.Errorf("delivered %+v", got)
		}
		row := b.row(id)
		if row.Status != enum.OutboxDelivered || row.DeliveredAt == nil || row.LeasedBy != "" || row.LeasedUntil != nil || row.Attempts != 1 || row.LastError != "" {
			t.Errorf("the row is %v", row)
		}
		b.deliver(w, 0)
		families, err := registry.Gather()
		if err != nil || len(families) != 1 || families[0].GetMetric()[0].GetCounter().GetValue() != 1 {
			t.Errorf("counted %v, %v", families, err)
		}
	})
}

// domain 16.3: a failure is tried again later and later, and given up in the end; people see it, without more than the
// error's text for people.
func TestFailuresAreRepeatedAndGivenUp(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		var log strings.Builder
		secret := errors.New("the secret is apl_canary")
		w := b.worker(func(o *outbox.Options) {
			o.First, o.Longest, o.Attempts = time.Second, 4*time.Second, 5
			o.Logger = slog.New(slog.NewTextHandler(&log, nil))
		}, func(_ context.Context, d outbox.Delivery) error {
			if d.Attempt == 2 {
				panic("attempt two") // a handler that panics has failed, and no more than that
			}
			if d.Attempt == 3 {
				return secret
			}
			return outbox.Told("the server is closed "+strings.Repeat("x", 600), nil)
		})
		id := b.write("object")
		for attempt, longest := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 4 * time.Second, 0} {
			b.deliver(w, 1)
			row := b.row(id)
			if row.Attempts != attempt+1 || len(row.LastError) > 200 || strings.Contains(row.LastError, "canary") || row.LastError == "" {
				t.Errorf("after attempt %d: %v", attempt+1, row)
			}
			if longest == 0 {
				break
			}
			if wait := row.NextAt.Sub(b.clock().Now()); row.Status != enum.OutboxPending || wait < longest/2-time.Millisecond || wait > longest+time.Millisecond {
				t.Errorf("after attempt %d it is %s and waits %v", attempt+1, row.Status, wait)
			}
			b.deliver(w, 0)
			b.pass(longest + time.Millisecond)
		}
		if row := b.row(id); row.Status != enum.OutboxDead || !strings.HasPrefix(row.LastError, "the server is closed") {
			t.Errorf("in the end: %v", row)
		}
		b.pass(24 * time.Hour)
		b.deliver(w, 0)
		if !strings.Contains(log.String(), "attempt two") {
			t.Error("the log does not say what went wrong")
		}
	})
}

// A topic that nobody handles is a dead letter in the end, not a lost one.
func TestAnUnknownTopic(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		id := b.write("object")
		w := b.worker(func(o *outbox.Options) { o.Handlers, o.Attempts = nil, 1 }, nil)
		b.deliver(w, 1)
		if row := b.row(id); row.Status != enum.OutboxDead || row.LastError != "no handler for this topic" {
			t.Errorf("the row is %v", row)
		}
	})
}

// domain 16.3: events of one object are delivered in order: one that fails holds up the later ones of its object, and
// nobody else's; one that was given up holds nobody up.
func TestOrderForEachObject(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		var mu sync.Mutex
		var order []string
		fail := true
		w := b.worker(func(o *outbox.Options) { o.First, o.Longest, o.Attempts = time.Minute, time.Minute, 3 }, nil)
		names := map[oid.OutboxEvent]string{}
		w.Handlers[topic] = func(_ context.Context, d outbox.Delivery) error {
			mu.Lock()
			defer mu.Unlock()
			if fail && names[d.ID] == "a1" {
				return errors.New("not yet")
			}
			order = append(order, names[d.ID])
			return nil
		}
		for _, name := range []string{"a1", "b1", "a2", "a3", "b2"} {
			names[b.write(name[:1])] = name
		}
		b.deliver(w, 3)
		if !slices.Equal(order, []string{"b1", "b2"}) {
			t.Errorf("while a1 fails: %v", order)
		}
		b.pass(time.Hour)
		fail = false
		b.deliver(w, 3)
		if !slices.Equal(order, []string{"b1", "b2", "a1", "a2", "a3"}) {
			t.Errorf("then: %v", order)
		}

		order, fail = nil, true
		names[b.write("c")], names[b.write("c")] = "a1", "c2" // the first never succeeds
		for range 3 {
			if _, err := w.Deliver(b.ctx); err != nil {
				t.Fatal(err)
			}
			b.pass(time.Hour)
		}
		if !slices.Equal(order, []string{"c2"}) {
			t.Errorf("after a dead letter: %v", order)
		}
	})
}

// domain 16.3: many workers over one database deliver each event once where nobody dies, in order for each object.
func TestManyWorkers(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		var mu sync.Mutex
		got := map[string][]oid.OutboxEvent{}
		handler := func(_ context.Context, d outbox.Delivery) error {
			mu.Lock()
			defer mu.Unlock()
			got[d.Object] = append(got[d.Object], d.ID)
			return nil
		}
		want := map[string][]oid.OutboxEvent{}
		for i := range 60 {
			object := fmt.Sprint(i % 7)
			want[object] = append(want[object], b.write(object))
		}
		var all sync.WaitGroup
		for range 5 {
			w := b.worker(nil, handler)
			all.Go(func() {
				for b.db.Ent().OutboxEvent.Query().Where(outboxevent.StatusEQ(enum.OutboxPending)).CountX(b.ctx) > 0 {
					if _, err := w.Deliver(b.ctx); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
		for object, ids := range want {
			if !slices.Equal(got[object], ids) {
				t.Errorf("object %s: delivered %v, written %v", object, got[object], ids)
			}
		}
	})
}

// domain 16.3: a worker that dies, or takes too long, in the midst of a delivery has it until its lease is over; then
// another delivers again, and what the first says about it later counts no more.
func TestALeaseRunsOut(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		begun, end := make(chan struct{}), make(chan struct{})
		slow := b.worker(nil, func(context.Context, outbox.Delivery) error {
			close(begun)
			<-end
			return errors.New("too late to say so")
		})
		times := 0
		other := b.worker(nil, func(context.Context, outbox.Delivery) error { times++; return nil })
		id := b.write("object")
		gone := make(chan error)
		go func() {
			_, err := slow.Deliver(b.ctx)
			gone <- err
		}()
		<-begun
		b.deliver(other, 0)
		b.pass(time.Minute - time.Millisecond)
		b.deliver(other, 0)
		b.pass(2 * time.Millisecond)
		b.deliver(other, 1)
		close(end)
		b.must(<-gone)
		if row := b.row(id); times != 1 || row.Status != enum.OutboxDelivered || row.Attempts != 2 || row.LastError != "" {
			t.Errorf("delivered %d times; the row is %v", times, row)
		}
	})
}

// A worker that dies in the last attempt leaves a dead letter, not an event that is tried for ever.
func TestDeathInTheLastAttempt(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		id := b.write("object")
		later := b.clock().Now().Add(time.Minute)
		b.must(b.db.Ent().OutboxEvent.UpdateOneID(id).SetAttempts(16).SetLeasedBy("gone").SetLeasedUntil(later).Exec(b.ctx))
		w := b.worker(nil, func(context.Context, outbox.Delivery) error { t.Error("it is tried again"); return nil })
		b.deliver(w, 0)
		b.pass(time.Hour)
		b.deliver(w, 0)
		if row := b.row(id); row.Status != enum.OutboxDead || row.LeasedBy != "" || row.LastError == "" {
			t.Errorf("the row is %v", row)
		}
	})
}

// Delivered events are deleted after a week; pending and dead ones are not.
func TestDeliveredEventsAreForgotten(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		w := b.worker(func(o *outbox.Options) { o.Attempts = 1 }, func(_ context.Context, d outbox.Delivery) error {
			if d.Object == "bad" {
				return errors.New("no")
			}
			return nil
		})
		gone, dead := b.write("good"), b.write("bad")
		b.deliver(w, 2)
		pending := b.write("pending")
		b.pass(7*24*time.Hour - time.Minute)
		b.must(w.Forget(b.ctx))
		b.row(gone)
		b.pass(2 * time.Minute)
		b.must(w.Forget(b.ctx))
		if _, err := b.db.Ent().OutboxEvent.Get(b.ctx, gone); !ent.IsNotFound(err) {
			t.Errorf("after a week: %v", err)
		}
		b.row(dead)
		b.row(pending)
	})
}

// A running worker hears of an event at its commit, and stops with its context.
func TestAWorkerRunsAndStops(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		delivered := make(chan oid.OutboxEvent, 1)
		w := b.worker(func(o *outbox.Options) { o.Idle, o.Clock = time.Hour, clock.Clock{} }, func(_ context.Context, d outbox.Delivery) error {
			delivered <- d.ID
			return nil
		})
		ctx, cancel := context.WithCancel(b.ctx)
		stopped := make(chan error)
		go func() { stopped <- w.Run(ctx) }()
		for range 3 { // it looks only when it is woken: its own look is an hour away
			if id, got := b.write("object"), <-delivered; id != got {
				t.Errorf("delivered %s, not %s", got, id)
			}
		}
		cancel()
		b.must(<-stopped)
	})
}
