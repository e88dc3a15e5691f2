package bundle

import (
	"github.com/appanage/appanage/internal/enum"
)

// The format, as docs/bundles.md describes it. Within a version it only ever takes less than before, never more: what one
// server writes every other of the version reads.
const (
	formatName    = "appanage-bundle"
	formatVersion = 1
	checksumKind  = "sha256:"
)

// MaxBytes is the longest document, in bytes.
const MaxBytes = 32 << 20

// The most of each that a document may have.
const (
	maxDefinitions = 10_000
	maxProperties  = 500
	maxPermissions = 1_000
	maxRoles       = 1_000
	maxPackages    = 200
	// maxNamed is how many permissions, sub-roles or roles one object may name.
	maxNamed = 2_000
	// maxReferences is how many all roles and packages name together.
	maxReferences = 20_000
	// maxItem is the longest item of a list, in bytes as it was sent.
	maxItem = 5 << 20 / 4
)

// Document is an application in a bundle.
type Document struct {
	Application Application
	Properties  []Property
	Permissions []Permission
	Roles       []Role
	Packages    []Package
	Definitions []Definition
	LeftOut     LeftOut
}

// Application is what a bundle says of the application itself.
type Application struct {
	Code         string // where it was exported: what the authorities of its own permissions begin with
	Name         string
	Type         enum.ApplicationType
	ThumbnailURL *string
}

// Property is one that is not secret.
type Property struct {
	Name, Value string
	Public      bool
}

// Permission is one of the application.
type Permission struct {
	Name        string // Entity_ACTION
	Description string
}

// Role is one that is bound to the application.
type Role struct {
	Name        string
	Description string
	Permissions []string // authorities
	SubRoles    []string // names of other roles of the bundle
}

// Package is one that is bound to the application.
type Package struct {
	Code        string // what it is to be called where that is free; may be empty
	Name        string
	Description string
	Roles       []string // names of roles of the bundle
}

// Definition is the owner's layer of one.
type Definition struct {
	Kind          enum.DefinitionKind
	Name          string
	Public, Final bool
	Content       string // an object, as compact JSON
}

// LeftOut counts what an export could not take along. Nothing is made of it.
type LeftOut struct {
	Secrets     int // properties whose values are secret
	Addresses   int // properties that say where the application is found
	Permissions int // of other applications, held by roles
	SubRoles    int // that are not of the application
	Roles       int // in packages, that are not of the application
}
