package apitest

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// domain 5.3: a client that the owner manages takes READ or WRITE on an ANY application for itself, and gives it back.
func TestAccessTaken(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newAccesses(t, h)
		taken := e.yes(e.gina, "accessGrantTake", input{"applicationId": e.any})
		if taken.Level != "READ" || taken.ExpiresAt != nil || taken.Reason != "taken" || taken.Giver.Code != "GRAND" || taken.Application.Code != "anybodys" || taken.Version != 1 {
			t.Errorf("%+v", taken)
		}
		for _, c := range []struct {
			level   string
			version int
		}{{"READ", 1}, {"WRITE", 2}, {"WRITE", 2}, {"READ", 3}} { // its own it raises and lowers
			if g := e.yes(e.gina, "accessGrantTake", input{"applicationId": e.any, "level": c.level}); g.ID != taken.ID || g.Level != c.level || g.Version != c.version {
				t.Errorf("%+v", g)
			}
		}
		if n := e.count("audit_events", "object_id = ? AND client_id = ? AND operation = 'accessGrantTake'", taken.ID, e.g); n != 3 {
			t.Errorf("%d events", n)
		}
		e.yes(e.gina, "accessGrantRevoke", input{"id": taken.ID})

		// what the owner gave is never made less of
		end := later(time.Hour)
		given := e.yes(e.paula, "accessGrantSet", input{"applicationId": e.any, "clientId": e.g, "level": "READ", "expiresAt": end, "embeddable": true})
		if g := e.yes(e.gina, "accessGrantTake", input{"applicationId": e.any, "level": "READ"}); g.Version != 1 || *g.ExpiresAt != end || g.Giver.Code != "PARTNER" {
			t.Errorf("%+v", g)
		}
		if g := e.yes(e.gina, "accessGrantTake", input{"applicationId": e.any, "level": "WRITE"}); g.ID != given.ID || g.Level != "WRITE" || g.ExpiresAt != nil || !g.Embeddable || g.Giver.Code != "GRAND" {
			t.Errorf("%+v", g)
		}
		e.yes(e.paula, "accessGrantSet", input{"applicationId": e.any, "clientId": e.g, "level": "WRITE", "expiresAt": end})
		if g := e.yes(e.gina, "accessGrantTake", input{"applicationId": e.any, "level": "READ"}); g.Level != "WRITE" || *g.ExpiresAt != end || g.Giver.Code != "PARTNER" {
			t.Errorf("%+v", g)
		}
		// what has expired counts for nothing
		e.exec("UPDATE access_grants SET expires_at = created_at WHERE id = ?", given.ID)
		if g := e.yes(e.gina, "accessGrantTake", input{"applicationId": e.any, "level": "READ"}); g.Level != "READ" || g.ExpiresAt != nil || g.Giver.Code != "GRAND" {
			t.Errorf("%+v", g)
		}
		e.yes(e.gina, "accessGrantRevoke", input{"id": given.ID})
		// what was lent becomes its own, and sleeps with nobody
		lent := e.yes(e.carl, "accessGrantSet", input{"applicationId": e.any, "clientId": e.g, "level": "READ"})
		if g := e.yes(e.gina, "accessGrantTake", input{"applicationId": e.any}); g.ID != lent.ID || g.Giver.Code != "GRAND" || g.Version != 2 {
			t.Errorf("%+v", g)
		}
		e.yes(e.paula, "accessGrantSet", input{"applicationId": e.any, "clientId": e.c, "level": "BARRED"})
		if got := e.has(e.any, e.g); got != "READ GRANT" {
			t.Error(got)
		}
	})
}

