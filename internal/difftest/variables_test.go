package difftest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// enumWord is a value of an enum: bare in a document, a string in variables.
type enumWord string

// object is a value of an input type, its members in order.
type object []part

type part struct {
	name  string
	typ   *ast.Type
	value any
	anew  func() any
}

// MarshalJSON writes the object as variables bring it.
func (o object) MarshalJSON() ([]byte, error) {
	m := map[string]any{}
	for _, f := range o {
		m[f.name] = f.value
	}
	return json.Marshal(m)
}

// variable is a declared variable with the value it is given.
type variable struct {
	name, declared string
	typ            *ast.Type
	given          any
	absent         bool
	anew           func() any // another value
}

func (v *variable) use() string { return "$" + v.name }

// values are the variables as JSON.
func values(list []*variable) map[string]any {
	out := map[string]any{}
	for _, v := range list {
		if !v.absent {
			out[v.name] = v.given
		}
	}
	return out
}

func definitions(list []*variable) string {
	if len(list) == 0 {
		return ""
	}
	parts := make([]string, len(list))
	for i, v := range list {
		parts[i] = v.use() + ": " + v.declared
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

// write writes a value for a position of a type: as a literal, or as a variable, the whole or a part of it. anew makes
// another value for the position.
func (g *generator) write(t *ast.Type, v any, anew func() any) string {
	if g.chance(30) {
		return g.variable(t, v, anew).use()
	}
	switch v := v.(type) {
	case object:
		parts := make([]string, len(v))
		for i, m := range v {
			parts[i] = m.name + ": " + g.write(m.typ, m.value, m.anew)
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		parts := make([]string, len(v))
		for i, item := range v {
			parts[i] = g.write(t.Elem, item, func() any { return item })
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return literal(v)
}

// literal writes a value without variables. JSON's strings are GraphQL's.
func literal(v any) string {
	switch v := v.(type) {
	case enumWord:
		return string(v)
	case object:
		parts := make([]string, len(v))
		for i, m := range v {
			parts[i] = m.name + ": " + literal(m.value)
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		parts := make([]string, len(v))
		for i, item := range v {
			parts[i] = literal(item)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	text, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("a value that is no JSON: %v", err))
	}
	return string(text)
}

// variable declares a variable that brings a value to a position: given, or its default; null given, or absent.
func (g *generator) variable(t *ast.Type, v any, anew func() any) *variable {
	nullable, required := *t, *t
	nullable.NonNull, required.NonNull = false, true
	out := &variable{name: fmt.Sprintf("v%d_", g.named), typ: t, given: v, anew: anew}
	g.named++
	g.variables = append(g.variables, out)
	switch kind := g.rng.IntN(4); {
	case v == nil:
		out.declared, out.absent = nullable.String(), g.chance(50)
		if other := anew(); kind == 0 && other != nil {
			out.declared, out.absent = out.declared+" = "+literal(other), false
		}
	case kind == 0: // the default brings it; to a position that is not null, the default makes a nullable variable fit
		out.declared, out.absent = nullable.String()+" = "+literal(v), true
	case kind == 1:
		if other := anew(); other != nil {
			out.declared = nullable.String() + " = " + literal(other)
			break
		}
		fallthrough
	case kind == 2 || t.NonNull:
		out.declared = required.String()
	default:
		out.declared = nullable.String()
	}
	return out
}

// vary gives some of the variables other values: the document stays, so that what was compiled for it is used again.
func (g *generator) vary(list []*variable, cursors []string) map[string]any {
	out := values(list)
	for _, v := range list {
		switch {
		case g.chance(40):
		case v.cursor() && len(cursors) > 0 && g.chance(80):
			out[v.name] = pick(g.rng, cursors)
		case !v.typ.NonNull && g.chance(10):
			out[v.name] = nil
		case g.chance(3):
			out[v.name] = pick(g.rng, []any{"rubbish", "2", 1.5, 2.0, []any{}, map[string]any{}, true})
		default:
			out[v.name] = v.anew()
		}
	}
	return out
}

// cursor tells whether a variable can bring a cursor.
func (v *variable) cursor() bool {
	return slices.Contains([]string{"String", "String!"}, v.typ.String())
}
