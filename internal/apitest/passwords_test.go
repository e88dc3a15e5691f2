package apitest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/appanage/appanage/ent/migrate"
	"github.com/appanage/appanage/ent/user"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/mail"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// welcomed makes a user by an administrator, without a password.
func (e *estate) welcomed(token string, in input) oid.User {
	e.t.Helper()
	a := e.Do(token, "mutation($input: UserCreateInput!) { userCreate(input: $input) { user { id } errors { code path } } }", hubtest.Variables{"input": in})
	e.known.Store(nil)
	var data struct {
		UserCreate struct {
			User *struct{ ID oid.User }
		}
	}
	e.MustData(a, &data)
	if data.UserCreate.User == nil {
		e.t.Fatalf("%s", a.Body)
	}
	return data.UserCreate.User.ID
}

// domain 2.1, 2.5: a new user without a password is mailed a link, by which he sets it, proves his address and becomes
// ACTIVE. The link works once, for 72 hours.
func TestAWelcome(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		id := e.welcomed(e.carl, input{"name": "New", "email": "New@Example.org"})
		secret := e.Mailed("new@example.org")
		if mail := h.Mail().Sent()[0]; !strings.Contains(mail.Text, hubtest.Origin+"/#password/"+secret+"\n") {
			t.Errorf("the mail says %q", mail.Text)
		}
		e.fails(t, "", "passwordSet", input{"token": secret, "password": "password"}, "INVALID at input.password")
		e.fails(t, "", "passwordSet", input{"token": secret + "x", "password": newPassword}, "NOT_FOUND at input.token")
		e.fails(t, "", "passwordSet", input{"token": "", "password": newPassword}, "NOT_FOUND at input.token")
		if a := e.later(72*time.Hour).Do("", mutation("passwordSet"), hubtest.Variables{"input": input{"token": secret, "password": newPassword}}); !strings.Contains(string(a.Body), "NOT_FOUND") {
			t.Errorf("after 72 hours: %s", a.Body)
		}
		e.succeeds("", "passwordSet", input{"token": secret, "password": newPassword})
		u := h.Ent().User.GetX(h.System(), id)
		if u.Status != enum.UserActive || u.EmailKey == nil || *u.EmailKey != "new@example.org" {
			t.Errorf("the user is %v", u)
		}
		e.succeeds("", "sessionCreate", input{"identifier": "NEW@example.org", "password": newPassword, "clientCode": "CHILD"})
		e.fails(t, "", "passwordSet", input{"token": secret, "password": newPassword}, "NOT_FOUND at input.token")
	})
}

// domain 2.1, 10.8: what a link does not do: prove an address that somebody else has proven, or work for the suspended,
// for an address that is no longer the user's, or after a newer one was sent.
func TestLinksThatDoLess(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		e.proven(e.p, "first", "shared@example.org")
		id := e.welcomed(e.carl, input{"name": "Second", "userName": "second", "email": "shared@example.org"})
		secret := e.Mailed("shared@example.org")
		e.succeeds("", "passwordSet", input{"token": secret, "password": newPassword})
		if u := h.Ent().User.GetX(h.System(), id); u.Status != enum.UserActive || u.EmailKey != nil {
			t.Errorf("the user is %v", u)
		}
		e.succeeds("", "sessionCreate", input{"identifier": "second", "password": newPassword, "clientCode": "CHILD"})

		id = e.welcomed(e.carl, input{"name": "Third", "email": "third@example.org"})
		older := e.Mailed("third@example.org")
		e.succeeds(e.carl, "userPasswordReset", input{"id": string(id)})
		newer := e.Mailed("third@example.org")
		if older == newer {
			t.Fatal("no second mail was sent")
		}
		e.fails(t, "", "passwordSet", input{"token": older, "password": newPassword}, "NOT_FOUND at input.token")
		e.exec("UPDATE users SET status = 'SUSPENDED' WHERE id = ?", string(id))
		e.fails(t, "", "passwordSet", input{"token": newer, "password": newPassword}, "NOT_FOUND at input.token")
		e.fails(t, e.carl, "userPasswordReset", input{"id": string(id)}, "NOT_ALLOWED at input.id")
		e.exec("UPDATE users SET status = 'INVITED', email = 'other@example.org' WHERE id = ?", string(id))
		e.fails(t, "", "passwordSet", input{"token": newer, "password": newPassword}, "NOT_FOUND at input.token")
		e.exec("UPDATE users SET email = 'third@example.org' WHERE id = ?", string(id))
		e.succeeds("", "passwordSet", input{"token": newer, "password": newPassword})
	})
}

