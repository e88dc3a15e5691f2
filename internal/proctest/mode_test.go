package proctest

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit"
)

const introspection = `{ __schema { queryType { fields { name } } } }`

// Production shows neither the page nor the schema to callers without a token; development shows both.
func TestProduction(t *testing.T) {
	c := call{env: map[string]string{"DATABASE": testkit.Database(t, store.SQLite), "ADMIN_USER": "root", "ADMIN_PASSWORD": password}}
	for _, one := range []struct {
		flags  []string
		page   int
		schema bool
	}{
		{nil, http.StatusOK, true},
		{[]string{"--production"}, http.StatusNotFound, false},
		{[]string{"--production", "--explorer"}, http.StatusOK, false},
	} {
		t.Run(strings.Join(one.flags, " "), func(t *testing.T) {
			p := c.serve(t, one.flags...)
			if status := p.get(t, "/"); status != one.page {
				t.Errorf("the page answers %d, want %d", status, one.page)
			}
			a, err := ask(t.Context(), p.address, "", introspection, nil)
			if err != nil {
				t.Fatal(err)
			}
			if open := len(a.Errors) == 0 && strings.Contains(string(a.Data), "applications"); open != one.schema {
				t.Errorf("the schema is open: %t, want %t; %s %v", open, one.schema, a.Data, a.Errors)
			}
			if !one.schema && strings.Contains(string(a.Data), "queryType") {
				t.Errorf("the schema shows: %s", a.Data)
			}
			known := data[json.RawMessage](t, p, signIn(t, p, "root", password), introspection, nil)
			if !strings.Contains(string(known), "applications") {
				t.Errorf("the schema does not show to a caller with a token: %s", known)
			}
		})
	}
}
