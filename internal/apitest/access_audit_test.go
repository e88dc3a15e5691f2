package apitest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// domain 16.1, 5.3: what is given, changed, lent, taken and taken away, in the trail of the client whose access it is. What
// sleeps and wakes with somebody else's access is no change of its own.
func TestAccessInTheTrail(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newAccesses(t, h)
		e.drop(e.written, e.c)
		given := e.yes(e.paula, "accessGrantSet", input{"applicationId": e.written, "clientId": e.c, "level": "WRITE", "reason": "work"})
		lent := e.yes(e.carl, "accessGrantSet", input{"applicationId": e.written, "clientId": e.g, "level": "READ"})
		e.yes(e.root, "accessGrantSet", input{"applicationId": e.written, "clientId": e.c, "level": "READ", "embeddable": true})
		e.yes(e.paula, "accessGrantSet", input{"applicationId": e.written, "clientId": e.g, "level": "READ"})
		taken := e.yes(e.gina, "accessGrantTake", input{"applicationId": e.any})
		e.yes(e.gina, "accessGrantRevoke", input{"id": taken.ID})
		names := strings.NewReplacer(string(e.p), "P", string(e.c), "C", string(e.g), "G", string(oid.SystemClient), "SYSTEM",
			string(e.written), "WRITTEN", string(e.any), "ANY", given.ID, "GIVEN", lent.ID, "LENT", taken.ID, "TAKEN")
		var got []string
		for _, r := range query(t, h, "SELECT client_id, actor_client_id, operation, object_id, `before`, `after` FROM audit_events WHERE kind = 'AccessGrant' ORDER BY id") {
			got = append(got, names.Replace(fmt.Sprint(r["client_id"], ": ", r["actor_client_id"], " ", r["operation"], " ", r["object_id"], " ", r["before"], " ", r["after"])))
		}
		want := []string{
			`C: P accessGrantSet GIVEN <nil> {"applicationId":"WRITTEN","embeddable":false,"expiresAt":null,"giverId":"P","lent":false,"level":"WRITE","reason":"work"}`,
			`G: C accessGrantSet LENT <nil> {"applicationId":"WRITTEN","embeddable":false,"expiresAt":null,"giverId":"C","lent":true,"level":"READ","reason":""}`,
			`C: SYSTEM accessGrantSet GIVEN {"embeddable":false,"giverId":"P","level":"WRITE"} {"embeddable":true,"giverId":"SYSTEM","level":"READ"}`,
			`G: P accessGrantSet LENT {"giverId":"C","lent":true} {"giverId":"P","lent":false}`,
			`G: G accessGrantTake TAKEN <nil> {"applicationId":"ANY","embeddable":false,"expiresAt":null,"giverId":"G","lent":false,"level":"READ","reason":"taken"}`,
			`G: G accessGrantRevoke TAKEN {"applicationId":"ANY","embeddable":false,"expiresAt":null,"giverId":"G","lent":false,"level":"READ","reason":"taken"} <nil>`,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the trail (-want +got):\n%s", diff)
		}
	})
}
