package store_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/appanage/appanage/ent"
	entapplication "github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/ent/migrate"
	"github.com/appanage/appanage/ent/role"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/scope"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit"
)

func TestNobodyIsDeniedEverything(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		for name, f := range map[string]func(ctx context.Context) error{
			"query": func(ctx context.Context) error { _, err := db.Ent().Tenant.Query().All(ctx); return err },
			"traversal": func(ctx context.Context) error {
				_, err := db.Ent().Role.Query().QueryPermissions().IDs(ctx)
				return err
			},
			"count":     func(ctx context.Context) error { _, err := db.Ent().User.Query().Count(ctx); return err },
			"update":    func(ctx context.Context) error { return db.Ent().Role.UpdateOneID(w.myRole).SetName("x").Exec(ctx) },
			"delete":    func(ctx context.Context) error { return db.Ent().Role.DeleteOneID(w.myRole).Exec(ctx) },
			"create":    func(ctx context.Context) error { return application(db.Ent(), w.mine, "new").Exec(ctx) },
			"raw query": func(ctx context.Context) error { _, err := db.Query(ctx, "SELECT 1"); return err },
			"raw write": func(ctx context.Context) error { _, err := db.Exec(ctx, "DELETE FROM roles"); return err },
		} {
			t.Run(name, func(t *testing.T) {
				if err := f(t.Context()); !errors.Is(err, store.ErrNoActor) {
					t.Errorf("without an actor: %v, want ErrNoActor", err)
				}
			})
		}
		for _, n := range []func(context.Context) (int, error){
			db.Ent().Tenant.Query().Count, db.Ent().Application.Query().Count, db.Ent().Role.Query().Count,
		} {
			if n, err := n(actor.With(t.Context(), actor.Nobody())); n != 0 || err != nil {
				t.Errorf("the anonymous caller sees %d rows (%v)", n, err)
			}
		}
	})
}

// Who may write every row gets no predicate, and none that adds nothing: a change of an edge alone works for him.
func TestAnEdgeAloneIsChangedByThePlatformsUsers(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ctx := actor.With(t.Context(), actor.New(actor.Actor{
			User: w.user, Client: oid.SystemClient, Session: oid.New[oid.Session](), Scope: actor.Scope{All: true, Root: oid.SystemClient},
		}, nil, clock.Now()))
		if err := db.Ent().Role.UpdateOneID(w.theirRole).AddPermissionIDs(w.myPerm).Exec(ctx); err != nil {
			t.Fatal(err)
		}
		if ids, err := db.Ent().Role.Query().Where(role.ID(w.theirRole)).QueryPermissions().IDs(ctx); err != nil || len(ids) != 1 || ids[0] != w.myPerm {
			t.Errorf("the role holds %v (%v)", ids, err)
		}
	})
}

func TestReadsKeepToTheScope(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		for name, a := range w.actors() {
			t.Run(name, func(t *testing.T) {
				ctx := actor.With(t.Context(), a)
				apps, err := db.Ent().Application.Query().IDs(ctx)
				must(t, err)
				if len(apps) != 1 || apps[0] != w.myApp {
					t.Errorf("applications seen: %v", apps)
				}
				if _, err := db.Ent().Application.Get(ctx, w.theirApp); !store.IsNotFound(err) {
					t.Errorf("a foreign application: %v", err)
				}
				if n, err := db.Ent().User.Query().Count(ctx); n != 1 || err != nil {
					t.Errorf("users seen: %d, %v", n, err)
				}
			})
		}
	})
}

// attempt is a mutation that must be refused and change nothing.
type attempt struct {
	name string
	do   func(ctx context.Context, c *ent.Client, w *world) error
	want func(error) bool
}

func isNotFound(err error) bool   { return store.IsNotFound(err) }
func notWritable(err error) bool  { return errors.Is(err, store.ErrNotWritable) }
func nothingHappens(e error) bool { return e == nil }
func appNotFound(err error) bool  { return apperr.CodeOf(err) == apperr.NotFound }

