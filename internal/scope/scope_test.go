package scope_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/clientpath"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/demo"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/scope"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// reads asks for the ids of every kind with rules for reading.
var reads = map[string]func(context.Context, *ent.Client) (any, error){
	"Tenant": func(ctx context.Context, db *ent.Client) (any, error) {
		return db.Tenant.Query().Order(ent.Asc("id")).IDs(ctx)
	},
	"clients listed": func(ctx context.Context, db *ent.Client) (any, error) {
		return db.Tenant.Query().Where(scope.Listed(ctx, "Tenant")).Order(ent.Asc("id")).IDs(ctx)
	},
	"User": func(ctx context.Context, db *ent.Client) (any, error) {
		return db.User.Query().Order(ent.Asc("id")).IDs(ctx)
	},
	"Membership": func(ctx context.Context, db *ent.Client) (any, error) {
		return db.Membership.Query().Order(ent.Asc("id")).IDs(ctx)
	},
	"Invitation": func(ctx context.Context, db *ent.Client) (any, error) {
		return db.Invitation.Query().Order(ent.Asc("id")).IDs(ctx)
	},
	"OutboxEvent": func(ctx context.Context, db *ent.Client) (any, error) {
		return db.OutboxEvent.Query().Order(ent.Asc("id")).IDs(ctx)
	},
	"Session": func(ctx context.Context, db *ent.Client) (any, error) {
		return db.Session.Query().Order(ent.Asc("id")).IDs(ctx)
	},
	"Permission": func(ctx context.Context, db *ent.Client) (any, error) {
		return db.Permission.Query().Order(ent.Asc("id")).IDs(ctx)
	},
	"Role": func(ctx context.Context, db *ent.Client) (any, error) {
		return db.Role.Query().Order(ent.Asc("id")).IDs(ctx)
	},
	"RolePackage": func(ctx context.Context, db *ent.Client) (any, error) {
		return db.RolePackage.Query().Order(ent.Asc("id")).IDs(ctx)
	},
	"PackageGift": func(ctx context.Context, db *ent.Client) (any, error) {
		return db.PackageGift.Query().Order(ent.Asc("id")).IDs(ctx)
	},
	"Application": func(ctx context.Context, db *ent.Client) (any, error) {
		return db.Application.Query().Order(ent.Asc("id")).IDs(ctx)
	},
	"AccessGrant": func(ctx context.Context, db *ent.Client) (any, error) {
		return db.AccessGrant.Query().Order(ent.Asc("id")).IDs(ctx)
	},
	"ApplicationProperty": func(ctx context.Context, db *ent.Client) (any, error) {
		return db.ApplicationProperty.Query().Order(ent.Asc("id")).IDs(ctx)
	},
	"PropertyChange": func(ctx context.Context, db *ent.Client) (any, error) {
		return db.PropertyChange.Query().Order(ent.Asc("id")).IDs(ctx)
	},
	"ApplicationDependency": func(ctx context.Context, db *ent.Client) (any, error) {
		return db.ApplicationDependency.Query().Order(ent.Asc("id")).IDs(ctx)
	},
	"DefinitionLayer": func(ctx context.Context, db *ent.Client) (any, error) {
		return db.DefinitionLayer.Query().Order(ent.Asc("id")).IDs(ctx)
	},
	"DefinitionVersion": func(ctx context.Context, db *ent.Client) (any, error) {
		return db.DefinitionVersion.Query().Order(ent.Asc("id")).IDs(ctx)
	},
	"RegistrationRule": func(ctx context.Context, db *ent.Client) (any, error) {
		return db.RegistrationRule.Query().Order(ent.Asc("id")).IDs(ctx)
	},
	"RegistrationCode": func(ctx context.Context, db *ent.Client) (any, error) {
		return db.RegistrationCode.Query().Order(ent.Asc("id")).IDs(ctx)
	},
	"AccessRequest": func(ctx context.Context, db *ent.Client) (any, error) {
		return db.AccessRequest.Query().Order(ent.Asc("id")).IDs(ctx)
	},
	"ClientURL": func(ctx context.Context, db *ent.Client) (any, error) {
		return db.ClientURL.Query().Order(ent.Asc("id")).IDs(ctx)
	},
	"AuditEvent": func(ctx context.Context, db *ent.Client) (any, error) {
		return db.AuditEvent.Query().Order(ent.Asc("id")).IDs(ctx)
	},
	"ClientPath": func(ctx context.Context, db *ent.Client) (any, error) {
		return db.ClientPath.Query().Order(ent.Asc(clientpath.FieldDescendantID, "ancestor_id")).All(ctx)
	},
}

