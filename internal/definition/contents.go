package definition

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// readContents fills the stacks of some names with the layers of a circle. It ends where they hold too much.
func (s *Service) readContents(ctx context.Context, c *circle, names []Name, stacks map[Name]*Stack, held map[oid.DefinitionVersion]*Version) error {
	content, known := contentBut(slices.Sorted(maps.Keys(held)))
	clients := store.Padded(slices.Sorted(maps.Keys(c.depths)))
	words, keys := make([]string, len(names)), make([]string, len(names))
	for i, n := range names {
		words[i], keys[i] = n.Name, string(n.Kind)+" "+n.Name
	}
	var q query
	q.add("SELECT l.kind, l.name, l.client_id"+ofLayer+content+" FROM definition_layers AS l"+current, known...)
	q.add(" WHERE l.application_id = ? AND l.client_id IN "+store.Marks(len(clients)), append([]any{c.Application}, store.Anys(clients)...)...)
	q.add(" AND l.name IN "+store.Marks(len(store.Padded(words))), store.Anys(store.Padded(words))...)
	q.add(" AND CONCAT(l.kind, ' ', l.name) IN "+store.Marks(len(store.Padded(keys))), store.Anys(store.Padded(keys))...)
	r := reader{service: s, held: held}
	stored := 0
	err := s.db.Each(ctx, q.text.String(), q.args, func(scan func(...any) error) error {
		var n Name
		var client oid.Client
		var row layerRow
		if err := scan(append([]any{&n.Kind, &n.Name, &client}, row.into()...)...); err != nil {
			return err
		}
		st := stacks[n]
		if st == nil {
			return nil
		}
		l, err := r.layer(st, client, c.depths[client], c.writes[client], &row)
		if err != nil {
			return err
		}
		if stored += l.length; stored > mostStored {
			return tooMuch()
		}
		return nil
	})
	if err != nil && apperr.CodeOf(err) != apperr.TooCostly {
		return fmt.Errorf("definition: read the layers of a page: %w", err)
	}
	return err
}
