package apitest

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// told sends a mutation to a server, and gives its errors, each "CODE at path"; "" where it worked.
func told(h *hubtest.Hub, token, name string, in input) string {
	title := strings.ToUpper(name[:1]) + name[1:]
	a := h.Do(token, "mutation($input: "+title+"Input!) { "+name+"(input: $input) { errors { code message path } } }", hubtest.Variables{"input": in})
	var data map[string]*struct{ Errors []userError }
	if err := json.Unmarshal(a.Data, &data); err != nil || data[name] == nil || len(a.Errors) > 0 {
		return "no answer: " + string(a.Body)
	}
	list := make([]string, len(data[name].Errors))
	for i, u := range data[name].Errors {
		list[i] = u.Code + " at " + strings.Join(u.Path, ".")
	}
	return strings.Join(list, ", ")
}

// attic is an archived application of P with something of everything.
type attic struct {
	*internet
	archived              oid.Application
	grant                 oid.AccessGrant
	pending               *urlShown
	proven, dependency    string
	role, permission, pac string
	membership            string
}

func newAttic(t testing.TB, h *hubtest.Hub) *attic {
	t.Helper()
	a := &attic{internet: newInternet(t, h)}
	id := func(table, where string, args ...any) string {
		return query(t, a.Hub, "SELECT id FROM "+table+" WHERE "+where, args...)[0]["id"].(string)
	}
	a.archived = h.Application(a.p, "attic", "Attic")
	a.grant = a.estate.grant(a.archived, a.c, enum.LevelWrite)
	a.pending = a.bind(a.paula, a.archived, "https://pending.example.net")
	a.proven = string(a.internet.proven(a.archived, a.p, "https://attic.example.net"))
	for name, in := range map[string]input{
		"applicationDependencyAdd": {"applicationId": a.archived, "dependencyId": a.readable},
		"roleCreate":               {"applicationId": a.archived, "name": "Dust"},
		"permissionCreate":         {"applicationId": a.archived, "name": "Dust_READ"},
		"packageCreate":            {"applicationId": a.archived, "name": "Dust", "code": "DUST"},
		"applicationPropertiesSet": {"applicationId": a.archived, "properties": []any{map[string]any{"name": "DUST", "value": "thick"}}},
	} {
		if wrong := told(h, a.paula, name, in); wrong != "" {
			t.Fatalf("%s: %s", name, wrong)
		}
	}
	a.dependency = id("application_dependencies", "application_id = ?", a.archived)
	a.role, a.permission, a.pac = id("roles", "application_id = ?", a.archived), id("permissions", "application_id = ?", a.archived), id("packages", "application_id = ?", a.archived)
	a.membership = id("memberships", "user_id = ?", a.paulaID)
	return a
}

// anew is what adds to the application.
func (a *attic) anew() map[string]struct {
	mutation string
	in       input
	path     string
} {
	type c = struct {
		mutation string
		in       input
		path     string
	}
	return map[string]c{
		"access for one that has none": {"accessGrantSet", input{"applicationId": a.archived, "clientId": a.g, "level": "READ"}, "input.applicationId"},
		"other access":                 {"accessGrantSet", input{"applicationId": a.archived, "clientId": a.c, "level": "READ"}, "input.applicationId"},
		"a property":                   {"applicationPropertiesSet", input{"applicationId": a.archived, "properties": []any{map[string]any{"name": "NEW", "value": "x"}}}, "input.applicationId"},
		"another value":                {"applicationPropertiesSet", input{"applicationId": a.archived, "properties": []any{map[string]any{"name": "DUST", "value": "x"}}}, "input.applicationId"},
		"a URL":                        {"clientUrlBind", input{"applicationId": a.archived, "origin": "https://new.example.net"}, "input.applicationId"},
		"what it depends on":           {"applicationDependencyAdd", input{"applicationId": a.archived, "dependencyId": a.written}, "input.applicationId"},
		"a role":                       {"roleCreate", input{"applicationId": a.archived, "name": "New"}, "input.applicationId"},
		"a permission":                 {"permissionCreate", input{"applicationId": a.archived, "name": "New_READ"}, "input.applicationId"},
		"a package":                    {"packageCreate", input{"applicationId": a.archived, "name": "New", "code": "NEW"}, "input.applicationId"},
	}
}

