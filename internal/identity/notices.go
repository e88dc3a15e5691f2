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
	"github.com/appanage/appanage/internal/notice"
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
	// Send words a notice and mails it. Its error has nothing of the mail.
	Send func(ctx context.Context, to string, n notice.Notice) error
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
	told := notice.Notice{Kind: notice.Reset, Lasts: resetLasts}
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
		if topic == TopicWelcome {
			told.Kind, told.Lasts = notice.Welcome, welcomeLasts
		}
		if token, err = newSecret(linkPrefix); err != nil {
			return err
		}
		to, told.Locale = *u.Email, u.Locale
		return replaceLink(ctx, tx, u, HashToken(token), told.Lasts)
	})
	if err != nil || to == "" {
		return err
	}
	return n.send(ctx, to, told, "password", token)
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
	var to, token string
	told := notice.Notice{Kind: notice.Invitation, Lasts: invitationLasts}
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
		to, told.Client, told.Locale = row.Email, owner.Name, owner.Locale
		if err := tx.Invitation.UpdateOneID(row.ID).SetTokenHash(HashToken(token)).Exec(ctx); err != nil {
			return fmt.Errorf("identity: keep the secret of an invitation: %w", err)
		}
		return nil
	})
	if err != nil || to == "" {
		return err
	}
	return n.send(ctx, to, told, "invitation", token)
}

// send sends a notice with its secret, and a link to the hub's page with it.
func (n Notices) send(ctx context.Context, to string, told notice.Notice, page, token string) error {
	told.Link, told.Code = n.Origin+"/#"+page+"/"+token, token
	return n.Send(ctx, to, told)
}
