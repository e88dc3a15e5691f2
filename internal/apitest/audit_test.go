package apitest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/identity"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// trail reads the audit events written since it was last asked: each as "operation kind object by user of client in
// client: before -> after".
func (e *estate) trail(t testing.TB, request string, names map[string]string) []string {
	t.Helper()
	var events []string
	for _, r := range query(t, e.Hub, "SELECT * FROM audit_events WHERE request_id = ? ORDER BY id", request) {
		at := r["at"].(time.Time)
		if since := clock.Now().Sub(at); since < 0 || since > time.Minute || r["on_behalf"] != "" {
			t.Errorf("an event of %v, on behalf of %q", at, r["on_behalf"])
		}
		line := fmt.Sprintf("%v %v %v by %v of %v in %v: %v -> %v", r["operation"], r["kind"], r["object_id"], r["actor_user_id"], r["actor_client_id"], r["client_id"],
			canonical(t, r["before"]), canonical(t, r["after"]))
		for id, name := range names {
			line = strings.ReplaceAll(line, id, name)
		}
		events = append(events, line)
	}
	return events
}

// canonical is a JSON text with its members sorted.
func canonical(t testing.TB, text any) string {
	t.Helper()
	if text == nil {
		return "nothing"
	}
	var value map[string]any
	if err := json.Unmarshal([]byte(text.(string)), &value); err != nil {
		t.Fatalf("%v in %v", err, text)
	}
	raw, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// domain 16.1: each mutation leaves exactly its events: who, what, the fields before and after, in whose trail. (That
// a refused one leaves none is shown with each refusal.)
func TestAuditTrail(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		d := newDoors(t, h)
		e := d.estate
		e.grant(e.written, e.g, enum.LevelRead)
		una := input{"identifier": "una", "password": password, "clientCode": "PARTNER", "applicationCode": "shop-one"}
		names := map[string]string{
			string(e.paulaID): "PAULA", string(e.carlID): "CARL", string(d.una): "UNA", string(e.p): "P", string(e.c): "C", string(e.g): "G",
			string(oid.SystemClient): "SYSTEM", string(e.app): "SHOP", string(e.written): "WRITTEN",
		}
		made := func(p payload) { names[p.Application.ID] = "NEW" }
		for _, c := range []struct {
			rule, token, name string
			in                input
			learn             func(payload)
			want              []string
		}{
			{"an application of one's own", e.paula, "applicationCreate", input{"name": " Mine ", "code": "MINE"}, made, []string{
				`applicationCreate Application NEW by PAULA of P in P: nothing -> {"accessType":"OWN","clientId":"P","code":"mine","name":"Mine","thumbnailUrl":null,"type":"APP"}`,
			}},
			{"its name", e.paula, "applicationUpdate", input{"id": "NEW", "name": "Yours", "accessType": "OWN"}, nil, []string{
				`applicationUpdate Application NEW by PAULA of P in P: {"name":"Mine"} -> {"name":"Yours"}`,
			}},
			{"all that can be changed", e.paula, "applicationUpdate", input{"id": "NEW", "name": "Ours", "accessType": "ANY", "thumbnailUrl": "https://x.example/"}, nil, []string{
				`applicationUpdate Application NEW by PAULA of P in P: {"accessType":"OWN","name":"Yours","thumbnailUrl":null} -> {"accessType":"ANY","name":"Ours","thumbnailUrl":"https://x.example/"}`,
			}},
			{"a thumbnail taken away", e.paula, "applicationUpdate", input{"id": "NEW", "thumbnailUrl": nil}, nil, []string{
				`applicationUpdate Application NEW by PAULA of P in P: {"thumbnailUrl":"https://x.example/"} -> {"thumbnailUrl":null}`,
			}},
			{"no change", e.paula, "applicationUpdate", input{"id": "NEW", "name": "Ours"}, nil, nil},
			{"a child's application, with the creator's grant", e.paula, "applicationCreate", input{"name": "Child's", "code": "childs", "type": "SITE", "clientId": e.c}, made, []string{
				`applicationCreate Application NEW by PAULA of P in C: nothing -> {"accessType":"OWN","clientId":"C","code":"childs","name":"Child's","thumbnailUrl":null,"type":"SITE"}`,
				`applicationCreate AccessGrant GRANT by PAULA of P in P: nothing -> {"applicationId":"NEW","level":"WRITE","reason":"creator"}`,
			}},
			{"an EXPLICIT one", e.carl, "applicationCreate", input{"name": "Imported", "accessType": "EXPLICIT"}, made, []string{
				`applicationCreate Application NEW by CARL of C in P: nothing -> {"accessType":"EXPLICIT","clientId":"P","code":"imported","name":"Imported","thumbnailUrl":null,"type":"APP"}`,
				`applicationCreate AccessGrant GRANT by CARL of C in C: nothing -> {"applicationId":"NEW","level":"WRITE","reason":"creator"}`,
			}},
			{"changed by its creator: in the owner's trail", e.carl, "applicationUpdate", input{"id": "NEW", "name": "I."}, nil, []string{
				`applicationUpdate Application NEW by CARL of C in P: {"name":"Imported"} -> {"name":"I."}`,
			}},
			{"two properties", e.paula, "applicationPropertiesSet", input{"applicationId": e.app, "properties": props(prop("B", "1"), prop("A", "2"))}, nil, []string{
				`applicationPropertiesSet ApplicationProperty PROP by PAULA of P in P: nothing -> {"applicationId":"SHOP","name":"B","public":false,"value":"1"}`,
				`applicationPropertiesSet ApplicationProperty PROP by PAULA of P in P: nothing -> {"applicationId":"SHOP","name":"A","public":false,"value":"2"}`,
			}},
			{"one changed, one not", e.paula, "applicationPropertiesSet", input{"applicationId": e.app, "properties": props(input{"name": "B", "value": "3", "public": true}, prop("A", "2"))}, nil, []string{
				`applicationPropertiesSet ApplicationProperty PROP by PAULA of P in P: {"public":false,"value":"1"} -> {"applicationId":"SHOP","name":"B","public":true,"value":"3"}`,
			}},
			{"a writer for a child: in the child's trail", e.carl, "applicationPropertiesSet", input{"applicationId": e.written, "clientId": e.g, "properties": props(prop("B", "1"))}, nil, []string{
				`applicationPropertiesSet ApplicationProperty PROP by CARL of C in G: nothing -> {"applicationId":"WRITTEN","name":"B","public":false,"value":"1"}`,
			}},
			{"signing in", "", "sessionCreate", una, func(p payload) { names[p.Session.ID], names["token"] = "SESSION", *p.Token }, []string{
				`sessionCreate Session SESSION by UNA of P in P: nothing -> {"applicationId":"SHOP","clientId":"P","device":"","userId":"UNA"}`,
			}},
			{"signing out", "token", "sessionDelete", input{}, nil, []string{
				`sessionDelete Session SESSION by UNA of P in P: {"clientId":"P","device":"","userId":"UNA"} -> nothing`,
			}},
		} {
			for id, known := range names {
				if c.in["id"] == "NEW" && known == "NEW" {
					c.in["id"] = id
				}
			}
			if c.token == "token" {
				c.token = names["token"]
				delete(names, "token")
			}
			before := e.count("audit_events", "1 = 1")
			a := e.raw(c.token, c.name, c.in)
			var data map[string]payload
			if err := json.Unmarshal(a.Data, &data); err != nil || len(data[c.name].Errors) > 0 || len(a.Errors) > 0 {
				t.Fatalf("%s: %s", c.rule, a.Body)
			}
			if c.learn != nil {
				for id, name := range names {
					if name == "NEW" {
						delete(names, id)
					}
				}
				c.learn(data[c.name])
			}
			for _, r := range query(t, h, "SELECT id, 'GRANT' AS n FROM access_grants UNION ALL SELECT id, 'PROP' AS n FROM application_properties") {
				names[r["id"].(string)] = r["n"].(string)
			}
			got := e.trail(t, a.Header.Get("X-Request-Id"), names)
			if !reflect.DeepEqual(got, c.want) || e.count("audit_events", "1 = 1") != before+len(c.want) {
				t.Errorf("%s:\ngot  %s\nwant %s", c.rule, strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
			}
		}
	})
}

