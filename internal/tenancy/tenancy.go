// Package tenancy makes and changes clients and keeps their tree (domain 1).
package tenancy

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/text/currency"
	"golang.org/x/text/language"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/scope"
	"github.com/appanage/appanage/internal/store"
)

// longestLocale is the length of the column: BCP 47 recommends room for 35 characters.
const longestLocale = 35

// Service holds the commands on clients. Each runs in one transaction, decides on the stored rows, and writes its audit
// events with the change.
type Service struct {
	db    *store.DB
	rules authz.Rules
}

// New makes the service.
func New(db *store.DB) *Service { return &Service{db, authz.DefaultRules()} }

// Under is the service under other rules.
func (s *Service) Under(rules authz.Rules) *Service { return &Service{s.db, rules} }

// load reads a client in scope for a change, its row locked. NOT_FOUND at the path where it is not in scope, be it known
// by name.
func (s *Service) load(ctx context.Context, tx *ent.Client, id oid.Client, path string) (*ent.Tenant, error) {
	row, err := store.ForUpdate(s.db, tx.Tenant.Query().Where(tenant.ID(id), scope.Listed(ctx, "Tenant"))).Only(ctx)
	return row, unread(err, path)
}

// unread is the error of a client that was not read: NOT_FOUND at the path where there is none.
func unread(err error, path string) error {
	if ent.IsNotFound(err) {
		return noClient(path)
	}
	if err != nil {
		return fmt.Errorf("tenancy: read: %w", err)
	}
	return nil
}

func noClient(path string) *apperr.Error {
	return apperr.At(path, apperr.NotFound, "no such client")
}

// write makes a change of a row as it was read, and records it.
func (s *Service) write(ctx context.Context, row *ent.Tenant, update *ent.TenantUpdate, e audit.Event) error {
	n, err := update.Where(tenant.ID(row.ID), tenant.Version(row.Version)).AddVersion(1).Save(ctx)
	if err != nil {
		return fmt.Errorf("tenancy: update: %w", err)
	}
	if n == 0 {
		return apperr.Outdated("input.expectedVersion", row.Version+1)
	}
	e.Client, e.Kind, e.Object = row.ID, "Client", string(row.ID)
	return audit.Record(ctx, s.db, e)
}

// CheckPlace brings where a client is at home to canonical form, as far as it is given, and joins what is wrong with it.
func CheckPlace(locale, zone, currency *string) error {
	var errs apperr.Collector
	if locale != nil {
		checkLocale(&errs, locale)
	}
	if zone != nil {
		checkZone(&errs, zone)
	}
	if currency != nil {
		checkCurrency(&errs, currency)
	}
	return errs.Err()
}

// checkLocale brings a language tag to canonical form, and notes one that is none.
func checkLocale(errs *apperr.Collector, locale *string) {
	tag, err := language.Parse(*locale)
	if err != nil || *locale == "" || len(tag.String()) > longestLocale {
		errs.Add(apperr.At("input.locale", apperr.Invalid, "not a BCP 47 language tag"))
		return
	}
	*locale = tag.String()
}

// checkZone notes what is no time zone. The server's own is none: it is another one on every server.
func checkZone(errs *apperr.Collector, zone *string) {
	if loaded, err := time.LoadLocation(*zone); err != nil || *zone == "" || loaded == time.Local {
		errs.Add(apperr.At("input.timeZone", apperr.Invalid, "not an IANA time zone"))
	}
}

// checkCurrency brings a currency to capitals, and notes what is none.
func checkCurrency(errs *apperr.Collector, money *string) {
	unit, err := currency.ParseISO(*money)
	if err != nil {
		errs.Add(apperr.At("input.currency", apperr.Invalid, "not an ISO 4217 currency"))
		return
	}
	*money = unit.String()
}
