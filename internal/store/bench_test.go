package store_test

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit"
)

const (
	things      = 1000
	pointRead   = "SELECT id, name, code, version, made_at FROM things WHERE id = ?"
	pageRead    = "SELECT id, name, code, version, made_at FROM things WHERE id >= ? ORDER BY id LIMIT 50"
	oneUpdate   = "UPDATE things SET name = ?, version = version + 1 WHERE id = ?"
	thingFields = 5
)

var listRead = "SELECT id, name, code, version, made_at FROM things WHERE id IN (?" + strings.Repeat(", ?", 49) + ")"

// benchEngines runs a benchmark on each engine, with a table of a thousand rows, without and with kept statements.
func benchEngines(b *testing.B, f func(b *testing.B, ctx context.Context, db *store.DB)) {
	for _, engine := range []store.Engine{store.SQLite, store.MySQL} {
		url := testkit.Database(b, engine)
		for _, kept := range []bool{false, true} {
			db, err := store.Open(b.Context(), url, store.Options{Observe: func(context.Context, string, time.Duration, error) {}})
			if err != nil {
				b.Fatal(err)
			}
			if !kept {
				if err := db.KeepNoStatements(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			b.Cleanup(func() { _ = db.Close() })
			// As in a request: an actor, a budget, and something that may cancel.
			ctx, cancel := context.WithCancel(store.WithRowBudget(actor.System(b.Context(), "benchmark"), 1<<40))
			b.Cleanup(cancel)
			if !kept {
				fill(b, ctx, db)
			}
			b.Run(fmt.Sprintf("%s/kept=%t", engine, kept), func(b *testing.B) { f(b, ctx, db) })
		}
	}
}

func fill(b *testing.B, ctx context.Context, db *store.DB) {
	b.Helper()
	_, err := db.Exec(ctx, "CREATE TABLE things (id varchar(30) NOT NULL PRIMARY KEY, name varchar(191) NOT NULL, code varchar(64) NOT NULL, version bigint NOT NULL, made_at "+
		map[store.Engine]string{store.SQLite: "datetime", store.MySQL: "datetime(6)"}[db.Engine()]+" NOT NULL)")
	for at := 0; at < things && err == nil; at += 100 {
		var args []any
		for i := at; i < at+100; i++ {
			args = append(args, thing(i), fmt.Sprintf("The thing with number %d", i), fmt.Sprintf("THING_%d", i), i, time.Now().UTC())
		}
		_, err = db.Exec(ctx, "INSERT INTO things VALUES (?, ?, ?, ?, ?)"+strings.Repeat(", (?, ?, ?, ?, ?)", 99), args...)
	}
	if err != nil {
		b.Fatal(err)
	}
}

func thing(i int) string { return fmt.Sprintf("thing_%024d", i%things) }

// query reads rows the way of database/sql.
func query(ctx context.Context, db *store.DB, statement string, args ...any) error {
	rows, err := db.Query(ctx, statement, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	var id, name, code string
	var version int64
	var made time.Time
	for rows.Next() {
		if err := rows.Scan(&id, &name, &code, &version, &made); err != nil {
			return err
		}
	}
	return rows.Err()
}

// read reads the same rows the way of the planner.
func read(ctx context.Context, db *store.DB, statement string, args ...any) error {
	return db.Read(ctx, statement, args, thingFields, func([]driver.Value) error { return nil })
}

// three ways to read: on a connection of the pool, in a snapshot of the statement's own, in one that lasts.
func three(b *testing.B, one func(context.Context, *store.DB, string, ...any) error, statement string, args func(i int) []any) {
	benchEngines(b, func(b *testing.B, ctx context.Context, db *store.DB) {
		inLasting, end := db.Snapshot(ctx)
		defer end()
		for name, way := range map[string]func(i int) error{
			"alone": func(i int) error { return one(ctx, db, statement, args(i)...) },
			"snapshot each": func(i int) error {
				ctx, end := db.Snapshot(ctx)
				defer end()
				return one(ctx, db, statement, args(i)...)
			},
			"in a snapshot": func(i int) error { return one(inLasting, db, statement, args(i)...) },
		} {
			b.Run(name, func(b *testing.B) { loop(b, way) })
		}
	})
}

// loop also reports the processor time of this process: on a busy machine it says more than the clock.
func loop(b *testing.B, f func(i int) error) {
	b.Helper()
	b.ReportAllocs()
	before := processorTime(b)
	for i := 0; b.Loop(); i++ {
		if err := f(i); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(processorTime(b)-before)/float64(b.N), "cpu-ns/op")
}

func processorTime(b *testing.B) int64 {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func oneID(i int) []any { return []any{thing(i)} }

func fiftyIDs(i int) []any {
	args := make([]any, 50)
	for j := range args {
		args[j] = thing(i + 7*j)
	}
	return args
}

func BenchmarkPointQuery(b *testing.B) { three(b, query, pointRead, oneID) }
func BenchmarkPageQuery(b *testing.B)  { three(b, query, pageRead, oneID) }
func BenchmarkListQuery(b *testing.B)  { three(b, query, listRead, fiftyIDs) }
func BenchmarkPointRead(b *testing.B)  { three(b, read, pointRead, oneID) }
func BenchmarkPageRead(b *testing.B)   { three(b, read, pageRead, oneID) }
func BenchmarkListRead(b *testing.B)   { three(b, read, listRead, fiftyIDs) }

func BenchmarkUpdate(b *testing.B) {
	benchEngines(b, func(b *testing.B, ctx context.Context, db *store.DB) {
		loop(b, func(i int) error { return second(db.Exec(ctx, oneUpdate, "another name", thing(i))) })
	})
}
