package store_test

import (
	"context"
	"testing"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)


func systemB(t testing.TB) context.Context {
	t.Helper()
	return actor.System(t.Context(), "the test's setting up and looking on")
}

func newWorldB(t testing.TB, db *store.DB) *world {
	t.Helper()
	w := &world{db: db}
	ctx := systemB(t)
	err := db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		addClientB(t, ctx, tx, oid.SystemClient, "SYSTEM", enum.ClientSystem)
		w.mine = addClientB(t, ctx, tx, oid.New[oid.Client](), "MINE", enum.ClientBusiness, oid.SystemClient)
		w.theirs = addClientB(t, ctx, tx, oid.New[oid.Client](), "THEIRS", enum.ClientBusiness, oid.SystemClient)
		w.below = addClientB(t, ctx, tx, oid.New[oid.Client](), "BELOW", enum.ClientBusiness, w.mine, oid.SystemClient)
		w.user, w.stranger = addUserB(t, ctx, tx, w.mine, "me"), addUserB(t, ctx, tx, w.theirs, "stranger")
		w.myApp, w.theirApp = addAppB(t, ctx, tx, w.mine, "mine"), addAppB(t, ctx, tx, w.theirs, "theirs")
		w.myRole, w.theirRole = addRoleB(t, ctx, tx, w.mine, "mine", false), addRoleB(t, ctx, tx, w.theirs, "theirs", false)
		w.builtIn = addRoleB(t, ctx, tx, oid.SystemClient, "built in", true)
		w.myPerm, w.theirPerm = addPermB(t, ctx, tx, w.mine, "My_READ"), addPermB(t, ctx, tx, w.theirs, "Their_READ")
		w.myPack = oid.New[oid.Package]()
		return tx.RolePackage.Create().SetID(w.myPack).SetClientID(w.mine).SetCode("P").SetName("P").SetNameKey("p").Exec(ctx)
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func addClientB(t testing.TB, ctx context.Context, tx *ent.Client, id oid.Client, code string, typ enum.ClientType, above ...oid.Client) oid.Client { //nolint:revive // t first, as in all helpers
	t.Helper()
	create := tx.Tenant.Create().SetID(id).SetCode(code).SetName(code).SetNameKey(code).SetType(typ).SetBaseID(oid.SystemClient)
	if len(above) > 0 {
		create.SetManagerID(above[0])
	}
	mustB(t, create.Exec(ctx))
	for i, a := range append([]oid.Client{id}, above...) {
		mustB(t, tx.ClientPath.Create().SetTenantID(a).SetDescendantID(id).SetDepth(i).Exec(ctx))
	}
	return id
}

func addUserB(t testing.TB, ctx context.Context, tx *ent.Client, client oid.Client, name string) oid.User { //nolint:revive // as above
	t.Helper()
	u, err := tx.User.Create().SetClientID(client).SetBaseID(oid.SystemClient).SetName(name).SetNameKey(name).Save(ctx)
	mustB(t, err)
	return u.ID
}

func addAppB(t testing.TB, ctx context.Context, tx *ent.Client, client oid.Client, code string) oid.Application { //nolint:revive // as above
	t.Helper()
	a, err := application(tx, client, code).Save(ctx)
	mustB(t, err)
	return a.ID
}


func addRoleB(t testing.TB, ctx context.Context, tx *ent.Client, client oid.Client, name string, builtIn bool) oid.Role { //nolint:revive // as above
	t.Helper()
	r, err := tx.Role.Create().SetClientID(client).SetName(name).SetNameKey(name).SetBuiltIn(builtIn).Save(ctx)
	mustB(t, err)
	return r.ID
}

func addPermB(t testing.TB, ctx context.Context, tx *ent.Client, client oid.Client, authority string) oid.Permission { //nolint:revive // as above
	t.Helper()
	p, err := tx.Permission.Create().SetClientID(client).SetAuthority(authority).SetAuthorityKey(authority).Save(ctx)
	mustB(t, err)
	return p.ID
}

func mustB(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

