package apitest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/tenancy"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// domain 3.3: packages, and what is put into them.
func TestPackages(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newRights(t, h)
		for _, code := range []string{"", "X", "x1", "1X", "X-Y", "X" + strings.Repeat("Y", 64)} {
			e.no(t, e.paula, "packageCreate", input{"code": code, "name": "x"}, "INVALID at input.code")
		}
		e.no(t, e.paula, "packageCreate", input{"code": "x", "name": "", "description": "\a"}, "INVALID at input.code", "INVALID at input.name", "INVALID at input.description")
		team := e.yes(e.paula, "packageCreate", input{"code": "TEAM", "name": "Team"})
		e.no(t, e.paula, "packageCreate", input{"code": "TEAM", "name": "Other"}, "TAKEN at input.code")
		e.yes(e.carl, "packageCreate", input{"code": "TEAM", "name": "C's"}) // unique for its owner
		e.no(t, e.paula, "packageCreate", input{"clientId": e.s, "code": "THEIRS", "name": "x"}, "NOT_FOUND at input.clientId")
		e.no(t, e.paula, "packageCreate", input{"applicationId": e.foreign, "code": "OTHER", "name": "x"}, "NOT_FOUND at input.applicationId")
		e.no(t, e.carl, "packageCreate", input{"applicationId": e.readable, "code": "OTHER", "name": "x"}, "NOT_ALLOWED at input.applicationId")
		e.yes(e.paula, "packageCreate", input{"clientId": e.c, "applicationId": e.written, "code": "OTHER", "name": "x"})

		e.no(t, e.paula, "packageUpdate", input{"id": team, "name": "\n"}, "INVALID at input.name")
		e.no(t, e.paula, "packageUpdate", input{"id": team, "expectedVersion": 9, "name": "x"}, "CONFLICT at input.expectedVersion")
		e.yes(e.paula, "packageUpdate", input{"id": team, "name": "Team"})
		e.yes(e.paula, "packageUpdate", input{"id": team, "name": "Team P", "description": "All."})
		if got := e.column("packages", team, "version") + e.column("packages", team, "name_key") + e.column("packages", team, "description"); got != "2team pAll." {
			t.Errorf("%q", got)
		}
		e.no(t, e.stan, "packageUpdate", input{"id": team, "name": "x"}, "NOT_FOUND at input.id")
		for _, code := range []string{"BASE", "PLATFORM"} { // built in, for whoever
			e.no(t, e.root, "packageUpdate", input{"id": authority.BuiltInPackage(code), "name": "x"}, "NOT_ALLOWED at input.id")
			e.no(t, e.root, "packageDelete", input{"id": authority.BuiltInPackage(code)}, "NOT_ALLOWED at input.id")
			e.no(t, e.root, "packageRolesAdd", input{"id": authority.BuiltInPackage(code), "roleIds": []any{authority.BuiltInRole("Owner")}}, "NOT_ALLOWED at input.id")
			e.no(t, e.root, "packageRolesRemove", input{"id": authority.BuiltInPackage(code), "roleIds": []any{authority.BuiltInRole("Owner")}}, "NOT_ALLOWED at input.id")
		}

		packer, clerk := e.role(e.paula, e.p, e.app, "Packer", builtIn("Client_READ")), e.role(e.paula, e.p, e.app, "Clerk")
		e.yes(e.paula, "packageRolesAdd", input{"id": team, "roleIds": []any{packer, clerk, packer}})
		e.yes(e.paula, "packageRolesAdd", input{"id": team, "roleIds": []any{clerk}}) // passed over
		e.no(t, e.paula, "packageRolesAdd", input{"id": team, "roleIds": []any{clerk, oid.New[oid.Role]()}}, "NOT_FOUND at input.roleIds.1")
		e.no(t, e.paula, "packageRolesAdd", input{"id": team, "roleIds": []any{}}, "INVALID at input.roleIds")

		e.no(t, e.paula, "packageGive", input{"id": team, "clientIds": []any{e.c, e.s}}, "NOT_FOUND at input.clientIds.1") // out of scope
		e.no(t, e.carl, "packageGive", input{"id": team, "clientIds": []any{e.p}}, "NOT_FOUND at input.clientIds.0")       // known by name only
		e.no(t, e.carl, "packageGive", input{"id": team, "clientIds": []any{e.g}}, "NOT_FOUND at input.id")
		e.yes(e.paula, "packageGive", input{"id": team, "clientIds": []any{e.c, e.g, e.c}})
		e.yes(e.paula, "packageGive", input{"id": team, "clientIds": []any{e.g}}) // passed over
		if n := e.count("package_gifts", "package_id = ? AND giver_id = ?", team, e.p); n != 2 {
			t.Errorf("%d clients have it", n)
		}
		worker, token := e.home(e.g, "worker")
		e.yes(e.gina, "membershipRolesAdd", input{"id": worker, "roleIds": []any{packer}})
		if a := h.Do(token, `{ client(code: "GRAND") { code } }`, nil); len(a.Errors) > 0 {
			t.Errorf("%s", a.Body)
		}
		e.no(t, e.carl, "packageTake", input{"id": team, "clientIds": []any{e.g}}, "NOT_ALLOWED at input.clientIds.0") // not its owner's, nor given by C
		e.no(t, e.gina, "packageTake", input{"id": team, "clientIds": []any{e.g}}, "NOT_ALLOWED at input.clientIds.0")
		e.no(t, e.paula, "packageTake", input{"id": team, "clientIds": []any{e.s}}, "NOT_FOUND at input.clientIds.0")
		e.no(t, e.stan, "packageTake", input{"id": team, "clientIds": []any{e.s}}, "NOT_FOUND at input.id")
		e.yes(e.root, "packageTake", input{"id": team, "clientIds": []any{e.s}}) // passed over
		e.yes(e.paula, "packageTake", input{"id": team, "clientIds": []any{e.g, e.p}})
		if a := h.Node().Do(token, `{ client(code: "GRAND") { code } }`, nil); len(a.Errors) == 0 || a.Errors[0].Code() != "FORBIDDEN" {
			t.Errorf("a role of a package taken back works: %s", a.Body)
		}
		e.yes(e.paula, "packageRolesRemove", input{"id": team, "roleIds": []any{packer, authority.BuiltInRole("Owner")}})
		if n := e.count("package_roles", "package_id = ?", team); n != 1 {
			t.Errorf("%d roles are left in it", n)
		}
		e.no(t, e.carl, "packageDelete", input{"id": team}, "NOT_ALLOWED at input.id") // given to him
		e.yes(e.paula, "packageDelete", input{"id": team, "expectedVersion": 4})
		if n := e.count("packages", "id = ?", team) + e.count("package_roles", "package_id = ?", team) + e.count("package_gifts", "package_id = ?", team); n != 0 {
			t.Errorf("%d rows of it are left", n)
		}
		if n := e.count("audit_events", "client_id = ? AND object_id = ?", e.c, team); n != 2 {
			t.Errorf("C reads %d times of what it was given and lost", n)
		}
		// PLATFORM is given and taken by SYSTEM; who was given it took it from nobody
		platform := authority.BuiltInPackage("PLATFORM")
		e.yes(e.root, "packageTake", input{"id": platform, "clientIds": []any{e.s}})
		e.yes(e.root, "packageGive", input{"id": platform, "clientIds": []any{e.s}})
		e.no(t, e.stan, "packageTake", input{"id": platform, "clientIds": []any{e.s}}, "NOT_ALLOWED at input.clientIds.0")
		e.yes(e.carl, "packageTake", input{"id": platform, "clientIds": []any{e.g}}) // what C gave
	})
}

