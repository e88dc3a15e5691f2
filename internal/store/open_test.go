package store_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/appanage/appanage/internal/store"
)

func TestURLs(t *testing.T) {
	const secret = "s3/cr:et@?"
	const encoded = "s3%2Fcr%3Aet%40%3F"
	for url, want := range map[string][5]string{ // user, password, network, host, name
		"mysql://u%40x:" + encoded + "@db.example:3307/hub":              {"u@x", secret, "tcp", "db.example:3307", "hub"},
		"mysql://u:" + encoded + "@db.example/hub?tls=true":              {"u", secret, "tcp", "db.example:3306", "hub"},
		"mysql://u:" + encoded + "@[::1]/hub":                            {"u", secret, "tcp", "[::1]:3306", "hub"},
		"mysql://u:" + encoded + "@localhost/hub?socket=%2Frun%2Fx.sock": {"u", secret, "unix", "/run/x.sock", "hub"},
	} {
		shown, user, password, network, host, name, _, err := store.Address(url)
		if got := [5]string{user, password, network, host, name}; err != nil || got != want || strings.Contains(shown, secret) {
			t.Errorf("%s: %q, shown as %s, %v", url, got, shown, err)
		}
	}
	for url, want := range map[string]string{
		"sqlite:data/hub.db": "data/hub.db", "sqlite:/var/lib/hub.db": "/var/lib/hub.db",
		"sqlite:///var/lib/hub.db": "/var/lib/hub.db", "sqlite:a%20b.db": "a b.db",
	} {
		if _, _, _, _, _, _, path, err := store.Address(url); err != nil || path != want {
			t.Errorf("%s: %q, %v", url, path, err)
		}
	}
}

func TestErrorsOfOpenHideThePassword(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	for _, url := range []string{
		"", "hub.db", "sqlite:", "sqlite::memory:", "postgres://u:secret@h/n", "mysql://u:secret@h:port/n", "mysql://u:secret@h",
		"mysql://u:secret%@h/n", "mysql://u:secret@h/a/b", "mysql://u:secret@h/n?option=1", "mysql://u:secret@h/n?tls=maybe",
		"mysql://u:secret@127.0.0.1:1/n", "mysql://u:secret@localhost/n?socket=%2Fnone", "mysql://u:sec ret@h/n",
	} {
		db, err := store.Open(ctx, url, store.Options{})
		if err == nil {
			t.Errorf("%s was opened", url)
			must(t, db.Close())
		} else if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "sec ret") {
			t.Errorf("the password stands in %q", err)
		}
	}
}

func TestTheFileIsItsOwnersAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "made on the way", "hub.db")
	db, err := store.Open(t.Context(), "sqlite:"+strings.ReplaceAll(path, " ", "%20"), store.Options{})
	must(t, err)
	must(t, db.Migrate(t.Context()))
	for _, suffix := range []string{"", "-wal"} {
		info, err := os.Stat(path + suffix)
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has the mode %v", suffix, info.Mode())
		}
	}
	must(t, db.Close())
}
