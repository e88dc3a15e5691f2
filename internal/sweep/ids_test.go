package sweep

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// trial is a request with a place for the name of an object: an id, or a code.
type trial struct {
	place string // what of the SDL is tried
	typ   string // whose names go there
	code  bool
	doc   string
	vars  func(name string) hubtest.Variables
	known string               // what a foreign name must be answered like; an unknown name when empty
	tells func(id string) bool // of a hidden object that it may be told of; nil for none
}

// foreign tries names of what is hidden from the principal: each is answered as one that never was. It gives the answer
// to that one.
func (r *run) foreign(t trial, names []string) hubtest.Answer {
	unknown := orElse(t.known, t.unknown())
	answer := r.h.Do(r.p.token, t.doc, t.vars(unknown))
	for _, name := range names {
		other := r.h.Do(r.p.token, t.doc, t.vars(name))
		one, two := bare(other.Body, name), bare(answer.Body, unknown)
		at := differ(one, two)
		r.expect(other.Status == answer.Status && bytes.Equal(one, two), "%s tells %s from %s: status %d, …%.300s\nand status %d, …%.300s",
			t.place, r.describe(name), unknown, other.Status, one[at:], answer.Status, two[at:])
	}
	return answer
}

// differ is the place, or a little before it, where two texts begin to differ.
func differ(one, two []byte) int {
	i := 0
	for i < min(len(one), len(two)) && one[i] == two[i] {
		i++
	}
	return max(0, i-100)
}

// hidden lists the foreign names to try.
func (r *run) hidden(t trial) []string {
	names := r.v.foreign(t.typ)
	if t.tells != nil {
		names = slices.DeleteFunc(names, t.tells)
	}
	if !t.code {
		return names
	}
	for i, id := range names {
		names[i] = code(r.v.byID[id])
	}
	return slices.DeleteFunc(names, func(code string) bool { return code == "" })
}

// code is the public name of an object.
func code(r row) string {
	if r["code"] != "" {
		return r["code"]
	}
	return r["proven_origin"]
}

// unknown is a name of the right form that nothing has.
func (t trial) unknown() string {
	if !t.code {
		return unknownID(kinds[t.typ].prefix)
	}
	return map[string]string{"Client": "UNHEARDOF", "Application": "unheard-of", "ClientUrl": "https://unheard-of.example"}[t.typ]
}

// unknownID is a well-formed id of a kind that no row has.
func unknownID(prefix oid.Kind) string {
	return string(prefix) + strings.TrimPrefix(string(oid.New[oid.Client]()), string(oid.KindClient))
}

var requestID = regexp.MustCompile(`"requestId":"[^"]*"`)

// bare is an answer without the name it was asked for, and without what differs from request to request.
func bare(body []byte, name string) []byte {
	return requestID.ReplaceAll(bytes.ReplaceAll(body, []byte(name), nil), nil)
}

// wrong lists ids of other types: of something visible, where there is anything, and of something that is not.
func (r *run) wrong(typ string) []string {
	var visible, hidden []string
	for other := range kinds {
		if other != typ {
			visible, hidden = append(visible, r.v.all(other, nameOnly)...), append(hidden, r.v.foreign(other)...)
		}
	}
	slices.Sort(visible)
	slices.Sort(hidden)
	return append(visible[:min(1, len(visible))], hidden[:min(1, len(hidden))]...)
}

// byNames tries every argument of Query that names an object, but those of connections.
func (r *run) byNames() {
	for _, f := range fields(r.Query) {
		for _, l := range r.leaves(r.Query, f) {
			if !l.isID() && !l.isCode() || r.connection(f) != nil {
				continue
			}
			r.visit("Query", f.Name, l.String())
			if nameless[l.key()] != "" {
				continue
			}
			placeholder := "$name"
			if l.typ.Elem != nil {
				placeholder = "[$name]"
			}
			t := trial{
				place: "Query." + f.Name + "(" + l.String() + ")", code: l.isCode(),
				doc:  fmt.Sprintf("query ($name: %s!) { %s(%s: %s%s) %s }", l.typ.Name(), f.Name, l.name(), placeholder, r.beside(l), r.whole(r.target(f))),
				vars: func(name string) hubtest.Variables { return hubtest.Variables{"name": name} },
			}
			if tells := told[l.key()]; tells != nil {
				t.tells = func(id string) bool { return tells(r, id) }
			}
			if t.typ, _ = r.names(l); t.typ != anything {
				r.byName(f, t)
				continue
			}
			for t.typ = range kinds {
				r.foreign(t, ends(r.hidden(t))) // nodes has asked for all of them
			}
		}
	}
}

