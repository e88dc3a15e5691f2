package authority

import (
	"github.com/appanage/appanage/internal/authz"
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
