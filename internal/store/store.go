// Package store opens the database and is the only way to it: pools, transactions, read snapshots, migrations,
// what a driver's error means, and the locks of design 3 that no query and no mutation gets past.
//
// Two engines are served. SQLite, the default, is one file with one writer connection and a pool of readers.
// MySQL and MariaDB have a pool for writes and one for reads. On both, a reader connection is refused by the
// engine itself when it tries to write.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"entgo.io/ent/dialect"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/intercept"
)

// Engine is the kind of database, by ent's name for the dialect.
type Engine string

// The engines.
const (
	SQLite Engine = dialect.SQLite
	MySQL  Engine = dialect.MySQL // MariaDB too
)

// Options are what the caller of Open may want beside the URL.
type Options struct {
	// Observe is told of every statement once it is over: for a query, once its rows are closed. It runs on
	// the path of the request and must not use the database.
	Observe func(ctx context.Context, statement string, took time.Duration, err error)
	// Install brings the rows every installation has (built-in permissions and the like). Migrate calls it at
	// every start, in a transaction under the lock of the migrations: it must be quick when there is nothing
	// to do. The context has the actor that Migrate's has.
	Install func(ctx context.Context, tx *ent.Client) error
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	engine  Engine
	options Options
	client  *ent.Client
	writer  *sql.DB
	reader  *sql.DB
}

// Open connects to the database that a URL names, and reaches it once. Nothing is migrated. The forms:
//
//	sqlite:path                                  a file, made (readable by its owner only) when missing
//	mysql://user:password@host:3306/name         user and password percent-encoded
//	mysql://user:password@localhost/name?socket=/run/mysqld/mysqld.sock
//	mysql://…?tls=true                           or skip-verify, preferred
//
// No error shows the password.
func Open(ctx context.Context, url string, options Options) (*DB, error) {
	at, err := parseURL(url)
	if err != nil {
		return nil, err
	}
	db := &DB{engine: at.engine, options: options}
	switch at.engine {
	case SQLite:
		db.writer, db.reader, err = openSQLite(at)
	default:
		db.writer, db.reader, err = openMySQL(at)
	}
	if err != nil {
		return nil, fmt.Errorf("open the database %s: %w", at.shown, err)
	}
	if err := db.reach(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("reach the database %s: %w", at.shown, err), db.Close())
	}
	db.client = ent.NewClient(ent.Driver(router{db}))
	db.client.Intercept(intercept.TraverseFunc(db.limitQuery), ent.InterceptFunc(db.rememberRows))
	db.client.Use(db.limitMutation)
	return db, nil
}

// reach connects, the writer first: on SQLite it is the one that may switch a new file to WAL.
func (db *DB) reach(ctx context.Context) error {
	if err := db.writer.PingContext(ctx); err != nil {
		return fmt.Errorf("writer: %w", err)
	}
	if err := db.reader.PingContext(ctx); err != nil {
		return fmt.Errorf("reader: %w", err)
	}
	return nil
}

// Close waits for the statements under way and closes all connections.
func (db *DB) Close() error {
	return errors.Join(db.reader.Close(), db.writer.Close())
}

// Ping tells whether the database answers, for readiness probes. It asks a reader: SQLite's one writer may
// rightly be busy.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.reader.PingContext(ctx); err != nil {
		return fmt.Errorf("reach the database: %w", err)
	}
	return nil
}

// Engine tells which kind of database this is.
func (db *DB) Engine() Engine { return db.engine }

// Ent is the one ent client. Its statements go where the context says: into the transaction, into the read
// snapshot, else to the reader pool or the writer.
func (db *DB) Ent() *ent.Client { return db.client }

// Client is the client of the context's transaction, and outside one the same as Ent.
func (db *DB) Client(ctx context.Context) *ent.Client {
	if t := db.transaction(ctx); t != nil {
		return t.client
	}
	return db.client
}
