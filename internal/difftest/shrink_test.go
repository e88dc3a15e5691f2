package difftest

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/parser"
)

// String writes an operation so that it can be asked again by hand.
func (o operation) String() string {
	variables, err := json.Marshal(o.variables)
	if err != nil {
		variables = []byte(err.Error())
	}
	return o.query + "\nvariables " + string(variables)
}

// shrink drops what it can from an operation while the answers still differ, and says in what.
func (r *runner) shrink(f *finding) (operation, string) {
	best, what := f.operation, f.what
	for n := 0; ; {
		smaller, ok := reduce(best, n)
		if !ok {
			return best, what
		}
		if want, got, err := r.both(f.who, smaller); err == nil {
			if v := verdict(want, got); v != "" {
				best, what = smaller, v
				continue
			}
		}
		n++
	}
}

// reduce leaves the nth thing out of an operation; ok is false when there are no more.
func reduce(o operation, n int) (smaller operation, ok bool) {
	document, err := parser.ParseQuery(&ast.Source{Input: o.query})
	if err != nil {
		return o, false
	}
	r := &reducer{n: n}
	for _, op := range document.Operations {
		op.SelectionSet = r.set(op.SelectionSet)
	}
	for _, f := range document.Fragments {
		f.SelectionSet = r.set(f.SelectionSet)
	}
	if !r.done {
		return o, false
	}
	tidy(document)
	smaller = operation{name: o.name, variables: map[string]any{}}
	for _, op := range document.Operations {
		for _, v := range op.VariableDefinitions {
			if given, ok := o.variables[v.Variable]; ok {
				smaller.variables[v.Variable] = given
			}
		}
	}
	smaller.query = text(document)
	return smaller, true
}

func text(document *ast.QueryDocument) string {
	var b strings.Builder
	formatter.NewFormatter(&b, formatter.WithIndent(" ")).FormatQueryDocument(document)
	return b.String()
}

// reducer leaves out the nth thing it comes by.
type reducer struct {
	n    int
	done bool
}

func (r *reducer) here() bool {
	r.n--
	r.done = r.done || r.n == -1
	return r.n == -1
}

func (r *reducer) set(set ast.SelectionSet) ast.SelectionSet {
	if len(set) > 1 {
		for i := range set {
			if r.here() {
				return slices.Delete(set, i, i+1)
			}
		}
	}
	for i, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			r.field(s)
		case *ast.InlineFragment:
			if s.TypeCondition == "" && len(s.Directives) == 0 && r.here() {
				return slices.Replace(set, i, i+1, s.SelectionSet...)
			}
			s.Directives = r.directives(s.Directives)
			s.SelectionSet = r.set(s.SelectionSet)
		case *ast.FragmentSpread:
			s.Directives = r.directives(s.Directives)
		}
	}
	return set
}

func (r *reducer) field(f *ast.Field) {
	if f.Alias != f.Name && r.here() {
		f.Alias = f.Name
	}
	for i := range f.Arguments {
		if r.here() {
			f.Arguments = slices.Delete(f.Arguments, i, i+1)
			return
		}
	}
	f.Directives = r.directives(f.Directives)
	f.SelectionSet = r.set(f.SelectionSet)
}

func (r *reducer) directives(list ast.DirectiveList) ast.DirectiveList {
	for i := range list {
		if r.here() {
			return slices.Delete(list, i, i+1)
		}
	}
	return list
}

// tidy drops fragments and variables that nothing uses any more.
func tidy(document *ast.QueryDocument) {
	for before := -1; before != len(document.Fragments); {
		before = len(document.Fragments)
		all := text(document)
		document.Fragments = slices.DeleteFunc(document.Fragments, func(f *ast.FragmentDefinition) bool {
			return !strings.Contains(strings.ReplaceAll(all, "... on", ""), "... "+f.Name) && !strings.Contains(all, "..."+f.Name)
		})
	}
	all := text(document)
	for _, op := range document.Operations {
		op.VariableDefinitions = slices.DeleteFunc(op.VariableDefinitions, func(v *ast.VariableDefinition) bool {
			return strings.Count(all, "$"+v.Variable) < 2
		})
	}
}