// domain 3.3: a base package is every client's at once, new ones' too, and is never taken back.
func TestBasePackages(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newRights(t, h)
		common := oid.Package(e.yes(e.root, "packageCreate", input{"code": "COMMON", "name": "Common", "base": true}))
		all := e.count("clients", "1 = 1")
		if n := e.count("package_gifts", "package_id = ? AND giver_id = ?", common, oid.SystemClient); n != all {
			t.Errorf("%d of %d clients have it", n, all)
		}
		for _, r := range query(t, h, "SELECT id FROM package_gifts WHERE package_id = ?", common) {
			if _, ok := oid.Parse[oid.PackageGift](r["id"].(string)); !ok {
				t.Errorf("%v is no id", r["id"])
			}
		}
		young := h.Client(e.p, "YOUNG", false)
		if n := e.count("package_gifts", "package_id = ? AND client_id = ?", common, young); n != 1 {
			t.Error("a new client has not got it")
		}
		seller := e.role(e.root, oid.SystemClient, e.app, "Seller", builtIn("Audit_READ"))
		e.yes(e.root, "packageRolesAdd", input{"id": common, "roleIds": []any{seller}})
		worker, _ := e.home(e.s, "worker")
		e.yes(e.stan, "membershipRolesAdd", input{"id": worker, "roleIds": []any{seller}})
		if held := e.holds(worker, e.s); !slices.Equal(held, []string{"Audit_READ"}) {
			t.Errorf("the worker holds %v", held)
		}
		e.no(t, e.root, "packageTake", input{"id": common, "clientIds": []any{e.p}}, "NOT_ALLOWED at input.id")
		e.no(t, e.root, "packageTake", input{"id": authority.BuiltInPackage("BASE"), "clientIds": []any{e.p}}, "NOT_ALLOWED at input.id")
		e.yes(e.root, "packageGive", input{"id": common, "clientIds": []any{e.p}}) // passed over
		e.no(t, e.root, "packageCreate", input{"clientId": e.p, "code": "HIS", "name": "x", "base": true}, "NOT_ALLOWED at input.base")
		e.yes(e.root, "packageDelete", input{"id": common})
		if n := e.count("package_gifts", "package_id = ?", common); n != 0 || len(e.holds(worker, e.s)) != 0 {
			t.Error("a base package that is deleted lives on")
		}
	})
}

