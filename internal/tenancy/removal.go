package tenancy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// removal is all that goes with a client. It is found first, with its rows locked, so that nobody ties anything new to it
// meanwhile; then the tables are gone through in an order that no foreign key stops. The statements name every row that
// refers to what goes, for no foreign key is relied on; a test derives from the schema that none was forgotten. They are
// written by hand: users take their memberships of clients with them that the caller does not see.
type removal struct {
	db *store.DB
	// going has the ids of the rows that go, by table.
	going map[string][]any
	// touched are the clients whose members lose something.
	touched []oid.Client
	// created are the applications of others that the client created.
	created []createdApplication
	counts  map[string]int // rows deleted, for the trail
}

type createdApplication struct {
	id    oid.Application
	owner oid.Client
}

// tie is a column that names rows of a table: those of table with ids of column go, or are found, with them.
type tie struct{ table, column, to string }

// finds is how the rows that go are found, from the client on.
var finds = []tie{
	{"users", "client_id", "clients"},
	{"memberships", "client_id", "clients"},
	{"memberships", "user_id", "users"},
	{"roles", "client_id", "clients"},
	{"permissions", "client_id", "clients"},
	{"packages", "client_id", "clients"},
	{"invitations", "client_id", "clients"},
}

// loosens are the ties that are undone, for the rows stay: who invited, or gave, is not known any more.
var loosens = []tie{
	{"invitations", "inviter_id", "users"},
	{"invitations", "inviter_membership_id", "memberships"},
	{"access_grants", "given_by_id", "users"},
}

// deletes are the rows that go, those that refer to others first. What the client gave goes as well: it counted only
// within the giver's own rights.
var deletes = []tie{
	{"sessions", "membership_id", "memberships"},
	{"sessions", "user_id", "users"},
	{"sessions", "client_id", "clients"},
	{"links", "user_id", "users"},
	{"invitation_roles", "invitation_id", "invitations"},
	{"invitation_roles", "role_id", "roles"},
	{"invitations", "id", "invitations"},
	{"membership_roles", "membership_id", "memberships"},
	{"membership_roles", "role_id", "roles"},
	{"memberships", "id", "memberships"},
	{"package_gifts", "client_id", "clients"},
	{"package_gifts", "giver_id", "clients"},
	{"package_gifts", "package_id", "packages"},
	{"package_roles", "package_id", "packages"},
	{"package_roles", "role_id", "roles"},
	{"packages", "id", "packages"},
	{"role_permissions", "role_id", "roles"},
	{"role_permissions", "permission_id", "permissions"},
	{"role_sub_roles", "role_id", "roles"},
	{"role_sub_roles", "sub_role_id", "roles"},
	{"role_paths", "role_id", "roles"},
	{"role_paths", "reached_role_id", "roles"},
	{"roles", "id", "roles"},
	{"permissions", "id", "permissions"},
	{"access_grants", "client_id", "clients"},
	{"access_grants", "giver_id", "clients"},
	{"application_properties", "client_id", "clients"},
	{"client_urls", "client_id", "clients"},
	{"users", "id", "users"},
	{"client_paths", "descendant_id", "clients"},
	{"clients", "id", "clients"},
}

// find reads what goes, and what it touches.
func (r *removal) find(ctx context.Context, client oid.Client) (err error) {
	r.going = map[string][]any{"clients": {string(client)}}
	for _, t := range finds {
		found, err := r.ids(ctx, "SELECT id FROM "+t.table+" WHERE "+t.column+" IN (", r.going[t.to], ") ORDER BY id"+r.db.ForUpdateClause())
		if err != nil {
			return err
		}
		r.going[t.table] = distinct(append(r.going[t.table], found...))
	}
	if err := r.findTouched(ctx, client); err != nil {
		return err
	}
	return r.findCreated(ctx, client)
}

// findTouched finds the other clients whose members lose something: one of them, a role, what a package holds, or a
// package that counted within the rights of such a client (domain 3.6).
func (r *removal) findTouched(ctx context.Context, client oid.Client) error {
	const given = "SELECT client_id FROM package_gifts WHERE giver_id IN ("
	known := map[any]bool{string(client): true}
	add := func(query string, ids []any) (fresh []any, err error) {
		clients, err := r.ids(ctx, query, ids, ")")
		for _, c := range clients {
			if !known[c] {
				known[c] = true
				fresh = append(fresh, c)
			}
		}
		return fresh, err
	}
	var next []any
	for _, by := range []struct {
		query string
		ids   []any
	}{
		{given, r.going["clients"]},
		{"SELECT client_id FROM memberships WHERE id IN (", r.going["memberships"]},
		{"SELECT client_id FROM package_gifts WHERE package_id IN (", r.going["packages"]},
		{"SELECT m.client_id FROM role_paths AS p JOIN membership_roles AS r ON r.role_id = p.role_id" +
			" JOIN memberships AS m ON m.id = r.membership_id WHERE p.reached_role_id IN (", r.going["roles"]},
		{"SELECT g.client_id FROM role_paths AS p JOIN package_roles AS r ON r.role_id = p.role_id" +
			" JOIN package_gifts AS g ON g.package_id = r.package_id WHERE p.reached_role_id IN (", r.going["roles"]},
	} {
		fresh, err := add(by.query, by.ids)
		if err != nil {
			return err
		}
		next = append(next, fresh...)
	}
	for len(next) > 0 {
		for _, c := range next {
			r.touched = append(r.touched, oid.Client(c.(string))) //nolint:forcetypeassert // ids makes no others
		}
		givers := slices.DeleteFunc(next, func(c any) bool { return c == string(oid.SystemClient) }) // whose rights have no end
		fresh, err := add(given, givers)
		if err != nil {
			return err
		}
		next = fresh
	}
	return nil
}

