package httpapi

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/reqinfo"
)

func TestAuthentication(t *testing.T) {
	toy := newToy()
	handler := New(toyOptions(toy))
	for name, test := range map[string]struct {
		authorization []string
		status        int
		code          string
	}{
		"none":              {nil, 200, ""},
		"valid":             {[]string{"Bearer reader"}, 200, ""},
		"another case":      {[]string{"bearer reader"}, 200, ""},
		"unknown":           {[]string{"Bearer stale"}, 401, "UNAUTHENTICATED"},
		"another scheme":    {[]string{"Basic cmVhZGVyOg=="}, 401, "UNAUTHENTICATED"},
		"no token":          {[]string{"Bearer"}, 401, "UNAUTHENTICATED"},
		"empty":             {[]string{""}, 401, "UNAUTHENTICATED"},
		"spaces":            {[]string{"Bearer  reader"}, 401, "UNAUTHENTICATED"},
		"two tokens":        {[]string{"Bearer reader", "Bearer reader"}, 401, "UNAUTHENTICATED"},
		"a list of tokens":  {[]string{"Bearer reader, Bearer reader"}, 401, "UNAUTHENTICATED"},
		"a very long token": {[]string{"Bearer " + strings.Repeat("x", 5_000)}, 401, "UNAUTHENTICATED"},
		"the database away": {[]string{"Bearer outage"}, 500, "INTERNAL"},
		"too late":          {[]string{"Bearer late"}, 503, "INTERNAL"},
	} {
		t.Run(name, func(t *testing.T) {
			before := toy.touched
			for _, accept := range []media{mediaJSON, mediaResponse} {
				c := post("mutation { touch }")
				c.accept = string(accept)
				c.header = http.Header{"Authorization": test.authorization}
				got := c.to(handler)
				if got.status != test.status || got.code(t) != test.code || got.hasData(t) != (test.code == "") {
					t.Errorf("got %d %s", got.status, got.body)
				}
				if got.header.Get("Content-Type") != accept.contentType() {
					t.Errorf("content type %s", got.header.Get("Content-Type"))
				}
				if challenge := got.header.Get("WWW-Authenticate"); (challenge == "Bearer") != (test.status == 401) {
					t.Errorf("WWW-Authenticate: %q", challenge)
				}
			}
			if ran := toy.touched != before; ran != (test.code == "") {
				t.Errorf("ran: %v", ran)
			}
		})
	}
}

func TestCookiesAreNoCredentials(t *testing.T) {
	c := post("{ me }")
	c.header = http.Header{"Cookie": {"Authorization=Bearer reader; token=reader"}}
	if got := c.to(New(toyOptions(newToy()))); got.code(t) != "UNAUTHENTICATED" {
		t.Errorf("got %s", got.body)
	}
}

func TestAuthorities(t *testing.T) {
	handler := New(toyOptions(newToy()))
	for token, want := range map[string]struct {
		status int
		code   string
	}{"": {401, "UNAUTHENTICATED"}, "plain": {403, "FORBIDDEN"}, "reader": {200, ""}} {
		c := post("{ hello secret }")
		c.token, c.accept = token, string(mediaResponse)
		got := c.to(handler)
		if got.status != want.status || got.code(t) != want.code || got.hasData(t) != (want.code == "") {
			t.Errorf("%q: got %d %s", token, got.status, got.body)
		}
		if want.code != "" && !strings.Contains(got.body, `"message":"requires Secret_READ","path":["secret"]`) {
			t.Errorf("%q: got %s", token, got.body)
		}
	}
}

func TestWhoSeesTheSchema(t *testing.T) {
	for _, development := range []bool{false, true} {
		options := toyOptions(newToy())
		options.Development = development
		handler := New(options)
		for token, seen := range map[string]bool{"": development, "plain": true} {
			c := post("{ __schema { __typename } }")
			c.token = token
			if got := c.to(handler); got.hasData(t) != seen {
				t.Errorf("development %v, token %q: %s", development, token, got.body)
			}
			c = post("{ helo }")
			c.token = token
			if got := c.to(handler); strings.Contains(got.body, "Did you mean") != (token != "") {
				t.Errorf("development %v, token %q: %s", development, token, got.body)
			}
		}
	}
}

