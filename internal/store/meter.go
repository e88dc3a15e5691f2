package store

import (
	"context"
	"math"
	"sync"
	"sync/atomic"

	"github.com/appanage/appanage/internal/apperr"
)

// Counter counts what runs under its context: for tests of "one statement for each edge", and for the log.
type Counter struct {
	statements, rows atomic.Int64

	mu    sync.Mutex
	keep  bool
	texts []string
}

type (
	counterKey struct{}
	budgetKey  struct{}
)

// WithCounter counts the statements and rows of everything below this context. Begin, commit and rollback are
// not counted.
func WithCounter(ctx context.Context) (context.Context, *Counter) {
	c := new(Counter)
	return context.WithValue(ctx, counterKey{}, c), c
}

// KeepTexts makes the counter keep the text of every statement from now on.
func (c *Counter) KeepTexts() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keep = true
}

// Statements is the number of statements begun.
func (c *Counter) Statements() int { return int(c.statements.Load()) }

// Rows is the number of rows read.
func (c *Counter) Rows() int { return int(c.rows.Load()) }

// Texts lists the kept statements in the order they began.
func (c *Counter) Texts() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.texts...)
}

func (c *Counter) statement(text string) {
	c.statements.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.keep {
		c.texts = append(c.texts, text)
	}
}

// WithRowBudget caps the rows that everything below this context reads, all statements together. The row
// beyond it ends its iteration with the error TOO_COSTLY.
func WithRowBudget(ctx context.Context, most int) context.Context {
	b := &budget{most: int64(most)}
	b.Store(b.most)
	return context.WithValue(ctx, budgetKey{}, b)
}

// budget is what is left of the rows that may be read.
type budget struct {
	atomic.Int64
	most int64
}

func budgetOf(ctx context.Context) *budget {
	b, _ := ctx.Value(budgetKey{}).(*budget)
	return b
}

// RowsLeft is what the row budget of the context still allows; without one, there is no bound.
func RowsLeft(ctx context.Context) int64 {
	if b := budgetOf(ctx); b != nil {
		return b.Load()
	}
	return math.MaxInt64
}

// RefundRows gives rows back to the budget of the context: they were read to save statements, and another way would not
// have read them.
func RefundRows(ctx context.Context, n int) {
	if b := budgetOf(ctx); b != nil {
		b.Add(int64(n))
	}
}

// RenewRows gives the context its whole row budget again: what was read counts for nothing, and all begins anew.
func RenewRows(ctx context.Context) {
	if b := budgetOf(ctx); b != nil {
		b.Store(b.most)
	}
}

// SpendRows uses up the row budget of the context, if it has one: whatever reads below it from now on is refused with
// TOO_COSTLY.
func SpendRows(ctx context.Context) {
	if b := budgetOf(ctx); b != nil {
		b.Store(0)
	}
}

// meter is what of a context looks at the rows of a query; both parts may be nil.
type meter struct {
	counter *Counter
	budget  *budget
}

// measure notes a statement and gives the meter for its rows.
func measure(ctx context.Context, statement string) meter {
	var m meter
	m.counter, _ = ctx.Value(counterKey{}).(*Counter)
	m.budget = budgetOf(ctx)
	if m.counter != nil {
		m.counter.statement(statement)
	}
	return m
}

func (m meter) row() error {
	if m.counter != nil {
		m.counter.rows.Add(1)
	}
	if m.budget != nil && m.budget.Add(-1) < 0 {
		return apperr.New(apperr.TooCostly, "the request reads too many rows; ask for less")
	}
	return nil
}
