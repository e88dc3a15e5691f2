package authority

import (
	"context"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// Service holds the commands on permissions, roles and packages, and the guards that other commands call.
type Service struct {
	db    *store.DB
	rules authz.Rules
}

// New makes the service.
func New(db *store.DB) *Service { return &Service{db, authz.DefaultRules()} }

// Under is the service under other rules.
func (s *Service) Under(rules authz.Rules) *Service { return &Service{s.db, rules} }

// MayAssign asks that each role can be assigned to members of a client (domain 3.4), and be given by the caller (3.5).
// Errors, at the path with the role's place: NOT_FOUND (not visible), NOT_ALLOWED.
func (s *Service) MayAssign(ctx context.Context, tx *ent.Client, client oid.Client, roles []oid.Role, path string) error {
	panic("not written yet")
}

// MayTakeOver asks that the caller holds every authority that a user has in any membership (domain 2.5). NOT_ALLOWED
// at the path else. A caller may always take over himself.
func (s *Service) MayTakeOver(ctx context.Context, tx *ent.Client, user oid.User, path string) error {
	panic("not written yet")
}

// KeepAdministrator makes a change that takes something away from members of clients, and refuses it, NOT_ALLOWED at
// the path, where it takes the last administrator from a client that the caller's does not manage (domain 2.5). The
// clients' rows are locked first, in the order of their ids, so that two changes at once see each other.
func (s *Service) KeepAdministrator(ctx context.Context, tx *ent.Client, clients []oid.Client, path string, change func() error) error {
	panic("not written yet")
}
