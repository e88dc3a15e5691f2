package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// processTime is the processor time of this process so far.
func processTime() (time.Duration, error) {
	var u syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), err
}

// noDatabase is for SQLite, which works in this process.
func noDatabase() (time.Duration, error) { return 0, nil }

// databaseTime gives a function for the processor time of a MariaDB server, as Linux shows it: in hundredths of a
// second. Elsewhere there is none to see, and it is left out.
func databaseTime(ctx context.Context, db *sql.DB) (func() (time.Duration, error), error) {
	var file string
	if err := db.QueryRowContext(ctx, "SELECT @@pid_file").Scan(&file); err != nil {
		return nil, err
	}
	pid, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return noDatabase, nil // on another machine
	}
	if err != nil {
		return nil, err
	}
	stat := "/proc/" + strings.TrimSpace(string(pid)) + "/stat"
	if _, err := os.Stat(stat); errors.Is(err, os.ErrNotExist) {
		return noDatabase, nil
	}
	return func() (time.Duration, error) { return statTime(stat) }, nil
}

// statTime reads utime and stime, the fields 14 and 15 of proc(5); the name before them may hold anything but ends
// with the last parenthesis.
func statTime(file string) (time.Duration, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	text := string(raw)
	fields := strings.Fields(text[strings.LastIndex(text, ")")+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("%s: %d fields", file, len(fields))
	}
	var ticks int64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", file, err)
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / 100, nil
}
