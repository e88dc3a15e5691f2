package plan

import (
	"database/sql/driver"
	"fmt"
	"time"

	"entgo.io/ent/dialect/sql"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/dependency"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/scope"
	"github.com/appanage/appanage/internal/tenancy"
)

// speciality is what ent's schema cannot say of a kind: one line each.
type speciality struct {
	sight    *Sight
	columns  map[string]Column
	computed map[string]Computed
	edges    map[string]Edge
	made     map[string]Made
}

// specialities by the SDL's name of the kind.
var specialities = map[string]speciality{
	"Client": {
		// Above the caller's client, and as owners of what he can see, clients show these three and no more.
		sight: &Sight{Client: "id", Listed: true, Hides: func(field string) bool { return field != "id" && field != "code" && field != "name" }},
		edges: map[string]Edge{
			"packages": {To: "RolePackage", Cardinality: ManyToMany, Join: Join{Table: "package_gifts", From: "client_id", To: "package_id", Ent: "PackageGift"}},
			// Whoever sees a client in full may know what lies above and below it, so that the pairs need no rule: the ones
			// above his own he sees by name.
			"ancestors":   {To: "Tenant", Cardinality: ManyToMany, Join: Join{Table: "client_paths", From: "descendant_id", To: "ancestor_id", Where: notItself}, Reached: true},
			"descendants": {To: "Tenant", Cardinality: ManyToMany, Join: Join{Table: "client_paths", From: "ancestor_id", To: "descendant_id", Where: notItself}},
		},
		computed: map[string]Computed{
			"effectiveStatus": {
				Query: func(_ *actor.Actor, col scope.Column) *sql.Selector { return tenancy.BarredBy(col("id")) },
				Write: effectiveStatus,
			},
			"level": {
				Query: func(_ *actor.Actor, col scope.Column) *sql.Selector { return tenancy.LevelOf(col("id")) },
				Write: level,
			},
		},
	},
	"User": {
		// Of a user's own row only, for the caller: the SDL has it at Viewer.
		edges: map[string]Edge{
			"clients": {To: "Tenant", Cardinality: ManyToMany, Join: Join{Table: "memberships", From: "user_id", To: "client_id"}, Reached: true},
		},
		sight: &Sight{Client: "client_id", Self: "id", Hides: func(field string) bool {
			return field == "email" || field == "emailProven" || field == "phone" || field == "phoneProven"
		}},
		columns: map[string]Column{
			"emailProven": {Name: "email_key", Encoding: Present},
			"phoneProven": {Name: "phone_key", Encoding: Present},
		},
	},
	"Package": {
		edges: map[string]Edge{
			"clients": {To: "Tenant", Cardinality: ManyToMany, Join: Join{Table: "package_gifts", From: "package_id", To: "client_id", Ent: "PackageGift"}},
		},
	},
	"AccessGrant": {
		computed: map[string]Computed{
			"expiresAt": {Columns: grantColumns, Write: grantExpiry},
			"sleeping":  {Columns: grantColumns, Write: grantSleeps},
			"clientCode": {
				Query: func(_ *actor.Actor, col scope.Column) *sql.Selector { return codeOfClient(col("client_id")) },
				Write: publicCode,
			},
		},
	},
	"ClientUrl": {
		computed: map[string]Computed{"challenge": {Columns: []string{"status", "challenge"}, Write: urlChallenge}},
	},
	"RegistrationCode": {
		computed: map[string]Computed{"status": {Columns: []string{"used_at", "expires_at"}, Write: registrationCodeStatus}},
	},
	"AccessRequest": {
		computed: map[string]Computed{
			"clientCode": {
				Query: func(_ *actor.Actor, col scope.Column) *sql.Selector { return codeOfClient(col("client_id")) },
				Write: publicCode,
			},
			"userName": {
				Query: func(_ *actor.Actor, col scope.Column) *sql.Selector { return nameOfUser(col("user_id")) },
				Write: publicCode,
			},
		},
	},
	"Invitation": {
		computed: map[string]Computed{"status": {Columns: []string{"status", "expires_at"}, Write: invitationStatus}},
	},
	"ApplicationDependency": {
		computed: map[string]Computed{
			"applicationCode": {
				Query: func(_ *actor.Actor, col scope.Column) *sql.Selector { return dependency.CodeOf(col("application_id")) },
				Write: publicCode,
			},
			"state": {
				Query: func(a *actor.Actor, col scope.Column) *sql.Selector {
					return dependency.Facts(a, col("client_id"), col("dependency_id"))
				},
				Write: dependencyState,
			},
		},
	},
	"AuditEvent": {
		columns: map[string]Column{
			"before": {Name: "before", Encoding: Raw, Nullable: true},
			"after":  {Name: "after", Encoding: Raw, Nullable: true},
			"sealed": {Name: "seal", Encoding: Present},
		},
		edges: map[string]Edge{
			"client":      {To: "Tenant", Column: "client_id"},
			"actorClient": {To: "Tenant", Column: "actor_client_id"},
			"actorUser":   {To: "User", Column: "actor_user_id"},
		},
	},
	"OutboxEvent": {
		edges: map[string]Edge{"client": {To: "Tenant", Column: "client_id"}},
	},
	"ApplicationProperty": {
		computed: map[string]Computed{"value": {Columns: []string{"value", "secret"}, Write: propertyValue}},
	},
	"PropertyChange": {
		edges: map[string]Edge{
			"changedByClient": {To: "Tenant", Column: "changed_by_client_id"},
			"changedBy":       {To: "User", Column: "changed_by_id"},
		},
	},
	"DefinitionVersion": {
		computed: map[string]Computed{"content": {Columns: []string{"content", "removed"}, Write: versionContent}},
		edges: map[string]Edge{
			"changedByClient": {To: "Tenant", Column: "changed_by_client_id"},
			"changedBy":       {To: "User", Column: "changed_by_id"},
		},
	},
	"Application": {
		made:  map[string]Made{"propertiesInForce": propertiesInForce},
		sight: &Sight{Client: "client_id", Hides: func(string) bool { return false }},
		computed: map[string]Computed{
			"viewerCan": {Columns: hintColumns, Query: ownLevel, Write: viewerCan},
		},
	},
}

