package config_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/appanage/appanage/internal/config"
)

func TestServeRefusesWhatDoesNotGoTogether(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*config.Serve)
		flag   string // named by the error; "" where all is fine
	}{
		"the defaults":             {func(*config.Serve) {}, ""},
		"a demo":                   {func(s *config.Serve) { s.Demo = true }, ""},
		"a demo on IPv6":           {func(s *config.Serve) { s.Demo, s.Listen = true, "[::1]:0" }, ""},
		"a demo for all":           {func(s *config.Serve) { s.Demo, s.Listen = true, "0.0.0.0:8080" }, "--demo"},
		"a demo on every address":  {func(s *config.Serve) { s.Demo, s.Listen = true, ":8080" }, "--demo"},
		"a demo in production":     {func(s *config.Serve) { s.Demo, s.Production = true, true }, "--demo"},
		"a demo with an admin":     {func(s *config.Serve) { s.Demo, s.AdminUser, s.AdminPassword = true, "a", "b" }, "--demo"},
		"an admin, no password":    {func(s *config.Serve) { s.AdminUser = "a" }, "--admin-user"},
		"a password, no admin":     {func(s *config.Serve) { s.AdminPassword = "a" }, "--admin-user"},
		"no port":                  {func(s *config.Serve) { s.Listen = "127.0.0.1" }, "--listen"},
		"an origin":                {func(s *config.Serve) { s.CORSOrigin = []string{"https://a.example:8443"} }, ""},
		"an origin with a path":    {func(s *config.Serve) { s.CORSOrigin = []string{"https://a.example/"} }, "--cors-origin"},
		"every origin":             {func(s *config.Serve) { s.CORSOrigin = []string{"*"} }, "--cors-origin"},
		"mail":                     {mailed(func(*config.Serve) {}), ""},
		"mail with a password":     {mailed(func(s *config.Serve) { s.SMTPUser, s.SMTPPassword = "a", "b" }), ""},
		"mail from nobody":         {func(s *config.Serve) { s.SMTP = "mail.example:587" }, "--mail-from"},
		"mail by nobody":           {func(s *config.Serve) { s.MailFrom = "hub@example.com" }, "--smtp"},
		"mail without a port":      {mailed(func(s *config.Serve) { s.SMTP = "mail.example" }), "--smtp"},
		"mail with half a user":    {mailed(func(s *config.Serve) { s.SMTPUser = "a" }), "--smtp-user"},
		"mail in clear":            {mailed(func(s *config.Serve) { s.SMTPTLS = "none" }), "--smtp-tls"},
		"mail in clear, near":      {mailed(func(s *config.Serve) { s.SMTP, s.SMTPTLS = "127.0.0.1:25", "none" }), ""},
		"a password in clear":      {mailed(func(s *config.Serve) { s.SMTPTLS, s.SMTPUser, s.SMTPPassword = "opportunistic", "a", "b" }), "--smtp-tls"},
		"mail from a demo":         {mailed(func(s *config.Serve) { s.Demo = true }), "--demo"},
		"text messages":            {texted("https://sms.example.com/send", "a", false), ""},
		"text messages, near":      {texted("http://127.0.0.1:9000", "", false), ""},
		"text messages, nearby":    {texted("http://localhost:9000", "", false), ""},
		"text messages in clear":   {texted("http://sms.example.com", "", false), "--sms-gateway"},
		"no gateway":               {texted("sms.example.com", "", false), "--sms-gateway"},
		"a gateway of no web":      {texted("ftp://sms.example.com", "", false), "--sms-gateway"},
		"a gateway without a host": {texted("https://", "", false), "--sms-gateway"},
		"a gateway with a blank":   {texted("http://a b", "", false), "--sms-gateway"},
		"a gateway with a user":    {texted("https://user:secret@sms.example.com", "", false), "--sms-gateway"},
		"a token for no gateway":   {texted("", "a", false), "--sms-token"},
		"texts from a demo":        {texted("https://sms.example.com", "", true), "--demo"},
		"links home":               {func(s *config.Serve) { s.Origin = "https://hub.example" }, ""},
		"links to a path":          {func(s *config.Serve) { s.Origin = "https://hub.example/x" }, "--origin"},
		"links to another scheme":  {func(s *config.Serve) { s.Origin = "ftp://hub.example" }, "--origin"},
		"a platform host":          {func(s *config.Serve) { s.PlatformHost = []string{"Hub.example.com", "localhost:5173"} }, ""},
		"a host with a scheme":     {func(s *config.Serve) { s.PlatformHost = []string{"https://hub.example.com"} }, "--platform-host"},
		"a host with a path":       {func(s *config.Serve) { s.PlatformHost = []string{"hub.example.com/x"} }, "--platform-host"},
		"a host with a question":   {func(s *config.Serve) { s.PlatformHost = []string{"hub.example.com?"} }, "--platform-host"},
		"an address for a host":    {func(s *config.Serve) { s.PlatformHost = []string{"10.0.0.1"} }, "--platform-host"},
		"suffixes":                 {func(s *config.Serve) { s.URLSuffix = []string{".apps.example.com", ".sites.example.org"} }, ""},
		"a suffix without its dot": {func(s *config.Serve) { s.URLSuffix = []string{"apps.example.com"} }, "--url-suffix"},
		"half a suffix":            {func(s *config.Serve) { s.URLSuffix = []string{".com"} }, "--url-suffix"},
		"a suffix with a port":     {func(s *config.Serve) { s.URLSuffix = []string{".apps.example.com:8443"} }, "--url-suffix"},
		"a suffix twice":           {func(s *config.Serve) { s.URLSuffix = []string{".a.example", ".A.example"} }, "--url-suffix"},
		"a resolver":               {func(s *config.Serve) { s.DNSResolver = "[::1]:53" }, ""},
		"a resolver without port":  {func(s *config.Serve) { s.DNSResolver = "10.0.0.1" }, "--dns-resolver"},
		"an origin without scheme": {func(s *config.Serve) { s.CORSOrigin = []string{"a.example"} }, "--cors-origin"},
	} {
		t.Run(name, func(t *testing.T) {
			s := config.Serve{Listen: "127.0.0.1:8080"}
			c.change(&s)
			err := s.Validate()
			if (err == nil) != (c.flag == "") || err != nil && (!strings.Contains(err.Error(), c.flag) || strings.Contains(err.Error(), "secret@")) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// domain 7.1: what is the platform's own is compared in canonical form.
func TestHostsAreBroughtToCanonicalForm(t *testing.T) {
	s := config.Serve{Listen: "127.0.0.1:8080", URLs: config.URLs{PlatformHost: []string{"HUB.example.com.", "hub.example.com:443"}, URLSuffix: []string{".Äpfel.example"}}}
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	if s.PlatformHost[0] != "hub.example.com" || s.PlatformHost[1] != "hub.example.com" || s.URLSuffix[0] != ".xn--pfel-koa.example" {
		t.Errorf("got %q, %q", s.PlatformHost, s.URLSuffix)
	}
}

// texted is a configuration with a gateway for text messages.
func texted(gateway, token string, demo bool) func(*config.Serve) {
	return func(s *config.Serve) { s.SMSGateway, s.SMSToken, s.Demo = gateway, token, demo }
}

// mailed is a configuration with a mail server, changed.
func mailed(change func(*config.Serve)) func(*config.Serve) {
	return func(s *config.Serve) {
		s.Mail = config.Mail{SMTP: "mail.example:587", MailFrom: "hub@example.com", SMTPTLS: "required"}
		change(s)
	}
}

// design 7: no default secret. It is given, or made and kept beside the SQLite file, or the server refuses.
func TestKeys(t *testing.T) {
	dir := t.TempDir()
	database := "sqlite:" + filepath.Join(dir, "hub.db")
	first := keys(t, config.Secret{}, database)
	if again := keys(t, config.Secret{}, database); !bytes.Equal(first.Key("cursor"), again.Key("cursor")) {
		t.Error("the second start has another key")
	}
	if other := keys(t, config.Secret{}, "sqlite:"+filepath.Join(dir, "other.db")); bytes.Equal(first.Key("cursor"), other.Key("cursor")) {
		t.Error("two databases have one key")
	}
	if bytes.Equal(first.Key("cursor"), first.Key("audit")) || len(first.Key("cursor")) != 32 {
		t.Error("keys of two purposes are alike, or too short")
	}
	info, err := os.Stat(filepath.Join(dir, "hub.db.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file: %v, %v", info, err)
	}
	given := config.Secret{Secret: strings.Repeat("s", 32)}
	if a, b := keys(t, given, database), keys(t, given, "mysql://u@h:1/d"); !bytes.Equal(a.Key("cursor"), b.Key("cursor")) {
		t.Error("one secret gives two keys")
	}
	for name, c := range map[string]struct {
		secret   config.Secret
		database string
	}{
		"none, shared database": {config.Secret{}, "mysql://u@h:1/d"},
		"short":                 {config.Secret{Secret: "short"}, database},
	} {
		if _, err := c.secret.KeysFor(c.database); err == nil || !strings.Contains(err.Error(), "--secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestServersThatStartAtOnceKeepOneKey(t *testing.T) {
	database := "sqlite:" + filepath.Join(t.TempDir(), "hub.db")
	made := make([][]byte, 20)
	var group sync.WaitGroup
	for i := range made {
		group.Go(func() {
			k, err := config.Secret{}.KeysFor(database)
			if err != nil {
				t.Error(err)
				return
			}
			made[i] = k.Key("cursor")
		})
	}
	group.Wait()
	for _, key := range made {
		if !bytes.Equal(key, made[0]) {
			t.Fatal("two servers have different keys")
		}
	}
}

func TestADamagedKeyIsNotReplaced(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "hub.db.key")
	if err := os.WriteFile(file, []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := (config.Secret{}).KeysFor("sqlite:" + filepath.Join(dir, "hub.db")); err == nil {
		t.Error("a damaged key was taken")
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "torn" {
		t.Errorf("the file is %q now, %v", text, err)
	}
}

func keys(t *testing.T, s config.Secret, database string) config.Keys {
	t.Helper()
	k, err := s.KeysFor(database)
	if err != nil {
		t.Fatal(err)
	}
	return k
}
