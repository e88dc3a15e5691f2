package plan

import (
	"database/sql/driver"
	"fmt"
)

// keyset is the distinct values that a fetch's rows have in one column: what children hang on. A value's place among
// them is its slot.
type keyset struct {
	slots map[string]int32
	keys  []any   // of each slot, as an argument
	rows  []int32 // the slot of each row; -1 for none
	live  []bool  // whether a row that is shown has the slot; nil: all
}

func (k *keyset) reset() {
	if k.slots == nil {
		k.slots = map[string]int32{}
	}
	clear(k.slots)
	clear(k.keys)
	k.keys, k.rows, k.live = k.keys[:0], k.rows[:0], nil
}

// put makes a slot for a value.
func (k *keyset) put(v any) (int32, error) {
	switch v := v.(type) {
	case nil:
		return -1, nil
	case string:
		slot, ok := k.slots[v]
		if !ok {
			slot = int32(len(k.keys))
			k.slots[v] = slot
			k.keys = append(k.keys, v)
		}
		return slot, nil
	case []byte:
		slot, ok := k.slots[string(v)]
		if !ok {
			return k.put(string(v))
		}
		return slot, nil
	}
	return -1, fmt.Errorf("plan: a %T as a key", v)
}

// find gives the slot of a value, -1 for none.
func (k *keyset) find(v driver.Value) int32 {
	switch v := v.(type) {
	case string:
		if slot, ok := k.slots[v]; ok {
			return slot
		}
	case []byte:
		if slot, ok := k.slots[string(v)]; ok {
			return slot
		}
	}
	return -1
}

// asked lists the values whose children are wanted.
func (k *keyset) asked(into []any) []any {
	for slot, v := range k.keys {
		if k.live == nil || k.live[slot] {
			into = append(into, v)
		}
	}
	return into
}

// span is what a fetch found for one slot of its parent: rows that follow one another, in the order they were read,
// or, where refs is used, in refs.
type span struct {
	first, n       int32
	more           bool // the list goes on where the page was cut
	made           bool // there is a made list, be it empty
	before, beyond bool // rows lie up to `after`; rows lie from `before` on
	total          int64
}

// state is what a fetch has read.
type state struct {
	base  int32   // where its rows begin in the arena
	rows  int32   // how many
	ends  []int32 // of the segments of each row, in the arena
	sets  []keyset
	spans []span
	refs  []int32 // rows, where a span's rows do not follow one another
	roots keyset  // of a root fetch: the ids asked for
	pairs []pair
	// Of the targets of pairs: the distinct ones, their rows (-1 for none), and on which side of the cursors they lie.
	targets keyset
	places  []int32
	flags   []uint8

	size      int // of the page
	backwards bool
	after     *boundary
	before    *boundary
	filter    clause         // conditions, where a filter is given
	inSight   bool           // it asks for what is not shown of every row: list.Conditions.InSight
	key       string         // what cursors are bound to
	arguments map[string]any // of a made list
}

// pair ties a slot of the parent to a slot of the distinct targets, then to the row of the target.
type pair struct{ from, to int32 }

func (s *state) reset(f *fetch, slots, base int) {
	s.base, s.rows = int32(base), 0
	s.ends, s.refs = s.ends[:0], s.refs[:0]
	for len(s.sets) < len(f.keys) {
		s.sets = append(s.sets, keyset{})
	}
	for i := range s.sets {
		s.sets[i].reset()
	}
	if cap(s.spans) < slots {
		s.spans = make([]span, slots)
	}
	s.spans = s.spans[:slots]
	clear(s.spans)
}
