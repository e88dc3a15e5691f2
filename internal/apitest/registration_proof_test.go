package apitest

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/mail"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
	"github.com/appanage/appanage/internal/testkit/soak"
)

// refused is what every secret that does not work is answered.
const refused = "NOT_FOUND input.secret"

// onlyAt is the one problem there is, by its code and place.
func onlyAt(t *testing.T, errs []problem) string {
	t.Helper()
	if len(errs) != 1 {
		t.Fatalf("not one problem: %+v", errs)
	}
	return errs[0].at()
}

// with is a form with more in it.
func with[V any](f, more map[string]V) map[string]V {
	out := maps.Clone(f)
	maps.Copy(out, more)
	return out
}

var otpByMail = map[string]string{"REGISTRATION_TYPE": "OTP_EMAIL"}

// wrongOf is a one-time password that is not the one given.
func wrongOf(secret string) string {
	if strings.HasPrefix(secret, "0") {
		return "1" + secret[1:]
	}
	return "0" + secret[1:]
}

// domain 10.4: after so many attempts as are configured nothing works, not the right one-time password either; what was counted is
// counted on every server. When the lock is over it goes on with a new one.
func TestGuessingIsBounded(t *testing.T) {
	fairs(t, func(t *testing.T, w *fair) {
		w.set(w.partner, map[string]string{"REGISTRATION_TYPE": "OTP_EMAIL", "CODE_ATTEMPTS": "4", "CODE_LOCK": "30", "CODE_RESENDS": "1"})
		address := map[string]any{"email": "new@example.org"}
		if _, errs := w.start(address); len(errs) > 0 {
			t.Fatal(errs)
		}
		secret := w.received("new@example.org")
		nodes := []*fair{w, w.node()}
		for i := range 4 {
			if _, errs := nodes[i%2].verify(with(address, map[string]any{"secret": wrongOf(secret)})); onlyAt(t, errs) != refused {
				t.Fatalf("attempt %d: %+v", i, errs)
			}
		}
		for _, node := range append(nodes, w.node()) {
			if _, errs := node.verify(with(address, map[string]any{"secret": secret})); onlyAt(t, errs) != refused {
				t.Errorf("the right one after too many attempts: %+v", errs)
			}
			if _, errs := node.finish(with(address, person("Nia", map[string]any{"secret": secret}))); onlyAt(t, errs) != refused {
				t.Errorf("registered after too many attempts: %+v", errs)
			}
			if _, errs := node.start(address); onlyAt(t, errs) != "NOT_ALLOWED input" {
				t.Errorf("sent again after too many attempts: %+v", errs)
			}
		}
		later := w.at(31 * time.Minute)
		if _, errs := later.verify(with(address, map[string]any{"secret": secret})); onlyAt(t, errs) != refused {
			t.Errorf("the old one after the lock: %+v", errs)
		}
		if _, errs := later.start(address); len(errs) > 0 {
			t.Fatalf("sent again after the lock: %+v", errs)
		}
	})
}

// node is another server over the same database.
func (w *fair) node(options ...hubtest.Options) *fair {
	other := *w
	other.Hub = w.Node(append([]hubtest.Options{func(o *hub.HTTP) { o.URLSuffix = []string{suffix} }}, options...)...)
	return &other
}

// at is another server some time later.
func (w *fair) at(later time.Duration) *fair {
	return w.node(func(o *hub.HTTP) { o.Clock = clock.At(func() time.Time { return time.Now().Add(later) }) })
}

// domain 10.4: what was sent works for its time, and only the last of it; it is sent again so often as is configured.
func TestWhatIsSentAgain(t *testing.T) {
	fairs(t, func(t *testing.T, w *fair) {
		w.set(w.partner, map[string]string{"REGISTRATION_TYPE": "OTP_EMAIL", "CODE_RESENDS": "2", "CODE_LIFETIME": "10"})
		address := map[string]any{"email": "new@example.org"}
		var secrets []string
		for range 3 {
			if _, errs := w.start(address); len(errs) > 0 {
				t.Fatal(errs)
			}
			secrets = append(secrets, w.received("new@example.org"))
		}
		if _, errs := w.start(address); onlyAt(t, errs) != "NOT_ALLOWED input" {
			t.Errorf("sent a fourth time: %+v", errs)
		}
		if _, errs := w.verify(with(address, map[string]any{"secret": secrets[0]})); onlyAt(t, errs) != refused {
			t.Errorf("the first one works: %+v", errs)
		}
		if _, errs := w.verify(with(address, map[string]any{"secret": " " + secrets[2][:3] + " " + secrets[2][3:]})); len(errs) > 0 {
			t.Errorf("the last one, typed with blanks, does not work: %+v", errs)
		}
		if _, errs := w.at(11 * time.Minute).verify(with(address, map[string]any{"secret": secrets[2]})); onlyAt(t, errs) != refused {
			t.Errorf("one that is too old works: %+v", errs)
		}
	})
}

