package sweep

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// api is the SDL, with what the sweep asks about it. Nothing of the sweep names a field of the SDL but the tables in
// registry_test.go and oracle_test.go, which gaps compares with it.
type api struct{ *ast.Schema }

// load reads the SDL of the repository, with more definitions behind it.
func load(t testing.TB, more ...string) api {
	t.Helper()
	files, err := filepath.Glob("../../schema/*.graphqls")
	if err != nil || len(files) == 0 {
		t.Fatalf("find the SDL: %d files, %v", len(files), err)
	}
	var sources []*ast.Source
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatalf("read the SDL: %v", err)
		}
		sources = append(sources, &ast.Source{Name: file, Input: string(text)})
	}
	for _, text := range more {
		sources = append(sources, &ast.Source{Name: "more", Input: text})
	}
	schema, err := gqlparser.LoadSchema(sources...)
	if err != nil {
		t.Fatalf("load the SDL: %v", err)
	}
	return api{schema}
}

// fields of a type, without those of introspection.
func fields(def *ast.Definition) ast.FieldList {
	var list ast.FieldList
	for _, f := range def.Fields {
		if !strings.HasPrefix(f.Name, "__") {
			list = append(list, f)
		}
	}
	return list
}

// target is the type a field leads to.
func (a api) target(f *ast.FieldDefinition) *ast.Definition { return a.Types[f.Type.Name()] }

// isNode tells whether a type's objects have an id: the kinds of domain 0.
func isNode(def *ast.Definition) bool { return slices.Contains(def.Interfaces, "Node") }

// objects lists the types whose objects have an id.
func (a api) objects() []*ast.Definition {
	var list []*ast.Definition
	for _, def := range a.Types {
		if isNode(def) {
			list = append(list, def)
		}
	}
	slices.SortFunc(list, func(x, y *ast.Definition) int { return strings.Compare(x.Name, y.Name) })
	return list
}

// connection gives the type of the objects a connection lists; nil where the field is none.
func (a api) connection(f *ast.FieldDefinition) *ast.Definition {
	if !strings.HasSuffix(f.Type.Name(), "Connection") {
		return nil
	}
	if nodes := a.target(a.target(f).Fields.ForName("nodes")); isNode(nodes) {
		return nodes
	}
	return nil // objects without an id have a question of their own
}

// selection asks for everything of a type; of the objects with an id that it leads to, only who they are.
func (a api) selection(def *ast.Definition) string {
	var b strings.Builder
	b.WriteString("{ __typename")
	for _, f := range fields(def) {
		if apart[def.Name+"."+f.Name] != nil {
			continue
		}
		b.WriteString(" " + f.Name)
		switch target := a.target(f); {
		case target.IsLeafType():
		case a.connection(f) != nil:
			b.WriteString("(first: 100) { totalCount edges { cursor node " + a.identity(a.connection(f)) + " } nodes " + a.identity(a.connection(f)) + " }")
		case isNode(target) || target.IsAbstractType():
			b.WriteString(" " + a.identity(target))
		default:
			b.WriteString(" " + a.selection(target))
		}
	}
	b.WriteString(" }")
	return b.String()
}

// identity asks who an object is. Of clients, which can be visible in part, it asks for all that is not to be shown
// then and needs no further objects.
func (a api) identity(def *ast.Definition) string {
	if def.Name != partial {
		return "{ __typename id }"
	}
	plain := []string{"{ __typename"}
	for _, f := range fields(def) {
		if a.target(f).IsLeafType() {
			plain = append(plain, f.Name)
		}
	}
	return strings.Join(append(plain, "}"), " ")
}

// leaf is one value that a caller can put into the arguments of a field.
type leaf struct {
	path []string // "filter", "clientId"
	in   string   // the input type it is a field of, or the field it is an argument of: "RoleFilter", "Query.client"
	typ  *ast.Type
}

func (l leaf) name() string { return l.path[len(l.path)-1] }

// String is the leaf as the sweep's item names it.
func (l leaf) String() string { return strings.Join(l.path, ".") }

// key is where the leaf stands in the SDL: "RoleFilter.clientId", "Query.client.id".
func (l leaf) key() string { return l.in + "." + l.name() }

// isID tells whether the leaf takes an id, or a list of them.
func (l leaf) isID() bool { return l.typ.Name() == "ID" }

// isCode tells whether the leaf names an object by its public name: a code, or an origin.
func (l leaf) isCode() bool {
	return l.typ.Name() == "String" && (l.name() == "code" || l.name() == "url" || strings.HasSuffix(l.name(), "Code"))
}

// leaves lists every leaf of a field's arguments. An input type within itself is not entered again.
func (a api) leaves(parent *ast.Definition, f *ast.FieldDefinition) []leaf {
	var list []leaf
	var walk func(l leaf, within []string)
	walk = func(l leaf, within []string) {
		def := a.Types[l.typ.Name()]
		if def.Kind != ast.InputObject {
			list = append(list, l)
			return
		}
		if slices.Contains(within, def.Name) {
			return
		}
		for _, input := range def.Fields {
			walk(leaf{append(slices.Clone(l.path), input.Name), def.Name, input.Type}, append(slices.Clone(within), def.Name))
		}
	}
	for _, argument := range f.Arguments {
		walk(leaf{[]string{argument.Name}, parent.Name + "." + f.Name, argument.Type}, nil)
	}
	return list
}

// items lists what the sweep must visit: every field that can be reached from a root ("Role.packages"), and of its
// arguments every leaf ("Role.packages(filter.clientId)"); of mutations, whose other inputs say nothing about whom
// anything is shown to, the leaves that name objects.
func (a api) items() []string {
	var list []string
	seen := map[string]bool{}
	var walk func(def *ast.Definition)
	walk = func(def *ast.Definition) {
		if seen[def.Name] {
			return
		}
		seen[def.Name] = true
		for _, f := range fields(def) {
			item := def.Name + "." + f.Name
			list = append(list, item)
			for _, l := range a.leaves(def, f) {
				if def != a.Mutation || l.isID() || l.isCode() {
					list = append(list, item+"("+l.String()+")")
				}
			}
			target := a.target(f)
			for _, possible := range append(a.GetPossibleTypes(target), target) {
				if possible.Kind == ast.Object {
					walk(possible)
				}
			}
		}
	}
	walk(a.Query)
	walk(a.Mutation)
	slices.Sort(list)
	return list
}

// required is what a field asks of the caller: an authority's name, "signed in", or nothing.
func required(f *ast.FieldDefinition) string {
	if d := f.Directives.ForName("authority"); d != nil {
		return d.Arguments.ForName("requires").Value.Raw
	}
	if f.Directives.ForName("signedIn") != nil {
		return signedIn
	}
	return ""
}

const signedIn = "signed in"

// column is the name of a field in SQL: thumbnailUrl is thumbnail_url.
func column(field string) string {
	var b strings.Builder
	for _, r := range field {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}
