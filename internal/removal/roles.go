package removal

import (
	"context"
	"slices"
	"strings"

	"github.com/appanage/appanage/internal/authority"
)

// Losers is a query, with its arguments, for the clients whose members lose something (domain 2.5, 3.6): a membership, a
// role, a package or what it holds.
func (r *Removal) Losers() (query string, args []any) {
	var parts []string
	for _, by := range []struct{ table, client, join string }{
		{"memberships", "x.client_id", ""},
		{"package_gifts", "x.client_id", ""},
		{"roles", "m.client_id", " JOIN role_paths AS p ON p.reached_role_id = x.id JOIN membership_roles AS h ON h.role_id = p.role_id" +
			" JOIN memberships AS m ON m.id = h.membership_id"},
		{"roles", "g.client_id", " JOIN role_paths AS p ON p.reached_role_id = x.id JOIN package_roles AS k ON k.role_id = p.role_id" +
			" JOIN package_gifts AS g ON g.package_id = k.package_id"},
	} {
		for _, w := range r.registry.ways(by.table) {
			from, where := w.rows("x", plain)
			parts, args = append(parts, "SELECT "+by.client+" FROM "+from+by.join+" WHERE "+where), append(args, r.id)
		}
	}
	return strings.Join(parts, " UNION "), args
}

// lockRoles has all who change which roles include which wait: whoever does has the row of the role Owner alone, as
// package authority does.
func (r *Removal) lockRoles(ctx context.Context) error {
	_, err := r.ids(ctx, "SELECT id FROM roles WHERE id = ? FOR UPDATE", authority.BuiltInRole(authority.OwnerRole))
	return err
}

// rolesAbove finds the roles that stay and include some that go.
func (r *Removal) rolesAbove(ctx context.Context) (above []any, err error) {
	ways := r.registry.ways("roles")
	for _, w := range ways {
		from, where := w.rows("x", plain)
		for _, other := range ways {
			where += " AND " + other.misses("above")
		}
		found, err := r.ids(ctx, "SELECT DISTINCT above.id FROM "+from+" JOIN role_paths AS p ON p.reached_role_id = x.id"+
			" JOIN roles AS above ON above.id = p.role_id WHERE "+where, repeat(r.id, 1+len(ways))...)
		if err != nil {
			return nil, err
		}
		above = append(above, found...)
	}
	return above, nil
}

// atOnce is how many ids one statement names.
const atOnce = 500

// reach finds anew what the roles above those that are gone still include: perhaps by another way, perhaps no more.
func (r *Removal) reach(ctx context.Context, above []any) error {
	for some := range slices.Chunk(above, atOnce) {
		marks := "(?" + strings.Repeat(", ?", len(some)-1) + ")"
		if _, err := r.exec(ctx, "DELETE FROM role_paths WHERE role_id <> reached_role_id AND role_id IN "+marks, some...); err != nil {
			return err
		}
		_, err := r.exec(ctx, "INSERT INTO role_paths (role_id, reached_role_id) WITH RECURSIVE way(role_id, sub_role_id) AS"+
			" (SELECT role_id, sub_role_id FROM role_sub_roles WHERE role_id IN "+marks+
			" UNION SELECT way.role_id, s.sub_role_id FROM way JOIN role_sub_roles AS s ON s.role_id = way.sub_role_id)"+
			" SELECT role_id, sub_role_id FROM way", some...)
		if err != nil {
			return err
		}
	}
	return nil
}
