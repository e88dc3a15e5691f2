package difftest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// loadSDL reads the SDL of the repository. The generator knows nothing of the API but this: what is added to the SDL
// is asked for without a change here.
func loadSDL(tb testing.TB) *ast.Schema {
	tb.Helper()
	files, err := filepath.Glob("../../schema/*.graphqls")
	if err != nil || len(files) == 0 {
		tb.Fatalf("find the SDL: %d files, %v", len(files), err)
	}
	var sources []*ast.Source
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			tb.Fatalf("read the SDL: %v", err)
		}
		sources = append(sources, &ast.Source{Name: file, Input: string(text)})
	}
	schema, err := gqlparser.LoadSchema(sources...)
	if err != nil {
		tb.Fatalf("load the SDL: %v", err)
	}
	return schema
}

func isConnection(t *ast.Type) bool { return strings.HasSuffix(t.Name(), "Connection") }

// isPlumbing tells the types that are no objects of their own: selecting in them costs nothing.
func isPlumbing(name string) bool {
	return strings.HasSuffix(name, "Connection") || strings.HasSuffix(name, "Edge") || name == "PageInfo"
}

// conditions are the types that a fragment inside of a type can name.
func conditions(schema *ast.Schema, def *ast.Definition) []*ast.Definition {
	list := []*ast.Definition{def}
	if def.IsAbstractType() {
		list = append(list, schema.PossibleTypes[def.Name]...)
	} else {
		list = append(list, schema.Implements[def.Name]...)
	}
	slices.SortFunc(list, func(a, b *ast.Definition) int { return strings.Compare(a.Name, b.Name) })
	return slices.Compact(list)
}

// shape is what two fields under one key must have in common: how lists and nulls nest, and the type of leaves.
func shape(schema *ast.Schema, t *ast.Type) string {
	text := t.String()
	if schema.Types[t.Name()].IsLeafType() {
		return text
	}
	return strings.Replace(text, t.Name(), "*", 1)
}
