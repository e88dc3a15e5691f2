package proctest

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit"
)

var (
	curlLine = regexp.MustCompile(`(?m)^ *(curl -s .*)$`)
	pageLine = regexp.MustCompile(`Page +(http://\S+/)`)
	wordLine = regexp.MustCompile(`The password of all is +(.*)`)
	userLine = regexp.MustCompile(`(?m)^  (\S+) +([A-Z][A-Z0-9]+) +\S.*, .*$`)
)

// The demo says where its page is, who can sign in with which password, and how: as printed, it works. When it
// stops it leaves nothing behind.
func TestDemo(t *testing.T) {
	p := call{}.serve(t, "--demo")
	page := p.says(t, pageLine)[1]
	if page != "http://"+p.address+"/" {
		t.Errorf("the page is said to be at %s, the server listens at %s", page, p.address)
	}
	if status := p.get(t, "/"); status != http.StatusOK {
		t.Errorf("the page answers %d", status)
	}
	if status := p.get(t, "/mailbox"); status != http.StatusOK || !strings.Contains(p.output.String(), page+"mailbox") {
		t.Errorf("the mailbox answers %d", status)
	}
	checkPrintedRequest(t, p)
	checkDemoUsers(t, p)
	p.terminate(t)
	if code := p.wait(t); code != 0 {
		t.Errorf("exit code %d:\n%s", code, p.output)
	}
	for _, dir := range []string{p.cmd.Dir, p.temporary} {
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	}
}

// The demo's data is kept in a database that is named, and a second demo does not go over it. A password of the
// operator's own may hold what a shell and JSON take for themselves.
func TestDemoInNamedDatabase(t *testing.T) {
	c := call{env: map[string]string{"DATABASE": testkit.Database(t, store.SQLite), "DEMO_PASSWORD": `it's "long" \ enough $HOME`}}
	p := c.serve(t, "--demo")
	checkPrintedRequest(t, p)
	if strings.Contains(p.output.String(), "gone when it stops") {
		t.Errorf("the data is said to go:\n%s", p.output)
	}
	p.kill()
	if signIn(t, c.serve(t), "sysadmin", c.env["DEMO_PASSWORD"]) == "" {
		t.Error("the data is gone")
	}
	c.args = []string{"serve", "--demo", "--listen", "127.0.0.1:0"}
	if out, code := c.finish(t); code == 0 || !strings.Contains(out, "the database is not empty") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
}

// checkPrintedRequest has a shell read the printed command, with something else in the place of curl, and sends
// what curl would.
func checkPrintedRequest(t *testing.T, p *process) {
	t.Helper()
	line := p.says(t, curlLine)[1]
	out, err := exec.CommandContext(t.Context(), "sh", "-c", `curl() { printf '%s\n' "$@"; }; `+line).Output()
	args := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if err != nil || len(args) != 6 || !slices.Equal(args[2:5], []string{"-H", "Content-Type: application/json", "-d"}) {
		t.Fatalf("%v: %s is read as %q", err, line, args)
	}
	if token := tokenOf(t, args[1], args[5]); viewer(t, p, token) != "sysadmin" {
		t.Error("the printed request does not sign sysadmin in")
	}
}

// tokenOf sends a body to sign in.
func tokenOf(t *testing.T, url, body string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var a struct {
		Data struct{ SessionCreate struct{ Token string } }
	}
	if err := json.NewDecoder(response.Body).Decode(&a); err != nil || a.Data.SessionCreate.Token == "" {
		t.Fatalf("no token: %+v, %v", a, err)
	}
	return a.Data.SessionCreate.Token
}

// checkDemoUsers signs in everybody listed, but those who are said to be refused.
func checkDemoUsers(t *testing.T, p *process) {
	t.Helper()
	users := userLine.FindAllStringSubmatch(p.output.String(), -1)
	if len(users) < 10 {
		t.Fatalf("%d users are listed:\n%s", len(users), p.output)
	}
	word := p.says(t, wordLine)[1]
	for _, u := range users {
		token := signInTo(t, p, u[2], u[1], word)
		if refused := strings.Contains(u[0], "is refused"); refused == (token != "") {
			t.Errorf("signed in: %t; said is: %s", token != "", u[0])
		}
	}
}
