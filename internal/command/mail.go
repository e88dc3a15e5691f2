package command

import (
	"net/http"

	"github.com/appanage/appanage/internal/httpapi"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/mail"
	"github.com/appanage/appanage/internal/sms"
)

// sms is the gateway for text messages, if there is one.
func (s *Serve) sms() sms.Sender {
	if s.SMSGateway == "" {
		return sms.None{}
	}
	return sms.Gateway{URL: s.SMSGateway, Token: s.SMSToken}
}

// outgoing says how mail leaves the hub. The demo's does not: a page shows it, on loopback only, as all of the demo.
func (s *Serve) outgoing(address string, answers *httpapi.Options) (hub.OutboxOptions, error) {
	o := hub.OutboxOptions{Mail: mail.None{}, SMS: s.sms(), Origin: s.Origin, Logger: s.Logger()}
	if o.Origin == "" {
		o.Origin = "http://" + address
	}
	switch {
	case s.Demo:
		mailbox := &mail.Mailbox{}
		pages := http.NewServeMux()
		pages.Handle("GET /mailbox", mailbox.Page())
		pages.Handle("/", answers.Page)
		o.Mail, o.SMS, answers.Page = mailbox, mailbox, pages
	case s.SMTP != "":
		server := mail.SMTP{Server: s.SMTP, User: s.SMTPUser, Password: s.SMTPPassword, TLS: mail.TLS(s.SMTPTLS), From: s.MailFrom}
		o.Mail = server
		return o, server.Check()
	default:
		o.Logger.Warn("no mail transport is configured: links to set a password, and invitations, wait in the outbox; see --smtp")
	}
	return o, nil
}
