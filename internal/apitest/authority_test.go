package apitest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// call writes a root field with arguments of the right types and a selection.
func call(field *ast.FieldDefinition) string {
	var arguments []string
	for _, a := range field.Arguments {
		switch {
		case a.Name == "code":
			arguments = append(arguments, `code: "x"`)
		case a.Name == "ids":
			arguments = append(arguments, `ids: ["x"]`)
		case a.Type.NonNull && a.Type.Name() == "ID":
			arguments = append(arguments, a.Name+`: "x"`)
		case a.Type.NonNull:
			arguments = append(arguments, a.Name+": "+inputOf(sdl().Types[a.Type.Name()]))
		}
	}
	text := field.Name
	if len(arguments) > 0 {
		text += "(" + strings.Join(arguments, ", ") + ")"
	}
	return text + " { __typename }"
}

// inputOf writes an input with what it needs.
func inputOf(input *ast.Definition) string {
	var fields []string
	for _, f := range input.Fields {
		if f.Type.NonNull && f.DefaultValue == nil {
			value := `"x"`
			if of := sdl().Types[f.Type.Name()]; f.Type.Elem != nil {
				value = "[]"
			} else if of.Kind == ast.Enum {
				value = of.EnumValues[0].Name
			} else if of.Name == "Boolean" {
				value = "true"
			}
			fields = append(fields, f.Name+": "+value)
		}
	}
	return "{" + strings.Join(fields, ", ") + "}"
}

// design 5: a root field or mutation without its authority refuses the operation before any statement runs; without
// a token it is UNAUTHENTICATED. This holds for every one in the SDL.
func TestRootFieldsAskForTheirAuthority(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		_, poor := h.User(e.p, "poor")
		_, some := h.User(e.p, "some", authority.BuiltInRole("Client Owner"))
		tried := 0
		for operation, root := range map[string]*ast.Definition{"query": sdl().Query, "mutation": sdl().Mutation} {
			for _, field := range root.Fields {
				if strings.HasPrefix(field.Name, "__") || field.Directives.ForName("public") != nil {
					continue
				}
				tried++
				text := operation + " { " + call(field) + " }"
				a := silent(t, h, "", text, nil)
				if a.Status != 401 || a.Data != nil || len(a.Errors) != 1 || a.Errors[0].Code() != "UNAUTHENTICATED" || !reflect.DeepEqual(a.Errors[0].Path, []any{field.Name}) {
					t.Errorf("nobody, %s: %d %s", text, a.Status, a.Body)
				}
				needs := field.Directives.ForName("authority")
				if needs == nil {
					continue
				}
				a = silent(t, h, poor, text, nil)
				if a.Status != 403 || a.Data != nil || len(a.Errors) != 1 || a.Errors[0].Code() != "FORBIDDEN" || !reflect.DeepEqual(a.Errors[0].Path, []any{field.Name}) ||
					!strings.Contains(a.Errors[0].Message, needs.Arguments[0].Value.Raw) {
					t.Errorf("without authority, %s: %d %s", text, a.Status, a.Body)
				}
			}
		}
		if tried < 12 {
			t.Errorf("only %d root fields were tried", tried)
		}
		// one who may read and update, and not create; whatever the input is
		before := e.state()
		for _, in := range []string{`{name: "Fine"}`, `{name: ""}`, `{name: "x", code: "www"}`, `{name: "x", clientId: "` + string(e.s) + `"}`} {
			a := silent(t, h, some, `mutation { applicationCreate(input: `+in+`) { application { id } errors { code } } }`, nil)
			if a.Status != 403 || a.Data != nil || len(a.Errors) != 1 || a.Errors[0].Code() != "FORBIDDEN" {
				t.Errorf("%s: %d %s", in, a.Status, a.Body)
			}
		}
		// one field without authority refuses the others too, wherever it hides
		for _, text := range []string{
			`query { applications { totalCount } users { totalCount } packages { totalCount } viewer { user { id } } }`,
			`query { ...F } fragment F on Query { viewer { user { id } } ... { users { totalCount } } }`,
			`mutation { sessionDelete(input: {}) { sessionId } x: applicationCreate(input: {name: "x"}) { application { id } } }`,
		} {
			a := silent(t, h, poor, text, nil)
			if a.Status != 403 || a.Data != nil || len(a.Errors) == 0 {
				t.Errorf("%s: %d %s", text, a.Status, a.Body)
			}
		}
		// what @skip leaves out asks for nothing
		if a := h.Do(poor, `{ users @skip(if: true) { totalCount } viewer { client { code } } }`, nil); string(a.Data) != `{"viewer":{"client":{"code":"PARTNER"}}}` {
			t.Errorf("%s", a.Body)
		}
		e.unchanged(t, before, "refused operations")
	})
}

