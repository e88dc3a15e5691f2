package definition

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/appanage/appanage/internal/delta"
	"github.com/appanage/appanage/internal/layers"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// Version is one state of a layer (domain 9.6). It never changes, and is shared by all who read it.
type Version struct {
	ID     oid.DefinitionVersion
	Client oid.Client
	Place  Place
	Number int
	Whole  bool
	Final  bool
	Public bool
	// Base are the versions below it that its author saw, lowest first.
	Base []oid.DefinitionVersion
	// Content is not present where the layer was taken away.
	Content delta.Value

	length int // of the content, in bytes
	size   int // about, in memory
}

// Layer is the version as one of a chain.
func (v *Version) Layer() layers.Layer {
	return layers.Layer{Client: v.Client, Version: string(v.ID), Whole: v.Whole, Final: v.Final, Content: v.Content}
}

// versionColumns are those of a version with the alias v, as scanned.into takes them, but its content.
const versionColumns = "v.id, v.number, v.whole, v.final, v.public, v.base"

// scanned is what a row says of a version; all of it may be NULL.
type scanned struct {
	id, base             sql.NullString
	number               sql.NullInt64
	whole, final, public sql.NullBool
	content              []byte
}

func (r *scanned) into() []any {
	return []any{&r.id, &r.number, &r.whole, &r.final, &r.public, &r.base, &r.content}
}

// version keeps what was read of a version. Its content was read by the rules when it was written, and is read so again.
func (s *Service) version(place Place, client oid.Client, r *scanned) (*Version, error) {
	v := &Version{
		ID: oid.DefinitionVersion(r.id.String), Client: client, Place: place, Number: int(r.number.Int64),
		Whole: r.whole.Bool, Final: r.final.Bool, Public: r.public.Bool, Base: baseOf(r.base.String),
		size: overhead + len(r.base.String),
	}
	if len(r.content) > 0 {
		content, err := delta.Parse(r.content, Limits.ForDelta())
		if err != nil {
			return nil, fmt.Errorf("definition: read version %s: %w", v.ID, err)
		}
		v.Content, v.length = content, len(r.content)
		v.size += len(r.content) + sizeOf(content)
	}
	s.versions.Set(v.ID, v)
	return v, nil
}

// baseOf reads the column: ids with spaces between.
func baseOf(column string) []oid.DefinitionVersion {
	words := strings.Fields(column)
	ids := make([]oid.DefinitionVersion, len(words))
	for i, w := range words {
		ids[i] = oid.DefinitionVersion(w)
	}
	return ids
}

// BaseColumn writes the column of a base.
func BaseColumn(ids []oid.DefinitionVersion) string {
	words := make([]string, len(ids))
	for i, id := range ids {
		words[i] = string(id)
	}
	return strings.Join(words, " ")
}

// kept gives versions of a definition as they were, in the order asked for, by at most one statement. Those that are of
// another definition, or gone with their client, are left out. Whoever asks has been told of their ids by the hub: by a
// base that a row keeps, or in an etag.
func (s *Service) kept(ctx context.Context, place Place, ids []oid.DefinitionVersion) ([]*Version, error) {
	found := make(map[oid.DefinitionVersion]*Version, len(ids))
	var missing []oid.DefinitionVersion
	for _, id := range ids {
		if v, ok := s.versions.GetIfPresent(id); ok {
			found[id] = v
		} else {
			missing = append(missing, id)
		}
	}
	if len(missing) > 0 {
		err := s.readVersions(ctx, place, missing, found)
		if err != nil {
			return nil, fmt.Errorf("definition: read versions: %w", err)
		}
	}
	list := make([]*Version, 0, len(ids))
	for _, id := range ids {
		if v := found[id]; v != nil && v.Place == place {
			list = append(list, v)
		}
	}
	return list, nil
}

func (s *Service) readVersions(ctx context.Context, place Place, ids []oid.DefinitionVersion, into map[oid.DefinitionVersion]*Version) error {
	query := "SELECT v.client_id, " + versionColumns + ", v.content FROM definition_versions AS v WHERE v.id IN " + store.Marks(len(ids)) +
		" AND v.application_id = ? AND v.kind = ? AND v.name = ?"
	args := append(store.Anys(ids), place.Application, place.Kind, place.Name)
	return s.db.Each(ctx, query, args, func(scan func(...any) error) error {
		var client oid.Client
		var r scanned
		if err := scan(append([]any{&client}, r.into()...)...); err != nil {
			return err
		}
		v, err := s.version(place, client, &r)
		if err == nil {
			into[v.ID] = v
		}
		return err
	})
}

// asLayers are versions as a chain.
func asLayers(versions []*Version) []layers.Layer {
	chain := make([]layers.Layer, len(versions))
	for i, v := range versions {
		chain[i] = v.Layer()
	}
	return chain
}
