package mail_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"net"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/appanage/appanage/internal/mail"
)

// server is a mail server in this process. It keeps what it is sent.
type server struct {
	*smtp.Server
	address string
	refuse  error // of every recipient

	mu   sync.Mutex
	got  []received
	auth []string
}

type received struct {
	from, to, data string
	encrypted      bool
}

// start starts a server; certificate nil offers no TLS. Passwords are taken over TLS only.
func start(t *testing.T, certificate *tls.Certificate, implicit bool) *server {
	t.Helper()
	s := &server{}
	s.Server = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{server: s, conn: c}, nil }))
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = listener.Addr().String()
	if certificate != nil {
		s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS12}
	}
	if implicit {
		listener = tls.NewListener(listener, s.TLSConfig)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(listener) // that it was closed
	}()
	t.Cleanup(func() {
		_ = s.Close()
		_ = listener.Close() // a server that has not begun knows it not yet
		<-done
	})
	return s
}

func (s *server) received() []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]received(nil), s.got...)
}

type session struct {
	server *server
	conn   *smtp.Conn
	now    received
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		s.server.mu.Lock()
		defer s.server.mu.Unlock()
		s.server.auth = append(s.server.auth, user+":"+password)
		if password != "right" {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	_, s.now.encrypted = s.conn.TLSConnectionState()
	s.now.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.now.to += to
	return s.server.refuse
}

func (s *session) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	s.now.data = string(data)
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.got = append(s.server.got, s.now)
	return err
}

func (s *session) Reset()        { s.now = received{} }
func (s *session) Logout() error { return nil }

// certificate is one for 127.0.0.1, and a configuration that trusts it.
func certificate(t *testing.T) (*tls.Certificate, *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
}

var message = mail.Message{To: "ünal@example.org", Subject: "Grüezi", Text: "Follow\n\nhttps://hub.example/#password/apl_secret\n\n.a line with a dot\n"}

// domain 10.8: a message goes out by SMTP, over TLS, with a password, and comes as it was written.
func TestSMTP(t *testing.T) {
	cert, roots := certificate(t)
	s := start(t, cert, false)
	s.EnableSMTPUTF8 = true
	sender := mail.SMTP{Server: s.address, User: "hub", Password: "right", TLS: mail.TLSRequired, From: "The Hub <hub@example.com>", Roots: roots}
	if err := sender.Check(); err != nil {
		t.Fatal(err)
	}
	if err := sender.Send(t.Context(), message); err != nil {
		t.Fatal(err)
	}
	got := s.received()
	if len(got) != 1 || !got[0].encrypted || got[0].from != "hub@example.com" || got[0].to != message.To || len(s.auth) != 1 || s.auth[0] != "hub:right" {
		t.Fatalf("received %+v, signed in as %v", got, s.auth)
	}
	parsed, err := netmail.ReadMessage(strings.NewReader(got[0].data))
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
	if !strings.Contains(got[0].data, "https://hub.example/#password/apl_secret\r\n") || !strings.Contains(got[0].data, "\r\n.a line with a dot\r\n") {
		t.Errorf("the text is %q", got[0].data)
	}
}

// A message with HTML is one of two forms, of which the reader's program takes the one it likes: the text comes first.
func TestSMTPWithHTML(t *testing.T) {
	s := start(t, nil, false)
	both := mail.Message{To: "a@example.org", Subject: "x", Text: "plain = text\n", HTML: "<p>rich = text, and much more of it than fits on a line of mail, which has seventy-eight</p>\n"}
	if err := (mail.SMTP{Server: s.address, TLS: mail.TLSNone, From: "hub@example.com"}).Send(t.Context(), both); err != nil {
		t.Fatal(err)
	}
	parsed, err := netmail.ReadMessage(strings.NewReader(s.received()[0].data))
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
	cert, roots := certificate(t)
	_, others := certificate(t)
	plain, starttls, implicit := start(t, nil, false), start(t, cert, false), start(t, cert, true)
	refusing := start(t, nil, false)
	refusing.refuse = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user unal@example.org apl_secret"}
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
		"none":                                {mail.SMTP{Server: plain.address, TLS: mail.TLSNone}, ""},
		"opportunistic, not there":            {mail.SMTP{Server: plain.address, TLS: mail.TLSOpportunistic}, ""},
		"opportunistic, there":                {mail.SMTP{Server: starttls.address, TLS: mail.TLSOpportunistic, Roots: roots}, ""},
		"required, not there":                 {mail.SMTP{Server: plain.address, TLS: mail.TLSRequired}, "TLS"},
		"required is what is not said":        {mail.SMTP{Server: plain.address}, "TLS"},
		"a certificate of nobody we know":     {mail.SMTP{Server: starttls.address, TLS: mail.TLSRequired}, "TLS"},
		"a certificate of somebody else":      {mail.SMTP{Server: starttls.address, TLS: mail.TLSRequired, Roots: others}, "TLS"},
		"a server that speaks TLS only":       {mail.SMTP{Server: implicit.address, TLS: mail.TLSNone, Timeout: time.Second / 2}, "cannot be reached"},
		"a wrong password":                    {mail.SMTP{Server: starttls.address, TLS: mail.TLSRequired, Roots: roots, User: "hub", Password: "wrong"}, "password"},
		"a recipient whom the server refuses": {mail.SMTP{Server: refusing.address, TLS: mail.TLSNone}, "code 550"},
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
	if n := len(plain.received()); n != 2 {
		t.Errorf("%d messages came in clear", n)
	}
	for _, m := range starttls.received() {
		if !m.encrypted {
			t.Error("a message came in clear to a server that offers TLS")
		}
	}
}

// No header comes from what others wrote: address and subject are refused, the text stays text.
func TestHeaderInjection(t *testing.T) {
	s := start(t, nil, false)
	sender := mail.SMTP{Server: s.address, TLS: mail.TLSNone, From: "hub@example.com"}
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
	got := s.received()
	if len(got) != 1 || got[0].to != "a@example.org" {
		t.Fatalf("received %+v", got)
	}
	parsed, err := netmail.ReadMessage(strings.NewReader(got[0].data))
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
