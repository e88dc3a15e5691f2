package identity

import (
	"context"
	"fmt"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/membership"
	"github.com/appanage/appanage/ent/predicate"
	"github.com/appanage/appanage/ent/session"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// endsMemberships is the authority to end the memberships of others.
const endsMemberships = "User_DELETE"

// DeleteMembership ends a membership in a further client, and gives the ids of the sessions that ended with it: the
// caller's own, or with User_DELETE one in scope. Errors: NOT_FOUND, NOT_ALLOWED.
func (s *Service) DeleteMembership(ctx context.Context, id oid.Membership) (ended []oid.Session, err error) {
	a := actor.From(ctx)
	may := []predicate.Membership{membership.ID(id)}
	if !a.Has(endsMemberships) {
		may = append(may, membership.UserID(a.User))
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		row, err := oneMembership(tx.Membership.Query().Where(may...).Only(ctx))
		if err != nil {
			return err
		}
		if row.Home {
			return apperr.At("input.id", apperr.NotAllowed, "a home membership ends with the user only")
		}
		return s.guards.KeepAdministrator(ctx, tx, []oid.Client{row.ClientID}, "input.id", func() error {
			row, err := oneMembership(store.ForUpdate(s.db, tx.Membership.Query().Where(may...)).WithRoles().Only(ctx))
			if err != nil {
				return err
			}
			ended, err = s.leave(actor.System(ctx, "one's own membership may lie outside the scope acted for"), tx, row)
			return err
		})
	})
	return ended, err
}

func oneMembership(row *ent.Membership, err error) (*ent.Membership, error) {
	if ent.IsNotFound(err) {
		return nil, apperr.At("input.id", apperr.NotFound, "no such membership")
	}
	if err != nil {
		return nil, fmt.Errorf("identity: read a membership: %w", err)
	}
	return row, nil
}

// leave deletes a membership with its sessions.
func (s *Service) leave(ctx context.Context, tx *ent.Client, row *ent.Membership) ([]oid.Session, error) {
	ended, err := s.endSessions(ctx, tx, session.MembershipID(row.ID))
	if err != nil {
		return nil, err
	}
	if err := clearMemberships(ctx, tx, membership.ID(row.ID)); err != nil {
		return nil, err
	}
	roles := make([]oid.Role, len(row.Edges.Roles))
	for i, r := range row.Edges.Roles {
		roles[i] = r.ID
	}
	return ended, audit.Record(ctx, s.db, audit.Event{Client: row.ClientID, Operation: "membershipDelete", Kind: "Membership", Object: string(row.ID),
		Before: map[string]any{"userId": row.UserID, "clientId": row.ClientID, "roleIds": roles}})
}
