package apitest

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/membership"
	"github.com/appanage/appanage/ent/user"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

const newPassword = "a wholly new password"

// invite invites and gives the secret that was mailed.
func (e *estate) invite(token string, in input) string {
	e.t.Helper()
	e.succeeds(token, "invitationCreate", in)
	return e.Mailed(strings.TrimSpace(in["email"].(string)))
}

// proven makes a user with a proven address: his id and a token of his.
func (e *estate) proven(home oid.Client, name, email string, roles ...oid.Role) (oid.User, string) {
	e.t.Helper()
	id, token := e.User(home, name, roles...)
	e.Must(e.Ent().User.UpdateOneID(id).SetEmail(email).SetEmailKey(email).Exec(e.System()))
	return id, token
}

// members are the roles that a user holds at a client, by the names of the roles; nil for no membership.
func (e *estate) members(client oid.Client, id oid.User) []string {
	e.t.Helper()
	m, err := e.Ent().Membership.Query().Where(membership.ClientID(client), membership.UserID(id)).WithRoles().Only(e.System())
	if ent.IsNotFound(err) {
		return nil
	}
	e.Must(err)
	names := []string{}
	for _, r := range m.Edges.Roles {
		names = append(names, r.Name)
	}
	slices.Sort(names)
	return names
}

func (e *estate) byEmail(base oid.Client, email string) *ent.User {
	e.t.Helper()
	u, err := e.Ent().User.Query().Where(user.BaseID(base), user.EmailKey(email)).Only(e.System())
	e.Must(err)
	return u
}

// later is another node, whose clock is ahead.
func (e *estate) later(by time.Duration) *hubtest.Hub {
	return e.Node(func(o *hub.HTTP) { o.Clock = clock.At(func() time.Time { return time.Now().Add(by) }) })
}

// without is another node, without one of the rules.
func (e *estate) without(alter func(*authz.Rules)) *hubtest.Hub {
	return e.Node(func(o *hub.HTTP) { o.AlterRules = alter })
}

// accepted tells whether a mutation succeeds on a node.
func accepted(h *hubtest.Hub, token, name string, in input) error {
	a := h.Do(token, mutation(name), hubtest.Variables{"input": in})
	if len(a.Errors) > 0 || !strings.Contains(string(a.Body), `"errors":[]`) {
		return fmt.Errorf("%s %v: %s", name, in, a.Body)
	}
	return nil
}

var clientOwner = authority.BuiltInRole(authority.ClientOwnerRole)

// domain 2.7: an unknown address becomes a user at home in the client, with the offered roles, a proven address and his
// own password.
func TestAnInvitedNewcomer(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		secret := e.invite(e.carl, input{"email": "  New.Person@Example.ORG ", "roleIds": []string{string(clientOwner), string(clientOwner)}})
		e.fails(t, "", "invitationAccept", input{"token": secret}, "INVALID at input.name", "INVALID at input.password")
		e.fails(t, "", "invitationAccept", input{"token": secret, "name": "New Person", "password": "short"}, "INVALID at input.password")
		e.fails(t, "", "invitationAccept", input{"token": secret, "name": "New Person", "password": newPassword, "userName": "CARL"}, "TAKEN at input.userName")
		p := e.succeeds("", "invitationAccept", input{"token": secret, "name": "New Person", "password": newPassword, "userName": "newbie", "locale": "de-CH"})
		if p.ClientCode == nil || *p.ClientCode != "CHILD" {
			t.Errorf("the client's code is %v", p.ClientCode)
		}
		u := e.byEmail(e.p, "new.person@example.org")
		if u.ClientID != e.c || u.Status != enum.UserActive || *u.Email != "New.Person@Example.ORG" || u.Locale != "de-CH" || u.Name != "New Person" {
			t.Errorf("the user is %v", u)
		}
		if roles := e.members(e.c, u.ID); !slices.Equal(roles, []string{authority.ClientOwnerRole}) {
			t.Errorf("he holds %v", roles)
		}
		for _, identifier := range []string{"newbie", "NEW.PERSON@example.org"} {
			e.succeeds("", "sessionCreate", input{"identifier": identifier, "password": newPassword, "clientCode": "CHILD"})
		}
		e.fails(t, "", "invitationAccept", input{"token": secret, "name": "Other", "password": newPassword}, "ALREADY_DONE at input.token")
		e.fails(t, "", "invitationDecline", input{"token": secret}, "ALREADY_DONE at input.token")
	})
}