var attempts = []attempt{
	{"update one", func(ctx context.Context, c *ent.Client, w *world) error {
		return c.Application.UpdateOneID(w.theirApp).SetName("stolen").Exec(ctx)
	}, isNotFound},
	{"update many", func(ctx context.Context, c *ent.Client, w *world) error {
		return c.Application.Update().Where(entapplication.ID(w.theirApp)).SetName("stolen").Exec(ctx)
	}, nothingHappens},
	{"delete one", func(ctx context.Context, c *ent.Client, w *world) error {
		return c.Role.DeleteOneID(w.theirRole).Exec(ctx)
	}, isNotFound},
	{"delete many", func(ctx context.Context, c *ent.Client, w *world) error {
		_, err := c.Role.Delete().Where(role.ID(w.theirRole)).Exec(ctx)
		return err
	}, nothingHappens},
	{"readable is not writable", func(ctx context.Context, c *ent.Client, w *world) error {
		return c.Role.UpdateOneID(w.builtIn).SetName("stolen").Exec(ctx)
	}, isNotFound},
	{"edge alone, of a foreign row", func(ctx context.Context, c *ent.Client, w *world) error {
		return c.Role.UpdateOneID(w.theirRole).AddPermissionIDs(w.myPerm).Exec(ctx)
	}, isNotFound},
	{"edge alone, of a readable row", func(ctx context.Context, c *ent.Client, w *world) error {
		return c.Role.UpdateOneID(w.builtIn).AddPermissionIDs(w.myPerm).Exec(ctx)
	}, isNotFound},
	{"edges alone, of many foreign rows", func(ctx context.Context, c *ent.Client, w *world) error {
		return c.Role.Update().Where(role.ID(w.theirRole)).AddPermissionIDs(w.myPerm).Exec(ctx)
	}, nothingHappens},
	{"edge cleared, of a foreign row", func(ctx context.Context, c *ent.Client, w *world) error {
		return c.Role.UpdateOneID(w.theirRole).ClearPermissions().Exec(ctx)
	}, isNotFound},
	{"link a foreign row", func(ctx context.Context, c *ent.Client, w *world) error {
		return c.Role.UpdateOneID(w.myRole).AddPermissionIDs(w.theirPerm).Exec(ctx)
	}, appNotFound},
	{"link a foreign row among one's own", func(ctx context.Context, c *ent.Client, w *world) error {
		return c.Role.UpdateOneID(w.myRole).AddPermissionIDs(w.myPerm, w.theirPerm).Exec(ctx)
	}, appNotFound},
	{"link an unknown row", func(ctx context.Context, c *ent.Client, w *world) error {
		return c.RolePackage.UpdateOneID(w.myPack).AddRoleIDs(oid.New[oid.Role]()).Exec(ctx)
	}, appNotFound},
	{"link from the other end", func(ctx context.Context, c *ent.Client, w *world) error {
		return c.Permission.UpdateOneID(w.myPerm).AddRoleIDs(w.builtIn).Exec(ctx)
	}, appNotFound},
	{"unlink from the other end", func(ctx context.Context, c *ent.Client, w *world) error {
		return c.Permission.UpdateOneID(w.myPerm).RemoveRoleIDs(w.builtIn).Exec(ctx)
	}, appNotFound},
	{"unlink all from the other end", func(ctx context.Context, c *ent.Client, w *world) error {
		return c.Permission.UpdateOneID(w.myPerm).ClearRoles().Exec(ctx)
	}, notWritable},
	{"steal a child", func(ctx context.Context, c *ent.Client, w *world) error {
		return c.Application.UpdateOneID(w.myApp).AddRoleIDs(w.theirRole).Exec(ctx)
	}, appNotFound},
	{"steal a readable child", func(ctx context.Context, c *ent.Client, w *world) error {
		return c.Application.UpdateOneID(w.myApp).AddRoleIDs(w.builtIn).Exec(ctx)
	}, appNotFound},
	{"steal a client", func(ctx context.Context, c *ent.Client, w *world) error {
		return c.Tenant.UpdateOneID(w.mine).AddManagedClientIDs(w.theirs).Exec(ctx)
	}, appNotFound},
	{"write a closure by its edge", func(ctx context.Context, c *ent.Client, w *world) error {
		return c.Role.UpdateOneID(w.myRole).AddReachedRoleIDs(w.myRole).Exec(ctx)
	}, notWritable},
	{"clear a closure by its edge", func(ctx context.Context, c *ent.Client, w *world) error {
		return c.Tenant.UpdateOneID(w.mine).ClearDescendants().Exec(ctx)
	}, notWritable},
	{"write a closure", func(ctx context.Context, c *ent.Client, w *world) error {
		return c.ClientPath.Create().SetTenantID(w.mine).SetDescendantID(w.theirs).SetDepth(1).Exec(ctx)
	}, notWritable},
	{"create for a foreign client", func(ctx context.Context, c *ent.Client, w *world) error {
		return application(c, w.theirs, "new").Exec(ctx)
	}, appNotFound},
	{"create for an unknown client", func(ctx context.Context, c *ent.Client, _ *world) error {
		return application(c, oid.New[oid.Client](), "new").Exec(ctx)
	}, appNotFound},
	{"create for a client above", func(ctx context.Context, c *ent.Client, _ *world) error {
		return application(c, oid.SystemClient, "new").Exec(ctx)
	}, appNotFound},
	{"create a client below a foreign one", func(ctx context.Context, c *ent.Client, w *world) error {
		return client(c, "NEW").SetManagerID(w.theirs).Exec(ctx)
	}, appNotFound},
	{"create a client below none", func(ctx context.Context, c *ent.Client, _ *world) error {
		return client(c, "NEW").Exec(ctx)
	}, notWritable},
	{"move a client away", func(ctx context.Context, c *ent.Client, w *world) error {
		return c.Tenant.UpdateOneID(w.below).SetManagerID(w.theirs).Exec(ctx)
	}, appNotFound},
	{"cut a client off", func(ctx context.Context, c *ent.Client, w *world) error {
		return c.Tenant.UpdateOneID(w.below).ClearManager().Exec(ctx)
	}, notWritable},
	{"grant on a foreign application", func(ctx context.Context, c *ent.Client, w *world) error {
		return c.AccessGrant.Create().SetClientID(w.mine).SetApplicationID(w.theirApp).SetGiverID(w.mine).SetLevel(enum.LevelRead).Exec(ctx)
	}, appNotFound},
	{"write the audit trail", func(ctx context.Context, c *ent.Client, w *world) error {
		_, err := c.AuditEvent.Delete().Exec(ctx)
		return err
	}, notWritable},
}

