package registration

import (
	"context"
	"crypto/subtle"
	"fmt"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/registration"
	"github.com/appanage/appanage/ent/registrationcode"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/digest"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/reqinfo"
)

// Try is a secret that somebody comes with, where it takes one. nil is absent.
type Try struct {
	Place
	Secret, Email, Phone *string
}

// Proof is a secret that works, and what it proves.
type Proof struct {
	*site

	registration oid.Registration     // what it uses up, or
	code         oid.RegistrationCode // this, or nothing
	hash         string

	// Address is what it proves, "" for nothing; Known the user of the customer base who has proven it before, or nil.
	Address      string
	email, phone bool // which of them it is
	Known        *ent.User
}

// wrong answers for every secret that does not work, alike.
func wrong() *apperr.Error {
	return apperr.At("input.secret", apperr.NotFound, "this does not work: it is unknown, used, expired, or was tried too often")
}

// Prove tries a secret, and counts the try where it does not work, for good: so it is no part of any transaction, nor of what an
// Idempotency-Key repeats. Errors: INVALID, NOT_FOUND, NOT_ALLOWED (nobody can register there; he who has the address may not again).
func (s *Service) Prove(ctx context.Context, try Try) (*Proof, error) {
	ctx = stranger(ctx)
	var errs apperr.Collector
	if try.named() || try.Secret == nil {
		try.validate(&errs, "input.")
	}
	if err := errs.Err(); err != nil {
		return nil, err
	}
	var p *Proof
	err := s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) (err error) {
		p, err = s.try(ctx, tx, try)
		return err
	})
	if err != nil {
		return nil, err
	}
	if p == nil {
		return nil, wrong()
	}
	return p, s.recognise(ctx, p)
}

// named tells whether a place is named at all.
func (p Place) named() bool { return p.URL != nil || p.ApplicationCode != nil || p.ClientCode != nil }

// try gives nil for a secret that does not work, having counted it.
func (s *Service) try(ctx context.Context, tx *ent.Client, try Try) (*Proof, error) {
	if !try.named() {
		return s.tryLink(ctx, tx, nil, *try.Secret)
	}
	at, err := s.find(ctx, try.Place)
	if err != nil {
		return nil, err
	}
	if at == nil {
		return nil, closed()
	}
	if at.how == enum.RegisterAtOnce {
		return &Proof{site: at}, nil
	}
	if try.Secret == nil {
		return nil, apperr.At("input.secret", apperr.Invalid, "it is needed: registering here takes a code, a link or a one-time password")
	}
	switch at.how {
	case enum.RegisterByLink:
		return s.tryLink(ctx, tx, at, *try.Secret)
	case enum.RegisterByCode:
		return s.tryCode(ctx, tx, at, *try.Secret)
	default:
		return s.tryPassword(ctx, tx, at, try)
	}
}

// tryLink tries the secret of a link, which knows its place.
func (s *Service) tryLink(ctx context.Context, tx *ent.Client, at *site, secret string) (*Proof, error) {
	hash := s.linkHash(secret)
	row, err := maybe(tx.Registration.Query().Where(registration.SecretHash(hash), registration.TypeEQ(enum.RegisterByLink)).Only(ctx))
	if row == nil || err != nil || !actor.From(ctx).Now().Before(row.ExpiresAt) {
		return nil, err
	}
	switch {
	case at == nil:
		at, err = s.site(ctx, row.ApplicationID, row.ClientID, seen)
		if at == nil || err != nil || at.how != enum.RegisterByLink { // people register there in another way by now
			return nil, err
		}
	case at.client.ID != row.ClientID || at.app.ID != row.ApplicationID:
		return nil, nil
	}
	return &Proof{site: at, registration: row.ID, hash: hash, Address: row.Address, email: true}, nil
}

