package identity

import (
	"context"
	"fmt"
	"strings"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/invitation"
	"github.com/appanage/appanage/ent/membership"
	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/ent/user"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/fold"
	"github.com/appanage/appanage/internal/input"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// Accept accepts an invitation with the secret of its link. Name, UserName, Password and Locale are for a new user; nil
// is absent.
type Accept struct {
	Token                            string
	Name, UserName, Password, Locale *string

	hash string
}

// Validate brings the command to canonical form and joins what is wrong with it.
func (c *Accept) Validate() error {
	var errs apperr.Collector
	if c.Name != nil {
		input.Name(&errs, "input.name", c.Name)
	}
	if c.UserName != nil {
		errs.Add(checkUserName(c.UserName))
	}
	if c.Password != nil {
		errs.Add(checkPassword(*c.Password))
	}
	if c.Locale != nil {
		errs.Add(CheckLocale(c.Locale))
	}
	return errs.Err()
}

// PrepareAccept checks a command and does its slow work, which must not be done within a transaction.
func (s *Service) PrepareAccept(ctx context.Context, cmd Accept) (Accept, error) {
	if err := cmd.Validate(); err != nil || cmd.Password == nil {
		return cmd, err
	}
	ctx = mailed(ctx)
	there, err := s.db.Client(ctx).Invitation.Query().
		Where(invitation.TokenHash(HashToken(cmd.Token)), invitation.StatusEQ(enum.InvitationPending)).Exist(ctx)
	if err != nil {
		return cmd, fmt.Errorf("identity: look for an invitation: %w", err)
	}
	if there {
		cmd.hash, err = hashPassword(ctx, *cmd.Password)
	}
	return cmd, err
}

// Accept makes whoever has the invited address proven, in the client's customer base, a member of the client; where
// there is nobody, the command makes him a user at home there (domain 2.7). Errors: NOT_FOUND (unknown, taken back, or
// the inviter may no longer invite), ALREADY_DONE, EXPIRED, NOT_ALLOWED (signed in as somebody else; suspended), INVALID,
// TAKEN (the user name). The client accepted for is the result.
func (s *Service) Accept(ctx context.Context, cmd Accept) (client oid.Client, err error) {
	caller := actor.From(ctx)
	ctx = mailed(ctx)
	err = s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		row, err := s.invited(ctx, tx, cmd.Token)
		if err != nil {
			return err
		}
		if err := s.mayJoin(ctx, tx, caller, row); err != nil {
			return err
		}
		roles, err := s.offered(ctx, tx, row)
		if err != nil {
			return err
		}
		id, err := s.member(ctx, tx, row, cmd, roles)
		if err != nil {
			return err
		}
		client = row.ClientID
		if !caller.SignedIn() {
			ctx = ByUser(ctx, id, row.ClientID)
		}
		return s.answer(ctx, tx, row, enum.InvitationAccepted, "invitationAccept")
	})
	return client, err
}

// ClientCode is the code of the client that an invitation was accepted for.
func (s *Service) ClientCode(ctx context.Context, id oid.Client) (string, error) {
	ctx = mailed(ctx)
	row, err := s.db.Client(ctx).Tenant.Query().Where(tenant.ID(id)).Only(ctx)
	if err != nil {
		return "", fmt.Errorf("identity: read a client: %w", err)
	}
	return row.Code, nil
}

// mayJoin: somebody signed in accepts only what was offered to his own proven address.
func (s *Service) mayJoin(ctx context.Context, tx *ent.Client, caller *actor.Actor, row *ent.Invitation) error {
	proven := ""
	if caller.SignedIn() {
		u, err := tx.User.Get(ctx, caller.User)
		if err != nil {
			return fmt.Errorf("identity: read the caller: %w", err)
		}
		if u.EmailKey != nil {
			proven = *u.EmailKey
		}
	}
	if !s.rules.Joins(caller.SignedIn(), proven, row.EmailKey) {
		return apperr.At("input.token", apperr.NotAllowed, "the invitation is for another address than yours: sign out, or sign in as whom it is for")
	}
	return nil
}

