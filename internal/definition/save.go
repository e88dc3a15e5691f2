package definition

import (
	"context"
	"slices"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/delta"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/layers"
	"github.com/appanage/appanage/internal/oid"
)

// edit is a Save or a Patch, read.
type edit struct {
	operation     string
	place         Place
	etag          *string
	public, final *bool
	want          func(seen delta.Value) (delta.Value, error) // the whole object, of what the author saw
}

// Save saves a definition (authority Definition_UPDATE, and Definition_CREATE for a new one), and tells where others have changed
// the same places since the author's reading, or cover them. Errors: INVALID, NOT_FOUND, NOT_ALLOWED, CONFLICT.
func (s *Service) Save(ctx context.Context, cmd Save) ([]Conflict, error) {
	e, err := cmd.read()
	if err != nil {
		return nil, err
	}
	return s.save(ctx, e)
}

// Patch changes a definition (authority Definition_UPDATE); everything else is as with Save.
func (s *Service) Patch(ctx context.Context, cmd Patch) ([]Conflict, error) {
	e, err := cmd.read()
	if err != nil {
		return nil, err
	}
	return s.save(ctx, e)
}

func (s *Service) save(ctx context.Context, e edit) (conflicts []Conflict, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		at, err := s.judged(ctx, tx, e.place)
		if err != nil {
			return err
		}
		if err := s.mayLay(at, "input.applicationId", "input.name"); err != nil {
			return err
		}
		seen, err := s.sight(ctx, at, e.etag)
		if err != nil {
			return err
		}
		if !at.inForce && !actor.From(ctx).Has("Definition_CREATE") {
			return apperr.At("input.name", apperr.NotAllowed, "there is no such definition, and to make one takes Definition_CREATE")
		}
		next, met, err := s.lay(ctx, at, seen, e)
		if err != nil {
			return err
		}
		conflicts = met
		return s.write(ctx, at, e.operation, next)
	})
	return conflicts, err
}

// sight is what an author saw when he read the definition.
type sight struct {
	whole delta.Value             // the definition; not present where there was none
	base  delta.Value             // what the layers below his client's made together
	own   layers.Layer            // his client's; without content for none
	below []oid.DefinitionVersion // the versions that base was made of, lowest first
	above bool                    // there were layers above his client's
}

// sight reads what the author saw, by the etag of his reading. CONFLICT where that is none of this definition, read for this
// client, and where he saw none and there is one by now.
func (s *Service) sight(ctx context.Context, at *stand, etag *string) (sight, error) {
	saw := sight{own: layers.Layer{Client: at.Client}}
	if etag == nil {
		if at.inForce {
			return saw, apperr.At("input.etag", apperr.Conflict, "there is such a definition by now: read it, and give the `etag` of what you have read")
		}
		return saw, nil
	}
	other := apperr.At("input.etag", apperr.Conflict, "not the `etag` of this definition, as it was read for this client: read it again")
	ids, ok := s.seen(at.Place, at.Client, *etag)
	if !ok {
		return saw, other
	}
	versions, err := s.kept(ctx, at.Place, ids)
	if err != nil {
		return saw, err
	}
	if len(versions) != len(ids) { // one is gone with its client
		return saw, other
	}
	mine := slices.IndexFunc(versions, func(v *Version) bool { return v.Client == at.Client })
	below := versions
	switch {
	case mine >= 0:
		saw.own, below, saw.above = versions[mine].Layer(), versions[:mine], mine+1 < len(versions)
	case at.Client == at.Owner: // his is the lowest
		below, saw.above = nil, true
	}
	for _, v := range below {
		saw.below = append(saw.below, v.ID)
	}
	whole, _ := layers.Fold(asLayers(versions))
	base, _ := layers.Fold(asLayers(below))
	saw.whole, saw.base = whole.Content, base.Content
	return saw, nil
}

// lay makes the layer that the caller's client has from now on (domain 9.5), and tells where it meets what others have made:
// another editor of the same layer since the author's reading, those below, and those whose layers lie above it.
func (s *Service) lay(ctx context.Context, at *stand, saw sight, e edit) (next Version, met []Conflict, err error) {
	want, err := e.want(saw.whole)
	if err != nil {
		return Version{}, nil, err
	}
	change := delta.Diff(saw.whole, want)
	made, err := s.merge(ctx, at, saw, want, change)
	if err != nil {
		return Version{}, nil, err
	}
	next = Version{
		Client: at.Client, Place: at.Place, Base: at.baseOf(made, saw), Content: made.Layer.Content, Whole: made.Layer.Whole,
		Final: said(e.final, at.own != nil && at.own.Final),
	}
	if next.Public, err = s.public(at, e.public, next.Whole); err != nil {
		return Version{}, nil, err
	}
	for _, c := range made.Conflicts() {
		met = append(met, Conflict{c, at.source()})
	}
	return next, append(met, at.covered(next, change)...), nil
}

