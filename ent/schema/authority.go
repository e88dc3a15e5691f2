package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/appanage/appanage/internal/oid"
)

// Permission is the smallest right (domain 3.1).
type Permission struct{ ent.Schema }

// Annotations names the table.
func (Permission) Annotations() []schema.Annotation { return table("permissions") }

// Mixin gives id, timestamps and version.
func (Permission) Mixin() []ent.Mixin { return []ent.Mixin{row[oid.Permission]{}} }

// Fields of a permission. authority is "Entity_ACTION", or "<appCode>.Entity_ACTION".
func (Permission) Fields() []ent.Field {
	return []ent.Field{
		id[oid.Client]("client_id").fixed(),
		id[oid.Application]("application_id").maybe().fixed(),
		text("authority", keyLength).fixed(),
		text("authority_key", keyLength).fixed(),
		text("description", 1024).fill(""),
		field.Bool("built_in").Default(false).Immutable(),
	}
}

// Edges of a permission.
func (Permission) Edges() []ent.Edge {
	return []ent.Edge{
		fixedOne("client", Tenant.Type, "client_id"),
		ofApplication(),
		edge.From("roles", Role.Type).Ref("permissions"),
	}
}

// Indexes of permissions.
func (Permission) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("authority").Unique(),
		index.Fields("client_id", "authority"),
		index.Fields("client_id", "id"),
		index.Fields("application_id", "authority"),
		index.Fields("application_id", "id"),
	}
}

// Role bundles permissions and other roles (domain 3.2).
type Role struct{ ent.Schema }

// Annotations names the table.
func (Role) Annotations() []schema.Annotation { return table("roles") }

// Mixin gives id, timestamps and version.
func (Role) Mixin() []ent.Mixin { return []ent.Mixin{row[oid.Role]{}} }

// Fields of a role.
func (Role) Fields() []ent.Field {
	return []ent.Field{
		id[oid.Client]("client_id").fixed(),
		id[oid.Application]("application_id").maybe().fixed(),
		text("name", nameLength),
		text("name_key", keyLength),
		text("description", 1024).fill(""),
		field.Bool("built_in").Default(false).Immutable(),
	}
}

// Edges of a role.
func (Role) Edges() []ent.Edge {
	return []ent.Edge{
		fixedOne("client", Tenant.Type, "client_id"),
		ofApplication(),
		link("permissions", Permission.Type, "role_permissions", "role_id", "permission_id"),
		// The inverse stands first: the other way round ent takes the pair for one edge that runs both ways.
		edge.From("super_roles", Role.Type).Ref("sub_roles"),
		link("sub_roles", Role.Type, "role_sub_roles", "role_id", "sub_role_id"),
		edge.From("packages", RolePackage.Type).Ref("roles"),
		edge.From("memberships", Membership.Type).Ref("roles"),
		edge.From("invitations", Invitation.Type).Ref("roles"),
		edge.To("reached_roles", Role.Type).Through("paths", RolePath.Type),
	}
}

// Indexes of roles.
func (Role) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("client_id", "name_key", "id"),
		index.Fields("client_id", "id"),
		index.Fields("application_id", "name_key", "id"),
		index.Fields("application_id", "id"),
		index.Fields("name_key", "id"),
	}
}

// RolePath is the closure of sub-roles: one row for each role and each role it holds by whatever way, itself
// included. Authorities and what is visible are then one join, however deep roles nest.
type RolePath struct{ ent.Schema }

// Annotations names the table and its key.
func (RolePath) Annotations() []schema.Annotation {
	return append(table("role_paths"), field.ID("role_id", "reached_role_id"))
}

// Fields of a path.
func (RolePath) Fields() []ent.Field {
	return []ent.Field{id[oid.Role]("role_id").fixed(), id[oid.Role]("reached_role_id").fixed()}
}

// Edges of a path.
func (RolePath) Edges() []ent.Edge {
	return []ent.Edge{fixedOne("role", Role.Type, "role_id"), fixedOne("reached_role", Role.Type, "reached_role_id")}
}

// Indexes of paths: the way up.
func (RolePath) Indexes() []ent.Index { return []ent.Index{index.Fields("reached_role_id")} }

// RolePackage is the domain's package, a bundle of roles given to clients (domain 3.3); Go refuses the name Package.
type RolePackage struct{ ent.Schema }

// Annotations names the table.
func (RolePackage) Annotations() []schema.Annotation { return table("packages") }

// Mixin gives id, timestamps and version.
func (RolePackage) Mixin() []ent.Mixin { return []ent.Mixin{row[oid.Package]{}} }

// Fields of a package.
func (RolePackage) Fields() []ent.Field {
	return []ent.Field{
		id[oid.Client]("client_id").fixed(),
		id[oid.Application]("application_id").maybe().fixed(),
		text("code", 64).fixed(),
		text("name", nameLength),
		text("name_key", keyLength),
		text("description", 1024).fill(""),
		field.Bool("base").Default(false),
		field.Bool("built_in").Default(false).Immutable(),
	}
}

// Edges of a package.
func (RolePackage) Edges() []ent.Edge {
	return []ent.Edge{
		fixedOne("client", Tenant.Type, "client_id"),
		ofApplication(),
		link("roles", Role.Type, "package_roles", "package_id", "role_id"),
		edge.From("gifts", PackageGift.Type).Ref("package"),
	}
}

// Indexes of packages.
func (RolePackage) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("client_id", "code").Unique(),
		index.Fields("client_id", "name_key", "id"),
		index.Fields("client_id", "id"),
		index.Fields("application_id", "name_key", "id"),
		index.Fields("application_id", "id"),
		index.Fields("name_key", "id"),
	}
}

// PackageGift gives a package to a client; its rights count within its giver's ceiling only (domain 3.6).
// Base packages have a row for every client too, given by SYSTEM: what is given reads the same way for all.
type PackageGift struct{ ent.Schema }

// Annotations names the table.
func (PackageGift) Annotations() []schema.Annotation { return table("package_gifts") }

// Mixin gives id, timestamps and version.
func (PackageGift) Mixin() []ent.Mixin { return []ent.Mixin{row[oid.PackageGift]{}} }

// Fields of a gift.
func (PackageGift) Fields() []ent.Field {
	return []ent.Field{
		id[oid.Client]("client_id").fixed(),
		id[oid.Package]("package_id").fixed(),
		id[oid.Client]("giver_id").fixed(),
	}
}

// Edges of a gift.
func (PackageGift) Edges() []ent.Edge {
	return []ent.Edge{
		fixedOne("client", Tenant.Type, "client_id"),
		fixedOne("package", RolePackage.Type, "package_id"),
		fixedOne("giver", Tenant.Type, "giver_id"),
	}
}

// Indexes of gifts.
func (PackageGift) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("client_id", "package_id").Unique(),
		index.Fields("package_id", "client_id"),
		index.Fields("giver_id"),
	}
}
