package apitest

import (
	"slices"
	"testing"

	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// domain 2.1, 2.5: what of a user can be changed, and what becomes of the proof of an address.
func TestUserUpdate(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newCrew(t, h)
		vic, _ := h.User(e.c, "vic")
		start := func() {
			e.exec("UPDATE users SET name = 'Vic', name_key = 'vic', user_name = 'vic', user_name_key = 'vic', email = 'vic@example.org', email_key = 'vic@example.org', "+
				"phone = '+41441234567', phone_key = '41441234567', locale = 'en', version = 1 WHERE id = ?", vic)
			e.exec("DELETE FROM links")
			e.Must(h.Ent().Link.Create().SetUserID(vic).SetEmail("vic@example.org").SetTokenHash("x").SetExpiresAt(clock.Now()).Exec(h.System()))
		}
		for _, c := range []struct {
			rule  string
			in    input
			want  string
			links int
			trail string
		}{
			{"nothing", input{}, `"Vic" ACTIVE en vic vic@example.org true +41441234567 true v1`, 1, ""},
			{"what is there already", input{"name": " Vic ", "locale": "EN", "userName": "vic ", "email": "vic@example.org", "phone": "+41 44 123 45 67", "expectedVersion": 1}, `"Vic" ACTIVE en vic vic@example.org true +41441234567 true v1`, 1, ""},
			{"nulls that are nothing", input{"name": nil, "locale": nil, "expectedVersion": nil}, `"Vic" ACTIVE en vic vic@example.org true +41441234567 true v1`, 1, ""},
			{"name and locale", input{"name": "Victor", "locale": "fr"}, `"Victor" ACTIVE fr vic vic@example.org true +41441234567 true v2`, 1, `{"locale":"en","name":"Vic"} -> {"locale":"fr","name":"Victor"}`},
			{"2.1 another user name", input{"userName": "Victor"}, `"Vic" ACTIVE en Victor vic@example.org true +41441234567 true v2`, 1, `{"userName":"vic"} -> {"userName":"Victor"}`},
			{"2.1 another address is not proven, and links to the old one are void", input{"email": "victor@example.org"}, `"Vic" ACTIVE en vic victor@example.org false +41441234567 true v2`, 0, `{"email":"vic@example.org"} -> {"email":"victor@example.org"}`},
			{"2.1 the same address, written otherwise, stays proven", input{"email": "Vic@Example.org"}, `"Vic" ACTIVE en vic Vic@Example.org true +41441234567 true v2`, 0, `{"email":"vic@example.org"} -> {"email":"Vic@Example.org"}`},
			{"2.1 another number is not proven", input{"phone": "+41441111111"}, `"Vic" ACTIVE en vic vic@example.org true +41441111111 false v2`, 1, `{"phone":"+41441234567"} -> {"phone":"+41441111111"}`},
			{"taken away", input{"userName": nil, "phone": nil}, `"Vic" ACTIVE en - vic@example.org true - false v2`, 1, `{"phone":"+41441234567","userName":"vic"} -> {"phone":null,"userName":null}`},
			{"but for one", input{"userName": nil, "email": nil}, `"Vic" ACTIVE en - - false +41441234567 true v2`, 0, `{"email":"vic@example.org","userName":"vic"} -> {"email":null,"userName":null}`},
			{"0 an address known in the base is not said to be", input{"email": "una@example.org"}, `"Vic" ACTIVE en vic una@example.org false +41441234567 true v2`, 0, `{"email":"vic@example.org"} -> {"email":"una@example.org"}`},
		} {
			start()
			if c.rule[0] == '0' {
				e.proven(e.p, "una", "una@example.org")
			}
			c.in["id"] = vic
			a := e.raw(e.paula, "userUpdate", c.in)
			var data map[string]payload
			h.MustData(a, &data)
			if got := e.shown(data["userUpdate"].User); got != c.want+" CHILD[]" || e.count("links", "user_id = ?", vic) != c.links {
				t.Errorf("%s:\ngot  %s, %d links\nwant %s CHILD[], %d links", c.rule, got, e.count("links", "user_id = ?", vic), c.want, c.links)
			}
			var want []string
			if c.trail != "" {
				want = []string{"userUpdate User VIC by PAULA of P in C: " + c.trail}
			}
			names := map[string]string{string(vic): "VIC", string(e.paulaID): "PAULA", string(e.p): "P", string(e.c): "C"}
			if got := e.trail(t, a.Header.Get("X-Request-Id"), names); !slices.Equal(got, want) {
				t.Errorf("%s:\ngot  %v\nwant %v", c.rule, got, want)
			}
		}
	})
}

