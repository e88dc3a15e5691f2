package apitest

import (
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// role puts a role with permissions, and a package with it, into a bundle.
func withRole(permissions ...any) func(doc map[string]any) {
	return func(doc map[string]any) {
		doc["roles"] = append(doc["roles"].([]any), map[string]any{"name": "Spy", "description": "", "permissions": permissions, "subRoles": []any{}})
		doc["packages"] = append(doc["packages"].([]any), map[string]any{"code": "SPIES", "name": "Spies", "description": "", "roles": []any{"Spy"}})
	}
}

// domain 12.2, 3.5: a bundle gives nobody what he who brings it does not hold. Each attack is refused, and succeeds where the
// one rule is taken away that stops it.
func TestAttacksByBundles(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		m := newMarket(t, h)
		text := m.download(t, m.paula, m.source)
		// Ivy may make and change applications, and holds nothing else but what is in the bundle already.
		_, ivy := h.User(m.c, "ivy", h.Role(m.c, nil, "Imports", oid.BuiltIn[oid.Permission]("Application_CREATE"), oid.BuiltIn[oid.Permission]("Application_UPDATE"),
			oid.BuiltIn[oid.Permission]("Application_READ"), oid.BuiltIn[oid.Permission]("Client_READ")))
		spying := func(token string, permissions ...any) string {
			return m.send(t, token, altered(t, text, withRole(permissions...)))
		}
		plain := m.send(t, ivy, text)
		gives := func(r *authz.Rules) { r.Gives = func(authz.Held, authz.Permission) bool { return true } }

		carls := m.imported(t, text)
		secret := m.made(m.paula, "permissionCreate", "permission", input{"applicationId": m.any, "name": "Secret_READ"})
		if secret == "" {
			t.Fatal("no permission")
		}
		for name, c := range map[string]struct {
			operation, token string
			in               input
			want             string
			without          func(*authz.Rules) // nil: nothing to take away
		}{
			"built-in permissions that he lacks": {
				"applicationImport", ivy, input{"bundleId": spying(ivy, "User_DELETE")},
				"NOT_ALLOWED at input.bundleId: /roles/2/permissions/0: nobody gives what he does not hold: you lack User_DELETE", gives,
			},
			"the same by an upgrade": {
				"applicationUpgrade", ivy, input{"applicationId": carls, "bundleId": spying(ivy, "source.Order_READ", "User_DELETE"), "dryRun": false},
				"NOT_ALLOWED at input.bundleId: /roles/2/permissions/1: nobody gives", gives,
			},
			"another application's permissions": {
				"applicationImport", ivy, input{"bundleId": spying(ivy, "anybodys.Secret_READ")},
				"NOT_ALLOWED at input.bundleId: /roles/2/permissions/0: nobody gives what he does not hold: you lack anybodys.Secret_READ", gives,
			},
			"permissions that there are not": {
				"applicationImport", ivy, input{"bundleId": spying(ivy, "anybodys.Nothing_READ")},
				"NOT_ALLOWED at input.bundleId: /roles/2/permissions/0: nobody gives what he does not hold: you lack anybodys.Nothing_READ", nil,
			},
			"a bundle sent by another": {
				"applicationImport", m.carl, input{"bundleId": plain}, "NOT_FOUND at input.bundleId: no such bundle",
				func(r *authz.Rules) { r.UsesBundle = func(_, _ authz.Sender) bool { return true } },
			},
			"an upgrade by one who may write, and is neither owner nor creator": {
				"applicationUpgrade", m.gina, input{"applicationId": carls, "bundleId": m.send(t, m.gina, altered(t, text, func(doc map[string]any) {
					doc["definitions"] = doc["definitions"].([]any)[1:]
				})), "dryRun": false},
				"NOT_ALLOWED at input.applicationId: only the owner", func(r *authz.Rules) {
					r.Upgrades = func(authz.Caller, authz.Application) bool { return true }
				},
			},
			"an upgrade by a stranger": {
				"applicationUpgrade", m.stan, input{"applicationId": carls, "bundleId": m.send(t, m.stan, text), "dryRun": false},
				"NOT_FOUND at input.applicationId: no such application", nil,
			},
		} {
			t.Run(name, func(t *testing.T) {
				if strings.Contains(name, "neither owner nor creator") {
					m.grant(carls, m.g, enum.LevelWrite)
				}
				if got := m.fault(t, c.token, c.operation, c.in); !strings.HasPrefix(got, c.want) {
					t.Errorf("got %s", got)
				}
				if c.without == nil {
					return
				}
				if p := bundling(t, m.without(c.without), c.token, c.operation, c.in); len(p.Errors) > 0 {
					t.Errorf("without the rule: %+v", p.Errors)
				}
			})
		}
		m.noBase(t, text)
		m.staysExplicit(t)
	})
}

