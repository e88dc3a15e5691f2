package deltatest

import (
	"math/rand/v2"
	"strconv"
	"strings"
)

// Generator makes documents and edits of them: the same for the same seed.
type Generator struct {
	// Plain leaves out nulls, keyed lists and members named "$delta": what RFC 7396 can say.
	Plain bool
	// Small makes small documents, for tests with many of them.
	Small bool

	rng    *rand.Rand
	spaced bool
}

// New makes a generator. About every second one writes with spaces and escapes.
func New(seed uint64) *Generator {
	rng := rand.New(rand.NewPCG(seed, 9)) //nolint:gosec // what it makes must be the same for the same seed
	return &Generator{rng: rng, spaced: rng.IntN(2) == 0}
}

// IntN is a random number below n, for what a test decides itself.
func (g *Generator) IntN(n int) int { return g.rng.IntN(n) }

var (
	plainNames = []string{"", "a", "b", "c", "title", "0", "1", "value", "a/b", "~", "ä", "日本", "\U0001F600", "\u2028", `"`, "\\", "\x00"}
	allNames   = append([]string{"$delta", "key", "key", "members", "order", "item", "after"}, plainNames...)
	scalars    = []string{
		"true", "false", "0", "-0", "1", "1.0", "1e400", "-1.5E-7", "1234567890123456789012345678901234567890", "0.1", "10E0",
		`""`, `"a"`, `"set"`, `"k1"`, `"ä"`, `"日本"`, "\"\U0001F600\"", `"<&>"`, `"\u0000"`, `"\/"`, `"line\nbreak"`, "\"\u2028\"",
	}
	keyTexts = []string{`"k1"`, `"k2"`, `"k3"`, `"k4"`, `"k5"`, `"k6"`, `"k7"`, `"k8"`, `""`, `"0"`, `"1"`, `"a/b"`, `"$delta"`, `"key"`}
)

// Document makes a document; about one of thirty is a scalar, and one of fifty is deep.
func (g *Generator) Document() *Node {
	switch g.rng.IntN(50) {
	case 0:
		return g.deep(1 + g.rng.IntN(60))
	case 1, 2:
		return g.scalar()
	case 3, 4, 5:
		return g.list(g.depth() - 1)
	}
	return g.object(g.depth())
}

func (g *Generator) depth() int {
	if g.Small {
		return 1
	}
	return 3
}

// Object makes a document that is an object.
func (g *Generator) Object() *Node { return g.object(g.depth()) }

func (g *Generator) value(depth int) *Node {
	n := g.rng.IntN(10)
	switch {
	case depth <= 0 || n < 5:
		return g.scalar()
	case n < 8:
		return g.object(depth - 1)
	}
	return g.list(depth - 1)
}

func (g *Generator) scalar() *Node {
	if !g.Plain && g.rng.IntN(8) == 0 {
		return &Node{Text: "null"}
	}
	return &Node{Text: pick(g.rng, scalars)}
}

func (g *Generator) name() string {
	if g.Plain {
		return pick(g.rng, plainNames)
	}
	return pick(g.rng, allNames)
}

func (g *Generator) object(depth int) *Node {
	n := &Node{Kind: '{'}
	for range g.rng.IntN(6) {
		if name := g.name(); n.index(name) < 0 {
			n.insertAt(len(n.Kids), name, g.value(depth))
		}
	}
	return n
}

// list is a keyed list, more often than not.
func (g *Generator) list(depth int) *Node {
	n := &Node{Kind: '['}
	keyed := !g.Plain && g.rng.IntN(3) > 0
	for range g.rng.IntN(6) {
		switch {
		case !keyed:
			n.Kids = append(n.Kids, g.value(depth))
		default:
			n.add(len(n.Kids), g.item(depth))
		}
	}
	return n
}