// What is not to be changed is refused at its place, and nothing is written.
func TestUserUpdateRefusals(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newCrew(t, h)
		vic, vicToken := h.User(e.p, "vic")
		abroad, _ := h.User(oid.SystemClient, "abroad")
		e.exec("UPDATE users SET base_id = ? WHERE id = ?", e.p, abroad)
		e.join(abroad, e.p)
		stranger, _ := h.User(e.s, "stranger")
		e.exec("UPDATE users SET version = 7 WHERE id = ?", vic)
		for _, c := range []struct {
			rule, token string
			in          input
			want        []string
		}{
			{"0 a stranger", e.paula, input{"id": stranger, "name": "x"}, []string{"NOT_FOUND at input.id"}},
			{"0 a user of the client above", e.carl, input{"id": vic, "name": "x"}, []string{"NOT_FOUND at input.id"}},
			{"0 nobody", e.paula, input{"id": oid.New[oid.User](), "name": "x"}, []string{"NOT_FOUND at input.id"}},
			{"an id of another kind", e.paula, input{"id": e.p, "name": "x"}, []string{"INVALID at input.id"}},
			{"2.5 a member whose home is elsewhere", e.paula, input{"id": abroad, "name": "x"}, []string{"NOT_ALLOWED at input.id"}},
			{"2.1 the last identifier", e.paula, input{"id": vic, "userName": nil}, []string{"INVALID at input.userName"}},
			{"2.1 a user name of the base, in another case", e.paula, input{"id": vic, "userName": "Carl"}, []string{"TAKEN at input.userName"}},
			{"an older version", e.paula, input{"id": vic, "name": "x", "expectedVersion": 6}, []string{"CONFLICT at input.expectedVersion"}},
			{"what is no identifier", e.paula, input{"id": vic, "userName": "a@b", "email": "a", "phone": "1", "locale": "?", "name": ""}, []string{
				"INVALID at input.name", "INVALID at input.locale", "INVALID at input.userName", "INVALID at input.email", "INVALID at input.phone",
			}},
			{"an empty identifier", e.paula, input{"id": vic, "userName": ""}, []string{"INVALID at input.userName"}},
		} {
			t.Run(c.rule, func(t *testing.T) { e.fails(t, c.token, "userUpdate", c.in, c.want...) })
		}
		e.refuses(t, e.reader, "userUpdate", input{"id": vic, "name": "x"}, 403, "FORBIDDEN")
		e.refuses(t, vicToken, "userUpdate", input{"id": vic, "name": "x"}, 403, "FORBIDDEN")
		if p := e.fails(t, e.paula, "userUpdate", input{"id": vic, "expectedVersion": 1}, "CONFLICT at input.expectedVersion"); p.Errors[0].CurrentVersion == nil || *p.Errors[0].CurrentVersion != 7 {
			t.Errorf("%+v", p.Errors)
		}
		if p := e.succeeds(e.paula, "userUpdate", input{"id": e.paulaID, "userName": "Paula II"}); *p.User.UserName != "Paula II" {
			t.Errorf("%s", e.shown(p.User))
		}
	})
}

// domain 2.5: who changes another's identifiers could sign in as him: so he holds all that the other does, anywhere. Here
// a helpdesk user, who may update users and no more, is after the owner's account.
func TestAttackIdentifiers(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newCrew(t, h)
		plain, _ := h.User(e.p, "plain")
		away, _ := h.User(e.p, "away") // holds nothing at home, and all in the child
		e.join(away, e.c, ownerRole)
		unguarded := newEstateOn(e.estate, e.without(func(r *authz.Rules) { r.TakesOver = func(authz.Held, []authz.Permission) bool { return true } }))
		for field, value := range map[string]string{"email": "attacker@example.org", "phone": "+41440000000", "userName": "attacker"} {
			for victim, id := range map[string]oid.User{"the owner": e.paulaID, "the child's owner": e.carlID, "who is more elsewhere": away} {
				e.fails(t, e.helping, "userUpdate", input{"id": id, field: value}, "NOT_ALLOWED at input."+field)
				theirs := value
				if field == "userName" {
					theirs += " of " + victim
				}
				if err := accepted(unguarded.Hub, e.helping, "userUpdate", input{"id": id, field: theirs}); err != nil {
					t.Errorf("without the rule the attack on %s fails: %v", victim, err)
				}
				e.known.Store(nil)
			}
			e.fails(t, e.helping, "userUpdate", input{"id": e.paulaID, field: nil}, "NOT_ALLOWED at input."+field)
			e.succeeds(e.helping, "userUpdate", input{"id": plain, field: value})
		}
		// what does not identify he may change, of himself everything
		e.succeeds(e.helping, "userUpdate", input{"id": e.paulaID, "name": "Pauline", "locale": "de"})
		e.succeeds(e.helping, "userUpdate", input{"id": e.helper, "userName": "helper two", "email": "helper@example.org"})
	})
}
