package identity

import (
	"context"
	"fmt"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/ent/user"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/fold"
	"github.com/appanage/appanage/internal/input"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/scope"
	"github.com/appanage/appanage/internal/store"
)

// UpdateUser changes what can be changed of a user. nil fields stay.
type UpdateUser struct {
	ID              oid.User
	ExpectedVersion *int
	Name, Locale    *string
	// An identifier that is set and nil is taken away.
	SetUserName, SetEmail, SetPhone bool
	UserName, Email, Phone          *string
}

// Validate brings the command to canonical form and joins what is wrong with it.
func (c *UpdateUser) Validate() error {
	var errs apperr.Collector
	if c.Name != nil {
		input.Name(&errs, "input.name", c.Name)
	}
	if c.Locale != nil {
		errs.Add(CheckLocale(c.Locale))
	}
	if c.UserName != nil {
		errs.Add(checkUserName(c.UserName))
	}
	if c.Email != nil {
		errs.Add(CheckEmail(c.Email))
	}
	if c.Phone != nil {
		errs.Add(CheckPhone(c.Phone))
	}
	return errs.Err()
}

// UpdateUser changes a user whose home client is in scope (authority User_UPDATE; domain 2.5). Errors: INVALID, TAKEN (the
// user name), NOT_FOUND, NOT_ALLOWED, CONFLICT.
func (s *Service) UpdateUser(ctx context.Context, cmd UpdateUser) error {
	if err := cmd.Validate(); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		row, err := s.administered(ctx, tx, cmd.ID)
		if err != nil {
			return err
		}
		if err := apperr.Current(cmd.ExpectedVersion, row.Version); err != nil {
			return err
		}
		c := changeOf(tx, row)
		c.profile(cmd.Name, cmd.Locale)
		c.identifiers(cmd)
		if path := c.changedIdentifier(); path != "" {
			if err := s.guards.MayTakeOver(ctx, tx, row.ID, path); err != nil {
				return err
			}
			if c.left() == 0 {
				return errNoIdentifier(path)
			}
		}
		return s.saveWithLinks(ctx, tx, c)
	})
}

// saveWithLinks makes links void that were mailed to another address than the one he has now.
func (s *Service) saveWithLinks(ctx context.Context, tx *ent.Client, c *change) error {
	if err := s.save(ctx, c, "userUpdate"); err != nil {
		return err
	}
	if _, changes := c.after["email"]; !changes {
		return nil
	}
	return dropLinks(actor.System(ctx, "mailed links are the platform's own"), tx, c.row.ID)
}

// UpdateSelf changes the caller's own name and locale. nil fields stay.
type UpdateSelf struct {
	ExpectedVersion *int
	Name, Locale    *string
}

// UpdateSelf is what a user may change himself, wherever he acts (domain 2.5). Errors: INVALID, CONFLICT.
func (s *Service) UpdateSelf(ctx context.Context, cmd UpdateSelf) (oid.User, error) {
	id := actor.From(ctx).User
	valid := UpdateUser{Name: cmd.Name, Locale: cmd.Locale}
	if err := valid.Validate(); err != nil {
		return "", err
	}
	return id, s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		ctx = actor.System(ctx, "a user may change himself, also where his home is not in scope")
		row, err := s.lock(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := apperr.Current(cmd.ExpectedVersion, row.Version); err != nil {
			return err
		}
		c := changeOf(tx, row)
		c.profile(cmd.Name, cmd.Locale)
		return s.save(ctx, c, "viewerUpdate")
	})
}

// lock reads a user and locks him.
func (s *Service) lock(ctx context.Context, tx *ent.Client, id oid.User) (*ent.User, error) {
	return one(store.ForUpdate(s.db, tx.User.Query().Where(user.ID(id))).Only(ctx))
}

// one is the user that a command names.
func one(row *ent.User, err error) (*ent.User, error) {
	if ent.IsNotFound(err) {
		return nil, apperr.At("input.id", apperr.NotFound, "no such user")
	}
	if err != nil {
		return nil, fmt.Errorf("identity: read a user: %w", err)
	}
	return row, nil
}

