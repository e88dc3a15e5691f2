package present

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/introspection"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/vektah/gqlparser/v2/ast"
	"pgregory.net/rapid"

	"github.com/appanage/appanage/internal/apperr"
)

func TestNodes(t *testing.T) {
	e := toyExecutor(DefaultLimits())
	for _, test := range []struct {
		query     string
		variables map[string]any
		want      count
	}{
		{query: "{ ping __typename }", want: 0},
		{query: "{ viewer { id } }", want: 1},
		{query: "{ viewer { owner { owner { id } } } }", want: 3},
		{query: "{ viewer { tags { name } } }", want: 2},
		{query: `{ nodes(ids: ["a", "b", "c"]) { id owner { id } } }`, want: 6},
		{query: `{ nodes(ids: "a") { id } }`, want: 1},
		{query: "query ($i: [ID!]!) { nodes(ids: $i) { id } }", variables: map[string]any{"i": []any{"a", "b"}}, want: 2},
		{query: "query ($i: [ID!]!) { nodes(ids: $i) { id } }", variables: map[string]any{"i": "a"}, want: 1},
		{query: "{ things { totalCount } }", want: 20},
		{query: "{ things { nodes { id } } }", want: 20},
		{query: "{ things { edges { cursor node { id } } pageInfo { hasNextPage } } }", want: 20},
		{query: "{ things(first: 10) { nodes { id } edges { node { id } } } }", want: 10},
		{query: "{ things(first: 10) { nodes { owner { id } } } }", want: 20},
		{query: "{ things(first: 10) { edges { node { owner { id } } by { id } } first { id } } }", want: 31},
		{query: "{ things(first: 10) { nodes { things(last: 5) { edges { node { owner { id } } } } } } }", want: 10 + 10*5*2},
		{query: "{ things(first: 3, last: 7) { totalCount } }", want: 7},
		{query: "{ things(first: null) { totalCount } }", want: 20},
		{query: "{ things(first: 0) { nodes { things { totalCount } } } }", want: 0},
		{query: "{ things(first: -5) { totalCount } }", want: 0},
		{query: "{ things(first: 2147483647) { totalCount } }", want: 100},
		{query: "{ things(first: 9000000000000000000) { totalCount } }", want: 100},
		{query: "{ five { totalCount } }", want: 5},
		{query: "query ($n: Int) { five(first: $n) { totalCount } }", want: 5},
		{query: "query ($n: Int) { five(first: $n) { totalCount } }", variables: map[string]any{"n": nil}, want: 20},
		{query: "query ($n: Int = 8) { things(first: $n) { totalCount } }", want: 8},
		{query: "query ($n: Int) { things(first: $n) { totalCount } }", variables: map[string]any{"n": json.Number("9")}, want: 9},
		{query: "query ($n: Int) { things(first: $n) { totalCount } }", variables: map[string]any{"n": "90"}, want: 90},
		{query: "query ($n: Int) { things(first: $n) { totalCount } }", variables: map[string]any{"n": 12.0}, want: 12},
		{query: "query ($n: Int) { things(first: $n) { totalCount } }", variables: map[string]any{"n": 13}, want: 13},
		{query: "{ viewer { ...f } } fragment f on Thing { things { ...c } } fragment c on ThingConnection { nodes { owner { id } } }", want: 41},
		{query: "{ viewer { id } ... @skip(if: true) { things { totalCount } } }", want: 1},
		{query: `mutation { secretSet(input: {name: "x"}) { id } }`, want: 1},
		{query: "{ __typename viewer { id } }", want: 1},
		{query: "{ __schema { types { name } } }", want: 2},
	} {
		response := run(context.Background(), e, test.query, test.variables)
		got, ok := response.Extensions["cost"].(cost)
		if !ok || got != (cost{test.want, 500_000}) {
			t.Errorf("%s %v: got %v, want %d: %s", test.query, test.variables, got, test.want, asJSON(t, response))
		}
	}
}

func TestCostIsShownOfWhatRan(t *testing.T) {
	e := toyExecutor(DefaultLimits(), guard(true))
	if got := asJSON(t, run(asNobody(), e, "{ node(id: 1) { id } }", nil).Extensions); got != `{"cost":{"nodes":1,"max":500000}}` {
		t.Errorf("got %s", got)
	}
	for _, query := range []string{"{ secret }", "{ nonsense }", "{" + strings.Repeat(" ping", 31) + "}"} {
		if response := run(asNobody(), e, query, nil); response.Extensions["cost"] != nil {
			t.Errorf("%s: %v", query, response.Extensions)
		}
	}
}

// nested is a query that nests fields so deep.
func nested(depth int) string {
	return "{ viewer { " + strings.Repeat("owner { ", depth-2) + "id" + strings.Repeat(" }", depth)
}

