package definition

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// mostLayers is how many layers one client can have in one application.
const mostLayers = 10_000

// Versions are written by hand: nobody may change them, so the store's locks refuse them as ent's mutations. In their place
// stands what each statement here is about: layers that a command has decided on, the application locked.

// write makes a version the current one of the caller's layer, unless it says nothing new: that leaves no trace.
func (s *Service) write(ctx context.Context, at *stand, operation string, next Version) error {
	if at.own == nil && saysNothing(next) || at.own != nil && same(at.own.Version, &next) {
		return nil
	}
	now := clock.Now()
	next.ID = oid.New[oid.DefinitionVersion]()
	if at.own != nil {
		next.Number = at.own.Number + 1
		if err := s.insertVersions(ctx, now, row{Version: &next}); err != nil {
			return err
		}
		if err := s.update(ctx, now, at.own, &next); err != nil {
			return err
		}
		return s.record(ctx, operation, at.own.Layer, at.own.Version, &next)
	}
	last, err := s.lastNumber(ctx, at)
	if err != nil {
		return err
	}
	next.Number = last + 1
	if err := s.insertVersions(ctx, now, row{Version: &next}); err != nil {
		return err
	}
	layer := oid.New[oid.DefinitionLayer]()
	if err := s.insertLayer(ctx, now, layer, &next); err != nil {
		return err
	}
	return s.record(ctx, operation, layer, nil, &next)
}

// saysNothing tells of a layer that would change nothing, and is not there.
func saysNothing(v Version) bool {
	return !v.Whole && !v.Final && !v.Public && v.Content.Len() == 0
}

// same tells whether two versions say the same, made on the same base.
func same(a, b *Version) bool {
	return a.Whole == b.Whole && a.Final == b.Final && a.Public == b.Public && slices.Equal(a.Base, b.Base) && a.Content.Equal(b.Content)
}

// row is a version to be written; removed: the layer is taken away, and it has no content.
type row struct {
	*Version

	removed bool
}

// rowsAtOnce is how many rows one statement writes.
const rowsAtOnce = 200

const (
	intoVersions = "INSERT INTO definition_versions (id, created_at, updated_at, version, client_id, application_id, kind, name, number, content, base, " +
		"whole, final, public, removed, changed_by_client_id, changed_by_id) VALUES "
	versionValues = "(?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	intoLayers    = "INSERT INTO definition_layers (id, created_at, updated_at, version, client_id, application_id, kind, name, current_id, " +
		"whole, final, public) VALUES "
	layerValues = "(?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?)"
)

func (s *Service) insertVersions(ctx context.Context, now time.Time, all ...row) error {
	a := actor.From(ctx)
	for batch := range slices.Chunk(all, rowsAtOnce) {
		var args []any
		for _, r := range batch {
			args = append(args, r.ID, now, now, r.Client, r.Place.Application, r.Place.Kind, r.Place.Name, r.Number, r.Content.String(), BaseColumn(r.Base),
				r.Whole, r.Final, r.Public, r.removed, store.OrNull(a.Client), store.OrNull(a.User))
		}
		if _, err := s.db.Exec(ctx, rows(intoVersions, versionValues, len(batch)), args...); err != nil {
			return fmt.Errorf("definition: insert versions: %w", err)
		}
	}
	return nil
}

// update makes a version the current one of a layer that is locked.
func (s *Service) update(ctx context.Context, now time.Time, own *Stored, next *Version) error {
	result, err := s.db.Exec(ctx, "UPDATE definition_layers SET current_id = ?, whole = ?, final = ?, public = ?, updated_at = ?, version = version + 1"+
		" WHERE id = ? AND client_id = ? AND version = ?", next.ID, next.Whole, next.Final, next.Public, now, own.Layer, next.Client, own.LayerVersion)
	if err != nil {
		return fmt.Errorf("definition: update a layer: %w", err)
	}
	switch n, err := result.RowsAffected(); {
	case err != nil:
		return fmt.Errorf("definition: update a layer: %w", err)
	case n != 1:
		return fmt.Errorf("definition: layer %s has changed while it was locked", own.Layer)
	}
	return nil
}

// insertLayer makes the first layer that a client has of a definition, or the first again.
func (s *Service) insertLayer(ctx context.Context, now time.Time, id oid.DefinitionLayer, v *Version) error {
	var kept int
	if _, err := s.db.First(ctx, []any{&kept}, "SELECT COUNT(*) FROM definition_layers WHERE client_id = ? AND application_id = ?",
		v.Client, v.Place.Application); err != nil {
		return fmt.Errorf("definition: count layers: %w", err)
	}
	if kept >= mostLayers {
		return apperr.At("input.name", apperr.NotAllowed, "a client has at most %d layers of one application's definitions", mostLayers)
	}
	if _, err := s.db.Exec(ctx, rows(intoLayers, layerValues, 1), id, now, now, v.Client, v.Place.Application, v.Place.Kind, v.Place.Name, v.ID,
		v.Whole, v.Final, v.Public); err != nil {
		return fmt.Errorf("definition: insert a layer: %w", err)
	}
	return nil
}

// lastNumber is the number of the last version that the caller's client has had of a definition: they count on.
func (s *Service) lastNumber(ctx context.Context, at *stand) (last int, err error) {
	if _, err := s.db.First(ctx, []any{&last}, "SELECT COALESCE(MAX(number), 0) FROM definition_versions WHERE client_id = ? AND application_id = ? AND kind = ? AND name = ?",
		at.Client, at.Application, at.Kind, at.Name); err != nil {
		return 0, fmt.Errorf("definition: read the last number: %w", err)
	}
	return last, nil
}

// remove takes layers away: of each there is a last version that says so.
func (s *Service) remove(ctx context.Context, operation string, all []*Stored) error {
	now := clock.Now()
	last, ids, events := make([]row, len(all)), make([]any, len(all)), make([]audit.Event, len(all))
	for i, l := range all {
		last[i] = row{&Version{
			ID: oid.New[oid.DefinitionVersion](), Client: l.Client, Place: l.Place, Number: l.Number + 1, Whole: l.Whole,
		}, true}
		ids[i] = l.Layer
		events[i] = event(operation, l.Layer, l.Version, nil)
	}
	if err := s.insertVersions(ctx, now, last...); err != nil {
		return err
	}
	for batch := range slices.Chunk(ids, rowsAtOnce) {
		if _, err := s.db.Exec(ctx, "DELETE FROM definition_layers WHERE id IN "+store.Marks(len(batch)), batch...); err != nil {
			return fmt.Errorf("definition: delete layers: %w", err)
		}
	}
	for batch := range slices.Chunk(events, rowsAtOnce) {
		if err := audit.Record(ctx, s.db, batch...); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) record(ctx context.Context, operation string, layer oid.DefinitionLayer, from, to *Version) error {
	return audit.Record(ctx, s.db, event(operation, layer, from, to))
}

// event is a change for the trail: from nil the layer was made, to nil it is gone.
func event(operation string, layer oid.DefinitionLayer, from, to *Version) audit.Event {
	e := audit.Event{Operation: operation, Kind: "DefinitionLayer", Object: string(layer)}
	if from != nil {
		e.Client, e.Before = from.Client, fields(from)
	}
	if to != nil {
		e.Client, e.After = to.Client, fields(to)
	}
	return e
}

// fields are a version as the trail has it: its content is in the versions.
func fields(v *Version) map[string]any {
	return map[string]any{"applicationId": v.Place.Application, "kind": v.Place.Kind, "name": v.Place.Name, "number": v.Number,
		"whole": v.Whole, "final": v.Final, "public": v.Public}
}
