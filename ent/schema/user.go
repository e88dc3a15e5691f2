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

// User is a person with a home client (domain 2.1).
type User struct{ ent.Schema }

// Annotations names the table.
func (User) Annotations() []schema.Annotation { return table("users") }

// Mixin gives id, timestamps and version.
func (User) Mixin() []ent.Mixin { return []ent.Mixin{row[oid.User]{}} }

// Fields of a user. The three …_key columns hold the canonical identifier while it identifies (a user name
// always, e-mail and phone once proven), else NULL: the unique keys below are the rule of domain 1.6 and 2.1.
func (User) Fields() []ent.Field {
	return []ent.Field{
		id[oid.Client]("client_id").fixed(),
		id[oid.Client]("base_id").fixed(),
		text("name", nameLength),
		text("name_key", keyLength),
		text("user_name", nameLength).maybe(),
		text("user_name_key", keyLength).maybe(),
		text("email", 254).maybe(),
		text("email_key", 254).maybe(),
		text("phone", 32).maybe(),
		text("phone_key", 32).maybe(),
		word[enum.UserStatus]("status").fill(string(enum.UserActive)),
		text("locale", 35).fill("en"),
		text("password_hash", 255).maybe().secret(),
	}
}

// Edges of a user.
func (User) Edges() []ent.Edge {
	return []ent.Edge{
		fixedOne("client", Tenant.Type, "client_id"),
		edge.From("memberships", Membership.Type).Ref("user"),
		edge.From("sessions", Session.Type).Ref("user"),
	}
}

// Indexes of users.
func (User) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("base_id", "user_name_key").Unique(),
		index.Fields("base_id", "email_key").Unique(),
		index.Fields("base_id", "phone_key").Unique(),
		index.Fields("client_id", "name_key", "id"),
		index.Fields("client_id", "id"),
		index.Fields("name_key", "id"),
	}
}

// Membership ties a user to a client, with the roles held there (domain 2.2).
type Membership struct{ ent.Schema }

// Annotations names the table.
func (Membership) Annotations() []schema.Annotation { return table("memberships") }

// Mixin gives id, timestamps and version.
func (Membership) Mixin() []ent.Mixin { return []ent.Mixin{row[oid.Membership]{}} }

// Fields of a membership.
func (Membership) Fields() []ent.Field {
	return []ent.Field{
		id[oid.Client]("client_id").fixed(),
		id[oid.User]("user_id").fixed(),
		field.Bool("home").Default(false).Immutable(),
	}
}

// Edges of a membership.
func (Membership) Edges() []ent.Edge {
	return []ent.Edge{
		fixedOne("client", Tenant.Type, "client_id"),
		fixedOne("user", User.Type, "user_id"),
		link("roles", Role.Type, "membership_roles", "membership_id", "role_id"),
		edge.From("sessions", Session.Type).Ref("membership"),
	}
}

// Indexes of memberships.
func (Membership) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("client_id", "user_id").Unique(),
		index.Fields("client_id", "id"),
		index.Fields("user_id", "id"),
	}
}

// Session is a sign-in (domain 2.3). client_id repeats the membership's client, for the scope.
type Session struct{ ent.Schema }

// Annotations names the table.
func (Session) Annotations() []schema.Annotation { return table("sessions") }

// Mixin gives id, timestamps and version.
func (Session) Mixin() []ent.Mixin { return []ent.Mixin{row[oid.Session]{}} }

// Fields of a session. token_hash is the SHA-256, in hexadecimal, of 256 random bits: no salt is needed.
func (Session) Fields() []ent.Field {
	return []ent.Field{
		id[oid.Client]("client_id").fixed(),
		id[oid.User]("user_id").fixed(),
		id[oid.Membership]("membership_id").fixed(),
		id[oid.Application]("application_id").maybe().fixed(),
		text("token_hash", 64).fixed().secret(),
		text("device", 255).fixed(),
		moment("last_used_at"),
		moment("expires_at"),
	}
}

