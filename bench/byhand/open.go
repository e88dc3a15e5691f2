package byhand

import (
	"database/sql"
	"net/url"
	"strings"

	"github.com/go-sql-driver/mysql"
	_ "modernc.org/sqlite" // registers the driver "sqlite"
)

// Open makes the pools with the settings of internal/store, but for one: parameters go to prepared statements.
func Open(database string) (engine string, writer, reader *sql.DB, err error) {
	if path, ok := strings.CutPrefix(database, "sqlite:"); ok {
		writer, reader, err = openSQLite(path)
		return "sqlite", writer, reader, err
	}
	at, err := url.Parse(database)
	if err != nil {
		return "", nil, nil, err
	}
	if writer, err = openMySQL(at, "READ-COMMITTED", "0"); err != nil {
		return "", nil, nil, err
	}
	reader, err = openMySQL(at, "REPEATABLE-READ", "1")
	return "mysql", writer, reader, err
}

func openSQLite(path string) (writer, reader *sql.DB, err error) {
	file := "file:" + (&url.URL{Path: path}).EscapedPath() + "?_busy_timeout=5000&_foreign_keys=1&_synchronous=FULL&_dqs=0" +
		"&_inttotime=1&_time_integer_format=unix_micro&_pragma=temp_store(MEMORY)"
	if writer, err = sql.Open("sqlite", file+"&_journal_mode=WAL&_txlock=immediate"); err != nil {
		return nil, nil, err
	}
	writer.SetMaxOpenConns(1)
	if reader, err = sql.Open("sqlite", file+"&_query_only=1"); err != nil {
		return nil, nil, err
	}
	reader.SetMaxOpenConns(8)
	reader.SetMaxIdleConns(8)
	return writer, reader, nil
}

// openMySQL takes the names that MariaDB has for the session's variables; MySQL 8 knows others.
func openMySQL(at *url.URL, isolation, readOnly string) (*sql.DB, error) {
	config := mysql.NewConfig()
	config.User, config.DBName = at.User.Username(), strings.TrimPrefix(at.Path, "/")
	config.Passwd, _ = at.User.Password()
	config.Net, config.Addr, config.TLSConfig = "tcp", at.Host, at.Query().Get("tls")
	if socket := at.Query().Get("socket"); socket != "" {
		config.Net, config.Addr = "unix", socket
	}
	config.Collation, config.ParseTime = "utf8mb4_bin", true
	config.Params = map[string]string{"time_zone": "'+00:00'", "tx_isolation": "'" + isolation + "'", "tx_read_only": readOnly}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(16)
	return db, nil
}
