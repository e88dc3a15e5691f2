package store

import (
	"context"
	"database/sql"
	"errors"
)

// Reader and Writer give tests the pools, to show that the engine refuses writes on a reader, and to narrow them.
func (db *DB) Reader() *sql.DB { return db.reader }
func (db *DB) Writer() *sql.DB { return db.writer }

// What one connection keeps at most.
const (
	KeptSQLite = keptSQLite
	KeptMySQL  = keptMySQL
)

// Kept lists what a connection of the pool keeps compiled, the statement used last first.
func Kept(ctx context.Context, pool *sql.DB) (texts []string, err error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	return texts, conn.Raw(func(c any) error {
		s := c.(*keptConn).statements
		for e := s.order.Front(); e != nil; e = e.Next() {
			if entry(e).compiled != nil {
				texts = append(texts, entry(e).text)
			}
		}
		return nil
	})
}

// EntityTables and DeclaredTypes let a test compare with ent's own lists; Explain and Address show what a text is
// taken for.
var (
	EntityTables = func() map[string]bool {
		tables := make(map[string]bool)
		for _, e := range catalog() {
			tables[e.table] = true
		}
		return tables
	}
	Explain       = explain
	DeclaredTypes = func() map[string]bool {
		types := make(map[string]bool)
		for name := range catalog() {
			types[name] = true
		}
		return types
	}
	Address = func(url string) (shown, user, password, network, host, name, path string, err error) {
		a, err := parseURL(url)
		return a.shown, a.user, a.password, a.network, a.host, a.name, a.path, err
	}
)

// KeepNoStatements has every connection run its statements as if they came for the first time.
func (db *DB) KeepNoStatements(ctx context.Context) error {
	for _, pool := range []*sql.DB{db.writer, db.reader} {
		for range pool.Stats().MaxOpenConnections {
			conn, err := pool.Conn(ctx)
			if err != nil {
				return err
			}
			defer func() { _ = conn.Close() }() // not sooner, or the next one would be the same
			if err := conn.Raw(func(c any) error { c.(*keptConn).full = true; return nil }); err != nil {
				return err
			}
		}
	}
	return nil
}
