package apitest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// namesOf are the names of an application's roles or packages, with their owners' codes.
func (m *market) namesOf(table, column string, app oid.Application) string {
	m.t.Helper()
	var list []string
	for _, r := range query(m.t, m.Hub, "SELECT t."+column+" AS n, c.code AS c FROM "+table+" AS t JOIN clients AS c ON c.id = t.client_id WHERE t.application_id = ? ORDER BY t."+column+", c.code", app) {
		list = append(list, fmt.Sprint(r["n"], " of ", r["c"]))
	}
	return strings.Join(list, ", ")
}

// domain 12.2, 3.2: roles and packages are the creator's, whoever brings them, as long as he may make them for him; permissions
// are the owner's. Two of one name are told apart by a number; a code of a package that is taken gets one.
func TestWhoseRolesABundleBrings(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		m := newMarket(t, h)
		m.made(m.paula, "roleCreate", "role", input{"applicationId": m.source, "name": "Clerk", "description": "The second"})
		text := m.download(t, m.paula, m.source)
		if !strings.Contains(text, `{"name":"Clerk (2)","description":"The second"`) {
			t.Errorf("the bundle: %s", text)
		}
		first, second := m.imported(t, text), m.imported(t, text)
		if got := m.namesOf("roles", "name", second); got != "Clerk (2) of CHILD, Clerk of CHILD, Manager of CHILD" && got != "Clerk of CHILD, Clerk (2) of CHILD, Manager of CHILD" {
			t.Errorf("roles: %s", got)
		}
		if one, two := m.namesOf("packages", "code", first), m.namesOf("packages", "code", second); one != "SOURCE of CHILD" || two != "SOURCE_2 of CHILD" {
			t.Errorf("packages: %s; %s", one, two)
		}
		newer := altered(t, text, func(doc map[string]any) {
			for _, name := range []string{"Driver", "Guard"} {
				doc["roles"] = append(doc["roles"].([]any), map[string]any{"name": name, "description": "", "permissions": []any{}, "subRoles": []any{}})
			}
		})
		m.does(t, m.paula, "applicationUpgrade", input{"applicationId": second, "bundleId": m.send(t, m.paula, newer), "dryRun": false})
		if got := m.namesOf("roles", "name", second); strings.Count(got, " of CHILD") != 5 || !strings.Contains(got, "Driver of CHILD") {
			t.Errorf("after an upgrade by the owner: %s", got)
		}
		m.exec("UPDATE access_grants SET level = 'READ' WHERE application_id = ? AND client_id = ?", first, m.c)
		m.does(t, m.paula, "applicationUpgrade", input{"applicationId": first, "bundleId": m.send(t, m.paula, newer), "dryRun": false})
		if got := m.namesOf("roles", "name", first); !strings.Contains(got, "Driver of PARTNER, Guard of PARTNER") {
			t.Errorf("after an upgrade by the owner, whose creator writes no more: %s", got)
		}
		m.exec("UPDATE access_grants SET level = 'WRITE' WHERE application_id = ? AND client_id = ?", first, m.c)
		changed := altered(t, newer, func(doc map[string]any) { doc["roles"].([]any)[4].(map[string]any)["description"] = "changed" })
		if got := m.fault(t, m.carl, "applicationUpgrade", input{"applicationId": first, "bundleId": m.send(t, m.carl, changed), "dryRun": false}); got != "NOT_ALLOWED at input.bundleId: /roles/4: it belongs to a client out of your scope" {
			t.Errorf("the creator changes a role of the owner: %s", got)
		}
	})
}

// domain 12.2: an upgrade takes out of roles what the bundle has no more, turns sub-roles round without a circle, and leaves
// what no bundle has: permissions of other applications, roles of other clients, secrets, and addresses.
func TestWhatAnUpgradeLeaves(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		m := newMarket(t, h)
		text := m.download(t, m.paula, m.source)
		m.exec("INSERT INTO application_properties (id, created_at, updated_at, version, client_id, application_id, name, value, public, secret)"+
			" SELECT ?, created_at, created_at, 1, client_id, id, 'URL_SUFFIX', '.x', FALSE, FALSE FROM applications WHERE id = ?", oid.New[oid.Property](), m.source)
		if back := m.does(t, m.paula, "applicationUpgrade", input{"applicationId": m.source, "bundleId": m.send(t, m.paula, text), "dryRun": false}); len(back.Report.Changes) > 0 {
			t.Errorf("what was just exported changes %+v", back.Report.Changes)
		}
		if n := m.count("audit_events", "operation = 'applicationUpgrade'"); n != 0 {
			t.Errorf("the trail has %d events of an upgrade that changed nothing", n)
		}
		turned := altered(t, text, func(doc map[string]any) {
			for _, r := range doc["roles"].([]any) {
				switch role := r.(map[string]any); role["name"] {
				case "Clerk":
					role["subRoles"], role["permissions"] = []any{"Manager"}, []any{}
				case "Manager":
					role["subRoles"] = []any{}
				}
			}
			doc["properties"] = append(doc["properties"].([]any), map[string]any{"name": "TOKEN", "value": "known", "public": true})
		})
		m.does(t, m.paula, "applicationUpgrade", input{"applicationId": m.source, "bundleId": m.send(t, m.paula, turned), "dryRun": false})
		var holds []string
		for _, r := range query(t, h, "SELECT r.name AS r, p.authority AS p FROM role_permissions AS x JOIN roles AS r ON r.id = x.role_id JOIN permissions AS p ON p.id = x.permission_id"+
			" WHERE r.application_id = ? ORDER BY r.name, p.authority", m.source) {
			holds = append(holds, fmt.Sprint(r["r"], ":", r["p"]))
		}
		if got := strings.Join(holds, " "); got != "Clerk:anybodys.Foreign_READ Manager:source.Order_WRITE" {
			t.Errorf("roles hold %s", got)
		}
		if n := m.count("role_paths AS x JOIN roles AS a ON a.id = x.role_id JOIN roles AS b ON b.id = x.reached_role_id", "a.name = 'Clerk' AND b.name = 'Manager' AND a.application_id = ?", m.source); n != 1 {
			t.Errorf("Clerk reaches Manager %d times", n)
		}
		if n := m.count("application_properties", "application_id = ? AND (name = 'TOKEN' AND secret = TRUE OR name = 'URL_SUFFIX' AND value = '.x')", m.source); n != 2 {
			t.Errorf("%d of the secret and the address are as they were", n)
		}
		if left := fmt.Sprint(docOf(t, m.download(t, m.paula, m.source))["leftOut"]); left != "map[addresses:1 permissions:1 roles:0 secrets:1 subRoles:0]" {
			t.Errorf("left out: %s", left)
		}
	})
}
