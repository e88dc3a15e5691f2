package apitest

import (
	"encoding/json"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	netmail "net/mail"
	"slices"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/config"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/mail"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/sms"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit"
	"github.com/appanage/appanage/internal/testkit/hubtest"
	"github.com/appanage/appanage/internal/testkit/smtptest"
)

// fair is a world of registrations: a partner with a customer base of its own and an application, a client below it that may write
// the application, one that may read it, and a stranger beside.
type fair struct {
	*hubtest.Hub
	t                                 testing.TB
	partner, writer, reader, stranger oid.Client
	app                               oid.Application
	tokens                            map[oid.Client]string // of a user of each who holds everything its client can
	post                              *post                 // nil: what is sent is kept in memory
}

// suffix is that of the platform's sub-domains.
const suffix = ".apps.example.com"

const goodPassword = "a password of a person"

// fairs runs a test in a fair on each engine.
func fairs(t *testing.T, f func(t *testing.T, w *fair), options ...hubtest.Options) {
	t.Helper()
	testkit.EnginesWith(t, store.Options{Install: authority.Install}, func(t *testing.T, db *store.DB) {
		t.Helper()
		keys := config.NewKeys()
		f(t, newFair(t, hubtest.Start(t, db, append([]hubtest.Options{func(o *hub.HTTP) { o.Keys, o.URLSuffix = keys, []string{suffix} }}, options...)...)))
	})
}

func newFair(t testing.TB, h *hubtest.Hub) *fair {
	t.Helper()
	w := &fair{Hub: h, t: t, tokens: map[oid.Client]string{}}
	w.partner = h.Client(oid.SystemClient, "PARTNER", true)
	w.writer, w.reader = h.Client(w.partner, "WRITER", false), h.Client(w.partner, "READER", false)
	w.stranger = h.Client(oid.SystemClient, "STRANGER", true)
	platform := authority.BuiltInPackage(authority.PlatformPackage)
	for _, c := range []struct {
		id    oid.Client
		giver oid.Client
		name  string
	}{{w.partner, oid.SystemClient, "partner"}, {w.writer, w.partner, "writer"}, {w.reader, w.partner, "reader"}, {w.stranger, oid.SystemClient, "stranger"}} {
		h.Give(platform, c.id, c.giver)
		_, w.tokens[c.id] = h.User(c.id, c.name, authority.BuiltInRole(authority.OwnerRole))
	}
	w.app = h.Application(w.partner, "shop", "Shop")
	w.grant(w.writer, enum.LevelWrite)
	w.grant(w.reader, enum.LevelRead)
	return w
}

func (w *fair) grant(to oid.Client, level enum.AccessLevel) {
	w.t.Helper()
	w.run(w.tokens[w.partner], `mutation($i: AccessGrantSetInput!) { accessGrantSet(input: $i) { errors { code message path } } }`,
		map[string]any{"applicationId": w.app, "clientId": to, "level": level})
}

// problem is an error of an input.
type problem struct {
	Code    string
	Message string
	Path    []string
}

// at is the code with its place.
func (p problem) at() string { return p.Code + " " + strings.Join(p.Path, ".") }

// submitted sends a mutation with one input, and gives its payload and the errors in it.
func submitted[T any](w *fair, token, query string, input map[string]any) (payload T, errs []problem) {
	w.t.Helper()
	var data map[string]struct{ Errors []problem }
	var payloads map[string]T
	a := w.Do(token, query, hubtest.Variables{"i": input})
	w.MustData(a, &data)
	w.MustData(a, &payloads)
	if len(data) != 1 {
		w.t.Fatalf("not one payload: %s", a.Body)
	}
	for name := range data {
		payload, errs = payloads[name], data[name].Errors
	}
	return payload, errs
}

// run sends a mutation that has to work.
func (w *fair) run(token, query string, input map[string]any) {
	w.t.Helper()
	if _, errs := submitted[struct{}](w, token, query, input); len(errs) > 0 {
		w.t.Fatalf("%s\n%v: %+v", query, input, errs)
	}
}

// set sets properties of the application for a client.
func (w *fair) set(client oid.Client, properties map[string]string) {
	w.t.Helper()
	var list []map[string]any
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		list = append(list, map[string]any{"name": name, "value": properties[name]})
	}
	w.run(w.tokens[w.partner], `mutation($i: ApplicationPropertiesSetInput!) { applicationPropertiesSet(input: $i) { errors { code message path } } }`,
		map[string]any{"applicationId": w.app, "clientId": client, "properties": list})
}

