package apitest

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/participant"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

const webhookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// listener is a service that hears of removals, once it is up. The clock is moved: it cannot look at the time of a signature.
type listener struct {
	*httptest.Server
	mu    sync.Mutex
	up    bool
	heard []string
}

func listen(t *testing.T, up bool) *listener {
	t.Helper()
	verifier, err := standardwebhooks.NewWebhook(webhookSecret)
	if err != nil {
		t.Fatal(err)
	}
	l := &listener{up: up}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		defer l.mu.Unlock()
		body, _ := io.ReadAll(r.Body)
		if err := verifier.VerifyIgnoringTimestamp(body, r.Header); err != nil {
			t.Error(err)
		}
		if !l.up {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		var m struct {
			Type string
			Data map[string]string
		}
		if err := json.Unmarshal(body, &m); err != nil {
			t.Error(err)
		}
		l.heard = append(l.heard, fmt.Sprint(m.Type, " ", m.Data["code"], " ", m.Data["applicationId"], " ", m.Data["clientId"], " ", len(m.Data)))
	}))
	t.Cleanup(l.Close)
	return l
}

// domain 11.4: services hear of a removal, each by itself, until they acknowledge; who has not is listed. What was not
// removed nobody hears of.
func TestParticipantsHearOfRemovals(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		up, down := listen(t, true), listen(t, false)
		file := filepath.Join(t.TempDir(), "participants.json")
		h.Must(os.WriteFile(file, fmt.Appendf(nil, `[{"name": "up", "url": %q, "secret": %q}, {"name": "down", "url": %q, "secret": %q}]`,
			up.URL, webhookSecret, down.URL+"/?key=hunter2", webhookSecret), 0o600))
		told, err := participant.Load(file)
		h.Must(err)
		h = h.Node(func(o *hub.HTTP) { o.Participants = participant.Names(told) })
		e := newEstate(t, h)
		now, log := clock.Now().Add(time.Second), &strings.Builder{}
		options := hub.OutboxOptions{Participants: told, Logger: slog.New(slog.NewTextHandler(log, nil)), Clock: clock.At(func() time.Time { return now })}
		deliver := func() {
			t.Helper()
			for _, w := range h.Workers(options) {
				_, err := w.Deliver(t.Context())
				h.Must(err)
			}
		}
		e.fails(t, e.paula, "applicationRemove", e.remove(e.paula, e.app, false), "NOT_ALLOWED at input.id") // in use
		for _, app := range []oid.Application{e.app, e.foreign} {
			e.archive(app)
			e.succeeds(e.root, "applicationRemove", e.remove(e.root, app, false))
		}
		want := []string{fmt.Sprintf("application.removed shop-one %s %s 3", e.app, e.p), fmt.Sprintf("application.removed strange %s %s 3", e.foreign, e.s)}
		deliver()
		if slices.Sort(up.heard); !slices.Equal(up.heard, want) || len(down.heard) > 0 {
			t.Errorf("up has heard %q, down %q", up.heard, down.heard)
		}
		const listed = `query($f: OutboxEventFilter) { outboxEvents(filter: $f) { totalCount nodes { topic objectId participant status lastError client { code } } } }`
		list := func(token string, filter map[string]any) (count int, text string) {
			t.Helper()
			var data struct {
				OutboxEvents struct {
					TotalCount int
					Nodes      json.RawMessage
				}
			}
			h.MustData(h.Do(token, listed, hubtest.Variables{"f": filter}), &data)
			return data.OutboxEvents.TotalCount, string(data.OutboxEvents.Nodes)
		}
		waiting := map[string]any{"topic": "application.removed", "status": "PENDING"}
		n, text := list(e.root, waiting)
		if n != 2 || strings.Count(text, `"participant":"down"`) != 2 || !strings.Contains(text, `"lastError":"it answered with the status 503","client":{"code":"PARTNER"}`) {
			t.Errorf("not acknowledged: %s", text)
		}
		if n, _ := list(e.paula, waiting); n != 0 {
			t.Error("a client lists what the platform tells others")
		}
		if n, _ := list(e.root, map[string]any{"participant": "up", "status": "DELIVERED"}); n != 2 {
			t.Error("what was acknowledged is not listed as delivered")
		}
		now, down.up = now.Add(time.Minute), true
		deliver()
		if slices.Sort(down.heard); !slices.Equal(down.heard, want) {
			t.Errorf("down, up again, has heard %q", down.heard)
		}
		if n, text := list(e.root, waiting); n != 0 {
			t.Errorf("not acknowledged: %s", text)
		}
		if !strings.Contains(log.String(), "503") || strings.Contains(log.String(), "hunter2") || strings.Contains(log.String(), webhookSecret[6:]) {
			t.Errorf("the log says %s", log)
		}

		down.up = false
		e.archive(e.written)
		e.succeeds(e.paula, "applicationRemove", e.remove(e.paula, e.written, true))
		for range 20 { // in the end it is a dead letter
			deliver()
			now = now.Add(2 * time.Hour)
		}
		if n, text := list(e.root, map[string]any{"participant": "down", "status": "DEAD"}); n != 1 || !strings.Contains(text, string(e.written)) {
			t.Errorf("dead letters: %s", text)
		}
	})
}
