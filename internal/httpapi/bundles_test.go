package httpapi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/oid"
)

// mostTaken is how long a document of these tests may be.
const mostTaken = 1 << 10

// carrying are the options of a server that takes documents in by a function, and has one ticket.
func carrying(receive func(ctx context.Context, document io.Reader) error) Options {
	o := toyOptions(newToy())
	o.Bundles = &Bundles{
		Most: mostTaken,
		Receive: func(ctx context.Context, document io.Reader) (string, time.Time, error) {
			return "bdl_1", time.Unix(0, 0), receive(ctx, document)
		},
		Download: func(_ context.Context, ticket string, by oid.Session) (Download, error) {
			if ticket != "good" {
				return Download{}, apperr.New(apperr.NotFound, "none, for %q", by)
			}
			return Download{Name: "a \"b\".json", Size: 2, Content: io.NopCloser(strings.NewReader("{}"))}, nil
		},
	}
	return o
}

func readAll(_ context.Context, document io.Reader) error {
	_, err := io.ReadAll(document)
	return err
}

// What Receive says is answered in words and numbers of HTTP; what it says of our own faults stays here.
func TestUploadAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		call   call
		err    error
		status int
		want   string
	}{
		"fine":            {call{token: "plain", body: "{}"}, nil, 201, `{"bundleId":"bdl_1","expiresAt":"1970-01-01T00:00:00.000000Z"}`},
		"wrong":           {call{token: "plain", body: "{}"}, apperr.New(apperr.Invalid, "/a: no"), 400, `"message":"/a: no"`},
		"forbidden":       {call{token: "plain", body: "{}"}, apperr.New(apperr.Forbidden, "no"), 403, "FORBIDDEN"},
		"too many":        {call{token: "plain", body: "{}"}, apperr.New(apperr.Throttled, "later"), 429, "THROTTLED"},
		"a fault of ours": {call{token: "plain", body: "{}"}, errors.New("the disk is full"), 500, `"message":"internal error"`},
		"late":            {call{token: "plain", body: "{}"}, context.DeadlineExceeded, 503, `"message":"the request took too long"`},
		"too long":        {call{token: "plain", body: strings.Repeat("x", mostTaken+1)}, nil, 413, "TOO_LARGE"},
		"no token":        {call{body: "{}"}, nil, 401, "UNAUTHENTICATED"},
		"a bad token":     {call{token: "bad", body: "{}"}, nil, 401, "UNAUTHENTICATED"},
		"another type":    {call{token: "plain", body: "{}", contentType: "text/plain"}, nil, 415, "VALIDATION"},
		"by PUT":          {call{token: "plain", body: "{}", method: http.MethodPut, contentType: "application/json"}, nil, 405, "VALIDATION"},
	} {
		t.Run(name, func(t *testing.T) {
			server := New(carrying(func(ctx context.Context, document io.Reader) error {
				if err := readAll(ctx, document); err != nil {
					return err
				}
				if !actor.From(ctx).SignedIn() {
					t.Error("nobody stands behind it")
				}
				return c.err
			}))
			c.call.target = "/bundles"
			if got := c.call.to(server); got.status != c.status || !strings.Contains(got.body, c.want) || got.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
}

// A document whose length is not told is cut off where it is too long, not read to its end.
func TestUploadOfUnknownLength(t *testing.T) {
	server := New(carrying(readAll))
	r := call{target: "/bundles", token: "plain"}.request()
	r.Body, r.ContentLength = io.NopCloser(io.MultiReader(strings.NewReader(strings.Repeat("x", mostTaken)), strings.NewReader("x"))), -1
	if got := serve(server, r); got.status != http.StatusRequestEntityTooLarge {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// Only so many documents are taken in at once; a place that is free again is given out again.
func TestUploadsHaveRoom(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	server := New(carrying(func(context.Context, io.Reader) error {
		entered <- struct{}{}
		<-release
		return nil
	}))
	one := call{target: "/bundles", token: "plain", body: "{}"}
	done := make(chan int)
	for range transfers {
		go func() { done <- one.to(server).status }()
		<-entered
	}
	if got := one.to(server); got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") == "" {
		t.Errorf("one more: %d %s", got.status, got.body)
	}
	close(release)
	for range transfers {
		if status := <-done; status != http.StatusCreated {
			t.Errorf("one of those that had room: %d", status)
		}
	}
	go func() { done <- one.to(server).status }()
	<-entered
	if status := <-done; status != http.StatusCreated {
		t.Errorf("afterwards: %d", status)
	}
}

// Downloads need no token; what one may be called is put so that no header can be made of it, and tickets are not logged.
func TestDownloadAnswers(t *testing.T) {
	var log bytes.Buffer
	o := carrying(readAll)
	o.Logger, o.Origins = slog.New(slog.NewTextHandler(&log, nil)), []string{"https://page.example"}
	server := New(o)
	got := call{method: http.MethodGet, target: "/bundles/good", origin: "https://page.example"}.to(server)
	if got.status != 200 || got.body != "{}" || got.header.Get("Content-Length") != "2" || got.header.Get("Content-Disposition") != `attachment; filename="a \"b\".json"` ||
		got.header.Get("Access-Control-Allow-Origin") != "https://page.example" || got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %s %v", got.status, got.body, got.header)
	}
	for name, c := range map[string]struct {
		call   call
		status int
		want   string
	}{
		"no ticket":      {call{target: "/bundles/bad-secret"}, 404, "NOT_FOUND"},
		"with a session": {call{target: "/bundles/bad-secret", token: "plain"}, 404, `none, for \"ses_plain\"`},
		"a bad token":    {call{target: "/bundles/good", token: "bad"}, 401, "UNAUTHENTICATED"},
		"by POST":        {call{target: "/bundles/good", method: http.MethodPost}, 405, "VALIDATION"},
		"no route":       {call{target: "/bundles/good/more"}, 404, ""},
	} {
		if c.call.method == "" {
			c.call.method = http.MethodGet
		}
		if got := c.call.to(server); got.status != c.status || !strings.Contains(got.body, c.want) {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	if text := log.String(); strings.Contains(text, "bad-secret") || !strings.Contains(text, "/bundles/…") {
		t.Errorf("the log: %s", text)
	}
}

// Both ways count against the rates of GraphQL, and other origins may ask only where they are listed.
func TestBundlesAreBounded(t *testing.T) {
	o := carrying(readAll)
	o.Rates = Rates{Address: Rate{PerSecond: rate.Limit(0.001), Burst: 1}, Session: Rate{PerSecond: rate.Inf}}
	server := New(o)
	for i, want := range []int{http.StatusNotFound, http.StatusTooManyRequests} {
		if got := (call{method: http.MethodGet, target: "/bundles/bad", from: "192.0.2.1:1"}).to(server); got.status != want {
			t.Errorf("download %d: %d", i, got.status)
		}
	}
	if got := (call{target: "/bundles", token: "plain", body: "{}", from: "192.0.2.1:1"}).to(server); got.status != http.StatusTooManyRequests {
		t.Errorf("an upload after them: %d", got.status)
	}
	without := toyOptions(newToy())
	if got := (call{target: "/bundles", token: "plain", body: "{}"}).to(New(without)); got.status != http.StatusNotFound {
		t.Errorf("a server without bundles: %d", got.status)
	}
}
