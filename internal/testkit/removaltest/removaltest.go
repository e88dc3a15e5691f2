// Package removaltest fills applications with rows of every kind, and looks for rows that name what is gone.
package removaltest

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/migrate"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// Place is where an application is filled: of an owner with a user, and beside another application, which is tied to it
// wherever two can be.
type Place struct {
	Owner          oid.Client
	User           oid.User
	Membership     oid.Membership
	Name           string // begins the codes of what is made
	App, Neighbour oid.Application
}

// Fill gives an application about so many rows, of every kind that can belong to one. They are written past the domain, in
// one transaction.
func Fill(ctx context.Context, db *store.DB, p Place, rows int) error {
	return db.InTx(ctx, func(ctx context.Context, _ *ent.Client) error {
		f := &filler{ctx: ctx, db: db, Place: p, now: clock.Now(), n: max(20, rows/22)}
		f.clients()
		f.settings()
		f.definitions()
		f.dependencies()
		f.rights()
		f.people()
		f.registrations()
		return f.err
	})
}

type filler struct {
	ctx context.Context
	db  *store.DB
	Place
	now time.Time
	n   int
	err error

	clientIDs            []any
	roles, permissions   []any
	packages             []any
	others, foreignRoles []any // other applications, and roles of the neighbour
}

// rowsAtOnce is how many rows one statement writes.
const rowsAtOnce = 500

// insert writes n rows of a table; columns that every row has are filled by their names.
func (f *filler) insert(table, columns string, n int, row func(i int) []any) {
	if f.err != nil {
		return
	}
	names := strings.Fields(columns)
	marks := "(?" + strings.Repeat(", ?", len(names)-1) + ")"
	for from := 0; from < n; from += rowsAtOnce {
		count := min(rowsAtOnce, n-from)
		args := make([]any, 0, count*len(names))
		for i := range count {
			args = append(args, row(from+i)...)
		}
		statement := "INSERT INTO " + table + " (" + strings.Join(names, ", ") + ") VALUES " + marks + strings.Repeat(", "+marks, count-1)
		if _, err := f.db.Exec(f.ctx, statement, args...); err != nil {
			f.err = fmt.Errorf("fill %s: %w", table, err)
			return
		}
	}
}

// fresh are the columns that every row with an id has.
const fresh = "id created_at updated_at version "

func row[T oid.ID](f *filler, more ...any) []any {
	return append([]any{string(oid.New[T]()), f.now, f.now, 1}, more...)
}

// kept is row, with its id noted.
func kept[T oid.ID](f *filler, ids *[]any, more ...any) []any {
	r := row[T](f, more...)
	*ids = append(*ids, r[0])
	return r
}

func (f *filler) name(i int) string { return fmt.Sprint(f.Name, i) }

// clients are managed by the owner.
func (f *filler) clients() {
	f.insert("clients", fresh+"code name name_key type status manager_id base_id isolated locale time_zone currency", f.n, func(i int) []any {
		return kept[oid.Client](f, &f.clientIDs, strings.ToUpper(f.name(i)), f.name(i), f.name(i), "BUSINESS", "ACTIVE", f.Owner, f.Owner, false, "en", "UTC", "EUR")
	})
	paths := "ancestor_id descendant_id depth"
	f.insert("client_paths", paths, f.n, func(i int) []any { return []any{f.clientIDs[i], f.clientIDs[i], 0} })
	f.insert("client_paths", paths, f.n, func(i int) []any { return []any{f.Owner, f.clientIDs[i], 1} })
	f.insert("client_paths", paths, f.n, func(i int) []any { return []any{oid.SystemClient, f.clientIDs[i], 2} })
}

// settings: grants, properties, URLs, sessions.
func (f *filler) settings() {
	f.insert("access_grants", fresh+"client_id application_id level giver_id reason lent embeddable", f.n, func(i int) []any {
		return row[oid.AccessGrant](f, f.clientIDs[i], f.App, []string{"READ", "WRITE", "BARRED"}[i%3], f.Owner, "", false, false)
	})
	f.insert("application_properties", fresh+"client_id application_id name value public secret", f.n, func(i int) []any {
		return row[oid.Property](f, f.clientIDs[i%7], f.App, fmt.Sprint("P_", i), "value", false, false)
	})
	f.insert("property_changes", fresh+"client_id application_id name value public secret removed", f.n, func(i int) []any {
		return row[oid.PropertyChange](f, f.clientIDs[i%7], f.App, fmt.Sprint("P_", i), "value", false, false, false)
	})
	f.insert("client_urls", fresh+"client_id application_id origin status challenge", f.n, func(i int) []any {
		return row[oid.ClientURL](f, f.clientIDs[i], f.App, "https://"+f.name(i)+".example", "PENDING", "")
	})
	f.insert("sessions", fresh+"client_id user_id membership_id application_id token_hash device last_used_at expires_at", f.n, func(int) []any {
		return row[oid.Session](f, f.Owner, f.User, f.Membership, f.App, string(oid.New[oid.Session]()), "test", f.now, f.now.Add(24*time.Hour))
	})
}

