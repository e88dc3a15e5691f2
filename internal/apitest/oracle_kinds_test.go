package apitest

import (
	"strings"
	"time"

	"github.com/appanage/appanage/internal/fold"
	"github.com/appanage/appanage/internal/oid"
)

// caller is who asks, as the oracle needs to know him. He holds every READ authority.
type caller struct {
	user   oid.User
	client oid.Client
}

// kind is what domain 0 and the SDL say of one kind, in plain SQL over a row called r.
type kind struct {
	table  string
	reach  string            // rows an edge to one object, or node, leads to
	list   string            // rows that lists hold; the same when empty
	mine   string            // the filter within: MY_CLIENT
	search []string          // the columns that search looks into, as people wrote them
	orders map[string]string // orderBy's fields other than CREATED_AT
}

// in tells in SQL whether a client is in scope of the caller's: itself or below it.
func (c caller) in(column string) string {
	return column + " IN (SELECT descendant_id FROM client_paths WHERE ancestor_id = '" + string(c.client) + "')"
}

const timeLayout = "2006-01-02 15:04:05.000000"

// kinds writes domain 0 down once more, for one caller, at one instant.
func (c caller) kinds(now time.Time, sqlite bool) map[string]kind {
	inForce := "(g.expires_at IS NULL OR g.expires_at > " + instant(now, sqlite) + ")"
	mine := "'" + string(c.client) + "'"
	granted := "(SELECT g.application_id FROM access_grants g WHERE " + c.in("g.client_id") + " AND g.level IN ('READ', 'WRITE') AND " + inForce + ")"
	grantedToMine := "(SELECT g.application_id FROM access_grants g WHERE g.client_id = " + mine + " AND g.level IN ('READ', 'WRITE') AND " + inForce + ")"
	writable := "(SELECT g.application_id FROM access_grants g WHERE g.client_id = " + mine + " AND g.level = 'WRITE' AND " + inForce + ")"
	owned := c.in("r.client_id")
	own := "r.client_id = " + mine
	ofWritable := "r.application_id IN (SELECT a.id FROM applications a WHERE " + c.in("a.client_id") + " OR a.id IN " + writable + ")"
	// the roles that packages given to clients in scope lead to
	givenRoles := "(SELECT p.reached_role_id FROM role_paths p JOIN package_roles pr ON pr.role_id = p.role_id JOIN package_gifts g ON g.package_id = pr.package_id WHERE " + c.in("g.client_id") + ")"
	given := "(SELECT g.package_id FROM package_gifts g WHERE " + c.in("g.client_id") + ")"
	givenToMine := "(SELECT g.package_id FROM package_gifts g WHERE g.client_id = " + mine + ")"
	me := "'" + string(c.user) + "'"
	shared := "(a.status = 'ACTIVE' AND a.id IN " + granted + " OR a.access_type = 'EXPLICIT' AND a.creator_id = " + mine + " AND a.id IN " + writable + ")"
	byName := map[string]string{"NAME": "name_key"}
	return map[string]kind{
		"Client": {
			table: "clients",
			reach: c.in("r.id") + " OR r.id IN (SELECT ancestor_id FROM client_paths WHERE descendant_id = " + mine + ")" +
				" OR r.id IN (SELECT a.client_id FROM applications a WHERE " + shared + ")" +
				" OR r.id IN (SELECT m.client_id FROM memberships m WHERE m.user_id = " + me + ")",
			list: c.in("r.id"), mine: "r.id = " + mine + " OR r.manager_id = " + mine,
			search: []string{"name", "code"}, orders: map[string]string{"NAME": "name_key", "CODE": "code"},
		},
		"User": {
			table: "users",
			reach: owned + " OR r.id = " + me + " OR r.id IN (SELECT m.user_id FROM memberships m WHERE " + c.in("m.client_id") + ")",
			mine:  "r.id IN (SELECT m.user_id FROM memberships m WHERE m.client_id = " + mine + ")",
			// an address that is not proven is no identifier, and is not searched
			search: []string{"name", "user_name", "email_key"}, orders: byName,
		},
		"Membership": {table: "memberships", reach: owned + " OR r.user_id = " + me},
		"Session":    {table: "sessions", reach: owned + " OR r.user_id = " + me},
		"Permission": {
			table: "permissions",
			reach: owned + " OR r.built_in = 1 OR " + ofWritable +
				" OR r.id IN (SELECT h.permission_id FROM role_permissions h WHERE h.role_id IN " + givenRoles + ")",
			mine: own, search: []string{"authority"}, orders: map[string]string{"AUTHORITY": "authority"},
		},
		"Role": {
			table: "roles", reach: owned + " OR r.built_in = 1 OR " + ofWritable + " OR r.id IN " + givenRoles,
			mine: own, search: []string{"name"}, orders: byName,
		},
		"Package": {
			table: "packages", reach: owned + " OR r.built_in = 1 OR " + ofWritable + " OR r.id IN " + given,
			mine: own + " OR r.id IN " + givenToMine, search: []string{"name", "code"},
			orders: map[string]string{"NAME": "name_key", "CODE": "code"},
		},
		"Application": {
			table: "applications",
			reach: owned + " OR r.id IN (SELECT a.id FROM applications a WHERE " + shared + ")",
			mine:  own + " OR r.id IN " + grantedToMine, search: []string{"name", "code"},
			orders: map[string]string{"NAME": "name_key", "CODE": "code"},
		},
		"AccessGrant": {table: "access_grants", reach: owned + " OR " + c.in("r.giver_id") +
			" OR r.application_id IN (SELECT a.id FROM applications a WHERE " + c.in("a.client_id") + ")"},
		"ApplicationProperty": {table: "application_properties", reach: owned, search: []string{"name"}, orders: map[string]string{"NAME": "name"}},
		"ClientUrl":           {table: "client_urls", reach: owned, search: []string{"origin"}, orders: map[string]string{"ORIGIN": "origin"}},
	}
}