// design 5: a nested field without authority is null, with an error at its path; the rest answers.
func TestNestedFieldsAskForTheirAuthority(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		reads := h.Role(e.p, nil, "Reads applications", oid.BuiltIn[oid.Permission]("Application_READ"), oid.BuiltIn[oid.Permission]("Application_CREATE"))
		_, some := h.User(e.p, "some", reads)
		forbidden := func(a hubtest.Answer, data string, paths ...string) {
			t.Helper()
			var got []string
			for _, err := range a.Errors {
				if err.Code() != "FORBIDDEN" && err.Code() != "UNAUTHENTICATED" {
					t.Errorf("%+v", err)
				}
				got = append(got, strings.Trim(fmt.Sprint(err.Path), "[]"))
			}
			slices.Sort(got)
			slices.Sort(paths)
			if a.Status != 200 || string(a.Data) != data || !slices.Equal(got, paths) {
				t.Errorf("%d %s\ngot  %q\nwant %q\nwant %s", a.Status, a.Data, got, paths, data)
			}
		}
		forbidden(h.Do(some, `{ applications(first: 2, orderBy: {field: CODE}) { totalCount nodes { code client { code } creator { id } properties { totalCount } grants { nodes { level client { code } } }
			packages { totalCount } roles { totalCount } permissions { totalCount } urls { totalCount } } } viewer { client { code manager { code } } user { name sessions { totalCount } } } }`, nil),
			`{"applications":{"totalCount":4,"nodes":[`+
				`{"code":"anybodys","client":null,"creator":null,"properties":{"totalCount":0},"grants":{"nodes":[{"level":"WRITE","client":null}]},"packages":null,"roles":null,"permissions":null,"urls":null},`+
				`{"code":"readable","client":null,"creator":null,"properties":{"totalCount":0},"grants":{"nodes":[{"level":"READ","client":null}]},"packages":null,"roles":null,"permissions":null,"urls":null}]},`+
				`"viewer":{"client":{"code":"PARTNER","manager":null},"user":{"name":"some","sessions":null}}}`,
			"applications nodes 0 client", "applications nodes 0 creator", "applications nodes 0 grants nodes 0 client", "applications nodes 0 packages", "applications nodes 0 roles",
			"applications nodes 0 permissions", "applications nodes 0 urls", "applications nodes 1 client", "applications nodes 1 creator", "applications nodes 1 grants nodes 0 client",
			"applications nodes 1 packages", "applications nodes 1 roles", "applications nodes 1 permissions", "applications nodes 1 urls", "viewer client manager", "viewer user sessions")
		// a bad argument of a field without authority is not looked at
		forbidden(h.Do(some, `{ application(code: "shop-one") { code c: packages(first: 500) { totalCount } } }`, nil), `{"application":{"code":"shop-one","c":null}}`, "application c")
		// in the payload of a mutation that was made
		forbidden(h.Do(some, `mutation { applicationCreate(input: {name: "x", code: "made"}) { application { code client { code } } errors { code } } }`, nil),
			`{"applicationCreate":{"application":{"code":"made","client":null},"errors":[]}}`, "applicationCreate application client")
		// a new session shows who has none yet what is no one's business but his
		d := newDoorsOf(t, e)
		a := h.Do("", `mutation { sessionCreate(input: {identifier: "una", password: "`+password+`", clientCode: "PARTNER"}) { token session { device user { name } client { code } } errors { code } } }`, nil)
		var data struct{ SessionCreate struct{ Token string } }
		h.Must(json.Unmarshal(a.Data, &data))
		a.Data = json.RawMessage(strings.ReplaceAll(string(a.Data), data.SessionCreate.Token, "T"))
		forbidden(a, `{"sessionCreate":{"token":"T","session":{"device":"","user":null,"client":null},"errors":[]}}`, "sessionCreate session user", "sessionCreate session client")
		if d.viewer(data.SessionCreate.Token).User.Name != "Una" {
			t.Error("the token is not Una's")
		}
	})
}
