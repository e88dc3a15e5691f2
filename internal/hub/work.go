package hub

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/bundle"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/config"
	"github.com/appanage/appanage/internal/idempotency"
	"github.com/appanage/appanage/internal/identity"
	"github.com/appanage/appanage/internal/lease"
	"github.com/appanage/appanage/internal/registration"
)

// What a node does beside answering. All nodes of a database do it; who does what is settled by leases and rows.
const (
	sealEvery = 400 * time.Millisecond // the trail is sealed within a second (domain 16.1)
	sealTerm  = 5 * time.Second        // another node takes over when the one that seals is gone
	tidyEvery = 10 * time.Minute
)

// Work configures it.
type Work struct {
	Keys   config.Keys
	Logger *slog.Logger
	// Also are further jobs, such as delivering the outbox; each runs until the context ends.
	Also []func(ctx context.Context) error
}

// Work runs until ctx ends, and returns when everything has stopped. What fails is logged, and tried again.
func (h *Hub) Work(ctx context.Context, o Work) {
	var all sync.WaitGroup
	sealer, node := audit.NewSealer(h.DB, o.Keys.Key("audit")), nodeName()
	all.Go(func() {
		every(ctx, o.Logger, "seal the trail", sealEvery, func(ctx context.Context) error { return h.seal(ctx, sealer, node) })
	})
	once := idempotency.New(h.DB, nil)
	all.Go(func() {
		every(ctx, o.Logger, "tidy up", tidyEvery, func(ctx context.Context) error { return h.tidy(ctx, once, h.Identity, node) })
	})
	for _, job := range o.Also {
		all.Go(func() {
			if err := job(ctx); err != nil && ctx.Err() == nil {
				o.Logger.ErrorContext(ctx, "a job has ended", "error", err)
			}
		})
	}
	all.Wait()
}

// every runs a job again and again, with a pause between.
func every(ctx context.Context, log *slog.Logger, name string, pause time.Duration, job func(context.Context) error) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		if err := job(ctx); err != nil && ctx.Err() == nil {
			log.ErrorContext(ctx, "could not "+name, "error", err)
		}
		timer.Reset(pause)
	}
}

// seal chains the events that are committed, on the node whose duty it is.
func (h *Hub) seal(ctx context.Context, sealer *audit.Sealer, node string) error {
	waiting, err := sealer.Waiting(ctx)
	if err != nil || !waiting {
		return err
	}
	mine, err := lease.Take(ctx, h.DB, "audit-seal", node, sealTerm)
	if err != nil || !mine {
		return err
	}
	_, err = sealer.Seal(ctx)
	return err
}

// tidy deletes what has been kept long enough.
func (h *Hub) tidy(ctx context.Context, once *idempotency.Service, people *identity.Service, node string) error {
	mine, err := lease.Take(ctx, h.DB, "tidy", node, tidyEvery)
	if err != nil || !mine {
		return err
	}
	if err := once.Forget(ctx); err != nil {
		return err
	}
	if err := people.ForgetAttempts(ctx); err != nil {
		return err
	}
	if err := bundle.Forget(ctx, h.DB, clock.Now()); err != nil {
		return err
	}
	if err := registration.New(h.DB, registration.Services{}, nil).Forget(ctx); err != nil {
		return err
	}
	return people.ForgetLinks(ctx)
}

// nodeName tells this process from the others that share its database.
func nodeName() string {
	host, _ := os.Hostname()
	return fmt.Sprintf("%.40s/%d/%d", host, os.Getpid(), time.Now().UnixNano()%1e9)
}
