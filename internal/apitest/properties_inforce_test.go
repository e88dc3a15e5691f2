package apitest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// inForce asks for the properties in force and gives each as "NAME=value KIND CODE"; ok is false for null.
func (e *estate) inForce(t testing.TB, token string, app oid.Application, arguments string) (list []string, ok bool) {
	t.Helper()
	var data struct {
		Application *struct {
			PropertiesInForce *[]struct {
				Name   string
				Value  *string
				Public bool
				Secret bool
				Source struct {
					Kind   string
					Client *struct{ Code string }
				}
			}
		}
	}
	doc := "query($id: ID!) { application(id: $id) { propertiesInForce" + arguments + " { name value public secret source { kind client { code } } } } }"
	e.MustData(e.Do(token, doc, hubtest.Variables{"id": app}), &data)
	if data.Application == nil || data.Application.PropertiesInForce == nil {
		return nil, false
	}
	list = []string{}
	for _, p := range *data.Application.PropertiesInForce {
		text := p.Name + "=null "
		if p.Value != nil {
			text = p.Name + "=" + *p.Value + " "
		}
		if text += p.Source.Kind; p.Source.Client != nil {
			text += " " + p.Source.Client.Code
		}
		for word, is := range map[string]bool{" public": p.Public, " secret": p.Secret} {
			if is {
				text += word
			}
		}
		list = append(list, text)
	}
	return list, true
}

func forClient(client oid.Client, names ...string) string {
	if len(names) == 0 {
		return fmt.Sprintf("(clientId: %q)", client)
	}
	return fmt.Sprintf("(clientId: %q, names: [%q])", client, strings.Join(names, `", "`))
}