func client(c *ent.Client, code string) *ent.TenantCreate {
	return c.Tenant.Create().SetCode(code).SetName(code).SetNameKey(code).SetType(enum.ClientBusiness).SetBaseID(oid.SystemClient)
}

func TestForeignRowsCannotBeWritten(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		before := dump(t, db)
		for form, a := range w.actors() {
			ctx := actor.With(t.Context(), a)
			for _, try := range attempts {
				t.Run(form+"/"+try.name, func(t *testing.T) {
					if err := try.do(ctx, db.Ent(), w); !try.want(err) {
						t.Errorf("outside a transaction: %v", err)
					}
					err := db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error { return try.do(ctx, tx, w) })
					if !try.want(err) {
						t.Errorf("in a transaction: %v", err)
					}
					if after := dump(t, db); after != before {
						t.Errorf("the database has changed:\n%s\nwas\n%s", after, before)
					}
				})
			}
		}
	})
}

// dump is every row of the tables the attempts aim at.
func dump(t *testing.T, db *store.DB) string {
	t.Helper()
	var all strings.Builder
	for _, table := range migrate.Tables {
		rows, err := db.Query(system(t), "SELECT * FROM `"+table.Name+"`")
		must(t, err)
		columns, err := rows.Columns()
		must(t, err)
		for rows.Next() {
			values, row := make([]any, len(columns)), make([]any, len(columns))
			for i := range row {
				row[i] = &values[i]
			}
			must(t, rows.Scan(row...))
			fmt.Fprintln(&all, table.Name, values)
		}
		must(t, rows.Err())
		must(t, rows.Close())
	}
	return all.String()
}

