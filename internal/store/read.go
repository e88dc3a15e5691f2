package store

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/appanage/appanage/internal/actor"
)

// errArguments is what the driver's ErrSkip means here: it cannot write the arguments into the statement.
var errArguments = errors.New("store: the arguments do not fit the statement")

// Read runs a hand-written SELECT of so many columns as Query does, and hands each row to f as the driver gives
// it. The row and all bytes in it are valid only during the call; strings and the rest may be kept. What types come
// is the driver's affair: on MySQL text is []byte, on SQLite string, and booleans are int64 on both.
//
// An error of f ends the rows and comes back as it is. f must not use the database.
func (db *DB) Read(ctx context.Context, query string, args []any, columns int, f func(row []driver.Value) error) error {
	if actor.From(ctx) == nil {
		return ErrNoActor
	}
	if t := db.transaction(ctx); t != nil {
		rows, err := t.query(ctx, query, args)
		if err != nil {
			return err
		}
		return readThrough(rows, columns, f)
	}
	r := &directRead{run: db.run(ctx, query), args: args, columns: columns, f: f}
	err := explain(query, r.route()) //nolint:contextcheck // r has it
	if r.stopped != nil {
		err = r.stopped
	}
	r.run.observe(err)
	return err
}

// directRead is a Read on a connection of the readers. The driver's rows are read without database/sql, which would
// close them in another goroutine when the context ends, and with them let go of the bytes f is reading.
type directRead struct {
	run     run
	args    []any
	columns int
	f       func([]driver.Value) error
	stopped error // of f or of the budget
}

func (r *directRead) route() error {
	if s := r.run.db.joins(r.run.ctx); s != nil {
		conn, err := s.take(r.run.ctx)
		if err != nil {
			return err
		}
		defer s.release()
		return conn.Raw(r.on)
	}
	return r.run.db.onReader(r.run.ctx, func(conn *sql.Conn) error {
		defer func() { _ = conn.Close() }()
		return conn.Raw(r.on)
	})
}

// on reads on one connection.
func (r *directRead) on(driverConn any) (err error) {
	conn, ok := driverConn.(*keptConn)
	if !ok {
		return fmt.Errorf("store: read on a %T", driverConn)
	}
	values, err := conn.values(r.args)
	if err != nil {
		return err
	}
	rows, err := conn.QueryContext(r.run.ctx, r.run.query, values)
	if errors.Is(err, driver.ErrSkip) {
		return errArguments
	}
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := rows.Close(); err == nil {
			err = closeErr
		}
	}()
	if n := len(rows.Columns()); n != r.columns {
		return fmt.Errorf("store: a row of %d columns, not %d", n, r.columns)
	}
	return r.each(rows)
}

// each gives the rows to f until the context ends. SQLite's driver looks at the context up to the first row only.
// MySQL's watches it and closes the connection; until then the rows are passed over, for closing them ends the
// watch and waits for all that are left.
func (r *directRead) each(rows driver.Rows) error {
	row := getRow(r.columns)
	defer putRow(row)
	ctx, done := r.run.ctx, r.run.ctx.Done()
	for {
		if err := rows.Next(*row); errors.Is(err, io.EOF) {
			return ctx.Err()
		} else if err != nil {
			return err
		}
		select {
		case <-done:
			if r.run.db.engine == SQLite {
				return ctx.Err()
			}
			continue
		default:
		}
		if r.stopped = r.run.meter.row(); r.stopped == nil {
			r.stopped = r.f(*row)
		}
		if r.stopped != nil {
			return nil
		}
	}
}

// rowPool: the values of a row live no longer than a call anyway.
var rowPool = sync.Pool{New: func() any { return new([]driver.Value) }}

func getRow(columns int) *[]driver.Value {
	row := rowPool.Get().(*[]driver.Value) //nolint:forcetypeassert // nothing else is put in
	*row = slices.Grow((*row)[:0], columns)[:columns]
	return row
}

func putRow(row *[]driver.Value) {
	clear(*row)
	rowPool.Put(row)
}

// values brings arguments to the types the driver takes.
func (c *keptConn) values(args []any) ([]driver.NamedValue, error) {
	values := make([]driver.NamedValue, len(args))
	for i, arg := range args {
		values[i] = driver.NamedValue{Ordinal: i + 1, Value: arg}
		if err := c.CheckNamedValue(&values[i]); err != nil {
			return nil, fmt.Errorf("store: argument %d: %w", i+1, err)
		}
	}
	return values, nil
}

// onReader runs f on a connection of the readers, which is f's to give back. Where the connection has gone bad
// before anything was sent, f runs again with another, as database/sql does with its own.
func (db *DB) onReader(ctx context.Context, f func(*sql.Conn) error) error {
	var err error
	for range 3 {
		conn, connErr := db.reader.Conn(ctx)
		if connErr != nil {
			return connErr
		}
		if err = f(conn); !errors.Is(err, driver.ErrBadConn) {
			break
		}
	}
	return err
}

// readThrough is Read in a transaction. The rows are database/sql's, so bytes are copied.
func readThrough(rows *Rows, columns int, f func([]driver.Value) error) error {
	defer func() { _ = rows.Close() }() // what went wrong is Err's to say
	row, cells, into := make([]driver.Value, columns), make([]cell, columns), make([]any, columns)
	for i := range row {
		cells[i].value = &row[i]
		into[i] = &cells[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if err := f(row); err != nil {
			return err
		}
	}
	return rows.Err()
}

// cell takes a driver's value as it is.
type cell struct{ value *driver.Value }

// Scan implements sql.Scanner.
func (c *cell) Scan(v any) error {
	if b, ok := v.([]byte); ok {
		v = bytes.Clone(b)
	}
	*c.value = v
	return nil
}
