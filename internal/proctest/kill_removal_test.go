package proctest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/ent/auditevent"
	"github.com/appanage/appanage/ent/outboxevent"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/removal"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit/removaltest"
)

// rowsKilled is how many rows belong to the application that is being removed when the server is killed.
const rowsKilled = 1500

// domain 11.3: whenever the server dies while it removes an application, all of it is gone afterwards, or nothing; with it
// goes the event in the trail, and what services are told.
func TestKillDuringRemoval(t *testing.T) {
	engines(t, func(t *testing.T, _ store.Engine, c call) {
		file := filepath.Join(t.TempDir(), "participants.json")
		text := `[{"name": "storage", "url": "http://127.0.0.1:1/", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}]`
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c = c.with("ADMIN_USER", "root").with("ADMIN_PASSWORD", password).with("RATE_SESSION", "0").with("RATE_ADDRESS", "0").with("PARTICIPANTS", file)
		p := c.serve(t)
		r := newRemover(t, c, p)
		undisturbed := r.undisturbed(t, p)
		for range kills() {
			r.fill(t, p)
			r.killed(t, p, time.Duration(rand.Int64N(int64(3*undisturbed)))) // a server that has just started takes longer
			p = c.serve(t)
			r.allOrNothing(t)
		}
		t.Logf("a removal takes %v; of %d that were cut short %d were made, and %d were not", undisturbed, kills(), r.made, r.undone)
		if kills() >= 50 && (r.made == 0 || r.undone == 0) {
			t.Error("one outcome was never seen")
		}
	})
}

// remover removes one application after the other.
type remover struct {
	ctx          context.Context
	db           *store.DB
	token        string
	place        removaltest.Place
	n            int
	counts       map[string]int // of the application's rows
	plan         string         // its token
	made, undone int
}

func newRemover(t *testing.T, c call, p *process) *remover {
	t.Helper()
	r := &remover{token: signIn(t, p, "root", password)}
	r.ctx, r.db = look(t, c)
	owner := data[struct {
		ClientCreate struct{ Client struct{ ID oid.Client } }
	}](t, p, r.token,
		`mutation { clientCreate(input: {name: "Owner", isolated: true}) { client { id } errors { message } } }`, nil)
	m, err := r.db.Ent().Membership.Query().Only(r.ctx)
	if err != nil {
		t.Fatal(err)
	}
	r.place = removaltest.Place{Owner: owner.ClientCreate.Client.ID, User: m.UserID, Membership: m.ID}
	r.place.Neighbour = r.application(t, p, "Neighbour")
	return r
}

func (r *remover) application(t *testing.T, p *process, name string) oid.Application {
	t.Helper()
	return data[struct {
		ApplicationCreate struct{ Application struct{ ID oid.Application } }
	}](t, p, r.token, `mutation($i: ApplicationCreateInput!) { applicationCreate(input: $i) { application { id } errors { message } } }`,
		map[string]any{"i": map[string]any{"name": name, "clientId": r.place.Owner}}).ApplicationCreate.Application.ID
}

// fill makes an application to be removed, unless the last one is still there, and plans its removal.
func (r *remover) fill(t *testing.T, p *process) {
	t.Helper()
	if r.plan == "" {
		r.n++
		r.place.Name = fmt.Sprintf("k%dx", r.n)
		r.place.App = r.application(t, p, "Killed "+r.place.Name)
		if err := removaltest.Fill(r.ctx, r.db, r.place, rowsKilled); err != nil {
			t.Fatal(err)
		}
		if err := r.db.Ent().Application.UpdateOneID(r.place.App).SetStatus(enum.ApplicationArchived).Exec(r.ctx); err != nil {
			t.Fatal(err)
		}
	}
	r.plan = data[struct{ ApplicationRemovalPlan struct{ Token string } }](t, p, r.token,
		`query($id: ID!) { applicationRemovalPlan(id: $id) { token } }`, map[string]any{"id": r.place.App}).ApplicationRemovalPlan.Token
	r.counts = r.count(t)
}

func (r *remover) count(t *testing.T) map[string]int {
	t.Helper()
	counts, err := removal.Applications.Of(r.db, string(r.place.App)).Counts(r.ctx)
	if err != nil {
		t.Fatal(err)
	}
	return counts
}

// remove asks for the removal; false when the server died over it.
func (r *remover) remove(t *testing.T, address string) bool {
	a, err := ask(context.Background(), address, r.token,
		`mutation($i: ApplicationRemoveInput!) { applicationRemove(input: $i) { applicationId errors { code message } } }`,
		map[string]any{"i": map[string]any{"id": r.place.App, "token": r.plan, "force": true}})
	if err != nil {
		return false
	}
	if !strings.Contains(string(a.Data), string(r.place.App)) {
		t.Errorf("the removal is answered %s %v", a.Data, a.Errors)
	}
	return true
}

// undisturbed says how long a removal takes.
func (r *remover) undisturbed(t *testing.T, p *process) time.Duration {
	t.Helper()
	r.fill(t, p)
	began := time.Now()
	if !r.remove(t, p.address) {
		t.Fatalf("the removal failed:\n%s", p.output)
	}
	took := time.Since(began)
	r.gone(t)
	return took
}

// killed kills the server so long after it was asked for a removal.
func (r *remover) killed(t *testing.T, p *process, after time.Duration) {
	t.Helper()
	answered := make(chan bool)
	go func() { answered <- r.remove(t, p.address) }()
	time.Sleep(after)
	p.kill()
	if <-answered && r.there(t) {
		t.Error("the removal was acknowledged, and is undone")
	}
}

func (r *remover) there(t *testing.T) bool {
	t.Helper()
	there, err := r.db.Ent().Application.Query().Where(application.ID(r.place.App)).Exist(r.ctx)
	if err != nil {
		t.Fatal(err)
	}
	return there
}

// allOrNothing looks at what became of the application.
func (r *remover) allOrNothing(t *testing.T) {
	t.Helper()
	if !r.there(t) {
		r.made++
		r.gone(t)
		return
	}
	r.undone++
	if counts := r.count(t); !maps.Equal(counts, r.counts) {
		t.Errorf("it is there, with %v of %v", counts, r.counts)
	}
	r.told(t, 0)
}

// gone checks that nothing is left.
func (r *remover) gone(t *testing.T) {
	t.Helper()
	orphans, err := removaltest.Orphans(r.ctx, r.db)
	if err != nil || len(orphans) > 0 {
		t.Errorf("it is gone, but %v %v", orphans, err)
	}
	r.told(t, 1)
	r.plan = ""
}

// told checks how many events there are of the removal, in the trail and for the service.
func (r *remover) told(t *testing.T, want int) {
	t.Helper()
	events, err := r.db.Ent().AuditEvent.Query().Where(auditevent.Operation("applicationRemove"), auditevent.ObjectID(string(r.place.App))).All(r.ctx)
	if err != nil || len(events) != want {
		t.Errorf("the trail has %d events, not %d; %v", len(events), want, err)
	}
	for _, e := range events {
		var before struct{ Removed map[string]int }
		if e.Before == nil || json.Unmarshal([]byte(*e.Before), &before) != nil || before.Removed["Role"] != r.counts["roles"] {
			t.Errorf("the event says %v, counted were %v", before.Removed, r.counts)
		}
	}
	n, err := r.db.Ent().OutboxEvent.Query().Where(outboxevent.Participant("storage"), outboxevent.ObjectID(string(r.place.App))).Count(r.ctx)
	if err != nil || n != want {
		t.Errorf("the outbox has %d events, not %d; %v", n, want, err)
	}
}
