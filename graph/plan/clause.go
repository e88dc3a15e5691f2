package plan

import (
	"database/sql/driver"
	"fmt"
	"slices"
	"strings"
	"time"

	"entgo.io/ent/dialect/sql"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/scope"
)

// clause is a piece of SQL, and where its arguments come from. The zero clause says nothing: every row.
type clause struct {
	text string
	args []argument
}

// argument is a value, or what of the caller takes its place when the statement runs.
type argument struct {
	of    source
	at    int // of client and above: which one
	value driver.Value
}

type source uint8

const (
	constant source = iota
	client          // the at-th client of the scope
	above           // the at-th client above the caller's
	root            // the client whose scope it is
	self            // the caller's client
	user
	membership
	session
	now
)

// shape is what of a caller the text of a scope rule depends on; the rest goes into its arguments. A rule may look at
// nothing else of the actor to decide what to write: it is rendered once for each shape, with a stand-in whose
// values are recognised among the arguments afterwards.
type shape struct {
	all            bool
	clients, above int
}

// steps are the lengths that lists of clients are padded to (with their last one again), so that there are few shapes.
var steps = [...]int{0, 1, 2, 3, 4, 6, 8, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 160, 192, 256, 320, 512}

func step(n int) int {
	if i, _ := slices.BinarySearch(steps[:], n); i < len(steps) {
		return steps[i]
	}
	return n
}

// stepAbove is step for the clients above, whose list is short and stands in one rule only.
func stepAbove(n int) int {
	if n == 0 {
		return 0
	}
	return max(4, step(n))
}

func shapeOf(a *actor.Actor) shape {
	if a.Scope.All {
		return shape{all: true, above: stepAbove(len(a.Scope.Above))}
	}
	return shape{clients: step(len(a.Scope.Clients)), above: stepAbove(len(a.Scope.Above))}
}

// standIn is an actor of a shape. Each of its values is found nowhere else.
func (s shape) standIn() *actor.Actor {
	a := actor.Actor{User: "\x00user", Client: "\x00self", Session: "\x00session", Scope: actor.Scope{All: s.all, Root: "\x00root"}}
	for i := range s.clients {
		a.Scope.Clients = append(a.Scope.Clients, oid.Client(fmt.Sprintf("\x00client %d", i)))
	}
	for i := range s.above {
		a.Scope.Above = append(a.Scope.Above, oid.Client(fmt.Sprintf("\x00above %d", i)))
	}
	return actor.New(a, nil, standInNow)
}

var standInNow = time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC)

// recognise finds out which value of the stand-in an argument is.
func recognise(v any) (argument, error) {
	if t, ok := v.(time.Time); ok && t.Equal(standInNow) {
		return argument{of: now}, nil
	}
	value, err := driver.DefaultParameterConverter.ConvertValue(v)
	if err != nil {
		return argument{}, fmt.Errorf("plan: an argument of type %T: %w", v, err)
	}
	s, ok := value.(string)
	if !ok || !strings.HasPrefix(s, "\x00") {
		return argument{value: value}, nil
	}
	var at int
	switch {
	case scan(s, "\x00client %d", &at):
		return argument{of: client, at: at}, nil
	case scan(s, "\x00above %d", &at):
		return argument{of: above, at: at}, nil
	}
	of, ok := map[string]source{"\x00user": user, "\x00self": self, "\x00session": session, "\x00root": root}[s]
	if !ok {
		return argument{}, fmt.Errorf("plan: an argument that no actor gave: %q", s)
	}
	return argument{of: of}, nil
}

func scan(s, format string, at *int) bool {
	n, err := fmt.Sscanf(s, format, at)
	return n == 1 && err == nil
}

// queried is what ent's builders of predicates and selects have in common.
type queried interface {
	SetDialect(dialect string)
	Query() (string, []any)
}

