package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// world is a small tree: SYSTEM above mine and theirs, and below above mine; with rows of mine and of theirs.
type world struct {
	db                  *store.DB
	mine, below, theirs oid.Client
	user, stranger      oid.User
	myApp, theirApp     oid.Application
	myRole, theirRole   oid.Role
	builtIn             oid.Role
	myPerm, theirPerm   oid.Permission
	myPack              oid.Package
}

func system(t *testing.T) context.Context {
	t.Helper()
	return actor.System(t.Context(), "the test's setting up and looking on")
}

func newWorld(t *testing.T, db *store.DB) *world {
	t.Helper()
	w := &world{db: db}
	ctx := system(t)
	err := db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		addClient(t, ctx, tx, oid.SystemClient, "SYSTEM", enum.ClientSystem)
		w.mine = addClient(t, ctx, tx, oid.New[oid.Client](), "MINE", enum.ClientBusiness, oid.SystemClient)
		w.theirs = addClient(t, ctx, tx, oid.New[oid.Client](), "THEIRS", enum.ClientBusiness, oid.SystemClient)
		w.below = addClient(t, ctx, tx, oid.New[oid.Client](), "BELOW", enum.ClientBusiness, w.mine, oid.SystemClient)
		w.user, w.stranger = addUser(t, ctx, tx, w.mine, "me"), addUser(t, ctx, tx, w.theirs, "stranger")
		w.myApp, w.theirApp = addApp(t, ctx, tx, w.mine, "mine"), addApp(t, ctx, tx, w.theirs, "theirs")
		w.myRole, w.theirRole = addRole(t, ctx, tx, w.mine, "mine", false), addRole(t, ctx, tx, w.theirs, "theirs", false)
		w.builtIn = addRole(t, ctx, tx, oid.SystemClient, "built in", true)
		w.myPerm, w.theirPerm = addPerm(t, ctx, tx, w.mine, "My_READ"), addPerm(t, ctx, tx, w.theirs, "Their_READ")
		w.myPack = oid.New[oid.Package]()
		return tx.RolePackage.Create().SetID(w.myPack).SetClientID(w.mine).SetCode("P").SetName("P").SetNameKey("p").Exec(ctx)
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// actors are two forms of the same caller, a user of mine: with the scope as a list, and as a root.
func (w *world) actors() map[string]*actor.Actor {
	form := func(s actor.Scope) *actor.Actor {
		return actor.New(actor.Actor{User: w.user, Client: w.mine, Session: oid.New[oid.Session](), Scope: s}, nil, time.Now())
	}
	return map[string]*actor.Actor{
		"list": form(actor.Scope{Clients: []oid.Client{w.mine, w.below}, Above: []oid.Client{oid.SystemClient}}),
		"root": form(actor.Scope{Root: w.mine, Above: []oid.Client{oid.SystemClient}}),
	}
}

func (w *world) listed(ctx context.Context) context.Context {
	return actor.With(ctx, w.actors()["list"])
}

func addClient(t *testing.T, ctx context.Context, tx *ent.Client, id oid.Client, code string, typ enum.ClientType, above ...oid.Client) oid.Client {
	t.Helper()
	create := tx.Tenant.Create().SetID(id).SetCode(code).SetName(code).SetNameKey(code).SetType(typ).SetBaseID(oid.SystemClient)
	if len(above) > 0 {
		create.SetManagerID(above[0])
	}
	must(t, create.Exec(ctx))
	for i, a := range append([]oid.Client{id}, above...) {
		must(t, tx.ClientPath.Create().SetTenantID(a).SetDescendantID(id).SetDepth(i).Exec(ctx))
	}
	return id
}

func addUser(t *testing.T, ctx context.Context, tx *ent.Client, client oid.Client, name string) oid.User {
	t.Helper()
	u, err := tx.User.Create().SetClientID(client).SetBaseID(oid.SystemClient).SetName(name).SetNameKey(name).Save(ctx)
	must(t, err)
	return u.ID
}

func addApp(t *testing.T, ctx context.Context, tx *ent.Client, client oid.Client, code string) oid.Application {
	t.Helper()
	a, err := application(tx, client, code).Save(ctx)
	must(t, err)
	return a.ID
}

func application(tx *ent.Client, client oid.Client, code string) *ent.ApplicationCreate {
	return tx.Application.Create().SetClientID(client).SetCreatorID(client).SetCode(code).SetName(code).SetNameKey(code).
		SetType(enum.ApplicationApp).SetAccessType(enum.AccessOwn)
}

func addRole(t *testing.T, ctx context.Context, tx *ent.Client, client oid.Client, name string, builtIn bool) oid.Role {
	t.Helper()
	r, err := tx.Role.Create().SetClientID(client).SetName(name).SetNameKey(name).SetBuiltIn(builtIn).Save(ctx)
	must(t, err)
	return r.ID
}

func addPerm(t *testing.T, ctx context.Context, tx *ent.Client, client oid.Client, authority string) oid.Permission {
	t.Helper()
	p, err := tx.Permission.Create().SetClientID(client).SetAuthority(authority).SetAuthorityKey(authority).Save(ctx)
	must(t, err)
	return p.ID
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