func TestOwnRowsCanBeWritten(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		for form, a := range w.actors() {
			t.Run(form, func(t *testing.T) {
				err := db.InTx(actor.With(t.Context(), a), func(ctx context.Context, tx *ent.Client) error {
					id := oid.New[oid.Client]()
					must(t, client(tx, "NEW"+strings.ToUpper(form)).SetID(id).SetManagerID(w.below).Exec(ctx))
					must(t, application(tx, id, "of-the-new-client-"+form).Exec(ctx))
					must(t, application(tx, w.below, "below-"+form).Exec(ctx))
					must(t, tx.Role.UpdateOneID(w.myRole).AddPermissionIDs(w.myPerm).AddSubRoleIDs(w.builtIn).Exec(ctx))
					must(t, tx.Role.UpdateOneID(w.myRole).AddPermissionIDs(w.myPerm).Exec(ctx)) // again: no harm
					must(t, tx.Role.UpdateOneID(w.myRole).RemovePermissionIDs(w.myPerm).ClearSubRoles().Exec(ctx))
					must(t, tx.Application.UpdateOneID(w.myApp).AddRoleIDs(addRole(t, ctx, tx, w.mine, form, false)).Exec(ctx))
					_, err := tx.Role.Delete().Where(role.ID(w.theirRole)).Exec(ctx)
					return err
				})
				must(t, err)
			})
		}
	})
}

// A command that has loaded its rows links them without another look at them.
func TestLoadedRowsAreNotLookedUpAgain(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ctx, count := store.WithCounter(w.listed(t.Context()))
		count.KeepTexts()
		err := db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
			must(t, second(tx.Application.Get(ctx, w.myApp)))
			return tx.ApplicationProperty.Create().SetClientID(w.mine).SetApplicationID(w.myApp).SetName("X").SetValue("1").Exec(ctx)
		})
		must(t, err)
		if n := count.Statements(); n != 2 {
			t.Errorf("%d statements, want a SELECT and an INSERT:\n%s", n, strings.Join(count.Texts(), "\n"))
		}
	})
}

// What the platform has read says nothing of what the caller may link, and neither does what another has read.
func TestSightIsNotShared(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		for name, reader := range map[string]func(context.Context) context.Context{
			"platform": func(ctx context.Context) context.Context { return actor.System(ctx, "test") },
			"another": func(ctx context.Context) context.Context {
				a := *w.actors()["list"]
				a.Scope.Clients = []oid.Client{w.theirs}
				return actor.With(ctx, &a)
			},
		} {
			t.Run(name, func(t *testing.T) {
				err := db.InTx(w.listed(t.Context()), func(ctx context.Context, tx *ent.Client) error {
					must(t, second(tx.Permission.Get(reader(ctx), w.theirPerm)))
					return tx.Role.UpdateOneID(w.myRole).AddPermissionIDs(w.theirPerm).Exec(ctx)
				})
				if !appNotFound(err) {
					t.Errorf("linked on another's sight: %v", err)
				}
			})
		}
	})
}

func TestThePlatformWritesEverything(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ctx := actor.System(w.listed(t.Context()), "test")
		must(t, db.Ent().Application.UpdateOneID(w.theirApp).SetName("other").Exec(ctx))
		must(t, db.Ent().AccessGrant.Create().SetClientID(w.theirs).SetApplicationID(w.myApp).SetGiverID(w.mine).SetLevel(enum.LevelRead).Exec(ctx))
		must(t, db.Ent().ClaimedName.Create().SetID("client/X").SetClaimedAt(clock.Now()).Exec(ctx))
	})
}

func TestEveryTypeHasItsRules(t *testing.T) {
	types := make(map[string]bool)
	c := reflect.TypeFor[ent.Client]()
	for i := range c.NumField() {
		if name, ok := strings.CutSuffix(c.Field(i).Type.String(), "Client"); ok && c.Field(i).IsExported() {
			types[strings.TrimPrefix(name, "*ent.")] = true
		}
	}
	if len(types) < 16 {
		t.Fatalf("the walk over ent's client has found %v only", types)
	}
	for name := range types {
		if _, ok := scope.Kinds[name]; !ok {
			t.Errorf("scope.Kinds lacks %s", name)
		}
		if !store.DeclaredTypes()[name] {
			t.Errorf("the store's list of schemas lacks %s", name)
		}
	}
	for name := range scope.Kinds {
		if !types[name] {
			t.Errorf("scope.Kinds has %s, which is no type", name)
		}
	}
	tables := make(map[string]bool)
	for _, table := range migrate.Tables {
		tables[table.Name] = true
	}
	for table := range store.EntityTables() {
		if !tables[table] {
			t.Errorf("the store takes %q for an entity's table", table)
		}
	}
}

func second[T any](_ T, err error) error { return err }