// administered locks a user whose home client is in scope.
func (s *Service) administered(ctx context.Context, tx *ent.Client, id oid.User) (*ent.User, error) {
	row, err := s.lock(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	return row, atHome(ctx, tx, row)
}

// atHome asks that a user's home client is in scope: by those who see a member only, he is not to be changed.
func atHome(ctx context.Context, tx *ent.Client, row *ent.User) error {
	in, err := tx.Tenant.Query().Where(tenant.ID(row.ClientID), scope.Listed(ctx, "Tenant")).Exist(ctx)
	if err != nil {
		return fmt.Errorf("identity: look for the home client: %w", err)
	}
	if !in {
		return apperr.At("input.id", apperr.NotAllowed, "only administrators of his home client may do this")
	}
	return nil
}

// change is what differs from a user's row.
type change struct {
	row           *ent.User
	update        *ent.UserUpdate
	before, after map[string]any
}

func changeOf(tx *ent.Client, row *ent.User) *change {
	update := tx.User.Update().Where(user.ID(row.ID), user.Version(row.Version)).AddVersion(1)
	return &change{row: row, update: update, before: map[string]any{}, after: map[string]any{}}
}

func (c *change) note(field string, before, after any) {
	c.before[field], c.after[field] = before, after
}

func (c *change) profile(name, locale *string) {
	if name != nil && *name != c.row.Name {
		c.update.SetName(*name).SetNameKey(fold.Key(*name))
		c.note("name", c.row.Name, *name)
	}
	if locale != nil && *locale != c.row.Locale {
		c.update.SetLocale(*locale)
		c.note("locale", c.row.Locale, *locale)
	}
}

// identifiers: a user name identifies at once; another address is contact data until it is proven (domain 2.1). The same
// one, written otherwise, stays proven.
func (c *change) identifiers(cmd UpdateUser) {
	if cmd.SetUserName && !same(cmd.UserName, c.row.UserName) {
		c.update.ClearUserName().ClearUserNameKey()
		if cmd.UserName != nil {
			c.update.SetUserName(*cmd.UserName).SetUserNameKey(Canonical(*cmd.UserName))
		}
		c.note("userName", c.row.UserName, cmd.UserName)
	}
	if cmd.SetEmail && !same(cmd.Email, c.row.Email) {
		c.update.ClearEmail().SetNillableEmail(cmd.Email)
		if cmd.Email == nil || c.row.EmailKey != nil && Canonical(*cmd.Email) != *c.row.EmailKey {
			c.update.ClearEmailKey()
		}
		c.note("email", c.row.Email, cmd.Email)
	}
	if cmd.SetPhone && !same(cmd.Phone, c.row.Phone) {
		c.update.ClearPhone().SetNillablePhone(cmd.Phone)
		if cmd.Phone == nil || c.row.PhoneKey != nil && Canonical(*cmd.Phone) != *c.row.PhoneKey {
			c.update.ClearPhoneKey()
		}
		c.note("phone", c.row.Phone, cmd.Phone)
	}
}

func same(a, b *string) bool {
	return a == nil && b == nil || a != nil && b != nil && *a == *b
}

// changedIdentifier is the path of the first identifier that changes, or "".
func (c *change) changedIdentifier() string {
	for _, field := range []string{"userName", "email", "phone"} {
		if _, changes := c.after[field]; changes {
			return "input." + field
		}
	}
	return ""
}

// left counts the identifiers that the user has after the change.
func (c *change) left() (n int) {
	for field, stored := range map[string]*string{"userName": c.row.UserName, "email": c.row.Email, "phone": c.row.Phone} {
		if to, changes := c.after[field]; changes {
			stored, _ = to.(*string)
		}
		if stored != nil {
			n++
		}
	}
	return n
}

// save writes what differs. A change that changes nothing leaves the version, and no trace.
func (s *Service) save(ctx context.Context, c *change, operation string) error {
	if len(c.after) == 0 {
		return nil
	}
	n, err := c.update.Save(ctx)
	if taken := errTaken(err); taken != nil {
		return taken
	}
	if err != nil {
		return fmt.Errorf("identity: update a user: %w", err)
	}
	if n == 0 {
		return apperr.Outdated("input.expectedVersion", c.row.Version+1)
	}
	return audit.Record(ctx, s.db, audit.Event{
		Client: c.row.ClientID, Operation: operation, Kind: "User", Object: string(c.row.ID), Before: c.before, After: c.after,
	})
}