// domain 2.3, 2.5: a new password ends every session, and the link works once, also for many at once.
func TestAResetEndsSessions(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		id, token := e.proven(e.c, "reset", "reset@example.org", clientOwner)
		e.succeeds(e.carl, "userPasswordReset", input{"id": string(id)})
		secret := e.Mailed("reset@example.org")
		if a := h.Do(token, "{ viewer { user { id } } }", nil); a.Status != http.StatusOK || len(a.Errors) > 0 {
			t.Fatalf("before: %s", a.Body)
		}
		if a := e.later(time.Hour).Do("", mutation("passwordSet"), hubtest.Variables{"input": input{"token": secret, "password": newPassword}}); !strings.Contains(string(a.Body), "NOT_FOUND") {
			t.Errorf("after an hour: %s", a.Body)
		}
		var ok atomic.Int32
		atOnce(5, func(int) {
			if accepted(h, "", "passwordSet", input{"token": secret, "password": newPassword}) == nil {
				ok.Add(1)
			}
		})
		if ok.Load() != 1 {
			t.Errorf("the link worked %d times", ok.Load())
		}
		if a := h.Do(token, "{ viewer { user { id } } }", nil); a.Status != http.StatusUnauthorized {
			t.Errorf("after: %d %s", a.Status, a.Body)
		}
		if n := e.count("links", "user_id = ?", string(id)); n != 0 {
			t.Errorf("%d links are left", n)
		}
	})
}

// domain 0, 2.5: whoever is named, the answer and the statements behind it are the same; mailed is only a proven
// address, of who may come in.
func TestResetRequestsTellNothing(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		e.proven(e.c, "Known", "known@example.org")
		e.exec("UPDATE users SET user_name = 'known', user_name_key = 'known', phone_key = '41441234567' WHERE email_key = 'known@example.org'")
		id, _ := h.User(e.c, "unproven")
		e.exec("UPDATE users SET email = 'unproven@example.org' WHERE id = ?", string(id))
		id, _ = e.proven(e.c, "suspended", "suspended@example.org")
		e.exec("UPDATE users SET status = 'SUSPENDED' WHERE id = ?", string(id))

		var first []string
		for _, identifier := range []string{"known@example.org", "nobody@example.org", "unproven", "unproven@example.org", "suspended@example.org", "+41 44 123 45 67"} {
			before := h.Ent().OutboxEvent.Query().CountX(h.System())
			body := e.raw("", "passwordResetRequest", input{"identifier": identifier, "clientCode": "CHILD"}).Body
			said := []string{string(body), fmt.Sprint(h.Ent().OutboxEvent.Query().CountX(h.System()) - before)}
			if first == nil {
				first = said
			}
			if !slices.Equal(said, first) || !bytes.Contains(body, []byte(`"errors":[]`)) || said[1] != "1" {
				t.Errorf("%s is answered %q, not %q", identifier, said, first)
			}
		}
		for _, in := range []input{{"clientCode": "UNHEARDOF"}, {"url": "https://nobody.example"}, {"url": "no url"}, {"clientCode": "STRANGER"}, {}} {
			in["identifier"] = "known@example.org"
			if body := string(e.raw("", "passwordResetRequest", in).Body); body != first[0] {
				t.Errorf("%v is answered %s", in, body)
			}
		}
		h.Deliver()
		var to []string
		for _, m := range h.Mail().Sent() {
			to = append(to, m.To)
		}
		if !slices.Equal(to, []string{"known@example.org", "known@example.org"}) {
			t.Errorf("mail went to %v", to)
		}
		secret := e.Mailed("known@example.org")
		e.succeeds("", "passwordSet", input{"token": secret, "password": newPassword})
		e.succeeds("", "sessionCreate", input{"identifier": "known", "password": newPassword, "clientCode": "CHILD"})

		for range 5 {
			e.succeeds("", "passwordResetRequest", input{"identifier": "KNOWN", "clientCode": "PARTNER"})
			e.succeeds("", "passwordResetRequest", input{"identifier": " Known@example.org", "clientCode": "CHILD"})
		}
		h.Deliver()
		if n := len(h.Mail().Sent()); n != 3 {
			t.Errorf("%d mails went to one user within an hour", n)
		}
		e.succeeds("", "passwordResetRequest", input{"identifier": "known@example.org"}) // SYSTEM's base
		e.succeeds("", "passwordResetRequest", input{"identifier": "known@example.org", "clientCode": "STRANGER"})
		e.succeeds("", "passwordResetRequest", input{"identifier": "known@example.org", "url": "https://nobody.example"})
		h.Deliver(clock.At(func() time.Time { return time.Now().Add(time.Hour) }))
		if n := len(h.Mail().Sent()); n != 3 {
			t.Errorf("a request in another base was mailed: %d mails", n)
		}
		e.fails(t, "", "passwordResetRequest", input{"identifier": ""}, "INVALID at input.identifier")
		e.fails(t, "", "passwordResetRequest", input{"identifier": strings.Repeat("x", 255)}, "INVALID at input.identifier")
	})
}

