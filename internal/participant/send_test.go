package participant

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/outbox"
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

var event = outbox.Delivery{
	ID: "out_01", At: time.Date(2026, 11, 22, 5, 0, 0, 1000, time.UTC), Topic: "application.removed", Payload: []byte(`{"applicationId":"app_01"}`),
}

// to is the handler for a server, as the configuration would make it.
func to(t *testing.T, s *Sender, url string) outbox.Handler {
	t.Helper()
	p, err := entry{"service", url, secret}.participant()
	if err != nil {
		t.Fatal(err)
	}
	return s.To(p)
}

// domain 11.4: what is sent can be verified by whoever has the secret, as Standard Webhooks says; any success acknowledges.
func TestWebhookIsSigned(t *testing.T) {
	verifier, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	status, heard := 0, 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		heard++
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if err := verifier.Verify(body, r.Header); err != nil {
			t.Error(err)
		}
		if err := verifier.Verify(append(body, ' '), r.Header); err == nil {
			t.Error("another body passes: the test shows nothing")
		}
		var got message
		if err := json.Unmarshal(body, &got); err != nil || got.Type != event.Topic || !got.Timestamp.Equal(event.At) || string(got.Data) != string(event.Payload) {
			t.Errorf("it says %s", body)
		}
		if r.Method != http.MethodPost || r.Header.Get("webhook-id") != "out_01" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %v", r.Method, r.Header)
		}
		w.WriteHeader(status)
	}))
	defer server.Close()
	send := to(t, NewSender(clock.Clock{}), server.URL)
	for _, status = range []int{200, 201, 202, 204, 299} {
		if err := send(t.Context(), event); err != nil {
			t.Errorf("status %d: %v", status, err)
		}
	}
	if heard != 5 {
		t.Errorf("%d were sent", heard)
	}
}

// The signature is the one that the specification's own example has.
func TestSignatureOfTheSpecification(t *testing.T) {
	p, err := entry{"service", "https://a.example", secret}.participant()
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.sign.Sign("msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if err != nil || got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Errorf("%s, %v", got, err)
	}
}

// domain 11.4: whatever is no success acknowledges nothing. A redirect is not followed; an answer without end is not read;
// none is not waited for. What people read of it shows no URL.
func TestWhatDoesNotAcknowledge(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") }))
	defer other.Close()
	ended := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/redirect":
			http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
		case "/silent":
			<-ended
		case "/endless":
			w.WriteHeader(http.StatusInternalServerError)
			for ; r.Context().Err() == nil; _, _ = io.WriteString(w, strings.Repeat("x", 1<<16)) {
				continue
			}
		case "/header":
			w.Header().Set("X-Long", strings.Repeat("x", 1<<20))
		default:
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	defer server.Close()
	defer close(ended)
	closed := httptest.NewServer(nil)
	closed.Close()
	sender := NewSender(clock.Clock{})
	if sender.client.Timeout != 10*time.Second {
		t.Errorf("it waits %v", sender.client.Timeout)
	}
	impatient := NewSender(clock.Clock{})
	impatient.client.Timeout = 20 * time.Millisecond
	for name, c := range map[string]struct {
		sender    *Sender
		url, says string
	}{
		"a redirect":         {sender, server.URL + "/redirect?key=hunter2", "it answered with the status 307"},
		"a refusal":          {sender, server.URL + "/other?key=hunter2", "it answered with the status 400"},
		"an endless failure": {sender, server.URL + "/endless?key=hunter2", "it answered with the status 500"},
		"silence":            {impatient, server.URL + "/silent?key=hunter2", "it did not answer in time"},
		"a long header":      {sender, server.URL + "/header?key=hunter2", "it cannot be reached"},
		"nobody":             {sender, closed.URL + "/?key=hunter2", "it cannot be reached"},
	} {
		t.Run(name, func(t *testing.T) {
			err := to(t, c.sender, c.url)(t.Context(), event)
			if err == nil || !strings.HasPrefix(err.Error(), c.says) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%v", err)
			}
		})
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := to(t, sender, server.URL+"/silent")(over, event); !errors.Is(err, context.Canceled) {
		t.Errorf("when the worker stops: %v", err)
	}
}