// notItself leaves out the path of a client to itself.
const notItself = "`j`.`depth` > 0"

// effectiveStatus is a client's own status, or that of those above it.
func effectiveStatus(out []byte, _ *actor.Actor, row Facts) ([]byte, error) {
	barredBy, err := word(row.Query)
	if err != nil {
		return out, err
	}
	return appendString(out, string(tenancy.StatusOf(barredBy))), nil
}

// level is how deep a client lies in the tree.
func level(out []byte, _ *actor.Actor, row Facts) ([]byte, error) {
	return appendValue(out, row.Query, &Column{Name: "depth", Encoding: Integer})
}

// urlChallenge is what proves a host, as long as it is not proven.
func urlChallenge(out []byte, _ *actor.Actor, row Facts) ([]byte, error) {
	status, err := word(row.Columns[0])
	if err != nil {
		return out, err
	}
	if enum.URLStatus(status) == enum.URLProven {
		return appendValue(out, nil, &Column{Name: "challenge", Encoding: Text, Nullable: true})
	}
	return appendValue(out, row.Columns[1], &Column{Name: "challenge", Encoding: Text})
}

// invitationStatus: a pending one expires by itself.
func invitationStatus(out []byte, a *actor.Actor, row Facts) ([]byte, error) {
	status, err := word(row.Columns[0])
	if err != nil {
		return out, err
	}
	expires, ok := row.Columns[1].(time.Time)
	if !ok {
		return out, fmt.Errorf("plan: a %T where an instant was expected", row.Columns[1])
	}
	return appendString(out, string(enum.InvitationStatus(status).At(expires, a.Now()))), nil
}

// registrationCodeStatus tells what has become of a registration code by now.
func registrationCodeStatus(out []byte, a *actor.Actor, row Facts) ([]byte, error) {
	var used *time.Time
	if at, ok := row.Columns[0].(time.Time); ok {
		used = &at
	}
	expires, ok := row.Columns[1].(time.Time)
	if !ok {
		return out, fmt.Errorf("plan: a %T where an instant was expected", row.Columns[1])
	}
	return appendString(out, string(enum.CodeStatus(used, expires, a.Now()))), nil
}

// nameOfUser is the name of the user in a column.
func nameOfUser(user string) *sql.Selector {
	u := sql.Table("users").As("name_of")
	return sql.Select(u.C("name")).From(u).Where(sql.ColumnsEQ(u.C("id"), user))
}

// propertyValue is null for a secret one.
func propertyValue(out []byte, _ *actor.Actor, row Facts) ([]byte, error) {
	secret, err := number(row.Columns[1])
	if err != nil {
		return out, err
	}
	if secret != 0 {
		return append(out, "null"...), nil
	}
	return appendValue(out, row.Columns[0], &Column{Name: "value", Encoding: Text})
}

// versionContent is null where the layer was taken away.
func versionContent(out []byte, _ *actor.Actor, row Facts) ([]byte, error) {
	removed, err := number(row.Columns[1])
	if err != nil {
		return out, err
	}
	if removed != 0 {
		return append(out, "null"...), nil
	}
	return appendValue(out, row.Columns[0], &Column{Name: "content", Encoding: Raw})
}

// publicCode is the code of a row that may not be visible itself.
func publicCode(out []byte, _ *actor.Actor, row Facts) ([]byte, error) {
	return appendValue(out, row.Query, &Column{Name: "code", Encoding: Text})
}

// dependencyState tells whether a dependency works today.
func dependencyState(out []byte, _ *actor.Actor, row Facts) ([]byte, error) {
	facts, err := number(row.Query)
	if err != nil {
		return out, err
	}
	return appendString(out, string(dependency.StateOf(int(facts)))), nil
}

// word is the text in a column, "" for NULL.
func word(v driver.Value) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case []byte:
		return string(v), nil
	}
	return "", fmt.Errorf("plan: a %T where text was expected", v)
}
