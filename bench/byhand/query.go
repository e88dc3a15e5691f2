package byhand

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// query is a statement written once for both engines and for each kind of scope. What the rules of visibility ask for
// stands in it by name (:client, :user, :now and the list :scope), as do the list :ids and the values of params; other
// parameters are question marks.
type query [scopes]form

// form is a query for one kind of scope.
type form struct {
	text  string   // with a ? for each name that is no list
	names []string // in order
}

var name = regexp.MustCompile(`:[a-z]+`)

// newQuery makes a query from its text for a kind of scope.
func newQuery(text func(s scope) string) *query {
	var q query
	for s := range scopes {
		f := &q[s]
		f.text = name.ReplaceAllStringFunc(text(s), func(n string) string {
			f.names = append(f.names, n)
			if n == ":ids" || n == ":scope" || n == ":limit" {
				return n
			}
			return "?"
		})
	}
	return &q
}

// plain makes a query that is the same in every scope.
func plain(text string) *query { return newQuery(func(scope) string { return text }) }

// params are the values of the names.
type params struct {
	*caller
	target string
	now    time.Time
	id     string
	value  string
	limit  int
	ids    []string
}

func (p params) form(q *query) *form {
	if p.caller == nil {
		return &q[platform]
	}
	return &q[p.scope]
}

func (p params) args(names []string) []any {
	args := make([]any, 0, len(names)+len(p.ids))
	for _, name := range names {
		switch name {
		case ":client":
			args = append(args, p.client)
		case ":user":
			args = append(args, p.user)
		case ":target":
			args = append(args, p.target)
		case ":now":
			args = append(args, p.now)
		case ":id":
			args = append(args, p.id)
		case ":value":
			args = append(args, p.value)
		case ":ids":
			args = appendAll(args, p.ids)
		case ":scope":
			args = append(args, p.clients...)
		}
	}
	return args
}

func appendAll(args []any, list []string) []any {
	for _, s := range list {
		args = append(args, s)
	}
	return args
}

// preparedKey tells prepared statements apart: by the lengths of the lists, too, and by the limit. As an argument, SQLite
// would look at the limit to plan by it, and plan anew each time.
type preparedKey struct {
	pool              *sql.DB
	form              *form
	ids, scope, limit int
}

// prepare gives the prepared statement of a query on a pool. A first call takes a connection: on SQLite's writer,
// which has one, it must come before the transaction.
func (s *Server) prepare(ctx context.Context, pool *sql.DB, q *query, p params) (*sql.Stmt, error) {
	key := preparedKey{pool: pool, form: p.form(q), ids: len(p.ids), limit: p.limit}
	if p.caller != nil {
		key.scope = len(p.clients)
	}
	if known, ok := s.prepared.Load(key); ok {
		return known.(*sql.Stmt), nil
	}
	text := strings.NewReplacer(":ids", marks(key.ids), ":scope", marks(key.scope), ":limit", strconv.Itoa(key.limit)).Replace(key.form.text)
	if s.engine == "sqlite" {
		text = sqlite(text)
	}
	fresh, err := pool.PrepareContext(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("prepare %q: %w", text, err)
	}
	s.prepared.Store(key, fresh)
	return fresh, nil
}

func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?,", n), ",") }

var forceIndex = regexp.MustCompile(`FORCE INDEX \(\w+\)`)

// sqlite translates what is said to MariaDB alone: SQLite finds the index itself, and a transaction has the whole file.
func sqlite(text string) string {
	text = forceIndex.ReplaceAllString(text, "")
	return strings.NewReplacer("STRAIGHT_JOIN", "CROSS JOIN", "FOR UPDATE", "").Replace(text)
}

// read runs a query on the readers, in a snapshot or, with nil, outside of one.
func (s *Server) read(ctx context.Context, tx *sql.Tx, q *query, p params) (*sql.Rows, error) {
	stmt, err := s.prepare(ctx, s.reader, q, p)
	if err != nil {
		return nil, err
	}
	if tx != nil {
		stmt = tx.StmtContext(ctx, stmt) //nolint:sqlclosecheck // closed with the transaction
	}
	s.statements.Add(1)
	return stmt.QueryContext(ctx, p.args(p.form(q).names)...)
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
func (s *Server) single(ctx context.Context, q *query, p params, dest ...any) error {
	stmt, err := s.prepare(ctx, s.reader, q, p) //nolint:sqlclosecheck // kept
	if err != nil {
		return err
	}
	s.statements.Add(1)
	return stmt.QueryRowContext(ctx, p.args(p.form(q).names)...).Scan(dest...)
}