// instant writes a time as each engine keeps it.
func instant(t time.Time, sqlite bool) string {
	if sqlite {
		return itoa(t.UnixMicro())
	}
	return "'" + t.UTC().Format(timeLayout) + "'"
}

// toMany says which rows of the edge's kind belong to a parent, whose id takes the place of each question mark.
// Edges without an entry go by a column of the kind, in oneOf.
var toMany = map[string]string{
	"Client.managedClients": "r.manager_id = ?",
	"Client.packages":       "r.id IN (SELECT g.package_id FROM package_gifts g WHERE g.client_id = ? AND {in g.client_id})",
	"Client.ownedPackages":  "r.client_id = ?",
	"Package.roles":         "r.id IN (SELECT j.role_id FROM package_roles j WHERE j.package_id = ?)",
	"Package.clients":       "r.id IN (SELECT g.client_id FROM package_gifts g WHERE g.package_id = ? AND {in g.client_id})",
	"Role.permissions":      "r.id IN (SELECT j.permission_id FROM role_permissions j WHERE j.role_id = ?)",
	"Role.subRoles":         "r.id IN (SELECT j.sub_role_id FROM role_sub_roles j WHERE j.role_id = ?)",
	"Role.superRoles":       "r.id IN (SELECT j.role_id FROM role_sub_roles j WHERE j.sub_role_id = ?)",
	"Role.packages":         "r.id IN (SELECT j.package_id FROM package_roles j WHERE j.role_id = ?)",
	"Role.memberships":      "r.id IN (SELECT j.membership_id FROM membership_roles j WHERE j.role_id = ?)",
	"Permission.roles":      "r.id IN (SELECT j.role_id FROM role_permissions j WHERE j.permission_id = ?)",
	"Membership.roles":      "r.id IN (SELECT j.role_id FROM membership_roles j WHERE j.membership_id = ?)",
}

// belongs is the condition under which a row of an edge belongs to its parent.
func (c caller) belongs(parent, edge string) string {
	rule, ok := toMany[parent+"."+edge]
	if !ok {
		rule = "r." + column(parent) + "_id = ?"
	}
	return strings.ReplaceAll(rule, "{in g.client_id}", c.in("g.client_id"))
}

// column is the name of a field in SQL: thumbnailUrl is thumbnail_url.
func column(field string) string {
	var b strings.Builder
	for i, r := range field {
		if r >= 'A' && r <= 'Z' {
			if i > 0 {
				b.WriteByte('_')
			}
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// keeps is the naive filter: each condition of the filter, looked at in one row.
func (k kind) keeps(typ string, r row, filter map[string]any, now time.Time) bool {
	if typ == "Application" && filter["status"] == nil && r["status"] != "ACTIVE" {
		return false
	}
	for name, want := range filter {
		switch {
		case want == nil || name == "within": // SQL's part
		case name == "search":
			if !k.found(r, want.(string)) {
				return false
			}
		case name == "inForce" || name == "live":
			ends, limited := r["expires_at"].(time.Time)
			if want.(bool) == (limited && !ends.After(now)) {
				return false
			}
		default:
			got := r[column(name)]
			if _, isBool := want.(bool); isBool {
				got = got == int64(1)
			}
			if got != want {
				return false
			}
		}
	}
	return true
}

func (k kind) found(r row, needle string) bool {
	for _, c := range k.search {
		if text, ok := r[c].(string); ok && strings.Contains(fold.Key(text), fold.Key(needle)) {
			return true
		}
	}
	return false
}
