package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/appanage/appanage/bench/byhand"
	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/definition"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/tenancy"
)

// The definition that is resolved: so many members of about 100 bytes, of which each layer above the owner's changes some.
const (
	definitionMembers = 880
	definitionLayers  = 5
	definitionChanges = 40
)

// shelf is a definition with a chain of clients, made for one measurement and taken away again.
type shelf struct {
	db      *store.DB
	app     oid.Application
	clients []oid.Client // the owner first, each managed by the one before
	content []string     // of each one's layer
}

// measureDefinitions prints what it takes to resolve a definition of 100 KB with 5 layers, beside code written by hand: of
// the hub with nothing kept, as on the first read of a content; again; and of the code by hand, which keeps nothing.
func measureDefinitions(ctx context.Context, sys *system, db database, each time.Duration, out io.Writer) (err error) {
	ctx = platform(ctx)
	s := &shelf{db: sys.hub.DB}
	defer func() { err = errors.Join(err, s.takeAway(ctx)) }()
	if err := s.put(ctx, sys.hub.Tenancy); err != nil {
		return fmt.Errorf("definitions: %w", err)
	}
	_, writer, reader, err := byhand.Open(db.url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, writer.Close(), reader.Close()) }()
	hand := definitionByHand{reader}
	key := sys.lists.keys.Key("definition")
	warm, err := definition.New(s.db, key)
	if err != nil {
		return err
	}
	own := actor.With(ctx, actor.New(actor.Actor{User: "user", Session: "session", Client: s.reader(), Scope: actor.Scope{Clients: []oid.Client{s.reader()}, Root: s.reader()}}, nil, time.Now()))
	hub := func(service *definition.Service) (string, error) {
		r, err := service.Read(own, definition.Question{Place: s.place()})
		if r == nil || err != nil {
			return "", errors.Join(errors.New("there is no definition"), err)
		}
		return r.Content, nil
	}
	byHand := func() (string, error) { return hand.resolve(ctx, s.app, s.reader(), time.Now()) }
	if err := alike(func() (string, error) { return hub(warm) }, byHand); err != nil {
		return err
	}
	var cold *definition.Service
	rows := [][]string{{"definition, " + fmt.Sprint(len(s.content[0])/1000) + " KB, 5 layers", db.engine, "time", "allocs", "bytes", "over by hand"}}
	var base time.Duration
	for _, c := range []struct {
		name  string
		ready func() error
		run   func() (string, error)
	}{
		{"by hand", func() error { return nil }, byHand},
		{"hub, cold", func() (err error) { cold, err = definition.New(s.db, key); return err }, func() (string, error) { return hub(cold) }},
		{"hub, warm", func() error { return nil }, func() (string, error) { return hub(warm) }},
	} {
		took, allocs, bytes, err := timed(each, c.ready, c.run)
		if err != nil {
			return err
		}
		if base == 0 {
			base = took
		}
		rows = append(rows, []string{"", c.name, micros(took), fmt.Sprint(allocs), fmt.Sprint(bytes), fmt.Sprintf("%.2f", float64(took)/float64(base))})
	}
	printTable(out, rows)
	return nil
}

// alike checks that both give the same.
func alike(one, two func() (string, error)) error {
	a, err := one()
	b, other := two()
	if err := errors.Join(err, other); err != nil {
		return err
	}
	if a != b {
		return fmt.Errorf("the definitions differ: %d and %d bytes", len(a), len(b))
	}
	return nil
}

// timed runs something for a while, made ready anew each time: the median, and what it allocates.
func timed(each time.Duration, ready func() error, run func() (string, error)) (median time.Duration, allocs, bytes uint64, err error) {
	var all []time.Duration
	var before, after runtime.MemStats
	for end := time.Now().Add(each); time.Now().Before(end) || len(all) < 3; {
		if err := ready(); err != nil {
			return 0, 0, 0, err
		}
		runtime.ReadMemStats(&before)
		start := time.Now()
		if _, err := run(); err != nil {
			return 0, 0, 0, err
		}
		all = append(all, time.Since(start))
		runtime.ReadMemStats(&after)
		allocs, bytes = allocs+after.Mallocs-before.Mallocs, bytes+after.TotalAlloc-before.TotalAlloc
	}
	slices.Sort(all)
	n := uint64(len(all))
	return all[len(all)/2], allocs / n, bytes / n, nil
}

