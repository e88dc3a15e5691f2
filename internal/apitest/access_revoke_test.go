package apitest

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// domain 5.3: who takes a grant away.
func TestAccessRevoked(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newAccesses(t, h)
		give := func(app oid.Application, to oid.Client) oid.AccessGrant {
			t.Helper()
			e.drop(app, to)
			return e.grant(app, to, enum.LevelWrite)
		}
		for who, token := range map[string]string{"SYSTEM": e.root, "the owner": e.paula, "the client": e.carl} {
			id := give(e.readable, e.c)
			if got := e.yes(token, "accessGrantRevoke", input{"id": id, "expectedVersion": 1}); got.ID != string(id) || e.count("access_grants", "id = ?", id) != 0 {
				t.Errorf("%s: %+v", who, got)
			}
			if e.count("audit_events", "object_id = ? AND client_id = ? AND operation = 'accessGrantRevoke'", id, e.c) != 1 {
				t.Errorf("%s: no event", who)
			}
		}
		e.yes(e.paula, "accessGrantRevoke", input{"id": give(e.own, e.k)}) // a client managing the owner
		id := give(e.readable, e.c)
		e.no(t, e.gina, "accessGrantRevoke", input{"id": id}, "NOT_FOUND at input.id")
		e.no(t, e.stan, "accessGrantRevoke", input{"id": id}, "NOT_FOUND at input.id")
		e.no(t, e.paula, "accessGrantRevoke", input{"id": oid.New[oid.AccessGrant]()}, "NOT_FOUND at input.id")
		e.no(t, e.paula, "accessGrantRevoke", input{"id": e.app}, "INVALID at input.id")
		e.no(t, e.paula, "accessGrantRevoke", input{"id": id, "expectedVersion": 2}, "CONFLICT at input.expectedVersion")
		// a client above another takes nothing away that it neither gave nor owns
		of := e.grant(e.readable, e.g, enum.LevelRead)
		e.no(t, e.carl, "accessGrantRevoke", input{"id": of}, "NOT_ALLOWED at input.id")
		// a giver takes his own away, seeing the application or not
		e.exec("UPDATE access_grants SET giver_id = ? WHERE id = ?", e.c, of)
		e.drop(e.readable, e.c)
		e.yes(e.carl, "accessGrantRevoke", input{"id": of})
		// an archived application's, too
		e.Must(e.Ent().Application.UpdateOneID(e.written).SetStatus(enum.ApplicationArchived).Exec(e.System()))
		e.yes(e.carl, "accessGrantRevoke", input{"id": query(t, h, "SELECT id FROM access_grants WHERE application_id = ? AND client_id = ?", e.written, e.c)[0]["id"]})
	})
}

