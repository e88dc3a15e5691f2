package house_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// bypasses counts the uses of actor.System by folder. Each use names its reason; whoever adds one says in the message
// of the commit why no scope fits.
var bypasses = map[string]int{
	"graph":                 3, // the session that sign-in, or a registration, has just made; the name of who asks for access
	"internal/access":       2, // grants to clients out of scope, applications that are available
	"internal/application":  1, // an EXPLICIT application belongs to the manager
	"internal/authn":        1, // the caller is being read
	"internal/audit":        3, // the sealer, and who checks it
	"internal/authority":    6, // what is shipped, base packages, authorities, ceilings, what protects users and clients out of scope
	"internal/bundle":       1, // bundles whose time is over are nobody's
	"internal/claim":        1, // claimed names belong to nobody
	"internal/command":      3, // the operator
	"internal/definition":   1, // what is public of a definition is read through a URL by everybody
	"internal/demo":         2,
	"internal/idempotency":  2,  // keys of requests belong to nobody
	"internal/identity":     11, // who signs in, comes with a mailed secret or changes himself; who goes, everywhere; counters
	"internal/lease":        1,  // duties are the platform's
	"internal/outbox":       1,  // the platform delivers its own events
	"internal/registration": 6,  // who registers is nobody yet; what a client may give by itself; what is asked for, and by whom
	"internal/urls":         1,  // what a URL leads to is public
}

// design 3.7: one bypass, and its uses are counted.
func TestBypassesAreCounted(t *testing.T) {
	got := map[string]int{}
	for _, root := range []string{"../../graph", "../../internal"} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "/testkit/") {
				return err
			}
			text, err := os.ReadFile(path)
			if n := strings.Count(string(text), "actor.System("); n > 0 {
				got[strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), "../../")] += n
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(bypasses, got); diff != "" {
		t.Errorf("uses of actor.System (-counted +there are):\n%s", diff)
	}
}
