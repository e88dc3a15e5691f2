package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/go-sql-driver/mysql"
)

const (
	poolSize    = 16 // connections of each of the two pools
	keptMySQL   = 64 // statements for each connection: the server has room for 16382 of all its clients
	connAge     = 5 * time.Minute
	dialTimeout = 5 * time.Second
)

// What every connection is told first. The isolation level and the access mode are the session's, so that a
// transaction begins in one round trip; a reader that tries to write is refused by the server.
const (
	writerSession = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE"
	readerSession = "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
)

// openMySQL opens the two pools.
//
// Settings that matter:
//   - Parameters are interpolated by the driver where a statement is not kept prepared (see statementKeeper): one round
//     trip where preparing takes two. It is safe with utf8mb4 (the driver refuses the character sets where it
//     is not).
//   - Affected rows are the rows found, not the rows changed, as on SQLite: an update that changes nothing is
//     not mistaken for a row that is missing.
//   - Times are cut to microseconds as clock.Truncate does; the server would round them.
//   - No read timeout: the context bounds a statement (the driver closes the connection when it ends), and a
//     migration may take long. A lock is waited for innodb_lock_wait_timeout seconds, then InTx tries again.
//   - `||` joins strings, as on SQLite; out-of-range and overlong values are errors.
func openMySQL(at address) (writer, reader *sql.DB, err error) {
	config := mysql.NewConfig()
	config.User, config.Passwd = at.user, at.password
	config.Net, config.Addr, config.DBName = at.network, at.host, at.name
	config.TLSConfig = at.tls
	config.Collation = "utf8mb4_bin"
	config.Loc, config.ParseTime = time.UTC, true
	config.InterpolateParams, config.ClientFoundRows = true, true
	config.Timeout = dialTimeout
	config.Logger = &mysql.NopLogger{} // what it would print is in the errors it returns
	config.Params = map[string]string{
		"sql_mode":                 "'STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,ONLY_FULL_GROUP_BY,PIPES_AS_CONCAT'",
		"time_zone":                "'+00:00'",
		"innodb_lock_wait_timeout": "10",
	}
	if err := config.Apply(mysql.TimeTruncate(time.Microsecond)); err != nil {
		return nil, nil, fmt.Errorf("configure: %w", err)
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, nil, fmt.Errorf("configure: %w", err)
	}
	return pool(session{connector, writerSession}), pool(session{connector, readerSession}), nil
}

func pool(connector driver.Connector) *sql.DB {
	db := sql.OpenDB(statementKeeper{connector, keptMySQL})
	db.SetMaxOpenConns(poolSize)
	db.SetMaxIdleConns(poolSize)
	db.SetConnMaxLifetime(connAge)
	return db
}

// session is a connector that runs one statement on every new connection.
type session struct {
	driver.Connector
	begin string
}

// Connect implements driver.Connector.
func (s session) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := s.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	execer, ok := conn.(driver.ExecerContext)
	if !ok {
		return nil, errors.Join(fmt.Errorf("the driver's connection %T runs no statements", conn), conn.Close())
	}
	if _, err := execer.ExecContext(ctx, s.begin, nil); err != nil {
		return nil, errors.Join(fmt.Errorf("prepare the session: %w", err), conn.Close())
	}
	return conn, nil
}