// domain 10.4: a link leads to the hub's own origin, whatever a request or its headers name.
func TestLinksLeadHome(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		e.proven(e.c, "Known", "known@example.org")
		body := `{"query":"mutation { passwordResetRequest(input: {identifier: \"known@example.org\", clientCode: \"CHILD\"}) { errors { code } } }"}`
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "https://evil.example/graphql", strings.NewReader(body))
		r.Header = http.Header{"Content-Type": {"application/json"}, "Origin": {"https://evil.example"}, "Referer": {"https://evil.example/"},
			"X-Forwarded-Host": {"evil.example"}, "Forwarded": {"host=evil.example"}}
		w := httptest.NewRecorder()
		h.Handler.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		secret := e.Mailed("known@example.org")
		if text := h.Mail().Sent()[0].Text; strings.Contains(text, "evil") || !strings.Contains(text, hubtest.Origin+"/#password/"+secret+"\n") {
			t.Errorf("the mail says %q", text)
		}
	})
}

// domain 2.5: administrators of the home client reset, where there is an address.
func TestResetsAreRefused(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		none, _ := h.User(e.c, "none")
		member, _ := e.proven(e.p, "member", "member@example.org")
		h.Must(h.Ent().Membership.Create().SetClientID(e.c).SetUserID(member).Exec(h.System()))
		e.fails(t, e.carl, "userPasswordReset", input{"id": string(none)}, "NOT_ALLOWED at input.id")
		e.exec("UPDATE users SET email = 'none@example.org' WHERE id = ?", string(none))
		e.fails(t, e.carl, "userPasswordReset", input{"id": string(none)}, "NOT_ALLOWED at input.id")
		e.fails(t, e.carl, "userPasswordReset", input{"id": string(member)}, "NOT_ALLOWED at input.id")
		e.fails(t, e.stan, "userPasswordReset", input{"id": string(member)}, "NOT_FOUND at input.id")
		e.fails(t, e.stan, "userPasswordReset", input{"id": string(oid.New[oid.User]())}, "NOT_FOUND at input.id")
		e.fails(t, e.carl, "userPasswordReset", input{"id": string(e.c)}, "INVALID at input.id")
	})
}

// Attack (domain 2.5): a helpdesk user has the password of somebody reset who holds more than he.
func TestAttackPasswordOfWhoHoldsMore(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		_, helpdesk := h.User(e.c, "helpdesk", clientOwner)
		boss, _ := e.proven(e.c, "boss", "boss@example.org", authority.BuiltInRole(authority.OwnerRole))
		e.fails(t, helpdesk, "userPasswordReset", input{"id": string(boss)}, "NOT_ALLOWED at input.id")
		open := e.without(func(r *authz.Rules) { r.TakesOver = func(authz.Held, []authz.Permission) bool { return true } })
		if err := accepted(open, helpdesk, "userPasswordReset", input{"id": string(boss)}); err != nil {
			t.Error("without the rule the attack must succeed:", err)
		}
		e.Mailed("boss@example.org")
	})
}

