// Package access gives clients access to applications, takes it away, and tells who has it (domain 5).
package access

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/accessgrant"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// Service holds the commands on grants. Each locks, in this order, the tree and the clients it names, the application, and of
// its grants those it decides on: so all changes of the grants of one application come one after the other. It decides on
// the stored rows, and writes its audit events with the change.
type Service struct {
	db    *store.DB
	rules authz.Rules
}

// New makes the service.
func New(db *store.DB) *Service { return &Service{db, authz.DefaultRules()} }

// Under is the service under other rules.
func (s *Service) Under(rules authz.Rules) *Service { return &Service{s.db, rules} }

// terms are what a grant says.
type terms struct {
	level      enum.AccessLevel
	until      *time.Time // when it ends as it was given
	reason     string
	embeddable bool
	lent       bool
	giver      oid.Client
}

func termsOf(row *ent.AccessGrant) terms {
	return terms{row.Level, Grant(row).Until(), row.Reason, row.Embeddable, row.Lent, row.GiverID}
}

// Grant is what authz decides on; nil for none.
func Grant(row *ent.AccessGrant) *authz.Grant {
	if row == nil {
		return nil
	}
	return &authz.Grant{Level: row.Level, ExpiresAt: row.ExpiresAt, Lent: row.Lent, LentUntil: row.LentUntil}
}

// Facts is the part of an application that authz decides on.
func Facts(row *ent.Application) authz.Application {
	return authz.Application{Owner: row.ClientID, Creator: row.CreatorID, AccessType: row.AccessType, Status: row.Status}
}

// one reads the first row of a statement; false where there is none.
func (s *Service) one(ctx context.Context, into []any, query string, args ...any) (bool, error) {
	found, err := s.db.First(ctx, into, query, args...)
	if err != nil {
		return false, fmt.Errorf("access: read: %w", err)
	}
	return found, nil
}

// keep has clients stay until the transaction ends: they are not deleted meanwhile, and the row of SYSTEM, by which the tree
// is held, has none of them moved: what is lent, and what is taken, depends on who manages whom.
func (s *Service) keep(ctx context.Context, clients ...oid.Client) error {
	if s.db.Engine() == store.SQLite {
		return nil
	}
	clients = append(clients, oid.SystemClient)
	slices.Sort(clients)
	for _, client := range clients {
		var id string
		if _, err := s.one(ctx, []any{&id}, "SELECT id FROM clients WHERE id = ? LOCK IN SHARE MODE", client); err != nil {
			return err
		}
	}
	return nil
}

// manages tells whether one client is above another.
func (s *Service) manages(ctx context.Context, above, below oid.Client) (bool, error) {
	var depth int
	return s.one(ctx, []any{&depth}, "SELECT depth FROM client_paths WHERE ancestor_id = ? AND descendant_id = ? AND depth > 0", above, below)
}

// grantsOf reads the grants that clients have on an application, by client, their rows locked.
func (s *Service) grantsOf(ctx context.Context, tx *ent.Client, app oid.Application, clients ...oid.Client) (map[oid.Client]*ent.AccessGrant, error) {
	query := tx.AccessGrant.Query().Where(accessgrant.ApplicationID(app), accessgrant.ClientIDIn(clients...)).Order(ent.Asc(accessgrant.FieldID))
	rows, err := store.ForUpdate(s.db, query).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("access: read grants: %w", err)
	}
	of := make(map[oid.Client]*ent.AccessGrant, len(rows))
	for _, row := range rows {
		of[row.ClientID] = row
	}
	return of, nil
}

func noApplication() *apperr.Error {
	return apperr.At("input.applicationId", apperr.NotFound, "no such application")
}

// current refuses a change that is based on another version than the present one; there is none of a grant that is not.
func current(row *ent.AccessGrant, expected *int) error {
	if row != nil {
		return apperr.Current(expected, row.Version)
	}
	if expected == nil || *expected == 0 {
		return nil
	}
	return apperr.At("input.expectedVersion", apperr.Conflict, "there is no such grant any more")
}
