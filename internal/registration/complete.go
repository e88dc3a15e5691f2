package registration

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/clienturl"
	"github.com/appanage/appanage/ent/registration"
	"github.com/appanage/appanage/ent/registrationcode"
	"github.com/appanage/appanage/internal/access"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/identity"
	"github.com/appanage/appanage/internal/input"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/tenancy"
	"github.com/appanage/appanage/internal/urls"
)

// Complete is who registers. nil is absent; Email and Phone are in Try.
type Complete struct {
	Try
	ClientType                 enum.ClientType
	ClientName, SubDomain      *string
	Name, UserName, Password   *string
	Locale, TimeZone, Currency *string
	Device                     string

	user identity.CreateUser // prepared, where there is to be a new one
}

// Registered is what came of a registration.
type Registered struct {
	Client oid.Client
	// Token is that of the session that comes with it; "" for none.
	Token   string
	Session oid.Session
}

// Prepare checks a command against what was proven, and does its slow work, which must not be done within a transaction. Errors: INVALID.
func (s *Service) Prepare(ctx context.Context, p *Proof, cmd Complete) (Complete, error) {
	var errs apperr.Collector
	if cmd.ClientType != enum.ClientBusiness && cmd.ClientType != enum.ClientIndividual {
		errs.Add(apperr.At("input.clientType", apperr.Invalid, "a new client is BUSINESS or INDIVIDUAL"))
	}
	if cmd.ClientName != nil {
		input.Name(&errs, "input.clientName", cmd.ClientName)
	}
	if cmd.SubDomain != nil {
		switch *cmd.SubDomain = strings.ToLower(strings.TrimSpace(*cmd.SubDomain)); {
		case p.suffix == "":
			errs.Add(apperr.At("input.subDomain", apperr.NotAllowed, "there are no sub-domains at this place"))
		case cmd.ClientType != enum.ClientBusiness:
			errs.Add(apperr.At("input.subDomain", apperr.NotAllowed, "a sub-domain is for a business"))
		case !urls.IsSubDomain(*cmd.SubDomain):
			errs.Add(apperr.At("input.subDomain", apperr.Invalid, "a sub-domain is 2 to 63 letters, digits and dashes, and begins with a letter"))
		}
	}
	errs.AddErr(tenancy.CheckPlace(cmd.Locale, cmd.TimeZone, cmd.Currency))
	if p.Known != nil {
		if cmd.ClientName == nil {
			cmd.ClientName = &p.Known.Name
		}
		return cmd, errs.Err()
	}
	errs.AddErr(s.newUser(p, &cmd))
	if err := errs.Err(); err != nil {
		return cmd, err
	}
	var err error
	cmd.user, err = s.Identity.PrepareUser(ctx, cmd.user)
	return cmd, err
}

