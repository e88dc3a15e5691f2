package graph

import (
	"context"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/accessgrant"
	"github.com/appanage/appanage/ent/accessrequest"
	"github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/ent/applicationdependency"
	"github.com/appanage/appanage/ent/applicationproperty"
	"github.com/appanage/appanage/ent/auditevent"
	"github.com/appanage/appanage/ent/clienturl"
	"github.com/appanage/appanage/ent/definitionlayer"
	"github.com/appanage/appanage/ent/definitionversion"
	"github.com/appanage/appanage/ent/invitation"
	"github.com/appanage/appanage/ent/membership"
	"github.com/appanage/appanage/ent/outboxevent"
	"github.com/appanage/appanage/ent/permission"
	"github.com/appanage/appanage/ent/propertychange"
	"github.com/appanage/appanage/ent/registrationcode"
	"github.com/appanage/appanage/ent/registrationrule"
	"github.com/appanage/appanage/ent/role"
	"github.com/appanage/appanage/ent/rolepackage"
	"github.com/appanage/appanage/ent/session"
	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/ent/user"
	"github.com/appanage/appanage/graph/model"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/oid"
)

// nodeKind is how node finds the objects of one kind of id.
type nodeKind struct {
	// authority is what the fields that lead to the kind require.
	authority string
	load      func(ctx context.Context, db *ent.Client, id string) (model.Node, error)
}

// nodeKinds has every kind that the SDL declares as a Node.
var nodeKinds = map[oid.Kind]nodeKind{
	oid.KindClient: {"Client_READ", func(ctx context.Context, db *ent.Client, id string) (model.Node, error) {
		return node(db.Tenant.Query().Where(tenant.ID(oid.Client(id))).Only(ctx))
	}},
	oid.KindUser: {"User_READ", func(ctx context.Context, db *ent.Client, id string) (model.Node, error) {
		return node(db.User.Query().Where(user.ID(oid.User(id))).Only(ctx))
	}},
	oid.KindMembership: {"User_READ", func(ctx context.Context, db *ent.Client, id string) (model.Node, error) {
		return node(db.Membership.Query().Where(membership.ID(oid.Membership(id))).Only(ctx))
	}},
	oid.KindSession: {"Session_READ", func(ctx context.Context, db *ent.Client, id string) (model.Node, error) {
		return node(db.Session.Query().Where(session.ID(oid.Session(id))).Only(ctx))
	}},
	oid.KindPermission: {"Permission_READ", func(ctx context.Context, db *ent.Client, id string) (model.Node, error) {
		return node(db.Permission.Query().Where(permission.ID(oid.Permission(id))).Only(ctx))
	}},
	oid.KindRole: {"Role_READ", func(ctx context.Context, db *ent.Client, id string) (model.Node, error) {
		return node(db.Role.Query().Where(role.ID(oid.Role(id))).Only(ctx))
	}},
	oid.KindPackage: {"Package_READ", func(ctx context.Context, db *ent.Client, id string) (model.Node, error) {
		return node(db.RolePackage.Query().Where(rolepackage.ID(oid.Package(id))).Only(ctx))
	}},
	oid.KindApplication: {"Application_READ", func(ctx context.Context, db *ent.Client, id string) (model.Node, error) {
		return node(db.Application.Query().Where(application.ID(oid.Application(id))).Only(ctx))
	}},
	oid.KindAccessGrant: {"Application_READ", func(ctx context.Context, db *ent.Client, id string) (model.Node, error) {
		return node(db.AccessGrant.Query().Where(accessgrant.ID(oid.AccessGrant(id))).Only(ctx))
	}},
	oid.KindProperty: {"Application_READ", func(ctx context.Context, db *ent.Client, id string) (model.Node, error) {
		return node(db.ApplicationProperty.Query().Where(applicationproperty.ID(oid.Property(id))).Only(ctx))
	}},
	oid.KindPropertyChange: {"Application_READ", func(ctx context.Context, db *ent.Client, id string) (model.Node, error) {
		return node(db.PropertyChange.Query().Where(propertychange.ID(oid.PropertyChange(id))).Only(ctx))
	}},
	oid.KindDependency: {"Application_READ", func(ctx context.Context, db *ent.Client, id string) (model.Node, error) {
		return node(db.ApplicationDependency.Query().Where(applicationdependency.ID(oid.Dependency(id))).Only(ctx))
	}},
	oid.KindDefinitionLayer: {"Definition_READ", func(ctx context.Context, db *ent.Client, id string) (model.Node, error) {
		return node(db.DefinitionLayer.Query().Where(definitionlayer.ID(oid.DefinitionLayer(id))).Only(ctx))
	}},
	oid.KindDefinitionVersion: {"Definition_READ", func(ctx context.Context, db *ent.Client, id string) (model.Node, error) {
		return node(db.DefinitionVersion.Query().Where(definitionversion.ID(oid.DefinitionVersion(id))).Only(ctx))
	}},
	oid.KindRegistrationRule: {"Application_READ", func(ctx context.Context, db *ent.Client, id string) (model.Node, error) {
		return node(db.RegistrationRule.Query().Where(registrationrule.ID(oid.RegistrationRule(id))).Only(ctx))
	}},
	oid.KindRegistrationCode: {"Client_READ", func(ctx context.Context, db *ent.Client, id string) (model.Node, error) {
		return node(db.RegistrationCode.Query().Where(registrationcode.ID(oid.RegistrationCode(id))).Only(ctx))
	}},
	oid.KindAccessRequest: {"Application_READ", func(ctx context.Context, db *ent.Client, id string) (model.Node, error) {
		return node(db.AccessRequest.Query().Where(accessrequest.ID(oid.AccessRequest(id))).Only(ctx))
	}},
	oid.KindClientURL: {"Client_READ", func(ctx context.Context, db *ent.Client, id string) (model.Node, error) {
		return node(db.ClientURL.Query().Where(clienturl.ID(oid.ClientURL(id))).Only(ctx))
	}},
	oid.KindInvitation: {"User_READ", func(ctx context.Context, db *ent.Client, id string) (model.Node, error) {
		return node(db.Invitation.Query().Where(invitation.ID(oid.Invitation(id))).Only(ctx))
	}},
	oid.KindAuditEvent: {"Audit_READ", func(ctx context.Context, db *ent.Client, id string) (model.Node, error) {
		return node(db.AuditEvent.Query().Where(auditevent.ID(oid.AuditEvent(id))).Only(ctx))
	}},
	oid.KindOutboxEvent: {"Audit_READ", func(ctx context.Context, db *ent.Client, id string) (model.Node, error) {
		return node(db.OutboxEvent.Query().Where(outboxevent.ID(oid.OutboxEvent(id))).Only(ctx))
	}},
}

// node keeps a missing row from becoming a typed nil, which is not null.
func node[T any](row *T, err error) (model.Node, error) {
	if row, err := found(row, err); row != nil || err != nil {
		return row, err
	}
	return nil, nil
}

// node finds any object. A text that is no id, an id of a kind the API does not show, an unknown one and a foreign
// one are answered alike.
func (r *Resolver) node(ctx context.Context, id string) (model.Node, error) {
	kind, ok := oid.KindOf(id)
	if !ok {
		return nil, nil
	}
	k, ok := nodeKinds[kind]
	if !ok {
		return nil, nil
	}
	if !actor.From(ctx).Has(k.authority) {
		return nil, apperr.New(apperr.Forbidden, "requires %s", k.authority)
	}
	return k.load(ctx, r.DB.Client(ctx), id)
}
