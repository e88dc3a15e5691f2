package proctest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is more than anything here takes on a busy machine.
const patience = 60 * time.Second

// binary is the program, built once.
var binary string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "appanage-proctest-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer func() { _ = os.RemoveAll(dir) }()
		binary = filepath.Join(dir, "appanage")
		if out, err := exec.CommandContext(context.Background(), "go", "build", "-o", binary, "github.com/appanage/appanage").CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build the program: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// call is a way to start the program.
type call struct {
	args  []string
	env   map[string]string // APPANAGE_… and nothing else: what the developer's shell has is not inherited
	stdin string
	dir   string // a temporary one when empty
}

func (c call) command(t *testing.T, temporary string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(binary, c.args...) // no context: the test ends it
	if cmd.Dir = c.dir; c.dir == "" {
		cmd.Dir = t.TempDir()
	}
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + temporary}
	for name, value := range c.env {
		cmd.Env = append(cmd.Env, "APPANAGE_"+name+"="+value)
	}
	cmd.Stdin = strings.NewReader(c.stdin)
	return cmd
}

// finish runs the program to its end.
func (c call) finish(t *testing.T) (output string, code int) {
	t.Helper()
	p := c.start(t)
	code = p.wait(t)
	return p.output.String(), code
}

// start has the program run; the end of the test kills it.
func (c call) start(t *testing.T) *process {
	t.Helper()
	p := &process{temporary: t.TempDir(), output: new(output), ended: make(chan struct{}), begun: time.Now()}
	p.cmd = c.command(t, p.temporary)
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait() // the exit code tells
	}()
	t.Cleanup(p.kill)
	return p
}

// serve starts a server on a free port, with flags, and waits until it listens.
func (c call) serve(t *testing.T, flags ...string) *process {
	t.Helper()
	c.args = append([]string{"serve", "--listen", "127.0.0.1:0"}, flags...)
	p := c.start(t)
	p.listening(t)
	return p
}

// process is the program running.
type process struct {
	cmd       *exec.Cmd
	temporary string  // its directory for temporary files
	output    *output // both streams
	ended     chan struct{}
	begun     time.Time
	address   string
}

var listens = regexp.MustCompile(`msg=listening address=(\S+)`)

// listening waits until the server has said where it listens.
func (p *process) listening(t *testing.T) {
	t.Helper()
	p.address = p.says(t, listens)[1]
}

// says waits until the output has something.
func (p *process) says(t *testing.T, what *regexp.Regexp) []string {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if found := what.FindStringSubmatch(p.output.String()); found != nil {
			return found
		}
		if p.isOver() {
			break
		}
	}
	t.Fatalf("the program does not say %s, but:\n%s", what, p.output)
	return nil
}

func (p *process) isOver() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// wait gives the exit code once the program has ended.
func (p *process) wait(t *testing.T) int {
	t.Helper()
	select {
	case <-p.ended:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		t.Fatalf("the program does not end:\n%s", p.output)
		return 0
	}
}

// kill is kill -9, and waits for the end.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended by itself
	<-p.ended
}

// terminate asks the program to stop.
func (p *process) terminate(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
}

// get asks for a path and gives the status.
func (p *process) get(t *testing.T, path string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+p.address+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatalf("GET %s: %v\n%s", path, err, p.output)
	}
	_, readErr := io.Copy(io.Discard, response.Body)
	if err := errors.Join(readErr, response.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode
}

// output gathers what the program prints.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

// String is what has been printed so far.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