// Attack, domain 11.1, 4.6: nothing is added to an archived application, not even by its owner; without the rule, it is.
func TestAttackAddingToAnArchivedApplication(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		a := newAttic(t, h)
		a.succeeds(a.paula, "applicationArchive", input{"id": a.archived})
		weak := a.on(func(o *hub.HTTP) {
			o.AlterRules = func(r *authz.Rules) { r.Grows = func(enum.ApplicationStatus) bool { return true } }
		})
		for what, c := range a.anew() {
			before := a.state()
			if got := told(a.node, a.paula, c.mutation, c.in); got != "NOT_ALLOWED at "+c.path {
				t.Errorf("%s: %q", what, got)
			}
			a.unchanged(t, before, what)
			if got := told(weak.node, a.paula, c.mutation, c.in); got != "" {
				t.Errorf("%s is refused without its rule, too: %s", what, got)
			}
		}
		// nor is it relied on: by a proof, by who takes it, by what depends on it
		a.known.Store(nil)
		before := a.state()
		a.publish("pending.example.net", a.pending)
		a.stops(t, a.paula, "clientUrlProve", input{"id": a.pending.ID}, "NOT_ALLOWED at input.id")
		a.exec("UPDATE applications SET access_type = 'ANY' WHERE id = ?", a.archived)
		if got := told(a.node, a.gina, "accessGrantTake", input{"applicationId": a.archived, "level": "READ"}); got != "NOT_ALLOWED at input.applicationId" && got != "NOT_FOUND at input.applicationId" {
			t.Errorf("taken: %q", got)
		}
		if got := told(a.node, a.paula, "applicationDependencyAdd", input{"applicationId": a.app, "dependencyId": a.archived}); got != "NOT_ALLOWED at input.dependencyId" {
			t.Errorf("embedded: %q", got)
		}
		a.exec("UPDATE applications SET access_type = 'OWN' WHERE id = ?", a.archived)
		a.unchanged(t, before, "relied on")
		weak.works(a.paula, "clientUrlProve", input{"id": a.pending.ID})
	})
}

// domain 11.1, 4.4, 5.3, 5.4: what an archived application has can be taken away, its own fields change, its users can be
// barred for the time after, and restored it takes all that it did not take.
func TestAnArchivedApplicationLoses(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		a := newAttic(t, h)
		a.succeeds(a.paula, "applicationArchive", input{"id": a.archived})
		lose := func(what, mutation string, in input) {
			t.Helper()
			if wrong := told(a.node, a.paula, mutation, in); wrong != "" {
				t.Errorf("%s: %s", what, wrong)
			}
		}
		lose("its name", "applicationUpdate", input{"id": a.archived, "name": "Attic, swept"})
		lose("a bar", "accessGrantSet", input{"applicationId": a.archived, "clientId": a.g, "level": "BARRED"})
		lose("a grant", "accessGrantRevoke", input{"id": a.grant})
		lose("a property", "applicationPropertiesDelete", input{"applicationId": a.archived, "names": []string{"DUST"}})
		lose("a pending URL", "clientUrlUnbind", input{"id": a.pending.ID})
		lose("a proven URL", "clientUrlUnbind", input{"id": a.proven})
		lose("a dependency", "applicationDependencyRemove", input{"id": a.dependency})
		lose("a package", "packageDelete", input{"id": a.pac})
		lose("a permission", "permissionDelete", input{"id": a.permission})
		lose("a role", "roleDelete", input{"id": a.role})
		a.succeeds(a.paula, "applicationRestore", input{"id": a.archived})
		for what, c := range a.anew() {
			if got := told(a.node, a.paula, c.mutation, c.in); got != "" {
				t.Errorf("%s, restored: %s", what, got)
			}
		}
	})
}