// bomb is a document of n fragments, each spreading the next one twice.
func bomb(n int, leaf string) string {
	var b strings.Builder
	b.WriteString("{ viewer { ...f0 } }")
	for i := range n {
		fmt.Fprintf(&b, " fragment f%d on Thing { ...f%d ...f%d }", i, i+1, i+1)
	}
	fmt.Fprintf(&b, " fragment f%d on Thing { %s }", n, leaf)
	return b.String()
}

func aliases(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " a%d: id", i)
	}
	return "{ viewer {" + b.String() + " } }"
}

func TestLimits(t *testing.T) {
	e := toyExecutor(DefaultLimits())
	for name, test := range map[string]struct {
		query string
		want  string // "CODE limit message"; "" when it runs
	}{
		"depth":         {nested(15), ""},
		"depth bomb":    {nested(16), "TOO_LARGE depth fields nest 16 deep; the limit is 15"},
		"deeper":        {nested(400), "TOO_LARGE depth fields nest 400 deep; the limit is 15"},
		"aliases":       {aliases(30), ""},
		"alias flood":   {aliases(31), "TOO_LARGE aliases 31 aliases; the limit is 30"},
		"root fields":   {"{" + strings.Repeat(" ping", 30) + "}", ""},
		"wide root":     {"{" + strings.Repeat(" ping", 31) + "}", "TOO_LARGE rootFields 31 root fields; the limit is 30"},
		"directives":    {"{ viewer {" + strings.Repeat(" id @include(if: true)", 50) + "} }", ""},
		"many of them":  {"{ viewer {" + strings.Repeat(" id @include(if: true)", 51) + "} }", "TOO_LARGE directives 51 directives; the limit is 50"},
		"fragment bomb": {bomb(60, "id"), ""},
		"alias bomb":    {bomb(60, "a: id"), "TOO_LARGE aliases more than 999999999999 aliases; the limit is 30"},
		"node bomb": {
			bomb(60, "owner { id }"), "TOO_COSTLY nodes the operation could return more than 999999999999 objects; " +
				"the limit is 500000: ask for smaller pages or fewer levels",
		},
		"pages of pages": {
			"{ things(first: 100) { nodes { things(first: 100) { nodes { things(first: 50) { totalCount } } } } } }",
			"TOO_COSTLY nodes the operation could return 510100 objects; " +
				"the limit is 500000: ask for smaller pages or fewer levels",
		},
		"pages of pages that fit": {
			"{ things(first: 100) { nodes { things(first: 100) { nodes { things(first: 48) { totalCount } } } } } }", "",
		},
		"overflow": {
			"{ things(first: 100) { ...a } } " +
				"fragment a on ThingConnection { nodes { things(first: 100) { nodes { things(first: 100) { ...b } } } } } " +
				"fragment b on ThingConnection { nodes { things(first: 100) { nodes { things(first: 100) { nodes { " +
				"things(first: 100) { nodes { things(first: 100) { totalCount } } } } } } } } }",
			"TOO_COSTLY nodes the operation could return more than 999999999999 objects; " +
				"the limit is 500000: ask for smaller pages or fewer levels",
		},
		"a ring of fragments": {
			"{ viewer { ...f } } fragment f on Thing { owner { ...g } } fragment g on Thing { owner { ...f } }",
			`VALIDATION  Cannot spread fragment "f" within itself via "g".`,
		},
		"introspection":          {introspection.Query, ""},
		"introspection too deep": {"{ __type(name: \"A\") {" + strings.Repeat(" ofType {", 19) + " name" + strings.Repeat(" }", 21), "TOO_LARGE depth fields nest 21 deep; the limit is 20"},
		"introspection and more": {"{ ping __type(name: \"A\") {" + strings.Repeat(" ofType {", 14) + " name" + strings.Repeat(" }", 16), "TOO_LARGE depth fields nest 16 deep; the limit is 15"},
		"a null condition":       {"query ($s: Boolean = true) { ping @skip(if: $s) }", "VALIDATION  the condition of @skip is null"},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			response := run(context.Background(), e, test.query, map[string]any{"s": nil})
			if took := time.Since(start); took > time.Second {
				t.Errorf("took %v", took)
			}
			got := ""
			if response.Data == nil {
				err := response.Errors[0]
				got = fmt.Sprint(CodeOf(err), " ", LimitOf(err), " ", err.Message)
			}
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestWhereALimitIsPassed(t *testing.T) {
	e := toyExecutor(DefaultLimits())
	deep := only(t, run(context.Background(), e, "{ ping\n ...f }\n fragment f on Query { viewer { things { nodes { owner { owner { "+
		"owner { owner { owner { owner { owner { owner { owner { owner { owner { owner {\n id } } } } } } } } } } } } } } } }", nil))
	if got := asJSON(t, deep.Locations); got != `[{"line":4,"column":2}]` {
		t.Errorf("depth: %s", got)
	}
	costly := only(t, run(context.Background(), e, "{ viewer { id }\n big: things(first: 100) { nodes { things(first: 100) "+
		"{ nodes { things(first: 100) { totalCount } } } } } }", nil))
	if got := asJSON(t, costly); !strings.Contains(got, `"path":["big"],"locations":[{"line":2,"column":2}]`) {
		t.Errorf("cost: %s", got)
	}
}

func TestTokens(t *testing.T) {
	e := toyExecutor(DefaultLimits())
	e.SetParserTokenLimit(DefaultLimits().Tokens)
	start := time.Now()
	err := only(t, run(context.Background(), e, "{"+strings.Repeat(" viewer { id }", 5_000)+"}", nil))
	if took := time.Since(start); took > time.Second {
		t.Errorf("took %v", took)
	}
	if CodeOf(err) != apperr.TooLarge || LimitOf(err) != "tokens" {
		t.Errorf("got %s", asJSON(t, err))
	}
}

func TestMeterIsLinear(t *testing.T) {
	document := bomb(200, "owner { id }")
	e := toyExecutor()
	ctx := graphql.StartOperationTrace(context.Background())
	operation, refused := e.CreateOperationContext(ctx, &graphql.RawParams{Query: document})
	if len(refused) > 0 {
		t.Fatal(refused)
	}
	allocations := testing.AllocsPerRun(10, func() { _ = DefaultLimits().MutateOperationContext(ctx, operation) })
	if allocations > 1_000 {
		t.Errorf("%v allocations for 200 fragments", allocations)
	}
}

// Measuring fragments once gives what measuring them at every spread gives.
func TestFragmentsMeasureAsTheirText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bodies := make([]string, rapid.IntRange(1, 6).Draw(t, "fragments"))
		inlined := make([]string, len(bodies))
		for i := range bodies {
			bodies[i], inlined[i] = selections(t, inlined[:i], 3)
		}
		top, topInlined := selections(t, inlined, 3)
		var fragments strings.Builder
		for i, body := range bodies {
			top += fmt.Sprintf("...f%d ", i) // a fragment nobody spreads is invalid
			topInlined += "... on Thing { " + inlined[i] + "} "
			fmt.Fprintf(&fragments, " fragment f%d on Thing { %s}", i, body)
		}
		once := measured(t, "{ viewer { "+top+" } }"+fragments.String())
		everywhere := measured(t, "{ viewer { "+topInlined+" } }")
		if diff := cmp.Diff(everywhere, once, cmp.AllowUnexported(measure{}), cmpopts.IgnoreTypes(&ast.Field{})); diff != "" {
			t.Errorf("%s\n%s\n%s", top, fragments.String(), diff)
		}
	})
}

