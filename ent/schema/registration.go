package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

// RegistrationRule is one thing that who registers gets (domain 10.3): by the owner of the application, or by a client that may
// write it, for those who register below that client.
type RegistrationRule struct{ ent.Schema }

// Annotations names the table.
func (RegistrationRule) Annotations() []schema.Annotation { return table("registration_rules") }

// Mixin gives id, timestamps and version.
func (RegistrationRule) Mixin() []ent.Mixin { return []ent.Mixin{row[oid.RegistrationRule]{}} }

// Fields of a rule. Which of the last three there is follows from gives; given_id repeats it, for the unique key.
func (RegistrationRule) Fields() []ent.Field {
	return []ent.Field{
		id[oid.Client]("client_id").fixed(),
		id[oid.Application]("application_id").fixed(),
		word[enum.ClientType]("client_type").fixed(),
		word[enum.RegistrationGift]("gives").fixed(),
		text("given_id", 30).fixed(),
		word[enum.AccessLevel]("level").maybe().fixed(),
		id[oid.Application]("given_application_id").maybe().fixed(),
		id[oid.Package]("package_id").maybe().fixed(),
		id[oid.Role]("role_id").maybe().fixed(),
	}
}

// Edges of a rule.
func (RegistrationRule) Edges() []ent.Edge {
	return []ent.Edge{
		fixedOne("client", Tenant.Type, "client_id"),
		fixedOne("application", Application.Type, "application_id"),
		fixedMaybeOne("given_application", Application.Type, "given_application_id"),
		fixedMaybeOne("package", RolePackage.Type, "package_id"),
		fixedMaybeOne("role", Role.Type, "role_id"),
	}
}

// Indexes of rules.
func (RegistrationRule) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("client_id", "application_id", "client_type", "given_id").Unique(),
		index.Fields("client_id", "id"),
		index.Fields("application_id", "id"),
		index.Fields("given_application_id"),
		index.Fields("package_id"),
		index.Fields("role_id"),
	}
}

// RegistrationCode lets somebody register where that takes an invitation code (domain 10.1), once. One for an address is mailed,
// and nobody else has it: whoever comes with it has proven the address. code_hash is an HMAC; NULL before it is mailed.
type RegistrationCode struct{ ent.Schema }

// Annotations names the table.
func (RegistrationCode) Annotations() []schema.Annotation { return table("registration_codes") }

// Mixin gives id, timestamps and version.
func (RegistrationCode) Mixin() []ent.Mixin { return []ent.Mixin{row[oid.RegistrationCode]{}} }

// Fields of a code. used_client_id is the client that came of it.
func (RegistrationCode) Fields() []ent.Field {
	return []ent.Field{
		id[oid.Client]("client_id").fixed(),
		id[oid.Application]("application_id").fixed(),
		text("code_hash", 64).maybe().secret(),
		text("email", 254).maybe().fixed(),
		moment("expires_at").fixed(),
		moment("used_at").maybe(),
		id[oid.Client]("used_client_id").maybe(),
		id[oid.User]("author_id").maybe().fixed(),
	}
}

// Edges of a code.
func (RegistrationCode) Edges() []ent.Edge {
	return []ent.Edge{
		fixedOne("client", Tenant.Type, "client_id"),
		fixedOne("application", Application.Type, "application_id"),
		maybeOne("used_client", Tenant.Type, "used_client_id"),
		fixedMaybeOne("author", User.Type, "author_id"),
	}
}

// Indexes of codes.
func (RegistrationCode) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("code_hash").Unique(),
		index.Fields("client_id", "id"),
		index.Fields("application_id", "id"),
		index.Fields("used_client_id"),
		index.Fields("author_id"),
		index.Fields("expires_at"),
	}
}

// Registration is an address that somebody wants to register with, at a client for an application, and has not proven yet (domain
// 10.4). It is kept for as long as it works, or locks. Nobody sees it.
type Registration struct{ ent.Schema }

// Annotations names the table.
func (Registration) Annotations() []schema.Annotation { return table("registrations") }

// Mixin gives id, timestamps and version.
func (Registration) Mixin() []ent.Mixin { return []ent.Mixin{row[oid.Registration]{}} }

// Fields of a registration. secret_hash is an HMAC of the code or link sent last; NULL before it is sent. began_at is when the
// first of sends was asked for, and locked_until when it may be tried and sent again after too many attempts.
func (Registration) Fields() []ent.Field {
	return []ent.Field{
		id[oid.Client]("client_id").fixed(),
		id[oid.Application]("application_id").fixed(),
		word[enum.RegistrationType]("type"),
		text("address", 254),
		text("address_key", 254).fixed(),
		text("locale", 35),
		text("secret_hash", 64).maybe().secret(),
		field.Int("attempts").Default(0),
		field.Int("sends").Default(0),
		moment("began_at"),
		moment("expires_at"),
		moment("locked_until").maybe(),
		moment("forget_at"),
	}
}

// Edges of a registration.
func (Registration) Edges() []ent.Edge {
	return []ent.Edge{
		fixedOne("client", Tenant.Type, "client_id"),
		fixedOne("application", Application.Type, "application_id"),
	}
}

// Indexes of registrations: one of an address at a place; all of an address, for the bound of what is sent to it.
func (Registration) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("application_id", "client_id", "address_key").Unique(),
		index.Fields("address_key"),
		index.Fields("client_id"),
		index.Fields("secret_hash").Unique(),
		index.Fields("forget_at"),
	}
}

// AccessRequest is a user who asks that his client get access to an application.
type AccessRequest struct{ ent.Schema }

// Annotations names the table.
func (AccessRequest) Annotations() []schema.Annotation { return table("access_requests") }

// Mixin gives id, timestamps and version.
func (AccessRequest) Mixin() []ent.Mixin { return []ent.Mixin{row[oid.AccessRequest]{}} }

// Fields of a request. pending is true while it is, else NULL: a client has one such for an application.
func (AccessRequest) Fields() []ent.Field {
	return []ent.Field{
		id[oid.Client]("client_id").fixed(),
		id[oid.Application]("application_id").fixed(),
		id[oid.User]("user_id").fixed(),
		text("message", 1000).fixed(),
		word[enum.AccessRequestStatus]("status").fill(string(enum.RequestPending)),
		column{field.Bool("pending").Optional().Nillable().Descriptor()},
		text("answer", 1000).fill(""),
		moment("decided_at").maybe(),
		id[oid.User]("decided_by_id").maybe(),
	}
}

// Edges of a request.
func (AccessRequest) Edges() []ent.Edge {
	return []ent.Edge{
		fixedOne("client", Tenant.Type, "client_id"),
		fixedOne("application", Application.Type, "application_id"),
		fixedOne("user", User.Type, "user_id"),
		maybeOne("decided_by", User.Type, "decided_by_id"),
	}
}

// Indexes of requests.
func (AccessRequest) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("client_id", "application_id", "pending").Unique(),
		index.Fields("client_id", "id"),
		index.Fields("application_id", "id"),
		index.Fields("user_id"),
		index.Fields("decided_by_id"),
	}
}
