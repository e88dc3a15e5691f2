package demo_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/definition"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

// checkDefinitions: layers over layers, a client's own page, conflicts since the owner went on, and a layer that sleeps
// under what is final by now.
func checkDefinitions(t *testing.T, w world) {
	service, err := definition.New(w.db, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	read := func(client, app string, kind enum.DefinitionKind, name string) *definition.Reading {
		id := w.db.Ent().Tenant.Query().Where(tenant.Code(client)).OnlyIDX(system(t))
		ctx := actor.With(t.Context(), actor.New(actor.Actor{
			Session: oid.New[oid.Session](), Client: id, Scope: actor.Scope{Root: id, Clients: []oid.Client{id}},
		}, nil, w.db.Ent().Tenant.GetX(system(t), id).CreatedAt))
		place := definition.Place{Application: w.db.Ent().Application.Query().Where(application.Code(app)).OnlyIDX(system(t)), Kind: kind, Name: name}
		r, err := service.Read(ctx, definition.Question{Place: place})
		if err != nil || r == nil {
			t.Fatalf("%s of %s for %s: %v, %v", name, app, client, r, err)
		}
		return r
	}
	for _, c := range []struct {
		client, app string
		kind        enum.DefinitionKind
		name        string
		layers      string // of which clients, and of each whether it counts
		conflicts   string // where
		says        string
	}{
		{"MORGENAU", "auftragsbuch", enum.DefinitionPage, "orders", "MORGENAU IN_FORCE", "", `"title":"Aufträge und Angebote"`},
		{"HOLZWERK", "auftragsbuch", enum.DefinitionPage, "orders", "MORGENAU IN_FORCE, HOLZWERK IN_FORCE", "/title", `"title":"Aufträge im Werk"`},
		{
			"OSTERMOOR", "auftragsbuch", enum.DefinitionPage, "orders", "MORGENAU IN_FORCE, HOLZWERK IN_FORCE, HOLZNORD IN_FORCE", "/title",
			`"columns":[{"key":"due","width":100},{"key":"number","width":120},{"key":"state","width":80},{"key":"customer"},{"key":"wood"}]`,
		},
		{"HOLZNORD", "auftragsbuch", enum.DefinitionPage, "deliveries", "HOLZWERK IN_FORCE", "", `"title":"Lieferungen"`},
		{"HOLZWERK", "auftragsbuch", enum.DefinitionSettings, "printing", "MORGENAU IN_FORCE, HOLZWERK BELOW_FINAL", "", `"footer":"Morgenau Businessplattform"`},
		{"KORNWINKEL", "morgenau-laden", enum.DefinitionPage, "home", "MORGENAU IN_FORCE, KORNWINKEL IN_FORCE", "", `{"title":"Backstube Kornwinkel","sections":[{"key":"hours"}`},
		{"HOLZWERK", "holz-konfigurator", enum.DefinitionPage, "orders", "MORGENAU IN_FORCE, HOLZWERK IN_FORCE", "/title", `"pageSize":25`},
		{"NANDAKUMAR", "tarnbrook-crm", enum.DefinitionNotification, "deal-won", "TARNBROOK IN_FORCE, MARROWBY IN_FORCE", "", `"subject":"New pupil: {{deal.name}}"`},
	} {
		r := read(c.client, c.app, c.kind, c.name)
		var layers, conflicts []string
		seen, _ := r.Layers()
		for _, l := range seen {
			layers = append(layers, w.db.Ent().Tenant.GetX(system(t), l.Client).Code+" "+string(l.State))
		}
		met, _, err := r.Conflicts(system(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range met {
			conflicts = append(conflicts, m.Pointer)
		}
		if diff := cmp.Diff([]string{c.layers, c.conflicts}, []string{strings.Join(layers, ", "), strings.Join(conflicts, " ")}); diff != "" {
			t.Errorf("%s of %s for %s (-want +got):\n%s", c.name, c.app, c.client, diff)
		}
		if !strings.Contains(r.Content, c.says) {
			t.Errorf("%s of %s for %s does not say %s:\n%s", c.name, c.app, c.client, c.says, r.Content)
		}
	}
	if r := read("KORNWINKEL", "morgenau-laden", enum.DefinitionPage, "home"); !r.Public {
		t.Error("the page of the shop cannot be read without a token")
	}
	kinds := map[enum.DefinitionKind]bool{}
	for _, l := range w.db.Ent().DefinitionLayer.Query().AllX(system(t)) {
		kinds[l.Kind] = true
	}
	for _, kind := range []enum.DefinitionKind{enum.DefinitionPage, enum.DefinitionSchema, enum.DefinitionTheme, enum.DefinitionWorkflow, enum.DefinitionSettings, enum.DefinitionFunction} {
		if !kinds[kind] {
			t.Errorf("there is no %s", kind)
		}
	}
}
