package list

import (
	"entgo.io/ent/dialect/sql"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/scope"
)

// Kinds has every kind that lists hold, by its name in the SDL.
var Kinds = map[string]Kind{
	"Client": {
		Ent: "Tenant",
		Filters: []Filter{
			search("name_key", "^code"),
			word[enum.ClientType]("type", "type").ofHidden(),
			word[enum.ClientStatus]("status", "status").ofHidden(),
			id[oid.Client]("managerId", "manager_id").ofHidden(),
			mine(isMineOrManagedByMine),
		},
		Orders: map[string]string{"CREATED_AT": "id", "NAME": "name_key", "CODE": "code"},
	},
	"User": {
		Ent: "User",
		Filters: []Filter{
			search("name_key", "~user_name_key", "@email_key"),
			word[enum.UserStatus]("status", "status"),
			id[oid.Client]("clientId", "client_id"),
			mine(memberOfMine),
		},
		Orders: map[string]string{"CREATED_AT": "id", "NAME": "name_key"},
	},
	"Membership": {
		Ent: "Membership",
		Filters: []Filter{
			id[oid.Client]("clientId", "client_id"),
			flag("home", "home"),
		},
		Orders: map[string]string{"CREATED_AT": "id"},
	},
	"Session": {
		Ent: "Session",
		Filters: []Filter{
			id[oid.Client]("clientId", "client_id"),
			unexpired("live"),
		},
		Orders: map[string]string{"CREATED_AT": "id"},
	},
	"Permission": {
		Ent: "Permission",
		Filters: []Filter{
			search("authority_key"),
			id[oid.Application]("applicationId", "application_id"),
			id[oid.Client]("clientId", "client_id"),
			flag("builtIn", "built_in"),
			mine(ownedByMine),
		},
		Orders: map[string]string{"CREATED_AT": "id", "AUTHORITY": "authority"},
	},
	"Role": {
		Ent: "Role",
		Filters: []Filter{
			search("name_key"),
			id[oid.Application]("applicationId", "application_id"),
			id[oid.Client]("clientId", "client_id"),
			flag("builtIn", "built_in"),
			mine(ownedByMine),
		},
		Orders: map[string]string{"CREATED_AT": "id", "NAME": "name_key"},
	},
	"Package": {
		Ent: "RolePackage",
		Filters: []Filter{
			search("name_key", "^code"),
			id[oid.Application]("applicationId", "application_id"),
			id[oid.Client]("clientId", "client_id"),
			flag("base", "base"),
			mine(ownedByOrGivenToMine),
		},
		Orders: map[string]string{"CREATED_AT": "id", "NAME": "name_key", "CODE": "code"},
	},
	"Application": {
		Ent: "Application",
		Filters: []Filter{
			search("name_key", "code"),
			word[enum.ApplicationType]("type", "type"),
			word[enum.ApplicationStatus]("status", "status").or(string(enum.ApplicationActive)), // domain 4.6
			word[enum.AccessType]("accessType", "access_type"),
			id[oid.Client]("clientId", "client_id"),
			mine(ownedByOrSharedWithMine),
		},
		Orders: map[string]string{"CREATED_AT": "id", "NAME": "name_key", "CODE": "code"},
	},
	"AccessGrant": {
		Ent: "AccessGrant",
		Filters: []Filter{
			word[enum.AccessLevel]("level", "level"),
			id[oid.Application]("applicationId", "application_id"),
			id[oid.Client]("clientId", "client_id"),
			unexpired("inForce"),
		},
		Orders: map[string]string{"CREATED_AT": "id"},
	},
	"ApplicationProperty": {
		Ent: "ApplicationProperty",
		Filters: []Filter{
			search("^name"),
			id[oid.Application]("applicationId", "application_id"),
			id[oid.Client]("clientId", "client_id"),
			flag("public", "public"),
			flag("secret", "secret"),
		},
		Orders: map[string]string{"CREATED_AT": "id", "NAME": "name"},
	},
	"PropertyChange": {
		Ent: "PropertyChange",
		Filters: []Filter{
			id[oid.Application]("applicationId", "application_id"),
			id[oid.Client]("clientId", "client_id"),
			exact("name", "name"),
		},
		Orders: map[string]string{"CREATED_AT": "id"},
	},
	"ApplicationDependency": {
		Ent: "ApplicationDependency",
		Filters: []Filter{
			id[oid.Application]("applicationId", "application_id"),
			id[oid.Application]("dependencyId", "dependency_id"),
		},
		Orders: map[string]string{"CREATED_AT": "id", "POSITION": "position"},
	},
	"DefinitionLayer": {
		Ent: "DefinitionLayer",
		Filters: []Filter{
			begins("name"),
			id[oid.Application]("applicationId", "application_id"),
			id[oid.Client]("clientId", "client_id"),
			word[enum.DefinitionKind]("kind", "kind"),
			exact("name", "name"),
			flag("final", "final"),
		},
		Orders: map[string]string{"CREATED_AT": "id", "NAME": "name"},
	},
	"DefinitionVersion": {
		Ent: "DefinitionVersion",
		Filters: []Filter{
			id[oid.Application]("applicationId", "application_id"),
			id[oid.Client]("clientId", "client_id"),
			word[enum.DefinitionKind]("kind", "kind"),
			exact("name", "name"),
		},
		Orders: map[string]string{"CREATED_AT": "id"},
	},
	"RegistrationRule": {
		Ent: "RegistrationRule",
		Filters: []Filter{
			id[oid.Client]("clientId", "client_id"),
			word[enum.ClientType]("clientType", "client_type"),
		},
		Orders: map[string]string{"CREATED_AT": "id"},
	},
	"RegistrationCode": {
		Ent: "RegistrationCode",
		Filters: []Filter{
			id[oid.Client]("clientId", "client_id"),
			search("email"),
		},
		Orders: map[string]string{"CREATED_AT": "id"},
	},
	"AccessRequest": {
		Ent: "AccessRequest",
		Filters: []Filter{
			id[oid.Client]("clientId", "client_id"),
			word[enum.AccessRequestStatus]("status", "status"),
		},
		Orders: map[string]string{"CREATED_AT": "id"},
	},
	"ClientUrl": {
		Ent: "ClientURL",
		Filters: []Filter{
			search("origin"),
			id[oid.Application]("applicationId", "application_id"),
			id[oid.Client]("clientId", "client_id"),
			word[enum.URLStatus]("status", "status"),
		},
		Orders: map[string]string{"CREATED_AT": "id", "ORIGIN": "origin"},
	},
	"Invitation": {
		Ent: "Invitation",
		Filters: []Filter{
			search("email_key"),
			id[oid.Client]("clientId", "client_id"),
		},
		Orders: map[string]string{"CREATED_AT": "id"},
	},
	"AuditEvent": {
		Ent: "AuditEvent",
		Filters: []Filter{
			id[oid.Client]("clientId", "client_id"),
			exact("operation", "operation"),
			exact("kind", "kind"),
			exact("objectId", "object_id"),
			id[oid.User]("actorUserId", "actor_user_id"),
			since("since", "at"),
			until("until", "at"),
			mine(ownedByMine),
		},
		Orders: map[string]string{"CREATED_AT": "id"},
	},
	"OutboxEvent": {
		Ent: "OutboxEvent",
		Filters: []Filter{
			word[enum.OutboxStatus]("status", "status"),
			exact("topic", "topic"),
			exact("participant", "participant"),
			id[oid.Client]("clientId", "client_id"),
		},
		Orders: map[string]string{"CREATED_AT": "id"},
	},
}

