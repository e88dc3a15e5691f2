// Package tenancy makes and changes clients and keeps their tree (domain 1).
package tenancy

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"golang.org/x/text/currency"
	"golang.org/x/text/language"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/clientpath"
	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/claim"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/fold"
	"github.com/appanage/appanage/internal/input"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/scope"
	"github.com/appanage/appanage/internal/store"
)

// longestLocale is the length of the column: BCP 47 recommends room for 35 characters.
const longestLocale = 35

// MaxDepth is how deep the tree may be, SYSTEM not counted (domain 1.1).
const MaxDepth = 32

var codePattern = regexp.MustCompile(`^[A-Z][A-Z0-9]{1,15}$`)

// Service holds the commands on clients.
type Service struct {
	db    *store.DB
	rules authz.Rules
}

// New makes the service.
func New(db *store.DB) *Service { return &Service{db, authz.DefaultRules()} }

// Under is the service under other rules.
func (s *Service) Under(rules authz.Rules) *Service { return &Service{s.db, rules} }

// Create is a client to be made.
type Create struct {
	Manager  oid.Client // the caller's client when empty
	Code     string     // made from the name when empty
	Name     string
	Type     enum.ClientType
	Isolated bool
	Locale   string // en when empty
	TimeZone string // UTC when empty
	Currency string // EUR when empty
}

// Validate brings the command to canonical form and joins what is wrong with it.
func (c *Create) Validate() error {
	var errs apperr.Collector
	input.Name(&errs, "input.name", &c.Name)
	c.Code = strings.ToUpper(strings.TrimSpace(c.Code))
	if c.Code != "" && !codePattern.MatchString(c.Code) {
		errs.Add(apperr.At("input.code", apperr.Invalid, "a code is 2 to 16 capitals and digits and begins with a capital"))
	}
	if c.Type != enum.ClientBusiness && c.Type != enum.ClientIndividual {
		errs.Add(apperr.At("input.type", apperr.Invalid, "a new client is BUSINESS or INDIVIDUAL"))
	}
	errs.Add(place(&c.Locale, &c.TimeZone, &c.Currency))
	return errs.Err()
}

// place checks locale, time zone and currency, and fills in what is absent.
func place(locale, zone, money *string) *apperr.Error {
	tag, err := language.Parse(orElse(*locale, "en"))
	if err != nil || len(tag.String()) > longestLocale {
		return apperr.At("input.locale", apperr.Invalid, "not a BCP 47 language tag")
	}
	loaded, err := time.LoadLocation(orElse(*zone, "UTC"))
	if err != nil || loaded == time.Local {
		return apperr.At("input.timeZone", apperr.Invalid, "not an IANA time zone")
	}
	unit, err := currency.ParseISO(orElse(*money, "EUR"))
	if err != nil {
		return apperr.At("input.currency", apperr.Invalid, "not an ISO 4217 currency")
	}
	*locale, *zone, *money = tag.String(), loaded.String(), unit.String()
	return nil
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// Create makes a client below its manager, with its paths and the base packages. Errors: INVALID, NOT_FOUND (the
// manager), TAKEN (the code), NOT_ALLOWED (too deep).
func (s *Service) Create(ctx context.Context, cmd Create) (oid.Client, error) {
	if err := cmd.Validate(); err != nil {
		return "", err
	}
	if cmd.Manager == "" {
		cmd.Manager = actor.From(ctx).Client
	}
	var made oid.Client
	err := s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		manager, err := tx.Tenant.Query().Where(tenant.ID(cmd.Manager), scope.Listed(ctx, "Tenant")).Only(ctx)
		if ent.IsNotFound(err) {
			return apperr.At("input.managerId", apperr.NotFound, "no such client")
		} else if err != nil {
			return fmt.Errorf("tenancy: read the manager: %w", err)
		}
		above, err := tx.ClientPath.Query().Where(clientpath.DescendantID(manager.ID)).All(actor.System(ctx, "the paths of a new client lead above the caller's scope"))
		if err != nil {
			return fmt.Errorf("tenancy: read the path: %w", err)
		}
		if len(above) > MaxDepth {
			return apperr.At("input.managerId", apperr.NotAllowed, "the tree of clients may be %d deep", MaxDepth)
		}
		code, err := claim.Code(ctx, tx, claim.Clients, cmd.Code, cmd.Name)
		if err != nil {
			return err
		}
		made, err = s.insert(ctx, tx, cmd, code, manager, above)
		return err
	})
	return made, err
}

func (s *Service) insert(ctx context.Context, tx *ent.Client, cmd Create, code string, manager *ent.Tenant, above []*ent.ClientPath) (oid.Client, error) {
	id := oid.New[oid.Client]()
	base := manager.BaseID
	if cmd.Isolated {
		base = id
	}
	err := tx.Tenant.Create().SetID(id).SetManagerID(manager.ID).SetBaseID(base).SetIsolated(cmd.Isolated).
		SetCode(code).SetName(cmd.Name).SetNameKey(fold.Key(cmd.Name)).SetType(cmd.Type).
		SetLocale(cmd.Locale).SetTimeZone(cmd.TimeZone).SetCurrency(cmd.Currency).Exec(ctx)
	if err != nil {
		return "", fmt.Errorf("tenancy: insert: %w", err)
	}
	system := actor.System(ctx, "the paths of a new client lead above the caller's scope")
	paths := []*ent.ClientPathCreate{tx.ClientPath.Create().SetTenantID(id).SetDescendantID(id).SetDepth(0)}
	for _, p := range above {
		paths = append(paths, tx.ClientPath.Create().SetTenantID(p.TenantID).SetDescendantID(id).SetDepth(p.Depth+1))
	}
	if err := tx.ClientPath.CreateBulk(paths...).Exec(system); err != nil {
		return "", fmt.Errorf("tenancy: insert paths: %w", err)
	}
	if err := authority.GiveBase(ctx, tx, id); err != nil {
		return "", err
	}
	return id, audit.Record(ctx, s.db, audit.Event{Client: id, Operation: "clientCreate", Kind: "Client", Object: string(id),
		After: map[string]any{"code": code, "name": cmd.Name, "type": cmd.Type, "managerId": manager.ID, "isolated": cmd.Isolated}})
}
