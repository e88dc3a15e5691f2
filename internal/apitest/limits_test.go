package apitest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// silent asks something that must not reach the database: the caller is known from a request just before. A caller
// is forgotten within a second, so on a slow machine that takes another try.
func silent(t testing.TB, h *hubtest.Hub, token, query string, vars hubtest.Variables) hubtest.Answer {
	t.Helper()
	for try := 1; ; try++ {
		if token != "" && !works(t, h, token) {
			t.Fatal("the token does not work")
		}
		ctx, counter := store.WithCounter(t.Context())
		counter.KeepTexts()
		a := h.DoContext(ctx, token, query, vars)
		if counter.Statements() == 0 {
			return a
		}
		if try == 3 {
			t.Errorf("%d statements ran for %.200s\n%.500q", counter.Statements(), query, counter.Texts())
			return a
		}
	}
}

func repeat(n int, format string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(format, "%d", fmt.Sprint(i)))
	}
	return b.String()
}

// design 7: what an operation may ask for. One that asks for more is refused with a code, and no statement runs.
func TestLimitsOfAnOperation(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		ring := "fragment A on Client { ...B } fragment B on Client { ...C } fragment C on Client { id ...A }"
		for _, c := range []struct{ rule, query, code, limit string }{
			{"5,000 repeated fields", "{ viewer { client { " + repeat(5000, "code ") + "} } }", "TOO_LARGE", "tokens"},
			{"5,000 repeated arguments", "{ viewer { client { " + repeat(600, "users(first: 1) { totalCount } ") + "} } }", "TOO_LARGE", "tokens"},
			{"a depth bomb", "{ viewer { client { " + repeat(14, "manager { ") + "id" + repeat(14, " }") + "} } }", "TOO_LARGE", "depth"},
			{"a depth bomb of fragments", "{ viewer { client { ...F0 } } }" + chain(14), "TOO_LARGE", "depth"},
			{"a fragment ring", "{ viewer { client { ...A } } } " + ring, "VALIDATION", ""},
			{"a fragment of itself", "{ viewer { client { ...A } } } fragment A on Client { manager { ...A } }", "VALIDATION", ""},
			{"an alias flood", "{ viewer { client { " + repeat(31, "a%d: code ") + "} } }", "TOO_LARGE", "aliases"},
			{"many root fields", "{ " + repeat(31, "a%d: __typename ") + "}", "TOO_LARGE", "rootFields"},
			{"many sign-ins at once", "mutation { " + repeat(31, `a%d: sessionCreate(input: {identifier: "x", password: "y"}) { token } `) + "}", "TOO_LARGE", "rootFields"},
			{"many directives", "{ viewer { client { code " + repeat(51, "@include(if: true) ") + "} } }", "VALIDATION", ""},
			{"many directives, once each", "{ viewer { client { " + repeat(51, "... @include(if: true) { code } ") + "} } }", "TOO_LARGE", "directives"},
			{"a million objects", "{ clients(first: 100) { nodes { applications(first: 100) { nodes { properties(first: 100) { totalCount } } } } } }", "TOO_COSTLY", "nodes"},
			{"a million objects from the end", "{ clients(last: 100) { edges { node { applications(last: 100) { edges { node { properties(last: 100) { totalCount } } } } } } } }", "TOO_COSTLY", "nodes"},
			{"over-large pages count as the largest", "{ clients(first: 1000000000) { nodes { users(first: 1000000000) { nodes { sessions(first: 1000000000) { totalCount } } } } } }", "TOO_COSTLY", "nodes"},
			{"doubling fragments", "{ clients(first: 100) { nodes { ...F0 } } }" + doubling(12), "TOO_", ""},
			{"@defer", "{ viewer { client { ... @defer { code } } } }", "VALIDATION", ""},
			{"no syntax", "{ viewer { client ", "SYNTAX", ""},
			{"an unknown field", "{ viewer { password } }", "VALIDATION", ""},
			{"an unknown operation", "query A { viewer { user { id } } } query B { viewer { user { id } } }", "VALIDATION", ""},
			{"a subscription", "subscription { viewer { user { id } } }", "VALIDATION", ""},
			{"nothing", " ", "", ""},
		} {
			for _, token := range []string{e.paula, ""} {
				a := silent(t, h, token, c.query, nil)
				if a.Status != 400 || a.Data != nil || len(a.Errors) == 0 || !strings.HasPrefix(a.Errors[0].Code(), c.code) || a.Errors[0].Message == "" ||
					c.limit != "" && a.Errors[0].Extensions["limit"] != c.limit {
					t.Errorf("%s: %d %.500s", c.rule, a.Status, a.Body)
				}
			}
		}
		for rule, size := range map[string]int{"64 KiB of document": 64 << 10, "3 MiB of variables": 3 << 20} {
			vars := hubtest.Variables{}
			query := "{ viewer { user { id } } }"
			if size > 1<<20 {
				vars["x"] = strings.Repeat("x", size)
			} else {
				query += strings.Repeat(" ", size)
			}
			if a := silent(t, h, e.paula, query, vars); a.Status != 413 || a.Errors[0].Code() != "TOO_LARGE" || a.Data != nil {
				t.Errorf("%s: %d %.300s", rule, a.Status, a.Body)
			}
		}
		// what keeps the limits runs
		for _, query := range []string{
			"{ viewer { client { " + repeat(30, "a%d: code ") + "} } }", "{ " + repeat(30, "a%d: __typename ") + "}",
			"{ viewer { client { " + repeat(12, "manager { ") + "id" + repeat(12, " }") + "} } }",
			"{ clients(first: 100) { nodes { applications(first: 100) { nodes { properties(first: 48) { totalCount } } } } } }",
		} {
			if a := h.Do(e.paula, query, nil); a.Status != 200 || len(a.Errors) > 0 {
				t.Errorf("%.100s: %d %.300s", query, a.Status, a.Body)
			}
		}
	})
}

