package sweep

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// What one request asks for: the limits are thirty aliases and root fields, and a hundred ids.
const (
	atOnce    = 30
	idsAtOnce = 100
)

// viewer shows oneself: what the row of one's session names.
func (r *run) viewer(f *ast.FieldDefinition) {
	data := r.query(f, "{ viewer "+r.selection(r.target(f))+" }", nil)
	if r.p.user == "" {
		r.expect(data["viewer"] == nil, "viewer is shown to nobody: %v", data["viewer"])
		return
	}
	session := maps.Clone(r.p.session(r.v.facts))
	if !r.expect(session != nil, "the session of %s is gone: something before has changed the database", r.p) {
		return
	}
	session["session_id"] = session["id"]
	r.members(r.target(f), data["viewer"], session, full, "viewer")
}

// node finds objects that are visible, by id, and no others: of each type the first and the last (nodes finds all);
// of what the API does not show, nothing.
func (r *run) node(f *ast.FieldDefinition) {
	itself := func(id string) string { return id }
	for _, def := range r.objects() {
		visible, hidden := r.v.all(def.Name, nameOnly), r.v.foreign(def.Name)
		r.fetch(f, "id", def, append(ends(visible), ends(hidden)...), itself)
	}
	for _, rows := range r.v.tables {
		if ids := pluck(rows, "id"); len(ids) > 0 && ids[0] != "" && kindOf(ids[0]) == "" {
			r.fetch(f, "id", nil, ends(ids), itself)
		}
	}
}

// kindOf is the type of the objects with such ids; "" where the API shows none.
func kindOf(id string) string {
	for typ, k := range kinds {
		if strings.HasPrefix(id, string(k.prefix)+"_") {
			return typ
		}
	}
	return ""
}

// ends are the first and the last of a list.
func ends(list []string) []string {
	if len(list) < 3 {
		return list
	}
	return []string{list[0], list[len(list)-1]}
}

// lookup finds each object that is visible, by id and by code, and no other.
func (r *run) lookup(f *ast.FieldDefinition) {
	for _, argument := range f.Arguments {
		r.fetch(f, argument.Name, r.target(f), r.v.all(r.target(f).Name, no), func(id string) string {
			return r.v.byID[id][column(argument.Name)]
		})
	}
}

// fetch asks for objects one by one, by an argument that names them.
func (r *run) fetch(f *ast.FieldDefinition, argument string, def *ast.Definition, ids []string, value func(id string) string) {
	for ids := range slices.Chunk(ids, atOnce) {
		var doc strings.Builder
		for i, id := range ids {
			fmt.Fprintf(&doc, " v%d: %s(%s: %q) %s", i, f.Name, argument, value(id), r.identity(r.target(f)))
		}
		data := r.query(f, "{"+doc.String()+" }", nil)
		for i, id := range ids {
			r.found(def, id, data[fmt.Sprint("v", i)], f.Name+" by "+argument)
		}
	}
	r.visit("Query", f.Name, argument)
}

// nodes finds in one list the objects that are visible, and shows everything of them; of the plain ones, who they are.
func (r *run) nodes(f *ast.FieldDefinition) {
	for _, def := range r.objects() {
		rich, plain := r.v.all(def.Name, no), []string(nil)
		if r.p.name != everything {
			rich, plain = r.rich(def, rich)
		}
		r.list(f, def, r.selection(def), rich)
		r.list(f, def, r.identity(def), plain)
	}
	r.visit("Query", "nodes", "ids")
}

// rich tells the objects whose edges may differ from one principal to another from those that are built in and tied to
// nothing but what is built in; of these the first and the last count as rich too.
func (r *run) rich(def *ast.Definition, all []string) (rich, plain []string) {
	for _, id := range all {
		if truth(r.v.byID[id]["built_in"]) && r.tiedToBuiltIns(def, id) {
			plain = append(plain, id)
		} else {
			rich = append(rich, id)
		}
	}
	few := ends(plain)
	return append(rich, few...), slices.DeleteFunc(plain, func(id string) bool { return slices.Contains(few, id) })
}

func (r *run) tiedToBuiltIns(def *ast.Definition, id string) bool {
	for _, f := range fields(def) {
		if r.connection(f) == nil {
			continue
		}
		for _, other := range lists[def.Name+"."+f.Name](r.v.facts, id) {
			if !truth(r.v.byID[other]["built_in"]) {
				return false
			}
		}
	}
	return true
}

