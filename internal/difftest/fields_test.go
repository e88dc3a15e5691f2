package difftest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// typename is the field that every type has and no definition lists.
var typename = &ast.FieldDefinition{Name: "__typename", Type: ast.NonNullNamedType("String", nil)}

// pickField picks a field of a spot's type: edges only while there is depth and work left.
func (g *generator) pickField(s *spot) *ast.FieldDefinition {
	var leaves, edges []*ast.FieldDefinition
	for _, f := range s.def.Fields {
		switch {
		case strings.HasPrefix(f.Name, "__") && !g.chance(3):
		case slices.Contains(referred, f.Name) && !g.chance(25): // with one, both sides are the reference
		case g.schema.Types[f.Type.Name()].IsLeafType():
			leaves = append(leaves, f)
		case strings.HasPrefix(s.def.Name, "__") && s.depth > 1: // validation bounds how deep the schema is asked about
		case isPlumbing(s.def.Name) || s.depth < mostDepth && s.objects <= g.work:
			edges = append(edges, f)
		}
	}
	if g.chance(5) || len(leaves)+len(edges) == 0 {
		return typename
	}
	switch {
	case isPlumbing(s.def.Name):
		return pick(g.rng, append(leaves, edges...))
	case len(leaves) == 0 || len(edges) > 0 && g.chance(40):
		return pick(g.rng, edges)
	}
	return pick(g.rng, leaves)
}

// field writes a field, under a key that no other field of the place has; arguments and selection follow.
func (g *generator) field(s *spot, f *ast.FieldDefinition) string {
	c := &choice{key: f.Name, in: s.def, field: f, shape: shape(g.schema, f.Type), place: &place{}}
	g.arguments(c, s.objects)
	if g.aliases < mostAliases-3 && g.chance(35) {
		c.key = g.alias(s.def)
	}
	for !s.place.takes(c) {
		c.key = fmt.Sprintf("a%d", g.rng.IntN(1000))
	}
	return g.chosen(s, s.place.add(c))
}

// alias is a name people might take: short, or that of another field.
func (g *generator) alias(def *ast.Definition) string {
	if g.chance(40) {
		if f := pick(g.rng, def.Fields); !strings.HasPrefix(f.Name, "__") {
			return f.Name
		}
	}
	return pick(g.rng, []string{"a", "b", "c", "e", "n", "t", "x", "_", "A", "type", "nodes", "totalCount"})
}

// again writes a key once more that the place has already; what it selects merges.
func (g *generator) again(s *spot) string {
	var fit []*choice
	for _, c := range s.place.chosen {
		edge := !g.schema.Types[c.field.Type.Name()].IsLeafType() && !isPlumbing(s.def.Name)
		if c.in == s.def && !strings.HasPrefix(s.def.Name, "__") && (!edge || s.depth < mostDepth && s.objects <= g.work) {
			fit = append(fit, c)
		}
	}
	if len(fit) == 0 {
		return g.field(s, g.pickField(s))
	}
	return g.chosen(s, pick(g.rng, fit))
}

// chosen writes a choice of a place, with a selection.
func (g *generator) chosen(s *spot, c *choice) string {
	text := c.field.Name + c.arguments + g.directive()
	if c.key != c.field.Name {
		g.aliases++
		text = c.key + ": " + text
	}
	target := g.schema.Types[c.field.Type.Name()]
	if target.IsLeafType() {
		return text
	}
	below := spot{def: target, place: c.place, depth: s.depth, objects: s.objects, page: c.page, likely: c.likely}
	if isPlumbing(s.def.Name) {
		below.page = s.page
		if c.field.Type.Elem != nil { // edges, nodes
			below.objects *= max(1, s.page)
		}
	} else {
		below.depth++
		g.deepest = max(g.deepest, below.depth)
		g.work -= s.objects
		if !isPlumbing(target.Name) {
			below.objects *= max(1, c.page)
		}
	}
	return text + " " + g.set(&below)
}

// directive writes nothing, @skip, @include or both. Mostly they leave the selection in.
func (g *generator) directive() string {
	if g.directives >= mostDirectives || !g.chance(10) {
		return ""
	}
	text := ""
	for _, d := range []struct {
		name string
		in   bool
	}{{"skip", false}, {"include", true}} {
		if text != "" && g.chance(85) || text == "" && d.name == "skip" && g.chance(50) {
			continue
		}
		g.directives++
		condition := d.in == g.chance(65)
		text += " @" + d.name + "(if: " + g.write(ast.NonNullNamedType("Boolean", nil), condition, g.boolean) + ")"
	}
	return text
}

func (g *generator) boolean() any { return g.chance(50) }
