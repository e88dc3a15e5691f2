package plan

import (
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/appanage/appanage/internal/oid"
)

// facet is a part of a document that changes what a plan looks like, as far as variables decide it. Two requests whose
// facets agree share a plan.
type facet struct {
	value *ast.Value
	about about
}

type about uint8

const (
	whole   about = iota // the value itself: conditions, orders
	null                 // only whether it is null: filters, id, code
	idKind               // only the kind of an id: node
	idKinds              // only which kinds there are among ids: nodes
)

// facets finds those of an operation.
func facets(doc *ast.QueryDocument, operation *ast.OperationDefinition) []facet {
	var w facetWalk
	w.set(operation.SelectionSet)
	for _, fragment := range doc.Fragments {
		w.set(fragment.SelectionSet)
	}
	return w.found
}

type facetWalk struct{ found []facet }

func (w *facetWalk) set(selections ast.SelectionSet) {
	for _, s := range selections {
		switch s := s.(type) {
		case *ast.Field:
			w.conditions(s.Directives)
			for _, a := range s.Arguments {
				w.argument(s, a)
			}
			w.set(s.SelectionSet)
		case *ast.InlineFragment:
			w.conditions(s.Directives)
			w.set(s.SelectionSet)
		case *ast.FragmentSpread:
			w.conditions(s.Directives)
		}
	}
}

func (w *facetWalk) argument(f *ast.Field, a *ast.Argument) {
	switch {
	case a.Name == "orderBy":
		w.add(a.Value, whole)
	case f.Name == "node" && a.Name == "id":
		w.add(a.Value, idKind)
	case f.Name == "nodes":
		w.add(a.Value, idKinds)
	case a.Name == "filter", a.Name == "id", a.Name == "code":
		w.add(a.Value, null)
	}
}

func (w *facetWalk) conditions(directives ast.DirectiveList) {
	for _, d := range directives {
		if a := d.Arguments.ForName("if"); a != nil {
			w.add(a.Value, whole)
		}
	}
}

func (w *facetWalk) add(v *ast.Value, about about) {
	if varies(v) {
		w.found = append(w.found, facet{v, about})
	}
}

func varies(v *ast.Value) bool {
	if v.Kind == ast.Variable {
		return true
	}
	for _, c := range v.Children {
		if varies(c.Value) {
			return true
		}
	}
	return false
}

// appendFacets writes what the facets are for some variables: the second half of a plan's key. ok is false for values
// that no plan is made for.
func appendFacets(key []byte, all []facet, vars map[string]any) (_ []byte, ok bool) {
	for _, f := range all {
		v, err := f.value.Value(vars)
		if err != nil {
			return key, false
		}
		switch f.about {
		case null:
			key = strconv.AppendBool(key, v == nil)
		case idKind:
			key = append(key, kindOf(v)...)
		case idKinds:
			for _, k := range kindsOf(v) {
				key = append(key, k...)
			}
		case whole:
			if key, ok = appendValueKey(key, v); !ok {
				return key, false
			}
		}
		key = append(key, ';')
	}
	return key, true
}

// appendValueKey writes a condition or an order: a Boolean, or an object of words.
func appendValueKey(key []byte, v any) (_ []byte, ok bool) {
	switch v := v.(type) {
	case nil:
		return append(key, '-'), true
	case bool:
		return strconv.AppendBool(key, v), true
	case map[string]any:
		for _, name := range [...]string{"field", "direction"} {
			word, _ := v[name].(string)
			key = append(strconv.AppendQuote(key, word), ',')
		}
		return key, true
	}
	return key, false
}

// kindOf is the kind of an id among the variables, "" for what is none.
func kindOf(v any) oid.Kind {
	s, err := graphql.UnmarshalID(v)
	if err != nil {
		return ""
	}
	kind, _ := oid.KindOf(s)
	return kind
}

// kindsOf lists the kinds among ids, each once, in the order of their first.
func kindsOf(v any) []oid.Kind {
	var kinds []oid.Kind
	seen := map[oid.Kind]bool{}
	for _, id := range items(v) {
		if k := kindOf(id); k != "" && !seen[k] {
			seen[k] = true
			kinds = append(kinds, k)
		}
	}
	return kinds
}

// items are those of a list; a single value stands for a list of one.
func items(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	case []string:
		all := make([]any, len(v))
		for i, s := range v {
			all[i] = s
		}
		return all
	}
	return []any{v}
}
