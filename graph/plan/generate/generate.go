// Package generate is an extension of ent's code generator. It writes down, for the read planner, what ent's schema
// says of each entity: table, columns, edges. So a new entity costs the planner nothing, and what the two of them
// know of a table cannot differ.
package generate

import (
	"bytes"
	_ "embed"
	"fmt"
	"go/format"
	"os"
	"strings"
	"text/template"
	"unicode"

	"entgo.io/ent/entc"
	"entgo.io/ent/entc/gen"
)

// Extension writes the planner's entities into a file.
type Extension struct {
	entc.DefaultExtension
	File string
}

// Hooks implements entc.Extension.
func (e Extension) Hooks() []gen.Hook {
	return []gen.Hook{func(next gen.Generator) gen.Generator {
		return gen.GenerateFunc(func(g *gen.Graph) error {
			if err := next.Generate(g); err != nil {
				return err
			}
			return e.write(g)
		})
	}}
}

//go:embed entities.tmpl
var text string

var page = template.Must(template.New("entities").Parse(text))

// entity is one ent type with an id of its own.
type entity struct {
	Name, Table, ID string
	Columns         []column
	Edges           []edge
}

type column struct {
	Field, Name, Encoding string
	Nullable              bool
}

// edge is one line of Go, for each cardinality its own.
type edge struct{ Field, Value string }

func (e Extension) write(g *gen.Graph) error {
	var entities []entity
	for _, n := range g.Nodes {
		if n.HasOneFieldID() && strings.HasPrefix(n.ID.Type.String(), "oid.") {
			one, err := read(n)
			if err != nil {
				return err
			}
			entities = append(entities, one)
		}
	}
	var b bytes.Buffer
	if err := page.Execute(&b, entities); err != nil {
		return fmt.Errorf("write the planner's entities: %w", err)
	}
	source, err := format.Source(b.Bytes())
	if err != nil {
		return fmt.Errorf("format the planner's entities: %w", err)
	}
	return os.WriteFile(e.File, source, 0o644) //nolint:gosec // source code
}

func read(n *gen.Type) (entity, error) {
	out := entity{Name: n.Name, Table: n.Table(), ID: n.ID.Type.String()}
	for _, f := range append([]*gen.Field{n.ID}, n.Fields...) {
		if f.Sensitive() {
			continue // what no answer may hold, the planner need not know
		}
		encoding, err := encodingOf(n, f)
		if err != nil {
			return out, err
		}
		out.Columns = append(out.Columns, column{camel(f.Name), f.StorageKey(), encoding, f.Nillable})
	}
	for _, e := range n.Edges {
		if e.Through != nil {
			continue // the closures, which no field of the API shows
		}
		out.Edges = append(out.Edges, edge{camel(e.Name), edgeOf(e)})
	}
	return out, nil
}

func encodingOf(n *gen.Type, f *gen.Field) (string, error) {
	switch {
	case f.IsTime():
		return "Instant", nil
	case f.IsBool():
		return "Boolean", nil
	case f.Type.Type.Integer():
		return "Integer", nil
	case f.IsString(), f.IsEnum():
		return "Text", nil
	}
	return "", fmt.Errorf("the planner has no encoding for %s.%s of type %s", n.Name, f.Name, f.Type)
}

func edgeOf(e *gen.Edge) string {
	switch {
	case e.M2M():
		from, to := e.Rel.Columns[0], e.Rel.Columns[1]
		if e.IsInverse() {
			from, to = to, from
		}
		return fmt.Sprintf("{To: %q, Cardinality: ManyToMany, Join: Join{Table: %q, From: %q, To: %q}}", e.Type.Name, e.Rel.Table, from, to)
	case e.Unique && e.OwnFK():
		return fmt.Sprintf("{To: %q, Cardinality: ToOne, Column: %q}", e.Type.Name, e.Rel.Column())
	}
	return fmt.Sprintf("{To: %q, Cardinality: ToMany, Column: %q}", e.Type.Name, e.Rel.Column())
}

// camel is the name of a field in the SDL.
func camel(s string) string {
	parts := strings.Split(s, "_")
	for i, p := range parts[1:] {
		r := []rune(p)
		r[0] = unicode.ToUpper(r[0])
		parts[i+1] = string(r)
	}
	return strings.Join(parts, "")
}
