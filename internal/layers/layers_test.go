package layers_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/appanage/appanage/internal/delta"
	"github.com/appanage/appanage/internal/layers"
	"github.com/appanage/appanage/internal/oid"
)

func read(text string) delta.Value { return parse([]byte(text)) }

// domain 9.3: the owner, then a client that the URL belongs to, then those on the path that may write today, farthest first.
func TestChain(t *testing.T) {
	path := []oid.Client{"system", "manager", "client"}
	for _, c := range []struct {
		owner oid.Client
		write string
		url   oid.Client
		want  string
	}{
		{"owner", "manager client", "", "owner manager client"},
		{"owner", "client", "", "owner client"},
		{"owner", "", "", "owner"},
		{"manager", "system client", "", "manager system client"},
		{"client", "manager client", "", "client manager"},
		{"owner", "client shop", "shop", "owner shop client"},
		{"owner", "client", "shop", "owner client"},                    // the URL's client may not write
		{"owner", "manager client", "manager", "owner manager client"}, // it has its place on the path
		{"owner", "client", "manager", "owner client"},
		{"owner", "client owner", "owner", "owner client"},
	} {
		write := func(client oid.Client) bool { return strings.Contains(" "+c.write+" ", " "+string(client)+" ") }
		got := fmt.Sprint(layers.Chain(c.owner, path, write, c.url))
		if got != "["+c.want+"]" {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

func layer(client oid.Client, content string) layers.Layer {
	return layers.Layer{Client: client, Content: read(content)}
}

func whole(client oid.Client, content string) layers.Layer {
	l := layer(client, content)
	l.Whole = true
	return l
}

func final(l layers.Layer) layers.Layer {
	l.Final = true
	return l
}

// domain 9.2, 9.4, 9.6: what is in force, what sleeps and why.
func TestFold(t *testing.T) {
	for _, c := range []struct {
		name              string
		chain             []layers.Layer
		content           string
		inForce, sleeping string
	}{
		{"no layer", nil, "", "", ""},
		{"the owner alone", []layers.Layer{whole("o", `{"a":1}`)}, `{"a":1}`, "o", ""},
		{"two deltas", []layers.Layer{whole("o", `{"a":1}`), layer("m", `{"a":2,"b":1}`), layer("c", `{"b":null}`)}, `{"a":2}`, "o m c", ""},
		{"nothing below", []layers.Layer{layer("m", `{"a":2}`), whole("c", `{"b":1}`), layer("d", `{"c":1}`)}, `{"b":1,"c":1}`, "c d", "m:NOTHING_BELOW"},
		{"only deltas", []layers.Layer{layer("m", `{"a":2}`)}, "", "", "m:NOTHING_BELOW"},
		{"above a final one", []layers.Layer{whole("o", `{"a":1}`), final(layer("m", `{"a":2}`)), layer("c", `{"a":3}`), whole("d", `{}`)}, `{"a":2}`, "o m", "c:FINAL d:FINAL"},
		{"a final one that sleeps", []layers.Layer{final(layer("m", `{"a":2}`)), whole("c", `{"b":1}`)}, `{"b":1}`, "c", "m:NOTHING_BELOW"},
		{"a whole object over another", []layers.Layer{whole("o", `{"a":1}`), whole("c", `{"b":1}`)}, `{"b":1}`, "o c", ""},
		{"broken", []layers.Layer{whole("o", `{"a":1}`), layer("m", `{"$delta":"?"}`), {Client: "n"}, layer("c", `{"b":1}`)}, `{"a":1,"b":1}`, "o c", "m:BROKEN n:BROKEN"},
		{"the empty delta", []layers.Layer{whole("o", `{"a":1}`), layer("m", `{}`)}, `{"a":1}`, "o m", ""},
	} {
		resolved, ok := layers.Fold(c.chain)
		var inForce, sleeping []string
		for _, l := range resolved.InForce {
			inForce = append(inForce, string(l.Client))
		}
		for _, s := range resolved.Asleep {
			sleeping = append(sleeping, fmt.Sprintf("%s:%s", s.Layer.Client, s.Reason))
		}
		got := []string{resolved.Content.String(), strings.Join(inForce, " "), strings.Join(sleeping, " "), fmt.Sprint(ok, len(resolved.States))}
		want := []string{c.content, c.inForce, c.sleeping, fmt.Sprint(c.inForce != "", len(inForce))}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

// domain 9.7: for any path, which layer supplied it.
func TestProvenance(t *testing.T) {
	resolved, _ := layers.Fold([]layers.Layer{
		whole("owner", `{"a":1,"b":1,"items":[{"key":"x","n":1},{"key":"y","n":1}]}`),
		layer("manager", `{"b":2,"items":{"$delta":"list","change":{"x":{"n":2}},"place":[{"key":"y","after":null}]}}`),
		layer("client", `{"c":{"d":3}}`),
	})
	over, _ := layers.Fold([]layers.Layer{whole("owner", `{"a":1}`), whole("manager", `{"a":1,"b":1}`), layer("client", `{"b":2}`)})
	for _, c := range []struct {
		resolved layers.Resolved
		want     map[string]oid.Client
	}{
		{resolved, map[string]oid.Client{
			"/a": "owner", "/b": "manager", "/c": "client", "/c/d": "client", "": "client", "/items": "manager", "/items/x": "manager",
			"/items/x/n": "manager", "/items/1/n": "manager", "/items/y": "owner", "/items/0/n": "owner", "/gone": "", "bad": "",
		}},
		{over, map[string]oid.Client{"/a": "manager", "/b": "client", "/c": ""}},
	} {
		for pointer, want := range c.want {
			if l, ok := c.resolved.Provenance(pointer); l.Client != want || ok != (want != "") {
				t.Errorf("%q is of %q (%v), not %q", pointer, l.Client, ok, want)
			}
		}
	}
	if _, ok := (layers.Resolved{}).Provenance(""); ok {
		t.Error("something was supplied by nobody")
	}
}

// domain 9.2, 9.5: saves, and what others did meanwhile.
func TestSave(t *testing.T) {
	owner := read(`{"title":"A","help":"h","l":[{"key":"x","n":1}]}`)
	for _, c := range []struct {
		name      string
		edit      layers.Edit
		whole     bool
		layer     string
		result    string
		conflicts string
	}{
		{"the first object", layers.Edit{Want: read(`{"a":1}`)}, true, `{"a":1}`, `{"a":1}`, ``},
		{"the first overlay", layers.Edit{SeenBase: owner, NowBase: owner, Want: read(`{"title":"B","help":"h","l":[{"key":"x","n":1}]}`)},
			false, `{"title":"B"}`, `{"title":"B","help":"h","l":[{"key":"x","n":1}]}`, ``},
		{"the owner, alone", layers.Edit{SeenOwn: whole("o", `{"a":1}`), NowOwn: whole("o", `{"a":1}`), Want: read(`{"a":2}`)}, true, `{"a":2}`, `{"a":2}`, ``},
		{"two editors of the owner", layers.Edit{SeenOwn: whole("o", `{"a":1,"b":1}`), NowOwn: whole("o", `{"a":2,"b":1}`), Want: read(`{"a":1,"b":2}`)},
			true, `{"a":2,"b":2}`, `{"a":2,"b":2}`, ``},
		{"and in conflict", layers.Edit{SeenOwn: whole("o", `{"a":1,"b":1}`), NowOwn: whole("o", `{"a":2,"b":1}`), Want: read(`{"a":3,"b":1}`)},
			true, `{"a":3,"b":1}`, `{"a":3,"b":1}`, `/a 1 2 3`},
		{"the owner published meanwhile", layers.Edit{SeenBase: owner, NowBase: read(`{"title":"A2","help":"h2"}`), Want: read(`{"title":"B","help":"h","l":[{"key":"x","n":1}]}`)},
			false, `{"title":"B"}`, `{"title":"B","help":"h2"}`, `/title "A" "A2" "B"`},
		{"two editors of an overlay", layers.Edit{
			SeenBase: owner, NowBase: owner, NowOwn: layer("c", `{"title":"B","l":{"$delta":"list","change":{"x":{"n":2}}}}`), OwnBase: owner,
			Want: read(`{"title":"C","help":"H","l":[{"key":"x","n":1}]}`)},
			false, `{"title":"C","help":"H","l":{"$delta":"list","change":{"x":{"n":2}}}}`, `{"title":"C","help":"H","l":[{"key":"x","n":2}]}`, `/title "A" "B" "C"`},
		{"back to what the base had", layers.Edit{SeenBase: read(`{"a":1}`), NowBase: read(`{"a":5}`), SeenOwn: layer("c", `{"a":2}`), NowOwn: layer("c", `{"a":2}`), OwnBase: read(`{"a":1}`),
			Want: read(`{"a":1}`)}, false, `{}`, `{"a":5}`, `/a 2 5 1`},
		{"the owner brings one of that name", layers.Edit{NowBase: read(`{"a":1}`), SeenOwn: whole("c", `{"b":1}`), NowOwn: whole("c", `{"b":1}`), Want: read(`{"b":2}`)},
			true, `{"b":2}`, `{"b":2}`, ` - {"a":1} {"b":2}`},
		{"and it is seen", layers.Edit{SeenBase: read(`{"a":1}`), NowBase: read(`{"a":1}`), SeenOwn: whole("c", `{"b":1}`), NowOwn: whole("c", `{"b":1}`), Want: read(`{"b":2}`)},
			false, `{"a":null,"b":2}`, `{"b":2}`, ``},
		{"what was below is gone", layers.Edit{SeenBase: read(`{"a":1}`), Want: read(`{"a":1,"b":2}`)}, true, `{"a":1,"b":2}`, `{"a":1,"b":2}`, ` {"a":1} - {"a":1,"b":2}`},
		{"the object was deleted meanwhile", layers.Edit{SeenOwn: whole("o", `{"a":1,"b":1}`), Want: read(`{"a":1,"b":2}`)}, true, `{"a":1,"b":2}`, `{"a":1,"b":2}`, ` {"a":1,"b":1} - {"a":1,"b":2}`},
		{"the other editor had seen more", layers.Edit{SeenBase: read(`{"a":1}`), NowBase: read(`{"a":1,"x":1}`), NowOwn: layer("c", `{"x":null}`), OwnBase: read(`{"a":1,"x":1}`),
			Want: read(`{"a":2}`)}, false, `{"a":2,"x":null}`, `{"a":2}`, ``},
	} {
		s := layers.Save(c.edit)
		var conflicts []string
		for _, one := range s.Conflicts() {
			text := one.Pointer
			for _, side := range []delta.Value{one.Base, one.Theirs, one.Ours} {
				if text += " " + side.String(); !side.Present() {
					text += "-"
				}
			}
			conflicts = append(conflicts, text)
		}
		got := []string{fmt.Sprint(s.Layer.Whole), s.Layer.Content.String(), s.Result.String(), strings.Join(conflicts, "; ")}
		if diff := cmp.Diff([]string{fmt.Sprint(c.whole), c.layer, c.result, c.conflicts}, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

// A definition of 100 KB with five layers (the fold alone: reading the JSON is BenchmarkParse of package delta).
func BenchmarkFold(b *testing.B) {
	chain := large()
	b.ResetTimer()
	for b.Loop() {
		if r, ok := layers.Fold(chain); !ok || len(r.InForce) != 5 {
			b.Fatal("not resolved")
		}
	}
}

// large is a page of some 100 KB, and four overlays that each change, add, move and remove some of it.
func large() []layers.Layer {
	var b strings.Builder
	for i := range 500 {
		fmt.Fprintf(&b, `,{"key":"field%d","type":"text","label":{"en":"Field number %d","de":"Feld Nummer %d"},"style":{"width":%d,"color":"#ccc","bold":true},"rules":[1,2,3],"help":"What to enter here is said at length."}`, i, i, i, i)
	}
	chain := []layers.Layer{whole("owner", `{"title":"A page","fields":[`+b.String()[1:]+`]}`)}
	for n := range 4 {
		b.Reset()
		for i := n; i < 500; i += 25 {
			fmt.Fprintf(&b, `,"field%d":{"label":{"de":"Anders %d"},"style":{"bold":null}}`, i, n)
		}
		chain = append(chain, layer(oid.Client(fmt.Sprint("partner ", n)), fmt.Sprintf(
			`{"title":"Page %d","fields":{"$delta":"list","remove":["field%d"],"change":{%s},"place":[{"key":"field%d","after":null},{"item":{"key":"own%d","type":"text"},"after":"field%d"}]}}`,
			n, 499-n, b.String()[1:], 100+n, n, 200+n)))
	}
	return chain
}
