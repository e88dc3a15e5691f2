package plan

import (
	"context"
	"database/sql/driver"
	"errors"
	"slices"
	"sync"

	"github.com/appanage/appanage/internal/actor"
)

// Sizes of statements.
const (
	// chunk is the most parents one statement asks for. Engines take tens of thousands of arguments; a statement of a
	// thousand is already as cheap, for each row, as it gets.
	chunk = 512
	// most bounds the rows that are read in the hope to have all of every list.
	most = 4096
	// fewKeys is how many rows are judged by the closure table sooner than by a list of clients.
	fewKeys = 4
)

// run is one execution of a plan: fetch after fetch, then the answer. It is used again by others afterwards, so that
// a request allocates next to nothing.
type run struct {
	p     *Planner
	plan  *plan
	ctx   context.Context //nolint:containedctx // of the request, as the run is
	vars  map[string]any
	bound bound
	st    statement

	// arena has all rows as JSON, in segments: between two segments of a row there is a hole.
	arena  []byte
	out    []byte
	states []state
	wanted []any // the keys that the statement asks for

	// Of the fetch under way:
	f       *fetch
	s       *state
	parents *keyset
	known   bool // the scope is known without the database
	columns int  // of the row, before what is asked beside them
	seen    bool // the row at hand, by Kind.Sight
	read    int  // rows of this statement
	keyAt   int  // the column that says which parent the row is for
	flagged bool // the statement tells on which side of the cursors a row lies

	onRow, onTop, onChild, onWindow, onTarget, onPair, onCount, onAside func([]driver.Value) error
}

var runs = sync.Pool{New: func() any {
	x := &run{}
	x.onRow, x.onTop, x.onChild, x.onWindow = x.row, x.topRow, x.child, x.windowed
	x.onTarget, x.onPair, x.onCount, x.onAside = x.target, x.pair, x.count, x.aside
	return x
}}

// execute runs a plan for a caller. What it gives is the data of the answer. Any error means that the reference
// executor has to answer.
func (p *Planner) execute(ctx context.Context, pl *plan, a *actor.Actor, vars map[string]any) ([]byte, error) {
	x, _ := runs.Get().(*run)
	x.p, x.plan, x.ctx, x.vars = p, pl, ctx, vars
	x.bound.reset(a)
	x.known = a.Scope.All || len(a.Scope.Clients) > 0
	x.arena = x.arena[:0]
	data, err := x.answer()
	x.release()
	return data, err
}

// release gives the run back, without what it knows of the request. After a panic it is lost instead.
func (x *run) release() {
	x.p, x.plan, x.ctx, x.vars, x.out, x.f, x.s, x.parents = nil, nil, nil, nil, nil, nil, nil, nil
	x.bound.reset(nobody)
	clear(x.bound.clients[:cap(x.bound.clients)])
	clear(x.bound.above[:cap(x.bound.above)])
	clear(x.wanted[:cap(x.wanted)])
	clear(x.st.args[:cap(x.st.args)])
	for i := range x.states {
		s := &x.states[i]
		s.targets.reset()
		for j := range s.sets {
			s.sets[j].reset()
		}
		s.roots.reset()
		s.filter, s.after, s.before, s.key, s.arguments = clause{}, nil, nil, "", nil
	}
	if cap(x.arena) <= largeArena {
		runs.Put(x)
	}
}

const (
	// largeArena is what is not kept for the next run.
	largeArena = 4 << 20
	// mostArena bounds the answer under way, in bytes: the budget of rows does not know how long rows are.
	mostArena = 128 << 20
)

// errLarge is an answer beyond mostArena. Nobody else shall try it.
var errLarge = errors.New("plan: the answer is too large")

var nobody = actor.Nobody()

func (x *run) answer() ([]byte, error) {
	for len(x.states) < len(x.plan.fetches) {
		x.states = append(x.states, state{})
	}
	for _, f := range x.plan.fetches {
		if err := x.bind(f, &x.states[f.index]); err != nil {
			return nil, err
		}
	}
	for _, f := range x.plan.fetches {
		if err := x.fetch(f); err != nil {
			return nil, err
		}
	}
	return x.write()
}

// fetch reads the rows of one fetch, for all parents.
func (x *run) fetch(f *fetch) error {
	x.f, x.s, x.parents = f, &x.states[f.index], nil
	slots := 1
	switch {
	case f.parent != nil:
		x.parents = &x.states[f.parent.index].sets[f.parentAt]
	case f.by == byID:
		x.parents = &x.s.roots
	}
	if x.parents != nil {
		slots = len(x.parents.keys)
	}
	x.s.reset(f, slots, len(x.arena))
	x.columns = len(f.columns) + x.beside()
	if x.parents == nil {
		return x.root()
	}
	x.wanted = x.parents.asked(x.wanted[:0])
	for keys := range slices.Chunk(x.wanted, chunk) {
		if err := x.some(keys); err != nil {
			return err
		}
	}
	if f.join != nil {
		x.s.show(len(f.keys))
	}
	return nil
}

