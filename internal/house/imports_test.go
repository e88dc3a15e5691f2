package house_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/appanage/appanage/"

// layers says, for packages by prefix, which of our own packages they may import, by prefix; the longest prefix
// decides. Data flows one way (docs/architecture.md): a package missing here fails the test.
var layers = map[string][]string{
	// Leaves: of ours they know other leaves only.
	"internal/oid":     {},
	"internal/apperr":  {},
	"internal/clock":   {},
	"internal/digest":  {},
	"internal/enum":    {},
	"internal/fold":    {},
	"internal/origin":  {},
	"internal/reqinfo": {},
	"internal/input":   {"internal/apperr", "internal/fold"},
	"internal/delta":   {"internal/delta"},
	"internal/layers":  {"internal/delta", "internal/oid", "internal/authz", "internal/enum"},
	"internal/authz":   {"internal/oid", "internal/enum"},
	"internal/actor":   {"internal/clock", "internal/oid"},
	"internal/scope":   {"internal/actor", "internal/enum", "internal/oid"},
	// The entities and the store.
	"ent/schema":            {"internal/clock", "internal/enum", "internal/oid"},
	"ent":                   {"ent", "internal/clock", "internal/enum", "internal/oid"},
	"migrations":            {},
	"migrations/schemadiff": {"ent", "migrations"},
	"migrations/generate":   {"ent", "migrations", "internal/store", "internal/testkit"},
	"internal/store":        append([]string{"ent", "migrations"}, leaves...),
	// The domain: never graph, never HTTP.
	"internal/access":      domain("internal/audit"),
	"internal/audit":       domain(),
	"internal/authority":   domain("internal/audit"),
	"internal/claim":       domain(),
	"internal/removal":     domain("internal/authority"),
	"internal/participant": {"internal/clock", "internal/outbox"},
	"internal/tenancy":     domain("internal/access", "internal/audit", "internal/authority", "internal/claim", "internal/removal"),
	"internal/identity":    domain("internal/audit", "internal/authority", "internal/notice", "internal/outbox"),
	"internal/idempotency": domain(),
	"internal/outbox":      domain(),
	"internal/lease":       domain(),
	"internal/mail":        {},
	"internal/sms":         {},
	"internal/notice":      {},
	"internal/application": domain("internal/audit", "internal/authority", "internal/claim", "internal/outbox", "internal/removal", "internal/origin"),
	"internal/bundle":      domain("internal/application", "internal/audit", "internal/authority", "internal/definition", "internal/delta", "internal/property"),
	"internal/dependency":  domain("internal/audit"),
	"internal/definition":  domain("internal/audit", "internal/delta", "internal/dependency", "internal/layers"),
	"internal/property":    domain("internal/audit", "internal/origin"),
	"internal/prove":       {"internal/origin"},
	"internal/urls":        domain("internal/audit", "internal/claim", "internal/origin", "internal/property", "internal/prove"),
	"internal/authn":       domain("internal/authority", "internal/identity"),
	// The API.
	"graph/cursor":        {},
	"graph/model":         append([]string{"ent"}, leaves...),
	"graph/list":          append([]string{"ent", "graph/cursor", "graph/model"}, leaves...),
	"graph/generated":     append([]string{"ent", "graph/model"}, leaves...),
	"graph/present":       leaves,
	"graph/plan":          domain("graph/list", "graph/cursor", "internal/application", "internal/property", "internal/definition", "internal/dependency", "internal/tenancy"),
	"graph/plan/generate": {},
	"graph":               domain("graph", "internal/access", "internal/application", "internal/bundle", "internal/definition", "internal/delta", "internal/property", "internal/registration", "internal/dependency", "internal/authority", "internal/idempotency", "internal/identity", "internal/tenancy", "internal/urls"),
	"internal/httpapi":    append([]string{"graph/present"}, leaves...),
	"internal/explorer":   {},
	// What puts it together.
	"internal/config":       {"internal/origin"},
	"internal/registration": domain("internal/access", "internal/audit", "internal/authority", "internal/identity", "internal/notice", "internal/outbox", "internal/property", "internal/tenancy", "internal/urls"),
	"internal/demo":         domain("internal/access", "internal/audit", "internal/authority", "internal/tenancy", "internal/identity", "internal/application", "internal/property", "internal/registration", "internal/claim", "internal/definition", "internal/dependency", "internal/origin", "internal/urls"),
	"internal/hub":          {""},
	"internal/command":      {""},
	"internal/testkit":      {""},
	"internal/house":        {},
	"internal/sweep":        {""},
	"internal/difftest":     {""},
	"internal/plantest":     {""},
	"internal/apitest":      {""},
	"internal/proctest":     {""},
	"bench":                 {""},
	"":                      {"internal/command"},
}

var leaves = []string{"internal/oid", "internal/apperr", "internal/clock", "internal/digest", "internal/enum", "internal/fold", "internal/reqinfo", "internal/input", "internal/authz", "internal/actor", "internal/scope"}

func domain(more ...string) []string {
	return append(append([]string{"ent", "internal/store"}, leaves...), more...)
}

type goPackage struct {
	ImportPath string
	Imports    []string
}

// design 1: imports point one way.
func TestImportsPointOneWay(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", module+"...").Output()
	if err != nil {
		t.Fatalf("list the packages: %v", err)
	}
	seen := 0
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; seen++ {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		checkImports(t, p)
	}
	if seen < 30 {
		t.Fatalf("only %d packages were looked at", seen)
	}
}

func checkImports(t *testing.T, p goPackage) {
	t.Helper()
	path := strings.TrimPrefix(p.ImportPath, strings.TrimSuffix(module, "/"))
	path = strings.TrimPrefix(path, "/")
	allowed, ok := layers[longest(path)]
	if !ok {
		t.Errorf("package %q is in no layer: add it to layers, with what it may import", path)
		return
	}
	for _, imported := range p.Imports {
		own, ours := strings.CutPrefix(imported, module)
		if ours && !slices.ContainsFunc(allowed, func(prefix string) bool { return within(own, prefix) }) {
			t.Errorf("%s imports %s, which its layer may not", path, own)
		}
	}
}

// longest is the longest key of layers that covers a package.
func longest(path string) string {
	best := ""
	for prefix := range layers {
		if within(path, prefix) && len(prefix) > len(best) {
			best = prefix
		}
	}
	if best == "" && path != "" {
		return "none"
	}
	return best
}

func within(path, prefix string) bool {
	return prefix == "" || path == prefix || strings.HasPrefix(path, prefix+"/")
}