// A scope bound as constants and the same scope asked of the closure table see the same rows of every kind.
func TestSmallAndLargeScopesAgree(t *testing.T) {
	for kind, rules := range scope.Kinds {
		if _, ok := reads[kind]; !ok && rules.Read != nil {
			t.Errorf("%s has rules for reading and is not compared here", kind)
		}
	}
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		_, err := demo.Fill(t.Context(), h.DB, demo.Services{Tenancy: h.Tenancy, Identity: h.Identity, Applications: h.Applications, Properties: h.Properties}, "correct horse battery")
		h.Must(err)
		clients, err := h.Ent().Tenant.Query().All(h.System())
		h.Must(err)
		for _, client := range clients { // what the demo has none of
			h.Must(h.Ent().Invitation.Create().SetClientID(client.ID).SetEmail("guest@example.com").SetEmailKey("guest@example.com").
				SetExpiresAt(client.CreatedAt).Exec(h.System()))
			h.Must(h.Ent().OutboxEvent.Create().SetClientID(client.ID).SetTopic("test").SetObjectID("x").SetPayload("{}").SetNextAt(client.CreatedAt).Exec(h.System()))
		}
		define(t, h, clients)
		register(t, h, clients)
		seen := 0
		for _, client := range clients {
			if client.ID == oid.SystemClient {
				continue
			}
			small, large := callers(t, h, client.ID)
			for kind, read := range reads {
				want, err := read(actor.With(t.Context(), small), h.Ent())
				h.Must(err)
				got, err := read(actor.With(t.Context(), large), h.Ent())
				h.Must(err)
				if diff := cmp.Diff(want, got, cmp.Transformer("path", func(p *ent.ClientPath) string { return p.String() })); diff != "" {
					t.Errorf("%s, %s (-constants +closure):\n%s", client.Code, kind, diff)
				}
				seen++
			}
		}
		if want := len(reads) * 20; seen < want {
			t.Errorf("%d comparisons were made, expected %d or more", seen, want)
		}
	})
}

// define lays a page of every application, by its owner and by one other client.
func define(t *testing.T, h *hubtest.Hub, clients []*ent.Tenant) {
	t.Helper()
	apps, err := h.Ent().Application.Query().Order(ent.Asc("id")).All(h.System())
	h.Must(err)
	for i, app := range apps {
		for n, client := range []oid.Client{app.ClientID, clients[i%len(clients)].ID} {
			if n > 0 && client == app.ClientID {
				continue
			}
			version := oid.New[oid.DefinitionVersion]()
			whole := n == 0
			h.Must(h.Ent().DefinitionVersion.Create().SetID(version).SetClientID(client).SetApplicationID(app.ID).SetKind(enum.DefinitionPage).
				SetName("a-page-of-the-test").SetNumber(1).SetContent("{}").SetWhole(whole).SetFinal(false).SetPublic(false).SetRemoved(false).Exec(h.System()))
			h.Must(h.Ent().DefinitionLayer.Create().SetClientID(client).SetApplicationID(app.ID).SetKind(enum.DefinitionPage).
				SetName("a-page-of-the-test").SetCurrentID(version).SetWhole(whole).Exec(h.System()))
		}
	}
}

// register makes, of every application, a registration rule and a code of one client, and a request for access by each user of it.
func register(t *testing.T, h *hubtest.Hub, clients []*ent.Tenant) {
	t.Helper()
	apps, err := h.Ent().Application.Query().Order(ent.Asc("id")).All(h.System())
	h.Must(err)
	for i, app := range apps {
		client, given := clients[i%len(clients)], apps[(i+1)%len(apps)].ID
		h.Must(h.Ent().RegistrationRule.Create().SetClientID(client.ID).SetApplicationID(app.ID).SetClientType(enum.ClientBusiness).
			SetGives(enum.GivesAccess).SetGivenID(string(given)).SetGivenApplicationID(given).SetLevel(enum.LevelRead).Exec(h.System()))
		h.Must(h.Ent().RegistrationCode.Create().SetClientID(client.ID).SetApplicationID(app.ID).SetExpiresAt(client.CreatedAt).Exec(h.System()))
		users, err := client.QueryUsers().IDs(h.System())
		h.Must(err)
		for _, user := range users {
			h.Must(h.Ent().AccessRequest.Create().SetClientID(client.ID).SetApplicationID(app.ID).SetUserID(user).SetMessage("please").Exec(h.System()))
		}
	}
}

// callers are two actors of one client, whose scopes are the same set, given in the two ways.
func callers(t *testing.T, h *hubtest.Hub, client oid.Client) (small, large *actor.Actor) {
	t.Helper()
	paths, err := h.Ent().ClientPath.Query().Where(clientpath.Or(clientpath.TenantID(client), clientpath.DescendantID(client))).All(h.System())
	h.Must(err)
	s := actor.Scope{Root: client}
	for _, p := range paths {
		switch {
		case p.TenantID == client:
			s.Clients = append(s.Clients, p.DescendantID)
		case p.Depth > 0:
			s.Above = append(s.Above, p.TenantID)
		}
	}
	a := actor.Actor{Session: oid.New[oid.Session](), User: oid.New[oid.User](), Client: client, Scope: s}
	now := clock.Now()
	small = actor.New(a, nil, now)
	a.Scope.Clients = nil
	return small, actor.New(a, nil, now)
}
