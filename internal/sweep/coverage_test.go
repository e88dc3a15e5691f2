package sweep

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"entgo.io/ent/dialect/sql"

	"github.com/appanage/appanage/ent/applicationproperty"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/scope"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// madeUp is an API to come that nobody has told the sweep of.
const madeUp = `
extend type Query { tender(id: ID!, closing: DateTime): Tender @signedIn }
extend type Mutation { tenderAward(input: TenderAwardInput!): TenderAwardPayload! @signedIn }
extend type Application { heir: Application, heirs: ApplicationConnection, worth(currency: String): Int }
extend input UserFilter { employerId: ID }
type Tender implements Node { id: ID!, title: String! }
input TenderAwardInput { winner: ID!, price: Int }
type TenderAwardPayload { tender: Tender }
`

// A field, argument or mutation that nobody has told the sweep of fails it, with a word on what to add.
func TestNothingIsLeftOut(t *testing.T) {
	today, tomorrow := load(t), load(t, madeUp)
	if gaps := today.gaps(); len(gaps) > 0 {
		t.Fatalf("the sweep and the SDL do not fit together:\n%s", strings.Join(gaps, "\n"))
	}
	gaps := tomorrow.gaps()
	const named = ": say in named what it names"
	want := []string{
		"Query.tender: say in roots how it is called and what it answers",
		"Mutation.tenderAward: say in mutations how it is called",
		"Application.heir: the sweep reads edges from a column called after them: teach it",
		"Application.heirs: say in lists which objects it holds",
		"Application.worth: the sweep calls connections with arguments, but no other field of an object: teach it",
		"Tender: say in kinds where it is stored and who sees it",
		"Client.users(filter.employerId)" + named, "Query.users(filter.employerId)" + named,
		"Query.tender(id)" + named, "Mutation.tenderAward(input.winner)" + named,
	}
	slices.Sort(gaps)
	slices.Sort(want)
	if diff := cmp.Diff(want, gaps); diff != "" {
		t.Errorf("what the sweep lacks for the SDL of tomorrow (-want +got):\n%s", diff)
	}

	// And a sweep that has visited all there is today has not visited that.
	visited := newReport()
	for _, item := range today.items() {
		visited.visited[item] = true
	}
	for _, item := range []string{"Query.tender", "Query.tender(closing)", "Application.heir", "Tender.title", "Mutation.tenderAward(input.winner)"} {
		if !slices.Contains(visited.missing(tomorrow), item) {
			t.Errorf("%s counts as visited", item)
		}
	}
	if missing := visited.missing(today); len(missing) > 0 {
		t.Errorf("not visited: %v", missing)
	}
}

// A leak put into the rules of scope is found, and so is a rule that hides too much. What finds them is the same for
// both engines.
func TestTheSweepFinds(t *testing.T) {
	always := func(condition string) scope.Rule {
		return func(*actor.Actor, scope.Column) *sql.Predicate {
			return sql.P(func(b *sql.Builder) { b.WriteString(condition) })
		}
	}
	h := hubtest.Start(t, testkit.DB(t, store.SQLite, store.Options{Install: authority.Install}))
	s := newSweep(t, h)
	s.w.set(states[1])
	child := s.w.principals(states[1])[0]
	for _, mutant := range []struct {
		typ  string
		read scope.Rule
		want []string // parts of findings
	}{
		{"ApplicationProperty", always("1 = 1"), []string{"nodes shows prp_", "nodes > properties of app_"}},
		{"Role", always("1 = 1"), []string{"nodes shows rol_", "roles shows rol_", "roles counts ", "membershipRolesAdd(input.roleIds) tells "}},
		{"Permission", always("1 = 1"), []string{"nodes shows per_", "rolePermissionsAdd(input.permissionIds) tells "}},
		{"DefinitionVersion", always("1 = 1"), []string{"nodes shows dfv_", "nodes > definitionVersions of app_"}},
		{"DefinitionLayer", always("1 = 1"), []string{"nodes shows lay_", "nodes > definitionLayers of app_"}},
		{"Application", always("1 = 1"), []string{"Query.application(code) tells ", "applicationUpdate(input.id) tells "}},
		{"AccessGrant", always("1 = 1"), []string{"nodes shows grt_", "accessGrantRevoke(input.id) tells "}},
		{"RegistrationRule", always("1 = 1"), []string{"nodes shows rgr_", "nodes > registrationRules of app_"}},
		{"AccessRequest", always("1 = 1"), []string{"nodes shows arq_", "accessRequestRefuse(input.id) tells "}},
		{"ClientURL", always("1 = 0"), []string{"nodes lacks url_", "nodes > urls of app_"}},
	} {
		t.Run(mutant.typ, func(t *testing.T) {
			right := scope.Kinds[mutant.typ]
			defer func() { scope.Kinds[mutant.typ] = right }()
			wrong := right
			wrong.Read = mutant.read
			scope.Kinds[mutant.typ] = wrong
			s.h, s.sum = h.Node(), newReport() // a node that has not read the rules yet
			s.as(child)
			for _, want := range mutant.want {
				if !slices.ContainsFunc(s.sum.findings, func(f string) bool { return strings.Contains(f, want) }) {
					t.Errorf("none of the findings says %q:\n%s", want, strings.Join(s.sum.findings[:min(len(s.sum.findings), 20)], "\n"))
				}
			}
		})
	}
	s.h, s.sum = h.Node(), newReport()
	s.as(child)
	if len(s.sum.findings) > 0 {
		t.Errorf("with the right rules there are findings too:\n%s", strings.Join(s.sum.findings, "\n"))
	}
}

// A change of one value of one row is seen, but not what every request changes of its session.
func TestChangesAreSeen(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := build(h)
		before := readFacts(h)
		h.Must(h.Ent().Session.Update().SetLastUsedAt(time.Now()).Exec(h.System()))
		if changes := readFacts(h).changes(before); len(changes) > 0 {
			t.Errorf("the last use of a session counts as a change: %v", changes)
		}
		h.Must(h.Ent().ApplicationProperty.Update().Where(applicationproperty.ApplicationID(w.places["OWNER"].app), applicationproperty.Name("COLOUR")).SetValue("x").Exec(h.System()))
		if changes := readFacts(h).changes(before); len(changes) != 2 {
			t.Errorf("a row has changed; what is seen of it: %v", changes)
		}
	})
}
