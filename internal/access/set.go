package access

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/fold"
	"github.com/appanage/appanage/internal/input"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// longestReason is the longest reason, in characters.
const longestReason = 256

// lastYear is the last one that both engines can keep, and RFC 3339 can write.
const lastYear = 9999

// Set gives a client access to an application, changes the access it has, or bars it (domain 5.1, 5.3).
type Set struct {
	Application oid.Application
	// Client or Code names the client: exactly one of them.
	Client oid.Client
	Code   string
	Level  enum.AccessLevel
	// ExpiresAt is set when SetExpiry is: nil is never.
	SetExpiry  bool
	ExpiresAt  *time.Time
	Reason     *string // nil: as it was
	Embeddable *bool   // nil: as it was
	// ExpectedVersion of the grant; 0: there is none.
	ExpectedVersion *int
}

// Validate brings the command to canonical form and joins what is wrong with it, at an instant.
func (c *Set) Validate(now time.Time) error {
	var errs apperr.Collector
	c.Code = strings.TrimSpace(c.Code)
	if (c.Client == "") == (c.Code == "") {
		errs.Add(apperr.At("input.clientId", apperr.Invalid, "name the client by exactly one of `clientId` and `clientCode`"))
	}
	input.Word(&errs, "input.level", c.Level)
	if until := c.ExpiresAt; until != nil {
		switch {
		case c.Level == enum.LevelBarred:
			errs.Add(apperr.At("input.expiresAt", apperr.Invalid, "a bar has no end: it is lifted, or another level is set"))
		case !until.After(now) || until.UTC().Year() > lastYear:
			errs.Add(apperr.At("input.expiresAt", apperr.Invalid, "access ends in the future, before the year %d", lastYear+1))
		}
	}
	if c.Reason != nil {
		*c.Reason = fold.Text(*c.Reason)
		if utf8.RuneCountInString(*c.Reason) > longestReason || strings.ContainsFunc(*c.Reason, unicode.IsControl) {
			errs.Add(apperr.At("input.reason", apperr.Invalid, "a reason is one line of at most %d characters", longestReason))
		}
	}
	return errs.Err()
}

// path is where the input names the client.
func (c *Set) path() string {
	if c.Code != "" {
		return "input.clientCode"
	}
	return "input.clientId"
}

// Set sets the access of a client (authority Application_UPDATE) and gives the grant's id. Errors: INVALID, NOT_FOUND,
// NOT_ALLOWED, CONFLICT.
func (s *Service) Set(ctx context.Context, cmd Set) (id oid.AccessGrant, err error) {
	if err := cmd.Validate(actor.From(ctx).Now()); err != nil {
		return "", err
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		d, err := s.read(ctx, tx, cmd)
		if err != nil {
			return err
		}
		lent, err := s.mayGive(d)
		if err != nil {
			return err
		}
		if cmd.Level != enum.LevelBarred && !s.rules.Grows(d.app.Status) {
			return apperr.Archived("input.applicationId")
		}
		if d.to.Client == d.app.ClientID {
			return apperr.At(cmd.path(), apperr.NotAllowed, "the owner writes without a grant")
		}
		if err := current(d.stored, cmd.ExpectedVersion); err != nil {
			return err
		}
		id, err = s.write(ctx, tx, change{
			operation: "accessGrantSet", app: d.app.ID, client: d.to.Client, stored: d.stored, giver: Grant(d.own), beyond: !d.to.InScope,
			to: cmd.terms(d.stored, lent, d.caller.Client),
		})
		return err
	})
	return id, err
}

// reached tells whether the client named is in the caller's scope. Of one that lends, the tree is asked, which is held: the
// scope is some moments old, and what is lent to a client that has moved away meanwhile would never fall asleep.
func (s *Service) reached(ctx context.Context, tx *ent.Client, d *decision) (bool, error) {
	if d.caller.Rules || d.to.Client == d.caller.Client {
		return store.InScope(ctx, tx, d.to.Client)
	}
	return s.manages(ctx, d.caller.Client, d.to.Client)
}

// terms are those that are stored, or of a new grant, with what the command changes. A bar has no end.
func (c *Set) terms(stored *ent.AccessGrant, lent bool, giver oid.Client) terms {
	var t terms
	if stored != nil {
		t = termsOf(stored)
	}
	t.level, t.lent, t.giver = c.Level, lent, giver
	if c.SetExpiry || c.Level == enum.LevelBarred {
		t.until = c.ExpiresAt
	}
	if c.Reason != nil {
		t.reason = *c.Reason
	}
	if c.Embeddable != nil {
		t.embeddable = *c.Embeddable
	}
	return t
}

