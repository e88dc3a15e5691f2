package apitest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/appanage/appanage/ent/accessgrant"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// domain 3.1: a permission belongs to an application, is made by those who rule that, and goes out of every role.
func TestPermissions(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newRights(t, h)
		for _, name := range []string{"", "Deal", "Deal_READ_ALL", "deal read", "1Deal_READ", "Deal_", "shop-one.Deal_READ", "Deal_" + strings.Repeat("X", 123)} {
			e.no(t, e.paula, "permissionCreate", input{"applicationId": e.app, "name": name}, "INVALID at input.name")
		}
		e.no(t, e.paula, "permissionCreate", input{"applicationId": e.app, "name": "D", "description": strings.Repeat("ü", 1025)}, "INVALID at input.name", "INVALID at input.description")
		e.no(t, e.paula, "permissionCreate", input{"applicationId": e.foreign, "name": "Deal_READ"}, "NOT_FOUND at input.applicationId")
		e.no(t, e.paula, "permissionCreate", input{"applicationId": e.p, "name": "Deal_READ"}, "INVALID at input.applicationId")
		// write access is not enough: the owner and those above him
		e.no(t, e.carl, "permissionCreate", input{"applicationId": e.written, "name": "Deal_READ"}, "NOT_ALLOWED at input.applicationId")
		deal := oid.Permission(e.yes(e.paula, "permissionCreate", input{"applicationId": e.written, "name": " Deal_READ ", "description": " Reads\ndeals. "}))
		e.no(t, e.root, "permissionCreate", input{"applicationId": e.written, "name": "Deal_READ"}, "TAKEN at input.name")
		if got := e.column("permissions", deal, "authority") + "|" + e.column("permissions", deal, "client_id") + "|" + e.column("permissions", deal, "description"); got != "written.Deal_READ|"+string(e.p)+"|Reads\ndeals." {
			t.Errorf("made %q", got)
		}
		e.yes(e.root, "permissionCreate", input{"applicationId": e.written, "name": "Deal_UPDATE"})
		if owner := e.count("permissions", "authority = 'written.Deal_UPDATE' AND client_id = ?", e.p); owner != 1 {
			t.Error("a permission made by SYSTEM is not the application's owner's")
		}

		e.no(t, e.paula, "permissionUpdate", input{"id": deal, "expectedVersion": 2, "description": "x"}, "CONFLICT at input.expectedVersion")
		e.yes(e.paula, "permissionUpdate", input{"id": deal, "expectedVersion": 1, "description": "Reads\ndeals."}) // no change
		e.yes(e.paula, "permissionUpdate", input{"id": deal})
		if v := e.column("permissions", deal, "version"); v != "1" {
			t.Errorf("a change that changes nothing leads to version %s", v)
		}
		e.yes(e.paula, "permissionUpdate", input{"id": deal, "expectedVersion": 1, "description": "Deals."})
		for _, token := range []string{e.paula, e.root} { // built in, for whoever
			e.no(t, token, "permissionUpdate", input{"id": builtIn("User_READ"), "description": "x"}, "NOT_ALLOWED at input.id")
			e.no(t, token, "permissionDelete", input{"id": builtIn("User_READ")}, "NOT_ALLOWED at input.id")
		}
		e.no(t, e.carl, "permissionDelete", input{"id": deal}, "NOT_ALLOWED at input.id") // seen, for he writes the application
		e.no(t, e.gina, "permissionDelete", input{"id": deal}, "NOT_FOUND at input.id")
		e.no(t, e.stan, "permissionUpdate", input{"id": deal, "description": "x"}, "NOT_FOUND at input.id")

		// 3.5: its owner's users hold it by Permission_CREATE; who may write the application does not
		role := e.role(e.paula, e.p, e.written, "Seller", deal)
		carls := e.role(e.carl, e.c, e.written, "Carl's seller")
		e.no(t, e.carl, "rolePermissionsAdd", input{"id": carls, "permissionIds": []any{deal}}, "NOT_ALLOWED at input.permissionIds.0")
		e.yes(e.paula, "rolePermissionsAdd", input{"id": carls, "permissionIds": []any{deal, deal, builtIn("User_READ")}})
		e.no(t, e.paula, "permissionDelete", input{"id": deal, "expectedVersion": 1}, "CONFLICT at input.expectedVersion")
		e.yes(e.paula, "permissionDelete", input{"id": deal, "expectedVersion": 2})
		if n := e.count("role_permissions", "permission_id = ?", deal); n != 0 {
			t.Errorf("%d roles hold a permission that is gone", n)
		}
		// each role's client reads of it in its own trail
		for of, id := range map[oid.Client]oid.Role{e.p: role, e.c: carls} {
			if n := e.count("audit_events", "operation = 'permissionDelete' AND client_id = ? AND object_id = ?", of, id); n != 1 {
				t.Errorf("%d events of the role of %s", n, of)
			}
		}
	})
}