// domain 10.4: an address is sent so much at most, at however many places somebody asks for it; that of somebody else is not concerned.
func TestAFloodOfPlaces(t *testing.T) {
	fairs(t, func(t *testing.T, w *fair) {
		places := make([]map[string]any, 14)
		for i := range places {
			code := fmt.Sprintf("flood%d", i)
			app := w.Application(w.partner, code, code)
			w.run(w.tokens[w.partner], `mutation($i: ApplicationPropertiesSetInput!) { applicationPropertiesSet(input: $i) { errors { code message path } } }`,
				map[string]any{"applicationId": app, "properties": []map[string]any{{"name": "REGISTRATION_TYPE", "value": "OTP_EMAIL"}}})
			places[i] = map[string]any{"applicationCode": code}
		}
		victim := map[string]any{"email": "victim@example.org"}
		for i, place := range places[:12] {
			if _, errs := w.start(with(victim, place)); len(errs) > 0 {
				t.Fatalf("place %d: %+v", i, errs)
			}
		}
		for _, node := range []*fair{w, w.node()} {
			if _, errs := node.start(with(map[string]any{"email": "Victim@Example.org"}, places[12])); onlyAt(t, errs) != "NOT_ALLOWED input" {
				t.Errorf("a flood goes on: %+v", errs)
			}
		}
		if _, errs := w.start(with(map[string]any{"email": "other@example.org"}, places[12])); len(errs) > 0 {
			t.Errorf("another address is sent nothing: %+v", errs)
		}
		w.Deliver()
		if n := len(w.Mail().Sent()); n != 13 {
			t.Errorf("%d mails were sent", n)
		}
		if _, errs := w.at(time.Hour).start(with(victim, places[13])); len(errs) > 0 {
			t.Errorf("later: %+v", errs)
		}
	})
}

// domain 10.4: a link works no more where people register in another way since it was sent.
func TestALinkOfAnotherWay(t *testing.T) {
	fairs(t, func(t *testing.T, w *fair) {
		w.set(w.partner, map[string]string{"REGISTRATION_TYPE": "EMAIL_LINK"})
		if _, errs := w.start(map[string]any{"email": "new@example.org"}); len(errs) > 0 {
			t.Fatal(errs)
		}
		link := map[string]any{"secret": w.received("new@example.org")}
		if _, errs := submitted[verified](w, "", verifyQuery, link); len(errs) > 0 {
			t.Fatalf("it does not work: %+v", errs)
		}
		for _, how := range []string{"INVITATION_CODE", "IMMEDIATE", "OTP_EMAIL", "NONE"} {
			w.set(w.partner, map[string]string{"REGISTRATION_TYPE": how})
			if _, errs := submitted[verified](w, "", verifyQuery, link); onlyAt(t, errs) != refused {
				t.Errorf("it works where the type is %s: %+v", how, errs)
			}
			if _, errs := submitted[finished](w, "", finishQuery, person("Nia", link)); onlyAt(t, errs) != refused {
				t.Errorf("somebody registered with it where the type is %s: %+v", how, errs)
			}
		}
	})
}

