package authority_test

import (
	"context"
	"slices"
	"testing"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/role"
	"github.com/appanage/appanage/ent/rolepath"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit"
)

// rights is what a user of SYSTEM with a role holds.
func rights(t *testing.T, db *store.DB, name string) []string {
	t.Helper()
	ctx := actor.System(t.Context(), "a test")
	user, membership := oid.New[oid.User](), oid.New[oid.Membership]()
	for _, err := range []error{
		db.Ent().User.Create().SetID(user).SetClientID(oid.SystemClient).SetBaseID(oid.SystemClient).SetName(name).SetNameKey(name).Exec(ctx),
		db.Ent().Membership.Create().SetID(membership).SetClientID(oid.SystemClient).SetUserID(user).AddRoleIDs(authority.BuiltInRole(name)).Exec(ctx),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	held, err := authority.InForce(ctx, db.Ent(), membership, oid.SystemClient, "")
	if err != nil {
		t.Fatal(err)
	}
	return held
}

// domain 3.7: Owner includes everything built in, each manager role its entity.
func TestShippedRoles(t *testing.T) {
	testkit.EnginesWith(t, store.Options{Install: authority.Install}, func(t *testing.T, db *store.DB) {
		all := slices.Sorted(slices.Values(authority.BuiltIn()))
		if got := rights(t, db, authority.OwnerRole); !slices.Equal(got, all) {
			t.Errorf("Owner holds %v, not %v", got, all)
		}
		if got := rights(t, db, "Application Manager"); !slices.Equal(got, []string{"Application_CREATE", "Application_DELETE", "Application_READ", "Application_UPDATE"}) {
			t.Errorf("Application Manager holds %v", got)
		}
		owner := rights(t, db, authority.ClientOwnerRole)
		for right, want := range map[string]bool{"User_CREATE": true, "Client_UPDATE": true, "Audit_READ": true, "Client_CREATE": false, "Application_CREATE": false, "Package_UPDATE": false} {
			if slices.Contains(owner, right) != want {
				t.Errorf("Client Owner and %s: %v", right, !want)
			}
		}
	})
}

// A database installed by an older version gets what has come since; what is complete is left alone.
func TestInstallCompletes(t *testing.T) {
	testkit.EnginesWith(t, store.Options{Install: authority.Install}, func(t *testing.T, db *store.DB) {
		ctx := actor.System(t.Context(), "a test")
		owner, manager := authority.BuiltInRole(authority.OwnerRole), authority.BuiltInRole("Audit Manager")
		install := func() {
			t.Helper()
			counted, counter := store.WithCounter(t.Context())
			if err := db.InTx(actor.System(counted, "a test"), func(ctx context.Context, tx *ent.Client) error { return authority.Install(ctx, tx) }); err != nil {
				t.Fatal(err)
			}
			t.Logf("%d statements", counter.Statements())
		}
		complete := func() bool {
			t.Helper()
			has, err := db.Ent().Role.Query().Where(role.ID(owner), role.HasSubRolesWith(role.ID(manager))).Exist(ctx)
			if err != nil {
				t.Fatal(err)
			}
			return has && slices.Contains(rights(t, db, authority.OwnerRole), "Audit_READ")
		}
		if err := db.Ent().Role.UpdateOneID(owner).RemoveSubRoleIDs(manager).Exec(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Ent().RolePath.Delete().Where(rolepath.RoleID(owner), rolepath.ReachedRoleID(manager)).Exec(ctx); err != nil {
			t.Fatal(err)
		}
		if complete() {
			t.Fatal("the test has taken nothing away")
		}
		install()
		if !complete() {
			t.Error("what was missing has not come back")
		}
		before, err := db.Ent().Role.Get(ctx, owner)
		if err != nil {
			t.Fatal(err)
		}
		install()
		if after, err := db.Ent().Role.Get(ctx, owner); err != nil || !after.UpdatedAt.Equal(before.UpdatedAt) {
			t.Errorf("a complete role was written again: %v", err)
		}
	})
}
