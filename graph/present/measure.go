package present

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// measure is what a selection set, or one field, adds up to.
type measure struct {
	width      count // fields on this level
	depth      int
	deepest    *ast.Field // the field depth comes from
	aliases    count
	directives count
	// nodes counts the objects returned; perNode those for each node of the connection the selection belongs to,
	// whose page size only the field above knows.
	nodes, perNode count
	costliest      *ast.Field // the field on this level that adds most to nodes
	highest        count      // what it adds
}

func (m *measure) add(n measure) {
	m.width = m.width.plus(n.width)
	m.aliases = m.aliases.plus(n.aliases)
	m.directives = m.directives.plus(n.directives)
	m.nodes = m.nodes.plus(n.nodes)
	m.perNode = m.perNode.plus(n.perNode)
	if n.depth > m.depth {
		m.depth, m.deepest = n.depth, n.deepest
	}
	if m.costliest == nil || n.highest > m.highest {
		m.costliest, m.highest = n.costliest, n.highest
	}
}

// meter measures one operation. What a fragment adds up to does not depend on where it is spread, so each is measured
// once, and a document of fragments spreading one another costs no more than its length. Validation has refused
// rings of fragments before.
type meter struct {
	limits    Limits
	variables map[string]any
	fragments map[*ast.FragmentDefinition]measure
	faulty    *ast.Directive // a @skip or @include whose condition is no Boolean
}

func (m *meter) operation(operation *ast.OperationDefinition) measure {
	total := m.set(operation.SelectionSet)
	total.directives = total.directives.plus(count(len(operation.Directives)))
	for _, variable := range operation.VariableDefinitions {
		total.directives = total.directives.plus(count(len(variable.Directives)))
	}
	return total
}

func (m *meter) set(set ast.SelectionSet) measure {
	var total measure
	for _, selection := range set {
		directives := directivesOf(selection)
		total.directives = total.directives.plus(count(len(directives)))
		if !m.included(directives) {
			continue
		}
		switch s := selection.(type) {
		case *ast.Field:
			total.add(m.field(s))
		case *ast.InlineFragment:
			total.add(m.set(s.SelectionSet))
		case *ast.FragmentSpread:
			total.add(m.fragment(s.Definition))
		}
	}
	return total
}

func (m *meter) fragment(fragment *ast.FragmentDefinition) measure {
	if known, ok := m.fragments[fragment]; ok {
		return known
	}
	measured := m.set(fragment.SelectionSet)
	measured.directives = measured.directives.plus(count(len(fragment.Directives)))
	m.fragments[fragment] = measured
	return measured
}

func (m *meter) included(directives ast.DirectiveList) bool {
	in, faulty := included(directives, m.variables)
	if faulty != nil {
		m.faulty = faulty
	}
	return in
}

func (m *meter) field(field *ast.Field) measure {
	below := m.set(field.SelectionSet)
	f := measure{
		width: 1, depth: below.depth + 1, deepest: below.deepest,
		aliases: below.aliases, directives: below.directives, costliest: field,
	}
	if f.deepest == nil {
		f.deepest = field
	}
	if field.Alias != field.Name {
		f.aliases = f.aliases.plus(1)
	}
	if len(field.SelectionSet) > 0 {
		f.nodes, f.perNode = m.nodes(field, below)
	} else if field.ObjectDefinition.Name == "DefinitionVersion" && field.Definition.Type.Name() == "JSON" {
		f.nodes = definitionNodes
	}
	f.highest = f.nodes.plus(f.perNode)
	return f
}

// nodes is the cost of a field with a selection. A connection counts its page, and for each node on it what is chosen
// in edges and in nodes; the connection, its edges and its pageInfo are no objects of their own.
func (m *meter) nodes(field *ast.Field, below measure) (nodes, perNode count) {
	typeName, parent := field.Definition.Type.Name(), field.ObjectDefinition.Name
	switch {
	case strings.HasSuffix(typeName, "Connection") || below.perNode > 0:
		page := m.page(field)
		return page.times(below.perNode.plus(price(strings.TrimSuffix(typeName, "Connection")))).plus(below.nodes), 0
	case strings.HasSuffix(parent, "Connection") && (field.Name == "edges" || field.Name == "nodes"):
		return 0, below.nodes
	case strings.HasSuffix(parent, "Edge") && field.Name == "node", typeName == "PageInfo":
		return below.nodes, 0
	}
	return m.length(field).times(below.nodes.plus(price(typeName))), 0
}

// definitionNodes is what a definition, and what a version of one holds, counts for: it may be long, and is made of the
// layers of a whole chain.
const definitionNodes count = 10

// price is how many nodes an object counts for.
func price(typeName string) count {
	if typeName == "Definition" {
		return definitionNodes
	}
	return 1
}

// page is how many nodes a connection field asks for: the larger of first and last, within what a page can hold.
func (m *meter) page(field *ast.Field) count {
	size, given := int64(0), false
	for _, name := range []string{"first", "last"} {
		if asked := argument(field, name, m.variables); asked != nil {
			given = true
			size = max(size, number(asked, int64(m.limits.PageMax)))
		}
	}
	if !given {
		return count(m.limits.Page)
	}
	return count(min(size, int64(m.limits.PageMax)))
}

// length is how many objects a field that is no connection returns: as many as the ids it is given, else one. Other
// lists of objects are short by nature (the errors of a payload); what can be long is a connection.
func (m *meter) length(field *ast.Field) count {
	if field.Definition.Type.Elem == nil {
		return 1
	}
	ids := reflect.ValueOf(argument(field, "ids", m.variables))
	if ids.Kind() != reflect.Slice {
		return 1
	}
	return count(ids.Len())
}

// number reads an Int as variables bring it: JSON numbers arrive in several Go types, and gqlgen takes strings of
// digits for numbers. What it cannot read counts as otherwise.
func number(given any, otherwise int64) int64 {
	text := ""
	switch v := given.(type) {
	case int64:
		return v
	case int:
		return int64(v)
	case float64:
		return int64(max(-1, min(v, float64(ceiling))))
	case json.Number:
		text = v.String()
	case string:
		text = v
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n
	}
	return otherwise
}
