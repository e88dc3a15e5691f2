package layers

import (
	"slices"

	"github.com/appanage/appanage/internal/delta"
)

// Edit is what an author sends, and what decides what becomes of it. A value that is not present stands for nothing being
// there; so does a layer without content.
type Edit struct {
	SeenBase delta.Value // what the layers below the author's made together, as he saw them
	SeenOwn  Layer       // his client's own layer as he saw it
	NowOwn   Layer       // the same as it is now: another editor may have saved
	OwnBase  delta.Value // what NowOwn was made against; where it is left out, nothing is rebased
	NowBase  delta.Value // what is below it now
	Want     delta.Value // the whole object he wants
}

// Saved is what becomes of an edit.
type Saved struct {
	Layer   Layer       // the client's own layer from now on: a whole object, or a delta against what is below it
	Rebased bool        // that is today's base: otherwise the base the author saw
	Result  delta.Value // the object as it is with it now
	// Editors tells where the author and another editor of the same layer changed the same place, Below where the layer
	// meets what changed below since it was seen, or where he does not get what he wants: what is there is theirs then.
	Editors, Below []delta.Conflict
}

// Conflicts are all of them.
func (s Saved) Conflicts() []delta.Conflict { return slices.Concat(s.Editors, s.Below) }

// Save makes a layer of the whole object an author wants (domain 9.5): what he changed of what he saw is put into the
// layer as another editor may have left it, and the layer onto today's base. So a save undoes nothing that somebody else
// did meanwhile but what the author changed himself, and he is told.
//
// Where another editor saved meanwhile, and had seen another base, what he said there cannot all be said against the base
// the author saw. Then the layer is rebased: everything is put onto today's base, and its conflicts are told now, not later.
func Save(e Edit) Saved {
	base, rebased := e.base()
	seen, own := over(e.SeenOwn, e.SeenBase), over(e.NowOwn, base)
	s, want := Saved{Rebased: rebased}, e.Want
	if own.Present() || !seen.Present() {
		want, s.Editors = delta.Merge3(seen, own, e.Want)
	} else { // the whole object was deleted meanwhile: a part of it would be of no use to anybody
		s.Editors = []delta.Conflict{{Base: seen, Ours: e.Want}}
	}
	s.Layer = Layer{Client: e.NowOwn.Client, Version: e.NowOwn.Version, Final: e.NowOwn.Final}
	if base.Present() && e.NowBase.Present() {
		s.Layer.Content = delta.Diff(base, want)
	} else {
		s.Layer.Whole, s.Layer.Content = true, want
	}
	s.Result = over(s.Layer, e.NowBase)
	s.Below = s.Layer.Conflicts(base, e.NowBase)
	if s.Layer.Whole {
		s.tell(s.Layer.Conflicts(e.SeenBase, e.NowBase))
	}
	// Where he went back to what the base had, as he saw it, his layer says nothing; if the base has changed there, he does
	// not get what he wants.
	s.tell(delta.Unmet(seen, s.Result, delta.Diff(seen, e.Want)))
	if rebased { // what the other editor's layer found gone is not in the new one
		s.tell(e.NowOwn.Conflicts(e.OwnBase, e.NowBase))
	}
	return s
}

// tell adds conflicts at places of which none is told yet.
func (s *Saved) tell(more []delta.Conflict) {
	for _, c := range more {
		known := func(other delta.Conflict) bool { return other.Pointer == c.Pointer }
		if !slices.ContainsFunc(s.Conflicts(), known) {
			s.Below = append(s.Below, c)
		}
	}
}

// otherSaved tells whether another editor has saved something since the author looked.
func (e Edit) otherSaved() bool {
	same := e.NowOwn.Whole == e.SeenOwn.Whole && e.NowOwn.Content.Equal(e.SeenOwn.Content)
	return e.NowOwn.Content.Present() && !same
}

// otherBase tells whether that editor made a delta, and had seen something else below.
func (e Edit) otherBase() bool {
	return e.otherSaved() && !e.NowOwn.Whole && e.OwnBase.Present() && !e.OwnBase.Equal(e.SeenBase)
}

// base is what the layer becomes the difference to: what the author saw below it; not present where it is to be whole, as it
// stays where another editor put a whole object there meanwhile.
func (e Edit) base() (base delta.Value, rebased bool) {
	switch {
	case e.otherSaved() && e.NowOwn.Whole:
		return delta.Value{}, false
	case e.otherBase():
		return e.NowBase, true
	}
	return e.SeenBase, false
}

// over is what a layer makes of what is below it; one that sleeps leaves it as it is.
func over(l Layer, base delta.Value) delta.Value {
	content, _ := l.Over(base)
	return content
}