// domain 2.2, 2.7: a known address is offered a membership; nobody sees a difference but who has the address. He stays
// at home where he is, and holds the offered roles in the further client only.
func TestAnInvitedMember(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		known, token := e.proven(e.p, "known", "known@example.org")
		shape := func(email string) string {
			body := string(e.raw(e.carl, "invitationCreate", input{"email": email, "roleIds": []string{string(clientOwner)}}).Body)
			_, rest, _ := strings.Cut(strings.ReplaceAll(body, email, "ADDRESS"), `"email"`)
			return rest
		}
		if a, b := shape("known@example.org"), shape("unknown@example.org"); a != b || !strings.Contains(a, `"PENDING"`) {
			t.Errorf("known:   %s\nunknown: %s", a, b)
		}
		secret := e.Mailed("known@example.org")
		e.succeeds(token, "invitationAccept", input{"token": secret})
		if roles := e.members(e.c, known); !slices.Equal(roles, []string{authority.ClientOwnerRole}) {
			t.Errorf("he holds %v", roles)
		}
		if u := h.Ent().User.GetX(h.System(), known); u.ClientID != e.p || u.PasswordHash != nil || u.Version != 1 {
			t.Errorf("the user has changed: %v", u)
		}
		again := e.invite(e.carl, input{"email": "known@example.org"})
		e.fails(t, "", "invitationAccept", input{"token": again}, "ALREADY_DONE at input.token")

		e.exec("UPDATE users SET status = 'SUSPENDED' WHERE id = ?", known)
		suspended := e.invite(e.paula, input{"clientId": e.g, "email": "known@example.org"})
		e.fails(t, "", "invitationAccept", input{"token": suspended}, "NOT_ALLOWED at input.token")
	})
}

// domain 1.6, 2.2: a membership never crosses customer bases: the same address in another base is another user.
func TestAnInvitationStaysInItsBase(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		elsewhere, token := e.proven(e.s, "else", "both@example.org")
		secret := e.invite(e.carl, input{"email": "both@example.org"})
		e.fails(t, token, "invitationAccept", input{"token": secret}, "INVALID at input.name", "INVALID at input.password")
		e.succeeds(token, "invitationAccept", input{"token": secret, "name": "Both", "password": newPassword})
		if e.members(e.c, elsewhere) != nil {
			t.Error("a user of another base is a member")
		}
		if u := e.byEmail(e.p, "both@example.org"); u.ID == elsewhere || u.ClientID != e.c {
			t.Errorf("the new user is %v", u)
		}
	})
}

// domain 2.7: what does not work, with nothing written.
func TestInvitationsAreRefused(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		foreign := h.Role(e.s, &e.foreign, "Foreign")
		strong := h.Role(e.c, nil, "Strong", oid.BuiltIn[oid.Permission]("Application_CREATE"))
		_, weak := h.User(e.c, "weak", clientOwner)
		for name, in := range map[string]input{
			"no address":            {"email": "nobody"},
			"a header":              {"email": "a@example.org\r\nBcc: b@example.org"},
			"two":                   {"email": "a@example.org, b@example.org"},
			"a name with it":        {"email": "A <a@example.org>"},
			"no id":                 {"email": "a@example.org", "clientId": string(e.paulaID)},
			"roles that are no ids": {"email": "a@example.org", "roleIds": []string{"owner"}},
		} {
			path := map[string]string{"no id": "input.clientId", "roles that are no ids": "input.roleIds.0"}[name]
			if path == "" {
				path = "input.email"
			}
			e.fails(t, e.carl, "invitationCreate", in, "INVALID at "+path)
		}
		address := func(more input) input { more["email"] = "a@example.org"; return more }
		e.fails(t, e.carl, "invitationCreate", address(input{"clientId": string(e.s)}), "NOT_FOUND at input.clientId")
		e.fails(t, e.carl, "invitationCreate", address(input{"clientId": string(oid.New[oid.Client]())}), "NOT_FOUND at input.clientId")
		e.fails(t, e.carl, "invitationCreate", address(input{"clientId": string(e.p)}), "NOT_FOUND at input.clientId")
		e.fails(t, e.carl, "invitationCreate", address(input{"roleIds": []string{string(foreign)}}), "NOT_FOUND at input.roleIds.0")
		e.fails(t, weak, "invitationCreate", address(input{"roleIds": []string{string(clientOwner), string(strong)}}), "NOT_ALLOWED at input.roleIds.1")
		e.refuses(t, "", "invitationCreate", address(input{}), 401, "UNAUTHENTICATED")

		for _, name := range []string{"invitationAccept", "invitationDecline"} {
			for _, token := range []string{"", "api_", "known", strings.Repeat("x", 10_000)} {
				e.fails(t, "", name, input{"token": token}, "NOT_FOUND at input.token")
			}
		}

		secret := e.invite(e.carl, input{"email": "late@example.org"})
		for _, name := range []string{"invitationAccept", "invitationDecline"} {
			a := e.later(72*time.Hour).Do("", mutation(name), hubtest.Variables{"input": input{"token": secret}})
			if !strings.Contains(string(a.Body), `"code":"EXPIRED"`) {
				t.Errorf("%s after 72 hours: %s", name, a.Body)
			}
		}
		if err := accepted(e.later(72*time.Hour-time.Minute), "", "invitationDecline", input{"token": secret}); err != nil {
			t.Error(err)
		}
		e.fails(t, "", "invitationAccept", input{"token": secret, "name": "Late", "password": newPassword}, "ALREADY_DONE at input.token")
	})
}

