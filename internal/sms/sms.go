// Package sms sends text messages, through a gateway that is asked over HTTP.
package sms

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Sender sends a text to a phone number in the form +41441234567, or says why not; what its error says has nothing of the text or
// the number. It may be used by many at once.
type Sender interface {
	SendText(ctx context.Context, to, text string) error
}

// None is the sender of a hub that was not told of any gateway.
type None struct{}

// ErrNone is its error.
var ErrNone = errors.New("no gateway for text messages is configured")

// SendText implements Sender.
func (None) SendText(context.Context, string, string) error { return ErrNone }

// Gateway asks an HTTP gateway: POST with {"to": "+41441234567", "text": "…"} and the token as a bearer. Any answer of 2xx says that
// it has taken the message.
type Gateway struct {
	URL   string
	Token string // none where empty
	// Timeout ends an attempt; 20 seconds when zero.
	Timeout time.Duration
}

// SendText implements Sender.
func (g Gateway) SendText(ctx context.Context, to, text string) error {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(g.Timeout, 20*time.Second))
	defer cancel()
	body, err := json.Marshal(map[string]string{"to": to, "text": text})
	if err != nil {
		return fmt.Errorf("sms: encode: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, g.URL, bytes.NewReader(body))
	if err != nil {
		return errors.New("sms: the gateway is not the address of a web server")
	}
	r.Header.Set("Content-Type", "application/json")
	if g.Token != "" {
		r.Header.Set("Authorization", "Bearer "+g.Token)
	}
	answer, err := client.Do(r)
	if err != nil {
		return errors.New("the gateway cannot be reached") // errors of the client have the address
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return fmt.Errorf("the gateway did not take the message: %d", answer.StatusCode)
	}
	return nil
}

// client takes no redirects: the message is for the gateway that was configured, and nobody else.
var client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
