package plan

import (
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/appanage/appanage/graph/list"
)

// refusal says why an operation is left to the reference executor. Its text is a metric's label: a word of the code,
// never of a document.
type refusal string

// refusedError carries a refusal out of the compiler.
type refusedError struct{ refusal }

// Error implements error.
func (e refusedError) Error() string { return "plan: refused: " + string(e.refusal) }

func refuse(r refusal) error { return refusedError{r} }

// The reasons known when an operation is compiled.
const (
	refusedRoot      refusal = "root field"
	refusedField     refusal = "field"
	refusedArgument  refusal = "argument"
	refusedDirective refusal = "directive"
	refusedValue     refusal = "value"
)

// compiler turns one operation, with what of its variables changes its shape, into a plan.
type compiler struct {
	p      *Planner
	doc    *ast.QueryDocument
	vars   map[string]any
	named  bool // a caller is signed in
	plan   *plan
	shared map[string]*fetch // edges with the same arguments are read once, whatever their aliases
	held   map[string]bool
}

func (p *Planner) compile(doc *ast.QueryDocument, operation *ast.OperationDefinition, vars map[string]any, signedIn bool) (*plan, error) {
	c := &compiler{p: p, doc: doc, vars: vars, named: signedIn, plan: &plan{}, shared: map[string]*fetch{}, held: map[string]bool{}}
	if len(operation.Directives) > 0 {
		return nil, refuse(refusedDirective)
	}
	fields, err := c.collect(operation.SelectionSet, p.sdl.Query)
	if err != nil {
		return nil, err
	}
	w := writer{}
	w.open()
	for i, f := range fields {
		w.member(i, f)
		if err := c.root(&w, f); err != nil {
			return nil, err
		}
	}
	w.close()
	c.plan.root = w.done()
	c.finish()
	return c.plan, nil
}

// finish numbers the segments, and sees whether one statement does it all.
func (c *compiler) finish() {
	for _, f := range c.plan.fetches {
		f.observer = c.p.metrics.fetches.WithLabelValues(f.name)
		for _, p := range f.programs {
			p.segment = f.segments
			f.segments += len(p.holes) + 1
			for _, o := range p.ops {
				if o.code == opRaw {
					f.segments++
				}
			}
		}
	}
	if len(c.plan.fetches) > 1 {
		return
	}
	c.plan.single = true
	for _, f := range c.plan.fetches {
		if f.page != nil && (f.page.total || f.page.asks(false) || f.page.asks(true)) {
			c.plan.single = false
		}
	}
}

// require notes that a field asks for an authority.
func (c *compiler) require(authority string) {
	if authority != "" && !c.held[authority] {
		c.held[authority] = true
		c.plan.authorities = append(c.plan.authorities, authority)
	}
}

// fetch makes a fetch without a parent.
func (c *compiler) fetch(k *Kind, name string, by access) *fetch {
	f := &fetch{index: len(c.plan.fetches), name: name, kind: k, by: by}
	if by == byID {
		f.byColumn = f.column("id")
	}
	c.plan.fetches = append(c.plan.fetches, f)
	return f
}

// child makes the fetch of an edge.
func (c *compiler) child(parent *fetch, k *Kind, e Edge, name string) *fetch {
	f := c.fetch(k, parent.kind.Name+"."+name, byParent)
	f.parent = parent
	switch e.Cardinality {
	case ToOne:
		f.by, f.byColumn, f.parentAt = byID, f.column("id"), parent.key(e.Column)
		f.shown = slices.Contains(parent.kind.Scope.Shows, e.Column)
	case ToMany:
		f.byColumn, f.parentAt = f.column(e.Column), parent.key("id")
	case ManyToMany:
		f.join, f.byColumn, f.parentAt = &e.Join, f.column("id"), parent.key("id")
		f.reached = e.Reached
	}
	return f
}

// one puts one row of a fetch into the answer.
func (c *compiler) one(w *writer, f *fetch, selections ast.SelectionSet, required bool) error {
	program, err := c.object(f, selections)
	if err == nil {
		w.hole(&hole{code: holeOne, fetch: f, program: program, required: required})
	}
	return err
}

// object compiles how the rows of a fetch are written for one selection, and gives the program's number.
func (c *compiler) object(f *fetch, selections ast.SelectionSet) (int, error) {
	w := writer{}
	if err := c.members(&w, f, f.kind, selections); err != nil {
		return 0, err
	}
	return f.add(w.done()), nil
}

