package apitest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/delta"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// market is the estate with an application of P's that has something of everything that goes into a bundle: definitions,
// properties, permissions, roles in roles, packages; and of what does not.
type market struct {
	*estate

	source oid.Application
}

// bundlePayload is what the mutations on bundles answer.
type bundlePayload struct {
	Download, ExpiresAt *string
	Application         *struct {
		ID, Code, Name, AccessType string
		Client, Creator            *struct{ Code string }
	}
	Made   []struct{ Kind, Count any }
	Report *upgradeReport
	Errors []userError
}

type upgradeReport struct {
	Changes []struct {
		Kind                   string
		Made, Changed, Dropped int
	}
	Conflicts     []struct{ Kind, Name, ClientCode, Path string }
	ConflictCount int
	Sleeping      []struct{ Kind, Name, ClientCode string }
	SleepingCount int
}

var bundleSelections = map[string]string{
	"applicationExport": "download expiresAt",
	"applicationImport": "application { id code name accessType client { code } creator { code } } made { kind count }",
	"applicationUpgrade": "application { id code name } report { changes { kind made changed dropped } conflicts { kind name clientCode path }" +
		" conflictCount sleeping { kind name clientCode } sleepingCount }",
}

func onBundle(name string) string {
	return "mutation($input: " + strings.ToUpper(name[:1]) + name[1:] + "Input!) { " + name + "(input: $input) { " + bundleSelections[name] + " errors { code message path } } }"
}

// bundling sends a mutation on bundles, and gives its payload, which must have come.
func bundling(t testing.TB, h *hubtest.Hub, token, name string, in input) bundlePayload {
	t.Helper()
	return bundled(t, name, h.Do(token, onBundle(name), hubtest.Variables{"input": in}))
}

func bundled(t testing.TB, name string, a hubtest.Answer) bundlePayload {
	t.Helper()
	var data map[string]*bundlePayload
	if err := json.Unmarshal(a.Data, &data); err != nil || data[name] == nil || len(a.Errors) > 0 {
		t.Fatalf("%s: %d %s", name, a.Status, a.Body)
	}
	return *data[name]
}

// does is bundling that succeeds.
func (m *market) does(t testing.TB, token, name string, in input) bundlePayload {
	t.Helper()
	m.known.Store(nil)
	p := bundling(t, m.Hub, token, name, in)
	if len(p.Errors) > 0 {
		t.Fatalf("%s %v: %+v", name, in, p.Errors)
	}
	return p
}

// fault is the one error of a mutation on bundles, as "CODE at path: message"; it has left every table as it was.
func (m *market) fault(t testing.TB, token, name string, in input) string {
	t.Helper()
	before := m.state()
	p := bundling(t, m.Hub, token, name, in)
	if len(p.Errors) != 1 || p.Application != nil || p.Report != nil || p.Download != nil || len(p.Made) > 0 {
		t.Fatalf("%s %v: %+v", name, in, p)
	}
	m.unchanged(t, before, name, in)
	e := p.Errors[0]
	return e.Code + " at " + strings.Join(e.Path, ".") + ": " + e.Message
}

// over speaks HTTP to a hub.
func over(t testing.TB, h *hubtest.Hub, method, path, token, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.Handler.ServeHTTP(w, r)
	return w
}

// received is what sending a bundle answers.
type received struct {
	BundleID, ExpiresAt string
	Errors              []hubtest.Error
}