// domain 10.4: a secret works for its address, application, client and purpose, and for nothing else.
func TestAttackSecretsElsewhere(t *testing.T) {
	fairs(t, func(t *testing.T, w *fair) {
		other := w.Application(w.partner, "other", "Other")
		w.set(w.partner, otpByMail)
		w.set(w.writer, otpByMail)
		w.run(w.tokens[w.partner], `mutation($i: ApplicationPropertiesSetInput!) { applicationPropertiesSet(input: $i) { errors { code message path } } }`,
			map[string]any{"applicationId": other, "properties": []map[string]any{{"name": "REGISTRATION_TYPE", "value": "OTP_EMAIL"}}})
		address := map[string]any{"email": "new@example.org"}
		secrets := map[string]string{}
		for name, place := range map[string]map[string]any{
			"here": {"applicationCode": "shop"}, "another client": {"applicationCode": "shop", "clientCode": "WRITER"}, "another application": {"applicationCode": "other"},
		} {
			if _, errs := w.start(with(address, place)); len(errs) > 0 {
				t.Fatal(errs)
			}
			secrets[name] = w.received("new@example.org")
		}
		if _, errs := w.start(map[string]any{"email": "victim@example.org"}); len(errs) > 0 {
			t.Fatal(errs)
		}
		for name, input := range map[string]map[string]any{
			"of another client":                with(address, map[string]any{"secret": secrets["another client"]}),
			"of another application":           with(address, map[string]any{"secret": secrets["another application"]}),
			"of another address":               {"email": "victim@example.org", "secret": secrets["here"]},
			"of an address that was sent none": {"email": "nobody@example.org", "secret": secrets["here"]},
		} {
			if secrets["here"] == input["secret"] && name != "of another address" && name != "of an address that was sent none" {
				continue // one in a million
			}
			if _, errs := w.finish(with(input, person("Eve", nil))); onlyAt(t, errs) != refused {
				t.Errorf("one %s works: %+v", name, errs)
			}
		}
		w.set(w.partner, map[string]string{"REGISTRATION_TYPE": "EMAIL_LINK"})
		if _, errs := w.finish(with(address, person("Eve", map[string]any{"secret": secrets["here"]}))); onlyAt(t, errs) != refused {
			t.Errorf("one for another purpose works: %+v", errs)
		}
		if n := w.Ent().Tenant.Query().Where(tenant.NameContains("Eve")).CountX(w.System()); n != 0 {
			t.Errorf("%d clients were made", n)
		}
	})
}

// domain 10.4: a secret that is used at the same moment on several servers makes one client.
func TestASecretIsUsedOnceAtOnce(t *testing.T) {
	for _, how := range []string{"OTP_EMAIL", "EMAIL_LINK", "INVITATION_CODE"} {
		t.Run(how, func(t *testing.T) {
			fairs(t, func(t *testing.T, w *fair) {
				w.t = t
				w.set(w.partner, map[string]string{"REGISTRATION_TYPE": how, "CODE_ATTEMPTS": "20"})
				address, contact := "new@example.org", map[string]any{"email": "new@example.org"}
				secret := w.secretFor(how, address, contact)
				nodes := []*fair{w, w.node()}
				before := w.Ent().Tenant.Query().CountX(w.System())
				var all sync.WaitGroup
				var made, lost sync.Map
				for i := range 50 {
					all.Go(func() {
						input := person(fmt.Sprint("Nia ", i), map[string]any{"secret": secret})
						if how == "OTP_EMAIL" {
							input["email"] = address
						}
						got, errs := nodes[i%2].finish(input)
						if len(errs) == 0 {
							made.Store(*got.ClientCode, true)
							return
						}
						lost.Store(errs[0].at(), errs[0].Message)
					})
				}
				all.Wait()
				n := 0
				made.Range(func(any, any) bool { n++; return true })
				lost.Range(func(at, message any) bool {
					if at != refused {
						t.Errorf("one that came too late was told %v: %v", at, message)
					}
					return true
				})
				if after := w.Ent().Tenant.Query().CountX(w.System()); n != 1 || after != before+1 {
					t.Errorf("%d were told that they made a client, and %d clients came of it", n, after-before)
				}
			})
		})
	}
}

// domain 16.2: a request that is repeated with its key makes one client, and is told of it; but for the token, which is kept nowhere.
func TestARegistrationIsRepeated(t *testing.T) {
	fairs(t, func(t *testing.T, w *fair) {
		w.set(w.partner, map[string]string{"REGISTRATION_TYPE": "OTP_EMAIL", "REGISTRATION_SIGN_IN": "true"})
		secret := w.secretFor("OTP_EMAIL", "new@example.org", map[string]any{"email": "new@example.org"})
		input := form(person("Nia", map[string]any{"email": "new@example.org", "secret": secret}))
		var codes []string
		for i := range 3 {
			var made struct {
				RegistrationComplete struct {
					finished
					Errors []problem
				}
			}
			w.MustData(w.DoOnce("", "01JD3Q4Z5V6W7X8Y9ZABCDEFGH-0123456789", finishQuery, hubtest.Variables{"i": input}), &made)
			got := made.RegistrationComplete
			if len(got.Errors) > 0 || got.ClientCode == nil || (got.Token != nil) != (i == 0) {
				t.Fatalf("%d: %+v", i, got)
			}
			codes = append(codes, *got.ClientCode)
		}
		if codes[0] != codes[1] || codes[0] != codes[2] {
			t.Errorf("clients %v", codes)
		}
	})
}

