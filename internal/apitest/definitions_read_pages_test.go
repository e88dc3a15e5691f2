package apitest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// domain 9.2: the pages of `definitions`, there and back, by name and kind; cursors are bound to their list.
func TestDefinitionsInPages(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := newTower(t, h)
		app := w.chain("pages", 2, 3)
		var want []string
		for n, name := range []string{"About", "Zebra", "about", "item", "item", "items", "ärger", "日本"} {
			l := home(app, w.floors[1+n%3], `{"w":1}`)
			l.name, l.kind = name, []enum.DefinitionKind{enum.DefinitionPage, enum.DefinitionTheme}[n%2]
			w.write(l)
			want = append(want, name+" "+string(l.kind))
		}
		asleep := home(app, w.floors[2], `{"delta":1}`)
		asleep.name = "asleep"
		w.write(asleep)
		want = append(want, "home PAGE")
		slices.Sort(want)
		for name, on := range map[string]*hubtest.Hub{"planned": h, "reference": h.Node(func(o *hub.HTTP) { o.Reads = hub.Reference })} {
			for _, down := range []bool{false, true} {
				order, all := "orderBy: {field: NAME}", slices.Clone(want)
				if down {
					order = "orderBy: {field: NAME, direction: DESC}"
					slices.Reverse(all)
				}
				for _, backwards := range []bool{false, true} {
					if got := w.walk(on, app, order, backwards, 2, len(want)); !slices.Equal(got, all) {
						t.Errorf("%s, down %t, backwards %t:\ngot  %v\nwant %v", name, down, backwards, got, all)
					}
				}
			}
			for filter, want := range map[string]string{
				`{search: "item"}`: "item PAGE,item THEME,items THEME", `{search: "a"}`: "about PAGE", `{kind: THEME, search: "Z"}`: "Zebra THEME", `{search: "%"}`: "",
			} {
				if got := strings.Join(w.walk(on, app, "filter: "+filter, false, 2, -1), ","); got != want {
					t.Errorf("%s, %s: %s, want %s", name, filter, got, want)
				}
			}
			w.refusesPages(on, app)
		}
	})
}

// walk reads a list page by page, to its end or back to its beginning.
func (w *tower) walk(on *hubtest.Hub, app oid.Application, arguments string, backwards bool, size, total int) (names []string) {
	w.t.Helper()
	at := ""
	for range 20 {
		page := fmt.Sprintf("first: %d", size)
		if backwards {
			page = fmt.Sprintf("last: %d", size)
		}
		if at != "" {
			page += map[bool]string{false: ", after: ", true: ", before: "}[backwards] + fmt.Sprintf("%q", at)
		}
		var data struct {
			Definitions struct {
				TotalCount int
				Edges      []struct {
					Cursor string
					Node   struct{ Name, Kind string }
				}
				PageInfo struct {
					HasNextPage, HasPreviousPage bool
					StartCursor, EndCursor       *string
				}
			}
		}
		w.MustData(on.Do(w.tokens[w.floors[3]], fmt.Sprintf("{ definitions(applicationId: %q, %s, %s) { totalCount edges { cursor node { name kind } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }", app, arguments, page), nil), &data)
		d := data.Definitions
		var here []string
		for _, e := range d.Edges {
			here = append(here, e.Node.Name+" "+e.Node.Kind)
		}
		if total >= 0 && d.TotalCount != total {
			w.t.Errorf("%s: %d in all, want %d", arguments, d.TotalCount, total)
		}
		more, behind := d.PageInfo.HasNextPage, d.PageInfo.HasPreviousPage
		if names = append(names, here...); backwards {
			names = append(here, names[:len(names)-len(here)]...)
			more, behind = behind, more
		}
		if behind != (at != "") {
			w.t.Errorf("%s %s: something lies behind: %t", arguments, page, behind)
		}
		if !more {
			return names
		}
		if at = *d.PageInfo.EndCursor; backwards {
			at = *d.PageInfo.StartCursor
		}
	}
	w.t.Errorf("%s: no end", arguments)
	return names
}

