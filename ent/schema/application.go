package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

// Application of domain 4. client_id is the owner, creator_id the client whose user created it.
type Application struct{ ent.Schema }

// Annotations names the table.
func (Application) Annotations() []schema.Annotation { return table("applications") }

// Mixin gives id, timestamps and version.
func (Application) Mixin() []ent.Mixin { return []ent.Mixin{row[oid.Application]{}} }

// Fields of an application.
func (Application) Fields() []ent.Field {
	return []ent.Field{
		id[oid.Client]("client_id"),
		id[oid.Client]("creator_id").fixed(),
		text("code", 63).fixed(),
		text("name", nameLength),
		text("name_key", keyLength),
		word[enum.ApplicationType]("type").fixed(),
		word[enum.AccessType]("access_type"),
		word[enum.ApplicationStatus]("status").fill(string(enum.ApplicationActive)),
		text("thumbnail_url", 2048).maybe(),
	}
}

// Edges of an application.
func (Application) Edges() []ent.Edge {
	return []ent.Edge{
		one("client", Tenant.Type, "client_id"),
		fixedOne("creator", Tenant.Type, "creator_id"),
		edge.From("packages", RolePackage.Type).Ref("application"),
		edge.From("roles", Role.Type).Ref("application"),
		edge.From("permissions", Permission.Type).Ref("application"),
		edge.From("urls", ClientURL.Type).Ref("application"),
		edge.From("properties", ApplicationProperty.Type).Ref("application"),
		edge.From("grants", AccessGrant.Type).Ref("application"),
		edge.From("sessions", Session.Type).Ref("application"),
		edge.From("property_changes", PropertyChange.Type).Ref("application"),
		edge.From("dependencies", ApplicationDependency.Type).Ref("application"),
		edge.From("dependents", ApplicationDependency.Type).Ref("dependency"),
		edge.From("definition_layers", DefinitionLayer.Type).Ref("application"),
		edge.From("definition_versions", DefinitionVersion.Type).Ref("application"),
		edge.From("registration_rules", RegistrationRule.Type).Ref("application"),
		edge.From("registration_codes", RegistrationCode.Type).Ref("application"),
		edge.From("access_requests", AccessRequest.Type).Ref("application"),
	}
}

// Indexes of applications: the key, and the documented orders of one owner's and of all.
func (Application) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("code").Unique(),
		index.Fields("client_id", "name_key", "id"),
		index.Fields("client_id", "id"),
		index.Fields("client_id", "code"),
		index.Fields("name_key", "id"),
		index.Fields("creator_id", "id"),
	}
}

// AccessGrant gives one client READ or WRITE on one application, or bars it (domain 5.1).
type AccessGrant struct{ ent.Schema }

// Annotations names the table.
func (AccessGrant) Annotations() []schema.Annotation { return table("access_grants") }

// Mixin gives id, timestamps and version.
func (AccessGrant) Mixin() []ent.Mixin { return []ent.Mixin{row[oid.AccessGrant]{}} }

// Fields of a grant. Who gave it is kept even when that client or user is gone. expires_at is when it ends in effect. A
// lent grant, given by a client with write access, ends with that access at the latest: lent_until has its end as given,
// and expires_at follows the giver's grant (internal/access keeps it so), the beginning of the epoch while it sleeps.
func (AccessGrant) Fields() []ent.Field {
	return []ent.Field{
		id[oid.Client]("client_id").fixed(),
		id[oid.Application]("application_id").fixed(),
		word[enum.AccessLevel]("level"),
		moment("expires_at").maybe(),
		text("reason", 256).fill(""),
		id[oid.Client]("giver_id"),
		id[oid.User]("given_by_id").maybe(),
		field.Bool("lent").Default(false),
		moment("lent_until").maybe(),
		field.Bool("embeddable").Default(false),
	}
}

// Edges of a grant.
func (AccessGrant) Edges() []ent.Edge {
	return []ent.Edge{
		fixedOne("client", Tenant.Type, "client_id"),
		fixedOne("application", Application.Type, "application_id"),
		one("giver", Tenant.Type, "giver_id"),
		maybeOne("given_by", User.Type, "given_by_id"),
	}
}

// Indexes of grants.
func (AccessGrant) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("client_id", "application_id").Unique(),
		index.Fields("client_id", "level", "expires_at", "application_id"), // what a scope was granted, read from the index alone
		index.Fields("application_id", "client_id"),
		index.Fields("client_id", "id"),
		index.Fields("application_id", "id"),
		index.Fields("giver_id", "application_id"),
		index.Fields("given_by_id"),
	}
}

// ApplicationProperty is a setting of an application for one client (domain 6).
type ApplicationProperty struct{ ent.Schema }

// Annotations names the table.
func (ApplicationProperty) Annotations() []schema.Annotation { return table("application_properties") }

// Mixin gives id, timestamps and version.
func (ApplicationProperty) Mixin() []ent.Mixin { return []ent.Mixin{row[oid.Property]{}} }