// domain 10.4: links lead to the hub, or to where the application has proven to be at the client, whatever a request says of where it
// goes.
func TestAttackLinksElsewhere(t *testing.T) {
	fairs(t, func(t *testing.T, w *fair) {
		w.set(w.partner, map[string]string{"REGISTRATION_TYPE": "EMAIL_LINK", "CODE_RESENDS": "10"})
		rounds := soak.Count(20, 100)
		shapes := []string{
			"%s", "%s:8443", "HOSTILE-HOST@%s", "app.example.com.%s", "%s/app.example.com", "%s#", "%s\\.example.com", "[::1].%s", "%s, app.example.com", "app.example.com\r\nX: %s",
		}
		for i := range rounds {
			for n, name := range []string{"Host", "X-Forwarded-Host", "Forwarded", "X-Host", "X-Original-Host", "X-Forwarded-Server", "Origin", "Referer", "X-Rewrite-Url", "X-Original-Url"} {
				evil := fmt.Sprintf("hostile-host-%d-%d.example", i, n)
				value := fmt.Sprintf(shapes[i%len(shapes)], evil)
				switch {
				case name == "Forwarded":
					value = "host=" + value + ";proto=https"
				case n > 5:
					value = "https://" + evil + "/"
				}
				w.hostile(http.Header{name: {value}}, fmt.Sprintf("new-%d-%d@example.org", i, n))
			}
		}
		all := &gathered{}
		w.DeliverBy(all, w.Mail())
		for _, m := range all.sent {
			if strings.Contains(strings.ToLower(m.Subject+m.Text+m.HTML), "hostile-host") || !strings.Contains(m.Text, "\n"+hubtest.Origin+"/#register/apr_") {
				t.Fatalf("a mail leads elsewhere:\n%s", m.Text)
			}
		}
		if len(all.sent) != 10*rounds {
			t.Errorf("%d mails were sent", len(all.sent))
		}
	})
}

// gathered are all mails: the mailbox keeps the latest.
type gathered struct {
	mu   sync.Mutex
	sent []mail.Message
}

// Send keeps one. Several go out at once.
func (g *gathered) Send(_ context.Context, m mail.Message) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sent = append(g.sent, m)
	return nil
}

// hostile begins a registration with a header.
func (w *fair) hostile(header http.Header, email string) {
	w.t.Helper()
	if header == nil {
		header = http.Header{}
	}
	a := w.DoHeader(header, startQuery, hubtest.Variables{"i": form(map[string]any{"email": email})})
	if a.Status != http.StatusOK || strings.Contains(string(a.Body), `"next":null`) {
		w.t.Fatalf("%v: %s", header, a.Body)
	}
}

// domain 10.4: a host that somebody bound to the application for himself gets no mail of another client's people.
func TestAttackAHostBoundByAnother(t *testing.T) {
	fairs(t, func(t *testing.T, w *fair) {
		w.set(w.partner, map[string]string{"REGISTRATION_TYPE": "EMAIL_LINK"})
		w.set(w.writer, map[string]string{"REGISTRATION_TYPE": "EMAIL_LINK"})
		bind := func(client oid.Client, origin string) {
			row := w.Ent().ClientURL.Create().SetClientID(client).SetApplicationID(w.app).SetOrigin(origin).SetChallenge("x").SetStatus("PROVEN").
				SetProvenOrigin(origin).SetProvenAt(time.Now())
			w.Must(row.Exec(w.System()))
		}
		bind(w.writer, "https://writer.example")
		for address, c := range map[string]struct {
			place map[string]any
			leads string
		}{
			"at-the-partner@example.org": {nil, hubtest.Origin},
			"at-the-writer@example.org":  {map[string]any{"clientCode": "WRITER"}, "https://writer.example"},
		} {
			if _, errs := w.start(with(map[string]any{"email": address}, c.place)); len(errs) > 0 {
				t.Fatal(errs)
			}
			w.Deliver()
			sent := w.Mail().Sent()
			if m := sent[len(sent)-1]; m.To != address || !strings.Contains(m.Text, "\n"+c.leads+"/#register/apr_") {
				t.Errorf("%s was sent\n%s", address, m.Text)
			}
		}
	})
}
