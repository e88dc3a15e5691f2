package registration

import (
	"context"
	"fmt"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/ent/role"
	"github.com/appanage/appanage/ent/rolepackage"
	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/scope"
)

// Preview is what a registration would make.
type Preview struct {
	How     enum.RegistrationType
	RulesOf oid.Client // "" for none
	Items   []PreviewItem
}

// PreviewItem is what a rule would give today, or why it would be skipped.
type PreviewItem struct {
	Gives enum.RegistrationGift
	Name  *string // nil where the caller does not see it
	Level enum.AccessLevel
	Why   string // "" where it passes
}

// Preview tells what a registration for an application would make today, at a client in scope: the caller's own where none is named. nil
// where it is out of scope. Errors: INVALID.
func (s *Service) Preview(ctx context.Context, app *ent.Application, client oid.Client, kind enum.ClientType) (*Preview, error) {
	if kind != enum.ClientBusiness && kind != enum.ClientIndividual {
		return nil, apperr.At("clientType", apperr.Invalid, "a new client is BUSINESS or INDIVIDUAL")
	}
	db := s.db.Client(ctx)
	if client == "" {
		client = actor.From(ctx).Client
	}
	there, err := db.Tenant.Query().Where(tenant.ID(client), scope.Listed(ctx, "Tenant")).Exist(ctx)
	if err != nil || !there {
		return nil, err
	}
	p := &Preview{How: enum.RegisterNone, Items: []PreviewItem{}}
	inner := actor.System(ctx, "rules are judged for the client whose they are, not for who asks")
	at, err := s.site(inner, app.ID, client, seen)
	if err != nil {
		return nil, err
	}
	if at != nil {
		p.How = at.how
	}
	rules, err := s.inForce(inner, db, app, client, kind)
	if err != nil || len(rules) == 0 {
		return p, err
	}
	p.RulesOf = rules[0].ClientID
	giver, err := s.as(inner, p.RulesOf)
	if err != nil {
		return nil, err
	}
	for _, r := range rules {
		item := PreviewItem{Gives: r.Gives, Level: levelOf(r)}
		if item.Name, err = s.nameOf(ctx, db, r); err != nil {
			return nil, err
		}
		if item.Why, err = refusal(s.judge(giver, db, giftOf(r), item.Level, "", false)); err != nil {
			return nil, err
		}
		p.Items = append(p.Items, item)
	}
	return p, nil
}

// nameOf is what people know by what a rule gives, nil where the caller does not see it.
func (s *Service) nameOf(ctx context.Context, db *ent.Client, r *ent.RegistrationRule) (*string, error) {
	var name string
	var err error
	switch r.Gives {
	case enum.GivesAccess:
		name, err = db.Application.Query().Where(application.ID(*r.GivenApplicationID)).Select(application.FieldCode).String(ctx)
	case enum.GivesPackage:
		name, err = db.RolePackage.Query().Where(rolepackage.ID(*r.PackageID)).Select(rolepackage.FieldCode).String(ctx)
	case enum.GivesRole:
		name, err = db.Role.Query().Where(role.ID(*r.RoleID)).Select(role.FieldName).String(ctx)
	}
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("registration: name what a rule gives: %w", err)
	}
	return &name, nil
}
