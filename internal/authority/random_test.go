package authority_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/soak"
)

// sizes of the worlds: most are small, for rules meet more often there; some are as large as they come.
func sizeOf(r *rand.Rand) int {
	switch r.IntN(10) {
	case 0:
		return mostClients
	case 1, 2, 3:
		return 2 + r.IntN(mostClients-1)
	}
	return 2 + r.IntN(20)
}

// judge is a world as the product judges it.
type judge struct {
	*tree
	facts    authority.Facts
	ceilings func(oid.Client) authority.Ceiling
	checks   int
}

func judged(w *tree) *judge {
	f := w.facts()
	return &judge{tree: w, facts: f, ceilings: f.Ceilings()}
}

func (j *judge) held(m treeMember) []oid.Permission {
	return authority.EffectiveOf(j.ceilings, j.of(j.facts, m))
}

// access is the product's decision on a client and an application.
func (j *judge) access(client, app int) enum.AccessLevel {
	var grant *authz.Grant
	for _, g := range j.grants {
		if g.app == app && g.client == client {
			grant = &authz.Grant{Level: g.level}
			if at := now; g.expired {
				grant.ExpiresAt = &at
			}
		}
	}
	return authz.Access(clientID(j.apps[app]), clientID(client), grant, now)
}

// asked are the members whose answers are looked at.
func (j *judge) asked(r *rand.Rand) []treeMember {
	few := slices.Clone(j.members)
	r.Shuffle(len(few), func(a, b int) { few[a], few[b] = few[b], few[a] })
	return few[:min(len(few), 12)]
}

// agree holds every decision on some members against the model.
func (j *judge) agree(members []treeMember) error {
	rules := authz.DefaultRules()
	for _, m := range members {
		held := j.held(m)
		caller := authz.Held{Client: clientID(m.client), Authorities: namesOf(held)}
		for p := range j.permissions {
			id := placed[oid.Permission](p)
			what := j.permission(p)
			j.checks += 3
			if got, want := slices.Contains(held, id), j.holds(m, p); got != want {
				return fmt.Errorf("%+v holds permission %d: %t, by the model %t", m, p, got, want)
			}
			if got, want := j.ceilings(clientID(m.client)).Has(id), j.ceiling(m.client, p, map[int]bool{}); got != want {
				return fmt.Errorf("the ceiling of client %d has permission %d: %t, by the model %t", m.client, p, got, want)
			}
			if got, want := rules.Gives(caller, what), j.gives(m, p); got != want {
				return fmt.Errorf("%+v gives permission %d: %t, by the model %t", m, p, got, want)
			}
		}
		for role := range j.roles {
			f := j.of(j.facts, m)
			given := slices.ContainsFunc(f.Gifts[f.Client], func(g authority.Gift) bool { return slices.Contains(f.Packages[g.Package], placed[oid.Role](role)) })
			want := j.assigns(m.client, role)
			j.checks += 2
			if f.Assignable(placed[oid.Role](role)) != want || rules.Assigns(f.Client, authz.Role{Owner: f.Roles[placed[oid.Role](role)].Owner, Given: given}) != want {
				return fmt.Errorf("client %d assigns role %d: by the model %t", m.client, role, want)
			}
		}
		for _, other := range members {
			j.checks++
			if got, want := rules.TakesOver(caller, j.permissionsOf(j.held(other))), j.takesOver(m, other); got != want {
				return fmt.Errorf("%+v takes over %+v: %t, by the model %t", m, other, got, want)
			}
		}
		for app := range j.apps {
			j.checks++
			if got, want := j.access(m.client, app), j.tree.access(m.client, app); got != want {
				return fmt.Errorf("client %d has %q on application %d, by the model %q", m.client, got, app, want)
			}
		}
	}
	return nil
}

// permission is what decides of one.
func (j *judge) permission(p int) authz.Permission {
	what := authz.Permission{Authority: nameOf(placed[oid.Permission](p))}
	if app := j.permissions[p].app; app >= 0 {
		what.Owner = clientID(j.apps[app])
	}
	return what
}

func (j *judge) permissionsOf(ids []oid.Permission) []authz.Permission {
	var out []authz.Permission
	for p := range j.permissions {
		if slices.Contains(ids, placed[oid.Permission](p)) {
			out = append(out, j.permission(p))
		}
	}
	return out
}

// nameOf stands for the authority string of a permission: the first built-in one is Permission_CREATE.
func nameOf(p oid.Permission) string {
	if p == placed[oid.Permission](createsPermission) {
		return "Permission_CREATE"
	}
	return string(p)
}

func namesOf(permissions []oid.Permission) []string {
	out := make([]string, len(permissions))
	for i, p := range permissions {
		out[i] = nameOf(p)
	}
	return out
}

