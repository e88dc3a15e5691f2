package mail

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/wneessen/go-mail"
)

// TLS says whether the way to the mail server is encrypted.
type TLS string

// The ways.
const (
	TLSRequired      TLS = "required"      // STARTTLS, or TLS from the beginning on port 465; else nothing is sent
	TLSOpportunistic TLS = "opportunistic" // where the server offers it
	TLSNone          TLS = "none"
)

// SMTP sends by a mail server, over a connection for each message.
type SMTP struct {
	Server         string // host:port
	User, Password string // or none
	TLS            TLS
	From           string // the sender's address, perhaps with a name before it
	// Roots are the certificates that the server's must come from; nil for those of the machine.
	Roots *tls.Config
	// Timeout ends an attempt; 20 seconds when zero.
	Timeout time.Duration
}

// implicitTLS is the port on which TLS comes first (RFC 8314).
const implicitTLS = 465

// Check tells what of the configuration cannot work.
func (s SMTP) Check() error {
	if _, err := s.client(); err != nil {
		return err
	}
	if err := mail.NewMsg().From(s.From); err != nil {
		return fmt.Errorf("mail: the sender %q is not an e-mail address", s.From)
	}
	return nil
}

// Send implements Sender.
func (s SMTP) Send(ctx context.Context, m Message) error {
	if err := m.check(); err != nil {
		return err
	}
	client, err := s.client()
	if err != nil {
		return err
	}
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := msg.From(s.From); err != nil {
		return fmt.Errorf("mail: the sender is not an e-mail address")
	}
	if err := msg.To(m.To); err != nil {
		return ErrMessage
	}
	msg.Subject(m.Subject)
	msg.SetDate()
	msg.SetMessageID()
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // so that nobody's absence answers
	msg.SetBodyString(mail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(mail.TypeTextHTML, m.HTML)
	}
	return refused(s.deliver(ctx, client, msg))
}

// deliver says goodbye without caring for the answer: the server has taken the message before.
func (s SMTP) deliver(ctx context.Context, client *mail.Client, msg *mail.Msg) error {
	on, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return err
	}
	err = client.SendWithSMTPClient(on, msg)
	_ = client.CloseWithSMTPClient(on)
	return err
}

func (s SMTP) client() (*mail.Client, error) {
	host, service, err := net.SplitHostPort(s.Server)
	port, bad := strconv.Atoi(service)
	if err != nil || bad != nil || host == "" {
		return nil, fmt.Errorf("mail: %q is not HOST:PORT", s.Server)
	}
	options := []mail.Option{mail.WithPort(port), mail.WithTimeout(cmp.Or(s.Timeout, 20*time.Second)), mail.WithTLSPolicy(s.policy())}
	if s.Roots != nil {
		config := s.Roots.Clone()
		config.ServerName, config.MinVersion = host, tls.VersionTLS12
		options = append(options, mail.WithTLSConfig(config))
	}
	if s.TLS == TLSRequired && port == implicitTLS {
		options = append(options, mail.WithSSL())
	}
	if s.User != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(s.User), mail.WithPassword(s.Password))
	}
	client, err := mail.NewClient(host, options...)
	if err != nil {
		return nil, fmt.Errorf("mail: configure: %w", err)
	}
	return client, nil
}

func (s SMTP) policy() mail.TLSPolicy {
	switch s.TLS {
	case TLSNone:
		return mail.NoTLS
	case TLSOpportunistic:
		return mail.TLSOpportunistic
	default:
		return mail.TLSMandatory
	}
}

// refused says why a server did not take a message, without what it answered: servers repeat addresses, and some the
// message.
func refused(err error) error {
	if err == nil {
		return nil
	}
	if sent, ok := errors.AsType[*mail.SendError](err); ok {
		return fmt.Errorf("the mail server did not take the message: code %d, %s", sent.ErrorCode(), sent.Reason)
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return errors.New("the mail server cannot be reached")
	}
	return errors.New("the mail server did not let us in: TLS or the password")
}
