package sms_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/appanage/appanage/internal/sms"
)

const (
	number = "+41441234567"
	words  = "your one-time password is 123456"
)

// asked is what a gateway was asked.
type asked struct {
	Method, Type, Token string
	Body                map[string]string
}

func gateway(t *testing.T, status int, wait time.Duration) (at string, all func() []asked) {
	t.Helper()
	var list []asked
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		one := asked{Method: r.Method, Type: r.Header.Get("Content-Type"), Token: r.Header.Get("Authorization")}
		if err := json.NewDecoder(r.Body).Decode(&one.Body); err != nil {
			t.Error(err)
		}
		list = append(list, one)
		time.Sleep(wait)
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
		_, _ = w.Write([]byte("for " + number + ": " + words))
	}))
	t.Cleanup(s.Close)
	return s.URL, func() []asked { s.Close(); return list }
}

func TestGatewayIsAsked(t *testing.T) {
	at, all := gateway(t, http.StatusAccepted, 0)
	for _, token := range []string{"secret", ""} {
		if err := (sms.Gateway{URL: at, Token: token}).SendText(t.Context(), number, words); err != nil {
			t.Fatal(err)
		}
	}
	body := map[string]string{"to": number, "text": words}
	want := []asked{{"POST", "application/json", "Bearer secret", body}, {"POST", "application/json", "", body}}
	if diff := cmp.Diff(want, all()); diff != "" {
		t.Errorf("(-want +asked):\n%s", diff)
	}
}

// What is not taken is told without the number, the text or the gateway's address; a redirect is not followed.
func TestWhatIsNotTaken(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		wait   time.Duration
		want   string
	}{
		"refused":    {http.StatusForbidden, 0, "the gateway did not take the message: 403"},
		"failed":     {http.StatusInternalServerError, 0, "the gateway did not take the message: 500"},
		"redirected": {http.StatusTemporaryRedirect, 0, "the gateway did not take the message: 307"},
		"slow":       {http.StatusOK, 300 * time.Millisecond, "the gateway cannot be reached"},
	} {
		t.Run(name, func(t *testing.T) {
			at, all := gateway(t, c.status, c.wait)
			err := sms.Gateway{URL: at, Timeout: 150 * time.Millisecond}.SendText(t.Context(), number, words)
			if err == nil || err.Error() != c.want {
				t.Errorf("%v, want %q", err, c.want)
			}
			if n := len(all()); n != 1 {
				t.Errorf("the gateway was asked %d times", n)
			}
		})
	}
	err := sms.Gateway{URL: "http://127.0.0.1:1/secret-path"}.SendText(t.Context(), number, words)
	if err == nil || strings.Contains(err.Error(), "secret-path") {
		t.Errorf("nobody there: %v", err)
	}
	if err := (sms.None{}).SendText(t.Context(), number, words); err == nil {
		t.Error("without a gateway something was sent")
	}
}