// domain 2.7: taken back, an invitation works no more, and is gone with its roles; only those in whose scope it is can.
func TestInvitationsAreTakenBack(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		id := e.succeeds(e.carl, "invitationCreate", input{"email": "a@example.org", "roleIds": []string{string(clientOwner)}}).Invitation.ID
		secret := e.Mailed("a@example.org")
		e.fails(t, e.stan, "invitationDelete", input{"id": id}, "NOT_FOUND at input.id")
		e.fails(t, e.gina, "invitationDelete", input{"id": id}, "NOT_FOUND at input.id")
		if p := e.succeeds(e.paula, "invitationDelete", input{"id": id}); p.InvitationID == nil || *p.InvitationID != id {
			t.Errorf("the payload is %v", p)
		}
		e.fails(t, e.paula, "invitationDelete", input{"id": id}, "NOT_FOUND at input.id")
		e.fails(t, "", "invitationAccept", input{"token": secret, "name": "A", "password": newPassword}, "NOT_FOUND at input.token")
	})
}

// domain 2.7, 3.5: an invitation is worth what its inviter could still give. Roles that the client can assign no more are
// dropped (3.4).
func TestAnInvitationStandsAndFallsWithItsInviter(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		inviters := 0
		inviter := func() (oid.User, string) {
			inviters++
			return h.User(e.c, fmt.Sprintf("inviter%d", inviters), clientOwner)
		}
		lost := func(name, statement string, args func(id oid.User) []any) {
			id, token := inviter()
			secret := e.invite(token, input{"email": fmt.Sprintf("n%d@example.org", inviters), "roleIds": []string{string(clientOwner)}})
			e.exec(statement, args(id)...)
			t.Run(name, func(*testing.T) {
				e.fails(t, "", "invitationAccept", input{"token": secret, "name": "N", "password": newPassword}, "NOT_FOUND at input.token")
			})
		}
		of := func(id oid.User) []any { return []any{string(id)} }
		lost("suspended", "UPDATE users SET status = 'SUSPENDED' WHERE id = ?", of)
		lost("without a role", "DELETE FROM membership_roles WHERE membership_id IN (SELECT id FROM memberships WHERE user_id = ?)", of)
		lost("nobody's", "UPDATE invitations SET inviter_membership_id = NULL WHERE inviter_id = ?", of)
		lost("in a suspended client", "UPDATE clients SET status = 'SUSPENDED' WHERE id = ?", func(oid.User) []any { return []any{string(e.c)} })
		e.exec("UPDATE clients SET status = 'ACTIVE' WHERE id = ?", string(e.c))

		// He still may invite, but holds no more what he offered.
		id, token := h.User(e.c, "lessened", authority.BuiltInRole(authority.OwnerRole))
		secret := e.invite(token, input{"email": "less@example.org", "roleIds": []string{string(authority.BuiltInRole(authority.OwnerRole))}})
		e.exec("UPDATE membership_roles SET role_id = ? WHERE membership_id IN (SELECT id FROM memberships WHERE user_id = ?)", string(clientOwner), string(id))
		e.fails(t, "", "invitationAccept", input{"token": secret, "name": "N", "password": newPassword}, "NOT_FOUND at input.token")

		// A role of a package that the client has no more is dropped, the others stay.
		_, token = h.User(e.c, "dropped", authority.BuiltInRole(authority.OwnerRole))
		manager := authority.BuiltInRole("Application Manager")
		secret = e.invite(token, input{"email": "drop@example.org", "roleIds": []string{string(clientOwner), string(manager)}})
		e.exec("DELETE FROM package_gifts WHERE client_id = ? AND package_id = ?", string(e.c), string(authority.BuiltInPackage("PLATFORM")))
		e.exec("UPDATE membership_roles SET role_id = ? WHERE role_id = ? AND membership_id IN (SELECT id FROM memberships WHERE client_id = ?)",
			string(clientOwner), string(authority.BuiltInRole(authority.OwnerRole)), string(e.c))
		e.succeeds("", "invitationAccept", input{"token": secret, "name": "N", "password": newPassword})
		if roles := e.members(e.c, e.byEmail(e.p, "drop@example.org").ID); !slices.Equal(roles, []string{authority.ClientOwnerRole}) {
			t.Errorf("the new member holds %v", roles)
		}
	})
}

