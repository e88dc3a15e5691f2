package identity

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/invitation"
	"github.com/appanage/appanage/ent/outboxevent"
	"github.com/appanage/appanage/ent/user"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/outbox"
	"github.com/appanage/appanage/internal/store"
)

// Topics of the outbox that end in a mail. The worker makes the secret when it delivers, so that no row ever has it; a
// redelivery makes a new one, and the one before works no more (domain 10.8).
const (
	TopicWelcome        = "user.welcome"
	TopicReset          = "user.passwordReset"
	TopicResetRequested = "password.resetRequested"
	TopicInvitation     = "invitation.created"
)

// Notices delivers the events of this package by mail.
type Notices struct {
	*Service
	// Origin is the hub's own public one. Links lead there and nowhere else, whatever a request says (domain 10.4).
	Origin string
	// Send sends a mail. Its error has nothing of the mail.
	Send func(ctx context.Context, to, subject, text string) error
}

// Handlers are the deliveries by topic.
func (n Notices) Handlers() map[string]outbox.Handler {
	return map[string]outbox.Handler{
		TopicWelcome:        n.mailLink,
		TopicReset:          n.mailLink,
		TopicResetRequested: n.resetRequested,
		TopicInvitation:     n.mailInvitation,
	}
}

// mailLink mails a user the one link that works: earlier ones do not any more.
func (n Notices) mailLink(ctx context.Context, d outbox.Delivery) error {
	var to, token string
	var welcome bool
	err := n.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		u, err := store.ForUpdate(n.db, tx.User.Query().Where(user.ID(oid.User(d.Object)))).Only(ctx)
		if ent.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("identity: read the user of a link: %w", err)
		}
		topic, why := topicFor(u)
		if why != "" {
			return nil // since the event was written
		}
		lasts := resetLasts
		if welcome = topic == TopicWelcome; welcome {
			lasts = welcomeLasts
		}
		if token, err = newSecret(linkPrefix); err != nil {
			return err
		}
		to = *u.Email
		return replaceLink(ctx, tx, u, HashToken(token), lasts)
	})
	if err != nil || to == "" {
		return err
	}
	subject, text := resetText(n.Origin, token)
	if welcome {
		subject, text = welcomeText(n.Origin, token)
	}
	return n.Send(ctx, to, subject, text)
}

func replaceLink(ctx context.Context, tx *ent.Client, u *ent.User, hash string, lasts time.Duration) error {
	if err := dropLinks(ctx, tx, u.ID); err != nil {
		return err
	}
	err := tx.Link.Create().SetUserID(u.ID).SetEmail(*u.Email).SetTokenHash(hash).SetExpiresAt(actor.From(ctx).Now().Add(lasts)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("identity: insert a link: %w", err)
	}
	return nil
}

// At most so many links are mailed to one user in an hour because somebody asks for them.
const (
	mostResets = 3
	resetsIn   = time.Hour
)

// resetRequested finds out whom a request is about, and has him mailed a link: if there is such a user with a proven
// address, and he has not had too many.
func (n Notices) resetRequested(ctx context.Context, d outbox.Delivery) error {
	var request struct {
		Base       oid.Client `json:"baseId"`
		Identifier string     `json:"identifier"`
	}
	if err := json.Unmarshal(d.Payload, &request); err != nil {
		return fmt.Errorf("identity: decode a request: %w", err)
	}
	return n.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		u, err := store.ForUpdate(n.db, tx.User.Query().Where(user.BaseID(request.Base), identified(request.Identifier))).Only(ctx)
		if ent.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("identity: find who wants a password: %w", err)
		}
		topic, why := topicFor(u)
		if why != "" || u.EmailKey == nil {
			return nil
		}
		// The user is locked: two requests at once are counted one after the other.
		sent, err := tx.OutboxEvent.Query().Where(outboxevent.ObjectID(string(u.ID)), outboxevent.TopicIn(TopicReset, TopicWelcome),
			outboxevent.CreatedAtGT(actor.From(ctx).Now().Add(-resetsIn))).Count(ctx)
		if err != nil {
			return fmt.Errorf("identity: count mails: %w", err)
		}
		if sent >= mostResets {
			return nil
		}
		return n.mailTo(ctx, topic, u)
	})
}

// mailInvitation mails the link of an invitation that still stands.
func (n Notices) mailInvitation(ctx context.Context, d outbox.Delivery) error {
	var to, token, client string
	err := n.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		row, err := store.ForUpdate(n.db, tx.Invitation.Query().Where(invitation.ID(oid.Invitation(d.Object)))).Only(ctx)
		if ent.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("identity: read an invitation: %w", err)
		}
		if row.Status.At(row.ExpiresAt, actor.From(ctx).Now()) != enum.InvitationPending {
			return nil
		}
		owner, err := row.QueryClient().Only(ctx)
		if err != nil {
			return fmt.Errorf("identity: read the invitation's client: %w", err)
		}
		if token, err = newSecret(invitationPrefix); err != nil {
			return err
		}
		to, client = row.Email, owner.Name
		if err := tx.Invitation.UpdateOneID(row.ID).SetTokenHash(HashToken(token)).Exec(ctx); err != nil {
			return fmt.Errorf("identity: keep the secret of an invitation: %w", err)
		}
		return nil
	})
	if err != nil || to == "" {
		return err
	}
	subject, text := invitationText(n.Origin, token, client)
	return n.Send(ctx, to, subject, text)
}

// The texts. Each has its link, in whose fragment the secret stands (fragments do not reach logs), and the secret on a
// line of its own for frontends that ask for it.

func welcomeText(origin, token string) (subject, text string) {
	return "Set your password", "An account was made for you. Set its password within 72 hours; by that you also confirm this address:\n\n" +
		origin + "/#password/" + token + "\n\nOr give this code, which works once:\n\n" + token + "\n\n" +
		"If you did not expect this, do nothing: without you it comes to nothing.\n"
}

func resetText(origin, token string) (subject, text string) {
	return "Set a new password", "Somebody asked for a new password for your account. Set it within one hour:\n\n" +
		origin + "/#password/" + token + "\n\nOr give this code, which works once:\n\n" + token + "\n\n" +
		"If it was not you, do nothing: your password stays as it is.\n"
}

func invitationText(origin, token, client string) (subject, text string) {
	return "You are invited", "You are invited to become a member of \"" + client + "\". Answer within 72 hours:\n\n" +
		origin + "/#invitation/" + token + "\n\nOr give this code, which works once:\n\n" + token + "\n\n" +
		"If you do not want this, do nothing, or decline.\n"
}