// issue 4, domain 3.1 to 3.6, 5.1: the decision code and the naive model agree on every check; adding something for a
// stranger never changes an answer; taking something away never widens one.
func TestRandomWorlds(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	checks, changed := 0, 0
	n := soak.Count(100, 10_000)
	for i := range n {
		r := rand.New(rand.NewPCG(seed, uint64(i)))
		j := judged(grow(r, sizeOf(r)))
		asked := j.asked(r)
		if err := j.agree(asked); err != nil {
			t.Fatalf("seed %d, world %d of %d clients: %v", seed, i, len(j.clients), err)
		}
		checks += j.checks
		for range 4 {
			c, err := j.strangers(r, asked)
			checks += c
			if err != nil {
				t.Fatalf("seed %d, world %d: %v", seed, i, err)
			}
			c, narrowed, err := j.takings(r, asked)
			checks += c
			if err != nil {
				t.Fatalf("seed %d, world %d: %v", seed, i, err)
			}
			if narrowed {
				changed++
			}
		}
	}
	t.Logf("%d worlds, %d checks; %d times what was taken away made a difference", n, checks, changed)
	if changed < n/10 {
		t.Errorf("of what was taken away only %d things made a difference: the worlds are too dull", changed)
	}
}

// clone is a copy to be changed.
func (w *tree) clone() *tree {
	c := *w
	c.clients, c.apps, c.permissions, c.gifts, c.grants, c.members = slices.Clone(w.clients), slices.Clone(w.apps), slices.Clone(w.permissions),
		slices.Clone(w.gifts), slices.Clone(w.grants), slices.Clone(w.members)
	c.roles, c.packages = slices.Clone(w.roles), slices.Clone(w.packages)
	return &c
}

// depends lists the clients whose answers can follow from what a client has: itself, and those to which its gifts lead.
func (w *tree) depends(client int) map[int]bool {
	set := map[int]bool{client: true}
	for grown := true; grown; {
		grown = false
		for _, g := range w.gifts {
			if set[g.giver] && !set[g.to] {
				set[g.to], grown = true, true
			}
		}
	}
	return set
}

// strangers adds something for one client, and looks at the others that nothing leads to from there.
func (j *judge) strangers(r *rand.Rand, asked []treeMember) (checks int, err error) {
	stranger := 1 + r.IntN(len(j.clients)-1)
	w := j.clone()
	what := r.IntN(5)
	switch what {
	case 0:
		w.addRole(r, stranger)
		w.addMember(r, stranger)
	case 1:
		w.addGift(r, stranger)
	case 2:
		w.packages = append(w.packages, some3(r, len(w.roles)))
		w.gifts = append(w.gifts, treeGift{pack: len(w.packages) - 1, to: stranger, giver: r.IntN(len(w.clients))})
	case 3:
		w.addGrant(r, stranger)
	default:
		w.apps = append(w.apps, stranger)
		w.permissions = append(w.permissions, treePermission{app: len(w.apps) - 1})
		w.addRole(r, stranger)
	}
	concerned, after := w.depends(stranger), judged(w)
	for _, m := range asked {
		if concerned[m.client] {
			continue
		}
		checks++
		if before, now := j.held(m), after.held(m); !slices.Equal(before, now) {
			return checks, fmt.Errorf("adding %d for client %d changes what %+v holds from %v to %v", what, stranger, m, before, now)
		}
		for app := range j.apps {
			checks++
			if before, now := j.access(m.client, app), after.access(m.client, app); before != now {
				return checks, fmt.Errorf("adding %d for client %d changes the access of client %d from %q to %q", what, stranger, m.client, before, now)
			}
		}
	}
	return checks, nil
}

// without is a list without the element at a place.
func without[T any](list []T, at int) []T { return slices.Delete(slices.Clone(list), at, at+1) }

// takings takes something away, and looks at everybody asked.
func (j *judge) takings(r *rand.Rand, asked []treeMember) (checks int, narrowed bool, err error) {
	w := j.clone()
	asked = slices.Clone(asked)
	holder := r.IntN(len(w.roles))
	what := r.IntN(6)
	now := asked
	switch role := w.roles[holder]; {
	case what == 0 && len(role.permissions) > 0:
		role.permissions = without(role.permissions, r.IntN(len(role.permissions)))
		w.roles[holder] = role
	case what == 1 && len(role.subs) > 0:
		role.subs = without(role.subs, r.IntN(len(role.subs)))
		w.roles[holder] = role
	case what == 2 && len(w.gifts) > 0:
		w.gifts = without(w.gifts, r.IntN(len(w.gifts)))
	case what == 3 && len(w.grants) > 0:
		w.grants = without(w.grants, r.IntN(len(w.grants)))
	case what == 4:
		pack := r.IntN(len(w.packages))
		if len(w.packages[pack]) > 0 {
			w.packages[pack] = without(w.packages[pack], r.IntN(len(w.packages[pack])))
		}
	default:
		now = slices.Clone(asked)
		for i, m := range now {
			if len(m.roles) > 0 {
				now[i].roles = without(m.roles, r.IntN(len(m.roles)))
			}
		}
	}
	after := judged(w)
	for i, m := range asked {
		before, now := j.held(m), after.held(now[i])
		checks++
		for _, p := range now {
			if !slices.Contains(before, p) {
				return checks, narrowed, fmt.Errorf("taking %d away gives %s to %+v", what, p, m)
			}
		}
		narrowed = narrowed || len(now) < len(before)
		for app := range j.apps {
			checks++
			if before, now := j.access(m.client, app), after.access(m.client, app); before != now && now != "" && before != enum.LevelWrite {
				return checks, narrowed, fmt.Errorf("taking %d away gives client %d %q, not %q", what, m.client, now, before)
			}
		}
	}
	return checks, narrowed, nil
}
