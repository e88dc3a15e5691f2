package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
)

// errClosed is what a statement meets that comes after the end of its snapshot.
var errClosed = errors.New("store: the read snapshot is closed")

// Snapshot has every read under the context it gives see one state of the database, the one at the first of
// them: nothing is begun before that. Goroutines may share it; their statements run one after the other, each
// waiting until the rows of the one before are closed, so a goroutine must not query while it reads rows.
// Writes under the context go to the writer and are not seen. The function ends the snapshot and must be called.
//
// Nothing may be decided on a snapshot that a write depends on.
func (db *DB) Snapshot(ctx context.Context) (context.Context, func()) {
	if db.transaction(ctx) != nil || db.snapshot(ctx) != nil {
		return ctx, func() {}
	}
	s := &snapshot{db: db, ctx: ctx, turn: make(chan struct{}, 1)}
	return context.WithValue(ctx, snapshotKey{db}, s), s.close
}

type snapshotKey struct{ db *DB }

// snapshot of the context, or nil.
func (db *DB) snapshot(ctx context.Context) *snapshot {
	s, _ := ctx.Value(snapshotKey{db}).(*snapshot)
	return s
}

type snapshot struct {
	db   *DB
	ctx  context.Context // of the request: the transaction lives as long as it does
	turn chan struct{}   // holds something while a statement or its rows are under way

	mu     sync.Mutex
	tx     *sql.Tx
	closed bool
}

func (s *snapshot) query(ctx context.Context, query string, args []any) (*Rows, error) {
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for the read snapshot: %w", ctx.Err())
	}
	tx, err := s.begin()
	if err != nil {
		<-s.turn
		return nil, err
	}
	return s.db.query(ctx, tx, query, args, func(error) { <-s.turn })
}

func (s *snapshot) begin() (*sql.Tx, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	if s.tx != nil {
		return s.tx, nil
	}
	tx, err := s.db.reader.BeginTx(s.ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("begin a read snapshot: %w", err)
	}
	s.tx = tx
	return tx, nil
}

func (s *snapshot) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.tx != nil {
		_ = s.tx.Rollback() // it changed nothing; a connection gone bad is dropped by the pool
		s.tx = nil
	}
}