// newUser makes the command for a user who is not known yet. What was proven is his identifier; an address that was not is contact data.
func (s *Service) newUser(p *Proof, cmd *Complete) error {
	var errs apperr.Collector
	if cmd.Name == nil {
		errs.Add(apperr.At("input.name", apperr.Invalid, "a new user needs a name"))
	}
	if cmd.Password == nil {
		errs.Add(apperr.At("input.password", apperr.Invalid, "a new user needs a password"))
	}
	if cmd.UserName == nil && p.Address == "" {
		errs.Add(apperr.At("input.userName", apperr.Invalid, "it is needed, for no address is proven here"))
	}
	if err := errs.Err(); err != nil {
		return err
	}
	u := identity.CreateUser{
		Name: *cmd.Name, UserName: text(cmd.UserName), Email: text(cmd.Email), Phone: text(cmd.Phone), Locale: text(cmd.Locale), Password: *cmd.Password,
		EmailProven: p.email, PhoneProven: p.phone,
	}
	switch {
	case p.email:
		u.Email = p.Address
	case p.phone:
		u.Phone = p.Address
	}
	cmd.user = u
	if cmd.ClientName == nil {
		cmd.ClientName = cmd.Name
	}
	return nil
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// Complete registers, with a proof: a client below that of the site, its first user, access to the application, what the rules give,
// and perhaps a sub-domain and a session (domain 10.2). All of it or nothing, and the proof is used up with it. Errors: NOT_FOUND (used
// meanwhile), NOT_ALLOWED, TAKEN, RESERVED.
func (s *Service) Complete(ctx context.Context, p *Proof, cmd Complete) (made *Registered, err error) {
	ctx = stranger(ctx)
	err = s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		made = &Registered{}
		if err := s.use(ctx, tx, p); err != nil {
			return err
		}
		client, err := s.Tenancy.Create(ctx, tenancy.Create{
			Manager: p.client.ID, Name: *cmd.ClientName, Type: cmd.ClientType, Locale: cmp.Or(text(cmd.Locale), p.client.Locale),
			TimeZone: cmp.Or(text(cmd.TimeZone), p.client.TimeZone), Currency: cmp.Or(text(cmd.Currency), p.client.Currency),
		})
		if err != nil {
			return apperr.Moved(err, "input.managerId", "input") // too deep in the tree
		}
		made.Client = client
		at, err := s.site(ctx, p.app.ID, p.client.ID, taken)
		if err != nil {
			return err
		}
		if at == nil || at.how != p.how {
			return closed()
		}
		return s.furnish(ctx, tx, at, p, cmd, made)
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

// use uses a proof up, which one of many can do.
func (s *Service) use(ctx context.Context, tx *ent.Client, p *Proof) error {
	now, n, err := actor.From(ctx).Now(), 1, error(nil)
	switch {
	case p.registration != "":
		n, err = tx.Registration.Delete().Where(registration.ID(p.registration), registration.SecretHash(p.hash), registration.ExpiresAtGT(now)).Exec(ctx)
	case p.code != "":
		n, err = tx.RegistrationCode.Update().Where(registrationcode.ID(p.code), registrationcode.UsedAtIsNil(), registrationcode.ExpiresAtGT(now)).
			SetUsedAt(now).AddVersion(1).Save(ctx)
	}
	if err != nil {
		return fmt.Errorf("registration: use a secret up: %w", err)
	}
	if n != 1 {
		return wrong()
	}
	return nil
}

// furnish gives a new client what it gets.
func (s *Service) furnish(ctx context.Context, tx *ent.Client, at *site, p *Proof, cmd Complete, made *Registered) error {
	giver, err := s.as(ctx, at.client.ID)
	if err != nil {
		return err
	}
	reason := "registration"
	if _, err := s.Access.Set(giver, access.Set{Application: at.app.ID, Client: made.Client, Level: enum.LevelRead, Reason: &reason}); err != nil {
		return err
	}
	given, err := s.giveByRules(ctx, tx, at, cmd.ClientType, made.Client)
	if err != nil {
		return err
	}
	user, membership, err := s.owner(ctx, p, cmd, made.Client, given.roles)
	if err != nil {
		return err
	}
	if cmd.SubDomain != nil {
		if err := s.bind(ctx, at, made.Client, *cmd.SubDomain); err != nil {
			return err
		}
	}
	if p.code != "" {
		if err := tx.RegistrationCode.UpdateOneID(p.code).SetUsedClientID(made.Client).Exec(ctx); err != nil {
			return fmt.Errorf("registration: note the client of a code: %w", err)
		}
	}
	ctx = identity.ByUser(ctx, user, made.Client)
	err = audit.Record(ctx, s.db, audit.Event{
		Client: at.client.ID, Operation: "registrationComplete", Kind: "Client", Object: string(made.Client), After: map[string]any{
			"applicationId": at.app.ID, "type": at.how, "userId": user, "knownUser": p.Known != nil, "given": given.given, "skipped": given.skipped,
		},
	})
	if err != nil || !at.signsIn || p.Known != nil {
		return err
	}
	made.Token, made.Session, err = s.Identity.OpenRegistered(ctx, membership, at.app.ID, cmd.Device)
	return err
}

// owner makes the new client's first user, or has the known one become a member; with the role of a client's owner, and those of rules.
func (s *Service) owner(ctx context.Context, p *Proof, cmd Complete, client oid.Client, roles []oid.Role) (oid.User, oid.Membership, error) {
	roles = append(slices.Clone(roles), authority.BuiltInRole(authority.ClientOwnerRole))
	if p.Known != nil {
		membership, err := s.Identity.Join(ctx, p.Known.ID, client, roles, "registrationComplete")
		return p.Known.ID, membership, err
	}
	cmd.user.Client, cmd.user.Roles = client, roles
	user, err := s.Identity.CreateUser(ctx, cmd.user)
	if err != nil {
		return "", "", err
	}
	membership, err := s.Identity.Home(ctx, user)
	return user, membership, err
}

// bind binds the sub-domain that a business asked for (domain 10.7): the platform's own hosts are SYSTEM's to give.
func (s *Service) bind(ctx context.Context, at *site, client oid.Client, name string) error {
	platform, err := s.as(ctx, oid.SystemClient)
	if err != nil {
		return err
	}
	_, err = s.URLs.Bind(platform, urls.Bind{Application: at.app.ID, Client: client, Origin: "https://" + name + at.suffix})
	return apperr.Moved(err, "input.origin", "input.subDomain")
}

// Made is the code of a client that came of a registration, and where it finds the application, "" for nowhere.
func (s *Service) Made(ctx context.Context, id oid.Client) (code, url string, err error) {
	ctx = stranger(ctx)
	db := s.db.Client(ctx)
	client, err := db.Tenant.Get(ctx, id)
	if err != nil {
		return "", "", fmt.Errorf("registration: read the new client: %w", err)
	}
	bound, err := maybe(db.ClientURL.Query().Where(clienturl.ClientID(id), clienturl.StatusEQ(enum.URLProven)).Order(ent.Desc(clienturl.FieldID)).First(ctx))
	if bound == nil || err != nil {
		return client.Code, "", err
	}
	return client.Code, bound.Origin, nil
}
