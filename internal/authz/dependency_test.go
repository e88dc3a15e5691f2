package authz_test

import (
	"testing"

	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
)

// domain 8.1: access first, then consent; one owner needs neither, and what is archived is not to be had at all.
func TestEmbedding(t *testing.T) {
	rules := authz.DefaultRules()
	for name, c := range map[string]struct {
		e    authz.Embedding
		want enum.DependencyState
	}{
		"nothing":                   {authz.Embedding{}, enum.DependencyNoAccess},
		"a mark alone":              {authz.Embedding{Marked: true}, enum.DependencyNoAccess},
		"ANY alone gives no access": {authz.Embedding{Any: true}, enum.DependencyNoAccess},
		"access alone":              {authz.Embedding{Reads: true}, enum.DependencyNoConsent},
		"a marked grant":            {authz.Embedding{Reads: true, Marked: true}, enum.DependencyReady},
		"a grant on ANY":            {authz.Embedding{Reads: true, Any: true}, enum.DependencyReady},
		"one owner":                 {authz.Embedding{SameOwner: true}, enum.DependencyReady},
		"one owner, archived":       {authz.Embedding{SameOwner: true, Archived: true}, enum.DependencyArchived},
		"all, archived":             {authz.Embedding{Reads: true, Any: true, Marked: true, Archived: true}, enum.DependencyArchived},
	} {
		if got := c.e.State(rules.Embeds); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	if got := (authz.Embedding{Reads: true}).State(func(authz.Embedding) bool { return true }); got != enum.DependencyReady {
		t.Errorf("without the rule on consent: %s", got)
	}
}

// domain 8.1, 8.2: who makes a dependency, and who ends it.
func TestDependencyRights(t *testing.T) {
	rules := authz.DefaultRules()
	if !rules.Depends(true) || rules.Depends(false) {
		t.Error("those who answer for the owner make a dependency, and nobody else")
	}
	for _, c := range []struct{ dependent, dependency, want bool }{
		{true, true, true}, {true, false, true}, {false, true, true}, {false, false, false},
	} {
		if got := authz.MayEndDependency(c.dependent, c.dependency); got != c.want {
			t.Errorf("%+v: %t", c, got)
		}
	}
}
