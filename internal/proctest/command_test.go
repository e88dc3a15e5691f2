package proctest

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/store"
)

var (
	commands  = [][]string{nil, {"serve"}, {"migrate"}, {"admin"}, {"admin", "create"}, {"version"}}
	flagEntry = regexp.MustCompile(`(?m)^ {2,6}(?:-h, )?--([a-z-]+)`)
)

// Each command explains itself, each of its flags with the variable that stands for it.
func TestHelp(t *testing.T) {
	flags := 0
	for _, command := range commands {
		out, code := call{args: append(command, "--help")}.finish(t)
		if code != 0 || !strings.Contains(out, "Usage: appanage "+strings.Join(command, " ")) {
			t.Errorf("%s --help: exit code %d\n%s", command, code, out)
		}
		entries := flagEntry.FindAllStringSubmatchIndex(out, -1)
		for i, at := range entries {
			end := len(out)
			if i+1 < len(entries) {
				end = entries[i+1][0]
			}
			name := out[at[2]:at[3]]
			variable := "$APPANAGE_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
			if name != "help" && !strings.Contains(out[at[0]:end], variable) {
				t.Errorf("%s: the help on --%s does not name %s:\n%s", command, name, variable, out[at[0]:end])
			}
			flags++
		}
	}
	if flags < 25 {
		t.Errorf("only %d flags were looked at", flags)
	}
}

// Secrets given by the environment do not show in the help.
func TestHelpKeepsSecrets(t *testing.T) {
	c := call{env: map[string]string{"SECRET": secret, "ADMIN_PASSWORD": password, "DEMO_PASSWORD": password, "PASSWORD": password, "DATABASE": "mysql://hub:" + password + "@db/hub"}}
	for _, command := range commands {
		for _, extra := range []string{"--help", "--no-such-flag"} {
			c.args = append(command[:len(command):len(command)], extra)
			if out, _ := c.finish(t); strings.Contains(out, password) || strings.Contains(out, secret) {
				t.Errorf("%s %s: a secret shows:\n%s", command, extra, out)
			}
		}
	}
}

func TestVersion(t *testing.T) {
	out, code := call{args: []string{"version"}}.finish(t)
	if code != 0 || !regexp.MustCompile(`^appanage \S+\n$`).MatchString(out) {
		t.Errorf("exit code %d: %q", code, out)
	}
}

// migrate can be run again, and before or beside a server.
func TestMigrateTwice(t *testing.T) {
	engines(t, func(t *testing.T, engine store.Engine, c call) {
		for range 2 {
			c.args = []string{"migrate"}
			if out, code := c.finish(t); code != 0 || !strings.Contains(out, "up to date") {
				t.Fatalf("exit code %d:\n%s", code, out)
			}
			checkRevisions(t, engine, c)
			if p := c.serve(t); p.get(t, "/readyz") != http.StatusOK {
				t.Errorf("not ready:\n%s", p.output)
			}
		}
	})
}
