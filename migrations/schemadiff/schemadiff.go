// Package schemadiff writes what the entities have and the migrations have not yet as a further migration. The
// generator keeps it; the test that both are in step wants it to be nothing.
package schemadiff

import (
	"context"
	"database/sql"
	"fmt"

	"ariga.io/atlas/sql/migrate"
	entsql "entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/schema"

	entmigrate "github.com/appanage/appanage/ent/migrate"
)

// Write replays the directory in an empty database, which is empty again afterwards, compares with the entities,
// and adds a file "<version>_<name>.sql" (and its sum) for the difference, or none.
//
// Columns and indexes that are gone are dropped; tables that are gone are not: that takes a file by hand.
func Write(ctx context.Context, db *sql.DB, dialect string, dir migrate.Dir, version, name string) error {
	err := entmigrate.NewSchema(entsql.OpenDB(dialect, db)).NamedDiff(ctx, name,
		schema.WithDir(dir),
		schema.WithMigrationMode(schema.ModeReplay),
		schema.WithFormatter(formatter{version}),
		schema.WithDropColumn(true),
		schema.WithDropIndex(true),
	)
	if err != nil {
		return fmt.Errorf("compare the entities with the %s migrations: %w", dialect, err)
	}
	return nil
}

// init gives each join table an index from its second column, which ent cannot be told of. The first is the beginning
// of the primary key; without the second, asking who holds a permission reads the whole table.
func init() {
	for _, t := range entmigrate.Tables {
		if len(t.PrimaryKey) != 2 || len(t.Indexes) > 0 {
			continue
		}
		second := t.PrimaryKey[1]
		t.Indexes = append(t.Indexes, &schema.Index{Name: t.Name + "_" + second.Name, Columns: []*schema.Column{second}})
	}
}

// formatter is Atlas's default one with a version of our choice, so that both engines get the same.
type formatter struct{ version string }

// Format implements migrate.Formatter.
func (f formatter) Format(plan *migrate.Plan) ([]migrate.File, error) {
	plan.Version = f.version
	files, err := migrate.DefaultFormatter.Format(plan)
	if err != nil {
		return nil, fmt.Errorf("write the migration: %w", err)
	}
	return files, nil
}
