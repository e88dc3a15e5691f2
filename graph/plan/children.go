package plan

import (
	"database/sql/driver"
	"strconv"

	"github.com/appanage/appanage/internal/store"
)

// Lists below many parents are read in the hope that they are short: all children of all parents, in order, up to a
// bound. Then one plain statement tells everything, for lengths and ends are counted on the way. Beyond the bound, a
// window function numbers the rows' ids, and the rows of each page are joined to them.

// children reads the rows that keep their parents' ids.
func (x *run) children(keys []any) error {
	limit := x.hope(len(keys))
	if !x.enough(len(keys)) && x.hopeless(limit) {
		return x.window(keys)
	}
	mark := x.mark()
	if err := x.selectRow(); err != nil {
		return err
	}
	x.selectSides()
	if err := x.fromChildren(keys); err != nil {
		return err
	}
	x.keyAt = x.f.byColumn
	x.st.orderBy(x.f.page, x.s.backwards, column(x.f.columns[x.f.byColumn]))
	x.st.limit(limit + 1)
	if err := x.query(x.columns+x.sides(), x.onChild); err != nil {
		return err
	}
	if x.read <= limit || x.enough(len(keys)) {
		store.RefundRows(x.ctx, x.read-int(x.s.rows-mark.rows))
		return nil
	}
	store.RefundRows(x.ctx, x.read)
	x.f.hopeless.Store(given)
	x.rewind(mark, keys)
	return x.window(keys)
}

// hopeless tells that lists are not to be read whole: not long ago they were too long, or the budget of rows does not
// allow the attempt.
func (x *run) hopeless(limit int) bool {
	if x.f.hopeless.Load() > 0 {
		x.f.hopeless.Add(-1)
		return true
	}
	return x.p.table.Spare == 0 || store.RowsLeft(x.ctx) <= int64(limit)
}

// given is how many executions give up hope after one that was disappointed.
const given = 100

// hope is the number of rows a statement may read to have all lists of n parents.
func (x *run) hope(n int) int {
	if n == 1 && x.enough(1) {
		return x.s.size // one more is read than this
	}
	return min(padded(n)*(x.s.size+1)*x.p.table.Spare+64, most)
}

// enough tells that a page and one row more are all there is to know: of one list, not counted and without cursors.
func (x *run) enough(parents int) bool {
	return parents == 1 && !x.f.page.total && x.s.after == nil && x.s.before == nil
}

// sides is the number of columns that tell on which side of the cursors a row lies.
func (x *run) sides() int {
	x.flagged = x.s.after != nil || x.s.before != nil
	if x.flagged {
		return 1
	}
	return 0
}

// On which side of the cursors a row lies. It may lie beyond both, where they overlap.
const (
	sideAfter  = 1 // up to `after`
	sideBefore = 2 // from `before` on
)

func (x *run) selectSides() {
	if x.sides() > 0 {
		x.st.add(", ")
		x.side()
	}
}

// side writes the expression of a row's side, one of the sums of the constants above.
func (x *run) side() {
	st := &x.st
	if b := x.s.after; b != nil {
		st.add("CASE WHEN ")
		st.beyond(b, false)
		st.add(" THEN 1 ELSE 0 END")
	}
	if b := x.s.before; b != nil {
		if x.s.after != nil {
			st.add(" + ")
		}
		st.add("CASE WHEN ")
		st.beyond(b, false)
		st.add(" THEN 2 ELSE 0 END")
	}
}

// child takes a row that follows the others of its parent in the order of the list.
func (x *run) child(row []driver.Value) error {
	x.read++
	slot := x.parents.find(row[x.keyAt])
	if slot < 0 {
		return nil
	}
	sp := &x.s.spans[slot]
	if x.flagged {
		side, err := number(row[x.columns])
		if err != nil {
			return err
		}
		if x.s.note(sp, side) {
			return nil
		}
	}
	sp.total++
	return x.take(sp, row)
}

// note counts a row that lies beyond a cursor, and tells that it does.
func (s *state) note(sp *span, side int64) bool {
	if side == 0 {
		return false
	}
	sp.total++
	sp.before = sp.before || side&sideAfter != 0
	sp.beyond = sp.beyond || side&sideBefore != 0
	return true
}

