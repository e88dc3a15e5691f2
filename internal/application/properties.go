package application

import (
	"context"
	"fmt"
	"regexp"
	"strconv"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/applicationproperty"
	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/scope"
	"github.com/appanage/appanage/internal/store"
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

// SetProperties sets properties (authority Application_UPDATE) and gives their ids in the order of the command.
// Errors: INVALID, NOT_FOUND, NOT_ALLOWED, CONFLICT.
func (s *Service) SetProperties(ctx context.Context, cmd SetProperties) ([]oid.Property, error) {
	if err := cmd.Validate(); err != nil {
		return nil, err
	}
	if cmd.Client == "" {
		cmd.Client = actor.From(ctx).Client
	}
	var set []oid.Property
	err := s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		app, err := s.load(ctx, tx, cmd.Application, "input.applicationId")
		if err != nil {
			return err
		}
		if err := maySetProperties(ctx, tx, app, cmd.Client); err != nil {
			return err
		}
		set, err = s.setProperties(ctx, tx, cmd)
		return err
	})
	return set, err
}

func maySetProperties(ctx context.Context, tx *ent.Client, app *ent.Application, target oid.Client) error {
	if target != actor.From(ctx).Client {
		known, err := tx.Tenant.Query().Where(tenant.ID(target), scope.Listed(ctx, "Tenant")).Exist(ctx)
		if err != nil {
			return fmt.Errorf("application: read the client: %w", err)
		}
		if !known {
			return apperr.At("input.clientId", apperr.NotFound, "no such client")
		}
	}
	c, err := caller(ctx, tx, app)
	if err != nil {
		return err
	}
	level, err := access(ctx, tx, app, target)
	if err != nil {
		return err
	}
	if !authz.MaySetProperties(c, level, true) {
		return apperr.At("input.applicationId", apperr.NotAllowed, "properties are set for a client with access: by the owner and the clients managing it, or by a client with write access for itself and those below it")
	}
	return nil
}

func (s *Service) setProperties(ctx context.Context, tx *ent.Client, cmd SetProperties) ([]oid.Property, error) {
	names := make([]string, len(cmd.Properties))
	for i, p := range cmd.Properties {
		names[i] = p.Name
	}
	rows, err := store.ForUpdate(s.db, tx.ApplicationProperty.Query().Where(applicationproperty.ApplicationID(cmd.Application),
		applicationproperty.ClientID(cmd.Client), applicationproperty.NameIn(names...))).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("application: read properties: %w", err)
	}
	there := make(map[string]*ent.ApplicationProperty, len(rows))
	for _, row := range rows {
		there[row.Name] = row
	}
	w := propertyWriter{tx: tx, cmd: cmd}
	for i, p := range cmd.Properties {
		if err := w.set(ctx, i, p, there[p.Name]); err != nil {
			return nil, err
		}
	}
	return w.ids, w.finish(ctx)
}

// propertyWriter sets properties one by one; new ones and audit events are gathered and written together.
type propertyWriter struct {
	tx     *ent.Client
	cmd    SetProperties
	ids    []oid.Property
	create []*ent.ApplicationPropertyCreate
	events []audit.Event
}

func (w *propertyWriter) set(ctx context.Context, i int, p Property, old *ent.ApplicationProperty) error {
	version := 0
	if old != nil {
		version = old.Version
	}
	if p.ExpectedVersion != nil && *p.ExpectedVersion != version {
		return conflict(at(i, "expectedVersion"), version)
	}
	public := old != nil && old.Public
	if p.Public != nil {
		public = *p.Public
	}
	if old == nil {
		id := oid.New[oid.Property]()
		w.ids = append(w.ids, id)
		w.create = append(w.create, w.tx.ApplicationProperty.Create().SetID(id).SetApplicationID(w.cmd.Application).
			SetClientID(w.cmd.Client).SetName(p.Name).SetValue(p.Value).SetPublic(public))
		w.note(id, p.Name, nil, map[string]any{"value": p.Value, "public": public})
		return nil
	}
	w.ids = append(w.ids, old.ID)
	if p.Value == old.Value && public == old.Public {
		return nil
	}
	n, err := w.tx.ApplicationProperty.Update().Where(applicationproperty.ID(old.ID), applicationproperty.Version(old.Version)).
		SetValue(p.Value).SetPublic(public).AddVersion(1).Save(ctx)
	if err != nil {
		return fmt.Errorf("application: update a property: %w", err)
	}
	if n == 0 {
		return conflict(at(i, "expectedVersion"), old.Version+1)
	}
	w.note(old.ID, p.Name, map[string]any{"value": old.Value, "public": old.Public}, map[string]any{"value": p.Value, "public": public})
	return nil
}

func (w *propertyWriter) note(id oid.Property, name string, before, after map[string]any) {
	after["name"], after["applicationId"] = name, w.cmd.Application
	w.events = append(w.events, audit.Event{Client: w.cmd.Client, Operation: "applicationPropertiesSet", Kind: "ApplicationProperty",
		Object: string(id), Before: before, After: after})
}

func (w *propertyWriter) finish(ctx context.Context) error {
	if len(w.create) > 0 {
		if err := w.tx.ApplicationProperty.CreateBulk(w.create...).Exec(ctx); err != nil {
			return fmt.Errorf("application: insert properties: %w", err)
		}
	}
	if len(w.events) == 0 {
		return nil
	}
	return audit.Record(ctx, w.tx, w.events...)
}
