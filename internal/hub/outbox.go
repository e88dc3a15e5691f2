package hub

import (
	"context"
	"log/slog"
	"maps"

	"github.com/appanage/appanage/internal/application"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/config"
	"github.com/appanage/appanage/internal/identity"
	"github.com/appanage/appanage/internal/mail"
	"github.com/appanage/appanage/internal/notice"
	"github.com/appanage/appanage/internal/outbox"
	"github.com/appanage/appanage/internal/participant"
	"github.com/appanage/appanage/internal/registration"
	"github.com/appanage/appanage/internal/sms"
	"github.com/appanage/appanage/internal/urls"
)

// OutboxOptions say how events leave the hub.
type OutboxOptions struct {
	Mail mail.Sender // None when nil
	SMS  sms.Sender  // None when nil
	// Keys are those of the HTTP interface: what is kept of a code that is sent is made with them.
	Keys config.Keys
	// URLSuffix has the suffixes of the platform's own hosts, each with its leading dot: links may lead there.
	URLSuffix []string
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
	if o.SMS == nil {
		o.SMS = sms.None{}
	}
	handlers := identity.Notices{Service: h.Identity, Origin: o.Origin, Send: o.mail}.Handlers()
	registrations := registration.New(h.DB, registration.Services{URLs: urls.New(h.DB, urls.Options{Suffixes: o.URLSuffix})}, o.Keys.Key("registration"))
	maps.Copy(handlers, registration.Notices{Service: registrations, Origin: o.Origin, Mail: o.mail, SMS: o.text}.Handlers())
	return outbox.New(h.DB, outbox.Options{Handlers: handlers, Clock: o.Clock, Logger: o.Logger, Registry: h.registry})
}

// mail words a notice and mails it.
func (o OutboxOptions) mail(ctx context.Context, to string, n notice.Notice) error {
	worded, err := n.Mail()
	if err != nil {
		return err
	}
	return told(o.Mail.Send(ctx, mail.Message{To: to, Subject: worded.Subject, Text: worded.Text, HTML: worded.HTML}))
}

// text words a notice and sends it as a text message.
func (o OutboxOptions) text(ctx context.Context, to string, n notice.Notice) error {
	worded, err := n.SMS()
	if err != nil {
		return err
	}
	return told(o.SMS.SendText(ctx, to, worded))
}

// told keeps the error of a sender for people to read: senders say nothing of the message.
func told(err error) error {
	if err == nil {
		return nil
	}
	return outbox.Told(err.Error(), nil)
}