// member makes the member: of whoever has proven the address, and him alone; else of a new user. Two who are invited by
// one address at once meet at the unique key: the later finds the user of the first.
func (s *Service) member(ctx context.Context, tx *ent.Client, row *ent.Invitation, cmd Accept, roles []oid.Role) (oid.User, error) {
	client, err := tx.Tenant.Query().Where(tenant.ID(row.ClientID)).Only(ctx)
	if err != nil {
		return "", fmt.Errorf("identity: read the invitation's client: %w", err)
	}
	for first := true; ; first = false {
		known, err := store.ForUpdate(s.db, tx.User.Query().Where(user.BaseID(client.BaseID), user.EmailKey(row.EmailKey))).Only(ctx)
		if err == nil {
			return known.ID, s.join(ctx, tx, known, row, roles)
		}
		if !ent.IsNotFound(err) {
			return "", fmt.Errorf("identity: look for the address: %w", err)
		}
		id, err := s.newcomer(ctx, tx, client, row, cmd, roles)
		if !strings.HasSuffix(store.UniqueKey(err), ",email_key") || !first {
			return id, err
		}
	}
}

// join makes a user a member of a further client.
func (s *Service) join(ctx context.Context, tx *ent.Client, u *ent.User, row *ent.Invitation, roles []oid.Role) error {
	if u.Status == enum.UserSuspended {
		return apperr.At("input.token", apperr.NotAllowed, "the user with this address is suspended")
	}
	already := apperr.At("input.token", apperr.AlreadyDone, "the user with this address is a member already")
	there, err := tx.Membership.Query().Where(membership.ClientID(row.ClientID), membership.UserID(u.ID)).Exist(ctx)
	if err != nil {
		return fmt.Errorf("identity: look for a membership: %w", err)
	}
	if there {
		return already
	}
	_, err = s.addMember(ctx, tx, u, row.ClientID, roles, "invitationAccept")
	if store.IsUnique(err) {
		return already
	}
	return err
}

// newcomer makes a user at home in the client. The link has proven his address.
func (s *Service) newcomer(ctx context.Context, tx *ent.Client, client *ent.Tenant, row *ent.Invitation, cmd Accept, roles []oid.Role) (oid.User, error) {
	if err := cmd.complete(); err != nil {
		return "", err
	}
	id, locale := oid.New[oid.User](), client.Locale
	if cmd.Locale != nil {
		locale = *cmd.Locale
	}
	create := tx.User.Create().SetID(id).SetClientID(client.ID).SetBaseID(client.BaseID).SetName(*cmd.Name).SetNameKey(fold.Key(*cmd.Name)).
		SetLocale(locale).SetEmail(row.Email).SetEmailKey(row.EmailKey).SetPasswordHash(cmd.hash).SetStatus(enum.UserActive)
	if cmd.UserName != nil {
		create.SetUserName(*cmd.UserName).SetUserNameKey(Canonical(*cmd.UserName))
	}
	err := create.Exec(ctx)
	if strings.HasSuffix(store.UniqueKey(err), ",user_name_key") {
		return "", apperr.At("input.userName", apperr.Taken, "already taken")
	}
	if err != nil {
		return "", fmt.Errorf("identity: insert an invited user: %w", err)
	}
	err = tx.Membership.Create().SetClientID(client.ID).SetUserID(id).SetHome(true).AddRoleIDs(roles...).Exec(ctx)
	if err != nil {
		return "", fmt.Errorf("identity: insert the home membership: %w", err)
	}
	after := map[string]any{"name": *cmd.Name, "email": row.Email, "emailProven": true, "password": masked, "roleIds": roles}
	if cmd.UserName != nil {
		after["userName"] = *cmd.UserName
	}
	return id, audit.Record(ByUser(ctx, id, client.ID), s.db, audit.Event{
		Client: client.ID, Operation: "invitationAccept", Kind: "User", Object: string(id), After: after,
	})
}

// complete asks for what a new user needs.
func (c *Accept) complete() error {
	var errs apperr.Collector
	if c.Name == nil {
		errs.Add(apperr.At("input.name", apperr.Invalid, "a new user needs a name"))
	}
	if c.hash == "" {
		errs.Add(apperr.At("input.password", apperr.Invalid, "a new user needs a password"))
	}
	return errs.Err()
}
