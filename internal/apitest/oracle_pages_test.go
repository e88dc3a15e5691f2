package apitest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
)

// list is what a connection's arguments make of one parent's rows.
type list struct {
	typ      string
	column   string // of the order
	key      string // names kind, order and filter: what cursors are bound to
	rows     []row  // all of it
	from, to int    // the page
	cut      bool   // whether the window went on beyond the page
	backward bool
}

// connection reads all rows that belong to the parent in the list's order, filters them by looking at each, and cuts.
func (o *oracle) connection(out *bytes.Buffer, parent string, r row, f *ast.Field, typ string) {
	args := f.ArgumentMap(o.vars)
	filter, _ := args["filter"].(map[string]any)
	orderBy, _ := args["orderBy"].(map[string]any)
	k := o.kinds[typ]
	l := list{typ: typ, column: "id"}
	if c, ok := k.orders[fmt.Sprint(orderBy["field"])]; ok {
		l.column = c
	}
	down := orderBy["direction"] == "DESC"
	way, beyond, before := "ASC", ">", "<"
	if down {
		way, beyond, before = "DESC", "<", ">"
	}
	l.key = fmt.Sprintf("%s %s %s %v", typ, l.column, way, filter)

	condition, parameters := "1 = 1", []any{}
	if parent != "Query" {
		condition = o.who.belongs(parent, f.Name)
		parameters = append(parameters, r["id"])
	}
	if filter["within"] == "MY_CLIENT" {
		condition += " AND (" + k.mine + ")"
	}
	scope := k.reach
	if k.list != "" {
		scope = k.list
	}
	past, pastArgs := o.past(args["after"], l.column, beyond)
	yet, yetArgs := o.past(args["before"], l.column, before)
	statement := "SELECT r.*, CASE WHEN " + past + " THEN 1 ELSE 0 END AS past_after, CASE WHEN " + yet + " THEN 1 ELSE 0 END AS yet_before" +
		" FROM " + k.table + " r WHERE (" + scope + ") AND (" + condition + ") ORDER BY r." + l.column + " " + way + ", r.id " + way
	shown := o.shown(filter)
	for _, one := range query(o.t, o.h, statement, slices.Concat(pastArgs, yetArgs, parameters)...) {
		if shown && k.keeps(typ, o.searched(typ, one), filter, o.now) {
			l.rows = append(l.rows, one)
		}
	}
	l.page(args)
	o.writePage(out, f.SelectionSet, l)
}

// shown tells whether the caller sees what a filter names: a filter by what he does not see finds nothing (domain 0).
func (o *oracle) shown(filter map[string]any) bool {
	for field, typ := range map[string]string{"clientId": "Client", "managerId": "Client", "applicationId": "Application"} {
		if id := filter[field]; id != nil && !o.sees(typ, o.kinds[typ].reach, id) {
			return false
		}
	}
	return true
}

// past is the condition under which a row lies beyond a cursor, seen in one direction.
func (o *oracle) past(given any, column, beyond string) (string, []any) {
	if given == nil {
		return "1 = 1", nil
	}
	at, ok := o.cursors.places[given.(string)]
	if !ok {
		o.t.Fatalf("the test gives a cursor that no answer held: %v", given)
	}
	return fmt.Sprintf("(r.%s %s ? OR r.%s = ? AND r.id %s ?)", column, beyond, column, beyond), []any{at.value, at.value, at.id}
}

// page cuts the list as Relay's ApplyCursorsToEdges and EdgesToReturn do.
func (l *list) page(args map[string]any) {
	size := 20
	if n := args["first"]; n != nil {
		size = number(n)
	}
	if n := args["last"]; n != nil {
		size, l.backward = number(n), true
	}
	for l.from < len(l.rows) && l.rows[l.from]["past_after"] == int64(0) {
		l.from++
	}
	for l.to = len(l.rows); l.to > l.from && l.rows[l.to-1]["yet_before"] == int64(0); {
		l.to--
	}
	if l.cut = l.to-l.from > size; l.cut {
		if l.backward {
			l.from = l.to - size
		} else {
			l.to = l.from + size
		}
	}
	if l.from == l.to && l.backward {
		l.from, l.to = l.end(), l.end()
	}
}

// end is where an empty page stands that was counted from the end: at the cursor `before`.
func (l *list) end() int {
	at := len(l.rows)
	for at > 0 && l.rows[at-1]["yet_before"] == int64(0) {
		at--
	}
	return at
}

