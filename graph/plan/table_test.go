package plan

import (
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/appanage/appanage/internal/scope"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit"
)

// design 3.5: what has no scope rule is never read, and that shows before anything is served.
func TestAKindWithoutAScopeRuleStopsTheStart(t *testing.T) {
	sdl := reference(nil).Schema()
	whole, err := NewTable(sdl)
	must(t, err)
	guarded := []string{}
	for _, k := range whole.Kinds {
		guarded = append(guarded, k.Ent)
	}
	for join := range whole.Joins {
		guarded = append(guarded, join)
	}
	if len(guarded) < 12 {
		t.Fatalf("only %q would be looked at", guarded)
	}
	for _, name := range guarded {
		for what, broken := range map[string]func(){
			"no entry": func() { delete(scope.Kinds, name) },
			"no rule":  func() { scope.Kinds[name] = scope.Kind{} },
		} {
			rule := scope.Kinds[name]
			broken()
			_, err := NewTable(sdl)
			scope.Kinds[name] = rule
			if err == nil || !strings.Contains(err.Error(), "no scope rule") {
				t.Errorf("%s of %s: %v", what, name, err)
			}
		}
	}
}

func TestATableIsCheckedOnceMoreWhenItIsUsed(t *testing.T) {
	db := testkit.DB(t, store.SQLite, store.Options{})
	for name := range newPlanner(t, db).table.Kinds {
		_, err := New(reference(db), Options{
			DB: db, Cursors: codec(), Registry: prometheus.NewRegistry(),
			Alter: func(t *Table) { t.Kinds[name].Scope = scope.Kind{} },
		})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s without a scope: %v", name, err)
		}
	}
}

// All ways to a kind ask for one authority: node and nodes could not tell which one else.
func TestTwoAuthoritiesForAKindStopTheStart(t *testing.T) {
	sdl := reference(nil).Schema()
	kindOf := func(f *ast.FieldDefinition) string { return strings.TrimSuffix(f.Type.Name(), "Connection") }
	isNode := func(kind string) bool { return slices.Contains(sdl.Types[kind].Interfaces, "Node") }
	ways := map[string]int{} // that lead to a kind
	for _, def := range sdl.Types {
		for _, f := range def.Fields {
			if def != sdl.Mutation && f.Directives.ForName("authority") != nil {
				ways[kindOf(f)]++
			}
		}
	}
	altered := 0
	for _, def := range sdl.Types {
		for _, f := range def.Fields {
			d := f.Directives.ForName("authority")
			if d == nil || def == sdl.Mutation || ways[kindOf(f)] < 2 || !isNode(kindOf(f)) {
				continue
			}
			value := d.Arguments.ForName("requires").Value
			right := value.Raw
			value.Raw = "Something_ELSE"
			_, err := NewTable(sdl)
			value.Raw = right
			altered++
			if err == nil || !strings.Contains(err.Error(), "Something_ELSE") {
				t.Errorf("%s.%s asks for something else: %v", def.Name, f.Name, err)
			}
		}
	}
	if altered < 30 {
		t.Errorf("only %d fields were altered", altered)
	}
}

// What ent does not say of a kind, or says otherwise, stops the start too.
func TestSpecialitiesOfUnknownKindsStopTheStart(t *testing.T) {
	specialities["Stranger"] = speciality{}
	_, err := NewTable(reference(nil).Schema())
	delete(specialities, "Stranger")
	if err == nil || !strings.Contains(err.Error(), "Stranger") {
		t.Error(err)
	}
}
