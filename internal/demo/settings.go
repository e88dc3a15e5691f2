package demo

import (
	"context"
	"fmt"

	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/property"
	"github.com/appanage/appanage/internal/urls"
)

// Suffix is that of the demo's platform: its applications have their sub-domains below it.
const Suffix = ".apps.example.com"

// settingRow is the properties of an application for a client, set by a client that domain 6.4 lets do so.
type settingRow struct {
	application, client, by string
	values                  []value
}

type value struct {
	name, text string
	public     bool
}

// secretRow is a secret property: it is there where the platform keeps secrets.
type secretRow struct{ application, client, by, name, text string }

var secrets = []secretRow{
	{"invoice-flow", "MORGENAU", "MORGENAU", "PAYMENT_GATEWAY_KEY", "a key of nobody's, for the demo"},
}

var settings = []settingRow{
	{"invoice-flow", system, system, []value{
		{"REGISTRATION_TYPE", "NONE", false}, {"URL_SUFFIX", Suffix, false}, {"THEME", "slate", true},
		{"SUPPORT_EMAIL", "support@example.com", true}, {"PAYMENT_TERM_DAYS", "14", false},
	}},
	{"invoice-flow", "MORGENAU", "MORGENAU", []value{{"THEME", "linde", true}, {"SUPPORT_EMAIL", "hilfe@morgenau.example.com", true}, {"PAYMENT_TERM_DAYS", "30", false}}},
	{"invoice-flow", "HOLZWERK", "MORGENAU", []value{{"PAYMENT_TERM_DAYS", "10", false}}},
	{"morgenau-laden", "MORGENAU", "MORGENAU", []value{
		{"REGISTRATION_TYPE", "EMAIL_LINK", true}, {"REGISTRATION_SIGN_IN", "true", true}, {"URL_SUFFIX", Suffix, false},
		{"THEME", "linde", true}, {"SUPPORT_EMAIL", "laden@morgenau.example.com", true}, {"USER_CHECK", "UNIQUE_IN_BASE", false},
	}},
	{"morgenau-laden", "KORNWINKEL", "KORNWINKEL", []value{
		{"REGISTRATION_TYPE", "OTP_EMAIL", true}, {"REGISTRATION_SIGN_IN", "false", true}, {"THEME", "kornblume", true},
		{"SUPPORT_EMAIL", "laden@backstube-kornwinkel.example.org", true},
	}},
	{"auftragsbuch", "MORGENAU", "MORGENAU", []value{
		{"REGISTRATION_TYPE", "INVITATION_CODE", true}, {"REGISTRATION_SIGN_IN", "true", true}, {"URL_SUFFIX", Suffix, false},
		{"THEME", "linde", true}, {"ORDER_NUMBER_FORMAT", "A-{year}-{number}", false},
	}},
	{"auftragsbuch", "HOLZWERK", "HOLZWERK", []value{{"THEME", "eiche", true}, {"ORDER_NUMBER_FORMAT", "HW{number}", false}}},
	{"auftragsbuch", "OSTERMOOR", "HOLZWERK", []value{{"ORDER_NUMBER_FORMAT", "HW-OM{number}", false}}},
	{"werkstattplaner", "MORGENAU", "MORGENAU", []value{{"THEME", "linde", true}, {"SUPPORT_EMAIL", "hilfe@morgenau.example.com", true}}},
	{"werkstattplaner", "HOLZWERK", "HOLZWERK", []value{{"THEME", "eiche", true}, {"SHIFT_START", "06:30", false}}},
	{"einsatzplan", "HOLZNORD", "HOLZNORD", []value{{"WEEK_START", "MONDAY", false}, {"THEME", "eiche", true}}},
	{"vorbestellung", "KORNWINKEL", "KORNWINKEL", []value{
		{"REGISTRATION_TYPE", "OTP_PHONE", true}, {"REGISTRATION_SIGN_IN", "true", true}, {"URL_SUFFIX", Suffix, false},
		{"URL", "https://backstube-kornwinkel.example.org", true}, {"PICKUP_UNTIL", "18:00", true},
	}},
	{"vorbestellung", "SEEUFER", "KORNWINKEL", []value{{"PICKUP_UNTIL", "16:30", true}}},
	{"tarnbrook-crm", "TARNBROOK", "TARNBROOK", []value{
		{"REGISTRATION_TYPE", "IMMEDIATE", true}, {"REGISTRATION_SIGN_IN", "true", true}, {"URL_SUFFIX", Suffix, false},
		{"THEME", "heather", true}, {"SUPPORT_EMAIL", "crm@tarnbrook.example.com", true},
	}},
	{"tarnbrook-crm", "OAKLEDGE", "OAKLEDGE", []value{{"THEME", "acorn", true}, {"SUPPORT_EMAIL", "help@oakledge.example.org", true}}},
	{"tarnbrook-crm-classic", "TARNBROOK", "TARNBROOK", []value{{"THEME", "heather", true}, {"SUPPORT_EMAIL", "crm@tarnbrook.example.com", true}}},
	{"tarnbrook-crm", "NANDAKUMAR", "MARROWBY", []value{{"THEME", "chalk", true}}},
	{"appointment-desk", "TARNBROOK", "TARNBROOK", []value{{"REGISTRATION_TYPE", "NONE", true}, {"SLOT_MINUTES", "20", false}}},
	{"appointment-desk", "FERNHILL", "FERNHILL", []value{{"REGISTRATION_TYPE", "EMAIL_LINK", true}, {"SLOT_MINUTES", "15", false}, {"THEME", "fern", true}}},
	{"appointment-desk", "HARBOURSIDE", "FERNHILL", []value{{"SLOT_MINUTES", "30", false}}},
	{"oakledge-store", "OAKLEDGE", "OAKLEDGE", []value{
		{"REGISTRATION_TYPE", "EMAIL_LINK", true}, {"REGISTRATION_SIGN_IN", "true", true}, {"URL", "https://www.oakledge.example.org", true},
		{"THEME", "acorn", true}, {"SUPPORT_EMAIL", "store@oakledge.example.org", true},
	}},
	{"oakledge-store", "OAKLEDGECA", "OAKLEDGE", []value{{"THEME", "maple", true}, {"SUPPORT_EMAIL", "store.ca@oakledge.example.org", true}}},
}