// domain 3.2: whose roles there are, and for which applications.
func TestRoles(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newRights(t, h)
		e.no(t, e.paula, "roleCreate", input{"name": " \n "}, "INVALID at input.name")
		e.no(t, e.paula, "roleCreate", input{"name": "Alone"}, "NOT_ALLOWED at input.applicationId")
		alone := oid.Role(e.yes(e.root, "roleCreate", input{"name": "Alone"}))
		if e.column("roles", alone, "client_id") != string(oid.SystemClient) {
			t.Error("a role made by SYSTEM's user is not SYSTEM's")
		}
		e.no(t, e.root, "roleCreate", input{"clientId": e.p, "name": "Alone"}, "NOT_ALLOWED at input.applicationId")
		// a role of a foreign application
		e.no(t, e.paula, "roleCreate", input{"applicationId": e.foreign, "name": "x"}, "NOT_FOUND at input.applicationId")
		e.no(t, e.carl, "roleCreate", input{"applicationId": e.readable, "name": "x"}, "NOT_ALLOWED at input.applicationId")
		e.no(t, e.paula, "roleCreate", input{"clientId": e.c, "applicationId": e.app, "name": "x"}, "NOT_ALLOWED at input.applicationId")
		e.no(t, e.paula, "roleCreate", input{"clientId": e.s, "applicationId": e.app, "name": "x"}, "NOT_FOUND at input.clientId")
		e.no(t, e.carl, "roleCreate", input{"clientId": e.p, "applicationId": e.written, "name": "x"}, "NOT_FOUND at input.clientId") // known by name only
		packer := e.role(e.paula, e.p, e.app, "Packer")
		carls := e.role(e.carl, e.c, e.written, "Carl's")
		e.role(e.paula, e.c, e.written, "Paula's for C")
		expired := h.Ent().AccessGrant.Update().Where(accessgrant.ClientID(e.c), accessgrant.ApplicationID(e.written)).SetExpiresAt(time.Now().Add(-time.Second))
		h.Must(expired.Exec(e.System()))
		e.known.Store(nil)
		e.no(t, e.paula, "roleCreate", input{"clientId": e.c, "applicationId": e.written, "name": "x"}, "NOT_ALLOWED at input.applicationId")
		e.no(t, e.carl, "roleCreate", input{"applicationId": e.written, "name": "x"}, "NOT_FOUND at input.applicationId")

		e.no(t, e.paula, "roleUpdate", input{"id": packer, "name": strings.Repeat("x", 129), "description": "\x00"}, "INVALID at input.name", "INVALID at input.description")
		e.no(t, e.paula, "roleUpdate", input{"id": packer, "expectedVersion": 7, "name": "x"}, "CONFLICT at input.expectedVersion")
		e.yes(e.paula, "roleUpdate", input{"id": packer, "name": "Packer", "description": ""})
		e.yes(e.paula, "roleUpdate", input{"id": packer, "expectedVersion": 1, "name": "Packer of all"})
		if e.column("roles", packer, "version")+e.column("roles", packer, "name_key") != "2packer of all" {
			t.Error("the role was not changed as asked")
		}
		e.no(t, e.carl, "roleUpdate", input{"id": packer, "name": "x"}, "NOT_FOUND at input.id")
		e.no(t, e.root, "roleUpdate", input{"id": authority.BuiltInRole("Owner"), "name": "x"}, "NOT_ALLOWED at input.id")
		e.no(t, e.root, "roleDelete", input{"id": authority.BuiltInRole("Owner")}, "NOT_ALLOWED at input.id")
		e.no(t, e.root, "rolePermissionsRemove", input{"id": authority.BuiltInRole("Client Owner"), "permissionIds": []any{builtIn("User_READ")}}, "NOT_ALLOWED at input.id")
		e.no(t, e.paula, "rolePermissionsAdd", input{"id": packer, "permissionIds": []any{}}, "INVALID at input.permissionIds")
		e.no(t, e.paula, "rolePermissionsAdd", input{"id": packer, "permissionIds": []any{"x", packer}}, "INVALID at input.permissionIds.0", "INVALID at input.permissionIds.1")
		unknown := []any{builtIn("User_READ"), oid.New[oid.Permission](), builtIn("Role_READ"), oid.New[oid.Permission]()}
		e.no(t, e.paula, "rolePermissionsAdd", input{"id": packer, "permissionIds": unknown}, "NOT_FOUND at input.permissionIds.1", "NOT_FOUND at input.permissionIds.3")

		// a role that is given is seen below, and is not theirs to change
		e.pack(e.paula, e.p, "TEAM", packer)
		e.yes(e.paula, "packageGive", input{"id": e.packID("TEAM"), "clientIds": []any{e.c}})
		e.no(t, e.carl, "roleUpdate", input{"id": packer, "name": "x"}, "NOT_ALLOWED at input.id")
		e.no(t, e.carl, "rolePermissionsAdd", input{"id": packer, "permissionIds": []any{builtIn("User_READ")}}, "NOT_ALLOWED at input.id")
		e.no(t, e.carl, "roleDelete", input{"id": packer}, "NOT_ALLOWED at input.id")

		e.yes(e.paula, "rolePermissionsAdd", input{"id": packer, "permissionIds": []any{builtIn("User_READ"), builtIn("Role_READ")}})
		e.yes(e.paula, "rolePermissionsAdd", input{"id": packer, "permissionIds": []any{builtIn("Role_READ")}}) // passed over
		e.yes(e.paula, "rolePermissionsRemove", input{"id": packer, "permissionIds": []any{builtIn("Role_READ"), builtIn("Role_UPDATE")}})
		e.yes(e.paula, "rolePermissionsRemove", input{"id": packer, "permissionIds": []any{builtIn("Role_UPDATE")}}) // passed over
		if e.column("roles", packer, "version") != "4" || e.count("role_permissions", "role_id = ?", packer) != 1 {
			t.Error("the role does not hold what was put in and left")
		}

		// what is deleted is gone from wherever it was
		above := e.role(e.paula, e.p, e.app, "Above")
		below := e.role(e.paula, e.p, e.app, "Below", builtIn("Client_READ"))
		e.yes(e.paula, "roleSubRolesAdd", input{"id": above, "roleIds": []any{packer}})
		e.yes(e.paula, "roleSubRolesAdd", input{"id": packer, "roleIds": []any{below}})
		member, _ := e.home(e.c, "worker")
		e.yes(e.carl, "membershipRolesAdd", input{"id": member, "roleIds": []any{packer}})
		e.no(t, e.paula, "roleDelete", input{"id": packer, "expectedVersion": 1}, "CONFLICT at input.expectedVersion")
		e.yes(e.paula, "roleDelete", input{"id": packer})
		for table, column := range map[string]string{"roles": "id", "role_permissions": "role_id", "package_roles": "role_id", "membership_roles": "role_id"} {
			if n := e.count(table, column+" = ?", packer); n != 0 {
				t.Errorf("%d rows of %s are left", n, table)
			}
		}
		if n := e.count("role_paths", "role_id = ? OR reached_role_id = ? OR role_id = ? AND reached_role_id = ?", packer, packer, above, below); n != 0 {
			t.Errorf("%d paths are left", n)
		}
		if n := e.count("audit_events", "operation = 'roleDelete' AND client_id = ? AND object_id = ?", e.c, member); n != 1 {
			t.Errorf("C reads %d times that its member lost a role", n)
		}
		e.closed(t)
		_ = carls
	})
}

