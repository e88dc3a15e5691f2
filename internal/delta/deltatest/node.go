// Package deltatest makes random documents, edits of them and deltas, for tests: those of the laws of package delta, and
// of whoever builds on it.
package deltatest

import (
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/appanage/appanage/internal/delta"
)

// Node is a document in the making: an object has names, an array items only, a scalar its JSON text.
type Node struct {
	Kind  byte // '{', '[' or 0
	Text  string
	Names []string
	Kids  []*Node
}

// Text writes a node as JSON, now and then with spaces, and with escapes where there need not be any.
func (g *Generator) Text(n *Node) []byte { return g.write(nil, n) }

func (g *Generator) write(dst []byte, n *Node) []byte {
	if n.Kind == 0 {
		return append(dst, n.Text...)
	}
	dst = append(dst, n.Kind)
	for i, kid := range n.Kids {
		if i > 0 {
			dst = append(dst, ',')
		}
		if g.spaced {
			dst = append(dst, " \n\t"[i%3])
		}
		if n.Kind == '{' {
			dst = append(append(dst, g.quote(n.Names[i])...), ':')
		}
		dst = g.write(dst, kid)
	}
	return append(dst, n.Kind+2)
}

// quote writes a string, now and then with each character escaped that can be.
func (g *Generator) quote(s string) string {
	if !g.spaced || g.rng.IntN(8) > 0 {
		return plainQuote(s)
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		if r > 0xffff {
			b.WriteRune(r)
			continue
		}
		b.WriteString(`\u` + strconv.FormatInt(0x10000+int64(r), 16)[1:])
	}
	b.WriteByte('"')
	return b.String()
}

var escapes = strings.NewReplacer(`"`, `\"`, `\`, `\\`, "\n", `\n`, "\x00", `\u0000`, "\x1f", `\u001f`)

func plainQuote(s string) string { return `"` + escapes.Replace(s) + `"` }

// Copy is a deep copy.
func (n *Node) Copy() *Node {
	c := *n
	c.Names = append([]string(nil), n.Names...)
	c.Kids = make([]*Node, len(n.Kids))
	for i, kid := range n.Kids {
		c.Kids[i] = kid.Copy()
	}
	return &c
}

// keyed tells whether a node is a keyed list with items.
func (n *Node) keyed() bool {
	if n.Kind != '[' || len(n.Kids) == 0 {
		return false
	}
	for _, item := range n.Kids {
		if item.keyText() == "" {
			return false
		}
	}
	return true
}

// keyText is the text of the key of an item, "" where it has none.
func (n *Node) keyText() string {
	for i, name := range n.Names {
		if name == "key" && n.Kids[i].Kind == 0 && n.Kids[i].Text[0] == '"' {
			return n.Kids[i].Text
		}
	}
	return ""
}

func (n *Node) index(name string) int {
	for i, other := range n.Names {
		if other == name {
			return i
		}
	}
	return -1
}

// removeAt takes a kid out.
func (n *Node) removeAt(i int) {
	n.Kids = append(n.Kids[:i:i], n.Kids[i+1:]...)
	if n.Kind == '{' {
		n.Names = append(n.Names[:i:i], n.Names[i+1:]...)
	}
}

// insertAt puts a kid in.
func (n *Node) insertAt(i int, name string, kid *Node) {
	n.Kids = append(n.Kids[:i:i], append([]*Node{kid}, n.Kids[i:]...)...)
	if n.Kind == '{' {
		n.Names = append(n.Names[:i:i], append([]string{name}, n.Names[i:]...)...)
	}
}

// pick gives one of the choices.
func pick[T any](rng *rand.Rand, choices []T) T { return choices[rng.IntN(len(choices))] }

// Of makes a node of a value, to be edited.
func Of(v delta.Value) *Node {
	switch v.Kind() {
	case delta.Object:
		n := &Node{Kind: '{'}
		for name, member := range v.Members() {
			n.Names, n.Kids = append(n.Names, name), append(n.Kids, Of(member))
		}
		return n
	case delta.Array:
		n := &Node{Kind: '['}
		for item := range v.Items() {
			n.Kids = append(n.Kids, Of(item))
		}
		return n
	}
	return &Node{Text: v.String()}
}
