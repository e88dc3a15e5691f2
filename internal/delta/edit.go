package delta

import (
	"errors"
	"fmt"
)

// The words of the format (docs/deltas.md).
const (
	directiveMember = "$delta"
	directiveSet    = "set"
	directiveMerge  = "merge"
	directiveList   = "list"

	wordValue   = "value"
	wordMembers = "members"
	wordOrder   = "order"
	wordMember  = "member"
	wordAfter   = "after"
	wordRemove  = "remove"
	wordChange  = "change"
	wordPlace   = "place"
	wordItem    = "item"
)

// action is what an edit does to the place it stands for.
type action byte

const (
	keep    action = iota // nothing
	replace               // puts a value there, whatever it was
	remove                // takes the member away
	merge                 // edits the members of an object
	list                  // edits the items of a keyed list
)

// edit is a delta that was read and found to be one.
type edit struct {
	action action
	value  Value // replace: by this; merge: the delta itself where literal
	// literal tells of a merge that makes of nothing just what it looks like: no removal in it, and no directive.
	literal bool
	// tidies tells of a merge without members, or of a list to which nothing is added: what is no object, or no keyed
	// list, stays as it is.
	tidies  bool
	named   []namedEdit // merge: of members; list: of items
	removed []string    // list
	places  []place     // merge, list: what is put where, one after the other
}

type namedEdit struct {
	name string
	edit edit
}

// place puts a member or item right after another one, or first.
type place struct {
	name  string
	after string
	first bool
	item  Value // list: what is added; not present where what is there moves
}

// Check tells whether a delta written by somebody is one. Errors are of type *Error, with the pointer into the delta.
func Check(delta Value) error {
	_, err := read(delta)
	return err
}

// read reads a whole delta: one without members changes nothing.
func read(delta Value) (edit, error) {
	switch {
	case !delta.Present():
		return edit{}, refuse(ErrDirective, "there is none")
	case delta.kind == Object && delta.Len() == 0:
		return edit{action: keep}, nil
	case delta.kind == Null:
		return edit{action: replace, value: delta}, nil
	}
	return readMember(delta)
}

// readMember reads the delta of a member or of an item.
func readMember(delta Value) (edit, error) {
	switch {
	case delta.kind == Null:
		return edit{action: remove}, nil
	case delta.kind != Object:
		return edit{action: replace, value: delta}, nil
	}
	if directive := delta.member(directiveMember); directive.Present() {
		return readDirective(delta, directive)
	}
	e := edit{action: merge, value: delta, literal: true}
	err := e.readNamed(delta)
	return e, err
}

// readNamed reads the deltas of members or items, by their names.
func (e *edit) readNamed(deltas Value) error {
	e.named = make([]namedEdit, 0, deltas.Len())
	for _, m := range deltas.members() {
		one, err := readMember(m.value)
		if err != nil {
			return within(m.name, err)
		}
		plain := one.action == merge && one.literal || one.action == replace && m.value.kind != Object
		e.literal = e.literal && plain
		e.named = append(e.named, namedEdit{m.name, one})
	}
	return nil
}

func readDirective(delta, directive Value) (edit, error) {
	if directive.kind != String {
		return edit{}, within(directiveMember, refuse(ErrDirective, `"set", "merge" or "list" is expected`))
	}
	switch directive.text {
	case directiveSet:
		value := delta.member(wordValue)
		if !value.Present() {
			return edit{}, refuse(ErrDirective, `"set" takes a "value"`)
		}
		return edit{action: replace, value: value}, only(delta, directiveMember, wordValue)
	case directiveMerge:
		return readMerge(delta)
	case directiveList:
		return readList(delta)
	}
	return edit{}, within(directiveMember, refuse(ErrDirective, `"set", "merge" or "list" is expected`))
}

func readMerge(delta Value) (edit, error) {
	e := edit{action: merge}
	if err := only(delta, directiveMember, wordMembers, wordOrder); err != nil {
		return edit{}, err
	}
	members, err := part(delta, wordMembers, Object)
	if err != nil {
		return edit{}, err
	}
	e.tidies = !members.Present()
	if err := e.readNamed(members); err != nil {
		return edit{}, within(wordMembers, err)
	}
	order, err := part(delta, wordOrder, Array)
	if err != nil {
		return edit{}, err
	}
	seen := map[string]bool{}
	for i, entry := range order.items() {
		p, err := readPlace(entry, wordMember)
		if err == nil && seen[p.name] {
			err = within(wordMember, refuse(ErrDirective, "this member has a place already"))
		}
		if err != nil {
			return edit{}, within(wordOrder, within(fmt.Sprint(i), err))
		}
		seen[p.name] = true
		e.places = append(e.places, p)
	}
	return e, nil
}