func (r *removal) findCreated(ctx context.Context, client oid.Client) (err error) {
	rows, err := r.db.Query(ctx, "SELECT id, client_id FROM applications WHERE creator_id = ? ORDER BY id"+r.db.ForUpdateClause(), client)
	if err != nil {
		return fmt.Errorf("tenancy: find what a client created: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var app createdApplication
		if err := rows.Scan(&app.id, &app.owner); err != nil {
			return fmt.Errorf("tenancy: find what a client created: %w", err)
		}
		r.created = append(r.created, app)
	}
	return rows.Err()
}

// run deletes what was found.
func (r *removal) run(ctx context.Context) error {
	above, err := r.rolesAbove(ctx)
	if err != nil {
		return err
	}
	creator := "UPDATE applications SET creator_id = client_id, version = version + 1, updated_at = ? WHERE creator_id IN ("
	if _, err := r.exec(ctx, creator, r.going["clients"], ")", clock.Now()); err != nil {
		return err
	}
	for _, t := range loosens {
		if _, err := r.exec(ctx, "UPDATE "+t.table+" SET "+t.column+" = NULL WHERE "+t.column+" IN (", r.going[t.to], ")"); err != nil {
			return err
		}
	}
	for _, t := range deletes {
		n, err := r.exec(ctx, "DELETE FROM "+t.table+" WHERE "+t.column+" IN (", r.going[t.to], ")")
		if err != nil {
			return err
		}
		if t.table != "clients" && t.table != "client_paths" && n > 0 {
			r.counts[t.table] += n
		}
	}
	return r.reach(ctx, above)
}

// rolesAbove finds the roles of other clients that include some that go. Whoever changes which roles include which has
// the row of the role Owner alone, as package authority does.
func (r *removal) rolesAbove(ctx context.Context) ([]any, error) {
	if len(r.going["roles"]) == 0 {
		return nil, nil
	}
	graph := []any{authority.BuiltInRole(authority.OwnerRole)}
	if _, err := r.ids(ctx, "SELECT id FROM roles WHERE id IN (", graph, ")"+r.db.ForUpdateClause()); err != nil {
		return nil, err
	}
	above, err := r.ids(ctx, "SELECT DISTINCT role_id FROM role_paths WHERE reached_role_id IN (", r.going["roles"], ")")
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(distinct(above), func(id any) bool { return slices.Contains(r.going["roles"], id) }), nil
}

// reach finds anew what the roles above those that are gone still include: perhaps by another way, perhaps no more.
func (r *removal) reach(ctx context.Context, above []any) error {
	if _, err := r.exec(ctx, "DELETE FROM role_paths WHERE role_id <> reached_role_id AND role_id IN (", above, ")"); err != nil {
		return err
	}
	const way = "INSERT INTO role_paths (role_id, reached_role_id) WITH RECURSIVE way(role_id, sub_role_id) AS" +
		" (SELECT role_id, sub_role_id FROM role_sub_roles WHERE role_id IN ("
	_, err := r.exec(ctx, way, above, ") UNION SELECT way.role_id, s.sub_role_id FROM way"+
		" JOIN role_sub_roles AS s ON s.role_id = way.sub_role_id) SELECT role_id, sub_role_id FROM way")
	return err
}

// atOnce is how many ids one statement names.
const atOnce = 500

// ids runs a query for ids, with a list of others within it.
func (r *removal) ids(ctx context.Context, head string, of []any, tail string) (found []any, err error) {
	for some := range slices.Chunk(of, atOnce) {
		if found, err = r.some(ctx, found, head+marks(len(some))+tail, some); err != nil {
			return nil, fmt.Errorf("tenancy: find what goes with a client: %w", err)
		}
	}
	return found, nil
}

func (r *removal) some(ctx context.Context, found []any, query string, args []any) (_ []any, err error) {
	rows, err := r.db.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		found = append(found, id)
	}
	return found, rows.Err()
}

// exec runs a statement with a list of ids within it, after other arguments, and counts the rows.
func (r *removal) exec(ctx context.Context, head string, of []any, tail string, args ...any) (int, error) {
	count := 0
	for some := range slices.Chunk(of, atOnce) {
		result, err := r.db.Exec(ctx, head+marks(len(some))+tail, append(slices.Clone(args), some...)...)
		if err != nil {
			return 0, fmt.Errorf("tenancy: remove a client: %w", err)
		}
		n, err := result.RowsAffected()
		if err != nil {
			return 0, fmt.Errorf("tenancy: remove a client: %w", err)
		}
		count += int(n)
	}
	return count, nil
}

// marks are n placeholders.
func marks(n int) string { return "?" + strings.Repeat(", ?", n-1) }

func distinct(ids []any) []any {
	had := make(map[any]bool, len(ids))
	return slices.DeleteFunc(ids, func(id any) bool {
		seen := had[id]
		had[id] = true
		return seen
	})
}
