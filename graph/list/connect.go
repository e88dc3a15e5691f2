package list

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"entgo.io/ent/dialect/sql"

	"github.com/appanage/appanage/graph/cursor"
	"github.com/appanage/appanage/graph/model"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/scope"
)

// Query is what ent's generated queries have in common.
type Query[Q, P, O, T any] interface {
	Where(...P) Q
	Order(...O) Q
	Limit(int) Q
	Clone() Q
	All(context.Context) ([]*T, error)
	Count(context.Context) (int, error)
	Exist(context.Context) (bool, error)
}

// Connect answers one connection of one parent with one scoped query: the rows of q that satisfy the filter, in order,
// cut to the page. What lies beyond the page and the length of the whole list are asked only when selected.
func Connect[Q Query[Q, P, O, T], P, O ~func(*sql.Selector), T any](
	ctx context.Context, codec cursor.Codec, q Q, page Page, filter, orderBy map[string]any,
) (*model.Connection[T], error) {
	return connect(ctx, codec, q, page, filter, orderBy, false)
}

// ConnectReached is Connect for a list that holds what can be reached, be it by name only. A filter by what is hidden of
// some finds none of those.
func ConnectReached[Q Query[Q, P, O, T], P, O ~func(*sql.Selector), T any](
	ctx context.Context, codec cursor.Codec, q Q, page Page, filter, orderBy map[string]any,
) (*model.Connection[T], error) {
	return connect(ctx, codec, q, page, filter, orderBy, true)
}

func connect[Q Query[Q, P, O, T], P, O ~func(*sql.Selector), T any](
	ctx context.Context, codec cursor.Codec, q Q, page Page, filter, orderBy map[string]any, reached bool,
) (*model.Connection[T], error) {
	kind := kindOf[T]()
	order, err := kind.Order(orderBy)
	if err != nil {
		return nil, err
	}
	size, backwards, err := page.Size()
	if err != nil {
		return nil, err
	}
	conditions := kind.Conditions(actor.From(ctx), filter)
	if conditions.Err != nil {
		return nil, conditions.Err
	}
	c := connector[Q, P, O, T]{order: order, binding: order.Binding(conditions), codec: codec, turn: new(sync.Mutex)}
	c.all = q
	if !reached || conditions.InSight {
		c.all = q.Where(P(scope.Listed(ctx, order.Kind)))
	}
	for _, p := range conditions.Predicates {
		c.all = c.where(c.all, p)
	}
	after, err := c.position("after", page.After)
	if err != nil {
		return nil, err
	}
	before, err := c.position("before", page.Before)
	if err != nil {
		return nil, err
	}
	window := c.all.Clone()
	if after != nil {
		window = c.where(window, c.beyond(*after, order.Desc))
	}
	if before != nil {
		window = c.where(window, c.beyond(*before, !order.Desc))
	}
	rows, err := window.Order(c.by(order.Desc != backwards)...).Limit(size + 1).All(ctx)
	if err != nil {
		return nil, err
	}
	more := len(rows) > size
	if more {
		rows = rows[:size]
	}
	if backwards {
		slices.Reverse(rows)
	}
	return c.connection(rows, more, backwards, after, before), nil
}

// kindOf is the kind whose rows are of ent's type T; there must be one.
func kindOf[T any]() Kind {
	for _, k := range Kinds {
		if k.Ent == reflect.TypeFor[T]().Name() {
			return k
		}
	}
	panic(fmt.Sprintf("list: no kind of %s", reflect.TypeFor[T]()))
}

// value is what a row of ent has in a column of text or of whole numbers: its field is named as the column is, without
// case and _. As text, a number is compared with the column's as a number, by both engines.
func value(row any, column string) string {
	name := strings.ReplaceAll(column, "_", "")
	field := reflect.ValueOf(row).Elem().FieldByNameFunc(func(s string) bool { return strings.EqualFold(s, name) })
	switch field.Kind() {
	case reflect.String:
		return field.String()
	case reflect.Int:
		return strconv.FormatInt(field.Int(), 10)
	default:
		panic(fmt.Sprintf("list: %T has no text or number %q", row, column))
	}
}

type connector[Q Query[Q, P, O, T], P, O ~func(*sql.Selector), T any] struct {
	order   Order
	binding string
	codec   cursor.Codec
	all     Q
	turn    *sync.Mutex // held while one of the questions below is being asked
}

