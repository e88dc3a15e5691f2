package graph_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// design 4: the payload of a mutation says what a query says right after it, however it is asked for; and what needs
// no further read takes none.
func TestPayloadIsWhatAQueryWouldSay(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		partner := h.Client(oid.SystemClient, "PARTNER", true)
		h.Give(authority.BuiltInPackage("PLATFORM"), partner, oid.SystemClient)
		_, token := h.User(partner, "paula", authority.BuiltInRole("Owner"))
		const columns = "__typename id createdAt updatedAt version name value public"
		// once sets a property and reads it, and says how many statements that took, and what it takes at least.
		once := func(i, attempt int, fields, fragments string) (took, least int) {
			app := h.Application(partner, fmt.Sprintf("app-%dx%d", i, attempt), "Shop")
			set := func(chosen string, list ...any) (hubtest.Answer, int) {
				h.Do(token, "{ viewer { user { id } } }", nil) // the caller is known from here on
				ctx, counter := store.WithCounter(t.Context())
				answer := h.DoContext(ctx, token, "mutation($input: ApplicationPropertiesSetInput!) { set: applicationPropertiesSet(input: $input) "+chosen,
					hubtest.Variables{"input": map[string]any{"applicationId": app, "properties": list}})
				return answer, counter.Statements()
			}
			b := func(value string) any { return map[string]any{"name": "B", "value": value, "public": i%2 == 0} }
			fresh := map[string]any{"name": "C", "value": ""}
			set("{ errors { code } } }", b("first"))
			_, plain := set("{ errors { code } } }", b("second"))
			answer, took := set("{ first: properties { id } properties { "+fields+" } } } "+fragments, b("„3“ \u2028"), fresh)
			var written struct {
				Set struct{ First, Properties []map[string]any }
			}
			h.MustData(answer, &written)
			var read struct {
				Application struct {
					Properties struct{ Nodes []map[string]any }
				}
			}
			h.MustData(h.Do(token, "query($id: ID!) { application(id: $id) { properties(orderBy: {field: NAME}) { nodes { "+fields+" } } } } "+fragments,
				hubtest.Variables{"id": app}), &read)
			if diff := cmp.Diff(read.Application.Properties.Nodes, written.Set.Properties); diff != "" || len(written.Set.First) != 2 {
				t.Errorf("%s: %d of 2 under the other name; (-query +payload):\n%s", fields, len(written.Set.First), diff)
			}
			return took, plain + 2
		}
		for i, c := range []struct {
			fields, fragments string
			again             bool // more is read
		}{
			{columns, "", false},
			{"...C", "fragment C on ApplicationProperty { " + columns + " }", false},
			{"id value client @include(if: false) { id } ... on ApplicationProperty @skip(if: true) { application { id } }", "", false},
			{columns + " client { id name }", "", true},
			{"id value of: application { id name client { code } }", "", true},
			{"...E", "fragment E on ApplicationProperty { id ... on Node { id } ... { application { code } } }", true},
		} {
			// A node remembers a caller for 0.9 s. On a machine at work that can be over in the midst of it: then again.
			var took, least int
			for attempt := range 5 {
				took, least = once(i, attempt, c.fields, c.fragments)
				if (took > least) == c.again {
					break
				}
			}
			if (took > least) != c.again { // what is new is counted, and inserted
				t.Errorf("%s: %d statements, at least %d", c.fields, took, least)
			}
		}
	})
}
