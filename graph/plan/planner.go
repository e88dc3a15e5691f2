package plan

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"entgo.io/ent/dialect/sql"
	"github.com/99designs/gqlgen/graphql"
	"github.com/maypok86/otter/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/appanage/appanage/graph/cursor"
	"github.com/appanage/appanage/graph/list"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/store"
)

// Planner answers queries by compiled plans. It wraps the executable schema of the reference executor, to which it
// leaves what it does not plan, and the wording of every error.
type Planner struct {
	graphql.ExecutableSchema

	db       *store.DB
	dialect  string
	cursors  cursor.Codec
	sdl      *ast.Schema
	table    *Table
	metrics  *metrics
	standard func() (prepared, error) // made once

	clauses    sync.Map // clauseKey → *clause
	operations *otter.Cache[*ast.OperationDefinition, *operation]
	plans      *otter.Cache[planKey, *compiled]
}

// Options are what New needs beside the schema it wraps.
type Options struct {
	DB       *store.DB
	Cursors  cursor.Codec
	Registry *prometheus.Registry
	// Alter, when set, changes the table before it is used: for tests that break it on purpose.
	Alter func(*Table)
}

// New wraps an executable schema. A kind without a scope rule is an error.
func New(schema graphql.ExecutableSchema, o Options) (*Planner, error) {
	table, err := NewTable(schema.Schema())
	if err != nil {
		return nil, err
	}
	if o.Alter != nil {
		o.Alter(table)
	}
	for _, k := range table.Kinds {
		if err := k.check(); err != nil {
			return nil, err
		}
	}
	p := &Planner{
		ExecutableSchema: schema, db: o.DB, dialect: string(o.DB.Engine()), cursors: o.Cursors, sdl: schema.Schema(),
		table: table, metrics: newMetrics(o.Registry),
	}
	if err := p.makeCaches(); err != nil {
		return nil, err
	}
	p.standard = sync.OnceValues(p.prepare)
	go func() { _, _ = p.standard() }() // whoever asks for it hears of an error
	return p, nil
}

// Bounds of the caches. Operations weigh the text of the document they stand in, as the cache of documents has it; plans
// weigh about their bytes in memory, with those of the document, which they keep. Documents asked for once do not push
// out those in use.
const (
	operationsTotal = 128 << 10
	plansTotal      = 8 << 20
	perByte         = 64 // bytes in memory for a byte of text
)

func (p *Planner) makeCaches() (err error) {
	p.operations, err = otter.New(&otter.Options[*ast.OperationDefinition, *operation]{
		MaximumWeight: operationsTotal,
		Weigher:       func(o *ast.OperationDefinition, _ *operation) uint32 { return lengthOf(o) },
	})
	if err != nil {
		return fmt.Errorf("plan: make the cache of operations: %w", err)
	}
	p.plans, err = otter.New(&otter.Options[planKey, *compiled]{
		MaximumWeight: plansTotal,
		Weigher:       func(k planKey, c *compiled) uint32 { return c.weight + uint32(len(k.shape)) },
	})
	if err != nil {
		return fmt.Errorf("plan: make the cache of plans: %w", err)
	}
	return nil
}

func lengthOf(o *ast.OperationDefinition) uint32 {
	if o.Position == nil || o.Position.Src == nil {
		return 1 << 10
	}
	return uint32(min(len(o.Position.Src.Input)+64, math.MaxInt32/perByte))
}

// operation is what is known of one before its variables are.
type operation struct{ facets []facet }

// planKey names a plan: an operation, and what of the request changes its shape. The parser's documents are cached, so
// that the same text gives the same pointer.
type planKey struct {
	operation *ast.OperationDefinition
	signedIn  bool
	shape     string
}

// compiled is a plan, or the data that always answers, or why there is neither.
type compiled struct {
	plan    *plan
	data    []byte
	refused refusal
	weight  uint32
}

// The reasons known when an operation is run.
const (
	refusedVariables refusal = "variables"
	refusedActor     refusal = "actor"
	refusedAuthority refusal = "authority"
	refusedInput     refusal = "input"
	refusedNull      refusal = "null"
	refusedSize      refusal = "size"
	refusedDatabase  refusal = "database"
	refusedCancelled refusal = "cancelled"
)

// Exec implements graphql.ExecutableSchema.
func (p *Planner) Exec(ctx context.Context) graphql.ResponseHandler {
	oc := graphql.GetOperationContext(ctx)
	if oc.Operation.Operation != ast.Query {
		return p.ExecutableSchema.Exec(ctx)
	}
	found, err := p.find(ctx, oc)
	if err != nil {
		return p.refuse(ctx, err)
	}
	if found.data != nil {
		p.metrics.planned.Inc()
		return graphql.OneShot(&graphql.Response{Data: found.data})
	}
	pl, done := found.plan, false
	return func(ctx context.Context) *graphql.Response {
		if done {
			return nil
		}
		done = true
		reading := ctx
		if pl.single {
			reading = store.Alone(ctx)
		}
		data, err := p.execute(reading, pl, actor.From(ctx), oc.Variables)
		if err != nil {
			p.settle(ctx, err)
			return p.refuse(ctx, err)(ctx)
		}
		p.metrics.planned.Inc()
		return &graphql.Response{Data: data}
	}
}

