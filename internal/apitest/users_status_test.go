package apitest

import (
	"slices"
	"sync"
	"testing"

	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// domain 2.3, 2.5: a suspended user's sessions end, on this node at once, wherever they act; resuming does not bring them back.
func TestUserSuspendAndResume(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newCrew(t, h)
		vic, token := h.User(e.c, "vic")
		elsewhere := h.Session(e.s, vic, e.join(vic, e.s), nil)
		_, bystander := h.User(e.c, "bystander")
		for _, tok := range []string{token, elsewhere, bystander} {
			if !works(t, h, tok) {
				t.Fatal("a token does not work before")
			}
		}
		for range 2 { // the second time nothing changes
			p := e.succeeds(e.paula, "userSuspend", input{"id": vic, "expectedVersion": nil})
			if got := e.shown(p.User); got != `"vic" SUSPENDED en vic - false - false v2 CHILD[] STRANGER[]` {
				t.Errorf("%s", got)
			}
		}
		barred(t, h, "a session of a suspended user", "Bearer "+token)
		barred(t, h, "one in another client", "Bearer "+elsewhere)
		if !works(t, h, bystander) || e.count("sessions", "user_id = ?", vic) != 0 || e.count("audit_events", "operation = 'userSuspend'") != 1 {
			t.Error("the wrong sessions ended, or the wrong number of traces was left")
		}
		e.fails(t, e.paula, "userResume", input{"id": vic, "expectedVersion": 1}, "CONFLICT at input.expectedVersion")
		e.fails(t, e.stan, "userResume", input{"id": vic}, "NOT_ALLOWED at input.id") // he sees a member
		e.fails(t, e.stan, "userSuspend", input{"id": vic}, "NOT_ALLOWED at input.id")
		for range 2 { // he has no password: he is still invited
			p := e.succeeds(e.carl, "userResume", input{"id": vic, "expectedVersion": nil})
			if got := e.shown(p.User); got != `"vic" INVITED en vic - false - false v3 CHILD[] STRANGER[]` {
				t.Errorf("%s", got)
			}
		}
		barred(t, h, "a session from before", "Bearer "+token)
		e.hashed(vic, "a hash")
		for _, want := range []enum.UserStatus{enum.UserSuspended, enum.UserActive} {
			name := map[enum.UserStatus]string{enum.UserSuspended: "userSuspend", enum.UserActive: "userResume"}[want]
			e.succeeds(e.paula, name, input{"id": vic})
			if e.status(vic) != want {
				t.Errorf("after %s: %s", name, e.status(vic))
			}
		}
	})
}

// Whom nobody, or not everybody, suspends and deletes.
func TestUserStatusRefusals(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newCrew(t, h)
		stranger, _ := h.User(e.s, "stranger")
		for _, name := range []string{"userSuspend", "userResume", "userDelete"} {
			for _, c := range []struct {
				rule, token string
				in          input
				want        string
			}{
				{"0 a stranger", e.paula, input{"id": stranger}, "NOT_FOUND at input.id"},
				{"0 a user of the client above", e.carl, input{"id": e.paulaID}, "NOT_FOUND at input.id"},
				{"0 nobody", e.paula, input{"id": oid.New[oid.User]()}, "NOT_FOUND at input.id"},
				{"an id of another kind", e.paula, input{"id": e.p}, "INVALID at input.id"},
				{"an older version", e.paula, input{"id": e.carlID, "expectedVersion": 9}, "CONFLICT at input.expectedVersion"},
			} {
				t.Run(name+" "+c.rule, func(t *testing.T) { e.fails(t, c.token, name, c.in, c.want) })
			}
			e.refuses(t, e.reader, name, input{"id": e.helper}, 403, "FORBIDDEN")
			e.refuses(t, "", name, input{"id": e.helper}, 401, "UNAUTHENTICATED")
		}
		e.fails(t, e.paula, "userSuspend", input{"id": e.paulaID}, "NOT_ALLOWED at input.id")
		e.fails(t, e.paula, "userDelete", input{"id": e.paulaID}, "NOT_ALLOWED at input.id")
	})
}

