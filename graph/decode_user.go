package graph

import (
	"context"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/user"
	"github.com/appanage/appanage/graph/model"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/identity"
	"github.com/appanage/appanage/internal/oid"
)

// userByID reads a user for a payload.
func (r *Resolver) userByID(ctx context.Context, id oid.User) (*ent.User, error) {
	return r.DB.Client(ctx).User.Query().Where(user.ID(id)).Only(ctx)
}

// forget has this node honour sessions no more once their end is committed.
func (r *Resolver) forget(ctx context.Context, ended []oid.Session) {
	r.DB.AfterCommit(ctx, func() {
		for _, id := range ended {
			r.SignedOut(id)
		}
	})
}

// opened runs a command that opens a session, once for an Idempotency-Key. Of its token nothing is kept: a repeat is told
// that it was done.
func (r *Resolver) opened(ctx context.Context, command func(context.Context) (string, oid.Session, error)) (token string, id oid.Session, errs []*model.UserError, err error) {
	_, errs, err = done(ctx, r, func(ctx context.Context) (none oid.Session, err error) {
		token, id, err = command(ctx)
		return none, err
	})
	return token, id, errs, err
}

// newUser decodes a user to be made and prepares the command: hashing a password is no work for a transaction.
func (r *Resolver) newUser(ctx context.Context, input model.UserCreateInput) (identity.CreateUser, error) {
	var errs apperr.Collector
	client, err := optionalID[oid.Client]("input.clientId", input.ClientID)
	errs.AddErr(err)
	roles, err := parseIDs[oid.Role]("input.roleIds", input.RoleIds.Value())
	errs.AddErr(err)
	if err := errs.Err(); err != nil {
		return identity.CreateUser{}, err
	}
	return r.Identity.PrepareUser(ctx, identity.CreateUser{
		Client: client, Name: input.Name, UserName: text(input.UserName), Email: text(input.Email), Phone: text(input.Phone),
		Locale: text(input.Locale), Password: text(input.Password), Invited: input.Password.Value() == nil, Roles: roles,
	})
}

func (r *Resolver) updateUser(ctx context.Context, input model.UserUpdateInput) (oid.User, error) {
	id, err := parseID[oid.User]("input.id", input.ID)
	if err != nil {
		return "", err
	}
	cmd := identity.UpdateUser{ID: id, ExpectedVersion: input.ExpectedVersion.Value(), Name: input.Name.Value(), Locale: input.Locale.Value()}
	cmd.UserName, cmd.SetUserName = input.UserName.ValueOK()
	cmd.Email, cmd.SetEmail = input.Email.ValueOK()
	cmd.Phone, cmd.SetPhone = input.Phone.ValueOK()
	return id, r.Identity.UpdateUser(ctx, cmd)
}

// barUser runs a command that ends all sessions of a user.
func (r *Resolver) barUser(ctx context.Context, id string, version *int, command func(context.Context, identity.UserAt) ([]oid.Session, error)) (oid.User, error) {
	key, err := parseID[oid.User]("input.id", id)
	if err != nil {
		return "", err
	}
	ended, err := command(ctx, identity.UserAt{ID: key, ExpectedVersion: version})
	r.forget(ctx, ended)
	return key, err
}

func (r *Resolver) switchClient(ctx context.Context, input model.SessionSwitchClientInput) (string, oid.Session, error) {
	to, err := parseID[oid.Client]("input.clientId", input.ClientID)
	if err != nil {
		return "", "", err
	}
	token, opened, ended, err := r.Identity.SwitchClient(ctx, to)
	r.forget(ctx, []oid.Session{ended})
	return token, opened, err
}
