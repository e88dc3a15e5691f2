package httpapi

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// running is a server that Run runs.
type running struct {
	address string
	stop    context.CancelFunc
	stopped <-chan error
}

func start(t *testing.T, handler http.Handler) running {
	t.Helper()
	listener := listen(t)
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- Run(ctx, listener, handler, slog.New(slog.DiscardHandler)) }()
	return running{listener.Addr().String(), stop, stopped}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listener
}

// send posts a body over a connection of its own, as a proxy does.
func (r running) send(ctx context.Context, token, body string) (status int, answer string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+r.address+"/graphql", strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	request.Close = true
	response, err := new(http.Transport).RoundTrip(request)
	if err != nil {
		return 0, "", err
	}
	text, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	return response.StatusCode, string(text), err
}

func TestRequestsInFlightFinish(t *testing.T) {
	defer goleak.VerifyNone(t)
	toy := newToy()
	server := start(t, New(toyOptions(toy)))
	answered := make(chan string, 1)
	go func() {
		_, answer, err := server.send(t.Context(), "", `{"query":"{ slow }"}`)
		if err != nil {
			answer = err.Error()
		}
		answered <- answer
	}()

	<-toy.entered
	server.stop()
	for { // until nobody listens any more
		connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", server.address)
		if err != nil {
			break
		}
		_ = connection.Close()
		time.Sleep(time.Millisecond)
	}
	select {
	case err := <-server.stopped:
		t.Fatalf("stopped with a request in flight: %v", err)
	default:
	}
	close(toy.release)
	if got := <-answered; !strings.Contains(got, `"slow":"done"`) {
		t.Errorf("the request in flight got %s", got)
	}
	if err := <-server.stopped; err != nil {
		t.Errorf("stopped with %v", err)
	}
}

// A client that is still sending reads why it is refused, and not that the connection was reset.
func TestRefusalsOfLargeBodiesArrive(t *testing.T) {
	defer goleak.VerifyNone(t)
	server := start(t, New(toyOptions(newToy())))
	for token, want := range map[string]int{"": 413, "plain": 413, "stale": 401} {
		for range 5 {
			status, answer, err := server.send(t.Context(), token, strings.Repeat(" ", 3<<20))
			if err != nil || status != want {
				t.Errorf("token %q: got %d %s, %v", token, status, answer, err)
			}
		}
	}
	server.stop()
	if err := <-server.stopped; err != nil {
		t.Errorf("stopped with %v", err)
	}
}

func TestRunOnAClosedListener(t *testing.T) {
	listener := listen(t)
	_ = listener.Close()
	if err := Run(t.Context(), listener, http.NotFoundHandler(), slog.New(slog.DiscardHandler)); err == nil {
		t.Error("no error")
	}
}