func readList(delta Value) (edit, error) {
	e := edit{action: list, tidies: true}
	if err := only(delta, directiveMember, wordRemove, wordChange, wordPlace); err != nil {
		return edit{}, err
	}
	said := map[string]string{} // of each key the word under which it stands
	if err := e.readRemoved(delta, said); err != nil {
		return edit{}, err
	}
	change, err := part(delta, wordChange, Object)
	if err != nil {
		return edit{}, err
	}
	if err := e.readNamed(change); err != nil {
		return edit{}, within(wordChange, err)
	}
	for _, n := range e.named {
		if err := n.checkItem(said); err != nil {
			return edit{}, within(wordChange, within(n.name, err))
		}
	}
	return e, e.readPlaces(delta, said)
}

func (e *edit) readRemoved(delta Value, said map[string]string) error {
	removed, err := part(delta, wordRemove, Array)
	if err != nil {
		return err
	}
	for i, k := range removed.items() {
		var err error
		switch {
		case k.kind != String:
			err = refuse(ErrDirective, "the key of an item is expected")
		case said[k.text] != "":
			err = refuse(ErrDirective, "this item is removed already")
		}
		if err != nil {
			return within(wordRemove, within(fmt.Sprint(i), err))
		}
		said[k.text] = wordRemove
		e.removed = append(e.removed, k.text)
	}
	return nil
}

// checkItem refuses a change of an item that would leave it none, or with another key.
func (n namedEdit) checkItem(said map[string]string) error {
	if said[n.name] != "" {
		return refuse(ErrDirective, "this item is removed")
	}
	said[n.name] = wordChange
	if n.edit.action != merge {
		return refuse(ErrDirective, `the change of an item is a merge of its members: to replace it, "place" it`)
	}
	for _, m := range n.edit.named {
		if m.name == key {
			return refuse(ErrDirective, `the change of an item leaves its "key"`)
		}
	}
	return nil
}

func (e *edit) readPlaces(delta Value, said map[string]string) error {
	places, err := part(delta, wordPlace, Array)
	if err != nil {
		return err
	}
	for i, entry := range places.items() {
		p, err := readPlace(entry, key)
		switch {
		case err != nil:
		case said[p.name] == wordPlace:
			err = refuse(ErrDirective, "this item has a place already")
		case said[p.name] == wordRemove:
			err = refuse(ErrDirective, "this item is removed")
		case said[p.name] == wordChange && p.item.Present():
			err = refuse(ErrDirective, "this item is changed")
		}
		if err != nil {
			return within(wordPlace, within(fmt.Sprint(i), err))
		}
		said[p.name] = wordPlace
		e.tidies = e.tidies && !p.item.Present()
		e.places = append(e.places, p)
	}
	return nil
}

// readPlace reads where something is put. named is the member that names it; an item that is added brings its key.
func readPlace(entry Value, named string) (place, error) {
	if entry.kind != Object {
		return place{}, refuse(ErrDirective, "an object is expected")
	}
	var p place
	name, item, after := entry.member(named), entry.member(wordItem), entry.member(wordAfter)
	if named == key && item.Present() {
		if name.Present() || item.member(key).kind != String {
			return place{}, refuse(ErrDirective, `an "item" that is added is an object with a string "key", beside which no other stands`)
		}
		p.item, name = item, item.member(key)
	}
	switch {
	case name.kind != String:
		return place{}, refuse(ErrDirective, fmt.Sprintf("%q says what is placed", named))
	case after.kind == Null:
		p.first = true
	case after.kind != String || after.text == name.text:
		return place{}, refuse(ErrDirective, `"after" names another one, or is null for the first place`)
	}
	p.name, p.after = name.text, after.text
	if named == key {
		return p, only(entry, key, wordItem, wordAfter)
	}
	return p, only(entry, wordMember, wordAfter)
}

// part gives a part of a directive, which may be left out.
func part(delta Value, word string, kind Kind) (Value, error) {
	v := delta.member(word)
	if v.Present() && v.kind != kind {
		expected := map[Kind]string{Object: "an object", Array: "a list"}[kind]
		return Value{}, within(word, refuse(ErrDirective, expected+" is expected"))
	}
	return v, nil
}

// only refuses members that a directive does not know.
func only(delta Value, words ...string) error {
next:
	for _, m := range delta.members() {
		for _, word := range words {
			if m.name == word {
				continue next
			}
		}
		return within(m.name, refuse(ErrDirective, "this member is not known here"))
	}
	return nil
}

func refuse(reason error, detail string) error {
	return &Error{Offset: -1, Reason: reason, Detail: detail}
}

// within leads the pointer of an error through a member.
func within(name string, err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		e.Pointer = Join("", name) + e.Pointer
	}
	return err
}