// decision is what a Set is decided on, as it is stored.
type decision struct {
	cmd    Set
	app    *ent.Application
	caller authz.Caller
	known  bool // there is such a client, and by its id the caller can see it
	to     authz.Grantee
	own    *ent.AccessGrant // of the caller's client
	stored *ent.AccessGrant // of the client named
}

func (s *Service) read(ctx context.Context, tx *ent.Client, cmd Set) (*decision, error) {
	d := &decision{cmd: cmd}
	base, err := s.named(ctx, tx, d)
	if err != nil {
		return nil, err
	}
	d.app, err = store.ForUpdate(s.db, tx.Application.Query().Where(application.ID(cmd.Application))).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, noApplication()
	}
	if err != nil {
		return nil, fmt.Errorf("access: read the application: %w", err)
	}
	me := actor.From(ctx).Client
	grants, err := s.grantsOf(ctx, tx, d.app.ID, me, d.to.Client)
	if err != nil {
		return nil, err
	}
	d.own, d.stored = grants[me], grants[d.to.Client]
	d.caller = authz.Caller{Client: me, Access: authz.Access(d.app.ClientID, me, Grant(d.own), actor.From(ctx).Now())}
	if d.caller.Rules, err = store.InScope(ctx, tx, d.app.ClientID); err != nil || !d.known {
		return d, err
	}
	if d.to.InScope, err = s.reached(ctx, tx, d); err != nil {
		return nil, err
	}
	var of string
	_, err = s.one(ctx, []any{&of}, "SELECT base_id FROM clients WHERE id = ?", d.app.ClientID)
	d.to.InBase = of == base
	return d, err
}

// named finds the client that a command names, whoever may see it where it is named by its code, and keeps it from going
// meanwhile. It gives the client's customer base, which never changes.
func (s *Service) named(ctx context.Context, tx *ent.Client, d *decision) (base string, err error) {
	d.to.Client = d.cmd.Client
	if d.cmd.Code != "" {
		if _, err := s.one(ctx, []any{&d.to.Client}, "SELECT id FROM clients WHERE code = ?", d.cmd.Code); err != nil {
			return "", err
		}
	}
	if err := s.keep(ctx, d.to.Client, actor.From(ctx).Client); err != nil {
		return "", err
	}
	d.known, err = s.one(ctx, []any{&base}, "SELECT base_id FROM clients WHERE id = ?", d.to.Client)
	if err != nil || d.cmd.Code != "" || !d.known {
		return base, err
	}
	d.known, err = tx.Tenant.Query().Where(tenant.ID(d.to.Client)).Exist(ctx)
	if err != nil {
		return "", fmt.Errorf("access: read the client: %w", err)
	}
	return base, nil
}

// mayGive decides whether the caller may set the access, and whether he lends it.
func (s *Service) mayGive(d *decision) (lent bool, err error) {
	app := Facts(d.app)
	loan := authz.Loan{To: d.to, Level: d.cmd.Level, Embeddable: d.cmd.Embeddable != nil && *d.cmd.Embeddable}
	if d.stored != nil {
		loan.Stored = &authz.Given{Client: d.stored.ClientID, Level: d.stored.Level, Giver: d.stored.GiverID, Lent: d.stored.Lent}
	}
	switch {
	case d.known && s.rules.Grants(d.caller, d.to):
		return false, nil
	case d.known && s.rules.Lends(d.caller, app, loan):
		return true, nil
	case !authz.MayGrant(d.caller, app):
		return false, apperr.At("input.applicationId", apperr.NotAllowed,
			"access is given by the owner, the clients managing it and SYSTEM, and READ by a client with write access to those below it")
	case !d.known || d.caller.Rules || !d.to.InScope:
		return false, apperr.At(d.cmd.path(), apperr.NotFound, "no such client")
	case d.cmd.Level != enum.LevelRead:
		return false, apperr.At("input.level", apperr.NotAllowed, "a client with write access gives READ, and nothing else")
	case loan.Embeddable:
		return false, apperr.At("input.embeddable", apperr.NotAllowed, "that an application may be embedded is for its owner to say")
	case loan.Stored != nil:
		return false, apperr.At(d.cmd.path(), apperr.NotAllowed, "the client has access, or is barred, by somebody else")
	}
	return false, apperr.At(d.cmd.path(), apperr.NotAllowed, "a client does not give access to itself")
}