func sent(t testing.TB, h *hubtest.Hub, token, text string) (int, received) {
	t.Helper()
	w := over(t, h, http.MethodPost, "/bundles", token, text)
	var r received
	if err := json.Unmarshal(w.Body.Bytes(), &r); err != nil {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return w.Code, r
}

// send sends a bundle, and gives its id.
func (m *market) send(t testing.TB, token, text string) string {
	t.Helper()
	status, r := sent(t, m.Hub, token, text)
	if status != http.StatusCreated || r.BundleID == "" {
		t.Fatalf("%d %+v", status, r)
	}
	return r.BundleID
}

// download exports an application.
func (m *market) download(t testing.TB, token string, app oid.Application) string {
	t.Helper()
	p := m.does(t, token, "applicationExport", input{"applicationId": app})
	w := over(t, m.Hub, http.MethodGet, *p.Download, "", "")
	if w.Code != http.StatusOK || w.Header().Get("Content-Length") != fmt.Sprint(w.Body.Len()) {
		t.Fatalf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	return w.Body.String()
}

// docOf is a bundle to be changed.
func docOf(t testing.TB, text string) map[string]any {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// sign writes a changed bundle, with the checksum that docs/bundles.md describes.
func sign(t testing.TB, doc map[string]any) string {
	t.Helper()
	delete(doc, "checksum")
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(doc); err != nil {
		t.Fatal(err)
	}
	v, err := delta.Parse(out.Bytes(), delta.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(v.String()))
	return strings.TrimSuffix(v.String(), "}") + `,"checksum":"sha256:` + hex.EncodeToString(sum[:]) + `"}`
}

// altered is a bundle with a change.
func altered(t testing.TB, text string, change func(doc map[string]any)) string {
	t.Helper()
	doc := docOf(t, text)
	change(doc)
	return sign(t, doc)
}

// newMarket fills the source by the API.
func newMarket(t testing.TB, h *hubtest.Hub) *market {
	t.Helper()
	m := &market{estate: newEstate(t, h)}
	m.source = oid.Application(m.made(m.paula, "applicationCreate", "application", input{"name": "Source", "code": "source"}))
	m.must(m.paula, `mutation($i: ApplicationPropertiesSetInput!) { applicationPropertiesSet(input: $i) { errors { code message path } } }`, input{
		"applicationId": m.source, "properties": []input{{"name": "COLOUR", "value": "red", "public": true}, {"name": "SIZE", "value": "9"}, {"name": "TOKEN", "value": "hush-hush", "secret": true}},
	})
	permission := func(app oid.Application, name string) string {
		return m.made(m.paula, "permissionCreate", "permission", input{"applicationId": app, "name": name, "description": "May " + name})
	}
	role := func(name string, permissions, subs []string) string {
		id := m.made(m.paula, "roleCreate", "role", input{"applicationId": m.source, "name": name, "description": "Is " + name})
		if len(permissions) > 0 {
			m.changes(m.paula, "rolePermissionsAdd", input{"id": id, "permissionIds": permissions})
		}
		if len(subs) > 0 {
			m.changes(m.paula, "roleSubRolesAdd", input{"id": id, "roleIds": subs})
		}
		return id
	}
	read, write, foreign := permission(m.source, "Order_READ"), permission(m.source, "Order_WRITE"), permission(m.any, "Foreign_READ")
	clerk := role("Clerk", []string{read, string(oid.BuiltIn[oid.Permission]("Client_READ")), foreign}, nil)
	manager := role("Manager", []string{write}, []string{clerk})
	pkg := m.made(m.paula, "packageCreate", "package", input{"applicationId": m.source, "code": "SOURCE", "name": "All of it", "description": "For everybody"})
	m.changes(m.paula, "packageRolesAdd", input{"id": pkg, "roleIds": []string{manager}})
	for _, d := range [][2]string{{"home", `{"title":"Home","size":1.50,"items":[{"key":"a","v":1},{"key":"b","v":2}]}`}, {"about", `{"title":"About"}`}, {"legal", `{"text":"…"}`}} {
		m.define(t, m.paula, m.source, d[0], d[1], "", d[0] == "about")
	}
	return m
}

// must sends a mutation that succeeds.
func (m *market) must(token, text string, in input) json.RawMessage {
	m.t.Helper()
	m.known.Store(nil)
	a := m.Do(token, text, hubtest.Variables{"i": in})
	if len(a.Errors) > 0 || !strings.Contains(string(a.Data), `"errors":[]`) {
		m.t.Fatalf("%v: %s", in, a.Body)
	}
	return a.Data
}

func (m *market) changes(token, name string, in input) {
	m.t.Helper()
	m.must(token, "mutation($i: "+strings.ToUpper(name[:1])+name[1:]+"Input!) { "+name+"(input: $i) { errors { code message path } } }", in)
}

// made makes something, and gives its id.
func (m *market) made(token, name, field string, in input) string {
	m.t.Helper()
	data := m.must(token, "mutation($i: "+strings.ToUpper(name[:1])+name[1:]+"Input!) { "+name+"(input: $i) { "+field+" { id } errors { code message path } } }", in)
	var got map[string]map[string]json.RawMessage
	m.Must(json.Unmarshal(data, &got))
	var one struct{ ID string }
	m.Must(json.Unmarshal(got[name][field], &one))
	return one.ID
}

// reading is a definition as it is in force for the caller's client.
type reading struct {
	Content   json.RawMessage
	Etag      string
	Public    bool
	Conflicts []struct{ Path string }
	Layers    []struct{ Source, State string }
}

func (m *market) reads(t testing.TB, token string, app oid.Application, name string) *reading {
	t.Helper()
	a := m.Do(token, `query($id: ID!, $n: String!) { definition(applicationId: $id, kind: PAGE, name: $n) { content etag public conflicts { path } layers { source state } } }`,
		hubtest.Variables{"id": app, "n": name})
	var data struct{ Definition *reading }
	m.MustData(a, &data)
	return data.Definition
}

// define saves a definition; etag is of the reading that it is made from, "" for none.
func (m *market) define(t testing.TB, token string, app oid.Application, name, content, etag string, public bool) {
	t.Helper()
	in := input{"applicationId": app, "kind": "PAGE", "name": name, "content": content}
	if etag != "" {
		in["etag"] = etag
	}
	if public {
		in["public"] = true
	}
	m.changes(token, "definitionSave", in)
}

// overlay saves what a client makes of a definition that it reads.
func (m *market) overlay(t testing.TB, token string, app oid.Application, name, content string) {
	t.Helper()
	m.define(t, token, app, name, content, m.reads(t, token, app, name).Etag, false)
}

// imported makes an application of C's from the source.
func (m *market) imported(t testing.TB, text string) oid.Application {
	t.Helper()
	p := m.does(t, m.carl, "applicationImport", input{"bundleId": m.send(t, m.carl, text), "name": "Imported"})
	return oid.Application(p.Application.ID)
}
