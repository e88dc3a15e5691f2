package proctest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/applicationproperty"
	"github.com/appanage/appanage/ent/auditevent"
	"github.com/appanage/appanage/ent/definitionlayer"
	"github.com/appanage/appanage/ent/definitionversion"
	"github.com/appanage/appanage/ent/role"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// pagesKilled is how many definitions the application has, and its partner's overlays.
const pagesKilled = 500

// domain 12.2: whenever the server dies while it upgrades an application, all of it is as the old bundle has it afterwards, or
// all as the new one: definitions, properties, roles, and the trail. The partner's overlays are there either way.
func TestKillDuringUpgrade(t *testing.T) {
	engines(t, func(t *testing.T, _ store.Engine, c call) {
		c = c.with("ADMIN_USER", "root").with("ADMIN_PASSWORD", password).with("RATE_SESSION", "0").with("RATE_ADDRESS", "0")
		p := c.serve(t)
		u := newUpgrader(t, c, p)
		undisturbed := u.undisturbed(t, p)
		for range kills() {
			u.killed(t, p, time.Duration(rand.Int64N(int64(3*undisturbed)))) // a server that has just started takes longer
			p = c.serve(t)
			u.oldOrNew(t)
		}
		t.Logf("an upgrade takes %v; of %d that were cut short %d were made, and %d were not", undisturbed, kills(), u.made, u.undone)
		if kills() >= 50 && (u.made == 0 || u.undone == 0) {
			t.Error("one outcome was never seen")
		}
	})
}

// words are what the two bundles differ in.
var words = [2]string{"ebb", "flow"}

// upgrader brings one application up to the one bundle and the other, in turns.
type upgrader struct {
	ctx          context.Context
	db           *store.DB
	token        string
	app          oid.Application
	partner      oid.Client
	bundles      [2]string // their ids
	is           int       // which it is now
	made, undone int
	upgrades     int // told by the trail
}

// upgradeBundle is a bundle whose every part says a word.
func upgradeBundle(t *testing.T, word string) string {
	t.Helper()
	var pages strings.Builder
	for i := range pagesKilled {
		if i > 0 {
			pages.WriteString(",")
		}
		fmt.Fprintf(&pages, `{"kind":"PAGE","name":"p%03d","public":false,"final":false,"content":{"word":"%s","page":%d,"filler":"%s"}}`, i, word, i, strings.Repeat("x", 500))
	}
	text := `{"format":"appanage-bundle","formatVersion":1,"application":{"code":"tide","name":"Tide","type":"APP","thumbnailUrl":null},` +
		`"properties":[{"name":"WORD","value":"` + word + `","public":false}],"permissions":[],"roles":[{"name":"Sailor","description":"` + word + `","permissions":[],"subRoles":[]}],` +
		`"packages":[],"definitions":[` + pages.String() + `],"registrationRules":[]}`
	sum := sha256.Sum256([]byte(text))
	return strings.TrimSuffix(text, "}") + `,"checksum":"sha256:` + hex.EncodeToString(sum[:]) + `"}`
}

func newUpgrader(t *testing.T, c call, p *process) *upgrader {
	t.Helper()
	u := &upgrader{token: signIn(t, p, "root", password)}
	u.ctx, u.db = look(t, c)
	for i, word := range words {
		u.bundles[i] = u.send(t, p, upgradeBundle(t, word))
	}
	u.app = data[struct {
		ApplicationImport struct{ Application struct{ ID oid.Application } }
	}](t, p, u.token, `mutation($i: ApplicationImportInput!) { applicationImport(input: $i) { application { id } errors { message } } }`,
		map[string]any{"i": map[string]any{"bundleId": u.bundles[0]}}).ApplicationImport.Application.ID
	u.partner = data[struct {
		ClientCreate struct{ Client struct{ ID oid.Client } }
	}](t, p, u.token, `mutation { clientCreate(input: {name: "Partner", isolated: true}) { client { id } errors { message } } }`, nil).ClientCreate.Client.ID
	u.overlay(t)
	return u
}

func (u *upgrader) send(t *testing.T, p *process, text string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+p.address+"/bundles", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+u.token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	var sent struct{ BundleID string }
	if err := json.NewDecoder(answer.Body).Decode(&sent); err != nil || sent.BundleID == "" {
		t.Fatalf("%s, %v", answer.Status, err)
	}
	return sent.BundleID
}