func (e rights) packID(code string) oid.Package {
	return oid.Package(query(e.t, e.Hub, "SELECT id FROM packages WHERE code = ?", code)[0]["id"].(string))
}

// domain 3.2: a circle of sub-roles is refused with its path, of which what one cannot see is counted.
func TestRolesIncludeRoles(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newRights(t, h)
		var chain []oid.Role
		for _, name := range []string{"One", "Two", "Three", "Four"} {
			chain = append(chain, e.role(e.paula, e.p, e.app, name))
		}
		for i := range 3 {
			e.yes(e.paula, "roleSubRolesAdd", input{"id": chain[i], "roleIds": []any{chain[i+1]}})
		}
		e.closed(t)
		if said := e.no(t, e.paula, "roleSubRolesAdd", input{"id": chain[3], "roleIds": []any{chain[0]}}, "CYCLE at input.roleIds.0"); !strings.Contains(said, ": Four > One > Two > Three > Four") {
			t.Errorf("the circle is told as %q", said)
		}
		if said := e.no(t, e.paula, "roleSubRolesAdd", input{"id": chain[1], "roleIds": []any{chain[3], chain[1]}}, "CYCLE at input.roleIds.1"); !strings.Contains(said, ": Two > Two") {
			t.Errorf("the circle is told as %q", said)
		}
		e.no(t, e.paula, "roleSubRolesAdd", input{"id": chain[3], "roleIds": []any{chain[2], oid.New[oid.Role]()}}, "NOT_FOUND at input.roleIds.1")

		// S's user sees but the ends of a way through roles of P
		top, end := h.Role(e.s, &e.foreign, "Top"), h.Role(e.s, &e.foreign, "End")
		h.Must(h.Ent().Role.UpdateOneID(top).AddSubRoleIDs(chain[0]).Exec(e.System()))
		h.Must(h.Ent().Role.UpdateOneID(chain[3]).AddSubRoleIDs(end).Exec(e.System()))
		for _, pair := range [][2]oid.Role{{top, chain[0]}, {top, chain[1]}, {top, chain[2]}, {top, chain[3]}, {top, end}, {chain[0], end}, {chain[1], end}, {chain[2], end}, {chain[3], end}} {
			h.Must(h.Ent().RolePath.Create().SetRoleID(pair[0]).SetReachedRoleID(pair[1]).Exec(e.System()))
		}
		e.known.Store(nil)
		e.closed(t)
		if said := e.no(t, e.stan, "roleSubRolesAdd", input{"id": end, "roleIds": []any{top}}, "CYCLE at input.roleIds.0"); !strings.HasSuffix(said, ": End > Top > 4 roles you cannot see > End") {
			t.Errorf("the circle is told as %q", said)
		}
		e.yes(e.root, "roleSubRolesRemove", input{"id": chain[3], "roleIds": []any{end, top}})
		e.closed(t)
		e.yes(e.paula, "roleDelete", input{"id": chain[1]})
		e.closed(t)

		// what a role includes counts as put into it
		_, poor := e.home(e.p, "poor", h.Role(e.p, &e.app, "Roles only", builtIn("Role_READ"), builtIn("Role_UPDATE"), builtIn("Client_READ")))
		rich := e.role(e.paula, e.p, e.app, "Rich", builtIn("User_DELETE"), builtIn("Client_READ"))
		e.no(t, poor, "roleSubRolesAdd", input{"id": chain[2], "roleIds": []any{rich}}, "NOT_ALLOWED at input.roleIds.0")
		e.yes(e.paula, "rolePermissionsRemove", input{"id": rich, "permissionIds": []any{builtIn("User_DELETE")}})
		e.yes(poor, "roleSubRolesAdd", input{"id": chain[2], "roleIds": []any{rich}})
	})
}

