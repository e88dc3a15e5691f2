package identity

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"unicode/utf8"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/outbox"
)

// RequestReset asks for a link to set a new password. URL and ClientCode say where the frontend is, as for SignIn.
type RequestReset struct {
	Identifier      string
	URL, ClientCode *string
}

// RequestReset notes that somebody wants a new password, and nothing else: whether there is such a user is found out by
// the worker that delivers the event, so that neither answer nor time can tell. Errors: INVALID.
func (s *Service) RequestReset(ctx context.Context, cmd RequestReset) (oid.OutboxEvent, error) {
	if n := utf8.RuneCountInString(cmd.Identifier); n < 1 || n > longestIdentifier {
		return "", apperr.At("input.identifier", apperr.Invalid, "an identifier has 1 to %d characters", longestIdentifier)
	}
	ctx = mailed(ctx)
	id := oid.New[oid.OutboxEvent]()
	client, _, err := s.bound(ctx, SignIn{URL: cmd.URL, ClientCode: cmd.ClientCode})
	if err != nil || client == nil {
		return id, err
	}
	key := Canonical(cmd.Identifier)
	sum := sha256.Sum256([]byte(string(client.BaseID) + " " + key))
	return id, s.db.InTx(ctx, func(ctx context.Context, _ *ent.Client) error {
		return outbox.Write(ctx, s.db, outbox.Event{
			ID: id, Topic: TopicResetRequested, Client: client.ID, Object: hex.EncodeToString(sum[:]),
			Payload: map[string]any{"baseId": client.BaseID, "identifier": key},
		})
	})
}

// ResetPassword has a user mailed a link to set a new password (domain 2.5), or the first one again where he has not
// followed it yet (authority User_UPDATE). Errors: NOT_FOUND, NOT_ALLOWED (he holds what the caller does not, or there is
// no address).
func (s *Service) ResetPassword(ctx context.Context, id oid.User) (oid.User, error) {
	return id, s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		u, err := s.administered(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := s.guards.MayTakeOver(ctx, tx, id, "input.id"); err != nil {
			return err
		}
		topic, why := topicFor(u)
		if why != "" {
			return apperr.At("input.id", apperr.NotAllowed, "%s", why)
		}
		if err := s.mailTo(ctx, topic, u); err != nil {
			return err
		}
		return audit.Record(ctx, s.db, audit.Event{
			Client: u.ClientID, Operation: "userPasswordReset", Kind: "User", Object: string(id), After: map[string]any{"mailed": topic},
		})
	})
}

// topicFor says which link a user can be mailed, or why none.
func topicFor(u *ent.User) (topic, why string) {
	switch {
	case u.Status == enum.UserSuspended:
		return "", "the user is suspended"
	case u.Status == enum.UserInvited && u.Email != nil:
		return TopicWelcome, ""
	case u.EmailKey == nil:
		return "", "the user has no proven e-mail address"
	}
	return TopicReset, ""
}