func (s *shelf) reader() oid.Client { return s.clients[len(s.clients)-1] }

func (s *shelf) place() definition.Place {
	return definition.Place{Application: s.app, Kind: enum.DefinitionPage, Name: "home"}
}

// put makes the clients, the application and the layers.
func (s *shelf) put(ctx context.Context, clients *tenancy.Service) error {
	manager := oid.SystemClient
	for n := range definitionLayers {
		id, err := clients.Create(ctx, tenancy.Create{Manager: manager, Name: fmt.Sprint("Shelf ", n), Type: enum.ClientBusiness})
		if err != nil {
			return err
		}
		s.clients, s.content, manager = append(s.clients, id), append(s.content, layerContent(n)), id
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		s.app = oid.New[oid.Application]()
		err := tx.Application.Create().SetID(s.app).SetClientID(s.clients[0]).SetCreatorID(s.clients[0]).SetCode(strings.ToLower(string(s.app[20:]))).SetName("Shelf").
			SetNameKey("shelf").SetType(enum.ApplicationApp).SetAccessType(enum.AccessOwn).Exec(ctx)
		for n := range definitionLayers {
			if err == nil && n > 0 {
				err = tx.AccessGrant.Create().SetClientID(s.clients[n]).SetApplicationID(s.app).SetLevel(enum.LevelWrite).SetGiverID(s.clients[0]).Exec(ctx)
			}
			if err == nil {
				err = s.lay(ctx, tx, n)
			}
		}
		return err
	})
}

func (s *shelf) lay(ctx context.Context, tx *ent.Client, n int) error {
	version, place := oid.New[oid.DefinitionVersion](), s.place()
	err := tx.DefinitionVersion.Create().SetID(version).SetClientID(s.clients[n]).SetApplicationID(s.app).SetKind(place.Kind).SetName(place.Name).SetNumber(1).
		SetContent(s.content[n]).SetWhole(n == 0).SetFinal(false).SetPublic(false).SetRemoved(false).Exec(ctx)
	if err != nil {
		return err
	}
	return tx.DefinitionLayer.Create().SetClientID(s.clients[n]).SetApplicationID(s.app).SetKind(place.Kind).SetName(place.Name).SetCurrentID(version).
		SetWhole(n == 0).Exec(ctx)
}

// layerContent is the owner's object, or what the n-th layer makes otherwise. Its members are in the order of their names,
// so that code which forgets the order as it was written comes to the same.
func layerContent(n int) string {
	var members []string
	if n == 0 {
		for m := range definitionMembers {
			members = append(members, fmt.Sprintf(`"m%04d":{"label":"The text of member %d","style":{"color":"#%06x","width":%d},"tags":["a","b"],"visible":true}`, m, m, m*7919, m%100))
		}
	} else {
		for i := range definitionChanges {
			members = append(members, fmt.Sprintf(`"m%04d":{"label":"Changed by layer %d","style":{"width":%d}}`, i*20+n, n, 100+n))
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}

// takeAway removes what put made: the data of a scale is as it was.
func (s *shelf) takeAway(ctx context.Context) error {
	if len(s.clients) == 0 {
		return nil
	}
	ids := store.Anys(s.clients)
	marks := store.Marks(len(ids))
	return s.db.InTx(ctx, func(ctx context.Context, _ *ent.Client) (err error) {
		for _, statement := range []string{
			"DELETE FROM definition_layers WHERE client_id IN ", "DELETE FROM definition_versions WHERE client_id IN ", "DELETE FROM access_grants WHERE client_id IN ",
			"DELETE FROM applications WHERE client_id IN ", "DELETE FROM package_gifts WHERE client_id IN ", "DELETE FROM audit_events WHERE client_id IN ",
			"DELETE FROM client_paths WHERE descendant_id IN ", "UPDATE clients SET manager_id = NULL WHERE id IN ", "DELETE FROM clients WHERE id IN ",
		} {
			if err == nil {
				_, err = s.db.Exec(ctx, statement+marks, ids...)
			}
		}
		return err
	})
}
