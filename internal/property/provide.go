package property

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/oid"
)

// Addresses are the properties that say where an application is found: of one platform, or of one client's host. They are no
// part of what an owner provides.
func Addresses() []string { return []string{URL, URLSuffix} }

// Provided reads what the owner of an application provides of properties, by name; secrets and addresses are counted. It is
// for commands that have decided that the caller may (authz.Rules.Exports).
func (s *Service) Provided(ctx context.Context, app oid.Application, owner oid.Client) (list []*Stored, secrets, addresses int, err error) {
	all, err := s.owned(ctx, app, owner)
	for _, row := range all {
		switch {
		case row.Secret:
			secrets++
		case row.address():
			addresses++
		default:
			list = append(list, row)
		}
	}
	return list, secrets, addresses, err
}

func (p *Stored) address() bool { return p.Name == URL || p.Name == URLSuffix }

// owned reads the properties of an application that one client has, by name.
func (s *Service) owned(ctx context.Context, app oid.Application, client oid.Client) (all []*Stored, err error) {
	err = s.db.Each(ctx, "SELECT id, created_at, updated_at, version, name, value, public, secret, sealed FROM application_properties"+
		" WHERE client_id = ? AND application_id = ? ORDER BY name", []any{client, app}, func(scan func(...any) error) error {
		p, value := &Stored{Client: client, Application: app}, sql.NullString{}
		err := scan(&p.ID, &p.CreatedAt, &p.UpdatedAt, &p.Version, &p.Name, &value, &p.Public, &p.Secret, &p.Sealed)
		p.Value = value.String
		all = append(all, p)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("property: read those of the owner: %w", err)
	}
	return all, nil
}

// Provide replaces what the owner of an application provides of properties (domain 12.2).
type Provide struct {
	Application oid.Application
	Owner       oid.Client
	Operation   string // names the command in the trail
	Properties  []Property
}

// Provision counts what that did.
type Provision struct{ Made, Changed, Dropped int }

// Provide sets and takes away properties of the owner, whoever the caller is: so it is for commands only that have decided
// that he may (authz.Rules.Upgrades), in a transaction that has locked the application's row. Secrets and addresses stay as
// they are, also where a property of their name is provided. INVALID: wrong says at which of the properties.
func (s *Service) Provide(ctx context.Context, cmd Provide, wrong func(i int, message string) error) (did Provision, err error) {
	for i, p := range cmd.Properties {
		if message := s.registry.refuses(p); message != "" {
			return did, wrong(i, message)
		}
	}
	all, err := s.owned(ctx, cmd.Application, cmd.Owner)
	if err != nil {
		return did, err
	}
	stored, stays := make(map[string]*Stored, len(all)), 0
	for _, row := range all {
		if stored[row.Name] = row; row.Secret || row.address() {
			stays++
		}
	}
	w := writer{s: s, target: target{application: cmd.Application, client: cmd.Owner}, operation: cmd.Operation}
	for _, p := range cmd.Properties {
		if err := w.provide(ctx, stored[p.Name], p, &did); err != nil {
			return did, err
		}
		delete(stored, p.Name)
	}
	if len(cmd.Properties)+stays > maxKept {
		return did, wrong(len(cmd.Properties)-1, fmt.Sprintf("the owner would have more than %d properties of the application", maxKept))
	}
	for _, row := range all { // in their order
		if row := stored[row.Name]; row != nil && !row.Secret && !row.address() {
			did.Dropped++
			row.UpdatedAt = clock.Now()
			w.gone = append(w.gone, row)
			w.note(row, nil)
		}
	}
	return did, w.provided(ctx)
}

// refuses says what is wrong with a property as far as the platform knows its name; "" where it is fine.
func (r Registry) refuses(p Property) string {
	var errs apperr.Collector
	checkName(&errs, "input", p.Name, map[string]bool{})
	if e, ok := apperr.As(errs.Err()); ok {
		return e.Message
	}
	if len(p.Value) > maxValue {
		return fmt.Sprintf("a value has at most %d bytes, not %d", maxValue, len(p.Value))
	}
	if d := r.Find(p.Name); d != nil {
		return d.Wrong(p.Value)
	}
	return ""
}

// provide sets one property.
func (w *writer) provide(ctx context.Context, row *Stored, p Property, did *Provision) error {
	public := chosen(p.Public, false)
	now := clock.Now()
	switch {
	case row == nil:
		next := &Stored{
			ID: oid.New[oid.Property](), CreatedAt: now, UpdatedAt: now, Version: 1,
			Client: w.target.client, Application: w.target.application, Name: p.Name, Value: p.Value, Public: public,
		}
		did.Made++
		w.fresh = append(w.fresh, next)
		w.note(nil, next)
		return nil
	case row.Secret || row.address() || row.Value == p.Value && row.Public == public:
		return nil
	}
	next := *row
	next.Value, next.Public, next.UpdatedAt, next.Version = p.Value, public, now, row.Version+1
	did.Changed++
	w.note(row, &next)
	_, err := w.s.db.Exec(ctx, "UPDATE application_properties SET updated_at = ?, version = ?, value = ?, public = ? WHERE id = ? AND version = ?",
		next.UpdatedAt, next.Version, next.Value, next.Public, next.ID, row.Version)
	if err != nil {
		return fmt.Errorf("property: update one of the owner: %w", err)
	}
	return nil
}

// provided writes what was gathered.
func (w *writer) provided(ctx context.Context) error {
	if len(w.fresh) > 0 {
		if err := w.s.insert(ctx, w.fresh); err != nil {
			return err
		}
	}
	for _, row := range w.gone {
		if _, err := w.s.db.Exec(ctx, "DELETE FROM application_properties WHERE id = ?", row.ID); err != nil {
			return fmt.Errorf("property: delete one of the owner: %w", err)
		}
	}
	if len(w.changes) > 0 {
		if err := w.s.insertChanges(ctx, actor.From(ctx), w.changes); err != nil {
			return err
		}
	}
	return audit.Record(ctx, w.s.db, w.events...)
}
