package identity

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/fold"
	"github.com/appanage/appanage/internal/input"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/scope"
	"github.com/appanage/appanage/internal/store"
)

// CreateUser is a user to be made.
type CreateUser struct {
	Client   oid.Client // home; the caller's client when empty
	Name     string
	UserName string
	Email    string // contact data, or with EmailProven an identifier
	Phone    string
	Locale   string // the home client's when empty
	Password string
	// Invited is a user without a password: he is mailed a link to set one.
	Invited bool
	// EmailProven and PhoneProven say that whoever calls vouches for the address: the operator of the platform.
	EmailProven, PhoneProven bool
	Roles                    []oid.Role // of the home membership

	hash *string
}

// Validate brings the command to canonical form and joins what is wrong with it.
func (c *CreateUser) Validate() error {
	var errs apperr.Collector
	input.Name(&errs, "input.name", &c.Name)
	if c.UserName == "" && c.Email == "" && c.Phone == "" {
		errs.Add(errNoIdentifier("input.userName"))
	}
	if c.UserName != "" {
		errs.Add(checkUserName(&c.UserName))
	}
	if c.Email != "" {
		errs.Add(CheckEmail(&c.Email))
	}
	if c.Phone != "" {
		errs.Add(CheckPhone(&c.Phone))
	}
	if c.Locale != "" {
		errs.Add(CheckLocale(&c.Locale))
	}
	switch {
	case !c.Invited:
		errs.Add(checkPassword(c.Password))
	case c.Email == "":
		errs.Add(apperr.At("input.email", apperr.Invalid, "a user without a password is mailed a link to set one: he needs an e-mail address"))
	}
	return errs.Err()
}

func errNoIdentifier(path string) *apperr.Error {
	return apperr.At(path, apperr.Invalid, "a user has a user name, an e-mail address or a phone number")
}

// PrepareUser checks a command and does its slow work, which is better not done within a transaction.
func (s *Service) PrepareUser(ctx context.Context, cmd CreateUser) (CreateUser, error) {
	if err := cmd.Validate(); err != nil || cmd.Invited || cmd.hash != nil {
		return cmd, err
	}
	hash, err := hashPassword(ctx, cmd.Password)
	cmd.hash = &hash
	return cmd, err
}

// CreateUser makes a user with his home membership (authority User_CREATE). Errors: INVALID, NOT_FOUND (the client, a
// role), NOT_ALLOWED (a role), TAKEN (an identifier).
func (s *Service) CreateUser(ctx context.Context, cmd CreateUser) (oid.User, error) {
	cmd, err := s.PrepareUser(ctx, cmd)
	if err != nil {
		return "", err
	}
	if cmd.Client == "" {
		cmd.Client = actor.From(ctx).Client
	}
	id := oid.New[oid.User]()
	err = s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		home, err := store.ForUpdate(s.db, tx.Tenant.Query().Where(tenant.ID(cmd.Client), scope.Listed(ctx, "Tenant"))).Only(ctx)
		if ent.IsNotFound(err) {
			return apperr.At("input.clientId", apperr.NotFound, "no such client")
		}
		if err != nil {
			return fmt.Errorf("identity: read the home client: %w", err)
		}
		return s.insert(ctx, tx, id, home, cmd)
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

func (s *Service) insert(ctx context.Context, tx *ent.Client, id oid.User, home *ent.Tenant, cmd CreateUser) error {
	if err := s.guards.MayAssign(ctx, tx, home.ID, cmd.Roles, "input.roleIds"); err != nil {
		return err
	}
	roles := slices.Compact(slices.Sorted(slices.Values(cmd.Roles)))
	user, err := insertUser(ctx, tx, id, home, cmd)
	if err != nil {
		return err
	}
	membership := tx.Membership.Create().SetClientID(home.ID).SetUserID(id).SetHome(true).AddRoleIDs(roles...)
	if err := membership.Exec(ctx); err != nil {
		return fmt.Errorf("identity: insert the home membership: %w", err)
	}
	if cmd.Invited {
		if err := s.mailWelcome(ctx, tx, user); err != nil {
			return err
		}
	}
	return audit.Record(ctx, s.db, audit.Event{Client: home.ID, Operation: "userCreate", Kind: "User", Object: string(id),
		After: map[string]any{
			"name": user.Name, "userName": user.UserName, "email": user.Email, "emailProven": user.EmailKey != nil, "phone": user.Phone,
			"phoneProven": user.PhoneKey != nil, "locale": user.Locale, "status": user.Status, "roleIds": roles,
		}})
}

func insertUser(ctx context.Context, tx *ent.Client, id oid.User, home *ent.Tenant, cmd CreateUser) (*ent.User, error) {
	create := tx.User.Create().SetID(id).SetClientID(home.ID).SetBaseID(home.BaseID).SetName(cmd.Name).SetNameKey(fold.Key(cmd.Name)).
		SetLocale(home.Locale).SetNillablePasswordHash(cmd.hash).SetStatus(enum.UserActive)
	if cmd.Locale != "" {
		create.SetLocale(cmd.Locale)
	}
	if cmd.Invited {
		create.SetStatus(enum.UserInvited)
	}
	if cmd.UserName != "" {
		create.SetUserName(cmd.UserName).SetUserNameKey(Canonical(cmd.UserName))
	}
	if cmd.Email != "" {
		create.SetEmail(cmd.Email)
		if cmd.EmailProven {
			create.SetEmailKey(Canonical(cmd.Email))
		}
	}
	if cmd.Phone != "" {
		create.SetPhone(cmd.Phone)
		if cmd.PhoneProven {
			create.SetPhoneKey(Canonical(cmd.Phone))
		}
	}
	user, err := create.Save(ctx)
	if taken := errTaken(err); taken != nil {
		return nil, taken
	}
	if err != nil {
		return nil, fmt.Errorf("identity: insert a user: %w", err)
	}
	return user, nil
}

// errTaken tells which identifier somebody else of the customer base has; nil where it is not that.
func errTaken(err error) error {
	key := store.UniqueKey(err)
	for column, field := range map[string]string{"user_name_key": "userName", "email_key": "email", "phone_key": "phone"} {
		if strings.HasSuffix(key, ","+column) {
			return apperr.At("input."+field, apperr.Taken, "already taken")
		}
	}
	return nil
}
