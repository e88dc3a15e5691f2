package apitest

import (
	"testing"

	"github.com/appanage/appanage/ent/migrate"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// A deleted user leaves nothing but the trail: the places where something could refer to him are taken from the tables, so
// that a new one cannot be forgotten.
func TestUserDelete(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newCrew(t, h)
		u := e.succeeds(e.paula, "userCreate", input{"name": "Vic", "userName": "vic", "password": password, "roleIds": []any{ownerRole}}).User.ID
		vic := string(u)
		token := *e.succeeds("", "sessionCreate", input{"identifier": "vic", "password": password, "clientCode": "PARTNER"}).Token
		abroad := e.join(u, e.s, authority.BuiltInRole(authority.ClientOwnerRole))
		elsewhere := h.Session(e.s, u, abroad, nil)
		e.do("", "sessionCreate", input{"identifier": "vic", "password": "a mistaken one", "clientCode": "PARTNER"})
		e.Must(h.Ent().Link.Create().SetUserID(u).SetEmail("vic@example.org").SetTokenHash("x").SetExpiresAt(clock.Now()).Exec(h.System()))
		grant := e.grant(e.foreign, e.p, enum.LevelRead)
		e.exec("UPDATE access_grants SET given_by_id = ? WHERE id = ?", vic, grant)
		invitation := oid.New[oid.Invitation]()
		e.Must(h.Ent().Invitation.Create().SetID(invitation).SetClientID(e.s).SetEmail("x@example.org").SetEmailKey("x@example.org").SetInviterID(u).
			SetInviterMembershipID(abroad).SetExpiresAt(clock.Now()).Exec(h.System()))
		memberships := query(t, h, "SELECT id FROM memberships WHERE user_id = ?", vic)
		references := func() (n int) {
			for _, table := range migrate.Tables {
				for _, key := range table.ForeignKeys {
					for _, column := range key.Columns {
						if key.RefTable.Name == "users" {
							n += e.count(table.Name, column.Name+" = ?", vic)
						}
						for _, m := range memberships {
							if key.RefTable.Name == "memberships" {
								n += e.count(table.Name, column.Name+" = ?", m["id"])
							}
						}
					}
				}
			}
			return n + e.count("invitations", "inviter_membership_id = ?", string(abroad)) + e.count("attempts", "1 = 1")
		}
		// 2 memberships with a role each, 2 sessions by user and by membership, link, grant, invitation twice, attempt
		if n := references(); n != 2+2+2*2+1+1+2+1 || len(memberships) != 2 {
			t.Fatalf("%d rows refer to him", n)
		}
		if !works(t, h, token) || !works(t, h, elsewhere) {
			t.Fatal("his tokens do not work")
		}
		trail := e.count("audit_events", "actor_user_id = ? OR object_id = ?", vic, vic)
		p := e.succeeds(e.paula, "userDelete", input{"id": u})
		if p.UserID == nil || *p.UserID != vic || e.count("users", "id = ?", vic) != 0 || references() != 0 {
			t.Errorf("%+v: %d rows refer to him", p, references())
		}
		if n := e.count("audit_events", "actor_user_id = ? OR object_id = ?", vic, vic); n != trail+1 {
			t.Errorf("the trail has %d events of him, it had %d", n, trail)
		}
		if e.count("access_grants", "id = ?", grant) != 1 || e.count("invitations", "id = ?", invitation) != 1 {
			t.Error("what he gave has gone with him")
		}
		barred(t, h, "the token of a deleted user", "Bearer "+token)
		barred(t, h, "his other one", "Bearer "+elsewhere)
		e.fails(t, e.paula, "userDelete", input{"id": u}, "NOT_FOUND at input.id")
		if p := e.succeeds(e.paula, "userCreate", input{"name": "Vic", "userName": "VIC", "password": password}); p.User == nil {
			t.Error("his user name is not free again")
		}
	})
}

// domain 2.2, 2.5: a membership in a further client is ended by the member, and by administrators there.
func TestMembershipDelete(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newCrew(t, h)
		lonely := h.Client(e.s, "LONELY", false)
		h.Give(platformPackage, lonely, e.s)
		vic, atHome := h.User(e.p, "vic")
		further := func(client oid.Client) (oid.Membership, string) {
			m := e.join(vic, client, clientOwner)
			return m, h.Session(client, vic, m, nil)
		}
		abroad, there := further(e.s)
		child, below := further(e.c)
		strangers, _ := h.User(e.s, "stranger")
		strange := e.join(strangers, e.g)
		for _, c := range []struct {
			rule, token string
			in          any
			want        string
		}{
			{"0 out of scope", e.paula, abroad, "NOT_FOUND at input.id"},
			{"0 unknown", e.paula, oid.New[oid.Membership](), "NOT_FOUND at input.id"},
			{"2.5 without User_DELETE, another's", e.helping, child, "NOT_FOUND at input.id"},
			{"2.5 in a client below the scope of another", e.stan, strange, "NOT_FOUND at input.id"},
			{"2.2 a home membership", e.paula, e.home(e.carlID), "NOT_ALLOWED at input.id"},
			{"2.2 one's own home membership", atHome, e.home(vic), "NOT_ALLOWED at input.id"},
			{"an id of another kind", e.paula, vic, "INVALID at input.id"},
		} {
			t.Run(c.rule, func(t *testing.T) { e.fails(t, c.token, "membershipDelete", input{"id": c.in}, c.want) })
		}
		e.refuses(t, "", "membershipDelete", input{"id": child}, 401, "UNAUTHENTICATED")
		for _, token := range []string{atHome, there, below} {
			if !works(t, h, token) {
				t.Fatal("a token does not work before")
			}
		}
		// one's own, from a client whose scope it lies out of
		if p := e.succeeds(atHome, "membershipDelete", input{"id": abroad}); p.MembershipID == nil || *p.MembershipID != string(abroad) {
			t.Errorf("%+v", p)
		}
		barred(t, h, "a session by an ended membership", "Bearer "+there)
		e.succeeds(e.carl, "membershipDelete", input{"id": child})
		barred(t, h, "a session by one ended by others", "Bearer "+below)
		e.succeeds(e.gina, "membershipDelete", input{"id": strange})
		if !works(t, h, atHome) || e.members(e.p, vic) == nil || e.members(e.c, vic) != nil || e.members(e.s, vic) != nil || e.members(e.s, strangers) == nil {
			t.Error("the wrong memberships are left")
		}
		if n := e.count("membership_roles", "membership_id IN (?, ?)", abroad, child); n != 0 {
			t.Errorf("%d roles are left of them", n)
		}
		// 2.5 the last administrator does not leave
		last := e.join(vic, lonely, ownerRole)
		e.fails(t, atHome, "membershipDelete", input{"id": last}, "NOT_ALLOWED at input.id")
		e.succeeds(e.stan, "membershipDelete", input{"id": last})
	})
}
