package byhand

// scope is how the set of clients in scope of the caller is written in SQL.
type scope int

const (
	platform scope = iota // every client: nothing to write
	family                // few: constants
	business              // many: the closure table
	scopes                // how many ways there are
)

// has is the condition that the client in a column is in scope.
func (s scope) has(column string) string {
	switch s {
	case platform:
		return `TRUE`
	case family:
		return column + ` IN (:scope)`
	}
	return exists(`client_paths sp WHERE sp.ancestor_id = :client AND sp.descendant_id = ` + column)
}

// exists is EXISTS, in a form that MariaDB evaluates where it stands. Of EXISTS it makes a join with a table it fills
// first: with the whole scope, for a page of fifty.
func exists(from string) string { return `(SELECT 1 FROM ` + from + ` LIMIT 1) IS NOT NULL` }

// The rules of domain 0, as conditions on the rows of a (an application) and x (a package, a role, a permission).

const inForce = `(g.expires_at IS NULL OR g.expires_at > :now)`

// ownWrite: the caller's own client may write the application.
var ownWrite = exists(`access_grants g WHERE g.application_id = a.id AND g.client_id = :client AND g.level = 'WRITE' AND ` + inForce)

// created: imported by the caller's client, which may still write it.
var created = `a.access_type = 'EXPLICIT' AND a.creator_id = :client AND ` + ownWrite

func (s scope) application() string {
	if s == platform {
		return `TRUE`
	}
	return `(` + s.has("a.client_id") + ` OR ` + s.shared() + `)`
}

// shared: whoever owns the application.
func (s scope) shared() string {
	return `(a.status = 'ACTIVE' AND ` + exists(`access_grants g WHERE g.application_id = a.id
		AND `+s.has("g.client_id")+` AND g.level IN ('READ', 'WRITE') AND `+inForce) + ` OR ` + created + `)`
}

// ownerOf joins the owner of a as c: to the left although there always is one, for MariaDB would begin with the clients
// else, and sort.
const ownerOf = ` LEFT JOIN clients c ON c.id = a.client_id`

// active is FROM, with a further join, and WHERE of the active applications that the caller can see. A family's are
// gathered first, for it has few; else most of a page's neighbours are visible, and the page's index leads.
func (s scope) active(join string) string {
	if s != family {
		return `FROM applications a` + join + ` WHERE a.status = 'ACTIVE' AND ` + s.application()
	}
	return `FROM (SELECT a.id FROM applications a WHERE a.client_id IN (:scope)
			UNION SELECT g.application_id FROM access_grants g WHERE g.client_id IN (:scope) AND g.level IN ('READ', 'WRITE') AND ` + inForce + `
			UNION SELECT a.id FROM applications a WHERE ` + created + `) v
		STRAIGHT_JOIN applications a ON a.id = v.id` + join + ` WHERE a.status = 'ACTIVE'`
}

func (s scope) packages() string {
	return s.given(`package_gifts f WHERE f.package_id = x.id AND ` + s.has("f.client_id"))
}

func (s scope) roles() string {
	return s.given(`role_paths rp JOIN package_roles pr ON pr.role_id = rp.role_id
		JOIN package_gifts f ON f.package_id = pr.package_id
		WHERE rp.reached_role_id = x.id AND ` + s.has("f.client_id"))
}

func (s scope) permissions() string {
	return s.given(`role_permissions h JOIN role_paths rp ON rp.reached_role_id = h.role_id
		JOIN package_roles pr ON pr.role_id = rp.role_id JOIN package_gifts f ON f.package_id = pr.package_id
		WHERE h.permission_id = x.id AND ` + s.has("f.client_id"))
}

// given: owned in scope, built in, of an application the caller may write, or with a gift to a client in scope.
func (s scope) given(gift string) string {
	if s == platform {
		return `TRUE`
	}
	return `(` + s.has("x.client_id") + ` OR x.built_in OR ` + exists(`applications a WHERE a.id = x.application_id
		AND (`+s.has("a.client_id")+` OR a.status = 'ACTIVE' AND `+ownWrite+` OR `+created+`)`) + ` OR ` + exists(gift) + `)`
}

// client: in scope, above the caller's, the owner of an application he can see, or one he is a member of; of the last three
// no more than code and name is shown.
func (s scope) client() string {
	if s == platform {
		return `TRUE`
	}
	return `(` + s.has("c.id") + ` OR ` + exists(`client_paths up WHERE up.descendant_id = :client AND up.ancestor_id = c.id`) +
		` OR ` + exists(`applications a WHERE a.client_id = c.id AND `+s.shared()) +
		` OR ` + exists(`memberships m WHERE m.client_id = c.id AND m.user_id = :user`) + `)`
}