func (g *Generator) item(depth int) *Node {
	n := g.object(depth)
	if i := n.index("key"); i >= 0 {
		n.removeAt(i)
	}
	n.insertAt(g.rng.IntN(len(n.Kids)+1), "key", &Node{Text: pick(g.rng, keyTexts)})
	return n
}

// add puts an item into a keyed list, unless one with its key is there.
func (n *Node) add(i int, item *Node) {
	for _, other := range n.Kids {
		if other.keyText() == item.keyText() {
			return
		}
	}
	n.insertAt(i, "", item)
}

func (g *Generator) deep(depth int) *Node {
	n := g.scalar()
	for i := range depth {
		if i%3 == 0 {
			n = &Node{Kind: '[', Kids: []*Node{n}}
		} else {
			n = &Node{Kind: '{', Names: []string{g.name()}, Kids: []*Node{n}}
		}
	}
	return n
}

// Edit makes another document of one: mostly a few changes at random places.
func (g *Generator) Edit(n *Node) *Node {
	if g.rng.IntN(40) == 0 {
		return g.Document()
	}
	edited := n.Copy()
	for range 1 + g.rng.IntN(4) {
		edited = g.edit(edited, g.depth())
	}
	return edited
}

// EditObject is Edit for documents that stay objects.
func (g *Generator) EditObject(n *Node) *Node {
	edited := n.Copy()
	for range 1 + g.rng.IntN(4) {
		g.editObject(edited, g.depth())
	}
	return edited
}

func (g *Generator) edit(n *Node, depth int) *Node {
	if n.Kind == 0 || g.rng.IntN(12) == 0 { // also changes of type
		return g.value(depth)
	}
	if n.Kind == '{' {
		g.editObject(n, depth)
	} else {
		g.editList(n, depth)
	}
	return n
}

func (g *Generator) editObject(n *Node, depth int) {
	i := 0
	if len(n.Kids) > 0 {
		i = g.rng.IntN(len(n.Kids))
	}
	switch choice := g.rng.IntN(10); {
	case len(n.Kids) == 0 || choice < 2:
		if name := g.name(); n.index(name) < 0 {
			n.insertAt(g.place(len(n.Kids)), name, g.value(depth))
		}
	case choice < 3:
		n.removeAt(i)
	case choice < 4: // another place
		name, kid := n.Names[i], n.Kids[i]
		n.removeAt(i)
		n.insertAt(g.rng.IntN(len(n.Kids)+1), name, kid)
	case choice < 5: // another name
		if name := g.name(); n.index(name) < 0 {
			n.Names[i] = name
		}
	default:
		n.Kids[i] = g.edit(n.Kids[i], depth-1)
	}
}

// place is where something new comes: at the end, more often than not.
func (g *Generator) place(n int) int {
	if g.rng.IntN(3) > 0 {
		return n
	}
	return g.rng.IntN(n + 1)
}

func (g *Generator) editList(n *Node, depth int) {
	keyed := n.keyed() || len(n.Kids) == 0 && !g.Plain
	if len(n.Kids) == 0 || g.rng.IntN(4) == 0 {
		i := g.rng.IntN(len(n.Kids) + 1)
		if keyed && g.rng.IntN(12) > 0 {
			n.add(i, g.item(depth))
		} else {
			n.insertAt(i, "", g.value(depth))
		}
		return
	}
	i := g.rng.IntN(len(n.Kids))
	switch g.rng.IntN(6) {
	case 0:
		n.removeAt(i)
	case 1, 2:
		kid := n.Kids[i]
		n.removeAt(i)
		n.insertAt(g.rng.IntN(len(n.Kids)+1), "", kid)
	case 3:
		if g.rng.IntN(6) == 0 {
			g.rng.Shuffle(len(n.Kids), func(i, j int) { n.Kids[i], n.Kids[j] = n.Kids[j], n.Kids[i] })
			return
		}
		fallthrough
	default:
		if keyed && n.Kids[i].Kind == '{' && g.rng.IntN(12) > 0 {
			g.editItem(n.Kids[i], depth)
		} else {
			n.Kids[i] = g.edit(n.Kids[i], depth)
		}
	}
}

