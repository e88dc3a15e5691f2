package registration

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/accessrequest"
	"github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/internal/access"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/fold"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// longestWords is how long what people say to each other may be, in characters.
const longestWords = 1000

// words brings what people say to its stored form.
func words(errs *apperr.Collector, path string, given *string) string {
	if given == nil {
		return ""
	}
	said := fold.Text(*given)
	if utf8.RuneCountInString(said) > longestWords || strings.ContainsFunc(said, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }) {
		errs.Add(apperr.At(path, apperr.Invalid, "at most %d characters, on as many lines as you like", longestWords))
	}
	return said
}

// Ask asks for access to an application for the caller's client.
type Ask struct {
	ApplicationCode string
	Message         *string
}

// Ask asks. Codes of applications are public, so that one may ask for what one does not see: of the customer base, and in use. Errors:
// INVALID, NOT_FOUND, ALREADY_DONE.
func (s *Service) Ask(ctx context.Context, cmd Ask) (oid.AccessRequest, error) {
	var errs apperr.Collector
	message := words(&errs, "input.message", cmd.Message)
	if err := errs.Err(); err != nil {
		return "", err
	}
	a, id := actor.From(ctx), oid.New[oid.AccessRequest]()
	err := s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		inner := actor.System(ctx, "one may ask for access to what one does not see")
		app, err := s.asked(inner, tx, a.Client, cmd.ApplicationCode)
		if err != nil {
			return err
		}
		create := tx.AccessRequest.Create().SetID(id).SetClientID(a.Client).SetApplicationID(app).SetUserID(a.User).SetMessage(message).SetPending(true)
		err = create.Exec(inner)
		if store.IsUnique(err) {
			return apperr.At("input.applicationCode", apperr.AlreadyDone, "your client has asked already")
		}
		if err != nil {
			return fmt.Errorf("registration: insert a request: %w", err)
		}
		return audit.Record(ctx, s.db, audit.Event{Client: a.Client, Operation: "accessRequestCreate", Kind: "AccessRequest", Object: string(id),
			After: map[string]any{"applicationId": app, "message": message}})
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

// asked is the application of a code, of the customer base of a client that has no access to it.
func (s *Service) asked(ctx context.Context, tx *ent.Client, client oid.Client, code string) (oid.Application, error) {
	none := apperr.At("input.applicationCode", apperr.NotFound, "no such application")
	row, err := maybe(tx.Application.Query().Where(application.Code(strings.ToLower(strings.TrimSpace(code))), application.StatusEQ(enum.ApplicationActive), store.Shared).Only(ctx))
	if err != nil {
		return "", err
	}
	if row == nil {
		return "", none
	}
	bases, err := tx.Tenant.Query().Where(tenant.IDIn(client, row.ClientID)).Select(tenant.FieldBaseID).Strings(ctx)
	if err != nil {
		return "", fmt.Errorf("registration: read the customer bases: %w", err)
	}
	for _, b := range bases {
		if b != bases[0] {
			return "", none
		}
	}
	standing, err := s.standing(ctx, row, client)
	if err != nil {
		return "", err
	}
	if standing.Access != "" {
		return "", apperr.At("input.applicationCode", apperr.AlreadyDone, "your client has access")
	}
	return row.ID, nil
}

// Decide grants a request, or refuses it.
type Decide struct {
	ID        oid.AccessRequest
	Grant     bool
	ExpiresAt *time.Time // of the access; nil for never
	Answer    *string
}

// Decide decides on a request, by whoever could give the client access (authority Application_UPDATE). Errors: INVALID, NOT_FOUND,
// NOT_ALLOWED, ALREADY_DONE.
func (s *Service) Decide(ctx context.Context, cmd Decide) (oid.AccessRequest, error) {
	var errs apperr.Collector
	answer := words(&errs, "input.answer", cmd.Answer)
	if err := errs.Err(); err != nil {
		return "", err
	}
	return cmd.ID, s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		row, err := maybe(store.ForUpdate(s.db, tx.AccessRequest.Query().Where(accessrequest.ID(cmd.ID))).Only(ctx))
		if err != nil {
			return err
		}
		if row == nil {
			return apperr.At("input.id", apperr.NotFound, "no such request")
		}
		if row.Status != enum.RequestPending {
			return apperr.At("input.id", apperr.AlreadyDone, "this is decided already")
		}
		if err := s.mayDecide(ctx, tx, row); err != nil {
			return err
		}
		status := enum.RequestRefused
		if cmd.Grant {
			status = enum.RequestGranted
			if err := s.grant(ctx, tx, row, cmd); err != nil {
				return err
			}
		}
		err = tx.AccessRequest.UpdateOneID(row.ID).SetStatus(status).ClearPending().SetAnswer(answer).SetDecidedAt(actor.From(ctx).Now()).
			SetNillableDecidedByID(author(ctx)).AddVersion(1).Exec(ctx)
		if err != nil {
			return fmt.Errorf("registration: decide on a request: %w", err)
		}
		return audit.Record(ctx, s.db, audit.Event{Client: row.ClientID, Operation: "accessRequestDecide", Kind: "AccessRequest", Object: string(row.ID),
			Before: map[string]any{"status": row.Status}, After: map[string]any{"status": status, "answer": answer}})
	})
}

// mayDecide: whoever could grant it also refuses it; nobody decides on what he asked for himself.
func (s *Service) mayDecide(ctx context.Context, tx *ent.Client, row *ent.AccessRequest) error {
	app, err := maybe(tx.Application.Query().Where(application.ID(row.ApplicationID)).Only(ctx))
	if err != nil {
		return err
	}
	if app == nil {
		return apperr.At("input.id", apperr.NotAllowed, "your client has no access to the application either")
	}
	caller, err := s.caller(ctx, tx, app)
	if err != nil {
		return err
	}
	if !s.rules.DecidesRequests(caller, access.Facts(app), row.ClientID) {
		return apperr.At("input.id", apperr.NotAllowed, "requests are decided by those who can give the client access")
	}
	return nil
}

// grant gives the client READ, as its owner would, or lends it.
func (s *Service) grant(ctx context.Context, tx *ent.Client, row *ent.AccessRequest, cmd Decide) error {
	code, err := tx.Tenant.Query().Where(tenant.ID(row.ClientID)).Select(tenant.FieldCode).
		String(actor.System(ctx, "a client that is out of scope is given access by its code"))
	if err != nil {
		return fmt.Errorf("registration: read the client of a request: %w", err)
	}
	reason := "requested"
	_, err = s.Access.Set(ctx, access.Set{Application: row.ApplicationID, Code: code, Level: enum.LevelRead, SetExpiry: true, ExpiresAt: cmd.ExpiresAt, Reason: &reason})
	return apperr.Moved(err, "input.clientCode", "input.id")
}
