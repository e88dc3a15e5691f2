package property

import (
	"context"
	"regexp"
	"strconv"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/oid"
)

var namePattern = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,63}$`)

// Limits of properties (domain 6.3).
const (
	maxValue  = 16 << 10 // bytes
	maxInCall = 100
	maxKept   = 500 // of one application for one client
)

// Set sets properties of an application for one client, all or none (domain 6.4, 6.5).
type Set struct {
	Application oid.Application
	Client      oid.Client // the caller's client when empty
	Properties  []Property
}

// Property is one to be set.
type Property struct {
	Name            string
	Value           string
	Public          *bool // nil: as it was, false for a new one
	Secret          *bool // nil: as it was, false for a new one
	ExpectedVersion *int  // 0: it must not exist
}

// validate joins what is wrong with the command.
func (c *Set) validate(known Registry) error {
	var errs apperr.Collector
	if n := len(c.Properties); n < 1 || n > maxInCall {
		errs.Add(apperr.At("input.properties", apperr.Invalid, "1 to %d properties are set in one call, not %d", maxInCall, n))
		return errs.Err()
	}
	seen := map[string]bool{}
	for i, p := range c.Properties {
		checkName(&errs, at(i, "name"), p.Name, seen)
		if len(p.Value) > maxValue {
			errs.Add(apperr.At(at(i, "value"), apperr.Invalid, "a value has at most %d bytes, not %d", maxValue, len(p.Value)))
		} else if d := known.Find(p.Name); d != nil {
			if wrong := d.Wrong(p.Value); wrong != "" {
				errs.Add(apperr.At(at(i, "value"), apperr.Invalid, "%s", wrong))
			}
		}
		checkSecret(&errs, i, p, known)
	}
	return errs.Err()
}

// checkSecret notes what cannot be secret, as far as the input tells.
func checkSecret(errs *apperr.Collector, i int, p Property, known Registry) {
	switch {
	case p.Secret == nil || !*p.Secret:
	case p.Public != nil && *p.Public:
		errs.Add(apperr.At(at(i, "secret"), apperr.Invalid, "what is secret is not public"))
	case known.Find(p.Name) != nil:
		errs.Add(apperr.At(at(i, "secret"), apperr.Invalid, "%s is read by the platform and cannot be secret", p.Name))
	}
}

func checkName(errs *apperr.Collector, path, name string, seen map[string]bool) {
	if !namePattern.MatchString(name) {
		errs.Add(apperr.At(path, apperr.Invalid, "a property's name is 1 to 64 capitals, digits and underscores, and begins with a capital"))
	}
	if seen[name] {
		errs.Add(apperr.At(path, apperr.Invalid, "this property stands in the list twice"))
	}
	seen[name] = true
}

// Set sets properties (authority Application_UPDATE) and gives them as they are then, in the order of the command.
// Errors: INVALID, NOT_FOUND, NOT_ALLOWED, CONFLICT.
func (s *Service) Set(ctx context.Context, cmd Set) ([]*Stored, error) {
	if err := cmd.validate(s.registry); err != nil {
		return nil, err
	}
	names := make([]string, len(cmd.Properties))
	for i, p := range cmd.Properties {
		names[i] = p.Name
	}
	target := targetOf(ctx, cmd.Application, cmd.Client, names)
	var set []*Stored
	err := s.db.InTx(ctx, func(ctx context.Context, _ *ent.Client) error {
		found, err := s.permitted(ctx, target)
		if err != nil {
			return err
		}
		if !s.rules.Grows(found.status) {
			return apperr.Archived("input.applicationId")
		}
		if err := s.provenURL(ctx, target, cmd.Properties); err != nil {
			return err
		}
		w := writer{s: s, target: target, found: found, operation: "applicationPropertiesSet"}
		for i, p := range cmd.Properties {
			if err := w.set(ctx, i, p); err != nil {
				return err
			}
		}
		set = w.all
		return w.finish(ctx)
	})
	return set, err
}

// permitted reads what a call is decided on, locked, and decides (domain 6.4). Of a client out of the caller's scope
// nobody but the owner's side hears more than that there is none with access.
func (s *Service) permitted(ctx context.Context, t target) (*standing, error) {
	found, err := s.readStanding(ctx, t, locked)
	if err != nil {
		return nil, err
	}
	if found == nil {
		return nil, apperr.At("input.applicationId", apperr.NotFound, "no such application")
	}
	a := actor.From(ctx)
	mine, its := found.access(a, t.client)
	may := s.rules.SetsProperties(authz.Caller{Client: a.Client, Rules: found.rules, Access: mine}, its, found.reached)
	switch {
	case !found.reached && !may:
		return nil, apperr.At("input.clientId", apperr.NotFound, "no such client")
	case !may:
		return nil, apperr.At("input.applicationId", apperr.NotAllowed, "properties are set for a client with access: by the owner and the clients managing it, or by a client with write access for itself and those below it")
	}
	return found, nil
}

// provenURL refuses a URL that is not a proven origin of the client for the application (domain 6.3).
func (s *Service) provenURL(ctx context.Context, t target, list []Property) error {
	for i, p := range list {
		if p.Name != URL {
			continue
		}
		proven, err := s.isProven(ctx, t, p.Value)
		if err != nil {
			return err
		}
		if !proven {
			return apperr.At(at(i, "value"), apperr.Invalid, "%s is no proven origin of the client for this application: bind it, and prove it, first", p.Value)
		}
	}
	return nil
}

// set sets the i-th property. A secret one always counts as changed: whether it was set to what it was is not told.
func (w *writer) set(ctx context.Context, i int, p Property) error {
	row := w.found.properties[p.Name]
	version := 0
	if row != nil {
		version = row.Version
	}
	if p.ExpectedVersion != nil && *p.ExpectedVersion != version {
		return apperr.Outdated(at(i, "expectedVersion"), version)
	}
	now := clock.Now()
	next := &Stored{ID: oid.New[oid.Property](), CreatedAt: now, Client: w.target.client, Application: w.target.application, Name: p.Name}
	if row != nil {
		*next = *row
	}
	next.Value, next.UpdatedAt, next.Version = p.Value, now, version+1
	next.Public, next.Secret = chosen(p.Public, next.Public), chosen(p.Secret, next.Secret)
	if err := w.s.secrecy(i, p, next); err != nil {
		return err
	}
	if row != nil && !next.Secret && !row.Secret && next.Value == row.Value && next.Public == row.Public {
		w.all = append(w.all, row)
		return nil
	}
	w.all = append(w.all, next)
	w.note(row, next)
	if row == nil {
		w.fresh = append(w.fresh, next)
		return nil
	}
	done, err := w.s.update(ctx, w.found, next, version)
	if err != nil {
		return err
	}
	if !done {
		return apperr.Outdated(at(i, "expectedVersion"), next.Version)
	}
	return nil
}

func chosen(given *bool, otherwise bool) bool {
	if given != nil {
		return *given
	}
	return otherwise
}

// secrecy refuses what cannot be secret, and seals the value of what is: it stands nowhere else.
func (s *Service) secrecy(i int, p Property, row *Stored) error {
	row.Sealed = nil
	if !row.Secret {
		return nil
	}
	switch {
	case row.Public && p.Public != nil:
		return apperr.At(at(i, "public"), apperr.Invalid, "what is secret is not public")
	case row.Public:
		return apperr.At(at(i, "secret"), apperr.Invalid, "what is public is not secret: say that it is no longer public")
	case !s.ring.Seals():
		return apperr.At(at(i, "secret"), apperr.NotAllowed, "the platform keeps no secrets: its operator has configured no encryption key")
	}
	sealed, err := s.ring.Seal(Place{row.Application, row.Client, row.Name}, row.Value)
	row.Value, row.Sealed = "", &sealed
	return err
}

// tooMany refuses new properties beyond what one client can have of one application.
func tooMany(kept int) *apperr.Error {
	return apperr.At("input.properties", apperr.Invalid, "a client has at most "+strconv.Itoa(maxKept)+" properties of one application; with these it would have %d", kept)
}
