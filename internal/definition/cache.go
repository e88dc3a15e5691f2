package definition

import (
	"strings"

	"github.com/maypok86/otter/v2"

	"github.com/appanage/appanage/internal/delta"
	"github.com/appanage/appanage/internal/oid"
)

// What the caches hold follows from what names it, and never changes: a version by its id, and what versions make together
// by their ids. So nothing in them is ever out of date; they are bounded by the memory that they take, about.
const (
	versionBytes  = 64 << 20
	resolvedBytes = 32 << 20
	placesSeen    = 20_000
)

func (s *Service) makeCaches() (err error) {
	s.versions, err = otter.New(&otter.Options[oid.DefinitionVersion, *Version]{
		MaximumWeight: versionBytes,
		Weigher:       func(_ oid.DefinitionVersion, v *Version) uint32 { return weight(v.size) },
	})
	if err != nil {
		return err
	}
	s.resolved, err = otter.New(&otter.Options[string, *resolved]{
		MaximumWeight: resolvedBytes,
		Weigher:       func(key string, r *resolved) uint32 { return weight(len(key) + len(r.content) + overhead) },
	})
	if err != nil {
		return err
	}
	s.seenLast, err = otter.New(&otter.Options[string, []oid.DefinitionVersion]{MaximumSize: placesSeen})
	return err
}

// overhead is what an entry takes besides what is in it.
const overhead = 512

func weight(size int) uint32 {
	return uint32(min(size, 1<<31))
}

// The sizes of what a parsed value is made of.
const (
	itemSize   = 32
	memberSize = 48
	treeSize   = 48
)

// sizeOf is about the memory that a parsed value takes.
func sizeOf(v delta.Value) int {
	size := len(v.Text())
	switch v.Kind() {
	case delta.Array:
		size += treeSize
		for item := range v.Items() {
			size += itemSize + sizeOf(item)
		}
	case delta.Object:
		size += treeSize
		for name, member := range v.Members() {
			size += memberSize + len(name) + sizeOf(member)
		}
	}
	return size
}

// placeKey names what was seen last of a definition, for a client and through the URL of another.
func placeKey(p Place, client, url oid.Client, way string) string {
	return strings.Join([]string{string(p.Application), string(p.Kind), p.Name, string(client), string(url), way}, "\x00")
}

// held are versions that this node has, of those that were in a stack when it was last read: they need not be sent.
func (s *Service) held(key string) map[oid.DefinitionVersion]*Version {
	ids, _ := s.seenLast.GetIfPresent(key)
	held := make(map[oid.DefinitionVersion]*Version, len(ids))
	for _, id := range ids {
		if v, ok := s.versions.GetIfPresent(id); ok {
			held[id] = v
		}
	}
	return held
}

// remember keeps which versions are in a stack, where there are any: what people make up is not kept.
func (s *Service) remember(key string, st *Stack) {
	if len(st.Layers) == 0 {
		return
	}
	ids := make([]oid.DefinitionVersion, len(st.Layers))
	for i, l := range st.Layers {
		ids[i] = l.ID
	}
	s.seenLast.Set(key, ids)
}