// editItem edits an item of a keyed list, but for its key.
func (g *Generator) editItem(n *Node, depth int) {
	k := n.keyText()
	g.editObject(n, depth)
	if i := n.index("key"); i >= 0 {
		n.Kids[i] = &Node{Text: k}
	} else {
		n.insertAt(0, "key", &Node{Text: k})
	}
}

// Patch makes a merge patch (RFC 7396) for a document: of its members and of others, with nulls that remove.
func (g *Generator) Patch(n *Node) *Node {
	if n.Kind != '{' {
		if g.rng.IntN(2) == 0 {
			return g.value(2)
		}
		n = &Node{Kind: '{'}
	}
	patch := &Node{Kind: '{'}
	for i, name := range n.Names {
		switch g.rng.IntN(6) {
		case 0:
			patch.insertAt(len(patch.Kids), name, &Node{Text: "null"})
		case 1, 2:
			patch.insertAt(len(patch.Kids), name, g.Patch(n.Kids[i]))
		}
	}
	if name := g.name(); n.index(name) < 0 {
		patch.insertAt(len(patch.Kids), name, g.Patch(&Node{Text: "0"}))
	}
	return patch
}

// Delta makes what somebody might send as a delta, most of them well formed.
func (g *Generator) Delta(depth int) *Node {
	choice := g.rng.IntN(12)
	switch {
	case depth <= 0 || choice == 0:
		return g.value(2)
	case choice == 1:
		return &Node{Text: "null"}
	case choice == 2:
		return directive("set", part{"value", g.value(2)})
	case choice < 6:
		return directive("merge", part{"members", g.deltas(depth, g.name)}, part{"order", g.entries("member", 3)})
	case choice < 10:
		keys := func() string { k := pick(g.rng, keyTexts); return strings.Trim(k, `"`) }
		change := g.deltas(depth, keys)
		remove := &Node{Kind: '['}
		for range g.rng.IntN(3) {
			remove.Kids = append(remove.Kids, &Node{Text: pick(g.rng, keyTexts)})
		}
		return directive("list", part{"remove", remove}, part{"change", change}, part{"place", g.entries("key", 4)})
	}
	return g.deltas(depth, g.name)
}

func (g *Generator) deltas(depth int, name func() string) *Node {
	n := &Node{Kind: '{'}
	for range g.rng.IntN(4) {
		if name := name(); n.index(name) < 0 {
			n.insertAt(len(n.Kids), name, g.Delta(depth-1))
		}
	}
	return n
}

func (g *Generator) entries(named string, n int) *Node {
	entries := &Node{Kind: '['}
	for range g.rng.IntN(n) {
		entry := &Node{Kind: '{'}
		after := &Node{Text: "null"}
		if g.rng.IntN(3) > 0 {
			after = &Node{Text: g.word(named)}
		}
		if named == "key" && g.rng.IntN(2) == 0 {
			entry.insertAt(0, "item", g.item(2))
		} else {
			entry.insertAt(0, named, &Node{Text: g.word(named)})
		}
		entry.insertAt(1, "after", after)
		entries.Kids = append(entries.Kids, entry)
	}
	return entries
}

func (g *Generator) word(named string) string {
	if named == "key" {
		return pick(g.rng, keyTexts)
	}
	return plainQuote(g.name())
}

type part struct {
	word string
	node *Node
}

// directive leaves out the parts that say nothing.
func directive(word string, parts ...part) *Node {
	n := &Node{Kind: '{', Names: []string{"$delta"}, Kids: []*Node{{Text: strconv.Quote(word)}}}
	for _, p := range parts {
		if p.node.Kind == 0 || len(p.node.Kids) > 0 || word == "set" {
			n.insertAt(len(n.Kids), p.word, p.node)
		}
	}
	return n
}
