package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"github.com/appanage/appanage/bench/byhand"
	"github.com/appanage/appanage/graph/plan"
	"github.com/appanage/appanage/internal/httpapi"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/identity"
)

// The targets that are measured.
const (
	referenceTarget = iota
	plannerTarget
	byHandTarget
	targets
)

var names = [targets]string{"reference", "planner", "by hand"}

// system is all targets over one database.
type system struct {
	hub     *hub.Hub
	hand    *byhand.Server
	world   world
	lists   lists
	handler [targets]http.Handler
}

// newSystem puts the targets over a database, which it migrates, and loads unless it has the data. None bounds the
// rate of its callers, and the hub's log goes nowhere: the handler by hand has none.
func newSystem(ctx context.Context, database string, w world, progress io.Writer) (*system, error) {
	h, err := hub.Open(ctx, database, identity.DefaultSessionLimits)
	if err != nil {
		return nil, err
	}
	sys := &system{hub: h, world: w}
	if err := sys.prepare(ctx, database, progress); err != nil {
		return nil, errors.Join(err, sys.close())
	}
	return sys, nil
}

func (s *system) prepare(ctx context.Context, database string, progress io.Writer) (err error) {
	if err := s.fill(ctx, progress); err != nil {
		return err
	}
	if s.lists, err = newLists(); err != nil {
		return err
	}
	for t, reads := range []hub.Reads{hub.Reference, hub.Planned} {
		if s.handler[t], err = s.executor(reads); err != nil {
			return err
		}
	}
	schema, err := s.send(ctx, referenceTarget, callers.partner, graphQL(plan.IntrospectionQuery, nil))
	if err != nil {
		return err
	}
	s.hand, err = byhand.New(ctx, database, byhand.Options{
		Cursors: s.lists.cursors, ByCreation: s.lists.byCreation, ByName: s.lists.byName, Schema: schema,
	})
	if err != nil {
		return err
	}
	s.handler[byHandTarget] = s.hand.Handler()
	return nil
}

// fill loads an empty database. One that is not must hold the same world.
func (s *system) fill(ctx context.Context, progress io.Writer) error {
	err := s.world.load(ctx, s.hub.DB, progress)
	if !errors.Is(err, errNotEmpty) {
		return err
	}
	n, err := s.hub.DB.Ent().Application.Query().Count(platform(ctx))
	if err == nil && n != s.world.applications() {
		err = fmt.Errorf("the database has %d applications, this scale has %d", n, s.world.applications())
	}
	return err
}

// executor makes a hub of its own, for its metrics and its cache of callers, over the one database.
func (s *system) executor(reads hub.Reads) (http.Handler, error) {
	unbound := httpapi.Rate{PerSecond: rate.Inf}
	return hub.New(s.hub.DB, prometheus.NewRegistry(), identity.DefaultSessionLimits).Handler(hub.HTTP{Keys: s.lists.keys, Reads: reads, Options: httpapi.Options{
		Rates: httpapi.Rates{Address: unbound, Session: unbound}, Logger: slog.New(slog.DiscardHandler),
	}})
}

func (s *system) close() error {
	err := s.hub.Close()
	if s.hand != nil {
		err = errors.Join(err, s.hand.Close())
	}
	return err
}

// serve answers on a port of the loopback, as the hub does in production, until ctx ends; stopped then gives the
// error, if any.
func serve(ctx context.Context, handler http.Handler) (address string, stopped <-chan error, err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	done := make(chan error, 1)
	go func() { done <- httpapi.Run(ctx, listener, handler, slog.New(slog.DiscardHandler)) }()
	return listener.Addr().String(), done, nil
}
