package sweep

import (
	"database/sql"
	"slices"
	"strings"

	"github.com/appanage/appanage/ent/attempt"
	"github.com/appanage/appanage/ent/migrate"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// row is one row by its columns, as text; NULL is "".
type row map[string]string

// facts is every row of every table, read by the platform itself: what there is, whoever may see it. But for attempts:
// a sign-in is counted whomever it names.
type facts struct {
	tables map[string][]row
	byID   map[string]row
}

func readFacts(h *hubtest.Hub) facts {
	f := facts{map[string][]row{}, map[string]row{}}
	for _, table := range migrate.Tables {
		if table.Name == attempt.Table {
			continue
		}
		rows, err := h.DB.Query(h.System(), "SELECT * FROM "+table.Name)
		h.Must(err)
		names, err := rows.Columns()
		h.Must(err)
		for rows.Next() {
			values, into := make([]sql.NullString, len(names)), make([]any, len(names))
			for i := range values {
				into[i] = &values[i]
			}
			h.Must(rows.Scan(into...))
			r := row{}
			for i, name := range names {
				r[name] = values[i].String
			}
			f.tables[table.Name] = append(f.tables[table.Name], r)
			f.byID[r["id"]] = r
		}
		h.Must(rows.Err())
		h.Must(rows.Close())
	}
	return f
}

// where lists the rows of a table with a value in a column.
func (f facts) where(table, column, value string) []row {
	var list []row
	for _, r := range f.tables[table] {
		if r[column] == value {
			list = append(list, r)
		}
	}
	return list
}

// noted has the columns that a request may change whatever it asks for: the last use of the caller's session.
var noted = map[string][]string{"sessions": {"last_used_at", "updated_at"}}

// lines writes every row as a line, without what is noted of every request.
func (f facts) lines() map[string]bool {
	lines := map[string]bool{}
	for table, rows := range f.tables {
		for _, r := range rows {
			line := []string{}
			for column, value := range r {
				if !slices.Contains(noted[table], column) {
					line = append(line, column+"="+value)
				}
			}
			slices.Sort(line)
			lines[table+" "+strings.Join(line, " ")] = true
		}
	}
	return lines
}

// changes lists the rows that are new, changed or gone since.
func (f facts) changes(since facts) []string {
	before, after := since.lines(), f.lines()
	var list []string
	for line := range after {
		if !before[line] {
			list = append(list, "+ "+line)
		}
	}
	for line := range before {
		if !after[line] {
			list = append(list, "- "+line)
		}
	}
	slices.Sort(list)
	return list
}
