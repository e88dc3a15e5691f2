package plan

import (
	"errors"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/appanage/appanage/graph/list"
	"github.com/appanage/appanage/internal/oid"
)

// errInput is input that only the reference executor may judge: it words the error, if it is one.
var errInput = errors.New("plan: input that the reference executor judges")

// bind reads the arguments of a fetch from the variables of the request.
func (x *run) bind(f *fetch, s *state) error {
	if f.page != nil {
		return x.bindPage(f, s)
	}
	if f.made != nil {
		return x.bindMade(f, s)
	}
	if f.parent != nil {
		return nil
	}
	s.roots.reset()
	s.size, s.backwards = 1, false
	switch {
	case f.of != constant:
		_, err := s.roots.put(x.bound.value(&argument{of: f.of}))
		return err
	case f.name == "Query.nodes":
		return x.bindIDs(f, s)
	}
	text, err := x.text(f.argument)
	if err != nil {
		return err
	}
	if text == nil {
		return errInput
	}
	if kind, _ := oid.KindOf(*text); f.by == byID && kind != f.want {
		return errInput
	}
	_, err = s.roots.put(*text)
	return err
}

// bindIDs takes the ids of one kind from the argument of nodes.
func (x *run) bindIDs(f *fetch, s *state) error {
	v, err := f.argument.Value(x.vars)
	if err != nil {
		return errInput
	}
	ids := items(v)
	if len(ids) > list.MaxPage {
		return errInput
	}
	for _, id := range ids {
		if kindOf(id) != f.want {
			continue
		}
		if _, err := s.roots.put(id); err != nil {
			return errInput
		}
	}
	return nil
}

func (x *run) bindPage(f *fetch, s *state) (err error) {
	pg := f.page
	var p list.Page
	if p.First, err = x.integer(pg.first); err != nil {
		return err
	}
	if p.Last, err = x.integer(pg.last); err != nil {
		return err
	}
	if s.size, s.backwards, err = p.Size(); err != nil {
		return errInput
	}
	s.key, s.inSight = pg.key, false
	if pg.filter != nil {
		if err := x.bindFilter(f, s); err != nil {
			return err
		}
	}
	if s.after, err = x.boundary(f, s, pg.after, pg.order.Desc); err != nil {
		return err
	}
	s.before, err = x.boundary(f, s, pg.before, !pg.order.Desc)
	return err
}

// bindFilter makes conditions of a filter. They are written anew for each request: few have one, and what can be
// filtered by is too much for shapes.
func (x *run) bindFilter(f *fetch, s *state) error {
	raw, err := f.page.filter.Value(x.vars)
	if err != nil {
		return errInput
	}
	given, ok := raw.(map[string]any)
	if !ok {
		return errInput
	}
	conditions := f.kind.List.Conditions(x.bound.actor, given)
	if conditions.Err != nil {
		return errInput
	}
	s.key, s.inSight = f.page.order.Binding(conditions), conditions.InSight
	s.filter, err = x.p.conditions(conditions.Predicates)
	return err
}

func (x *run) boundary(f *fetch, s *state, v *ast.Value, down bool) (*boundary, error) {
	text, err := x.text(v)
	if err != nil || text == nil {
		return nil, err
	}
	position, err := x.p.cursors.Decode(s.key, *text)
	if err != nil {
		return nil, errInput
	}
	return &boundary{position, f.page.order.Column, down}, nil
}

func (x *run) text(v *ast.Value) (*string, error) {
	raw, err := v.Value(x.vars)
	if err != nil {
		return nil, errInput
	}
	if raw == nil {
		return nil, nil
	}
	text, ok := raw.(string)
	if !ok {
		return nil, errInput
	}
	return &text, nil
}

func (x *run) integer(v *ast.Value) (*int, error) {
	raw, err := v.Value(x.vars)
	if err != nil {
		return nil, errInput
	}
	if raw == nil {
		return nil, nil
	}
	n, err := graphql.UnmarshalInt(raw)
	if err != nil {
		return nil, errInput
	}
	return &n, nil
}
