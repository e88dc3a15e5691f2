package plantest

import (
	"bytes"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/appanage/appanage/graph/plan"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/identity"
	"github.com/appanage/appanage/internal/scope"
	"github.com/appanage/appanage/internal/store"
)

// questions about the schema, the one that all tools ask first.
func questions(t *testing.T) []string {
	t.Helper()
	standard := plan.IntrospectionQuery
	return []string{
		standard,
		"# by a tool\n" + strings.Join(strings.Fields(standard), " "),
		strings.Replace(standard, "queryType { name }", "queryType { name kind }", 1),
		`{ __schema { types { name } } __typename }`,
		`{ a: __type(name: "Application") { fields { name args { name } } } b: __type(name: "Nothing") { name } }`,
		`query A { __typename } `,
	}
}

func TestIntrospectionAnswersAsTheReferenceDoes(t *testing.T) {
	f := newFixture(t, store.SQLite)
	for _, q := range questions(t) {
		for _, token := range []string{f.admin, ""} {
			for range 2 {
				if a := f.same(t, token, q, nil); a.status != 200 || len(a.Errors) > 0 || len(a.body) < 40 {
					t.Errorf("%.100s: %d %.300s", q, a.status, a.body)
				}
			}
		}
	}
	if grown := refused(t, f.planned, nil); len(grown) > 0 {
		t.Errorf("refusals: %v", grown)
	}
}

// In production the schema is for those who are signed in, whoever asked the same before.
func TestIntrospectionIsGuarded(t *testing.T) {
	f := newFixture(t, store.SQLite, func(o *hub.HTTP) { o.Development = false })
	for _, q := range questions(t)[:5] {
		for range 2 {
			if a := f.same(t, f.admin, q, nil); a.status != 200 || len(a.Errors) > 0 {
				t.Errorf("signed in: %.100s: %d %.300s", q, a.status, a.body)
			}
			a := f.same(t, "", q, nil)
			if len(a.Errors) == 0 || a.codes()[0] != "UNAUTHENTICATED" || bytes.Contains(a.body, []byte("Application")) {
				t.Errorf("anonymous: %.100s: %d %.300s", q, a.status, a.body)
			}
		}
	}
}

// design 3.5: a kind that nothing guards stops the start.
func TestAHubWithoutAScopeRuleDoesNotStart(t *testing.T) {
	f := newFixture(t, store.SQLite)
	start := func(alter func(*plan.Table)) error {
		h := hub.New(f.db, prometheus.NewRegistry(), identity.DefaultSessionLimits)
		_, err := h.Handler(hub.HTTP{Clock: clock.Clock{}, AlterPlans: alter})
		return err
	}
	if err := start(nil); err != nil {
		t.Fatal(err)
	}
	if err := start(func(t *plan.Table) { t.Kinds["Application"].Scope = scope.Kind{} }); err == nil || !strings.Contains(err.Error(), "Application") {
		t.Errorf("a kind without a rule: %v", err)
	}
	rule := scope.Kinds["ApplicationProperty"]
	delete(scope.Kinds, "ApplicationProperty")
	err := start(nil)
	scope.Kinds["ApplicationProperty"] = rule
	if err == nil || !strings.Contains(err.Error(), "ApplicationProperty") {
		t.Errorf("a kind whose rule was taken away: %v", err)
	}
}
