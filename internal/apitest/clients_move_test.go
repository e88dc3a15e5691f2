package apitest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/tenancy"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// domain 1.7: a client moves with everything below it; scopes follow, and so does what is seen by name only.
func TestClientMove(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		sibling, base := h.Client(e.p, "SIBLING", false), h.Client(e.p, "BASE", true)
		h.Give(platformPackage, sibling, e.p)
		_, sid := h.User(sibling, "sid", ownerRole)
		below := h.Client(base, "BELOW", false)
		sees := func(token string, id oid.Client) string {
			t.Helper()
			var data struct{ Client *clientShown }
			fresh := h.Node()
			fresh.MustData(fresh.Do(token, `query($id: ID!) { `+strings.Replace(selectClient, "client", "client(id: $id)", 1)+` }`, hubtest.Variables{"id": id}), &data)
			return data.Client.String()
		}
		const grand = `GRAND "Client GRAND" BUSINESS ACTIVE ACTIVE isolated=false en UTC EUR `
		moved := e.succeeds(e.paula, "clientMove", input{"id": e.g, "managerId": sibling}).Client
		if moved.String() != grand+"level=3 of SIBLING below 3 v2" {
			t.Errorf("moved aside: %v", moved)
		}
		if got := sees(sid, e.g); got != grand+"level=3 of SIBLING below 3 v2" {
			t.Errorf("its manager sees %s", got)
		}
		if got := sees(e.carl, e.g); got != "nothing" {
			t.Errorf("its former manager sees %s", got)
		}
		if got := sees(e.gina, sibling); !strings.HasPrefix(got, `SIBLING "Client SIBLING" - - -`) {
			t.Errorf("it sees its manager as %s", got)
		}
		if got := sees(e.gina, e.c); got != "nothing" {
			t.Errorf("it sees its former manager as %s", got)
		}
		e.sound(t)

		// with what is below it, and back; the version asked for; the same place is no move
		e.succeeds(e.root, "clientMove", input{"id": sibling, "managerId": e.c, "expectedVersion": 1})
		if got := sees(e.paula, e.g); got != grand+"level=4 of SIBLING below 4 v2" {
			t.Errorf("moved along: %s", got)
		}
		e.sound(t)
		if again := e.succeeds(e.carl, "clientMove", input{"id": e.g, "managerId": sibling}).Client; show(again.Version) != "2" {
			t.Errorf("moved to where it was, it has version %s", show(again.Version))
		}
		if by := e.succeeds(e.carl, "clientMove", input{"id": e.g, "managerId": e.c, "expectedVersion": 2}).Client; by.String() != grand+"level=3 of CHILD below 3 v3" {
			t.Errorf("by its manager's manager: %v", by)
		}
		// domain 1.6: an isolated client keeps its base, and moves within the one around it
		if made := e.succeeds(e.paula, "clientMove", input{"id": base, "managerId": e.g}).Client; show(made.Level) != "4" {
			t.Errorf("an isolated client: %v", made)
		}
		if e.column("clients", base, "base_id") != string(base) || e.column("clients", below, "base_id") != string(base) {
			t.Error("the base of an isolated client has changed")
		}
		e.sound(t)
		if n := e.count("audit_events", "operation = 'clientMove' AND `before` LIKE '%managerId%'"); n != 4 {
			t.Errorf("%d events of four moves", n)
		}
	})
}

