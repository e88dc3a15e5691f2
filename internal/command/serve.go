// Package command holds what the subcommands of the command line do.
package command

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/time/rate"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/config"
	"github.com/appanage/appanage/internal/demo"
	"github.com/appanage/appanage/internal/explorer"
	"github.com/appanage/appanage/internal/httpapi"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/identity"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/outbox"
	"github.com/appanage/appanage/internal/participant"
	"github.com/appanage/appanage/internal/prove"
	"github.com/appanage/appanage/internal/store"
)

// Serve runs the server until it is told to stop.
type Serve struct{ config.Serve }

// Run implements the command.
func (s *Serve) Run(ctx context.Context) (err error) {
	log := s.Logger()
	told, err := participant.Load(s.Participants)
	if err != nil {
		return err
	}
	database, keys, cleanUp, err := s.where()
	if err != nil {
		return err
	}
	defer cleanUp()
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.Listen)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }() // closed already where the server has run
	h, err := hub.Open(ctx, database, identity.SessionLimits{Idle: s.SessionIdle, Most: s.SessionMost})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	if err := s.firstAdmin(ctx, h, log); err != nil {
		return err
	}
	encryption, err := s.EncryptionKeys(database, func() (config.Keys, error) { return keys, nil })
	if err != nil {
		return err
	}
	if s.Demo {
		if len(s.URLSuffix) == 0 {
			s.URLSuffix = []string{demo.Suffix}
		}
		if err := s.fill(ctx, h, encryption, listener.Addr().String()); err != nil {
			return err
		}
	}
	stop, err := traces(ctx, s.TraceTo)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop(context.WithoutCancel(ctx))) }()
	options := s.options()
	outgoing, err := s.outgoing(listener.Addr().String(), &options)
	if err != nil {
		return err
	}
	handler, err := h.Handler(hub.HTTP{Keys: keys, Encryption: encryption, URLSuffix: s.URLSuffix, PlatformHost: s.PlatformHost, Proof: prove.Options{Resolver: s.DNSResolver}, Clock: clock.Clock{}, Reads: hub.Reads(s.Reads), Participants: participant.Names(told), Options: options})
	if err != nil {
		return err
	}
	outgoing.Participants, outgoing.Keys, outgoing.URLSuffix = told, keys, s.URLSuffix
	defer working(ctx, h, hub.Work{Keys: keys, Logger: log, Also: deliveries(h.Workers(outgoing))})()
	return httpapi.Run(ctx, listener, handler, log)
}

// deliveries are the jobs of workers.
func deliveries(workers []*outbox.Worker) []func(context.Context) error {
	jobs := make([]func(context.Context) error, len(workers))
	for i, w := range workers {
		jobs[i] = w.Run
	}
	return jobs
}

// working starts what a node does beside answering; the function it gives ends that and waits for its end.
func working(ctx context.Context, h *hub.Hub, w hub.Work) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var work sync.WaitGroup
	work.Go(func() { h.Work(ctx, w) })
	return func() { cancel(); work.Wait() }
}

func (s *Serve) options() httpapi.Options {
	o := httpapi.Options{
		Development: !s.Production, Origins: s.CORSOrigin, TrustedProxies: s.TrustedProxy, Logger: s.Logger(),
		Rates: httpapi.Rates{Address: perSecond(s.RateAddress), Session: perSecond(s.RateSession)},
	}
	if s.Page() {
		o.Page = explorer.Handler()
	}
	return o
}

// perSecond allows bursts of five seconds' worth.
func perSecond(n float64) httpapi.Rate {
	if n <= 0 {
		return httpapi.Rate{PerSecond: rate.Inf}
	}
	return httpapi.Rate{PerSecond: rate.Limit(n), Burst: max(1, int(5*n))}
}

// where gives the database and its keys. The demo's, unless a database was named, are gone when it stops.
func (s *Serve) where() (database string, keys config.Keys, cleanUp func(), err error) {
	if !s.Demo || s.Database.Database != "" {
		keys, err = s.KeysFor(s.URL())
		return s.URL(), keys, func() {}, err
	}
	dir, err := os.MkdirTemp("", "appanage-demo-")
	if err != nil {
		return "", keys, nil, fmt.Errorf("make a place for the demo: %w", err)
	}
	return "sqlite:" + filepath.Join(dir, "demo.db"), config.NewKeys(), func() { _ = os.RemoveAll(dir) }, nil
}

// firstAdmin makes the administrator that the configuration names, on a platform without users. Without one it says
// how to make him. Servers that start at once take turns by the SYSTEM client's row: the later ones find the user of
// the first.
func (s *Serve) firstAdmin(ctx context.Context, h *hub.Hub, log *slog.Logger) error {
	ctx = actor.System(ctx, "the operator's configuration names the first administrator")
	users, err := h.DB.Client(ctx).User.Query().Exist(ctx)
	if err != nil || users {
		return err
	}
	if s.AdminUser == "" {
		if !s.Demo {
			log.WarnContext(ctx, "nobody can sign in yet: make the first administrator with `appanage admin create`")
		}
		return nil
	}
	return h.DB.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		if _, err := store.ForUpdate(h.DB, tx.Tenant.Query().Where(tenant.ID(oid.SystemClient))).Only(ctx); err != nil {
			return err
		}
		if users, err := tx.User.Query().Exist(ctx); err != nil || users {
			return err
		}
		_, err := h.Identity.CreateUser(ctx, identity.CreateUser{
			Client: oid.SystemClient, Name: s.AdminUser, UserName: s.AdminUser, Password: s.AdminPassword,
			Roles: []oid.Role{authority.BuiltInRole(authority.OwnerRole)},
		})
		return err
	})
}

// fill brings the demo's data and says how to get in.
func (s *Serve) fill(ctx context.Context, h *hub.Hub, encryption []config.EncryptionKey, address string) error {
	ring, err := hub.Ring(encryption)
	if err != nil {
		return err
	}
	password := s.DemoPassword
	if password == "" {
		token, err := identity.NewToken()
		if err != nil {
			return err
		}
		password = token[len(token)-16:]
	}
	users, err := demo.Fill(ctx, h.DB, demo.Services{Tenancy: h.Tenancy, Identity: h.Identity, Applications: h.Applications, Properties: h.Properties, Ring: ring}, password)
	if err != nil {
		return err
	}
	fmt.Print(introduction("http://"+address, users, s.Database.Database != ""))
	return nil
}
