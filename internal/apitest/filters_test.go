package apitest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// filters lists values for each condition of each kind's filter: such as find something, and such as do not.
func (w *portfolio) filters() map[string][]string {
	str := func(v any) string { return fmt.Sprintf("%q", v) }
	search := []string{`"sho"`, `"SHOP"`, `"\""`, `"\\"`, `"%"`, `"_"`, `"🦊"`, `"ünïcode FI"`, `"p\u2028AND"`, `"ZOË"`, `"متجر"`, `"no such"`, `"'; --"`, `"` + strings.Repeat("é", 128) + `"`, `null`}
	few := []string{search[0], search[3], search[4], search[11], search[13], "null"}
	clients := []string{str(w.p), str(w.children[0]), str(w.children[3]), str(w.s), str(oid.SystemClient), str(oid.New[oid.Client]()), "null"}
	apps := []string{str(w.apps[8]), str(w.apps[1]), str(w.shown), str(w.foreign[0]), str(oid.New[oid.Application]()), "null"}
	yesNo := []string{"true", "false", "null"}
	reach := []string{"MY_CLIENT", "MY_SCOPE", "null"}
	of := func(conditions map[string][]string) (filters []string) {
		for field, values := range conditions {
			for _, v := range values {
				filters = append(filters, "{"+field+": "+v+"}")
			}
		}
		return filters
	}
	return map[string][]string{
		"clients": append(of(map[string][]string{"search": append(search, `"c99"`, `"C9"`), "type": {"BUSINESS", "INDIVIDUAL", "SYSTEM", "null"}, "status": {"ACTIVE", "SUSPENDED"}, "managerId": clients, "within": reach}),
			`{search: "S", type: BUSINESS, status: ACTIVE, within: MY_CLIENT}`),
		"users": append(of(map[string][]string{"search": append(search, `"ＫＩ"`, `"USER1"`, `"@example"`, `"u4@"`), "status": {"ACTIVE", "INVITED", "SUSPENDED", "null"}, "clientId": clients, "within": reach}),
			`{search: "s", status: ACTIVE, within: MY_CLIENT}`),
		"roles": append(of(map[string][]string{"search": append(few, `"manager"`, `"ünïcode FI"`), "applicationId": apps, "clientId": clients, "builtIn": yesNo, "within": reach}),
			`{search: "s", builtIn: false, within: MY_CLIENT}`),
		"permissions": append(of(map[string][]string{"search": append(few, `"app8."`, `"_read"`, `"THING9"`), "applicationId": apps, "clientId": clients, "builtIn": yesNo, "within": reach}),
			`{search: "R", builtIn: true, within: MY_SCOPE}`),
		"packages": append(of(map[string][]string{"search": append(few, `"\""`, `"pkg-9"`, `"base"`), "applicationId": apps, "clientId": clients, "base": yesNo, "within": reach}),
			`{search: "s", base: false, within: MY_CLIENT}`),
		"applications": append(of(map[string][]string{"search": append(search, `"APP-3"`), "type": {"APP", "SITE"}, "status": {"ACTIVE", "ARCHIVED", "null"}, "accessType": {"OWN", "ANY", "EXPLICIT"}, "clientId": clients, "within": reach}),
			`{search: "s", type: APP, status: ACTIVE, accessType: OWN, within: MY_SCOPE}`, `{status: ARCHIVED, within: MY_CLIENT}`),
		// these have no list at the root
		"grants":      append(of(map[string][]string{"level": {"READ", "WRITE", "BARRED", "null"}, "applicationId": apps, "clientId": clients, "inForce": yesNo}), `{level: READ, inForce: true}`),
		"properties":  append(of(map[string][]string{"search": append(few, `"p_1"`), "applicationId": apps, "clientId": clients, "public": yesNo}), `{search: "p_2", public: true}`),
		"urls":        append(of(map[string][]string{"search": append(few, `"HOST5."`), "applicationId": apps, "clientId": clients, "status": {"PENDING", "PROVEN", "null"}}), `{search: "host3", status: PROVEN}`),
		"memberships": of(map[string][]string{"clientId": clients, "home": yesNo}),
		"sessions":    of(map[string][]string{"clientId": clients, "live": yesNo}),
	}
}

// above stands around the connections that are not at the root: each under several objects.
func (w *portfolio) above(field string) []string {
	client := []string{`client(code: "PARTNER")`, fmt.Sprintf(`client(id: %q)`, w.children[0])}
	switch field {
	case "grants", "properties", "urls":
		return append(client, fmt.Sprintf(`application(id: %q)`, w.apps[8]))
	case "memberships":
		return append(client, fmt.Sprintf(`node(id: %q) { ... on User`, w.user), fmt.Sprintf(`node(id: %q) { ... on Role`, w.roles[30]))
	case "sessions":
		return []string{fmt.Sprintf(`node(id: %q) { ... on User`, w.user), fmt.Sprintf(`node(id: %q) { ... on Membership`, id[oid.Membership](50))}
	}
	return []string{""}
}

