package proctest

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/migrations"
)

// design 6: three servers starting at once on an empty database apply each migration once, install once, and make
// the first administrator once.
func TestThreeServersStartAtOnce(t *testing.T) {
	engines(t, func(t *testing.T, engine store.Engine, c call) {
		c = c.with("ADMIN_USER", "root").with("ADMIN_PASSWORD", password)
		c.args = []string{"serve", "--listen", "127.0.0.1:0"}
		var servers [3]*process
		for i := range servers {
			servers[i] = c.start(t)
		}
		for _, p := range servers {
			p.listening(t)
			if status := p.get(t, "/readyz"); status != http.StatusOK {
				t.Errorf("readyz answers %d:\n%s", status, p.output)
			}
		}
		token := signIn(t, servers[0], "root", password)
		for _, p := range servers {
			if name := viewer(t, p, token); name != "root" {
				t.Errorf("the viewer is %q", name)
			}
		}
		checkRevisions(t, engine, c)
		checkInstalledOnce(t, c)
	})
}

// checkRevisions: each migration is recorded once, as completed.
func checkRevisions(t *testing.T, engine store.Engine, c call) {
	t.Helper()
	known, err := migrations.List(string(engine))
	if err != nil {
		t.Fatal(err)
	}
	ctx, db := look(t, c)
	rows, err := db.Query(ctx, "SELECT version, applied, total FROM schema_revisions ORDER BY version")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	n := 0
	for ; rows.Next(); n++ {
		var version string
		var applied, total int
		if err := rows.Scan(&version, &applied, &total); err != nil {
			t.Fatal(err)
		}
		if n < len(known) && version != known[n].Version || applied != total {
			t.Errorf("revision %s: %d of %d statements", version, applied, total)
		}
	}
	if err := rows.Err(); err != nil || n != len(known) {
		t.Errorf("%d revisions, want %d; %v", n, len(known), err)
	}
}

func checkInstalledOnce(t *testing.T, c call) {
	t.Helper()
	ctx, db := look(t, c)
	if n, err := db.Ent().Tenant.Query().Where(tenant.TypeEQ(enum.ClientSystem)).Count(ctx); n != 1 || err != nil {
		t.Errorf("%d SYSTEM clients, %v", n, err)
	}
	if n, err := db.Ent().User.Query().Count(ctx); n != 1 || err != nil {
		t.Errorf("%d users, %v", n, err)
	}
}

// A first start without anything said makes database and key, for their owner only, and nobody to sign in as.
func TestFirstStart(t *testing.T) {
	c := call{dir: t.TempDir()}
	c.env = map[string]string{"DATABASE": "sqlite:" + filepath.Join(c.dir, "appanage.db")} // where look looks
	p := call{dir: c.dir}.serve(t)
	if status := p.get(t, "/readyz"); status != http.StatusOK {
		t.Fatalf("readyz answers %d:\n%s", status, p.output)
	}
	for _, name := range []string{"appanage.db", "appanage.db.key"} {
		info, err := os.Stat(filepath.Join(c.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s has the mode %o", name, mode)
		}
	}
	ctx, db := look(t, c)
	if n, err := db.Ent().User.Query().Count(ctx); n != 0 || err != nil {
		t.Errorf("%d users, %v", n, err)
	}
	if !strings.Contains(p.output.String(), "appanage admin create") {
		t.Errorf("the program does not say how to make an administrator:\n%s", p.output)
	}
	for _, name := range []string{"admin", "root", "system", "SYSTEM", "appanage"} {
		for _, word := range []string{name, "", "admin", "password", "changeme", "appanage", "123456789012"} {
			if token := signIn(t, p, name, word); token != "" {
				t.Errorf("%q signs in with %q", name, word)
			}
		}
	}
}

// The key of a first start stays: a second start goes on with it.
func TestKeyStays(t *testing.T) {
	c := call{dir: t.TempDir()}
	read := func() string {
		p := c.serve(t)
		p.terminate(t)
		if code := p.wait(t); code != 0 {
			t.Fatalf("exit code %d:\n%s", code, p.output)
		}
		key, err := os.ReadFile(filepath.Join(c.dir, "appanage.db.key"))
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(key))
	}
	if first, second := read(), read(); first != second || len(first) < 32 {
		t.Errorf("the keys are %d and %d characters long, and differ: %t", len(first), len(second), first != second)
	}
}
