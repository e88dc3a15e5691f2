// Package enum holds the closed lists of words of domain.md, the same in SDL, Go and SQL. Each type has
// Values, which ent asks for, in the order of the SDL.
package enum

import "time"

// ClientType tells what a client is (domain 1.1).
type ClientType string

// Client types.
const (
	ClientSystem     ClientType = "SYSTEM"
	ClientBusiness   ClientType = "BUSINESS"
	ClientIndividual ClientType = "INDIVIDUAL"
)

// Values lists every client type.
func (ClientType) Values() []string { return list(ClientSystem, ClientBusiness, ClientIndividual) }

// ClientStatus is stored per client; what is in force derives from the path (domain 1.5).
type ClientStatus string

// Client statuses.
const (
	ClientActive    ClientStatus = "ACTIVE"
	ClientSuspended ClientStatus = "SUSPENDED"
)

// Values lists every client status.
func (ClientStatus) Values() []string { return list(ClientActive, ClientSuspended) }

// UserStatus of domain 2.1.
type UserStatus string

// User statuses.
const (
	UserActive    UserStatus = "ACTIVE"
	UserInvited   UserStatus = "INVITED"
	UserSuspended UserStatus = "SUSPENDED"
)

// Values lists every user status.
func (UserStatus) Values() []string { return list(UserActive, UserInvited, UserSuspended) }

// InvitationStatus of domain 2.7. EXPIRED is never stored: a PENDING one expires by itself.
type InvitationStatus string

// Invitation statuses.
const (
	InvitationPending  InvitationStatus = "PENDING"
	InvitationAccepted InvitationStatus = "ACCEPTED"
	InvitationDeclined InvitationStatus = "DECLINED"
	InvitationExpired  InvitationStatus = "EXPIRED"
)

// Values lists every invitation status.
func (InvitationStatus) Values() []string {
	return list(InvitationPending, InvitationAccepted, InvitationDeclined, InvitationExpired)
}

// At is the status at an instant: a pending invitation expires by itself.
func (s InvitationStatus) At(expires, now time.Time) InvitationStatus {
	if s == InvitationPending && !now.Before(expires) {
		return InvitationExpired
	}
	return s
}

// OutboxStatus tells what has become of an event of the outbox (domain 16.3).
type OutboxStatus string

// Outbox statuses.
const (
	OutboxPending   OutboxStatus = "PENDING"
	OutboxDelivered OutboxStatus = "DELIVERED"
	OutboxDead      OutboxStatus = "DEAD"
)

// Values lists every outbox status.
func (OutboxStatus) Values() []string { return list(OutboxPending, OutboxDelivered, OutboxDead) }

// ApplicationType of domain 4.1.
type ApplicationType string

// Application types.
const (
	ApplicationApp  ApplicationType = "APP"
	ApplicationSite ApplicationType = "SITE"
)

// Values lists every application type.
func (ApplicationType) Values() []string { return list(ApplicationApp, ApplicationSite) }

// AccessType tells who may come to an application, and how; it never gives access by itself (domain 5.1).
type AccessType string

// Access types.
const (
	AccessOwn      AccessType = "OWN"
	AccessAny      AccessType = "ANY"
	AccessExplicit AccessType = "EXPLICIT"
)

// Values lists every access type.
func (AccessType) Values() []string { return list(AccessOwn, AccessAny, AccessExplicit) }

// ApplicationStatus of domain 4.1.
type ApplicationStatus string

// Application statuses.
const (
	ApplicationActive   ApplicationStatus = "ACTIVE"
	ApplicationArchived ApplicationStatus = "ARCHIVED"
)

// Values lists every application status.
func (ApplicationStatus) Values() []string { return list(ApplicationActive, ApplicationArchived) }

// AccessLevel is what a grant gives or, with BARRED, denies (domain 5.1).
type AccessLevel string

// Access levels.
const (
	LevelRead   AccessLevel = "READ"
	LevelWrite  AccessLevel = "WRITE"
	LevelBarred AccessLevel = "BARRED"
)

// Values lists every access level.
func (AccessLevel) Values() []string { return list(LevelRead, LevelWrite, LevelBarred) }

// URLStatus tells whether the host of a URL is proven (domain 7.1).
type URLStatus string

