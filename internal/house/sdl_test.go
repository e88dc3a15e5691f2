package house_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/enum"
)

func loadSDL(t *testing.T) *ast.Schema {
	t.Helper()
	files, err := filepath.Glob("../../schema/*.graphqls")
	if err != nil || len(files) == 0 {
		t.Fatalf("no SDL files: %v", err)
	}
	var sources []*ast.Source
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, &ast.Source{Name: name, Input: string(text)})
	}
	schema, err := gqlparser.LoadSchema(sources...)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// ownTypes are the SDL's types without those of the language itself.
func ownTypes(schema *ast.Schema) []*ast.Definition {
	var types []*ast.Definition
	for _, d := range schema.Types {
		if !d.BuiltIn && !strings.HasPrefix(d.Name, "__") {
			types = append(types, d)
		}
	}
	slices.SortFunc(types, func(a, b *ast.Definition) int { return strings.Compare(a.Name, b.Name) })
	return types
}

// design 5: every type, field, argument and enum value is described.
func TestEverythingIsDescribed(t *testing.T) {
	schema := loadSDL(t)
	checked := 0
	need := func(description, what string) {
		checked++
		if len(strings.TrimSpace(description)) < 5 || !strings.HasSuffix(strings.TrimSpace(description), ".") {
			t.Errorf("%s: the description %q is no sentence", what, description)
		}
	}
	for _, d := range ownTypes(schema) {
		need(d.Description, d.Name)
		for _, f := range d.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			need(f.Description, d.Name+"."+f.Name)
			for _, a := range f.Arguments {
				need(a.Description, d.Name+"."+f.Name+"("+a.Name+")")
			}
		}
		for _, v := range d.EnumValues {
			need(v.Description, d.Name+"."+v.Name)
		}
	}
	if checked < 400 {
		t.Errorf("only %d descriptions were looked at", checked)
	}
}

// kindAuthority is the authority that reading a kind asks for, on whatever way.
var kindAuthority = map[string]string{
	"Client": "Client_READ", "User": "User_READ", "Membership": "User_READ", "Session": "Session_READ",
	"Permission": "Permission_READ", "Role": "Role_READ", "Package": "Package_READ", "Application": "Application_READ",
	"Invitation": "User_READ", "OutboxEvent": "Audit_READ", "AuditEvent": "Audit_READ",
	"AccessGrant": "Application_READ", "ApplicationDependency": "Application_READ", "ApplicationProperty": "Application_READ", "PropertyChange": "Application_READ", "ClientUrl": "Client_READ",
}

// free are the object-valued fields that need no authority, each with its reason. The payloads of mutations are free too:
// they show what the caller has just made or changed, which took an authority, as far as he can see it.
var free = map[string]string{
	"Viewer.user": "a user may always read himself, domain 2.5", "Viewer.client": "the caller's own",
	"Viewer.membership": "the caller's own", "Viewer.session": "the caller's own",
	"Viewer.memberships": "the caller's own", "Viewer.clients": "those the caller is a member of", "Viewer.sessions": "the caller's own",
}

// design 5: every root field, and every edge to a kind, says who may use it; the authority is in the registry and
// ends the description.
func TestFieldsSayWhoMayUseThem(t *testing.T) {
	schema := loadSDL(t)
	for _, d := range ownTypes(schema) {
		if d.Kind != ast.Object || strings.HasSuffix(d.Name, "Edge") || strings.HasSuffix(d.Name, "Connection") {
			continue
		}
		for _, f := range d.Fields {
			if !strings.HasPrefix(f.Name, "__") {
				checkAuthority(t, d, f)
			}
		}
	}
}

func checkAuthority(t *testing.T, d *ast.Definition, f *ast.FieldDefinition) {
	t.Helper()
	name := d.Name + "." + f.Name
	var guards []string
	for _, directive := range f.Directives {
		if slices.Contains([]string{"authority", "signedIn", "public"}, directive.Name) {
			guards = append(guards, directive.Name)
		}
	}
	root := d.Name == "Query" || d.Name == "Mutation"
	if root && len(guards) != 1 {
		t.Errorf("%s needs exactly one of @authority, @signedIn and @public, has %v", name, guards)
	}
	required := ""
	if a := f.Directives.ForName("authority"); a != nil {
		required = a.Arguments.ForName("requires").Value.Raw
		if !slices.Contains(authority.BuiltIn(), required) {
			t.Errorf("%s requires %s, which is not in the registry", name, required)
		}
		if !strings.HasSuffix(strings.Join(strings.Fields(f.Description), " "), "Requires `"+required+"`.") {
			t.Errorf("the description of %s does not end in: Requires `%s`.", name, required)
		}
	}
	kind := strings.TrimSuffix(f.Type.Name(), "Connection")
	isFree := d.Name == "Mutation" || strings.HasSuffix(d.Name, "Payload") || free[name] != ""
	if want, isKind := kindAuthority[kind]; isKind && !isFree && required != want {
		t.Errorf("%s leads to a %s and requires %q, not %s", name, kind, required, want)
	}
}

// design 5: mutations are nounVerb(input: XInput!): XPayload!, and every payload has its errors.
func TestMutationsHaveOneForm(t *testing.T) {
	schema := loadSDL(t)
	form := regexp.MustCompile(`^[a-z]+[A-Z][A-Za-z]*$`)
	for _, f := range schema.Mutation.Fields {
		title := string(unicode.ToUpper(rune(f.Name[0]))) + f.Name[1:]
		if !form.MatchString(f.Name) || len(f.Arguments) != 1 || f.Arguments[0].Name != "input" ||
			f.Arguments[0].Type.String() != title+"Input!" || f.Type.String() != title+"Payload!" {
			t.Errorf("%s is not %s(input: %sInput!): %sPayload!", f.Name, f.Name, title, title)
		}
		if errors := schema.Types[title+"Payload"].Fields.ForName("errors"); errors == nil || errors.Type.String() != "[UserError!]!" {
			t.Errorf("%sPayload has no errors: [UserError!]!", title)
		}
	}
}

// The words of the SDL are those of the code.
func TestEnumsAreThoseOfTheCode(t *testing.T) {
	schema := loadSDL(t)
	for name, values := range map[string][]string{
		"ClientType": enum.ClientType("").Values(), "ClientStatus": enum.ClientStatus("").Values(),
		"UserStatus": enum.UserStatus("").Values(), "ApplicationType": enum.ApplicationType("").Values(),
		"AccessType": enum.AccessType("").Values(), "ApplicationStatus": enum.ApplicationStatus("").Values(),
		"InvitationStatus": enum.InvitationStatus("").Values(), "OutboxStatus": enum.OutboxStatus("").Values(),
		"DependencyState": enum.DependencyState("").Values(), "AccessLevel": enum.AccessLevel("").Values(), "UrlStatus": enum.URLStatus("").Values(), "PropertySourceKind": enum.PropertySourceKind("").Values(), "PropertyType": enum.PropertyType("").Values(), "ErrorCode": apperr.Codes(),
	} {
		var sdl []string
		for _, v := range schema.Types[name].EnumValues {
			sdl = append(sdl, v.Name)
		}
		if !slices.Equal(sdl, values) {
			t.Errorf("%s is %v in the SDL and %v in the code", name, sdl, values)
		}
	}
}
