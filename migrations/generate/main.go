// Generate writes the next migration of both engines from the difference between the entities and the
// migrations there are. Run it from the module root, after ent's generator:
//
//	go run ./migrations/generate NAME           add a migration
//	go run ./migrations/generate -fresh NAME    throw all away and begin again: before the first release only
package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"ariga.io/atlas/sql/migrate"
	"entgo.io/ent/dialect"
	_ "modernc.org/sqlite" // registers the driver "sqlite"

	"github.com/appanage/appanage/internal/testkit/mariadb"
	"github.com/appanage/appanage/migrations/schemadiff"
)

func main() {
	log.SetFlags(0)
	fresh := flag.Bool("fresh", false, "delete all migrations first")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("usage: go run ./migrations/generate [-fresh] NAME")
	}
	if err := generate(context.Background(), flag.Arg(0), *fresh); err != nil {
		log.Fatal(err)
	}
}

func generate(ctx context.Context, name string, fresh bool) error {
	version := time.Now().UTC().Format("20060102150405")
	if err := generateSQLite(ctx, version, name, fresh); err != nil {
		return err
	}
	return generateMySQL(ctx, version, name, fresh)
}

func generateSQLite(ctx context.Context, version, name string, fresh bool) (err error) {
	scratch, err := os.MkdirTemp("", "appanage-migrations-")
	if err != nil {
		return fmt.Errorf("make a scratch directory: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	db, err := sql.Open("sqlite", filepath.Join(scratch, "db")+"?_fk=1")
	if err != nil {
		return fmt.Errorf("open a scratch SQLite: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return write(ctx, db, dialect.SQLite, "migrations/sqlite", version, name, fresh)
}

func generateMySQL(ctx context.Context, version, name string, fresh bool) (err error) {
	server, err := mariadb.Start(ctx, mariadb.Options{})
	if err != nil {
		return fmt.Errorf("start a scratch MariaDB: %w", err)
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	db, err := server.Scratch(ctx)
	if err != nil {
		return fmt.Errorf("open a scratch database: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return write(ctx, db, dialect.MySQL, "migrations/mysql", version, name, fresh)
}

func write(ctx context.Context, db *sql.DB, dialect, path, version, name string, fresh bool) error {
	if fresh {
		if err := clear(path); err != nil {
			return err
		}
	}
	dir, err := migrate.NewLocalDir(path)
	if err != nil {
		return fmt.Errorf("open %s (run this from the module root): %w", path, err)
	}
	if err := schemadiff.Write(ctx, db, dialect, dir, version, name); err != nil {
		return err
	}
	file := filepath.Join(path, version+"_"+name+".sql")
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
		log.Printf("%s is in step", path)
		return nil
	}
	log.Print(file)
	return nil
}

func clear(path string) error {
	files, err := filepath.Glob(filepath.Join(path, "*.sql"))
	if err != nil {
		return fmt.Errorf("list %s: %w", path, err)
	}
	for _, file := range append(files, filepath.Join(path, "atlas.sum")) {
		if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("delete: %w", err)
		}
	}
	return nil
}
