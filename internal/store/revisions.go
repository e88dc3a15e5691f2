package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"ariga.io/atlas/sql/migrate"
)

// revisionTable keeps which migrations a database has had. It is not an entity: no request sees it.
const revisionTable = "schema_revisions"

// revisions reads and writes that table for Atlas's executor.
type revisions struct {
	on     conn
	engine Engine
}

var _ migrate.RevisionReadWriter = revisions{}

// prepare makes the table.
func (r revisions) prepare(ctx context.Context) error {
	ddl := "CREATE TABLE IF NOT EXISTS " + revisionTable + ` (
		version varchar(64) NOT NULL PRIMARY KEY,
		description varchar(255) NOT NULL,
		applied integer NOT NULL,
		total integer NOT NULL,
		executed_at datetime NOT NULL,
		execution_micros bigint NOT NULL,
		hash varchar(64) NOT NULL,
		partial_hashes longtext NOT NULL,
		error longtext NOT NULL,
		error_statement longtext NOT NULL)`
	if r.engine == MySQL {
		ddl += " CHARSET utf8mb4 COLLATE utf8mb4_bin"
	}
	if _, err := r.on.ExecContext(ctx, ddl); err != nil {
		return fmt.Errorf("make the table of the migrations applied: %w", err)
	}
	return nil
}

// exists tells whether the table is there: it is not in a database that was never migrated.
func (r revisions) exists(ctx context.Context) (bool, error) {
	query := "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?"
	if r.engine == SQLite {
		query = "SELECT 1 FROM sqlite_master WHERE name = ?"
	}
	rows, err := r.on.QueryContext(ctx, query, revisionTable)
	if err != nil {
		return false, fmt.Errorf("look for the table of the migrations applied: %w", err)
	}
	defer func() { _ = rows.Close() }() // a failure to read is Err's
	found := rows.Next()
	if err := rows.Err(); err != nil {
		return false, fmt.Errorf("look for the table of the migrations applied: %w", err)
	}
	return found, nil
}

// Ident implements migrate.RevisionReadWriter.
func (revisions) Ident() *migrate.TableIdent { return &migrate.TableIdent{Name: revisionTable} }

// ReadRevisions implements migrate.RevisionReadWriter: all, by version.
func (r revisions) ReadRevisions(ctx context.Context) ([]*migrate.Revision, error) {
	if there, err := r.exists(ctx); err != nil || !there {
		return nil, err
	}
	return r.read(ctx, "")
}

// ReadRevision implements migrate.RevisionReadWriter.
func (r revisions) ReadRevision(ctx context.Context, version string) (*migrate.Revision, error) {
	list, err := r.read(ctx, "WHERE version = ?", version)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, migrate.ErrRevisionNotExist
	}
	return list[0], nil
}

func (r revisions) read(ctx context.Context, where string, args ...any) (_ []*migrate.Revision, err error) {
	rows, err := r.on.QueryContext(ctx, "SELECT version, description, applied, total, executed_at, execution_micros, hash, partial_hashes, error, error_statement FROM "+
		revisionTable+" "+where+" ORDER BY version", args...)
	if err != nil {
		return nil, fmt.Errorf("read the migrations applied: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var list []*migrate.Revision
	for rows.Next() {
		v, micros, partial := migrate.Revision{Type: migrate.RevisionTypeExecute}, int64(0), ""
		if err := rows.Scan(&v.Version, &v.Description, &v.Applied, &v.Total, &v.ExecutedAt, &micros, &v.Hash, &partial, &v.Error, &v.ErrorStmt); err != nil {
			return nil, fmt.Errorf("read the migrations applied: %w", err)
		}
		v.ExecutionTime = time.Duration(micros) * time.Microsecond
		if err := json.Unmarshal([]byte(partial), &v.PartialHashes); err != nil {
			return nil, fmt.Errorf("read the partial hashes of migration %s: %w", v.Version, err)
		}
		list = append(list, &v)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the migrations applied: %w", err)
	}
	return list, nil
}

// WriteRevision implements migrate.RevisionReadWriter: a row made or replaced, in the form both engines know.
func (r revisions) WriteRevision(ctx context.Context, v *migrate.Revision) error {
	partial, err := json.Marshal(v.PartialHashes)
	if err != nil {
		return fmt.Errorf("write the partial hashes of migration %s: %w", v.Version, err)
	}
	_, err = r.on.ExecContext(ctx, "REPLACE INTO "+revisionTable+
		" (version, description, applied, total, executed_at, execution_micros, hash, partial_hashes, error, error_statement) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		v.Version, v.Description, v.Applied, v.Total, v.ExecutedAt.UTC(), v.ExecutionTime.Microseconds(), v.Hash, string(partial), v.Error, v.ErrorStmt)
	if err != nil {
		return fmt.Errorf("record migration %s: %w", v.Version, err)
	}
	return nil
}

// DeleteRevision implements migrate.RevisionReadWriter.
func (r revisions) DeleteRevision(ctx context.Context, version string) error {
	if _, err := r.on.ExecContext(ctx, "DELETE FROM "+revisionTable+" WHERE version = ?", version); err != nil {
		return fmt.Errorf("forget migration %s: %w", version, err)
	}
	return nil
}
