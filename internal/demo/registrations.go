package demo

import (
	"context"
	"fmt"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/registration"
)

// ruleRow is what those get who register for an application as clients of a type, by a client that may say so (domain 10.3): access to
// a further application, or a package.
type ruleRow struct {
	application, by string
	kind            enum.ClientType
	given           string // an application to read
	pack            string
}

var rules = []ruleRow{
	{application: "morgenau-laden", by: "MORGENAU", kind: enum.ClientBusiness, given: "auftragsbuch"},
	{application: "morgenau-laden", by: "MORGENAU", kind: enum.ClientBusiness, pack: "AUFTRAGSBUCH"},
	{application: "auftragsbuch", by: "MORGENAU", kind: enum.ClientBusiness, pack: "AUFTRAGSBUCH"},
	{application: "auftragsbuch", by: "HOLZWERK", kind: enum.ClientBusiness, given: "werkstattplaner"},
	{application: "vorbestellung", by: "KORNWINKEL", kind: enum.ClientBusiness, pack: "FILIALE"},
	{application: "tarnbrook-crm", by: "TARNBROOK", kind: enum.ClientBusiness, pack: "CRM_TEAM"},
	{application: "tarnbrook-crm", by: "TARNBROOK", kind: enum.ClientIndividual, pack: "CRM_READER"},
}

// requestRow is a client whose user has asked for access to an application.
type requestRow struct{ client, application, message string }

var requests = []requestRow{
	{"WIESENGRUND", "vorbestellung", "Ich möchte mein Brot vorbestellen."},
	{"KORNWINKEL", "zeiterfassung", "Die Probezeit ist um: wir bleiben dabei."},
}

func (f *filler) registrations() *registration.Service {
	return registration.New(f.db, registration.Services{
		Tenancy: f.Tenancy, Identity: f.Identity, Access: f.access, Authority: authority.New(f.db), URLs: f.urls,
	}, make([]byte, 32)) // no secret is made here
}

// makeRules writes rules as users do who hold all that their clients can.
func (f *filler) makeRules(ctx context.Context) error {
	for _, r := range rules {
		client := f.clients.of(r.by)
		held, err := authority.CeilingOf(ctx, f.tx, client)
		if err != nil {
			return err
		}
		cmd := registration.CreateRule{Application: f.apps.of(r.application).id, Client: client, ClientType: r.kind}
		if r.given != "" {
			cmd.Given = f.apps.of(r.given).id
		} else {
			cmd.Package = f.packages.of(r.pack)
		}
		as := actor.With(ctx, actor.New(actor.Actor{User: f.acting[r.by], Client: client, Session: oid.New[oid.Session](), Scope: actor.Scope{Root: client}}, held, f.now))
		if _, err := f.registrations().CreateRule(as, cmd); err != nil {
			return fmt.Errorf("%s by %s: %w", r.application, r.by, err)
		}
	}
	return nil
}

func (f *filler) makeRequests(ctx context.Context) error {
	for _, r := range requests {
		if _, err := f.registrations().Ask(f.as(ctx, r.client), registration.Ask{ApplicationCode: r.application, Message: &r.message}); err != nil {
			return fmt.Errorf("%s for %s: %w", r.application, r.client, err)
		}
	}
	return nil
}
