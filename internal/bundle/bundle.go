// Package bundle takes an application out of the hub in one document, and brings it in again: a new one, or the next state
// of one that is there (domain 12). docs/bundles.md describes the document.
package bundle

import (
	"github.com/appanage/appanage/internal/application"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/definition"
	"github.com/appanage/appanage/internal/property"
	"github.com/appanage/appanage/internal/store"
)

// Service holds the commands on bundles.
type Service struct {
	db *store.DB
	Options
}

// Options are what bundles need beside the database: the services whose commands they run.
type Options struct {
	Rules        authz.Rules
	Applications *application.Service
	Authority    *authority.Service
	Properties   *property.Service
	Definitions  *definition.Service
	// Key authenticates tickets. All servers of one database have the same.
	Key []byte
	// Clock tells what has expired.
	Clock clock.Clock
}

// New makes the service.
func New(db *store.DB, o Options) *Service { return &Service{db, o} }