// URL statuses.
const (
	URLPending URLStatus = "PENDING"
	URLProven  URLStatus = "PROVEN"
)

// Values lists every URL status.
func (URLStatus) Values() []string { return list(URLPending, URLProven) }

// AccessReason says why a client has access to an application, or has none (domain 5.5).
type AccessReason string

// The words.
const (
	ReasonOwner     AccessReason = "OWNER"
	ReasonGrant     AccessReason = "GRANT"
	ReasonNone      AccessReason = "NONE"
	ReasonBarred    AccessReason = "BARRED"
	ReasonExpired   AccessReason = "EXPIRED"
	ReasonSleeping  AccessReason = "SLEEPING"
	ReasonArchived  AccessReason = "ARCHIVED"
	ReasonSuspended AccessReason = "SUSPENDED"
)

// Values lists every one.
func (AccessReason) Values() []string {
	return list(ReasonOwner, ReasonGrant, ReasonNone, ReasonBarred, ReasonExpired, ReasonSleeping, ReasonArchived, ReasonSuspended)
}

// PropertySourceKind says whose value of a property is in force (domain 6.2).
type PropertySourceKind string

// The words.
const (
	SourceOwn     PropertySourceKind = "OWN"
	SourceManager PropertySourceKind = "MANAGER"
	SourceOwner   PropertySourceKind = "OWNER"
	SourceDefault PropertySourceKind = "DEFAULT"
)

// Values lists every one.
func (PropertySourceKind) Values() []string {
	return list(SourceOwn, SourceManager, SourceOwner, SourceDefault)
}

// PropertyType says what values a property takes (domain 6.3).
type PropertyType string

// The words.
const (
	PropertyText    PropertyType = "TEXT"
	PropertyBoolean PropertyType = "BOOLEAN"
	PropertyInteger PropertyType = "INTEGER"
	PropertyWord    PropertyType = "WORD"
	PropertyOrigin  PropertyType = "ORIGIN"
)

// Values lists every one.
func (PropertyType) Values() []string {
	return list(PropertyText, PropertyBoolean, PropertyInteger, PropertyWord, PropertyOrigin)
}

// DependencyState says whether a dependency works, and if not, why (domain 8).
type DependencyState string

// The words.
const (
	DependencyReady     DependencyState = "READY"
	DependencyNoAccess  DependencyState = "NO_ACCESS"
	DependencyNoConsent DependencyState = "NO_CONSENT"
	DependencyArchived  DependencyState = "ARCHIVED"
)

// Values lists every one.
func (DependencyState) Values() []string {
	return list(DependencyReady, DependencyNoAccess, DependencyNoConsent, DependencyArchived)
}

// RemovalObstacleKind says what stands against the removal of an application (domain 11.2).
type RemovalObstacleKind string

// The words.
const (
	ObstacleClients    RemovalObstacleKind = "CLIENTS"
	ObstacleDependents RemovalObstacleKind = "DEPENDENTS"
)

// Values lists every one.
func (RemovalObstacleKind) Values() []string {
	return list(ObstacleClients, ObstacleDependents)
}

// DefinitionKind says what a definition is for (domain 9.1).
type DefinitionKind string

// The words.
const (
	DefinitionPage         DefinitionKind = "PAGE"
	DefinitionFunction     DefinitionKind = "FUNCTION"
	DefinitionSchema       DefinitionKind = "SCHEMA"
	DefinitionStyle        DefinitionKind = "STYLE"
	DefinitionTheme        DefinitionKind = "THEME"
	DefinitionFiller       DefinitionKind = "FILLER"
	DefinitionURIPath      DefinitionKind = "URI_PATH"
	DefinitionStorage      DefinitionKind = "STORAGE"
	DefinitionConnection   DefinitionKind = "CONNECTION"
	DefinitionTemplate     DefinitionKind = "TEMPLATE"
	DefinitionWorkflow     DefinitionKind = "WORKFLOW"
	DefinitionEvent        DefinitionKind = "EVENT"
	DefinitionEventAction  DefinitionKind = "EVENT_ACTION"
	DefinitionNotification DefinitionKind = "NOTIFICATION"
	DefinitionAction       DefinitionKind = "ACTION"
	DefinitionSettings     DefinitionKind = "SETTINGS"
)

