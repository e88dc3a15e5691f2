package property_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/property"
	"github.com/appanage/appanage/internal/testkit/soak"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// levels is how deep the chains of the random cases are.
const levels = 12

// domain 6.2: what is in force, and where it comes from, over twelve levels of clients; against a model that goes by the
// text of the rule, name by name.
func TestResolveAgainstAModel(t *testing.T) {
	cases := soak.Count(1_000, 100_000)
	kinds := map[enum.PropertySourceKind]int{}
	for seed := range uint64(cases) {
		rng := rand.New(rand.NewPCG(seed, 6))
		chain, values, definitions := randomCase(rng)
		got, ok := property.Resolve(chain, values, definitions)
		want, wantOK := model(chain, values, definitions)
		if diff := cmp.Diff(want, got); diff != "" || ok != wantOK {
			t.Fatalf("seed %d: %v, the model says %v (-model +kernel):\n%s", seed, ok, wantOK, diff)
		}
		for _, p := range got {
			kinds[p.Kind]++
		}
		if less, lessOK := property.Resolve(pruned(chain, values), values, definitions); lessOK != ok || !cmp.Equal(less, got) {
			t.Fatalf("seed %d: without those who set nothing it is %v", seed, less)
		}
	}
	for _, kind := range enum.PropertySourceKind("").Values() {
		if kinds[enum.PropertySourceKind(kind)] < cases/10 {
			t.Errorf("of %s there were %d only", kind, kinds[enum.PropertySourceKind(kind)])
		}
	}
}

// pruned leaves out of a chain whoever sets nothing, but for the client itself and the owner.
func pruned(c property.Chain, values []property.Value) property.Chain {
	var steps []property.Step
	for i, s := range c.Steps {
		sets := slices.ContainsFunc(values, func(v property.Value) bool { return v.Client == s.Client })
		if i == 0 || s.Client == c.Owner || sets {
			steps = append(steps, s)
		}
	}
	c.Steps = steps
	return c
}

// randomCase is a chain of clients with grants in every state, the owner at any place on it or beside it, and what they
// and strangers have set.
func randomCase(rng *rand.Rand) (property.Chain, []property.Value, []property.Definition) {
	chain := property.Chain{Owner: "owner", Now: now}
	var clients []oid.Client
	for i := range 1 + rng.IntN(levels) {
		id := oid.Client(fmt.Sprintf("client %02d", i))
		clients = append(clients, id)
		chain.Steps = append(chain.Steps, property.Step{Client: id, Grant: randomGrant(rng, i == 0)})
	}
	if rng.IntN(4) > 0 {
		chain.Owner = clients[rng.IntN(len(clients))]
	}
	clients = append(clients, chain.Owner, "stranger")
	names := []string{"A", "B", "C", "D"}
	var values []property.Value
	for _, name := range names {
		for _, client := range slices.Compact(slices.Sorted(slices.Values(clients))) {
			if rng.IntN(4) == 0 {
				values = append(values, property.Value{Client: client, Name: name, Value: name + " of " + string(client), Public: rng.IntN(2) == 0})
			}
		}
	}
	rng.Shuffle(len(values), func(i, j int) { values[i], values[j] = values[j], values[i] })
	var definitions []property.Definition
	for _, name := range []string{"B", "D", "E", "F"} {
		d := property.Definition{Name: name}
		if name != "F" {
			d.Default = new("default of " + name)
		}
		definitions = append(definitions, d)
	}
	return chain, values, definitions
}

func randomGrant(rng *rand.Rand, mostly bool) *authz.Grant {
	if !mostly && rng.IntN(3) == 0 {
		return nil
	}
	level := []enum.AccessLevel{enum.LevelRead, enum.LevelWrite, enum.LevelRead, enum.LevelBarred}[rng.IntN(4)]
	ends := []*time.Time{nil, nil, new(now.Add(time.Hour)), new(now), new(time.Unix(0, 0))}[rng.IntN(5)]
	return &authz.Grant{Level: level, ExpiresAt: ends}
}

// model is domain 6.2, sentence by sentence: for each name anew, up the tree.
func model(c property.Chain, values []property.Value, definitions []property.Definition) ([]property.InForce, bool) {
	hasAccess := func(s property.Step) bool {
		if s.Client == c.Owner {
			return true
		}
		return s.Grant != nil && s.Grant.Level != enum.LevelBarred && (s.Grant.ExpiresAt == nil || c.Now.Before(*s.Grant.ExpiresAt))
	}
	if !hasAccess(c.Steps[0]) {
		return nil, false
	}
	names := map[string]bool{}
	for _, v := range values {
		names[v.Name] = true
	}
	for _, d := range definitions {
		names[d.Name] = true
	}
	of := func(client oid.Client, name string) *property.Value {
		for _, v := range values {
			if v.Client == client && v.Name == name {
				return &v
			}
		}
		return nil
	}
	ownerAt := slices.IndexFunc(c.Steps, func(s property.Step) bool { return s.Client == c.Owner })
	list := []property.InForce{}
	for name := range names {
		one := func() *property.InForce {
			if v := of(c.Steps[0].Client, name); v != nil { // its own
				return &property.InForce{Value: *v, Kind: enum.SourceOwn}
			}
			for i := 1; i < len(c.Steps); i++ { // its nearest manager below the owner that has access today and set one
				if ownerAt >= 0 && i >= ownerAt {
					break
				}
				if v := of(c.Steps[i].Client, name); v != nil && hasAccess(c.Steps[i]) {
					return &property.InForce{Value: *v, Kind: enum.SourceManager}
				}
			}
			if v := of(c.Owner, name); v != nil { // the owner's
				return &property.InForce{Value: *v, Kind: enum.SourceOwner}
			}
			for _, d := range definitions { // the platform's default
				if d.Name == name && d.Default != nil {
					return &property.InForce{Value: property.Value{Name: name, Value: *d.Default}, Kind: enum.SourceDefault}
				}
			}
			return nil
		}()
		if one != nil {
			list = append(list, *one)
		}
	}
	slices.SortFunc(list, func(a, b property.InForce) int { return strings.Compare(a.Name, b.Name) })
	return list, true
}
