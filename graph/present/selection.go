package present

import (
	"github.com/vektah/gqlparser/v2/ast"
)

// included tells whether @skip and @include leave a selection in. A condition that is not a Boolean (a nullable
// variable with a default, given null) leaves it in, so that nothing escapes a check, and is returned as faulty: the
// executor panics on it, so the operation must not run.
func included(directives ast.DirectiveList, variables map[string]any) (in bool, faulty *ast.Directive) {
	in = true
	for _, d := range directives {
		if d.Name != "skip" && d.Name != "include" {
			continue
		}
		condition, isBool := value(d.Arguments.ForName("if"), nil, variables).(bool)
		if !isBool {
			return true, d
		}
		in = in && condition == (d.Name == "include")
	}
	return in, nil
}

// argument is the value a field is given for an argument, or its default, or nil.
func argument(field *ast.Field, name string, variables map[string]any) any {
	return value(field.Arguments.ForName(name), field.Definition.Arguments.ForName(name), variables)
}

// value reads an argument as the executor does. The defaults of variables are in variables already.
func value(given *ast.Argument, definition *ast.ArgumentDefinition, variables map[string]any) any {
	if given != nil {
		if given.Value.Kind != ast.Variable {
			return literal(given.Value, variables)
		}
		if v, ok := variables[given.Value.Raw]; ok {
			return v
		}
	}
	if definition != nil {
		return literal(definition.DefaultValue, variables)
	}
	return nil
}

// literal is nil for what cannot be read: a number that no int64 holds, in an argument of a custom scalar.
func literal(v *ast.Value, variables map[string]any) any {
	read, err := v.Value(variables)
	if err != nil {
		return nil
	}
	return read
}

// rootFields lists the fields at the top of an operation, those in fragments too, as far as @skip and @include leave
// them in. A field chosen twice is listed twice; a fragment is entered once, as the executor does.
func rootFields(operation *ast.OperationDefinition, variables map[string]any) []*ast.Field {
	var fields []*ast.Field
	entered := map[*ast.FragmentDefinition]bool{}
	var collect func(ast.SelectionSet)
	collect = func(set ast.SelectionSet) {
		for _, selection := range set {
			if in, _ := included(directivesOf(selection), variables); !in {
				continue
			}
			switch s := selection.(type) {
			case *ast.Field:
				fields = append(fields, s)
			case *ast.InlineFragment:
				collect(s.SelectionSet)
			case *ast.FragmentSpread:
				if !entered[s.Definition] {
					entered[s.Definition] = true
					collect(s.Definition.SelectionSet)
				}
			}
		}
	}
	collect(operation.SelectionSet)
	return fields
}

func directivesOf(selection ast.Selection) ast.DirectiveList {
	switch s := selection.(type) {
	case *ast.Field:
		return s.Directives
	case *ast.InlineFragment:
		return s.Directives
	case *ast.FragmentSpread:
		return s.Directives
	}
	return nil
}

// isIntrospection tells whether a root field asks about the schema and not about anything kept in it.
func isIntrospection(field *ast.Field) bool {
	return field.Name == "__schema" || field.Name == "__type" || field.Name == "__typename"
}
