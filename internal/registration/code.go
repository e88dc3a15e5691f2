package registration

import (
	"context"
	"fmt"
	"time"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/registrationcode"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/identity"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/outbox"
)

// CreateCode is a registration code to be made (domain 10.1).
type CreateCode struct {
	Application oid.Application
	Client      oid.Client // at which it is for registering; the caller's client when empty
	Email       *string    // nil: it is given out
	ExpiresAt   *time.Time // nil: in 72 hours
}

func (c *CreateCode) validate(now time.Time) error {
	var errs apperr.Collector
	if c.Email != nil {
		errs.Add(identity.CheckEmail(c.Email))
	}
	if c.ExpiresAt != nil && (!c.ExpiresAt.After(now) || c.ExpiresAt.After(now.Add(codeLastsMax))) {
		errs.Add(apperr.At("input.expiresAt", apperr.Invalid, "a code stops working in the future, within a year"))
	}
	return errs.Err()
}

// CreateCode makes a code (authority Client_CREATE) and gives it, where it is not mailed; it is kept nowhere else. Errors: INVALID,
// NOT_FOUND, NOT_ALLOWED.
func (s *Service) CreateCode(ctx context.Context, cmd CreateCode) (id oid.RegistrationCode, code string, err error) {
	now := actor.From(ctx).Now()
	if err := cmd.validate(now); err != nil {
		return "", "", err
	}
	id = oid.New[oid.RegistrationCode]()
	err = s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		app, client, err := s.held(ctx, tx, cmd.Application, cmd.Client)
		if err != nil {
			return err
		}
		standing, err := s.standing(actor.System(ctx, "whether a client lets people register is asked of what it is, not of who asks"), app, client)
		if err != nil {
			return err
		}
		if !s.rules.Registers(standing) {
			return apperr.At("input.clientId", apperr.NotAllowed, "the client cannot let anybody register: it may not give READ")
		}
		if !s.rules.Grows(app.Status) {
			return apperr.Archived("input.applicationId")
		}
		expires := now.Add(codeLasts)
		if cmd.ExpiresAt != nil {
			expires = *cmd.ExpiresAt
		}
		create := tx.RegistrationCode.Create().SetID(id).SetClientID(client).SetApplicationID(app.ID).SetExpiresAt(expires).
			SetNillableEmail(cmd.Email).SetNillableAuthorID(author(ctx))
		if cmd.Email == nil {
			code = newCode()
			create.SetCodeHash(s.codeHash(app.ID, client, code))
		}
		if err := create.Exec(ctx); err != nil {
			return fmt.Errorf("registration: insert a code: %w", err)
		}
		if cmd.Email != nil {
			event := outbox.Event{Topic: TopicCode, Client: client, Object: string(id), Payload: map[string]any{"registrationCodeId": id}}
			if err := outbox.Write(ctx, s.db, event); err != nil {
				return err
			}
		}
		return audit.Record(ctx, s.db, audit.Event{Client: client, Operation: "registrationCodeCreate", Kind: "RegistrationCode", Object: string(id),
			After: map[string]any{"applicationId": app.ID, "email": cmd.Email, "expiresAt": expires}})
	})
	if err != nil {
		return "", "", err
	}
	return id, code, nil
}

// author is the user who makes something, nil for the platform.
func author(ctx context.Context) *oid.User {
	if u := actor.From(ctx).User; u != "" {
		return &u
	}
	return nil
}

// DeleteCode takes a code back (authority Client_CREATE). Errors: NOT_FOUND.
func (s *Service) DeleteCode(ctx context.Context, id oid.RegistrationCode) (oid.RegistrationCode, error) {
	return id, s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		none := apperr.At("input.id", apperr.NotFound, "no such code")
		row, err := maybe(tx.RegistrationCode.Query().Where(registrationcode.ID(id)).Only(ctx))
		if err != nil {
			return err
		}
		if row == nil {
			return none
		}
		n, err := tx.RegistrationCode.Delete().Where(registrationcode.ID(id)).Exec(ctx)
		if err != nil {
			return fmt.Errorf("registration: delete a code: %w", err)
		}
		if n == 0 {
			return none
		}
		return audit.Record(ctx, s.db, audit.Event{Client: row.ClientID, Operation: "registrationCodeDelete", Kind: "RegistrationCode", Object: string(id),
			Before: map[string]any{"applicationId": row.ApplicationID, "email": row.Email, "expiresAt": row.ExpiresAt, "usedAt": row.UsedAt}})
	})
}
