package registration

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/registration"
	"github.com/appanage/appanage/ent/registrationcode"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/notice"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/outbox"
	"github.com/appanage/appanage/internal/store"
)

// Topics of the outbox that end in a mail or a text message. The worker makes the secret when it delivers, so that no row ever has it; a
// redelivery makes a new one, and the one before works no more (domain 10.8).
const (
	TopicRequested = "registration.requested"
	TopicCode      = "registrationCode.created"
)

// Notices delivers the events of this package.
type Notices struct {
	*Service
	// Origin is the hub's own public one: links lead there, where the application has no proven origin for the client.
	Origin string
	// Mail and SMS word a notice and send it. Their errors have nothing of it.
	Mail func(ctx context.Context, to string, n notice.Notice) error
	SMS  func(ctx context.Context, to string, n notice.Notice) error
}

// Handlers are the deliveries by topic.
func (n Notices) Handlers() map[string]outbox.Handler {
	return map[string]outbox.Handler{TopicRequested: n.requested, TopicCode: n.code}
}

// requested sends the secret of a registration that still waits for one.
func (n Notices) requested(ctx context.Context, d outbox.Delivery) error {
	var told notice.Notice
	var to string
	send := n.Mail
	err := n.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		to = ""
		row, err := maybe(store.ForUpdate(n.db, tx.Registration.Query().Where(registration.ID(oid.Registration(d.Object)))).Only(ctx))
		if row == nil || err != nil || !actor.From(ctx).Now().Before(row.ExpiresAt) {
			return err
		}
		at, err := n.site(ctx, row.ApplicationID, row.ClientID, seen)
		if at == nil || err != nil || at.how != row.Type {
			return err
		}
		told = notice.Notice{Locale: row.Locale, Application: at.app.Name, Client: at.client.Name, Lasts: at.lifetime}
		var hash string
		if hash, err = n.secret(ctx, at, row, &told); err != nil {
			return err
		}
		to = row.Address
		if row.Type == enum.RegisterByPhone {
			send = n.SMS
		}
		if err := tx.Registration.UpdateOneID(row.ID).SetSecretHash(hash).Exec(ctx); err != nil {
			return fmt.Errorf("registration: keep the digest of a secret: %w", err)
		}
		return nil
	})
	if err != nil || to == "" {
		return err
	}
	return send(ctx, to, told)
}

// secret makes the secret that a way to register takes, and gives the digest that is kept of it.
func (n Notices) secret(ctx context.Context, at *site, row *ent.Registration, told *notice.Notice) (hash string, err error) {
	switch row.Type {
	case enum.RegisterByLink:
		told.Kind = notice.RegistrationLink
		if told.Code, err = newLinkSecret(); err != nil {
			return "", err
		}
		if told.Link, err = n.link(ctx, at, told.Code); err != nil {
			return "", err
		}
		return n.linkHash(told.Code), nil
	case enum.RegisterByEmail, enum.RegisterByPhone:
		told.Kind = notice.RegistrationCode
		if told.Code, err = newPassword(at.digits); err != nil {
			return "", err
		}
		return n.passwordHash(row.ID, told.Code), nil
	case enum.RegisterNone, enum.RegisterByCode, enum.RegisterAtOnce:
	}
	return "", errors.New("registration: nothing is sent for this type")
}

// link leads to where the client has proven to be reached for the application, else to the hub's own page; never to anything that a
// request named (domain 10.4).
func (n Notices) link(ctx context.Context, at *site, secret string) (string, error) {
	origin, err := n.URLs.For(ctx, at.app, at.client.ID)
	if err != nil {
		return "", err
	}
	return cmp.Or(origin, n.Origin) + "/#register/" + secret, nil
}

// code mails a registration code that still stands.
func (n Notices) code(ctx context.Context, d outbox.Delivery) error {
	var told notice.Notice
	var to string
	err := n.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		to = ""
		row, err := maybe(store.ForUpdate(n.db, tx.RegistrationCode.Query().Where(registrationcode.ID(oid.RegistrationCode(d.Object)))).Only(ctx))
		if err != nil {
			return err
		}
		now := actor.From(ctx).Now()
		if row == nil || row.Email == nil || enum.CodeStatus(row.UsedAt, row.ExpiresAt, now) != enum.CodePending {
			return nil
		}
		client, err := row.QueryClient().Only(ctx)
		if err != nil {
			return fmt.Errorf("registration: read the client of a code: %w", err)
		}
		app, err := row.QueryApplication().Only(ctx)
		if err != nil {
			return fmt.Errorf("registration: read the application of a code: %w", err)
		}
		to = *row.Email
		told = notice.Notice{
			Kind: notice.RegistrationInvitation, Locale: client.Locale, Application: app.Name, Client: client.Name, Code: newCode(),
			Lasts: max(row.ExpiresAt.Sub(now).Round(time.Hour), time.Hour),
		}
		err = tx.RegistrationCode.UpdateOneID(row.ID).SetCodeHash(n.codeHash(app.ID, client.ID, told.Code)).Exec(ctx)
		if err != nil {
			return fmt.Errorf("registration: keep the digest of a code: %w", err)
		}
		return nil
	})
	if err != nil || to == "" {
		return err
	}
	return n.Mail(ctx, to, told)
}

// Forget deletes registrations that neither work nor lock any more.
func (s *Service) Forget(ctx context.Context) error {
	ctx = stranger(ctx)
	if _, err := s.db.Client(ctx).Registration.Delete().Where(registration.ForgetAtLTE(actor.From(ctx).Now())).Exec(ctx); err != nil {
		return fmt.Errorf("registration: forget: %w", err)
	}
	return nil
}
