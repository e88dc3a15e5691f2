// Package authority knows permissions, roles and packages: what is built in, what a membership's authorities
// follow from, and the commands that change them (domain 3).
package authority

import (
	"slices"

	"github.com/appanage/appanage/internal/oid"
)

// entity is something rights are given on, with its actions.
type entity struct {
	name    string
	actions []action
}

type action struct{ name, does string }

var crud = []action{{"CREATE", "create"}, {"READ", "read"}, {"UPDATE", "change"}, {"DELETE", "delete"}}

// entities is the registry of the built-in permissions (domain 3.1). Every authority that a field of the SDL
// requires is in it; a test sees to that.
var entities = []entity{
	{"Application", crud},
	{"Client", crud},
	{"User", crud},
	{"Role", crud},
	{"Permission", crud},
	{"Package", crud},
	{"Definition", crud},
	{"Session", []action{{"READ", "read"}, {"DELETE", "end"}}},
	{"Audit", []action{{"READ", "read"}}},
}

// Names of what is shipped (domain 3.7).
const (
	OwnerRole       = "Owner"
	ClientOwnerRole = "Client Owner"
	BasePackage     = "BASE"
	PlatformPackage = "PLATFORM"
)

// clientOwner is what the role Client Owner of the base package holds: whole entities, and single rights.
var clientOwner = struct{ entities, authorities []string }{
	entities:    []string{"User", "Role", "Session", "Definition", "Permission"},
	authorities: []string{"Client_READ", "Client_UPDATE", "Application_READ", "Application_UPDATE", "Package_READ", "Audit_READ"},
}

// BuiltIn lists the authority strings of all built-in permissions, in the order of the registry.
func BuiltIn() []string {
	var all []string
	for _, e := range entities {
		all = append(all, e.authorities()...)
	}
	return all
}

func (e entity) authorities() []string {
	out := make([]string, len(e.actions))
	for i, a := range e.actions {
		out[i] = e.name + "_" + a.name
	}
	return out
}

func (e entity) managerRole() string { return e.name + " Manager" }

// BuiltInRole and BuiltInPackage are the ids of what is shipped, the same in every installation.
func BuiltInRole(name string) oid.Role { return oid.BuiltIn[oid.Role](name) }

// BuiltInPackage is the id of a shipped package.
func BuiltInPackage(code string) oid.Package { return oid.BuiltIn[oid.Package](code) }

func builtInPermission(authority string) oid.Permission {
	return oid.BuiltIn[oid.Permission](authority)
}

// shippedRole is a role as the platform ships it.
type shippedRole struct {
	name, description string
	authorities       []string
	subRoles          []string
}

// shippedRoles lists them so that sub-roles come before the roles that include them.
func shippedRoles() []shippedRole {
	var roles []shippedRole
	var managers []string
	held := slices.Clone(clientOwner.authorities)
	for _, e := range entities {
		roles = append(roles, shippedRole{name: e.managerRole(), description: "Every right on " + e.name + " objects.", authorities: e.authorities()})
		managers = append(managers, e.managerRole())
		if slices.Contains(clientOwner.entities, e.name) {
			held = append(held, e.authorities()...)
		}
	}
	slices.Sort(held)
	return append(roles,
		shippedRole{name: OwnerRole, description: "Everything built in.", subRoles: managers},
		shippedRole{name: ClientOwnerRole, description: "What the owner of a client needs to run it.", authorities: held})
}

// shippedPackage is a package as the platform ships it.
type shippedPackage struct {
	code, name, description string
	base                    bool
	roles                   []string
}

func shippedPackages() []shippedPackage {
	platform := []string{OwnerRole}
	for _, e := range entities {
		platform = append(platform, e.managerRole())
	}
	return []shippedPackage{
		{code: BasePackage, name: "Base", description: "What every client has.", base: true, roles: []string{ClientOwnerRole}},
		{code: PlatformPackage, name: "Platform", description: "For those who create applications and clients.", roles: platform},
	}
}
