package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

// definitionName is the longest name of a definition, in characters.
const definitionName = 128

// DefinitionLayer is what one client has made of a definition (domain 9.1): the whole object, or a delta. Its content is
// that of its current version.
type DefinitionLayer struct{ ent.Schema }

// Annotations names the table.
func (DefinitionLayer) Annotations() []schema.Annotation { return table("definition_layers") }

// Mixin gives id, timestamps and version.
func (DefinitionLayer) Mixin() []ent.Mixin { return []ent.Mixin{row[oid.DefinitionLayer]{}} }

// Fields of a layer. whole, final and public repeat those of the current version, for lists.
func (DefinitionLayer) Fields() []ent.Field {
	return []ent.Field{
		id[oid.Client]("client_id").fixed(),
		id[oid.Application]("application_id").fixed(),
		word[enum.DefinitionKind]("kind").fixed(),
		text("name", definitionName).fixed(),
		id[oid.DefinitionVersion]("current_id"),
		field.Bool("whole"),
		field.Bool("final").Default(false),
		field.Bool("public").Default(false),
	}
}

// Edges of a layer.
func (DefinitionLayer) Edges() []ent.Edge {
	return []ent.Edge{
		fixedOne("client", Tenant.Type, "client_id"),
		fixedOne("application", Application.Type, "application_id"),
		one("current", DefinitionVersion.Type, "current_id"),
	}
}

// Indexes of layers: the key; what an application has of a name, whoever made it; and the documented orders.
func (DefinitionLayer) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("client_id", "application_id", "kind", "name").Unique(),
		index.Fields("client_id", "application_id", "name", "kind"),
		index.Fields("application_id", "kind", "name", "client_id"),
		index.Fields("application_id", "name", "id"),
		index.Fields("application_id", "id"),
		index.Fields("client_id", "id"),
		index.Fields("current_id"),
	}
}

// DefinitionVersion is one state of a layer (domain 9.6), written with each change and never changed. It belongs to the
// layer by the four columns of its key, and is kept when the layer is gone: the last one is then a removed one. Who made it
// is kept even when that client or user is gone.
type DefinitionVersion struct{ ent.Schema }

// Annotations names the table.
func (DefinitionVersion) Annotations() []schema.Annotation { return table("definition_versions") }

// Mixin gives id, timestamps and version.
func (DefinitionVersion) Mixin() []ent.Mixin { return []ent.Mixin{row[oid.DefinitionVersion]{}} }

// Fields of a version. content is JSON as it was written, empty where the layer was removed; base has the ids of the
// versions below it that its author saw, lowest first, with spaces between.
func (DefinitionVersion) Fields() []ent.Field {
	return []ent.Field{
		id[oid.Client]("client_id").fixed(),
		id[oid.Application]("application_id").fixed(),
		word[enum.DefinitionKind]("kind").fixed(),
		text("name", definitionName).fixed(),
		field.Int("number").Immutable(),
		field.Text("content").Immutable(),
		text("base", 1023).fill("").fixed(),
		field.Bool("whole").Immutable(),
		field.Bool("final").Immutable(),
		field.Bool("public").Immutable(),
		field.Bool("removed").Immutable(),
		id[oid.Client]("changed_by_client_id").maybe().fixed(),
		id[oid.User]("changed_by_id").maybe().fixed(),
	}
}

// Edges of a version.
func (DefinitionVersion) Edges() []ent.Edge {
	return []ent.Edge{
		fixedOne("client", Tenant.Type, "client_id"),
		fixedOne("application", Application.Type, "application_id"),
	}
}

// Indexes of versions.
func (DefinitionVersion) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("client_id", "application_id", "kind", "name", "number").Unique(),
		index.Fields("application_id", "client_id", "kind", "name", "id"),
		index.Fields("application_id", "name", "id"),
		index.Fields("application_id", "id"),
		index.Fields("client_id", "id"),
	}
}

// Bundle is an application in one document that was sent to be imported (domain 12), kept for a short while. Nothing of
// it is shown to anybody: its content is in parts.
type Bundle struct{ ent.Schema }

// Annotations names the table.
func (Bundle) Annotations() []schema.Annotation { return table("bundles") }

// Mixin gives id, timestamps and version.
func (Bundle) Mixin() []ent.Mixin { return []ent.Mixin{row[oid.Bundle]{}} }

// Fields of a bundle. It is taken by the user who sent it, while he acts for the same client.
func (Bundle) Fields() []ent.Field {
	return []ent.Field{
		id[oid.Client]("client_id").fixed(),
		id[oid.User]("user_id").fixed(),
		field.Int("size").Immutable(),
		moment("expires_at").fixed(),
	}
}

// Edges of a bundle.
func (Bundle) Edges() []ent.Edge {
	return []ent.Edge{fixedOne("client", Tenant.Type, "client_id"), fixedOne("user", User.Type, "user_id")}
}

// Indexes of bundles.
func (Bundle) Indexes() []ent.Index {
	return []ent.Index{index.Fields("client_id", "id"), index.Fields("user_id"), index.Fields("expires_at")}
}

// BundlePart is a piece of a bundle, short enough for a statement.
type BundlePart struct{ ent.Schema }

// Annotations names the table.
func (BundlePart) Annotations() []schema.Annotation { return table("bundle_parts") }

// Fields of a part. The id is that of the bundle, a dash and the place.
func (BundlePart) Fields() []ent.Field {
	return []ent.Field{
		text("id", 40).fixed(),
		id[oid.Bundle]("bundle_id").fixed(),
		field.Int("position").Immutable(),
		field.Text("content").Immutable(),
	}
}

// Edges of a part.
func (BundlePart) Edges() []ent.Edge {
	return []ent.Edge{fixedOne("bundle", Bundle.Type, "bundle_id")}
}

// Indexes of parts.
func (BundlePart) Indexes() []ent.Index {
	return []ent.Index{index.Fields("bundle_id", "position").Unique()}
}
