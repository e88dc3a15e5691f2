package mail_test

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/appanage/appanage/internal/mail"
	"github.com/appanage/appanage/internal/testkit/smtptest"
)

var message = mail.Message{To: "ünal@example.org", Subject: "Grüezi", Text: "Follow\n\nhttps://hub.example/#password/apl_secret\n\n.a line with a dot\n"}

// domain 10.8: a message goes out by SMTP, over TLS, with a password, and comes as it was written.
func TestSMTP(t *testing.T) {
	cert, roots := smtptest.Certificate(t)
	s := smtptest.Start(t, cert, false)
	s.EnableSMTPUTF8 = true
	sender := mail.SMTP{Server: s.Address, User: "hub", Password: "right", TLS: mail.TLSRequired, From: "The Hub <hub@example.com>", Roots: roots}
	if err := sender.Check(); err != nil {
		t.Fatal(err)
	}
	if err := sender.Send(t.Context(), message); err != nil {
		t.Fatal(err)
	}
	got := s.Received()
	if len(got) != 1 || !got[0].Encrypted || got[0].From != "hub@example.com" || got[0].To != message.To || len(s.Auth()) != 1 || s.Auth()[0] != "hub:right" {
		t.Fatalf("received %+v, signed in as %v", got, s.Auth())
	}
	parsed, err := netmail.ReadMessage(strings.NewReader(got[0].Data))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"From": `"The Hub" <hub@example.com>`, "Auto-Submitted": "auto-generated", "Subject": "=?UTF-8?q?Gr=C3=BCezi?="} {
		if h := parsed.Header.Get(name); h != want {
			t.Errorf("%s is %q, not %q", name, h, want)
		}
	}
	if parsed.Header.Get("Date") == "" || parsed.Header.Get("Message-Id") == "" {
		t.Errorf("the header is %v", parsed.Header)
	}
	if !strings.Contains(got[0].Data, "https://hub.example/#password/apl_secret\r\n") || !strings.Contains(got[0].Data, "\r\n.a line with a dot\r\n") {
		t.Errorf("the text is %q", got[0].Data)
	}
}

// A message with HTML is one of two forms, of which the reader's program takes the one it likes: the text comes first.
func TestSMTPWithHTML(t *testing.T) {
	s := smtptest.Start(t, nil, false)
	both := mail.Message{To: "a@example.org", Subject: "x", Text: "plain = text\n", HTML: "<p>rich = text, and much more of it than fits on a line of mail, which has seventy-eight</p>\n"}
	if err := (mail.SMTP{Server: s.Address, TLS: mail.TLSNone, From: "hub@example.com"}).Send(t.Context(), both); err != nil {
		t.Fatal(err)
	}
	parsed, err := netmail.ReadMessage(strings.NewReader(s.Received()[0].Data))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(parsed.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("%s, %v", kind, err)
	}
	parts := multipart.NewReader(parsed.Body, params["boundary"])
	for _, want := range [][2]string{{"text/plain; charset=UTF-8", both.Text}, {"text/html; charset=UTF-8", both.HTML}} {
		part, err := parts.NextPart()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(part)
		if got := strings.ReplaceAll(string(text), "\r\n", "\n"); err != nil || part.Header.Get("Content-Type") != want[0] || strings.TrimSpace(got) != strings.TrimSpace(want[1]) {
			t.Errorf("%s: %q, %v", part.Header.Get("Content-Type"), got, err)
		}
	}
}

