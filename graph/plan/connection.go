package plan

import (
	"github.com/vektah/gqlparser/v2/ast"
)

// connection compiles a list: of a root field, without a parent, or of an edge.
func (c *compiler) connection(parent *fetch, k *Kind, e Edge, name string, f field) (*hole, error) {
	ft, err := c.listing(parent, k, e, name, f)
	if err != nil {
		return nil, err
	}
	typeName := f.Definition.Type.Name()
	fields, err := c.collect(f.Selections, c.p.sdl.Types[typeName])
	if err != nil {
		return nil, err
	}
	h := &hole{code: holeConnection, fetch: ft, required: f.Definition.Type.NonNull}
	w := connectionWriter{hole: h}
	w.literal = "{"
	for i, m := range fields {
		w.member(i, m)
		if err := c.partOf(&w, ft, typeName, m); err != nil {
			return nil, err
		}
	}
	h.tail = w.literal + "}"
	return h, nil
}

// listing is the fetch of a connection; the same arguments share one.
func (c *compiler) listing(parent *fetch, k *Kind, e Edge, name string, f field) (*fetch, error) {
	id := ""
	if parent != nil {
		id = key(parent, name)
		for _, a := range f.Arguments {
			id += "|" + a.Name + "=" + a.Value.String()
		}
		if known := c.shared[id]; known != nil {
			return known, nil
		}
	}
	pg, err := c.pageOf(k, f)
	if err != nil {
		return nil, err
	}
	var ft *fetch
	if parent == nil {
		ft = c.fetch(k, name, listed)
	} else {
		ft = c.child(parent, k, e, name)
		c.shared[id] = ft
	}
	ft.page = pg
	return ft, nil
}

func (c *compiler) pageOf(k *Kind, f field) (*page, error) {
	pg := &page{position: -1}
	var orderBy *ast.Value
	for _, a := range f.Arguments {
		switch a.Name {
		case "first":
			pg.first = a.Value
		case "after":
			pg.after = a.Value
		case "last":
			pg.last = a.Value
		case "before":
			pg.before = a.Value
		case "orderBy":
			orderBy = a.Value
		case "filter":
			v, err := c.given(f, "filter")
			if err != nil {
				return nil, err
			}
			pg.filter = v
		default:
			return nil, refuse(refusedArgument)
		}
	}
	var err error
	if pg.order, err = c.orderOf(k, orderBy); err != nil {
		return nil, err
	}
	// Without a filter the conditions are the same for every caller.
	none := k.List.Conditions(nil, nil)
	if none.Err != nil {
		return nil, refuse(refusedValue)
	}
	pg.key = pg.order.Binding(none)
	pg.conditions, err = c.p.conditions(none.Predicates)
	return pg, err
}

// partOf compiles one field of a connection.
func (c *compiler) partOf(w *connectionWriter, ft *fetch, typeName string, m field) error {
	switch m.Name {
	case "__typename":
		w.literal += quoted(typeName)
	case "totalCount":
		ft.page.total = true
		w.part(part{code: partTotal})
	case "pageInfo":
		return c.pageInfo(w, ft, m)
	case "nodes":
		ft.page.rows = true
		program, err := c.object(ft, m.Selections)
		if err != nil {
			return err
		}
		w.part(part{code: partRows, program: program})
	case "edges":
		ft.page.rows = true
		program, err := c.edge(ft, m)
		if err != nil {
			return err
		}
		w.part(part{code: partRows, program: program})
	default:
		return refuse(refusedField)
	}
	return nil
}

// edge compiles how the rows of a list are written as edges.
func (c *compiler) edge(ft *fetch, m field) (int, error) {
	typeName := m.Definition.Type.Name()
	fields, err := c.collect(m.Selections, c.p.sdl.Types[typeName])
	if err != nil {
		return 0, err
	}
	w := writer{}
	w.open()
	for i, e := range fields {
		w.member(i, e)
		switch e.Name {
		case "__typename":
			w.text(quoted(typeName))
		case "cursor":
			ft.positioned()
			w.hole(&hole{code: holeCursor, fetch: ft})
		case "node":
			if err := c.members(&w, ft, ft.kind, e.Selections); err != nil {
				return 0, err
			}
		default:
			return 0, refuse(refusedField)
		}
	}
	w.close()
	return ft.add(w.done()), nil
}

// positioned has the rows write their places in the list: the value of the order's column, and the id.
func (f *fetch) positioned() {
	if f.page.position >= 0 {
		return
	}
	w := writer{}
	if column := f.page.order.Column; column != "id" {
		w.op(op{code: opRaw, at: f.column(column)})
	} else {
		w.op(op{code: opRaw, at: -1})
	}
	w.op(op{code: opRaw, at: f.column("id")})
	f.page.position = f.add(w.done())
}

func (c *compiler) pageInfo(w *connectionWriter, ft *fetch, m field) error {
	fields, err := c.collect(m.Selections, c.p.sdl.Types["PageInfo"])
	if err != nil {
		return err
	}
	ft.page.rows = true
	w.literal += "{"
	for i, f := range fields {
		w.member(i, f)
		switch f.Name {
		case "__typename":
			w.literal += quoted("PageInfo")
		case "hasNextPage":
			ft.page.next = true
			w.part(part{code: partNext})
		case "hasPreviousPage":
			ft.page.previous = true
			w.part(part{code: partPrevious})
		case "startCursor":
			ft.positioned()
			w.part(part{code: partStart})
		case "endCursor":
			ft.positioned()
			w.part(part{code: partEnd})
		default:
			return refuse(refusedField)
		}
	}
	w.literal += "}"
	return nil
}

// connectionWriter gathers the parts of a connection.
type connectionWriter struct {
	hole    *hole
	literal string
}

func (w *connectionWriter) member(i int, f field) {
	if i > 0 {
		w.literal += ","
	}
	w.literal += quoted(f.Alias) + ":"
}

func (w *connectionWriter) part(p part) {
	p.literal, w.literal = w.literal, ""
	w.hole.parts = append(w.hole.parts, p)
}