// settle has the reference executor begin with the whole budget of rows, but for an answer that is too large: it would
// read the same again, and more.
func (p *Planner) settle(ctx context.Context, err error) {
	tooCostly, ok := apperr.As(err)
	switch {
	case errors.Is(err, errLarge):
		store.SpendRows(ctx)
	case !ok || tooCostly.Code != apperr.TooCostly:
		store.RenewRows(ctx)
	}
}

// refuse leaves an operation to the reference executor.
func (p *Planner) refuse(ctx context.Context, err error) graphql.ResponseHandler {
	p.metrics.refused(reason(ctx, err))
	return p.ExecutableSchema.Exec(ctx)
}

func reason(ctx context.Context, err error) refusal {
	refused, ok := errors.AsType[refusedError](err)
	switch {
	case ok:
		return refused.refusal
	case errors.Is(err, errInput):
		return refusedInput
	case errors.Is(err, errLarge):
		return refusedSize
	case errors.Is(err, errNull), errors.Is(err, errMissing):
		return refusedNull
	case ctx.Err() != nil:
		return refusedCancelled
	}
	return refusedDatabase
}

// find gives the plan of an operation for a caller, compiling it where it is new.
func (p *Planner) find(ctx context.Context, oc *graphql.OperationContext) (*compiled, error) {
	a := actor.From(ctx)
	if a == nil || a.IsSystem() {
		return nil, refuse(refusedActor)
	}
	op, ok := p.operations.GetIfPresent(oc.Operation)
	if !ok {
		op = &operation{facets(oc.Doc, oc.Operation)}
		p.operations.Set(oc.Operation, op)
	}
	key := planKey{operation: oc.Operation, signedIn: a.SignedIn()}
	if len(op.facets) > 0 {
		var space [128]byte
		shape, ok := appendFacets(space[:0], op.facets, oc.Variables)
		if !ok {
			return nil, refuse(refusedVariables)
		}
		key.shape = string(shape)
	}
	c, ok := p.plans.GetIfPresent(key)
	if !ok {
		c = p.compiled(ctx, oc, a)
		p.plans.Set(key, c)
	}
	switch {
	case c.data != nil:
		return c, nil
	case c.plan == nil:
		return nil, refuse(c.refused)
	case len(c.plan.fetches) > 0 && !a.SignedIn():
		return nil, refuse(refusedActor)
	}
	for _, authority := range c.plan.authorities {
		if !a.Has(authority) {
			return nil, refuse(refusedAuthority)
		}
	}
	return c, nil
}

func (p *Planner) compiled(ctx context.Context, oc *graphql.OperationContext, a *actor.Actor) *compiled {
	if c, err := p.introspection(ctx, oc); c != nil || err != nil {
		if err != nil {
			return &compiled{refused: refusedIntrospection, weight: perByte * lengthOf(oc.Operation)}
		}
		return c
	}
	pl, err := p.compile(oc.Doc, oc.Operation, oc.Variables, a.SignedIn())
	if err != nil {
		r := refusedValue
		if refused, ok := errors.AsType[refusedError](err); ok {
			r = refused.refusal
		}
		return &compiled{refused: r, weight: perByte * lengthOf(oc.Operation)}
	}
	return &compiled{plan: pl, weight: pl.weigh() + perByte*lengthOf(oc.Operation)}
}

// weigh is a plan's size in memory, roughly.
func (pl *plan) weigh() uint32 {
	n := 512 + len(pl.root.ops)*128
	for _, f := range pl.fetches {
		n += 1024 + len(f.columns)*64
		for _, program := range f.programs {
			n += 256 + len(program.ops)*128
		}
	}
	return uint32(n)
}

// conditions renders the predicates of a filter for any caller.
func (p *Planner) conditions(predicates []list.Predicate) (clause, error) {
	if len(predicates) == 0 {
		return clause{}, nil
	}
	all := make([]*sql.Predicate, len(predicates))
	for i, predicate := range predicates {
		all[i] = predicate(column)
	}
	return render(p.dialect, sql.And(all...))
}

// read runs one statement of a fetch.
func (p *Planner) read(ctx context.Context, f *fetch, text []byte, args []any, columns int, row func([]driver.Value) error) error {
	start := time.Now()
	ctx, end := traced(ctx, f)
	err := p.db.Read(ctx, string(text), args, columns, row)
	end(err)
	f.observer.Observe(time.Since(start).Seconds())
	return err
}
