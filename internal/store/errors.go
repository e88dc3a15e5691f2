package store

import (
	"database/sql"
	"errors"
	"strings"
	"sync"

	"github.com/go-sql-driver/mysql"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/migrate"
	"github.com/appanage/appanage/internal/apperr"
)

// Errors of code that goes about the database in a way it must not. They are faults of ours: a caller of the
// API sees them as internal.
var (
	// ErrNoActor: nobody stands behind the statement. It is refused, never run without a filter.
	ErrNoActor = errors.New("store: no actor in the context")
	// ErrUnknownKind: the type has no entry in scope.Kinds.
	ErrUnknownKind = errors.New("store: the type has no scope rules")
	// ErrNotWritable: a mutation that only the platform itself may make (actor.System), because no scope rule
	// can say which rows it touches, or because the rules let nobody else.
	ErrNotWritable = errors.New("store: only the platform itself writes this")
)

// Numbers of MySQL's and MariaDB's errors.
const (
	myDuplicate     = 1062
	myNotNull       = 1048
	myNoDefault     = 1364
	myLockWait      = 1205
	myDeadlock      = 1213
	myParentMissing = 1452
	myParentNeeded  = 1451
	myCheck         = 3819
	myCheckMaria    = 4025
)

// UniqueError is a violated unique key. What was tried to be written stands in no part of it that may be shown.
type UniqueError struct {
	// Key names the table and the columns of the key: "users.base_id,email_key".
	Key   string
	cause error
}

// Error implements error.
func (e *UniqueError) Error() string { return e.cause.Error() }

// Unwrap gives the driver's error.
func (e *UniqueError) Unwrap() error { return e.cause }

// IsUnique tells whether a unique key (the primary one included) was violated.
func IsUnique(err error) bool { return UniqueKey(err) != "" }

// UniqueKey names the violated unique key as table and columns ("applications.code"), the same on both engines;
// "" if err is something else.
func UniqueKey(err error) string {
	if e, ok := errors.AsType[*UniqueError](err); ok {
		return e.Key
	}
	return ""
}

// IsForeignKey tells whether a row was to refer to one that is not there, or to go while others refer to it.
func IsForeignKey(err error) bool {
	number := mysqlNumber(err)
	return number == myParentMissing || number == myParentNeeded || sqliteCode(err) == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
}

// IsNotFound tells whether the row asked for is not there, or not in scope.
func IsNotFound(err error) bool {
	return err != nil &&
		(ent.IsNotFound(err) || errors.Is(err, sql.ErrNoRows) || apperr.CodeOf(err) == apperr.NotFound)
}

// Retryable tells whether the same transaction may well succeed when it is run again.
func Retryable(err error) bool {
	number := mysqlNumber(err)
	return number == myDeadlock || number == myLockWait || primaryCode(err) == sqlite3.SQLITE_BUSY
}

// isConstraint tells whether the statement broke a constraint: then it alone is undone, and the transaction
// stands as it was before.
func isConstraint(err error) bool {
	switch mysqlNumber(err) {
	case myDuplicate, myNotNull, myNoDefault, myParentMissing, myParentNeeded, myCheck, myCheckMaria:
		return true
	}
	return primaryCode(err) == sqlite3.SQLITE_CONSTRAINT
}

// mysqlNumber is the number of MySQL's error, or 0.
func mysqlNumber(err error) uint16 {
	if e, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return e.Number
	}
	return 0
}

// sqliteCode is SQLite's extended error code, or 0.
func sqliteCode(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()
	}
	return 0
}

// primaryCode is SQLite's error code without its extension.
func primaryCode(err error) int { return sqliteCode(err) & 0xff }

// explain gives a driver's error its meaning where that takes the statement's text: which unique key it was.
func explain(query string, err error) error {
	if mysqlNumber(err) == myDuplicate {
		return &UniqueError{Key: mysqlKey(query, err.Error()), cause: err}
	}
	switch sqliteCode(err) {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return &UniqueError{Key: sqliteKey(err.Error()), cause: err}
	}
	return err
}

// sqliteKey reads "… UNIQUE constraint failed: users.base_id, users.email_key (2067)".
func sqliteKey(message string) string {
	_, list, _ := strings.Cut(message, "constraint failed: ")
	if at := strings.LastIndex(list, "constraint failed: "); at >= 0 {
		list = list[at+len("constraint failed: "):]
	}
	list, _, _ = strings.Cut(list, " (")
	table, _, _ := strings.Cut(list, ".")
	return table + "." + strings.ReplaceAll(strings.ReplaceAll(list, table+".", ""), ", ", ",")
}

// mysqlKey reads "Duplicate entry '…' for key 'user_base_id_email_key'"; MySQL, other than MariaDB, puts the
// table before the key's name. The entry may hold anything, the name holds no quote: so it is read from the end.
// A primary key is called PRIMARY in every table: the statement tells which.
func mysqlKey(query, message string) string {
	message = strings.TrimSuffix(message, "'")
	name := message[strings.LastIndex(message, "'")+1:]
	if at := strings.LastIndex(name, "."); at >= 0 {
		name = name[at+1:]
	}
	if name == "PRIMARY" {
		name = primary(insertTarget(query))
	}
	if key, ok := uniqueKeys()[name]; ok {
		return key
	}
	return name
}

func primary(table string) string { return table + "/PRIMARY" }

// uniqueKeys maps the names of unique indexes to table and columns.
var uniqueKeys = sync.OnceValue(func() map[string]string {
	keys := make(map[string]string)
	for _, table := range migrate.Tables {
		var columns []string
		for _, c := range table.PrimaryKey {
			columns = append(columns, c.Name)
		}
		keys[primary(table.Name)] = table.Name + "." + strings.Join(columns, ",")
		for _, index := range table.Indexes {
			if !index.Unique {
				continue
			}
			columns = columns[:0:0]
			for _, c := range index.Columns {
				columns = append(columns, c.Name)
			}
			keys[index.Name] = table.Name + "." + strings.Join(columns, ",")
		}
	}
	return keys
})

// insertTarget is the table of an INSERT as ent and we write it, with the name in backticks or bare; else "".
func insertTarget(query string) string {
	rest, ok := strings.CutPrefix(strings.TrimLeft(query, " \t\r\n"), "INSERT INTO ")
	if !ok {
		return ""
	}
	table, _, _ := strings.Cut(strings.TrimLeft(rest, "` "), "`")
	table, _, _ = strings.Cut(table, " ")
	return table
}
