package mail

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Mailbox keeps what is sent, in memory: for the demo and for tests. The zero value is empty.
type Mailbox struct {
	mu   sync.Mutex
	list []Sent
}

// Sent is a message with the time it was sent at.
type Sent struct {
	Message
	At time.Time
}

// most is how many messages are kept: the newest.
const most = 500

// Send implements Sender.
func (b *Mailbox) Send(_ context.Context, m Message) error {
	if err := m.check(); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.list = append(b.list, Sent{m, time.Now()})
	if over := len(b.list) - most; over > 0 {
		b.list = slices.Delete(b.list, 0, over)
	}
	return nil
}

// Sent lists what was sent, oldest first.
func (b *Mailbox) Sent() []Sent {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.list)
}
