package apitest

import (
	"slices"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// domain 2.1, 2.5, 2.6: what a user is made of; with a password he can sign in at once.
func TestUserCreate(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newCrew(t, h)
		e.exec("UPDATE clients SET locale = 'de-CH' WHERE id = ?", e.c)
		for _, c := range []struct {
			rule, token string
			in          input
			want        string
		}{
			{"2.1 a user name", e.paula, input{"name": " Ann ", "userName": " Ann\u00a0", "password": password}, `"Ann" ACTIVE en Ann - false - false v1 PARTNER[]`},
			{"2.1 an address, not proven", e.paula, input{"name": "Bob", "email": " Bob@Example.org", "password": password}, `"Bob" ACTIVE en - Bob@Example.org false - false v1 PARTNER[]`},
			{"2.1 a number, not proven", e.paula, input{"name": "Cid", "phone": "+41 (44) 123-45-67", "password": password}, `"Cid" ACTIVE en - - false +41441234567 false v1 PARTNER[]`},
			{"2.5 at a client in scope, with its locale", e.paula, input{"name": "Dan", "userName": "dan", "clientId": e.c, "password": password}, `"Dan" ACTIVE de-CH dan - false - false v1 CHILD[]`},
			{"a locale of his own", e.carl, input{"name": "Eva", "userName": "eva", "locale": "fr-ch", "password": password}, `"Eva" ACTIVE fr-CH eva - false - false v1 CHILD[]`},
			{"2.1 INVITED without a password", e.paula, input{"name": "Fay", "email": "fay@example.org", "password": nil}, `"Fay" INVITED en - fay@example.org false - false v1 PARTNER[]`},
			{"3.4, 3.5 with roles", e.paula, input{"name": "Gus", "userName": "gus", "password": password, "roleIds": []any{ownerRole, clientOwner, ownerRole}}, `"Gus" ACTIVE en gus - false - false v1 PARTNER[Client Owner Owner]`},
			{"nulls are nothing", e.paula, input{"name": "Hal", "userName": "hal", "email": nil, "phone": nil, "clientId": nil, "locale": nil, "roleIds": nil, "password": password}, `"Hal" ACTIVE en hal - false - false v1 PARTNER[]`},
			{"0 an address that somebody has proven is not said to be known", e.paula, input{"name": "Ida", "email": "una.uenal@example.org", "password": password}, `"Ida" ACTIVE en - una.uenal@example.org false - false v1 PARTNER[]`},
			{"1.6 a user name of another base", e.paula, input{"name": "Joe", "userName": "STAN", "password": password}, `"Joe" ACTIVE en STAN - false - false v1 PARTNER[]`},
		} {
			if c.rule[0] == '0' {
				e.proven(e.p, "una", "una.uenal@example.org")
			}
			p := e.succeeds(c.token, "userCreate", c.in)
			if got := e.shown(p.User); got != c.want {
				t.Errorf("%s:\ngot  %s\nwant %s", c.rule, got, c.want)
			}
			if stored := e.user(p.User.ID); stored.PasswordHash != nil && strings.Contains(*stored.PasswordHash, password) {
				t.Errorf("%s: the password is stored", c.rule)
			}
		}
		for identifier, fine := range map[string]bool{"ann": true, "ANN": true, "bob@example.org": false, "+41441234567": false, "fay@example.org": false} {
			p := e.do("", "sessionCreate", input{"identifier": identifier, "password": password, "clientCode": "PARTNER"})
			if signedIn := p.Token != nil; signedIn != fine {
				t.Errorf("%s signs in: %t", identifier, signedIn)
			}
		}
		if n := e.count("outbox_events", "topic = 'user.welcome'"); n != 1 {
			t.Errorf("%d welcomes are to be mailed", n)
		}
	})
}

