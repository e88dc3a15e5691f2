package delta

// Apply makes of base what a delta says. The delta may have been made for another base: what it changes or moves and
// is gone stays gone. The only errors are those of Check.
func Apply(base, delta Value) (Value, error) {
	e, err := read(delta)
	if err != nil {
		return Value{}, err
	}
	return e.apply(base), nil
}

func (e edit) apply(base Value) Value {
	switch e.action {
	case replace:
		return e.value
	case remove:
		return Value{}
	case merge:
		if base.kind != Object && e.literal {
			return e.value
		}
		if base.kind != Object && e.tidies {
			return base
		}
		return e.mergeInto(base.members())
	case list:
		return e.listInto(base)
	}
	return base
}

// mergeInto edits the members of an object: those that are new come last, in the order of the delta, and then all that
// have a place of their own go there.
func (e edit) mergeInto(base []member) Value {
	find := e.byName()
	met := make([]bool, len(e.named))
	members := make([]member, 0, len(base)+len(e.named))
	for _, m := range base {
		if i := find(m.name); i >= 0 {
			met[i] = true
			m.value = e.named[i].edit.apply(m.value)
		}
		if m.value.Present() {
			members = append(members, m)
		}
	}
	for i, n := range e.named {
		if met[i] {
			continue
		}
		if v := n.edit.apply(Value{}); v.Present() {
			members = append(members, member{n.name, v})
		}
	}
	if len(e.places) == 0 {
		return ofMembers(members)
	}
	at := byName(members)
	var steps []step
	for _, p := range e.places {
		if thing := at(p.name); thing >= 0 {
			steps = append(steps, step{thing, p.anchor(at)})
		}
	}
	ordered := make([]member, 0, len(members))
	for _, i := range arrange(len(members), len(members), steps) {
		ordered = append(ordered, members[i])
	}
	return ofMembers(ordered)
}

// byName makes what finds the edit of a member or item, -1 where it has none.
func (e edit) byName() func(string) int {
	names := make([]member, len(e.named))
	for i, n := range e.named {
		names[i].name = n.name
	}
	return byName(names)
}

// anchor is what a thing is put after, in the terms of arrange.
func (p place) anchor(at func(string) int) int {
	if p.first {
		return first
	}
	if after := at(p.after); after >= 0 {
		return after
	}
	return missing
}

// listInto edits the items of a keyed list; what is none counts as an empty one where items are added.
func (e edit) listInto(base Value) Value {
	before, _, keyed := keyedItems(base)
	if !keyed {
		if e.tidies {
			return base
		}
		before = nil
	}
	removed := make(map[string]bool, len(e.removed))
	for _, k := range e.removed {
		removed[k] = true
	}
	find := e.byName()
	at := make(map[string]int, len(before))
	items := make([]Value, 0, len(before)+len(e.places))
	for _, item := range before {
		k := keyOf(item)
		if removed[k] {
			continue
		}
		if i := find(k); i >= 0 {
			item = e.named[i].edit.apply(item)
		}
		at[k] = len(items)
		items = append(items, item)
	}
	if len(e.places) == 0 {
		return OfItems(items...)
	}
	return OfItems(e.placeItems(items, at)...)
}

// placeItems puts items in their places, and adds those that are new.
func (e edit) placeItems(items []Value, at map[string]int) []Value {
	start := len(items)
	for _, p := range e.places {
		if !p.item.Present() {
			continue
		}
		if i, there := at[p.name]; there {
			items[i] = p.item
			continue
		}
		at[p.name] = len(items)
		items = append(items, p.item)
	}
	place := func(k string) int {
		if i, there := at[k]; there {
			return i
		}
		return -1
	}
	var steps []step
	for _, p := range e.places {
		if thing := place(p.name); thing >= 0 {
			steps = append(steps, step{thing, p.anchor(place)})
		}
	}
	ordered := make([]Value, 0, len(items))
	for _, i := range arrange(len(items), start, steps) {
		ordered = append(ordered, items[i])
	}
	return ordered
}