// Each condition of each filter finds exactly what looking at every row finds, and counts it.
func filtersFindWhatANaiveFilterFinds(t *testing.T, h *hubtest.Hub, w *portfolio) {
	o := newOracle(t, h, w.who)
	for field, filters := range w.filters() {
		found, missed := 0, 0
		parents := w.above(field)
		slices.Sort(filters)
		for i, filter := range filters {
			o.cursors = newCursors() // {status: null} is the same list as none
			l := listing{parent: parents[i%len(parents)], field: field, filter: filter}
			p := l.read(t, o.agrees(t, w.token, l.query("first: 100", ""), nil).Data)
			if p.TotalCount > 0 {
				found++
			} else {
				missed++
			}
		}
		if found < 4 || missed < 1 {
			t.Errorf("the filters of %s find something %d times, nothing %d times: no good test", field, found, missed)
		}
	}
}

// A filter whose value cannot be meant is an error at its path, and nothing is listed.
func filtersRefuseWrongValues(t *testing.T, h *hubtest.Hub, w *portfolio) {
	long := `{search: "` + strings.Repeat("é", 129) + `"}`
	for _, c := range []struct{ field, filter, at string }{
		{"clients", `{search: ""}`, "search"}, {"clients", long, "search"}, {"users", long, "search"}, {"roles", long, "search"},
		{"clients", `{search: "   "}`, "search"}, {"clients", `{search: "\u2028"}`, "search"}, {"applications", `{search: "\t\u00a0"}`, "search"},
		{"permissions", long, "search"}, {"packages", long, "search"}, {"applications", long, "search"}, {"applications", `{search: ""}`, "search"},
		{"clients", fmt.Sprintf(`{managerId: %q}`, w.user), "managerId"}, {"clients", `{managerId: ""}`, "managerId"},
		{"users", fmt.Sprintf(`{clientId: %q}`, w.apps[0]), "clientId"}, {"roles", fmt.Sprintf(`{applicationId: %q}`, w.p), "applicationId"},
		{"roles", fmt.Sprintf(`{clientId: %q}`, strings.ToLower(string(w.p))), "clientId"}, {"permissions", `{applicationId: "x"}`, "applicationId"},
		{"packages", `{clientId: "1"}`, "clientId"}, {"applications", fmt.Sprintf(`{clientId: %q}`, w.roles[0]), "clientId"},
		{"grants", fmt.Sprintf(`{clientId: %q}`, w.user), "clientId"}, {"grants", `{applicationId: "app_"}`, "applicationId"},
		{"properties", `{applicationId: "-"}`, "applicationId"}, {"urls", `{clientId: "cli_01"}`, "clientId"}, {"urls", long, "search"},
		{"memberships", `{clientId: "é"}`, "clientId"}, {"sessions", `{clientId: "0"}`, "clientId"},
	} {
		l := listing{parent: w.above(c.field)[0], field: c.field, filter: c.filter}
		l.refused(t, h, w.token, "first: 5", "", nil, "filter "+c.at)
	}
	// all that is wrong is said at once
	a := h.Do(w.token, `{ applications(filter: {search: "", clientId: "x"}) { totalCount } }`, nil)
	if all, _ := a.Errors[0].Extensions["errors"].([]any); len(all) != 2 || !reflect.DeepEqual(a.Errors[0].Path, []any{"applications"}) {
		t.Errorf("%s", a.Body)
	}
	// a variable brings words in the wrong case past the executor
	for field, kind := range map[string]string{"applications": "Application", "clients": "Client", "users": "User"} {
		a := h.Do(w.token, "query($filter: "+kind+"Filter) { "+field+"(filter: $filter) { totalCount } }", hubtest.Variables{"filter": map[string]any{"status": "active"}})
		if len(a.Errors) != 1 || a.Errors[0].Code() != "INVALID" || fmt.Sprint(a.Errors[0].Extensions["input"]) != "[filter status]" {
			t.Errorf("%s: %s", field, a.Body)
		}
	}
	for _, filter := range []string{`{status: GONE}`, `{status: "ACTIVE"}`, `{search: 1}`, `{unknown: 1}`, `{clientId: true}`, `[{}, {}]`} {
		if a := h.Do(w.token, `{ applications(filter: `+filter+`) { totalCount } }`, nil); a.Status != 400 || a.Errors[0].Code() != "VALIDATION" {
			t.Errorf("%s: %d %s", filter, a.Status, a.Body)
		}
	}
}
