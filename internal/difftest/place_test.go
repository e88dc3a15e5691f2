package difftest

import "github.com/vektah/gqlparser/v2/ast"

// place is an object of the answer, with all that has been selected of it by whatever way: a selection set, fragments,
// the same key twice. What comes next must not contradict it.
type place struct {
	chosen []*choice // a slice: the generator must not depend on the order of a map
}

// choice is one key of an object.
type choice struct {
	key       string
	in        *ast.Definition // the type it was selected in
	field     *ast.FieldDefinition
	shape     string
	arguments string
	page      int             // objects it leads to, at most
	likely    *ast.Definition // what they are, where the type leaves that open
	place     *place
}

func (p *place) key(key string) *choice {
	for _, c := range p.chosen {
		if c.key == key {
			return c
		}
	}
	return nil
}

// takes tells whether a choice can be made beside those there are.
func (p *place) takes(c *choice) bool {
	had := p.key(c.key)
	return had == nil || had.field.Name == c.field.Name && had.shape == c.shape && had.arguments == c.arguments && had.place.takesAll(c.place)
}

func (p *place) takesAll(other *place) bool {
	for _, c := range other.chosen {
		if !p.takes(c) {
			return false
		}
	}
	return true
}

// add makes a choice that is taken; the result is the merged one.
func (p *place) add(c *choice) *choice {
	had := p.key(c.key)
	if had == nil {
		had = &choice{c.key, c.in, c.field, c.shape, c.arguments, c.page, c.likely, &place{}}
		p.chosen = append(p.chosen, had)
	}
	had.place.addAll(c.place)
	return had
}

func (p *place) addAll(other *place) {
	for _, c := range other.chosen {
		p.add(c)
	}
}
