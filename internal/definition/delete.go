package definition

import (
	"context"
	"fmt"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

// Delete takes the layer of the caller's client away (authority Definition_DELETE), and gives its id. Errors: INVALID,
// NOT_FOUND, NOT_ALLOWED, CONFLICT.
func (s *Service) Delete(ctx context.Context, cmd Delete) (id oid.DefinitionLayer, err error) {
	var errs apperr.Collector
	CheckPlace(&errs, cmd.Place)
	if err := errs.Err(); err != nil {
		return "", err
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		at, err := s.judged(ctx, tx, cmd.Place)
		if err != nil {
			return err
		}
		if at.own == nil {
			return apperr.At("input.name", apperr.NotFound, "the client has no layer of such a definition")
		}
		if err := apperr.Current(cmd.ExpectedVersion, at.own.LayerVersion); err != nil {
			return err
		}
		overlays, err := s.overlays(ctx, at)
		if err != nil {
			return err
		}
		if len(overlays) > 0 && !cmd.Force {
			return apperr.At("input.force", apperr.NotAllowed, "%d layers of other clients build on it: they would have to go too", len(overlays))
		}
		id = at.own.Layer
		return s.remove(ctx, "definitionDelete", append([]*Stored{at.own}, overlays...))
	})
	return id, err
}

// overlays are the layers of other clients, locked, that build on the caller's, where that is the lowest: deltas of clients
// that have it in their chain, and no whole object in force between. Those that sleep are among them.
func (s *Service) overlays(ctx context.Context, at *stand) (list []*Stored, err error) {
	if !at.own.Whole || at.base.Present() {
		return nil, nil
	}
	var q query
	q.add("SELECT l.id, l.client_id, v.number, l.final, l.public FROM definition_layers AS l JOIN definition_versions AS v ON v.id = l.current_id"+
		" WHERE l.application_id = ? AND l.kind = ? AND l.name = ? AND l.client_id <> ? AND l.whole = FALSE", at.Application, at.Kind, at.Name, at.Client)
	if at.Client != at.Owner {
		q.add(" AND EXISTS (SELECT 1 FROM client_paths AS s WHERE s.ancestor_id = ? AND s.descendant_id = l.client_id)", at.Client)
	}
	q.add(" AND NOT EXISTS (SELECT 1 FROM client_paths AS p JOIN definition_layers AS w ON w.client_id = p.ancestor_id AND w.application_id = l.application_id"+
		" AND w.kind = l.kind AND w.name = l.name AND w.whole = TRUE AND w.client_id <> ?"+
		" JOIN access_grants AS g ON g.client_id = w.client_id AND g.application_id = w.application_id AND g.level = ?"+
		" AND (g.expires_at IS NULL OR g.expires_at > ?) WHERE p.descendant_id = l.client_id)", at.Client, enum.LevelWrite, actor.From(ctx).Now())
	q.add(" ORDER BY l.id" + s.db.ForUpdateClause())
	err = s.db.Each(ctx, q.text.String(), q.args, func(scan func(...any) error) error {
		l := &Stored{Version: &Version{Place: at.Place}}
		list = append(list, l)
		return scan(&l.Layer, &l.Client, &l.Number, &l.Final, &l.Public)
	})
	if err != nil {
		return nil, fmt.Errorf("definition: read the layers above: %w", err)
	}
	return list, nil
}

// Removed counts the layers of other clients that went with the layer of the caller's client when that was last taken away.
func (s *Service) Removed(ctx context.Context, place Place) (n int, err error) {
	client := actor.From(ctx).Client
	if _, err = s.db.First(ctx, []any{&n}, "SELECT COUNT(*) FROM definition_versions AS v JOIN definition_versions AS o"+
		" ON o.application_id = v.application_id AND o.kind = v.kind AND o.name = v.name AND o.created_at = v.created_at"+
		" WHERE v.client_id = ? AND v.application_id = ? AND v.kind = ? AND v.name = ? AND v.removed = TRUE"+
		" AND v.number = (SELECT MAX(m.number) FROM definition_versions AS m WHERE m.client_id = v.client_id AND m.application_id = v.application_id"+
		" AND m.kind = v.kind AND m.name = v.name AND m.removed = TRUE) AND o.removed = TRUE AND o.client_id <> v.client_id",
		client, place.Application, place.Kind, place.Name); err != nil {
		return 0, fmt.Errorf("definition: count what was taken away: %w", err)
	}
	return n, nil
}
