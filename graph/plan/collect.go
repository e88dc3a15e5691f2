package plan

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// field is one member of an answer: fields of one name and alias are one, with their selections joined.
type field struct {
	*ast.Field
	Selections ast.SelectionSet
}

// collect lists the members that a selection gives an object, in the order of gqlgen, whose answers ours must equal.
func (c *compiler) collect(set ast.SelectionSet, def *ast.Definition) ([]field, error) {
	g := collector{c: c, def: def}
	err := g.set(set)
	return g.fields, err
}

type collector struct {
	c       *compiler
	def     *ast.Definition
	fields  []field
	visited []string // fragments, each of which counts once
}

func (g *collector) set(set ast.SelectionSet) error {
	for _, s := range set {
		in, err := g.c.included(s)
		if err != nil {
			return err
		}
		switch s := s.(type) {
		case *ast.Field:
			if in {
				g.add(s)
			}
		case *ast.InlineFragment:
			if in && g.fits(s.TypeCondition) {
				err = g.set(s.SelectionSet)
			}
		case *ast.FragmentSpread:
			if in && !slices.Contains(g.visited, s.Name) {
				g.visited = append(g.visited, s.Name)
				if f := g.c.doc.Fragments.ForName(s.Name); g.fits(f.TypeCondition) {
					err = g.set(f.SelectionSet)
				}
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (g *collector) add(f *ast.Field) {
	for i := range g.fields {
		if known := &g.fields[i]; known.Name == f.Name && known.Alias == f.Alias {
			known.Selections = append(slices.Clip(known.Selections), f.SelectionSet...)
			return
		}
	}
	g.fields = append(g.fields, field{f, f.SelectionSet})
}

func (g *collector) fits(condition string) bool {
	return condition == "" || condition == g.def.Name || slices.Contains(g.def.Interfaces, condition)
}

// included judges @skip and @include. Other directives are not the planner's.
func (c *compiler) included(s ast.Selection) (bool, error) {
	var directives ast.DirectiveList
	switch s := s.(type) {
	case *ast.Field:
		directives = s.Directives
	case *ast.InlineFragment:
		directives = s.Directives
	case *ast.FragmentSpread:
		directives = s.Directives
	}
	in := true
	for _, d := range directives {
		if d.Name != "skip" && d.Name != "include" {
			return false, refuse(refusedDirective)
		}
		v, err := d.Arguments.ForName("if").Value.Value(c.vars)
		condition, ok := v.(bool)
		if err != nil || !ok {
			return false, refuse(refusedValue)
		}
		in = in && condition == (d.Name == "include")
	}
	return in, nil
}
