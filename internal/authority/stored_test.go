package authority_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/authn"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/identity"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit"
	"github.com/appanage/appanage/internal/testkit/soak"
)

// writer writes a random world into a database, as it is.
type writer struct {
	t   *testing.T
	ctx context.Context
	db  *ent.Client
	w   *tree
}

func (s writer) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// bulk runs creates, some at a time.
func bulk[B any](s writer, n int, create func(i int) B, run func([]B) error) {
	s.t.Helper()
	for from := 0; from < n; from += 100 {
		var list []B
		for i := from; i < min(n, from+100); i++ {
			list = append(list, create(i))
		}
		s.must(run(list))
	}
}

func (s writer) write() {
	s.t.Helper()
	s.clients()
	db, w := s.db, s.w
	bulk(s, len(w.apps), func(i int) *ent.ApplicationCreate {
		owner := clientID(w.apps[i])
		return db.Application.Create().SetID(placed[oid.Application](i)).SetClientID(owner).SetCreatorID(owner).SetCode(fmt.Sprint("app-", i)).
			SetName("x").SetNameKey("x").SetType(enum.ApplicationApp).SetAccessType(enum.AccessOwn)
	}, func(list []*ent.ApplicationCreate) error { return db.Application.CreateBulk(list...).Exec(s.ctx) })
	bulk(s, len(w.grants), func(i int) *ent.AccessGrantCreate {
		g := w.grants[i]
		create := db.AccessGrant.Create().SetClientID(clientID(g.client)).SetApplicationID(placed[oid.Application](g.app)).SetLevel(g.level).SetGiverID(oid.SystemClient)
		if g.expired {
			create.SetExpiresAt(clock.Now().Add(-time.Hour))
		}
		return create
	}, func(list []*ent.AccessGrantCreate) error { return db.AccessGrant.CreateBulk(list...).Exec(s.ctx) })
	s.rights()
	s.users()
}

func (s writer) clients() {
	db, w := s.db, s.w
	bulk(s, len(w.clients)-1, func(i int) *ent.TenantCreate {
		c := w.clients[i+1]
		status := enum.ClientActive
		if c.suspended {
			status = enum.ClientSuspended
		}
		return db.Tenant.Create().SetID(clientID(i + 1)).SetManagerID(clientID(c.manager)).SetBaseID(oid.SystemClient).SetIsolated(false).
			SetCode(fmt.Sprint("C", i)).SetName("x").SetNameKey("x").SetType(enum.ClientBusiness).SetStatus(status)
	}, func(list []*ent.TenantCreate) error { return db.Tenant.CreateBulk(list...).Exec(s.ctx) })
	var paths []*ent.ClientPathCreate
	for i := 1; i < len(w.clients); i++ {
		depth := 0
		for at := i; at >= 0; at = w.clients[at].manager {
			paths = append(paths, db.ClientPath.Create().SetTenantID(clientID(at)).SetDescendantID(clientID(i)).SetDepth(depth))
			depth++
		}
	}
	bulk(s, len(paths), func(i int) *ent.ClientPathCreate { return paths[i] }, func(list []*ent.ClientPathCreate) error { return db.ClientPath.CreateBulk(list...).Exec(s.ctx) })
}

func (s writer) rights() {
	db, w := s.db, s.w
	bulk(s, len(w.permissions), func(i int) *ent.PermissionCreate {
		create := db.Permission.Create().SetID(placed[oid.Permission](i)).SetClientID(oid.SystemClient).SetAuthority(rightOf(i)).SetAuthorityKey(rightOf(i))
		if app := w.permissions[i].app; app >= 0 {
			create.SetApplicationID(placed[oid.Application](app)).SetClientID(clientID(w.apps[app]))
		}
		return create
	}, func(list []*ent.PermissionCreate) error { return db.Permission.CreateBulk(list...).Exec(s.ctx) })
	for i, r := range w.roles { // one by one: each includes older ones
		create := db.Role.Create().SetID(placed[oid.Role](i)).SetClientID(clientID(r.owner)).SetName("x").SetNameKey("x").
			AddPermissionIDs(placedAll[oid.Permission](r.permissions)...).AddSubRoleIDs(placedAll[oid.Role](r.subs)...)
		if r.app >= 0 {
			create.SetApplicationID(placed[oid.Application](r.app))
		}
		s.must(create.Exec(s.ctx))
		for other := range w.roles[:i+1] {
			if w.includes(i, other) {
				s.must(db.RolePath.Create().SetRoleID(placed[oid.Role](i)).SetReachedRoleID(placed[oid.Role](other)).Exec(s.ctx))
			}
		}
	}
	bulk(s, len(w.packages), func(i int) *ent.RolePackageCreate {
		return db.RolePackage.Create().SetID(placed[oid.Package](i)).SetClientID(oid.SystemClient).SetCode(fmt.Sprint("P", i)).SetName("x").SetNameKey("x").
			AddRoleIDs(placedAll[oid.Role](w.packages[i])...)
	}, func(list []*ent.RolePackageCreate) error { return db.RolePackage.CreateBulk(list...).Exec(s.ctx) })
	bulk(s, len(w.gifts), func(i int) *ent.PackageGiftCreate {
		g := w.gifts[i]
		return db.PackageGift.Create().SetClientID(clientID(g.to)).SetPackageID(placed[oid.Package](g.pack)).SetGiverID(clientID(g.giver))
	}, func(list []*ent.PackageGiftCreate) error { return db.PackageGift.CreateBulk(list...).Exec(s.ctx) })
}

