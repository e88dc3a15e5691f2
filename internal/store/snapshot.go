package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync/atomic"
)

// errClosed is what a statement meets that comes after the end of its snapshot.
var errClosed = errors.New("store: the read snapshot is closed")

// Snapshot has every read under the context it gives see one state of the database, the one at the first of
// them: nothing is begun before that. Goroutines may share it; their statements run one after the other, each
// waiting until the rows of the one before are closed, so a goroutine must not query while it reads rows.
// Writes under the context go to the writer and are not seen. The function ends the snapshot and must be called;
// rows still open then can be read to their end, and hold the connection until they are closed. The end of the
// context ends it too.
//
// Nothing may be decided on a snapshot that a write depends on.
func (db *DB) Snapshot(ctx context.Context) (context.Context, func()) {
	if db.transaction(ctx) != nil || db.snapshot(ctx) != nil {
		return ctx, func() {}
	}
	s := &snapshot{db: db, ctx: ctx, turn: make(chan struct{}, 1)}
	s.over = func(error) { s.release() }
	return context.WithValue(ctx, snapshotKey{db}, s), s.close
}

type (
	snapshotKey struct{ db *DB }
	aloneKey    struct{}
)

// Alone says that the one read to come under the context is all there is to read: one statement sees one state
// anyway, so it begins no snapshot, which would cost a begin and an end more. One that has begun it joins.
func Alone(ctx context.Context) context.Context {
	return context.WithValue(ctx, aloneKey{}, true)
}

// snapshot of the context, or nil.
func (db *DB) snapshot(ctx context.Context) *snapshot {
	s, _ := ctx.Value(snapshotKey{db}).(*snapshot)
	return s
}

// joins is the snapshot that a read of the context joins, or nil. Once it has begun that is every read: waiting
// for a second connection while one is held could have all requests wait for each other.
func (db *DB) joins(ctx context.Context) *snapshot {
	s := db.snapshot(ctx)
	if s != nil && !s.begun.Load() && ctx.Value(aloneKey{}) != nil {
		return nil
	}
	return s
}

// snapshot is a transaction on a connection of its own. It is not an sql.Tx, which would cost a goroutine and keep
// Read from the connection.
type snapshot struct {
	db   *DB
	ctx  context.Context // it began under
	over func(error)     // gives the turn back

	turn chan struct{} // holds something while a statement or its rows are under way; guards:
	conn *sql.Conn     // in the transaction; nil before the first statement and after the end
	stop func() bool   // the watch over ctx

	begun, closed atomic.Bool
}

// take waits for the turn and gives the connection, in the transaction. release must follow.
func (s *snapshot) take(ctx context.Context) (*sql.Conn, error) {
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for the read snapshot: %w", ctx.Err())
	}
	if err := s.begin(ctx); err != nil {
		s.release() //nolint:contextcheck // what it ends was begun under another
		return nil, err
	}
	return s.conn, nil
}

func (s *snapshot) release() {
	<-s.turn
	if s.closed.Load() {
		s.end()
	}
}

func (s *snapshot) query(ctx context.Context, query string, args []any) (*Rows, error) {
	conn, err := s.take(ctx)
	if err != nil {
		return nil, err
	}
	return s.db.query(ctx, conn, query, args, s.over)
}

func (s *snapshot) begin(ctx context.Context) error {
	if s.closed.Load() {
		return errClosed
	}
	if s.conn != nil {
		return nil
	}
	err := s.db.onReader(ctx, func(conn *sql.Conn) error {
		if s.db.engine == SQLite { // there a begin waits for nothing, and the driver would start a goroutine to watch ctx
			ctx = context.WithoutCancel(ctx)
		}
		if _, err := conn.ExecContext(ctx, snapshotTexts[s.db.engine].begin); err != nil {
			drop(conn)
			return err
		}
		s.conn, s.stop = conn, context.AfterFunc(s.ctx, s.close) //nolint:contextcheck // it outlives the statement
		s.begun.Store(true)
		return nil
	})
	if err != nil {
		return fmt.Errorf("begin a read snapshot: %w", err)
	}
	return nil
}

// snapshotTexts begin and end a snapshot.
var snapshotTexts = map[Engine]struct{ begin, end string }{
	SQLite: {"BEGIN", "ROLLBACK"},
	MySQL:  {"START TRANSACTION READ ONLY", "COMMIT"}, // there is nothing to roll back
}

func (s *snapshot) close() {
	s.closed.Store(true)
	s.end()
}

// end ends the transaction, unless a statement is under way, which then does it.
func (s *snapshot) end() {
	select {
	case s.turn <- struct{}{}:
	default:
		return
	}
	if s.conn != nil {
		s.stop()
		if _, err := s.conn.ExecContext(context.WithoutCancel(s.ctx), snapshotTexts[s.db.engine].end); err != nil {
			drop(s.conn) // the transaction may go on
		}
		_ = s.conn.Close() // ErrConnDone if it was dropped
		s.conn = nil
	}
	<-s.turn
}

// drop has the pool close a connection instead of using it again.
func drop(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn }) // the error given is the one that comes back
}
