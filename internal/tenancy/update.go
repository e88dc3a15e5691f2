package tenancy

import (
	"context"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/fold"
	"github.com/appanage/appanage/internal/input"
	"github.com/appanage/appanage/internal/oid"
)

// Update changes what can be changed of a client by itself (domain 1.4). nil fields stay.
type Update struct {
	ID                               oid.Client
	ExpectedVersion                  *int
	Name, Locale, TimeZone, Currency *string
}

// Validate brings the command to canonical form and joins what is wrong with it.
func (c *Update) Validate() error {
	var errs apperr.Collector
	if c.Name != nil {
		input.Name(&errs, "input.name", c.Name)
	}
	if c.Locale != nil {
		checkLocale(&errs, c.Locale)
	}
	if c.TimeZone != nil {
		checkZone(&errs, c.TimeZone)
	}
	if c.Currency != nil {
		checkCurrency(&errs, c.Currency)
	}
	return errs.Err()
}

// Update changes a client (authority Client_UPDATE). Errors: INVALID, NOT_FOUND, CONFLICT.
func (s *Service) Update(ctx context.Context, cmd Update) error {
	if err := cmd.Validate(); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		row, err := s.load(ctx, tx, cmd.ID, "input.id")
		if err != nil {
			return err
		}
		if err := apperr.Current(cmd.ExpectedVersion, row.Version); err != nil {
			return err
		}
		return s.change(ctx, tx, row, cmd)
	})
}

// change writes what differs. A change that changes nothing leaves the version, and no trace.
func (s *Service) change(ctx context.Context, tx *ent.Client, row *ent.Tenant, cmd Update) error {
	update := tx.Tenant.Update()
	e := audit.Event{Operation: "clientUpdate", Before: map[string]any{}, After: map[string]any{}}
	for _, f := range []struct {
		name  string
		now   string
		given *string
		set   func(string) *ent.TenantUpdate
	}{
		{"name", row.Name, cmd.Name, func(v string) *ent.TenantUpdate { return update.SetName(v).SetNameKey(fold.Key(v)) }},
		{"locale", row.Locale, cmd.Locale, update.SetLocale},
		{"timeZone", row.TimeZone, cmd.TimeZone, update.SetTimeZone},
		{"currency", row.Currency, cmd.Currency, update.SetCurrency},
	} {
		if f.given != nil && *f.given != f.now {
			f.set(*f.given)
			e.Before[f.name], e.After[f.name] = f.now, *f.given
		}
	}
	if len(e.After) == 0 {
		return nil
	}
	return s.write(ctx, row, update, e)
}

// SetStatus suspends or resumes a client.
type SetStatus struct {
	ID              oid.Client
	ExpectedVersion *int
}

// Suspend bars the sign-ins and the sessions of a client and of everything below it (authority Client_UPDATE; domain
// 1.5). Errors: NOT_FOUND, NOT_ALLOWED, CONFLICT.
func (s *Service) Suspend(ctx context.Context, cmd SetStatus) error {
	return s.setStatus(ctx, cmd, "clientSuspend", enum.ClientSuspended)
}

// Resume ends the suspension of a client. What is in force is derived from the path, so that everything is as it was: a
// client below it that was suspended on its own stays so (authority Client_UPDATE). Errors: NOT_FOUND, NOT_ALLOWED,
// CONFLICT.
func (s *Service) Resume(ctx context.Context, cmd SetStatus) error {
	return s.setStatus(ctx, cmd, "clientResume", enum.ClientActive)
}

func (s *Service) setStatus(ctx context.Context, cmd SetStatus, operation string, to enum.ClientStatus) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		row, err := s.load(ctx, tx, cmd.ID, "input.id")
		if err != nil {
			return err
		}
		if !s.rules.ChangesStatus(actor.From(ctx).Client, row.ID) {
			return apperr.At("input.id", apperr.NotAllowed, "SYSTEM, and the client one acts for, are neither suspended nor resumed")
		}
		if err := apperr.Current(cmd.ExpectedVersion, row.Version); err != nil {
			return err
		}
		if row.Status == to {
			return nil
		}
		return s.write(ctx, row, tx.Tenant.Update().SetStatus(to), audit.Event{
			Operation: operation, Before: map[string]any{"status": row.Status}, After: map[string]any{"status": to},
		})
	})
}
