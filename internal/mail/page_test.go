package mail_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/mail"
)

func ask(t *testing.T, box *mail.Mailbox, host, from string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+host+"/mailbox", http.NoBody)
	r.RemoteAddr = from
	w := httptest.NewRecorder()
	box.Page().ServeHTTP(w, r)
	return w
}

// domain 10.8: the page shows what was sent, newest first, with links to follow, as text and nothing else.
func TestMailboxPage(t *testing.T) {
	box := &mail.Mailbox{}
	if page := ask(t, box, "127.0.0.1:8080", "127.0.0.1:1"); page.Code != http.StatusOK || !strings.Contains(page.Body.String(), "Nothing yet") {
		t.Fatalf("%d %s", page.Code, page.Body)
	}
	for _, m := range []mail.Message{
		{To: "first@example.org", Subject: "The first", Text: "Hello\n\nhttp://127.0.0.1:8080/#password/apl_x\n"},
		{To: "second@example.org", Subject: `<script>alert("subject")</script>`, Text: "<b>bold</b>\njavascript:alert(1)\nhttps://x.example/\"><script>\n"},
	} {
		if err := box.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	if err := box.SendText(t.Context(), "+41441234567", "your one-time password is 123456"); err != nil {
		t.Fatal(err)
	}
	page := ask(t, box, "localhost:8080", "[::1]:1")
	body := page.Body.String()
	if strings.Index(body, "second@example.org") > strings.Index(body, "first@example.org") {
		t.Error("the newest is not first")
	}
	for _, want := range []string{`href="http://127.0.0.1:8080/#password/apl_x"`, ">http://127.0.0.1:8080/#password/apl_x</a>", "&lt;b&gt;bold", "<h2>Text message</h2>", "To &#43;41441234567,", "123456"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	for _, not := range []string{"<script", "<b>", `href="javascript`} {
		if strings.Contains(body, not) {
			t.Errorf("the page has %s", not)
		}
	}
	if policy := page.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("the policy is %q", policy)
	}
	if page.Header().Get("Cache-Control") != "no-store" || page.Header().Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("the header is %v", page.Header())
	}
}

// Only this machine sees it, by a name of its own: not one from another, nor a site whose name points here.
func TestMailboxIsForThisMachine(t *testing.T) {
	box := &mail.Mailbox{}
	if err := box.Send(t.Context(), message); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ host, from string }{
		{"evil.example:8080", "127.0.0.1:1"}, {"127.0.0.1:8080", "192.0.2.1:1"}, {"localhost.evil.example", "127.0.0.1:1"}, {"", "127.0.0.1:1"},
	} {
		if page := ask(t, box, c.host, c.from); page.Code != http.StatusNotFound || strings.Contains(page.Body.String(), "apl_") {
			t.Errorf("%v: %d %s", c, page.Code, page.Body)
		}
	}
}

// A mailbox does not grow for ever.
func TestMailboxKeepsTheNewest(t *testing.T) {
	box := &mail.Mailbox{}
	for i := range 600 {
		if err := box.Send(t.Context(), mail.Message{To: "a@example.org", Subject: fmt.Sprint("number ", i)}); err != nil {
			t.Fatal(err)
		}
	}
	if sent := box.Sent(); len(sent) != 500 || sent[0].Subject != "number 100" || sent[499].Subject != "number 599" {
		t.Errorf("%d are kept, from %q", len(sent), sent[0].Subject)
	}
}