// domain 5.3, 5.1: what one does not take.
func TestAccessNotTaken(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newAccesses(t, h)
		lost := h.Application(e.p, "lost", "Lost")
		archived := h.Application(e.p, "archived-any", "Archived")
		sideways := h.Application(e.s, "anybodys-else", "Anybody else's")
		of := h.Application(e.c, "childs-any", "Child's, ANY")
		for _, app := range []oid.Application{archived, sideways, of} {
			e.access(app, enum.AccessAny)
		}
		e.Must(e.Ent().Application.UpdateOneID(archived).SetStatus(enum.ApplicationArchived).Exec(e.System()))
		for rule, c := range map[string]struct {
			token string
			in    input
			want  string
		}{
			"BARRED":                    {e.gina, input{"applicationId": e.any, "level": "BARRED"}, "INVALID at input.level"},
			"in small letters":          {e.gina, input{"applicationId": e.any, "level": "read"}, "INVALID at input.level"},
			"of another kind":           {e.gina, input{"applicationId": e.p}, "INVALID at input.applicationId"},
			"unknown":                   {e.gina, input{"applicationId": oid.New[oid.Application]()}, "NOT_FOUND at input.applicationId"},
			"5.3 OWN, out of sight":     {e.gina, input{"applicationId": lost}, "NOT_FOUND at input.applicationId"},
			"5.3 archived":              {e.gina, input{"applicationId": archived}, "NOT_FOUND at input.applicationId"},
			"5.3 of no manager":         {e.gina, input{"applicationId": sideways}, "NOT_FOUND at input.applicationId"},
			"5.3 OWN, with READ":        {e.carl, input{"applicationId": e.readable, "level": "WRITE"}, "NOT_ALLOWED at input.applicationId"},
			"5.3 one's own":             {e.carl, input{"applicationId": of}, "NOT_ALLOWED at input.applicationId"},
			"5.3 of a client below":     {e.paula, input{"applicationId": of}, "NOT_ALLOWED at input.applicationId"},
			"5.3 of a client beside it": {e.kate, input{"applicationId": of}, "NOT_FOUND at input.applicationId"},
		} {
			t.Run(rule, func(t *testing.T) { e.no(t, c.token, "accessGrantTake", c.in, c.want) })
		}
		// WRITE taken again after BARRED
		takes := h.Node(func(o *hub.HTTP) {
			o.AlterRules = func(r *authz.Rules) { r.Takes = func(authz.Taking) bool { return true } }
		})
		e.yes(e.gina, "accessGrantTake", input{"applicationId": e.any, "level": "WRITE"})
		bar := e.yes(e.paula, "accessGrantSet", input{"applicationId": e.any, "clientId": e.g, "level": "BARRED"})
		e.no(t, e.gina, "accessGrantRevoke", input{"id": bar.ID}, "NOT_ALLOWED at input.id")
		e.attack(t, takes, e.gina, "accessGrantTake", input{"applicationId": e.any, "level": "WRITE"}, "NOT_ALLOWED at input.applicationId")
		// taking access to what is not offered
		e.attack(t, takes, e.gina, "accessGrantTake", input{"applicationId": lost, "level": "WRITE"}, "NOT_FOUND at input.applicationId")
	})
}

// domain 4.6: ANY applications of the managers are listed as available, until one has a grant or is barred.
func TestApplicationsAvailable(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newAccesses(t, h)
		more := h.Application(e.c, "childs-any", "Child's, ANY")
		archived := h.Application(e.p, "archived-any", "Archived")
		for _, app := range []oid.Application{more, archived, e.foreign} {
			e.access(app, enum.AccessAny)
		}
		e.Must(e.Ent().Application.UpdateOneID(archived).SetStatus(enum.ApplicationArchived).Exec(e.System()))
		is := func(who, token string, want ...string) {
			t.Helper()
			var data struct {
				ApplicationsAvailable struct {
					TotalCount int
					Nodes      []struct{ Code string }
				}
			}
			h.MustData(h.Do(token, `{ applicationsAvailable(orderBy: {field: CODE}) { totalCount nodes { code } } }`, nil), &data)
			var got []string
			for _, n := range data.ApplicationsAvailable.Nodes {
				got = append(got, n.Code)
			}
			if !slices.Equal(got, want) || data.ApplicationsAvailable.TotalCount != len(want) {
				t.Errorf("%s: %v of %d, want %v", who, got, data.ApplicationsAvailable.TotalCount, want)
			}
		}
		is("P", e.paula)
		is("C has a grant", e.carl)
		is("G", e.gina, "anybodys", "childs-any")
		is("K", e.kate, "anybodys")
		is("S", e.stan)
		is("SYSTEM", e.root)
		e.yes(e.gina, "accessGrantTake", input{"applicationId": more})
		e.yes(e.paula, "accessGrantSet", input{"applicationId": e.any, "clientId": e.k, "level": "BARRED"})
		is("G has taken one", e.gina, "anybodys")
		is("K is barred", e.kate)

		// it is shown with its owner by name, what hangs on it as far as it is visible, and nowhere else
		const shows = `{ applicationsAvailable(first: 1) { pageInfo { hasNextPage hasPreviousPage } totalCount nodes { id code viewerCan
			client { code name type } creator { code } grants { totalCount } roles { totalCount } urls { totalCount } properties { totalCount }
			propertiesInForce { name } urlFor dependencies { totalCount } dependents { totalCount } loadOrder { __typename } } } }`
		a := h.Do(e.gina, shows, nil)
		want := `{"applicationsAvailable":{"pageInfo":{"hasNextPage":false,"hasPreviousPage":false},"totalCount":1,"nodes":[{"id":"` + string(e.any) +
			`","code":"anybodys","viewerCan":["accessGrantTake"],"client":{"code":"PARTNER","name":"Client PARTNER","type":null},"creator":{"code":"PARTNER"},` +
			`"grants":{"totalCount":0},"roles":{"totalCount":0},"urls":{"totalCount":0},"properties":{"totalCount":0},` +
			`"propertiesInForce":null,"urlFor":null,"dependencies":{"totalCount":0},"dependents":{"totalCount":0},"loadOrder":null}]}}`
		if string(a.Data) != want {
			t.Errorf("%s\nwant %s", a.Body, want)
		}
		for _, doc := range []string{`{ application(code: "anybodys") { code } }`, `{ node(id: "` + string(e.any) + `") { id } }`} {
			if a := h.Do(e.gina, doc, nil); string(a.Data) != `{"application":null}` && string(a.Data) != `{"node":null}` {
				t.Errorf("%s: %s", doc, a.Body)
			}
		}
	})
}

