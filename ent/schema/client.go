package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

// Tenant is the domain's client (domain 1); ent refuses the name Client.
type Tenant struct{ ent.Schema }

// Annotations names the table.
func (Tenant) Annotations() []schema.Annotation { return table("clients") }

// Mixin gives id, timestamps and version.
func (Tenant) Mixin() []ent.Mixin { return []ent.Mixin{row[oid.Client]{}} }

// Fields of a client. base_id is the nearest isolated client at or above: moves never cross an isolation
// border (domain 1.7), so it stands for good.
func (Tenant) Fields() []ent.Field {
	return []ent.Field{
		text("code", 16).fixed(),
		text("name", nameLength),
		text("name_key", keyLength),
		word[enum.ClientType]("type").fixed(),
		word[enum.ClientStatus]("status").fill(string(enum.ClientActive)),
		id[oid.Client]("manager_id").maybe(),
		id[oid.Client]("base_id").fixed(),
		field.Bool("isolated").Default(false).Immutable(),
		text("locale", 35).fill("en"),
		text("time_zone", 64).fill("UTC"),
		text("currency", 3).fill("EUR"),
	}
}

// Edges of a client.
func (Tenant) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("managed_clients", Tenant.Type).Annotations(entsql.OnDelete(entsql.NoAction)).From("manager").Unique().Field("manager_id"),
		edge.From("applications", Application.Type).Ref("client"),
		edge.From("created_applications", Application.Type).Ref("creator"),
		edge.From("users", User.Type).Ref("client"),
		edge.From("memberships", Membership.Type).Ref("client"),
		edge.From("roles", Role.Type).Ref("client"),
		edge.From("permissions", Permission.Type).Ref("client"),
		edge.From("owned_packages", RolePackage.Type).Ref("client"),
		edge.From("package_gifts", PackageGift.Type).Ref("client"),
		edge.From("grants", AccessGrant.Type).Ref("client"),
		edge.From("properties", ApplicationProperty.Type).Ref("client"),
		edge.From("urls", ClientURL.Type).Ref("client"),
		edge.From("invitations", Invitation.Type).Ref("client"),
		edge.To("descendants", Tenant.Type).Through("paths", ClientPath.Type),
	}
}

// Indexes of clients: the key, and the documented orders under a manager and over everything.
func (Tenant) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("code").Unique(),
		index.Fields("manager_id", "name_key", "id"),
		index.Fields("manager_id", "id"),
		index.Fields("manager_id", "code"),
		index.Fields("name_key", "id"),
	}
}

// ClientPath is the closure of the tree of clients: one row for each client and each of its ancestors, itself
// included with depth 0.
type ClientPath struct{ ent.Schema }

// Annotations names the table and its key.
func (ClientPath) Annotations() []schema.Annotation {
	return append(table("client_paths"), field.ID("tenant_id", "descendant_id"))
}

// Fields of a path. ent wants the edge-schema's column to be called after the type; in SQL it is ancestor_id.
func (ClientPath) Fields() []ent.Field {
	return []ent.Field{
		id[oid.Client]("tenant_id").stored("ancestor_id").fixed(),
		id[oid.Client]("descendant_id").fixed(),
		field.Int("depth"),
	}
}

// Edges of a path.
func (ClientPath) Edges() []ent.Edge {
	return []ent.Edge{
		fixedOne("tenant", Tenant.Type, "tenant_id"),
		fixedOne("descendant", Tenant.Type, "descendant_id"),
	}
}

// Indexes of paths: the way up.
func (ClientPath) Indexes() []ent.Index {
	return []ent.Index{index.Fields("descendant_id", "depth")}
}

// ClaimedName keeps every code ever given out, so that none is given out again (domain 1.2, 4.2). The id is
// "<space>/<name>", with the spaces "client" and "application"; rows are never deleted.
type ClaimedName struct{ ent.Schema }

// Annotations names the table.
func (ClaimedName) Annotations() []schema.Annotation { return table("claimed_names") }

// Fields of a claimed name.
func (ClaimedName) Fields() []ent.Field {
	return []ent.Field{text("id", 96).fixed(), moment("claimed_at").fixed()}
}