// urlRow binds a URL to an application for a client. Pending ones may name any host: they block nobody. What others have
// proven is bound no more, so that a pending one of the same origin comes before.
type urlRow struct {
	application, client, url string
	proven                   bool
}

var bound = []urlRow{
	{"platform-status", system, "https://status.example.com", true},
	{"invoice-flow", "MORGENAU", "https://rechnungen.morgenau.example.com", true},
	{"morgenau-laden", "MORGENAU", "https://laden.morgenau.example.com", true},
	{"morgenau-laden", "KORNWINKEL", "https://laden.backstube-kornwinkel.example.org", true},
	{"auftragsbuch", "MORGENAU", "https://auftragsbuch.morgenau.example.com", true},
	{"auftragsbuch", "HOLZWERK", "https://auftraege.holzwerk-brannthal.example.org", true},
	{"auftragsbuch", "HOLZWERK", "https://aufträge.holzwerk-brannthal.example.org", false},
	{"holz-konfigurator", "HOLZWERK", "https://möbel.holzwerk-brannthal.example.org", true},
	{"vorbestellung", "SEEUFER", "https://backstube-kornwinkel.example.org", false},
	{"vorbestellung", "KORNWINKEL", "https://backstube-kornwinkel.example.org", true},
	{"tarnbrook-crm", "TARNBROOK", "https://crm.tarnbrook.example.com", true},
	{"tarnbrook-crm", "OAKLEDGE", "https://crm.oakledge.example.org:8443", false},
	{"appointment-desk", "FERNHILL", "https://appointments.fernhill.example.org", true},
	{"appointment-desk", "EASTGATE", "https://eastgate.fernhill.example.org", true},
	{"knowledge-base", "TARNBROOK", "https://help.tarnbrook.example.com", true},
	{"oakledge-store", "OAKLEDGE", "https://www.oakledge.example.org", true},
	{"oakledge-store", "OAKLEDGECA", "https://ca.oakledge.example.org", true},
}

func (f *filler) makeProperties(ctx context.Context) error {
	properties := f.Properties.Configured([]string{Suffix}, f.Ring)
	for _, s := range settings {
		cmd := property.Set{Application: f.apps.of(s.application).id, Client: f.clients.of(s.client)}
		for _, v := range s.values {
			cmd.Properties = append(cmd.Properties, property.Property{Name: v.name, Value: v.text, Public: &v.public})
		}
		if _, err := properties.Set(f.as(ctx, s.by), cmd); err != nil {
			return fmt.Errorf("%s for %s: %w", s.application, s.client, err)
		}
	}
	if !f.Ring.Seals() {
		return nil
	}
	secret := true
	for _, s := range secrets {
		cmd := property.Set{Application: f.apps.of(s.application).id, Client: f.clients.of(s.client),
			Properties: []property.Property{{Name: s.name, Value: s.text, Secret: &secret}}}
		if _, err := properties.Set(f.as(ctx, s.by), cmd); err != nil {
			return fmt.Errorf("%s for %s, a secret: %w", s.application, s.client, err)
		}
	}
	return nil
}

// makeURLs binds as anybody does. The hosts are nobody's, so that none can be proven: what is to be is marked so.
func (f *filler) makeURLs(ctx context.Context) error {
	for _, u := range bound {
		id, err := f.urls.Bind(f.as(ctx, u.client), urls.Bind{Application: f.apps.of(u.application).id, Origin: u.url})
		if err != nil {
			return fmt.Errorf("%s: %w", u.url, err)
		}
		if !u.proven {
			continue
		}
		past := f.past(ctx, u.client)
		row, err := f.tx.ClientURL.Get(past, id)
		if err != nil {
			return fmt.Errorf("%s: %w", u.url, err)
		}
		err = f.tx.ClientURL.UpdateOne(row).SetProvenOrigin(row.Origin).SetStatus(enum.URLProven).SetProvenAt(f.now).AddVersion(1).Exec(past)
		if err != nil {
			return fmt.Errorf("%s: %w", u.url, err)
		}
		if err := f.note(past, row.ClientID, "ClientUrl", string(id), map[string]any{"status": enum.URLProven}); err != nil {
			return err
		}
	}
	return nil
}
