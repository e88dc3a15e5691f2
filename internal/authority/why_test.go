package authority_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/soak"
)

// ways are all reasons by the model: each chain of roles from an assigned one to one that holds the permission, with each
// package that allows it.
func (w *tree) ways(m treeMember, p int) (all []string) {
	allow := []string{""}
	if !w.owns(m.client, p) {
		allow = nil
		for _, g := range w.gifts {
			if g.to == m.client && slices.ContainsFunc(w.packages[g.pack], func(r int) bool { return w.brings(r, p, -1) }) && w.ceiling(g.giver, p, map[int]bool{}) {
				allow = append(allow, string(placed[oid.Package](g.pack)))
			}
		}
	}
	var down func(way []int)
	down = func(way []int) {
		last := w.roles[way[len(way)-1]]
		if slices.Contains(last.permissions, p) && (m.session < 0 || last.app < 0 || last.app == m.session) {
			for _, k := range allow {
				all = append(all, fmt.Sprint(placedAll[oid.Role](way), k))
			}
		}
		for _, sub := range last.subs {
			down(append(slices.Clone(way), sub))
		}
	}
	for _, r := range m.roles {
		if w.assigns(m.client, r) {
			down([]int{r})
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// issue 4 (to build, 3): an authority is listed if and only if it is in force, with every way to it there is, or the
// shortest of them.
func TestWhyTellsWhatIsInForce(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	cut, full := 0, 0
	for i := range soak.Count(100, 2_000) {
		r := rand.New(rand.NewPCG(seed, uint64(i)))
		w := grow(r, 2+r.IntN(30))
		f := w.facts()
		for _, m := range w.members {
			of := w.of(f, m)
			why := of.Why()
			if listed := sortedKeys(why); !slices.Equal(listed, of.Effective()) {
				t.Fatalf("seed %d, world %d: %+v has reasons for %v and holds %v", seed, i, m, listed, of.Effective())
			}
			for p := range w.permissions {
				reasons, in := why[placed[oid.Permission](p)]
				if !in {
					continue
				}
				var got []string
				longest := 0
				for _, reason := range reasons {
					got = append(got, fmt.Sprint(reason.Roles, string(reason.Package)))
					if len(reason.Roles) < longest {
						t.Fatalf("seed %d, world %d: %+v: a shorter way follows a longer one: %v", seed, i, m, reasons)
					}
					longest = len(reason.Roles)
				}
				slices.Sort(got)
				all := w.ways(m, p)
				if len(all) <= authority.MostReasons {
					full++
					if diff := cmp.Diff(all, got); diff != "" {
						t.Fatalf("seed %d, world %d: the ways of %+v to permission %d (-model +kernel):\n%s", seed, i, m, p, diff)
					}
					continue
				}
				cut++
				if len(got) != authority.MostReasons || slices.ContainsFunc(got, func(way string) bool { return !slices.Contains(all, way) }) {
					t.Fatalf("seed %d, world %d: %d ways of %+v to permission %d, of %d", seed, i, len(got), m, p, len(all))
				}
			}
		}
	}
	if full < 200 {
		t.Errorf("only %d lists of reasons were compared (%d were cut)", full, cut)
	}
}

func sortedKeys(m map[oid.Permission][]authority.Reason) []oid.Permission {
	out := make([]oid.Permission, 0, len(m))
	for p := range m {
		out = append(out, p)
	}
	slices.Sort(out)
	return out
}

// Roles that nest in diamonds have more ways than can be walked; only so many are.
func TestWhyIsBounded(t *testing.T) {
	const client, right, floors = oid.Client("c"), oid.Permission("p"), 60
	f := authority.Facts{Client: client, Assigned: []oid.Role{"0"}, Roles: map[oid.Role]authority.RoleFacts{}, Owned: map[oid.Client][]oid.Permission{client: {right}}}
	var below []oid.Role
	for floor := floors; floor >= 0; floor-- { // each floor's role includes two, and each of these the next floor's
		top, left, wing := oid.Role(fmt.Sprint(floor)), oid.Role(fmt.Sprint(floor, " left")), oid.Role(fmt.Sprint(floor, " right"))
		next := []oid.Role{oid.Role(fmt.Sprint(floor + 1))}
		if floor == floors {
			f.Roles[top] = authority.RoleFacts{Owner: client, Reached: []oid.Role{top}, Permissions: []oid.Permission{right}}
			below = []oid.Role{top}
			continue
		}
		for _, side := range []oid.Role{left, wing} {
			f.Roles[side] = authority.RoleFacts{Owner: client, Reached: append([]oid.Role{side}, below...), SubRoles: next}
		}
		below = append([]oid.Role{top, left, wing}, below...)
		f.Roles[top] = authority.RoleFacts{Owner: client, Reached: below, SubRoles: []oid.Role{left, wing}}
	}
	reasons := f.Why()[right]
	if len(reasons) != authority.MostReasons {
		t.Fatalf("%d reasons", len(reasons))
	}
	seen := map[string]bool{}
	for _, reason := range reasons {
		if len(reason.Roles) != 2*floors+1 || seen[fmt.Sprint(reason.Roles)] {
			t.Errorf("%v", reason.Roles)
		}
		seen[fmt.Sprint(reason.Roles)] = true
	}
}

// The way of a circle is the shortest; what a role reaches is itself and all below.
func TestWaysInTheGraphOfRoles(t *testing.T) {
	edges := map[oid.Role][]oid.Role{"a": {"b", "c"}, "b": {"d"}, "c": {"e"}, "e": {"f"}, "d": {"f"}, "f": {"g"}, "x": {"a"}}
	for _, c := range []struct {
		from, to oid.Role
		want     []oid.Role
	}{{"a", "g", []oid.Role{"a", "b", "d", "f", "g"}}, {"a", "a", []oid.Role{"a"}}, {"g", "a", nil}, {"x", "c", []oid.Role{"x", "a", "c"}}} {
		if got := authority.WayDown(edges, c.from, c.to); !slices.Equal(got, c.want) {
			t.Errorf("from %s to %s by %v, not %v", c.from, c.to, got, c.want)
		}
	}
	reached := authority.ReachedFrom(edges, "c")
	if want := map[oid.Role]bool{"c": true, "e": true, "f": true, "g": true}; !cmp.Equal(reached, want) {
		t.Errorf("c reaches %v", reached)
	}
}
