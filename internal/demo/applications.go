package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/appanage/appanage/internal/access"
	"github.com/appanage/appanage/internal/application"
	"github.com/appanage/appanage/internal/dependency"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

// Words of the tables, short.
const (
	anApp, aSite          = enum.ApplicationApp, enum.ApplicationSite
	own, anyone, explicit = enum.AccessOwn, enum.AccessAny, enum.AccessExplicit
	read, write           = enum.LevelRead, enum.LevelWrite
	barred                = enum.LevelBarred
	day                   = 24 * time.Hour
)

// applicationRow is an application and the client whose user makes it. The owner of an EXPLICIT one follows from
// that (domain 4.3); the creator, where he is not the owner, gets his WRITE grant from the service.
type applicationRow struct {
	code, name string
	kind       enum.ApplicationType
	access     enum.AccessType
	owner, by  string
	archived   bool
}

var applications = []applicationRow{
	{code: "platform-status", name: "Platform Status", kind: aSite, access: own, owner: system, by: system},
	{code: "invoice-flow", name: "Invoice Flow", kind: anApp, access: anyone, owner: system, by: system},
	{code: "knowledge-base", name: "Knowledge Base", kind: aSite, access: explicit, owner: system, by: "TARNBROOK"},

	{code: "morgenau-laden", name: "Morgenau Laden", kind: aSite, access: anyone, owner: "MORGENAU", by: "MORGENAU"},
	{code: "auftragsbuch", name: "Auftragsbuch", kind: anApp, access: anyone, owner: "MORGENAU", by: "MORGENAU"},
	{code: "zeiterfassung", name: "Zeiterfassung", kind: anApp, access: own, owner: "MORGENAU", by: "MORGENAU"},
	{code: "werkstattplaner", name: "Werkstattplaner", kind: anApp, access: explicit, owner: "MORGENAU", by: "HOLZWERK"},
	{code: "holz-konfigurator", name: "Möbelkonfigurator", kind: aSite, access: own, owner: "HOLZWERK", by: "HOLZWERK"},
	{code: "einsatzplan", name: "Einsatzplan", kind: anApp, access: own, owner: "HOLZNORD", by: "HOLZNORD"},
	{code: "vorbestellung", name: "Vorbestellung", kind: aSite, access: anyone, owner: "KORNWINKEL", by: "MORGENAU"},

	{code: "tarnbrook-crm", name: "Tarnbrook CRM", kind: anApp, access: anyone, owner: "TARNBROOK", by: "TARNBROOK"},
	{code: "tarnbrook-crm-classic", name: "Tarnbrook CRM Classic", kind: anApp, access: anyone, owner: "TARNBROOK", by: "TARNBROOK", archived: true},
	{code: "appointment-desk", name: "Appointment Desk", kind: anApp, access: explicit, owner: "TARNBROOK", by: "FERNHILL"},
	{code: "oakledge-store", name: "Oakledge Store", kind: aSite, access: own, owner: "OAKLEDGE", by: "OAKLEDGE"},
}

// grantRow gives a client access to an application, by a client that domain 5.3 lets do so; one that gives to itself takes
// it. A client with write access lends, what those on the owner's side give is theirs. expires counts from now; it may be
// past.
type grantRow struct {
	application, client string
	level               enum.AccessLevel
	giver, reason       string
	expires             time.Duration
	embeddable          bool
}

