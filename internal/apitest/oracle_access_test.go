package apitest

import (
	"time"
)

// What the oracle of reads says of grants, and of what a caller may do with an application: restated from domain 4 and 5.

// givenUntil is when a grant ends as it was given.
func givenUntil(r row) any {
	if r["lent"] == int64(1) {
		return r["lent_until"]
	}
	return r["expires_at"]
}

// passed: an instant that may be none has come.
func passed(instant any, now time.Time) bool {
	at, limited := instant.(time.Time)
	return limited && !at.After(now)
}

// sleeping: of a grant that was lent, not in force though it has not come to its end.
func sleeping(r row, now time.Time) bool {
	return r["lent"] == int64(1) && !passed(r["lent_until"], now) && passed(r["expires_at"], now)
}

// viewerCan restates who may use the mutations on an application: domain 4.4, 5.3, 6.4, 7.1, 8.1, 11.1 and 11.3.
func (o *oracle) viewerCan(app row) []string {
	rules := o.full[app["client_id"]]
	level, barred := "", false
	for _, g := range o.rows("AccessGrant", "1 = 1", "client_id = ? AND application_id = ?", string(o.who.client), app["id"]) {
		if barred = g["level"] == "BARRED"; !barred && !passed(g["expires_at"], o.now) {
			level = g["level"].(string)
		}
	}
	managed := len(query(o.t, o.h, "SELECT depth FROM client_paths WHERE ancestor_id = ? AND descendant_id = ? AND depth > 0", app["client_id"], string(o.who.client))) > 0
	archived, writes := app["status"] == "ARCHIVED", rules || level == "WRITE"
	updates := rules || level == "WRITE" && app["access_type"] == "EXPLICIT" && app["creator_id"] == string(o.who.client)
	can := []string{}
	for _, m := range []struct {
		name string
		may  bool
	}{
		{"applicationUpdate", updates},
		{"applicationPropertiesSet", writes && !archived},
		{"applicationPropertiesDelete", writes},
		{"accessGrantSet", rules || writes && !archived},
		{"accessGrantTake", app["access_type"] == "ANY" && !archived && managed && !barred},
		{"applicationDependencyAdd", rules && !archived},
		{"applicationArchive", updates && !archived},
		{"applicationRestore", updates && archived},
		{"applicationRemove", updates && archived},
		{"clientUrlBind", !archived}, // whoever sees it has a client in scope that uses it
	} {
		if m.may {
			can = append(can, m.name)
		}
	}
	return can
}
