package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/appanage/appanage/internal/store"
)

// tables lists what is loaded, parents before children, with the columns that a row gives beside created_at,
// updated_at and version.
var tables = []struct{ name, columns string }{
	{"clients", "id, manager_id, base_id, code, name, name_key, type, isolated"},
	{"client_paths", "ancestor_id, descendant_id, depth"},
	{"package_gifts", "id, client_id, package_id, giver_id"},
	{"users", "id, client_id, base_id, name, name_key, user_name, user_name_key"},
	{"memberships", "id, client_id, user_id, home"},
	{"membership_roles", "membership_id, role_id"},
	{"sessions", "id, client_id, user_id, membership_id, token_hash, device, last_used_at, expires_at"},
	{"applications", "id, client_id, creator_id, code, name, name_key, type, access_type"},
	{"client_urls", "id, client_id, application_id, origin, proven_origin, status, proven_at"},
	{"application_properties", "id, client_id, application_id, name, value, public"},
	{"access_grants", "id, client_id, application_id, level, giver_id"},
	{"permissions", "id, client_id, application_id, authority, authority_key"},
	{"packages", "id, client_id, application_id, code, name, name_key"},
	{"roles", "id, client_id, application_id, name, name_key"},
	{"role_paths", "role_id, reached_role_id"},
	{"package_roles", "package_id, role_id"},
	{"role_permissions", "role_id, permission_id"},
}

// batch is the number of rows of one statement.
const batch = 500

// bulk gathers rows and inserts many with one statement. The first error stays and ends everything.
type bulk struct {
	ctx  context.Context //nolint:containedctx // of the loading, as the bulk is
	db   *store.DB
	rows map[string][]any // the values of the rows of a table, one after the other
	err  error
}

func newBulk(ctx context.Context, db *store.DB) *bulk {
	return &bulk{ctx: ctx, db: db, rows: map[string][]any{}}
}

// row adds a row that has times and a version.
func (b *bulk) row(table string, values ...any) { b.link(table, append(values, made, made, 1)...) }

// link adds a row that has none.
func (b *bulk) link(table string, values ...any) {
	b.rows[table] = append(b.rows[table], values...)
}

// flush inserts what has been gathered.
func (b *bulk) flush() {
	for _, table := range tables {
		columns := table.columns
		if strings.HasPrefix(columns, "id,") {
			columns += ", created_at, updated_at, version"
		}
		values, width := b.rows[table.name], strings.Count(columns, ",")+1
		for len(values) > 0 && b.err == nil {
			n := min(batch*width, len(values))
			b.insert(table.name, columns, width, values[:n])
			values = values[n:]
		}
		b.rows[table.name] = values[:0]
	}
}

func (b *bulk) insert(table, columns string, width int, values []any) {
	group := "(" + strings.Repeat("?,", width-1) + "?),"
	groups := strings.TrimSuffix(strings.Repeat(group, len(values)/width), ",")
	if _, err := b.db.Exec(b.ctx, fmt.Sprintf("INSERT INTO %s (%s) VALUES %s", table, columns, groups), values...); err != nil {
		b.err = fmt.Errorf("load %s: %w", table, err)
	}
}
