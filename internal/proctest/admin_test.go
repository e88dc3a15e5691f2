package proctest

import (
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/store"
)

// Each way to make the first administrator makes one who can sign in; the password shows nowhere.
func TestAdministrators(t *testing.T) {
	engines(t, func(t *testing.T, _ store.Engine, c call) {
		server := c.with("ADMIN_USER", "configured").with("ADMIN_PASSWORD", password).serve(t)
		create := func(name, stdin string, env call) {
			t.Helper()
			env.args, env.stdin = []string{"admin", "create", "--user-name", name}, stdin
			out, code := env.finish(t)
			if code != 0 || strings.Contains(out, password) {
				t.Errorf("admin create %s: exit code %d\n%s", name, code, out)
			}
		}
		create("piped", password+"\n", c)
		create("unended", password, c)
		create("by-environment", "", c.with("PASSWORD", password))
		for _, name := range []string{"configured", "piped", "unended", "by-environment"} {
			if token := signIn(t, server, name, password); token == "" {
				t.Errorf("%s cannot sign in", name)
			} else if got := viewer(t, server, token); got != name {
				t.Errorf("%s signs in as %q", name, got)
			}
			if signIn(t, server, name, password+"x") != "" {
				t.Errorf("%s signs in with a wrong password", name)
			}
		}
		if strings.Contains(server.output.String(), password) {
			t.Errorf("the password shows:\n%s", server.output)
		}
	})
}

// The configured administrator is the first one or none: a platform with users keeps those it has.
func TestConfiguredAdministratorIsTheFirst(t *testing.T) {
	engines(t, func(t *testing.T, _ store.Engine, c call) {
		c.args, c.stdin = []string{"admin", "create", "--user-name", "piped"}, password
		if out, code := c.finish(t); code != 0 {
			t.Fatalf("exit code %d:\n%s", code, out)
		}
		p := c.with("ADMIN_USER", "late").with("ADMIN_PASSWORD", password).serve(t)
		if signIn(t, p, "late", password) != "" {
			t.Error("a second administrator was made")
		}
		if signIn(t, p, "piped", password) == "" {
			t.Error("the first administrator is gone")
		}
	})
}

// What admin create refuses, it says without the password, and makes nobody.
func TestAdministratorsRefused(t *testing.T) {
	c := call{dir: t.TempDir()}
	for name, one := range map[string]struct {
		args  []string
		stdin string
		says  string
	}{
		"too short":       {[]string{"--user-name", "a"}, "tooshortpw\n", "password"},
		"no password":     {[]string{"--user-name", "a"}, "", "no password"},
		"no name":         {nil, password, "--user-name"},
		"unknown client":  {[]string{"--user-name", "a", "--client", "NOBODY"}, password, `"NOBODY"`},
		"malformed name":  {[]string{"--user-name", "a@b"}, password, "user name"},
		"common password": {[]string{"--user-name", "a"}, "passwordpassword\n", "password"},
	} {
		t.Run(name, func(t *testing.T) {
			try := call{args: append([]string{"admin", "create"}, one.args...), stdin: one.stdin, dir: c.dir}
			out, code := try.finish(t)
			if code == 0 || !strings.Contains(out, one.says) {
				t.Errorf("exit code %d, and no %q:\n%s", code, one.says, out)
			}
			if secret := strings.TrimSpace(one.stdin); secret != "" && strings.Contains(out, secret) {
				t.Errorf("the password shows:\n%s", out)
			}
		})
	}
}
