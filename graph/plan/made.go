package plan

import (
	"context"
	"database/sql/driver"
	"errors"
	"time"

	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/store"
)

// Made is a field that lists objects which no table has: the domain makes them, for all parents at once. The objects are
// rows like any other to what is below them: they have columns, and edges to one row by a column.
type Made struct {
	Kind *Kind // of the objects, without a table
	// Make gives, for each parent, its rows in order; a parent that is missing has no list: null. An error with the code
	// INVALID leaves the operation to the reference executor, which words it.
	Make func(ctx context.Context, db *store.DB, parents []string, arguments map[string]any) (map[string][]MadeRow, error)
}

// MadeRow gives the value of a column of a made object.
type MadeRow func(column string) driver.Value

// made compiles a made list below a parent; the same arguments share one.
func (c *compiler) made(parent *fetch, m Made, f field) (*hole, error) {
	id := key(parent, f.Name)
	for _, a := range f.Arguments {
		id += "|" + a.Name + "=" + a.Value.String()
	}
	ft := c.shared[id]
	if ft == nil {
		ft = c.fetch(m.Kind, parent.kind.Name+"."+f.Name, making)
		ft.parent, ft.parentAt, ft.made, ft.arguments = parent, parent.key("id"), m.Make, f.Arguments
		c.shared[id] = ft
	}
	program, err := c.object(ft, f.Selections)
	return &hole{code: holeList, fetch: ft, program: program, required: f.Definition.Type.NonNull}, err
}

// bindMade reads the arguments of a made list.
func (x *run) bindMade(f *fetch, s *state) error {
	s.size, s.backwards, s.arguments = 0, false, make(map[string]any, len(f.arguments))
	for _, a := range f.arguments {
		v, err := a.Value.Value(x.vars)
		if err != nil {
			return errInput
		}
		s.arguments[a.Name] = v
	}
	return nil
}

// make has the lists of some parents made.
func (x *run) make(keys []any) error {
	parents := make([]string, len(keys))
	for i, k := range keys {
		parents[i], _ = k.(string)
	}
	lists, err := x.p.make(x.ctx, x.f, parents, x.s.arguments)
	if e, ok := errors.AsType[*apperr.Error](err); ok && e.Code == apperr.Invalid {
		return errInput
	}
	if err != nil {
		return err
	}
	row := make([]driver.Value, len(x.f.columns))
	for i, parent := range parents {
		rows, ok := lists[parent]
		if !ok {
			continue
		}
		sp := &x.s.spans[x.parents.find(keys[i])]
		sp.made, sp.first, sp.n = true, x.s.rows, int32(len(rows))
		for _, value := range rows {
			for i, column := range x.f.columns {
				row[i] = value(column)
			}
			if err := x.render(row); err != nil {
				return err
			}
		}
	}
	return nil
}

// make has the lists of one fetch made.
func (p *Planner) make(ctx context.Context, f *fetch, parents []string, arguments map[string]any) (map[string][]MadeRow, error) {
	start := time.Now()
	ctx, end := traced(ctx, f)
	lists, err := f.made(ctx, p.db, parents, arguments)
	end(err)
	f.observer.Observe(time.Since(start).Seconds())
	return lists, err
}

// fillList writes a made list.
func (x *run) fillList(h *hole, slot int32) error {
	s := &x.states[h.fetch.index]
	if slot < 0 || !s.spans[slot].made {
		if h.required {
			return errMissing
		}
		x.out = append(x.out, "null"...)
		return nil
	}
	return x.writeRows(h.fetch, s, &s.spans[slot], h.program)
}
