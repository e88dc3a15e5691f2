package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/appanage/appanage/bench/byhand"
	"github.com/appanage/appanage/internal/testkit/mariadb"
)

// database is one to measure on. Our own are in memory where the system has a tmpfs: a disk's time is nobody's merit.
type database struct {
	engine string
	url    string
	// time is the processor time that the engine has used outside of this process.
	time func() (time.Duration, error)
	stop func() error
}

// engine starts a database, by name.
type engine struct {
	name  string
	start func(context.Context) (database, error)
}

// engines start an empty database.
var engines = []engine{{"sqlite", startSQLite}, {"mariadb", startMariaDB}}

func startSQLite(context.Context) (database, error) {
	dir, err := os.MkdirTemp(mariadb.Memory(), "appanage-bench-")
	if err != nil {
		return database{}, err
	}
	stop := func() error { return os.RemoveAll(dir) }
	return database{"sqlite", "sqlite:" + filepath.Join(dir, "bench.db"), noDatabase, stop}, nil
}

// sizes are what a production server has and one for tests has not: room for the tables, and a log for their loading.
var sizes = []string{"SET GLOBAL innodb_buffer_pool_size = 1 << 30", "SET GLOBAL innodb_log_file_size = 512 << 20"}

func startMariaDB(ctx context.Context) (database, error) {
	server, err := mariadb.Start(ctx, mariadb.Options{})
	if err != nil {
		return database{}, err
	}
	const name = "bench"
	err = server.Create(ctx, name)
	for _, size := range sizes {
		if err == nil {
			_, err = server.Admin().ExecContext(ctx, size)
		}
	}
	if err != nil {
		return database{}, errors.Join(err, server.Stop())
	}
	used, err := databaseTime(ctx, server.Admin())
	if err != nil {
		return database{}, errors.Join(err, server.Stop())
	}
	return database{"mariadb", server.URL(name), used, server.Stop}, nil
}

// given is a database of the user's. It stays as the run leaves it.
func given(url string) engine {
	if strings.HasPrefix(url, "sqlite:") {
		return engine{"sqlite", func(context.Context) (database, error) {
			return database{"sqlite", url, noDatabase, func() error { return nil }}, nil
		}}
	}
	return engine{"mariadb", func(ctx context.Context) (database, error) {
		_, writer, reader, err := byhand.Open(url)
		if err != nil {
			return database{}, err
		}
		used, err := databaseTime(ctx, reader)
		stop := func() error { return errors.Join(writer.Close(), reader.Close()) }
		return database{"mariadb", url, used, stop}, err
	}}
}
