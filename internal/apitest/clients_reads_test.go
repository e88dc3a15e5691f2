package apitest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// executors are both, each on a node of its own, whose answers must be the same.
type executors struct{ planned, reference *hubtest.Hub }

func newExecutors(h *hubtest.Hub) executors {
	return executors{h.Node(), h.Node(func(o *hub.HTTP) { o.Reads = hub.Reference })}
}

// ask gives the answer of both, as it came.
func (x executors) ask(t testing.TB, token, query string, variables hubtest.Variables) hubtest.Answer {
	t.Helper()
	one, two := x.planned.Do(token, query, variables), x.reference.Do(token, query, variables)
	if string(one.Data) != string(two.Data) || len(one.Errors) != len(two.Errors) {
		t.Errorf("%s %v\nplanned   %s\nreference %s", query, variables, one.Body, two.Body)
	}
	return one
}

// allPlanned checks that the planner has answered everything itself so far.
func (x executors) allPlanned(t testing.TB) {
	t.Helper()
	w := httptest.NewRecorder()
	x.planned.Handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	for line := range strings.Lines(w.Body.String()) {
		if strings.HasPrefix(line, "appanage_plan_refusals_total") {
			t.Errorf("the planner left something to the reference: %s", line)
		}
	}
	if !strings.Contains(w.Body.String(), `appanage_reads_total{executor="planned"}`) {
		t.Errorf("there are no metrics: %.200s", w.Body)
	}
}

// codes asks for a connection of a client and gives the codes on the page, with a dash behind those seen by name only, and
// the length of the list; "null" where it is hidden.
func (x executors) codes(t testing.TB, token string, of oid.Client, connection string) string {
	t.Helper()
	a := x.ask(t, token, `query($id: ID!) { client(id: $id) { c: `+connection+` { totalCount nodes { code type } } } }`, hubtest.Variables{"id": of})
	var data struct {
		Client *struct {
			C *struct {
				TotalCount int
				Nodes      []struct {
					Code string
					Type *string
				}
			}
		}
	}
	if err := json.Unmarshal(a.Data, &data); err != nil || len(a.Errors) > 0 || data.Client == nil {
		t.Fatalf("%s: %s", connection, a.Body)
	}
	if data.Client.C == nil {
		return "null"
	}
	var codes []string
	for _, n := range data.Client.C.Nodes {
		if n.Type == nil {
			n.Code += "-"
		}
		codes = append(codes, n.Code)
	}
	return fmt.Sprintf("%s of %d", strings.Join(codes, " "), data.Client.C.TotalCount)
}

// domain 0, 1.1, 1.5: ancestors and descendants, without the client itself. Those above the caller's client are shown by
// code and name, and found by nothing else; to whom a client is known by name only, it shows neither.
func TestClientsAboveAndBelow(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		wide := h.Client(e.c, "WIDE", true)
		leaf := h.Client(e.g, "LEAF", false)
		x := newExecutors(h)
		for _, c := range []struct {
			token      string
			of         oid.Client
			connection string
			want       string
		}{
			{e.root, leaf, "ancestors", "SYSTEM PARTNER CHILD GRAND of 4"},
			{e.root, oid.SystemClient, "ancestors", " of 0"},
			{e.root, oid.SystemClient, "descendants(orderBy: {field: CODE})", "CHILD GRAND LEAF PARTNER STRANGER WIDE of 6"},
			{e.paula, e.p, "ancestors", "SYSTEM- of 1"},
			{e.paula, leaf, "ancestors", "SYSTEM- PARTNER CHILD GRAND of 4"},
			{e.paula, e.p, "descendants(orderBy: {field: CODE})", "CHILD GRAND LEAF WIDE of 4"},
			{e.carl, leaf, "ancestors(orderBy: {field: CODE, direction: DESC})", "SYSTEM- PARTNER- GRAND CHILD of 4"},
			{e.gina, leaf, "ancestors(orderBy: {field: NAME})", "CHILD- GRAND PARTNER- SYSTEM- of 4"},
			{e.gina, leaf, "descendants", " of 0"},
			{e.gina, e.c, "ancestors", "null"},
			{e.gina, e.c, "descendants", "null"},
			{e.gina, oid.SystemClient, "descendants", "null"},
			// pages
			{e.carl, leaf, "ancestors(first: 2)", "SYSTEM- PARTNER- of 4"},
			{e.carl, leaf, "ancestors(last: 1)", "GRAND of 4"},
			{e.carl, e.c, "descendants(first: 1, orderBy: {field: CODE})", "GRAND of 3"},
			// by what is shown of all of them
			{e.carl, leaf, `ancestors(filter: {search: "part"})`, "PARTNER- of 1"},
			{e.carl, leaf, "ancestors(filter: {within: MY_SCOPE})", "SYSTEM- PARTNER- CHILD GRAND of 4"},
			// by what is not: only those in scope answer
			{e.carl, leaf, "ancestors(filter: {type: BUSINESS})", "CHILD GRAND of 2"},
			{e.carl, leaf, "ancestors(filter: {type: SYSTEM})", " of 0"},
			{e.carl, leaf, "ancestors(filter: {status: ACTIVE})", "CHILD GRAND of 2"},
			{e.carl, leaf, fmt.Sprintf("ancestors(filter: {managerId: %q})", e.p), "CHILD of 1"},
			{e.carl, leaf, fmt.Sprintf("ancestors(filter: {managerId: %q})", oid.SystemClient), " of 0"},
			{e.carl, leaf, "ancestors(filter: {within: MY_CLIENT})", "CHILD GRAND of 2"},
			{e.root, leaf, "ancestors(filter: {type: SYSTEM})", "SYSTEM of 1"},
			{e.carl, e.c, "descendants(filter: {within: MY_CLIENT}, orderBy: {field: CODE})", "GRAND WIDE of 2"},
			{e.carl, wide, "ancestors", "SYSTEM- PARTNER- CHILD of 3"},
		} {
			if got := x.codes(t, c.token, c.of, c.connection); got != c.want {
				t.Errorf("%s of %s: %s, want %s", c.connection, c.of, got, c.want)
			}
		}
		x.allPlanned(t)
		if a := x.ask(t, e.gina, `query($id: ID!) { client(id: $id) { code invitations { totalCount } level effectiveStatus } }`, hubtest.Variables{"id": e.c}); string(a.Data) !=
			`{"client":{"code":"CHILD","invitations":null,"level":null,"effectiveStatus":null}}` {
			t.Errorf("known by name only: %s", a.Body)
		}
		_, clerk := h.User(e.p, "clerk", h.Role(e.p, nil, "Reads users", oid.BuiltIn[oid.Permission]("User_READ")))
		if a := x.ask(t, clerk, `{ viewer { client { level effectiveStatus ancestors { totalCount } } } }`, nil); len(a.Errors) != 1 || a.Errors[0].Code() != "FORBIDDEN" {
			t.Errorf("without Client_READ: %s", a.Body)
		}
	})
}

