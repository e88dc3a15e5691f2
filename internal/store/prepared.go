package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// statementKeeper is a connector whose connections keep compiled statements, at most so many each. A text is compiled
// when it comes to a connection for the second time. On SQLite, compiling costs several times what running a
// statement for a few rows does. On MySQL, a text that comes first goes with its parameters written into it, in
// one round trip; the second time takes two, and from then on it is one that the server need not parse.
//
// Nothing of this shows but in time: what cannot be compiled, or is in use, runs as if nothing were kept.
type statementKeeper struct {
	driver.Connector
	most int
}

// Connect implements driver.Connector.
func (k statementKeeper) Connect(ctx context.Context) (driver.Conn, error) {
	inner, err := k.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	c, ok := inner.(driverConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("the driver's connection %T lacks a method", inner), inner.Close())
	}
	checker, _ := inner.(driver.NamedValueChecker)
	return &keptConn{driverConn: c, checker: checker, statements: newStatements(k.most)}, nil
}

// driverConn is what database/sql and we ask of a driver's connection.
type driverConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// keptConn is used by one goroutine at a time, as every driver.Conn.
type keptConn struct {
	driverConn
	checker    driver.NamedValueChecker // nil where the driver has none
	statements *statements
	full       bool // the server takes no more prepared statements
}

// ExecContext implements driver.ExecerContext.
func (c *keptConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	k, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	if k == nil {
		return c.driverConn.ExecContext(ctx, query, args)
	}
	result, err := k.compiled.ExecContext(ctx, args)
	k.over()
	if isStale(err) {
		c.statements.forget(k)
		return c.driverConn.ExecContext(ctx, query, args)
	}
	return result, err
}

// QueryContext implements driver.QueryerContext.
func (c *keptConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	k, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	if k == nil {
		return c.driverConn.QueryContext(ctx, query, args)
	}
	rows, err := k.compiled.QueryContext(ctx, args)
	if err != nil {
		k.over()
		if isStale(err) {
			c.statements.forget(k)
			return c.driverConn.QueryContext(ctx, query, args)
		}
		return nil, err
	}
	typed, ok := rows.(typedRows)
	if !ok {
		err := errors.Join(fmt.Errorf("the driver's rows %T lack a method", rows), rows.Close())
		k.over()
		return nil, err
	}
	k.rows = keptRows{typed, k}
	return &k.rows, nil
}

// CheckNamedValue implements driver.NamedValueChecker: the driver's own conversion, or else the usual one.
func (c *keptConn) CheckNamedValue(v *driver.NamedValue) (err error) {
	if c.checker != nil {
		return c.checker.CheckNamedValue(v)
	}
	v.Value, err = driver.DefaultParameterConverter.ConvertValue(v.Value)
	return err
}

// Close implements driver.Conn.
func (c *keptConn) Close() error {
	c.statements.clear()
	return c.driverConn.Close()
}

// take gives the compiled statement of a text, to be used until over is called; nil when the text is to run
// without. One whose rows are still open is not given a second time.
func (c *keptConn) take(ctx context.Context, query string) (*statement, error) {
	if !worthKeeping(query) {
		return nil, nil
	}
	k := c.statements.get(query)
	if k == nil && !c.full && c.statements.again(query) {
		var err error
		if k, err = c.compile(ctx, query); err != nil {
			return nil, err
		}
	}
	if k == nil || k.busy || k.compiled == nil {
		return nil, nil
	}
	k.busy = true
	return k, nil
}

// compile makes the entry of a text; nil when the server has no room for it.
func (c *keptConn) compile(ctx context.Context, query string) (*statement, error) {
	c.statements.makeRoom() // before, so that the server never has one too many
	stmt, err := c.PrepareContext(ctx, query)
	if mysqlNumber(err) == myTooManyPrepared {
		c.full = true // for the life of the connection, which is short
		return nil, nil
	}
	if isRefusal(err) {
		return c.statements.add(query, nil), nil
	}
	if err != nil {
		return nil, err
	}
	typed, ok := stmt.(compiled)
	if !ok {
		return nil, errors.Join(fmt.Errorf("the driver's statement %T lacks a method", stmt), stmt.Close())
	}
	return c.statements.add(query, typed), nil
}

// typedRows is what database/sql asks of a driver's rows, as far as both drivers have it.
type typedRows interface {
	driver.Rows
	driver.RowsColumnTypeDatabaseTypeName
	driver.RowsColumnTypeNullable
	driver.RowsColumnTypePrecisionScale
	driver.RowsColumnTypeScanType
}

// keptRows are the open rows of a kept statement.
type keptRows struct {
	typedRows
	of *statement
}

// Close implements driver.Rows; it must be called once.
func (r *keptRows) Close() error {
	err := r.typedRows.Close()
	r.of.over()
	return err
}

// Numbers of MySQL's and MariaDB's errors about prepared statements.
const (
	myTooManyPrepared = 1461 // max_prepared_stmt_count, of the whole server
	myUnknownPrepared = 1243 // a proxy has changed the server behind it
	myPrepareAgain    = 1615 // its tables changed too often while it was prepared again
)

// isStale tells that a prepared statement was not run because the server has it no more.
func isStale(err error) bool {
	switch mysqlNumber(err) {
	case myUnknownPrepared, myPrepareAgain:
		return true
	}
	return false
}

// isRefusal tells that MySQL will not prepare a text. It may run it all the same: some kinds of statements cannot
// be prepared, and a parameter cannot stand everywhere a value can. If the text itself is wrong, running it says so
// once more. Not so an error by which the transaction may have ended: what came next would run outside of it.
func isRefusal(err error) bool {
	e, ok := errors.AsType[*mysql.MySQLError](err)
	if !ok || Retryable(err) {
		return false
	}
	state := string(e.SQLState[:])
	return strings.HasPrefix(state, "42") || strings.HasPrefix(state, "HY")
}