// What is wrong with a user to be made is said at its place, and nothing is written.
func TestUserCreateRefusals(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newCrew(t, h)
		strange := h.Role(e.s, nil, "Strange", oid.BuiltIn[oid.Permission]("User_READ"))
		ungiven := h.Role(e.c, nil, "Of the child", oid.BuiltIn[oid.Permission]("User_READ"))
		fine := func(changes input) input {
			in := input{"name": "New", "userName": "new", "password": password}
			for k, v := range changes {
				in[k] = v
			}
			return in
		}
		for _, c := range []struct {
			rule string
			in   input
			want []string
		}{
			{"2.1 no identifier", fine(input{"userName": nil}), []string{"INVALID at input.userName"}},
			{"2.1 an empty one", fine(input{"userName": ""}), []string{"INVALID at input.userName"}},
			{"2.1 an @ in a user name", fine(input{"userName": "new@home"}), []string{"INVALID at input.userName"}},
			{"2.1 digits alone", fine(input{"userName": "12 34"}), []string{"INVALID at input.userName"}},
			{"a user name without end", fine(input{"userName": strings.Repeat("n", 129)}), []string{"INVALID at input.userName"}},
			{"no name", fine(input{"name": " "}), []string{"INVALID at input.name"}},
			{"an address that is none", fine(input{"email": "new"}), []string{"INVALID at input.email"}},
			{"a number without its country", fine(input{"phone": "044 123 45 67"}), []string{"INVALID at input.phone"}},
			{"a locale that is none", fine(input{"locale": "no language"}), []string{"INVALID at input.locale"}},
			{"2.6 a short password", fine(input{"password": "elevenchars"}), []string{"INVALID at input.password"}},
			{"2.6 one of the commonest", fine(input{"password": "Password1234"}), []string{"INVALID at input.password"}},
			{"2.6 an endless one", fine(input{"password": strings.Repeat("n", 257)}), []string{"INVALID at input.password"}},
			{"2.6 an empty one is no missing one", fine(input{"password": "", "email": "new@example.org"}), []string{"INVALID at input.password"}},
			{"no password, and nowhere to send a link", fine(input{"password": nil, "phone": "+41441234567"}), []string{"INVALID at input.email"}},
			{"all at once", fine(input{"name": "", "userName": "1", "password": "x"}), []string{"INVALID at input.name", "INVALID at input.userName", "INVALID at input.password"}},
			{"2.1 a user name of the base, in another case", fine(input{"userName": "CARL"}), []string{"TAKEN at input.userName"}},
			{"0 a stranger's client", fine(input{"clientId": e.s}), []string{"NOT_FOUND at input.clientId"}},
			{"0 the client above", fine(input{"clientId": oid.SystemClient}), []string{"NOT_FOUND at input.clientId"}},
			{"0 an unknown client", fine(input{"clientId": oid.New[oid.Client]()}), []string{"NOT_FOUND at input.clientId"}},
			{"a client that is none", fine(input{"clientId": e.paulaID}), []string{"INVALID at input.clientId"}},
			{"0 a stranger's role", fine(input{"roleIds": []any{ownerRole, strange}}), []string{"NOT_FOUND at input.roleIds.1"}},
			{"0 an unknown role", fine(input{"roleIds": []any{oid.New[oid.Role]()}}), []string{"NOT_FOUND at input.roleIds.0"}},
			{"3.4 a role that the client cannot assign", fine(input{"roleIds": []any{ungiven}}), []string{"NOT_ALLOWED at input.roleIds.0"}},
			{"a role that is none", fine(input{"roleIds": []any{ownerRole, e.p}}), []string{"INVALID at input.roleIds.1"}},
		} {
			t.Run(c.rule, func(t *testing.T) { e.fails(t, e.paula, "userCreate", c.in, c.want...) })
		}
		e.refuses(t, e.helping, "userCreate", fine(nil), 403, "FORBIDDEN")
		e.refuses(t, "", "userCreate", fine(nil), 401, "UNAUTHENTICATED")
		e.refuses(t, e.paula, "userCreate", input{"name": "New", "client": e.p}, 400, "VALIDATION")
	})
}

// domain 3.5: who makes a user gives him no more than he holds himself.
func TestAttackUserWithMore(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newCrew(t, h)
		creates := []oid.Permission{oid.BuiltIn[oid.Permission]("User_CREATE"), oid.BuiltIn[oid.Permission]("User_READ"), oid.BuiltIn[oid.Permission]("Role_READ")}
		_, clerk := h.User(e.p, "clerk", h.Role(e.p, nil, "Clerk", creates...))
		own := h.Role(e.p, nil, "Less", creates[1])
		if p := e.succeeds(clerk, "userCreate", input{"name": "One", "userName": "one", "password": password, "roleIds": []any{own}}); p.User == nil {
			t.Fatal("nobody")
		}
		in := input{"name": "Two", "userName": "two", "password": password, "roleIds": []any{authority.BuiltInRole(authority.OwnerRole)}}
		e.fails(t, clerk, "userCreate", in, "NOT_ALLOWED at input.roleIds.0")
		unguarded := newEstateOn(e.estate, e.without(func(r *authz.Rules) { r.Gives = func(authz.Held, authz.Permission) bool { return true } }))
		if p := unguarded.succeeds(clerk, "userCreate", in); !slices.Equal(e.members(e.p, p.User.ID), []string{"Owner"}) {
			t.Errorf("without the rule the attack fails: %s", e.shown(p.User))
		}
	})
}