func (s writer) users() {
	db, w := s.db, s.w
	bulk(s, len(w.members), func(i int) *ent.UserCreate {
		m, status := w.members[i], enum.UserActive
		if m.suspended {
			status = enum.UserSuspended
		}
		return db.User.Create().SetID(placed[oid.User](i)).SetClientID(clientID(m.home)).SetBaseID(oid.SystemClient).SetName("x").SetNameKey("x").SetStatus(status)
	}, func(list []*ent.UserCreate) error { return db.User.CreateBulk(list...).Exec(s.ctx) })
	bulk(s, len(w.members), func(i int) *ent.MembershipCreate {
		return db.Membership.Create().SetID(placed[oid.Membership](i)).SetClientID(clientID(w.members[i].client)).SetUserID(placed[oid.User](i)).
			AddRoleIDs(placedAll[oid.Role](w.members[i].roles)...)
	}, func(list []*ent.MembershipCreate) error { return db.Membership.CreateBulk(list...).Exec(s.ctx) })
	bulk(s, len(w.members), func(i int) *ent.SessionCreate {
		create := db.Session.Create().SetClientID(clientID(w.members[i].client)).SetUserID(placed[oid.User](i)).SetMembershipID(placed[oid.Membership](i)).
			SetTokenHash(identity.HashToken(tokenOf(i))).SetDevice("x").SetLastUsedAt(clock.Now()).SetExpiresAt(clock.Now().Add(time.Hour))
		if app := w.members[i].session; app >= 0 {
			create.SetApplicationID(placed[oid.Application](app))
		}
		return create
	}, func(list []*ent.SessionCreate) error { return db.Session.CreateBulk(list...).Exec(s.ctx) })
}

func rightOf(permission int) string { return fmt.Sprintf("Right_%03d", permission) }

func tokenOf(member int) string { return fmt.Sprint("token-", member) }

// issue 4, domain 1.5, 2.3, 3.4, 3.6, 5.1: what a session is admitted to and holds, and who holds a right, as the database
// is asked and as the model says.
func TestRandomWorldsStored(t *testing.T) {
	for _, engine := range []store.Engine{store.SQLite, store.MySQL} {
		t.Run(string(engine), func(t *testing.T) {
			seed := uint64(time.Now().UnixNano())
			checks, refused, held := 0, 0, 0
			for i := range soak.Count(3, 300) {
				r := rand.New(rand.NewPCG(seed, uint64(i)))
				w := grow(r, 10+r.IntN(50))
				t.Run(fmt.Sprint(i), func(t *testing.T) {
					db := testkit.DB(t, engine, store.Options{Install: authority.Install})
					ctx := actor.System(t.Context(), "a test writes its world")
					writer{t, ctx, db.Ent(), w}.write()
					n, no, rights := asStored(t, db, w, fmt.Sprintf("seed %d, world %d", seed, i))
					checks, refused, held = checks+n, refused+no, held+rights
				})
			}
			t.Logf("%d checks: %d sessions refused, %d rights held", checks, refused, held)
			if refused == 0 || held == 0 {
				t.Error("the worlds are too dull")
			}
		})
	}
}

func asStored(t *testing.T, db *store.DB, w *tree, at string) (checks, refused, rights int) {
	t.Helper()
	authenticator, err := authn.New(db, clock.Clock{}, identity.DefaultSessionLimits)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range w.members {
		checks++
		who, err := authenticator.Authenticate(t.Context(), tokenOf(i))
		if got, want := err == nil, w.admitted(m); got != want || err != nil && apperr.CodeOf(err) != apperr.Unauthenticated {
			t.Errorf("%s: %+v is admitted: %t, by the model %t (%v)", at, m, got, want, err)
		}
		if err != nil {
			refused++
			continue
		}
		want := []string{actor.LoggedIn}
		for p := range w.permissions {
			if w.holds(m, p) {
				want = append(want, rightOf(p))
			}
		}
		slices.Sort(want)
		if got := who.Authorities(); !slices.Equal(got, want) {
			t.Errorf("%s: %+v holds %v, by the model %v", at, m, got, want)
		}
	}
	// as a user of SYSTEM asks, and as one of another client
	for _, client := range []int{0, 1} {
		a := actor.New(actor.Actor{User: "x", Session: "x", Client: clientID(client), Scope: actor.Scope{All: client == 0, Root: clientID(client)}}, nil, clock.Now())
		for p := range w.permissions {
			checks++
			var want []oid.Membership
			for i, m := range w.members {
				if m.session = -1; w.within(m.client, client) && w.holds(m, p) {
					want = append(want, placed[oid.Membership](i))
				}
			}
			got, err := authority.New(db).Holders(actor.With(t.Context(), a), rightOf(p))
			slices.Sort(got)
			rights += len(want)
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%s: %s is held by %v, by the model %v (%v)", at, rightOf(p), got, want, err)
			}
		}
	}
	return checks, refused, rights
}

// within: the client is the other, or below it.
func (w *tree) within(client, other int) bool {
	return client == other || client > 0 && w.within(w.clients[client].manager, other)
}
