package demo

import (
	"context"
	"fmt"

	"github.com/appanage/appanage/internal/definition"
	"github.com/appanage/appanage/internal/enum"
)

// definitionRow is a change of a definition by a client that may make it (domain 9.2). text is the whole object where the
// client reads none yet, and a merge patch, or a delta, on what it reads from then on.
type definitionRow struct {
	application, by string
	kind            enum.DefinitionKind
	name, text      string
	public, final   bool
}

// definitions come in the order in which they were made. The last ones are the owner going on: where others changed the same
// they are told of a conflict, and their layers over what is final by now sleep.
var definitions = []definitionRow{
	{application: "auftragsbuch", by: "MORGENAU", kind: enum.DefinitionSchema, name: "order", text: `{
		"title": "Auftrag",
		"fields": [
			{"key": "number", "label": "Nummer", "type": "TEXT", "required": true},
			{"key": "customer", "label": "Kunde", "type": "REFERENCE", "to": "customer", "required": true},
			{"key": "due", "label": "Fällig am", "type": "DATE"},
			{"key": "total", "label": "Summe", "type": "MONEY", "digits": 2}
		]}`},
	{application: "auftragsbuch", by: "MORGENAU", kind: enum.DefinitionPage, name: "orders", text: `{
		"title": "Aufträge",
		"lists": "order",
		"columns": [{"key": "number", "width": 120}, {"key": "customer"}, {"key": "due", "width": 100}, {"key": "total", "align": "RIGHT"}],
		"filter": {"state": "OPEN"},
		"pageSize": 25}`},
	{application: "auftragsbuch", by: "MORGENAU", kind: enum.DefinitionTheme, name: "default", text: `{
		"colors": {"primary": "#2e7d32", "paper": "#ffffff", "ink": "#1b1b1b"},
		"font": "Source Sans 3",
		"radius": 4}`},
	{application: "auftragsbuch", by: "MORGENAU", kind: enum.DefinitionWorkflow, name: "order-approval", text: `{
		"on": "order",
		"steps": [{"key": "check", "role": "Sachbearbeitung"}, {"key": "approve", "role": "Leitung", "from": 5000.00}]}`},
	{application: "auftragsbuch", by: "MORGENAU", kind: enum.DefinitionSettings, name: "printing", text: `{
		"paper": "A4", "duplex": true, "footer": "Morgenau Businessplattform"}`},

	{application: "auftragsbuch", by: "HOLZWERK", kind: enum.DefinitionSchema, name: "order", text: `{
		"fields": {"$delta": "list",
			"change": {"due": {"label": "Liefertermin"}},
			"place": [{"item": {"key": "wood", "label": "Holzart", "type": "CHOICE", "of": ["Eiche", "Esche", "Kiefer"]}, "after": "customer"}]}}`},
	{application: "auftragsbuch", by: "HOLZWERK", kind: enum.DefinitionPage, name: "orders", text: `{
		"title": "Aufträge im Werk",
		"columns": {"$delta": "list", "place": [{"item": {"key": "wood"}, "after": "customer"}]},
		"filter": {"state": {"$delta": "set", "value": null}}}`},
	{application: "auftragsbuch", by: "HOLZWERK", kind: enum.DefinitionTheme, name: "default", text: `{"colors": {"primary": "#8d5524"}}`},
	{application: "auftragsbuch", by: "HOLZWERK", kind: enum.DefinitionSettings, name: "printing", text: `{"footer": "Holzwerk Brannthal"}`},
	{application: "auftragsbuch", by: "HOLZWERK", kind: enum.DefinitionPage, name: "deliveries", text: `{
		"title": "Lieferungen", "lists": "order", "columns": [{"key": "due"}, {"key": "customer"}]}`},
	{application: "auftragsbuch", by: "HOLZNORD", kind: enum.DefinitionPage, name: "orders", text: `{
		"columns": {"$delta": "list", "remove": ["total"], "place": [{"key": "due", "after": null}]},
		"pageSize": 50}`},

	{application: "werkstattplaner", by: "MORGENAU", kind: enum.DefinitionFunction, name: "capacity", text: `{
		"arguments": [{"key": "machine", "type": "REFERENCE"}, {"key": "week", "type": "WEEK"}],
		"steps": [{"key": "sum", "of": "job.hours"}, {"key": "compare", "to": "machine.hours"}]}`},
	{application: "holz-konfigurator", by: "HOLZWERK", kind: enum.DefinitionPage, name: "table", text: `{
		"title": "Ihr Tisch", "preview": "table.svg", "inputs": [{"key": "length", "from": 80, "to": 320}, {"key": "wood"}]}`},
	{application: "morgenau-laden", by: "MORGENAU", kind: enum.DefinitionPage, name: "home", public: true, text: `{
		"title": "Laden", "sections": [{"key": "search"}, {"key": "offers", "count": 6}, {"key": "hours"}]}`},
	{application: "morgenau-laden", by: "MORGENAU", kind: enum.DefinitionSettings, name: "checkout", text: `{"minimum": 10.00, "invoice": true}`},
	{application: "morgenau-laden", by: "KORNWINKEL", kind: enum.DefinitionPage, name: "home", text: `{
		"title": "Backstube Kornwinkel",
		"sections": {"$delta": "list", "change": {"offers": {"count": 12}}, "place": [{"key": "hours", "after": null}]}}`},

	{application: "tarnbrook-crm", by: "TARNBROOK", kind: enum.DefinitionPage, name: "contacts", text: `{
		"title": "Contacts", "columns": [{"key": "name"}, {"key": "company"}, {"key": "owner"}], "pageSize": 50}`},
	{application: "tarnbrook-crm", by: "TARNBROOK", kind: enum.DefinitionNotification, name: "deal-won", text: `{
		"channel": "MAIL", "to": "owner", "subject": "{{deal.name}} is won"}`},
	{application: "tarnbrook-crm", by: "OAKLEDGE", kind: enum.DefinitionPage, name: "contacts", text: `{
		"title": "Customers", "columns": {"$delta": "list", "place": [{"item": {"key": "size"}, "after": "name"}]}}`},
	{application: "tarnbrook-crm", by: "MARROWBY", kind: enum.DefinitionNotification, name: "deal-won", text: `{"subject": "New pupil: {{deal.name}}"}`},

	{application: "auftragsbuch", by: "MORGENAU", kind: enum.DefinitionPage, name: "orders", text: `{
		"title": "Aufträge und Angebote",
		"columns": {"$delta": "list", "place": [{"item": {"key": "state", "width": 80}, "after": "number"}]}}`},
	{application: "auftragsbuch", by: "MORGENAU", kind: enum.DefinitionSettings, name: "printing", final: true, text: `{"paper": "A4, 80 g"}`},
}

// makeDefinitions saves as anybody does: what is there is read first, and changed as it was seen.
func (f *filler) makeDefinitions(ctx context.Context) error {
	service, err := definition.New(f.db, make([]byte, 32)) // an etag is used at once, and by nobody else
	if err != nil {
		return err
	}
	for _, d := range definitions {
		if err := f.makeDefinition(f.as(ctx, d.by), service, d); err != nil {
			return fmt.Errorf("%s %s of %s, by %s: %w", d.kind, d.name, d.application, d.by, err)
		}
	}
	return nil
}

func (f *filler) makeDefinition(ctx context.Context, service *definition.Service, d definitionRow) error {
	place := definition.Place{Application: f.apps.of(d.application).id, Kind: d.kind, Name: d.name}
	seen, err := service.Read(ctx, definition.Question{Place: place})
	if err != nil {
		return err
	}
	if seen == nil {
		_, err = service.Save(ctx, definition.Save{Place: place, Content: d.text, Public: &d.public, Final: &d.final})
		return err
	}
	_, err = service.Patch(ctx, definition.Patch{Place: place, Patch: d.text, ETag: seen.Etag, Final: &d.final})
	return err
}
