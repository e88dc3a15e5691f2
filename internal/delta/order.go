package delta

import (
	"slices"
	"sort"
)

// stays picks, of the places where things are wanted, as many as possible that are in rising order already, and marks
// them: the others are what must move. Of several ways it takes one in which those early on stay. The places are all
// different, and below n. It takes O(n log n).
func stays(places []int, n int) []bool {
	// Read backwards: for each length the one of the falling sequences so far that ends highest, as an index into places.
	var ends []int
	after := make([]int, len(places)) // the index after each in its sequence, -1 for none
	for i := len(places) - 1; i >= 0; i-- {
		length := sort.Search(len(ends), func(l int) bool { return places[ends[l]] < places[i] })
		after[i] = -1
		if length > 0 {
			after[i] = ends[length-1]
		}
		if length == len(ends) {
			ends = append(ends, i)
		} else {
			ends[length] = i
		}
	}
	marks := make([]bool, n)
	if len(ends) == 0 {
		return marks
	}
	for i := ends[len(ends)-1]; i >= 0; i = after[i] {
		marks[places[i]] = true
	}
	return marks
}

// Where a step puts a thing, if not after another.
const (
	first   = -1
	missing = -2 // what it should come after is not there: the end
)

// step puts one thing right after another, or first. Things are named by numbers.
type step struct{ thing, after int }

// arrange gives the order of n things that is left when the first of them, in rising order, are put in place step by
// step; those not among the first come in by a step.
func arrange(n, start int, steps []step) []int {
	// A ring of things, with one more, n, where it begins and ends.
	next, previous := make([]int, n+1), make([]int, n+1)
	for i := range previous {
		previous[i] = -1
	}
	link := func(thing, after int) {
		next[thing], previous[thing] = next[after], after
		previous[next[after]], next[after] = thing, thing
	}
	next[n], previous[n] = n, n
	for thing := range start {
		link(thing, previous[n])
	}
	for _, s := range steps {
		if p := previous[s.thing]; p >= 0 {
			next[p], previous[next[s.thing]] = next[s.thing], p
			previous[s.thing] = -1
		}
		switch {
		case s.after == first:
			link(s.thing, n)
		case s.after == missing || previous[s.after] < 0:
			link(s.thing, previous[n])
		default:
			link(s.thing, s.after)
		}
	}
	order := make([]int, 0, n)
	for thing := next[n]; thing != n; thing = next[thing] {
		order = append(order, thing)
	}
	return order
}

// inOrder tells whether all of the places stay.
func inOrder(places []int) bool { return slices.IsSorted(places) }
