package removal

import "slices"

// Clients has the rules for the removal of a client (domain 1.8). What it gave goes as well: it counted only within the
// giver's own rights. Access that it gave for others has been handed over to them.
var Clients = Registry{Root: "clients", Rules: slices.Concat([]Rule{
	{"clients", "manager_id", "clients", Bars},
	{"clients", "base_id", "clients", Bars},
	{"applications", "client_id", "clients", Bars},
	{"applications", "creator_id", "clients", Settled},
	{"client_paths", "ancestor_id", "clients", Goes},
	{"client_paths", "descendant_id", "clients", Goes},
	{"users", "client_id", "clients", Goes},
	{"users", "base_id", "clients", Bars},
	{"memberships", "client_id", "clients", Goes},
	{"memberships", "user_id", "users", Goes},
	{"sessions", "client_id", "clients", Goes},
	{"sessions", "user_id", "users", Goes},
	{"sessions", "membership_id", "memberships", Goes},
	{"links", "user_id", "users", Goes},
	{"invitations", "client_id", "clients", Goes},
	{"invitations", "inviter_id", "users", Forgets},
	{"invitations", "inviter_membership_id", "memberships", Forgets},
	{"invitation_roles", "invitation_id", "invitations", Goes},
	{"membership_roles", "membership_id", "memberships", Goes},
	{"roles", "client_id", "clients", Goes},
	{"permissions", "client_id", "clients", Goes},
	{"packages", "client_id", "clients", Goes},
	{"package_gifts", "client_id", "clients", Goes},
	{"package_gifts", "giver_id", "clients", Goes},
	{"access_grants", "client_id", "clients", Goes},
	{"access_grants", "giver_id", "clients", Goes},
	{"access_grants", "given_by_id", "users", Forgets},
	{"application_properties", "client_id", "clients", Goes},
	{"property_changes", "client_id", "clients", Goes},
	{"property_changes", "changed_by_client_id", "clients", Outlives},
	{"property_changes", "changed_by_id", "users", Outlives},
	{"application_dependencies", "client_id", "clients", Goes},
	{"client_urls", "client_id", "clients", Goes},
	{"audit_events", "client_id", "clients", Outlives},
	{"audit_events", "actor_client_id", "clients", Outlives},
	{"audit_events", "actor_user_id", "users", Outlives},
	{"outbox_events", "client_id", "clients", Outlives},
}, rights)}

// Applications has the rules for the removal of an application (domain 11.2, 11.3).
var Applications = Registry{
	Root: "applications",
	Rules: slices.Concat([]Rule{
		{"access_grants", "application_id", "applications", Goes},
		{"application_properties", "application_id", "applications", Goes},
		{"property_changes", "application_id", "applications", Goes},
		{"client_urls", "application_id", "applications", Goes},
		{"application_dependencies", "application_id", "applications", Goes},
		{"application_dependencies", "dependency_id", "applications", Goes},
		{"sessions", "application_id", "applications", Goes},
		{"roles", "application_id", "applications", Goes},
		{"permissions", "application_id", "applications", Goes},
		{"packages", "application_id", "applications", Goes},
	}, rights),
	Kinds: map[string]Kind{
		"access_grants":            {Name: "AccessGrant"},
		"application_properties":   {Name: "ApplicationProperty"},
		"property_changes":         {Name: "PropertyChange"},
		"client_urls":              {Name: "ClientUrl"},
		"application_dependencies": {Name: "ApplicationDependency"},
		"sessions":                 {Name: "Session", Expires: true},
		"roles":                    {Name: "Role"},
		"role_permissions":         {Name: "RolePermission"},
		"role_sub_roles":           {Name: "SubRole"},
		"membership_roles":         {Name: "MembershipRole"},
		"invitation_roles":         {Name: "InvitationRole"},
		"permissions":              {Name: "Permission"},
		"packages":                 {Name: "Package"},
		"package_roles":            {Name: "PackageRole"},
		"package_gifts":            {Name: "PackageGift"},
	},
}

// rights are what goes with roles, permissions and packages, whatever takes them away. Paths of roles follow from which
// roles include which.
var rights = []Rule{
	{"role_permissions", "role_id", "roles", Goes},
	{"role_permissions", "permission_id", "permissions", Goes},
	{"role_sub_roles", "role_id", "roles", Goes},
	{"role_sub_roles", "sub_role_id", "roles", Goes},
	{"role_paths", "role_id", "roles", Goes},
	{"role_paths", "reached_role_id", "roles", Goes},
	{"package_roles", "package_id", "packages", Goes},
	{"package_roles", "role_id", "roles", Goes},
	{"package_gifts", "package_id", "packages", Goes},
	{"membership_roles", "role_id", "roles", Goes},
	{"invitation_roles", "role_id", "roles", Goes},
}