// domain 6.2: the value in force for a client is its own; else its nearest manager's below the owner that has access
// today and set one; else the owner's; else the platform's default. Each says where it comes from. Both executors say
// the same.
func TestPropertiesInForce(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		deep := h.Client(e.g, "DEEP", false)
		low := h.Client(deep, "LOW", false)
		for _, c := range []oid.Client{e.g, deep, low} {
			e.grant(e.written, c, enum.LevelRead)
		}
		set := func(app oid.Application, client oid.Client, list ...input) {
			t.Helper()
			e.succeeds(e.root, "applicationPropertiesSet", input{"applicationId": app, "clientId": client, "properties": list})
		}
		set(e.written, e.p, prop("A", "p"), prop("B", "p"), prop("C", "p"), prop("REGISTRATION_TYPE", "EMAIL_LINK"), secret("S", "hidden"))
		set(e.written, e.c, prop("A", "c"), prop("B", "c"), input{"name": "D", "value": "c", "public": true})
		set(e.written, deep, prop("A", "deep"))
		for _, above := range []oid.Client{oid.SystemClient, e.s} { // what those set who have no say
			h.Must(h.Ent().ApplicationProperty.Create().SetClientID(above).SetApplicationID(e.written).SetName("Z").SetValue("z").Exec(h.System()))
		}
		defaults := []string{"CODE_ATTEMPTS=5 DEFAULT", "CODE_LENGTH=6 DEFAULT", "CODE_LIFETIME=15 DEFAULT", "CODE_LOCK=15 DEFAULT", "CODE_RESENDS=3 DEFAULT"}
		planned, reference := e, e.on(e.Node(func(o *hub.HTTP) { o.Reads = hub.Reference }))
		check := func(what, token, arguments string, app oid.Application, want ...string) {
			t.Helper()
			for name, on := range map[string]*estate{"planned": planned, "reference": reference} {
				got, ok := on.inForce(t, token, app, arguments)
				got = slices.DeleteFunc(got, func(s string) bool { return slices.Contains(defaults, s) })
				if !slices.Equal(got, want) || ok != (want != nil) {
					t.Errorf("%s, %s:\ngot  %q %t\nwant %q", what, name, got, ok, want)
				}
			}
		}
		rest := []string{"REGISTRATION_SIGN_IN=false DEFAULT", "REGISTRATION_TYPE=EMAIL_LINK OWNER PARTNER", "S=null OWNER PARTNER secret", "USER_CHECK=NONE DEFAULT"}
		with := func(list ...string) []string { return append(list, rest...) }
		check("the lowest", e.paula, forClient(low), e.written, with("A=deep MANAGER DEEP", "B=c MANAGER CHILD", "C=p OWNER PARTNER", "D=c MANAGER CHILD public")...)
		check("one that set something", e.paula, forClient(deep), e.written, with("A=deep OWN DEEP", "B=c MANAGER CHILD", "C=p OWNER PARTNER", "D=c MANAGER CHILD public")...)
		check("for oneself", e.carl, "", e.written, with("A=c OWN CHILD", "B=c OWN CHILD", "C=p OWNER PARTNER", "D=c OWN CHILD public")...)
		own := []string{"A=p OWN PARTNER", "B=p OWN PARTNER", "C=p OWN PARTNER", "REGISTRATION_SIGN_IN=false DEFAULT", "REGISTRATION_TYPE=EMAIL_LINK OWN PARTNER", "S=null OWN PARTNER secret", "USER_CHECK=NONE DEFAULT"}
		check("the owner, for itself", e.paula, "", e.written, own...)
		check("SYSTEM, for the owner", e.root, forClient(e.p), e.written, own...)
		check("some names, once, in order", e.gina, `(names: ["D", "A", "NONE", "A", "CODE_LENGTH", "bad name"])`, e.written, "A=c MANAGER CHILD", "D=c MANAGER CHILD public")
		check("no names", e.gina, "(names: [])", e.written, []string{}...)
		check("a client without access", e.paula, forClient(e.g), e.readable, nil...)
		check("a client above", e.carl, forClient(e.p), e.written, nil...)
		check("a stranger", e.paula, forClient(e.s), e.written, nil...)
		check("an unknown client", e.paula, forClient(oid.New[oid.Client]()), e.written, nil...)

		// The nearest manager without access today is passed over; and back with a new grant (domain 5.4).
		for _, gone := range []func(){
			func() {
				e.exec("UPDATE access_grants SET level = 'BARRED' WHERE client_id = ? AND application_id = ?", e.c, e.written)
			},
			func() {
				e.exec("UPDATE access_grants SET level = 'WRITE', expires_at = ? WHERE client_id = ? AND application_id = ?", time.Now().UTC().Add(-time.Hour), e.c, e.written)
			},
			func() { e.exec("DELETE FROM access_grants WHERE client_id = ? AND application_id = ?", e.c, e.written) },
		} {
			gone()
			check("a manager without access", e.paula, forClient(low), e.written, with("A=deep MANAGER DEEP", "B=p OWNER PARTNER", "C=p OWNER PARTNER")...)
			check("without access itself", e.paula, forClient(e.c), e.written, nil...)
		}
		e.grant(e.written, e.c, enum.LevelRead)
		check("with access again", e.paula, forClient(low), e.written, with("A=deep MANAGER DEEP", "B=c MANAGER CHILD", "C=p OWNER PARTNER", "D=c MANAGER CHILD public")...)

		// An owner who is not above the client: all managers count, up to SYSTEM.
		e.grant(e.foreign, e.g, enum.LevelRead)
		e.grant(e.foreign, e.p, enum.LevelRead)
		e.grant(e.foreign, oid.SystemClient, enum.LevelRead)
		set(e.foreign, e.s, prop("A", "s"), prop("B", "s"), prop("C", "s"))
		set(e.foreign, e.p, prop("A", "p"))
		set(e.foreign, oid.SystemClient, prop("A", "system"), prop("B", "system"))
		check("an owner beside", e.gina, "", e.foreign, "A=p MANAGER PARTNER", "B=system MANAGER SYSTEM", "C=s OWNER STRANGER",
			"REGISTRATION_SIGN_IN=false DEFAULT", "REGISTRATION_TYPE=NONE DEFAULT", "USER_CHECK=NONE DEFAULT")

		for what, arguments := range map[string]string{
			"no id": `(clientId: "x")`, "another kind's id": fmt.Sprintf("(clientId: %q)", e.app),
			"101 names": fmt.Sprintf("(names: [%s])", strings.Repeat(`"A" `, 101)),
		} {
			for _, on := range []*estate{planned, reference} {
				a := on.Do(e.paula, "query($id: ID!) { application(id: $id) { code propertiesInForce"+arguments+" { name } } }", hubtest.Variables{"id": e.app})
				if len(a.Errors) != 1 || a.Errors[0].Code() != "INVALID" || !strings.Contains(string(a.Body), `"propertiesInForce":null`) {
					t.Errorf("%s: %s", what, a.Body)
				}
			}
		}
	})
}