// domain 1.7: no circle, no crossing of a border of isolation, both managers in the caller's scope, not too deep; SYSTEM
// is not moved, nor any client by its own users. Nothing is written.
func TestClientMoveRefusals(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		base := h.Client(e.p, "BASE", true)
		inBase := h.Client(base, "INBASE", false)
		deep := e.g
		for i := 3; i < tenancy.MaxDepth-1; i++ {
			deep = h.Client(deep, fmt.Sprint("DEEP", i+1), false)
		}
		two, leaf := h.Client(e.p, "TWO", false), h.Client(e.p, "LEAF", false)
		h.Client(two, "THREE", false)
		e.succeeds(e.paula, "clientUpdate", input{"id": e.g, "name": "Second version"})
		for rule, c := range map[string]struct {
			token string
			in    input
			want  []string
		}{
			"unknown":                           {e.paula, input{"id": oid.New[oid.Client](), "managerId": e.c}, []string{"NOT_FOUND at input.id"}},
			"a stranger":                        {e.paula, input{"id": e.s, "managerId": e.c}, []string{"NOT_FOUND at input.id"}},
			"1.7 to an unknown one":             {e.paula, input{"id": e.g, "managerId": oid.New[oid.Client]()}, []string{"NOT_FOUND at input.managerId"}},
			"1.7 to a stranger":                 {e.paula, input{"id": e.g, "managerId": e.s}, []string{"NOT_FOUND at input.managerId"}},
			"1.7 above one's own":               {e.carl, input{"id": e.g, "managerId": e.p}, []string{"NOT_FOUND at input.managerId"}},
			"1.7 to SYSTEM, for a partner":      {e.paula, input{"id": e.c, "managerId": oid.SystemClient}, []string{"NOT_FOUND at input.managerId"}},
			"of other kinds":                    {e.paula, input{"id": e.app, "managerId": ""}, []string{"INVALID at input.id", "INVALID at input.managerId"}},
			"1.7 one's own":                     {e.carl, input{"id": e.c, "managerId": e.g}, []string{"NOT_ALLOWED at input.id"}},
			"1.7 one's own, to a stranger":      {e.paula, input{"id": e.p, "managerId": e.s}, []string{"NOT_FOUND at input.managerId"}},
			"1.7 one's own, with a version":     {e.carl, input{"id": e.c, "managerId": e.g, "expectedVersion": 7}, []string{"NOT_ALLOWED at input.id"}},
			"both unseen":                       {e.carl, input{"id": e.s, "managerId": e.p}, []string{"NOT_FOUND at input.id", "NOT_FOUND at input.managerId"}},
			"1.1 SYSTEM":                        {e.root, input{"id": oid.SystemClient, "managerId": e.p}, []string{"NOT_ALLOWED at input.id"}},
			"1.7 under itself":                  {e.paula, input{"id": e.g, "managerId": e.g}, []string{"NOT_ALLOWED at input.managerId"}},
			"1.7 a circle":                      {e.paula, input{"id": e.c, "managerId": e.g}, []string{"NOT_ALLOWED at input.managerId"}},
			"1.7 a long circle":                 {e.paula, input{"id": e.c, "managerId": deep}, []string{"NOT_ALLOWED at input.managerId"}},
			"1.7 into a base":                   {e.paula, input{"id": e.g, "managerId": base}, []string{"NOT_ALLOWED at input.managerId"}},
			"1.7 into a base, deeper":           {e.root, input{"id": e.g, "managerId": inBase}, []string{"NOT_ALLOWED at input.managerId"}},
			"1.7 out of a base":                 {e.root, input{"id": inBase, "managerId": e.c}, []string{"NOT_ALLOWED at input.managerId"}},
			"1.7 between bases":                 {e.root, input{"id": e.c, "managerId": e.s}, []string{"NOT_ALLOWED at input.managerId"}},
			"1.7 an isolated one between bases": {e.root, input{"id": base, "managerId": e.s}, []string{"NOT_ALLOWED at input.managerId"}},
			"1.7 an isolated one into another":  {e.root, input{"id": e.s, "managerId": e.p}, []string{"NOT_ALLOWED at input.managerId"}},
			"1.1 a subtree too deep":            {e.paula, input{"id": two, "managerId": deep}, []string{"NOT_ALLOWED at input.managerId"}},
			"a stale version":                   {e.paula, input{"id": e.g, "managerId": e.p, "expectedVersion": 1}, []string{"CONFLICT at input.expectedVersion"}},
			"unseen before the version is told": {e.stan, input{"id": e.g, "managerId": e.s, "expectedVersion": 7}, []string{"NOT_FOUND at input.id"}},
		} {
			t.Run(rule, func(t *testing.T) { e.fails(t, c.token, "clientMove", c.in, c.want...) })
		}
		for _, in := range []any{input{}, input{"id": e.g}, input{"managerId": e.p}, input{"id": e.g, "managerId": nil}, nil} {
			e.refuses(t, e.paula, "clientMove", in, 400, "VALIDATION")
		}
		// exactly as deep as it may be
		e.succeeds(e.paula, "clientMove", input{"id": leaf, "managerId": deep})
		e.sound(t)
	})
}
