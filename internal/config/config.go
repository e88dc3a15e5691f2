// Package config says what can be configured: each value is a flag and an environment variable APPANAGE_….
package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"
)

// Database is where the data is. It is embedded in the commands that need it.
type Database struct {
	Database string `help:"Where the data is: sqlite:FILE, or mysql://user:password@host:3306/name (MySQL 8, MariaDB 10.6 or later). Default: sqlite:appanage.db." placeholder:"URL"`
}

// URL is the database named, or the default.
func (d Database) URL() string {
	if d.Database == "" {
		return "sqlite:appanage.db"
	}
	return d.Database
}

// Secret is where the key comes from. Every key the server works with derives from it.
type Secret struct {
	Secret string `help:"Key that cursors and the trail of changes are signed with, 32 characters or more, the same on all servers of one database. Without it, a server on SQLite makes one at its first start and keeps it beside the database in FILE.key." placeholder:"KEY"`
}

// Serve configures the server.
type Serve struct {
	Database
	Secret
	Encryption

	Listen       string `default:"127.0.0.1:8080" help:"Address to listen on. Default: ${default}." placeholder:"HOST:PORT"`
	Production   bool   `help:"Production mode: the GraphiQL page is off, and callers without a token cannot read the schema."`
	Explorer     bool   `help:"Serve the GraphiQL page in production mode too."`
	Demo         bool   `help:"Fill an empty database (a temporary one, unless --database is given) with a made-up platform, and print its users. Listens on loopback only."`
	DemoPassword string `help:"Password of all demo users; a random one is made when absent." placeholder:"PASSWORD"`

	AdminUser     string `help:"User name of the first administrator, made when the platform has no user yet; with --admin-password." placeholder:"NAME"`
	AdminPassword string `help:"His password. Better given by the environment than on the command line." placeholder:"PASSWORD"`

	Mail
	URLs

	Participants string         `help:"JSON list of the services that are told when an application is removed, each {\"name\", \"url\", \"secret\"}; keep it readable by the server alone." placeholder:"FILE"`
	CORSOrigin   []string       `name:"cors-origin" help:"Web origin whose pages may call, such as https://app.example.com; may be given many times." placeholder:"ORIGIN"`
	TrustedProxy []netip.Prefix `help:"Network of proxies whose X-Forwarded-For is believed, such as 10.0.0.0/8; may be given many times." placeholder:"CIDR"`
	RateAddress  float64        `default:"200" help:"Requests per second from one address, in the long run; 0 for no bound. Default: ${default}." placeholder:"N"`
	RateSession  float64        `default:"50" help:"Requests per second of one session, in the long run; 0 for no bound. Default: ${default}." placeholder:"N"`
	SessionIdle  time.Duration  `default:"30m" help:"A session ends after so long without use. Default: ${default}." placeholder:"TIME"`
	SessionMost  time.Duration  `default:"12h" help:"A session ends after so long at all. Default: ${default}." placeholder:"TIME"`
	Reads        string         `default:"planned" enum:"planned,reference" help:"How queries are answered: planned (compiled), or reference (field by field: slow, the same answers). Default: ${default}."`
	TraceTo      string         `help:"OpenTelemetry collector that spans are sent to by OTLP over HTTP, such as http://127.0.0.1:4318." placeholder:"URL"`
	LogFormat    string         `default:"text" enum:"text,json" help:"text or json."`
	LogLevel     slog.Level     `default:"info" help:"debug, info, warn or error. Default: ${default}."`
}

// Validate refuses what does not go together; kong calls it. Messages name the flag.
func (s *Serve) Validate() error {
	host, _, err := net.SplitHostPort(s.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %q is not HOST:PORT", s.Listen)
	}
	if ip, err := netip.ParseAddr(host); s.Demo && host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return fmt.Errorf("--demo listens on loopback only, not on %q: its passwords are printed", s.Listen)
	}
	if s.Demo && s.Production {
		return fmt.Errorf("--demo and --production exclude each other")
	}
	if s.Demo && s.AdminUser != "" {
		return fmt.Errorf("--demo brings users of its own: not with --admin-user")
	}
	if s.Demo && s.SMTP != "" {
		return fmt.Errorf("--demo keeps its mail in a mailbox: not with --smtp")
	}
	if s.Demo && s.SMSGateway != "" {
		return fmt.Errorf("--demo keeps its text messages in a mailbox: not with --sms-gateway")
	}
	if (s.AdminUser == "") != (s.AdminPassword == "") {
		return fmt.Errorf("--admin-user and --admin-password go together")
	}
	for _, o := range s.CORSOrigin {
		if !isOrigin(o) {
			return fmt.Errorf("--cors-origin: %q is not an exact origin such as https://app.example.com", o)
		}
	}
	return errors.Join(s.Mail.validate(), s.URLs.validate())
}

// isOrigin tells whether a text is exactly an origin of the web.
func isOrigin(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme != "" && u.Host != "" && u.Scheme+"://"+u.Host == s
}

// Page tells whether the GraphiQL page is served.
func (s *Serve) Page() bool { return !s.Production || s.Explorer }

// Logger writes to standard error as configured.
func (s *Serve) Logger() *slog.Logger {
	options := &slog.HandlerOptions{Level: s.LogLevel}
	if s.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}

// sqliteFile is the path of a sqlite: URL.
func sqliteFile(database string) (string, bool) { return strings.CutPrefix(database, "sqlite:") }
