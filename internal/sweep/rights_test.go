package sweep

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/appanage/appanage/internal/oid"
)

// Which authorities a membership gives, in loops over rows: domain 3.4 and 3.6 for sessions of no application.

// held has the authorities that each membership gives.
func (f facts) held() map[string]map[string]bool {
	held := map[string]map[string]bool{}
	brings := map[string]map[string]bool{} // permissions of a role with all it includes
	for _, r := range f.tables["roles"] {
		brings[r["id"]] = f.brings(r["id"])
	}
	for _, m := range f.tables["memberships"] {
		held[m["id"]] = map[string]bool{}
		for _, assigned := range f.where("membership_roles", "membership_id", m["id"]) {
			if role := assigned["role_id"]; f.assignable(m["client_id"], role) {
				for p := range brings[role] {
					if held[m["id"]][f.byID[p]["authority"]] || f.ceiling(m["client_id"], p, brings, map[string]bool{}) {
						held[m["id"]][f.byID[p]["authority"]] = true
					}
				}
			}
		}
	}
	return held
}

// brings are the permissions of a role, and of all it includes; a role includes no circle.
func (f facts) brings(role string) map[string]bool {
	set := map[string]bool{}
	for _, holds := range f.where("role_permissions", "role_id", role) {
		set[holds["permission_id"]] = true
	}
	for _, sub := range f.where("role_sub_roles", "role_id", role) {
		for p := range f.brings(sub["sub_role_id"]) {
			set[p] = true
		}
	}
	return set
}

// assignable: roles the client owns, and roles of packages given to it.
func (f facts) assignable(client, role string) bool {
	return f.byID[role]["client_id"] == client || slices.ContainsFunc(f.where("package_gifts", "client_id", client), func(g row) bool {
		return slices.Contains(pluck(f.where("package_roles", "package_id", g["package_id"]), "role_id"), role)
	})
}

// ceiling: SYSTEM's is everything; else what the client owns, and what packages given to it bring within their giver's.
func (f facts) ceiling(client, permission string, brings map[string]map[string]bool, seen map[string]bool) bool {
	seen[client] = true
	owner := f.byID[f.byID[permission]["application_id"]]["client_id"]
	return client == string(oid.SystemClient) || owner == client || slices.ContainsFunc(f.where("package_gifts", "client_id", client), func(g row) bool {
		return !seen[g["giver_id"]] && f.packs(g["package_id"], permission, brings) && f.ceiling(g["giver_id"], permission, brings, seen)
	})
}

func (f facts) packs(pack, permission string, brings map[string]map[string]bool) bool {
	return slices.ContainsFunc(f.where("package_roles", "package_id", pack), func(in row) bool { return brings[in["role_id"]][permission] })
}

// holders lists the memberships of clients in scope that give an authority.
func (v *view) holders(authority string) []string {
	return slices.DeleteFunc(v.all("Membership", full), func(id string) bool {
		return !v.scope[v.byID[id]["client_id"]] || !v.held[id][authority]
	})
}

// asked is the authority whose holders are asked for with every argument of a list.
const asked = "Application_READ"

// needed are the arguments that a connection cannot do without.
var needed = map[string]string{"Query.authorityHolders": "authority: \"" + asked + "\""}

// short are the lists of the root that hold not all that is visible.
var short = map[string]func(v *view) []string{
	"applicationsAvailable": (*view).available,
	"authorityHolders":      func(v *view) []string { return v.holders(asked) },
}

// holders asks who holds an authority: of one in full, of all others who it is, and of one that nobody ever had.
func (r *run) holders(f *ast.FieldDefinition) {
	r.visit("Query", f.Name, "authority")
	data := r.query(f, "{ "+f.Name+"("+needed["Query."+f.Name]+", first: 100) "+r.selection(r.target(f))+" }", nil)
	if !r.p.holds(required(f)) {
		return
	}
	r.page(f, "", data[f.Name], r.v.holders(asked), f.Name)
	authorities := append(pluck(r.v.tables["permissions"], "authority"), "Nobody_EVER")
	for some := range slices.Chunk(authorities, atOnce) {
		var doc strings.Builder
		for i, authority := range some {
			fmt.Fprintf(&doc, " v%d: %s(authority: %q, first: 100) { totalCount nodes { id } }", i, f.Name, authority)
		}
		data := r.query(f, "{"+doc.String()+" }", nil)
		for i, authority := range some {
			value, want := data[fmt.Sprint("v", i)], r.v.holders(authority)
			r.same(ids(get[[]any](value, "nodes")), want, "the holders of "+authority)
			r.expect(get[float64](value, "totalCount") == float64(len(want)), "the holders of %s are counted wrongly", authority)
		}
	}
}

// inner says how the objects without an id are checked that an object shows: they have no row of their own.
var inner map[string]func(r *run, f *ast.FieldDefinition, value any, stored row, place string)

