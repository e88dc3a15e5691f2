package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"ariga.io/atlas/sql/migrate"
	atlasmysql "ariga.io/atlas/sql/mysql"
	atlassqlite "ariga.io/atlas/sql/sqlite"

	"github.com/appanage/appanage/migrations"
)

// Errors of a database that does not fit the binary. Nothing has been changed in it.
var (
	// ErrNewer: a newer binary has migrated the database.
	ErrNewer = errors.New("store: the database is newer than this program: run the newer one")
	// ErrChanged: a migration applied to the database is not the one this binary has.
	ErrChanged = errors.New("store: a migration applied to the database differs from this program's")
)

// lockPatience is how long one start waits for another one's migrations.
const lockPatience = 10 * time.Minute

// Migrate applies the migrations that are pending, then calls Options.Install, all under one lock: of several
// servers that start at once, each finds the work of the one before done.
//
// On SQLite everything is one transaction. On MySQL, which commits each change of a table by itself, what was
// applied is recorded statement by statement, and a migration that broke off goes on from there.
func (db *DB) Migrate(ctx context.Context) error {
	if db.engine == SQLite {
		return db.migrateSQLite(ctx)
	}
	return db.migrateMySQL(ctx)
}

// Pending lists the files that Migrate would apply. An error is ErrNewer or ErrChanged, or the database's.
func (db *DB) Pending(ctx context.Context) ([]string, error) {
	return db.pending(ctx, revisions{db.reader, db.engine})
}

// pending compares what is recorded with the binary's list.
func (db *DB) pending(ctx context.Context, recorded revisions) ([]string, error) {
	known, err := migrations.List(string(db.engine))
	if err != nil {
		return nil, err
	}
	applied, err := recorded.ReadRevisions(ctx)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, m := range known {
		at := slices.IndexFunc(applied, func(r *migrate.Revision) bool { return r.Version == m.Version })
		switch {
		case at < 0:
			files = append(files, m.File)
			continue
		case applied[at].Hash != m.Hash:
			return nil, fmt.Errorf("%w: %s", ErrChanged, m.File)
		case applied[at].Applied < applied[at].Total:
			files = append(files, m.File)
		}
		applied = slices.Delete(applied, at, at+1)
	}
	if len(applied) == 0 {
		return files, nil
	}
	strange := applied[len(applied)-1].Version
	if len(known) > 0 && strange < known[len(known)-1].Version {
		return nil, fmt.Errorf("%w: it has had %s, which this program does not know", ErrChanged, strange)
	}
	return nil, fmt.Errorf("%w (its version is %s)", ErrNewer, strange)
}

// apply brings the schema up to date through one connection, under whatever lock the caller holds.
func (db *DB) apply(ctx context.Context, on conn) error {
	recorded := revisions{on, db.engine}
	files, err := db.pending(ctx, recorded)
	if err != nil || len(files) == 0 {
		return err
	}
	if err := recorded.prepare(ctx); err != nil {
		return err
	}
	dir, err := migrations.Dir(string(db.engine))
	if err != nil {
		return err
	}
	open := atlasmysql.Open
	if db.engine == SQLite {
		open = atlassqlite.Open
	}
	driver, err := open(on)
	if err != nil {
		return fmt.Errorf("open Atlas's driver: %w", err)
	}
	executor, err := migrate.NewExecutor(driver, dir, recorded)
	if err != nil {
		return fmt.Errorf("make Atlas's executor: %w", err)
	}
	if err := executor.ExecuteN(ctx, 0); err != nil {
		return fmt.Errorf("apply the migrations: %w", err)
	}
	return nil
}

func (db *DB) install(ctx context.Context) error {
	if db.options.Install == nil {
		return nil
	}
	if err := db.InTx(ctx, db.options.Install); err != nil {
		return fmt.Errorf("install what every database has: %w", err)
	}
	return nil
}

