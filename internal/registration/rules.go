package registration

import (
	"context"
	"fmt"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/ent/registrationrule"
	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/internal/access"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/input"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/scope"
	"github.com/appanage/appanage/internal/store"
)

// CreateRule is a rule to be added (domain 10.3). It gives exactly one thing: an application to use, a package or a role.
type CreateRule struct {
	Application oid.Application
	Client      oid.Client // whose rule it is; the caller's client when empty
	ClientType  enum.ClientType
	Given       oid.Application
	Level       enum.AccessLevel // of Given; READ when empty
	Package     oid.Package
	Role        oid.Role
}

// gift is what a rule gives, and where the input names it.
type gift struct {
	gives enum.RegistrationGift
	id    string
	path  string
}

func (c *CreateRule) validate() (gift, error) {
	var errs apperr.Collector
	if c.ClientType != enum.ClientBusiness && c.ClientType != enum.ClientIndividual {
		errs.Add(apperr.At("input.clientType", apperr.Invalid, "a new client is BUSINESS or INDIVIDUAL"))
	}
	var all []gift
	for _, g := range []gift{
		{enum.GivesAccess, string(c.Given), "input.givenApplicationId"},
		{enum.GivesPackage, string(c.Package), "input.packageId"},
		{enum.GivesRole, string(c.Role), "input.roleId"},
	} {
		if g.id != "" {
			all = append(all, g)
		}
	}
	if len(all) != 1 {
		errs.Add(apperr.At("input", apperr.Invalid, "a rule gives one thing: access to an application, a package or a role"))
		return gift{}, errs.Err()
	}
	switch g := all[0]; {
	case g.gives != enum.GivesAccess && c.Level != "":
		errs.Add(apperr.At("input.level", apperr.Invalid, "access has a level, and nothing else"))
	case g.gives == enum.GivesAccess && c.Level == "":
		c.Level = enum.LevelRead
	case g.gives == enum.GivesAccess:
		input.Word(&errs, "input.level", c.Level)
		if c.Level == enum.LevelBarred {
			errs.Add(apperr.At("input.level", apperr.Invalid, "a rule gives READ or WRITE: it bars nobody"))
		}
	}
	return all[0], errs.Err()
}

