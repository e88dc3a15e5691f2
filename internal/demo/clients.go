package demo

import (
	"context"

	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/tenancy"
)

// system is the code of the SYSTEM client, which every installation has.
const system = "SYSTEM"

// place is where a client is at home.
type place struct{ locale, zone, currency string }

var (
	germany = place{"de-DE", "Europe/Berlin", "EUR"}
	austria = place{"de-AT", "Europe/Vienna", "EUR"}
	britain = place{"en-GB", "Europe/London", "GBP"}
	canada  = place{"en-CA", "America/Toronto", "CAD"}
)

// clientRow is a client, a business unless told otherwise.
type clientRow struct {
	code, below, name string
	at                place
	person, isolated  bool
}

// clients is the tree; managers come before those they manage.
var clients = []clientRow{
	{code: "MORGENAU", below: system, name: "Morgenau Businessplattform", at: germany, isolated: true},
	{code: "HOLZWERK", below: "MORGENAU", name: "Holzwerk Brannthal", at: germany},
	{code: "HOLZNORD", below: "HOLZWERK", name: "Holzwerk Brannthal Nord", at: germany},
	{code: "OSTERMOOR", below: "HOLZNORD", name: "Montageteam Ostermoor", at: germany},
	{code: "AHLFELD", below: "HOLZNORD", name: "Birte Ahlfeld", at: germany, person: true},
	{code: "HOLZSUED", below: "HOLZWERK", name: "Holzwerk Brannthal Süd", at: austria},
	{code: "KORNWINKEL", below: "MORGENAU", name: "Backstube Kornwinkel", at: germany},
	{code: "MARKTGASSE", below: "KORNWINKEL", name: "Backstube Kornwinkel, Marktgasse", at: germany},
	{code: "SEEUFER", below: "KORNWINKEL", name: "Backstube Kornwinkel, Seeufer", at: germany},
	{code: "ELLERSBACH", below: "MORGENAU", name: "Praxis Dr. Ellersbach", at: austria},
	{code: "WOLLRATH", below: "ELLERSBACH", name: "Janne Wollrath", at: austria, person: true},
	{code: "AUWIESEN", below: "MORGENAU", name: "Sportverein Auwiesen", at: germany},
	{code: "AUWIESENJUGEND", below: "AUWIESEN", name: "Sportverein Auwiesen, Jugend", at: germany},
	{code: "WIESENGRUND", below: "MORGENAU", name: "Käthe Wiesengrund", at: germany, person: true},
	{code: "TANNENBERG", below: "MORGENAU", name: "Mirko Tannenberg", at: germany, person: true},

	{code: "TARNBROOK", below: system, name: "Tarnbrook Business Cloud", at: britain, isolated: true},
	{code: "FERNHILL", below: "TARNBROOK", name: "Fernhill Clinics", at: britain},
	{code: "EASTGATE", below: "FERNHILL", name: "Fernhill Clinic Eastgate", at: britain},
	{code: "HARBOURSIDE", below: "FERNHILL", name: "Fernhill Clinic Harbourside", at: britain},
	{code: "OAKLEDGE", below: "TARNBROOK", name: "Oakledge Outfitters", at: britain},
	{code: "OAKLEDGECA", below: "OAKLEDGE", name: "Oakledge Outfitters Canada", at: canada},
	{code: "OAKLEDGETRADE", below: "OAKLEDGE", name: "Oakledge Wholesale", at: britain},
	{code: "MARROWBY", below: "TARNBROOK", name: "Marrowby Tutors", at: britain},
	{code: "NANDAKUMAR", below: "MARROWBY", name: "Priya Nandakumar", at: britain, person: true},
	{code: "HARTSOCK", below: "TARNBROOK", name: "Owen Hartsock", at: britain, person: true},
}

// suspendedClients are suspended once all is made, and with them what is below them (domain 1.5).
var suspendedClients = []string{"AUWIESEN"}

func (f *filler) makeClients(ctx context.Context) error {
	for _, c := range clients {
		kind := enum.ClientBusiness
		if c.person {
			kind = enum.ClientIndividual
		}
		id, err := f.Tenancy.Create(ctx, tenancy.Create{
			Manager: f.clients.of(c.below), Code: c.code, Name: c.name, Type: kind, Isolated: c.isolated,
			Locale: c.at.locale, TimeZone: c.at.zone, Currency: c.at.currency,
		})
		if err != nil {
			return err
		}
		f.clients[c.code] = id
	}
	return nil
}

// suspend comes last: suspended clients and users have had a life before.
func (f *filler) suspend(ctx context.Context) error {
	ctx = f.past(ctx, system)
	for _, code := range suspendedClients {
		id := f.clients.of(code)
		if err := f.tx.Tenant.UpdateOneID(id).SetStatus(enum.ClientSuspended).AddVersion(1).Exec(ctx); err != nil {
			return err
		}
		if err := f.note(ctx, id, "Client", string(id), map[string]any{"status": enum.ClientSuspended}); err != nil {
			return err
		}
	}
	for _, u := range users {
		if !u.suspended {
			continue
		}
		id := f.users.of(u.key())
		if err := f.tx.User.UpdateOneID(id).SetStatus(enum.UserSuspended).AddVersion(1).Exec(ctx); err != nil {
			return err
		}
		if err := f.note(ctx, f.clients.of(u.home), "User", string(id), map[string]any{"status": enum.UserSuspended}); err != nil {
			return err
		}
	}
	return nil
}
