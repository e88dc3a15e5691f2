package hub_test

import (
	"testing"

	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

func TestSmoke(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		p := h.Client(oid.SystemClient, "PARTNER", true)
		h.Give(authority.BuiltInPackage("PLATFORM"), p, oid.SystemClient)
		_, token := h.User(p, "paula", authority.BuiltInRole("Owner"))
		a := h.Do(token, `{ viewer { user { name } client { code } authorities session { id } } }`, nil)
		t.Logf("%s", a.Body)
		a = h.Do(token, `mutation { applicationCreate(input: {name: "Shop für Alle"}) { application { id code viewerCan client { code } } errors { code message path } } }`, nil)
		t.Logf("%s", a.Body)
		a = h.Do(token, `{ applications { totalCount nodes { id code client { code name manager { code status } } properties { totalCount } packages { nodes { code } } } pageInfo { hasNextPage hasPreviousPage startCursor } } }`, nil)
		t.Logf("%s", a.Body)
	})
}
