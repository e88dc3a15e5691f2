package plan

import (
	"database/sql/driver"
	"slices"

	"github.com/appanage/appanage/internal/store"
)

// many reads the rows that a join table ties to some parents: the pairs first, then each distinct target once, in the
// order of the list; a parent's page is then a matter of sorting numbers. Where there are too many pairs, a window
// cuts the pages.
func (x *run) many(keys []any) error {
	s := x.s
	limit := min(padded(len(keys))*(s.size+1)*x.p.table.Spare+64, most)
	if x.hopeless(2 * limit) {
		return x.window(keys)
	}
	s.pairs, s.flags = s.pairs[:0], s.flags[:0]
	s.targets.reset()
	if err := x.readPairs(keys, limit+1); err != nil {
		return err
	}
	store.RefundRows(x.ctx, x.read) // pairs are not what was asked for
	if x.read > limit {
		x.f.hopeless.Store(given)
		return x.window(keys)
	}
	if len(s.pairs) == 0 {
		return nil
	}
	if err := x.readTargets(); err != nil {
		return err
	}
	had := len(s.refs)
	x.cutPairs()
	store.RefundRows(x.ctx, max(0, len(s.flags)-(len(s.refs)-had)))
	return nil
}

func (x *run) readPairs(keys []any, limit int) error {
	st, parent := &x.st, x.parentColumn()
	st.reset(&x.bound)
	c, err := x.p.joined(*x.f.join, st.shape)
	if err != nil {
		return err
	}
	st.add("SELECT ", parent, ", `j`.`", x.f.join.To, "` FROM `", x.f.join.Table, "` AS `j`")
	st.judge(c)
	st.paired(x.f.join)
	st.in(parent, keys)
	st.limit(limit)
	return x.query(2, x.onPair)
}

func (x *run) pair(row []driver.Value) error {
	x.read++
	from := x.parents.find(row[0])
	to, err := x.s.targets.put(row[1])
	if err == nil && from >= 0 && to >= 0 {
		x.s.pairs = append(x.s.pairs, pair{from, to})
	}
	return err
}

func (x *run) readTargets() error {
	s := x.s
	if err := x.selectRow(); err != nil {
		return err
	}
	x.selectSides()
	if err := x.st.from(x.p, x.f, x.lists()); err != nil {
		return err
	}
	x.st.where(x.conditions())
	x.st.in(column("id"), s.targets.keys)
	x.st.orderBy(x.f.page, s.backwards, "")
	s.places = slices.Grow(s.places[:0], len(s.targets.keys))[:len(s.targets.keys)]
	for i := range s.places {
		s.places[i] = -1
	}
	return x.query(x.columns+x.sides(), x.onTarget)
}

// target takes a row of readTargets. Rows come in the order of the list, so that their numbers sort as they do.
func (x *run) target(row []driver.Value) error {
	s := x.s
	to := s.targets.find(row[x.f.byColumn])
	if to < 0 {
		return nil
	}
	side := int64(0)
	if x.flagged {
		var err error
		if side, err = number(row[x.columns]); err != nil {
			return err
		}
	}
	s.places[to] = s.rows
	s.flags = append(s.flags, uint8(side))
	return x.render(row)
}

// cutPairs makes the pages of all parents from the pairs and the order of the targets.
func (x *run) cutPairs() {
	s := x.s
	found := s.pairs[:0]
	for _, p := range s.pairs {
		if place := s.places[p.to]; place >= 0 {
			found = append(found, pair{p.from, place})
		}
	}
	slices.SortFunc(found, func(a, b pair) int {
		if a.from != b.from {
			return int(a.from - b.from)
		}
		return int(a.to - b.to)
	})
	first := s.rows - int32(len(s.flags))
	for _, p := range found {
		sp := &s.spans[p.from]
		if s.note(sp, int64(s.flags[p.to-first])) {
			continue
		}
		sp.total++
		if int(sp.n) == s.size {
			sp.more = true
			continue
		}
		if sp.n == 0 {
			sp.first = s.next(x.f)
		}
		sp.n++
		s.refs = append(s.refs, p.to)
	}
}

// show has children read only for rows that some page shows.
func (s *state) show(keys int) {
	for i := range s.sets[:keys] {
		set := &s.sets[i]
		set.live = make([]bool, len(set.keys))
		for _, row := range s.refs {
			if slot := set.rows[row]; slot >= 0 {
				set.live[slot] = true
			}
		}
	}
}