// grants come in the order in which they were given: KORNWINKEL stepped down after it had lent, so what it lent sleeps.
var grants = []grantRow{
	{application: "invoice-flow", client: "MORGENAU", level: write, giver: system, reason: "framework agreement"},
	{application: "invoice-flow", client: "TARNBROOK", level: write, giver: "TARNBROOK"},
	{application: "invoice-flow", client: "HOLZWERK", level: read, giver: "MORGENAU", reason: "part of the business tariff"},
	{application: "invoice-flow", client: "OAKLEDGE", level: read, giver: system, reason: "trial of 30 days", expires: -12 * day},
	{application: "invoice-flow", client: "ELLERSBACH", level: barred, giver: system, reason: "under review by the platform"},
	{application: "knowledge-base", client: "MARROWBY", level: read, giver: "TARNBROOK", reason: "support contract"},
	{application: "knowledge-base", client: "FERNHILL", level: read, giver: "TARNBROOK", reason: "support contract"},

	{application: "morgenau-laden", client: "KORNWINKEL", level: write, giver: "KORNWINKEL"},
	{application: "morgenau-laden", client: "WIESENGRUND", level: read, giver: "WIESENGRUND"},
	{application: "morgenau-laden", client: "TANNENBERG", level: barred, giver: "MORGENAU", reason: "offene Rechnungen"},
	{application: "auftragsbuch", client: "HOLZWERK", level: write, giver: "MORGENAU", reason: "Vertrag Handwerk"},
	{application: "auftragsbuch", client: "HOLZNORD", level: write, giver: "HOLZNORD"},
	{application: "auftragsbuch", client: "OSTERMOOR", level: read, giver: "HOLZWERK", reason: "bis zur Abnahme in Ostermoor", expires: 90 * day},
	{application: "auftragsbuch", client: "KORNWINKEL", level: write, giver: "KORNWINKEL"},
	{application: "auftragsbuch", client: "SEEUFER", level: read, giver: "KORNWINKEL", reason: "Bestellungen der Filiale"},
	{application: "auftragsbuch", client: "KORNWINKEL", level: read, giver: "KORNWINKEL"},
	{application: "zeiterfassung", client: "HOLZWERK", level: read, giver: "MORGENAU", reason: "Vertrag Handwerk"},
	{application: "zeiterfassung", client: "KORNWINKEL", level: read, giver: "MORGENAU", reason: "Probezeit", expires: -20 * day},
	{application: "zeiterfassung", client: "AUWIESEN", level: read, giver: "MORGENAU", reason: "Vereinstarif"},
	{application: "werkstattplaner", client: "HOLZWERK", level: write, giver: "MORGENAU", embeddable: true},
	{application: "werkstattplaner", client: "HOLZNORD", level: read, giver: "HOLZWERK", reason: "Zweigbetrieb"},
	{application: "werkstattplaner", client: "HOLZSUED", level: read, giver: "HOLZWERK", reason: "Zweigbetrieb"},
	{application: "einsatzplan", client: "OSTERMOOR", level: write, giver: "HOLZNORD", reason: "plant seine Schichten selbst"},
	{application: "einsatzplan", client: "AHLFELD", level: read, giver: "HOLZNORD", reason: "freie Mitarbeiterin", expires: 30 * day},
	{application: "vorbestellung", client: "MARKTGASSE", level: read, giver: "KORNWINKEL", reason: "Filiale"},
	{application: "vorbestellung", client: "SEEUFER", level: read, giver: "SEEUFER"},

	{application: "tarnbrook-crm", client: "OAKLEDGE", level: write, giver: "OAKLEDGE"},
	{application: "tarnbrook-crm", client: "FERNHILL", level: read, giver: "TARNBROOK", reason: "bundle with the desk"},
	{application: "tarnbrook-crm", client: "MARROWBY", level: write, giver: "TARNBROOK", reason: "yearly plan", expires: 200 * day},
	{application: "tarnbrook-crm", client: "NANDAKUMAR", level: read, giver: "MARROWBY", reason: "freelance tutor", expires: 60 * day},
	{application: "tarnbrook-crm", client: "HARTSOCK", level: barred, giver: "TARNBROOK", reason: "asked not to be contacted"},
	{application: "tarnbrook-crm-classic", client: "OAKLEDGE", level: read, giver: "TARNBROOK", reason: "old contract", embeddable: true},
	{application: "appointment-desk", client: "EASTGATE", level: read, giver: "FERNHILL", reason: "clinic of the group"},
	{application: "appointment-desk", client: "HARBOURSIDE", level: read, giver: "FERNHILL", reason: "clinic of the group"},
	{application: "oakledge-store", client: "OAKLEDGECA", level: write, giver: "OAKLEDGE", reason: "runs its own shop front"},
	{application: "oakledge-store", client: "OAKLEDGETRADE", level: read, giver: "OAKLEDGE", reason: "stock lists"},
}

