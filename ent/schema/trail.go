package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

// AuditEvent is one change, written in the transaction that made it, never changed (domain 16.1). It has no
// foreign keys: it outlives what it tells of.
type AuditEvent struct{ ent.Schema }

// Annotations names the table.
func (AuditEvent) Annotations() []schema.Annotation {
	return append(table("audit_events"), entsql.WithComments(false))
}

// Fields of an event. seal and mac are written once, by the sealer: the event's place in the chain, and the HMAC over
// it and the one before it. client_id is the client whose trail it belongs to; before and after hold the changed
// fields as JSON objects, secrets masked.
func (AuditEvent) Fields() []ent.Field {
	return []ent.Field{
		id[oid.AuditEvent]("id").fill(oid.New[oid.AuditEvent]).fixed(),
		moment("at").fixed(),
		id[oid.Client]("client_id").fixed(),
		id[oid.Client]("actor_client_id").maybe().fixed(),
		id[oid.User]("actor_user_id").maybe().fixed(),
		text("on_behalf", 256).fill("").fixed(),
		text("operation", 64).fixed(),
		text("kind", 32).fixed(),
		text("object_id", 96).fixed(),
		column{field.Text("before").Optional().Nillable().Immutable().Descriptor()},
		column{field.Text("after").Optional().Nillable().Immutable().Descriptor()},
		text("request_id", 64).fill("").fixed(),
		column{field.Int64("seal").Optional().Nillable().Descriptor()},
		text("mac", 64).maybe().secret(),
	}
}

// Indexes of events.
func (AuditEvent) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("seal").Unique(),
		index.Fields("client_id", "id"),
		index.Fields("object_id", "id"),
		index.Fields("actor_user_id", "id"),
	}
}

// AuditHead is the end of the chain of sealed events: one row, which sealers lock. mac is an HMAC over the seal and the
// last event's, so that events dropped from the end are missed.
type AuditHead struct{ ent.Schema }

// Annotations names the table.
func (AuditHead) Annotations() []schema.Annotation { return table("audit_heads") }

// Fields of the head.
func (AuditHead) Fields() []ent.Field {
	return []ent.Field{text("id", 16).fixed(), field.Int64("seal"), text("last", 64).secret(), text("mac", 64).secret()}
}

// OutboxEvent is something to tell others, written in the transaction it tells of (domain 16.3). It has no foreign keys:
// it outlives what it tells of.
type OutboxEvent struct{ ent.Schema }

// Annotations names the table.
func (OutboxEvent) Annotations() []schema.Annotation { return table("outbox_events") }

// Mixin gives id, timestamps and version.
func (OutboxEvent) Mixin() []ent.Mixin { return []ent.Mixin{row[oid.OutboxEvent]{}} }

// Fields of an event. payload is a JSON object of ids and plain facts: never a secret. participant names the service that
// the event is for; "" is the hub itself.
func (OutboxEvent) Fields() []ent.Field {
	return []ent.Field{
		text("topic", 64).fixed(),
		id[oid.Client]("client_id").maybe().fixed(),
		text("object_id", 96).fixed(),
		text("participant", 64).fill("").fixed(),
		field.Text("payload").Immutable(),
		word[enum.OutboxStatus]("status").fill(string(enum.OutboxPending)),
		field.Int("attempts").Default(0),
		moment("next_at"),
		text("leased_by", 64).fill(""),
		moment("leased_until").maybe(),
		text("last_error", 512).fill(""),
		moment("delivered_at").maybe(),
	}
}

// Indexes of events: what is due, what stands before an event of the same object, and the documented lists.
func (OutboxEvent) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("status", "next_at"),
		index.Fields("object_id", "status", "id"),
		index.Fields("client_id", "id"),
	}
}

// Lease is what one node at a time holds: a duty, until it gives it up or does not renew it in time.
type Lease struct{ ent.Schema }

// Annotations names the table.
func (Lease) Annotations() []schema.Annotation { return table("leases") }

// Fields of a lease. The id names the duty.
func (Lease) Fields() []ent.Field {
	return []ent.Field{text("id", 64).fixed(), text("holder", 64), moment("until")}
}

// IdempotencyKey remembers the effect of a request that carried a key (domain 16.2). The id is an HMAC over caller,
// operation and key, body_hash one over the request: nothing that was sent can be read from a row.
type IdempotencyKey struct{ ent.Schema }

// Annotations names the table.
func (IdempotencyKey) Annotations() []schema.Annotation { return table("idempotency_keys") }

// Fields of a key. object_id and object_version refer to the result; empty where it is a secret.
func (IdempotencyKey) Fields() []ent.Field {
	return []ent.Field{
		text("id", 64).fixed(),
		text("body_hash", 64).fixed(),
		text("object_id", 96).fill(""),
		field.Int("object_version").Default(0),
		moment("created_at").fixed(),
	}
}

// Indexes of keys: by age, for they are kept seven days.
func (IdempotencyKey) Indexes() []ent.Index { return []ent.Index{index.Fields("created_at")} }
