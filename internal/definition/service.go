// Package definition keeps the definitions of applications (domain 9): what each client has made of one is a layer, and
// what the layers of a chain of clients make together is the definition as it is in force for one of them.
package definition

import (
	"fmt"

	"github.com/maypok86/otter/v2"

	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/delta"
	"github.com/appanage/appanage/internal/dependency"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// Limits bound what a definition may be (domain 9.1).
var Limits = delta.Limits{Bytes: 1 << 20, Depth: 64}

// Place names a definition: in an application, of a kind, by its name.
type Place struct {
	Application oid.Application
	Kind        enum.DefinitionKind
	Name        string
}

// Service reads definitions, and holds the commands on them. A command runs in one transaction, decides on the stored rows,
// and writes versions and audit events with the change.
type Service struct {
	db           *store.DB
	rules        authz.Rules
	key          []byte // of the etags
	dependencies *dependency.Service

	versions *otter.Cache[oid.DefinitionVersion, *Version]
	resolved *otter.Cache[string, *resolved]
	seenLast *otter.Cache[string, []oid.DefinitionVersion]
}

// New makes the service. The key authenticates etags: 32 random bytes, the same on every node.
func New(db *store.DB, key []byte) (*Service, error) {
	s := &Service{db: db, rules: authz.DefaultRules(), key: key, dependencies: dependency.New(db)}
	if err := s.makeCaches(); err != nil {
		return nil, fmt.Errorf("definition: make the caches: %w", err)
	}
	return s, nil
}

// Under is the service with other rules, for tests.
func (s *Service) Under(rules authz.Rules) *Service {
	with := *s
	with.rules, with.dependencies = rules, s.dependencies.Under(rules)
	return &with
}
