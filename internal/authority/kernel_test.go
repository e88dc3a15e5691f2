package authority_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/oid"
)

// TestMain raises the number of random cases: a hundred found a giver without gifts of his own only now and then.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "2000"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// world draws facts over a handful of clients, roles, packages and permissions, so that they meet often: gifts in
// circles, roles of other owners, roles of applications.
func world(t *rapid.T) authority.Facts {
	clients := append([]oid.Client{oid.SystemClient}, named[oid.Client](4)...)
	roles, packages, permissions, apps := named[oid.Role](5), named[oid.Package](3), named[oid.Permission](6), named[oid.Application](2)
	f := authority.Facts{
		Client:      rapid.SampledFrom(clients).Draw(t, "client"),
		Application: rapid.SampledFrom(append(apps, "")).Draw(t, "session's application"),
		Assigned:    some(t, "assigned", roles),
		Roles:       map[oid.Role]authority.RoleFacts{},
		Packages:    map[oid.Package][]oid.Role{},
		Gifts:       map[oid.Client][]authority.Gift{},
		Owned:       map[oid.Client][]oid.Permission{},
	}
	for _, r := range roles {
		f.Roles[r] = authority.RoleFacts{
			Owner:       rapid.SampledFrom(clients).Draw(t, "owner"),
			Application: rapid.SampledFrom(append(apps, "")).Draw(t, "application"),
			Reached:     append(some(t, "reached", roles), r),
			Permissions: some(t, "permissions", permissions),
		}
	}
	for _, p := range packages {
		f.Packages[p] = some(t, "package", roles)
	}
	for _, c := range clients {
		f.Owned[c] = some(t, "owned", permissions)
		for range rapid.IntRange(0, 3).Draw(t, "gifts") {
			f.Gifts[c] = append(f.Gifts[c], authority.Gift{
				Package: rapid.SampledFrom(packages).Draw(t, "given"), Giver: rapid.SampledFrom(clients).Draw(t, "giver"),
			})
		}
	}
	return f
}

func named[T ~string](n int) []T {
	out := make([]T, n)
	for i := range out {
		out[i] = T(fmt.Sprint(i))
	}
	return out
}

func some[T any](t *rapid.T, label string, from []T) []T {
	return rapid.SliceOfN(rapid.SampledFrom(from), 0, 3).Draw(t, label)
}

// naive says domain 3.4 and 3.6 word by word: a permission is within a ceiling when it can be followed, gift by
// gift, to SYSTEM or to an application the giver owns, without coming through the same client twice.
type naive struct{ authority.Facts }

func (n naive) holds(role oid.Role, p oid.Permission, counts func(oid.Role) bool) bool {
	return slices.ContainsFunc(n.Roles[role].Reached, func(r oid.Role) bool {
		return counts(r) && slices.Contains(n.Roles[r].Permissions, p)
	})
}

func (n naive) within(client oid.Client, p oid.Permission, through []oid.Client) bool {
	if client == oid.SystemClient || slices.Contains(n.Owned[client], p) {
		return true
	}
	through = append(slices.Clone(through), client)
	for _, g := range n.Gifts[client] {
		brings := slices.ContainsFunc(n.Packages[g.Package], func(r oid.Role) bool {
			return n.holds(r, p, func(oid.Role) bool { return true })
		})
		if brings && !slices.Contains(through, g.Giver) && n.within(g.Giver, p, through) {
			return true
		}
	}
	return false
}

func (n naive) effective() []oid.Permission {
	out := []oid.Permission{}
	for _, p := range named[oid.Permission](6) {
		held := slices.ContainsFunc(n.Assigned, func(r oid.Role) bool {
			given := slices.ContainsFunc(n.Gifts[n.Client], func(g authority.Gift) bool { return slices.Contains(n.Packages[g.Package], r) })
			return (given || n.Roles[r].Owner == n.Client) && n.holds(r, p, func(r oid.Role) bool {
				app := n.Roles[r].Application
				return n.Application == "" || app == "" || app == n.Application
			})
		})
		if held && n.within(n.Client, p, nil) {
			out = append(out, p)
		}
	}
	return out
}

// domain 3.4, 3.6.
func TestEffectiveAgreesWithANaiveModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := world(t)
		if diff := cmp.Diff(naive{f}.effective(), f.Effective()); diff != "" {
			t.Fatalf("naive model and kernel differ (-naive +kernel):\n%s", diff)
		}
	})
}

// domain 3.6: an owned role never outlives the package its rights came from.
func TestAnOwnedRoleDoesNotOutliveItsPackage(t *testing.T) {
	const client, role, right = oid.Client("c"), oid.Role("r"), oid.Permission("p")
	const given, pkg = oid.Role("given"), oid.Package("k")
	f := authority.Facts{
		Client: client, Assigned: []oid.Role{role},
		Roles: map[oid.Role]authority.RoleFacts{
			role:  {Owner: client, Reached: []oid.Role{role}, Permissions: []oid.Permission{right}},
			given: {Owner: oid.SystemClient, Reached: []oid.Role{given}, Permissions: []oid.Permission{right}},
		},
		Packages: map[oid.Package][]oid.Role{pkg: {given}},
		Gifts:    map[oid.Client][]authority.Gift{client: {{Package: pkg, Giver: oid.SystemClient}}},
	}
	if got := f.Effective(); !slices.Equal(got, []oid.Permission{right}) {
		t.Fatalf("with the package: %v", got)
	}
	f.Gifts = nil
	if got := f.Effective(); len(got) != 0 {
		t.Fatalf("without the package: %v", got)
	}
}

// domain 3.6: a giver's ceiling holds the permissions of the applications it owns, also when it was given nothing.
func TestAGiverGivesWhatItOwns(t *testing.T) {
	const giver, client, role, right, pkg = oid.Client("g"), oid.Client("c"), oid.Role("r"), oid.Permission("p"), oid.Package("k")
	f := authority.Facts{
		Client: client, Assigned: []oid.Role{role},
		Roles:    map[oid.Role]authority.RoleFacts{role: {Owner: giver, Reached: []oid.Role{role}, Permissions: []oid.Permission{right}}},
		Packages: map[oid.Package][]oid.Role{pkg: {role}},
		Gifts:    map[oid.Client][]authority.Gift{client: {{Package: pkg, Giver: giver}}},
		Owned:    map[oid.Client][]oid.Permission{giver: {right}},
	}
	if got := f.Effective(); !slices.Equal(got, []oid.Permission{right}) {
		t.Errorf("held is %v", got)
	}
}
