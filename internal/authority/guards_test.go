package authority_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// member makes a user with roles at his home client.
func member(h *hubtest.Hub, at oid.Client, name string, roles ...oid.Role) (oid.User, oid.Membership) {
	user, _ := h.User(at, name, roles...)
	id, err := h.Ent().User.Query().QueryMemberships().IDs(h.System())
	h.Must(err)
	return user, slices.Max(id)
}

// as is a caller of a client whose scope is known by its root alone, with what a membership gives.
func as(t *testing.T, h *hubtest.Hub, client oid.Client, user oid.User, m oid.Membership) context.Context {
	t.Helper()
	held, err := authority.InForce(t.Context(), h.Ent(), m, client, "")
	h.Must(err)
	who := actor.Actor{User: user, Membership: m, Session: "ses_test", Client: client, Scope: actor.Scope{Root: client, All: client == oid.SystemClient}}
	return actor.With(t.Context(), actor.New(who, held, clock.Now()))
}

// code runs a guard in a transaction, and gives what it says.
func code(h *hubtest.Hub, ctx context.Context, guard func(ctx context.Context, tx *ent.Client) error) string {
	err := h.DB.InTx(ctx, guard)
	if e, ok := apperr.As(err); ok {
		return fmt.Sprint(e.Code, " at ", e.Path)
	}
	if err != nil {
		return err.Error()
	}
	return "fine"
}

// Attack: a role that outlives its package (domain 3.6). What a client was given it puts into a role of its own, and the
// package is taken back: the role gives it no more. Without the ceiling it would.
func TestAttackRoleOutlivesItsPackage(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		client := h.Client(oid.SystemClient, "PARTNER", true)
		app := h.Application(client, "shop", "Shop")
		platform := authority.BuiltInPackage(authority.PlatformPackage)
		h.Give(platform, client, oid.SystemClient)
		own := h.Role(client, &app, "Kept", oid.BuiltIn[oid.Permission]("Application_CREATE"), oid.BuiltIn[oid.Permission]("User_READ"))
		_, m := member(h, client, "keeper", own)
		root, rm := member(h, oid.SystemClient, "root", authority.BuiltInRole(authority.OwnerRole))
		inForce := func() []string {
			t.Helper()
			held, err := authority.InForce(t.Context(), h.Ent(), m, client, "")
			h.Must(err)
			return held
		}
		if got := inForce(); !slices.Equal(got, []string{"Application_CREATE", "User_READ"}) {
			t.Fatalf("with the package he holds %v", got)
		}
		h.Must(h.Authority.TakePackage(as(t, h, oid.SystemClient, root, rm), platform, []oid.Client{client}))
		if got := inForce(); !slices.Equal(got, []string{"User_READ"}) {
			t.Errorf("without the package he holds %v", got)
		}
		if got, err := authority.InForceWithoutCeiling(t.Context(), h.Ent(), m, client); err != nil || !slices.Contains(got, "Application_CREATE") {
			t.Errorf("without the guard he holds %v (%v): the test shows nothing", got, err)
		}
	})
}

// domain 2.5: to take another over one holds every authority he has, in any membership.
func TestMayTakeOver(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		p := h.Client(oid.SystemClient, "PARTNER", true)
		c := h.Client(p, "CHILD", false)
		h.Give(authority.BuiltInPackage(authority.PlatformPackage), p, oid.SystemClient)
		owner, clientOwner := authority.BuiltInRole(authority.OwnerRole), authority.BuiltInRole(authority.ClientOwnerRole)
		caller, cm := member(h, c, "caller", clientOwner)
		equal, _ := member(h, c, "equal", clientOwner)
		nobody, _ := member(h, c, "nobody")
		away, _ := member(h, c, "away")
		h.Must(h.Ent().Membership.Create().SetClientID(p).SetUserID(away).AddRoleIDs(owner).Exec(h.System())) // out of the caller's scope
		boss, bm := member(h, p, "boss", owner)
		asleep, _ := member(h, c, "asleep", owner) // Owner is not assignable at C
		ctx := as(t, h, c, caller, cm)
		for _, x := range []struct {
			ctx    context.Context
			victim oid.User
			want   string
		}{
			{ctx, equal, "fine"}, {ctx, nobody, "fine"}, {ctx, caller, "fine"}, {ctx, asleep, "fine"},
			{ctx, away, "NOT_ALLOWED at [input id]"}, {ctx, boss, "NOT_ALLOWED at [input id]"},
			{as(t, h, p, boss, bm), away, "fine"}, {h.System(), boss, "fine"},
		} {
			got := code(h, x.ctx, func(ctx context.Context, tx *ent.Client) error {
				return h.Authority.MayTakeOver(ctx, tx, x.victim, "input.id")
			})
			if got != x.want {
				t.Errorf("%s: %s, not %s", x.victim, got, x.want)
			}
		}
		rules := authz.DefaultRules()
		rules.TakesOver = func(authz.Held, []authz.Permission) bool { return true }
		if got := code(h, ctx, func(ctx context.Context, tx *ent.Client) error {
			return h.Authority.Under(rules).MayTakeOver(ctx, tx, boss, "input.id")
		}); got != "fine" {
			t.Errorf("without the rule: %s", got)
		}
	})
}

