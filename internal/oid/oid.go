// Package oid gives every kind of object its own Go type of id, so that mixing kinds does not compile. (The name
// stands for object id; ent's generated code keeps the names id and ids for itself.)
//
// An id is opaque to callers: "<kind>_<ULID>", for example "app_01JD3Q4Z5V6W7X8Y9ZABCDEFGH". The ULID
// (48 bits of milliseconds, 80 random bits, monotonic within a process) makes ids sort by creation, so the
// primary key is also the order of creation.
package oid

import (
	"crypto/rand"
	"crypto/sha256"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"
)

// Kind is the prefix that tells what an id names.
type Kind string

// The kinds, one for each table whose rows have an id of their own.
const (
	KindClient            Kind = "cli"
	KindUser              Kind = "usr"
	KindMembership        Kind = "mem"
	KindSession           Kind = "ses"
	KindPermission        Kind = "per"
	KindRole              Kind = "rol"
	KindPackage           Kind = "pkg"
	KindPackageGift       Kind = "gft"
	KindApplication       Kind = "app"
	KindAccessGrant       Kind = "grt"
	KindProperty          Kind = "prp"
	KindClientURL         Kind = "url"
	KindAuditEvent        Kind = "evt"
	KindInvitation        Kind = "inv"
	KindLink              Kind = "lnk"
	KindAttempt           Kind = "att"
	KindOutboxEvent       Kind = "out"
	KindPropertyChange    Kind = "pch"
	KindDependency        Kind = "dep"
	KindDefinitionLayer   Kind = "lay"
	KindDefinitionVersion Kind = "dfv"
	KindBundle            Kind = "bdl"
	KindRegistrationRule  Kind = "rgr"
	KindRegistrationCode  Kind = "rgc"
	KindRegistration      Kind = "reg"
	KindAccessRequest     Kind = "arq"
)

const length = 4 + ulid.EncodedSize

// One defined type for each kind. The zero value means "none".
type (
	Client            string
	User              string
	Membership        string
	Session           string
	Permission        string
	Role              string
	Package           string
	PackageGift       string
	Application       string
	AccessGrant       string
	Property          string
	ClientURL         string
	AuditEvent        string
	Invitation        string
	Link              string
	Attempt           string
	OutboxEvent       string
	PropertyChange    string
	Dependency        string
	DefinitionLayer   string
	DefinitionVersion string
	Bundle            string
	RegistrationRule  string
	RegistrationCode  string
	Registration      string
	AccessRequest     string
)

// SystemClient is the id of the one SYSTEM client of every installation (domain 1.1).
const SystemClient Client = "cli_00000000000000000000SYSTEM"

// Kind methods tie each Go type to its prefix.
func (Client) Kind() Kind            { return KindClient }
func (User) Kind() Kind              { return KindUser }
func (Membership) Kind() Kind        { return KindMembership }
func (Session) Kind() Kind           { return KindSession }
func (Permission) Kind() Kind        { return KindPermission }
func (Role) Kind() Kind              { return KindRole }
func (Package) Kind() Kind           { return KindPackage }
func (PackageGift) Kind() Kind       { return KindPackageGift }
func (Application) Kind() Kind       { return KindApplication }
func (AccessGrant) Kind() Kind       { return KindAccessGrant }
func (Property) Kind() Kind          { return KindProperty }
func (ClientURL) Kind() Kind         { return KindClientURL }
func (AuditEvent) Kind() Kind        { return KindAuditEvent }
func (Invitation) Kind() Kind        { return KindInvitation }
func (Link) Kind() Kind              { return KindLink }
func (Attempt) Kind() Kind           { return KindAttempt }
func (OutboxEvent) Kind() Kind       { return KindOutboxEvent }
func (PropertyChange) Kind() Kind    { return KindPropertyChange }
func (Dependency) Kind() Kind        { return KindDependency }
func (DefinitionLayer) Kind() Kind   { return KindDefinitionLayer }
func (DefinitionVersion) Kind() Kind { return KindDefinitionVersion }
func (Bundle) Kind() Kind            { return KindBundle }
func (RegistrationRule) Kind() Kind  { return KindRegistrationRule }
func (RegistrationCode) Kind() Kind  { return KindRegistrationCode }
func (Registration) Kind() Kind      { return KindRegistration }
func (AccessRequest) Kind() Kind     { return KindAccessRequest }

// Kinded is a value of any of the id types of this package.
type Kinded interface{ Kind() Kind }

// ID is any of the id types of this package.
type ID interface {
	~string
	Kind() Kind
}

// New makes an id of the asked type: oid.New[oid.Application]().
func New[T ID]() T {
	var zero T
	return T(string(zero.Kind()) + "_" + next())
}

// Parse reads an id from outside. ok is false when s is not an id, or an id of another kind; the caller
// decides which of the two answers that deserves (an input error where a kind is asked for, null in node).
func Parse[T ID](s string) (id T, ok bool) {
	kind, ok := KindOf(s)
	if !ok || kind != id.Kind() {
		return "", false
	}
	return T(s), true
}

// KindOf tells which kind a well-formed id is of.
func KindOf(s string) (Kind, bool) {
	if len(s) != length || s[3] != '_' {
		return "", false
	}
	if _, err := ulid.ParseStrict(s[4:]); err != nil || strings.ToUpper(s[4:]) != s[4:] {
		return "", false
	}
	kind := Kind(s[:3])
	return kind, kinds[kind] != ""
}

// kinds gives each kind the word people know it by.
var kinds = map[Kind]string{
	KindClient: "client", KindUser: "user", KindMembership: "membership", KindSession: "session",
	KindPermission: "permission", KindRole: "role", KindPackage: "package", KindPackageGift: "gift",
	KindApplication: "application", KindAccessGrant: "grant", KindProperty: "property", KindClientURL: "URL",
	KindAuditEvent: "audit event", KindInvitation: "invitation", KindLink: "link", KindAttempt: "attempt", KindOutboxEvent: "outbox event",
	KindPropertyChange: "property change", KindDependency: "dependency",
	KindDefinitionLayer: "layer", KindDefinitionVersion: "version", KindBundle: "bundle",
	KindRegistrationRule: "registration rule", KindRegistrationCode: "registration code", KindRegistration: "registration", KindAccessRequest: "access request",
}

// Name is the word people know a kind by, for messages: "not the id of a client".
func Name[T ID]() string {
	var zero T
	return kinds[zero.Kind()]
}

// BuiltIn derives the id of a row that every installation has (a built-in permission, role or package) from
// its name: the same name gives the same id everywhere, so that such rows can be installed twice without harm.
// The time part is zero: no ULID made by New can collide with it.
func BuiltIn[T ID](name string) T {
	var zero T
	h := sha256.Sum256([]byte(string(zero.Kind()) + "/" + name))
	out := make([]byte, ulid.EncodedSize)
	for i := range out {
		out[i] = '0'
	}
	for i := 10; i < len(out); i++ { // the first ten characters are the time: zero
		out[i] = ulid.Encoding[h[i-10]&31]
	}
	return T(string(zero.Kind()) + "_" + string(out))
}

var (
	mu      sync.Mutex
	entropy io.Reader = ulid.Monotonic(rand.Reader, 0)
)

func next() string {
	mu.Lock()
	defer mu.Unlock()
	return ulid.MustNew(ulid.Timestamp(time.Now()), entropy).String()
}
