package removal

import (
	"slices"
	"strconv"

	"github.com/appanage/appanage/internal/store"
)

// way leads from the row that goes to rows of another table: the column of its first rule names that row, the column of
// each further one a row found by the one before.
type way []Rule

// ways are all that lead to the rows of a table that go.
func (g *Registry) ways(table string) []way {
	var all []way
	for _, rule := range g.Rules {
		if rule.Table == table && rule.Fate == Goes {
			all = append(all, g.along(rule)...)
		}
	}
	return all
}

// along are the ways that end with a rule.
func (g *Registry) along(rule Rule) []way {
	if rule.To == g.Root {
		return []way{{rule}}
	}
	var all []way
	for _, w := range g.ways(rule.To) {
		all = append(all, append(slices.Clone(w), rule))
	}
	return all
}

// leavesFirst lists the tables whose rows go, without the root, each after those that name its rows.
func (g *Registry) leavesFirst() []string {
	var list []string
	var visit func(table string)
	visit = func(table string) {
		for _, rule := range g.Rules {
			if rule.To == table && rule.Fate == Goes && rule.Table != table && !slices.Contains(list, rule.Table) {
				visit(rule.Table)
			}
		}
		if table != g.Root {
			list = append(list, table)
		}
	}
	visit(g.Root)
	return list
}

// parentsFirst lists the tables whose rows go and can be named by others, each before those that name its rows.
func (g *Registry) parentsFirst() []string {
	list := slices.DeleteFunc(g.leavesFirst(), func(table string) bool {
		return !slices.ContainsFunc(g.Rules, func(rule Rule) bool { return rule.To == table })
	})
	slices.Reverse(list)
	return list
}

// table is the one that the way leads to.
func (w way) table() string { return w[len(w)-1].Table }

// rows gives the tables and the condition of the rows that a way leads to, under an alias. It asks for the id once.
func (w way) rows(alias, join string) (from, where string) {
	name := func(i int) string {
		if i == len(w)-1 {
			return alias
		}
		return alias + strconv.Itoa(i)
	}
	from, where = w[0].Table+" AS "+name(0), name(0)+"."+w[0].Column+" = ?"
	for i, rule := range w[1:] {
		from += join + rule.Table + " AS " + name(i+1) + " ON " + name(i+1) + "." + rule.Column + " = " + name(i) + ".id"
	}
	return from, where
}

// How tables are joined. MySQL must begin where the way does: it locks what it looks at on the way.
const (
	plain   = " JOIN "
	inOrder = " STRAIGHT_JOIN "
)

// misses is true of a row under an alias that the way does not lead to. It asks for the id once.
func (w way) misses(alias string) string {
	column := alias + "." + w[len(w)-1].Column
	if len(w) == 1 {
		return "COALESCE(" + column + " <> ?, TRUE)"
	}
	from, where := w[:len(w)-1].rows("other", plain)
	return "NOT EXISTS (SELECT 1 FROM " + from + " WHERE " + where + " AND other.id = " + column + ")"
}

// count counts the rows that the way leads to and none of the others does.
func (w way) count(others []way) string {
	from, where := w.rows("x", plain)
	for _, other := range others {
		where += " AND " + other.misses("x")
	}
	return "SELECT COUNT(*) FROM " + from + " WHERE " + where
}

// lock locks the rows; on MySQL.
func (w way) lock() string {
	from, where := w.rows("x", inOrder)
	return "SELECT COUNT(*) FROM " + from + " WHERE " + where + " FOR UPDATE"
}

func (w way) delete(engine store.Engine) string {
	if engine == store.SQLite {
		return "DELETE FROM " + w.table() + w.named()
	}
	from, where := w.rows("x", inOrder)
	return "DELETE x FROM " + from + " WHERE " + where
}

// forget takes the name out of the rows.
func (w way) forget(engine store.Engine) string {
	column := w[len(w)-1].Column
	if engine == store.SQLite {
		return "UPDATE " + w.table() + " SET " + column + " = NULL" + w.named()
	}
	from, where := w.rows("x", inOrder)
	return "UPDATE " + from + " SET x." + column + " = NULL WHERE " + where
}

// named is the condition of the rows for a statement of SQLite that changes them, which takes no join.
func (w way) named() string {
	column := w[len(w)-1].Column
	if len(w) == 1 {
		return " WHERE " + column + " = ?"
	}
	from, where := w[:len(w)-1].rows("x", plain)
	return " WHERE " + column + " IN (SELECT x.id FROM " + from + " WHERE " + where + ")"
}
