package sweep

import (
	"slices"
	"strconv"

	"github.com/appanage/appanage/internal/oid"
)

// sight is how much of an object somebody sees.
type sight int

const (
	no sight = iota
	nameOnly
	full
)

// partial is the type that can be visible by name only, and what it shows then; everything else of it is null.
const partial = "Client"

var nameFields = []string{"id", "code", "name"}

// homeFields are said of a user in the scope of his home client, and to himself; null to those who see a member only.
var homeFields = []string{"email", "emailProven", "phone", "phoneProven"}

// kind is one of the SDL's types of objects with an id.
type kind struct {
	prefix oid.Kind
	table  string
	// sees is domain 0's row for the kind.
	sees func(v *view, r row) sight
}

var kinds = map[string]kind{
	"Client":                {oid.KindClient, "clients", (*view).client},
	"User":                  {oid.KindUser, "users", (*view).user},
	"Membership":            {oid.KindMembership, "memberships", (*view).ownedOrMine},
	"Session":               {oid.KindSession, "sessions", (*view).ownedOrMine},
	"AccessGrant":           {oid.KindAccessGrant, "access_grants", (*view).grant},
	"ApplicationProperty":   {oid.KindProperty, "application_properties", (*view).owned},
	"ApplicationDependency": {oid.KindDependency, "application_dependencies", (*view).dependency},
	"DefinitionLayer":       {oid.KindDefinitionLayer, "definition_layers", (*view).ownerLayer},
	"DefinitionVersion":     {oid.KindDefinitionVersion, "definition_versions", (*view).owned},
	"PropertyChange":        {oid.KindPropertyChange, "property_changes", (*view).owned},
	"RegistrationRule":      {oid.KindRegistrationRule, "registration_rules", (*view).owned},
	"RegistrationCode":      {oid.KindRegistrationCode, "registration_codes", (*view).owned},
	"AccessRequest":         {oid.KindAccessRequest, "access_requests", (*view).request},
	"ClientUrl":             {oid.KindClientURL, "client_urls", (*view).owned},
	"Application":           {oid.KindApplication, "applications", (*view).application},
	"Role":                  {oid.KindRole, "roles", (*view).role},
	"Permission":            {oid.KindPermission, "permissions", (*view).permission},
	"Package":               {oid.KindPackage, "packages", (*view).pack},
	"Invitation":            {oid.KindInvitation, "invitations", (*view).owned},
	"AuditEvent":            {oid.KindAuditEvent, "audit_events", (*view).owned},
	"OutboxEvent":           {oid.KindOutboxEvent, "outbox_events", (*view).platforms},
}

// view is what one principal may see of the facts: domain 0 in loops over rows. It shares nothing with
// internal/scope, and is as slow as it is plain.
type view struct {
	facts
	who principal
	// scope has the caller's client and all below it; above the clients on the way up from it.
	scope, above map[string]bool
	// givenRoles has the roles of the packages given to clients in scope, with all their sub-roles.
	givenRoles map[string]bool
	held       map[string]map[string]bool // the authorities that each membership gives
	sights     map[string]sight
	bring      map[string]map[string]bool // permissions by role, once they are asked for
	offered    map[string]bool            // applications that are looked at where they are listed as available
}

func newView(f facts, who principal) *view {
	v := from(f, who)
	v.held = f.held()
	if who.client == "" {
		return v // nobody: nothing is visible
	}
	for _, k := range kinds {
		for _, r := range f.tables[k.table] {
			v.sights[r["id"]] = k.sees(v, r)
		}
	}
	return v
}

// from is a view of which nothing has been looked at yet.
func from(f facts, who principal) *view {
	v := &view{facts: f, who: who, scope: map[string]bool{}, above: map[string]bool{}, givenRoles: map[string]bool{}, sights: map[string]sight{}}
	if who.client == "" {
		return v
	}
	for _, c := range f.tables["clients"] {
		for at := c["id"]; at != ""; at = f.byID[at]["manager_id"] {
			if at == who.client {
				v.scope[c["id"]] = true
			}
		}
	}
	for at := f.byID[who.client]["manager_id"]; at != ""; at = f.byID[at]["manager_id"] {
		v.above[at] = true
	}
	for _, in := range f.tables["package_roles"] {
		if v.given(in["package_id"]) {
			v.reach(in["role_id"])
		}
	}
	return v
}

// all lists the ids of a type's objects that the principal sees at least so well, in the order of creation.
func (v *view) all(typ string, least sight) []string {
	var ids []string
	for _, r := range v.tables[kinds[typ].table] {
		if v.sights[r["id"]] >= least {
			ids = append(ids, r["id"])
		}
	}
	slices.Sort(ids)
	return ids
}