// domain 3.2: a circle made by two requests at once is refused, and the closure equals the recomputed one whatever is
// edited at the same moment.
func TestTheGraphOfRolesUnderConcurrentEdits(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newRights(t, h)
		other := h.Node()
		for round := range 5 {
			a, b := e.role(e.paula, e.p, e.app, fmt.Sprint("A", round)), e.role(e.paula, e.p, e.app, fmt.Sprint("B", round))
			codes := make([]string, 2)
			add := func(at *hubtest.Hub, i int, id, sub oid.Role) func() {
				return func() {
					_, errs, body := send(at, e.paula, "roleSubRolesAdd", input{"id": id, "roleIds": []any{sub}})
					if codes[i] = "made"; len(errs) > 0 {
						codes[i] = errs[0].Code
						if errs[0].Code != "CYCLE" {
							t.Error(body)
						}
					}
				}
			}
			together(add(h, 0, a, b), add(other, 1, b, a))
			if slices.Sort(codes); !slices.Equal(codes, []string{"CYCLE", "made"}) {
				t.Errorf("two requests at once: %v", codes)
			}
			e.closed(t)
		}
		var roles []oid.Role
		for i := range 8 {
			roles = append(roles, e.role(e.paula, e.p, e.app, fmt.Sprint("R", i)))
		}
		var editors []func()
		for i := range 6 {
			at := []*hubtest.Hub{h, other}[i%2]
			editors = append(editors, func() {
				for range 15 {
					name := "roleSubRolesAdd"
					if rand.IntN(3) == 0 {
						name = "roleSubRolesRemove"
					}
					in := input{"id": roles[rand.IntN(8)], "roleIds": []any{roles[rand.IntN(8)], roles[rand.IntN(8)]}}
					if _, errs, body := send(at, e.paula, name, in); len(errs) > 0 && errs[0].Code != "CYCLE" {
						t.Errorf("%s: %s", name, body)
					}
				}
			})
		}
		together(append(editors, func() { send(h, e.paula, "roleDelete", input{"id": e.role(e.paula, e.p, e.app, "Gone")}) })...)
		e.closed(t)
	})
}