// merge makes a layer of what an author wants.
func (s *Service) merge(ctx context.Context, at *stand, saw sight, want, change delta.Value) (layers.Saved, error) {
	seen, now := over(saw.own, saw.base), over(at.layer, at.base)
	if saw.above && seen.Present() {
		// What he has changed of the whole, he changes in his own layer: it is the lowest. What Diff makes is a delta, which
		// Apply does not refuse.
		want, _ = delta.Apply(seen, change)
		if now.Present() {
			made, _ := delta.Apply(now, change)
			return layers.Saved{Layer: layers.Layer{Whole: true, Content: made}, Editors: delta.Conflicts(seen, now, change)}, nil
		}
	}
	base, err := s.ownBase(ctx, at)
	return layers.Save(layers.Edit{SeenBase: saw.base, SeenOwn: saw.own, NowOwn: at.layer, OwnBase: base, NowBase: at.base, Want: want}), err
}

// ownBase is what the caller's layer was made against; not present where that was nothing.
func (s *Service) ownBase(ctx context.Context, at *stand) (delta.Value, error) {
	if at.own == nil {
		return delta.Value{}, nil
	}
	versions, err := s.kept(ctx, at.Place, at.own.Base)
	if err != nil {
		return delta.Value{}, err
	}
	was, _ := layers.Fold(asLayers(versions))
	return was.Content, nil
}

// baseOf are the versions that a layer was made against: those that the author saw below it, or those of today, where it was
// put onto them. A whole object was made against none.
func (s *stand) baseOf(made layers.Saved, saw sight) []oid.DefinitionVersion {
	switch {
	case made.Layer.Whole:
		return nil
	case made.Rebased:
		return s.below
	}
	return saw.below
}

// covered tells where layers above the owner's cover what he has changed; above that of another client lies none.
func (s *stand) covered(next Version, change delta.Value) (list []Conflict) {
	if s.Client != s.Owner {
		return nil
	}
	chain := []layers.Layer{next.Layer()}
	for _, l := range s.Chain() {
		if l.Client != s.Owner {
			chain = append(chain, l)
		}
	}
	whole, _ := layers.Fold(chain)
	for _, c := range delta.Conflicts(next.Content, whole.Content, change) {
		c.Theirs, c.Ours = c.Base, c.Theirs // it is the other's layer that stands on top
		list = append(list, Conflict{c, enum.LayerManager})
	}
	return list
}

// public is whether the definition can be read without a token, as far as this layer says so.
func (s *Service) public(at *stand, given *bool, whole bool) (bool, error) {
	if given != nil && !s.rules.Publishes(at.laying()) {
		return false, apperr.At("input.public", apperr.NotAllowed, "whether a definition is public is said by its lowest layer alone, and this one lies over another")
	}
	return said(given, whole && at.own != nil && at.own.Public), nil
}

func said(given *bool, otherwise bool) bool {
	if given != nil {
		return *given
	}
	return otherwise
}

// source is whose the caller's layer is, seen from his client.
func (s *stand) source() enum.LayerSource {
	if s.Client == s.Owner {
		return enum.LayerOwner
	}
	return enum.LayerOwn
}

// Met are the conflicts of a reading that the layer of the client it was read for has part in, but for those that were told
// already: it lies over others, or others lie over it. A definition that was found elsewhere has none of its layers.
func (r *Reading) Met(ctx context.Context, at Place, told []Conflict) ([]Conflict, error) {
	if r == nil || r.Place != at {
		return nil, nil
	}
	all, err := r.service.conflicts(ctx, r.stack)
	return slices.DeleteFunc(all, func(c Conflict) bool {
		return c.Source != enum.LayerOwn && r.stack.Client != r.stack.Owner ||
			slices.ContainsFunc(told, func(t Conflict) bool { return t.Source == c.Source && t.Pointer == c.Pointer })
	}), err
}
