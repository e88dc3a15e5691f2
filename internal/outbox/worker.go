package outbox

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// Delivery is an event that a handler is to deliver, perhaps not for the first time.
type Delivery struct {
	ID      oid.OutboxEvent
	At      time.Time // when it was written
	Topic   string
	Client  oid.Client
	Object  string
	Payload json.RawMessage
	Attempt int // 1 for the first
}

// Handler delivers an event. It may be called again for one that it has delivered: when the node died before that was
// written down. What its error says goes to the log; into the row, which people read, goes only what Told gives.
type Handler func(ctx context.Context, d Delivery) error

// Options are what a worker is made from. Every zero value but Handlers is a default fit for production.
type Options struct {
	// Participant is the service whose events the worker delivers; "" for those that are the hub's own to deliver. Each has a
	// worker to itself, so that one that is down delays no other.
	Participant string
	Handlers    map[string]Handler // by topic
	Clock       clock.Clock
	Logger      *slog.Logger
	// Registry gets the metrics; nil for none.
	Registry *prometheus.Registry

	// Lease is how long a worker has an event to itself; a handler has half of it.
	Lease time.Duration
	// First is the wait after the first failure. Each further one doubles it, up to Longest.
	First, Longest time.Duration
	// Attempts is after how many failures an event is given up: with the defaults, in some three hours.
	Attempts int
	// Idle is how often a worker looks for events of other nodes.
	Idle time.Duration
	// AtOnce is how many events it delivers at the same time.
	AtOnce int
	// Kept is how long delivered events are kept.
	Kept time.Duration
}

func (o Options) withDefaults() Options {
	o.Lease = cmp.Or(o.Lease, time.Minute)
	o.First, o.Longest, o.Attempts = cmp.Or(o.First, time.Second), cmp.Or(o.Longest, time.Hour), cmp.Or(o.Attempts, 16)
	o.Idle, o.AtOnce, o.Kept = cmp.Or(o.Idle, time.Second/2), cmp.Or(o.AtOnce, 4), cmp.Or(o.Kept, 7*24*time.Hour)
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// Worker delivers events. Any number of them, on any number of nodes, share the work.
type Worker struct {
	Options
	db      *store.DB
	name    string // of this worker, among all there are
	counted *prometheus.CounterVec
}

// New makes a worker, which does nothing before it runs.
func New(db *store.DB, o Options) *Worker {
	return &Worker{Options: o.withDefaults(), db: db, name: string(oid.New[oid.OutboxEvent]()), counted: counter(o.Registry)}
}

// forgetEvery is how often a worker deletes what has been kept long enough.
const forgetEvery = time.Hour

// Run delivers what is due until the context ends; deliveries under way then have a few seconds to end.
func (w *Worker) Run(ctx context.Context) error {
	heard, forget := listen(w.db)
	defer forget()
	idle := time.NewTicker(w.Idle)
	defer idle.Stop()
	var forgotten time.Time
	for ctx.Err() == nil {
		n, err := w.round(ctx)
		if now := w.Clock.Now(); err == nil && n == 0 && now.Sub(forgotten) >= forgetEvery {
			forgotten = now
			err = w.Forget(ctx)
		}
		if err != nil && ctx.Err() == nil {
			w.Logger.ErrorContext(ctx, "the outbox cannot be worked on", "error", err)
		}
		if n > 0 {
			continue
		}
		select {
		case <-ctx.Done():
		case <-heard:
		case <-idle.C:
		}
	}
	return nil
}

// Deliver delivers what is due until nothing is left, and says how many deliveries were tried.
func (w *Worker) Deliver(ctx context.Context) (tried int, err error) {
	for {
		n, err := w.round(ctx)
		tried += n
		if err != nil || n == 0 {
			return tried, err
		}
	}
}

// round takes what is due, as much as is delivered at once, and delivers it: each event is of another object.
func (w *Worker) round(ctx context.Context) (int, error) {
	ctx = w.system(ctx)
	events, err := w.claim(ctx)
	var all sync.WaitGroup
	failed := make([]error, len(events))
	for i, d := range events {
		all.Go(func() { failed[i] = w.deliver(ctx, d) })
	}
	all.Wait()
	return len(events), errors.Join(append(failed, err)...)
}

// system is the platform at work, at the worker's time.
func (w *Worker) system(ctx context.Context) context.Context {
	ctx = actor.System(ctx, "the platform delivers its own events")
	return actor.With(ctx, actor.From(ctx).At(w.Clock.Now(), ""))
}

// grace is how long a delivery under way has when the worker is to stop.
const grace = 5 * time.Second

// deliver runs the handler and writes down what became of it. What was begun is written down also when the worker stops.
func (w *Worker) deliver(ctx context.Context, d Delivery) error {
	ended := context.WithoutCancel(ctx)
	within, cancel := context.WithTimeout(ended, w.Lease/2)
	defer cancel()
	stopped := context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })
	defer stopped()
	err := w.handle(within, d)
	if err == nil {
		w.count("delivered")
		return w.delivered(ended, d)
	}
	w.Logger.WarnContext(ctx, "an event was not delivered", "event", string(d.ID), "topic", d.Topic, "attempt", d.Attempt, "error", err)
	return w.failed(ended, d, err)
}

func (w *Worker) handle(ctx context.Context, d Delivery) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("outbox: the handler of %s panicked: %v", d.Topic, r)
		}
	}()
	handler, ok := w.Handlers[d.Topic]
	if !ok {
		return Told("no handler for this topic", nil)
	}
	return handler(ctx, d)
}

// wait is how long an event rests after a failure: doubled for each, with jitter so that what failed together does not
// come again together.
func (w *Worker) wait(attempt int) time.Duration {
	wait := w.First
	for range attempt - 1 {
		if wait = 2 * wait; wait >= w.Longest {
			wait = w.Longest
			break
		}
	}
	return wait/2 + rand.N(wait/2+1) //nolint:gosec // jitter
}

// told is an error with a text for people.
type told struct {
	text  string
	cause error
}

// Told is an error whose text may be shown to the platform's operators: it has no secret, and nobody's data.
func Told(text string, cause error) error { return &told{text, cause} }

// Error implements error.
func (t *told) Error() string {
	if t.cause == nil {
		return t.text
	}
	return t.text + ": " + t.cause.Error()
}

// Unwrap gives the cause.
func (t *told) Unwrap() error { return t.cause }

// textOf is what is written down of an error.
func textOf(err error) string {
	if t, ok := errors.AsType[*told](err); ok {
		return t.text
	}
	return "internal error: the log of the server has it"
}

// counter counts deliveries by what became of them. Workers of one registry share it.
func counter(registry *prometheus.Registry) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "appanage_outbox_deliveries_total", Help: "Attempts to deliver events of the outbox: delivered, failed (tried again), dead (given up).",
	}, []string{"outcome"})
	if registry == nil {
		return c
	}
	if err := registry.Register(c); err != nil {
		if there, ok := errors.AsType[prometheus.AlreadyRegisteredError](err); ok {
			if c, ok := there.ExistingCollector.(*prometheus.CounterVec); ok {
				return c
			}
		}
		panic(err) // two different things under one name
	}
	return c
}

func (w *Worker) count(outcome string) { w.counted.WithLabelValues(outcome).Inc() }
