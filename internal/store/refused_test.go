package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"testing"

	"github.com/go-sql-driver/mysql"
)

// scripted is a connection whose prepared statements fail in ways no server can be brought to. It counts what is
// run as text, and the statements that are open.
type scripted struct {
	driverConn
	prepare, run error
	asText, open int
}

func (s *scripted) ExecContext(context.Context, string, []driver.NamedValue) (driver.Result, error) {
	s.asText++
	return driver.ResultNoRows, nil
}

func (s *scripted) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	s.asText++
	return nil, nil
}

func (s *scripted) PrepareContext(context.Context, string) (driver.Stmt, error) {
	if s.prepare != nil {
		return nil, s.prepare
	}
	s.open++
	return scriptedStatement{of: s}, nil
}

type scriptedStatement struct {
	compiled
	of *scripted
}

func (s scriptedStatement) Close() error { s.of.open--; return nil }

func (s scriptedStatement) ExecContext(context.Context, []driver.NamedValue) (driver.Result, error) {
	return nil, s.of.run
}

func (s scriptedStatement) QueryContext(context.Context, []driver.NamedValue) (driver.Rows, error) {
	return nil, s.of.run
}

// Where it is certain that a statement was not run and may be, it is run as text; nowhere else.
func TestFailuresOfPreparedStatements(t *testing.T) {
	failure := func(number uint16, state string) error {
		return &mysql.MySQLError{Number: number, SQLState: [5]byte([]byte(state))}
	}
	for _, test := range []struct {
		name         string
		prepare, run error
		asText       bool
		open         int
	}{
		{"not to be prepared", failure(1295, "HY000"), nil, true, 0},
		{"no room", failure(1461, "42000"), nil, true, 0},
		{"deadlock while preparing", failure(1213, "40001"), nil, false, 0},
		{"waited in vain while preparing", failure(1205, "HY000"), nil, false, 0},
		{"interrupted while preparing", failure(1317, "70100"), nil, false, 0},
		{"connection lost while preparing", driver.ErrBadConn, nil, false, 0},
		{"gone from the server", nil, failure(1243, "HY000"), true, 0},
		{"to be prepared again", nil, failure(1615, "HY000"), true, 0},
		{"deadlock", nil, failure(1213, "40001"), false, 1},
		{"duplicate", nil, failure(1062, "23000"), false, 1},
	} {
		for _, method := range []string{"exec", "query"} {
			s := &scripted{prepare: test.prepare, run: test.run}
			c := &keptConn{driverConn: s, statements: newStatements(8)}
			run := func() (err error) {
				if method == "exec" {
					_, err = c.ExecContext(t.Context(), "UPDATE t", nil)
				} else {
					_, err = c.QueryContext(t.Context(), "UPDATE t", nil)
				}
				return err
			}
			if err := run(); err != nil || s.asText != 1 {
				t.Errorf("%s: the first run: %v", test.name, err)
			}
			s.asText = 0
			err := run()
			if wrong := errors.Join(test.prepare, test.run); (err == nil) != test.asText || err != nil && !errors.Is(wrong, err) {
				t.Errorf("%s, %s: %v", test.name, method, err)
			}
			if (s.asText == 1) != test.asText || s.open != test.open {
				t.Errorf("%s, %s: run %d times as text, %d statements open", test.name, method, s.asText, s.open)
			}
		}
	}
}
