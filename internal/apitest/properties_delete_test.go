package apitest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// domain 6.1, 6.4, 6.5: properties are taken away many at once, all or none, by those who may set them; names that are not
// set are no error, and a call that changes nothing leaves no trace.
func TestApplicationPropertiesDelete(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		on := func(app oid.Application, names ...string) input { return input{"applicationId": app, "names": names} }
		of := func(in input, client oid.Client) input {
			in["clientId"] = client
			return in
		}
		for _, app := range []oid.Application{e.app, e.written} {
			e.succeeds(e.paula, "applicationPropertiesSet", input{"applicationId": app, "properties": props(prop("A", "1"), prop("B", "2"), prop("C", "3"))})
		}
		e.succeeds(e.carl, "applicationPropertiesSet", input{"applicationId": e.written, "properties": props(prop("A", "c"))})
		many := make([]string, 101)
		for i := range many {
			many[i] = fmt.Sprint("P", i)
		}
		for rule, c := range map[string]struct {
			token string
			in    input
			want  []string
		}{
			"none":                         {e.paula, on(e.app, []string{}...), []string{"INVALID at input.names"}},
			"101":                          {e.paula, on(e.app, many...), []string{"INVALID at input.names"}},
			"no names, and one twice":      {e.paula, on(e.app, "A", "a", "A", ""), []string{"INVALID at input.names.1", "INVALID at input.names.2", "INVALID at input.names.3"}},
			"a foreign application":        {e.paula, on(e.foreign, "A"), []string{"NOT_FOUND at input.applicationId"}},
			"an unknown application":       {e.paula, on(oid.New[oid.Application](), "A"), []string{"NOT_FOUND at input.applicationId"}},
			"no id":                        {e.paula, input{"applicationId": "x", "clientId": e.app, "names": []string{"A"}}, []string{"INVALID at input.applicationId", "INVALID at input.clientId"}},
			"a stranger without access":    {e.paula, of(on(e.app, "A"), e.s), []string{"NOT_FOUND at input.clientId"}},
			"a child without access":       {e.paula, of(on(e.app, "A"), e.c), []string{"NOT_ALLOWED at input.applicationId"}},
			"a writer, of the owner":       {e.carl, of(on(e.written, "A"), e.p), []string{"NOT_FOUND at input.clientId"}},
			"a reader, of itself":          {e.carl, on(e.readable, "A"), []string{"NOT_ALLOWED at input.applicationId"}},
			"a child that sees no such":    {e.gina, on(e.written, "A"), []string{"NOT_FOUND at input.applicationId"}},
			"a stranger's own application": {e.stan, of(on(e.foreign, "A"), e.c), []string{"NOT_FOUND at input.clientId"}},
		} {
			t.Run("6.4 "+rule, func(t *testing.T) {
				if p := e.fails(t, c.token, "applicationPropertiesDelete", c.in, c.want...); len(p.Names) > 0 {
					t.Errorf("it fails, and yet names %v", p.Names)
				}
			})
		}
		before := e.before()
		if p := e.succeeds(e.paula, "applicationPropertiesDelete", on(e.app, "NEVER", "SET")); len(p.Names) > 0 || p.Application == nil {
			t.Errorf("%+v", p)
		}
		e.unchanged(t, before, "names that are not set")
		if p := e.succeeds(e.paula, "applicationPropertiesDelete", on(e.app, "C", "NEVER", "A")); !slices.Equal(p.Names, []string{"C", "A"}) {
			t.Errorf("%v", p.Names)
		}
		e.succeeds(e.carl, "applicationPropertiesDelete", on(e.written, "A", "B"))
		got := query(t, e.Hub, "SELECT client_id AS c, name AS n FROM application_properties WHERE application_id IN (?, ?) ORDER BY application_id, name", e.app, e.written)
		if len(got) != 4 || got[0]["n"] != "B" || e.count("application_properties", "client_id = ?", e.c) != 0 {
			t.Errorf("left are %v", got)
		}
	})
}

