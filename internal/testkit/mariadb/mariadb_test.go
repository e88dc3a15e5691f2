package mariadb_test

import (
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/appanage/appanage/internal/testkit/mariadb"
)

func TestStartAndStop(t *testing.T) {
	s, err := mariadb.Start(t.Context(), mariadb.Options{TCP: true, Durable: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Create(t.Context(), "x"); err != nil {
		t.Error(err)
	}
	if !strings.HasPrefix(s.TCPURL("x"), "mysql://root@127.0.0.1:") {
		t.Error(s.TCPURL("x"))
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	gone(t, s.URL("x"))
}

// The server goes with the process that started it, even when that is killed. The child is this test, told so
// by its environment.
func TestTheServerDiesWithItsProcess(t *testing.T) {
	const variable = "APPANAGE_TEST_START_AND_WAIT"
	if os.Getenv(variable) != "" {
		s, err := mariadb.Start(t.Context(), mariadb.Options{})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = os.Stdout.WriteString(s.URL("x"))
		time.Sleep(time.Hour)
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestTheServerDiesWithItsProcess$")
	child.Env = append(os.Environ(), variable+"=1")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	address := make([]byte, 500)
	n, err := out.Read(address)
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // it was killed
	gone(t, string(address[:n]))
}

// gone waits until the directory of a server has been removed, which is the last thing done.
func gone(t *testing.T, address string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(u.Query().Get("socket"))
	if len(dir) < 5 {
		t.Fatalf("no directory in %s", address)
	}
	for range 500 {
		if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%s is still there", dir)
}
