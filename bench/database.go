package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/appanage/appanage/internal/testkit/mariadb"
)

// database is an empty database, in memory where the system has a tmpfs: a disk's time is nobody's merit.
type database struct {
	engine string
	url    string
	// time is the processor time that the engine has used outside of this process.
	time func() (time.Duration, error)
	stop func() error
}

// engines starts each engine, by name.
var engines = []struct {
	name  string
	start func(context.Context) (database, error)
}{{"sqlite", startSQLite}, {"mariadb", startMariaDB}}

func startSQLite(context.Context) (database, error) {
	dir, err := os.MkdirTemp(mariadb.Memory(), "appanage-bench-")
	if err != nil {
		return database{}, err
	}
	stop := func() error { return os.RemoveAll(dir) }
	return database{"sqlite", "sqlite:" + filepath.Join(dir, "bench.db"), noDatabase, stop}, nil
}

func startMariaDB(ctx context.Context) (database, error) {
	server, err := mariadb.Start(ctx, mariadb.Options{})
	if err != nil {
		return database{}, err
	}
	const name = "bench"
	if err := server.Create(ctx, name); err != nil {
		return database{}, errors.Join(err, server.Stop())
	}
	used, err := databaseTime(ctx, server.Admin())
	if err != nil {
		return database{}, errors.Join(err, server.Stop())
	}
	return database{"mariadb", server.URL(name), used, server.Stop}, nil
}