// definitions: of each a version that was, and the one that is.
func (f *filler) definitions() {
	var versions []any
	f.insert("definition_versions", fresh+"client_id application_id kind name number content base whole final public removed", 2*f.n, func(i int) []any {
		return kept[oid.DefinitionVersion](f, &versions, f.clientIDs[i/2%7], f.App, "PAGE", fmt.Sprint("p", i/2), i%2+1, "{}", "", true, false, false, false)
	})
	f.insert("definition_layers", fresh+"client_id application_id kind name current_id whole final public", f.n, func(i int) []any {
		return row[oid.DefinitionLayer](f, f.clientIDs[i%7], f.App, "PAGE", fmt.Sprint("p", i), versions[2*i+1], true, false, false)
	})
}

// dependencies in both directions, with applications that are made for it.
func (f *filler) dependencies() {
	some := f.n / 10
	f.insert("applications", fresh+"client_id creator_id code name name_key type access_type status", 2*some, func(i int) []any {
		return kept[oid.Application](f, &f.others, f.Owner, f.Owner, f.name(i), f.name(i), f.name(i), "APP", "OWN", "ACTIVE")
	})
	f.insert("application_dependencies", fresh+"client_id application_id dependency_id position", 2*some, func(i int) []any {
		if i%2 == 0 {
			return row[oid.Dependency](f, f.Owner, f.App, f.others[i], i)
		}
		return row[oid.Dependency](f, f.Owner, f.others[i], f.App, i)
	})
}

// rights: roles, permissions and packages, each tied to those of the neighbour as well.
func (f *filler) rights() {
	f.insert("permissions", fresh+"client_id application_id authority authority_key description built_in", f.n, func(i int) []any {
		return kept[oid.Permission](f, &f.permissions, f.Owner, f.App, f.name(i), f.name(i), "", false)
	})
	roles := fresh + "client_id application_id name name_key description built_in"
	f.insert("roles", roles, f.n, func(i int) []any {
		return kept[oid.Role](f, &f.roles, f.Owner, f.App, f.name(i), f.name(i), "", false)
	})
	f.insert("roles", roles, 4, func(i int) []any {
		return kept[oid.Role](f, &f.foreignRoles, f.Owner, f.Neighbour, f.name(i), f.name(i), "", false)
	})
	f.insert("role_permissions", "role_id permission_id", f.n, func(i int) []any { return []any{f.roles[i], f.permissions[i]} })
	f.insert("role_permissions", "role_id permission_id", f.n, func(i int) []any { return []any{f.foreignRoles[0], f.permissions[i]} })
	f.subRoles()
	some := f.n / 10
	f.insert("packages", fresh+"client_id application_id code name name_key description base built_in", some+1, func(i int) []any {
		app := f.App
		if i == some { // the neighbour's
			app = f.Neighbour
		}
		return kept[oid.Package](f, &f.packages, f.Owner, app, f.name(i), f.name(i), f.name(i), "", false, false)
	})
	f.insert("package_roles", "package_id role_id", f.n, func(i int) []any { return []any{f.packages[i%(some+1)], f.roles[i]} })
	f.insert("package_roles", "package_id role_id", some+1, func(i int) []any { return []any{f.packages[i], f.foreignRoles[3]} })
	f.insert("package_gifts", fresh+"client_id package_id giver_id", f.n, func(i int) []any {
		return row[oid.PackageGift](f, f.clientIDs[i], f.packages[i%(some+1)], f.Owner)
	})
}

// subRoles: each even role includes the next; one of the neighbour's, above, includes all even ones, and itself, by way of
// the first, one more of the neighbour's, below, which another one includes by itself too.
func (f *filler) subRoles() {
	half := f.n / 2
	above, below, both := f.foreignRoles[1], f.foreignRoles[2], f.foreignRoles[0]
	direct, reached := "role_id sub_role_id", "role_id reached_role_id"
	f.insert("role_sub_roles", direct, half, func(i int) []any { return []any{f.roles[2*i], f.roles[2*i+1]} })
	f.insert("role_sub_roles", direct, half, func(i int) []any { return []any{above, f.roles[2*i]} })
	further := [][]any{{f.roles[0], below}, {both, below}, {both, f.roles[0]}}
	f.insert("role_sub_roles", direct, len(further), func(i int) []any { return further[i] })
	all := append(append([]any{}, f.roles...), f.foreignRoles...)
	f.insert("role_paths", reached, len(all), func(i int) []any { return []any{all[i], all[i]} })
	f.insert("role_paths", reached, half, func(i int) []any { return []any{f.roles[2*i], f.roles[2*i+1]} })
	f.insert("role_paths", reached, 2*half, func(i int) []any { return []any{above, f.roles[i]} })
	further = append(further, []any{above, below}, []any{both, f.roles[1]})
	f.insert("role_paths", reached, len(further), func(i int) []any { return further[i] })
}

