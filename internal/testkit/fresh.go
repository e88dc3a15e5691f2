package testkit

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/appanage/appanage/internal/testkit/mariadb"
)

// migratedSQLite copies a file that was migrated once for the test binary.
func migratedSQLite(t testing.TB) string {
	t.Helper()
	template, err := sqliteTemplate()
	if err != nil {
		t.Fatalf("migrate a SQLite file: %v", err)
	}
	path := filepath.Join(scratch(t), "test.db")
	if err := os.WriteFile(path, template, 0o600); err != nil {
		t.Fatalf("copy the migrated SQLite file: %v", err)
	}
	return "sqlite:" + path
}

var sqliteTemplate = sync.OnceValues(func() (_ []byte, err error) {
	dir, err := os.MkdirTemp(mariadb.Memory(), "appanage-test-")
	if err != nil {
		return nil, fmt.Errorf("make a directory: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // a tmpfs or the system's cleaning takes it otherwise
	path := filepath.Join(dir, "template.db")
	if err := migrate(context.Background(), "sqlite:"+path); err != nil {
		return nil, err
	}
	return os.ReadFile(path) // closing the database has brought its log into the file
})

// pool has the migrated MySQL databases that no test uses at present. Making one takes many times as long as
// emptying it.
var pool struct {
	sync.Mutex
	free  []string
	count int
}

func migratedMySQL(t testing.TB) string {
	t.Helper()
	s := server(t)
	name, err := take(t.Context(), s)
	if err != nil {
		t.Fatalf("make a MySQL database: %v", err)
	}
	t.Cleanup(func() { giveBack(t, s, name) })
	return s.URL(name)
}

func take(ctx context.Context, s *mariadb.Server) (string, error) {
	pool.Lock()
	defer pool.Unlock()
	if last := len(pool.free) - 1; last >= 0 {
		name := pool.free[last]
		pool.free = pool.free[:last]
		return name, nil
	}
	pool.count++
	name := fmt.Sprintf("pool_%d", pool.count)
	if err := s.Create(ctx, name); err != nil {
		return "", err
	}
	return name, migrate(ctx, s.URL(name))
}

// giveBack empties a database for the next test. One that a test has left in a bad state is simply not used
// again.
func giveBack(t testing.TB, s *mariadb.Server, name string) {
	t.Helper()
	if err := empty(context.Background(), s.Admin(), name); err != nil {
		t.Errorf("empty the test's database: %v", err)
		return
	}
	pool.Lock()
	defer pool.Unlock()
	pool.free = append(pool.free, name)
}

// empty deletes all rows but those that say which migrations have been applied.
func empty(ctx context.Context, admin *sql.DB, name string) (err error) {
	conn, err := admin.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() { _ = conn.Close() }() // back to the pool
	tables, err := tablesOf(ctx, conn, name)
	if err != nil {
		return err
	}
	var script strings.Builder
	script.WriteString("SET foreign_key_checks = 0, lock_wait_timeout = 5, innodb_lock_wait_timeout = 5;")
	for _, table := range tables {
		fmt.Fprintf(&script, "DELETE FROM `%s`.`%s`;", name, table)
	}
	script.WriteString("SET foreign_key_checks = 1")
	if _, err := conn.ExecContext(ctx, script.String()); err != nil {
		return fmt.Errorf("delete all rows: %w", err)
	}
	return nil
}

func tablesOf(ctx context.Context, conn *sql.Conn, name string) (tables []string, err error) {
	rows, err := conn.QueryContext(ctx, "SELECT table_name FROM information_schema.tables WHERE table_schema = ? AND table_name <> 'schema_revisions'", name)
	if err != nil {
		return nil, fmt.Errorf("list the tables: %w", err)
	}
	defer func() { _ = rows.Close() }() // a failure to read is Err's
	for rows.Next() {
		var table string
		if err := rows.Scan(&table); err != nil {
			return nil, fmt.Errorf("list the tables: %w", err)
		}
		tables = append(tables, table)
	}
	return tables, rows.Err()
}
