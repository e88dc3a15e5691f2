package apitest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// nodeKind is what node and nodes are tried with, for one kind.
type nodeKind struct {
	typ       string
	authority string
	mine      string // an id the portfolio's caller can reach
	foreign   string // one he cannot
	unknown   string
}

func (w *portfolio) nodeKinds(t testing.TB, o *oracle) []nodeKind {
	kinds := []nodeKind{
		{"Client", "Client_READ", string(w.children[0]), "", string(oid.New[oid.Client]())},
		{"User", "User_READ", string(w.user), "", string(oid.New[oid.User]())},
		{"Membership", "User_READ", string(w.member), "", string(oid.New[oid.Membership]())},
		{"Session", "Session_READ", string(id[oid.Session](9000)), "", string(oid.New[oid.Session]())},
		{"Permission", "Permission_READ", string(w.permissions[0]), "", string(oid.New[oid.Permission]())},
		{"Role", "Role_READ", string(w.roles[0]), "", string(oid.New[oid.Role]())},
		{"Package", "Package_READ", string(id[oid.Package](10)), "", string(oid.New[oid.Package]())},
		{"Application", "Application_READ", string(w.shown), "", string(oid.New[oid.Application]())},
		{"AccessGrant", "Application_READ", string(id[oid.AccessGrant](1)), "", string(oid.New[oid.AccessGrant]())},
		{"ApplicationProperty", "Application_READ", string(id[oid.Property](6000)), "", string(oid.New[oid.Property]())},
		{"ClientUrl", "Client_READ", string(id[oid.ClientURL](20)), "", string(oid.New[oid.ClientURL]())},
	}
	for i, k := range kinds {
		rule := o.kinds[k.typ]
		foreign := query(t, o.h, "SELECT r.id FROM "+rule.table+" r WHERE r.id NOT IN (SELECT r.id FROM "+rule.table+" r WHERE "+rule.reach+") ORDER BY r.id")
		if len(foreign) == 0 {
			t.Fatalf("every %s can be reached: no good test", k.typ)
		}
		kinds[i].foreign = foreign[len(foreign)/2]["id"].(string)
	}
	return kinds
}

// anyType asks for some of what each kind has, and for an edge. (Fields of one name and different types cannot be
// asked for together.)
const anyType = ` __typename id
	... on Client { code name manager { code } } ... on User { userName email emailProven client { code } } ... on Membership { home user { id } }
	... on Session { device expiresAt } ... on Permission { authority builtIn application { code } } ... on Role { description permissions(first: 1) { totalCount } }
	... on Package { base roles(last: 1) { nodes { id } } } ... on Application { thumbnailUrl viewerCan owner: client { code } }
	... on AccessGrant { level reason application { id } } ... on ApplicationProperty { value public } ... on ClientUrl { origin provenAt } ... on Node { again: id } `

// short names the fragment of a type.
func short(typ string) string {
	for name, f := range fragments {
		if strings.HasPrefix(f, typ+" ") {
			return name
		}
	}
	panic(typ)
}

// newer are kinds that this world has none of, and where they are looked for by their ids instead.
var newer = map[string]string{"AuditEvent": "the sweep", "Invitation": "the sweep", "OutboxEvent": "the sweep", "PropertyChange": "the sweep",
	"ApplicationDependency": "the sweep", "DefinitionLayer": "the sweep", "DefinitionVersion": "the sweep", "RegistrationRule": "the sweep",
	"RegistrationCode": "the sweep", "AccessRequest": "the sweep"}

// Relay: node gives any object the caller can reach, with its own type and fields, and null for every other id: the
// answer for a foreign one is, byte for byte, that for an unknown one.
func nodeFindsAnyObject(t *testing.T, h *hubtest.Hub, w *portfolio) {
	o := newOracle(t, h, w.who)
	kinds := w.nodeKinds(t, o)
	for _, typ := range nodeTypes() {
		if !strings.Contains(fmt.Sprint(kinds), "{"+typ+" ") && newer[typ] == "" {
			t.Errorf("%s is a Node without a case in this test", typ)
		}
	}
	for i, k := range kinds {
		t.Run(k.typ, func(t *testing.T) {
			ask := complete("query($id: ID!) { node(id: $id) { __typename id ... on " + k.typ + " { ..." + short(k.typ) + " } " + " ... on Node { again: id } } }")
			o.agrees(t, w.token, "query($id: ID!) { node(id: $id) {"+anyType+"} }", hubtest.Variables{"id": k.mine})
			a := o.agrees(t, w.token, ask, hubtest.Variables{"id": k.mine})
			if !strings.Contains(string(a.Data), fmt.Sprintf(`{"node":{"__typename":%q,"id":%q`, k.typ, k.mine)) {
				t.Errorf("%s", a.Data)
			}
			of := func(id string) string {
				a := h.Do(w.token, ask, hubtest.Variables{"id": id})
				return fmt.Sprint(a.Status, " ", string(a.Body))
			}
			unknown := of(k.unknown)
			if !strings.Contains(unknown, `200 {"data":{"node":null},`) {
				t.Errorf("unknown: %s", unknown)
			}
			for _, bad := range []string{
				k.foreign, kinds[(i+1)%len(kinds)].mine[:3] + k.unknown[3:], strings.ToLower(k.unknown), strings.ToUpper(k.mine), k.mine + "0", k.mine[:29], k.mine[4:], " " + k.mine,
				"", "é", "node", k.mine[:4] + strings.Repeat("U", 26), k.mine[:4] + "8" + k.mine[5:], "xyz" + k.mine[3:], strings.ReplaceAll(k.mine, "_", "-"),
			} {
				if got := of(bad); got != unknown {
					t.Errorf("%q: %s", bad, got)
				}
			}
		})
	}
	// kinds that the API does not show
	for _, hidden := range []string{string(id[oid.PackageGift](0)), string(oid.New[oid.AuditEvent]())} {
		if a := h.Do(w.token, "query($id: ID!) { node(id: $id) { id } }", hubtest.Variables{"id": hidden}); string(a.Data) != `{"node":null}` || len(a.Errors) > 0 {
			t.Errorf("%s", a.Body)
		}
	}
}

