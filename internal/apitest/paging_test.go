package apitest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// Relay: a walk through a list, from either end and with pages of any size, meets each item exactly once and in
// order; both hasNextPage and hasPreviousPage are exact at the edges; totalCount does not depend on the page.
func walksMeetEachItemOnceInOrder(t *testing.T, h *hubtest.Hub, w *portfolio) {
	o := newOracle(t, h, w.who)
	for _, l := range w.listings() {
		for _, field := range l.orders {
			for _, direction := range []string{"ASC", "DESC"} {
				order := fmt.Sprintf("{field: %s, direction: %s}", field, direction)
				t.Run(l.kind+"/"+field+" "+direction, func(t *testing.T) {
					all := l.read(t, o.agrees(t, w.token, l.query("first: 100", order), nil).Data).ids()
					if len(all) < 5 || len(all) > 40 {
						t.Fatalf("%d rows make no good test", len(all))
					}
					if order == "{field: CREATED_AT, direction: ASC}" && !slices.Equal(l.ask(t, h, w.token, "first: 100", "", nil).ids(), all) {
						t.Error("without orderBy the order is not that of creation")
					}
					sizes := []int{3}
					if direction == "ASC" && field == l.orders[min(1, len(l.orders)-1)] { // by name, where there are ties
						sizes = []int{1, 3, 100}
					}
					for _, size := range sizes {
						l.walks(t, h, w.token, order, size, all)
					}
				})
			}
		}
	}
}

// walks goes through the list in pages from both ends.
func (l listing) walks(t *testing.T, h *hubtest.Hub, token, order string, size int, all []string) {
	t.Helper()
	var met []string
	for vars := (hubtest.Variables{}); ; {
		p := l.ask(t, h, token, fmt.Sprintf("first: %d, after: $after", size), order, vars)
		started := len(met) > 0
		met = append(met, p.ids()...)
		if p.TotalCount != len(all) || p.PageInfo.HasPreviousPage != started || p.PageInfo.HasNextPage != (len(met) < len(all)) {
			t.Fatalf("forwards by %d, after %d of %d items: %+v", size, len(met), len(all), p)
		}
		if !p.PageInfo.HasNextPage {
			break
		}
		vars["after"] = *p.PageInfo.EndCursor
	}
	if !slices.Equal(met, all) {
		t.Fatalf("forwards by %d:\ngot  %v\nwant %v", size, met, all)
	}
	met = nil
	for vars := (hubtest.Variables{}); ; {
		p := l.ask(t, h, token, fmt.Sprintf("last: %d, before: $before", size), order, vars)
		started := len(met) > 0
		met = append(p.ids(), met...)
		if p.TotalCount != len(all) || p.PageInfo.HasNextPage != started || p.PageInfo.HasPreviousPage != (len(met) < len(all)) {
			t.Fatalf("backwards by %d, after %d of %d items: %+v", size, len(met), len(all), p)
		}
		if !p.PageInfo.HasPreviousPage {
			break
		}
		vars["before"] = *p.PageInfo.StartCursor
	}
	if !slices.Equal(met, all) {
		t.Fatalf("backwards by %d:\ngot  %v\nwant %v", size, met, all)
	}
}

// Relay: the pages at and beyond the edges of a list.
func edgesOfLists(t *testing.T, h *hubtest.Hub, w *portfolio) {
	o := newOracle(t, h, w.who)
	for _, l := range w.listings() {
		field := l.orders[min(1, len(l.orders)-1)] // by name, where there are ties
		order := "{field: " + field + "}"
		t.Run(l.kind+"/"+field, func(t *testing.T) {
			all := l.read(t, o.agrees(t, w.token, l.query("first: 100", order), nil).Data)
			n := len(all.Edges)
			first, middle, end := all.Edges[0].Cursor, all.Edges[n/2].Cursor, all.Edges[n-1].Cursor
			for _, c := range []struct {
				arguments     string
				after, before string
			}{
				{"first: 0", "", ""}, {"last: 0", "", ""},
				{"first: 0, after: $after", middle, ""}, {"last: 0, before: $before", "", middle},
				{"first: 0, after: $after", end, ""}, {"last: 0, before: $before", "", first},
				{"first: 5, after: $after", end, ""}, {"last: 5, before: $before", "", first},
				{"last: 5, after: $after", end, ""}, {"first: 5, before: $before", "", first},
				{"first: 2, after: $after, before: $before", first, end}, {"last: 2, after: $after, before: $before", first, end},
				{"first: 99, after: $after, before: $before", first, end}, {"last: 99, after: $after, before: $before", first, end},
				{"first: 2, after: $after, before: $before", middle, middle}, {"last: 2, after: $after, before: $before", end, first},
				{fmt.Sprintf("first: %d", n), "", ""}, {fmt.Sprintf("last: %d", n), "", ""},
				{fmt.Sprintf("first: %d", n-1), "", ""}, {fmt.Sprintf("last: %d", n-1), "", ""},
				{"after: $after", middle, ""}, {"before: $before", "", middle},
			} {
				vars := hubtest.Variables{}
				if c.after != "" {
					vars["after"] = c.after
				}
				if c.before != "" {
					vars["before"] = c.before
				}
				p := l.read(t, o.agrees(t, w.token, l.query(c.arguments, order), vars).Data)
				if (p.PageInfo.StartCursor == nil) != (len(p.Edges) == 0) || (p.PageInfo.EndCursor == nil) != (len(p.Edges) == 0) || p.TotalCount != n {
					t.Errorf("%s: %+v", c.arguments, p)
				}
			}
		})
	}
}

