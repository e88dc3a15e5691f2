package claim_test

import (
	"regexp"
	"testing"

	"pgregory.net/rapid"

	"github.com/appanage/appanage/internal/claim"
)

// domain 1.3, 4.2: codes are made from the letters of the name.
func TestStem(t *testing.T) {
	for _, c := range []struct {
		space claim.Space
		name  string
		want  string
	}{
		{claim.Clients, "Müller & Söhne AG", "MULLERSOHNEAG"},
		{claim.Clients, "3 Könige", "KONIGE"},
		{claim.Clients, "株式会社", "CLIENT"},
		{claim.Clients, "A company with a very long name", "ACOMPANYWITHAVER"},
		{claim.Applications, "Shop für Alle!", "shop-fur-alle"},
		{claim.Applications, "  --  CRM 2.0 ", "crm-2-0"},
		{claim.Applications, "7", "app"},
		{claim.Applications, "É", "appe"},
	} {
		if got := c.space.Stem(c.name); got != c.want {
			t.Errorf("the stem of %q is %q, want %q", c.name, got, c.want)
		}
	}
}

// Whatever the name, the stem keeps the pattern of its space.
func TestStemKeepsThePattern(t *testing.T) {
	for name, c := range map[string]struct {
		space   claim.Space
		pattern *regexp.Regexp
	}{
		"client":      {claim.Clients, regexp.MustCompile(`^[A-Z][A-Z0-9]{1,15}$`)},
		"application": {claim.Applications, regexp.MustCompile(`^[a-z][a-z0-9-]{0,61}[a-z0-9]$`)},
	} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				if s := c.space.Stem(rapid.String().Draw(t, "name")); !c.pattern.MatchString(s) {
					t.Fatalf("the stem %q breaks the pattern", s)
				}
			})
		})
	}
}

func TestReserved(t *testing.T) {
	for _, code := range []string{"www", "api", "admin", "graphql", "system", "static"} {
		if !claim.Applications.Reserved(code) {
			t.Errorf("%q is not reserved", code)
		}
	}
	if claim.Applications.Reserved("crm") || claim.Clients.Reserved("WWW") {
		t.Error("a code is reserved that should not be")
	}
}
