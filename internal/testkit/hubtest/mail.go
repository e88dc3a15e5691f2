package hubtest

import (
	"log/slog"
	"strings"
	"sync"

	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/mail"
	"github.com/appanage/appanage/internal/sms"
	"github.com/appanage/appanage/internal/store"
)

// Origin is where the links lead that a hub under test mails.
const Origin = "https://hub.example"

// mailboxes has them by database: all nodes over one share one.
var mailboxes = struct {
	sync.Mutex
	of map[*store.DB]*mail.Mailbox
}{of: map[*store.DB]*mail.Mailbox{}}

// Mail is what the hubs over this one's database have sent.
func (h *Hub) Mail() *mail.Mailbox {
	h.tb.Helper()
	mailboxes.Lock()
	defer mailboxes.Unlock()
	box, ok := mailboxes.of[h.DB]
	if !ok {
		box = &mail.Mailbox{}
		mailboxes.of[h.DB] = box
		h.tb.Cleanup(func() {
			mailboxes.Lock()
			defer mailboxes.Unlock()
			delete(mailboxes.of, h.DB)
		})
	}
	return box
}

// DeliverBy delivers what the outbox holds by other senders.
func (h *Hub) DeliverBy(mail mail.Sender, sms sms.Sender) {
	h.tb.Helper()
	_, err := h.Outbox(hub.OutboxOptions{Mail: mail, SMS: sms, Keys: h.keys, Origin: Origin, Logger: slog.New(slog.DiscardHandler)}).Deliver(h.tb.Context())
	h.must(err)
}

// Deliver delivers what the outbox holds, at the machine's time or at another.
func (h *Hub) Deliver(at ...clock.Clock) {
	h.tb.Helper()
	o := hub.OutboxOptions{Mail: h.Mail(), SMS: h.Mail(), Keys: h.keys, Origin: Origin, Logger: slog.New(slog.DiscardHandler)}
	if len(at) > 0 {
		o.Clock = at[0]
	}
	_, err := h.Outbox(o).Deliver(h.tb.Context())
	h.must(err)
}

// Mailed delivers, and gives the secret of the last mail to an address: the line that is nothing else.
func (h *Hub) Mailed(to string) string {
	h.tb.Helper()
	h.Deliver()
	secret := ""
	for _, m := range h.Mail().Sent() {
		if !strings.EqualFold(m.To, to) {
			continue
		}
		for line := range strings.Lines(m.Text) {
			if line = strings.TrimSpace(line); strings.HasPrefix(line, "ap") && !strings.ContainsAny(line, " /") {
				secret = line
			}
		}
	}
	if secret == "" {
		h.tb.Fatalf("no mail with a secret went to %s", to)
	}
	return secret
}
