package apitest

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

const auditQuery = `query($filter: AuditEventFilter) { auditEvents(filter: $filter, orderBy: {field: CREATED_AT, direction: DESC}) {
	totalCount nodes { id at operation kind objectId before after requestId sealed client { code } actorClient { code name } actorUser { name } } } }`

// trail is what auditQuery answers.
type trail struct {
	AuditEvents struct {
		TotalCount int
		Nodes      []struct {
			ID, At, Operation, Kind, ObjectID, RequestID string
			Before, After                                map[string]any
			Sealed                                       bool
			Client, ActorClient                          *struct{ Code, Name string }
			ActorUser                                    *struct{ Name string }
		}
	}
}

// domain 16.1 and 0: the trail is typed, filtered, and shows events of clients in scope; who is not visible is not named.
func TestAuditEvents(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		slow := h.Node(func(o *hub.HTTP) { o.Reads = hub.Reference })
		ask := func(token string, filter map[string]any) trail {
			t.Helper()
			planned, resolved := h.Do(token, auditQuery, hubtest.Variables{"filter": filter}), slow.Do(token, auditQuery, hubtest.Variables{"filter": filter})
			if !bytes.Equal(planned.Data, resolved.Data) {
				t.Errorf("the executors differ:\n%s\n%s", planned.Body, resolved.Body)
			}
			var out trail
			h.MustData(planned, &out)
			return out
		}
		e.succeeds(e.paula, "applicationUpdate", input{"id": e.app, "name": "By Paula"})
		e.succeeds(e.root, "applicationUpdate", input{"id": e.app, "name": "By root"})

		mine := map[string]any{"operation": "applicationUpdate", "objectId": string(e.app)}
		got := ask(e.paula, mine).AuditEvents
		if got.TotalCount != 2 || got.Nodes[0].After["name"] != "By root" || got.Nodes[0].Before["name"] != "By Paula" || got.Nodes[1].Before["name"] != "Shop" {
			t.Fatalf("%+v", got)
		}
		if by := got.Nodes[0]; by.ActorUser != nil || by.ActorClient.Code != "SYSTEM" || by.Client.Code != "PARTNER" || by.RequestID == "" || by.Sealed {
			t.Errorf("root is named to those below, or the event is wrong: %+v", by)
		}
		if by := got.Nodes[1]; by.ActorUser == nil || by.ActorUser.Name != "paula" {
			t.Errorf("%+v", by)
		}
		for what, c := range map[string]struct {
			token  string
			filter map[string]any
			want   int
		}{
			"by user":             {e.paula, map[string]any{"operation": "applicationUpdate", "actorUserId": string(e.paulaID)}, 1},
			"by kind":             {e.paula, map[string]any{"kind": "Role", "objectId": string(e.app)}, 0},
			"since":               {e.paula, map[string]any{"objectId": string(e.app), "since": got.Nodes[0].At}, 1},
			"until":               {e.paula, map[string]any{"objectId": string(e.app), "until": got.Nodes[0].At}, 1},
			"by client":           {e.root, map[string]any{"operation": "applicationUpdate", "clientId": string(e.p)}, 2},
			"my client only":      {e.root, map[string]any{"operation": "applicationUpdate", "within": "MY_CLIENT"}, 0},
			"of the client above": {e.carl, mine, 0},
			"of a stranger":       {e.stan, mine, 0},
			"everything":          {e.root, mine, 2},
		} {
			if n := ask(c.token, c.filter).AuditEvents.TotalCount; n != c.want {
				t.Errorf("%s: %d events, want %d", what, n, c.want)
			}
		}
		_, err := audit.NewSealer(h.DB, []byte("key")).Seal(h.System())
		h.Must(err)
		if !ask(e.paula, mine).AuditEvents.Nodes[0].Sealed {
			t.Error("a sealed event does not say so")
		}
		for _, bad := range []string{`{operation: ""}`, `{kind: " Role"}`, `{actorUserId: "cli_01JD3Q4Z5V6W7X8Y9ZABCDEFGH"}`} {
			if a := h.Do(e.paula, fmt.Sprintf("{ auditEvents(filter: %s) { totalCount } }", bad), nil); len(a.Errors) != 1 || a.Errors[0].Code() != "INVALID" {
				t.Errorf("%s: %s", bad, a.Body)
			}
		}
	})
}
