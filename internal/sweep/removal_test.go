package sweep

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// removalPlan asks for the plan of every application's removal: there is one of each that the caller may update, and it
// counts what there is, whoever may see that (domain 11.2).
func (r *run) removalPlan(f *ast.FieldDefinition) {
	r.visit("Query", f.Name, "id")
	for some := range slices.Chunk(r.v.tables["applications"], atOnce) {
		var doc strings.Builder
		for i, app := range some {
			fmt.Fprintf(&doc, " v%d: %s(id: %q) %s", i, f.Name, app["id"], r.selection(r.target(f)))
		}
		data := r.query(f, "{"+doc.String()+" }", nil)
		if !r.p.holds(required(f)) {
			return
		}
		for i, app := range some {
			value, place := data[fmt.Sprint("v", i)], f.Name+" of "+r.describe(app["id"])
			if !r.expect((value != nil) == r.v.mayUpdate(app), "%s is %v", place, value) || value == nil {
				continue
			}
			r.shown(r.target(f), value)
			if shown := get[any](value, "application"); shown != nil {
				r.object(r.Types["Application"], shown, place)
				r.expect(get[string](shown, "id") == app["id"], "%s is of another", place)
			}
			r.expect(get[string](value, "token") != "", "%s has no token", place)
			counts, obstacles := r.v.removal(app)
			r.numbers("RemovalCount", get[[]any](value, "counts"), counts, place)
			r.numbers("RemovalObstacle", get[[]any](value, "obstacles"), obstacles, place)
		}
	}
}

// numbers compares a list of kinds with their numbers.
func (r *run) numbers(typ string, list []any, want map[string]int, place string) {
	got := map[string]int{}
	for _, one := range list {
		r.shown(r.Types[typ], one)
		got[get[string](one, "kind")] = int(get[float64](one, "count"))
		expiring, counted := get[any](one, "expiring").(bool)
		r.expect(!counted || expiring == slices.Contains([]string{"Session", "Registration"}, get[string](one, "kind")), "%s: %v", place, one)
	}
	maps.DeleteFunc(want, func(_ string, n int) bool { return n == 0 })
	r.expect(maps.Equal(got, want), "%s counts %v, not %v", place, got, want)
}

// removal counts what goes with an application, by loops over rows, and what stands against that.
func (v *view) removal(app row) (counts, obstacles map[string]int) {
	going := map[string]bool{app["id"]: true}
	for _, table := range []string{"roles", "permissions", "packages"} {
		for _, one := range v.where(table, "application_id", app["id"]) {
			going[one["id"]] = true
		}
	}
	counts, obstacles = map[string]int{}, map[string]int{}
	for kind, table := range map[string]string{
		"AccessGrant": "access_grants", "ApplicationProperty": "application_properties", "PropertyChange": "property_changes",
		"ClientUrl": "client_urls", "ApplicationDependency": "application_dependencies", "Session": "sessions",
		"Role": "roles", "RolePermission": "role_permissions", "SubRole": "role_sub_roles", "MembershipRole": "membership_roles",
		"InvitationRole": "invitation_roles", "Permission": "permissions", "Package": "packages", "PackageRole": "package_roles",
		"PackageGift": "package_gifts", "RegistrationRule": "registration_rules", "RegistrationCode": "registration_codes",
		"Registration": "registrations", "AccessRequest": "access_requests", "DefinitionLayer": "definition_layers", "DefinitionVersion": "definition_versions",
	} {
		for _, one := range v.tables[table] {
			names := []string{"application_id", "dependency_id", "given_application_id", "role_id", "sub_role_id", "permission_id", "package_id"}
			if slices.ContainsFunc(names, func(column string) bool { return going[one[column]] }) {
				counts[kind]++
			}
		}
	}
	for _, g := range v.where("access_grants", "application_id", app["id"]) {
		if g["client_id"] != app["client_id"] && g["client_id"] != v.who.client && g["level"] != "BARRED" && v.inForce(g) {
			obstacles["CLIENTS"]++
		}
	}
	obstacles["DEPENDENTS"] = len(v.where("application_dependencies", "dependency_id", app["id"]))
	return counts, obstacles
}
