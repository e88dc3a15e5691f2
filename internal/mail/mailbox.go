package mail

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Mailbox keeps what is sent, mail and text messages, in memory: for the demo and for tests. The zero value is empty.
type Mailbox struct {
	mu   sync.Mutex
	list []Sent
}

// Sent is a message with the time it was sent at.
type Sent struct {
	Message
	At time.Time
	// SMS says that it is a text message, to a phone number, without a subject.
	SMS bool
}

// most is how many messages are kept: the newest.
const most = 500

// Send implements Sender.
func (b *Mailbox) Send(_ context.Context, m Message) error {
	if err := m.check(); err != nil {
		return err
	}
	b.keep(Sent{Message: m, At: time.Now()})
	return nil
}

// SendText keeps a text message.
func (b *Mailbox) SendText(_ context.Context, to, text string) error {
	b.keep(Sent{Message: Message{To: to, Text: text}, At: time.Now(), SMS: true})
	return nil
}

func (b *Mailbox) keep(m Sent) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.list = append(b.list, m)
	if over := len(b.list) - most; over > 0 {
		b.list = slices.Delete(b.list, 0, over)
	}
}

// Sent lists what was sent, oldest first.
func (b *Mailbox) Sent() []Sent {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.list)
}