// Both executors share the documents: what one has validated, the other runs.
func TestMistakesAreNotCached(t *testing.T) {
	handler := New(toyOptions(newToy()))
	for range 2 {
		for _, token := range []string{"plain", ""} {
			c := post("{ helo }")
			c.token = token
			if got := c.to(handler); got.code(t) != "VALIDATION" || strings.Contains(got.body, "Did you mean") != (token != "") {
				t.Errorf("token %q: %s", token, got.body)
			}
		}
	}
}

func TestWhatResolversKnowOfTheRequest(t *testing.T) {
	var info reqinfo.Info
	var who *actor.Actor
	now := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	options := toyOptions(newToy())
	options.Clock = clock.At(func() time.Time { return now })
	options.Around = func(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
		info, who = reqinfo.From(ctx), actor.From(ctx)
		return next(ctx)
	}
	c := post("{ me }")
	c.token, c.from = "plain", "203.0.113.7:4711"
	c.header = http.Header{"X-Request-Id": {"test-0001"}, "User-Agent": {"curl/8\x00\xff\u202e " + strings.Repeat("ä", 300)}}
	c.to(New(options))

	if info.ID != "test-0001" || info.Address != netip.MustParseAddr("203.0.113.7") {
		t.Errorf("got %+v", info)
	}
	if want := "curl/8 " + strings.Repeat("ä", 193); info.Device != want {
		t.Errorf("device %q", info.Device)
	}
	if who.Session != "ses_plain" || who.Request != "test-0001" || !who.Now().Equal(now) {
		t.Errorf("got %+v at %v", who, who.Now())
	}
	if c.token, c.header = "", nil; c.to(New(options)).code(t) != "UNAUTHENTICATED" {
		t.Error("let in without a token")
	}
}

func TestRequestID(t *testing.T) {
	handler := New(toyOptions(newToy()))
	for given, kept := range map[string]bool{
		"01JD3Q4Z5V6W7X8Y9ZABCDEFGH": true, "3f8a9c1e-0d3b-4a9e-8d1c-2b7f6e5a4c3d": true,
		"": false, "short": false, "with space": false, "new\nline-xx": false, "<script>": false, strings.Repeat("x", 65): false,
	} {
		c := post("{ hello }")
		c.header = http.Header{"X-Request-Id": {given}}
		got := c.to(handler).header.Get("X-Request-Id")
		if (got == given) != kept || !requestIDPattern.MatchString(got) {
			t.Errorf("%q: got %q", given, got)
		}
	}
}

func TestClientAddress(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for name, test := range map[string]struct {
		from      string
		forwarded []string
		want      string
	}{
		"direct":                           {"203.0.113.7:1", nil, "203.0.113.7"},
		"direct, with a claim":             {"203.0.113.7:1", []string{"198.51.100.1"}, "203.0.113.7"},
		"through a proxy":                  {"10.0.0.1:1", []string{"198.51.100.1"}, "198.51.100.1"},
		"through two":                      {"10.0.0.1:1", []string{"198.51.100.1, 10.0.0.2"}, "198.51.100.1"},
		"through two, two headers":         {"10.0.0.1:1", []string{"198.51.100.1", "10.0.0.2"}, "198.51.100.1"},
		"with a claim farther left":        {"10.0.0.1:1", []string{"192.0.2.66, 198.51.100.1, 10.0.0.2"}, "198.51.100.1"},
		"a proxy itself":                   {"10.0.0.1:1", nil, "10.0.0.1"},
		"only proxies":                     {"10.0.0.1:1", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		"nonsense":                         {"10.0.0.1:1", []string{"198.51.100.1, unknown, 10.0.0.2"}, "10.0.0.2"},
		"IPv6":                             {"[fd00::1]:1", []string{"2001:db8::1"}, "2001:db8::1"},
		"IPv4 in IPv6":                     {"[::ffff:10.0.0.1]:1", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
		"a zone":                           {"[fe80::1%eth0]:1", nil, "fe80::1"},
		"a zone does not make it an other": {"[fd00::1%eth0]:1", []string{"198.51.100.1"}, "198.51.100.1"},
	} {
		c := call{from: test.from, header: http.Header{"X-Forwarded-For": test.forwarded}}
		if got := clientAddress(c.request(), trusted); got.String() != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
	}
	if got := clientAddress(call{from: "@"}.request(), trusted); got.IsValid() {
		t.Errorf("a socket: got %s", got)
	}
}
