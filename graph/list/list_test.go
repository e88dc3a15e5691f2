package list_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/appanage/appanage/graph/list"
	"github.com/appanage/appanage/graph/model"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

func TestPageSize(t *testing.T) {
	n := func(i int) *int { return &i }
	for _, c := range []struct {
		page      list.Page
		size      int
		backwards bool
		wrong     string // the argument
	}{
		{list.Page{}, 20, false, ""},
		{list.Page{First: n(0)}, 0, false, ""},
		{list.Page{First: n(1)}, 1, false, ""},
		{list.Page{First: n(100)}, 100, false, ""},
		{list.Page{First: n(101)}, 0, false, "first"},
		{list.Page{First: n(-1)}, 0, false, "first"},
		{list.Page{Last: n(0)}, 0, true, ""},
		{list.Page{Last: n(100)}, 100, true, ""},
		{list.Page{Last: n(101)}, 0, false, "last"},
		{list.Page{Last: n(-1)}, 0, false, "last"},
		{list.Page{First: n(1), Last: n(1)}, 0, false, "last"},
		{list.Page{First: n(-1), Last: n(101)}, 0, false, "last"},
	} {
		size, backwards, err := c.page.Size()
		if c.wrong == "" {
			if err != nil || size != c.size || backwards != c.backwards {
				t.Errorf("%v: %d, %t, %v", c, size, backwards, err)
			}
			continue
		}
		if e, ok := apperr.As(err); !ok || e.Code != apperr.Invalid || len(e.Path) != 1 || e.Path[0] != c.wrong {
			t.Errorf("%v: %v", c, err)
		}
	}
}

// A cursor is bound to the filter by its key: filters that find different things have different keys, whatever
// stands in their texts; and conditions that are absent or null have none.
func TestFilterKeysTellFiltersApart(t *testing.T) {
	mine := actor.New(actor.Actor{Client: oid.New[oid.Client]()}, nil, time.Now())
	theirs := actor.New(actor.Actor{Client: oid.New[oid.Client]()}, nil, time.Now())
	text := func(s string) graphql.Omittable[*string] { return graphql.OmittableOf(&s) }
	app, near := graphql.OmittableOf(new(enum.ApplicationApp)), graphql.OmittableOf(new(model.ReachMyClient))
	seen := map[string]string{}
	for name, c := range map[string]list.Conditions{
		"none":           list.Applications(actor.With(t.Context(), mine), nil),
		"search":         list.Applications(actor.With(t.Context(), mine), &model.ApplicationFilter{Search: text("x")}),
		"other search":   list.Applications(actor.With(t.Context(), mine), &model.ApplicationFilter{Search: text("X")}),
		"type":           list.Applications(actor.With(t.Context(), mine), &model.ApplicationFilter{Type: app}),
		"search, type":   list.Applications(actor.With(t.Context(), mine), &model.ApplicationFilter{Search: text("x"), Type: app}),
		"passing for it": list.Applications(actor.With(t.Context(), mine), &model.ApplicationFilter{Search: text("x\x00type=APP")}),
		"quoted":         list.Applications(actor.With(t.Context(), mine), &model.ApplicationFilter{Search: text("x\"\x00type=\"APP")}),
		"near":           list.Applications(actor.With(t.Context(), mine), &model.ApplicationFilter{Within: near}),
		"near another":   list.Applications(actor.With(t.Context(), theirs), &model.ApplicationFilter{Within: near}),
	} {
		if c.Err != nil {
			t.Errorf("%s: %v", name, c.Err)
		}
		if other, ok := seen[c.Key]; ok {
			t.Errorf("%s and %s have one key %q", name, other, c.Key)
		}
		seen[c.Key] = name
	}
	null := &model.ApplicationFilter{Search: graphql.OmittableOf[*string](nil), Type: graphql.OmittableOf[*enum.ApplicationType](nil), Within: graphql.OmittableOf[*model.Reach](nil)}
	if key := list.Applications(actor.With(t.Context(), mine), null).Key; seen[key] != "none" {
		t.Errorf("null conditions: %q", key)
	}
	if c := list.Clients(actor.With(t.Context(), mine), nil); len(c.Predicates) != 0 || c.Key != "" {
		t.Errorf("no filter: %d predicates, %q", len(c.Predicates), c.Key)
	}
}

// All that is wrong with a filter is said at once, each at its place.
func TestFilterErrors(t *testing.T) {
	text := func(s string) graphql.Omittable[*string] { return graphql.OmittableOf(&s) }
	c := list.Clients(t.Context(), &model.ClientFilter{Search: text(" \t\u2028"), ManagerID: text("usr_01M7ZTZ613AA7HFK52YWVBQ1TB"), Status: graphql.OmittableOf(new(enum.ClientStatus("active")))})
	e, ok := apperr.As(c.Err)
	if !ok {
		t.Fatalf("%v", c.Err)
	}
	var got []string
	for _, one := range e.All() {
		got = append(got, fmt.Sprint(one.Code, one.Path))
	}
	if want := "[INVALID[filter search] INVALID[filter status] INVALID[filter managerId]]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %v", got, want)
	}
}