// What MY_CLIENT narrows the lists of each kind to.

func isMineOrManagedByMine(a *actor.Actor, col scope.Column) *sql.Predicate {
	return sql.Or(sql.EQ(col("id"), a.Client), sql.EQ(col("manager_id"), a.Client))
}

func memberOfMine(a *actor.Actor, col scope.Column) *sql.Predicate {
	return tiedToMine("memberships", "user_id", a, col)
}

func ownedByMine(a *actor.Actor, col scope.Column) *sql.Predicate {
	return sql.EQ(col("client_id"), a.Client)
}

func ownedByOrGivenToMine(a *actor.Actor, col scope.Column) *sql.Predicate {
	return sql.Or(ownedByMine(a, col), tiedToMine("package_gifts", "package_id", a, col))
}

func ownedByOrSharedWithMine(a *actor.Actor, col scope.Column) *sql.Predicate {
	return sql.Or(ownedByMine(a, col), scope.Granted(a, col("id")))
}

// tiedToMine: a row of another table ties the judged one to the caller's client.
func tiedToMine(table, key string, a *actor.Actor, col scope.Column) *sql.Predicate {
	t := sql.Table(table).As("mine_" + table)
	return sql.Exists(sql.SelectExpr(sql.Raw("1")).From(t).Where(sql.And(
		sql.ColumnsEQ(t.C(key), col("id")), sql.EQ(t.C("client_id"), a.Client))))
}
