package property

import (
	"context"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/oid"
)

// writer sets and deletes properties. What is new or gone, the history and the audit events are gathered and written
// together.
type writer struct {
	s         *Service
	target    target
	found     *standing
	operation string
	all       []*Stored // in the order of the command
	fresh     []*Stored
	gone      []*Stored
	changes   []change
	events    []audit.Event
}

// change is a row of property_changes.
type change struct {
	id  oid.PropertyChange
	row *Stored
	// removed: it was taken away.
	removed bool
}

// masked stands in the trail for a secret that was set.
const masked = "***"

// note notes a change for the history and the trail: from nil it was made, to nil it is gone.
func (w *writer) note(from, to *Stored) {
	row := to
	if to == nil {
		row = from
	}
	w.changes = append(w.changes, change{oid.New[oid.PropertyChange](), row, to == nil})
	// A value that becomes secret may be the one it was before: neither is told.
	secret := from != nil && from.Secret || to != nil && to.Secret
	e := audit.Event{Client: row.Client, Operation: w.operation, Kind: "ApplicationProperty", Object: string(row.ID)}
	if from != nil {
		e.Before = fields(from, secret)
	}
	if to != nil {
		e.After = fields(to, secret)
		e.After["name"], e.After["applicationId"] = to.Name, to.Application
	} else {
		e.Before["name"], e.Before["applicationId"] = from.Name, from.Application
	}
	w.events = append(w.events, e)
}

// fields are those of a property that change.
func fields(row *Stored, secret bool) map[string]any {
	all := map[string]any{"value": row.Value, "public": row.Public}
	if secret {
		all["value"], all["secret"] = masked, row.Secret
	}
	return all
}

func (w *writer) finish(ctx context.Context) error {
	if len(w.fresh) > 0 {
		kept, err := w.s.count(ctx, w.target)
		if err != nil {
			return err
		}
		if kept += len(w.fresh); kept > maxKept {
			return tooMany(kept)
		}
		if err := w.s.insert(ctx, w.fresh); err != nil {
			return err
		}
	}
	if len(w.gone) > 0 {
		if err := w.s.remove(ctx, w.found, w.gone); err != nil {
			return err
		}
	}
	if len(w.changes) > 0 {
		if err := w.s.insertChanges(ctx, actor.From(ctx), w.changes); err != nil {
			return err
		}
	}
	return audit.Record(ctx, w.s.db, w.events...)
}
