// Package mail sends mail: by SMTP, or into a mailbox in memory that the demo and the tests read.
package mail

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"unicode"
)

// Message is a mail to one person.
type Message struct {
	To      string // the address alone
	Subject string
	Text    string
	HTML    string // the same as HTML; none where empty
}

// Sender sends a message, or says why not; what its error says has nothing of the message. It may be used by many at once.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// None is the sender of a hub that was not told of any mail server.
type None struct{}

// ErrNone is its error.
var ErrNone = errors.New("no mail transport is configured")

// Send implements Sender.
func (None) Send(context.Context, Message) error { return ErrNone }

// ErrMessage is the error of a message that no sender takes.
var ErrMessage = errors.New("the message has no fit address or subject")

// check refuses what could become another header: the library would encode it, and this is the second lock.
func (m Message) check() error {
	if CheckAddress(m.To) != nil || m.Subject == "" || strings.ContainsFunc(m.Subject, unicode.IsControl) {
		return ErrMessage
	}
	return nil
}

// CheckAddress asks for one bare address.
func CheckAddress(address string) error {
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Name != "" || parsed.Address != address || strings.ContainsFunc(address, unicode.IsControl) {
		return fmt.Errorf("%q is not an e-mail address", address)
	}
	return nil
}