// domain 3.4: a client assigns the roles it owns, and those of packages given to it; 2.5: only in its scope.
func TestRolesAreAssigned(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newRights(t, h)
		worker, _ := e.home(e.c, "worker")
		packer := e.role(e.paula, e.p, e.app, "Packer", builtIn("Client_READ"))
		e.no(t, e.paula, "membershipRolesAdd", input{"id": worker, "roleIds": []any{packer}}, "NOT_ALLOWED at input.roleIds.0") // P's, and not given to C
		e.no(t, e.carl, "membershipRolesAdd", input{"id": worker, "roleIds": []any{packer}}, "NOT_FOUND at input.roleIds.0")
		whole := e.role(e.paula, e.p, e.app, "Whole")
		e.yes(e.paula, "roleSubRolesAdd", input{"id": whole, "roleIds": []any{packer}})
		e.pack(e.paula, e.p, "TEAM", whole)
		e.yes(e.paula, "packageGive", input{"id": e.packID("TEAM"), "clientIds": []any{e.c}})
		e.no(t, e.carl, "membershipRolesAdd", input{"id": worker, "roleIds": []any{packer}}, "NOT_ALLOWED at input.roleIds.0") // part of one that is given
		e.yes(e.carl, "membershipRolesAdd", input{"id": worker, "roleIds": []any{whole, whole}})
		e.yes(e.carl, "membershipRolesAdd", input{"id": worker, "roleIds": []any{whole}}) // passed over
		if held := e.holds(worker, e.c); !slices.Equal(held, []string{"Client_READ"}) || e.column("memberships", worker, "version") != "2" {
			t.Errorf("the worker holds %v", held)
		}
		own := e.role(e.carl, e.c, e.written, "Own", builtIn("User_READ"))
		e.yes(e.carl, "membershipRolesAdd", input{"id": worker, "roleIds": []any{own, authority.BuiltInRole("Client Owner")}})
		e.no(t, e.gina, "membershipRolesAdd", input{"id": worker, "roleIds": []any{authority.BuiltInRole("Client Owner")}}, "NOT_FOUND at input.id")
		e.no(t, e.carl, "membershipRolesAdd", input{"id": worker, "roleIds": []any{}}, "INVALID at input.roleIds")
		e.no(t, e.carl, "membershipRolesRemove", input{"id": oid.New[oid.Membership](), "roleIds": []any{own}}, "NOT_FOUND at input.id")

		// one's own membership elsewhere is seen, and not one's to change
		guest := oid.New[oid.Membership]()
		h.Must(h.Ent().Membership.Create().SetID(guest).SetClientID(e.p).SetUserID(e.carlID).Exec(e.System()))
		e.known.Store(nil)
		e.no(t, e.carl, "membershipRolesAdd", input{"id": guest, "roleIds": []any{authority.BuiltInRole("Client Owner")}}, "NOT_ALLOWED at input.id")
		e.no(t, e.carl, "membershipRolesRemove", input{"id": guest, "roleIds": []any{authority.BuiltInRole("Client Owner")}}, "NOT_ALLOWED at input.id")

		e.yes(e.carl, "membershipRolesRemove", input{"id": worker, "roleIds": []any{own, authority.BuiltInRole("Owner")}})
		e.yes(e.carl, "membershipRolesRemove", input{"id": worker, "roleIds": []any{own}}) // passed over
		if n := e.count("membership_roles", "membership_id = ?", worker); n != 2 {
			t.Errorf("the worker has %d roles", n)
		}
		if n := e.count("audit_events", "kind = 'Membership' AND object_id = ?", worker); n != 3 {
			t.Errorf("%d events tell of three changes", n)
		}
		h.Must(h.Ent().AccessGrant.Update().SetLevel(enum.LevelRead).Exec(e.System())) // an access type gives no right: roles stay
		if held := e.holds(worker, e.c); !slices.Contains(held, "User_CREATE") {
			t.Errorf("the worker holds %v", held)
		}
	})
}