// some reads the rows for some of the parents.
func (x *run) some(keys []any) error {
	switch {
	case x.f.made != nil:
		return x.make(keys)
	case x.f.page == nil:
		return x.ones(keys)
	case !x.f.page.rows:
		return x.counts(keys)
	case x.f.join != nil:
		return x.many(keys)
	}
	return x.children(keys)
}

// beside is the number of columns that are asked beside the row's own: the sight, where only the database knows the
// scope, and the subqueries of computed fields.
func (x *run) beside() int {
	n := len(x.f.queries)
	if x.f.sight && !x.known {
		n++
	}
	return n
}

// selectRow writes the columns of a row.
func (x *run) selectRow() error {
	st := &x.st
	st.reset(&x.bound)
	st.add("SELECT ")
	for i, c := range x.f.columns {
		if i > 0 {
			st.add(", ")
		}
		st.add(column(c))
	}
	if x.columns == 0 {
		st.add("1")
	}
	if x.f.sight && !x.known {
		c, err := x.p.sighted(x.f.kind, x.st.shape)
		if err != nil {
			return err
		}
		x.expression(c)
	}
	for _, q := range x.f.queries {
		c, err := x.p.known(x.f.kind, q.field, x.st.shape)
		if err != nil {
			return err
		}
		x.expression(c)
	}
	return nil
}

func (x *run) expression(c *clause) {
	x.st.add(", (")
	x.st.clause(c)
	x.st.add(")")
}

// query runs the statement written.
func (x *run) query(columns int, f func([]driver.Value) error) error {
	x.read = 0
	return x.p.read(x.ctx, x.f, x.st.text, x.st.args, max(columns, 1), f)
}

// ones reads rows by their ids.
func (x *run) ones(keys []any) error {
	if err := x.selectRow(); err != nil {
		return err
	}
	if len(keys) <= fewKeys {
		x.st.few()
	}
	rule := toReach
	switch {
	case x.f.shown:
		rule = toFollow
	case x.listed(keys):
		rule = toList
	}
	if err := x.st.from(x.p, x.f, rule); err != nil {
		return err
	}
	x.st.in(column("id"), keys)
	x.keyAt = x.f.byColumn
	return x.query(x.columns, x.onRow)
}

// listed tells that lists would hold all these rows: clients in a scope that is known. The rule of lists, which is
// short, then says of them what the longer one of reaching would.
func (x *run) listed(keys []any) bool {
	sight := x.f.kind.Sight
	if sight == nil || !sight.Listed || !x.known {
		return false
	}
	for _, k := range keys {
		if !x.inScope(k) {
			return false
		}
	}
	return true
}

// row takes a row that is the only one for its key.
func (x *run) row(row []driver.Value) error {
	slot := x.parents.find(row[x.keyAt])
	if slot < 0 {
		return nil
	}
	x.s.spans[slot] = span{first: x.s.rows, n: 1}
	return x.render(row)
}

// lists is which rows the list below a parent holds.
func (x *run) lists() use {
	if x.f.reached && !x.s.inSight {
		return toReach
	}
	return toList
}

// conditions of the page: the filter's, or those of an absent one.
func (x *run) conditions() *clause {
	if x.f.page.filter != nil {
		return &x.s.filter
	}
	return &x.f.page.conditions
}

// counts reads how long lists are, where nothing else of them is asked.
func (x *run) counts(keys []any) error {
	x.st.reset(&x.bound)
	parent := x.parentColumn()
	x.st.add("SELECT ", parent, ", COUNT(*)")
	if err := x.fromChildren(keys); err != nil {
		return err
	}
	x.st.add(" GROUP BY ", parent)
	return x.query(2, x.onCount)
}

func (x *run) count(row []driver.Value) error {
	if slot := x.parents.find(row[0]); slot >= 0 {
		n, err := number(row[1])
		x.s.spans[slot].total = n
		return err
	}
	return nil
}

// parentColumn is the column that ties children to their parents.
func (x *run) parentColumn() string {
	if x.f.join != nil {
		return "`j`.`" + x.f.join.From + "`"
	}
	return column(x.f.columns[x.f.byColumn])
}

// fromChildren writes everything after the columns, up to the order, of a statement over the children of some parents.
func (x *run) fromChildren(keys []any) error {
	var err error
	if x.f.join != nil {
		err = x.st.fromPairs(x.p, x.f, x.lists())
	} else {
		err = x.st.from(x.p, x.f, toList)
	}
	if err != nil {
		return err
	}
	x.st.where(x.conditions())
	x.st.in(x.parentColumn(), keys)
	return nil
}
