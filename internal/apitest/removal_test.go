package apitest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"entgo.io/ent/dialect/sql/schema"

	"github.com/appanage/appanage/ent/migrate"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/removal"
	"github.com/appanage/appanage/internal/testkit/hubtest"
	"github.com/appanage/appanage/internal/testkit/removaltest"
	"github.com/appanage/appanage/internal/testkit/soak"
)

type removalCount struct {
	Kind     string
	Count    int
	Expiring bool
}

type removalPlan struct {
	Token       string
	Counts      []removalCount
	Obstacles   []struct{ Kind, Count any }
	Application *struct{ Code string }
}

// ruin is the estate with an archived application of P's to be removed, and others beside it that are tied to it wherever
// two can be.
type ruin struct {
	*estate
	gone, stays, aside oid.Application
	filler             removaltest.Place
}

// rowsOfRuin is how many rows belong to the application: 100,000 in a soak.
func rowsOfRuin() int { return soak.Count(5_000, 100_000) }

func newRuin(t testing.TB, h *hubtest.Hub, rows int) *ruin {
	t.Helper()
	r := &ruin{estate: newEstate(t, h)}
	r.gone, r.stays, r.aside = h.Application(r.p, "gone", "Gone"), h.Application(r.p, "stays", "Stays"), h.Application(r.p, "aside", "Aside")
	user, _ := h.User(r.p, "filler")
	membership := query(t, h, "SELECT id FROM memberships WHERE user_id = ?", user)[0]["id"].(string)
	r.filler = removaltest.Place{Owner: r.p, User: user, Membership: oid.Membership(membership), Name: "g", App: r.gone, Neighbour: r.stays}
	h.Must(removaltest.Fill(h.System(), h.DB, r.filler, rows))
	other := r.filler
	other.Name, other.App, other.Neighbour = "s", r.stays, r.aside
	h.Must(removaltest.Fill(h.System(), h.DB, other, 1))
	r.archive(r.gone)
	return r
}

func (e *estate) archive(app oid.Application) {
	e.t.Helper()
	e.exec("UPDATE applications SET status = ? WHERE id = ?", enum.ApplicationArchived, app)
}

const planQuery = `query($id: ID!) { applicationRemovalPlan(id: $id) {
	token counts { kind count expiring } obstacles { kind count } application { code } } }`

// plan asks for a plan; nil for none.
func (e *estate) plan(token string, app any) *removalPlan {
	e.t.Helper()
	var data struct{ ApplicationRemovalPlan *removalPlan }
	e.MustData(e.Do(token, planQuery, hubtest.Variables{"id": app}), &data)
	return data.ApplicationRemovalPlan
}

func (p *removalPlan) against() string {
	var list []string
	for _, o := range p.Obstacles {
		list = append(list, fmt.Sprint(o.Kind, " ", o.Count))
	}
	return strings.Join(list, ", ")
}

// remove is the input of a removal by a fresh plan.
func (e *estate) remove(token string, app oid.Application, force bool) input {
	e.t.Helper()
	p := e.plan(token, app)
	if p == nil {
		e.t.Fatalf("there is no plan for %s", app)
	}
	return input{"id": app, "token": p.Token, "force": force}
}

// withApplication says which rows stay when an application goes: those that need not name what they name, unless that is
// the application they belong to.
func withApplication(table string, k *schema.ForeignKey, _ row) bool {
	return mayForget(table, k) && k.RefTable.Name != "applications"
}

