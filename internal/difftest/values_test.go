package difftest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// pools is what arguments are made of: what there is in the database, and cursors that were handed out.
type pools struct {
	schema  *ast.Schema
	ids     map[string][]string // by type of the SDL
	words   map[string][]string // by column
	cursors map[string][]string // by connection type and order
}

// meant says of whom an id is whose name does not: "managerId". The others tell: "clientId".
var meant = map[string]string{"manager": "Client", "giver": "Client"}

// arguments writes the arguments of a choice, and tells how many objects it leads to at most for one parent.
func (g *generator) arguments(c *choice, objects int) {
	given := map[string]any{}
	f := c.field
	switch {
	case isConnection(f.Type):
		c.page = g.page(given, objects)
		g.list(f, given)
	case len(f.Arguments) > 1 && (g.clean || g.chance(70)):
		a := pick(g.rng, f.Arguments) // one of several ways to name something
		given[a.Name] = g.value(a.Type, a.Name, f)
		for _, a := range f.Arguments {
			if a.Type.NonNull {
				given[a.Name] = g.value(a.Type, a.Name, f)
			}
		}
	default:
		for _, a := range f.Arguments {
			if a.Type.NonNull || g.chance(50) {
				given[a.Name] = g.value(a.Type, a.Name, f)
			}
		}
	}
	if f.Type.Elem != nil && f.Arguments.ForName("ids") == nil {
		c.page = 5 // lists of the schema itself, and of objects without ids
	}
	var parts []string
	for _, a := range f.Arguments {
		v, ok := given[a.Name]
		if !ok {
			continue
		}
		switch v := v.(type) {
		case []any:
			c.page = len(v)
			if len(v) > 0 {
				c.likely = g.kindOf(v[0])
			}
		case string:
			c.likely = g.kindOf(v)
		}
		parts = append(parts, a.Name+": "+g.write(a.Type, v, func() any { return g.value(a.Type, a.Name, f) }))
	}
	c.page = max(c.page, 1)
	if len(parts) == 0 {
		return
	}
	if g.chance(20) {
		slices.Reverse(parts)
	}
	c.arguments = "(" + strings.Join(parts, ", ") + ")"
}

// kindOf is the type of the object with an id; nil when it is none.
func (g *generator) kindOf(id any) *ast.Definition {
	text, _ := id.(string)
	for _, kind := range g.kinds() {
		if len(text) > 4 && strings.HasPrefix(g.ids[kind][0], text[:4]) {
			return g.schema.Types[kind]
		}
	}
	return nil
}

// page decides first and last: mostly few, at times what is wrong.
func (g *generator) page(given map[string]any, objects int) int {
	few := 1 + g.rng.IntN(3)
	if objects == 1 {
		few += g.rng.IntN(5)
	}
	n := g.rng.IntN(100)
	if g.clean {
		n = min(n, 92)
	}
	switch {
	case n < 10 && objects < 10:
		return 20
	case n < 70:
		given["first"] = few
	case n < 88:
		given["last"] = few
	case n < 91:
		given["first"] = 0
	case n < 92:
		given["last"] = 0
	case n < 93:
		given["first"], given["last"] = few, nil
	case n < 94 && objects < 4:
		given["first"] = 100
		return 100
	case n < 95 && objects < 4:
		given["last"] = 35
		return 35
	case n < 96:
		given["first"], given["last"] = few, few
	case n < 97:
		given[pick(g.rng, []string{"first", "last"})] = pick(g.rng, []int{101, -1})
	default:
		given["first"] = few
	}
	return few
}

// list decides the other arguments of a connection: its cursors fit its order, mostly.
func (g *generator) list(f *ast.FieldDefinition, given map[string]any) {
	order := ""
	for _, a := range f.Arguments {
		switch a.Name {
		case "first", "last", "after", "before":
		case "orderBy":
			if g.chance(45) {
				given[a.Name] = g.value(a.Type, a.Name, f)
				order = orderKey(given[a.Name])
			}
		default:
			if a.Type.NonNull || g.chance(30) {
				given[a.Name] = g.value(a.Type, a.Name, f)
			}
		}
	}
	fit := g.cursors[strings.TrimSpace(f.Type.Name()+" "+order)]
	if given["filter"] != nil { // they are of lists without one
		fit = nil
	}
	for _, name := range []string{"after", "before"} {
		switch {
		case len(fit) > 0 && g.chance(12):
			given[name] = pick(g.rng, fit)
		case !g.clean && g.chance(3):
			given[name] = g.cursor()
		}
	}
}

