package plan

import (
	"strconv"

	"entgo.io/ent/dialect"

	"github.com/appanage/appanage/graph/cursor"
	"github.com/appanage/appanage/internal/actor"
)

// statement is one SQL statement being written, with its arguments.
type statement struct {
	text   []byte
	args   []any
	bound  *bound
	wheres int
	shape  shape // of the caller, as this statement writes it
}

// bound is the caller as arguments of statements.
type bound struct {
	actor *actor.Actor
	shape shape
	// clients and above are boxed once for a plan, for they come again with every statement.
	clients, above []any
	now            any
}

func (b *bound) reset(a *actor.Actor) {
	b.actor, b.shape = a, shapeOf(a)
	b.clients, b.above, b.now = b.clients[:0], b.above[:0], nil
}

// value is what takes an argument's place.
func (b *bound) value(a *argument) any {
	switch a.of {
	case client:
		if len(b.clients) == 0 {
			for _, c := range b.actor.Scope.Clients {
				b.clients = append(b.clients, string(c))
			}
		}
		return b.clients[min(a.at, len(b.clients)-1)]
	case above:
		if len(b.above) == 0 {
			for _, c := range b.actor.Scope.Above {
				b.above = append(b.above, string(c))
			}
		}
		return b.above[min(a.at, len(b.above)-1)]
	case now:
		if b.now == nil {
			b.now = b.actor.Now()
		}
		return b.now
	case root:
		return string(b.actor.Scope.Root)
	case self:
		return string(b.actor.Client)
	case user:
		return string(b.actor.User)
	case session:
		return string(b.actor.Session)
	case membership:
		return string(b.actor.Membership)
	}
	return a.value
}

func (s *statement) reset(b *bound) {
	clear(s.args)
	s.text, s.args, s.bound, s.wheres, s.shape = s.text[:0], s.args[:0], b, 0, b.shape
}

// few has the scope asked of the closure table, even where it could be bound as constants: for few rows looking them up
// there is cheaper than binding all clients.
func (s *statement) few() { s.shape.clients = 0 }

func (s *statement) add(parts ...string) {
	for _, p := range parts {
		s.text = append(s.text, p...)
	}
}

// clause adds a clause where one stands for a value or a condition.
func (s *statement) clause(c *clause) {
	s.text = append(s.text, c.text...)
	for i := range c.args {
		s.args = append(s.args, s.bound.value(&c.args[i]))
	}
}

// and begins a further condition: the word that joins it to the one before.
func (s *statement) and() {
	if s.wheres == 0 {
		s.add(" WHERE ")
	} else {
		s.add(" AND ")
	}
	s.wheres++
}

// where adds a clause as a condition; an empty one is no condition.
func (s *statement) where(c *clause) {
	if c.text == "" {
		return
	}
	s.and()
	s.add("(")
	s.clause(c)
	s.add(")")
}

// judge adds a clause as a condition on rows that something else finds.
func (s *statement) judge(c *clause) {
	if c.text == "" {
		return
	}
	s.and()
	s.add("(")
	s.clause(c)
	s.add(") IS TRUE")
}

// in adds the condition that a column is one of some values, at least one. Lists are padded with their last value, so
// that the same few texts come again and again.
func (s *statement) in(column string, values []any) {
	s.and()
	s.add(column)
	if len(values) == 1 {
		s.add(" = ?")
		s.args = append(s.args, values[0])
		return
	}
	s.add(" IN (?")
	n := padded(len(values))
	for range n - 1 {
		s.add(",?")
	}
	s.add(")")
	s.args = append(s.args, values...)
	for range n - len(values) {
		s.args = append(s.args, values[len(values)-1])
	}
}

// padded is the length that a list of n values gets in a statement.
func padded(n int) int {
	switch {
	case n <= 4:
		return n
	case n <= 64:
		return (n + 7) / 8 * 8
	}
	return (n + 63) / 64 * 64
}

