package definition

import (
	"context"

	"github.com/appanage/appanage/internal/delta"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/layers"
	"github.com/appanage/appanage/internal/oid"
)

// Conflict is a place that a layer changes, and a layer below it has changed since its author saw it.
type Conflict struct {
	delta.Conflict

	Source enum.LayerSource // of the layer that changes it
}

// Conflicts are those of a reading (domain 9.5), lowest layer first. ok is false for a reader without access to the
// application.
func (r *Reading) Conflicts(ctx context.Context) (list []Conflict, ok bool, err error) {
	if r.bare {
		return nil, false, nil
	}
	list, err = r.service.conflicts(ctx, r.stack)
	return list, err == nil, err
}

// conflicts compares, for each layer in force, what was below it when it was saved with what is below it today. The
// versions that authors saw are read together.
func (s *Service) conflicts(ctx context.Context, st *Stack) ([]Conflict, error) {
	folded, ok := layers.Fold(st.Chain())
	if !ok {
		return nil, nil
	}
	var ids []oid.DefinitionVersion
	for _, l := range folded.InForce[1:] {
		ids = append(ids, st.Of(l.Client).Base...)
	}
	versions, err := s.kept(ctx, st.Place, ids)
	if err != nil {
		return nil, err
	}
	byID := make(map[oid.DefinitionVersion]*Version, len(versions))
	for _, v := range versions {
		byID[v.ID] = v
	}
	var list []Conflict
	for i, l := range folded.InForce[1:] {
		own := st.Of(l.Client)
		for _, c := range l.Conflicts(baseSeen(own.Base, byID), folded.States[i]) {
			list = append(list, Conflict{c, own.Source})
		}
	}
	return list, nil
}

// baseSeen is what versions made together; not present where there was nothing. One that is gone with its client is left out.
func baseSeen(ids []oid.DefinitionVersion, versions map[oid.DefinitionVersion]*Version) delta.Value {
	var chain []layers.Layer
	for _, id := range ids {
		if v := versions[id]; v != nil {
			chain = append(chain, v.Layer())
		}
	}
	folded, _ := layers.Fold(chain)
	return folded.Content
}