// Many lists at once, nested, with cursors, counts alone, and more rows than are read in the hope to have them all: both
// executors give the same, whoever asks.
func TestClientTreeByBothExecutors(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		for i := range 12 {
			h.Client(h.Client(e.g, fmt.Sprint("G", i), i%5 == 0), fmt.Sprint("GG", i), false)
		}
		h.Must(h.Ent().Tenant.UpdateOneID(e.g).SetStatus(enum.ClientSuspended).Exec(h.System()))
		h.Must(h.Ent().Invitation.Create().SetClientID(e.c).SetEmail("x@example.org").SetEmailKey("x@example.org").SetExpiresAt(clock.Now()).Exec(h.System()))
		x := newExecutors(h)
		const some = "id code name type status effectiveStatus level manager { code } "
		var page struct {
			Clients struct {
				Nodes []struct {
					Ancestors struct{ PageInfo struct{ EndCursor string } }
				}
			}
		}
		for _, token := range []string{e.root, e.paula, e.carl, e.stan} {
			for _, query := range []string{
				`{ clients(first: 100) { nodes { ` + some + `ancestors { totalCount edges { cursor node { ` + some + ` } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } } }`,
				`{ clients(first: 100) { nodes { ` + some + `descendants(first: 3, orderBy: {field: NAME}) { totalCount nodes { ` + some + ` ancestors(last: 2) { nodes { code status } } } pageInfo { hasNextPage hasPreviousPage } } } } }`,
				`{ clients(first: 100) { nodes { a: ancestors { totalCount } d: descendants { totalCount } i: invitations { totalCount nodes { email status } } } } }`,
				`{ clients(first: 100) { nodes { ancestors(filter: {type: BUSINESS}) { totalCount nodes { code } } descendants(last: 2, filter: {status: ACTIVE}) { totalCount nodes { code effectiveStatus } } } } }`,
				`{ clients(first: 100) { nodes { ancestors(first: 0) { totalCount pageInfo { hasNextPage } } ancestorsToo: ancestors { nodes { applications { totalCount } managedClients { totalCount } } } } } }`,
			} {
				if a := x.ask(t, token, query, nil); len(a.Errors) > 0 {
					t.Errorf("%s: %s", query, a.Body)
				}
			}
			a := x.ask(t, token, `{ clients(first: 1, filter: {search: "gg3"}) { nodes { ancestors(first: 2) { pageInfo { endCursor } } } } }`, nil)
			h.MustData(a, &page)
			for _, n := range page.Clients.Nodes {
				x.ask(t, token, `query($c: String!) { clients(first: 100) { nodes { a: ancestors(after: $c) { totalCount nodes { code } pageInfo { hasPreviousPage hasNextPage } } b: ancestors(before: $c) { nodes { code } } } } }`,
					hubtest.Variables{"c": n.Ancestors.PageInfo.EndCursor})
			}
		}
		x.allPlanned(t)
	})
}
