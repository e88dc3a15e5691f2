package model

import "github.com/appanage/appanage/ent"

// The SDL's connections and edges, each an instance of the generic ones.
type (
	ClientConnection                = Connection[ent.Tenant]
	ClientEdge                      = Edge[ent.Tenant]
	UserConnection                  = Connection[ent.User]
	UserEdge                        = Edge[ent.User]
	MembershipConnection            = Connection[ent.Membership]
	MembershipEdge                  = Edge[ent.Membership]
	SessionConnection               = Connection[ent.Session]
	SessionEdge                     = Edge[ent.Session]
	PermissionConnection            = Connection[ent.Permission]
	PermissionEdge                  = Edge[ent.Permission]
	RoleConnection                  = Connection[ent.Role]
	RoleEdge                        = Edge[ent.Role]
	PackageConnection               = Connection[ent.RolePackage]
	PackageEdge                     = Edge[ent.RolePackage]
	ApplicationConnection           = Connection[ent.Application]
	ApplicationEdge                 = Edge[ent.Application]
	AccessGrantConnection           = Connection[ent.AccessGrant]
	AccessGrantEdge                 = Edge[ent.AccessGrant]
	ApplicationPropertyConnection   = Connection[ent.ApplicationProperty]
	ApplicationPropertyEdge         = Edge[ent.ApplicationProperty]
	PropertyChangeConnection        = Connection[ent.PropertyChange]
	PropertyChangeEdge              = Edge[ent.PropertyChange]
	ApplicationDependencyConnection = Connection[ent.ApplicationDependency]
	ApplicationDependencyEdge       = Edge[ent.ApplicationDependency]
	ClientUrlConnection             = Connection[ent.ClientURL]
	ClientUrlEdge                   = Edge[ent.ClientURL]
	InvitationConnection            = Connection[ent.Invitation]
	InvitationEdge                  = Edge[ent.Invitation]
	AuditEventConnection            = Connection[ent.AuditEvent]
	AuditEventEdge                  = Edge[ent.AuditEvent]
	OutboxEventConnection           = Connection[ent.OutboxEvent]
	OutboxEventEdge                 = Edge[ent.OutboxEvent]
)
