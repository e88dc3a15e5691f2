package delta_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/appanage/appanage/internal/delta"
	"github.com/appanage/appanage/internal/delta/deltatest"
)

// Where a base did not change, or changed to what the delta says, there is no conflict.
func TestLawNoConflictWithOneself(t *testing.T) {
	eachSeed(t, func(seed uint64) error {
		g, base, want, other := triple(seed)
		d := delta.Diff(base, want)
		if c := delta.Conflicts(base, base, d); len(c) > 0 {
			return fmt.Errorf("%s with %s: %v", base, d, c)
		}
		if c := delta.Conflicts(base, want, d); len(c) > 0 {
			return fmt.Errorf("%s to %s, as the base has: %v", base, want, c)
		}
		if c := delta.Conflicts(base, other, delta.EmptyObject()); len(c) > 0 {
			return fmt.Errorf("the empty delta: %v", c)
		}
		sent := parse(g.Text(g.Delta(3)))
		for _, c := range delta.Conflicts(base, other, sent) { // whatever it is: no panic, and places that are there
			if theirs, _ := other.At(c.Pointer); c.Theirs.Present() && !theirs.Equal(c.Theirs) {
				return fmt.Errorf("%s\nto %s\nwith %s: at %q is %s, not %s", base, other, sent, c.Pointer, theirs, c.Theirs)
			}
		}
		return nil
	})
}

// domain 9.5: of two who changed the same document, neither loses anything unseen. What each changed is there afterwards,
// or a conflict speaks of it; and where none is reported either way, it makes no difference who saved first, but for the
// order of members and items.
func TestLawNothingIsLost(t *testing.T) {
	var agreed, conflicting atomic.Uint64
	eachSeed(t, func(seed uint64) error {
		_, seen, one, two := triple(seed)
		oneFirst, conflicts := delta.Merge3(seen, one, two)
		twoFirst, others := delta.Merge3(seen, two, one)
		lost := append(deltatest.Lost(seen, one, oneFirst, conflicts), deltatest.Lost(seen, two, oneFirst, conflicts)...)
		switch {
		case len(lost) > 0:
			return fmt.Errorf("seen %s\none  %s\ntwo  %s\nmake %s\nconflicts %v\nlost %q", seen, one, two, oneFirst, conflicts, lost)
		case len(conflicts) > 0 || len(others) > 0:
			conflicting.Add(1)
		case !oneFirst.Alike(twoFirst):
			return fmt.Errorf("seen %s\none  %s\ntwo  %s\nmake %s\nor   %s\nwithout a conflict", seen, one, two, oneFirst, twoFirst)
		default:
			agreed.Add(1)
		}
		return nil
	})
	if agreed.Load() < cases()/10 || conflicting.Load() < cases()/10 {
		t.Errorf("%d agreed, %d conflicted: the cases tell little", agreed.Load(), conflicting.Load())
	}
	t.Logf("%d agreed, %d conflicted", agreed.Load(), conflicting.Load())
}