// people: whom roles are assigned and offered to.
func (f *filler) people() {
	f.insert("membership_roles", "membership_id role_id", f.n, func(i int) []any { return []any{f.Membership, f.roles[i]} })
	f.insert("membership_roles", "membership_id role_id", len(f.foreignRoles), func(i int) []any { return []any{f.Membership, f.foreignRoles[i]} })
	var invitations []any
	f.insert("invitations", fresh+"client_id email email_key inviter_id status expires_at", 10, func(int) []any {
		return kept[oid.Invitation](f, &invitations, f.Owner, "x@example.org", "x@example.org", f.User, "PENDING", f.now.Add(24*time.Hour))
	})
	f.insert("invitation_roles", "invitation_id role_id", f.n, func(i int) []any { return []any{invitations[i%10], f.roles[i]} })
	f.insert("invitation_roles", "invitation_id role_id", 10, func(i int) []any { return []any{invitations[i], f.foreignRoles[0]} })
}

// registrations: rules of the application, and of the neighbour that give something of the application's; codes and requests, and what
// is under way.
func (f *filler) registrations() {
	rules := fresh + "client_id application_id client_type gives given_id level given_application_id package_id role_id"
	f.insert("registration_rules", rules, f.n, func(i int) []any {
		return row[oid.RegistrationRule](f, f.clientIDs[i], f.App, "BUSINESS", "ACCESS", f.Neighbour, "READ", f.Neighbour, nil, nil)
	})
	f.insert("registration_rules", rules, f.n, func(i int) []any {
		switch c := f.clientIDs[i]; i % 3 {
		case 0:
			return row[oid.RegistrationRule](f, c, f.Neighbour, "BUSINESS", "ACCESS", f.App, "READ", f.App, nil, nil)
		case 1:
			p := f.packages[i%(len(f.packages)-1)]
			return row[oid.RegistrationRule](f, c, f.Neighbour, "BUSINESS", "PACKAGE", p, nil, nil, p, nil)
		default:
			return row[oid.RegistrationRule](f, c, f.Neighbour, "INDIVIDUAL", "ROLE", f.roles[i], nil, nil, nil, f.roles[i])
		}
	})
	f.insert("registration_codes", fresh+"client_id application_id code_hash expires_at used_client_id author_id", f.n, func(i int) []any {
		return row[oid.RegistrationCode](f, f.clientIDs[i%7], f.App, string(oid.New[oid.RegistrationCode]()), f.now.Add(24*time.Hour), f.clientIDs[i], f.User)
	})
	f.insert("registrations", fresh+"client_id application_id type address address_key locale attempts sends began_at expires_at forget_at", f.n, func(i int) []any {
		later := f.now.Add(24 * time.Hour)
		return row[oid.Registration](f, f.clientIDs[i], f.App, "OTP_EMAIL", "x@example.org", "x@example.org", "en", 0, 1, f.now, later, later)
	})
	f.insert("access_requests", fresh+"client_id application_id user_id message status answer", f.n, func(i int) []any {
		return row[oid.AccessRequest](f, f.clientIDs[i], f.App, f.User, "please", "REFUSED", "no")
	})
}

// Orphans lists the columns that name rows there are not: by each foreign key of the schema, and each column that is named
// after applications.
func Orphans(ctx context.Context, db *store.DB) ([]string, error) {
	var list []string
	for _, table := range migrate.Tables {
		names := map[string]string{}
		for _, column := range table.Columns {
			if strings.HasSuffix(column.Name, "application_id") {
				names[column.Name] = "applications"
			}
		}
		for _, key := range table.ForeignKeys {
			names[key.Columns[0].Name] = key.RefTable.Name
		}
		for column, of := range names {
			n, err := count(ctx, db, "SELECT COUNT(*) FROM "+table.Name+" AS x WHERE x."+column+" IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "+of+" AS y WHERE y.id = x."+column+")")
			if err != nil {
				return nil, err
			}
			if n > 0 {
				list = append(list, fmt.Sprintf("%d rows of %s have a %s that is gone", n, table.Name, column))
			}
		}
	}
	return list, nil
}

// count runs a query for one number.
func count(ctx context.Context, db *store.DB, query string, args ...any) (n int, err error) {
	rows, err := db.Query(ctx, query, args...)
	if err != nil {
		return 0, fmt.Errorf("count: %w", err)
	}
	defer func() { _ = rows.Close() }() // a failure to read is Err's
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			return 0, fmt.Errorf("count: %w", err)
		}
	}
	return n, rows.Err()
}
