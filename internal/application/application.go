// Package application makes and changes applications, and what clients set in them (domain 4 to 6).
package application

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/accessgrant"
	"github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/origin"
	"github.com/appanage/appanage/internal/store"
)

var codePattern = regexp.MustCompile(`^[a-z][a-z0-9-]{0,61}[a-z0-9]$`)

// maxURL is the longest thumbnail URL, in bytes.
const maxURL = 2048

// Service holds the commands on applications. Each runs in one transaction, decides on the stored row, and writes
// its audit events with the change.
type Service struct{ db *store.DB }

// New makes the service.
func New(db *store.DB) *Service { return &Service{db} }

// checkThumbnail notes what is no https URL of a named host: a browser asks it for the picture, wherever it is.
func checkThumbnail(errs *apperr.Collector, raw *string) {
	if raw == nil {
		return
	}
	*raw = strings.TrimSpace(*raw)
	if at, _, err := origin.Of(*raw); err != nil || at.Scheme != "https" || at.Local() || len(*raw) > maxURL {
		errs.Add(apperr.At("input.thumbnailUrl", apperr.Invalid, "a thumbnail is an https URL, of at most %d characters, of a host with a name", maxURL))
	}
}

// load reads an application for a change, its row locked. NOT_FOUND at the path where it cannot be seen.
func (s *Service) load(ctx context.Context, tx *ent.Client, id oid.Application, path string) (*ent.Application, error) {
	row, err := store.ForUpdate(s.db, tx.Application.Query().Where(application.ID(id))).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, apperr.At(path, apperr.NotFound, "no such application")
	}
	if err != nil {
		return nil, fmt.Errorf("application: read: %w", err)
	}
	return row, nil
}

// facts is the part of a row that authz decides on.
func facts(row *ent.Application) authz.Application {
	return authz.Application{Owner: row.ClientID, Creator: row.CreatorID, AccessType: row.AccessType, Status: row.Status}
}

// caller reads what decides of the actor, for one application.
func caller(ctx context.Context, db *ent.Client, app *ent.Application) (authz.Caller, error) {
	a := actor.From(ctx)
	rules, err := store.InScope(ctx, db, app.ClientID)
	if err != nil {
		return authz.Caller{}, err
	}
	access, err := access(ctx, db, app, a.Client)
	return authz.Caller{Client: a.Client, Rules: rules, Access: access}, err
}

// access is the level of a client on an application today.
func access(ctx context.Context, db *ent.Client, app *ent.Application, client oid.Client) (enum.AccessLevel, error) {
	now := actor.From(ctx).Now()
	if app.ClientID == client {
		return authz.Access(app.ClientID, client, nil, now), nil
	}
	row, err := db.AccessGrant.Query().Where(accessgrant.ClientID(client), accessgrant.ApplicationID(app.ID)).Only(ctx)
	if ent.IsNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("application: read the grant: %w", err)
	}
	return authz.Access(app.ClientID, client, &authz.Grant{Level: row.Level, ExpiresAt: row.ExpiresAt}, now), nil
}
