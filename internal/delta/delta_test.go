package delta_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/appanage/appanage/internal/delta"
)

func read(text string) delta.Value { return parse([]byte(text)) }

// Deltas written by hand that do something else on another base, or that Diff would not write.
func TestApply(t *testing.T) {
	for _, c := range []struct{ base, d, want string }{
		// RFC 7396, appendix A.
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`["a","b"]`, `["c","d"]`, `["c","d"]`},
		{`{"a":"b"}`, `["c"]`, `["c"]`},
		{`{"a":"foo"}`, `null`, `null`},
		{`{"a":"foo"}`, `"bar"`, `"bar"`},
		{`{"e":null}`, `{"a":1}`, `{"e":null,"a":1}`},
		{`[1,2]`, `{"a":"b","c":null}`, `{"a":"b"}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
		// Ours.
		{`[1]`, `{}`, `[1]`},
		{`{"a":[1]}`, `{"a":{}}`, `{"a":{}}`},
		{`5`, `{"$delta":"merge","members":{}}`, `{}`},
		{`5`, `{"$delta":"merge","order":[{"member":"a","after":null}]}`, `5`},
		{`{"a":1,"b":2,"c":3}`, `{"$delta":"merge","order":[{"member":"a","after":"gone"},{"member":"gone","after":"a"}]}`, `{"b":2,"c":3,"a":1}`},
		{`{"a":1}`, `{"a":[{"$delta":"set"}]}`, `{"a":[{"$delta":"set"}]}`},
		{`{}`, `{"$delta":"set","value":{"$delta":"set","x":null}}`, `{"$delta":"set","x":null}`},
		{`{"l":5}`, `{"l":{"$delta":"list","remove":["a"],"change":{"b":{"x":1}},"place":[{"key":"c","after":null}]}}`, `{"l":5}`},
		{`{"l":[1]}`, `{"l":{"$delta":"list","place":[{"item":{"key":"a"},"after":"gone"}]}}`, `{"l":[{"key":"a"}]}`},
		{`{}`, `{"l":{"$delta":"list","remove":["a"]}}`, `{}`},
		{`[{"key":"a"},{"key":"b"}]`, `{"$delta":"list","place":[{"item":{"key":"a","x":null},"after":"b"}]}`, `[{"key":"b"},{"key":"a","x":null}]`},
		{`[{"key":"a"},{"key":"b"}]`, `{"$delta":"list","place":[{"item":{"key":"c"},"after":"d"},{"item":{"key":"d"},"after":null}]}`, `[{"key":"d"},{"key":"a"},{"key":"b"},{"key":"c"}]`},
		{`[{"key":"a"},{"key":"a"}]`, `{"$delta":"list","remove":["a"]}`, `[{"key":"a"},{"key":"a"}]`},
	} {
		same(t, c.d+" on "+c.base, applied(t, read(c.base), read(c.d)), read(c.want))
	}
}

func TestCheckRefuses(t *testing.T) {
	for d, pointer := range map[string]string{
		`{"$delta":5}`:                                                       "/$delta",
		`{"a":{"$delta":null}}`:                                              "/a/$delta",
		`{"a":{"b":{"$delta":"SET","value":1}}}`:                             "/a/b/$delta",
		`{"$delta":"set"}`:                                                   "",
		`{"$delta":"merge","members":5}`:                                     "/members",
		`{"$delta":"merge","order":{}}`:                                      "/order",
		`{"$delta":"merge","place":[]}`:                                      "/place",
		`{"$delta":"merge","members":{"a/b":{"$delta":"x"}}}`:                "/members/a~1b/$delta",
		`{"$delta":"merge","order":[5]}`:                                     "/order/0",
		`{"$delta":"merge","order":[{"member":"a"}]}`:                        "/order/0",
		`{"$delta":"merge","order":[{"member":"a","after":1}]}`:              "/order/0",
		`{"$delta":"merge","order":[{"member":"a","after":null,"item":{}}]}`: "/order/0/item",
		`{"$delta":"merge","order":[{"member":"a","after":null},{"member":"a","after":"b"}]}`: "/order/1/member",
		`{"$delta":"list","remove":[1]}`:                                                       "/remove/0",
		`{"$delta":"list","remove":["a","a"]}`:                                                 "/remove/1",
		`{"$delta":"list","remove":["a"],"change":{"a":{"x":1}}}`:                              "/change/a",
		`{"$delta":"list","remove":["a"],"place":[{"key":"a","after":null}]}`:                  "/place/0",
		`{"$delta":"list","change":{"a":null}}`:                                                "/change/a",
		`{"$delta":"list","change":{"a":{"$delta":"list"}}}`:                                   "/change/a",
		`{"$delta":"list","change":{"a":{"$delta":"merge","members":{"key":"b"}}}}`:            "/change/a",
		`{"$delta":"list","change":{"a":{"x":{"$delta":"?"}}}}`:                                "/change/a/x/$delta",
		`{"$delta":"list","change":{"a":{"x":1}},"place":[{"item":{"key":"a"},"after":null}]}`: "/place/0",
		`{"$delta":"list","place":[{"item":{"x":1},"after":null}]}`:                            "/place/0",
		`{"$delta":"list","place":[{"item":{"key":"a"},"key":"a","after":null}]}`:              "/place/0",
		`{"$delta":"list","place":[{"item":null,"after":null}]}`:                               "/place/0",
		`{"$delta":"list","add":[]}`:                                                           "/add",
	} {
		err := delta.Check(read(d))
		if e, ok := errors.AsType[*delta.Error](err); !ok || e.Pointer != pointer || !errors.Is(err, delta.ErrDirective) {
			t.Errorf("%s: %v, want an error at %q", d, err, pointer)
		}
		if _, err := delta.Apply(read(`{}`), read(d)); err == nil {
			t.Errorf("%s was applied", d)
		}
	}
	if err := delta.Check(delta.Value{}); err == nil {
		t.Error("no delta at all is a delta")
	}
}

// As few items move as can be: all but the longest rising sequence, found here the slow way.
func TestDiffMovesAsFewAsCanBe(t *testing.T) {
	for seed := range uint64(2_000) {
		rng := rand.New(rand.NewPCG(seed, 1))
		n := rng.IntN(9)
		order := rng.Perm(n)
		base, want := listOf(sorted(n)), listOf(order)
		moved, _ := delta.Diff(base, want).At("/place")
		if least := n - longestRising(order); moved.Len() != least {
			t.Fatalf("seed %d: to %v by %d moves, %d are enough", seed, order, moved.Len(), least)
		}
		ordered, _ := delta.Diff(objectOf(sorted(n)), objectOf(order)).At("/order")
		if ordered.Len() != moved.Len() {
			t.Fatalf("seed %d: to %v, members by %d moves, items by %d", seed, order, ordered.Len(), moved.Len())
		}
	}
}

func listOf(order []int) delta.Value {
	var b strings.Builder
	for i, k := range order {
		b.WriteString(strings.Repeat(",", min(i, 1)) + fmt.Sprintf(`{"key":"%d"}`, k))
	}
	return read("[" + b.String() + "]")
}

func objectOf(order []int) delta.Value {
	var b strings.Builder
	for i, k := range order {
		b.WriteString(strings.Repeat(",", min(i, 1)) + fmt.Sprintf(`"%d":0`, k))
	}
	return read("{" + b.String() + "}")
}

func sorted(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

func longestRising(list []int) (longest int) {
	for set := range 1 << len(list) {
		last, n := -1, 0
		for i, v := range list {
			if set>>i&1 == 1 {
				if v < last {
					n = -1
					break
				}
				last, n = v, n+1
			}
		}
		longest = max(longest, n)
	}
	return longest
}

// Large lists and objects, shuffled, are a matter of milliseconds; by a quadratic way this test would take minutes.
func TestManyItemsAndMembers(t *testing.T) {
	const n = 20_000
	order := rand.New(rand.NewPCG(1, 1)).Perm(n)
	document := func(order []int) delta.Value {
		var b strings.Builder
		for i, k := range order {
			fmt.Fprintf(&b, `,{"key":"k%d","n":%d}`, k, k+i/(n-1))
		}
		items := b.String()[1:]
		b.Reset()
		for _, k := range order {
			fmt.Fprintf(&b, `,"m%d":%d`, k, k)
		}
		return read(`{"items":[` + items + `],"members":{` + b.String()[1:] + `}}`)
	}
	base, want := document(sorted(n)), document(order)
	for _, pair := range [][2]delta.Value{{base, want}, {want, base}, {read(`{}`), want}, {want, read(`{"items":[],"members":{}}`)}} {
		d := delta.Diff(pair[0], pair[1])
		if got := applied(t, pair[0], d); !got.Equal(pair[1]) {
			t.Fatal("not what was wanted")
		}
		if c := delta.Conflicts(pair[0], pair[1], d); len(c) > 0 {
			t.Errorf("%d conflicts with oneself", len(c))
		}
	}
}

func TestConflicts(t *testing.T) {
	for _, c := range []struct{ seen, now, want, conflicts string }{
		{`{"a":1}`, `{"a":2}`, `{"a":3}`, `[{"pointer":"/a","base":1,"theirs":2,"ours":3}]`},
		{`{"a":1}`, `{"a":2}`, `{"a":2}`, `[]`},
		{`{"a":1,"b":1}`, `{"a":2,"b":1}`, `{"a":1,"b":2}`, `[]`},
		{`{"a":1}`, `{"a":1.0}`, `{"a":2}`, `[{"pointer":"/a","base":1,"theirs":1.0,"ours":2}]`},
		{`{"a":{"b":1}}`, `{}`, `{"a":{"b":2}}`, `[{"pointer":"/a","base":{"b":1},"ours":{"b":2}}]`},
		{`{"a":{"b":1}}`, `{"a":{"b":2}}`, `{}`, `[{"pointer":"/a","base":{"b":1},"theirs":{"b":2}}]`},
		{`{"a":1}`, `{}`, `{"a":null}`, `[{"pointer":"/a","base":1,"ours":null}]`},
		{`{"a":{"b":1}}`, `{"a":7}`, `{"a":{"b":2}}`, `[{"pointer":"/a","base":{"b":1},"theirs":7,"ours":{"b":2}}]`},
		{`{}`, `{"a":{"b":1,"c":1}}`, `{"a":{"b":2,"d":1}}`, `[{"pointer":"/a/b","theirs":1,"ours":2}]`},
		{`{"a":[1]}`, `{"a":[1,2]}`, `{"a":[0,1]}`, `[{"pointer":"/a","base":[1],"theirs":[1,2],"ours":[0,1]}]`},
		// Keyed lists.
		{`[{"key":"a","x":1}]`, `[{"key":"a","x":2}]`, `[{"key":"a","x":3}]`, `[{"pointer":"/a/x","base":1,"theirs":2,"ours":3}]`},
		{`[{"key":"a","x":1}]`, `[]`, `[{"key":"a","x":3}]`, `[{"pointer":"/a","base":{"key":"a","x":1},"ours":{"key":"a","x":3}}]`},
		{`[{"key":"a","x":1}]`, `[{"key":"a","x":2}]`, `[]`, `[{"pointer":"/a","base":{"key":"a","x":1},"theirs":{"key":"a","x":2}}]`},
		{`[{"key":"a"}]`, `[]`, `[]`, `[]`},
		{`[]`, `[{"key":"a","x":1}]`, `[{"key":"a","x":2}]`, `[{"pointer":"/a","theirs":{"key":"a","x":1},"ours":{"key":"a","x":2}}]`},
		{`[]`, `[{"key":"a","x":1}]`, `[{"key":"b"}]`, `[]`},
		{`[{"key":"a","x":1}]`, `7`, `[{"key":"a","x":2}]`, `[{"pointer":"","base":[{"key":"a","x":1}],"theirs":7,"ours":[{"key":"a","x":2}]}]`},
		{`[{"key":"a"}]`, `7`, `[{"key":"a"},{"key":"b"}]`, `[{"pointer":"","base":[{"key":"a"}],"theirs":7,"ours":[{"key":"b"}]}]`},
		// Order alone is none.
		{`{"a":1,"b":2,"c":3}`, `{"c":3,"a":1,"b":2}`, `{"b":2,"a":1,"c":3}`, `[]`},
		{`[{"key":"a"},{"key":"b"}]`, `[{"key":"b"},{"key":"a"},{"key":"c"}]`, `[{"key":"b"},{"key":"a"}]`, `[]`},
		{`{"a":{"b":1,"c":2}}`, `{"a":{"c":2,"b":1}}`, `{}`, `[]`},
	} {
		d := delta.Diff(read(c.seen), read(c.want))
		same(t, fmt.Sprintf("from %s, now %s, wanted %s: conflicts", c.seen, c.now, c.want), shown(delta.Conflicts(read(c.seen), read(c.now), d)), read(c.conflicts))
	}
	if c := delta.Conflicts(read(`1`), read(`2`), read(`{"$delta":"?"}`)); c != nil {
		t.Errorf("what is no delta conflicts: %v", c)
	}
}

// Unmet tells of what a document has otherwise than a delta would, also where nobody changed it.
func TestUnmet(t *testing.T) {
	base, document := read(`{"a":1,"l":[{"key":"x"}]}`), read(`{"a":1,"b":3,"l":[]}`)
	d := read(`{"a":2,"b":3,"l":{"$delta":"list","change":{"x":{"n":1}}}}`)
	same(t, "unmet", shown(delta.Unmet(base, document, d)),
		read(`[{"pointer":"/a","base":1,"theirs":1,"ours":2},{"pointer":"/l/x","base":{"key":"x"},"ours":{"key":"x","n":1}}]`))
}

func TestPointers(t *testing.T) {
	v := read(`{"a":[10,[20]],"items":[{"key":"1","n":"one"},{"key":"0","n":"two"},{"key":"a/b","n":{"":5}}],"~":{"":0}}`)
	for _, c := range []struct{ pointer, at, canonical string }{
		{"", v.String(), ""},
		{"/a/0", `10`, "/a/0"},
		{"/a/1/0", `20`, "/a/1/0"},
		{"/items/1/n", `"one"`, "/items/1/n"},  // the key before the index
		{"/items/2/n/", `5`, "/items/a~1b/n/"}, // the index where no item has that key
		{"/items/a~1b/n/", `5`, "/items/a~1b/n/"},
		{"/~0/", `0`, "/~0/"},
	} {
		at, ok := v.At(c.pointer)
		canonical, there := v.Canonical(c.pointer)
		if !ok || !there || at.String() != c.at || canonical != c.canonical {
			t.Errorf("at %q: %s (%v), canonically %q", c.pointer, at, ok, canonical)
		}
	}
	for _, pointer := range []string{"a", "/b", "/a/2", "/a/-1", "/a/-", "/a/00", "/a/+1", "/a/0/0", "/items/7", "/~", "/~2", "/items/a/b"} {
		if at, ok := v.At(pointer); ok {
			t.Errorf("at %q is %s", pointer, at)
		}
	}
}

// domain 9.7: the last state that changed something at or below a place; items keep their name when they move.
func TestLastChange(t *testing.T) {
	states := []delta.Value{
		read(`{"a":1,"l":[{"key":"0","n":1},{"key":"x","n":1}],"o":{"p":1}}`),
		read(`{"a":1,"l":[{"key":"y","n":1},{"key":"0","n":1},{"key":"x","n":2}],"o":{"p":1}}`),
		read(`{"a":2,"l":[{"key":"y","n":1},{"key":"x","n":2},{"key":"0","n":1}],"o":{"p":1,"q":1}}`),
	}
	got := map[string]int{}
	want := map[string]int{
		"": 2, "/a": 2, "/l/0": 0, "/l/0/n": 0, "/l/2/n": 0, "/l/x/n": 1, "/l/1": 1, "/l/y": 1, "/l/x/key": 0, "/o/p": 0, "/o": 2, "/l": 2, "/gone": -1, "no pointer": -1,
	}
	for pointer := range want {
		got[pointer] = delta.LastChange(states, pointer)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if i := delta.LastChange(nil, ""); i != -1 {
		t.Errorf("of no states: %d", i)
	}
}

// A delta is no deeper than Limits.ForDelta says.
func TestDeltasStayWithinTheirDepth(t *testing.T) {
	deep := func(leaf string) delta.Value {
		for i := range 8 {
			leaf = fmt.Sprintf(`[{"key":"k","$delta":%s},{"key":"%d"}]`, leaf, i)
		}
		return read(leaf)
	}
	d := delta.Diff(deep(`1`), deep(`null`))
	if _, err := delta.Parse(d.Append(nil), delta.Limits{Depth: 16}.ForDelta()); err != nil {
		t.Error(err)
	}
	if _, err := delta.Parse(d.Append(nil), delta.Limits{Depth: 16}); err == nil {
		t.Error("the case is too shallow")
	}
	if (delta.Limits{}).ForDelta() != (delta.Limits{}) {
		t.Error("a limit of documents without one")
	}
}
