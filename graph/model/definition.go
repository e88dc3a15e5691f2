package model

import (
	"time"

	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

// Definition is a definition as it is in force for a client. Made keeps what its parts are computed from.
type Definition struct {
	Kind            enum.DefinitionKind
	Name            string
	ApplicationCode string
	Content         *JSON
	Etag            string
	Unchanged       bool
	Public          bool
	Final           bool
	Made            any
}

// ResolvedLayer is a layer of a definition, seen from the client that reads it.
type ResolvedLayer struct {
	Source    enum.LayerSource
	State     enum.LayerState
	Whole     bool
	Final     bool
	Content   JSON
	Number    int
	UpdatedAt time.Time
	ClientID  oid.Client
}

// ResolvedURL is where a URL leads to.
type ResolvedURL struct {
	ApplicationCode string
	ApplicationName string
	ApplicationType enum.ApplicationType
	ClientCode      string
	ClientName      string
	Properties      []*PublicProperty
	Application     oid.Application
	Client          oid.Client
}
