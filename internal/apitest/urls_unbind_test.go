package apitest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// domain 6.3, 6.5, 7.3: with an origin goes the property URL of its client for its application that names it, with its row
// of the history and its event; any other stays.
func TestUnbindingTakesThePropertyAlong(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		i := newInternet(t, h)
		i.grant(i.app, i.c, enum.LevelWrite)
		first, second := i.proven(i.written, i.c, "https://first.example.net"), i.proven(i.written, i.c, "https://second.example.net")
		i.proven(i.app, i.c, "https://third.example.net")
		set := func(in input) {
			t.Helper()
			in["properties"] = []any{map[string]any{"name": "URL", "value": in["at"], "public": true}}
			delete(in, "at")
			i.succeeds(i.carl, "applicationPropertiesSet", in)
		}
		set(input{"applicationId": i.written, "at": "https://second.example.net"})
		set(input{"applicationId": i.app, "at": "https://third.example.net"})
		// behind the hub's back: what no command lets be set
		i.Must(i.Ent().ApplicationProperty.Create().SetApplicationID(i.readable).SetClientID(i.c).SetName("URL").SetValue("https://second.example.net").Exec(i.System()))
		i.Must(i.Ent().ApplicationProperty.Create().SetApplicationID(i.written).SetClientID(i.c).SetName("HOME").SetValue("https://second.example.net").Exec(i.System()))

		i.works(i.carl, "clientUrlUnbind", input{"id": first})
		if n := i.count("application_properties", "name = 'URL'"); n != 3 {
			t.Errorf("another origin was unbound: %d of 3 are left", n)
		}
		rows := query(t, i.Hub, "SELECT id FROM application_properties WHERE application_id = ? AND name = 'URL'", i.written)
		i.works(i.paula, "clientUrlUnbind", input{"id": second})
		if n, home := i.count("application_properties", "name = 'URL'"), i.count("application_properties", "name = 'HOME'"); n != 2 || home != 1 || i.count("application_properties", "id = ?", rows[0]["id"]) != 0 {
			t.Errorf("%d properties URL are left, %d others", n, home)
		}
		changes := query(t, i.Hub, "SELECT name, value, removed, changed_by_client_id AS c FROM property_changes WHERE application_id = ? AND client_id = ? ORDER BY id", i.written, i.c)
		if n := len(changes); n != 2 || changes[1]["value"] != nil || changes[1]["removed"] != int64(1) || changes[1]["c"] != string(i.p) {
			t.Errorf("the history: %v", changes)
		}
		events := query(t, i.Hub, "SELECT operation, `before`, `after` FROM audit_events WHERE object_id = ? ORDER BY id", rows[0]["id"])
		if n := len(events); n != 2 || events[1]["operation"] != "clientUrlUnbind" || events[1]["after"] != nil ||
			events[1]["before"] != fmt.Sprintf(`{"applicationId":%q,"name":"URL","public":true,"value":"https://second.example.net"}`, i.written) {
			t.Errorf("the trail: %v", events)
		}
	})
}

// domain 6.3: whoever sets the property URL while its origin is unbound is refused, or has it unbound with the origin.
func TestUnbindingWhileThePropertyIsSet(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		i := newInternet(t, h)
		for round := range 8 {
			at := fmt.Sprintf("https://r%d.example.net", round)
			url := i.proven(i.written, i.c, at)
			outcomes := make([]string, 2)
			atOnce(2, func(n int) {
				if n == 0 {
					outcomes[0] = told(i.node, i.carl, "clientUrlUnbind", input{"id": url})
					return
				}
				outcomes[1] = told(i.node, i.carl, "applicationPropertiesSet", input{"applicationId": i.written, "properties": []any{map[string]any{"name": "URL", "value": at}}})
			})
			if outcomes[0] != "" || outcomes[1] != "" && outcomes[1] != "INVALID at input.properties.0.value" {
				t.Errorf("%q", outcomes)
			}
			if n := i.count("application_properties", "name = 'URL'"); n != 0 {
				t.Fatalf("round %d: a property names what is bound no more", round)
			}
		}
	})
}

// domain 7.1: requests at once for different applications do not go beyond the bound of pending URLs either.
func TestPendingUrlsAreBoundedAtOnce(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		i := newInternet(t, h)
		for n := range 98 {
			i.Must(i.Ent().ClientURL.Create().SetClientID(i.p).SetApplicationID(i.app).SetOrigin(fmt.Sprintf("https://h%d.example.net", n)).Exec(i.System()))
		}
		apps := []any{i.app, i.readable, i.written, i.any}
		outcomes := make([]string, 12)
		atOnce(len(outcomes), func(n int) {
			outcomes[n] = told(i.node, i.paula, "clientUrlBind", input{"applicationId": apps[n%len(apps)], "origin": fmt.Sprintf("https://new%d.example.net", n)})
		})
		bound := strings.Count(strings.Join(outcomes, "\n"), "NOT_ALLOWED at input.clientId")
		if n := i.count("client_urls", "client_id = ? AND status = 'PENDING'", i.p); n != 100 || bound != len(outcomes)-2 {
			t.Errorf("%d are pending: %q", n, outcomes)
		}
	})
}
