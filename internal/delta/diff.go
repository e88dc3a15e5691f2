package delta

// Diff gives the delta that makes want of base, exactly: Apply(base, Diff(base, want)) is written as want is, the order
// of members and the literals of numbers included. Where base is want already it is the empty object.
func Diff(base, want Value) Value {
	d, changed := diff(base, want)
	switch {
	case !changed:
		return EmptyObject()
	case want.kind == Null:
		return want
	case d.kind == Object && d.Len() == 0:
		return set(want) // as a whole delta, the empty object would change nothing
	}
	return d
}

// diff gives the delta of a member, and whether there is any difference.
func diff(base, want Value) (delta Value, changed bool) {
	switch {
	case base.tree != nil && base.tree == want.tree:
		return Value{}, false
	case base.kind == Object && want.kind == Object:
		return diffObject(base.tree.members, want.tree.members)
	case base.kind == Array && want.kind == Array:
		before, beforeAt, keyed := keyedItems(base)
		after, afterAt, both := keyedItems(want)
		if keyed && both {
			return diffList(before, after, beforeAt, afterAt)
		}
	}
	if base.Equal(want) {
		return Value{}, false
	}
	return fromNothing(want), true
}

// fromNothing is the delta of a member that makes a value where nothing of it is: as plain as can be.
func fromNothing(want Value) Value {
	switch {
	case want.kind == Null:
		return set(want)
	case want.kind != Object:
		return want
	}
	members := want.tree.members
	var copied []member // once a member's delta is not the member's value itself
	for i, m := range members {
		if m.name == directiveMember {
			return set(want)
		}
		d := fromNothing(m.value)
		if copied == nil && d.tree == m.value.tree && d.kind == m.value.kind {
			continue
		}
		if copied == nil {
			copied = append(make([]member, 0, len(members)), members...)
		}
		copied[i].value = d
	}
	if copied == nil {
		return want
	}
	return ofMembers(copied)
}

func set(value Value) Value {
	return ofMembers([]member{{directiveMember, OfString(directiveSet)}, {wordValue, value}})
}

func diffObject(base, want []member) (delta Value, changed bool) {
	inBase, inWant := byName(base), byName(want)
	var deltas []member
	order := make([]int, 0, len(want)) // where what a plain merge leaves, in its order, is wanted
	for _, m := range base {
		j := inWant(m.name)
		if j < 0 {
			deltas = append(deltas, member{m.name, Value{kind: Null}})
			continue
		}
		order = append(order, j)
		if d, changed := diff(m.value, want[j].value); changed {
			deltas = append(deltas, member{m.name, d})
		}
	}
	for j, m := range want {
		if inBase(m.name) < 0 {
			order = append(order, j)
			deltas = append(deltas, member{m.name, fromNothing(m.value)})
		}
	}
	places := memberPlaces(order, want)
	if len(places) == 0 && byName(deltas)(directiveMember) < 0 {
		return ofMembers(deltas), len(deltas) > 0
	}
	parts := []member{{directiveMember, OfString(directiveMerge)}}
	if len(deltas) > 0 {
		parts = append(parts, member{wordMembers, ofMembers(deltas)})
	}
	if len(places) > 0 {
		parts = append(parts, member{wordOrder, OfItems(places...)})
	}
	return ofMembers(parts), true
}

// memberPlaces are the entries of "order" for members that a plain merge leaves elsewhere than they are wanted.
func memberPlaces(order []int, want []member) []Value {
	if inOrder(order) {
		return nil
	}
	var places []Value
	stay := stays(order, len(want))
	for j, m := range want {
		if !stay[j] {
			after := Value{kind: Null}
			if j > 0 {
				after = OfString(want[j-1].name)
			}
			places = append(places, ofMembers([]member{{wordMember, OfString(m.name)}, {wordAfter, after}}))
		}
	}
	return places
}

// diffList is the delta between two keyed lists.
func diffList(base, want []Value, inBase, inWant map[string]int) (delta Value, changed bool) {
	var removed []Value
	var changes []member
	order := make([]int, 0, len(want))
	for _, item := range base {
		k := keyOf(item)
		j, there := inWant[k]
		if !there {
			removed = append(removed, OfString(k))
			continue
		}
		order = append(order, j)
		if d, changed := diff(item, want[j]); changed {
			changes = append(changes, member{k, d})
		}
	}
	parts := []member{{directiveMember, OfString(directiveList)}}
	if len(removed) > 0 {
		parts = append(parts, member{wordRemove, OfItems(removed...)})
	}
	if len(changes) > 0 {
		parts = append(parts, member{wordChange, ofMembers(changes)})
	}
	if places := itemPlaces(order, want, inBase); len(places) > 0 {
		parts = append(parts, member{wordPlace, OfItems(places...)})
	}
	return ofMembers(parts), len(parts) > 1
}

// itemPlaces are the entries of "place": for the items that are new, and for those that must move.
func itemPlaces(order []int, want []Value, inBase map[string]int) []Value {
	if len(order) == len(want) && inOrder(order) {
		return nil
	}
	var places []Value
	stay := stays(order, len(want))
	after := Value{kind: Null}
	for j, item := range want {
		k := OfString(keyOf(item))
		if _, there := inBase[k.text]; !there {
			places = append(places, ofMembers([]member{{wordItem, item}, {wordAfter, after}}))
		} else if !stay[j] {
			places = append(places, ofMembers([]member{{key, k}, {wordAfter, after}}))
		}
		after = k
	}
	return places
}