// render writes down a predicate or a select.
func render(dialect string, q queried) (clause, error) {
	q.SetDialect(dialect)
	text, values := q.Query()
	c := clause{text: text, args: make([]argument, len(values))}
	for i, v := range values {
		var err error
		if c.args[i], err = recognise(v); err != nil {
			return clause{}, err
		}
	}
	return c, nil
}

// alias is the name that every statement gives the table of its rows.
const alias = "t"

// column is a column of those rows.
func column(name string) string { return "`" + alias + "`.`" + name + "`" }

// use tells apart the clauses of one kind.
type use uint8

const (
	toReach  use = iota // rows that can be reached at all
	toList              // rows that lists hold
	toFind              // candidates for them
	toPick              // which candidates are listed
	toFollow            // rows that are shown with others
	inSight             // the condition of Kind.Sight
	toKnow              // the subquery of a computed field
)

// clauseKey names a clause that depends on the caller's shape only.
type clauseKey struct {
	kind  string // SDL kind, or ent type of a join
	use   use
	field string
	shape shape
}

// clauseFor gives the clause of a rule for callers of a shape, rendered once. There are some tens of shapes.
func (p *Planner) clauseFor(key clauseKey, rule func(a *actor.Actor) queried) (*clause, error) {
	if known, ok := p.clauses.Load(key); ok {
		return known.(*clause), nil //nolint:forcetypeassert // this function alone stores
	}
	c := new(clause)
	if q := rule(key.shape.standIn()); q != nil {
		rendered, err := render(p.dialect, q)
		if err != nil {
			return nil, fmt.Errorf("plan: the rule of %s: %w", key.kind, err)
		}
		*c = rendered
	}
	p.clauses.Store(key, c)
	return c, nil
}

// scoped is the clause that every statement over a kind begins with.
func (p *Planner) scoped(k *Kind, u use, s shape) (*clause, error) {
	return p.clauseFor(clauseKey{kind: k.Name, use: u, shape: s}, func(a *actor.Actor) queried {
		switch u {
		case toReach:
			return orNil(k.Scope.ReadBy(a, column))
		case toFollow:
			return nil
		case toPick:
			return orNil(k.Scope.AmongBy(a, column))
		}
		return orNil(k.Scope.ListBy(a, column))
	})
}

// candidates is the union of the selects that a list over everything in sight begins with; empty where it begins with
// the table.
func (p *Planner) candidates(k *Kind, s shape) (*clause, error) {
	return p.clauseFor(clauseKey{kind: k.Name, use: toFind, shape: s}, func(a *actor.Actor) queried {
		if k.Scope.Candidates == nil || s.all || s.clients == 0 {
			return nil
		}
		all := k.Scope.Candidates(a)
		for _, more := range all[1:] {
			all[0].Union(more)
		}
		return all[0]
	})
}

// joined is the clause over the pairs of a join table that has a scope of its own.
func (p *Planner) joined(j Join, s shape) (*clause, error) {
	if j.Ent == "" {
		return new(clause), nil
	}
	return p.clauseFor(clauseKey{kind: j.Ent, use: toReach, field: "j", shape: s}, func(a *actor.Actor) queried {
		return orNil(p.table.Joins[j.Ent].ReadBy(a, func(name string) string { return "`j`.`" + name + "`" }))
	})
}

// sighted is the condition of a kind's sight, as SQL: for scopes that only the database knows.
func (p *Planner) sighted(k *Kind, s shape) (*clause, error) {
	return p.clauseFor(clauseKey{kind: k.Name, use: inSight, shape: s}, func(a *actor.Actor) queried {
		return orNil(scope.In(a, column(k.Sight.Client)))
	})
}

// known is the subquery of a computed field.
func (p *Planner) known(k *Kind, field string, s shape) (*clause, error) {
	return p.clauseFor(clauseKey{kind: k.Name, use: toKnow, field: field, shape: s}, func(a *actor.Actor) queried {
		return k.Computed[field].Query(a, column)
	})
}

func orNil(p *sql.Predicate) queried {
	if p == nil {
		return nil
	}
	return p
}
