package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/store"
)

// indexes are secondary indexes, with the statements that drop them and make them again.
type indexes struct{ drop, create []string }

// unindexed has f run while the tables have no secondary indexes. To make them afterwards is a matter of sorting;
// row by row each would be searched for its place. When f fails the indexes stay away.
func unindexed(ctx context.Context, db *store.DB, f func() error) error {
	read := readMySQL
	if db.Engine() == store.SQLite {
		read = readSQLite
	}
	i, err := read(ctx, db)
	if err != nil {
		return fmt.Errorf("read the indexes: %w", err)
	}
	if err := alter(ctx, db, i.drop); err != nil {
		return fmt.Errorf("drop the indexes: %w", err)
	}
	if err := f(); err != nil {
		return err
	}
	if err := alter(ctx, db, i.create); err != nil {
		return fmt.Errorf("make the indexes: %w", err)
	}
	return nil
}

func alter(ctx context.Context, db *store.DB, statements []string) error {
	return unchecked(ctx, db, func(ctx context.Context) error {
		for _, s := range statements {
			if _, err := db.Exec(ctx, s); err != nil {
				return err
			}
		}
		return nil
	})
}

// unchecked has f run in a transaction in which MySQL does not check keys: foreign keys need the indexes that are
// away. SQLite can switch nothing off within a transaction.
func unchecked(ctx context.Context, db *store.DB, f func(context.Context) error) error {
	return db.InTx(ctx, func(ctx context.Context, _ *ent.Client) error {
		if db.Engine() == store.SQLite {
			return f(ctx)
		}
		if _, err := db.Exec(ctx, "SET SESSION foreign_key_checks = 0, unique_checks = 0"); err != nil {
			return err
		}
		if err := f(ctx); err != nil {
			return err // the load has failed, and this connection with it
		}
		_, err := db.Exec(ctx, "SET SESSION foreign_key_checks = 1, unique_checks = 1")
		return err
	})
}

func readSQLite(ctx context.Context, db *store.DB) (i indexes, err error) {
	rows, err := db.Query(ctx, "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
	if err != nil {
		return i, err
	}
	defer func() { _ = rows.Close() }() // a failure to read is Err's
	for rows.Next() {
		var name, create string
		if err := rows.Scan(&name, &create); err != nil {
			return i, err
		}
		i.drop, i.create = append(i.drop, "DROP INDEX `"+name+"`"), append(i.create, create)
	}
	return i, rows.Err()
}

// readMySQL makes one statement a table: its rows are then gone through once.
func readMySQL(ctx context.Context, db *store.DB) (i indexes, err error) {
	rows, err := db.Query(ctx, "SELECT table_name, index_name, non_unique, "+
		"GROUP_CONCAT(CONCAT('`', column_name, '`') ORDER BY seq_in_index) FROM information_schema.statistics "+
		"WHERE table_schema = DATABASE() AND index_name <> 'PRIMARY' GROUP BY table_name, index_name, non_unique")
	if err != nil {
		return i, err
	}
	defer func() { _ = rows.Close() }() // a failure to read is Err's
	drop, create := map[string][]string{}, map[string][]string{}
	for rows.Next() {
		var table, name, columns string
		var repeats bool
		if err := rows.Scan(&table, &name, &repeats, &columns); err != nil {
			return i, err
		}
		kind := map[bool]string{true: "INDEX", false: "UNIQUE INDEX"}[repeats]
		drop[table] = append(drop[table], "DROP INDEX `"+name+"`")
		create[table] = append(create[table], fmt.Sprintf("ADD %s `%s` (%s)", kind, name, columns))
	}
	return indexes{alterations(drop), alterations(create)}, rows.Err()
}

func alterations(byTable map[string][]string) (list []string) {
	for table, parts := range byTable {
		list = append(list, "ALTER TABLE `"+table+"` "+strings.Join(parts, ", "))
	}
	slices.Sort(list)
	return list
}
