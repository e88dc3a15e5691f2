package delta

// Conflict is a place that a delta changes, and that the base has changed since the delta was made. A value that is not
// present stands for there being none.
type Conflict struct {
	Pointer string // as At takes it: an item of a keyed list is named by its key
	Base    Value  // what the delta was made against
	Theirs  Value  // what the base has there now
	Ours    Value  // what the delta makes of it; where that finds its item or list gone, what it had made of the old one
}

// Conflicts tells where a delta that was made against oldBase meets a change between oldBase and newBase. There is none
// where both did the same, nor where only the order of members or of the items of keyed lists is in question: there the
// delta has its way. What is no delta conflicts with nothing.
func Conflicts(oldBase, newBase, delta Value) []Conflict {
	e, err := read(delta)
	if err != nil {
		return nil
	}
	var found conflicts
	found.look(nil, oldBase, newBase, e)
	return found.list
}

// Unmet tells where a document is not as a delta would have it that was made against base, for whatever reason: in the
// form of conflicts, theirs being what is there. The order of members and items does not count.
func Unmet(base, document, delta Value) []Conflict {
	e, err := read(delta)
	if err != nil {
		return nil
	}
	found := conflicts{all: true}
	found.look(nil, base, document, e)
	return found.list
}

// Merge3 makes of now the changes that lead from seen to want, and tells where they meet others.
func Merge3(seen, now, want Value) (Value, []Conflict) {
	d := Diff(seen, want)
	e, _ := read(d) // what Diff makes is a delta
	return e.apply(now), Conflicts(seen, now, d)
}

type conflicts struct {
	list []Conflict
	all  bool // also where theirs is as the base was
}

// trail is the way to a place, of which a pointer is made where one is needed.
type trail struct {
	up      *trail
	segment string
}

func (t *trail) to(segment string) *trail { return &trail{t, segment} }

func (t *trail) pointer() string {
	if t == nil {
		return ""
	}
	return Join(t.up.pointer(), t.segment)
}

func (c *conflicts) look(at *trail, base, theirs Value, e edit) {
	switch {
	case e.action == keep:
	case e.action == merge && e.tidies: // a matter of order
	case e.action == merge && theirs.kind == Object:
		old, new := finder(base.members()), finder(theirs.members())
		for _, n := range e.named {
			c.look(at.to(n.name), old(n.name), new(n.name), n.edit)
		}
	case e.action == list:
		c.lookIntoList(at, base, theirs, e)
	default:
		c.compare(at, base, theirs, e.apply(theirs))
	}
}

// finder makes what finds a member's value by its name; the zero Value where there is none.
func finder(members []member) func(string) Value {
	find := byName(members)
	return func(name string) Value {
		if i := find(name); i >= 0 {
			return members[i].value
		}
		return Value{}
	}
}

// compare adds a conflict where the base has changed, and not to what we say.
func (c *conflicts) compare(at *trail, base, theirs, ours Value) {
	if (c.all || !theirs.Alike(base)) && !theirs.Alike(ours) {
		c.list = append(c.list, Conflict{at.pointer(), base, theirs, ours})
	}
}

func (c *conflicts) lookIntoList(at *trail, base, theirs Value, e edit) {
	now, nowAt, keyed := keyedItems(theirs)
	if !keyed {
		ours := e.apply(theirs)
		if e.tidies {
			ours = e.apply(base)
		}
		if !e.tidies || len(e.removed)+len(e.named) > 0 { // else it is a matter of order
			c.compare(at, base, theirs, ours)
		}
		return
	}
	before, beforeAt, keyed := keyedItems(base)
	if !keyed {
		before, beforeAt = nil, nil
	}
	items := func(k string) (old, new Value) { return pick(before, beforeAt, k), pick(now, nowAt, k) }
	for _, k := range e.removed {
		old, new := items(k)
		c.compare(at.to(k), old, new, Value{})
	}
	for _, n := range e.named {
		old, new := items(n.name)
		if new.Present() {
			c.look(at.to(n.name), old, new, n.edit)
		} else {
			c.compare(at.to(n.name), old, new, n.edit.apply(old))
		}
	}
	for _, p := range e.places {
		if p.item.Present() {
			old, new := items(p.name)
			c.compare(at.to(p.name), old, new, p.item)
		}
	}
}

func pick(items []Value, at map[string]int, k string) Value {
	if i, there := at[k]; there {
		return items[i]
	}
	return Value{}
}
