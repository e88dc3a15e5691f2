package access

import (
	"context"
	"fmt"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/accessgrant"
	"github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// Question asks what access a client has to an application.
type Question struct {
	Application oid.Application
	// Client, or Code, names the client; it is the caller's where neither does.
	Client oid.Client
	Code   string
	ByCode bool // by Code, be it empty
}

// Effective is what access a client has today, and why.
type Effective struct {
	Level  enum.AccessLevel // "" for none
	Reason enum.AccessReason
	Grant  *ent.AccessGrant // that says so; nil where none does
}

// Effective answers in the scope of the client, and in that of the application's owner, who is told of clients that he
// could give access to, and of those that have it; nil for others, unknown or not (domain 5.5). That a client is
// suspended is said in its scope only.
func (s *Service) Effective(ctx context.Context, q Question) (*Effective, error) {
	db, a := s.db.Client(ctx), actor.From(ctx)
	app, err := db.Application.Query().Where(application.ID(q.Application)).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("access: read the application: %w", err)
	}
	client, base, err := s.asked(ctx, db, q)
	if err != nil || client == "" {
		return nil, err
	}
	in, err := store.InScope(ctx, db, client)
	if err != nil {
		return nil, err
	}
	row, err := s.grant(ctx, db, app.ID, client)
	if err != nil {
		return nil, err
	}
	if tells, err := s.tells(ctx, db, app.ClientID, in, row != nil, base); err != nil || !tells {
		return nil, err
	}
	standing := authz.Standing{Owner: app.ClientID, Client: client, Archived: app.Status == enum.ApplicationArchived}
	if in {
		if standing.Suspended, err = s.suspended(ctx, client); err != nil {
			return nil, err
		}
	}
	e := &Effective{Grant: row}
	e.Level, e.Reason = authz.Effective(standing, Grant(row), a.Now())
	return e, nil
}

// asked finds the client, with its customer base: by its code whoever may see it, by its id where the caller can; "" where
// there is none.
func (s *Service) asked(ctx context.Context, db *ent.Client, q Question) (client oid.Client, base string, err error) {
	const by = "SELECT id, base_id FROM clients WHERE "
	if q.ByCode {
		_, err = s.one(ctx, []any{&client, &base}, by+"code = ?", q.Code)
		return client, base, err
	}
	id := q.Client
	if id == "" {
		id = actor.From(ctx).Client
	}
	seen, err := db.Tenant.Query().Where(tenant.ID(id)).Exist(ctx)
	if err != nil {
		return "", "", fmt.Errorf("access: read the client: %w", err)
	}
	if seen {
		_, err = s.one(ctx, []any{&client, &base}, by+"id = ?", id)
	}
	return client, base, err
}

// grant is what a client has on an application, nil for nothing or where the caller cannot see it.
func (s *Service) grant(ctx context.Context, db *ent.Client, app oid.Application, client oid.Client) (*ent.AccessGrant, error) {
	row, err := db.AccessGrant.Query().Where(accessgrant.ApplicationID(app), accessgrant.ClientID(client)).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("access: read a grant: %w", err)
	}
	return row, nil
}

// tells: to the client's scope, and to the owner's of clients with a grant, or of its customer base.
func (s *Service) tells(ctx context.Context, db *ent.Client, owner oid.Client, in, has bool, base string) (bool, error) {
	if in {
		return true, nil
	}
	rules, err := store.InScope(ctx, db, owner)
	if err != nil || !rules || has {
		return rules, err
	}
	var of string
	_, err = s.one(ctx, []any{&of}, "SELECT base_id FROM clients WHERE id = ?", owner)
	return of == base, err
}

// suspended tells whether a client, or one above it, is suspended.
func (s *Service) suspended(ctx context.Context, client oid.Client) (bool, error) {
	var id string
	return s.one(ctx, []any{&id}, "SELECT c.id FROM client_paths AS p JOIN clients AS c ON c.id = p.ancestor_id"+
		" WHERE p.descendant_id = ? AND c.status = ? LIMIT 1", client, enum.ClientSuspended)
}