// domain 11.2, 11.3: the plan counts what goes, kind by kind, and that goes, and nothing else. What must go is derived from
// the schema: a table that comes to refer to applications, or to what goes with one, fails this until there is a row of it
// here, and then until removal knows it.
func TestRemovalLeavesNothing(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		r := newRuin(t, h, rowsOfRuin())
		before := r.tables()
		d := follow(before, string(r.gone), "applications", withApplication)
		r.everyKindIsThere(t, before, d)
		want, total := []removalCount{}, 0
		for table, kind := range removal.Applications.Kinds {
			want, total = append(want, removalCount{kind.Name, len(d.rows[table]), kind.Expires}), total+len(d.rows[table])
		}
		slices.SortFunc(want, func(a, b removalCount) int { return strings.Compare(a.Kind, b.Kind) })

		began := time.Now()
		p := r.plan(r.paula, r.gone)
		planned := time.Now()
		if !slices.Equal(p.Counts, want) || p.Application == nil || p.Application.Code != "gone" {
			t.Errorf("the plan counts %v, and %v goes", p.Counts, want)
		}
		gone := r.succeeds(r.paula, "applicationRemove", input{"id": r.gone, "token": p.Token, "force": true})
		t.Logf("%d rows were counted in %v and removed in %v", total, planned.Sub(began), time.Since(planned))
		if show(gone.ApplicationID) != string(r.gone) || !slices.Equal(gone.Counts, p.Counts) {
			t.Errorf("planned were %v, and gone is %v", p.Counts, gone.Counts)
		}

		after := r.tables()
		r.namesNothing(t, after, d)
		r.restIsTheSame(t, before, after, d)
		r.closureIsRight(t, after)
		orphans, err := removaltest.Orphans(h.System(), h.DB)
		if r.Must(err); len(orphans) > 0 {
			t.Errorf("orphans: %v", orphans)
		}
		if r.count("claimed_names", "id = 'application/gone'") > 1 {
			t.Error("the code was claimed anew")
		}
	})
}

// everyKindIsThere asks that the world has a row for each reference to what goes, so that each is tried.
func (r *ruin) everyKindIsThere(t *testing.T, before map[string][]row, d doomed) {
	t.Helper()
	for _, table := range migrate.Tables {
		for _, k := range table.ForeignKeys {
			if d.rows[k.RefTable.Name] == nil {
				continue
			}
			if !slices.ContainsFunc(before[table.Name], func(row row) bool { return d.ids[fmt.Sprint(row[k.Columns[0].Name])] == k.RefTable.Name }) {
				t.Errorf("the ruin has no row whose %s.%s goes", table.Name, k.Columns[0].Name)
			}
		}
	}
}

// namesNothing: no column of any table has the id of a row that went.
func (r *ruin) namesNothing(t *testing.T, after map[string][]row, d doomed) {
	t.Helper()
	for table, rows := range after {
		if slices.Contains(outliving, table) {
			continue
		}
		for _, row := range rows {
			for column, v := range row {
				if id, ok := v.(string); ok && d.ids[id] != "" {
					t.Errorf("%s.%s still names a row of %s that is gone", table, column, d.ids[id])
				}
			}
		}
	}
}

// restIsTheSame compares all other rows, whole, but the paths of roles.
func (r *ruin) restIsTheSame(t *testing.T, before, after map[string][]row, d doomed) {
	t.Helper()
	for _, table := range migrate.Tables {
		rest := map[string]bool{}
		for _, row := range before[table.Name] {
			rest[fmt.Sprint(map[string]any(row))] = true
		}
		for _, row := range d.rows[table.Name] {
			delete(rest, fmt.Sprint(map[string]any(row)))
		}
		for _, row := range after[table.Name] {
			key := fmt.Sprint(map[string]any(row))
			if told := table.Name == "audit_events" && row["operation"] == "applicationRemove"; !rest[key] && !told {
				t.Errorf("new in %s: %s", table.Name, key)
			}
			delete(rest, key)
		}
		for key := range rest {
			if table.Name != "role_paths" {
				t.Errorf("gone from %s as well: %s", table.Name, key)
			}
		}
	}
}

// closureIsRight recomputes what every role reaches.
func (r *ruin) closureIsRight(t *testing.T, after map[string][]row) {
	t.Helper()
	includes := map[string][]string{}
	for _, row := range after["role_sub_roles"] {
		includes[row["role_id"].(string)] = append(includes[row["role_id"].(string)], row["sub_role_id"].(string))
	}
	want, got := map[string]bool{}, map[string]bool{}
	for _, role := range after["roles"] {
		from := role["id"].(string)
		for next := []string{from}; len(next) > 0; next = next[1:] {
			if key := from + " " + next[0]; !want[key] {
				want[key] = true
				next = append(next, includes[next[0]]...)
			}
		}
	}
	for _, row := range after["role_paths"] {
		got[row["role_id"].(string)+" "+row["reached_role_id"].(string)] = true
	}
	if !maps.Equal(got, want) {
		t.Errorf("%d paths of roles, not %d", len(got), len(want))
	}
}