// domain 9.7, 2.3: a session in the hands of one application's frontend takes no other application out, nor changes it.
func TestSessionsForAnotherApplication(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		m := newMarket(t, h)
		text := m.download(t, m.paula, m.source)
		role := h.Role(m.p, &m.app, "All", oid.BuiltIn[oid.Permission]("Application_READ"), oid.BuiltIn[oid.Permission]("Application_UPDATE"))
		user, _ := h.User(m.p, "frontend", role)
		token := h.Session(m.p, user, m.home(user), &m.app)
		m.does(t, token, "applicationExport", input{"applicationId": m.app})
		id := m.send(t, token, text)
		for name, in := range map[string]input{
			"applicationExport": {"applicationId": m.source}, "applicationUpgrade": {"applicationId": m.source, "bundleId": id, "dryRun": false},
		} {
			if got := m.fault(t, token, name, in); got != "NOT_FOUND at input.applicationId: no such application" {
				t.Errorf("%s: %s", name, got)
			}
			open := m.without(func(r *authz.Rules) { r.OpensDefinitions = func(_, _ oid.Application) bool { return true } })
			if p := bundling(t, open, token, name, in); len(p.Errors) > 0 {
				t.Errorf("%s without the rule: %+v", name, p.Errors)
			}
		}
	})
}

// noBase: the format has no word for base packages, and none that an import or upgrade finds is one (domain 3.3).
func (m *market) noBase(t *testing.T, text string) {
	t.Helper()
	base := altered(t, text, func(doc map[string]any) { doc["packages"].([]any)[0].(map[string]any)["base"] = true })
	if status, r := sent(t, m.Hub, m.root, base); status != 400 || !strings.Contains(r.Errors[0].Message, "/packages/0/base") {
		t.Errorf("a base package: %d %+v", status, r)
	}
	if n := m.count("packages", "base = TRUE AND application_id IS NOT NULL"); n != 0 {
		t.Errorf("%d packages of applications are base packages", n)
	}
}

// staysExplicit: the creator of what was imported does not make it everybody's (domain 4.4).
func (m *market) staysExplicit(t *testing.T) {
	t.Helper()
	app := m.imported(t, m.download(t, m.paula, m.source))
	m.fails(t, m.carl, "applicationUpdate", input{"id": app, "accessType": "ANY"}, "NOT_ALLOWED at input.accessType")
	m.fails(t, m.carl, "applicationUpdate", input{"id": app, "accessType": "OWN"}, "NOT_ALLOWED at input.accessType")
	if status := m.column("applications", app, "access_type"); status != "EXPLICIT" {
		t.Errorf("it is %s", status)
	}
}

// domain 12.2: the code in a bundle is somebody else's: the authorities that begin with it are those of the new application,
// whatever application has the code here.
func TestTheCodeOfABundleIsNobodys(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		m := newMarket(t, h)
		text := m.download(t, m.paula, m.source)
		stolen := strings.ReplaceAll(text, `"source.`, `"strange.`)
		stolen = altered(t, stolen, func(doc map[string]any) { doc["application"].(map[string]any)["code"] = "strange" })
		app := m.imported(t, stolen)
		if n := m.count("role_permissions", "permission_id IN (SELECT id FROM permissions WHERE application_id = ?)", app); n != 2 {
			t.Errorf("%d permissions of its own are held", n)
		}
		if n := m.count("permissions", "authority LIKE 'strange.%'"); n != 0 {
			t.Errorf("%d permissions were made for the stranger", n)
		}
		if code := m.column("applications", app, "code"); code != "imported" {
			t.Errorf("its code is %s", code)
		}
		p := bundling(t, h, m.carl, "applicationImport", input{"bundleId": m.send(t, m.carl, text), "code": "source"})
		if len(p.Errors) != 1 || p.Errors[0].Code != "TAKEN" || strings.Join(p.Errors[0].Path, ".") != "input.code" {
			t.Errorf("with a code that is taken: %+v", p.Errors)
		}
	})
}