// migrateMySQL holds a named lock of the server on a connection of its own. The lock goes with the connection,
// should the process die.
func (db *DB) migrateMySQL(ctx context.Context) (err error) {
	conn, err := db.writer.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	name, err := lockName(ctx, conn)
	if err != nil {
		return err
	}
	if err := lock(ctx, conn, name); err != nil {
		return err
	}
	defer func() {
		_, unlockErr := conn.ExecContext(context.WithoutCancel(ctx), "DO RELEASE_LOCK(?)", name)
		err = errors.Join(err, unlockErr)
	}()
	if err := db.apply(ctx, conn); err != nil {
		return err
	}
	return db.install(ctx)
}

// lockName: the names are the server's, not the database's, and of 64 characters at most.
func lockName(ctx context.Context, conn *sql.Conn) (string, error) {
	var name string
	if err := conn.QueryRowContext(ctx, "SELECT DATABASE()").Scan(&name); err != nil {
		return "", fmt.Errorf("ask for the database's name: %w", err)
	}
	sum := sha256.Sum256([]byte(name))
	return "appanage_migrate_" + hex.EncodeToString(sum[:16]), nil
}

func lock(ctx context.Context, conn *sql.Conn, name string) error {
	var got sql.NullBool
	err := conn.QueryRowContext(ctx, "SELECT GET_LOCK(?, ?)", name, lockPatience.Seconds()).Scan(&got)
	if err != nil {
		return fmt.Errorf("wait for the lock of the migrations: %w", err)
	}
	if !got.Bool {
		return fmt.Errorf("another server has held the lock of the migrations for %v", lockPatience)
	}
	return nil
}

// migrateSQLite works in one transaction, which has the write lock of the file from its beginning.
//
// A migration that changes a table rebuilds it, which foreign keys must not notice. They can be switched off
// outside a transaction only: hence the look for pending files before it, and the check of all keys at its end.
func (db *DB) migrateSQLite(ctx context.Context) (err error) {
	conn, err := db.writer.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	files, err := db.pending(ctx, revisions{conn, db.engine})
	if err != nil {
		return err
	}
	if len(files) > 0 {
		if _, err := conn.ExecContext(ctx, "PRAGMA foreign_keys = OFF"); err != nil {
			return fmt.Errorf("switch foreign keys off: %w", err)
		}
		defer func() {
			_, onErr := conn.ExecContext(context.WithoutCancel(ctx), "PRAGMA foreign_keys = ON")
			err = errors.Join(err, onErr)
		}()
	}
	t, err := db.beginWaiting(ctx, conn)
	if err != nil {
		return err
	}
	defer func() { _ = t.tx.Rollback() }() // does nothing after the commit
	inside, err := t.enter(ctx)
	if err != nil {
		return err
	}
	if err := db.apply(inside, t.tx); err != nil {
		return err
	}
	if err := db.install(inside); err != nil {
		return err
	}
	if len(files) > 0 {
		if err := checkKeys(ctx, t.tx); err != nil {
			return err
		}
	}
	return t.finish(ctx)
}

// beginWaiting is begin on one connection, with patience for the migrations of another process.
func (db *DB) beginWaiting(ctx context.Context, conn *sql.Conn) (*transaction, error) {
	for end := time.Now().Add(lockPatience); ; {
		tx, err := conn.BeginTx(ctx, nil)
		if err == nil {
			return &transaction{db: db, tx: tx}, nil
		}
		if !Retryable(err) || ctx.Err() != nil || time.Now().After(end) {
			return nil, fmt.Errorf("begin the migration: %w", err)
		}
	}
}

// checkKeys refuses rows that refer to none.
func checkKeys(ctx context.Context, tx *sql.Tx) error {
	var table, parent string
	var row, key sql.NullInt64
	err := tx.QueryRowContext(ctx, "PRAGMA foreign_key_check").Scan(&table, &row, &parent, &key)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return fmt.Errorf("check the foreign keys: %w", err)
	}
	return fmt.Errorf("after the migration, row %d of %s refers to a missing row of %s", row.Int64, table, parent)
}
