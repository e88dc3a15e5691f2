package tenancy

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/claim"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/fold"
	"github.com/appanage/appanage/internal/input"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/scope"
)

var codePattern = regexp.MustCompile(`^[A-Z][A-Z0-9]{1,15}$`)

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
	c.Locale, c.TimeZone, c.Currency = cmp.Or(c.Locale, "en"), cmp.Or(c.TimeZone, "UTC"), cmp.Or(c.Currency, "EUR")
	checkLocale(&errs, &c.Locale)
	checkZone(&errs, &c.TimeZone)
	checkCurrency(&errs, &c.Currency)
	return errs.Err()
}

// Create makes a client below its manager, with its paths and the base packages (authority Client_CREATE). Errors:
// INVALID, NOT_FOUND (the manager), TAKEN (the code), NOT_ALLOWED (too deep).
func (s *Service) Create(ctx context.Context, cmd Create) (oid.Client, error) {
	if err := cmd.Validate(); err != nil {
		return "", err
	}
	if cmd.Manager == "" {
		cmd.Manager = actor.From(ctx).Client
	}
	var made oid.Client
	err := s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		if err := s.holdTree(ctx, toAdd); err != nil {
			return err
		}
		manager, err := tx.Tenant.Query().Where(tenant.ID(cmd.Manager), scope.Listed(ctx, "Tenant")).Only(ctx)
		if err := unread(err, "input.managerId"); err != nil {
			return err
		}
		level, err := s.Level(ctx, manager.ID)
		if err != nil {
			return err
		}
		if level >= MaxDepth {
			return tooDeep()
		}
		code, err := claim.Code(ctx, tx, claim.Clients, cmd.Code, cmd.Name)
		if err != nil {
			return err
		}
		made, err = s.insert(ctx, tx, cmd, code, manager)
		return err
	})
	return made, err
}

func (s *Service) insert(ctx context.Context, tx *ent.Client, cmd Create, code string, manager *ent.Tenant) (oid.Client, error) {
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
	if err := s.addPaths(ctx, id, manager.ID); err != nil {
		return "", err
	}
	if err := authority.GiveBase(ctx, tx, id); err != nil {
		return "", err
	}
	return id, audit.Record(ctx, s.db, audit.Event{
		Client: id, Operation: "clientCreate", Kind: "Client", Object: string(id),
		After: map[string]any{
			"code": code, "name": cmd.Name, "type": cmd.Type, "managerId": manager.ID, "isolated": cmd.Isolated,
			"locale": cmd.Locale, "timeZone": cmd.TimeZone, "currency": cmd.Currency,
		},
	})
}
