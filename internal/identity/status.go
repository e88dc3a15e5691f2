package identity

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/accessgrant"
	"github.com/appanage/appanage/ent/attempt"
	"github.com/appanage/appanage/ent/invitation"
	"github.com/appanage/appanage/ent/link"
	"github.com/appanage/appanage/ent/membership"
	"github.com/appanage/appanage/ent/predicate"
	"github.com/appanage/appanage/ent/session"
	"github.com/appanage/appanage/ent/user"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

// UserAt names a user, perhaps at a version.
type UserAt struct {
	ID              oid.User
	ExpectedVersion *int
}

// Suspend bars a user and ends his sessions, whose ids it gives (authority User_UPDATE). Errors: NOT_FOUND, NOT_ALLOWED,
// CONFLICT.
func (s *Service) Suspend(ctx context.Context, cmd UserAt) (ended []oid.Session, err error) {
	err = s.takeAway(ctx, cmd, func(ctx context.Context, tx *ent.Client, row *ent.User) error {
		if row.Status == enum.UserSuspended {
			return nil
		}
		c := changeOf(tx, row)
		c.update.SetStatus(enum.UserSuspended)
		c.note("status", row.Status, enum.UserSuspended)
		if err := s.save(ctx, c, "userSuspend"); err != nil {
			return err
		}
		ended, err = s.endSessions(ctx, tx, session.UserID(row.ID))
		return err
	})
	return ended, err
}

// Resume ends a suspension (authority User_UPDATE): who has a password is active again, who has none is still invited.
// Errors: NOT_FOUND, NOT_ALLOWED, CONFLICT.
func (s *Service) Resume(ctx context.Context, cmd UserAt) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		row, err := s.administered(ctx, tx, cmd.ID)
		if err != nil {
			return err
		}
		if err := apperr.Current(cmd.ExpectedVersion, row.Version); err != nil {
			return err
		}
		if row.Status != enum.UserSuspended {
			return nil
		}
		to := enum.UserActive
		if row.PasswordHash == nil {
			to = enum.UserInvited
		}
		c := changeOf(tx, row)
		c.update.SetStatus(to)
		c.note("status", row.Status, to)
		return s.save(ctx, c, "userResume")
	})
}

// DeleteUser deletes a user with all that is his, and gives the ids of the sessions that ended (authority User_DELETE).
// Errors: NOT_FOUND, NOT_ALLOWED, CONFLICT.
func (s *Service) DeleteUser(ctx context.Context, cmd UserAt) (ended []oid.Session, err error) {
	err = s.takeAway(ctx, cmd, func(ctx context.Context, tx *ent.Client, row *ent.User) error {
		if ended, err = s.clear(ctx, tx, row); err != nil {
			return err
		}
		if err := tx.User.DeleteOne(row).Exec(ctx); err != nil {
			return fmt.Errorf("identity: delete a user: %w", err)
		}
		return audit.Record(ctx, s.db, audit.Event{Client: row.ClientID, Operation: "userDelete", Kind: "User", Object: string(row.ID),
			Before: map[string]any{
				"name": row.Name, "userName": row.UserName, "email": row.Email, "phone": row.Phone, "locale": row.Locale, "status": row.Status,
			}})
	})
	return ended, err
}

// takeAway makes a change that takes a user from all clients he is a member of, unless it takes the last administrator of
// one of them (domain 2.5). The clients are locked before the user: everybody locks in this order.
func (s *Service) takeAway(ctx context.Context, cmd UserAt, change func(context.Context, *ent.Client, *ent.User) error) error {
	if cmd.ID == actor.From(ctx).User {
		return apperr.At("input.id", apperr.NotAllowed, "nobody suspends or deletes himself")
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		row, err := one(tx.User.Query().Where(user.ID(cmd.ID)).Only(ctx))
		if err != nil {
			return err
		}
		if err := atHome(ctx, tx, row); err != nil {
			return err
		}
		everywhere := actor.System(ctx, "a user who goes is taken from every client, with his sessions there and what refers to him")
		clients, err := memberOf(everywhere, tx, row.ID)
		if err != nil {
			return err
		}
		return s.guards.KeepAdministrator(ctx, tx, clients, "input.id", func() error {
			row, err := s.administered(ctx, tx, cmd.ID)
			if err != nil {
				return err
			}
			if err := apperr.Current(cmd.ExpectedVersion, row.Version); err != nil {
				return err
			}
			// With his row locked he joins no other client. One that he joined before has not been looked at.
			now, err := memberOf(everywhere, tx, row.ID)
			if err == nil && !slices.Equal(now, clients) {
				err = apperr.Outdated("input.id", row.Version)
			}
			if err != nil {
				return err
			}
			return change(everywhere, tx, row)
		})
	})
}

// memberOf lists the clients that a user is a member of, in the order of their ids.
func memberOf(ctx context.Context, tx *ent.Client, id oid.User) ([]oid.Client, error) {
	var clients []oid.Client
	err := tx.Membership.Query().Where(membership.UserID(id)).Order(membership.ByClientID()).Select(membership.FieldClientID).Scan(ctx, &clients)
	if err != nil {
		return nil, fmt.Errorf("identity: read memberships: %w", err)
	}
	return clients, nil
}

// clear deletes what is a user's, and what refers to him refers to nobody. It gives the ids of the sessions that ended.
func (s *Service) clear(ctx context.Context, tx *ent.Client, row *ent.User) ([]oid.Session, error) {
	ended, err := s.endSessions(ctx, tx, session.UserID(row.ID))
	if err != nil {
		return nil, err
	}
	if err := clearMemberships(ctx, tx, membership.UserID(row.ID)); err != nil {
		return nil, err
	}
	if err := dropLinks(ctx, tx, row.ID); err != nil {
		return nil, err
	}
	_, errAttempts := tx.Attempt.Delete().Where(attempt.Account(s.account(row.ID, "", ""))).Exec(ctx)
	errGrants := tx.AccessGrant.Update().Where(accessgrant.GivenByID(row.ID)).ClearGivenBy().Exec(ctx)
	errInvitations := tx.Invitation.Update().Where(invitation.InviterID(row.ID)).ClearInviter().Exec(ctx)
	if err := errors.Join(errAttempts, errGrants, errInvitations); err != nil {
		return nil, fmt.Errorf("identity: clear what refers to a user: %w", err)
	}
	return ended, nil
}

// clearMemberships deletes memberships with their roles; their sessions have ended. Invitations sent by their rights stand
// on none any more.
func clearMemberships(ctx context.Context, tx *ent.Client, which predicate.Membership) error {
	gone, err := tx.Membership.Query().Where(which).IDs(ctx)
	if err != nil {
		return fmt.Errorf("identity: read memberships: %w", err)
	}
	errInvitations := tx.Invitation.Update().Where(invitation.InviterMembershipIDIn(gone...)).ClearInviterMembershipID().Exec(ctx)
	errRoles := tx.Membership.Update().Where(membership.IDIn(gone...)).ClearRoles().Exec(ctx)
	_, errRows := tx.Membership.Delete().Where(membership.IDIn(gone...)).Exec(ctx)
	if err := errors.Join(errInvitations, errRoles, errRows); err != nil {
		return fmt.Errorf("identity: delete memberships: %w", err)
	}
	return nil
}

// dropLinks makes the links void that were mailed to a user.
func dropLinks(ctx context.Context, tx *ent.Client, id oid.User) error {
	if _, err := tx.Link.Delete().Where(link.UserID(id)).Exec(ctx); err != nil {
		return fmt.Errorf("identity: delete links: %w", err)
	}
	return nil
}
