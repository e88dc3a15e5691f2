package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"github.com/appanage/appanage/internal/actor"
)

// conn is what runs statements: a pool or a transaction.
type conn interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Query runs a hand-written statement that gives rows, on the connection that the context asks for, with `?`
// as the placeholder on both engines. It needs an actor in the context but applies no scope: that is the
// statement's to do, with the rules of package scope. The rows must be closed before the next statement: in a
// read snapshot that waits for it, in a transaction on MySQL it fails.
func (db *DB) Query(ctx context.Context, query string, args ...any) (*Rows, error) {
	if actor.From(ctx) == nil {
		return nil, ErrNoActor
	}
	return db.route(ctx, query, args)
}

// Exec runs a hand-written statement that writes, in the context's transaction or else on its own. What Query
// says of the scope holds here too.
func (db *DB) Exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if actor.From(ctx) == nil {
		return nil, ErrNoActor
	}
	return db.write(ctx, query, args)
}

// route finds the connection for a statement that gives rows: the transaction, the snapshot, a reader; and the
// writer for what is no plain read (INSERT … RETURNING).
func (db *DB) route(ctx context.Context, query string, args []any) (*Rows, error) {
	if t := db.transaction(ctx); t != nil {
		return t.query(ctx, query, args)
	}
	if !reads(query) {
		return db.query(ctx, db.writer, query, args, nil)
	}
	if s := db.joins(ctx); s != nil {
		return s.query(ctx, query, args)
	}
	return db.query(ctx, db.reader, query, args, nil)
}

// write finds the connection for a statement that gives no rows: the transaction or the writer.
func (db *DB) write(ctx context.Context, query string, args []any) (sql.Result, error) {
	if t := db.transaction(ctx); t != nil {
		return t.exec(ctx, query, args)
	}
	return db.exec(ctx, db.writer, query, args)
}

// reads tells by its first word whether a statement only reads. A wrong guess does no harm: the engine refuses
// a write on a reader.
func reads(query string) bool {
	word, _, _ := strings.Cut(strings.TrimLeft(query, " \t\r\n("), " ")
	switch strings.ToUpper(word) {
	case "SELECT", "WITH", "EXPLAIN", "VALUES":
		return true
	}
	return false
}

// exec runs a statement on a connection; every statement without rows passes here.
func (db *DB) exec(ctx context.Context, on conn, query string, args []any) (sql.Result, error) {
	measure(ctx, query)
	start := time.Now()
	result, err := on.ExecContext(ctx, query, args...)
	err = explain(query, err)
	db.observe(ctx, query, start, err)
	return result, err
}

// query runs a statement on a connection; every statement with rows passes here or through Read. over, if any,
// is called once the rows are closed, with the error that ended them, and also when there are none to close.
func (db *DB) query(ctx context.Context, on conn, query string, args []any, over func(error)) (*Rows, error) {
	r := &Rows{run: db.run(ctx, query), over: over}
	rows, err := on.QueryContext(ctx, query, args...) //nolint:rowserrcheck // whoever reads the rows asks
	if err != nil {
		err = explain(query, err)
		r.end(err)
		return nil, err
	}
	r.Rows = rows
	return r, nil
}

// run is a statement with rows under way.
type run struct {
	db    *DB
	ctx   context.Context // for Observe
	query string
	start time.Time
	meter meter
}

func (db *DB) run(ctx context.Context, query string) run {
	return run{db, ctx, query, time.Now(), measure(ctx, query)}
}

func (r *run) observe(err error) { r.db.observe(r.ctx, r.query, r.start, err) }

func (db *DB) observe(ctx context.Context, statement string, start time.Time, err error) {
	if db.options.Observe != nil {
		db.options.Observe(ctx, statement, time.Since(start), err)
	}
}

// Rows are the rows of a query, counted, and cut short where the row budget of the context ends.
type Rows struct {
	*sql.Rows
	run  run
	over func(error)
	cut  error
	done bool
}

// Next goes to the next row.
func (r *Rows) Next() bool {
	if r.cut == nil && r.Rows.Next() {
		if r.cut = r.run.meter.row(); r.cut == nil {
			return true
		}
	}
	_ = r.Close() // what went wrong is Err's to say
	return false
}

// Err is what ended the rows early, if anything did.
func (r *Rows) Err() error {
	if r.cut != nil {
		return r.cut
	}
	return r.Rows.Err()
}

// Close ends the rows. It may be called more than once.
func (r *Rows) Close() error {
	err := r.Rows.Close()
	if !r.done {
		r.end(r.Rows.Err())
	}
	return err
}

func (r *Rows) end(err error) {
	r.done = true
	r.run.observe(err)
	if r.over != nil {
		r.over(err)
	}
}

// router is the driver under the ent client.
type router struct{ db *DB }

// Dialect implements dialect.Driver.
func (r router) Dialect() string { return string(r.db.engine) }

// Close implements dialect.Driver.
func (r router) Close() error { return r.db.Close() }

// Exec implements dialect.Driver.
func (r router) Exec(ctx context.Context, query string, args, v any) error {
	return entExec(ctx, query, args, v, r.db.write)
}

// Query implements dialect.Driver.
func (r router) Query(ctx context.Context, query string, args, v any) error {
	return entQuery(ctx, query, args, v, r.db.route)
}

// Tx implements dialect.Driver: ent asks for a transaction where one mutation takes several statements. Within
// InTx that is the transaction under way.
func (r router) Tx(ctx context.Context) (dialect.Tx, error) {
	if t := r.db.transaction(ctx); t != nil {
		return joined{t}, nil
	}
	t, err := r.db.begin(ctx)
	if err != nil {
		return nil, err
	}
	return owned{joined{t}, ctx}, nil
}

// entExec brings ent's untyped form of a statement to ours.
func entExec(ctx context.Context, query string, args, v any, run func(context.Context, string, []any) (sql.Result, error)) error {
	values, ok := args.([]any)
	if !ok {
		return fmt.Errorf("store: arguments of type %T", args)
	}
	result, err := run(ctx, query, values)
	if err != nil {
		return err
	}
	if out, ok := v.(*sql.Result); ok {
		*out = result
	}
	return nil
}

func entQuery(ctx context.Context, query string, args, v any, run func(context.Context, string, []any) (*Rows, error)) error {
	values, ok := args.([]any)
	if !ok {
		return fmt.Errorf("store: arguments of type %T", args)
	}
	out, ok := v.(*entsql.Rows)
	if !ok {
		return fmt.Errorf("store: rows of type %T", v)
	}
	rows, err := run(ctx, query, values)
	if err != nil {
		return err
	}
	out.ColumnScanner = rows
	return nil
}