// domain 5.3, on one application at once: whatever comes first, no two grants of one client, no lost bar, and what was lent
// sleeps if its giver lacks write access in the end.
func TestAccessRaces(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newAccesses(t, h)
		nodes := []*hubtest.Hub{h, h.Node()}
		for range 6 {
			e.drop(e.any, e.g)
			var mu sync.Mutex
			won := 0
			set := func(i int) func() {
				return func() {
					_, _, errs, body := onGrant(nodes[i%2], e.paula, "accessGrantSet", input{"applicationId": e.any, "clientId": e.g, "level": "READ", "expectedVersion": 0})
					mu.Lock()
					defer mu.Unlock()
					switch {
					case len(errs) == 0:
						won++
					case errs[0].Code != "CONFLICT":
						t.Error(body)
					}
				}
			}
			together(set(0), set(1), set(2), set(3))
			if won != 1 || e.count("access_grants", "application_id = ? AND client_id = ?", e.any, e.g) != 1 {
				t.Errorf("%d won", won)
			}
			e.drop(e.any, e.g)
			lent := func() {
				_, _, errs, body := onGrant(nodes[0], e.carl, "accessGrantSet", input{"applicationId": e.written, "clientId": e.g, "level": "READ"})
				if len(errs) > 0 && errs[0].Code != "NOT_ALLOWED" && errs[0].Code != "NOT_FOUND" {
					t.Error(body)
				}
			}
			bar := func() {
				if _, _, errs, body := onGrant(nodes[1], e.paula, "accessGrantSet", input{"applicationId": e.any, "clientId": e.g, "level": "BARRED"}); len(errs) > 0 {
					t.Error(body)
				}
			}
			take := func() {
				_, _, errs, body := onGrant(nodes[0], e.gina, "accessGrantTake", input{"applicationId": e.any, "level": "WRITE"})
				if len(errs) > 0 && errs[0].Code != "NOT_ALLOWED" {
					t.Error(body)
				}
			}
			stop := func() {
				if _, _, errs, body := onGrant(nodes[1], e.paula, "accessGrantSet", input{"applicationId": e.written, "clientId": e.c, "level": "READ"}); len(errs) > 0 {
					t.Error(body)
				}
			}
			together(bar, take, lent, stop, take)
			if got := e.has(e.any, e.g); got != "BARRED" {
				t.Errorf("a bar is lost: %s", got)
			}
			if got := e.has(e.written, e.g); got != "SLEEPING" && got != "NONE" {
				t.Errorf("what was lent by one who writes no more: %s", got)
			}
			e.drop(e.written, e.g)
			e.yes(e.paula, "accessGrantSet", input{"applicationId": e.written, "clientId": e.c, "level": "WRITE"})
		}
	})
}
