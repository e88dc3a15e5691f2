package sweep

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/appanage/appanage/internal/oid"
)

// apart are the fields of objects that take arguments and list nothing, with how they are asked: alone, for the others of
// the object are to be answered by the planner.
var apart map[string]func(r *run, f *ast.FieldDefinition)

func init() { // what asks leads back to apart
	apart = map[string]func(*run, *ast.FieldDefinition){"Application.propertiesInForce": (*run).askInForce, "Application.urlFor": (*run).urlsFor,
		"Application.registrationPreview": (*run).previews,
		"Definition.provenance":           (*run).provenances, "DefinitionVersion.changesSince": (*run).compared, "ResolvedUrl.definition": (*run).throughURLs}
}

// asides asks for the fields that stand apart.
func (r *run) asides() {
	for item, ask := range apart {
		typ, field, _ := strings.Cut(item, ".")
		ask(r, r.Types[typ].Fields.ForName(field))
	}
}

// reaches is domain 5.1: whether a client has access to an application today.
func (f facts) reaches(client string, app row) bool {
	return app["client_id"] == client || slices.ContainsFunc(f.where("access_grants", "application_id", app["id"]), func(g row) bool {
		return g["client_id"] == client && g["level"] != "BARRED" && f.inForce(g)
	})
}

// suspended is domain 1.5: a client, or one above it, is.
func (f facts) suspended(client string) bool {
	return slices.ContainsFunc(above(f, client), func(id string) bool { return f.byID[id]["status"] != "ACTIVE" }) || f.byID[client]["status"] != "ACTIVE"
}

// origin is where a client reaches an application, by domain 7.3 on a platform without suffixes and properties URL.
func (f facts) origin(client string, app row) string {
	newest := row{}
	for _, u := range f.where("client_urls", "application_id", app["id"]) {
		if u["client_id"] == client && u["status"] == "PROVEN" && u["proven_at"] >= newest["proven_at"] {
			newest = u
		}
	}
	return newest["origin"]
}

// urlsFor asks where every client reaches applications: those out of scope reach them nowhere, as one does that never was.
func (r *run) urlsFor(f *ast.FieldDefinition) {
	r.visit("Application", f.Name)
	r.visit("Application", f.Name, "clientId")
	if !r.p.holds(required(f)) {
		return
	}
	clients := append(pluck(r.v.tables["clients"], "id"), unknownID(oid.KindClient))
	for _, app := range r.v.all("Application", full) {
		var doc strings.Builder
		for i, client := range clients {
			fmt.Fprintf(&doc, " v%d: urlFor(clientId: %q)", i, client)
		}
		answer := r.h.Do(r.p.token, fmt.Sprintf("{ application(id: %q) { urlFor%s } }", app, doc.String()), nil)
		r.expect(len(answer.Errors) == 0, "urlFor of %s is refused: %s", r.describe(app), answer.Body)
		shown := decode(answer.Data)["application"]
		for i, client := range append(clients, r.p.client) {
			name, want := fmt.Sprint("v", i), ""
			if i == len(clients) {
				name = f.Name
			}
			if r.v.scope[client] && r.v.reaches(client, r.v.byID[app]) {
				want = r.v.origin(client, r.v.byID[app])
			}
			got := get[string](shown, name)
			r.expect(got == want, "%s reaches %s at %q, not %q", r.describe(client), r.describe(app), got, want)
		}
	}
}

// resolved asks what every origin leads to: everybody is told the same, of what is proven and open today.
func (r *run) resolved(f *ast.FieldDefinition) {
	r.visit("Query", f.Name, "url")
	for rows := range slices.Chunk(r.v.tables["client_urls"], atOnce) {
		var doc strings.Builder
		for i, u := range rows {
			fmt.Fprintf(&doc, " v%d: %s(url: %q) %s", i, f.Name, u["origin"]+"/page", r.selection(r.target(f)))
		}
		data := r.query(f, "{"+doc.String()+" }", nil)
		for i, u := range rows {
			r.leads(f, data[fmt.Sprint("v", i)], u)
		}
	}
}

// leads checks what one origin leads to.
func (r *run) leads(f *ast.FieldDefinition, value any, u row) {
	app, client := r.v.byID[u["application_id"]], r.v.byID[u["client_id"]]
	open := u["status"] == "PROVEN" && app["status"] == "ACTIVE" && r.v.reaches(u["client_id"], app) && !r.v.suspended(u["client_id"])
	if !r.expect((value != nil) == open, "%s leads to %v", u["origin"], value) || !open {
		return
	}
	r.shown(r.target(f), value)
	for field, want := range map[string]string{
		"applicationCode": app["code"], "applicationName": app["name"], "applicationType": app["type"], "clientCode": client["code"], "clientName": client["name"],
	} {
		r.expect(get[string](value, field) == want, "%s leads to the %s %v, not %s", u["origin"], field, get[any](value, field), want)
	}
	properties := get[[]any](value, "properties")
	for _, p := range properties {
		r.shown(r.Types["PublicProperty"], p)
	}
	// the world has one for each client, of its own
	if r.expect(len(properties) == 1, "%s shows the properties %v", u["origin"], properties) {
		r.expect(get[string](properties[0], "value") == client["code"], "%s shows the properties %v", u["origin"], properties)
	}
}