// domain 6.5: history is kept: what was set and taken away, by whom, for clients in scope; both executors show it alike.
func TestPropertyHistory(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		set := func(token string, list ...input) {
			t.Helper()
			e.succeeds(token, "applicationPropertiesSet", input{"applicationId": e.written, "clientId": e.c, "properties": list})
		}
		set(e.paula, prop("A", "1"), prop("B", ""))
		set(e.carl, input{"name": "A", "value": "2", "public": true})
		set(e.carl, prop("A", "2")) // changes nothing
		set(e.root, secret("S", "hidden"))
		e.succeeds(e.carl, "applicationPropertiesDelete", input{"applicationId": e.written, "names": []string{"A", "NEVER", "S"}})
		e.succeeds(e.paula, "applicationPropertiesSet", input{"applicationId": e.written, "properties": props(prop("A", "owner's"))})
		want := []string{
			"CHILD A 1 false false set by paula of PARTNER", "CHILD B  false false set by paula of PARTNER", "CHILD A 2 true false set by carl of CHILD",
			"CHILD S null false true set by root of SYSTEM", "CHILD A null true false removed by carl of CHILD", "CHILD S null false true removed by carl of CHILD",
			"PARTNER A owner's false false set by paula of PARTNER",
		}
		for _, reads := range []hub.Reads{hub.Planned, hub.Reference} {
			on := e.on(e.Node(func(o *hub.HTTP) { o.Reads = reads }))
			if got := on.history(t, e.root); !slices.Equal(got, want) {
				t.Errorf("%s:\n%s\nwant\n%s", reads, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			hidden := strings.NewReplacer("paula of PARTNER", "null of PARTNER", "root of SYSTEM", "null of SYSTEM")
			var below []string // carl sees neither PARTNER's user nor SYSTEM's, and of both clients the code
			for _, line := range want[:6] {
				below = append(below, hidden.Replace(line))
			}
			if got := on.history(t, e.carl); !slices.Equal(got, below) {
				t.Errorf("%s, for the client itself:\n%s\nwant\n%s", reads, strings.Join(got, "\n"), strings.Join(below, "\n"))
			}
		}
		e.fails(t, e.stan, "applicationPropertiesDelete", input{"applicationId": e.written, "names": []string{"A"}}, "NOT_FOUND at input.applicationId")
	})
}

func (e *estate) history(t testing.TB, token string) (lines []string) {
	t.Helper()
	var data struct {
		Application struct {
			PropertyChanges struct {
				Nodes []struct {
					Name                    string
					Value                   *string
					Public, Secret, Removed bool
					Client, ChangedByClient *struct{ Code string }
					ChangedBy               *struct{ Name string }
				}
			}
		}
	}
	e.MustData(e.Do(token, `query($id: ID!) { application(id: $id) { propertyChanges {
		nodes { name value public secret removed client { code } changedByClient { code } changedBy { name } } } } }`, hubtest.Variables{"id": e.written}), &data)
	for _, c := range data.Application.PropertyChanges.Nodes {
		value, done, by, of := "null", "set", "null", "null"
		if c.Value != nil {
			value = *c.Value
		}
		if c.Removed {
			done = "removed"
		}
		if c.ChangedBy != nil {
			by = c.ChangedBy.Name
		}
		if c.ChangedByClient != nil {
			of = c.ChangedByClient.Code
		}
		lines = append(lines, fmt.Sprintf("%s %s %s %t %t %s by %s of %s", c.Client.Code, c.Name, value, c.Public, c.Secret, done, by, of))
	}
	return lines
}
