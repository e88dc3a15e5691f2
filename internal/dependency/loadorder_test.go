package dependency

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

// graphOf reads edges: "a>b c!" says that a depends on b, and on c, where it is broken.
func graphOf(lines ...string) map[oid.Application][]Edge {
	edges := map[oid.Application][]Edge{}
	for _, line := range lines {
		from, all, _ := strings.Cut(line, ">")
		for _, to := range strings.Fields(all) {
			on, broken := strings.CutSuffix(to, "!")
			state := enum.DependencyReady
			if broken {
				state = enum.DependencyNoConsent
			}
			edges[oid.Application(from)] = append(edges[oid.Application(from)], Edge{oid.Application(on), state})
		}
	}
	return edges
}

// show writes a load order: each with its depth, and a ! where it is broken.
func show(list []Loaded) string {
	var words []string
	for _, l := range list {
		word := fmt.Sprint(l.Application, l.Depth)
		if l.State != enum.DependencyReady {
			word += "!"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// domain 8.2: depth first, in stored order, each once; what is broken is listed and not looked into.
func TestOrder(t *testing.T) {
	for name, c := range map[string]struct {
		edges []string
		want  string
	}{
		"nothing":                     {nil, ""},
		"a chain":                     {[]string{"a>b", "b>c", "c>d"}, "b1 c2 d3"},
		"stored order, not names":     {[]string{"a>z b", "z>y"}, "z1 y2 b1"},
		"depth first":                 {[]string{"a>b c", "b>d e", "c>f"}, "b1 d2 e2 c1 f2"},
		"a diamond":                   {[]string{"a>b c", "b>d", "c>d", "d>e"}, "b1 d2 e3 c1"},
		"a diamond's lower corner":    {[]string{"a>b d", "b>d"}, "b1 d1"},
		"broken at once":              {[]string{"a>b! c", "b>d"}, "b1! c1"},
		"broken farther down":         {[]string{"a>b", "b>c! e", "c>d"}, "b1 c2! e2"},
		"broken here, working there":  {[]string{"a>b c", "b>d!", "c>d", "d>e"}, "b1 c1 d2 e3"},
		"broken first, working later": {[]string{"a>d! b", "b>d", "d>e"}, "b1 d2 e3"},
		"broken twice":                {[]string{"a>b c", "b>d!", "c>d!"}, "b1 d2! c1"},
		"only behind what is broken":  {[]string{"a>b!", "b>c", "c>d"}, "b1!"},
		"a circle, which cannot be":   {[]string{"a>b", "b>c", "c>a b"}, "b1 c2"},
	} {
		if got := show(Order("a", graphOf(c.edges...))); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// domain 8.2: as deep, and as wide, as there are applications.
func TestOrderIsAsDeepAsItNeedsToBe(t *testing.T) {
	deep, wide := map[oid.Application][]Edge{}, map[oid.Application][]Edge{}
	const n = 100_000
	for i := range n {
		at, below := oid.Application(fmt.Sprint(i)), oid.Application(fmt.Sprint(i+1))
		deep[at] = []Edge{{below, enum.DependencyReady}}
		wide["0"] = append(wide["0"], Edge{below, enum.DependencyReady})
	}
	for name, c := range map[string]struct {
		edges map[oid.Application][]Edge
		last  int
	}{"deep": {deep, n}, "wide": {wide, 1}} {
		list := Order("0", c.edges)
		if len(list) != n || list[n-1].Depth != c.last || list[n-1].Application != oid.Application(fmt.Sprint(n)) {
			t.Errorf("%s: %d, the last of them %+v", name, len(list), list[len(list)-1])
		}
	}
}

// domain 8.2: the order is that of the plainest walk: over the working edges by calls, with what is broken put in where
// nothing else leads to it.
func TestOrderAgainstAPlainWalk(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		edges := drawn(t)
		if got, want := show(Order("0", edges)), show(plainOrder("0", edges)); got != want {
			t.Fatalf("%v\ngot  %s\nwant %s", edges, got, want)
		}
	})
}

// drawn is a graph of a few applications whose edges lead to later ones.
func drawn(t *rapid.T) map[oid.Application][]Edge {
	edges := map[oid.Application][]Edge{}
	const n = 7
	for i := range n {
		var targets []int
		for to := i + 1; to < n; to++ {
			targets = append(targets, to)
		}
		if len(targets) == 0 {
			continue
		}
		for _, to := range rapid.Permutation(targets).Draw(t, "targets")[:rapid.IntRange(0, len(targets)).Draw(t, "edges")] {
			state := rapid.SampledFrom([]enum.DependencyState{enum.DependencyReady, enum.DependencyReady, enum.DependencyNoAccess}).Draw(t, "state")
			at := oid.Application(fmt.Sprint(i))
			edges[at] = append(edges[at], Edge{oid.Application(fmt.Sprint(to)), state})
		}
	}
	return edges
}

// plainOrder tries every way there is.
func plainOrder(of oid.Application, edges map[oid.Application][]Edge) []Loaded {
	depth, works := map[oid.Application]int{}, map[oid.Application]bool{}
	var ways func(at oid.Application, n int)
	ways = func(at oid.Application, n int) {
		for _, e := range edges[at] {
			ready := e.State == enum.DependencyReady
			if d, known := depth[e.On]; ready == works[e.On] && (!known || n < d) || ready && !works[e.On] {
				depth[e.On] = n
			}
			works[e.On] = works[e.On] || ready
			if ready {
				ways(e.On, n+1)
			}
		}
	}
	ways(of, 1)
	var list []Loaded
	listed := map[oid.Application]bool{}
	var walk func(at oid.Application)
	walk = func(at oid.Application) {
		for _, e := range edges[at] {
			ready := e.State == enum.DependencyReady
			if listed[e.On] || works[e.On] != ready {
				continue
			}
			listed[e.On] = true
			list = append(list, Loaded{e.On, depth[e.On], e.State})
			if ready {
				walk(e.On)
			}
		}
	}
	walk(of)
	return list
}

// domain 8.1: what the facts read by SQL stand for, all of them.
func TestStateOf(t *testing.T) {
	for facts := range allFacts {
		e := authz.Embedding{
			Archived: facts&archived != 0, SameOwner: facts&sameOwner != 0, Reads: facts&reads != 0, Any: facts&open != 0, Marked: facts&marked != 0,
		}
		want := enum.DependencyReady
		switch {
		case e.Archived:
			want = enum.DependencyArchived
		case e.SameOwner:
		case !e.Reads:
			want = enum.DependencyNoAccess
		case !e.Any && !e.Marked:
			want = enum.DependencyNoConsent
		}
		if got := StateOf(facts); got != want {
			t.Errorf("%+v is %s, want %s", e, got, want)
		}
	}
	if got := ready(); got != "(2, 6, 10, 12, 14, 18, 20, 22, 26, 28, 30)" {
		t.Errorf("ready are %s", got)
	}
}

// domain 0, 8.2: of a circle, applications that the caller does not see are counted, not named.
func TestWords(t *testing.T) {
	codes := map[oid.Application]string{"a": "shop", "d": "blog"}
	for way, want := range map[string]string{
		"a a":     "shop > shop",
		"a b a":   "shop > an application you cannot see > shop",
		"a b c d": "shop > 2 applications you cannot see > blog",
		"b c e":   "3 applications you cannot see",
		"a b d c": "shop > an application you cannot see > blog > an application you cannot see",
	} {
		var ids []oid.Application
		for _, id := range strings.Fields(way) {
			ids = append(ids, oid.Application(id))
		}
		if got := strings.Join(words(ids, codes), " > "); got != want {
			t.Errorf("%s: %s, want %s", way, got, want)
		}
	}
}
