package apitest

import (
	"testing"

	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// domain 5.3, 1.7: a client with write access gives READ to clients it manages: what it lent to one that moves from under it
// sleeps, and is awake when that is below it again; what the owner gave goes along.
func TestLentAccessAndTheTree(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newAccesses(t, h)
		below := h.Client(e.g, "BELOW", false)
		lent := e.yes(e.carl, "accessGrantSet", input{"applicationId": e.written, "clientId": e.g, "level": "READ"})
		deep := e.yes(e.carl, "accessGrantSet", input{"applicationId": e.written, "clientId": below, "level": "READ", "expiresAt": later(1e12)})
		e.yes(e.paula, "accessGrantSet", input{"applicationId": e.readable, "clientId": e.g, "level": "READ"})
		move := func(to oid.Client) {
			t.Helper()
			e.succeeds(e.paula, "clientMove", input{"id": e.g, "managerId": to})
		}
		is := func(what, want string) {
			t.Helper()
			for _, client := range []oid.Client{e.g, below} {
				if got := e.has(e.written, client); got != want {
					t.Errorf("%s: %s has %s, not %s", what, client, got, want)
				}
			}
			if got := e.has(e.readable, e.g); got != "READ GRANT" {
				t.Errorf("%s: of what the owner gave G has %s", what, got)
			}
		}
		is("lent", "READ GRANT")
		move(e.k)
		is("moved", "SLEEPING")
		for _, id := range []string{lent.ID, deep.ID} {
			if g := e.shown(t, e.carl, id); !g.Sleeping || g.Version != 1 {
				t.Errorf("moved: %+v", g)
			}
		}
		// its giver's access comes and goes meanwhile, and wakes nothing that it does not manage
		for _, level := range []enum.AccessLevel{enum.LevelRead, enum.LevelWrite} {
			e.yes(e.paula, "accessGrantSet", input{"applicationId": e.written, "clientId": e.c, "level": level})
			is("moved, its giver has "+string(level), "SLEEPING")
		}
		e.no(t, e.carl, "accessGrantSet", input{"applicationId": e.written, "clientId": e.g, "level": "READ"}, "NOT_FOUND at input.clientId")
		move(e.c)
		is("back", "READ GRANT")
		move(e.p)
		e.yes(e.paula, "accessGrantSet", input{"applicationId": e.written, "clientId": e.c, "level": "READ"})
		move(e.c)
		is("back under one that reads", "SLEEPING")
		e.yes(e.paula, "accessGrantSet", input{"applicationId": e.written, "clientId": e.c, "level": "WRITE"})
		is("under one that writes again", "READ GRANT")
	})
}

// domain 5.3, 1.7: whoever lends to a client while it moves away, or has his own access changed, leaves nothing awake that
// he does not manage.
func TestLendingWhileTheTreeMoves(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newAccesses(t, h)
		e.yes(e.carl, "accessGrantSet", input{"applicationId": e.written, "clientId": e.g, "level": "READ"})
		for round := range 8 {
			atOnce(3, func(n int) {
				switch n {
				case 0:
					told(h, e.carl, "accessGrantSet", input{"applicationId": e.written, "clientId": e.g, "level": "READ", "reason": string(rune('a' + round))})
				case 1:
					told(h, e.paula, "clientMove", input{"id": e.g, "managerId": []oid.Client{e.k, e.c}[round%2]})
				case 2:
					told(h, e.paula, "accessGrantSet", input{"applicationId": e.written, "clientId": e.c, "level": []enum.AccessLevel{enum.LevelRead, enum.LevelWrite}[round/2%2]})
				}
			})
			rows := query(t, h, "SELECT g.expires_at AS ends, c.manager_id AS manager, (SELECT w.level FROM access_grants AS w WHERE w.application_id = g.application_id AND w.client_id = g.giver_id) AS level"+
				" FROM access_grants AS g JOIN clients AS c ON c.id = g.client_id WHERE g.application_id = ? AND g.client_id = ? AND g.lent = TRUE", e.written, e.g)
			if len(rows) != 1 {
				t.Fatalf("round %d: %d grants are lent", round, len(rows))
			}
			awake, should := rows[0]["ends"] == nil, rows[0]["manager"] == string(e.c) && rows[0]["level"] == "WRITE"
			if awake != should {
				t.Fatalf("round %d: awake %t, and should be %t: %v", round, awake, should, rows[0])
			}
		}
	})
}