// dependencyRow makes an application depend on another, by its owner (domain 8.1): on one of the same owner, on an ANY
// application, or with the consent that a grant above gives. The last one breaks when the other is archived.
type dependencyRow struct{ application, on string }

var dependencies = []dependencyRow{
	{"werkstattplaner", "auftragsbuch"},
	{"einsatzplan", "auftragsbuch"},
	{"holz-konfigurator", "werkstattplaner"},
	{"oakledge-store", "tarnbrook-crm"},
	{"oakledge-store", "tarnbrook-crm-classic"},
}

// madeApp is an application as later steps need it.
type madeApp struct {
	id    oid.Application
	owner string // code of the client
}

func (f *filler) makeApplications(ctx context.Context) error {
	for _, a := range applications {
		cmd := application.Create{Name: a.name, Code: a.code, Type: a.kind, AccessType: a.access}
		if a.access != explicit {
			cmd.Owner = f.clients.of(a.owner)
		}
		id, err := f.Applications.Create(f.as(ctx, a.by), cmd)
		if err != nil {
			return err
		}
		f.apps[a.code] = madeApp{id, a.owner}
	}
	return nil
}

func (f *filler) makeGrants(ctx context.Context) error {
	for _, g := range grants {
		if err := f.makeGrant(ctx, g); err != nil {
			return fmt.Errorf("%s for %s: %w", g.application, g.client, err)
		}
	}
	return nil
}

func (f *filler) makeGrant(ctx context.Context, g grantRow) error {
	as, to := f.as(ctx, g.giver), f.apps.of(g.application).id
	if g.expires < 0 {
		return f.makeEnded(ctx, g)
	}
	if g.giver == g.client {
		_, err := f.access.Take(as, access.Take{Application: to, Level: g.level})
		return err
	}
	cmd := access.Set{Application: to, Code: g.client, Level: g.level}
	if g.reason != "" {
		cmd.Reason = &g.reason
	}
	if g.embeddable {
		cmd.Embeddable = &g.embeddable
	}
	if g.expires > 0 {
		ends := f.now.Add(g.expires)
		cmd.SetExpiry, cmd.ExpiresAt = true, &ends
	}
	_, err := f.access.Set(as, cmd)
	return err
}

// makeEnded makes a grant that has ended: no command gives what is over.
func (f *filler) makeEnded(ctx context.Context, g grantRow) error {
	ctx, id, client, to := f.past(ctx, g.giver), oid.New[oid.AccessGrant](), f.clients.of(g.client), f.apps.of(g.application).id
	ended := f.now.Add(g.expires)
	create := f.tx.AccessGrant.Create().SetID(id).SetClientID(client).SetApplicationID(to).SetLevel(g.level).
		SetReason(g.reason).SetGiverID(f.clients.of(g.giver)).SetExpiresAt(ended)
	if by := f.acting[g.giver]; by != "" {
		create.SetGivenByID(by)
	}
	if err := create.Exec(ctx); err != nil {
		return err
	}
	return f.note(ctx, client, "AccessGrant", string(id), map[string]any{"applicationId": to, "level": g.level, "reason": g.reason, "expiresAt": ended})
}

func (f *filler) makeDependencies(ctx context.Context) error {
	for _, d := range dependencies {
		app := f.apps.of(d.application)
		if _, err := f.dependencies.Add(f.as(ctx, app.owner), dependency.Add{Application: app.id, Dependency: f.apps.of(d.on).id}); err != nil {
			return fmt.Errorf("%s on %s: %w", d.application, d.on, err)
		}
	}
	return nil
}

// archive comes late: archived applications have been in use before.
func (f *filler) archive(ctx context.Context) error {
	for _, a := range applications {
		if !a.archived {
			continue
		}
		app := f.apps.of(a.code)
		if _, err := f.Applications.Archive(f.as(ctx, app.owner), application.SetStatus{ID: app.id}); err != nil {
			return fmt.Errorf("%s: %w", a.code, err)
		}
	}
	return nil
}