// take puts a row on the page, or notes that the page is full.
func (x *run) take(sp *span, row []driver.Value) error {
	if int(sp.n) == x.s.size {
		sp.more = true
		return nil
	}
	if sp.n == 0 {
		sp.first = x.s.next(x.f)
	}
	sp.n++
	if x.f.join != nil {
		x.s.refs = append(x.s.refs, x.s.rows)
	}
	return x.render(row)
}

// next is where the next row of a page will be: among the rows, or among the references to them.
func (s *state) next(f *fetch) int32 {
	if f.join != nil {
		return int32(len(s.refs))
	}
	return s.rows
}

// window reads the pages of lists that are long. Only ids travel through the window's temporary table.
func (x *run) window(keys []any) error {
	if err := x.selectRow(); err != nil {
		return err
	}
	x.st.add(", `x`.`parent`, `x`.`total`, `x`.`side`")
	if err := x.numbered(keys); err != nil {
		return err
	}
	x.keyAt = x.columns
	x.st.add(" ORDER BY `x`.`parent`, `x`.`side`, `x`.`place`")
	return x.query(x.columns+3, x.onWindow)
}

// numbered writes FROM and WHERE of window: the ids of each list on the near side of the cursors, up to one beyond the
// page, and one on each other side, which says that there is something.
func (x *run) numbered(keys []any) error {
	st, parent := &x.st, x.parentColumn()
	st.add(" FROM (SELECT ", parent, " AS `parent`, ", column("id"), " AS `row`, ")
	if x.f.page.total {
		st.add("COUNT(*) OVER (PARTITION BY ", parent, ")")
	} else {
		st.add("0")
	}
	st.add(" AS `total`, ")
	sides := x.sides() > 0
	if sides {
		x.side()
	} else {
		st.add("0")
	}
	st.add(" AS `side`, ROW_NUMBER() OVER (PARTITION BY ", parent)
	if sides {
		st.add(", ")
		x.side()
	}
	st.add(" ORDER BY ")
	st.order(x.f.page, x.s.backwards)
	st.add(") AS `place`")
	if err := x.fromChildren(keys); err != nil {
		return err
	}
	st.add(") AS `x` JOIN `", x.f.kind.Table, "` AS `", alias, "` ON ", column("id"), " = `x`.`row` WHERE (`x`.`side` = 0 AND `x`.`place` <= ", strconv.Itoa(x.s.size+1), ") OR `x`.`place` = 1")
	return nil
}

// windowed takes a row of window.
func (x *run) windowed(row []driver.Value) error {
	slot := x.parents.find(row[x.keyAt])
	if slot < 0 {
		return nil
	}
	total, err := number(row[x.columns+1])
	if err != nil {
		return err
	}
	side, err := number(row[x.columns+2])
	if err != nil {
		return err
	}
	sp := &x.s.spans[slot]
	defer func() { sp.total = total }()
	if x.s.note(sp, side) {
		return nil
	}
	return x.take(sp, row)
}

// mark is a place that a fetch can be rewound to.
type mark struct {
	arena, ends int
	rows        int32
	keys        []int
}

func (x *run) mark() mark {
	m := mark{arena: len(x.arena), ends: len(x.s.ends), rows: x.s.rows}
	for i := range x.f.keys {
		m.keys = append(m.keys, len(x.s.sets[i].keys))
	}
	return m
}

// rewind forgets what has been read since, which was all for these parents.
func (x *run) rewind(m mark, parents []any) {
	s := x.s
	x.arena, s.rows, s.ends = x.arena[:m.arena], m.rows, s.ends[:m.ends]
	for i, n := range m.keys {
		set := &s.sets[i]
		for _, v := range set.keys[n:] {
			delete(set.slots, v.(string)) //nolint:forcetypeassert // put makes no others
		}
		set.keys, set.rows = set.keys[:n], set.rows[:m.rows]
	}
	for _, v := range parents {
		s.spans[x.parents.find(v)] = span{}
	}
}