// domain 6.4: the owner, the clients managing it and SYSTEM set and delete for any client with access, also one they do
// not see; the answer shows what was set. Of others such a client is not known, nor whether it exists.
func TestPropertiesOfClientsOutOfSight(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		e.grant(e.written, e.s, enum.LevelRead) // by SYSTEM, to a stranger of its owner's
		set := func(client any, list ...input) input {
			return input{"applicationId": e.written, "clientId": client, "properties": list}
		}
		const doc = `mutation($input: ApplicationPropertiesSetInput!) { applicationPropertiesSet(input: $input) {
			properties { name value version client { code } application { code } } errors { code } } }`
		for _, key := range []string{"first-time", "first-time"} { // and again, with the same key: nothing is set twice (domain 16.2)
			a := e.DoOnce(e.paula, key, doc, hubtest.Variables{"input": set(e.s, prop("A", "for the stranger"), prop("B", "too"))})
			want := `{"applicationPropertiesSet":{"properties":[{"name":"A","value":"for the stranger","version":1,"client":null,"application":{"code":"written"}},` +
				`{"name":"B","value":"too","version":1,"client":null,"application":{"code":"written"}}],"errors":[]}}`
			if string(a.Data) != want {
				t.Errorf("%s\nwant %s", a.Data, want)
			}
		}
		p := e.succeeds(e.paula, "applicationPropertiesSet", set(e.s, prop("A", "again", 1)))
		if len(p.Properties) != 1 || p.Properties[0].Version != 2 || e.column("application_properties", p.Properties[0].ID, "value") != "again" {
			t.Errorf("%+v", p.Properties)
		}
		if list, ok := e.inForce(t, e.stan, e.written, `(names: ["A", "B"])`); !ok || !slices.Equal(list, []string{"A=again OWN STRANGER", "B=too OWN STRANGER"}) {
			t.Errorf("in force for the stranger: %v", list)
		}
		var data struct {
			Application struct{ Properties struct{ TotalCount int } }
		}
		e.MustData(e.Do(e.paula, "query($id: ID!) { application(id: $id) { properties { totalCount } } }", hubtest.Variables{"id": e.written}), &data)
		if data.Application.Properties.TotalCount != 0 { // to set them is not to see them
			t.Errorf("the owner sees %d properties of the stranger", data.Application.Properties.TotalCount)
		}
		for _, client := range []any{oid.New[oid.Client](), h.Client(e.s, "BELOWS", false)} {
			e.fails(t, e.paula, "applicationPropertiesSet", set(client, prop("A", "v")), "NOT_FOUND at input.clientId")
		}
		e.fails(t, e.carl, "applicationPropertiesSet", set(e.s, prop("A", "v")), "NOT_FOUND at input.clientId")
		gone := `mutation($input: ApplicationPropertiesDeleteInput!) { applicationPropertiesDelete(input: $input) { names application { code } errors { code } } }`
		for _, key := range []string{"gone-once", "gone-once"} {
			a := e.DoOnce(e.paula, key, gone, hubtest.Variables{"input": input{"applicationId": e.written, "clientId": e.s, "names": []string{"B", "NEVER"}}})
			if want := `{"applicationPropertiesDelete":{"names":["B"],"application":{"code":"written"},"errors":[]}}`; string(a.Data) != want {
				t.Errorf("%s\nwant %s", a.Data, want)
			}
		}
		if n := e.count("property_changes", "removed = TRUE"); n != 1 {
			t.Errorf("%d removals are in the history", n)
		}
		e.exec("UPDATE access_grants SET level = 'BARRED' WHERE client_id = ?", e.s)
		e.fails(t, e.paula, "applicationPropertiesSet", set(e.s, prop("A", "v")), "NOT_FOUND at input.clientId")
	})
}

// Attack on domain 6.4: a client with read access sets its own values, and one with write access those of a stranger.
func TestAttackPropertiesSetByReaders(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		e.grant(e.written, e.s, enum.LevelRead)
		open := e.without(func(r *authz.Rules) {
			r.SetsProperties = func(_ authz.Caller, target enum.AccessLevel, _ bool) bool { return target != "" }
		})
		for name, c := range map[string]struct {
			in   input
			want string
		}{
			"a reader, for itself":     {input{"applicationId": e.readable, "properties": props(prop("REGISTRATION_TYPE", "IMMEDIATE"))}, "NOT_ALLOWED at input.applicationId"},
			"a writer, for a stranger": {input{"applicationId": e.written, "clientId": e.s, "properties": props(prop("A", "v"))}, "NOT_FOUND at input.clientId"},
		} {
			e.fails(t, e.carl, "applicationPropertiesSet", c.in, c.want)
			if err := accepted(open, e.carl, "applicationPropertiesSet", c.in); err != nil {
				t.Errorf("%s, without the rule: %v", name, err)
			}
			e.known.Store(nil) // the other node has written
		}
		if n := e.count("application_properties", "name IN ('A', 'REGISTRATION_TYPE')"); n != 2 {
			t.Errorf("%d rows", n)
		}
	})
}