// CreateRule adds a rule (authority Application_UPDATE). Errors: INVALID, NOT_FOUND, NOT_ALLOWED, TAKEN.
func (s *Service) CreateRule(ctx context.Context, cmd CreateRule) (oid.RegistrationRule, error) {
	g, err := cmd.validate()
	if err != nil {
		return "", err
	}
	id := oid.New[oid.RegistrationRule]()
	err = s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		app, client, err := s.held(ctx, tx, cmd.Application, cmd.Client)
		if err != nil {
			return err
		}
		if err := s.mayRule(ctx, tx, app, client); err != nil {
			return err
		}
		if !s.rules.Grows(app.Status) {
			return apperr.Archived("input.applicationId")
		}
		if err := s.judge(ctx, tx, g, cmd.Level, "", true); err != nil {
			return err
		}
		create := tx.RegistrationRule.Create().SetID(id).SetClientID(client).SetApplicationID(app.ID).SetClientType(cmd.ClientType).
			SetGives(g.gives).SetGivenID(g.id)
		switch g.gives {
		case enum.GivesAccess:
			create.SetGivenApplicationID(cmd.Given).SetLevel(cmd.Level)
		case enum.GivesPackage:
			create.SetPackageID(cmd.Package)
		case enum.GivesRole:
			create.SetRoleID(cmd.Role)
		}
		err = create.Exec(ctx)
		if store.IsUnique(err) {
			return apperr.At(g.path, apperr.Taken, "there is such a rule already")
		}
		if err != nil {
			return fmt.Errorf("registration: insert a rule: %w", err)
		}
		return audit.Record(ctx, s.db, audit.Event{Client: client, Operation: "registrationRuleCreate", Kind: "RegistrationRule", Object: string(id),
			After: map[string]any{"applicationId": app.ID, "clientType": cmd.ClientType, "gives": g.gives, "givenId": g.id, "level": cmd.Level}})
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

// held reads the application and the client that a command names, the caller's own where it names none, and keeps both: first the
// client, as everybody locks them.
func (s *Service) held(ctx context.Context, tx *ent.Client, app oid.Application, client oid.Client) (*ent.Application, oid.Client, error) {
	if client == "" {
		client = actor.From(ctx).Client
	}
	at, err := maybe(tx.Tenant.Query().Where(tenant.ID(client), scope.Listed(ctx, "Tenant"), store.Shared).Only(ctx))
	if err != nil {
		return nil, "", err
	}
	if at == nil {
		return nil, "", apperr.At("input.clientId", apperr.NotFound, "no such client")
	}
	row, err := maybe(store.ForUpdate(s.db, tx.Application.Query().Where(application.ID(app))).Only(ctx))
	if err != nil {
		return nil, "", err
	}
	if row == nil {
		return nil, "", apperr.At("input.applicationId", apperr.NotFound, "no such application")
	}
	return row, client, nil
}

// mayRule: the owner and the clients managing it write the owner's rules; a client with write access its own (domain 10.3).
func (s *Service) mayRule(ctx context.Context, tx *ent.Client, app *ent.Application, client oid.Client) error {
	caller, err := s.caller(ctx, tx, app)
	if err != nil {
		return err
	}
	if !s.rules.WritesRules(caller, client, app.ClientID) {
		return apperr.At("input.clientId", apperr.NotAllowed,
			"rules are made by the owner and the clients managing it, for the owner; and by a client with write access, for itself")
	}
	return nil
}

// caller is what the caller's client is to an application.
func (s *Service) caller(ctx context.Context, tx *ent.Client, app *ent.Application) (authz.Caller, error) {
	c, err := s.standing(ctx, app, actor.From(ctx).Client)
	if err != nil {
		return c, err
	}
	c.Rules, err = store.InScope(ctx, tx, app.ClientID)
	return c, err
}

// judge asks that whoever the context is of may give something to those who register (domain 3.5, 5.3): to the client named, or where
// there is none yet, to one below him. held keeps it until the transaction ends: a query holds nothing.
func (s *Service) judge(ctx context.Context, tx *ent.Client, g gift, level enum.AccessLevel, to oid.Client, held bool) error {
	switch g.gives {
	case enum.GivesAccess:
		return s.judgeAccess(ctx, tx, g, level, held)
	case enum.GivesPackage:
		return s.Authority.MayGivePackage(ctx, tx, oid.Package(g.id), g.path, held)
	default:
		return s.Authority.MayGiveRole(ctx, tx, oid.Role(g.id), to, g.path, held)
	}
}

func (s *Service) judgeAccess(ctx context.Context, tx *ent.Client, g gift, level enum.AccessLevel, held bool) error {
	query := tx.Application.Query().Where(application.ID(oid.Application(g.id)))
	if held {
		query.Where(store.Shared)
	}
	app, err := maybe(query.Only(ctx))
	if err != nil {
		return err
	}
	if app == nil {
		return apperr.At(g.path, apperr.NotFound, "no such application")
	}
	caller, err := s.caller(ctx, tx, app)
	if err != nil {
		return err
	}
	if !s.rules.GivesByRule(caller, access.Facts(app), level) {
		return apperr.At(g.path, apperr.NotAllowed, "access is given by the owner and the clients managing it, and READ by a client with write access")
	}
	return nil
}

// DeleteRule takes a rule away (authority Application_UPDATE). Errors: NOT_FOUND, NOT_ALLOWED.
func (s *Service) DeleteRule(ctx context.Context, id oid.RegistrationRule) (oid.RegistrationRule, error) {
	return id, s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		row, err := maybe(tx.RegistrationRule.Query().Where(registrationrule.ID(id)).Only(ctx))
		if err != nil {
			return err
		}
		none := apperr.At("input.id", apperr.NotFound, "no such rule")
		if row == nil {
			return none
		}
		app, err := maybe(tx.Application.Query().Where(application.ID(row.ApplicationID)).Only(actor.System(ctx, "whose rule may go is asked of the application, seen or not")))
		if err != nil {
			return err
		}
		if app == nil {
			return none
		}
		if row.ClientID != actor.From(ctx).Client { // its own a client takes back, whatever it may write by now
			if err := s.mayRule(ctx, tx, app, row.ClientID); err != nil {
				return apperr.Moved(err, "input.clientId", "input.id")
			}
		}
		n, err := tx.RegistrationRule.Delete().Where(registrationrule.ID(id)).Exec(ctx)
		if err != nil {
			return fmt.Errorf("registration: delete a rule: %w", err)
		}
		if n == 0 {
			return none
		}
		return audit.Record(ctx, s.db, audit.Event{Client: row.ClientID, Operation: "registrationRuleDelete", Kind: "RegistrationRule", Object: string(id),
			Before: map[string]any{"applicationId": row.ApplicationID, "clientType": row.ClientType, "gives": row.Gives, "givenId": row.GivenID, "level": row.Level}})
	})
}
