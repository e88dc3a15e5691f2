package registration

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/accessgrant"
	"github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/internal/access"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/property"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/tenancy"
)

// Place is where somebody registers: at a URL of an application; or by the codes of an application and of a client, its owner where
// there is none. nil is absent.
type Place struct{ URL, ApplicationCode, ClientCode *string }

// validate says what names no place, below a path of the input.
func (p Place) validate(errs *apperr.Collector, at string) {
	switch {
	case (p.URL == nil) == (p.ApplicationCode == nil):
		errs.Add(apperr.At(at+"url", apperr.Invalid, "name the place by exactly one of `url` and `applicationCode`"))
	case p.URL != nil && p.ClientCode != nil:
		errs.Add(apperr.At(at+"clientCode", apperr.Invalid, "a URL names its client"))
	}
}

// site is a place where people can register today.
type site struct {
	client *ent.Tenant // new ones come below it
	app    *ent.Application
	policy
}

// policy is what the properties in force at a site say.
type policy struct {
	how     enum.RegistrationType
	signsIn bool
	check   string
	suffix  string // of sub-domains; "" for none

	digits, attempts, resends int
	lifetime, lock            time.Duration
}

// policyNames are the properties of a policy.
var policyNames = []string{
	property.CodeAttempts, property.CodeLength, property.CodeLifetime, property.CodeLock, property.CodeResends,
	property.RegistrationSignIn, property.RegistrationType, property.URLSuffix, property.UserCheck,
}

// find gives the site of a place; nil where nobody can register today (domain 10.1, 10.2).
func (s *Service) find(ctx context.Context, p Place) (*site, error) {
	client, app, err := s.named(ctx, p)
	if err != nil || client == "" || app == "" {
		return nil, err
	}
	return s.site(ctx, app, client, seen)
}

// named are the ids that a place names, "" for each that is none.
func (s *Service) named(ctx context.Context, p Place) (client oid.Client, app oid.Application, err error) {
	switch {
	case p.URL != nil:
		return s.URLs.Find(ctx, *p.URL)
	case p.ApplicationCode == nil:
		return "", "", nil
	}
	db := s.db.Client(ctx)
	row, err := maybe(db.Application.Query().Where(application.Code(strings.ToLower(strings.TrimSpace(*p.ApplicationCode)))).Only(ctx))
	if row == nil || err != nil {
		return "", "", err
	}
	if p.ClientCode == nil {
		return row.ClientID, row.ID, nil
	}
	at, err := maybe(db.Tenant.Query().Where(tenant.Code(strings.ToUpper(strings.TrimSpace(*p.ClientCode)))).Only(ctx))
	if at == nil || err != nil {
		return "", "", err
	}
	return at.ID, row.ID, nil
}

// maybe turns "no such row" into nil.
func maybe[T any](row *T, err error) (*T, error) {
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("registration: read: %w", err)
	}
	return row, nil
}

// hold says how long what is read of a site stays as it is: while it is looked at; until the transaction ends, for others to keep too; or
// until then for this one alone, which goes on to write below the application. First the client is locked, then the application, as
// everybody does.
type hold int

const (
	seen hold = iota
	kept
	taken
)

// site reads what decides whether people can register for an application at a client: it is in use, no client on the way up is
// suspended, and the client may give READ (domain 5.3).
func (s *Service) site(ctx context.Context, app oid.Application, client oid.Client, held hold) (*site, error) {
	db := s.db.Client(ctx)
	clients, apps := db.Tenant.Query().Where(tenant.ID(client)), db.Application.Query().Where(application.ID(app))
	switch held {
	case kept:
		clients, apps = clients.Where(store.Shared), apps.Where(store.Shared)
	case taken:
		clients, apps = clients.Where(store.Shared), store.ForUpdate(s.db, apps)
	case seen:
	}
	at := &site{}
	var err error
	if at.client, err = maybe(clients.Only(ctx)); at.client == nil || err != nil {
		return nil, err
	}
	if at.app, err = maybe(apps.Only(ctx)); at.app == nil || err != nil {
		return nil, err
	}
	open, err := s.open(ctx, at)
	if err != nil || !open {
		return nil, err
	}
	answers, err := property.Ask(ctx, s.db, property.Question{Client: client, Names: policyNames}, []oid.Application{app})
	if err != nil {
		return nil, fmt.Errorf("registration: read the properties: %w", err)
	}
	at.policy = policyOf(answers[app])
	if !s.URLs.Gives(at.suffix) {
		at.suffix = "" // the platform was configured with it once
	}
	if at.how == enum.RegisterNone {
		return nil, nil
	}
	return at, nil
}

// open tells whether the client of a site can let people in.
func (s *Service) open(ctx context.Context, at *site) (bool, error) {
	barred, err := tenancy.Barred(ctx, s.db.Client(ctx), at.client.ID)
	if err != nil || barred || !s.rules.Grows(at.app.Status) {
		return false, err
	}
	caller, err := s.standing(ctx, at.app, at.client.ID)
	if err != nil {
		return false, err
	}
	return s.rules.Registers(caller), nil
}

// standing is what a client is to an application.
func (s *Service) standing(ctx context.Context, app *ent.Application, client oid.Client) (authz.Caller, error) {
	db := s.db.Client(ctx)
	row, err := maybe(db.AccessGrant.Query().Where(accessgrant.ApplicationID(app.ID), accessgrant.ClientID(client)).Only(ctx))
	if err != nil {
		return authz.Caller{}, err
	}
	above, err := tenancy.Manages(ctx, db, client, app.ClientID)
	if err != nil {
		return authz.Caller{}, err
	}
	return authz.Caller{
		Client: client, Rules: above || client == app.ClientID,
		Access: authz.Access(app.ClientID, client, access.Grant(row), actor.From(ctx).Now()),
	}, nil
}

// policyOf reads what is in force. Values are checked when they are set, so that each can be read.
func policyOf(inForce []property.InForce) policy {
	value := func(name string) string {
		for _, p := range inForce {
			if p.Name == name {
				return p.Value.Value
			}
		}
		return ""
	}
	number := func(name string) int {
		n, _ := strconv.Atoi(value(name))
		return n
	}
	minutes := func(name string) time.Duration { return time.Duration(number(name)) * time.Minute }
	return policy{
		how: enum.RegistrationType(cmp.Or(value(property.RegistrationType), string(enum.RegisterNone))), signsIn: value(property.RegistrationSignIn) == "true",
		check: value(property.UserCheck), suffix: value(property.URLSuffix),
		digits: number(property.CodeLength), attempts: number(property.CodeAttempts), resends: number(property.CodeResends),
		lifetime: minutes(property.CodeLifetime), lock: minutes(property.CodeLock),
	}
}

// proves tells which sort of address a type proves.
func proves(how enum.RegistrationType) (email, phone bool) {
	switch how {
	case enum.RegisterByLink, enum.RegisterByEmail:
		return true, false
	case enum.RegisterByPhone:
		return false, true
	case enum.RegisterNone, enum.RegisterByCode, enum.RegisterAtOnce:
	}
	return false, false
}

// closed answers for every place where nobody can register, alike.
func closed() *apperr.Error {
	return apperr.At("input", apperr.NotAllowed, "nobody can register there")
}