// Values lists every one.
func (DefinitionKind) Values() []string {
	return list(DefinitionPage, DefinitionFunction, DefinitionSchema, DefinitionStyle, DefinitionTheme, DefinitionFiller,
		DefinitionURIPath, DefinitionStorage, DefinitionConnection, DefinitionTemplate, DefinitionWorkflow, DefinitionEvent,
		DefinitionEventAction, DefinitionNotification, DefinitionAction, DefinitionSettings)
}

// LayerSource says whose layer of a definition it is, seen from the client that reads (domain 9.3).
type LayerSource string

// The words.
const (
	LayerOwner   LayerSource = "OWNER"
	LayerURL     LayerSource = "URL"
	LayerManager LayerSource = "MANAGER"
	LayerOwn     LayerSource = "OWN"
)

// Values lists every one.
func (LayerSource) Values() []string {
	return list(LayerOwner, LayerURL, LayerManager, LayerOwn)
}

// LayerState says whether a layer counts today, and if not, why (domain 5.4, 9.3, 9.6).
type LayerState string

// The words.
const (
	LayerInForce      LayerState = "IN_FORCE"
	LayerReplaced     LayerState = "REPLACED"
	LayerNothingBelow LayerState = "NOTHING_BELOW"
	LayerBelowFinal   LayerState = "BELOW_FINAL"
	LayerNoAccess     LayerState = "NO_ACCESS"
	LayerBroken       LayerState = "BROKEN"
)

// Values lists every one.
func (LayerState) Values() []string {
	return list(LayerInForce, LayerReplaced, LayerNothingBelow, LayerBelowFinal, LayerNoAccess, LayerBroken)
}

// RegistrationType says how people register themselves (domain 10.1).
type RegistrationType string

// The words.
const (
	RegisterNone    RegistrationType = "NONE"
	RegisterByCode  RegistrationType = "INVITATION_CODE"
	RegisterAtOnce  RegistrationType = "IMMEDIATE"
	RegisterByLink  RegistrationType = "EMAIL_LINK"
	RegisterByEmail RegistrationType = "OTP_EMAIL"
	RegisterByPhone RegistrationType = "OTP_PHONE"
)

// Values lists every one.
func (RegistrationType) Values() []string {
	return list(RegisterNone, RegisterByCode, RegisterAtOnce, RegisterByLink, RegisterByEmail, RegisterByPhone)
}

// RegistrationStep says what comes next of a registration.
type RegistrationStep string

// The words.
const (
	StepVerify   RegistrationStep = "VERIFY"
	StepComplete RegistrationStep = "COMPLETE"
)

// Values lists every one.
func (RegistrationStep) Values() []string {
	return list(StepVerify, StepComplete)
}

// RegistrationGift says what a registration rule gives (domain 10.2).
type RegistrationGift string

// The words.
const (
	GivesAccess  RegistrationGift = "ACCESS"
	GivesPackage RegistrationGift = "PACKAGE"
	GivesRole    RegistrationGift = "ROLE"
)

// Values lists every one.
func (RegistrationGift) Values() []string {
	return list(GivesAccess, GivesPackage, GivesRole)
}

// RegistrationCodeStatus says what has become of a registration code.
type RegistrationCodeStatus string

// The words.
const (
	CodePending RegistrationCodeStatus = "PENDING"
	CodeUsed    RegistrationCodeStatus = "USED"
	CodeExpired RegistrationCodeStatus = "EXPIRED"
)

// Values lists every one.
func (RegistrationCodeStatus) Values() []string {
	return list(CodePending, CodeUsed, CodeExpired)
}

// AccessRequestStatus says what has become of a request for access.
type AccessRequestStatus string

// The words.
const (
	RequestPending AccessRequestStatus = "PENDING"
	RequestGranted AccessRequestStatus = "GRANTED"
	RequestRefused AccessRequestStatus = "REFUSED"
)

// Values lists every one.
func (AccessRequestStatus) Values() []string {
	return list(RequestPending, RequestGranted, RequestRefused)
}

// CodeStatus is what has become of a registration code by an instant.
func CodeStatus(used *time.Time, expires, now time.Time) RegistrationCodeStatus {
	switch {
	case used != nil:
		return CodeUsed
	case !now.Before(expires):
		return CodeExpired
	}
	return CodePending
}

func list[T ~string](values ...T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}