func (o *oracle) writePage(out *bytes.Buffer, set ast.SelectionSet, l list) {
	page := l.rows[l.from:l.to]
	each := func(write func(row)) {
		out.WriteByte('[')
		for i, r := range page {
			if i > 0 {
				out.WriteByte(',')
			}
			write(r)
		}
		out.WriteByte(']')
	}
	out.WriteByte('{')
	for i, f := range fieldsOf(l.typ+"Connection", set) {
		if i > 0 {
			out.WriteByte(',')
		}
		write(out, f.Alias)
		out.WriteByte(':')
		switch f.Name {
		case "__typename":
			write(out, l.typ+"Connection")
		case "totalCount":
			write(out, len(l.rows))
		case "nodes":
			each(func(r row) { o.object(out, l.typ, r, f.SelectionSet) })
		case "edges":
			each(func(r row) { o.writeParts(out, l.typ+"Edge", f.SelectionSet, r, l) })
		case "pageInfo":
			o.writeParts(out, "PageInfo", f.SelectionSet, nil, l)
		}
	}
	out.WriteByte('}')
}

// writeParts writes an edge or the pageInfo.
func (o *oracle) writeParts(out *bytes.Buffer, typ string, set ast.SelectionSet, r row, l list) {
	out.WriteByte('{')
	for i, f := range fieldsOf(typ, set) {
		if i > 0 {
			out.WriteByte(',')
		}
		write(out, f.Alias)
		out.WriteByte(':')
		switch f.Name {
		case "__typename":
			write(out, typ)
		case "node":
			o.object(out, l.typ, r, f.SelectionSet)
		case "cursor":
			write(out, o.cursors.placeholder(l, r))
		case "hasNextPage":
			write(out, l.cut && !l.backward || l.backward && l.to < len(l.rows))
		case "hasPreviousPage":
			write(out, l.cut && l.backward || !l.backward && l.from > 0)
		case "startCursor", "endCursor":
			if l.from == l.to {
				out.WriteString("null")
				break
			}
			at := l.rows[l.from]
			if f.Name == "endCursor" {
				at = l.rows[l.to-1]
			}
			write(out, o.cursors.placeholder(l, at))
		}
	}
	out.WriteByte('}')
}

func number(given any) int {
	n, err := strconv.Atoi(fmt.Sprint(given))
	if err != nil {
		panic(err)
	}
	return n
}

// cursors learns which opaque text stands for which place: one for one, in all answers of a test.
type cursors struct {
	places map[string]place  // by cursor
	known  map[string]string // cursor, by placeholder
	shown  map[string]place  // by placeholder
}

// place is where a cursor points: the sort value and the id of a row, which may be gone by now.
type place struct {
	key, id string
	value   any
}

func newCursors() *cursors {
	return &cursors{places: map[string]place{}, known: map[string]string{}, shown: map[string]place{}}
}

// placeholder stands for a cursor of a row in the expected answer.
func (c *cursors) placeholder(l list, r row) string {
	p := place{key: l.key, id: r["id"].(string), value: r[l.column]}
	text := fmt.Sprintf("⟨cursor %s %v %s⟩", p.key, p.value, p.id)
	c.shown[text] = p
	return text
}

// middle and last give one of the cursors that answers have shown of lists with an order and filter.
func (c *cursors) middle(key string) string { all := c.all(key); return all[len(all)/2] }
func (c *cursors) last(key string) string   { all := c.all(key); return all[len(all)-1] }

func (c *cursors) all(key string) []string {
	var all []string
	for cursor, at := range c.places {
		if at.key == key {
			all = append(all, cursor)
		}
	}
	slices.SortFunc(all, func(a, b string) int {
		x, y := c.places[a], c.places[b]
		return cmp.Or(cmp.Compare(fmt.Sprint(x.value), fmt.Sprint(y.value)), cmp.Compare(x.id, y.id))
	})
	return all
}

// compare reads both answers side by side: members in the same order, values equal, each placeholder met by the same
// cursor everywhere, and by one that stands for no other place.
func (c *cursors) compare(got, want []byte) error {
	g, w := json.NewDecoder(bytes.NewReader(got)), json.NewDecoder(bytes.NewReader(want))
	g.UseNumber()
	w.UseNumber()
	for {
		have, err := g.Token()
		expected, errWant := w.Token()
		if errors.Is(err, io.EOF) && errors.Is(errWant, io.EOF) {
			return nil
		}
		if err != nil || errWant != nil {
			return fmt.Errorf("the answers end apart: %w, %w", err, errWant)
		}
		if text, ok := expected.(string); ok && c.meets(text, have) {
			continue
		}
		if have != expected {
			return fmt.Errorf("got  …%s\nwant …%s", around(got, g.InputOffset()), around(want, w.InputOffset()))
		}
	}
}

func (c *cursors) meets(placeholder string, got any) bool {
	at, ok := c.shown[placeholder]
	cursor, isText := got.(string)
	if !ok || !isText || cursor == "" {
		return false
	}
	if known, seen := c.known[placeholder]; seen {
		return known == cursor
	}
	if _, taken := c.places[cursor]; taken {
		return false
	}
	c.known[placeholder], c.places[cursor] = cursor, at
	return true
}

func around(text []byte, at int64) string {
	return string(text[max(0, at-300):min(int64(len(text)), at+120)])
}
