package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"

	"golang.org/x/time/rate"

	"github.com/appanage/appanage/bench/byhand"
	"github.com/appanage/appanage/internal/config"
	"github.com/appanage/appanage/internal/httpapi"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/identity"
)

// target is one of the two that are measured.
type target struct {
	name     string
	handler  http.Handler
	requests func(scenario) []request
}

// system is both targets over one database.
type system struct {
	hub    *hub.Hub
	hand   *byhand.Server
	world  world
	target [2]target // the hub, then the other
}

// newSystem migrates an empty database, loads it, and puts both targets over it. Neither bounds the rate of its
// callers, and the hub's log goes nowhere: the other has none.
func newSystem(ctx context.Context, database string, s size) (*system, error) {
	h, err := hub.Open(ctx, database, identity.DefaultSessionLimits)
	if err != nil {
		return nil, err
	}
	sys := &system{hub: h}
	if sys.world, err = load(ctx, h.DB, s); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	unbound := httpapi.Rate{PerSecond: rate.Inf}
	handler, err := h.Handler(hub.HTTP{Keys: config.NewKeys(), Options: httpapi.Options{
		Rates: httpapi.Rates{Address: unbound, Session: unbound}, Logger: slog.New(slog.DiscardHandler),
	}})
	if err != nil {
		return nil, errors.Join(err, h.Close())
	}
	if sys.hand, err = byhand.New(ctx, database); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	sys.target = [2]target{
		{"hub", handler, func(s scenario) []request { return s.hub }},
		{"by hand", sys.hand.Handler(), func(s scenario) []request { return s.byHand }},
	}
	return sys, nil
}

func (s *system) close() error { return errors.Join(s.hand.Close(), s.hub.Close()) }

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