// Fields of a property. A secret one has an empty value, and the encrypted one in sealed.
func (ApplicationProperty) Fields() []ent.Field {
	return []ent.Field{
		id[oid.Client]("client_id").fixed(),
		id[oid.Application]("application_id").fixed(),
		text("name", 64).fixed(),
		field.Text("value"),
		field.Bool("public").Default(false),
		field.Bool("secret").Default(false),
		column{field.Text("sealed").Optional().Nillable().Descriptor()}.secret(),
	}
}

// Edges of a property.
func (ApplicationProperty) Edges() []ent.Edge {
	return []ent.Edge{
		fixedOne("client", Tenant.Type, "client_id"),
		fixedOne("application", Application.Type, "application_id"),
	}
}

// Indexes of properties.
func (ApplicationProperty) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("client_id", "application_id", "name").Unique(),
		index.Fields("application_id", "name", "id"),
		index.Fields("application_id", "id"),
		index.Fields("client_id", "name", "id"),
		index.Fields("client_id", "id"),
	}
}

// PropertyChange is one change of a property (domain 6.5): what it was set to, or that it was removed. Rows are never
// changed, and tell no secret value. Who changed it is kept even when that client or user is gone.
type PropertyChange struct{ ent.Schema }

// Annotations names the table.
func (PropertyChange) Annotations() []schema.Annotation { return table("property_changes") }

// Mixin gives id, timestamps and version.
func (PropertyChange) Mixin() []ent.Mixin { return []ent.Mixin{row[oid.PropertyChange]{}} }

// Fields of a change.
func (PropertyChange) Fields() []ent.Field {
	return []ent.Field{
		id[oid.Client]("client_id").fixed(),
		id[oid.Application]("application_id").fixed(),
		text("name", 64).fixed(),
		column{field.Text("value").Optional().Nillable().Immutable().Descriptor()},
		field.Bool("public").Immutable(),
		field.Bool("secret").Immutable(),
		field.Bool("removed").Immutable(),
		id[oid.Client]("changed_by_client_id").maybe().fixed(),
		id[oid.User]("changed_by_id").maybe().fixed(),
	}
}

// Edges of a change.
func (PropertyChange) Edges() []ent.Edge {
	return []ent.Edge{
		fixedOne("client", Tenant.Type, "client_id"),
		fixedOne("application", Application.Type, "application_id"),
	}
}

// Indexes of changes.
func (PropertyChange) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("application_id", "client_id", "name", "id"),
		index.Fields("application_id", "id"),
		index.Fields("client_id", "id"),
	}
}

// ApplicationDependency says that definitions of one application are readable in another (domain 8). client_id is the
// owner of the application that depends.
type ApplicationDependency struct{ ent.Schema }

// Annotations names the table.
func (ApplicationDependency) Annotations() []schema.Annotation {
	return table("application_dependencies")
}

// Mixin gives id, timestamps and version.
func (ApplicationDependency) Mixin() []ent.Mixin { return []ent.Mixin{row[oid.Dependency]{}} }

// Fields of a dependency.
func (ApplicationDependency) Fields() []ent.Field {
	return []ent.Field{
		id[oid.Client]("client_id").fixed(),
		id[oid.Application]("application_id").fixed(),
		id[oid.Application]("dependency_id").fixed(),
		field.Int("position"),
	}
}

// Edges of a dependency.
func (ApplicationDependency) Edges() []ent.Edge {
	return []ent.Edge{
		fixedOne("client", Tenant.Type, "client_id"),
		fixedOne("application", Application.Type, "application_id"),
		fixedOne("dependency", Application.Type, "dependency_id"),
	}
}

// Indexes of dependencies.
func (ApplicationDependency) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("application_id", "dependency_id").Unique(),
		index.Fields("application_id", "position", "id"),
		index.Fields("application_id", "id"),
		index.Fields("dependency_id", "id"),
		index.Fields("client_id", "id"),
	}
}

// ClientURL binds one origin to an application for a client (domain 7.1). proven_origin repeats the origin
// once it is proven and is unique platform-wide; a pending binding blocks nobody.
type ClientURL struct{ ent.Schema }

// Annotations names the table.
func (ClientURL) Annotations() []schema.Annotation { return table("client_urls") }

// Mixin gives id, timestamps and version.
func (ClientURL) Mixin() []ent.Mixin { return []ent.Mixin{row[oid.ClientURL]{}} }

// Fields of a URL. challenge is what proves the host; it is no secret.
func (ClientURL) Fields() []ent.Field {
	return []ent.Field{
		id[oid.Client]("client_id").fixed(),
		id[oid.Application]("application_id").fixed(),
		text("origin", 270).fixed(),
		text("proven_origin", 270).maybe(),
		text("challenge", 64).fill("").fixed(),
		word[enum.URLStatus]("status").fill(string(enum.URLPending)),
		moment("proven_at").maybe(),
	}
}

// Edges of a URL.
func (ClientURL) Edges() []ent.Edge {
	return []ent.Edge{
		fixedOne("client", Tenant.Type, "client_id"),
		fixedOne("application", Application.Type, "application_id"),
	}
}

// Indexes of URLs.
func (ClientURL) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("proven_origin").Unique(),
		index.Fields("client_id", "application_id", "origin").Unique(),
		index.Fields("client_id", "origin", "id"),
		index.Fields("client_id", "id"),
		index.Fields("application_id", "origin", "id"),
		index.Fields("application_id", "id"),
	}
}