// list asks nodes for objects of one type.
func (r *run) list(f *ast.FieldDefinition, def *ast.Definition, selection string, ids []string) {
	doc := "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on " + def.Name + " " + selection + " } }"
	for ids := range slices.Chunk(ids, idsAtOnce) {
		data := r.query(f, doc, hubtest.Variables{"ids": ids})
		for i, id := range ids {
			r.found(def, id, at(data["nodes"], i), "nodes")
		}
	}
}

// found holds the answer for one id against what is visible.
func (r *run) found(def *ast.Definition, id string, value any, place string) {
	if r.v.sights[id] == no || r.p.idle {
		r.expect(value == nil, "%s shows %s", place, r.describe(id))
		return
	}
	if r.expect(value != nil, "%s lacks %s", place, r.describe(id)) {
		r.expect(get[string](value, "id") == id, "%s shows %s for %s", place, r.describe(get[string](value, "id")), r.describe(id))
		r.object(def, value, place)
	}
}

// everyVisible lists all objects of a type that are visible in full.
func (r *run) everyVisible(f *ast.FieldDefinition) {
	data := r.query(f, "{ "+f.Name+"(first: 100) "+r.selection(r.target(f))+" }", nil)
	if r.p.holds(required(f)) {
		r.page(f, "", data[f.Name], r.v.unarchived(r.v.listed("", "", "", r.connection(f).Name)), f.Name)
	}
}

// query asks for one field of Query, under its name or several aliases, and gives the data. Errors are findings, but
// where the principal lacks an authority: then they must be there and say so.
func (r *run) query(f *ast.FieldDefinition, doc string, vars hubtest.Variables) map[string]any {
	answer := r.h.Do(r.p.token, doc, vars)
	r.visit("Query", f.Name)
	want := ""
	switch {
	case r.p.user == "":
		want = "UNAUTHENTICATED"
	case r.p.idle:
		want = "FORBIDDEN"
	}
	for _, e := range answer.Errors {
		r.expect(e.Code() == want, "%s is refused: %s", f.Name, answer.Body)
	}
	if !r.p.holds(required(f)) {
		r.expect(answer.Data == nil && len(answer.Errors) > 0, "%s is answered: %s", f.Name, answer.Body)
		return nil
	}
	return decode(answer.Data)
}

func decode(data json.RawMessage) map[string]any {
	var v map[string]any
	_ = json.Unmarshal(data, &v) // the answer's other members have been read from the same text
	return v
}

// object checks everything that an answer shows of an object with an id.
func (r *run) object(def *ast.Definition, value any, place string) {
	id := get[string](value, "id")
	if def.IsAbstractType() {
		def = r.Types[get[string](value, "__typename")]
	}
	if r.expect(r.v.sights[id] != no, "%s shows %s", place, r.describe(id)) {
		r.members(def, value, r.v.byID[id], r.v.sights[id], place)
	}
}

// members checks every member that is shown of an object, of which there is a row and one sees so much.
func (r *run) members(def *ast.Definition, value any, stored row, sees sight, place string) {
	shown, _ := value.(map[string]any)
	of := r.describe(stored["id"])
	for _, name := range slices.Sorted(maps.Keys(shown)) {
		f := def.Fields.ForName(name)
		if f == nil {
			continue // __typename
		}
		r.visit(def.Name, name)
		place := place + " > " + name + " of " + of
		switch {
		case def.Name == partial && sees == nameOnly && !slices.Contains(nameFields, name):
			r.expect(shown[name] == nil, "%s, known by name only, is %v", place, shown[name])
		case def.Name == "User" && slices.Contains(homeFields, name) && !r.v.atHome(stored):
			r.expect(shown[name] == nil, "%s, seen as a member only, is %v", place, shown[name])
		case !r.p.holds(required(f)):
			r.expect(shown[name] == nil, "%s is shown to somebody without %s: %v", place, required(f), shown[name])
		case inner[def.Name+"."+name] != nil:
			inner[def.Name+"."+name](r, f, shown[name], stored, place)
		case r.connection(f) != nil:
			want := r.v.listed(def.Name, name, stored["id"], r.connection(f).Name)
			r.page(f, stored["id"], shown[name], r.v.unarchived(want), place)
		case isNode(r.target(f)) && f.Type.Elem != nil:
			r.expect(len(get[[]any](value, name)) == 0, "%s, which was refused, is %v", place, shown[name])
		case isNode(r.target(f)):
			r.edge(r.target(f), shown[name], stored[column(name)+"_id"], place)
		default:
			r.plain(f, shown[name], stored, place)
		}
	}
}

