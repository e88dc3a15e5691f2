package apitest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// sole makes the member of a client that holds the two authorities of an administrator by a role of another client's,
// which a package gives: so each part of the way can be taken away. Of the others at the client nobody is one.
func (e rights) sole() (admin oid.Membership, token string, role, above oid.Role, pack oid.Package) {
	e.t.Helper()
	right := []oid.Permission{builtIn("User_UPDATE"), builtIn("Role_READ"), builtIn("User_READ"), builtIn("Role_UPDATE"), builtIn("Role_DELETE"),
		builtIn("Permission_READ"), builtIn("Package_UPDATE"), builtIn("Package_READ"), builtIn("Package_DELETE"), builtIn("Client_READ")}
	role = e.role(e.paula, e.c, e.written, "Holds them", right...)
	above = e.role(e.paula, e.c, e.written, "Includes it")
	e.yes(e.paula, "roleSubRolesAdd", input{"id": above, "roleIds": []any{role}})
	pack = e.pack(e.paula, e.p, "ADMIN", above)
	e.yes(e.paula, "packageGive", input{"id": pack, "clientIds": []any{e.p}})
	admin, token = e.home(e.p, "admin", above)
	paula := e.member(e.p, e.paulaID)
	e.yes(e.root, "membershipRolesRemove", input{"id": paula, "roleIds": []any{authority.BuiltInRole("Owner")}})
	return admin, token, role, above, pack
}

// domain 2.5: the last administrator of a client is not taken from it by its own users, nor by a stranger, whichever part
// of the way is taken away: by SYSTEM, which manages it, he is.
func TestTheLastAdministratorStays(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newRights(t, h)
		admin, token, role, above, pack := e.sole()
		_, stale := e.home(e.p, "stale", above)
		e.exec("UPDATE users SET status = ? WHERE user_name = 'stale'", enum.UserSuspended) // holds them, and cannot act
		_ = stale
		ways := []attack{
			{"membershipRolesRemove", token, input{"id": admin, "roleIds": []any{above}}, "NOT_ALLOWED at input.roleIds", nil},
			{"rolePermissionsRemove", token, input{"id": role, "permissionIds": []any{builtIn("Role_READ")}}, "NOT_ALLOWED at input.permissionIds", nil},
			{"roleSubRolesRemove", token, input{"id": above, "roleIds": []any{role}}, "NOT_ALLOWED at input.roleIds", nil},
			{"roleDelete", token, input{"id": above}, "NOT_ALLOWED at input.id", nil},
			{"roleDelete", token, input{"id": role}, "NOT_ALLOWED at input.id", nil},
			{"packageRolesRemove", token, input{"id": pack, "roleIds": []any{above}}, "NOT_ALLOWED at input.roleIds", nil},
			{"packageTake", token, input{"id": pack, "clientIds": []any{e.p}}, "NOT_ALLOWED at input.clientIds", nil},
			{"packageDelete", token, input{"id": pack}, "NOT_ALLOWED at input.id", nil},
			// C owns the roles, and manages nobody above itself
			{"rolePermissionsRemove", e.carl, input{"id": role, "permissionIds": []any{builtIn("User_UPDATE")}}, "NOT_ALLOWED at input.permissionIds", nil},
			{"roleDelete", e.carl, input{"id": above}, "NOT_ALLOWED at input.id", nil},
		}
		for _, w := range ways {
			e.no(t, w.token, w.name, w.in, w.want)
		}
		// what leaves him one is fine
		e.yes(token, "rolePermissionsRemove", input{"id": role, "permissionIds": []any{builtIn("Permission_READ")}})
		// with another one, each of them may go
		other, _ := e.home(e.p, "other", authority.BuiltInRole("Client Owner"))
		e.yes(token, "membershipRolesRemove", input{"id": admin, "roleIds": []any{above}})
		if held := e.holds(admin, e.p); len(held) != 0 {
			t.Errorf("he holds %v", held)
		}
		e.no(t, e.home2(other), "membershipRolesRemove", input{"id": other, "roleIds": []any{authority.BuiltInRole("Client Owner")}}, "NOT_ALLOWED at input.roleIds")
		e.yes(e.root, "membershipRolesRemove", input{"id": other, "roleIds": []any{authority.BuiltInRole("Client Owner")}})
		e.yes(e.root, "packageTake", input{"id": pack, "clientIds": []any{e.p}})
	})
}

