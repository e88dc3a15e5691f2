package application

import (
	"context"
	"regexp"
	"strconv"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/oid"
)

var propertyName = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,63}$`)

// Limits of properties (domain 6.3).
const (
	maxValue      = 16 << 10 // bytes
	maxProperties = 100      // in one call
)

// SetProperties sets properties of an application for one client, all or none (domain 6.4, 6.5).
type SetProperties struct {
	Application oid.Application
	Client      oid.Client // the caller's client when empty
	Properties  []Property
}

// Property is one to be set.
type Property struct {
	Name            string
	Value           string
	Public          *bool // nil: as it was, false for a new one
	ExpectedVersion *int  // 0: it must not exist
}

// Validate joins what is wrong with the command.
func (c *SetProperties) Validate() error {
	var errs apperr.Collector
	if n := len(c.Properties); n < 1 || n > maxProperties {
		errs.Add(apperr.At("input.properties", apperr.Invalid, "1 to %d properties are set in one call, not %d", maxProperties, n))
		return errs.Err()
	}
	seen := map[string]bool{}
	for i, p := range c.Properties {
		if !propertyName.MatchString(p.Name) {
			errs.Add(apperr.At(at(i, "name"), apperr.Invalid, "a property's name is 1 to 64 capitals, digits and underscores, and begins with a capital"))
		}
		if seen[p.Name] {
			errs.Add(apperr.At(at(i, "name"), apperr.Invalid, "this property stands in the list twice"))
		}
		seen[p.Name] = true
		if len(p.Value) > maxValue {
			errs.Add(apperr.At(at(i, "value"), apperr.Invalid, "a value has at most %d bytes, not %d", maxValue, len(p.Value)))
		}
	}
	return errs.Err()
}

func at(i int, field string) string { return "input.properties." + strconv.Itoa(i) + "." + field }

// SetProperties sets properties (authority Application_UPDATE) and gives them as they are stored now, in the order of
// the command. Errors: INVALID, NOT_FOUND, NOT_ALLOWED, CONFLICT.
func (s *Service) SetProperties(ctx context.Context, cmd SetProperties) ([]*StoredProperty, error) {
	if err := cmd.Validate(); err != nil {
		return nil, err
	}
	if cmd.Client == "" {
		cmd.Client = actor.From(ctx).Client
	}
	var set []*StoredProperty
	err := s.db.InTx(ctx, func(ctx context.Context, _ *ent.Client) error {
		found, err := s.readStanding(ctx, cmd)
		if err != nil {
			return err
		}
		if err := maySetProperties(actor.From(ctx), found, cmd.Client); err != nil {
			return err
		}
		w := propertyWriter{s: s, cmd: cmd}
		for i, p := range cmd.Properties {
			if err := w.set(ctx, i, p, found.properties[p.Name]); err != nil {
				return err
			}
		}
		set = w.all
		return w.finish(ctx)
	})
	return set, err
}

func maySetProperties(a *actor.Actor, found *standing, client oid.Client) error {
	switch {
	case found == nil:
		return apperr.At("input.applicationId", apperr.NotFound, "no such application")
	case !found.reached:
		return apperr.At("input.clientId", apperr.NotFound, "no such client")
	}
	mine, its := found.access(a, client)
	if !authz.MaySetProperties(authz.Caller{Client: a.Client, Rules: found.rules, Access: mine}, its, true) {
		return apperr.At("input.applicationId", apperr.NotAllowed, "properties are set for a client with access: by the owner and the clients managing it, or by a client with write access for itself and those below it")
	}
	return nil
}

// propertyWriter sets properties one by one; new ones and audit events are gathered and written together.
type propertyWriter struct {
	s      *Service
	cmd    SetProperties
	all    []*StoredProperty
	fresh  []*StoredProperty
	events []audit.Event
}

func (w *propertyWriter) set(ctx context.Context, i int, p Property, row *StoredProperty) error {
	version := 0
	if row != nil {
		version = row.Version
	}
	if p.ExpectedVersion != nil && *p.ExpectedVersion != version {
		return conflict(at(i, "expectedVersion"), version)
	}
	if row == nil {
		w.create(p)
		return nil
	}
	w.all = append(w.all, row)
	public := row.Public
	if p.Public != nil {
		public = *p.Public
	}
	if p.Value == row.Value && public == row.Public {
		return nil
	}
	before := map[string]any{"value": row.Value, "public": row.Public}
	row.Value, row.Public, row.Version, row.UpdatedAt = p.Value, public, version+1, clock.Now()
	done, err := w.s.updateProperty(ctx, row, version)
	if err != nil {
		return err
	}
	if !done {
		return conflict(at(i, "expectedVersion"), row.Version)
	}
	w.note(row, before)
	return nil
}

func (w *propertyWriter) create(p Property) {
	now := clock.Now()
	row := &StoredProperty{
		ID: oid.New[oid.Property](), CreatedAt: now, UpdatedAt: now, Version: 1, Client: w.cmd.Client, Application: w.cmd.Application,
		Name: p.Name, Value: p.Value, Public: p.Public != nil && *p.Public,
	}
	w.all, w.fresh = append(w.all, row), append(w.fresh, row)
	w.note(row, nil)
}

func (w *propertyWriter) note(row *StoredProperty, before map[string]any) {
	w.events = append(w.events, audit.Event{Client: row.Client, Operation: "applicationPropertiesSet", Kind: "ApplicationProperty", Object: string(row.ID),
		Before: before, After: map[string]any{"name": row.Name, "applicationId": row.Application, "value": row.Value, "public": row.Public}})
}

func (w *propertyWriter) finish(ctx context.Context) error {
	if len(w.fresh) > 0 {
		if err := w.s.insertProperties(ctx, w.fresh); err != nil {
			return err
		}
	}
	return audit.Record(ctx, w.s.db, w.events...)
}
