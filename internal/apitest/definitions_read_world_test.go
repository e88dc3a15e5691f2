package apitest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// tower is a world of definitions: SYSTEM over twelve clients one below the other, with a branch at the third; and a
// stranger, with a client below, all in one base. Layers are written straight to the database.
type tower struct {
	*hubtest.Hub
	t      testing.TB
	floors []oid.Client // from SYSTEM down
	side   oid.Client   // below the third
	other  oid.Client   // the stranger
	under  oid.Client   // below the stranger
	codes  map[oid.Client]string
	parent map[oid.Client]oid.Client
	tokens map[oid.Client]string // of a user of each client who holds everything built in
	users  map[oid.Client]oid.User
}

func newTower(t testing.TB, h *hubtest.Hub) *tower {
	t.Helper()
	w := &tower{
		Hub: h, t: t, floors: []oid.Client{oid.SystemClient}, codes: map[oid.Client]string{oid.SystemClient: "SYSTEM"},
		parent: map[oid.Client]oid.Client{}, tokens: map[oid.Client]string{}, users: map[oid.Client]oid.User{},
	}
	platform := authority.BuiltInPackage("PLATFORM")
	add := func(below oid.Client, code string) oid.Client {
		id := h.Client(below, code, false)
		w.codes[id], w.parent[id] = code, below
		h.Give(platform, id, below)
		return id
	}
	for n := range 12 {
		w.floors = append(w.floors, add(w.floors[n], fmt.Sprint("FLOOR", n+1)))
	}
	w.side = add(w.floors[3], "SIDE")
	w.other = add(oid.SystemClient, "OTHER")
	w.under = add(w.other, "UNDER")
	for id, code := range w.codes {
		w.users[id], w.tokens[id] = h.User(id, "user-"+strings.ToLower(code), authority.BuiltInRole("Owner"))
	}
	return w
}

// all are the clients of the world.
func (w *tower) all() []oid.Client {
	return append(append([]oid.Client{}, w.floors...), w.side, w.other, w.under)
}

// lay is what a client has made of a definition.
type lay struct {
	app     oid.Application
	client  oid.Client
	kind    enum.DefinitionKind
	name    string
	content string
	whole   bool
	final   bool
	public  bool
	base    []oid.DefinitionVersion
}

// write writes layers, each with a version of its own.
func (w *tower) write(list ...lay) []oid.DefinitionVersion {
	w.t.Helper()
	var ids []oid.DefinitionVersion
	var versions, layers []any
	now := clock.Now()
	for _, l := range list {
		version, base := oid.New[oid.DefinitionVersion](), make([]string, len(l.base))
		for i, id := range l.base {
			base[i] = string(id)
		}
		ids = append(ids, version)
		versions = append(versions, version, now, now, 1, l.client, l.app, l.kind, l.name, 1, l.content, strings.Join(base, " "), l.whole, l.final, l.public, false)
		layers = append(layers, oid.New[oid.DefinitionLayer](), now, now, 1, l.client, l.app, l.kind, l.name, version, l.whole, l.final, l.public)
	}
	w.insert("definition_versions (id, created_at, updated_at, version, client_id, application_id, kind, name, number, content, base, whole, final, public, removed)", 15, versions)
	w.insert("definition_layers (id, created_at, updated_at, version, client_id, application_id, kind, name, current_id, whole, final, public)", 12, layers)
	return ids
}

func (w *tower) insert(into string, columns int, values []any) {
	w.t.Helper()
	for len(values) > 0 {
		n := min(len(values), 200*columns)
		marks := strings.TrimSuffix(strings.Repeat(store.Marks(columns)+", ", n/columns), ", ")
		w.exec("INSERT INTO "+into+" VALUES "+marks, values[:n]...)
		values = values[n:]
	}
}

func (w *tower) exec(statement string, args ...any) {
	w.t.Helper()
	if _, err := w.DB.Exec(w.System(), statement, args...); err != nil {
		w.t.Fatalf("%v\n%.300s", err, statement)
	}
}

