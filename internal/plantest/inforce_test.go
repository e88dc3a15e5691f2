package plantest

import (
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// domain 6.2, issue 5: the properties in force of a whole page of applications are one statement, and the clients they
// come from one more, whatever the number of applications; the answer is the reference's, byte for byte.
func TestPropertiesInForceAreOneStatement(t *testing.T) {
	const query = `query($n: Int!, $client: ID, $names: [String!]) { applications(first: $n) { nodes { code
		propertiesInForce(clientId: $client, names: $names) { name value public secret source { kind client { code name } } } } } }`
	engines(t, func(t *testing.T, f *fixture) {
		henrik := f.token(t, "henrik", "HOLZWERK")
		for who, token := range map[string]string{"admin": f.admin, "henrik": henrik} {
			for name, more := range map[string]hubtest.Variables{
				"for himself": {}, "for a client": {"client": f.client(t, "HOLZWERK")}, "some names": {"names": []any{"THEME", "REGISTRATION_TYPE", "NONE"}},
				"no names": {"names": []any{}}, "one name": {"names": "THEME"},
			} {
				for _, n := range []int{1, 5, 100} {
					more["n"] = n
					texts := f.statements(t, token, query, more)
					found := 0
					for _, text := range texts {
						if strings.Contains(text, "UNION ALL SELECT a.id") {
							found++
						}
					}
					if found != 1 || len(texts) > 3 {
						t.Errorf("%s, %s, %d applications: %d statements, %d for the properties\n%s", who, name, n, len(texts), found, strings.Join(texts, "\n"))
					}
					f.same(t, token, query, more)
				}
			}
		}
		// Twice under other names with the same arguments is once; with others it is another list.
		const twice = `{ applications(first: 10) { nodes { a: propertiesInForce { name } b: propertiesInForce { value source { kind } } c: propertiesInForce(names: ["THEME"]) { name ...P } } } }
			fragment P on PropertyInForce { __typename source { __typename kind ... on PropertySource { client { id } } } }`
		if texts := f.statements(t, f.admin, twice, nil); len(texts) != 4 {
			t.Errorf("%d statements:\n%s", len(texts), strings.Join(texts, "\n"))
		}
		f.same(t, f.admin, twice, nil)
		if grown := refused(t, f.planned, nil); len(grown) > 0 {
			t.Errorf("refusals: %v", grown)
		}
		for _, client := range []string{"x", "app_01JD3Q4Z5V6W7X8Y9ZABCDEFGH", strings.Repeat("c", 300)} {
			f.same(t, f.admin, query, hubtest.Variables{"n": 3, "client": client})
		}
	})
}
