package registration

import (
	"context"
	"fmt"
	"time"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/registration"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/identity"
	"github.com/appanage/appanage/internal/outbox"
	"github.com/appanage/appanage/internal/store"
)

// Start begins a registration. nil is absent.
type Start struct {
	Place
	Email, Phone, Locale *string
}

// Begun is what comes of a registration that is begun.
type Begun struct {
	Next     enum.RegistrationStep
	Lifetime time.Duration // of what is sent; 0 for nothing
}

// Expect checks a command, and tells what comes of it. Errors: INVALID, NOT_ALLOWED.
func (s *Service) Expect(ctx context.Context, cmd *Start) (*Begun, error) {
	var errs apperr.Collector
	cmd.validate(&errs, "input.")
	if cmd.Locale != nil {
		errs.Add(identity.CheckLocale(cmd.Locale))
	}
	if err := errs.Err(); err != nil {
		return nil, err
	}
	at, err := s.find(stranger(ctx), cmd.Place)
	if err != nil {
		return nil, err
	}
	if at == nil {
		return nil, closed()
	}
	if email, phone := proves(at.how); email || phone {
		_, _, err := addressOf(at.how, cmd.Email, cmd.Phone)
		return &Begun{Next: enum.StepVerify, Lifetime: at.lifetime}, err
	}
	if at.how == enum.RegisterByCode {
		return &Begun{Next: enum.StepVerify}, nil
	}
	return &Begun{Next: enum.StepComplete}, nil
}

// Start begins a registration. Where an address is to be proven, an event has it sent a secret (domain 10.4): whose it is nobody looks
// up, so that neither the answer nor its time can tell whether it is known (domain 10.5). Errors: INVALID, NOT_ALLOWED.
func (s *Service) Start(ctx context.Context, cmd Start) error {
	ctx = stranger(ctx)
	at, err := s.find(ctx, cmd.Place)
	if err != nil {
		return err
	}
	if at == nil {
		return closed()
	}
	if email, phone := proves(at.how); !email && !phone {
		return nil
	}
	address, key, err := addressOf(at.how, cmd.Email, cmd.Phone)
	if err != nil {
		return err
	}
	locale := at.client.Locale
	if cmd.Locale != nil {
		locale = *cmd.Locale
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		held, err := s.site(ctx, at.app.ID, at.client.ID, kept) // neither goes while something is noted of them
		if err != nil {
			return err
		}
		if held == nil || held.how != at.how {
			return closed()
		}
		return s.send(ctx, tx, held, address, key, locale)
	})
}

// addressOf is the address that a way to register proves, and the key that it is known by.
func addressOf(how enum.RegistrationType, email, phone *string) (address, key string, err error) {
	_, byPhone := proves(how)
	given, path, check := email, "input.email", identity.CheckEmail
	if byPhone {
		given, path, check = phone, "input.phone", identity.CheckPhone
	}
	if given == nil {
		return "", "", apperr.At(path, apperr.Invalid, "it is needed: this is where the code or the link goes")
	}
	address = *given
	if err := check(&address); err != nil {
		return "", "", err
	}
	return address, identity.Canonical(address), nil
}

// send notes that an address is to be proven at a site, and has it sent a secret: at most so often within the time that one works, there
// and everywhere, and not while it is locked.
func (s *Service) send(ctx context.Context, tx *ent.Client, at *site, address, key, locale string) error {
	row, err := s.counted(ctx, tx, at, address, key, locale)
	if err != nil {
		return err
	}
	now := actor.From(ctx).Now()
	elsewhere, err := s.sent(ctx, key, now)
	if err != nil {
		return err
	}
	if row.LockedUntil != nil && now.Before(*row.LockedUntil) || row.Sends > at.resends || elsewhere >= mostSent {
		return apperr.At("input", apperr.NotAllowed, "too much was tried with this address, or sent to it: wait some minutes")
	}
	expires := now.Add(at.lifetime)
	update := tx.Registration.UpdateOneID(row.ID).SetType(at.how).SetAddress(address).SetLocale(locale).AddSends(1).
		SetExpiresAt(expires).SetForgetAt(expires.Add(at.lock)).AddVersion(1)
	if err := update.Exec(ctx); err != nil {
		return fmt.Errorf("registration: note what is sent: %w", err)
	}
	return outbox.Write(ctx, s.db, outbox.Event{
		Topic: TopicRequested, Client: at.client.ID, Object: string(row.ID), Payload: map[string]any{"registrationId": row.ID},
	})
}

// mostSent is how many secrets that still work an address was sent at most, for all places together: there are many places, and whoever
// would flood somebody's mailbox could go through them all. Requests at once may exceed it by as many as they are.
const mostSent = 12

// sent is how many secrets that still work an address was sent, for all places together.
func (s *Service) sent(ctx context.Context, key string, now time.Time) (n int, err error) {
	_, err = s.db.First(ctx, []any{&n}, "SELECT COALESCE(SUM(sends), 0) FROM registrations WHERE address_key = ? AND expires_at > ?", key, now)
	if err != nil {
		return 0, fmt.Errorf("registration: count what was sent: %w", err)
	}
	return n, nil
}

// counted is the row of an address at a site, made where there is none.
func (s *Service) counted(ctx context.Context, tx *ent.Client, at *site, address, key, locale string) (*ent.Registration, error) {
	row, err := s.there(ctx, tx, at, key)
	if row != nil || err != nil {
		return row, err
	}
	now := actor.From(ctx).Now()
	create := tx.Registration.Create().SetClientID(at.client.ID).SetApplicationID(at.app.ID).SetType(at.how).SetAddress(address).SetAddressKey(key).
		SetLocale(locale).SetBeganAt(now).SetExpiresAt(now).SetForgetAt(now.Add(at.lifetime + at.lock))
	row, err = create.Save(ctx)
	if !store.IsUnique(err) {
		if err != nil {
			return nil, fmt.Errorf("registration: note an address: %w", err)
		}
		return row, nil
	}
	if row, err = s.there(ctx, tx, at, key); row == nil && err == nil { // somebody was faster, and it is gone again
		return nil, apperr.New(apperr.Internal, "registration: an address was there and is not")
	}
	return row, err
}

// there is the row of an address at a site, locked, with what counts today: where what was sent last works no more, and no lock is in
// force, it begins anew. nil for none.
func (s *Service) there(ctx context.Context, tx *ent.Client, at *site, key string) (*ent.Registration, error) {
	row, err := maybe(store.ForUpdate(s.db, tx.Registration.Query().Where(registration.ApplicationID(at.app.ID), registration.ClientID(at.client.ID),
		registration.AddressKey(key))).Only(ctx))
	if row == nil || err != nil {
		return nil, err
	}
	now := actor.From(ctx).Now()
	if now.Before(row.ExpiresAt) || row.LockedUntil != nil && now.Before(*row.LockedUntil) {
		return row, nil
	}
	row, err = tx.Registration.UpdateOneID(row.ID).SetAttempts(0).SetSends(0).SetBeganAt(now).ClearLockedUntil().ClearSecretHash().Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("registration: begin anew: %w", err)
	}
	return row, nil
}