func (f *fetch) add(p program) int {
	f.programs = append(f.programs, &p)
	return len(f.programs) - 1
}

// members compiles the members of an object of a kind: the rows of a fetch, or a part of them.
func (c *compiler) members(w *writer, f *fetch, k *Kind, selections ast.SelectionSet) error {
	fields, err := c.collect(selections, c.p.sdl.Types[k.Name])
	if err != nil {
		return err
	}
	w.open()
	for i, m := range fields {
		w.member(i, m)
		if m.Name == "__typename" {
			w.text(quoted(k.Name))
			continue
		}
		c.require(requires(m.Definition))
		if err := c.memberOf(w, f, k, m); err != nil {
			return err
		}
	}
	w.close()
	return nil
}

// memberOf compiles one field of an object: a column, something computed or made, a part, or an edge.
func (c *compiler) memberOf(w *writer, f *fetch, k *Kind, m field) error {
	hidden := k.Sight != nil && k.Sight.Hides(m.Name)
	if hidden {
		f.see()
	}
	if column, ok := k.Columns[m.Name]; ok && fits(&column, m.Definition.Type, hidden) {
		w.op(op{code: opColumn, at: f.column(column.Name), column: &column, hidden: hidden})
		return nil
	}
	if computed, ok := k.Computed[m.Name]; ok {
		w.op(c.computed(f, m.Name, &computed, hidden))
		return nil
	}
	if part, ok := k.Parts[m.Name]; ok {
		return c.members(w, f, part, m.Selections)
	}
	if made, ok := k.Made[m.Name]; ok && !hidden {
		h, err := c.made(f, made, m)
		if err == nil {
			w.hole(h)
		}
		return err
	}
	return c.edgeOf(w, f, k, m, hidden)
}

// edgeOf compiles a field that leads to rows of their own.
func (c *compiler) edgeOf(w *writer, f *fetch, k *Kind, m field, hidden bool) error {
	e, ok := k.Edges[m.Name]
	if !ok {
		return refuse(refusedField)
	}
	f.hidesKeys = f.hidesKeys || hidden
	name, isList := strings.CutSuffix(m.Definition.Type.Name(), "Connection")
	target := c.p.table.Kinds[name]
	switch {
	case target == nil || target.Ent != e.To || isList == (e.Cardinality == ToOne):
		return refuse(refusedField)
	case isList:
		h, err := c.connection(f, target, e, m.Name, m)
		if err == nil {
			w.hole(h)
		}
		return err
	}
	ft := c.shared[key(f, m.Name)]
	if ft == nil {
		ft = c.child(f, target, e, m.Name)
		c.shared[key(f, m.Name)] = ft
	}
	return c.one(w, ft, m.Selections, m.Definition.Type.NonNull)
}

// fits tells whether a column can stand behind a field of the SDL.
func fits(c *Column, t *ast.Type, hidden bool) bool {
	if t.Elem != nil || t.NonNull && (c.Nullable || hidden) {
		return false
	}
	switch t.NamedType {
	case "Int":
		return c.Encoding == Integer
	case "Boolean":
		return c.Encoding == Boolean || c.Encoding == Present
	case "DateTime":
		return c.Encoding == Instant
	case "JSON":
		return c.Encoding == Raw
	}
	return c.Encoding == Text
}

func (c *compiler) computed(f *fetch, name string, computed *Computed, hidden bool) op {
	o := op{code: opComputed, at: -1, computed: computed, hidden: hidden}
	for _, column := range computed.Columns {
		o.from = append(o.from, f.column(column))
	}
	if computed.Query != nil {
		o.at = f.lookup(name)
	}
	if f.kind.Sight != nil {
		f.see()
	}
	return o
}

func key(f *fetch, edge string) string { return strconv.Itoa(f.index) + "." + edge }

// orderOf reads the order of a connection, a part of the plan's shape.
func (c *compiler) orderOf(k *Kind, v *ast.Value) (list.Order, error) {
	var given map[string]any
	if v != nil {
		raw, err := v.Value(c.vars)
		if err != nil {
			return list.Order{}, refuse(refusedValue)
		}
		given, _ = raw.(map[string]any)
		if raw != nil && given == nil {
			return list.Order{}, refuse(refusedValue)
		}
	}
	order, err := k.List.Order(given)
	if err != nil {
		return list.Order{}, refuse(refusedValue)
	}
	return order, nil
}

func quoted(s string) string { return strconv.Quote(s) }
