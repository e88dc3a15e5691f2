package sweep

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// probe is one connection asked for with arguments of its own.
type probe struct {
	field  *ast.FieldDefinition
	leaves []string // what of the arguments it visits
	args   string
	around around
	// check holds the answer against all that the principal may see in the list.
	check func(all []string, value any, place string)
}

// around is what a probe asks for beside the objects of the page: each part costs the database a statement.
type around string

const (
	withCount around = " totalCount"
	withPlace around = " pageInfo { hasNextPage hasPreviousPage }"
)

// oneself is the type that shows the caller: its lists are asked for without an id.
const oneself = "Viewer"

// parents are what has connections: objects, the root, and the caller himself.
func (r *run) parents() []*ast.Definition { return append(r.objects(), r.Query, r.Types[oneself]) }

// withArguments asks for every connection, at the root and of objects, with every argument.
func (r *run) withArguments() {
	for _, on := range r.parents() {
		probes := map[string][]probe{} // by parent
		for _, f := range fields(on) {
			if parent, ok := r.parent(on, f); ok {
				probes[parent] = slices.Concat(probes[parent], r.pages(f, parent), r.orders(on, f), r.filters(on, f))
			}
		}
		for parent, probes := range probes {
			r.probe(on, parent, probes)
		}
	}
}

// parent is the object whose connection is asked for with arguments: of those it hides something of, the one that
// hides most; else the one that shows most. For the root it is "".
func (r *run) parent(on *ast.Definition, f *ast.FieldDefinition) (parent string, ok bool) {
	if r.connection(f) == nil || !r.p.holds(required(f)) || on == r.Query {
		return "", r.connection(f) != nil && r.p.holds(required(f))
	}
	if on.Name == oneself {
		return r.p.session(r.v.facts)["id"], r.p.user != ""
	}
	hides, shows := 0, -1
	for _, id := range r.v.all(on.Name, full) {
		shown := len(r.v.listed(on.Name, f.Name, id, ""))
		hidden := len(lists[on.Name+"."+f.Name](r.v.facts, id)) - shown
		if hidden > hides || hidden == hides && shown > shows {
			parent, ok, hides, shows = id, true, hidden, shown
		}
	}
	return parent, ok
}

// probe asks and checks, as many probes in one request as the limits allow.
func (r *run) probe(on *ast.Definition, parent string, probes []probe) {
	for probes := range slices.Chunk(probes, atOnce) {
		answer := r.h.Do(r.p.token, document(on, "", probes), about(on, parent))
		r.expect(len(answer.Errors) == 0, "%s of %s is refused: %s", on.Name, r.describe(parent), answer.Body)
		var object any = decode(answer.Data)
		switch {
		case on.Name == oneself:
			object = get[any](object, "viewer")
		case parent != "":
			object = at(get[any](object, "nodes"), 0)
		}
		for i, p := range probes {
			value := get[any](object, fmt.Sprint("v", i))
			r.shown(r.target(p.field), value)
			for _, leaf := range p.leaves {
				r.visit(on.Name, p.field.Name, leaf)
			}
			place := fmt.Sprintf("%s.%s(%s) of %s", on.Name, p.field.Name, p.args, r.describe(parent))
			p.check(r.v.listed(on.Name, p.field.Name, parent, r.connection(p.field).Name), value, place)
		}
	}
}

// about are the variables of a document about one object, about the root or the caller.
func about(on *ast.Definition, parent string) hubtest.Variables {
	if parent == "" || on.Name == oneself {
		return hubtest.Variables{}
	}
	return hubtest.Variables{"parent": parent}
}

// document is the query of probes, of one object or at the root, with further variables.
func document(on *ast.Definition, variables string, probes []probe) string {
	var doc strings.Builder
	nested := on.Name != "Query" && on.Name != oneself
	if nested {
		variables += " $parent: ID!"
	}
	if variables != "" {
		doc.WriteString("query (" + variables + ") ")
	}
	doc.WriteString("{")
	switch {
	case nested:
		doc.WriteString(" nodes(ids: [$parent]) { ... on " + on.Name + " {")
	case on.Name == oneself:
		doc.WriteString(" viewer {")
	}
	for i, p := range probes {
		args := p.args
		if first := needed[on.Name+"."+p.field.Name]; first != "" {
			args = first + ", " + args
		}
		fmt.Fprintf(&doc, " v%d: %s(%s) { nodes { __typename id }%s }", i, p.field.Name, args, p.around)
	}
	switch {
	case nested:
		doc.WriteString(" } }")
	case on.Name == oneself:
		doc.WriteString(" }")
	}
	doc.WriteString(" }")
	return doc.String()
}

// cursorsOf are lists that are given the cursors of another one: the one who sees everything is shown nothing in them.
var cursorsOf = map[string]string{"applicationsAvailable": "applications"}