// orderKey names an order, the same for its default said and unsaid: "" for creation, ascending.
func orderKey(v any) string {
	field, direction := "CREATED_AT", "ASC"
	if o, ok := v.(object); ok {
		for _, m := range o {
			switch word := fmt.Sprint(m.value); m.name {
			case "field":
				field = word
			case "direction":
				direction = word
			}
		}
	}
	if field == "CREATED_AT" && direction == "ASC" {
		return ""
	}
	return field + " " + direction
}

// value makes a value for an argument or a member of an input type, of the field it is finally for.
func (g *generator) value(t *ast.Type, name string, f *ast.FieldDefinition) any {
	if !t.NonNull && g.chance(4) && (!g.clean || t.Name() != "ID" && t.Name() != "String") {
		return nil
	}
	if t.Elem != nil {
		list := make([]any, g.rng.IntN(5))
		for i := range list {
			list[i] = g.value(t.Elem, name, f)
		}
		return list
	}
	def := g.schema.Types[t.Name()]
	switch def.Kind {
	case ast.Enum:
		return enumWord(pick(g.rng, def.EnumValues).Name)
	case ast.InputObject:
		return g.object(def, f)
	}
	switch t.Name() {
	case "Boolean":
		return g.chance(50)
	case "Int":
		return pick(g.rng, []int{0, 1, 1, 2, 2, 3, 3})
	case "ID":
		return g.id(name, f)
	}
	return g.text(name, f)
}

// object makes an input object with what it requires and some of the rest.
func (g *generator) object(def *ast.Definition, f *ast.FieldDefinition) object {
	o := object{}
	chance := 100 / len(def.Fields)
	for _, m := range def.Fields {
		required := m.Type.NonNull && m.DefaultValue == nil
		if required || g.chance(chance+10) {
			anew := func() any { return g.value(m.Type, m.Name, f) }
			o = append(o, part{m.Name, m.Type, anew(), anew})
		}
	}
	return o
}

// id makes an id: mostly of the right kind and there, for the caller or for others.
func (g *generator) id(name string, f *ast.FieldDefinition) string {
	kind := f.Type.Name()
	if owner, ok := strings.CutSuffix(name, "Id"); ok && owner != "" {
		kind = strings.ToUpper(owner[:1]) + owner[1:]
		if other, known := meant[owner]; known {
			kind = other
		}
	}
	list := g.ids[kind]
	if len(list) == 0 || !g.clean && g.chance(8) {
		list = g.ids[pick(g.rng, g.kinds())]
	}
	some := pick(g.rng, list)
	switch n := g.rng.IntN(40); {
	case n == 0:
		return some[:5] + "9" + some[6:] // of the kind, unknown
	case n == 1 && !g.clean:
		return strings.ToLower(some)
	case n == 2 && !g.clean:
		return pick(g.rng, []string{"", "x", some + " ", some[4:], "evt_01JD3Q4Z5V6W7X8Y9ZABCDEFGH"})
	default:
		return some
	}
}

// kinds lists the types whose objects have ids.
func (g *generator) kinds() []string {
	var list []string
	for _, def := range g.schema.PossibleTypes["Node"] {
		list = append(list, def.Name)
	}
	slices.Sort(list)
	return list
}

// text makes a text for what a name says: a cursor, a column's value or a part of one, anything.
func (g *generator) text(name string, f *ast.FieldDefinition) string {
	switch {
	case name == "after" || name == "before":
		return g.cursor()
	case f.Type.Name() == "__Type":
		return pick(g.rng, append(g.kinds(), "Query", "Reach", "Int", "nothing"))
	case !g.clean && g.chance(8):
		return pick(g.rng, append(texts, strings.Repeat("é", 129), strings.Repeat("x", 128)))
	case len(g.words[name]) > 0:
		return pick(g.rng, g.words[name])
	}
	some := []rune(pick(g.rng, g.words[pick(g.rng, []string{"name", "name", "code", "authority", "origin", "email"})]))
	from := g.rng.IntN(len(some))
	return string(some[from:min(len(some), from+1+g.rng.IntN(4))])
}

// cursor is one that was handed out for some list, or none at all.
func (g *generator) cursor() string {
	if g.chance(20) {
		return pick(g.rng, []string{"", "x", "AAAA", strings.Repeat("A", 80)})
	}
	return pick(g.rng, g.cursors["any"])
}