// domain 2.3, 10.4, 10.8, 16.1: no secret stands in any row or line of the log, in clear: neither what was mailed nor
// what was typed.
func TestSecretsAreWrittenNowhere(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		var log safeBuffer
		e := newEstate(t, h.Node(func(o *hub.HTTP) {
			o.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		}))
		const first, second, third = "canary password one", "canary password two", "canary password three"
		secrets := []string{first, second, third}
		note := func(secret string) string { secrets = append(secrets, secret); return secret }

		id := e.welcomed(e.carl, input{"name": "New", "email": "new@example.org"})
		e.succeeds("", "passwordSet", input{"token": note(e.Mailed("new@example.org")), "password": first})
		e.succeeds(e.carl, "userPasswordReset", input{"id": string(id)})
		e.succeeds("", "passwordSet", input{"token": note(e.Mailed("new@example.org")), "password": second})
		e.succeeds("", "passwordResetRequest", input{"identifier": "new@example.org", "clientCode": "CHILD"})
		note(e.Mailed("new@example.org"))
		e.succeeds("", "invitationAccept", input{"token": note(e.invite(e.carl, input{"email": "b@example.org"})), "name": "B", "password": third})
		e.succeeds("", "invitationDecline", input{"token": note(e.invite(e.carl, input{"email": "c@example.org"}))})
		note(e.invite(e.carl, input{"email": "d@example.org"}))
		note(*e.succeeds("", "sessionCreate", input{"identifier": "new@example.org", "password": second, "clientCode": "CHILD"}).Token)
		e.fails(t, "", "passwordSet", input{"token": secrets[3], "password": first}, "NOT_FOUND at input.token")
		h.DoOnce("", "0123456789abcdef0123456789abcdef", mutation("passwordSet"), hubtest.Variables{"input": input{"token": secrets[5], "password": third}})

		// A delivery that fails is written down and logged: its secret is in neither.
		leaky := &failing{}
		e.succeeds(e.carl, "userPasswordReset", input{"id": string(id)})
		if _, err := h.Outbox(hub.OutboxOptions{Mail: leaky, Origin: hubtest.Origin, Logger: slog.New(slog.NewJSONHandler(&log, nil))}).Deliver(h.System()); err != nil {
			t.Fatal(err)
		}
		_, secret, _ := strings.Cut(leaky.last.Text, "/#password/")
		note(strings.Fields(secret)[0])
		if n := e.count("outbox_events", "last_error = 'the server is busy'"); n != 1 || !strings.Contains(log.String(), "the server is busy") {
			t.Errorf("%d events tell of the failure", n)
		}

		if len(secrets) != 11 || log.Len() == 0 {
			t.Fatalf("only %d secrets and %d bytes of log", len(secrets), log.Len())
		}
		for _, secret := range secrets {
			if strings.Contains(log.String(), secret) {
				t.Errorf("the log has %q", secret)
			}
		}
		rows := 0
		for _, table := range migrate.Tables {
			for _, r := range query(t, h, "SELECT * FROM "+table.Name) {
				rows++
				for column, value := range r {
					for _, secret := range secrets {
						if strings.Contains(fmt.Sprint(value), secret) {
							t.Errorf("%s.%s has %q", table.Name, column, secret)
						}
					}
				}
			}
		}
		if rows < 50 || h.Ent().User.Query().Where(user.PasswordHashNotNil()).CountX(h.System()) < 2 {
			t.Errorf("only %d rows were looked at", rows)
		}
	})
}

// failing is a mail server that takes nothing.
type failing struct{ last mail.Message }

func (f *failing) Send(_ context.Context, m mail.Message) error {
	f.last = m
	return errors.New("the server is busy")
}

// safeBuffer is a buffer that many write to.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func (s *safeBuffer) Len() int { return len(s.String()) }
