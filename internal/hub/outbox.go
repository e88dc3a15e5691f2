package hub

import (
	"context"
	"log/slog"

	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/identity"
	"github.com/appanage/appanage/internal/mail"
	"github.com/appanage/appanage/internal/outbox"
)

// OutboxOptions say how events leave the hub.
type OutboxOptions struct {
	Mail mail.Sender // None when nil
	// Origin is the hub's own public one, which mailed links lead to, such as "https://hub.example.com".
	Origin string
	Clock  clock.Clock
	Logger *slog.Logger
}

// Outbox makes the worker that delivers what the hub has to tell others.
func (h *Hub) Outbox(o OutboxOptions) *outbox.Worker {
	if o.Mail == nil {
		o.Mail = mail.None{}
	}
	notices := identity.Notices{Service: h.Identity, Origin: o.Origin, Send: func(ctx context.Context, to, subject, text string) error {
		if err := o.Mail.Send(ctx, mail.Message{To: to, Subject: subject, Text: text}); err != nil {
			return outbox.Told(err.Error(), nil) // senders say nothing of the message
		}
		return nil
	}}
	return outbox.New(h.DB, outbox.Options{Handlers: notices.Handlers(), Clock: o.Clock, Logger: o.Logger, Registry: h.registry})
}
