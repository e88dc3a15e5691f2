package notice_test

import (
	"strings"
	"testing"
	"time"

	"github.com/appanage/appanage/internal/notice"
)

var kinds = []notice.Kind{
	notice.Welcome, notice.Reset, notice.Invitation, notice.RegistrationLink, notice.RegistrationCode, notice.RegistrationInvitation,
}

// domain 10.8: each notice is worded in each language, as text and as HTML, with its secret on a line of its own.
func TestEveryNoticeInEveryLanguage(t *testing.T) {
	seen := map[string]bool{}
	for _, kind := range kinds {
		for _, locale := range []string{"en", "de"} {
			n := notice.Notice{
				Kind: kind, Locale: locale, Application: "Auftragsbuch", Client: "Holzwerk", Link: "https://hub.example/#x/secret", Code: "secret", Lasts: 72 * time.Hour,
			}
			m, err := n.Mail()
			if err != nil {
				t.Fatal(err)
			}
			if seen[m.Text] || m.Subject == "" || strings.Contains(m.Text+m.HTML+m.Subject, "<no value>") {
				t.Errorf("%s in %s: %+v", kind, locale, m)
			}
			seen[m.Text] = true
			for _, line := range []string{"\nsecret\n", "\nhttps://hub.example/#x/secret\n"} {
				if !strings.Contains(m.Text, line) {
					t.Errorf("%s in %s has no line %q:\n%s", kind, locale, line, m.Text)
				}
			}
			for _, part := range []string{`<html lang="` + locale + `">`, `<a href="https://hub.example/#x/secret">`, "<code>secret</code>"} {
				if !strings.Contains(m.HTML, part) {
					t.Errorf("%s in %s has no %s:\n%s", kind, locale, part, m.HTML)
				}
			}
			if registers := strings.HasPrefix(string(kind), "registration"); registers != strings.Contains(m.Subject, "Auftragsbuch") {
				t.Errorf("%s in %s is about %q", kind, locale, m.Subject)
			}
		}
	}
	for _, locale := range []string{"en", "de"} {
		n := notice.Notice{Kind: notice.RegistrationCode, Locale: locale, Application: "Auftragsbuch", Code: "123456", Lasts: 15 * time.Minute}
		if text, err := n.SMS(); err != nil || !strings.Contains(text, " 123456,") || !strings.HasPrefix(text, "Auftragsbuch: ") || strings.Contains(text, "\n") {
			t.Errorf("%q, %v", text, err)
		}
	}
	if _, err := (notice.Notice{Kind: notice.Welcome}).SMS(); err == nil {
		t.Error("there is no text message of a welcome, and it is worded")
	}
}

func TestLanguages(t *testing.T) {
	for locale, want := range map[string]string{
		"de": "Einmalpasswort", "de-AT": "Einmalpasswort", "gsw-CH": "Einmalpasswort", "en-GB": "one-time", "fr-FR": "one-time", "": "one-time", "no such tag": "one-time",
	} {
		text, err := notice.Notice{Kind: notice.RegistrationCode, Locale: locale, Lasts: time.Minute}.SMS()
		if err != nil || !strings.Contains(text, want) {
			t.Errorf("%q: %q, %v", locale, text, err)
		}
	}
}

func TestHowLong(t *testing.T) {
	for lasts, want := range map[time.Duration]string{
		time.Minute: "for 1 minute.", 15 * time.Minute: "for 15 minutes.", time.Hour: "for 1 hour.", 72 * time.Hour: "for 72 hours.", 90 * time.Minute: "for 90 minutes.",
	} {
		if text, err := (notice.Notice{Kind: notice.RegistrationCode, Lasts: lasts}).SMS(); err != nil || !strings.Contains(text, want) {
			t.Errorf("%v: %q, %v", lasts, text, err)
		}
	}
}

// Names are names: nothing in them becomes HTML, and a link that is none of the web's is not made one.
func TestNamesStayNames(t *testing.T) {
	m, err := notice.Notice{
		Kind: notice.RegistrationLink, Application: `<script>alert(1)</script>`, Client: `"><a href=x>`, Link: "javascript:alert(1)", Code: "<b>", Lasts: time.Hour,
	}.Mail()
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<script", "<a href=x", `href="javascript`, "<b>"} {
		if strings.Contains(m.HTML, bad) {
			t.Errorf("%s stands in\n%s", bad, m.HTML)
		}
	}
}

func TestWithoutALink(t *testing.T) {
	m, err := notice.Notice{Kind: notice.RegistrationCode, Application: "Shop", Client: "Oak", Code: "123456", Lasts: 15 * time.Minute}.Mail()
	want := "Somebody, you we hope, wants to register for Shop at Oak with this address. The one-time password, for 15 minutes:\n\n123456\n\n" +
		"Give it to nobody. If it was not you, do nothing: without you it comes to nothing.\n"
	if err != nil || m.Text != want || strings.Contains(m.HTML, "<a") {
		t.Errorf("%v\n%s\n%s", err, m.Text, m.HTML)
	}
}