// pages go on, and back, from a cursor that somebody else was given, who sees everything: that of an object hidden from
// this principal, where the list has one.
func (r *run) pages(f *ast.FieldDefinition, parent string) []probe {
	size, from := 2, position{}
	if parent == "" {
		size = 100
	}
	for i, p := range r.cursors[parent+"."+orElse(cursorsOf[f.Name], f.Name)] {
		if i == 0 || r.v.sights[p.id] != full {
			from = p
		}
	}
	forth := probe{field: f, leaves: []string{"first"}, args: fmt.Sprintf("first: %d", size), around: withPlace}
	back := probe{field: f, leaves: []string{"last"}, args: fmt.Sprintf("last: %d", size), around: withPlace}
	if from.cursor != "" {
		forth.leaves, forth.args = append(forth.leaves, "after"), forth.args+fmt.Sprintf(", after: %q", from.cursor)
		back.leaves, back.args = append(back.leaves, "before"), back.args+fmt.Sprintf(", before: %q", from.cursor)
	}
	forth.check = r.cut(func(list []string) (int, int) {
		i, there := slices.BinarySearch(list, from.id)
		if there {
			i++
		}
		return i, min(i+size, len(list))
	})
	back.check = r.cut(func(list []string) (int, int) {
		i := len(list)
		if from.id != "" {
			i, _ = slices.BinarySearch(list, from.id)
		}
		return max(i-size, 0), i
	})
	return []probe{forth, back}
}

// orders are a connection in other orders: at the root by each field, of an object by one, up and down in turn.
func (r *run) orders(on *ast.Definition, f *ast.FieldDefinition) []probe {
	var probes []probe
	by := map[string][]string{}
	for _, l := range r.leaves(on, f) {
		by[l.String()] = r.values(l)
	}
	for i, field := range by["orderBy.field"] {
		if on == r.Query || i == len(by["orderBy.field"])-1 {
			direction := by["orderBy.direction"][(i+1)%2]
			args := fmt.Sprintf("first: 100, orderBy: {field: %s, direction: %s}", field, direction)
			probes = append(probes, probe{f, []string{"orderBy.field", "orderBy.direction"}, args, withCount, r.exactly(r.v.unarchived)})
		}
	}
	return probes
}

// filters are a connection with each filter that does not name an object: at the root with every value, of an object
// with one.
func (r *run) filters(on *ast.Definition, f *ast.FieldDefinition) []probe {
	var probes []probe
	for i, l := range r.leaves(on, f) {
		if l.path[0] != "filter" {
			continue
		}
		for j, value := range r.values(l) {
			if on == r.Query || j == i%len(r.values(l)) {
				args := fmt.Sprintf("first: 100, filter: {%s: %s}", l.name(), value)
				probes = append(probes, probe{f, []string{l.String()}, args, withCount, r.filtered(r.connection(f).Name, l.name(), strings.Trim(value, `"`))})
			}
		}
	}
	return probes
}

// values are those that a leaf is tried with: all of an enum, both booleans, a part of many names, instants before and
// after everything.
func (r *run) values(l leaf) []string {
	switch def := r.Types[l.typ.Name()]; {
	case def.Kind == ast.Enum:
		var values []string
		for _, v := range def.EnumValues {
			values = append(values, v.Name)
		}
		return values
	case def.Name == "Boolean":
		return []string{"true", "false"}
	case def.Name == "String":
		return []string{`"o"`}
	case def.Name == "DateTime":
		return []string{`"2000-01-01T00:00:00Z"`, `"2100-01-01T00:00:00Z"`}
	}
	return nil
}

// filtered expects what a filter by one leaf leaves: exactly the rows with that value where a column is called after
// the leaf, else some of the list. Only a filter by status brings archived applications in.
func (r *run) filtered(of, name, value string) func([]string, any, string) {
	table := kinds[of].table
	if !hasColumn(table, column(name)) {
		return func(all []string, value any, place string) {
			got := ids(get[[]any](value, "nodes"))
			for _, id := range got {
				r.expect(slices.Contains(r.v.unarchived(all), id), "%s shows %s", place, r.describe(id))
			}
			r.expect(get[float64](value, "totalCount") == float64(len(got)), "%s counts others too", place)
		}
	}
	return r.exactly(func(all []string) []string {
		if name != "status" {
			all = r.v.unarchived(all)
		}
		return slices.DeleteFunc(slices.Clone(all), func(id string) bool {
			if r.v.sights[id] == nameOnly && !slices.Contains(nameFields, name) {
				return true // what is not shown of it finds nothing
			}
			stored := r.v.byID[id][column(name)]
			return stored != value && (value != "true" && value != "false" || truth(stored) != truth(value))
		})
	})
}

// exactly expects certain ids of the list, in any order.
func (r *run) exactly(want func(all []string) []string) func([]string, any, string) {
	return func(all []string, value any, place string) {
		got := ids(get[[]any](value, "nodes"))
		slices.Sort(got)
		r.same(got, want(all), place)
		r.expect(get[float64](value, "totalCount") == float64(len(want(all))), "%s counts %v, not %d", place, get[any](value, "totalCount"), len(want(all)))
	}
}

// cut expects the part of the whole list from one place to another, and to be told truly what lies around it.
func (r *run) cut(part func(list []string) (from, to int)) func([]string, any, string) {
	return func(all []string, value any, place string) {
		list := r.v.unarchived(all)
		from, to := part(list)
		r.same(ids(get[[]any](value, "nodes")), list[from:to], place)
		info := get[any](value, "pageInfo")
		r.expect(get[bool](info, "hasPreviousPage") == (from > 0) && get[bool](info, "hasNextPage") == (to < len(list)),
			"%s tells wrongly what lies before and after: %v", place, info)
	}
}