// chain of n fragments, each one level below the other, that begins with F0.
func chain(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " fragment F%d on Client { manager { ...F%d } }", i, i+1)
	}
	fmt.Fprintf(&b, " fragment F%d on Client { code }", n)
	return b.String()
}

// doubling is a chain whose fragments each spread the next one twice: some 60 lines that stand for millions.
func doubling(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " fragment F%d on Client { a: manager { ...F%d } b: manager { ...F%d } }", i, i+1, i+1)
	}
	fmt.Fprintf(&b, " fragment F%d on Client { users(first: 100) { totalCount } }", n)
	return b.String()
}

// design 7: rows really read are counted too: what stays below the cost, and reads more, is cut short.
func TestLimitOfRowsRead(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		list := make([]input, 100)
		for i := range list {
			list[i] = prop(fmt.Sprint("P", i), "v")
		}
		ids := make([]any, 25)
		for i := range ids {
			app := h.Application(e.p, fmt.Sprint("stocked-", i), "Stocked")
			e.succeeds(e.paula, "applicationPropertiesSet", input{"applicationId": app, "properties": list})
			ids[i] = app
		}
		for n, over := range map[int]bool{1: false, 28: true} {
			var lists strings.Builder // no two alike: what is selected twice need not be read twice
			for i := range n {
				fmt.Fprintf(&lists, "p%d: properties(first: %d, orderBy: { field: %s, direction: %s }) { nodes { name } } ",
					i, 100-i/4, []string{"NAME", "CREATED_AT"}[i%2], []string{"ASC", "DESC"}[i/2%2])
			}
			query := "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Application { " + lists.String() + "} } }"
			a := h.Do(e.paula, query, hubtest.Variables{"ids": ids})
			if a.Status != 200 || (len(a.Errors) > 0) != over {
				t.Errorf("%d rows: %d %.300s", n*2_500, a.Status, a.Body)
			}
			for _, err := range a.Errors {
				if err.Code() != "TOO_COSTLY" || len(err.Path) < 2 {
					t.Fatalf("%+v", err)
				}
			}
		}
	})
}

// design 5 and 7: lists of operations, and bodies that are no request.
func TestBodiesThatAreNoRequest(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		for body, code := range map[string]string{
			`[{"query":"{ viewer { user { id } } }"}]`: "VALIDATION", `{}`: "VALIDATION", `{"query":5}`: "VALIDATION", `{"query":"{ __typename }","variables":[]}`: "VALIDATION",
			``: "SYNTAX", `{`: "SYNTAX", `query=x`: "SYNTAX", `null`: "VALIDATION", `{"query":"{ __typename }","query":"{ __typename }"}`: "VALIDATION",
		} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", strings.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			h.Handler.ServeHTTP(w, r)
			if w.Code != 400 || !strings.Contains(w.Body.String(), `"code":"`+code+`"`) || strings.Contains(w.Body.String(), `"data"`) {
				t.Errorf("%s: %d %s", body, w.Code, w.Body)
			}
		}
	})
}