// domain 3.4, 3.5: the platform itself assigns what it will; all others what their rules say, each role at its place.
func TestMayAssign(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		p := h.Client(oid.SystemClient, "PARTNER", true)
		c := h.Client(p, "CHILD", false)
		app := h.Application(p, "shop", "Shop")
		foreign := h.Role(h.Client(oid.SystemClient, "STRANGER", true), nil, "Foreign")
		mine := h.Role(p, &app, "P's")
		caller, m := member(h, p, "caller", authority.BuiltInRole(authority.ClientOwnerRole))
		ctx := as(t, h, p, caller, m)
		owner, clientOwner := authority.BuiltInRole(authority.OwnerRole), authority.BuiltInRole(authority.ClientOwnerRole)
		for _, x := range []struct {
			ctx    context.Context
			client oid.Client
			roles  []oid.Role
			want   string
		}{
			{ctx, c, []oid.Role{clientOwner}, "fine"}, {ctx, p, []oid.Role{mine, clientOwner}, "fine"}, {ctx, c, nil, "fine"},
			{ctx, c, []oid.Role{clientOwner, mine}, "NOT_ALLOWED at [input roleIds 1]"},
			{ctx, c, []oid.Role{clientOwner, owner}, "NOT_ALLOWED at [input roleIds 1]"},
			{ctx, p, []oid.Role{foreign, mine}, "NOT_FOUND at [input roleIds 0]"},
			{h.System(), c, []oid.Role{owner, mine}, "fine"},
		} {
			got := code(h, x.ctx, func(ctx context.Context, tx *ent.Client) error {
				return h.Authority.MayAssign(ctx, tx, x.client, x.roles, "input.roleIds")
			})
			if got != x.want {
				t.Errorf("%v at %s: %s, not %s", x.roles, x.client, got, x.want)
			}
		}
	})
}

// domain 2.5: for whom the guard of the last administrator stands, and what it says of the change itself.
func TestKeepAdministrator(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		p := h.Client(oid.SystemClient, "PARTNER", true)
		c, s := h.Client(p, "CHILD", false), h.Client(oid.SystemClient, "STRANGER", true)
		role := authority.BuiltInRole(authority.ClientOwnerRole)
		caller, m := member(h, p, "caller", role)
		_, cm := member(h, c, "child", role)
		_, sm := member(h, s, "stranger", role)
		empty := h.Client(p, "EMPTY", false)
		ctx := as(t, h, p, caller, m)
		errOther := errors.New("the change itself fails")
		demote := func(id oid.Membership) func(context.Context, *ent.Client) error {
			return func(ctx context.Context, tx *ent.Client) error {
				return tx.Membership.UpdateOneID(id).RemoveRoleIDs(role).Exec(actor.System(ctx, "a test"))
			}
		}
		const refused = "NOT_ALLOWED at [input id]"
		undo := errors.New("undone, so that the next one finds it as it was")
		for _, x := range []struct {
			name    string
			ctx     context.Context
			clients []oid.Client
			change  func(context.Context, *ent.Client) error
			want    string
		}{
			{"one's own", ctx, []oid.Client{p}, demote(m), refused},
			{"one below", ctx, []oid.Client{c}, demote(cm), undo.Error()},
			{"a stranger's", ctx, []oid.Client{s}, demote(sm), refused},
			{"one of several", ctx, []oid.Client{s, c, p, p}, demote(sm), refused},
			{"not concerned", ctx, []oid.Client{p, c}, demote(sm), undo.Error()},
			{"of none", ctx, []oid.Client{empty, p}, func(context.Context, *ent.Client) error { return nil }, undo.Error()},
			{"by the platform", h.System(), []oid.Client{p}, demote(m), undo.Error()},
			{"that fails", ctx, []oid.Client{p}, func(context.Context, *ent.Client) error { return errOther }, errOther.Error()},
		} {
			got := code(h, x.ctx, func(ctx context.Context, tx *ent.Client) error {
				if err := h.Authority.KeepAdministrator(ctx, tx, x.clients, "input.id", func() error { return x.change(ctx, tx) }); err != nil {
					return err
				}
				return undo
			})
			if got != x.want {
				t.Errorf("%s: %s, not %s", x.name, got, x.want)
			}
		}
	})
}