// byName tries an argument that names objects of one type.
func (r *run) byName(f *ast.FieldDefinition, t trial) {
	r.foreign(t, r.hidden(t))
	if t.code || !r.p.holds(required(f)) {
		return
	}
	for _, id := range r.wrong(t.typ) {
		answer := r.h.Do(r.p.token, t.doc, t.vars(id))
		r.expect(len(answer.Errors) == 1 && answer.Errors[0].Code() == "INVALID", "%s takes %s: %s", t.place, id, answer.Body)
	}
}

// byFilters tries every filter that names an object, of every connection.
func (r *run) byFilters() {
	type batch struct{ parent, typ string }
	for _, on := range r.parents() {
		probes := map[batch][]probe{}
		for _, f := range fields(on) {
			for _, l := range r.leaves(on, f) {
				if parent, ok := r.parent(on, f); ok && l.isID() {
					typ, _ := r.names(l)
					b := batch{parent, typ}
					p := probe{field: f, leaves: []string{l.String()}, args: fmt.Sprintf("first: 100, filter: {%s: $name}", l.name())}
					if on == r.Query {
						p.around = withCount
					}
					probes[b] = append(probes[b], p)
				}
			}
		}
		for b, probes := range probes {
			for probes := range slices.Chunk(probes, atOnce) {
				r.byFilter(on, b.parent, b.typ, probes)
			}
		}
	}
}

// byFilter tries some filters of one object's connections, or the root's, that take ids of one type.
func (r *run) byFilter(on *ast.Definition, parent, typ string, probes []probe) {
	places := make([]string, len(probes))
	for i, p := range probes {
		places[i] = on.Name + "." + p.field.Name + "(" + p.leaves[0] + ")"
		r.visit(on.Name, p.field.Name, p.leaves[0])
	}
	t := trial{
		place: strings.Join(places, ", ") + " of " + r.describe(parent), typ: typ, doc: document(on, "$name: ID!", probes),
		vars: func(name string) hubtest.Variables {
			vars := about(on, parent)
			vars["name"] = name
			return vars
		},
	}
	names := r.hidden(t)
	if parent != "" {
		names = r.telling(on, parent, probes, names)
	}
	unknown := r.foreign(t, names)
	r.expect(len(unknown.Errors) == 0 && !bytes.Contains(unknown.Body, []byte(`"id"`)), "%s finds something by an unknown id: %s", t.place, unknown.Body)
	for _, id := range r.wrong(typ) {
		answer := r.h.Do(r.p.token, t.doc, t.vars(id))
		invalid := 0
		for _, e := range answer.Errors {
			if e.Code() == "INVALID" {
				invalid++
			}
		}
		r.expect(invalid == len(probes), "%s take %s: %s", t.place, id, answer.Body)
	}
	if visible := r.v.all(typ, full); len(visible) > 0 && on == r.Query {
		r.filterBy(visible[0], probes)
	}
}

// telling picks the names that a filter of an object's lists could give away, because something there has them, seen or
// not; and one more. At the root all are tried.
func (r *run) telling(on *ast.Definition, parent string, probes []probe, names []string) []string {
	had := map[string]bool{}
	for _, p := range probes {
		for _, id := range lists[on.Name+"."+p.field.Name](r.v.facts, parent) {
			had[r.v.byID[id][column(strings.TrimPrefix(p.leaves[0], "filter."))]] = true
		}
	}
	return slices.DeleteFunc(names, func(name string) bool { return !had[name] && name != names[0] })
}

// filterBy filters the lists of the root by the id of something visible: that finds what it should.
func (r *run) filterBy(id string, probes []probe) {
	probes = slices.Clone(probes)
	for i, p := range probes {
		probes[i].args = strings.Replace(p.args, "$name", fmt.Sprintf("%q", id), 1)
		probes[i].check = r.filtered(r.connection(p.field).Name, strings.TrimPrefix(p.leaves[0], "filter."), id)
	}
	r.probe(r.Query, "", probes)
}

// own is an object of the caller's own client, or an unknown id for callers without any.
func (r *run) own(typ string) string {
	for _, id := range r.v.unarchived(r.v.all(typ, full)) {
		if id == r.p.client || r.v.byID[id]["client_id"] == r.p.client {
			return id
		}
	}
	return unknownID(kinds[typ].prefix)
}

