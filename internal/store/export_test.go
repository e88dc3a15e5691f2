package store

import "database/sql"

// Reader gives tests the pool of readers, to show that the engine refuses writes on it.
func (db *DB) Reader() *sql.DB { return db.reader }

// EntityTables and DeclaredTypes let a test compare with ent's own lists; Explain and Address show what a text is
// taken for.
var (
	EntityTables = func() map[string]bool {
		tables := make(map[string]bool)
		for _, e := range catalog() {
			tables[e.table] = true
		}
		return tables
	}
	Explain       = explain
	DeclaredTypes = func() map[string]bool {
		types := make(map[string]bool)
		for name := range catalog() {
			types[name] = true
		}
		return types
	}
	Address = func(url string) (shown, user, password, network, host, name, path string, err error) {
		a, err := parseURL(url)
		return a.shown, a.user, a.password, a.network, a.host, a.name, a.path, err
	}
)
