package bundle

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/application"
	"github.com/appanage/appanage/internal/definition"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/property"
)

// Report is what a bundle does to an application.
type Report struct {
	// Changes are by kind, without those of which nothing changes.
	Changes []Change

	definition.OverlayReport
}

// Change is what it does to the objects of a kind.
type Change struct {
	Kind    string `json:"kind"` // as the API calls it
	Made    int    `json:"made"`
	Changed int    `json:"changed"`
	Dropped int    `json:"dropped"`
}

// rowBudget is how many rows a bundle may read, of which most are in reach of nothing but it: layers of other clients, and
// what the application has.
const rowBudget = 2_000_000

// put puts a document into an application, whose row is locked. It decides who may; all that it runs relies on that, or
// decides for itself.
func (s *Service) put(ctx context.Context, tx *ent.Client, j *application.Judged, doc *Document, operation string) (*Report, error) {
	if !s.Rules.Upgrades(j.Caller, j.Facts) {
		return nil, apperr.At(atApplication, apperr.NotAllowed, "only the owner, the clients managing it, SYSTEM, and the creator while it may write may bring it up to a bundle")
	}
	if !s.Rules.Grows(j.Status) {
		return nil, apperr.Archived(atApplication)
	}
	r := &rights{s: s, commands: s.Authority.Providing(j.Application), j: j, doc: doc, operation: operation}
	if err := r.put(ctx, tx); err != nil {
		return nil, err
	}
	settings, err := s.Properties.Provide(ctx, property.Provide{
		Application: j.ID, Owner: j.ClientID, Operation: operation, Properties: doc.settings(),
	}, func(i int, message string) error {
		return apperr.At(atBundle, apperr.Invalid, "%s: %s", place("properties", i), message)
	})
	if err != nil {
		return nil, err
	}
	definitions, err := s.Definitions.Provide(ctx, definition.Provide{
		Application: j.ID, Owner: j.ClientID, Operation: operation, Definitions: doc.provided(),
	})
	if err != nil {
		return nil, err
	}
	report := &Report{OverlayReport: definitions.Overlays}
	report.note("ApplicationProperty", counts{settings.Made, settings.Changed, settings.Dropped})
	report.note("Definition", counts{definitions.Made, definitions.Changed, definitions.Dropped})
	report.note("Package", r.pkg)
	report.note("Permission", r.permission)
	report.note("Role", r.role())
	return report, nil
}

// note adds a kind, where there is anything to tell.
func (r *Report) note(kind string, c counts) {
	if c != (counts{}) {
		r.Changes = append(r.Changes, Change{kind, c.made, c.changed, c.dropped})
	}
}

// writes tells whether anything is to be written.
func (r *Report) writes() bool {
	return slices.ContainsFunc(r.Changes, func(c Change) bool {
		stays := c.Kind == "Package" || c.Kind == "Permission" || c.Kind == "Role"
		return c.Made+c.Changed > 0 || c.Dropped > 0 && !stays
	})
}

func (d *Document) settings() []property.Property {
	list := make([]property.Property, len(d.Properties))
	for i, p := range d.Properties {
		list[i] = property.Property{Name: p.Name, Value: p.Value, Public: &p.Public}
	}
	return list
}

func (d *Document) provided() []definition.Provided {
	list := make([]definition.Provided, len(d.Definitions))
	for i, one := range d.Definitions {
		list[i] = definition.Provided(one)
	}
	return list
}

// told is what the trail keeps of a report: numbers.
type told struct {
	BundleID      oid.Bundle `json:"bundleId"`
	Changes       []Change   `json:"changes"`
	ConflictCount int        `json:"conflictCount"`
	SleepingCount int        `json:"sleepingCount"`
}

func (r *Report) told(id oid.Bundle) map[string]any {
	return map[string]any{"bundleId": id, "changes": r.Changes, "conflictCount": r.ConflictCount, "sleepingCount": r.SleepingCount}
}

// tell reads what the trail has of the last time that an operation put a bundle into an application; nothing where it did
// not change anything. Who asks has run it.
func (s *Service) tell(ctx context.Context, id oid.Application, operation string, is func(oid.Bundle) bool) (*Report, error) {
	report := &Report{}
	err := s.db.Each(ctx, "SELECT `after` FROM audit_events WHERE object_id = ? AND operation = ? ORDER BY id", []any{id, operation},
		func(scan func(...any) error) error {
			var text string
			if err := scan(&text); err != nil {
				return err
			}
			var t told
			if err := json.Unmarshal([]byte(text), &t); err != nil {
				return err
			}
			if is(t.BundleID) {
				report.Changes, report.ConflictCount, report.SleepingCount = t.Changes, t.ConflictCount, t.SleepingCount
			}
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("bundle: read what was done: %w", err)
	}
	return report, nil
}
