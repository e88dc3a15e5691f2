package apitest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/fold"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// listing is one connection of a kind, with some ten rows in the portfolio, ties among their sort keys.
type listing struct {
	kind   string
	parent string   // what stands around the connection; empty at the root
	field  string   // the connection
	filter string   // a filter that keeps the list short
	orders []string // orderBy's fields
	// add writes one more row into the list: its number makes the id, the text its sort keys.
	add func(x *writer, n int, text string)
}

// listings has one for each kind that has connections.
func (w *portfolio) listings() []listing {
	partner, app := `client(code: "PARTNER")`, fmt.Sprintf(`application(id: %q)`, w.apps[17])
	return []listing{
		{"Client", partner, "managedClients", "", []string{"CREATED_AT", "NAME", "CODE"}, func(x *writer, n int, text string) {
			c := id[oid.Client](n)
			x.row("clients", row{"id": c, "code": code(text, n), "name": text, "type": "BUSINESS", "base_id": w.p, "manager_id": w.p})
			for depth, a := range []oid.Client{c, w.p, oid.SystemClient} {
				x.plain("client_paths", row{"ancestor_id": a, "descendant_id": c, "depth": depth})
			}
		}},
		{"User", partner, "users", "", []string{"CREATED_AT", "NAME"}, func(x *writer, n int, text string) {
			x.row("users", row{"id": id[oid.User](n), "client_id": w.p, "base_id": w.p, "name": text, "user_name": fmt.Sprint("new", n)})
		}},
		{"Membership", partner, "memberships", "", []string{"CREATED_AT"}, func(x *writer, n int, _ string) {
			u := id[oid.User](100_000 + n)
			x.row("users", row{"id": u, "client_id": w.s, "base_id": w.s, "name": "member"})
			x.row("memberships", row{"id": id[oid.Membership](n), "client_id": w.p, "user_id": u, "home": false})
		}},
		{"Session", fmt.Sprintf(`node(id: %q) { ... on User`, w.user), "sessions", "", []string{"CREATED_AT"}, func(x *writer, n int, _ string) {
			x.row("sessions", row{"id": id[oid.Session](n), "client_id": w.s, "user_id": w.user, "membership_id": w.member, "token_hash": fmt.Sprint(n), "device": "d", "last_used_at": x.at, "expires_at": x.at})
		}},
		{"Permission", partner, "permissions", "", []string{"CREATED_AT", "AUTHORITY"}, func(x *writer, n int, text string) {
			x.row("permissions", row{"id": id[oid.Permission](n), "client_id": w.p, "authority": code(text, n), "authority_key": fold.Key(code(text, n))})
		}},
		{"Role", partner, "roles", "", []string{"CREATED_AT", "NAME"}, func(x *writer, n int, text string) {
			x.row("roles", row{"id": id[oid.Role](n), "client_id": w.p, "name": text})
		}},
		{"Package", partner, "ownedPackages", "", []string{"CREATED_AT", "NAME", "CODE"}, func(x *writer, n int, text string) {
			x.row("packages", row{"id": id[oid.Package](n), "client_id": w.p, "name": text, "code": code(text, n)})
		}},
		{"Application", "", "applications", `{search: "sh", type: APP, accessType: OWN}`, []string{"CREATED_AT", "NAME", "CODE"}, func(x *writer, n int, text string) {
			x.row("applications", row{"id": id[oid.Application](n), "client_id": w.p, "creator_id": w.p, "name": text + " Sh", "code": code(text, n), "type": "APP", "access_type": "OWN"})
		}},
		{"AccessGrant", partner, "grants", "", []string{"CREATED_AT"}, func(x *writer, n int, _ string) {
			a := id[oid.Application](100_000 + n)
			x.row("applications", row{"id": a, "client_id": w.s, "creator_id": w.s, "name": "granted", "code": fmt.Sprint("granted-", n), "type": "APP", "access_type": "OWN"})
			x.row("access_grants", row{"id": id[oid.AccessGrant](n), "client_id": w.p, "application_id": a, "level": "READ", "giver_id": w.s})
		}},
		{"ApplicationProperty", app, "properties", "", []string{"CREATED_AT", "NAME"}, func(x *writer, n int, text string) {
			x.row("application_properties", row{"id": id[oid.Property](n), "client_id": w.mine[n%len(w.mine)], "application_id": w.apps[17], "name": text, "value": "v"})
		}},
		{"ClientUrl", partner, "urls", `{search: "HOST4", status: PENDING}`, []string{"CREATED_AT", "ORIGIN"}, func(x *writer, n int, text string) {
			x.row("client_urls", row{"id": id[oid.ClientURL](n), "client_id": w.p, "application_id": w.apps[n%len(w.apps)], "origin": "https://" + text + ".host4.new", "status": "PENDING"})
		}},
	}
}

func code(text string, n int) string { return fmt.Sprintf("%s%d", text, n) }

// page is what the tests ask of a connection.
type page struct {
	TotalCount int
	PageInfo   struct {
		HasNextPage, HasPreviousPage bool
		StartCursor, EndCursor       *string
	}
	Edges []struct {
		Cursor string
		Node   struct{ ID string }
	}
}

func (p page) ids() []string {
	ids := []string{}
	for _, e := range p.Edges {
		ids = append(ids, e.Node.ID)
	}
	return ids
}

// query asks for a page of the listing; arguments are written as GraphQL has them: "first: 3, after: $after". An
// orderBy of "" is none.
func (l listing) query(arguments, orderBy string) string {
	if l.filter != "" && !strings.Contains(arguments, "filter:") {
		arguments += ", filter: " + l.filter
	}
	if orderBy != "" {
		arguments += ", orderBy: " + orderBy
	}
	text := l.field + "(" + strings.TrimPrefix(arguments, ", ") + ") { totalCount pageInfo { ...PI } edges { cursor node { id } } }"
	if l.parent != "" {
		text = l.parent + " { " + text + " }" + strings.Repeat(" }", strings.Count(l.parent, "{"))
	}
	declared := ""
	for _, v := range []string{"after", "before"} {
		if strings.Contains(arguments, "$"+v) {
			declared += " $" + v + ": String"
		}
	}
	if declared != "" {
		declared = "query(" + declared + ")"
	}
	return complete(declared + " { " + text + " }")
}

// path is where an error of the connection stands in the answer.
func (l listing) path() []any {
	if l.parent == "" {
		return []any{l.field}
	}
	return []any{l.parent[:strings.IndexByte(l.parent, '(')], l.field}
}

// read takes the connection out of an answer's data.
func (l listing) read(t testing.TB, data []byte) page {
	t.Helper()
	for _, step := range l.path() {
		var object map[string]json.RawMessage
		if err := json.Unmarshal(data, &object); err != nil {
			t.Fatalf("%v in %s", err, data)
		}
		data = object[step.(string)]
	}
	var p page
	if err := json.Unmarshal(data, &p); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	return p
}

func (l listing) ask(t testing.TB, h *hubtest.Hub, token, arguments, orderBy string, vars hubtest.Variables) page {
	t.Helper()
	a := h.Do(token, l.query(arguments, orderBy), vars)
	if len(a.Errors) > 0 {
		t.Fatalf("%s of %s: %s", arguments, l.kind, a.Body)
	}
	return l.read(t, a.Data)
}
