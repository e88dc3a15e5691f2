package apitest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// why asks for the authorities of a membership, each reason as "Role > Role by PACKAGE".
func (e rights) why(token string, m oid.Membership) map[string][]string {
	e.t.Helper()
	a := e.Do(token, `query($id: ID!) { node(id: $id) { ... on Membership { authorities { authority reasons { roles { name } package { code } } } } } }`, hubtest.Variables{"id": m})
	var data struct {
		Node struct {
			Authorities []struct {
				Authority string
				Reasons   []struct {
					Roles   []struct{ Name string }
					Package *struct{ Code string }
				}
			}
		}
	}
	e.MustData(a, &data)
	out := map[string][]string{}
	last := ""
	for _, one := range data.Node.Authorities {
		if one.Authority <= last {
			e.t.Errorf("%s follows %s", one.Authority, last)
		}
		last = one.Authority
		ways := []string{}
		for _, reason := range one.Reasons {
			var names []string
			for _, r := range reason.Roles {
				names = append(names, r.Name)
			}
			way := strings.Join(names, " > ")
			if reason.Package != nil {
				way += " by " + reason.Package.Code
			}
			ways = append(ways, way)
		}
		out[one.Authority] = ways
	}
	return out
}

// issue 4 (to build, 3), domain 3.6: for each authority the chain from the membership to the permission, and the package
// that allows it.
func TestWhyAnAuthorityIsHeld(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newRights(t, h)
		deal := oid.Permission(e.yes(e.paula, "permissionCreate", input{"applicationId": e.written, "name": "Deal_READ"}))
		seller := e.role(e.paula, e.p, e.written, "Seller", deal, builtIn("User_READ"))
		head := e.role(e.paula, e.p, e.written, "Head", builtIn("User_READ"))
		e.yes(e.paula, "roleSubRolesAdd", input{"id": head, "roleIds": []any{seller}})
		sales := e.pack(e.paula, e.p, "SALES", head)
		e.yes(e.paula, "packageGive", input{"id": sales, "clientIds": []any{e.c}})
		own := e.role(e.carl, e.c, e.written, "Own", builtIn("User_READ"), builtIn("Audit_READ"))
		worker, token := e.home(e.c, "worker", authority.BuiltInRole("Client Owner"))
		e.yes(e.carl, "membershipRolesRemove", input{"id": worker, "roleIds": []any{authority.BuiltInRole("Client Owner")}})
		e.yes(e.paula, "membershipRolesAdd", input{"id": worker, "roleIds": []any{head, own}})
		want := map[string][]string{
			"User_READ":         {"Head by SALES", "Head by BASE", "Head by PLATFORM", "Own by SALES", "Own by BASE", "Own by PLATFORM", "Head > Seller by SALES", "Head > Seller by BASE", "Head > Seller by PLATFORM"},
			"Audit_READ":        {"Own by BASE", "Own by PLATFORM"},
			"written.Deal_READ": {"Head > Seller by SALES"},
		}
		sorted := func(m map[string][]string) map[string][]string {
			for _, ways := range m {
				slices.Sort(ways)
			}
			return m
		}
		if diff := cmp.Diff(sorted(want), sorted(e.why(e.carl, worker))); diff != "" {
			t.Errorf("C's user is told (-want +got):\n%s", diff)
		}
		// the owner of the application needs no package for its permissions
		boss, _ := e.home(e.p, "boss", seller)
		if got := e.why(e.paula, boss)["written.Deal_READ"]; !slices.Equal(got, []string{"Seller"}) {
			t.Errorf("of the owner's member it is said %v", got)
		}
		root, _ := e.home(oid.SystemClient, "root two", authority.BuiltInRole("Owner"))
		if got := e.why(e.root, root)["Audit_READ"]; !slices.Equal(got, []string{"Owner > Audit Manager"}) {
			t.Errorf("of SYSTEM's member it is said %v", got)
		}

		// with the package gone, so is what it allowed, and the roles that came with it
		e.yes(e.paula, "packageTake", input{"id": sales, "clientIds": []any{e.c}})
		want = map[string][]string{"User_READ": {"Own by BASE", "Own by PLATFORM"}, "Audit_READ": {"Own by BASE", "Own by PLATFORM"}}
		if diff := cmp.Diff(want, sorted(e.why(e.carl, worker))); diff != "" {
			t.Errorf("without the package (-want +got):\n%s", diff)
		}

		// what the caller may not read, or cannot see, explains nothing to him
		reader := h.Role(e.c, &e.written, "Reads users", builtIn("User_READ"))
		_, poor := e.home(e.c, "poor", reader)
		a := h.Do(poor, `query($id: ID!) { node(id: $id) { ... on Membership { authorities { authority reasons { roles { name } package { code } } } } } }`, hubtest.Variables{"id": worker})
		const nothing = `"reasons":[{"roles":null,"package":null},{"roles":null,"package":null}]}`
		if len(a.Errors) != 8 || a.Errors[0].Code() != "FORBIDDEN" || string(a.Data) != `{"node":{"authorities":[{"authority":"Audit_READ",`+nothing+`,{"authority":"User_READ",`+nothing+`]}}` {
			t.Errorf("to somebody without Role_READ and Package_READ: %s", a.Body)
		}
		if a := h.Do(token, `query($id: ID!) { node(id: $id) { id } }`, hubtest.Variables{"id": e.member(e.p, e.paulaID)}); string(a.Data) != `{"node":null}` {
			t.Errorf("%s", a.Body)
		}
		hidden := e.role(e.paula, e.p, e.app, "Hidden", builtIn("Client_READ"))
		guest := h.Role(e.c, &e.written, "Guest")
		h.Must(h.Ent().Role.UpdateOneID(guest).AddSubRoleIDs(hidden).Exec(e.System()))
		h.Must(h.Ent().RolePath.Create().SetRoleID(guest).SetReachedRoleID(hidden).Exec(e.System()))
		visitor, _ := e.home(e.c, "visitor", guest)
		if got := e.why(e.carl, visitor)["Client_READ"]; !slices.Contains(got, "Guest by BASE") || slices.Contains(got, "Guest > Hidden by BASE") {
			t.Errorf("a role out of sight: %v", got)
		}
		if got := e.why(e.paula, visitor)["Client_READ"]; !slices.Contains(got, "Guest > Hidden by BASE") {
			t.Errorf("to one who sees it: %v", got)
		}
	})
}

