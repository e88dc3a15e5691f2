package tenancy_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/tenancy"
	"github.com/appanage/appanage/internal/testkit"
)

func system(t *testing.T) context.Context { return actor.System(t.Context(), "a test") }

func engines(t *testing.T, f func(t *testing.T, db *store.DB, s *tenancy.Service)) {
	t.Helper()
	testkit.EnginesWith(t, store.Options{Install: authority.Install}, func(t *testing.T, db *store.DB) {
		t.Helper()
		f(t, db, tenancy.New(db))
	})
}

func create(t *testing.T, s *tenancy.Service, below oid.Client, name string, isolated bool) oid.Client {
	t.Helper()
	id, err := s.Create(system(t), tenancy.Create{Manager: below, Name: name, Type: enum.ClientBusiness, Isolated: isolated})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// domain 1.1, 1.6: the closure holds each ancestor with its distance; the base is the nearest isolated client.
func TestCreateKeepsTheClosureAndTheBase(t *testing.T) {
	engines(t, func(t *testing.T, db *store.DB, s *tenancy.Service) {
		partner := create(t, s, oid.SystemClient, "Partner", true)
		business := create(t, s, partner, "Business", false)
		branch := create(t, s, business, "Branch", false)
		paths, err := db.Ent().ClientPath.Query().All(system(t))
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]int{}
		for _, p := range paths {
			got[fmt.Sprint(p.TenantID, p.DescendantID)] = p.Depth
		}
		line := []oid.Client{oid.SystemClient, partner, business, branch}
		want := map[string]int{}
		for i, above := range line {
			for j := i; j < len(line); j++ {
				want[fmt.Sprint(above, line[j])] = j - i
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("the closure is %v, want %v", got, want)
		}
		row, err := db.Ent().Tenant.Get(system(t), branch)
		if err != nil || row.BaseID != partner {
			t.Errorf("the base is %v, %v, want %v", row, err, partner)
		}
		gifts, err := row.QueryPackageGifts().QueryPackage().All(system(t))
		if err != nil || len(gifts) != 1 || gifts[0].Code != authority.BasePackage { // domain 3.3
			t.Errorf("given are %v, %v, want the base package", gifts, err)
		}
	})
}

// domain 1.3: at the same moment, with the same name, all succeed with different codes.
func TestOneNameManyCodes(t *testing.T) {
	engines(t, func(t *testing.T, db *store.DB, s *tenancy.Service) {
		const many = 20
		var group sync.WaitGroup
		for range many {
			group.Go(func() {
				if _, err := s.Create(system(t), tenancy.Create{Manager: oid.SystemClient, Name: "Müller", Type: enum.ClientBusiness}); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		var codes []string
		if err := db.Ent().Tenant.Query().Where(tenant.IDNEQ(oid.SystemClient)).Unique(true).Select(tenant.FieldCode).Scan(system(t), &codes); err != nil {
			t.Fatal(err)
		}
		if len(codes) != many {
			t.Errorf("%d requests made the codes %v", many, codes)
		}
	})
}

// domain 1.1: the tree may be 32 deep.
func TestDepthIsBounded(t *testing.T) {
	engines(t, func(t *testing.T, _ *store.DB, s *tenancy.Service) {
		below := oid.SystemClient
		for i := range tenancy.MaxDepth {
			below = create(t, s, below, fmt.Sprint("Level ", i), false)
		}
		_, err := s.Create(system(t), tenancy.Create{Manager: below, Name: "Too deep", Type: enum.ClientBusiness})
		if apperr.CodeOf(err) != apperr.NotAllowed {
			t.Errorf("the 33rd level: %v", err)
		}
	})
}

// domain 1.4: a new client is managed by the caller's client or one in its scope, not by one he only knows by name.
func TestManagerMustBeInScope(t *testing.T) {
	engines(t, func(t *testing.T, db *store.DB, s *tenancy.Service) {
		partner, stranger := create(t, s, oid.SystemClient, "Partner", true), create(t, s, oid.SystemClient, "Stranger", true)
		caller := actor.New(actor.Actor{Session: oid.New[oid.Session](), Client: partner,
			Scope: actor.Scope{Root: partner, Clients: []oid.Client{partner}, Above: []oid.Client{oid.SystemClient}}}, nil, clock.Now())
		before := count(t, db.Ent())
		for name, manager := range map[string]oid.Client{"above": oid.SystemClient, "stranger": stranger, "unknown": oid.New[oid.Client]()} {
			_, err := s.Create(actor.With(t.Context(), caller), tenancy.Create{Manager: manager, Name: "New", Type: enum.ClientBusiness})
			if e, ok := apperr.As(err); !ok || e.Code != apperr.NotFound || e.Message != "no such client" {
				t.Errorf("%s: %v", name, err)
			}
		}
		if after := count(t, db.Ent()); after != before {
			t.Errorf("%d clients, before %d", after, before)
		}
		if _, err := s.Create(actor.With(t.Context(), caller), tenancy.Create{Name: "New", Type: enum.ClientBusiness}); err != nil {
			t.Errorf("below the caller's client: %v", err)
		}
	})
}

func count(t *testing.T, db *ent.Client) int {
	t.Helper()
	n, err := db.Tenant.Query().Count(system(t))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestBadInput(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*tenancy.Create)
		path   string
	}{
		"no name":      {func(c *tenancy.Create) { c.Name = " " }, "name"},
		"a bad code":   {func(c *tenancy.Create) { c.Code = "A-1" }, "code"},
		"a long code":  {func(c *tenancy.Create) { c.Code = "ABCDEFGHIJKLMNOPQ" }, "code"},
		"SYSTEM":       {func(c *tenancy.Create) { c.Type = enum.ClientSystem }, "type"},
		"a bad locale": {func(c *tenancy.Create) { c.Locale = "not a locale" }, "locale"},
		"a bad zone":   {func(c *tenancy.Create) { c.TimeZone = "Mars/Olympus" }, "timeZone"},
		"local time":   {func(c *tenancy.Create) { c.TimeZone = "Local" }, "timeZone"},
		"a bad money":  {func(c *tenancy.Create) { c.Currency = "EURO" }, "currency"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := tenancy.Create{Name: "Name", Type: enum.ClientBusiness}
			c.change(&cmd)
			e, ok := apperr.As(cmd.Validate())
			if !ok || e.Code != apperr.Invalid || e.Path[1] != c.path {
				t.Errorf("got %v", e)
			}
		})
	}
}
