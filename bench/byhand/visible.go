package byhand

// The rules of domain 0, as conditions on the rows of a (an application) and x (a package, a role, a
// permission).
var (
	inForce = `(g.expires_at IS NULL OR g.expires_at > :now)`

	// ownWrite: the caller's own client may write the application.
	ownWrite = `EXISTS (SELECT 1 FROM access_grants g WHERE g.application_id = a.id AND g.client_id = :client AND g.level = 'WRITE' AND ` + inForce + `)`

	visibleApplication = `(` + inScope("a.client_id") + `
		OR a.status = 'ACTIVE' AND EXISTS (SELECT 1 FROM access_grants g WHERE g.application_id = a.id
			AND ` + inScope("g.client_id") + ` AND g.level IN ('READ', 'WRITE') AND ` + inForce + `)
		OR a.access_type = 'EXPLICIT' AND a.creator_id = :client AND ` + ownWrite + `)`

	ofWritable = `EXISTS (SELECT 1 FROM applications a WHERE a.id = x.application_id AND (` + inScope("a.client_id") + ` OR ` + ownWrite + `))`

	visiblePackage = `(` + inScope("x.client_id") + ` OR x.built_in OR ` + ofWritable + `
		OR EXISTS (SELECT 1 FROM package_gifts f WHERE f.package_id = x.id AND ` + inScope("f.client_id") + `))`

	visibleRole = `(` + inScope("x.client_id") + ` OR x.built_in OR ` + ofWritable + `
		OR EXISTS (SELECT 1 FROM role_paths rp JOIN package_roles pr ON pr.role_id = rp.role_id
			JOIN package_gifts f ON f.package_id = pr.package_id
			WHERE rp.reached_role_id = x.id AND ` + inScope("f.client_id") + `))`

	visiblePermission = `(` + inScope("x.client_id") + ` OR x.built_in OR ` + ofWritable + `
		OR EXISTS (SELECT 1 FROM role_permissions h JOIN role_paths rp ON rp.reached_role_id = h.role_id
			JOIN package_roles pr ON pr.role_id = rp.role_id JOIN package_gifts f ON f.package_id = pr.package_id
			WHERE h.permission_id = x.id AND ` + inScope("f.client_id") + `))`
)

// inScope is the condition that the client in a column is the caller's or one below it.
func inScope(column string) string {
	return `EXISTS (SELECT 1 FROM client_paths sp WHERE sp.ancestor_id = :client AND sp.descendant_id = ` + column + `)`
}