// tryPassword tries a one-time password, which is tied to the address that it was sent to.
func (s *Service) tryPassword(ctx context.Context, tx *ent.Client, at *site, try Try) (*Proof, error) {
	_, key, err := addressOf(at.how, try.Email, try.Phone)
	if err != nil {
		return nil, err
	}
	row, err := s.there(ctx, tx, at, key)
	if row == nil || err != nil { // nothing was sent, so that there is nothing to guess
		return nil, err
	}
	hash := s.passwordHash(row.ID, *try.Secret)
	if row.SecretHash == nil || row.Type != at.how || locked(ctx, row, at) || subtle.ConstantTimeCompare([]byte(hash), []byte(*row.SecretHash)) != 1 {
		return nil, s.failed(ctx, tx, row, at)
	}
	email, phone := proves(at.how)
	return &Proof{site: at, registration: row.ID, hash: hash, Address: row.Address, email: email, phone: phone}, nil
}

// tryCode tries a registration code. It is too long to be guessed; whoever tries to is locked out all the same, by where he comes from.
func (s *Service) tryCode(ctx context.Context, tx *ent.Client, at *site, secret string) (*Proof, error) {
	at, err := s.site(ctx, at.app.ID, at.client.ID, kept) // neither goes while a try is counted
	if at == nil || err != nil {
		return nil, err
	}
	from := "from " + digest.MAC(s.key, "address", reqinfo.From(ctx).Network().String())
	row, err := s.counted(ctx, tx, at, "", from, at.client.Locale)
	if err != nil {
		return nil, err
	}
	if locked(ctx, row, at) {
		return nil, s.failed(ctx, tx, row, at)
	}
	hash := s.codeHash(at.app.ID, at.client.ID, secret)
	code, err := maybe(tx.RegistrationCode.Query().Where(registrationcode.CodeHash(hash)).Only(ctx))
	if err != nil {
		return nil, err
	}
	if code == nil || enum.CodeStatus(code.UsedAt, code.ExpiresAt, actor.From(ctx).Now()) != enum.CodePending {
		return nil, s.failed(ctx, tx, row, at)
	}
	p := &Proof{site: at, code: code.ID, hash: hash}
	if code.Email != nil {
		p.Address, p.email = *code.Email, true
	}
	return p, nil
}

// locked tells whether too much was tried with an address.
func locked(ctx context.Context, row *ent.Registration, at *site) bool {
	return row.Attempts >= at.attempts || row.LockedUntil != nil && actor.From(ctx).Now().Before(*row.LockedUntil)
}

// failed counts a try that failed; the last one that is free locks the address.
func (s *Service) failed(ctx context.Context, tx *ent.Client, row *ent.Registration, at *site) error {
	now := actor.From(ctx).Now()
	if row.LockedUntil != nil && now.Before(*row.LockedUntil) {
		return nil
	}
	update := tx.Registration.UpdateOneID(row.ID).AddAttempts(1).SetForgetAt(now.Add(at.lifetime + at.lock)).AddVersion(1)
	if row.Attempts+1 >= at.attempts {
		update.SetLockedUntil(now.Add(at.lock))
	}
	if !now.Before(row.ExpiresAt) { // nothing was sent: the count has a time of its own
		update.SetExpiresAt(now.Add(at.lifetime))
	}
	if err := update.Exec(ctx); err != nil {
		return fmt.Errorf("registration: count an attempt: %w", err)
	}
	return nil
}

// recognise finds who has proven the address before, and whether he may register again (domain 10.6). Only who has the address hears
// of it.
func (s *Service) recognise(ctx context.Context, p *Proof) (err error) {
	if p.Address == "" {
		return nil
	}
	known, err := s.Identity.Proven(ctx, p.client.BaseID, p.Address)
	if known == nil || err != nil {
		return err
	}
	if known.Status != enum.UserActive {
		return apperr.At("input", apperr.NotAllowed, "you are registered already, and suspended")
	}
	again := true
	switch p.check {
	case "UNIQUE_IN_BASE":
		again = false
	case "UNIQUE_IN_CLIENT":
		again, err = s.Identity.NotBelow(ctx, known.ID, p.client.ID)
	}
	if err != nil {
		return err
	}
	if !s.rules.RegistersAgain(again) {
		return apperr.At("input", apperr.NotAllowed, "you are registered already: sign in")
	}
	p.Known = known
	return nil
}

// Next is what comes after a secret that works.
func (p *Proof) Next() enum.RegistrationStep { return enum.StepComplete }
