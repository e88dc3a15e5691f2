package present

import (
	"context"
	"strings"
	"testing"
)

func TestSuggestions(t *testing.T) {
	mistakes := []string{
		"{ pinge }",
		"{ viewer }",
		`{ node(i: "1", id: "1") { id } }`,
		"{ kind(of: LARG) }",
		`{ kind(of: "LARG") }`,
		"{ ping @include(iff: true, if: true) }",
		"fragment f on Thin { id } { viewer { ...f } }",
		`mutation { secretSet(input: {nam: "x", name: "x"}) { id } }`,
	}
	for _, suggestions := range []bool{true, false} {
		e := toyExecutor()
		e.SetDefaultRulesFn(Rules(suggestions))
		e.SetDisableSuggestion(!suggestions)
		for _, query := range mistakes {
			var messages strings.Builder
			for _, err := range run(context.Background(), e, query, nil).Errors {
				messages.WriteString(err.Message)
			}
			if strings.Contains(messages.String(), "Did you mean") != suggestions {
				t.Errorf("suggestions %v: %s: %q", suggestions, query, messages.String())
			}
		}
	}
}

func TestDeferIsRefused(t *testing.T) {
	e := toyExecutor()
	e.SetDefaultRulesFn(Rules(true))
	err := only(t, run(context.Background(), e, "{ viewer { ... @defer { id } } }", nil))
	if CodeOf(err) != "VALIDATION" || err.Message != "@defer is not supported." {
		t.Errorf("got %v", err)
	}
}
