// Package testkit gives tests their databases: both engines, a fresh database for each test, and nothing to set
// up but the mariadbd program.
package testkit

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit/mariadb"
)

// engineNames are the names of the subtests.
var engineNames = map[store.Engine]string{store.SQLite: "sqlite", store.MySQL: "mysql"}

// Engines runs a test on each engine, as the subtests "sqlite" and "mysql", with a migrated database that no
// other test uses. None is ever skipped.
func Engines(t *testing.T, f func(t *testing.T, db *store.DB)) {
	t.Helper()
	EnginesWith(t, store.Options{}, f)
}

// EnginesWith is Engines with options for the store. Options.Install runs.
func EnginesWith(t *testing.T, options store.Options, f func(t *testing.T, db *store.DB)) {
	t.Helper()
	for _, engine := range []store.Engine{store.SQLite, store.MySQL} {
		t.Run(engineNames[engine], func(t *testing.T) {
			f(t, DB(t, engine, options))
		})
	}
}

// DB is a migrated database of one engine, for one test.
func DB(t testing.TB, engine store.Engine, options store.Options) *store.DB {
	t.Helper()
	url := Migrated(t, engine)
	db, err := store.Open(t.Context(), url, options)
	if err != nil {
		t.Fatalf("open the test's database: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close the test's database: %v", err)
		}
	})
	if options.Install != nil {
		if err := db.Migrate(t.Context()); err != nil {
			t.Fatalf("install into the test's database: %v", err)
		}
	}
	return db
}

// Database gives the URL of an empty database of one engine, for a test that migrates it itself or has a child
// process do so. It is gone after the test.
func Database(t testing.TB, engine store.Engine) string {
	t.Helper()
	if engine == store.SQLite {
		return "sqlite:" + filepath.Join(scratch(t), "test.db")
	}
	s := server(t)
	name := fmt.Sprintf("test_%d", databases.Add(1))
	if err := s.Create(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Drop(context.Background(), name); err != nil {
			t.Error(err)
		}
	})
	return s.URL(name)
}

var databases atomic.Int64

// Migrated gives the URL of a migrated database of one engine.
func Migrated(t testing.TB, engine store.Engine) string {
	t.Helper()
	if engine == store.SQLite {
		return migratedSQLite(t)
	}
	return migratedMySQL(t)
}

// server is the one MariaDB of the test binary, started at the first need. It ends with the binary.
func server(t testing.TB) *mariadb.Server {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var shared = sync.OnceValues(func() (*mariadb.Server, error) {
	return mariadb.Start(context.Background(), mariadb.Options{})
})

// scratch is a directory for one test, in memory where there is a tmpfs: a sync costs nothing there.
func scratch(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp(mariadb.Memory(), "appanage-test-")
	if err != nil {
		t.Fatalf("make a directory for the test's database: %v", err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("remove the test's database: %v", err)
		}
	})
	return dir
}

func migrate(ctx context.Context, url string) error {
	db, err := store.Open(ctx, url, store.Options{})
	if err != nil {
		return fmt.Errorf("open a database to migrate: %w", err)
	}
	if err := db.Migrate(ctx); err != nil {
		_ = db.Close() // the first error says more
		return err
	}
	return db.Close()
}
