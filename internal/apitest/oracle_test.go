package apitest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// oracle answers queries a second time, from plain SQL: one statement for each field that leads to rows, no ent, no
// scope rules of the product, no batching. It knows queries of callers who hold every READ authority.
type oracle struct {
	h       *hubtest.Hub
	t       testing.TB
	who     caller
	now     time.Time
	kinds   map[string]kind
	cursors *cursors
	vars    map[string]any
	full    map[any]bool // ids of the clients in scope, seen in full; read anew for each answer
}

// row is one row by its columns: string, int64, time.Time or nil.
type row map[string]any

func newOracle(t testing.TB, h *hubtest.Hub, who caller) *oracle {
	t.Helper()
	now := time.Now().UTC()
	return &oracle{h: h, t: t, who: who, now: now, kinds: who.kinds(now, h.DB.Engine() == store.SQLite), cursors: newCursors()}
}

// sdl is the public contract as it stands in the schema's files.
var sdl = sync.OnceValue(func() *ast.Schema {
	files, err := filepath.Glob("../../schema/*.graphqls")
	if err != nil {
		panic(err)
	}
	var sources []*ast.Source
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			panic(err)
		}
		sources = append(sources, &ast.Source{Name: file, Input: string(text)})
	}
	return gqlparser.MustLoadSchema(sources...)
})

// agrees asks the hub and the oracle, and fails where their answers differ in a member, a value or their order.
func (o *oracle) agrees(t testing.TB, token, query string, vars map[string]any) hubtest.Answer {
	t.Helper()
	got := o.h.Do(token, query, vars)
	if len(got.Errors) > 0 {
		t.Fatalf("the hub refuses: %.2000s\n%s", got.Body, query)
	}
	if err := o.cursors.compare(got.Data, o.answer(query, vars)); err != nil {
		t.Fatalf("%v\nin the answer to %s\nwith %v", err, query, vars)
	}
	return got
}

// answer is the data of a query's answer, with placeholders where cursors stand.
func (o *oracle) answer(query string, vars map[string]any) []byte {
	o.t.Helper()
	document, err := gqlparser.LoadQueryWithRules(sdl(), query, rules.NewDefaultRules())
	if err != nil {
		o.t.Fatalf("the test's query is wrong: %v\n%s", err, query)
	}
	o.vars, o.full = vars, map[any]bool{}
	for _, r := range o.rows("Client", o.who.in("r.id"), "1 = 1") {
		o.full[r["id"]] = true
	}
	var out bytes.Buffer
	o.object(&out, "Query", row{}, document.Operations[0].SelectionSet)
	return out.Bytes()
}

func (o *oracle) object(out *bytes.Buffer, typ string, r row, set ast.SelectionSet) {
	out.WriteByte('{')
	for i, f := range fieldsOf(typ, set) {
		if i > 0 {
			out.WriteByte(',')
		}
		write(out, f.Alias)
		out.WriteByte(':')
		o.field(out, typ, r, f)
	}
	out.WriteByte('}')
}

// fieldsOf lists the fields that a selection asks of an object of a type, each once.
func fieldsOf(typ string, set ast.SelectionSet) []*ast.Field {
	var fields []*ast.Field
	for _, f := range spread(typ, set) {
		at := slices.IndexFunc(fields, func(g *ast.Field) bool { return g.Alias == f.Alias })
		if at < 0 {
			fields = append(fields, f)
			continue
		}
		merged := *fields[at]
		merged.SelectionSet = slices.Concat(merged.SelectionSet, f.SelectionSet)
		fields[at] = &merged
	}
	return fields
}

func spread(typ string, set ast.SelectionSet) []*ast.Field {
	var fields []*ast.Field
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			fields = append(fields, s)
		case *ast.InlineFragment:
			if s.TypeCondition == "" || s.TypeCondition == typ || s.TypeCondition == "Node" {
				fields = append(fields, spread(typ, s.SelectionSet)...)
			}
		case *ast.FragmentSpread:
			if s.Definition.TypeCondition == typ || s.Definition.TypeCondition == "Node" {
				fields = append(fields, spread(typ, s.Definition.SelectionSet)...)
			}
		}
	}
	return fields
}

// addresses are the fields of a user that are said in the scope of his home client, and to himself.
var addresses = []string{"email", "emailProven", "phone", "phoneProven"}

func (o *oracle) atHome(user row) bool {
	return o.full[user["client_id"]] || user["id"] == string(o.who.user)
}

// searched is the row as a search may look at it: without an address that is not shown.
func (o *oracle) searched(typ string, r row) row {
	if typ != "User" || o.atHome(r) {
		return r
	}
	r = maps.Clone(r)
	delete(r, "email_key")
	return r
}