// mutate tries every input of every mutation that names an object. Whatever is tried, nothing may change.
func (r *run) mutate() {
	before := r.v.facts
	for _, f := range fields(r.Mutation) {
		r.visit("Mutation", f.Name)
		if f.Directives.ForName("public") != nil && r.p.user != "" && !r.p.idle {
			continue // it does not ask who calls
		}
		named := false
		for _, l := range r.leaves(r.Mutation, f) {
			if l.isID() || l.isCode() {
				if nameless[l.key()] == "" {
					r.input(f, l)
				}
				r.visit("Mutation", f.Name, l.String())
				named = true
			}
		}
		if !named {
			r.unnamed(f)
		}
		after := readFacts(r.h)
		changes := after.changes(before)
		r.expect(len(changes) == 0, "%s has changed the database:\n%s", f.Name, strings.Join(changes, "\n"))
		before = after
	}
}

// unnamed tries a mutation that names nothing: it is about the caller, or a secret opens it to whoever has one. The
// instructions give it an input that is refused.
func (r *run) unnamed(f *ast.FieldDefinition) {
	recipe := mutations[f.Name]
	doc := fmt.Sprintf("mutation ($input: %s) { %s(input: $input) %s }", f.Arguments.ForName("input").Type, f.Name, r.selection(r.target(f)))
	answer := r.h.Do(r.p.token, doc, hubtest.Variables{"input": recipe.input(r)})
	if !r.p.holds(required(f)) {
		r.expect(answer.Data == nil && len(answer.Errors) == 1, "%s is answered: %s", f.Name, answer.Body)
		return
	}
	r.refused(f, answer, orElse(recipe.refusal, "NOT_FOUND"), f.Name+" with nothing that is known")
}

// input tries one input of one mutation.
func (r *run) input(f *ast.FieldDefinition, l leaf) {
	typ, _ := r.names(l)
	recipe := mutations[f.Name]
	t := trial{
		place: f.Name + "(" + l.String() + ")", typ: typ, code: l.isCode(),
		doc: fmt.Sprintf("mutation ($input: %s) { %s(input: $input) %s }", f.Arguments.ForName("input").Type, f.Name, r.selection(r.target(f))),
		vars: func(name string) hubtest.Variables {
			input := recipe.input(r)
			put(input, l.path[1:], name, l.typ.Elem != nil)
			delete(input, recipe.instead[l.name()])
			return hubtest.Variables{"input": input}
		},
	}
	if tells := recipe.tells[l.name()]; tells != nil {
		t.tells = func(id string) bool { return tells(r, id) }
	}
	code := orElse(recipe.refusal, "NOT_FOUND")
	if claims[l.key()] != "" {
		t.known, code = r.v.byID[r.own(typ)]["code"], "TAKEN"
	}
	names := r.hidden(t)
	if f.Directives.ForName("public") != nil {
		names = names[:min(len(names), 3)] // each sign-in costs the hash of a password
	}
	unknown := r.foreign(t, names)
	if !r.p.holds(required(f)) {
		r.expect(unknown.Data == nil && len(unknown.Errors) == 1, "%s is answered: %s", t.place, unknown.Body)
		return
	}
	r.refused(f, unknown, code, t.place+" of an unknown name")
	for _, id := range r.wrong(typ) {
		if l.isID() {
			r.refused(f, r.h.Do(r.p.token, t.doc, t.vars(id)), "INVALID", t.place+" of "+id)
		}
	}
}

// refused expects a payload with nothing but one error.
func (r *run) refused(f *ast.FieldDefinition, answer hubtest.Answer, code, place string) {
	payload := decode(answer.Data)[f.Name]
	r.members(r.target(f), payload, nil, full, place)
	errors := get[[]any](payload, "errors")
	if r.expect(len(errors) == 1, "%s is answered: %s", place, answer.Body) {
		r.members(r.Types["UserError"], errors[0], nil, full, place)
		r.expect(get[string](errors[0], "code") == code, "%s is not %s: %s", place, code, answer.Body)
	}
}

// put sets a leaf of an input; of a list of objects, in the first one.
func put(input any, path []string, value string, many bool) {
	if elements, ok := input.([]any); ok {
		input = elements[0]
	}
	object := input.(map[string]any)
	if len(path) > 1 {
		put(object[path[0]], path[1:], value, many)
		return
	}
	object[path[0]] = value
	if many {
		object[path[0]] = []string{value}
	}
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
