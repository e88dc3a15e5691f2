package plan

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// root compiles one field of Query.
func (c *compiler) root(w *writer, f field) error {
	def := f.Definition
	if f.Name == "__typename" {
		w.text(quoted("Query"))
		return nil
	}
	c.require(requires(def))
	switch f.Name {
	case "viewer":
		return c.viewer(w, f)
	case "node":
		return c.node(w, f)
	case "nodes":
		return c.nodes(w, f)
	case "applicationsAvailable": // lists what no scope rule of a kind names, and has the reference's word for it
		return refuse(refusedRoot)
	}
	name, isList := strings.CutSuffix(def.Type.Name(), "Connection")
	k := c.p.table.Kinds[name]
	switch {
	case k == nil:
		return refuse(refusedRoot)
	case isList:
		return c.rootList(w, k, f)
	case def.Arguments.ForName("id") != nil && def.Arguments.ForName("code") != nil:
		return c.rootOne(w, k, f)
	}
	return refuse(refusedRoot)
}

func (c *compiler) rootList(w *writer, k *Kind, f field) error {
	h, err := c.connection(nil, k, Edge{To: k.Ent, Cardinality: ToMany}, "Query."+f.Name, f)
	if err == nil {
		w.hole(h)
	}
	return err
}

// rootOne is an object by id or by code, exactly one of which must be given.
func (c *compiler) rootOne(w *writer, k *Kind, f field) error {
	id, err := c.given(f, "id")
	if err != nil {
		return err
	}
	code, err := c.given(f, "code")
	if err != nil {
		return err
	}
	if (id == nil) == (code == nil) {
		return refuse(refusedValue)
	}
	ft := c.fetch(k, "Query."+f.Name, byID)
	ft.argument, ft.want = id, k.ID
	if code != nil {
		ft.by, ft.argument = byCode, code
	}
	return c.one(w, ft, f.Selections, false)
}

// given is an argument that is neither absent nor null.
func (c *compiler) given(f field, name string) (*ast.Value, error) {
	a := f.Arguments.ForName(name)
	if a == nil {
		return nil, nil
	}
	v, err := a.Value.Value(c.vars)
	if err != nil {
		return nil, refuse(refusedValue)
	}
	if v == nil {
		return nil, nil
	}
	return a.Value, nil
}

// viewer is made of four rows that the caller himself names.
func (c *compiler) viewer(w *writer, f field) error {
	if !c.named {
		w.text("null")
		return nil
	}
	fields, err := c.collect(f.Selections, c.p.sdl.Types["Viewer"])
	if err != nil {
		return err
	}
	w.open()
	for i, f := range fields {
		w.member(i, f)
		switch f.Name {
		case "__typename":
			w.text(quoted("Viewer"))
		case "authorities":
			w.op(op{code: opAuthorities})
		case "user", "client", "membership", "session":
			ft := c.fetch(c.p.table.Kinds[f.Definition.Type.Name()], "Viewer."+f.Name, byID)
			ft.of = map[string]source{"user": user, "client": self, "membership": membership, "session": session}[f.Name]
			if err := c.one(w, ft, f.Selections, true); err != nil {
				return err
			}
		case "clients", "memberships", "sessions":
			if err := c.ofViewer(w, f); err != nil {
				return err
			}
		default:
			return refuse(refusedField)
		}
	}
	w.close()
	return nil
}

// ofViewer is an edge of the caller's own row, in the place of the row.
func (c *compiler) ofViewer(w *writer, f field) error {
	parent := c.fetch(c.p.table.Kinds["User"], "Viewer."+f.Name, byID)
	parent.of = user
	target := c.p.table.Kinds[strings.TrimSuffix(f.Definition.Type.Name(), "Connection")]
	list, err := c.connection(parent, target, parent.kind.Edges[f.Name], f.Name, f)
	if err != nil {
		return err
	}
	row := writer{}
	row.hole(list)
	w.hole(&hole{code: holeOne, fetch: parent, program: parent.add(row.done()), required: true})
	return nil
}

// node is the object that an id names; the kind of the id is part of the plan's shape.
func (c *compiler) node(w *writer, f field) error {
	a := f.Arguments.ForName("id")
	v, err := a.Value.Value(c.vars)
	if err != nil {
		return refuse(refusedValue)
	}
	k := c.p.table.byID[kindOf(v)]
	if k == nil {
		w.text("null")
		return nil
	}
	c.require(k.Authority)
	ft := c.fetch(k, "Query.node", byID)
	ft.argument, ft.want = a.Value, k.ID
	return c.one(w, ft, f.Selections, false)
}

func (c *compiler) nodes(w *writer, f field) error {
	a := f.Arguments.ForName("ids")
	v, err := a.Value.Value(c.vars)
	if err != nil {
		return refuse(refusedValue)
	}
	h := &hole{code: holeNodes, ids: a.Value}
	for _, kind := range kindsOf(v) {
		k := c.p.table.byID[kind]
		if k == nil {
			continue
		}
		c.require(k.Authority)
		ft := c.fetch(k, "Query.nodes", byID)
		ft.argument, ft.want = a.Value, kind
		program, err := c.object(ft, f.Selections)
		if err != nil {
			return err
		}
		h.variants = append(h.variants, variant{kind, ft, program})
	}
	w.hole(h)
	return nil
}
