package participant

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/outbox"
)

// timeout is how long a service has to acknowledge.
const timeout = 10 * time.Second

// Bounds of what is read of an answer, in bytes. Nothing in it but the status counts.
const (
	longestHeader = 16 << 10
	longestBody   = 4 << 10
)

// Sender sends webhooks.
type Sender struct {
	clock  clock.Clock
	client *http.Client
}

// NewSender makes a sender. It follows no redirect: what is meant for one service is not for another.
func NewSender(c clock.Clock) *Sender {
	return &Sender{c, &http.Client{
		Timeout:       timeout,
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, MaxResponseHeaderBytes: longestHeader, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// message is the body of a webhook.
type message struct {
	Type      string          `json:"type"`
	Timestamp time.Time       `json:"timestamp"` // when it happened
	Data      json.RawMessage `json:"data"`
}

// To delivers events to a participant. Every attempt sends the same body under the same id, by which the service knows what
// it has heard before.
func (s *Sender) To(p Participant) outbox.Handler {
	return func(ctx context.Context, d outbox.Delivery) error {
		body, err := json.Marshal(message{d.Topic, d.At.UTC(), d.Payload})
		if err != nil {
			return fmt.Errorf("participant: encode an event: %w", err)
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(body))
		if err != nil {
			return fmt.Errorf("participant: make a request: %w", err)
		}
		now := s.clock.Now()
		signature, err := p.sign.Sign(string(d.ID), now, body)
		if err != nil {
			return fmt.Errorf("participant: sign an event: %w", err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("User-Agent", "Appanage")
		request.Header.Set(standardwebhooks.HeaderWebhookID, string(d.ID))
		request.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
		request.Header.Set(standardwebhooks.HeaderWebhookSignature, signature)
		return s.acknowledged(request)
	}
}

// acknowledged sends a request, and is an error where the answer is no success. Errors do not show the URL, for it may hold
// a secret of the service.
func (s *Sender) acknowledged(request *http.Request) error {
	response, err := s.client.Do(request)
	if err != nil {
		if failed, ok := errors.AsType[*url.Error](err); ok {
			err = failed.Err
		}
		if late, ok := errors.AsType[net.Error](err); ok && late.Timeout() {
			return outbox.Told("it did not answer in time", err)
		}
		return outbox.Told("it cannot be reached", err)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, longestBody)) // for the connection to be used again
	_ = response.Body.Close()
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return outbox.Told(fmt.Sprintf("it answered with the status %d", response.StatusCode), nil)
	}
	return nil
}
