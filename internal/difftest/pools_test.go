package difftest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// newPools gathers what arguments are made of: the world's ids and words, and cursors that a node hands out. All of it
// is the same for the same world, so that an operation follows from its seed.
func newPools(tb testing.TB, h *hubtest.Hub, w *world) *pools {
	tb.Helper()
	p := &pools{schema: loadSDL(tb), ids: map[string][]string{}, words: map[string][]string{}, cursors: map[string][]string{}}
	p.gatherIDs(tb, h, w)
	for table := range w.rows {
		for _, r := range w.rows[table] {
			for column, v := range r {
				if text, ok := v.(string); ok && text != "" {
					p.words[column] = append(p.words[column], text)
				}
			}
		}
	}
	for column, list := range p.words {
		slices.Sort(list)
		p.words[column] = slices.Compact(list)
	}
	p.words["names"] = propertyNames
	p.words["applicationCode"], p.words["clientCode"] = p.words["code"], p.words["code"]
	p.words["url"] = p.words["proven_origin"]
	for _, f := range p.schema.Query.Fields {
		if isConnection(f.Type) {
			p.gatherCursors(tb, h, w, f)
		}
	}
	return p
}

// gatherIDs asks the hub itself which type each table's ids are of.
func (p *pools) gatherIDs(tb testing.TB, h *hubtest.Hub, w *world) {
	tb.Helper()
	byPrefix := map[string][]string{}
	for _, table := range tables {
		for _, r := range w.rows[table] {
			if r["id"] != nil {
				text := fmt.Sprint(r["id"])
				byPrefix[text[:4]] = append(byPrefix[text[:4]], text)
			}
		}
	}
	byPrefix["rol_"] = append(byPrefix["rol_"], string(authority.BuiltInRole(authority.OwnerRole)))
	byPrefix["pkg_"] = append(byPrefix["pkg_"], string(authority.BuiltInPackage(authority.BasePackage)))
	for _, prefix := range slices.Sorted(maps.Keys(byPrefix)) {
		var data struct {
			Node struct {
				Type string `json:"__typename"`
			}
		}
		h.MustData(h.Do(w.principals[0].token, "query($id: ID!) { node(id: $id) { __typename } }", hubtest.Variables{"id": byPrefix[prefix][0]}), &data)
		p.ids[data.Node.Type] = byPrefix[prefix]
	}
	for _, def := range p.schema.PossibleTypes["Node"] {
		if len(p.ids[def.Name]) == 0 {
			tb.Fatalf("the world has no %s", def.Name)
		}
	}
}

// gatherCursors asks for cursors of a list in each of its orders, as who sees everything and as two others.
func (p *pools) gatherCursors(tb testing.TB, h *hubtest.Hub, w *world, f *ast.FieldDefinition) {
	tb.Helper()
	order := p.schema.Types[f.Arguments.ForName("orderBy").Type.Name()]
	needs := ""
	if f.Arguments.ForName("authority") != nil {
		needs = `authority: "Application_READ", `
	}
	if f.Arguments.ForName("applicationId") != nil {
		needs = fmt.Sprintf("applicationId: %q, ", w.defined)
	}
	for _, field := range p.schema.Types[order.Fields.ForName("field").Type.Name()].EnumValues {
		for _, direction := range p.schema.Types["OrderDirection"].EnumValues {
			key := orderKey(object{{name: "field", value: field.Name}, {name: "direction", value: direction.Name}})
			query := fmt.Sprintf("{ %s(%sfirst: 25, orderBy: {field: %s, direction: %s}) { edges { cursor } } }", f.Name, needs, field.Name, direction.Name)
			for _, who := range w.principals[:3] {
				p.keep(tb, f.Type.Name()+" "+key, h.Do(who.token, query, nil))
			}
		}
	}
}

func (p *pools) keep(tb testing.TB, list string, a hubtest.Answer) {
	tb.Helper()
	var data map[string]struct{ Edges []struct{ Cursor string } }
	if err := json.Unmarshal(a.Data, &data); err != nil || len(a.Errors) > 0 {
		tb.Fatalf("gather cursors of %s: %v: %s", list, err, a.Body)
	}
	for _, page := range data {
		for i, e := range page.Edges {
			if i%3 == 0 {
				p.cursors[strings.TrimSpace(list)] = append(p.cursors[strings.TrimSpace(list)], e.Cursor)
				p.cursors["any"] = append(p.cursors["any"], e.Cursor)
			}
		}
	}
}
