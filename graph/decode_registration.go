package graph

import (
	"context"
	"time"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/accessrequest"
	"github.com/appanage/appanage/ent/registrationcode"
	"github.com/appanage/appanage/ent/registrationrule"
	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/ent/user"
	"github.com/appanage/appanage/graph/model"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/identity"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/registration"
	"github.com/appanage/appanage/internal/reqinfo"
)

// orNull is nil for the zero value.
func orNull[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// minutes is nil for none.
func minutes(d time.Duration) *int { return orNull(int(d / time.Minute)) }

// formFields are what a form asks for, by the way to register.
var formFields = map[enum.RegistrationType][]model.RegistrationField{
	enum.RegisterNone:    {},
	enum.RegisterByCode:  {model.RegistrationFieldCode, model.RegistrationFieldUserName, model.RegistrationFieldNameAndPassword},
	enum.RegisterAtOnce:  {model.RegistrationFieldUserName, model.RegistrationFieldNameAndPassword},
	enum.RegisterByLink:  {model.RegistrationFieldEmail, model.RegistrationFieldNameAndPassword},
	enum.RegisterByEmail: {model.RegistrationFieldEmail, model.RegistrationFieldNameAndPassword},
	enum.RegisterByPhone: {model.RegistrationFieldPhone, model.RegistrationFieldNameAndPassword},
}

func (r *Resolver) registrationOptions(ctx context.Context, p registration.Place) (*model.RegistrationOptions, error) {
	o, err := r.Registrations.Options(ctx, p)
	if err != nil {
		return nil, err
	}
	return &model.RegistrationOptions{
		Type: o.How, AsksFor: formFields[o.How], ApplicationName: orNull(o.ApplicationName), ClientName: orNull(o.ClientName), SignsIn: o.SignsIn,
		Password:        &model.PasswordRule{MinLength: identity.ShortestPassword, MaxLength: identity.LongestPassword, RefusesCommon: true},
		SubDomainSuffix: orNull(o.Suffix), CodeLength: orNull(o.Digits), CodeMinutes: minutes(o.Lifetime),
	}, nil
}

// startRegistration tells what comes next also where the request is the repeat of one that was answered.
func (r *Resolver) startRegistration(ctx context.Context, input model.RegistrationStartInput) (*registration.Begun, []*model.UserError, error) {
	cmd := registration.Start{
		Place: registration.Place{URL: input.URL.Value(), ApplicationCode: input.ApplicationCode.Value(), ClientCode: input.ClientCode.Value()},
		Email: input.Email.Value(), Phone: input.Phone.Value(), Locale: input.Locale.Value(),
	}
	begun, failed := r.Registrations.Expect(ctx, &cmd)
	_, errs, err := done(ctx, r, func(ctx context.Context) (none oid.Registration, err error) {
		if failed != nil {
			return none, failed
		}
		return none, r.Registrations.Start(ctx, cmd)
	})
	if err != nil || len(errs) > 0 {
		return nil, errs, err
	}
	return begun, errs, nil
}

// verifyRegistration tries the secret, and counts it where it does not work, before the transaction that a request's key may begin.
func (r *Resolver) verifyRegistration(ctx context.Context, input model.RegistrationVerifyInput) (*model.RegistrationVerifyPayload, error) {
	proof, failed := r.Registrations.Prove(ctx, registration.Try{
		Place:  registration.Place{URL: input.URL.Value(), ApplicationCode: input.ApplicationCode.Value(), ClientCode: input.ClientCode.Value()},
		Secret: &input.Secret, Email: input.Email.Value(), Phone: input.Phone.Value(),
	})
	_, errs, err := done(ctx, r, func(context.Context) (oid.Registration, error) { return "", failed })
	if err != nil || len(errs) > 0 || proof == nil {
		return &model.RegistrationVerifyPayload{Errors: errs}, err
	}
	return &model.RegistrationVerifyPayload{
		Next: orNull(enum.StepComplete), Address: orNull(proof.Address), Known: proof.Known != nil, Errors: errs,
	}, nil
}

// completeRegistration tries the secret and hashes the password before the transaction that a request's key may begin.
func (r *Resolver) completeRegistration(ctx context.Context, input model.RegistrationCompleteInput) (*model.RegistrationCompletePayload, error) {
	cmd := registration.Complete{
		Try: registration.Try{
			Place:  registration.Place{URL: input.URL.Value(), ApplicationCode: input.ApplicationCode.Value(), ClientCode: input.ClientCode.Value()},
			Secret: input.Secret.Value(), Email: input.Email.Value(), Phone: input.Phone.Value(),
		},
		ClientType: input.ClientType, ClientName: input.ClientName.Value(), SubDomain: input.SubDomain.Value(), Name: input.Name.Value(),
		UserName: input.UserName.Value(), Password: input.Password.Value(), Locale: input.Locale.Value(), TimeZone: input.TimeZone.Value(),
		Currency: input.Currency.Value(), Device: reqinfo.From(ctx).Device,
	}
	proof, failed := r.Registrations.Prove(ctx, cmd.Try)
	if failed == nil {
		cmd, failed = r.Registrations.Prepare(ctx, proof, cmd)
	}
	var made *registration.Registered
	client, errs, err := done(ctx, r, func(ctx context.Context) (client oid.Client, err error) {
		if failed != nil {
			return "", failed
		}
		if made, err = r.Registrations.Complete(ctx, proof, cmd); err != nil {
			return "", err
		}
		return made.Client, nil
	})
	if err != nil || len(errs) > 0 {
		return &model.RegistrationCompletePayload{Errors: errs}, err
	}
	return r.registered(ctx, client, made, errs)
}

// registered shows what came of a registration; made is nil for the repeat of a request.
func (r *Resolver) registered(ctx context.Context, client oid.Client, made *registration.Registered, errs []*model.UserError) (*model.RegistrationCompletePayload, error) {
	code, url, err := r.Registrations.Made(ctx, client)
	if err != nil {
		return nil, err
	}
	payload := &model.RegistrationCompletePayload{ClientCode: &code, URL: orNull(url), Errors: errs}
	if made == nil || made.Token == "" {
		return payload, nil
	}
	payload.Token = &made.Token
	row, err := r.DB.Client(ctx).Session.Get(actor.System(ctx, "the new session is shown to who opened it"), made.Session)
	if err != nil {
		return nil, err
	}
	payload.ExpiresAt = &row.ExpiresAt
	return payload, nil
}

func (r *Resolver) createRegistrationRule(ctx context.Context, input model.RegistrationRuleCreateInput) (oid.RegistrationRule, error) {
	var errs apperr.Collector
	cmd := registration.CreateRule{ClientType: input.ClientType}
	var err error
	cmd.Application, err = parseID[oid.Application]("input.applicationId", input.ApplicationID)
	errs.AddErr(err)
	cmd.Client, err = optionalID[oid.Client]("input.clientId", input.ClientID)
	errs.AddErr(err)
	cmd.Given, err = optionalID[oid.Application]("input.givenApplicationId", input.GivenApplicationID)
	errs.AddErr(err)
	cmd.Package, err = optionalID[oid.Package]("input.packageId", input.PackageID)
	errs.AddErr(err)
	cmd.Role, err = optionalID[oid.Role]("input.roleId", input.RoleID)
	errs.AddErr(err)
	if level := input.Level.Value(); level != nil {
		cmd.Level = *level
	}
	if err := errs.Err(); err != nil {
		return "", err
	}
	return r.Registrations.CreateRule(ctx, cmd)
}

// createRegistrationCode gives the code itself, this once: of a repeat it is not known any more.
func (r *Resolver) createRegistrationCode(ctx context.Context, input model.RegistrationCodeCreateInput) (*ent.RegistrationCode, *string, []*model.UserError, error) {
	var code string
	row, errs, err := changed(ctx, r, "registrationCode", func(ctx context.Context) (id oid.RegistrationCode, err error) {
		var errs apperr.Collector
		cmd := registration.CreateCode{Email: input.Email.Value(), ExpiresAt: input.ExpiresAt.Value()}
		cmd.Application, err = parseID[oid.Application]("input.applicationId", input.ApplicationID)
		errs.AddErr(err)
		cmd.Client, err = optionalID[oid.Client]("input.clientId", input.ClientID)
		errs.AddErr(err)
		if err := errs.Err(); err != nil {
			return "", err
		}
		id, code, err = r.Registrations.CreateCode(ctx, cmd)
		return id, err
	}, r.registrationCodeByID)
	return row, orNull(code), errs, err
}

func (r *Resolver) decideRequest(ctx context.Context, id string, cmd registration.Decide) (_ oid.AccessRequest, err error) {
	if cmd.ID, err = parseID[oid.AccessRequest]("input.id", id); err != nil {
		return "", err
	}
	return r.Registrations.Decide(ctx, cmd)
}

func (r *Resolver) registrationPreview(ctx context.Context, app *ent.Application, clientID *string, kind enum.ClientType) (*model.RegistrationPreview, error) {
	var client oid.Client
	if clientID != nil {
		var err error
		if client, err = parseID[oid.Client]("clientId", *clientID); err != nil {
			return nil, err
		}
	}
	p, err := r.Registrations.Preview(ctx, app, client, kind)
	if p == nil || err != nil {
		return nil, err
	}
	out := &model.RegistrationPreview{Type: p.How, Items: make([]*model.RegistrationPreviewItem, len(p.Items))}
	for i, item := range p.Items {
		out.Items[i] = &model.RegistrationPreviewItem{Gives: item.Gives, Name: item.Name, Level: orNull(item.Level), Passes: item.Why == "", Why: orNull(item.Why)}
	}
	if p.RulesOf != "" {
		out.RulesOf, err = found(r.DB.Client(ctx).Tenant.Query().Where(tenant.ID(p.RulesOf)).Only(ctx))
	}
	return out, err
}

// nameOfUser is the name of a user that is shown to whoever sees what he asked for.
func (r *Resolver) nameOfUser(ctx context.Context, id oid.User) (string, error) {
	return r.DB.Client(ctx).User.Query().Where(user.ID(id)).Select(user.FieldName).
		String(actor.System(ctx, "who asks for access to an application tells those who decide his name"))
}

// What payloads read.

func (r *Resolver) registrationRuleByID(ctx context.Context, id oid.RegistrationRule) (*ent.RegistrationRule, error) {
	return r.DB.Client(ctx).RegistrationRule.Query().Where(registrationrule.ID(id)).Only(ctx)
}

func (r *Resolver) registrationCodeByID(ctx context.Context, id oid.RegistrationCode) (*ent.RegistrationCode, error) {
	return r.DB.Client(ctx).RegistrationCode.Query().Where(registrationcode.ID(id)).Only(ctx)
}

func (r *Resolver) accessRequestByID(ctx context.Context, id oid.AccessRequest) (*ent.AccessRequest, error) {
	return r.DB.Client(ctx).AccessRequest.Query().Where(accessrequest.ID(id)).Only(ctx)
}
