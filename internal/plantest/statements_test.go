package plantest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/graph/generated"
	"github.com/appanage/appanage/graph/present"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/explorer"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// example is a query that people are shown.
type example struct {
	name, query string
	variables   hubtest.Variables
	edges       int // selected, the root fields among them
}

// byReference are the fields that the reference executor answers: one decision each, or what the domain makes for a caller.
var byReference = regexp.MustCompile(`\b(applicationsAvailable|effectiveAccess|urlFor|loadOrder|resolveUrl|applicationRemovalPlan|propertyDefinitions|viewerCan|definitions?|registrationOptions|registrationPreview)\b`)

// complete tells whether the example says the values of its variables: some name objects of the demo by their ids.
func (e example) complete(op *ast.OperationDefinition) bool {
	return !slices.ContainsFunc(op.VariableDefinitions, func(v *ast.VariableDefinition) bool {
		_, given := e.variables[v.Variable]
		return v.Type.NonNull && v.DefaultValue == nil && !given
	})
}

var sdl = generated.NewExecutableSchema(generated.Config{}).Schema()

// documented are all queries of the documentation and of the page.
func documented(t *testing.T) (all []example) {
	t.Helper()
	add := func(name, query, variables string) {
		doc, errs := gqlparser.LoadQueryWithRules(sdl, query, present.Rules(false)())
		if len(errs) > 0 {
			t.Fatalf("%s: %v", name, errs)
		}
		e := example{name: name, query: query, variables: hubtest.Variables{}, edges: edges(doc, doc.Operations[0].SelectionSet)}
		if variables != "" {
			if err := json.Unmarshal([]byte(variables), &e.variables); err != nil {
				t.Fatal(err)
			}
		}
		if doc.Operations[0].Operation == ast.Query && !byReference.MatchString(query) && e.complete(doc.Operations[0]) {
			all = append(all, e)
		}
	}
	for _, file := range []string{"README.md", "docs/api.md"} {
		text, err := os.ReadFile("../../" + file)
		if err != nil {
			t.Fatal(err)
		}
		for i, m := range regexp.MustCompile("(?s)```graphql\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
			add(fmt.Sprintf("%s, query %d", file, i+1), m[1], "")
		}
	}
	for _, e := range explorer.Examples() {
		add(e.Name, e.Query, e.Variables)
	}
	if len(all) < 8 {
		t.Fatalf("only %d queries are documented", len(all))
	}
	return all
}

// edges counts the fields that lead to objects with an id, or to lists of them.
func edges(doc *ast.QueryDocument, set ast.SelectionSet) (n int) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			name := strings.TrimSuffix(s.Definition.Type.Name(), "Connection")
			if s.Name != "node" && s.Name != "nodes" && slices.Contains(sdl.Types[name].Interfaces, "Node") {
				n++
			}
			n += edges(doc, s.SelectionSet)
		case *ast.InlineFragment:
			n += edges(doc, s.SelectionSet)
		case *ast.FragmentSpread:
			n += edges(doc, doc.Fragments.ForName(s.Name).SelectionSet)
		}
	}
	return n
}

// statements are the texts of those that the planner ran for a query. They are counted twice.
func (f *fixture) statements(t *testing.T, token, query string, variables hubtest.Variables) []string {
	t.Helper()
	w := &watcher{}
	ctx, counter := store.WithCounter(watching(t.Context(), w))
	counter.KeepTexts()
	a := ask(ctx, t, f.planned, token, query, variables)
	if a.status != 200 || len(a.Errors) > 0 {
		t.Fatalf("%s\n%d %.1000s", query, a.status, a.body)
	}
	counted := slices.DeleteFunc(counter.Texts(), func(text string) bool { return !slices.Contains(w.texts, text) })
	if diff := cmp.Diff(w.texts, counted); diff != "" {
		t.Errorf("%s: statements observed and counted:\n%s", query, diff)
	}
	return w.texts
}

// issue 3: at most two statements for each edge, whatever the number of rows; every documented query is planned.
func TestStatementsOfTheDocumentation(t *testing.T) {
	all := documented(t)
	engines(t, func(t *testing.T, f *fixture) {
		henrik := f.token(t, "henrik", "HOLZWERK")
		few := map[string]int{}
		measure := func(size string) {
			for who, token := range map[string]string{"admin": f.admin, "henrik": henrik} {
				for _, e := range all {
					n := len(f.statements(t, token, e.query, e.variables))
					if n > 2*e.edges || n == 0 {
						t.Errorf("%s data, %s, %s: %d statements for %d edges", size, who, e.name, n, e.edges)
					}
					if size == "much" && n > 2*e.edges {
						t.Errorf("%s, %s: %d statements, with few data %d", who, e.name, n, few[who+e.name])
					}
					few[who+e.name] = n
				}
			}
		}
		measure("little")
		f.grow(t)
		henrik = f.token(t, "henrik", "HOLZWERK") // the old session's scope is remembered for a moment
		measure("much")
		measure("much") // lists that were long are read another way from now on
		for _, e := range all {
			f.same(t, f.admin, e.query, e.variables)
			f.same(t, henrik, e.query, e.variables)
		}
		if grown := refused(t, f.planned, nil); len(grown) > 0 {
			t.Errorf("refusals: %v", grown)
		}
	})
}

// How much data grow makes.
const (
	moreClients = 150
	eachClient  = 10 // applications, users
	eachApp     = 6  // properties, URLs; packages, each with a role
)