// selections draws the selections of a Thing, with spreads of the fragments and with their text in place of them.
func selections(t *rapid.T, fragments []string, levels int) (spread, inlined string) {
	for range rapid.IntRange(1, 3).Draw(t, "selections") {
		a, b := "id ", "id "
		choice := rapid.IntRange(0, 5).Draw(t, "selection")
		switch {
		case choice == 1:
			a, b = "name @include(if: true) ", "name @include(if: true) "
		case choice == 2 && len(fragments) > 0:
			i := rapid.IntRange(0, len(fragments)-1).Draw(t, "fragment")
			a, b = fmt.Sprintf("...f%d ", i), "... on Thing { "+fragments[i]+"} "
		case choice == 3 && levels > 0:
			a, b = selections(t, fragments, levels-1)
			a, b = "owner { "+a+"} ", "owner { "+b+"} "
		case choice == 4 && levels > 0:
			a, b = selections(t, fragments, levels-1)
			a, b = "things { nodes { "+a+"} } ", "things { nodes { "+b+"} } "
		case choice == 5 && levels > 0:
			a, b = selections(t, fragments, levels-1)
			a, b = "things { edges { node { "+a+"} } } ", "things { edges { node { "+b+"} } } "
		}
		spread, inlined = spread+a, inlined+b
	}
	return spread, inlined
}

func measured(t *rapid.T, query string) measure {
	ctx := graphql.StartOperationTrace(context.Background())
	operation, refused := toyExecutor().CreateOperationContext(ctx, &graphql.RawParams{Query: query})
	if len(refused) > 0 {
		t.Fatalf("%s: %v", query, refused)
	}
	m := meter{limits: DefaultLimits(), fragments: map[*ast.FragmentDefinition]measure{}}
	return m.operation(operation.Operation)
}
