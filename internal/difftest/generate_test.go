package difftest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// What one operation asks for at most. The reference executor runs a statement for each edge of each object: an
// operation that costs much says no more than a small one. All stay within present.DefaultLimits, but for operations
// that are wrong on purpose.
const (
	mostDepth      = 4 // edges, one below the other
	mostWork       = 40
	mostAliases    = 28
	mostDirectives = 25
	mostFragments  = 4
)

// operation is what is sent.
type operation struct {
	query     string
	name      string // of the operation in the document that is meant; "" for the only one
	variables map[string]any
	clean     bool // nothing in it is wrong on purpose
}

// generator makes one random operation.
type generator struct {
	*pools
	rng        *rand.Rand
	clean      bool // nothing is wrong on purpose
	variables  []*variable
	fragments  []*fragment
	work       int // statements that may still be caused
	deepest    int // edges, one below the other, so far
	aliases    int
	named      int // variables so far, those that came to nothing too
	directives int
}

// fragment is a named fragment, complete: later ones may spread it.
type fragment struct {
	name, text string
	on         *ast.Definition
	place      *place
	depth      int // edges, one below the other
	work       int // for one object
	aliases    int
}

// spot is where a selection set stands.
type spot struct {
	def     *ast.Definition
	place   *place
	depth   int             // edges above
	objects int             // that the set is read from, at most
	page    int             // of the connection it belongs to
	likely  *ast.Definition // what its objects are, where the type leaves that open
}

func (g *generator) chance(percent int) bool { return g.rng.IntN(100) < percent }

// generate makes an operation with its variables.
func generate(p *pools, rng *rand.Rand) (operation, []*variable) {
	g := &generator{pools: p, rng: rng, work: mostWork, clean: rng.IntN(100) < 65}
	body := g.set(&spot{def: p.schema.Query, place: &place{}, objects: 1, page: 1})
	for _, f := range g.fragments {
		body += "\nfragment " + f.name + " on " + f.on.Name + " " + f.text
	}
	// what was said in a fragment that came to nothing declares no variable
	g.variables = slices.DeleteFunc(g.variables, func(v *variable) bool { return !strings.Contains(body, v.use()) })
	op := operation{variables: values(g.variables), clean: g.clean}
	head := ""
	switch {
	case g.chance(5):
		head, op.name = "query Other { __typename }\nquery Asked"+definitions(g.variables)+" ", "Asked"
	case len(g.variables) > 0 || g.chance(30):
		head = "query Asked" + definitions(g.variables) + " "
	case g.chance(50):
		head = "query "
	}
	op.query = head + body
	return op, g.variables
}

// set writes a selection set.
func (g *generator) set(s *spot) string {
	var b strings.Builder
	b.WriteString("{")
	n := 1 + g.rng.IntN(4)
	if s.def == g.schema.Query {
		n = 1 + g.rng.IntN(3)
	}
	for range n {
		b.WriteString(" " + g.selection(s))
	}
	return b.String() + " }"
}

func (g *generator) selection(s *spot) string {
	switch {
	case g.chance(6):
		return g.inline(s)
	case s.def.IsAbstractType() && g.chance(60):
		return g.inline(s)
	case g.chance(10) && !strings.HasPrefix(s.def.Name, "__"):
		if text, ok := g.spread(s); ok {
			return text
		}
	case g.chance(8):
		return g.again(s)
	}
	return g.field(s, g.pickField(s))
}

func (g *generator) inline(s *spot) string {
	inner, condition := *s, ""
	inner.likely = likely(s, s.def)
	if s.def.IsAbstractType() || g.chance(70) {
		inner.def = g.condition(s)
		condition = " on " + inner.def.Name
	}
	return "..." + condition + g.directive() + " " + g.set(&inner)
}

// condition picks the type of a fragment: mostly one that the objects are of.
func (g *generator) condition(s *spot) *ast.Definition {
	if s.def.IsAbstractType() && s.likely != nil && g.chance(75) {
		return s.likely
	}
	return pick(g.rng, conditions(g.schema, s.def))
}

// likely is what an object of a type is, seen from a spot.
func likely(s *spot, def *ast.Definition) *ast.Definition {
	if def.IsAbstractType() {
		return s.likely
	}
	return def
}

// spread writes the spread of a named fragment, one that fits or a new one.
func (g *generator) spread(s *spot) (string, bool) {
	on := g.condition(s)
	var fit []*fragment
	for _, f := range g.fragments {
		if f.on == on && s.depth+f.depth <= mostDepth && f.work*s.objects <= g.work && g.aliases+f.aliases < mostAliases && s.place.takesAll(f.place) {
			fit = append(fit, f)
		}
	}
	var f *fragment
	switch {
	case len(fit) > 0 && g.chance(70):
		f = pick(g.rng, fit)
		g.work -= f.work * s.objects
		g.aliases += f.aliases
	case len(g.fragments) < mostFragments:
		if f = g.fragment(on, s); f == nil {
			return "", false
		}
	default:
		return "", false
	}
	s.place.addAll(f.place)
	return "..." + f.name + g.directive(), true
}

// fragment makes a named fragment for a spot; nil, and nothing is made, when it would contradict what is there.
func (g *generator) fragment(on *ast.Definition, s *spot) *fragment {
	known, work, deepest, aliases := len(g.fragments), g.work, g.deepest, g.aliases
	g.deepest = s.depth
	f := &fragment{on: on, place: &place{}}
	f.text = g.set(&spot{def: on, place: f.place, depth: s.depth, objects: s.objects, page: s.page, likely: likely(s, s.def)})
	f.depth, f.work = g.deepest-s.depth, (work-g.work)/s.objects
	g.deepest, f.aliases = max(g.deepest, deepest), g.aliases-aliases
	if !s.place.takesAll(f.place) {
		g.fragments = g.fragments[:known]
		return nil
	}
	f.name = fmt.Sprintf("f%d", len(g.fragments))
	g.fragments = append(g.fragments, f)
	return f
}
