package plan

import "database/sql/driver"

// root reads what a root field asks for without ids: a row by its code, or a list over everything in sight.
func (x *run) root() error {
	if x.f.by == byCode {
		return x.coded()
	}
	pg, sp := x.f.page, &x.s.spans[0]
	if pg.rows {
		if err := x.top(); err != nil {
			return err
		}
		if !sp.more && x.s.after == nil && x.s.before == nil {
			sp.total = int64(sp.n) // the page is the list
			return nil
		}
	}
	near := pg.asks(x.s.backwards) && x.near() != nil
	if !pg.total && !near {
		return nil
	}
	return x.around(pg.total, near)
}

// coded reads the row with a code.
func (x *run) coded() error {
	if err := x.selectRow(); err != nil {
		return err
	}
	x.st.few()
	if err := x.st.from(x.p, x.f, toReach); err != nil {
		return err
	}
	x.st.in(column("code"), x.s.roots.keys)
	return x.query(x.columns, x.onTop)
}

// top reads a page of a root list.
func (x *run) top() error {
	if err := x.selectRow(); err != nil {
		return err
	}
	if err := x.fromRoot(); err != nil {
		return err
	}
	for _, b := range [...]*boundary{x.s.after, x.s.before} {
		if b != nil {
			x.st.and()
			x.st.beyond(b, true)
		}
	}
	x.st.orderBy(x.f.page, x.s.backwards, "")
	x.st.limit(x.s.size + 1)
	return x.query(x.columns, x.onTop)
}

func (x *run) topRow(row []driver.Value) error { return x.take(&x.s.spans[0], row) }

func (x *run) fromRoot() error {
	if err := x.st.fromAll(x.p, x.f); err != nil {
		return err
	}
	x.st.where(x.conditions())
	return nil
}

// near is the cursor at which the page begins: only there a question remains, for on the other side the page's own
// statement sees whether the list goes on.
func (x *run) near() *boundary {
	if x.s.backwards {
		return x.s.before
	}
	return x.s.after
}

// around asks, in one statement, how long the list is, and whether something lies before the page's beginning.
func (x *run) around(total, near bool) error {
	st := &x.st
	st.reset(&x.bound)
	st.add("SELECT ")
	if total {
		st.add("(SELECT COUNT(*)")
		if err := x.fromRoot(); err != nil {
			return err
		}
		st.add(")")
	} else {
		st.add("0")
	}
	st.add(", ")
	if near {
		// Begun at the cursor, the first row looked at is as a rule the one it was made from.
		st.add("(SELECT 1")
		if err := x.fromRoot(); err != nil {
			return err
		}
		st.and()
		st.beyond(x.near(), false)
		st.orderBy(x.f.page, !x.s.backwards, "")
		st.limit(1)
		st.add(")")
	} else {
		st.add("0")
	}
	return x.query(2, x.onAside)
}

func (x *run) aside(row []driver.Value) error {
	total, err := number(row[0])
	if err != nil {
		return err
	}
	there, err := number(row[1])
	sp := &x.s.spans[0]
	sp.total, sp.before, sp.beyond = total, there != 0, there != 0
	return err
}