// domain 5.2, 5.4: what the client has set sleeps, and is back as it was with a new grant. A grant that was taken away works
// nowhere at once, for nobody remembers it.
func TestAccessRevokedAndGivenAgain(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newAccesses(t, h)
		e.succeeds(e.carl, "applicationPropertiesSet", input{"applicationId": e.written, "properties": []any{
			input{"name": "COLOUR", "value": "red", "public": true}, input{"name": "SIZE", "value": "9"}}})
		const rows = "SELECT id, created_at, updated_at, version, name, value, public FROM application_properties WHERE application_id = ? ORDER BY id"
		before := fmt.Sprint(query(t, h, rows, e.written))
		home := rights{e.estate}.member(e.c, e.carlID)
		app := h.Session(e.c, e.carlID, home, &e.written)
		is := func(what string, want bool) {
			t.Helper()
			works := map[string]bool{}
			data := func(token, doc string) string {
				return string(h.Do(token, doc, hubtest.Variables{"id": e.written}).Data)
			}
			works["application"] = data(e.carl, `query($id: ID!) { application(id: $id) { code } }`) == `{"application":{"code":"written"}}`
			works["applications"] = data(e.carl, `query($id: ID!) { applications(filter: {search: "written"}) { totalCount } node(id: $id) { __typename } }`) ==
				`{"applications":{"totalCount":1},"node":{"__typename":"Application"}}`
			works["propertiesInForce"] = data(e.carl, `query($id: ID!) { nodes(ids: [$id]) { ... on Application { propertiesInForce(names: ["COLOUR"]) { value } } } }`) ==
				`{"nodes":[{"propertiesInForce":[{"value":"red"}]}]}`
			// a node that has just seen a session remembers it for less than a second (domain 2.3); the others know nothing of it
			works["its session"] = h.Node().Do(app, "{ viewer { user { id } } }", nil).Status == http.StatusOK
			works["setting"] = len(e.do(e.carl, "applicationPropertiesSet", input{"applicationId": e.written, "properties": []any{input{"name": "SIZE", "value": "9"}}}).Errors) == 0
			for name, got := range works {
				if got != want {
					t.Errorf("%s: %s works %t", what, name, got)
				}
			}
			if after := fmt.Sprint(query(t, h, rows, e.written)); after != before {
				t.Errorf("%s: the properties are\n%s\nwere\n%s", what, after, before)
			}
		}
		is("given", true)
		id := query(t, h, "SELECT id FROM access_grants WHERE application_id = ? AND client_id = ?", e.written, e.c)[0]["id"]
		e.yes(e.paula, "accessGrantRevoke", input{"id": id})
		is("revoked", false)
		e.yes(e.paula, "accessGrantSet", input{"applicationId": e.written, "clientId": e.c, "level": "WRITE"})
		app = h.Session(e.c, e.carlID, home, &e.written)
		is("given again", true)
	})
}

