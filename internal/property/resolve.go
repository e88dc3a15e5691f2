package property

import (
	"slices"
	"strings"
	"time"

	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

// Chain is what decides, of one application and one client, whose values count.
type Chain struct {
	Owner oid.Client
	// Steps leads from the client up: itself first, then its manager and so on. Clients that set nothing may be left out,
	// but not the client itself, nor the owner where he is above it.
	Steps []Step
	Now   time.Time
}

// Step is one client of a chain, with what it was granted.
type Step struct {
	Client oid.Client
	Grant  *authz.Grant
}

// Value is what a client has set.
type Value struct {
	Client         oid.Client
	Name, Value    string // a secret one is empty here
	Public, Secret bool
}

// InForce is a value in force, and where it comes from: the client is "" for a default.
type InForce struct {
	Value

	Kind enum.PropertySourceKind
}

// Resolve gives the values in force for the client a chain begins with, by name (domain 6.2): its own; else that of its
// nearest manager below the owner that has access today; else the owner's; else the definition's default. ok is false
// where the client itself has no access today.
func Resolve(chain Chain, values []Value, definitions []Definition) (list []InForce, ok bool) {
	sources := chain.sources()
	if sources == nil {
		return nil, false
	}
	best := map[string]InForce{}
	ranks := map[string]int{}
	for _, v := range values {
		rank := slices.IndexFunc(sources, func(s source) bool { return s.client == v.Client })
		if known, had := ranks[v.Name]; rank >= 0 && (!had || rank < known) {
			ranks[v.Name], best[v.Name] = rank, InForce{Value: v, Kind: sources[rank].kind}
		}
	}
	for _, d := range definitions {
		if _, had := best[d.Name]; !had && d.Default != nil {
			best[d.Name] = InForce{Value: Value{Name: d.Name, Value: *d.Default}, Kind: enum.SourceDefault}
		}
	}
	list = make([]InForce, 0, len(best))
	for _, v := range best {
		list = append(list, v)
	}
	slices.SortFunc(list, func(a, b InForce) int { return strings.Compare(a.Name, b.Name) })
	return list, true
}

// source is a client whose values count.
type source struct {
	client oid.Client
	kind   enum.PropertySourceKind
}

// sources lists them, the first that has a value winning; nil where the client has no access.
func (c Chain) sources() []source {
	if len(c.Steps) == 0 || !c.has(c.Steps[0]) {
		return nil
	}
	list := []source{{c.Steps[0].Client, enum.SourceOwn}}
	if c.Steps[0].Client == c.Owner {
		return list
	}
	for _, s := range c.Steps[1:] {
		if s.Client == c.Owner {
			break // those above him have no say
		}
		if c.has(s) {
			list = append(list, source{s.Client, enum.SourceManager})
		}
	}
	return append(list, source{c.Owner, enum.SourceOwner})
}

func (c Chain) has(s Step) bool { return authz.Access(c.Owner, s.Client, s.Grant, c.Now) != "" }