// renew gives a layer a new version, as a save does.
func (w *tower) renew(l lay, number int) oid.DefinitionVersion {
	w.t.Helper()
	id, now := oid.New[oid.DefinitionVersion](), clock.Now()
	w.insert("definition_versions (id, created_at, updated_at, version, client_id, application_id, kind, name, number, content, base, whole, final, public, removed)", 15,
		[]any{id, now, now, 1, l.client, l.app, l.kind, l.name, number, l.content, "", l.whole, l.final, l.public, false})
	w.exec("UPDATE definition_layers SET current_id = ?, whole = ?, final = ?, public = ?, version = version + 1, updated_at = ? WHERE client_id = ? AND application_id = ? AND kind = ? AND name = ?",
		id, l.whole, l.final, l.public, now, l.client, l.app, l.kind, l.name)
	return id
}

// grant gives a client access, in place of what it had; "" takes it away.
func (w *tower) grant(app oid.Application, to oid.Client, level enum.AccessLevel, expired bool) {
	w.t.Helper()
	w.exec("DELETE FROM access_grants WHERE client_id = ? AND application_id = ?", to, app)
	if level == "" {
		return
	}
	create := w.Ent().AccessGrant.Create().SetClientID(to).SetApplicationID(app).SetLevel(level).SetGiverID(oid.SystemClient)
	if expired {
		create.SetExpiresAt(time.Now().UTC().Add(-time.Minute))
	}
	w.Must(create.Exec(w.System()))
}

// bind writes a proven URL of a client.
func (w *tower) bind(app oid.Application, client oid.Client, origin string) {
	w.t.Helper()
	w.Must(w.Ent().ClientURL.Create().SetClientID(client).SetApplicationID(app).SetOrigin(origin).SetProvenOrigin(origin).
		SetProvenAt(clock.Now()).SetStatus(enum.URLProven).Exec(w.System()))
}

// definitionSeen is a definition as the API shows it.
type definitionSeen struct {
	Kind, Name, ApplicationCode, Etag string
	Content                           json.RawMessage
	Unchanged, Public, Final          bool
	Application                       *struct{ Code string }
	Layers                            []struct {
		Source, State string
		Whole, Final  bool
		Content       json.RawMessage
		Number        int
		Client        *struct{ Code string }
	}
	Conflicts *[]struct {
		Path, Source string
		Theirs, Ours json.RawMessage
	}
	Provenance *struct {
		Source string
		Client *struct{ Code string }
	}
}

const (
	shallow = "kind name applicationCode content etag unchanged public final "
	whole   = shallow + "application { code } layers { source state whole final content number client { code } } conflicts { path source theirs ours } "
)

// read asks for a definition; nil is null.
func (w *tower) read(on *hubtest.Hub, token string, app oid.Application, name, more, selection string) *definitionSeen {
	w.t.Helper()
	var data struct{ Definition *definitionSeen }
	w.MustData(on.Do(token, fmt.Sprintf("query($app: ID!, $name: String!) { definition(applicationId: $app, kind: PAGE, name: $name%s) { %s } }", more, selection),
		hubtest.Variables{"app": app, "name": name}), &data)
	return data.Definition
}

// through asks for a definition through a URL; nil is null, and so is where the URL leads nowhere.
func (w *tower) through(on *hubtest.Hub, token, url, name, selection string) *definitionSeen {
	w.t.Helper()
	var data struct {
		ResolveURL *struct{ Definition *definitionSeen }
	}
	w.MustData(on.Do(token, fmt.Sprintf("query($url: String!, $name: String!) { resolveUrl(url: $url) { definition(kind: PAGE, name: $name) { %s } } }", selection),
		hubtest.Variables{"url": url, "name": name}), &data)
	if data.ResolveURL == nil {
		return nil
	}
	return data.ResolveURL.Definition
}

// content is what is shown, "" for null.
func (d *definitionSeen) content() string {
	if d == nil {
		return ""
	}
	return string(d.Content)
}

func forReader(client oid.Client) string { return fmt.Sprintf(", clientId: %q", client) }
