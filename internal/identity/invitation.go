package identity

import (
	"context"
	"fmt"
	"slices"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/invitation"
	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/outbox"
	"github.com/appanage/appanage/internal/scope"
	"github.com/appanage/appanage/internal/store"
)

// Invite offers a membership to an e-mail address (domain 2.7).
type Invite struct {
	Client oid.Client // the caller's own when empty
	Email  string
	Roles  []oid.Role
}

// Validate brings the command to canonical form and joins what is wrong with it.
func (c *Invite) Validate() error {
	var errs apperr.Collector
	errs.Add(CheckEmail(&c.Email))
	return errs.Err()
}

// Invite makes an invitation and has it mailed (authority User_CREATE). Nothing here looks whether the address is known,
// so nothing can tell. Errors: INVALID, NOT_FOUND, NOT_ALLOWED (a role).
func (s *Service) Invite(ctx context.Context, cmd Invite) (oid.Invitation, error) {
	if err := cmd.Validate(); err != nil {
		return "", err
	}
	a := actor.From(ctx)
	if cmd.Client == "" {
		cmd.Client = a.Client
	}
	id, roles := oid.New[oid.Invitation](), slices.Compact(slices.Sorted(slices.Values(cmd.Roles)))
	return id, s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		client, err := tx.Tenant.Query().Where(tenant.ID(cmd.Client), scope.Listed(ctx, "Tenant")).Only(ctx)
		if ent.IsNotFound(err) {
			return apperr.At("input.clientId", apperr.NotFound, "no such client")
		}
		if err != nil {
			return fmt.Errorf("identity: read the client: %w", err)
		}
		if err := s.guards.MayAssign(ctx, tx, client.ID, cmd.Roles, "input.roleIds"); err != nil {
			return err
		}
		err = tx.Invitation.Create().SetID(id).SetClientID(client.ID).SetEmail(cmd.Email).SetEmailKey(Canonical(cmd.Email)).
			SetInviterID(a.User).SetInviterMembershipID(a.Membership).SetExpiresAt(a.Now().Add(invitationLasts)).AddRoleIDs(roles...).Exec(ctx)
		if err != nil {
			return fmt.Errorf("identity: insert an invitation: %w", err)
		}
		err = outbox.Write(ctx, s.db, outbox.Event{
			Topic: TopicInvitation, Client: client.ID, Object: string(id), Payload: map[string]any{"invitationId": id},
		})
		if err != nil {
			return err
		}
		return audit.Record(ctx, s.db, audit.Event{Client: client.ID, Operation: "invitationCreate", Kind: "Invitation", Object: string(id),
			After: map[string]any{"email": cmd.Email, "roleIds": roles}})
	})
}

// DeleteInvitation takes an invitation back (authority User_CREATE). Errors: NOT_FOUND.
func (s *Service) DeleteInvitation(ctx context.Context, id oid.Invitation) (oid.Invitation, error) {
	return id, s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		row, err := store.ForUpdate(s.db, tx.Invitation.Query().Where(invitation.ID(id))).Only(ctx)
		if ent.IsNotFound(err) {
			return apperr.At("input.id", apperr.NotFound, "no such invitation")
		}
		if err != nil {
			return fmt.Errorf("identity: read an invitation: %w", err)
		}
		roles, err := row.QueryRoles().IDs(ctx)
		if err != nil {
			return fmt.Errorf("identity: read an invitation's roles: %w", err)
		}
		if err := row.Update().ClearRoles().Exec(ctx); err != nil {
			return fmt.Errorf("identity: clear an invitation's roles: %w", err)
		}
		if err := tx.Invitation.DeleteOne(row).Exec(ctx); err != nil {
			return fmt.Errorf("identity: delete an invitation: %w", err)
		}
		return audit.Record(ctx, s.db, audit.Event{Client: row.ClientID, Operation: "invitationDelete", Kind: "Invitation", Object: string(id),
			Before: map[string]any{"email": row.Email, "status": row.Status, "roleIds": roles}})
	})
}

// Decline declines an invitation with the secret of its link, whoever has it. Errors: NOT_FOUND, ALREADY_DONE, EXPIRED.
func (s *Service) Decline(ctx context.Context, token string) (id oid.Invitation, err error) {
	ctx = mailed(ctx)
	err = s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		row, err := s.invited(ctx, tx, token)
		if err != nil {
			return err
		}
		id = row.ID
		return s.answer(ctx, tx, row, enum.InvitationDeclined, "invitationDecline")
	})
	return id, err
}

// errInvitation answers for a secret that opens nothing.
func errInvitation() *apperr.Error {
	return apperr.At("input.token", apperr.NotFound, "this invitation does not work: it is unknown, or was taken back")
}

// invited gives the pending invitation of a secret. It is locked, and its client before it.
func (s *Service) invited(ctx context.Context, tx *ent.Client, token string) (*ent.Invitation, error) {
	by := invitation.TokenHash(HashToken(token))
	client, err := tx.Invitation.Query().Where(by).QueryClient().OnlyID(ctx)
	if ent.IsNotFound(err) {
		return nil, errInvitation()
	}
	if err != nil {
		return nil, fmt.Errorf("identity: find an invitation: %w", err)
	}
	if _, err := store.ForUpdate(s.db, tx.Tenant.Query().Where(tenant.ID(client))).Only(ctx); err != nil {
		return nil, fmt.Errorf("identity: read the invitation's client: %w", err)
	}
	row, err := store.ForUpdate(s.db, tx.Invitation.Query().Where(by)).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, errInvitation()
	}
	if err != nil {
		return nil, fmt.Errorf("identity: read an invitation: %w", err)
	}
	switch row.Status.At(row.ExpiresAt, actor.From(ctx).Now()) {
	case enum.InvitationPending:
		return row, nil
	case enum.InvitationExpired:
		return nil, apperr.At("input.token", apperr.Expired, "this invitation has expired")
	default:
		return nil, apperr.At("input.token", apperr.AlreadyDone, "this invitation has been answered")
	}
}

// answer writes down what became of an invitation: once, for it is locked and was pending.
func (s *Service) answer(ctx context.Context, tx *ent.Client, row *ent.Invitation, status enum.InvitationStatus, operation string) error {
	n, err := tx.Invitation.Update().Where(invitation.ID(row.ID), invitation.StatusEQ(enum.InvitationPending)).SetStatus(status).AddVersion(1).Save(ctx)
	if err != nil {
		return fmt.Errorf("identity: answer an invitation: %w", err)
	}
	if n != 1 {
		return apperr.At("input.token", apperr.AlreadyDone, "this invitation has been answered")
	}
	return audit.Record(ctx, s.db, audit.Event{Client: row.ClientID, Operation: operation, Kind: "Invitation", Object: string(row.ID),
		Before: map[string]any{"status": row.Status}, After: map[string]any{"status": status}})
}