// holders asks who holds an authority: the names of the users.
func (e rights) holders(token, authority, arguments string) (names []string, total int) {
	e.t.Helper()
	var data struct {
		AuthorityHolders struct {
			TotalCount int
			Nodes      []struct {
				Client struct{ Code string }
				User   struct{ Name string }
			}
		}
	}
	a := e.Do(token, `query($a: String!) { authorityHolders(authority: $a`+arguments+`) { totalCount nodes { client { code } user { name } } } }`, hubtest.Variables{"a": authority})
	e.MustData(a, &data)
	for _, n := range data.AuthorityHolders.Nodes {
		names = append(names, n.User.Name+" at "+n.Client.Code)
	}
	return names, data.AuthorityHolders.TotalCount
}

// issue 4 (to build, 3): who in scope holds an authority: by roles, and within the ceiling.
func TestWhoHoldsAnAuthority(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newRights(t, h)
		e.home(e.c, "asleep", h.Role(e.s, &e.foreign, "S's", builtIn("Application_CREATE"))) // not assignable at C
		e.home(e.c, "creator", h.Role(e.c, &e.written, "Creates", builtIn("Application_CREATE")))
		_, poor := e.home(e.c, "poor", h.Role(e.c, &e.written, "Reads users", builtIn("User_READ"), builtIn("Client_READ")))
		user, _ := e.User(e.s, "guest")
		elsewhere := oid.New[oid.Membership]()
		h.Must(h.Ent().Membership.Create().SetID(elsewhere).SetClientID(e.s).SetUserID(e.carlID).AddRoleIDs(authority.BuiltInRole("Owner")).Exec(e.System()))
		_ = user
		ask := func(token, authority, arguments string, want ...string) {
			t.Helper()
			got, total := e.holders(token, authority, arguments)
			if !slices.Equal(got, want) || total < len(want) {
				t.Errorf("%s%s: %v of %d, not %v", authority, arguments, got, total, want)
			}
		}
		ask(e.carl, "Application_CREATE", "", "carl at CHILD", "gina at GRAND", "creator at CHILD")
		ask(e.paula, "Application_CREATE", ", first: 2", "paula at PARTNER", "carl at CHILD")
		ask(e.paula, "Application_CREATE", `, filter: {clientId: "`+string(e.g)+`"}`, "gina at GRAND")
		ask(e.paula, "Application_CREATE", `, filter: {home: false}`)
		ask(e.root, "Application_CREATE", `, filter: {clientId: "`+string(e.s)+`"}`, "stan at STRANGER", "carl at STRANGER")
		ask(poor, "User_READ", ", last: 1", "poor at CHILD")
		ask(e.paula, "Application_FLY", "")
		ask(e.paula, "strange.Deal_READ", "")
		// by Idempotency of a ceiling: what C loses, it and what hangs on it hold no more
		e.yes(e.root, "packageTake", input{"id": authority.BuiltInPackage("PLATFORM"), "clientIds": []any{e.c}})
		ask(e.paula, "Application_CREATE", "", "paula at PARTNER")
		if a := h.Do(e.paula, `{ authorityHolders(authority: "User_READ", filter: {clientId: "x"}) { totalCount } }`, nil); len(a.Errors) != 1 || a.Errors[0].Code() != "INVALID" {
			t.Errorf("%s", a.Body)
		}
		if a := h.Do(e.paula, `{ authorityHolders(authority: "User_READ", first: 101) { totalCount } }`, nil); len(a.Errors) != 1 {
			t.Errorf("%s", a.Body)
		}
	})
}

// The facts of many memberships are read at once: the number of statements does not grow with the candidates.
func TestHoldersAreFoundInFewStatements(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newRights(t, h)
		const few, many = 3, 40
		count := func(n int) int {
			for i := range n {
				e.home(e.c, fmt.Sprint("member-", n, "-", i), authority.BuiltInRole("Client Owner"))
			}
			counted, counter := store.WithCounter(t.Context())
			var data struct{ AuthorityHolders struct{ TotalCount int } }
			a := h.DoContext(counted, e.paula, `{ authorityHolders(authority: "Session_DELETE") { totalCount } }`, nil)
			h.Must(json.Unmarshal(a.Data, &data))
			if data.AuthorityHolders.TotalCount < n {
				t.Errorf("%s", a.Body)
			}
			return counter.Statements()
		}
		first, second := count(few), count(many)
		if second > first {
			t.Errorf("%d statements for few, %d for many", first, second)
		}
	})
}