// home2 is a session of a member at his client.
func (e rights) home2(m oid.Membership) string {
	e.t.Helper()
	row, err := e.Ent().Membership.Get(e.System(), m)
	e.Must(err)
	e.known.Store(nil)
	return e.Session(row.ClientID, row.UserID, m, nil)
}

// domain 2.5, 3.6: whose rights are out of his client's ceiling is no administrator, whatever his roles hold.
func TestAnAdministratorIsOneInForce(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newRights(t, h)
		admin, token, _, above, _ := e.sole()
		asleep := h.Role(e.s, &e.foreign, "Not given to P", builtIn("User_UPDATE"), builtIn("Role_READ"))
		e.home(e.p, "asleep", asleep)
		e.no(t, token, "membershipRolesRemove", input{"id": admin, "roleIds": []any{above}}, "NOT_ALLOWED at input.roleIds")
		e.attacks(t, func(r *authz.Rules) { r.KeepsAdministrator = func(_, _ int, _ bool) bool { return true } }, attack{
			"membershipRolesRemove", token, input{"id": admin, "roleIds": []any{above}}, "NOT_ALLOWED at input.roleIds",
			func() bool { return len(e.holds(admin, e.p)) == 0 },
		})
	})
}

// domain 2.5: two administrators who take each other's rights at the same moment do not both succeed, be it in one way or
// in two.
func TestTwoAdministratorsDemoteEachOther(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newRights(t, h)
		nodes := []*hubtest.Hub{h, h.Node()}
		rights := []oid.Permission{builtIn("User_UPDATE"), builtIn("User_READ"), builtIn("Role_READ"), builtIn("Role_DELETE"), builtIn("Role_UPDATE")}
		for round := range 8 {
			at := h.Client(e.p, fmt.Sprint("DUEL", round), false)
			app := h.Application(at, fmt.Sprint("duel-", round), "Duel")
			var members [2]oid.Membership
			var tokens [2]string
			var roles [2]oid.Role
			for i := range 2 {
				roles[i] = h.Role(at, &app, fmt.Sprint("Administrator", i), rights...)
				members[i], tokens[i] = e.home(at, fmt.Sprint("duellist-", round, "-", i), roles[i])
				nodes[i].Do(tokens[i], "{ viewer { user { id } } }", nil) // each server knows its caller
			}
			shoot := func(i int) func() bool {
				other := 1 - i
				name, in := "membershipRolesRemove", input{"id": members[other], "roleIds": []any{roles[other]}}
				switch {
				case round%3 == 1:
					name, in = "roleDelete", input{"id": roles[other]}
				case round%3 == 2 && i == 0:
					name, in = "rolePermissionsRemove", input{"id": roles[other], "permissionIds": []any{builtIn("User_UPDATE")}}
				}
				return func() bool {
					_, errs, body := send(nodes[i], tokens[i], name, in)
					if len(errs) > 0 && errs[0].Code != "NOT_ALLOWED" {
						t.Errorf("round %d, %s: %s", round, name, body)
					}
					return len(errs) == 0
				}
			}
			var hit [2]bool
			together(func() { hit[0] = shoot(0)() }, func() { hit[1] = shoot(1)() })
			left := 0
			for _, m := range members {
				if held := e.holds(m, at); slices.Contains(held, "User_UPDATE") && slices.Contains(held, "Role_READ") {
					left++
				}
			}
			if hit[0] == hit[1] || left != 1 {
				t.Errorf("round %d: %v, %d administrators are left", round, hit, left)
			}
		}
	})
}
