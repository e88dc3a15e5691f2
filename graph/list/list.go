// Package list knows how lists are filtered, ordered and cut into pages: the same for every connection, at the
// root and nested. Conditions are written as scope rules are, against the columns of any alias, so that the
// reference executor and the read planner share them.
package list

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"entgo.io/ent/dialect/sql"
	"github.com/99designs/gqlgen/graphql"

	"github.com/appanage/appanage/graph/model"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/scope"
)

// Kind says how the lists of one kind of object are filtered and ordered.
type Kind struct {
	Ent     string            // ent's type, the key of scope.Kinds
	Filters []Filter          // in the order of the SDL's input fields
	Orders  map[string]string // value of the order's enum → column; "id" is creation
}

// Predicate judges a row by its columns; the alias of the table is the caller's.
type Predicate func(col scope.Column) *sql.Predicate

// Conditions is a filter: predicates that must all hold.
type Conditions struct {
	Predicates []Predicate
	// Key names the filter's content; cursors are bound to it.
	Key string
	// InSight tells that something is asked of fields that not everybody who reaches a row sees: then only rows that lists
	// hold may be found, also in a list that has others.
	InSight bool
	// Err is what was wrong with the filter's input.
	Err error
}

// Conditions reads a filter: its values as they were sent, or as gqlgen has made them; it may be nil. A value that is
// not of its argument's type is told alone, all else that is wrong together.
func (k Kind) Conditions(a *actor.Actor, filter map[string]any) Conditions {
	if a == nil {
		a = actor.Nobody()
	}
	if err := k.knows(filter); err != nil {
		return Conditions{Err: err}
	}
	b := builder{actor: a}
	for _, f := range k.Filters {
		raw := plain(filter[f.Name])
		if raw == nil {
			raw = f.absent
		}
		if raw == nil {
			continue
		}
		if err := f.read(&b, raw); err != nil {
			return Conditions{Err: err}
		}
		b.InSight = b.InSight || f.hidden
	}
	return b.done()
}

// knows refuses an argument that the SDL has and the table lacks: left out, it would find too much.
func (k Kind) knows(filter map[string]any) error {
	for name := range filter {
		known := slices.ContainsFunc(k.Filters, func(f Filter) bool { return f.Name == name })
		if !known && name != "__typename" { // which the parser lets pass in variables
			return fmt.Errorf("read the filter of %s: no argument %q", k.Ent, name)
		}
	}
	return nil
}

// Order is what a list is ordered by. Ties, and everything when Column is "id", go by id: creation.
type Order struct {
	Kind   string // ent's type, the key of scope.Kinds
	Column string
	Desc   bool
}

// Order reads an order, as Conditions does a filter; nil is by id ascending.
func (k Kind) Order(orderBy map[string]any) (Order, error) {
	o := Order{Kind: k.Ent, Column: "id"}
	if orderBy == nil {
		return o, nil
	}
	field, err := graphql.UnmarshalString(plain(orderBy["field"]))
	column, ok := k.Orders[field]
	if err != nil || !ok {
		return o, misfit("orderBy.field")
	}
	o.Column = column
	if raw, given := orderBy["direction"]; given {
		var direction model.OrderDirection
		if err := direction.UnmarshalGQL(plain(raw)); err != nil {
			return o, misfit("orderBy.direction")
		}
		o.Desc = direction == model.OrderDirectionDesc
	}
	return o, nil
}

// Binding is what a cursor of this list is bound to.
func (o Order) Binding(c Conditions) string {
	return fmt.Sprintf("%s\x00%s\x00%t\x00%s", o.Kind, o.Column, o.Desc, c.Key)
}

// plain undoes what gqlgen makes of a value: a pointer of what may be null, a type of ours of an enum.
func plain(v any) any {
	r := reflect.ValueOf(v)
	if r.Kind() == reflect.Pointer {
		r = r.Elem()
	}
	switch r.Kind() {
	case reflect.Invalid:
		return nil
	case reflect.String:
		return r.String()
	}
	return r.Interface()
}

// misfit is the error of a value that the schema does not allow and the parser lets pass in variables: an enum's in
// lower case, or null where there is a default.
func misfit(path string) error {
	return apperr.At(path, apperr.Validation, "%s: not a value of the type asked for", path)
}

// builder collects conditions and the key that names them.
type builder struct {
	Conditions
	actor  *actor.Actor
	key    strings.Builder
	errors apperr.Collector
}

func (b *builder) add(name string, value any, p Predicate) {
	fmt.Fprintf(&b.key, "%s=%q\x00", name, fmt.Sprint(value)) // quoted: no text can pass for a further condition
	b.Predicates = append(b.Predicates, p)
}

func (b *builder) equal(name, column string, value any) {
	b.add(name, value, func(col scope.Column) *sql.Predicate { return sql.EQ(col(column), value) })
}

func (b *builder) done() Conditions {
	b.Key, b.Err = b.key.String(), b.errors.Err()
	return b.Conditions
}
