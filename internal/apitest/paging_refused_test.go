package apitest

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// refused asks for a page and expects one error: INVALID, at the connection, naming the argument; the connection null.
func (l listing) refused(t *testing.T, h *hubtest.Hub, token, arguments, order string, vars hubtest.Variables, argument string) {
	t.Helper()
	a := h.Do(token, l.query(arguments, order), vars)
	if a.Status != 200 || len(a.Errors) != 1 || a.Errors[0].Code() != "INVALID" || !reflect.DeepEqual(a.Errors[0].Path, l.path()) ||
		fmt.Sprint(a.Errors[0].Extensions["input"]) != "["+argument+"]" || a.Errors[0].Message == "" {
		t.Errorf("(%s, orderBy: %s) with %v: %d %s", arguments, order, vars, a.Status, a.Body)
		return
	}
	data := a.Data
	for _, step := range l.path() {
		var object map[string]json.RawMessage
		if err := json.Unmarshal(data, &object); err != nil {
			t.Fatal(err)
		}
		data = object[step.(string)]
	}
	if string(data) != "null" {
		t.Errorf("(%s): an error, and yet %s", arguments, data)
	}
}

// Relay: the size of a page is 0 to 100, from one end.
func badSizesAreRefused(t *testing.T, h *hubtest.Hub, w *portfolio) {
	for _, l := range w.listings() {
		for arguments, argument := range map[string]string{
			"first: 101": "first", "first: -1": "first", "first: 2147483647": "first", "first: -2147483648": "first",
			"last: 101": "last", "last: -1": "last", "first: 1, last: 1": "last", "first: 0, last: 0": "last",
		} {
			l.refused(t, h, w.token, arguments, "", nil, argument)
		}
		for _, arguments := range []string{"first: 1.5", `first: "1"`, "first: true", "first: [1]", "first: 1e1"} {
			if a := h.Do(w.token, l.query(arguments, ""), nil); a.Status != 400 || a.Errors[0].Code() != "VALIDATION" || a.Data != nil {
				t.Errorf("%s: %d %s", arguments, a.Status, a.Body)
			}
		}
		// null is no size
		if p := l.ask(t, h, w.token, "first: null, last: null, after: null, before: null", "", nil); len(p.Edges) == 0 || len(p.Edges) > 20 {
			t.Errorf("%s: a page of %d where nothing was asked", l.kind, len(p.Edges))
		}
	}
}

// Relay: what is no cursor of this very list, in this order and with this filter, is an error and never a first page.
func badCursorsAreRefused(t *testing.T, h *hubtest.Hub, w *portfolio) {
	byKind := map[string]string{}
	listings := w.listings()
	for _, l := range listings {
		byKind[l.kind] = l.ask(t, h, w.token, "first: 1", "", nil).Edges[0].Cursor
	}
	stranger := hubtest.Start(t, h.DB) // with keys of its own
	for i, l := range listings {
		orders := map[string]string{}
		for _, field := range l.orders {
			for _, direction := range []string{"ASC", "DESC"} {
				order := "{field: " + field + ", direction: " + direction + "}"
				orders[order] = l.ask(t, h, w.token, "first: 2", order, nil).Edges[1].Cursor
			}
		}
		order := "{field: CREATED_AT, direction: DESC}"
		own := orders[order]
		bad := l.damaged(own)
		bad["an id"] = string(w.p)
		bad["of another kind"] = byKind[listings[(i+1)%len(listings)].kind]
		bad["of a server with another key"] = l.ask(t, stranger, w.token, "first: 1", order, nil).Edges[0].Cursor
		bad["of a filtered list"] = l.ask(t, h, w.token, "first: 1, filter: "+otherFilters[l.kind], order, nil).Edges[0].Cursor
		for other, cursor := range orders {
			if other != order {
				bad["of the order "+other] = cursor
				l.refused(t, h, w.token, "after: $after", other, hubtest.Variables{"after": own}, "after")
			}
		}
		for n, what := range slices.Sorted(maps.Keys(bad)) {
			argument := []string{"after", "before"}[n%2]
			t.Run(l.kind+"/"+argument+" "+what, func(t *testing.T) {
				l.refused(t, h, w.token, argument+": $"+argument, order, hubtest.Variables{argument: bad[what]}, argument)
			})
		}
		// its own is good, from both sides, and on another node
		for _, node := range []*hubtest.Hub{h, h.Node()} {
			l.ask(t, node, w.token, "after: $after, before: $before", order, hubtest.Variables{"after": own, "before": own})
		}
		l.refused(t, h, w.token, "after: $after, filter: "+otherFilters[l.kind], "", hubtest.Variables{"after": byKind[l.kind]}, "after")
	}
}

// damaged is what becomes of a cursor on its way.
func (listing) damaged(own string) map[string]string {
	return map[string]string{
		"empty": "", "made up": "abc", "not base64": own + "*", "padded": own + "=", "torn": own[:len(own)-1], "torn in half": own[:len(own)/2],
		"one letter": own[:1], "longer": own + "AAAA", "twice": own + own, "spaced": " " + own, "zeros": strings.Repeat("A", len(own)),
		"changed at the start": flip(own, 0), "changed in the middle": flip(own, len(own)/2), "changed at the end": flip(own, len(own)-2),
	}
}

// otherFilters let something through that a cursor can be taken from.
var otherFilters = map[string]string{
	"Client": "{type: BUSINESS}", "User": "{search: \"s\"}", "Membership": "{home: true}", "Session": "{live: true}",
	"Permission": "{builtIn: false}", "Role": "{builtIn: false}", "Package": "{base: false}", "Application": "{accessType: OWN}",
	"AccessGrant": "{level: READ}", "ApplicationProperty": "{public: true}", "ClientUrl": "{status: PENDING}",
}

// flip changes one letter of a cursor.
func flip(cursor string, at int) string {
	letter := "A"
	if cursor[at] == 'A' {
		letter = "B"
	}
	return cursor[:at] + letter + cursor[at+1:]
}