// nodeTypes lists what the SDL declares as Node.
func nodeTypes() (names []string) {
	for _, t := range sdl().PossibleTypes["Node"] {
		names = append(names, t.Name)
	}
	return names
}

// Relay: nodes answers in the order and length of its ids, repeats kept, null where there is nothing to show.
func nodesKeepOrderAndLength(t *testing.T, h *hubtest.Hub, w *portfolio) {
	o := newOracle(t, h, w.who)
	ask := "query($ids: [ID!]!) { nodes(ids: $ids) {" + anyType + "} }"
	var ids []any
	for _, k := range w.nodeKinds(t, o) {
		ids = append(ids, k.mine, k.foreign, k.mine, k.unknown)
	}
	ids = append(ids, ids[0], ids[0], "", "nothing")
	a := o.agrees(t, w.token, ask, hubtest.Variables{"ids": ids})
	var data struct{ Nodes []*struct{ ID string } }
	h.Must(json.Unmarshal(a.Data, &data))
	if len(data.Nodes) != len(ids) {
		t.Fatalf("%d nodes for %d ids", len(data.Nodes), len(ids))
	}
	for i, n := range data.Nodes {
		if shown := n != nil; shown != (i%4 == 0 || i%4 == 2) && i < 44 || shown && n.ID != ids[i] {
			t.Errorf("%v: %v", ids[i], n)
		}
	}
	for n, ok := range map[int]bool{0: true, 1: true, 100: true, 101: false, 5000: false} {
		many := make([]any, n)
		for i := range many {
			many[i] = string(w.user)
		}
		a := h.Do(w.token, "query($ids: [ID!]!) { nodes(ids: $ids) { id } viewer { user { id } } }", hubtest.Variables{"ids": many})
		if ok && (len(a.Errors) > 0 || strings.Count(string(a.Data), string(w.user)) != n+1) {
			t.Errorf("%d ids: %.300s", n, a.Body)
		}
		if !ok && (len(a.Errors) != 1 || a.Errors[0].Code() != "TOO_LARGE" || !reflect.DeepEqual(a.Errors[0].Path, []any{"nodes"}) || string(a.Data) != "null") {
			t.Errorf("%d ids: %.300s", n, a.Body)
		}
	}
}

// design 5: a kind whose READ authority the caller lacks is null, with FORBIDDEN at its path; whether the object
// exists makes no difference. The other nodes are there.
func nodesAskForTheAuthorityOfTheirKind(t *testing.T, h *hubtest.Hub, w *portfolio) {
	_, poor := h.User(w.p, "poor")
	for _, k := range w.nodeKinds(t, newOracle(t, h, w.who)) {
		answers := map[string]string{}
		for _, id := range []string{k.mine, k.foreign, k.unknown} {
			a := h.Do(poor, "query($id: ID!) { node(id: $id) { id } viewer { client { code } } }", hubtest.Variables{"id": id})
			if len(a.Errors) != 1 || a.Errors[0].Code() != "FORBIDDEN" || !reflect.DeepEqual(a.Errors[0].Path, []any{"node"}) ||
				!strings.Contains(a.Errors[0].Message, k.authority) || string(a.Data) != `{"node":null,"viewer":{"client":{"code":"PARTNER"}}}` {
				t.Errorf("%s: %s", k.typ, a.Body)
			}
			answers[string(a.Body)] = id
		}
		if len(answers) != 1 {
			t.Errorf("%s: the answers differ: %v", k.typ, answers)
		}
	}
	// in nodes, each at its own place
	reads := h.Role(w.p, nil, "Reads clients", oid.BuiltIn[oid.Permission]("Client_READ"))
	_, some := h.User(w.p, "some", reads)
	a := h.Do(some, "query($ids: [ID!]!) { nodes(ids: $ids) { __typename } }", hubtest.Variables{"ids": []any{w.user, w.p, oid.New[oid.User](), w.strangers[1], "x", w.apps[0]}})
	if string(a.Data) != `{"nodes":[null,{"__typename":"Client"},null,null,null,null]}` || len(a.Errors) != 3 {
		t.Errorf("%s", a.Body)
	}
	for i, at := range []float64{0, 2, 5} {
		if a.Errors[i].Code() != "FORBIDDEN" || !reflect.DeepEqual(a.Errors[i].Path, []any{"nodes", at}) {
			t.Errorf("%+v", a.Errors[i])
		}
	}
}