// Edges of a session.
func (Session) Edges() []ent.Edge {
	return []ent.Edge{
		fixedOne("client", Tenant.Type, "client_id"),
		fixedOne("user", User.Type, "user_id"),
		fixedOne("membership", Membership.Type, "membership_id"),
		ofApplication(),
	}
}

// Indexes of sessions.
func (Session) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("token_hash").Unique(),
		index.Fields("client_id", "id"),
		index.Fields("user_id", "id"),
		index.Fields("membership_id", "id"),
		index.Fields("application_id", "id"),
		index.Fields("expires_at"),
	}
}

// Invitation offers a membership to an e-mail address (domain 2.7). token_hash is that of the link mailed last.
type Invitation struct{ ent.Schema }

// Annotations names the table.
func (Invitation) Annotations() []schema.Annotation { return table("invitations") }

// Mixin gives id, timestamps and version.
func (Invitation) Mixin() []ent.Mixin { return []ent.Mixin{row[oid.Invitation]{}} }

// Fields of an invitation. inviter_membership_id is the membership whose rights it was made by.
func (Invitation) Fields() []ent.Field {
	return []ent.Field{
		id[oid.Client]("client_id").fixed(),
		text("email", 254).fixed(),
		text("email_key", 254).fixed(),
		id[oid.User]("inviter_id").maybe(),
		id[oid.Membership]("inviter_membership_id").maybe(),
		word[enum.InvitationStatus]("status").fill(string(enum.InvitationPending)),
		text("token_hash", 64).maybe().secret(),
		moment("expires_at").fixed(),
	}
}

// Edges of an invitation.
func (Invitation) Edges() []ent.Edge {
	return []ent.Edge{
		fixedOne("client", Tenant.Type, "client_id"),
		maybeOne("inviter", User.Type, "inviter_id"),
		link("roles", Role.Type, "invitation_roles", "invitation_id", "role_id"),
	}
}

// Indexes of invitations.
func (Invitation) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("token_hash").Unique(),
		index.Fields("client_id", "id"),
		index.Fields("inviter_id"),
		index.Fields("inviter_membership_id"),
	}
}

// Link is a mailed secret that sets a password, once (domain 2.5 to 2.7). Following it proves the address it was sent to.
type Link struct{ ent.Schema }

// Annotations names the table.
func (Link) Annotations() []schema.Annotation { return table("links") }

// Mixin gives id, timestamps and version.
func (Link) Mixin() []ent.Mixin { return []ent.Mixin{row[oid.Link]{}} }

// Fields of a link.
func (Link) Fields() []ent.Field {
	return []ent.Field{
		id[oid.User]("user_id").fixed(),
		text("email", 254).fixed(),
		text("token_hash", 64).fixed().secret(),
		moment("expires_at").fixed(),
	}
}

// Edges of a link.
func (Link) Edges() []ent.Edge { return []ent.Edge{fixedOne("user", User.Type, "user_id")} }

// Indexes of links.
func (Link) Indexes() []ent.Index {
	return []ent.Index{index.Fields("token_hash").Unique(), index.Fields("user_id"), index.Fields("expires_at")}
}

// Attempt is a sign-in, or another try of a password, that has not succeeded (domain 2.4). account and address are HMACs:
// of the user or, where there is none, of what was typed; and of where it came from.
type Attempt struct{ ent.Schema }

// Annotations names the table.
func (Attempt) Annotations() []schema.Annotation { return table("attempts") }

// Fields of an attempt.
func (Attempt) Fields() []ent.Field {
	return []ent.Field{
		id[oid.Attempt]("id").fill(oid.New[oid.Attempt]).fixed(),
		text("account", 64).fixed(),
		text("address", 64).fixed(),
		moment("at").fixed(),
	}
}

// Indexes of attempts: what is counted, and by age.
func (Attempt) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("account", "address", "at"),
		index.Fields("account", "at"),
		index.Fields("address", "at"),
		index.Fields("at"),
	}
}
