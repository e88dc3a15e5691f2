package apitest

import (
	"slices"
	"testing"

	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// attack is a mutation that a rule refuses. Without that rule it does harm, or the test shows nothing.
type attack struct {
	name  string
	token string
	in    input
	want  string // "CODE at path"
	harm  func() bool
}

// attacks tries attacks, and tries them again on a node without the rule.
func (e rights) attacks(t *testing.T, without func(*authz.Rules), list ...attack) {
	t.Helper()
	for _, a := range list {
		e.no(t, a.token, a.name, a.in, a.want)
		if a.harm() {
			t.Errorf("%s %v: the harm was there before", a.name, a.in)
		}
	}
	open := e.without(without)
	for _, a := range list {
		e.known.Store(nil)
		if _, errs, body := send(open, a.token, a.name, a.in); len(errs) > 0 || !a.harm() {
			t.Errorf("without its guard %s %v does no harm: %s", a.name, a.in, body)
		}
	}
}

// Attack: a package passed on (domain 3.3, 3.5). What SYSTEM gave to a partner is not his to give to others.
func TestAttackPackagePassedOn(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newRights(t, h)
		platform := authority.BuiltInPackage("PLATFORM")
		friend := h.Client(e.c, "FRIEND", false)
		member, _ := e.home(friend, "friend", authority.BuiltInRole("Owner"))
		e.attacks(t, func(r *authz.Rules) { r.GivesPackage = func(bool) bool { return true } }, attack{
			"packageGive", e.carl, input{"id": platform, "clientIds": []any{friend}}, "NOT_ALLOWED at input.id",
			func() bool { return slices.Contains(e.holds(member, friend), "Application_CREATE") },
		})
	})
}

// Attack: a base package by a tenant (domain 3.3) would put his roles into every client.
func TestAttackBasePackageByATenant(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newRights(t, h)
		given := func(code string) func() bool {
			return func() bool {
				return e.count("package_gifts AS g JOIN packages AS p ON p.id = g.package_id", "g.client_id = ? AND p.code = ?", e.s, code) > 0
			}
		}
		e.attacks(t, func(r *authz.Rules) { r.MakesBase = func(_, _ oid.Client) bool { return true } },
			attack{"packageCreate", e.paula, input{"code": "MINE", "name": "x", "base": true}, "NOT_ALLOWED at input.base", given("MINE")},
			attack{"packageCreate", e.root, input{"clientId": e.p, "code": "HIS", "name": "x", "base": true}, "NOT_ALLOWED at input.base", given("HIS")})
	})
}

// Attack: assigning a role with rights one lacks (domain 3.5), and every other way to give what one does not hold: a
// permission into a role, a role into a role, a role into a package, a package to a client.
func TestAttackGivingWhatOneLacks(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newRights(t, h)
		desk := h.Role(e.c, &e.written, "Help desk", builtIn("User_UPDATE"), builtIn("User_READ"), builtIn("Role_READ"), builtIn("Role_UPDATE"),
			builtIn("Permission_READ"), builtIn("Package_READ"), builtIn("Package_UPDATE"), builtIn("Client_READ"))
		own, strong := h.Role(e.c, &e.written, "Own"), h.Role(e.c, &e.written, "Strong", builtIn("Application_CREATE"))
		self, helper := e.home(e.c, "helper", desk, own)
		team, full := e.pack(e.carl, e.c, "TEAM"), e.pack(e.carl, e.c, "FULL", strong)
		e.yes(e.carl, "packageGive", input{"id": team, "clientIds": []any{e.g}})
		friend, _ := e.home(e.g, "friend", strong)
		_, direct := e.home(e.c, "direct", desk)
		holds := func(m oid.Membership, at oid.Client, right string) func() bool {
			return func() bool { return slices.Contains(e.holds(m, at), right) }
		}
		e.attacks(t, func(r *authz.Rules) { r.Gives = func(authz.Held, authz.Permission) bool { return true } },
			attack{"membershipRolesAdd", helper, input{"id": self, "roleIds": []any{authority.BuiltInRole("Client Manager")}}, "NOT_ALLOWED at input.roleIds.0", holds(self, e.c, "Client_CREATE")},
			attack{"rolePermissionsAdd", direct, input{"id": own, "permissionIds": []any{builtIn("Audit_READ")}}, "NOT_ALLOWED at input.permissionIds.0", holds(self, e.c, "Audit_READ")},
			attack{"roleSubRolesAdd", direct, input{"id": own, "roleIds": []any{strong}}, "NOT_ALLOWED at input.roleIds.0", holds(self, e.c, "Application_CREATE")},
			attack{"packageRolesAdd", direct, input{"id": team, "roleIds": []any{strong}}, "NOT_ALLOWED at input.roleIds.0", holds(friend, e.g, "Application_CREATE")},
			attack{"packageGive", direct, input{"id": full, "clientIds": []any{e.g}}, "NOT_ALLOWED at input.id", func() bool {
				return e.count("package_gifts", "package_id = ? AND client_id = ?", full, e.g) > 0
			}})
		// of what one holds all of that is fine
		weak := h.Role(e.c, &e.written, "Weak", builtIn("User_READ"))
		e.yes(direct, "rolePermissionsAdd", input{"id": weak, "permissionIds": []any{builtIn("Role_READ")}})
		e.yes(direct, "membershipRolesAdd", input{"id": self, "roleIds": []any{weak}})
	})
}

// Attack: assigning a role that the client was not given (domain 3.4).
func TestAttackAssigningWhatIsNotGiven(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newRights(t, h)
		worker, _ := e.home(e.c, "worker")
		foreign := h.Role(e.p, &e.app, "P's own", builtIn("Client_READ"))
		e.attacks(t, func(r *authz.Rules) { r.Assigns = func(oid.Client, authz.Role) bool { return true } }, attack{
			"membershipRolesAdd", e.paula, input{"id": worker, "roleIds": []any{foreign}}, "NOT_ALLOWED at input.roleIds.0",
			func() bool {
				return e.count("membership_roles", "membership_id = ? AND role_id = ?", worker, foreign) > 0
			},
		})
		if held := e.holds(worker, e.c); len(held) > 0 { // and the kernel gives nothing for it even so
			t.Errorf("a role that was not given gives %v", held)
		}
	})
}
