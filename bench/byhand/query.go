package byhand

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// query is a statement written once for both engines. What the rules of visibility ask for stands in it by name
// (:client, :now), as do :id, :target, :limit and the list :ids; other parameters are question marks.
type query struct {
	text  string // with a ? for each name, but :ids
	names []string
}

var name = regexp.MustCompile(`:[a-z]+`)

func newQuery(parts ...string) query {
	var q query
	q.text = name.ReplaceAllStringFunc(strings.Join(parts, " "), func(s string) string {
		q.names = append(q.names, s)
		if s == ":ids" {
			return s
		}
		return "?"
	})
	return q
}

// params are the values of the names.
type params struct {
	client string
	target string
	now    time.Time
	id     string
	limit  int
	ids    []string
}

func (q query) args(p params) []any {
	args := make([]any, 0, len(q.names)+len(p.ids))
	for _, name := range q.names {
		switch name {
		case ":client":
			args = append(args, p.client)
		case ":target":
			args = append(args, p.target)
		case ":now":
			args = append(args, p.now)
		case ":id":
			args = append(args, p.id)
		case ":limit":
			args = append(args, p.limit)
		case ":ids":
			for _, id := range p.ids {
				args = append(args, id)
			}
		}
	}
	return args
}

// preparedKey tells prepared statements apart.
type preparedKey struct {
	pool *sql.DB
	text string
	list int // the length of :ids
}

// prepare gives the prepared statement of a query on a pool. A first call takes a connection: on SQLite's writer,
// which has one, it must come before the transaction.
func (s *Server) prepare(ctx context.Context, pool *sql.DB, q query, list int) (*sql.Stmt, error) {
	key := preparedKey{pool, q.text, list}
	if known, ok := s.prepared.Load(key); ok {
		return known.(*sql.Stmt), nil
	}
	text := strings.ReplaceAll(q.text, ":ids", strings.TrimSuffix(strings.Repeat("?,", list), ","))
	if s.engine == "sqlite" {
		text = strings.TrimSuffix(text, "FOR UPDATE") // a transaction has the whole file
	}
	fresh, err := pool.PrepareContext(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("prepare %q: %w", text, err)
	}
	s.prepared.Store(key, fresh)
	return fresh, nil
}

// read runs a query on the readers, in a snapshot or, with nil, outside of one.
func (s *Server) read(ctx context.Context, tx *sql.Tx, q query, p params) (*sql.Rows, error) {
	stmt, err := s.prepare(ctx, s.reader, q, len(p.ids))
	if err != nil {
		return nil, err
	}
	if tx != nil {
		stmt = tx.StmtContext(ctx, stmt) //nolint:sqlclosecheck // closed with the transaction
	}
	s.statements.Add(1)
	return stmt.QueryContext(ctx, q.args(p)...)
}

// each calls scan for each row.
func each(rows *sql.Rows, err error, scan func() error) error {
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // a failure to read is Err's
	for rows.Next() {
		if err := scan(); err != nil {
			return err
		}
	}
	return rows.Err()
}

// single runs a query for at most one row on the readers, outside of a snapshot.
func (s *Server) single(ctx context.Context, q query, p params, dest ...any) error {
	stmt, err := s.prepare(ctx, s.reader, q, 0) //nolint:sqlclosecheck // kept
	if err != nil {
		return err
	}
	s.statements.Add(1)
	return stmt.QueryRowContext(ctx, q.args(p)...).Scan(dest...)
}