// domain 5.5: the level and why, to whom it may be said.
func TestEffectiveAccess(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newAccesses(t, h)
		suspended := h.Client(e.c, "IDLE", false)
		below := h.Client(suspended, "BELOWIDLE", false)
		expired := e.grant(e.app, e.k, enum.LevelWrite)
		e.exec("UPDATE access_grants SET expires_at = created_at WHERE id = ?", expired)
		archived := h.Application(e.p, "out-of-use", "Out of use")
		e.grant(archived, e.c, enum.LevelRead)
		e.Must(e.Ent().Application.UpdateOneID(archived).SetStatus(enum.ApplicationArchived).Exec(e.System()))
		barred := e.grant(e.any, e.k, enum.LevelBarred)
		shared := e.grant(e.own, e.k, enum.LevelRead)
		asleep := e.yes(e.carl, "accessGrantSet", input{"applicationId": e.any, "clientId": e.g, "level": "READ"})
		e.yes(e.paula, "accessGrantSet", input{"applicationId": e.any, "clientId": e.c, "level": "READ"})
		idle := e.grant(e.app, suspended, enum.LevelRead)
		e.exec("UPDATE clients SET status = 'SUSPENDED' WHERE id = ?", suspended)
		underIdle := e.grant(e.app, below, enum.LevelRead)
		ask := func(token string, vars hubtest.Variables) string {
			t.Helper()
			declared, args := "$a: ID!", "applicationId: $a"
			if vars["c"] != nil {
				declared, args = declared+", $c: ID", args+", clientId: $c"
			}
			if vars["k"] != nil {
				declared, args = declared+", $k: String", args+", clientCode: $k"
			}
			a := h.Do(token, "query("+declared+") { effectiveAccess("+args+") { level reason grant { id } } }", vars)
			if len(a.Errors) > 0 {
				return a.Errors[0].Code()
			}
			var data struct {
				EffectiveAccess *struct {
					Level  *string
					Reason string
					Grant  *struct{ ID string }
				}
			}
			h.MustData(a, &data)
			if data.EffectiveAccess == nil {
				return "null"
			}
			level, grant := "-", ""
			if data.EffectiveAccess.Level != nil {
				level = *data.EffectiveAccess.Level
			}
			if data.EffectiveAccess.Grant != nil {
				grant = " " + data.EffectiveAccess.Grant.ID
			}
			return level + " " + data.EffectiveAccess.Reason + grant
		}
		written := query(t, h, "SELECT id FROM access_grants WHERE application_id = ? AND client_id = ?", e.written, e.c)[0]["id"].(string)
		kept := query(t, h, "SELECT id FROM access_grants WHERE application_id = ?", archived)[0]["id"].(string)
		for rule, c := range map[string]struct {
			token  string
			app    oid.Application
			client any // id, code or nil
			want   string
		}{
			"4.5 the owner":                      {e.paula, e.app, nil, "WRITE OWNER"},
			"a grant, one's own":                 {e.carl, e.written, nil, "WRITE GRANT " + written},
			"a grant, to the owner":              {e.paula, e.written, e.c, "WRITE GRANT " + written},
			"none":                               {e.paula, e.app, e.g, "- NONE"},
			"barred":                             {e.paula, e.any, "COUSIN", "- BARRED " + string(barred)},
			"expired":                            {e.paula, e.app, "COUSIN", "- EXPIRED " + string(expired)},
			"sleeping":                           {e.paula, e.any, "GRAND", "- SLEEPING " + asleep.ID},
			"archived":                           {e.paula, archived, e.c, "- ARCHIVED " + kept},
			"archived, the owner":                {e.paula, archived, nil, "- ARCHIVED"},
			"suspended":                          {e.paula, e.app, suspended, "- SUSPENDED " + string(idle)},
			"below one suspended":                {e.paula, e.app, below, "- SUSPENDED " + string(underIdle)},
			"to the owner, of one out of scope":  {e.carl, e.own, "COUSIN", "READ GRANT " + string(shared)},
			"to the owner, of its base":          {e.carl, e.own, e.p, "- NONE"},
			"of another base":                    {e.paula, e.app, "STRANGER", "null"},
			"unknown":                            {e.paula, e.app, "NOBODY", "null"},
			"unknown, by id":                     {e.root, e.app, oid.New[oid.Client](), "null"},
			"no code":                            {e.paula, e.app, "", "null"},
			"to a reader, of another":            {e.kate, e.own, "CHILD", "null"},
			"to a reader, of one below it":       {e.carl, e.readable, e.g, "- NONE"},
			"an application out of sight":        {e.gina, e.app, nil, "null"},
			"an application that is archived":    {e.carl, archived, nil, "null"},
			"an application that is not":         {e.paula, oid.New[oid.Application](), nil, "null"},
			"not the id of a client":             {e.paula, e.app, oid.Client(e.app), "INVALID"},
			"what is barred is out of sight":     {e.kate, e.any, nil, "null"},
			"what sleeps is out of sight":        {e.gina, e.any, nil, "null"},
			"SYSTEM, of anybody":                 {e.root, e.foreign, e.g, "- NONE"},
			"SYSTEM, of the owner":               {e.root, e.foreign, "STRANGER", "WRITE OWNER"},
			"the owner's manager, of the owner":  {e.paula, e.own, "CHILD", "WRITE OWNER"},
			"a suspended client without a grant": {e.paula, e.readable, suspended, "- NONE"},
		} {
			vars := hubtest.Variables{"a": c.app}
			switch client := c.client.(type) {
			case oid.Client:
				vars["c"] = client
			case string:
				vars["k"] = client
			}
			if got := ask(c.token, vars); got != c.want {
				t.Errorf("%s: %s, want %s", rule, got, c.want)
			}
		}
		if got := ask(e.paula, hubtest.Variables{"a": e.app, "c": e.c, "k": "CHILD"}); got != "INVALID" {
			t.Errorf("two ways to name it: %s", got)
		}
		// domain 0: that it is suspended is said in a client's scope only
		e.exec("UPDATE clients SET status = 'SUSPENDED' WHERE id = ?", e.k)
		if got := ask(e.carl, hubtest.Variables{"a": e.own, "k": "COUSIN"}); got != "READ GRANT "+string(shared) {
			t.Errorf("suspended, out of scope: %s", got)
		}
	})
}
