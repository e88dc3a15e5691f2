package plantest

import (
	"fmt"
	"testing"

	"github.com/appanage/appanage/internal/store"
)

// A NULL where the schema promises a value: the planner leaves the answer to the reference.
func TestNullInAColumnThatPromisesAValue(t *testing.T) {
	for _, c := range []struct{ column, sqlite, mysql, field string }{
		{"value", "text NULL", "longtext NULL", "value"},
		{"version", "integer NULL", "bigint NULL", "version"},
		{"public", "bool NULL", "bool NULL", "public"},
		{"updated_at", "datetime NULL", "datetime(6) NULL", "updatedAt"},
	} {
		t.Run(c.column, func(t *testing.T) {
			engines(t, func(t *testing.T, f *fixture) {
				if f.db.Engine() == store.SQLite {
					f.write(t, "ALTER TABLE application_properties DROP COLUMN "+c.column,
						"ALTER TABLE application_properties ADD COLUMN "+c.column+" "+c.sqlite)
				} else {
					f.write(t, "ALTER TABLE application_properties MODIFY "+c.column+" "+c.mysql,
						"UPDATE application_properties SET "+c.column+" = NULL")
				}
				since := metrics(t, f.planned, refusals)
				for _, query := range []string{
					"{ applications { nodes { code properties { nodes { name %s } } } } }",
					"{ applications { nodes { code properties { nodes { name } } } } viewer { client { applications { nodes { properties(first: 1) { edges { node { %s } } } } } } } }",
				} {
					f.same(t, f.admin, fmt.Sprintf(query, c.field), nil)
				}
				if grown := refused(t, f.planned, since); grown["null"] != 2 || len(grown) != 1 {
					t.Errorf("refusals: %v", grown)
				}
			})
		})
	}
}