// overlay lays one of the partner's over each definition, past the domain.
func (u *upgrader) overlay(t *testing.T) {
	t.Helper()
	err := u.db.InTx(u.ctx, func(ctx context.Context, tx *ent.Client) error {
		err := tx.AccessGrant.Create().SetClientID(u.partner).SetApplicationID(u.app).SetLevel(enum.LevelWrite).SetGiverID(oid.SystemClient).Exec(ctx)
		for i := 0; err == nil && i < pagesKilled; i++ {
			name, version := fmt.Sprintf("p%03d", i), oid.New[oid.DefinitionVersion]()
			err = tx.DefinitionVersion.Create().SetID(version).SetClientID(u.partner).SetApplicationID(u.app).SetKind(enum.DefinitionPage).SetName(name).SetNumber(1).
				SetContent(`{"word":"mine"}`).SetWhole(false).SetFinal(false).SetPublic(false).SetRemoved(false).Exec(ctx)
			if err == nil {
				err = tx.DefinitionLayer.Create().SetClientID(u.partner).SetApplicationID(u.app).SetKind(enum.DefinitionPage).SetName(name).SetCurrentID(version).SetWhole(false).Exec(ctx)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// upgrade asks for the other bundle; false when the server died over it.
func (u *upgrader) upgrade(t *testing.T, address string) bool {
	a, err := ask(context.Background(), address, u.token,
		`mutation($i: ApplicationUpgradeInput!) { applicationUpgrade(input: $i) { report { conflictCount } errors { code message } } }`,
		map[string]any{"i": map[string]any{"applicationId": u.app, "bundleId": u.bundles[1-u.is], "dryRun": false}})
	if err != nil {
		return false
	}
	if want := fmt.Sprintf(`{"applicationUpgrade":{"report":{"conflictCount":%d},"errors":[]}}`, pagesKilled); string(a.Data) != want {
		t.Errorf("the upgrade is answered %s %v", a.Data, a.Errors)
	}
	return true
}

// undisturbed says how long an upgrade takes.
func (u *upgrader) undisturbed(t *testing.T, p *process) time.Duration {
	t.Helper()
	began := time.Now()
	if !u.upgrade(t, p.address) {
		t.Fatalf("the upgrade failed:\n%s", p.output)
	}
	took := time.Since(began)
	u.is, u.upgrades = 1-u.is, u.upgrades+1
	u.wholly(t)
	return took
}

// killed kills the server so long after it was asked for an upgrade.
func (u *upgrader) killed(t *testing.T, p *process, after time.Duration) {
	t.Helper()
	answered := make(chan bool)
	go func() { answered <- u.upgrade(t, p.address) }()
	time.Sleep(after)
	p.kill()
	if <-answered && u.word(t) != words[1-u.is] {
		t.Error("the upgrade was acknowledged, and is undone")
	}
}

// word is what the application's property says.
func (u *upgrader) word(t *testing.T) string {
	t.Helper()
	p, err := u.db.Ent().ApplicationProperty.Query().Where(applicationproperty.ApplicationID(u.app), applicationproperty.Name("WORD")).Only(u.ctx)
	if err != nil {
		t.Fatal(err)
	}
	return p.Value
}

// oldOrNew looks at what became of the application.
func (u *upgrader) oldOrNew(t *testing.T) {
	t.Helper()
	if u.word(t) == words[u.is] {
		u.undone++
	} else {
		u.made++
		u.is, u.upgrades = 1-u.is, u.upgrades+1
	}
	u.wholly(t)
}

// wholly checks that everything says the one word, that the overlays are as they were, and what the trail tells.
func (u *upgrader) wholly(t *testing.T) {
	t.Helper()
	db, word := u.db.Ent(), words[u.is]
	if r, err := db.Role.Query().Where(role.ApplicationID(u.app)).Only(u.ctx); err != nil || r.Description != word {
		t.Errorf("the role says %+v %v, not %s", r, err, word)
	}
	layers, err := db.DefinitionLayer.Query().Where(definitionlayer.ApplicationID(u.app), definitionlayer.ClientID(oid.SystemClient)).WithCurrent().All(u.ctx)
	if err != nil {
		t.Fatal(err)
	}
	other := 0
	for _, l := range layers {
		if v := l.Edges.Current; !strings.Contains(v.Content, `"word":"`+word+`"`) || v.Number != u.upgrades+1 || l.Version != u.upgrades+1 {
			other++
		}
	}
	if len(layers) != pagesKilled || other > 0 {
		t.Errorf("of %d layers %d do not say %s, or not as version %d", len(layers), other, word, u.upgrades+1)
	}
	versions, err := db.DefinitionVersion.Query().Where(definitionversion.ApplicationID(u.app), definitionversion.ClientID(oid.SystemClient)).Count(u.ctx)
	if err != nil || versions != pagesKilled*(u.upgrades+1) {
		t.Errorf("%d versions after %d upgrades, %v", versions, u.upgrades, err)
	}
	mine, err := db.DefinitionLayer.Query().Where(definitionlayer.ApplicationID(u.app), definitionlayer.ClientID(u.partner), definitionlayer.Version(1)).Count(u.ctx)
	if err != nil || mine != pagesKilled {
		t.Errorf("%d overlays are as they were, %v", mine, err)
	}
	for kind, each := range map[string]int{"Application": 1, "DefinitionLayer": pagesKilled, "ApplicationProperty": 1} {
		events, err := db.AuditEvent.Query().Where(auditevent.Operation("applicationUpgrade"), auditevent.Kind(kind)).Count(u.ctx)
		if err != nil || events != each*u.upgrades {
			t.Errorf("the trail has %d events of %s after %d upgrades, %v", events, kind, u.upgrades, err)
		}
	}
}
