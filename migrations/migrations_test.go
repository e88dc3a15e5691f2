package migrations_test

import (
	"database/sql"
	"path/filepath"
	"slices"
	"testing"

	"ariga.io/atlas/sql/migrate"
	"entgo.io/ent/dialect"
	_ "modernc.org/sqlite"

	"github.com/appanage/appanage/internal/testkit/mariadb"
	"github.com/appanage/appanage/migrations"
	"github.com/appanage/appanage/migrations/schemadiff"
)

func TestSumsAreValidAndVersionsAlike(t *testing.T) {
	var versions [2][]string
	for i, engine := range []string{dialect.SQLite, dialect.MySQL} {
		dir, err := migrations.Dir(engine)
		must(t, err)
		if err := migrate.Validate(dir); err != nil {
			t.Errorf("%s: %v", engine, err)
		}
		list, err := migrations.List(engine)
		must(t, err)
		for _, m := range list {
			versions[i] = append(versions[i], m.Version)
		}
	}
	if len(versions[0]) == 0 || !slices.Equal(versions[0], versions[1]) {
		t.Errorf("the engines' versions differ: %q and %q", versions[0], versions[1])
	}
}

func TestMigrationsAreInStepWithTheEntities(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "db")+"?_fk=1")
		must(t, err)
		inStep(t, db, dialect.SQLite)
	})
	t.Run("mysql", func(t *testing.T) {
		server, err := mariadb.Start(t.Context(), mariadb.Options{})
		must(t, err)
		t.Cleanup(func() { must(t, server.Stop()) })
		db, err := server.Scratch(t.Context())
		must(t, err)
		inStep(t, db, dialect.MySQL)
	})
}

func inStep(t *testing.T, db *sql.DB, engine string) {
	t.Helper()
	defer func() { must(t, db.Close()) }()
	dir, err := migrations.Dir(engine)
	must(t, err)
	before, err := dir.Files()
	must(t, err)
	must(t, schemadiff.Write(t.Context(), db, engine, dir, "99991231235959", "missing"))
	after, err := dir.Files()
	must(t, err)
	for _, file := range after[len(before):] {
		t.Errorf("the entities have changed; run go run ./migrations/generate NAME. It would write:\n%s", file.Bytes())
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
