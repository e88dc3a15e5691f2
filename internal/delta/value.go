// Package delta keeps JSON documents as they were written, and tells how one differs from another: Diff makes a delta,
// Apply applies it to the same document or to a later one, Conflicts tells where both sides changed the same place. The
// format of deltas is that of RFC 7396, made exact where that falls short; docs/deltas.md describes it.
package delta

import (
	"iter"
	"slices"
)

// Kind is what a value is.
type Kind byte

// The kinds. The zero Kind is that of the zero Value, which stands for a value that is not there.
const (
	Absent Kind = iota
	Null
	False
	True
	Number
	String
	Array
	Object
)

// Value is a JSON value as written: members keep their order and numbers their literals; strings are held decoded. It
// never changes. Its zero value stands for one that is not there.
type Value struct {
	kind Kind
	text string // of a number its literal, of a string what it says
	tree *tree  // of an array or object what is in it; never nil there
}

// tree is what is in an array or an object. Values share trees, so nobody writes to one once it is in a value.
type tree struct {
	items   []Value
	members []member
}

type member struct {
	name  string
	value Value
}

// OfString is the JSON string that says s.
func OfString(s string) Value { return Value{kind: String, text: s} }

// OfItems is the JSON array of the items.
func OfItems(items ...Value) Value {
	return Value{kind: Array, tree: &tree{items: slices.Clip(items)}}
}

// EmptyObject is the JSON object without members, and the delta that changes nothing.
func EmptyObject() Value { return ofMembers(nil) }

func ofMembers(members []member) Value {
	return Value{kind: Object, tree: &tree{members: members}}
}

// Present tells whether there is a value at all.
func (v Value) Present() bool { return v.kind != Absent }

// Kind tells what the value is.
func (v Value) Kind() Kind { return v.kind }

// Text is what a string says, and of a number its literal.
func (v Value) Text() string { return v.text }

// Len is how many items or members the value has.
func (v Value) Len() int {
	if v.tree == nil {
		return 0
	}
	return len(v.tree.items) + len(v.tree.members)
}

// Items walks the items of an array.
func (v Value) Items() iter.Seq[Value] { return slices.Values(v.items()) }

// Members walks the members of an object, in order.
func (v Value) Members() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		for _, m := range v.members() {
			if !yield(m.name, m.value) {
				return
			}
		}
	}
}

func (v Value) items() []Value {
	if v.tree == nil {
		return nil
	}
	return v.tree.items
}

func (v Value) members() []member {
	if v.tree == nil {
		return nil
	}
	return v.tree.members
}

// member gives a member by its name; the zero Value where there is none.
func (v Value) member(name string) Value {
	for _, m := range v.members() {
		if m.name == name {
			return m.value
		}
	}
	return Value{}
}

// Equal tells whether two values are written the same: the order of members and the literals of numbers count.
func (v Value) Equal(w Value) bool {
	if v.kind != w.kind || v.text != w.text || v.Len() != w.Len() {
		return false
	}
	if v.tree == w.tree {
		return true
	}
	for i, item := range v.items() {
		if !item.Equal(w.tree.items[i]) {
			return false
		}
	}
	for i, m := range v.members() {
		other := w.tree.members[i]
		if m.name != other.name || !m.value.Equal(other.value) {
			return false
		}
	}
	return true
}

// Alike tells whether two values say the same: the order of members, and of the items of keyed lists, does not count.
func (v Value) Alike(w Value) bool {
	if v.kind != w.kind || v.text != w.text || v.Len() != w.Len() {
		return false
	}
	if v.tree == w.tree {
		return true
	}
	if v.kind == Object {
		return alikeMembers(v.tree.members, w.tree.members)
	}
	return alikeItems(v.tree.items, w.tree.items)
}

func alikeMembers(these, those []member) bool {
	find := byName(those)
	for i, m := range these {
		j := i
		if those[i].name != m.name {
			j = find(m.name)
		}
		if j < 0 || !m.value.Alike(those[j].value) {
			return false
		}
	}
	return true
}

func alikeItems(these, those []Value) bool {
	at, keyed := keys(those)
	if _, both := keys(these); keyed && both {
		for _, item := range these {
			j, there := at[keyOf(item)]
			if !there || !item.Alike(those[j]) {
				return false
			}
		}
		return true
	}
	for i, item := range these {
		if !item.Alike(those[i]) {
			return false
		}
	}
	return true
}

// few is up to how many members are searched one by one: a map pays from there on.
const few = 8

// byName makes what finds a member's place by its name, -1 where there is none.
func byName(members []member) func(string) int {
	if len(members) <= few {
		return func(name string) int {
			return slices.IndexFunc(members, func(m member) bool { return m.name == name })
		}
	}
	at := make(map[string]int, len(members))
	for i, m := range members {
		at[m.name] = i
	}
	return func(name string) int {
		if i, there := at[name]; there {
			return i
		}
		return -1
	}
}

// key is the member by which lists are keyed.
const key = "key"

// keyOf is the key of an item of a keyed list.
func keyOf(item Value) string { return item.member(key).text }

// keys gives the places of a keyed list's items by their keys. ok is false where the list is not keyed: all its items
// must be objects with a string member "key", and no two the same.
func keys(items []Value) (at map[string]int, ok bool) {
	for _, item := range items {
		if item.member(key).kind != String {
			return nil, false
		}
	}
	at = make(map[string]int, len(items))
	for i, item := range items {
		at[keyOf(item)] = i
	}
	return at, len(at) == len(items)
}

// keyedItems gives the items of a keyed list and their places; ok is false where the value is none.
func keyedItems(v Value) (items []Value, at map[string]int, ok bool) {
	if v.kind != Array {
		return nil, nil, false
	}
	at, ok = keys(v.tree.items)
	return v.tree.items, at, ok
}
