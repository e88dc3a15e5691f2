package list_test

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/graph/list"
	"github.com/appanage/appanage/internal/scope"
)

func sdl(t *testing.T) *ast.Schema {
	t.Helper()
	files, err := filepath.Glob("../../schema/*.graphqls")
	if err != nil || len(files) == 0 {
		t.Fatalf("no SDL: %v", err)
	}
	sources := make([]*ast.Source, len(files))
	for i, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		sources[i] = &ast.Source{Name: file, Input: string(text)}
	}
	return gqlparser.MustLoadSchema(sources...)
}

// made is what lists hold that are no rows: the domain makes them, and pages of them.
const made = "Definition"

// The table and the SDL say the same: every kind that is listed, every argument of its filter in the order of the
// input's fields, every value of its order's enum, and nothing more.
func TestKindsAreThoseOfTheSDL(t *testing.T) {
	type lists struct{ Filters, Orders []string }
	want, got := map[string]lists{}, map[string]lists{}
	schema := sdl(t)
	for name := range schema.Types {
		kind, is := strings.CutSuffix(name, "Connection")
		if !is || kind == made {
			continue
		}
		var l lists
		for _, f := range schema.Types[kind+"Filter"].Fields {
			l.Filters = append(l.Filters, f.Name)
		}
		for _, v := range schema.Types[kind+"OrderField"].EnumValues {
			l.Orders = append(l.Orders, v.Name)
		}
		slices.Sort(l.Orders)
		want[kind] = l
	}
	for name, kind := range list.Kinds {
		var l lists
		for _, f := range kind.Filters {
			l.Filters = append(l.Filters, f.Name)
		}
		l.Orders = slices.Sorted(maps.Keys(kind.Orders))
		got[name] = l
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the table differs from the SDL (-SDL +table):\n%s", diff)
	}
}

// Arguments of every connection have the inputs that the table reads.
func TestConnectionsTakeTheInputsOfTheirKind(t *testing.T) {
	connections := 0
	for _, def := range sdl(t).Types {
		for _, f := range def.Fields {
			kind, is := strings.CutSuffix(f.Type.Name(), "Connection")
			if !is {
				continue
			}
			connections++
			for argument, input := range map[string]string{"filter": kind + "Filter", "orderBy": kind + "Order"} {
				if a := f.Arguments.ForName(argument); a == nil || a.Type.String() != input {
					t.Errorf("%s.%s: `%s` is not a %s", def.Name, f.Name, argument, input)
				}
			}
		}
	}
	if connections < len(list.Kinds) {
		t.Errorf("only %d connections", connections)
	}
}

// What a cursor is made of is read from ent's rows by the column's name: each is a text there, or a whole number.
func TestOrdersAreTextsOrNumbersOfEnt(t *testing.T) {
	rows := map[string]any{
		"Tenant": ent.Tenant{}, "User": ent.User{}, "Membership": ent.Membership{}, "Session": ent.Session{}, "Permission": ent.Permission{},
		"Role": ent.Role{}, "RolePackage": ent.RolePackage{}, "Application": ent.Application{}, "AccessGrant": ent.AccessGrant{},
		"ApplicationProperty": ent.ApplicationProperty{}, "PropertyChange": ent.PropertyChange{}, "ApplicationDependency": ent.ApplicationDependency{}, "ClientURL": ent.ClientURL{},
		"DefinitionLayer": ent.DefinitionLayer{}, "DefinitionVersion": ent.DefinitionVersion{}, "Invitation": ent.Invitation{}, "RegistrationRule": ent.RegistrationRule{}, "RegistrationCode": ent.RegistrationCode{}, "AccessRequest": ent.AccessRequest{}, "AuditEvent": ent.AuditEvent{}, "OutboxEvent": ent.OutboxEvent{},
	}
	for name, kind := range list.Kinds {
		if _, ok := scope.Kinds[kind.Ent]; !ok {
			t.Errorf("%s: %s is no kind of the scope", name, kind.Ent)
		}
		columns := map[string]reflect.Kind{}
		row := reflect.TypeOf(rows[kind.Ent])
		for i := range row.NumField() {
			column, _, _ := strings.Cut(row.Field(i).Tag.Get("json"), ",")
			columns[column] = row.Field(i).Type.Kind()
		}
		for value, column := range kind.Orders {
			if columns[column] != reflect.String && columns[column] != reflect.Int {
				t.Errorf("%s by %s: %q is neither a text nor a number", name, value, column)
			}
		}
	}
}
