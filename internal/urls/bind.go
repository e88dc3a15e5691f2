package urls

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/clienturl"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/claim"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/origin"
	"github.com/appanage/appanage/internal/store"
)

// mostPending is how many URLs of one client may wait for their proof.
const mostPending = 100

// challengePrefix begins every challenge, so that people see what a record of theirs is for.
const challengePrefix = "appanage-"

// Bind is an origin to be bound to an application for a client (domain 7.1).
type Bind struct {
	Application oid.Application
	Client      oid.Client // the caller's client when empty
	Origin      string
}

// validate brings the origin to canonical form, and says what it is to the platform.
func (s *Service) validate(cmd *Bind) (origin.Origin, place, error) {
	at, err := origin.Exact(cmd.Origin)
	if err != nil || at.Local() && s.o.Production {
		return at, place{}, apperr.At("input.origin", apperr.Invalid,
			"an origin is https://host or https://host:port, with the name of a host, and nothing behind it")
	}
	p := s.place(at)
	if _, ok := p.subDomain(at); p.name != "" && !ok {
		return at, p, apperr.At("input.origin", apperr.Invalid, "a sub-domain of the platform is one name before the suffix, without a port")
	}
	return at, p, nil
}

// Bind binds an origin to an application, for a client in scope that has access (authority Client_UPDATE). It is pending
// until it is proven; those of the platform's own hosts are bound by SYSTEM alone, and need no proof. On localhost, outside
// production, there is nothing to prove. Errors: INVALID, NOT_FOUND, NOT_ALLOWED, RESERVED, TAKEN.
func (s *Service) Bind(ctx context.Context, cmd Bind) (oid.ClientURL, error) {
	at, where, err := s.validate(&cmd)
	if err != nil {
		return "", err
	}
	id := oid.New[oid.ClientURL]()
	err = s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		client, err := s.mayBind(ctx, tx, cmd, where)
		if err != nil {
			return err
		}
		row := tx.ClientURL.Create().SetID(id).SetClientID(client).SetApplicationID(cmd.Application).SetOrigin(at.String()).
			SetChallenge(challengePrefix + rand.Text())
		status := enum.URLPending
		if where.own || at.Local() {
			status = enum.URLProven
			row.SetProvenOrigin(at.String()).SetProvenAt(actor.From(ctx).Now())
		}
		if err := s.claim(ctx, tx, client, at, where, status); err != nil {
			return err
		}
		if err := written(row.SetStatus(status).Exec(ctx), "input.origin"); err != nil {
			return err
		}
		return audit.Record(ctx, s.db, audit.Event{
			Client: client, Operation: "clientUrlBind", Kind: "ClientUrl", Object: string(id), After: shown(cmd.Application, at.String(), status),
		})
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

// mayBind decides whether the caller may bind such an origin, and gives the client it is for.
func (s *Service) mayBind(ctx context.Context, tx *ent.Client, cmd Bind, where place) (oid.Client, error) {
	client, err := s.lockClient(ctx, tx, cmd.Client)
	if err != nil {
		return "", err
	}
	app, err := s.lockApplication(ctx, tx, cmd.Application)
	if err != nil {
		return "", err
	}
	if !s.rules.Grows(app.Status) {
		return "", apperr.Archived("input.applicationId")
	}
	switch has, err := hasAccess(ctx, tx, app, client); {
	case err != nil:
		return "", err
	case !has:
		return "", apperr.At("input.clientId", apperr.NotAllowed, "the client has no access to the application today")
	}
	if where.own && !s.rules.BindsPlatformHost(actor.From(ctx).Client) {
		return "", errOwnHost("input.origin")
	}
	return client, nil
}

func errOwnHost(path string) *apperr.Error {
	return apperr.At(path, apperr.NotAllowed, "the platform's own hosts, and those below its suffixes, are bound by SYSTEM")
}

// claim makes sure of the name of a sub-domain; of a host that is to be proven yet, that it can be, and that there are not
// too many such.
func (s *Service) claim(ctx context.Context, tx *ent.Client, client oid.Client, at origin.Origin, where place, status enum.URLStatus) error {
	if name, ok := where.subDomain(at); ok && s.rules.SharesNames() {
		return claim.SubDomain(ctx, tx, name, "input.origin")
	}
	if status == enum.URLProven {
		return nil
	}
	if err := s.room(ctx, tx, client); err != nil {
		return err
	}
	taken, err := s.proven(ctx, at)
	if err != nil {
		return err
	}
	if taken {
		return errTaken("input.origin")
	}
	return nil
}

// room refuses a further pending URL of a client that has as many as it can. Where there is one, whoever adds another waits
// here for whoever does so at the same moment: the oldest stands for all of them, for to lock the client itself would have
// those wait, and lock in another order, who set its properties.
func (s *Service) room(ctx context.Context, tx *ent.Client, client oid.Client) error {
	pending := tx.ClientURL.Query().Where(clienturl.ClientID(client), clienturl.StatusEQ(enum.URLPending))
	if _, err := store.ForUpdate(s.db, pending.Clone().Order(ent.Asc(clienturl.FieldID)).Limit(1)).All(ctx); err != nil {
		return fmt.Errorf("urls: lock those that are pending: %w", err)
	}
	n, err := pending.Count(ctx)
	if err != nil {
		return fmt.Errorf("urls: count those that are pending: %w", err)
	}
	if n >= mostPending {
		return apperr.At("input.clientId", apperr.NotAllowed, "%d URLs of the client are pending, no more are taken: prove some, or take some away", n)
	}
	return nil
}

// proven tells whether anybody has proven an origin: it is a public name then (domain 0). This is said early to be kind;
// what decides is the unique key.
func (s *Service) proven(ctx context.Context, at origin.Origin) (found bool, err error) {
	var one int
	found, err = s.db.First(ctx, []any{&one}, "SELECT 1 FROM client_urls WHERE proven_origin = ?", at.String())
	if err != nil {
		return false, fmt.Errorf("urls: look for the origin: %w", err)
	}
	return found, nil
}

// written tells the violated unique keys of a URL from what fails otherwise.
func written(err error, path string) error {
	switch {
	case err == nil:
		return nil
	case store.UniqueKey(err) == "client_urls.proven_origin":
		return errTaken(path)
	case store.IsUnique(err):
		return apperr.At(path, apperr.Taken, "the client has bound this origin to the application already")
	}
	return fmt.Errorf("urls: write: %w", err)
}

func errTaken(path string) *apperr.Error {
	return apperr.At(path, apperr.Taken, "the origin is bound and proven already")
}
