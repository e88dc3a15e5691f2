package store

import "database/sql"

// Reader gives tests the pool of readers, to show that the engine refuses writes on it.
func (db *DB) Reader() *sql.DB { return db.reader }

// EntityTables and Catalog let a test compare with ent's own lists.
var (
	EntityTables  = entityTables
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