func (o *oracle) field(out *bytes.Buffer, typ string, r row, f *ast.Field) {
	if f.Name == "__typename" {
		write(out, typ)
		return
	}
	target := f.Definition.Type.Name()
	switch {
	case typ == "Client" && !slices.Contains([]string{"id", "code", "name"}, f.Name) && !o.full[r["id"]]:
		out.WriteString("null") // known by code and name only, it has neither further fields nor edges
	case typ == "User" && slices.Contains(addresses, f.Name) && !o.atHome(r):
		out.WriteString("null") // a member only: whether his address is known is not said
	case strings.HasSuffix(target, "Connection"):
		o.connection(out, typ, r, f, strings.TrimSuffix(target, "Connection"))
	case f.SelectionSet != nil:
		o.one(out, typ, r, f, target)
	default:
		o.scalar(out, r, f)
	}
}

// one follows an edge to one object, or looks an object up at the root.
func (o *oracle) one(out *bytes.Buffer, typ string, r row, f *ast.Field, target string) {
	if typ != "Query" {
		key := column(f.Name) + "_id"
		o.null(out, target, o.rows(target, o.kinds[target].reach, "id = ?", r[key]), f)
		return
	}
	args := f.ArgumentMap(o.vars)
	switch {
	case args["code"] != nil:
		o.null(out, target, o.rows(target, o.kinds[target].reach, "code = ?", args["code"]), f)
	case f.Name == "nodes":
		out.WriteByte('[')
		for i, id := range args["ids"].([]any) {
			if i > 0 {
				out.WriteByte(',')
			}
			o.node(out, id.(string), f)
		}
		out.WriteByte(']')
	default:
		o.node(out, args["id"].(string), f)
	}
}

// node finds an object of any kind; the tables' ids are distinct, so every table is asked.
func (o *oracle) node(out *bytes.Buffer, id string, f *ast.Field) {
	for typ, k := range o.kinds {
		if found := o.rows(typ, k.reach, "id = ?", id); len(found) > 0 {
			o.object(out, typ, found[0], f.SelectionSet)
			return
		}
	}
	out.WriteString("null")
}

func (o *oracle) null(out *bytes.Buffer, typ string, found []row, f *ast.Field) {
	if len(found) == 0 {
		out.WriteString("null")
		return
	}
	o.object(out, typ, found[0], f.SelectionSet)
}

// rows reads the rows of a kind under conditions.
func (o *oracle) rows(typ, scope, where string, args ...any) []row {
	return query(o.t, o.h, "SELECT r.* FROM "+o.kinds[typ].table+" r WHERE ("+scope+") AND "+where, args...)
}

// sees tells whether a scope holds an object.
func (o *oracle) sees(typ, scope string, id any) bool {
	return len(o.rows(typ, scope, "id = ?", id)) > 0
}

func (o *oracle) scalar(out *bytes.Buffer, r row, f *ast.Field) {
	value := r[column(f.Name)]
	switch f.Name {
	case "emailProven":
		value = r["email_key"] != nil
	case "phoneProven":
		value = r["phone_key"] != nil
	case "viewerCan":
		value = o.viewerCan(r)
	case "expiresAt":
		value = givenUntil(r)
	case "sleeping":
		value = sleeping(r, o.now)
	case "clientCode":
		value = query(o.t, o.h, "SELECT code FROM clients WHERE id = ?", r["client_id"])[0]["code"]
	}
	if n, isInt := value.(int64); isInt && f.Definition.Type.Name() == "Boolean" {
		value = n == 1
	}
	if at, isTime := value.(time.Time); isTime {
		value = at.UTC().Format("2006-01-02T15:04:05.000000Z")
	}
	write(out, value)
}

// query runs a statement and gives its rows.
func query(t testing.TB, h *hubtest.Hub, statement string, args ...any) []row {
	t.Helper()
	rows, err := h.DB.Query(h.System(), statement, args...)
	if err != nil {
		t.Fatalf("%v\n%s", err, statement)
	}
	defer func() { _ = rows.Close() }() // what went wrong is Err's to say
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var all []row
	for rows.Next() {
		values, into := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		r := row{}
		for i, name := range names {
			if raw, ok := values[i].([]byte); ok {
				values[i] = string(raw)
			}
			r[name] = values[i]
		}
		all = append(all, r)
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%v\n%s", err, statement)
	}
	return all
}

// write appends a value as JSON.
func write(out *bytes.Buffer, value any) {
	raw, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("encode %v: %v", value, err))
	}
	out.Write(raw)
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