// refusesPages sends arguments that are wrong.
func (w *tower) refusesPages(on *hubtest.Hub, app oid.Application) {
	w.t.Helper()
	token := w.tokens[w.floors[3]]
	var data struct {
		Definitions struct{ Edges []struct{ Cursor string } }
	}
	w.MustData(on.Do(token, fmt.Sprintf("{ definitions(applicationId: %q, first: 1) { edges { cursor } } }", app), nil), &data)
	cursor := data.Definitions.Edges[0].Cursor
	for what, arguments := range map[string]string{
		"another order's cursor":  fmt.Sprintf("after: %q, orderBy: {field: NAME, direction: DESC}", cursor),
		"another filter's cursor": fmt.Sprintf("after: %q, filter: {search: \"a\"}", cursor),
		"another client's cursor": fmt.Sprintf("after: %q, clientId: %q", cursor, w.floors[4]),
		"a torn cursor":           fmt.Sprintf("after: %q", cursor[:len(cursor)-3]),
		"too many":                "first: 101", "both ways": "first: 1, last: 1", "no text": `filter: {search: ""}`,
	} {
		a := on.Do(token, fmt.Sprintf("{ definitions(applicationId: %q, %s) { edges { cursor } } }", app, arguments), nil)
		if len(a.Errors) != 1 || a.Errors[0].Code() != "INVALID" {
			w.t.Errorf("%s: %s", what, a.Body)
		}
	}
}

// design 7: a page whose contents are over 16 MiB together is refused, and a smaller one is not; a definition counts for ten
// objects.
func TestDefinitionsAreBounded(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := newTower(t, h)
		app := h.Application(w.floors[1], "large", "App")
		for n := range 18 {
			l := home(app, w.floors[1], `{"w":"`+strings.Repeat("x", 1<<20-8)+`"}`)
			l.name = fmt.Sprint("page-", n)
			w.write(l)
		}
		const list = "query($app: ID!, $n: Int!) { definitions(applicationId: $app, first: $n) { nodes { content } } }"
		a := h.Do(w.tokens[w.floors[1]], list, hubtest.Variables{"app": app, "n": 18})
		if len(a.Errors) != 1 || a.Errors[0].Code() != "TOO_COSTLY" {
			t.Errorf("too much: %d %.300s", a.Status, a.Body)
		}
		a = h.Do(w.tokens[w.floors[1]], list, hubtest.Variables{"app": app, "n": 15})
		var sent struct {
			Extensions struct{ Cost struct{ Nodes int } }
		}
		if err := json.Unmarshal(a.Body, &sent); err != nil || len(a.Errors) > 0 || len(a.Body) < 15<<20 || sent.Extensions.Cost.Nodes != 150 {
			t.Errorf("as much as there may be: %d, %d bytes, %+v", a.Status, len(a.Body), sent)
		}
		a = h.Do(w.tokens[w.floors[1]], fmt.Sprintf("{ definition(applicationId: %q, kind: PAGE, name: \"none\") { name } }", app), nil)
		if err := json.Unmarshal(a.Body, &sent); err != nil || sent.Extensions.Cost.Nodes != 10 {
			t.Errorf("one: %+v %s", sent, a.Body)
		}
	})
}

// Reads that wait for each other would be slow: many at once give what one gives.
func TestDefinitionsReadAtOnce(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := newTower(t, h)
		app := w.chain("busy", 2, 3, 4)
		want := w.read(h, w.tokens[w.floors[4]], app, "home", "", shallow).content()
		got := make(chan string)
		there := h.Node()
		for range 8 {
			go func() {
				a := there.Do(w.tokens[w.floors[4]], fmt.Sprintf("{ definition(applicationId: %q, kind: PAGE, name: \"home\") { content } }", app), nil)
				got <- string(a.Data)
			}()
		}
		for range 8 {
			select {
			case s := <-got:
				if s != `{"definition":{"content":`+want+`}}` {
					t.Errorf("%s", s)
				}
			case <-time.After(time.Minute):
				t.Fatal("no answer")
			}
		}
	})
}
