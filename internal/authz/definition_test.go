package authz_test

import (
	"testing"

	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
)

// domain 5.2, 9.1: to be above the owner, or in scope of the platform, is not enough to make layers; write access is.
func TestDefines(t *testing.T) {
	rule := authz.DefaultRules().Defines
	for _, c := range []struct {
		caller authz.Caller
		want   bool
	}{
		{authz.Caller{Client: "cli_a", Access: enum.LevelWrite}, true},
		{authz.Caller{Client: "cli_a", Rules: true, Access: enum.LevelWrite}, true},
		{authz.Caller{Client: "cli_a", Rules: true}, false},
		{authz.Caller{Client: "cli_a", Access: enum.LevelRead}, false},
		{authz.Caller{Client: "cli_a", Access: enum.LevelBarred}, false},
	} {
		if got := rule(c.caller); got != c.want {
			t.Errorf("%+v: %v", c.caller, got)
		}
	}
}

// domain 9.6, 9.7: nothing over a final layer, nothing published from above; and nobody gets back what was another's.
func TestLayers(t *testing.T) {
	rules := authz.DefaultRules()
	for _, c := range []struct {
		laying              authz.Laying
		overlays, publishes bool
	}{
		{authz.Laying{}, true, true},
		{authz.Laying{Below: true}, true, false},
		{authz.Laying{Below: true, OnFinal: true}, false, false},
	} {
		if got := rules.Overlays(c.laying); got != c.overlays {
			t.Errorf("overlays, %+v: %v", c.laying, got)
		}
		if got := rules.Publishes(c.laying); got != c.publishes {
			t.Errorf("publishes, %+v: %v", c.laying, got)
		}
	}
	if !rules.Restores("cli_a", "cli_a") || rules.Restores("cli_a", "cli_b") || rules.Restores("cli_b", "") {
		t.Error("a client restores versions of its own, and no others")
	}
}
