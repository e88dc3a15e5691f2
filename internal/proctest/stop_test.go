package proctest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/appanage/appanage/internal/store"
)

// SIGTERM lets a request in flight finish, takes no new one, and ends with 0.
func TestStopIsGraceful(t *testing.T) {
	engines(t, func(t *testing.T, _ store.Engine, c call) {
		p := c.serve(t)
		const body = `{"query":"{ __typename }"}`
		conn := dial(t, p.address)
		send(t, conn, fmt.Sprintf("POST /graphql HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", len(body)))
		answers := bufio.NewReader(conn)
		if line, err := answers.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
			t.Fatalf("the server does not wait for the body: %q, %v", line, err)
		}
		if _, err := answers.ReadString('\n'); err != nil { // the end of that
			t.Fatal(err)
		}
		send(t, conn, body[:10])
		p.terminate(t)
		waitClosed(t, p.address)
		if p.isOver() {
			t.Fatalf("the server has not waited:\n%s", p.output)
		}
		send(t, conn, body[10:])
		response, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatalf("%v\n%s", err, p.output)
		}
		answer, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK || !strings.Contains(string(answer), `{"__typename":"Query"}`) {
			t.Errorf("the answer is %d %s, %v", response.StatusCode, answer, err)
		}
		if code := p.wait(t); code != 0 {
			t.Errorf("exit code %d:\n%s", code, p.output)
		}
	})
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func send(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
}

// waitClosed waits until nobody listens any more.
func waitClosed(t *testing.T, address string) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		if err != nil {
			return
		}
		_ = conn.Close()
	}
	t.Fatal("the server still listens")
}

// How long a start takes is printed, not judged: on an empty database, and on one that is there.
func TestStartTime(t *testing.T) {
	engines(t, func(t *testing.T, _ store.Engine, c call) {
		for _, what := range []string{"an empty database", "a migrated one"} {
			p := c.serve(t)
			t.Logf("on %s the server listens after %v", what, time.Since(p.begun).Round(time.Millisecond))
			p.terminate(t)
			if code := p.wait(t); code != 0 {
				t.Fatalf("exit code %d:\n%s", code, p.output)
			}
		}
	})
}
