package delta

import (
	"strconv"
	"strings"
)

// Join leads a pointer (RFC 6901) on by a segment: the name of a member, the index of an item, or in a keyed list its key.
func Join(pointer, segment string) string { return pointer + "/" + escape.Replace(segment) }

var (
	escape   = strings.NewReplacer("~", "~0", "/", "~1")
	unescape = strings.NewReplacer("~1", "/", "~0", "~")
	drop     = strings.NewReplacer("~0", "", "~1", "")
)

// Split gives the segments of a pointer. ok is false where it is none.
func Split(pointer string) (segments []string, ok bool) {
	if pointer == "" {
		return nil, true
	}
	rest, ok := strings.CutPrefix(pointer, "/")
	if !ok {
		return nil, false
	}
	segments = strings.Split(rest, "/")
	for i, s := range segments {
		if strings.Contains(drop.Replace(s), "~") {
			return nil, false
		}
		segments[i] = unescape.Replace(s)
	}
	return segments, true
}

// At gives what is at a pointer (RFC 6901); ok is false where nothing is there. In a keyed list a segment is the key of
// an item; where none has it, or the list is not keyed, it is the index.
func (v Value) At(pointer string) (at Value, ok bool) {
	segments, ok := Split(pointer)
	if !ok {
		return Value{}, false
	}
	at, _ = v.follow(segments)
	return at, at.Present()
}

// Canonical names the same place by the keys of the items of keyed lists, not by their indices, which move.
func (v Value) Canonical(pointer string) (canonical string, ok bool) {
	segments, ok := Split(pointer)
	if !ok {
		return "", false
	}
	at, named := v.follow(segments)
	for _, s := range named {
		canonical = Join(canonical, s)
	}
	return canonical, at.Present()
}

// LastChange tells which of the states of a document, oldest first, was the last to change something at or below a
// place of the newest: its index, -1 where nothing is there.
func LastChange(states []Value, pointer string) int {
	segments, ok := Split(pointer)
	if !ok || len(states) == 0 {
		return -1
	}
	at, named := states[len(states)-1].follow(segments)
	if !at.Present() {
		return -1
	}
	for i := len(states) - 1; i > 0; i-- {
		if !at.Equal(states[i-1].strictly(named)) {
			return i
		}
	}
	return 0
}

// follow goes where the segments lead, and gives their canonical form.
func (v Value) follow(segments []string) (at Value, canonical []string) {
	at = v
	for _, segment := range segments {
		switch at.kind {
		case Object:
			at = at.member(segment)
		case Array:
			at, segment = at.item(segment)
		default:
			return Value{}, nil
		}
		canonical = append(canonical, segment)
	}
	return at, canonical
}

// item finds the item a segment leads to, and what it is called.
func (v Value) item(segment string) (item Value, called string) {
	items, at, keyed := keyedItems(v)
	if i, there := at[segment]; keyed && there {
		return items[i], segment
	}
	i := index(segment, len(items))
	switch {
	case i < 0:
		return Value{}, segment
	case keyed:
		return items[i], keyOf(items[i])
	}
	return items[i], segment
}

// strictly goes where canonical segments lead: in a keyed list they are keys.
func (v Value) strictly(canonical []string) Value {
	at := v
	for _, segment := range canonical {
		switch at.kind {
		case Object:
			at = at.member(segment)
		case Array:
			items, keyed, ok := keyedItems(at)
			i, there := keyed[segment]
			if !ok || len(items) == 0 {
				i = index(segment, len(items))
				there = i >= 0
			}
			if !there {
				return Value{}
			}
			at = items[i]
		default:
			return Value{}
		}
	}
	return at
}

// index reads the index of one of n items, -1 where it is none.
func index(segment string, n int) int {
	i, err := strconv.Atoi(segment)
	if err != nil || i < 0 || i >= n || strconv.Itoa(i) != segment {
		return -1
	}
	return i
}
