package sweep

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// platformDefaults are the values in force where nobody has set one (domain 10.1, 10.4, 10.6).
var platformDefaults = map[string]string{
	"CODE_ATTEMPTS": "5", "CODE_LENGTH": "6", "CODE_LIFETIME": "15", "CODE_LOCK": "15", "CODE_RESENDS": "3",
	"REGISTRATION_SIGN_IN": "false", "REGISTRATION_TYPE": "NONE", "USER_CHECK": "NONE",
}

// propertiesInForce is domain 6.2 in loops: each name with value, kind and client; ok is false where it is not to be answered.
func (v *view) propertiesInForce(app row, client string) (all map[string][3]string, ok bool) {
	if !v.scope[client] || !v.reaches(client, app) {
		return nil, false
	}
	return v.valuesInForce(app, client), true
}

// valuesInForce are those of a client that has access.
func (f facts) valuesInForce(app row, client string) map[string][3]string {
	all := map[string][3]string{}
	for name, value := range platformDefaults {
		all[name] = [3]string{value, "DEFAULT", ""}
	}
	take := func(of, kind string) {
		for _, p := range f.where("application_properties", "application_id", app["id"]) {
			if p["client_id"] == of {
				all[p["name"]] = [3]string{p["value"], kind, of}
			}
		}
	}
	take(app["client_id"], "OWNER")
	var up []string
	for at := f.byID[client]["manager_id"]; at != "" && at != app["client_id"]; at = f.byID[at]["manager_id"] {
		up = append(up, at)
	}
	slices.Reverse(up)
	for _, at := range up {
		if f.reaches(at, app) {
			take(at, "MANAGER")
		}
	}
	take(client, "OWN")
	return all
}

// inForce checks an answer for one client, as far as names are asked for; nil for all.
func (r *run) inForce(f *ast.FieldDefinition, value any, app row, client string, names []string, place string) {
	want, ok := r.v.propertiesInForce(app, client)
	list, _ := value.([]any)
	if !r.expect((value != nil) == ok, "%s for %s is %v", place, r.describe(client), value) || !ok {
		return
	}
	if names != nil {
		for name := range want {
			if !slices.Contains(names, name) {
				delete(want, name)
			}
		}
	}
	r.expect(len(list) == len(want), "%s for %s has %d values, not %d", place, r.describe(client), len(list), len(want))
	last := ""
	for _, p := range list {
		r.shown(r.target(f), p)
		source := get[any](p, "source")
		of := r.target(r.target(f).Fields.ForName("source"))
		r.shown(of, source)
		name := get[string](p, "name")
		r.expect(name > last, "%s for %s is not in order", place, r.describe(client))
		last = name
		got := [3]string{get[string](p, "value"), get[string](source, "kind"), want[name][2]}
		r.expect(got == want[name], "%s for %s: %s is %v, not %v", place, r.describe(client), name, got, want[name])
		r.members(of, source, row{"client_id": want[name][2]}, full, place+" > "+name)
	}
}

// askInForce asks for every client there is and one there is not, with and without names.
func (r *run) askInForce(f *ast.FieldDefinition) {
	if !r.p.holds(required(f)) {
		return
	}
	r.visit("Application", f.Name)
	r.visit("Application", f.Name, "clientId")
	r.visit("Application", f.Name, "names")
	clients := append(pluck(r.v.tables["clients"], "id"), unknownID(kinds["Client"].prefix))
	for i, app := range r.v.all("Application", full) {
		var names []string
		argument := ""
		if i%2 == 0 {
			names, argument = []string{"COLOUR", "REGISTRATION_TYPE", "UNHEARD_OF"}, `, names: ["COLOUR", "REGISTRATION_TYPE", "UNHEARD_OF"]`
		}
		var doc strings.Builder
		for j, client := range clients {
			fmt.Fprintf(&doc, " v%d: %s(clientId: %q%s) %s", j, f.Name, client, argument, r.selection(r.target(f)))
		}
		fmt.Fprintf(&doc, " own: %s %s", f.Name, r.selection(r.target(f)))
		answer := r.h.Do(r.p.token, "query($id: ID!) { node(id: $id) { ... on Application {"+doc.String()+" } } }", hubtest.Variables{"id": app})
		r.expect(len(answer.Errors) == 0, "%s of %s is refused: %s", f.Name, r.describe(app), answer.Body)
		node := decode(answer.Data)["node"]
		for j, client := range clients {
			r.inForce(f, get[any](node, fmt.Sprint("v", j)), r.v.byID[app], client, names, f.Name+" of "+r.describe(app))
		}
		r.inForce(f, get[any](node, "own"), r.v.byID[app], r.p.client, nil, f.Name+" of "+r.describe(app))
	}
}

// hasMine: a client with access to the application that the caller tries to set properties of. Its owner sets them for
// any such client, be it out of his sight (domain 6.4).
func (r *run) hasMine(id string) bool {
	return r.v.reaches(id, r.v.byID[r.own("Application")])
}

// definitions are the same for everybody.
func (r *run) definitions(f *ast.FieldDefinition) {
	data := r.query(f, "{ "+f.Name+" "+r.selection(r.target(f))+" }", nil)
	list := get[[]any](data, f.Name)
	for _, d := range list {
		r.shown(r.target(f), d)
		r.expect(get[string](d, "default") == platformDefaults[get[string](d, "name")], "the default of %v", d)
	}
	r.expect(!r.p.holds(required(f)) || len(list) == len(platformDefaults)+2, "%d definitions", len(list))
}
