package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
)

// Compiling a statement costs SQLite several times what running it for a few rows does. So each connection keeps
// the statements it ran last, compiled. MySQL gets nothing of the kind: there it would cost a round trip.
const (
	keptStatements = 64      // for each connection; some KB each
	keptLength     = 8 << 10 // longer ones are bulk inserts, hardly ever twice the same
)

// preparing is a connector whose connections keep compiled statements.
type preparing struct{ driver.Connector }

// Connect implements driver.Connector.
func (p preparing) Connect(ctx context.Context) (driver.Conn, error) {
	inner, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	c, ok := inner.(sqliteConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("the driver's connection %T lacks a method", inner), inner.Close())
	}
	return &preparedConn{sqliteConn: c, kept: make(map[string]*kept, keptStatements)}, nil
}

// sqliteConn is what database/sql and we ask of the driver's connection.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// preparedConn is used by one goroutine at a time, as every driver.Conn. A statement is taken out while it runs
// or its rows are open, so that the same text within can only ever get a second statement.
type preparedConn struct {
	sqliteConn
	kept map[string]*kept
	now  uint64 // counts the uses
}

type kept struct {
	statement compiled
	used      uint64
}

// compiled is a prepared statement of the driver.
type compiled interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// ExecContext implements driver.ExecerContext.
func (c *preparedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if !worthKeeping(query) {
		return c.sqliteConn.ExecContext(ctx, query, args)
	}
	statement, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	defer c.keep(query, statement)
	return statement.ExecContext(ctx, args)
}

// QueryContext implements driver.QueryerContext.
func (c *preparedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if !worthKeeping(query) {
		return c.sqliteConn.QueryContext(ctx, query, args)
	}
	statement, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := statement.QueryContext(ctx, args)
	if err != nil {
		c.keep(query, statement)
		return nil, err
	}
	typed, ok := rows.(sqliteRows)
	if !ok {
		return nil, errors.Join(fmt.Errorf("the driver's rows %T lack a method", rows), rows.Close(), statement.Close())
	}
	return &preparedRows{typed, func() { c.keep(query, statement) }}, nil
}

// Close implements driver.Conn.
func (c *preparedConn) Close() error {
	var err error
	for _, k := range c.kept {
		err = errors.Join(err, k.statement.Close())
	}
	return errors.Join(err, c.sqliteConn.Close())
}

// take gives the compiled statement, and with it the right to use it.
func (c *preparedConn) take(ctx context.Context, query string) (compiled, error) {
	if k, ok := c.kept[query]; ok {
		delete(c.kept, query)
		return k.statement, nil
	}
	statement, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	typed, ok := statement.(compiled)
	if !ok {
		return nil, errors.Join(fmt.Errorf("the driver's statement %T lacks a method", statement), statement.Close())
	}
	return typed, nil
}

// keep takes a statement back, and drops the one not used for longest when there are too many.
func (c *preparedConn) keep(query string, statement compiled) {
	c.now++
	if twin, ok := c.kept[query]; ok {
		_ = twin.statement.Close() // it ran to its end long since; closing frees memory only
	} else if len(c.kept) == keptStatements {
		c.dropOldest()
	}
	c.kept[query] = &kept{statement, c.now}
}

func (c *preparedConn) dropOldest() {
	oldest, used := "", c.now
	for query, k := range c.kept {
		if k.used < used {
			oldest, used = query, k.used
		}
	}
	_ = c.kept[oldest].statement.Close() // as in keep
	delete(c.kept, oldest)
}

// sqliteRows is what database/sql can ask of the driver's rows.
type sqliteRows interface {
	driver.Rows
	driver.RowsColumnTypeDatabaseTypeName
	driver.RowsColumnTypeLength
	driver.RowsColumnTypeNullable
	driver.RowsColumnTypePrecisionScale
	driver.RowsColumnTypeScanType
}

type preparedRows struct {
	sqliteRows
	over func()
}

// Close implements driver.Rows; database/sql calls it once.
func (r *preparedRows) Close() error {
	err := r.sqliteRows.Close()
	r.over()
	return err
}

// worthKeeping is true for the statements of requests. A PRAGMA must never be kept: some take effect while they
// are compiled.
func worthKeeping(query string) bool {
	word, _, _ := strings.Cut(query, " ")
	switch word {
	case "SELECT", "WITH", "INSERT", "UPDATE", "DELETE":
		return len(query) <= keptLength
	}
	return false
}