// TLS from the beginning is for port 465, which a test cannot have: what is tested is that a server which speaks nothing
// else is not spoken to in clear.
func TestSMTPWithoutWhatIsAskedFor(t *testing.T) {
	cert, roots := smtptest.Certificate(t)
	_, others := smtptest.Certificate(t)
	plain, starttls, implicit := smtptest.Start(t, nil, false), smtptest.Start(t, cert, false), smtptest.Start(t, cert, true)
	refusing := smtptest.Start(t, nil, false)
	refusing.Refuse = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user unal@example.org apl_secret"}
	closed, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	plainMessage := message
	plainMessage.To = "unal@example.org"
	for name, c := range map[string]struct {
		sender mail.SMTP
		want   string // a part of the error; "" for none
	}{
		"none":                                {mail.SMTP{Server: plain.Address, TLS: mail.TLSNone}, ""},
		"opportunistic, not there":            {mail.SMTP{Server: plain.Address, TLS: mail.TLSOpportunistic}, ""},
		"opportunistic, there":                {mail.SMTP{Server: starttls.Address, TLS: mail.TLSOpportunistic, Roots: roots}, ""},
		"required, not there":                 {mail.SMTP{Server: plain.Address, TLS: mail.TLSRequired}, "TLS"},
		"required is what is not said":        {mail.SMTP{Server: plain.Address}, "TLS"},
		"a certificate of nobody we know":     {mail.SMTP{Server: starttls.Address, TLS: mail.TLSRequired}, "TLS"},
		"a certificate of somebody else":      {mail.SMTP{Server: starttls.Address, TLS: mail.TLSRequired, Roots: others}, "TLS"},
		"a server that speaks TLS only":       {mail.SMTP{Server: implicit.Address, TLS: mail.TLSNone, Timeout: time.Second / 2}, "cannot be reached"},
		"a wrong password":                    {mail.SMTP{Server: starttls.Address, TLS: mail.TLSRequired, Roots: roots, User: "hub", Password: "wrong"}, "password"},
		"a recipient whom the server refuses": {mail.SMTP{Server: refusing.Address, TLS: mail.TLSNone}, "code 550"},
		"a server that is not there":          {mail.SMTP{Server: closed.Addr().String(), TLS: mail.TLSNone}, "cannot be reached"},
	} {
		t.Run(name, func(t *testing.T) {
			c.sender.From = "hub@example.com"
			err := c.sender.Send(t.Context(), plainMessage)
			if c.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "unal") || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "wrong") {
				t.Errorf("the error is %v", err)
			}
		})
	}
	if n := len(plain.Received()); n != 2 {
		t.Errorf("%d messages came in clear", n)
	}
	for _, m := range starttls.Received() {
		if !m.Encrypted {
			t.Error("a message came in clear to a server that offers TLS")
		}
	}
}

// No header comes from what others wrote: address and subject are refused, the text stays text.
func TestHeaderInjection(t *testing.T) {
	s := smtptest.Start(t, nil, false)
	sender := mail.SMTP{Server: s.Address, TLS: mail.TLSNone, From: "hub@example.com"}
	box := &mail.Mailbox{}
	for _, m := range []mail.Message{
		{To: "a@example.org\r\nBcc: b@example.org", Subject: "x"},
		{To: "a@example.org, b@example.org", Subject: "x"},
		{To: "A <a@example.org>", Subject: "x"},
		{To: "a@example.org", Subject: "x\r\nBcc: b@example.org"},
		{To: "a@example.org", Subject: "x\nBcc: b@example.org"},
		{To: "a@example.org"},
		{To: "", Subject: "x"},
	} {
		for _, to := range []mail.Sender{sender, box} {
			if err := to.Send(t.Context(), m); !errors.Is(err, mail.ErrMessage) {
				t.Errorf("%q: %v", m, err)
			}
		}
	}
	text := mail.Message{To: "a@example.org", Subject: "x", Text: "Bcc: b@example.org\r\n.\r\nMAIL FROM:<evil@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n"}
	if err := sender.Send(t.Context(), text); err != nil {
		t.Fatal(err)
	}
	got := s.Received()
	if len(got) != 1 || got[0].To != "a@example.org" {
		t.Fatalf("received %+v", got)
	}
	parsed, err := netmail.ReadMessage(strings.NewReader(got[0].Data))
	if err != nil || parsed.Header.Get("Bcc") != "" {
		t.Errorf("%v: %v", err, parsed.Header)
	}
}

// What cannot work is told before anything is sent.
func TestSMTPIsChecked(t *testing.T) {
	for _, s := range []mail.SMTP{
		{Server: "mail.example", From: "hub@example.com"}, {Server: ":25", From: "hub@example.com"}, {Server: "mail.example:x", From: "hub@example.com"},
		{Server: "mail.example:25"}, {Server: "mail.example:25", From: "hub"}, {Server: "mail.example:25", From: "hub@example.com\r\nBcc: a@example.org"},
	} {
		if s.Check() == nil {
			t.Errorf("%+v is taken", s)
		}
	}
	if err := (mail.None{}).Send(t.Context(), message); !errors.Is(err, mail.ErrNone) {
		t.Error(err)
	}
}