// foreign lists the ids of a type's objects that do not exist for the principal.
func (v *view) foreign(typ string) []string {
	ids := v.all(typ, no)
	return slices.DeleteFunc(ids, func(id string) bool { return v.sights[id] != no })
}

// client: in scope; by code and name, the path above the caller's client, the owner of a visible application, and those
// the caller is a member of (decision 17).
func (v *view) client(r row) sight {
	if v.scope[r["id"]] {
		return full
	}
	for _, app := range v.where("applications", "client_id", r["id"]) {
		if v.application(app) == full {
			return nameOnly
		}
	}
	joined := slices.ContainsFunc(v.where("memberships", "client_id", r["id"]), func(m row) bool { return m["user_id"] == v.who.user })
	if v.above[r["id"]] || joined {
		return nameOnly
	}
	return no
}

func (v *view) owned(r row) sight { return seen(v.scope[r["client_id"]]) }

// platforms: what is SYSTEM's alone.
func (v *view) platforms(row) sight { return seen(v.who.client == string(oid.SystemClient)) }

// ownedOrMine: a user may always read himself (domain 2.5): his memberships and sessions too, wherever they are.
func (v *view) ownedOrMine(r row) sight {
	return seen(v.scope[r["client_id"]] || r["user_id"] == v.who.user)
}

// user: by his home client or a membership in scope, and oneself.
func (v *view) user(r row) sight {
	for _, m := range v.where("memberships", "user_id", r["id"]) {
		if v.scope[m["client_id"]] {
			return full
		}
	}
	return seen(v.atHome(r))
}

// atHome tells whether a user's addresses are said.
func (v *view) atHome(r row) bool { return v.scope[r["client_id"]] || r["id"] == v.who.user }

// application is domain 4.6. What is BARRED, or has expired, is no grant one has.
func (v *view) application(r row) sight {
	if v.mayUpdate(r) {
		return full
	}
	for _, g := range v.where("access_grants", "application_id", r["id"]) {
		if r["status"] == "ACTIVE" && v.scope[g["client_id"]] && g["level"] != "BARRED" && v.inForce(g) {
			return full
		}
	}
	return no
}

// mayUpdate is domain 4.4: users of the owner and of the clients managing it; of an EXPLICIT application also those
// of the creator while it has write access.
func (v *view) mayUpdate(app row) bool {
	return v.scope[app["client_id"]] ||
		app["access_type"] == "EXPLICIT" && app["creator_id"] == v.who.client && v.writes(app)
}

// writes tells whether the caller's client has a WRITE grant today.
func (v *view) writes(app row) bool {
	return slices.ContainsFunc(v.where("access_grants", "application_id", app["id"]), func(g row) bool {
		return g["client_id"] == v.who.client && g["level"] == "WRITE" && v.inForce(g)
	})
}

// role: owned in scope, built in, of an application the caller may write, or given to a client in scope.
func (v *view) role(r row) sight { return seen(v.common(r) || v.givenRoles[r["id"]]) }

func (v *view) permission(r row) sight {
	return seen(v.common(r) || slices.ContainsFunc(v.where("role_permissions", "permission_id", r["id"]), func(held row) bool {
		return v.givenRoles[held["role_id"]]
	}))
}

func (v *view) pack(r row) sight { return seen(v.common(r) || v.given(r["id"])) }

// common is what makes roles, permissions and packages visible alike. Whom an application is hidden from cannot
// write it, so an archived one counts for those only who may update it.
func (v *view) common(r row) bool {
	app := v.byID[r["application_id"]]
	writes := app != nil && v.application(app) == full && (v.scope[app["client_id"]] || v.writes(app))
	return v.scope[r["client_id"]] || truth(r["built_in"]) || writes
}

// given tells whether a client in scope was given a package.
func (v *view) given(pack string) bool {
	return slices.ContainsFunc(v.where("package_gifts", "package_id", pack), func(g row) bool { return v.scope[g["client_id"]] })
}

// reach counts a role among those given, and its sub-roles; a role includes no circle.
func (v *view) reach(role string) {
	v.givenRoles[role] = true
	for _, sub := range v.where("role_sub_roles", "role_id", role) {
		v.reach(sub["sub_role_id"])
	}
}

func seen(yes bool) sight {
	if yes {
		return full
	}
	return no
}

// truth reads a boolean of either engine.
func truth(s string) bool {
	b, _ := strconv.ParseBool(s)
	return b
}

// list says which objects are in a connection of one object, whoever asks.
type list func(f facts, id string) []string

