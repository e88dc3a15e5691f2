package graph

import (
	"context"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/invitation"
	"github.com/appanage/appanage/graph/model"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/identity"
	"github.com/appanage/appanage/internal/oid"
)

func (r *Resolver) createInvitation(ctx context.Context, input model.InvitationCreateInput) (oid.Invitation, error) {
	var errs apperr.Collector
	client, err := optionalID[oid.Client]("input.clientId", input.ClientID)
	errs.AddErr(err)
	roles, err := parseIDs[oid.Role]("input.roleIds", input.RoleIds.Value())
	errs.AddErr(err)
	if err := errs.Err(); err != nil {
		return "", err
	}
	return r.Identity.Invite(ctx, identity.Invite{Client: client, Email: input.Email, Roles: roles})
}

func (r *Resolver) deleteInvitation(ctx context.Context, input model.InvitationDeleteInput) (oid.Invitation, error) {
	id, err := parseID[oid.Invitation]("input.id", input.ID)
	if err != nil {
		return "", err
	}
	return r.Identity.DeleteInvitation(ctx, id)
}

// acceptInvitation gives the code of the client. The password is hashed before the transaction that a request's key may
// begin.
func (r *Resolver) acceptInvitation(ctx context.Context, input model.InvitationAcceptInput) (*string, []*model.UserError, error) {
	cmd, failed := r.Identity.PrepareAccept(ctx, identity.Accept{
		Token: input.Token, Name: input.Name.Value(), UserName: input.UserName.Value(), Password: input.Password.Value(), Locale: input.Locale.Value(),
	})
	client, errs, err := done(ctx, r, func(ctx context.Context) (oid.Client, error) {
		if failed != nil {
			return "", failed
		}
		return r.Identity.Accept(ctx, cmd)
	})
	if err != nil || len(errs) > 0 {
		return nil, errs, err
	}
	code, err := r.Identity.ClientCode(ctx, client)
	return &code, errs, err
}

// setPassword hashes the password before the transaction that a request's key may begin.
func (r *Resolver) setPassword(ctx context.Context, input model.PasswordSetInput) ([]*model.UserError, error) {
	cmd, failed := r.Identity.PrepareSetPassword(ctx, identity.SetPassword{Token: input.Token, Password: input.Password})
	_, errs, err := done(ctx, r, func(ctx context.Context) (oid.User, error) {
		if failed != nil {
			return "", failed
		}
		id, ended, err := r.Identity.SetPassword(ctx, cmd)
		r.forget(ctx, ended)
		return id, err
	})
	return errs, err
}

func (r *Resolver) resetPassword(ctx context.Context, input model.UserPasswordResetInput) (oid.User, error) {
	id, err := parseID[oid.User]("input.id", input.ID)
	if err != nil {
		return "", err
	}
	return r.Identity.ResetPassword(ctx, id)
}

// invitationByID reads an invitation for a payload.
func (r *Resolver) invitationByID(ctx context.Context, id oid.Invitation) (*ent.Invitation, error) {
	return r.DB.Client(ctx).Invitation.Query().Where(invitation.ID(id)).Only(ctx)
}
