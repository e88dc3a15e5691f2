package registration

import (
	"context"
	"fmt"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/registrationrule"
	"github.com/appanage/appanage/internal/access"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

// inForce are the rules for those who register at a site as clients of a type: those of its client where it has any for the type, else
// the owner's (domain 10.3), in the order in which they were made.
func (s *Service) inForce(ctx context.Context, tx *ent.Client, app *ent.Application, client oid.Client, kind enum.ClientType) ([]*ent.RegistrationRule, error) {
	for _, whose := range []oid.Client{client, app.ClientID} {
		rules, err := tx.RegistrationRule.Query().Where(registrationrule.ApplicationID(app.ID), registrationrule.ClientID(whose),
			registrationrule.ClientTypeEQ(kind)).Order(ent.Asc(registrationrule.FieldID)).All(ctx)
		if err != nil {
			return nil, fmt.Errorf("registration: read the rules: %w", err)
		}
		if len(rules) > 0 {
			return rules, nil
		}
	}
	return nil, nil
}

func giftOf(r *ent.RegistrationRule) gift { return gift{gives: r.Gives, id: r.GivenID, path: "rule"} }

func levelOf(r *ent.RegistrationRule) enum.AccessLevel {
	if r.Level == nil {
		return ""
	}
	return *r.Level
}

// gifts are what the rules gave a new client, and what they could not give any more: the ids of rules. Roles are given with the
// membership.
type gifts struct {
	given, skipped []oid.RegistrationRule
	roles          []oid.Role
}

// giveByRules gives a new client what the rules in force say: each for the client whose rule it is, if it may today. Packages come before
// roles, which may be of them.
func (s *Service) giveByRules(ctx context.Context, tx *ent.Client, at *site, kind enum.ClientType, to oid.Client) (all gifts, err error) {
	rules, err := s.inForce(ctx, tx, at.app, at.client.ID, kind)
	if err != nil || len(rules) == 0 {
		return all, err
	}
	giver, err := s.as(ctx, rules[0].ClientID)
	if err != nil {
		return all, err
	}
	for _, gives := range []enum.RegistrationGift{enum.GivesAccess, enum.GivesPackage, enum.GivesRole} {
		for _, r := range rules {
			if r.Gives != gives {
				continue
			}
			why, err := refusal(s.judge(giver, tx, giftOf(r), levelOf(r), to, true))
			if err != nil {
				return all, err
			}
			if why != "" {
				all.skipped = append(all.skipped, r.ID)
				continue
			}
			if err := s.give(giver, r, to, &all); err != nil {
				return all, err
			}
			all.given = append(all.given, r.ID)
		}
	}
	return all, nil
}

// give gives what may be given.
func (s *Service) give(giver context.Context, r *ent.RegistrationRule, to oid.Client, all *gifts) error {
	switch r.Gives {
	case enum.GivesAccess:
		reason := "registration"
		_, err := s.Access.Set(giver, access.Set{Application: *r.GivenApplicationID, Client: to, Level: levelOf(r), Reason: &reason})
		return err
	case enum.GivesPackage:
		return s.Authority.GivePackage(giver, *r.PackageID, []oid.Client{to})
	default:
		all.roles = append(all.roles, *r.RoleID)
		return nil
	}
}

// refusal is what a judgement says against something, "" for nothing; all other errors are errors.
func refusal(err error) (string, error) {
	if e, ok := apperr.As(err); ok && e.Code.OfInput() {
		return e.Message, nil
	}
	return "", err
}