// grow fills HOLZWERK: below it many clients, each with applications and users.
func (f *fixture) grow(t *testing.T) {
	t.Helper()
	top, now := f.client(t, "HOLZWERK"), clock.Now()
	var rows tables
	base := f.column(t, "SELECT base_id FROM clients WHERE id = ?", string(top))[0]
	above := f.column(t, "SELECT CONCAT(ancestor_id, ' ', depth) FROM client_paths WHERE descendant_id = ?", string(top))
	permission := f.column(t, "SELECT id FROM permissions ORDER BY id LIMIT 1")[0]
	for i := range moreClients {
		client, name := string(oid.New[oid.Client]()), fmt.Sprintf("grown %03d", i)
		rows.add("clients", "id, created_at, updated_at, manager_id, base_id, code, name, name_key, type, status", client, now, now, string(top), base, fmt.Sprintf("GROWN%03d", i), name, name, "BUSINESS", "ACTIVE")
		rows.add("client_paths", "ancestor_id, descendant_id, depth", client, client, 0)
		for _, a := range above {
			var ancestor string
			var depth int
			_, err := fmt.Sscan(a, &ancestor, &depth)
			f.planned.Must(err)
			rows.add("client_paths", "ancestor_id, descendant_id, depth", ancestor, client, depth+1)
		}
		for j := range eachClient {
			app, user, membership := string(oid.New[oid.Application]()), string(oid.New[oid.User]()), string(oid.New[oid.Membership]())
			code := fmt.Sprintf("a-grown-%d-%d", i, j)
			rows.add("applications", "id, created_at, updated_at, client_id, creator_id, code, name, name_key, type, access_type, status", app, now, now, client, client, code, code, code, "APP", "OWN", "ACTIVE")
			rows.add("users", "id, created_at, updated_at, client_id, base_id, name, name_key", user, now, now, client, base, code, code)
			rows.add("memberships", "id, created_at, updated_at, client_id, user_id, home", membership, now, now, client, user, true)
			for k := range eachApp {
				rows.add("application_properties", "id, created_at, updated_at, client_id, application_id, name, value, public", string(oid.New[oid.Property]()), now, now, client, app, fmt.Sprint("P", k), "v", false)
				if j > 0 {
					continue
				}
				pkg, role := string(oid.New[oid.Package]()), string(oid.New[oid.Role]())
				rows.add("packages", "id, created_at, updated_at, client_id, application_id, code, name, name_key, description", pkg, now, now, client, app, fmt.Sprintf("PKG%d_%d_%d", i, j, k), code, code, "")
				rows.add("roles", "id, created_at, updated_at, client_id, application_id, name, name_key, description", role, now, now, client, app, fmt.Sprint(code, k), fmt.Sprint(code, k), "")
				rows.add("package_roles", "package_id, role_id", pkg, role)
				rows.add("role_paths", "role_id, reached_role_id", role, role)
				rows.add("role_permissions", "role_id, permission_id", role, permission)
				rows.add("membership_roles", "membership_id, role_id", membership, role)
			}
		}
	}
	rows.write(t, f)
}

// tables gathers rows, by table and columns in the order of their first row.
type tables struct {
	order []string
	rows  map[string][][]any
}

func (s *tables) add(table, columns string, row ...any) {
	if s.rows == nil {
		s.rows = map[string][][]any{}
	}
	key := table + " (" + columns + ")"
	if s.rows[key] == nil {
		s.order = append(s.order, key)
	}
	s.rows[key] = append(s.rows[key], row)
}

func (s *tables) write(t *testing.T, f *fixture) {
	t.Helper()
	err := f.db.InTx(f.system(t), func(ctx context.Context, _ *ent.Client) error {
		for _, key := range s.order {
			for some := range slices.Chunk(s.rows[key], 200) {
				marks := "(?" + strings.Repeat(", ?", len(some[0])-1) + ")"
				text := "INSERT INTO " + key + " VALUES " + marks + strings.Repeat(", "+marks, len(some)-1)
				if _, err := f.db.Exec(ctx, text, slices.Concat(some...)...); err != nil {
					return fmt.Errorf("%s: %w", key, err)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What varies in a statement: how long a list is, and where rows are cut off.
var (
	marks  = regexp.MustCompile(`\(\?(, ?\?)+\)`)
	limits = regexp.MustCompile(`LIMIT (\?|[0-9]+)`)
)

// The statements of a plain query of three levels, to the letter: whoever sees everything needs no scope.
func TestTheStatementsThemselves(t *testing.T) {
	const query = `{ applications(first: 10) { nodes { code client { name } properties(first: 2) { totalCount nodes { name } } } } }`
	engines(t, func(t *testing.T, f *fixture) {
		got := f.statements(t, f.admin, query, nil)
		for i := range got {
			got[i] = limits.ReplaceAllString(marks.ReplaceAllString(got[i], "(…)"), "LIMIT n")
		}
		slices.Sort(got[1:])
		want := []string{
			"SELECT `t`.`code`, `t`.`client_id`, `t`.`id` FROM `applications` AS `t` WHERE (`t`.`status` = ?) ORDER BY `t`.`id` LIMIT n",
			"SELECT `t`.`application_id`, `t`.`name` FROM `application_properties` AS `t` WHERE `t`.`application_id` IN (…) ORDER BY `t`.`application_id`, `t`.`id` LIMIT n",
			"SELECT `t`.`id`, `t`.`name` FROM `clients` AS `t` WHERE `t`.`id` IN (…)",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-expected +run:\n%s", diff)
		}
		for i, text := range f.statements(t, f.token(t, "henrik", "HOLZWERK"), query, nil) {
			if !strings.Contains(text, "client_id` IN (?") && !strings.Contains(text, "`id` IN (?") {
				t.Errorf("statement %d has no scope: %s", i+1, text)
			}
		}
	})
}
