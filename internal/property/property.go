package property

import (
	"strconv"

	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/store"
)

// Service holds the commands on properties. Each runs in one transaction, decides on the stored rows, and writes history
// and audit events with the change.
type Service struct {
	db       *store.DB
	rules    authz.Rules
	registry Registry
	ring     Ring
}

// New makes the service of a platform without suffixes that keeps no secrets.
func New(db *store.DB) *Service {
	return &Service{db: db, rules: authz.DefaultRules(), registry: defaults}
}

// Under is the service with other rules, for tests.
func (s *Service) Under(rules authz.Rules) *Service {
	with := *s
	with.rules = rules
	return &with
}

// Configured is the service of a platform with suffixes, each with its leading dot, that keeps secrets with a ring.
func (s *Service) Configured(suffixes []string, ring Ring) *Service {
	with := *s
	with.registry, with.ring = NewRegistry(suffixes), ring
	return &with
}

// Definitions lists the properties whose names the platform knows, by name.
func (s *Service) Definitions() []Definition { return s.registry.Definitions() }

// at is the path of a field of the i-th property of an input.
func at(i int, field string) string { return "input.properties." + strconv.Itoa(i) + "." + field }
