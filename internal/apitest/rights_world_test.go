package apitest

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/appanage/appanage/ent/membership"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// rights is the estate of the tests of permissions, roles and packages.
type rights struct{ *estate }

func newRights(t testing.TB, h *hubtest.Hub) rights {
	t.Helper()
	return rights{newEstate(t, h)}
}

// subject is what a mutation on rights answers with: the name of the member, and whether it is only an id.
func subject(mutation string) (member string, gone bool) {
	member = mutation[:strings.IndexFunc(mutation, func(r rune) bool { return r < 'a' })]
	if strings.HasSuffix(mutation, "Delete") {
		return member + "Id", true
	}
	return member, false
}

// send sends a mutation on rights to a server, and gives the id it answers with, and what is wrong with the input. It may
// run beside others: it fails no test.
func send(h *hubtest.Hub, token, name string, in input) (id string, errs []userError, body string) {
	member, gone := subject(name)
	selection := member
	if !gone {
		selection += " { id version }"
	}
	doc := "mutation($input: " + strings.ToUpper(name[:1]) + name[1:] + "Input!) { " + name + "(input: $input) { " + selection + " errors { code message path currentVersion } } }"
	a := h.Do(token, doc, hubtest.Variables{"input": in})
	var data map[string]map[string]json.RawMessage
	if err := json.Unmarshal(a.Data, &data); err != nil || data[name] == nil || len(a.Errors) > 0 {
		return "", []userError{{Code: "NO ANSWER"}}, string(a.Body)
	}
	if json.Unmarshal(data[name]["errors"], &errs) != nil {
		return "", []userError{{Code: "NO ERRORS"}}, string(a.Body)
	}
	var object struct{ ID string }
	if json.Unmarshal(data[name][member], &id) != nil && json.Unmarshal(data[name][member], &object) == nil {
		id = object.ID
	}
	return id, errs, string(a.Body)
}

// yes sends a mutation that must succeed, and gives the id of its result.
func (e rights) yes(token, name string, in input) string {
	e.t.Helper()
	e.known.Store(nil)
	id, errs, body := send(e.Hub, token, name, in)
	if len(errs) > 0 || id == "" {
		e.t.Fatalf("%s %v: %s", name, in, body)
	}
	return id
}

// no sends a mutation that must be refused with exactly these errors, each "CODE at path", and change nothing. It gives
// what was said.
func (e rights) no(t testing.TB, token, name string, in input, want ...string) string {
	t.Helper()
	before := e.before()
	id, errs, body := send(e.Hub, token, name, in)
	var got, said []string
	for _, u := range errs {
		got = append(got, u.Code+" at "+strings.Join(u.Path, "."))
		said = append(said, u.Message)
	}
	if !slices.Equal(got, want) || id != "" {
		t.Errorf("%s %.200v\ngot  %v\nwant %v\n%s", name, in, got, want, body)
	}
	e.unchanged(t, before, name, in)
	return strings.Join(said, "\n")
}

// member is the membership of a user at a client.
func (e rights) member(at oid.Client, user oid.User) oid.Membership {
	e.t.Helper()
	id, err := e.Ent().Membership.Query().Where(membership.ClientID(at), membership.UserID(user)).OnlyID(e.System())
	e.Must(err)
	return id
}

// home is a new user with roles, his home membership and his token.
func (e rights) home(at oid.Client, name string, roles ...oid.Role) (oid.Membership, string) {
	e.t.Helper()
	user, token := e.User(at, name, roles...)
	return e.member(at, user), token
}

// holds lists what a membership gives in its client.
func (e rights) holds(m oid.Membership, at oid.Client) []string {
	e.t.Helper()
	held, err := authority.InForce(e.t.Context(), e.Ent(), m, at, "")
	e.Must(err)
	return held
}

func builtIn(authority string) oid.Permission { return oid.BuiltIn[oid.Permission](authority) }

// role makes a role of an application through the API, with permissions and sub-roles.
func (e rights) role(token string, of oid.Client, app oid.Application, name string, permissions ...oid.Permission) oid.Role {
	e.t.Helper()
	id := e.yes(token, "roleCreate", input{"clientId": of, "applicationId": app, "name": name})
	if len(permissions) > 0 {
		e.yes(token, "rolePermissionsAdd", input{"id": id, "permissionIds": permissions})
	}
	return oid.Role(id)
}

// pack makes a package through the API.
func (e rights) pack(token string, of oid.Client, code string, roles ...oid.Role) oid.Package {
	e.t.Helper()
	id := e.yes(token, "packageCreate", input{"clientId": of, "code": code, "name": code})
	if len(roles) > 0 {
		e.yes(token, "packageRolesAdd", input{"id": id, "roleIds": roles})
	}
	return oid.Package(id)
}

// closed holds role_paths against the closure of the direct sub-roles, computed anew (domain 3.2).
func (e rights) closed(t testing.TB) {
	t.Helper()
	subs := map[string][]string{}
	for _, r := range query(t, e.Hub, "SELECT role_id, sub_role_id FROM role_sub_roles") {
		subs[r["role_id"].(string)] = append(subs[r["role_id"].(string)], r["sub_role_id"].(string))
	}
	want := map[[2]string]bool{}
	for _, r := range query(t, e.Hub, "SELECT id FROM roles") {
		from := r["id"].(string)
		next := []string{from}
		for want[[2]string{from, from}] = true; len(next) > 0; next = next[1:] {
			for _, sub := range subs[next[0]] {
				if sub == from {
					t.Errorf("%s includes itself", from)
				}
				if !want[[2]string{from, sub}] {
					want[[2]string{from, sub}] = true
					next = append(next, sub)
				}
			}
		}
	}
	got := query(t, e.Hub, "SELECT role_id, reached_role_id FROM role_paths")
	for _, r := range got {
		pair := [2]string{r["role_id"].(string), r["reached_role_id"].(string)}
		if !want[pair] {
			t.Errorf("the closure has %v, which no sub-roles make", pair)
		}
		delete(want, pair)
	}
	for pair := range want {
		t.Errorf("the closure lacks %v", pair)
	}
}

// together runs functions at the same moment.
func together(functions ...func()) {
	var done sync.WaitGroup
	start := make(chan struct{})
	for _, f := range functions {
		done.Go(func() {
			<-start
			f()
		})
	}
	close(start)
	done.Wait()
}