// from begins what every statement of the planner is made around: the table, and the scope of the caller on it.
// Nothing else in this package names a kind's table, so that no statement can be written without the scope.
//
// Where rows are found by their ids or by their parents, the scope must only judge them: as an operand of IS TRUE no
// engine takes it for the way to find them.
func (s *statement) from(p *Planner, f *fetch, u use) error {
	c, err := p.scoped(f.kind, u, s.shape)
	if err != nil {
		return err
	}
	s.add(" FROM `", f.kind.Table, "` AS `", alias, "`")
	s.wheres = 0
	s.judge(c)
	return nil
}

// fromAll is from for a list over everything in sight. Where it begins with candidates, the scope judges those.
func (s *statement) fromAll(p *Planner, f *fetch) error {
	some, err := p.candidates(f.kind, s.shape)
	if err != nil {
		return err
	}
	u := toPick
	if some.text == "" {
		u = toList
	}
	c, err := p.scoped(f.kind, u, s.shape)
	if err != nil {
		return err
	}
	s.wheres = 0
	if some.text == "" {
		s.add(" FROM `", f.kind.Table, "` AS `", alias, "`")
		s.where(c)
		return nil
	}
	// The join's order is written down: begun with the table, it would be the walk through the platform again.
	join := " CROSS JOIN "
	if p.dialect == dialect.MySQL {
		join = " STRAIGHT_JOIN "
	}
	s.add(" FROM (")
	s.clause(some)
	s.add(") AS `some`", join, "`", f.kind.Table, "` AS `", alias, "` ON ", column("id"), " = `some`.`id`")
	s.judge(c)
	return nil
}

// paired adds the condition of a join table.
func (s *statement) paired(j *Join) {
	if j.Where != "" {
		s.and()
		s.add(j.Where)
	}
}

// fromPairs is from through a join table, whose rows may have a scope of their own.
func (s *statement) fromPairs(p *Planner, f *fetch, u use) error {
	own, err := p.scoped(f.kind, u, s.shape)
	if err != nil {
		return err
	}
	pairs, err := p.joined(*f.join, s.shape)
	if err != nil {
		return err
	}
	s.add(" FROM `", f.join.Table, "` AS `j` JOIN `", f.kind.Table, "` AS `", alias, "` ON ", column("id"), " = `j`.`", f.join.To, "`")
	s.wheres = 0
	s.judge(own)
	s.judge(pairs)
	s.paired(f.join)
	return nil
}

// boundary is a cursor as a condition on rows.
type boundary struct {
	position cursor.Position
	column   string // of the order; "id" for creation
	down     bool   // towards smaller values
}

// beyond adds the condition of the rows that lie past a boundary, in the direction of its way. What the index can
// use stands first: both engines find the place by it.
func (s *statement) beyond(b *boundary, past bool) {
	strict, weak := ">", ">="
	if b.down != !past {
		strict, weak = "<", "<="
	}
	last := strict
	if !past {
		last = weak // the rows up to the boundary, its own included
	}
	if b.column == "id" {
		s.add(column("id"), " ", last, " ?")
		s.args = append(s.args, b.position.ID)
		return
	}
	c := column(b.column)
	s.add(c, " ", weak, " ? AND (", c, " ", strict, " ? OR ", column("id"), " ", last, " ?)")
	s.args = append(s.args, b.position.Value, b.position.Value, b.position.ID)
}

// orderBy writes the order of a list, reversed for its end.
func (s *statement) orderBy(pg *page, backwards bool, first string) {
	s.add(" ORDER BY ")
	if first != "" {
		s.add(first, ", ")
	}
	s.order(pg, backwards)
}

func (s *statement) order(pg *page, backwards bool) {
	way := ""
	if pg.order.Desc != backwards {
		way = " DESC"
	}
	if c := pg.order.Column; c != "id" {
		s.add(column(c), way, ", ")
	}
	s.add(column("id"), way)
}

// limit cuts the statement's rows. The number stands in the text: bound as an argument, SQLite would look at it while it
// plans, and then plan anew each time it is bound. There are as many texts as sizes of pages in use.
func (s *statement) limit(n int) {
	s.add(" LIMIT ")
	s.text = strconv.AppendInt(s.text, int64(n), 10)
}
