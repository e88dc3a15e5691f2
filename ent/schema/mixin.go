// Package schema declares the entities. Business rules do not live here: only what is true of every row
// (ids, timestamps, version), columns, edges and indexes. Scope is declared in internal/scope, under the name
// of the type, and applied by the store to every type; a type without a rule there is refused.
package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/mixin"

	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/oid"
)

// row is the mixin of every entity with an id of its own.
type row[T oid.ID] struct{ mixin.Schema }

// Fields of every row. updated_at changes with every update, an edge-only one included: without a changed
// column ent would write no UPDATE, and the scope predicate would never run (design 3).
func (row[T]) Fields() []ent.Field {
	return []ent.Field{
		id[T]("id").fill(oid.New[T]).fixed(),
		moment("created_at").fill(clock.Now).fixed(),
		column{field.Time("updated_at").Default(clock.Now).UpdateDefault(clock.Now).SchemaType(micros).Descriptor()},
		field.Int("version").Default(1),
	}
}

// Constants of the two engines' column types.
var (
	micros   = map[string]string{dialect.MySQL: "datetime(6)", dialect.SQLite: "datetime"}
	idColumn = map[string]string{dialect.MySQL: "varchar(30)"}
	enumWord = map[string]string{dialect.MySQL: "varchar(16)"}
)

// Lengths, in characters. A folded key is kept to keyLength characters: enough to order and to find by, and
// short enough that three such columns fit an InnoDB index.
const (
	nameLength = 128
	keyLength  = 191
)

// column is a field with the few refinements the schema uses, so that every column of one sort is declared alike.
type column struct{ descriptor *field.Descriptor }

// Descriptor implements ent.Field.
func (c column) Descriptor() *field.Descriptor { return c.descriptor }

// maybe allows NULL.
func (c column) maybe() column {
	c.descriptor.Optional, c.descriptor.Nillable = true, true
	return c
}

// fixed forbids updates.
func (c column) fixed() column {
	c.descriptor.Immutable = true
	return c
}

// fill gives a default: a value, or a function that makes one.
func (c column) fill(v any) column {
	c.descriptor.Default = v
	return c
}

// stored names the column where the field's name is not to be it.
func (c column) stored(name string) column {
	c.descriptor.StorageKey = name
	return c
}

// secret keeps the column out of logs.
func (c column) secret() column {
	c.descriptor.Sensitive = true
	return c
}

func id[T oid.ID](name string) column {
	var zero T
	return column{field.String(name).GoType(zero).SchemaType(idColumn).Descriptor()}
}

func moment(name string) column {
	return column{field.Time(name).SchemaType(micros).Descriptor()}
}

func text(name string, characters int) column {
	return column{field.String(name).MaxRuneLen(characters).Annotations(entsql.Annotation{Size: int64(characters)}).Descriptor()}
}

func word[T interface {
	~string
	Values() []string
}](name string) column {
	var zero T
	return column{field.Enum(name).GoType(zero).SchemaType(enumWord).Descriptor()}
}

// table names the table, with the one collation of the house: byte order, so that both engines compare alike.
func table(name string) []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: name, Charset: "utf8mb4", Collation: "utf8mb4_bin"}}
}

// The edges to the row that a foreign key column names: required or maybe, for good (fixed) or not.
func fixedOne(name string, target any, column string) ent.Edge {
	return edge.To(name, target).Unique().Required().Immutable().Field(column).Annotations(entsql.OnDelete(entsql.NoAction))
}

// ofApplication is the edge of what may belong to an application.
func ofApplication() ent.Edge {
	return edge.To("application", Application.Type).Unique().Immutable().Field("application_id").Annotations(entsql.OnDelete(entsql.NoAction))
}

func one(name string, target any, column string) ent.Edge {
	return edge.To(name, target).Unique().Required().Field(column).Annotations(entsql.OnDelete(entsql.NoAction))
}

func maybeOne(name string, target any, column string) ent.Edge {
	return edge.To(name, target).Unique().Field(column).Annotations(entsql.OnDelete(entsql.NoAction))
}

func fixedMaybeOne(name string, target any, column string) ent.Edge {
	return edge.To(name, target).Unique().Immutable().Field(column).Annotations(entsql.OnDelete(entsql.NoAction))
}

// link is a many-to-many edge with its plain join table.
func link(name string, target any, table, from, to string) ent.Edge {
	return edge.To(name, target).StorageKey(edge.Table(table), edge.Columns(from, to)).Annotations(entsql.OnDelete(entsql.NoAction))
}
