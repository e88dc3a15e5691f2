// Package list knows how lists are filtered, ordered and cut into pages: the same for every connection, at the
// root and nested. Conditions are written as scope rules are, against the columns of any alias, so that the
// reference executor and the read planner share them.
package list

import (
	"fmt"
	"strings"

	"entgo.io/ent/dialect/sql"

	"github.com/appanage/appanage/graph/model"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/scope"
)

// Predicate judges a row by its columns; the alias of the table is the caller's.
type Predicate func(col scope.Column) *sql.Predicate

// Conditions is a filter: predicates that must all hold.
type Conditions struct {
	Predicates []Predicate
	// Key names the filter's content; cursors are bound to it.
	Key string
	// Err is what was wrong with the filter's input.
	Err error
}

// Order is what a kind's lists are ordered by. Ties, and everything when Column is "id", go by id: creation.
type Order[T any] struct {
	Kind   string // ent's type, the key of scope.Kinds
	Column string
	Value  func(*T) string // the row's value of Column; nil for "id"
	ID     func(*T) string
	Desc   bool
}

// binding is what a cursor of this list is bound to.
func (o Order[T]) binding(c Conditions) string {
	return fmt.Sprintf("%s\x00%s\x00%t\x00%s", o.Kind, o.Column, o.Desc, c.Key)
}

// Page is the four arguments every connection has.
type Page struct {
	First  *int
	After  *string
	Last   *int
	Before *string
}

// Sizes of pages.
const (
	DefaultPage = 20
	MaxPage     = 100
)

// Size is the number of items asked for, and whether they are counted from the end.
func (p Page) Size() (n int, backwards bool, err error) {
	if p.First != nil && p.Last != nil {
		return 0, false, apperr.At("last", apperr.Invalid, "`first` and `last` cannot be given together")
	}
	name, asked := "first", p.First
	if p.Last != nil {
		name, asked, backwards = "last", p.Last, true
	}
	switch {
	case asked == nil:
		return DefaultPage, false, nil
	case *asked < 0 || *asked > MaxPage:
		return 0, false, apperr.At(name, apperr.Invalid, "`%s` must be from 0 to %d, not %d", name, MaxPage, *asked)
	}
	return *asked, backwards, nil
}

// builder collects conditions and the key that names them.
type builder struct {
	Conditions
	key    strings.Builder
	errors apperr.Collector
}

func (b *builder) add(name string, value any, p Predicate) {
	fmt.Fprintf(&b.key, "%s=%q\x00", name, fmt.Sprint(value)) // quoted: no text can pass for a further condition
	b.Predicates = append(b.Predicates, p)
}

func (b *builder) equal(column string, value any) {
	b.add(column, value, func(col scope.Column) *sql.Predicate { return sql.EQ(col(column), value) })
}

func (b *builder) done() Conditions {
	b.Key, b.Err = b.key.String(), b.errors.Err()
	return b.Conditions
}

// Direction tells whether a list runs downwards.
func descending(d model.OrderDirection) bool { return d == model.OrderDirectionDesc }
