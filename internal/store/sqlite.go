package store

import (
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
)

const (
	readers    = 8   // connections: each holds a page cache of its own (2 MB at most)
	keptSQLite = 128 // statements for each connection; some KB each
)

// openSQLite opens the writer and the readers of a file.
//
// Settings that matter:
//   - WAL, so that readers never wait for the writer, nor it for them.
//   - synchronous=FULL: the log is synced at every commit, so what was acknowledged survives not only kill -9
//     (NORMAL would do for that) but the loss of power too, as it does on MySQL.
//   - Times are stored as whole microseconds since 1970 UTC: they compare and sort as numbers, need no parsing,
//     and lose nothing that clock.Truncate keeps.
//   - Begin takes the write lock at once (immediate): a transaction never fails half-way for want of it. The
//     driver begins read-only transactions deferred all the same, which is what snapshots need.
//   - busy_timeout covers other processes; within this one the pool of one connection is the queue.
func openSQLite(at address) (writer, reader *sql.DB, err error) {
	if err := touch(at.path); err != nil {
		return nil, nil, err
	}
	settings := url.Values{
		"_busy_timeout":        {"5000"},
		"_foreign_keys":        {"1"},
		"_synchronous":         {"FULL"},
		"_dqs":                 {"0"},
		"_inttotime":           {"1"},
		"_time_integer_format": {"unix_micro"},
		"_pragma":              {"temp_store(MEMORY)"},
	}
	file := "file:" + (&url.URL{Path: at.path}).EscapedPath() + "?" + settings.Encode()
	writer, err = openFile(file+"&_journal_mode=WAL&_txlock=immediate", 1)
	if err != nil {
		return nil, nil, err
	}
	reader, err = openFile(file+"&_query_only=1", readers)
	return writer, reader, err
}

func openFile(dsn string, connections int) (*sql.DB, error) {
	connector, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, fmt.Errorf("configure: %w", err)
	}
	db := sql.OpenDB(statementKeeper{connector, keptSQLite})
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// touch makes the file with its directory. SQLite gives the log beside it the same permissions.
func touch(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make its directory: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("make the file: %w", err)
	}
	return f.Close()
}