func (c connector[Q, P, O, T]) position(argument string, text *string) (*cursor.Position, error) {
	if text == nil {
		return nil, nil
	}
	p, err := c.codec.Decode(c.binding, *text)
	if err != nil {
		return nil, apperr.At(argument, apperr.Invalid, "`%s` is not a cursor of this list with this filter and order", argument)
	}
	return &p, nil
}

func (c connector[Q, P, O, T]) positionOf(row *T) cursor.Position {
	p := cursor.Position{ID: value(row, "id")}
	if c.order.Column != "id" {
		p.Value = value(row, c.order.Column)
	}
	return p
}

// beyond is the predicate of the rows after a position: greater, or smaller when the way is down.
func (c connector[Q, P, O, T]) beyond(p cursor.Position, down bool) Predicate {
	past := sql.GT
	if down {
		past = sql.LT
	}
	return func(col scope.Column) *sql.Predicate {
		if c.order.Column == "id" {
			return past(col("id"), p.ID)
		}
		column := col(c.order.Column)
		return sql.Or(past(column, p.Value), sql.And(sql.EQ(column, p.Value), past(col("id"), p.ID)))
	}
}

func (c connector[Q, P, O, T]) by(down bool) []O {
	way := sql.Asc
	if down {
		way = sql.Desc
	}
	column := func(name string) O { return O(func(s *sql.Selector) { s.OrderBy(way(s.C(name))) }) }
	if c.order.Column == "id" {
		return []O{column("id")}
	}
	return []O{column(c.order.Column), column("id")}
}

// connection builds the answer. On the side the page was cut, more says whether the list goes on; on the other
// side the database is asked what lies beyond the page's end or, when it is empty, beyond the cursor.
func (c connector[Q, P, O, T]) connection(rows []*T, more, backwards bool, after, before *cursor.Position) *model.Connection[T] {
	out := &model.Connection[T]{Edges: make([]*model.Edge[T], len(rows)), Count: asked(c, Q.Count)}
	for i, row := range rows {
		out.Edges[i] = &model.Edge[T]{Node: row, Cursor: c.codec.Encode(c.binding, c.positionOf(row))}
	}
	info := &model.PageInfo{}
	previous, next := c.upTo(after, c.order.Desc), c.upTo(before, !c.order.Desc)
	if n := len(rows); n > 0 {
		previous, next = c.exist(c.beyond(c.positionOf(rows[0]), !c.order.Desc)), c.exist(c.beyond(c.positionOf(rows[n-1]), c.order.Desc))
		info.StartCursor, info.EndCursor = &out.Edges[0].Cursor, &out.Edges[n-1].Cursor
	}
	cut := func(context.Context) (bool, error) { return more, nil }
	info.Previous, info.Next = previous, cut
	if backwards {
		info.Previous, info.Next = cut, next
	}
	out.PageInfo = info
	return out
}

// upTo asks, for an empty page, whether the list has rows up to the cursor, its own row included; without a
// cursor there are none.
func (c connector[Q, P, O, T]) upTo(p *cursor.Position, down bool) func(context.Context) (bool, error) {
	if p == nil {
		return func(context.Context) (bool, error) { return false, nil }
	}
	past := c.beyond(*p, down)
	return c.exist(func(col scope.Column) *sql.Predicate { return sql.Not(past(col)) })
}

// exist asks whether the list has rows with a predicate.
func (c connector[Q, P, O, T]) exist(p Predicate) func(context.Context) (bool, error) {
	return asked(c, func(q Q, ctx context.Context) (bool, error) { return c.where(q, p).Exist(ctx) })
}

// asked puts a question about the whole list off until it is selected. The executor asks at once for all that was
// selected, and again for each alias. So each time a clone answers, for a query of ent runs only once; and one after
// the other, for clones share the queries they came from (a client's gifts, for his packages), which run with them.
func asked[Q Query[Q, P, O, T], P, O ~func(*sql.Selector), T, V any](
	c connector[Q, P, O, T], question func(Q, context.Context) (V, error),
) func(context.Context) (V, error) {
	return func(ctx context.Context) (V, error) {
		c.turn.Lock()
		defer c.turn.Unlock()
		return question(c.all.Clone(), ctx)
	}
}

func (c connector[Q, P, O, T]) where(q Q, p Predicate) Q {
	return q.Where(P(func(s *sql.Selector) { s.Where(p(s.C)) }))
}
