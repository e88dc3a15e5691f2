package identity

import (
	"context"
	"fmt"
	"slices"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/clientpath"
	"github.com/appanage/appanage/ent/membership"
	"github.com/appanage/appanage/ent/packagegift"
	"github.com/appanage/appanage/ent/role"
	"github.com/appanage/appanage/ent/rolepackage"
	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

// An invitation is a promise that the inviter could keep when he made it. He must still be able to when it is accepted:
// else who has lost his rights, or his place, would go on giving them for three days.

// offered gives the roles that an invitation still brings. One that the client cannot assign any more is dropped; one
// that the inviter could not give any more ends the invitation (domain 3.4, 3.5).
func (s *Service) offered(ctx context.Context, tx *ent.Client, row *ent.Invitation) ([]oid.Role, error) {
	inviter, err := s.inviter(ctx, tx, row)
	if err != nil {
		return nil, err
	}
	rows, err := row.QueryRoles().Order(role.ByID()).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("identity: read an invitation's roles: %w", err)
	}
	var roles []oid.Role
	for _, r := range rows {
		given, err := tx.PackageGift.Query().Where(packagegift.ClientID(row.ClientID),
			packagegift.HasPackageWith(rolepackage.HasRolesWith(role.ID(r.ID)))).Exist(ctx)
		if err != nil {
			return nil, fmt.Errorf("identity: read the gifts of a role: %w", err)
		}
		if s.rules.Assigns(row.ClientID, authz.Role{Owner: r.ClientID, Given: given}) {
			roles = append(roles, r.ID)
		}
	}
	err = s.guards.MayAssign(actor.With(ctx, inviter), tx, row.ClientID, roles, "input.token")
	if _, refused := apperr.As(err); refused {
		return nil, errInvitation()
	}
	return roles, err
}

// inviter is the actor that the inviter would be now, at his membership. NOT_FOUND where he may invite no more.
func (s *Service) inviter(ctx context.Context, tx *ent.Client, row *ent.Invitation) (*actor.Actor, error) {
	if row.InviterID == nil || row.InviterMembershipID == nil {
		return nil, errInvitation()
	}
	m, err := tx.Membership.Query().Where(membership.ID(*row.InviterMembershipID), membership.UserID(*row.InviterID)).WithUser().Only(ctx)
	if ent.IsNotFound(err) || err == nil && (m.Edges.User == nil || m.Edges.User.Status != enum.UserActive) {
		return nil, errInvitation()
	}
	if err != nil {
		return nil, fmt.Errorf("identity: read the inviter: %w", err)
	}
	reaches, err := reaches(ctx, tx, m, row.ClientID)
	if err != nil {
		return nil, err
	}
	authorities, err := authority.InForce(ctx, tx, m.ID, m.ClientID, "")
	if err != nil {
		return nil, err
	}
	if !reaches || !slices.Contains(authorities, "User_CREATE") {
		return nil, errInvitation()
	}
	// The invitation stands in for the session: without one, nothing is in scope.
	return actor.New(actor.Actor{
		User: *row.InviterID, Membership: m.ID, Session: oid.Session(row.ID), Client: m.ClientID,
		Scope: actor.Scope{All: m.ClientID == oid.SystemClient, Root: m.ClientID}, Request: actor.From(ctx).Request,
	}, authorities, actor.From(ctx).Now()), nil
}

// reaches: the client is still in the scope of the membership's, and no client in question is suspended, nor any above.
func reaches(ctx context.Context, tx *ent.Client, m *ent.Membership, client oid.Client) (bool, error) {
	below, err := tx.ClientPath.Query().Where(clientpath.TenantID(m.ClientID), clientpath.DescendantID(client)).Exist(ctx)
	if err != nil {
		return false, fmt.Errorf("identity: read the path of a client: %w", err)
	}
	barred, err := tx.ClientPath.Query().Where(clientpath.DescendantIDIn(client, m.Edges.User.ClientID),
		clientpath.HasTenantWith(tenant.StatusNEQ(enum.ClientActive))).Exist(ctx)
	if err != nil {
		return false, fmt.Errorf("identity: read suspensions: %w", err)
	}
	return below && !barred, nil
}