// lists has every connection of an object with an id.
var lists = map[string]list{
	"Application.accessRequests":     of("access_requests", "application_id"),
	"Application.definitionLayers":   of("definition_layers", "application_id"),
	"Application.definitionVersions": of("definition_versions", "application_id"),
	"Application.dependencies":       of("application_dependencies", "application_id"),
	"Application.dependents":         of("application_dependencies", "dependency_id"),
	"Application.grants":             of("access_grants", "application_id"),
	"Application.packages":           of("packages", "application_id"),
	"Application.permissions":        of("permissions", "application_id"),
	"Application.properties":         of("application_properties", "application_id"),
	"Application.propertyChanges":    of("property_changes", "application_id"),
	"Application.registrationCodes":  of("registration_codes", "application_id"),
	"Application.registrationRules":  of("registration_rules", "application_id"),
	"Application.roles":              of("roles", "application_id"),
	"Application.urls":               of("client_urls", "application_id"),
	"Client.ancestors":               above,
	"Client.applications":            of("applications", "client_id"),
	"Client.descendants":             below,
	"Client.grants":                  of("access_grants", "client_id"),
	"Client.invitations":             of("invitations", "client_id"),
	"Client.managedClients":          of("clients", "manager_id"),
	"Client.memberships":             of("memberships", "client_id"),
	"Client.ownedPackages":           of("packages", "client_id"),
	"Client.packages":                through("package_gifts", "client_id", "package_id"),
	"Client.permissions":             of("permissions", "client_id"),
	"Client.properties":              of("application_properties", "client_id"),
	"Client.roles":                   of("roles", "client_id"),
	"Client.urls":                    of("client_urls", "client_id"),
	"Client.users":                   of("users", "client_id"),
	"Invitation.roles":               through("invitation_roles", "invitation_id", "role_id"),
	"Membership.roles":               through("membership_roles", "membership_id", "role_id"),
	"Membership.sessions":            of("sessions", "membership_id"),
	"Package.clients":                through("package_gifts", "package_id", "client_id"),
	"Package.roles":                  through("package_roles", "package_id", "role_id"),
	"Permission.roles":               through("role_permissions", "permission_id", "role_id"),
	"Role.memberships":               through("membership_roles", "role_id", "membership_id"),
	"Role.packages":                  through("package_roles", "role_id", "package_id"),
	"Role.permissions":               through("role_permissions", "role_id", "permission_id"),
	"Role.subRoles":                  through("role_sub_roles", "role_id", "sub_role_id"),
	"Role.superRoles":                through("role_sub_roles", "sub_role_id", "role_id"),
	"User.memberships":               of("memberships", "user_id"),
	"User.sessions":                  of("sessions", "user_id"),
	"Viewer.clients":                 ownClients,
	"Viewer.memberships":             own("memberships"),
	"Viewer.sessions":                own("sessions"),
}

// of lists the rows of a table that name the object in a column.
func of(table, column string) list {
	return func(f facts, id string) []string { return pluck(f.where(table, column, id), "id") }
}

// own lists the rows of the user whose session it is.
func own(table string) list {
	return func(f facts, session string) []string {
		return pluck(f.where(table, "user_id", f.byID[session]["user_id"]), "id")
	}
}

// ownClients are those that the user whose session it is is a member of.
func ownClients(f facts, session string) []string {
	return pluck(f.where("memberships", "user_id", f.byID[session]["user_id"]), "client_id")
}

// through lists what a join table ties to the object.
func through(table, from, to string) list {
	return func(f facts, id string) []string { return pluck(f.where(table, from, id), to) }
}

// above lists the clients on the way up from one.
func above(f facts, id string) []string {
	var list []string
	for at := f.byID[id]["manager_id"]; at != ""; at = f.byID[at]["manager_id"] {
		list = append(list, at)
	}
	slices.Sort(list)
	return list
}

// below lists the clients from which the way up leads through one.
func below(f facts, id string) []string {
	return slices.DeleteFunc(pluck(f.tables["clients"], "id"), func(c string) bool { return !slices.Contains(above(f, c), id) })
}

func pluck(rows []row, column string) []string {
	list := make([]string, len(rows))
	for i, r := range rows {
		list[i] = r[column]
	}
	slices.Sort(list)
	return list
}

// reached are the lists that hold what is visible by name only, too.
var reached = []string{"Client.ancestors", "Viewer.clients"}

// listed is what a connection of an object (of the root, when parent is "") holds for the principal: lists hold what
// is visible in full. Archived applications are among them, as when they are asked for.
func (v *view) listed(typ, field, parent, of string) []string {
	if parent == "" {
		if list := short[field]; list != nil {
			return list(v)
		}
		return v.all(of, full)
	}
	least := full
	if slices.Contains(reached, typ+"."+field) {
		least = nameOnly
	}
	return slices.DeleteFunc(lists[typ+"."+field](v.facts, parent), func(id string) bool { return v.sights[id] < least })
}

// unarchived leaves archived applications out, as lists do unless they are asked for (domain 4.6).
func (v *view) unarchived(ids []string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return v.byID[id]["status"] == "ARCHIVED" })
}
