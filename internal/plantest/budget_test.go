package plantest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// stock makes applications of the platform, each with so many properties, and gives their ids.
func (f *fixture) stock(t *testing.T, applications, properties int) (ids []any) {
	t.Helper()
	var rows tables
	system, now := string(oid.SystemClient), clock.Now()
	for i := range applications {
		app, code := string(oid.New[oid.Application]()), fmt.Sprintf("stock-%04d", i)
		ids = append(ids, app)
		rows.add("applications", "id, created_at, updated_at, client_id, creator_id, code, name, name_key, type, access_type, status", app, now, now, system, system, code, code, code, "APP", "OWN", "ACTIVE")
		for j := range properties {
			rows.add("application_properties", "id, created_at, updated_at, client_id, application_id, name, value, public", string(oid.New[oid.Property]()), now, now, system, app, fmt.Sprint("P", j), "v", j%2 == 0)
		}
	}
	rows.write(t, f)
	return ids
}

// aliases of a list of properties, each of which needs its own reading.
func aliases(n, first int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ` p%d: properties(first: %d, orderBy: { field: %s, direction: %s }, filter: { search: "P", public: %t }) { nodes { name } }`,
			i, first-i/8, []string{"NAME", "CREATED_AT"}[i%2], []string{"ASC", "DESC"}[i/2%2], i/4%2 == 0)
	}
	return b.String()
}

// design 7: a plan reads no more rows than a request may.
func TestAPlanKeepsTheRowBudget(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ids := f.stock(t, 100, 80)
		for n, over := range map[int]bool{4: false, 24: true} {
			query := "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Application {" + aliases(n, 40) + " } } }"
			for name, h := range map[string]*hubtest.Hub{"planned": f.planned, "reference": f.reference} {
				a := ask(t.Context(), t, h, f.admin, query, hubtest.Variables{"ids": ids})
				if a.status != 200 || (len(a.Errors) > 0) != over {
					t.Errorf("%s, %d rows: %d %d errors, %.300s", name, n*4000, a.status, len(a.Errors), a.body)
				}
				if slices.ContainsFunc(a.codes(), func(c string) bool { return c != "TOO_COSTLY" }) {
					t.Errorf("%s: %q", name, a.codes())
				}
			}
		}
	})
}

// A level with more parents than one statement asks for is read chunk by chunk, and gives what the reference gives.
func TestMoreParentsThanAChunk(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		f.grow(t)
		const query = `{ clients(first: 100, orderBy: { field: CODE, direction: DESC }) { nodes { applications(first: 9, orderBy: { field: CODE }) {
			nodes { code properties(first: %d, orderBy: { field: NAME }) { totalCount nodes { name } pageInfo { hasNextPage } } } } } } }`
		for _, first := range []int{2, 7} {
			text := fmt.Sprintf(query, first)
			f.same(t, f.admin, text, nil)
			if n := len(f.statements(t, f.admin, text, nil)); n < 4 || n > 2+2*2 { // 900 parents are two chunks
				t.Errorf("%d statements", n)
			}
		}
	})
}
