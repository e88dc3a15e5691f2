package hub

import (
	"context"
	"log/slog"

	"github.com/appanage/appanage/internal/application"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/identity"
	"github.com/appanage/appanage/internal/mail"
	"github.com/appanage/appanage/internal/notice"
	"github.com/appanage/appanage/internal/outbox"
	"github.com/appanage/appanage/internal/participant"
)

// OutboxOptions say how events leave the hub.
type OutboxOptions struct {
	Mail mail.Sender // None when nil
	// Origin is the hub's own public one, which mailed links lead to, such as "https://hub.example.com".
	Origin string
	Clock  clock.Clock
	Logger *slog.Logger
	// Participants are the services that are told of what happens.
	Participants []participant.Participant
}

// topicsTold are what participants are told of.
var topicsTold = []string{application.TopicRemoved}

// Workers make all deliveries: the hub's own, and those to each participant.
func (h *Hub) Workers(o OutboxOptions) []*outbox.Worker {
	sender := participant.NewSender(o.Clock)
	workers := []*outbox.Worker{h.Outbox(o)}
	for _, p := range o.Participants {
		handlers := map[string]outbox.Handler{}
		for _, topic := range topicsTold {
			handlers[topic] = sender.To(p)
		}
		workers = append(workers, outbox.New(h.DB, outbox.Options{
			Participant: p.Name, Handlers: handlers, Clock: o.Clock, Logger: o.Logger, Registry: h.registry,
		}))
	}
	return workers
}

// Outbox makes the worker that delivers what the hub itself has to tell.
func (h *Hub) Outbox(o OutboxOptions) *outbox.Worker {
	if o.Mail == nil {
		o.Mail = mail.None{}
	}
	notices := identity.Notices{Service: h.Identity, Origin: o.Origin, Send: func(ctx context.Context, to string, n notice.Notice) error {
		worded, err := n.Mail()
		if err != nil {
			return err
		}
		if err := o.Mail.Send(ctx, mail.Message{To: to, Subject: worded.Subject, Text: worded.Text, HTML: worded.HTML}); err != nil {
			return outbox.Told(err.Error(), nil) // senders say nothing of the message
		}
		return nil
	}}
	return outbox.New(h.DB, outbox.Options{Handlers: notices.Handlers(), Clock: o.Clock, Logger: o.Logger, Registry: h.registry})
}
