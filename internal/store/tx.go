package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"github.com/appanage/appanage/ent"
)

const (
	attempts  = 6
	firstWait = 4 * time.Millisecond // doubled for each further attempt
)

// InTx runs f in a transaction: on READ COMMITTED on MySQL, with the write lock of the file on SQLite. Nil
// commits; an error or a panic rolls back and comes through.
//
// A context that is in a transaction already is joined, not nested: then an error rolls back the whole
// transaction, even where the outer function swallows it.
//
// After a deadlock or a lock that was waited for in vain (also at the commit), f runs again in a new
// transaction, up to five times. So f must have no effect but in the database; AfterCommit is for the others.
// f must use the context it gets, and from one goroutine at a time.
//
// A violated constraint undoes its statement only and leaves the transaction usable, on both engines: a taken
// code can be tried again with another one. Any other error of a statement dooms the transaction: the engines
// differ in what they then keep, so nothing is.
func (db *DB) InTx(ctx context.Context, f func(ctx context.Context, tx *ent.Client) error) error {
	if t := db.transaction(ctx); t != nil {
		return t.join(ctx, f)
	}
	for wait, attempt := firstWait, 1; ; wait, attempt = 2*wait, attempt+1 {
		again, err := db.try(ctx, f)
		if !again || attempt == attempts {
			return err
		}
		timer := time.NewTimer(wait/2 + rand.N(wait)) //nolint:gosec // jitter
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return err
		}
	}
}

// AfterCommit has f run once the transaction of the context is committed, and not at all if it is rolled back.
// Outside a transaction it runs at once. The functions run in the order they were given, before InTx returns.
func (db *DB) AfterCommit(ctx context.Context, f func()) {
	if t := db.transaction(ctx); t != nil {
		t.after = append(t.after, f)
		return
	}
	f()
}

// ForUpdate has a query lock its rows until the end of the transaction. SQLite needs no such thing: there a
// transaction has the whole file to itself from its beginning.
func ForUpdate[Q interface {
	ForUpdate(options ...entsql.LockOption) Q
}](db *DB, query Q) Q {
	if db.engine == SQLite {
		return query
	}
	return query.ForUpdate()
}

// Shared keeps the rows of a query there until the transaction ends, together with all others who do: who deletes one waits,
// and finds what was tied to it. It is a predicate of ent's queries.
func Shared(q *entsql.Selector) {
	if q.Dialect() == dialect.MySQL {
		q.ForShare(entsql.WithLockClause("LOCK IN SHARE MODE")) // as MariaDB has it, and MySQL too
	}
}

// ForUpdateClause ends a hand-written query as ForUpdate does one of ent's.
func (db *DB) ForUpdateClause() string {
	if db.engine == SQLite {
		return ""
	}
	return " FOR UPDATE"
}

// transaction is one attempt of InTx, or of a mutation of several statements outside of it.
type transaction struct {
	db     *DB
	tx     *sql.Tx
	client *ent.Client
	after  []func()
	doomed error // the statement's error that ended it
	seen   seen
}

type txKey struct{ db *DB }

// transaction is the one of the context, or nil.
func (db *DB) transaction(ctx context.Context) *transaction {
	t, _ := ctx.Value(txKey{db}).(*transaction)
	return t
}

// begin starts a transaction on the writer.
func (db *DB) begin(ctx context.Context) (*transaction, error) {
	start := time.Now()
	tx, err := db.writer.BeginTx(ctx, nil)
	db.observe(ctx, "BEGIN", start, err)
	if err != nil {
		return nil, fmt.Errorf("begin a transaction: %w", err)
	}
	return &transaction{db: db, tx: tx}, nil
}

// try makes one attempt; again tells that another one may succeed.
func (db *DB) try(ctx context.Context, f func(context.Context, *ent.Client) error) (again bool, err error) {
	t, err := db.begin(ctx)
	if err != nil {
		return Retryable(err), err
	}
	defer func() { _ = t.tx.Rollback() }() // does nothing after the commit
	ctx, err = t.enter(ctx)
	if err != nil {
		return false, err
	}
	if err := f(ctx, t.client); err != nil {
		return Retryable(err) || Retryable(t.doomed), err
	}
	err = t.finish(ctx)
	return Retryable(err), err
}

// finish commits and does what was put off until then.
func (t *transaction) finish(ctx context.Context) error {
	if err := t.commit(ctx); err != nil {
		return err
	}
	for _, f := range t.after {
		f()
	}
	return nil
}

// enter gives the context in which everything goes through the transaction.
func (t *transaction) enter(ctx context.Context) (context.Context, error) {
	ctx = context.WithValue(ctx, txKey{t.db}, t)
	tx, err := t.db.client.Tx(ctx) // the router finds t in the context
	if err != nil {
		return nil, fmt.Errorf("make the transaction's client: %w", err)
	}
	t.client = tx.Client()
	return ctx, nil
}

func (t *transaction) join(ctx context.Context, f func(context.Context, *ent.Client) error) error {
	err := f(ctx, t.client)
	if err != nil && t.doomed == nil {
		t.doomed = err
	}
	return err
}

func (t *transaction) commit(ctx context.Context) error {
	if t.doomed != nil {
		return fmt.Errorf("the transaction was ended by an earlier error: %w", t.doomed)
	}
	start := time.Now()
	err := t.tx.Commit()
	t.db.observe(ctx, "COMMIT", start, err)
	if err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

func (t *transaction) exec(ctx context.Context, query string, args []any) (sql.Result, error) {
	if t.doomed != nil {
		return nil, t.doomed
	}
	result, err := t.db.exec(ctx, t.tx, query, args)
	t.judge(err)
	return result, err
}

func (t *transaction) query(ctx context.Context, query string, args []any) (*Rows, error) {
	if t.doomed != nil {
		return nil, t.doomed
	}
	return t.db.query(ctx, t.tx, query, args, t.judge)
}

// judge dooms the transaction after any error that does not leave it as it was.
func (t *transaction) judge(err error) {
	if err != nil && !isConstraint(err) {
		t.doomed = err
	}
}

// joined is the transaction as ent sees it within InTx: to commit or to roll back is not ent's to do.
type joined struct{ t *transaction }

var _ dialect.Tx = joined{}

// Exec implements dialect.Tx.
func (j joined) Exec(ctx context.Context, query string, args, v any) error {
	return entExec(ctx, query, args, v, j.t.exec)
}

// Query implements dialect.Tx.
func (j joined) Query(ctx context.Context, query string, args, v any) error {
	return entQuery(ctx, query, args, v, j.t.query)
}

// Commit implements dialect.Tx.
func (joined) Commit() error { return nil }

// Rollback implements dialect.Tx.
func (joined) Rollback() error { return nil }

// owned is a transaction that ent began itself, for one mutation.
type owned struct {
	joined
	ctx context.Context // of the mutation: dialect.Tx commits without one
}

// Commit implements dialect.Tx.
func (o owned) Commit() error {
	if o.t.doomed != nil {
		return errors.Join(o.t.doomed, o.Rollback())
	}
	return o.t.commit(o.ctx)
}

// Rollback implements dialect.Tx.
func (o owned) Rollback() error {
	if err := o.t.tx.Rollback(); err != nil {
		return fmt.Errorf("roll back: %w", err)
	}
	return nil
}
