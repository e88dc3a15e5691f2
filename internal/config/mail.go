package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// Mail says how mail leaves the hub, and where the links in it lead.
type Mail struct {
	SMTP         string `name:"smtp" help:"Mail server. On port 465 TLS comes first, on any other by STARTTLS. Without one no mail is sent: links to set a password, and invitations, wait in the outbox." placeholder:"HOST:PORT"`
	SMTPUser     string `name:"smtp-user" help:"User name at the mail server; with --smtp-password." placeholder:"NAME"`
	SMTPPassword string `name:"smtp-password" help:"Password there. Better given by the environment than on the command line." placeholder:"PASSWORD"`
	SMTPTLS      string `name:"smtp-tls" default:"required" enum:"required,opportunistic,none" help:"Whether mail goes over TLS: required, opportunistic (where the server offers it), or none (on loopback only). Default: ${default}."`
	MailFrom     string `help:"Address that mail comes from, such as hub@example.com; with --smtp." placeholder:"ADDRESS"`
	SMSGateway   string `name:"sms-gateway" help:"Gateway for text messages: it is sent POST with {\"to\": …, \"text\": …}, and answers 2xx. Over https, but on loopback." placeholder:"URL"`
	SMSToken     string `name:"sms-token" help:"Bearer token for the gateway. Better given by the environment than on the command line." placeholder:"TOKEN"`
	Origin       string `help:"The hub's own public origin, which the links in mails lead to, such as https://hub.example.com. Default: http:// and the address it listens on." placeholder:"ORIGIN"`
}

func (m *Mail) validate() error {
	if m.Origin != "" && (!isOrigin(m.Origin) || !strings.HasPrefix(m.Origin, "https://") && !strings.HasPrefix(m.Origin, "http://")) {
		return fmt.Errorf("--origin: %q is not an exact origin such as https://hub.example.com", m.Origin)
	}
	if err := m.validateSMS(); err != nil {
		return err
	}
	if (m.SMTP == "") != (m.MailFrom == "") {
		return fmt.Errorf("--smtp and --mail-from go together")
	}
	if m.SMTP == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(m.SMTP)
	if err != nil || host == "" {
		return fmt.Errorf("--smtp: %q is not HOST:PORT", m.SMTP)
	}
	if (m.SMTPUser == "") != (m.SMTPPassword == "") {
		return fmt.Errorf("--smtp-user and --smtp-password go together")
	}
	switch {
	case m.SMTPTLS == "none" && !near(host):
		return fmt.Errorf("--smtp-tls none is for a mail server on this machine, not for %q: mails hold secrets", host)
	case m.SMTPUser != "" && m.SMTPTLS == "opportunistic":
		return fmt.Errorf("--smtp-user: a password goes over TLS only, so --smtp-tls must be required")
	}
	return nil
}

func (m *Mail) validateSMS() error {
	if m.SMSGateway == "" {
		if m.SMSToken != "" {
			return fmt.Errorf("--sms-token goes with --sms-gateway")
		}
		return nil
	}
	at, err := url.Parse(m.SMSGateway)
	if err != nil || at.Host == "" || at.User != nil || at.Scheme != "https" && at.Scheme != "http" {
		return fmt.Errorf("--sms-gateway is the address of a web server, without a user in it") // who may stand in what was given
	}
	if at.Scheme == "http" && !near(at.Hostname()) {
		return fmt.Errorf("--sms-gateway: text messages hold secrets, and go over https but on this machine")
	}
	return nil
}

// near tells whether a host is this machine.
func near(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