// domain 3.3: whatever client and base package are made at the same moment, the client has the package.
func TestBasePackagesAndClientsMadeAtOnce(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newRights(t, h)
		nodes := []*hubtest.Hub{h, h.Node()}
		var makers []func()
		for i := range 8 {
			makers = append(makers, func() {
				if i%2 == 0 {
					if _, errs, body := send(nodes[i/2%2], e.root, "packageCreate", input{"code": fmt.Sprint("BASE", i), "name": "x", "base": true}); len(errs) > 0 {
						t.Error(body)
					}
					return
				}
				for j := range 4 {
					if _, err := nodes[i/2%2].Tenancy.Create(e.System(), tenancy.Create{Manager: e.p, Code: fmt.Sprintf("NEW%d%d", i, j), Name: "x", Type: enum.ClientBusiness}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		together(makers...)
		packages, clients := e.count("packages", "base = ?", true), e.count("clients", "1 = 1")
		if gifts := e.count("package_gifts AS g JOIN packages AS p ON p.id = g.package_id", "p.base = ?", true); packages != 5 || gifts != packages*clients {
			t.Errorf("%d gifts of %d base packages to %d clients", gifts, packages, clients)
		}
	})
}

// domain 3.3: a base package waits for the clients that are being made, and finds them.
func TestABasePackageWaitsForNewClients(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newRights(t, h)
		made := make(chan string, 1)
		var young oid.Client
		h.Must(h.DB.InTx(e.System(), func(ctx context.Context, _ *ent.Client) (err error) {
			if young, err = h.Tenancy.Create(ctx, tenancy.Create{Manager: e.p, Code: "YOUNG", Name: "x", Type: enum.ClientBusiness}); err != nil {
				return err
			}
			go func() {
				_, _, body := send(h, e.root, "packageCreate", input{"code": "COMMON", "name": "x", "base": true})
				made <- body
			}()
			select {
			case body := <-made:
				t.Errorf("it did not wait: %s", body)
				made <- body
			case <-time.After(200 * time.Millisecond): // it waits; a machine so slow that it has not come so far proves nothing
			}
			return nil
		}))
		body := <-made
		if n := e.count("package_gifts AS g JOIN packages AS p ON p.id = g.package_id", "p.code = 'COMMON' AND g.client_id = ?", young); n != 1 {
			t.Errorf("the client that was being made has not got it: %s", body)
		}
	})
}