// edge checks the one object that a field leads to: the one the row names, if that is visible at all.
func (r *run) edge(target *ast.Definition, value any, want, place string) {
	if r.v.sights[want] == no {
		want = ""
	}
	got := get[string](value, "id")
	r.expect(got == want || want != "", "%s shows %s", place, r.describe(got))
	r.expect(got == want || want == "", "%s is %s, not %s", place, r.describe(got), r.describe(want))
	if value != nil {
		r.object(target, value, place)
	}
}

// plain checks that a value is the row's own, where a column is called after the field.
func (r *run) plain(f *ast.FieldDefinition, value any, stored row, place string) {
	want, known := stored[column(f.Name)]
	switch value := value.(type) {
	case nil:
		r.expect(want == "", "%s lacks its value", place)
	case bool:
		r.expect(!known || value == truth(want), "%s is %t, not %s", place, value, want)
	case string:
		if f.Type.Name() != "DateTime" { // written otherwise than stored
			r.expect(!known || value == want, "%s is %q, not %q", place, value, want)
		}
	}
}

// page checks one whole list: it holds what it must, no more and no less, in order, and says nothing else.
func (r *run) page(f *ast.FieldDefinition, parent string, value any, want []string, place string) {
	if !r.expect(value != nil, "%s is missing", place) {
		return
	}
	edges, info := get[[]any](value, "edges"), get[any](value, "pageInfo")
	edge := r.target(r.target(f).Fields.ForName("edges"))
	r.shown(r.target(f), value)
	r.shown(r.Types["PageInfo"], info)
	var of []string
	for _, e := range edges {
		r.shown(edge, e)
		of = append(of, get[string](get[any](e, "node"), "id"))
		r.remember(parent, f.Name, get[string](get[any](e, "node"), "id"), get[string](e, "cursor"))
	}
	r.same(of, want, place+" > edges")
	r.same(ids(get[[]any](value, "nodes")), want, place)
	for _, node := range get[[]any](value, "nodes") {
		r.object(r.connection(f), node, place)
	}
	r.expect(get[float64](value, "totalCount") == float64(len(want)), "%s counts %v, not %d", place, get[any](value, "totalCount"), len(want))
	r.expect(!get[bool](info, "hasNextPage") && !get[bool](info, "hasPreviousPage"), "%s says there is more: %v", place, info)
	if info != nil && len(edges) > 0 {
		first, last := get[string](edges[0], "cursor"), get[string](edges[len(edges)-1], "cursor")
		r.expect(get[string](info, "startCursor") == first && get[string](info, "endCursor") == last, "%s ends in other cursors than its edges'", place)
	}
}

// shown notes what is shown of an object without an id.
func (r *run) shown(def *ast.Definition, value any) {
	members, _ := value.(map[string]any)
	for name := range members {
		if def.Fields.ForName(name) != nil {
			r.visit(def.Name, name)
		}
	}
}

// same compares lists of ids in order.
func (r *run) same(got, want []string, place string) {
	for _, id := range got {
		r.expect(slices.Contains(want, id), "%s shows %s", place, r.describe(id))
	}
	for _, id := range want {
		r.expect(slices.Contains(got, id), "%s lacks %s", place, r.describe(id))
	}
	r.expect(len(got) != len(want) || slices.Equal(got, want), "%s is not in the order of creation", place)
}

// ids are the ids of a list of objects.
func ids(objects []any) []string {
	list := make([]string, len(objects))
	for i, o := range objects {
		list[i] = get[string](o, "id")
	}
	return list
}

// get is a member of an object in JSON, its type's zero where there is none.
func get[T any](object any, member string) T {
	members, _ := object.(map[string]any)
	v, _ := members[member].(T)
	return v
}

// at is an element of a list in JSON, nil where there is none.
func at(list any, i int) any {
	if l, ok := list.([]any); ok && i < len(l) {
		return l[i]
	}
	return nil
}
