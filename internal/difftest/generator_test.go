package difftest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit"
)

// Every operation is valid, the same for the same seed, and all together select every field a query can reach, with
// every argument, every member of an input and every word.
func TestGeneratorReachesTheWholeSchema(t *testing.T) {
	f := newFixture(t, testkit.DB(t, store.SQLite, store.Options{Install: authority.Install}))
	reached, wanted := map[string]bool{}, reachable(f.schema)
	for seed := uint64(0); seed < 60_000 && (seed < 6_000 || len(unreached(wanted, reached)) > 0); seed++ {
		op, _ := generate(f.pools, rand.New(rand.NewPCG(seed, 0)))
		if seed%100 == 0 {
			if again, _ := generate(f.pools, rand.New(rand.NewPCG(seed, 0))); again.String() != op.String() {
				t.Fatalf("seed %d makes two operations:\n%s\n%s", seed, op, again)
			}
		}
		document, errs := gqlparser.LoadQueryWithRules(f.schema, op.query, rules.NewDefaultRules())
		if len(errs) > 0 {
			t.Fatalf("seed %d: %v\n%s", seed, errs, op)
		}
		note(reached, document)
	}
	if missing := unreached(wanted, reached); len(missing) > 0 {
		t.Errorf("never asked for: %v", missing)
	}
	if len(reached) < 300 {
		t.Errorf("only %d things were asked for", len(reached))
	}
}

// unreached lists what was wanted and not asked for.
func unreached(wanted []string, reached map[string]bool) []string {
	return slices.DeleteFunc(slices.Clone(wanted), func(want string) bool { return reached[want] })
}

// note notes what a document selects and gives, down to the members of inputs that stand in it.
func note(reached map[string]bool, document *ast.QueryDocument) {
	var walk func(ast.SelectionSet)
	walk = func(set ast.SelectionSet) {
		for _, selection := range set {
			switch s := selection.(type) {
			case *ast.Field:
				name := s.ObjectDefinition.Name + "." + s.Name
				reached[name] = true
				for _, a := range s.Arguments {
					reached[name+"."+a.Name] = true
					noteValue(reached, a.Value)
				}
				walk(s.SelectionSet)
			case *ast.InlineFragment:
				reached["... on "+s.TypeCondition] = true
				walk(s.SelectionSet)
			}
		}
	}
	for _, op := range document.Operations {
		walk(op.SelectionSet)
	}
	for _, f := range document.Fragments {
		reached["fragment on "+f.TypeCondition] = true
		walk(f.SelectionSet)
	}
}

func noteValue(reached map[string]bool, v *ast.Value) {
	if v.Kind == ast.EnumValue {
		reached[v.Definition.Name+"."+v.Raw] = true
	}
	for _, member := range v.Children {
		if v.Kind == ast.ObjectValue {
			reached[v.Definition.Name+"."+member.Name] = true
		}
		noteValue(reached, member.Value)
	}
}

// reachable lists all of the SDL that a query can ask for.
func reachable(schema *ast.Schema) []string {
	var list []string
	seen := map[string]bool{}
	var visit func(def *ast.Definition)
	visit = func(def *ast.Definition) {
		if seen[def.Name] || strings.HasPrefix(def.Name, "__") || def.Kind == ast.Scalar {
			return
		}
		seen[def.Name] = true
		for _, f := range def.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			list = append(list, def.Name+"."+f.Name)
			for _, a := range f.Arguments {
				list = append(list, def.Name+"."+f.Name+"."+a.Name)
				visitInput(schema, a.Type, seen, &list)
			}
			if target := schema.Types[f.Type.Name()]; !target.IsLeafType() {
				visit(target)
			}
		}
		for _, one := range schema.GetPossibleTypes(def) {
			list = append(list, fmt.Sprintf("... on %s", one.Name), fmt.Sprintf("fragment on %s", one.Name))
			visit(one)
		}
	}
	visit(schema.Query)
	slices.Sort(list)
	return slices.Compact(list)
}

func visitInput(schema *ast.Schema, t *ast.Type, seen map[string]bool, list *[]string) {
	def := schema.Types[t.Name()]
	if seen[def.Name] {
		return
	}
	seen[def.Name] = true
	for _, v := range def.EnumValues {
		*list = append(*list, def.Name+"."+v.Name)
	}
	for _, m := range def.Fields {
		*list = append(*list, def.Name+"."+m.Name)
		visitInput(schema, m.Type, seen, list)
	}
}