// form is the input of a registration at the partner, with more.
func form(more map[string]any) map[string]any {
	f := map[string]any{"applicationCode": "shop"}
	maps.Copy(f, more)
	return f
}

const (
	startQuery  = `mutation($i: RegistrationStartInput!) { registrationStart(input: $i) { next minutes errors { code message path } } }`
	verifyQuery = `mutation($i: RegistrationVerifyInput!) { registrationVerify(input: $i) { next address known errors { code message path } } }`
	finishQuery = `mutation($i: RegistrationCompleteInput!) { registrationComplete(input: $i) { clientCode url token expiresAt errors { code message path } } }`
)

type started struct {
	Next    *string
	Minutes *int
}

type verified struct {
	Next, Address *string
	Known         bool
}

type finished struct{ ClientCode, URL, Token *string }

func (w *fair) start(input map[string]any) (started, []problem) {
	w.t.Helper()
	return submitted[started](w, "", startQuery, form(input))
}

func (w *fair) verify(input map[string]any) (verified, []problem) {
	w.t.Helper()
	return submitted[verified](w, "", verifyQuery, form(input))
}

func (w *fair) finish(input map[string]any) (finished, []problem) {
	w.t.Helper()
	return submitted[finished](w, "", finishQuery, form(input))
}

// person is a new user's part of a form.
func person(name string, more map[string]any) map[string]any {
	f := map[string]any{"clientType": "BUSINESS", "name": name, "password": goodPassword}
	maps.Copy(f, more)
	return f
}

// received is the secret of the last message to an address: the line of a mail that is nothing else, or the digits of a text.
func (w *fair) received(to string) string {
	w.t.Helper()
	if w.post != nil {
		return w.post.received(w, to)
	}
	w.Deliver()
	secret := ""
	for _, m := range w.Mail().Sent() {
		if m.To != to {
			continue
		}
		if m.SMS {
			_, rest, _ := strings.Cut(m.Text, "password is ")
			secret, _, _ = strings.Cut(rest, ",")
			continue
		}
		secret = alone(m.Text)
	}
	if secret == "" {
		w.t.Fatalf("nothing was sent to %s", to)
	}
	return secret
}

// alone is the last line of a text that is one word, and no link.
func alone(text string) (word string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.ContainsAny(line, " :/") {
			word = line
		}
	}
	return word
}

// post is a mail server and a gateway for text messages, to which the hub sends over the network.
type post struct {
	*smtptest.Server
	mail  mail.SMTP
	sms   sms.Gateway
	texts chan map[string]string
}

func newPost(t *testing.T) *post {
	t.Helper()
	certificate, roots := smtptest.Certificate(t)
	p := &post{Server: smtptest.Start(t, certificate, false), texts: make(chan map[string]string, 10)}
	p.mail = mail.SMTP{Server: p.Address, User: "hub", Password: "right", TLS: mail.TLSRequired, From: "The Hub <hub@example.com>", Roots: roots}
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var text map[string]string
		if err := json.NewDecoder(r.Body).Decode(&text); err != nil || r.Header.Get("Authorization") != "Bearer right" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		p.texts <- text
	}))
	t.Cleanup(gateway.Close)
	p.sms = sms.Gateway{URL: gateway.URL, Token: "right"}
	return p
}

// received is the secret that came for an address, by mail in both of its forms, or as a text.
func (p *post) received(w *fair, to string) string {
	w.t.Helper()
	before := len(p.Received())
	w.DeliverBy(p.mail, p.sms)
	select {
	case text := <-p.texts:
		if text["to"] != to {
			w.t.Fatalf("a text came for %s", text["to"])
		}
		_, rest, _ := strings.Cut(text["text"], "password is ")
		secret, _, _ := strings.Cut(rest, ",")
		return secret
	default:
	}
	got := p.Received()[before:]
	if len(got) != 1 || got[0].To != to || !got[0].Encrypted {
		w.t.Fatalf("these mails came: %+v", got)
	}
	message, err := netmail.ReadMessage(strings.NewReader(got[0].Data))
	w.Must(err)
	_, params, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	w.Must(err)
	parts := multipart.NewReader(message.Body, params["boundary"])
	plain, err := parts.NextPart()
	w.Must(err)
	text, err := io.ReadAll(plain)
	w.Must(err)
	html, err := parts.NextPart()
	w.Must(err)
	page, err := io.ReadAll(html)
	w.Must(err)
	secret := alone(string(text))
	if !strings.Contains(string(page), "<code>"+secret+"</code>") || !strings.Contains(message.Header.Get("Subject"), "Shop: ") {
		w.t.Fatalf("the HTML of %q is\n%s", message.Header.Get("Subject"), page)
	}
	return secret
}