// domain 2.5: the last administrator of a client stays, but for those who manage it; also where he is one as a member only.
func TestAttackTheLastAdministrator(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newCrew(t, h)
		deletes, reads := oid.BuiltIn[oid.Permission]("User_DELETE"), oid.BuiltIn[oid.Permission]("User_READ")
		_, remover := h.User(e.p, "remover", h.Role(e.p, nil, "Remover", deletes, reads))
		unguarded := newEstateOn(e.estate, e.without(func(r *authz.Rules) { r.KeepsAdministrator = func(int, int, bool) bool { return true } }))
		e.fails(t, e.helping, "userSuspend", input{"id": e.paulaID}, "NOT_ALLOWED at input.id")
		e.fails(t, remover, "userDelete", input{"id": e.paulaID}, "NOT_ALLOWED at input.id")
		unguarded.succeeds(e.helping, "userSuspend", input{"id": e.paulaID})
		if e.status(e.paulaID) != enum.UserSuspended {
			t.Error("without the rule the attack fails")
		}
		e.exec("UPDATE users SET status = 'ACTIVE' WHERE id = ?", e.paulaID)
		// at home he administers nothing, in the stranger's client he is the only one
		lonely := h.Client(e.s, "LONELY", false)
		h.Give(platformPackage, lonely, e.s)
		vic, _ := h.User(e.p, "vic")
		m := e.join(vic, lonely, ownerRole)
		paula := h.Session(e.p, e.paulaID, e.home(e.paulaID), nil)
		e.fails(t, paula, "userSuspend", input{"id": vic}, "NOT_ALLOWED at input.id")
		e.fails(t, paula, "userDelete", input{"id": vic}, "NOT_ALLOWED at input.id")
		second, _ := h.User(lonely, "second", ownerRole)
		e.succeeds(paula, "userSuspend", input{"id": vic})
		e.succeeds(paula, "userResume", input{"id": vic})
		e.exec("UPDATE users SET status = 'ACTIVE' WHERE id = ?", vic)
		e.exec("UPDATE users SET status = 'INVITED' WHERE id = ?", second) // who cannot sign in administers nothing
		e.fails(t, paula, "userDelete", input{"id": vic}, "NOT_ALLOWED at input.id")
		// those who manage the client may
		e.fails(t, e.stan, "userDelete", input{"id": vic}, "NOT_ALLOWED at input.id") // not his user
		e.succeeds(e.stan, "membershipDelete", input{"id": m})
		e.succeeds(paula, "userDelete", input{"id": vic})
		e.succeeds(paula, "userSuspend", input{"id": e.carlID}) // the child's only one, by its manager
	})
}

// domain 2.5: two administrators who remove each other at the same moment: one stays.
func TestTwoAdministratorsAtOnce(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newCrew(t, h)
		other := e.Node()
		for round := range 10 {
			client := h.Client(e.p, "DUEL"+string(rune('A'+round)), false)
			h.Give(platformPackage, client, e.p)
			name := []string{"userSuspend", "userDelete"}[round%2]
			var ids [2]oid.User
			var tokens [2]string
			for i := range ids {
				ids[i], tokens[i] = h.User(client, string(rune('a'+i)), ownerRole)
				e.exec("UPDATE users SET user_name_key = ? WHERE id = ?", string(ids[i]), ids[i])
			}
			nodes := []*hubtest.Hub{h, other}
			var both sync.WaitGroup
			answers := make([]hubtest.Answer, 2)
			for i := range ids {
				both.Go(func() {
					answers[i] = nodes[i].Do(tokens[i], mutation(name), hubtest.Variables{"input": input{"id": ids[1-i]}})
				})
			}
			both.Wait()
			active := slices.DeleteFunc(ids[:], func(id oid.User) bool { return e.status(id) != enum.UserActive })
			if len(active) != 1 {
				t.Errorf("%s: %d administrators are left: %s, %s", name, len(active), answers[0].Body, answers[1].Body)
			}
		}
	})
}