// domain 16.1: no password, token or hash of either is in the trail, or anywhere in the database as it is.
func TestSecretsAreKeptNowhere(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		d := newDoors(t, h)
		var tokens []string
		for range 2 {
			tokens = append(tokens, *d.succeeds("", "sessionCreate", input{"identifier": "una", "password": password, "clientCode": "PARTNER"}).Token)
		}
		d.raw("", "sessionCreate", input{"identifier": "una", "password": "a password mistaken", "clientCode": "PARTNER"})
		d.raw("", "sessionCreate", input{"identifier": "a password for a name", "password": "x", "clientCode": "PARTNER"})
		d.succeeds(tokens[0], "sessionDelete", input{})
		hash := query(t, h, "SELECT password_hash AS v FROM users WHERE id = ?", d.una)[0]["v"].(string)
		for table := range d.state() {
			for _, r := range query(t, h, "SELECT * FROM "+table) {
				line := fmt.Sprint(map[string]any(r))
				secrets := []string{password, another, tokens[0], tokens[1], strings.TrimPrefix(tokens[0], "apn_"), "a password mistaken", "a password for a name"}
				if table == "audit_events" {
					secrets = append(secrets, hash, identity.HashToken(tokens[0]), identity.HashToken(tokens[1]), "argon2")
				}
				for _, secret := range secrets {
					if strings.Contains(line, secret) {
						t.Errorf("%s holds %q: %s", table, secret, line)
					}
				}
			}
		}
	})
}