func init() { // what checks the members of objects leads back to inner
	inner = map[string]func(*run, *ast.FieldDefinition, any, row, string){
		"AccessGrant.clientCode":   (*run).grantCode,
		"AccessGrant.expiresAt":    (*run).grantEnds,
		"AccessGrant.sleeping":     (*run).grantSleeps,
		"AccessRequest.clientCode": (*run).requestCode,
		"AccessRequest.userName":   (*run).requestUser,
		"Application.loadOrder":    (*run).loadOrder,
		"Membership.authorities":   (*run).authorities,
		"RegistrationCode.status":  (*run).codeStatus,
	}
}

// authorities of a membership are those it gives, each with reasons that name nothing hidden, and nothing that is no reason.
func (r *run) authorities(f *ast.FieldDefinition, value any, stored row, place string) {
	list, _ := value.([]any)
	shown := map[string]bool{}
	for _, one := range list {
		authority := get[string](one, "authority")
		shown[authority] = true
		r.shown(r.target(f), one)
		r.expect(r.v.held[stored["id"]][authority], "%s shows %s, which is not in force", place, authority)
		reasons := get[[]any](one, "reasons")
		r.expect(len(reasons) > 0, "%s gives no reason for %s", place, authority)
		for _, reason := range reasons {
			r.reason(r.target(r.target(f).Fields.ForName("reasons")), reason, stored, authority, place+" > "+authority)
		}
	}
	for authority := range r.v.held[stored["id"]] {
		r.expect(shown[authority], "%s lacks %s", place, authority)
	}
}

// reason leads through visible roles, each included by the one before where none is hidden between, and by a visible
// package that was given to the client and brings the authority.
func (r *run) reason(def *ast.Definition, reason any, stored row, authority, place string) {
	r.shown(def, reason)
	roles := ids(get[[]any](reason, "roles"))
	for i, id := range roles {
		r.object(r.Types["Role"], get[[]any](reason, "roles")[i], place)
		over := stored["id"]
		if i > 0 {
			over = roles[i-1]
		}
		r.expect(r.v.leads(over, id), "%s names %s, which %s does not lead to", place, r.describe(id), r.describe(over))
	}
	if pack := get[any](reason, "package"); pack != nil {
		r.object(r.Types["Package"], pack, place)
		given := slices.ContainsFunc(r.v.where("package_gifts", "package_id", get[string](pack, "id")), func(g row) bool { return g["client_id"] == stored["client_id"] })
		r.expect(given, "%s names %s, which the client was not given", place, r.describe(get[string](pack, "id")))
	}
}

// leads: a role is assigned to a membership, or included by a role, by whatever way.
func (v *view) leads(over, role string) bool {
	below := append(v.where("membership_roles", "membership_id", over), v.where("role_sub_roles", "role_id", over)...)
	return slices.ContainsFunc(below, func(r row) bool {
		next := r["role_id"]
		if r["sub_role_id"] != "" {
			next = r["sub_role_id"]
		}
		return next == role || v.leads(next, role)
	})
}

// made is an object of the caller's own client that did not come with the platform, or an unknown id.
func (r *run) made(typ string) string {
	for _, id := range r.v.all(typ, full) {
		if r.v.byID[id]["client_id"] == r.p.client && !truth(r.v.byID[id]["built_in"]) {
			return id
		}
	}
	return unknownID(kinds[typ].prefix)
}

// ofMade is the input of a mutation on an object of one's own and a list of others.
func ofMade(typ, field, other string) func(r *run) map[string]any {
	return func(r *run) map[string]any {
		return map[string]any{"id": r.made(typ), field: []string{r.own(other)}}
	}
}

// ofPage is the input of a mutation on a definition of an application of one's own, with an object in one field, and an etag.
func ofPage(object, etag string) func(r *run) map[string]any {
	return func(r *run) map[string]any {
		in := map[string]any{"applicationId": r.own("Application"), "kind": "PAGE", "name": "swept"}
		if object != "" {
			in[object] = "{}"
		}
		if etag != "" {
			in[etag] = "swept"
		}
		return in
	}
}

// nameless are the leaves whose codes are unique for one owner only: one's own choice, they name nothing of anybody else's.
// And those that lead everybody to the same.
var nameless = map[string]string{
	"PackageCreateInput.code":                   "unique among the packages of its owner",
	"ApplicationImportInput.bundleId":           "its sender's alone, and in no list: the attacks by bundles try those of others",
	"ApplicationUpgradeInput.bundleId":          "its sender's alone, and in no list: the attacks by bundles try those of others",
	"Query.registrationOptions.url":             atPublicPlaces,
	"Query.registrationOptions.applicationCode": atPublicPlaces,
	"Query.registrationOptions.clientCode":      atPublicPlaces,
	"Query.resolveUrl.url":                      "public: what a URL leads to is no secret, domain 7.2",
}

const atPublicPlaces = "public: how people register at a place is no secret, domain 10.1"
