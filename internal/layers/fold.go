package layers

import (
	"github.com/appanage/appanage/internal/delta"
	"github.com/appanage/appanage/internal/oid"
)

// Layer is what one client says of an object. One without content is none.
type Layer struct {
	Client  oid.Client
	Version string // which version of the client's layer it is, for those who keep them
	Whole   bool   // the content is the object, not a delta
	Final   bool   // nothing counts above it
	Content delta.Value
}

// Reason is why a layer is not in force.
type Reason string

// The reasons.
const (
	NothingBelow Reason = "NOTHING_BELOW" // a delta, and no object to apply it to
	BelowFinal   Reason = "FINAL"         // a layer below it is final
	Broken       Reason = "BROKEN"        // what is stored is no delta: nobody could have saved it
)

// Sleeping is a layer that is not in force.
type Sleeping struct {
	Layer  Layer
	Reason Reason
}

// Resolved is what layers make together.
type Resolved struct {
	Content delta.Value
	InForce []Layer       // in the order of the chain
	States  []delta.Value // what the object is after each of them: as long as InForce, the last is Content
	Asleep  []Sleeping
}

// Fold applies layers in the order of the chain (domain 9.4). ok is false where none is in force, and there is no object.
func Fold(chain []Layer) (r Resolved, ok bool) {
	final := false
	for _, layer := range chain {
		if final {
			r.Asleep = append(r.Asleep, Sleeping{layer, BelowFinal})
			continue
		}
		content, reason := layer.Over(r.Content)
		if reason != "" {
			r.Asleep = append(r.Asleep, Sleeping{layer, reason})
			continue
		}
		r.Content = content
		r.InForce = append(r.InForce, layer)
		r.States = append(r.States, content)
		final = layer.Final
	}
	return r, len(r.InForce) > 0
}

// Over gives what a layer makes of what is below it, which is not present where there is nothing. The reason is "" where
// it is in force.
func (l Layer) Over(base delta.Value) (content delta.Value, reason Reason) {
	switch {
	case !l.Content.Present():
		return base, Broken
	case l.Whole:
		return l.Content, ""
	case !base.Present():
		return base, NothingBelow
	}
	content, err := delta.Apply(base, l.Content)
	if err != nil {
		return base, Broken
	}
	return content, ""
}

// Provenance tells which layer supplied what is at a place (domain 9.7): the highest one in force that changed something
// at or below it; a whole object supplies all that is in it. ok is false where nothing is there.
func (r Resolved) Provenance(pointer string) (layer Layer, ok bool) {
	i := delta.LastChange(r.States[r.whole():], pointer)
	if i < 0 {
		return Layer{}, false
	}
	return r.InForce[r.whole()+i], true
}

// whole is the index of the highest whole object in force: what is below it does not show. 0 where there is none.
func (r Resolved) whole() int {
	for i := len(r.InForce) - 1; i > 0; i-- {
		if r.InForce[i].Whole {
			return i
		}
	}
	return 0
}

// Conflicts tells where a layer meets what changed below it since its author saw it (domain 9.5): seen is what was below
// it then, now is what is below it today. A whole object with something below it conflicts as a whole, until its author
// has seen that.
func (l Layer) Conflicts(seen, now delta.Value) []delta.Conflict {
	switch {
	case !l.Content.Present():
		return nil
	case !l.Whole:
		return delta.Conflicts(seen, now, l.Content)
	case now.Alike(seen) || now.Alike(l.Content):
		return nil
	}
	return []delta.Conflict{{Base: seen, Theirs: now, Ours: l.Content}}
}