// Relay: a cursor outlives the object it was taken from, and what is inserted or deleted between two pages makes no
// repeats and no gaps.
func cursorsOutliveChanges(t *testing.T, h *hubtest.Hub, w *portfolio) {
	for _, l := range w.listings() {
		for i, field := range l.orders {
			t.Run(l.kind+"/"+field, func(t *testing.T) {
				l.outlives(t, h.With(t), w, "{field: "+field+"}", 10_000*(i+1))
			})
		}
	}
}

// outlives takes the cursor of a row, deletes the row, and adds others before and after it. Each page is asked of
// another node, for one remembers a caller's scope for a moment.
func (l listing) outlives(t *testing.T, h *hubtest.Hub, w *portfolio, order string, n int) {
	o := newOracle(t, h, w.who)
	read := func(arguments string, vars hubtest.Variables) page {
		o.h = h.Node()
		return l.read(t, o.agrees(t, w.token, l.query(arguments, order), vars).Data)
	}
	tie := fmt.Sprint("MID", n) // new for each order, where keys are unique
	inOne(t, h, func(x *writer) { l.add(x, n+50, tie) })
	before := read("first: 100", nil)
	var cursor string
	for _, e := range before.Edges {
		if strings.HasSuffix(e.Node.ID, fmt.Sprintf("%07d", n+50)) {
			cursor = e.Cursor
			inOne(t, h, func(x *writer) {
				if l.kind == "Client" {
					x.delete("client_paths", "descendant_id", e.Node.ID)
				}
				x.delete(o.kinds[l.kind].table, "id", e.Node.ID)
			})
		}
	}
	inOne(t, h, func(x *writer) {
		l.add(x, n+40, tie) // just before the cursor, for its id
		l.add(x, n+60, tie) // just after it
		l.add(x, n+10, fmt.Sprint("AAA", n))
		l.add(x, n+90, fmt.Sprint("ZZZ", n))
	})
	after := read("first: 100, after: $after", hubtest.Variables{"after": cursor}).ids()
	until := read("last: 100, before: $before", hubtest.Variables{"before": cursor}).ids()
	all := read("first: 100", nil).ids()
	if !slices.Equal(slices.Concat(until, after), all) || len(all) != len(before.Edges)+3 || len(after) == 0 || len(until) == 0 {
		t.Errorf("before the cursor %v\nafter it %v\nin all %v", until, after, all)
	}
}

// Every part of a connection can be asked for under several names at once.
func partsUnderSeveralNames(t *testing.T, h *hubtest.Hub, w *portfolio) {
	o := newOracle(t, h, w.who)
	const parts = `{ a: totalCount b: totalCount e: edges { c: cursor n: node { id } } f: edges { node { i: id } } g: nodes { id } nodes { id }
		p: pageInfo { m: hasNextPage n: hasNextPage o: hasPreviousPage hasPreviousPage s: startCursor endCursor } q: pageInfo { hasNextPage hasPreviousPage } }`
	for _, l := range []string{`client(code: "PARTNER") { packages(last: 2) ` + parts + ` }`, `packages(first: 2) ` + parts,
		`node(id: "` + string(id[oid.Package](0)) + `") { ... on Package { clients(last: 1) ` + parts + ` } }`} {
		o.agrees(t, w.token, "{ "+l+" }", nil)
	}
}