// domain 2.7, 10.4: one secret accepted many times at once makes one member; two invitations of one new address at the
// same moment make one user with two memberships.
func TestInvitationsAcceptedAtOnce(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		secret := e.invite(e.carl, input{"email": "one@example.org"})
		var ok atomic.Int32
		atOnce(6, func(i int) {
			if accepted(h, "", "invitationAccept", input{"token": secret, "name": "N", "password": newPassword}) == nil {
				ok.Add(1)
			}
		})
		if n := e.count("users", "email_key = 'one@example.org'"); ok.Load() != 1 || n != 1 {
			t.Errorf("%d times accepted, %d users", ok.Load(), n)
		}

		secrets := []string{e.invite(e.carl, input{"email": "two@example.org"}), ""}
		secrets[1] = e.invite(e.gina, input{"email": "two@example.org"})
		atOnce(2, func(i int) {
			if err := accepted(h, "", "invitationAccept", input{"token": secrets[i], "name": "N", "password": newPassword}); err != nil {
				t.Error(err)
			}
		})
		u := e.byEmail(e.p, "two@example.org")
		if e.members(e.c, u.ID) == nil || e.members(e.g, u.ID) == nil || e.count("memberships", "user_id = ? AND home", string(u.ID)) != 1 {
			t.Error("not one user with two memberships")
		}
	})
}

// domain 16.2: a repeated request reads the result and has no second effect, for the secret is used up.
func TestAnAcceptanceIsRepeated(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		secret := e.invite(e.carl, input{"email": "keyed@example.org"})
		const key = "0123456789abcdef0123456789abcdef"
		send := func() string {
			return string(h.DoOnce("", key, mutation("invitationAccept"), hubtest.Variables{"input": input{"token": secret, "name": "N", "password": newPassword}}).Body)
		}
		if first, again := send(), send(); first != again || !strings.Contains(first, `"CHILD"`) {
			t.Errorf("first %s\nagain %s", first, again)
		}
	})
}

// Attack (domain 2.7): somebody who got hold of another's secret makes the other a member, without his doing. Signed in,
// one accepts for one's own proven address only.
func TestAttackVictimMadeAMember(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		victim, _ := e.proven(e.p, "victim", "victim@example.org")
		secret := e.invite(e.carl, input{"email": "victim@example.org"})
		e.fails(t, e.carl, "invitationAccept", input{"token": secret}, "NOT_ALLOWED at input.token")
		if err := accepted(e.without(func(r *authz.Rules) { r.Joins = func(bool, string, string) bool { return true } }), e.carl, "invitationAccept", input{"token": secret}); err != nil {
			t.Error("without the rule the attack must succeed:", err)
		}
		if e.members(e.c, victim) == nil {
			t.Error("without the rule the victim must be a member")
		}
	})
}

// Attack (domain 2.1, 2.7): somebody writes another's address into his own contact data and waits for the invitation to
// it. An unproven address catches nothing: neither signed in nor by being found.
func TestAttackUnprovenAddress(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		thief, token := h.User(e.p, "thief")
		e.exec("UPDATE users SET email = 'boss@example.org' WHERE id = ?", string(thief))
		secret := e.invite(e.carl, input{"email": "boss@example.org", "roleIds": []string{string(clientOwner)}})
		e.fails(t, token, "invitationAccept", input{"token": secret}, "NOT_ALLOWED at input.token")
		e.succeeds("", "invitationAccept", input{"token": secret, "name": "Boss", "password": newPassword})
		if boss := e.byEmail(e.p, "boss@example.org"); boss.ID == thief || e.members(e.c, thief) != nil {
			t.Error("the thief has caught the invitation")
		}
		second := e.invite(e.gina, input{"email": "boss@example.org"})
		open := e.without(func(r *authz.Rules) { r.Joins = func(bool, string, string) bool { return true } })
		if err := accepted(open, token, "invitationAccept", input{"token": second}); err != nil {
			t.Error("without the rule the attack must succeed:", err)
		}
	})
}

// domain 16.1: the trail names who has accepted, and has no secret.
func TestTheTrailOfAnInvitation(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		secret := e.invite(e.carl, input{"email": "a@example.org"})
		e.succeeds("", "invitationAccept", input{"token": secret, "name": "A", "password": newPassword})
		u := e.byEmail(e.p, "a@example.org")
		var got []string
		for _, r := range query(t, h, "SELECT * FROM audit_events WHERE operation LIKE 'invitation%' ORDER BY id") {
			got = append(got, fmt.Sprint(r["operation"], " ", r["kind"], " by ", r["actor_user_id"], " in ", r["client_id"]))
		}
		want := []string{
			fmt.Sprint("invitationCreate Invitation by ", e.carlID, " in ", e.c), fmt.Sprint("invitationAccept User by ", u.ID, " in ", e.c),
			fmt.Sprint("invitationAccept Invitation by ", u.ID, " in ", e.c),
		}
		if !slices.Equal(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	})
}
