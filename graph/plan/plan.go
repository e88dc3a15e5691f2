package plan

import (
	"context"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/appanage/appanage/graph/list"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// plan is a compiled operation: what to read, and how to write the answer. It holds no values of a request and no
// caller, and is shared by all.
type plan struct {
	// authorities must all be the caller's; who lacks one gets his errors from the reference.
	authorities []string
	fetches     []*fetch // parents before children
	root        program
	// single is set when the plan runs one statement at most: it needs no snapshot.
	single bool
	// largest is the length of the longest answer so far: the next one begins with as much room.
	largest atomic.Int64
}

// access is the way a fetch finds its rows.
type access uint8

const (
	byID     access = iota // by ids: of the arguments, of the caller, or those that parents' rows keep
	byCode                 // by a code among the arguments
	byParent               // by the parents' ids, which the rows keep or a join table ties them to
	listed                 // all that a root list holds
	making                 // they are made: Made
)

// fetch reads the rows of one edge, or of one root field, for all parents at once.
type fetch struct {
	index    int
	name     string // "Application.urls", for spans, metrics and logs
	kind     *Kind
	by       access
	parent   *fetch
	parentAt int // which of the parent's keys these rows hang on
	join     *Join
	argument *ast.Value // of a root field: id, ids or code
	// Of a made list: what makes it, and its arguments.
	made      func(context.Context, *store.DB, []string, map[string]any) (map[string][]MadeRow, error)
	arguments ast.ArgumentList
	of        source   // of a root row that the caller himself names; else constant
	want      oid.Kind // the kind that ids of the argument must be of

	columns  []string  // columns of the rows, in the order of the SELECT
	byColumn int       // the one that says which parent or which key a row is for
	keys     []int     // those whose values children hang on
	sight    bool      // Kind.Sight is asked
	sightAt  [2]int    // columns of the sight: the client's and oneself's
	queries  []*lookup // subqueries of computed fields
	programs []*program
	segments int // of all programs of one row
	page     *page
	shown    bool // to whoever sees the parents: scope.Kind.Shows
	reached  bool // Edge.Reached
	// hidesKeys: nothing hangs on a row without sight.
	hidesKeys bool
	// hopeless counts the executions that will not try to read whole lists, for they were long.
	hopeless atomic.Int32
	observer prometheus.Observer // of how long its statements take
}

// lookup is the subquery of a computed field.
type lookup struct{ field string }

// page is the arguments of a connection, and what of it was selected.
type page struct {
	first, after, last, before, filter *ast.Value

	order      list.Order
	conditions clause // of an absent filter
	key        string // what cursors are bound to, with an absent filter
	position   int    // the program that writes a row's place in the list; -1 for none
	rows       bool   // rows are selected, or pageInfo, which needs them
	total      bool   // totalCount is
	next       bool   // hasNextPage is
	previous   bool   // hasPreviousPage is
}

// asks tells whether something lies on the near side of the cursor at which the page begins, which its own statement
// cannot see, is asked at all.
func (p *page) asks(backwards bool) bool {
	if backwards {
		return p.next && p.before != nil
	}
	return p.previous && p.after != nil
}

// program writes one row, or the connection around rows. Its holes are filled when all rows have been read; what
// lies between them is written at once.
type program struct {
	ops     []op
	tail    string
	holes   []*hole
	segment int // the first of its segments among those of its fetch
}

// op writes literal text, then something.
type op struct {
	literal  string
	code     opcode
	at       int // of the column, the hole, or the computed field's subquery (-1 for none)
	column   *Column
	computed *Computed
	from     []int // columns that a computed field is made from
	hidden   bool  // null without sight
}

type opcode uint8

const (
	opColumn opcode = iota
	opComputed
	opHole
	opRaw         // a column as it is, and an end of a segment: half of a position
	opAuthorities // the caller's, sorted
)

// hole is what is put into a program's place when all has been read.
type hole struct {
	code     holecode
	fetch    *fetch
	program  int        // of the fetch: how its rows are written
	parts    []part     // of a connection
	tail     string     // of a connection
	variants []variant  // of nodes: for each kind
	ids      *ast.Value // of nodes
	required bool       // the object must be there
}

// variant is how nodes writes the objects of one kind.
type variant struct {
	kind    oid.Kind
	fetch   *fetch
	program int
}

type holecode uint8

const (
	holeOne        holecode = iota // one row, or null
	holeConnection                 // a connection
	holeCursor                     // the cursor of the row itself
	holeNodes                      // rows of several kinds
	holeList                       // a made list, or null
)

// part is literal text of a connection, then something of it.
type part struct {
	literal string
	code    partcode
	program int
}

type partcode uint8

const (
	partRows partcode = iota
	partTotal
	partNext
	partPrevious
	partStart
	partEnd
)

// column makes sure that a column is read, and says where.
func (f *fetch) column(name string) int {
	for i, c := range f.columns {
		if c == name {
			return i
		}
	}
	f.columns = append(f.columns, name)
	return len(f.columns) - 1
}

// key makes sure that children can hang on a column's values.
func (f *fetch) key(name string) int {
	c := f.column(name)
	for i, k := range f.keys {
		if k == c {
			return i
		}
	}
	f.keys = append(f.keys, c)
	return len(f.keys) - 1
}

// lookup makes sure that a computed field's subquery is asked, and says which one it is.
func (f *fetch) lookup(field string) int {
	for i, q := range f.queries {
		if q.field == field {
			return i
		}
	}
	f.queries = append(f.queries, &lookup{field})
	return len(f.queries) - 1
}

// see makes sure that the kind's sight is asked.
func (f *fetch) see() {
	if f.sight {
		return
	}
	f.sight = true
	f.sightAt = [2]int{f.column(f.kind.Sight.Client), -1}
	if self := f.kind.Sight.Self; self != "" {
		f.sightAt[1] = f.column(self)
	}
}
