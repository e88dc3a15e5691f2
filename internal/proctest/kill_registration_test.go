package proctest

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/accessgrant"
	"github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/ent/membership"
	"github.com/appanage/appanage/ent/registrationcode"
	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// codesEach is how many registration codes there are for each kill: more than can be used before it.
const codesEach = 20

// domain 10.2, 10.4: whenever the server dies while people register, there is no client without its user, no user without what the rules
// give, and no code that is used up without a client.
func TestKillDuringRegistrations(t *testing.T) {
	engines(t, func(t *testing.T, _ store.Engine, c call) {
		c = c.with("ADMIN_USER", "root").with("ADMIN_PASSWORD", password).with("RATE_SESSION", "0").with("RATE_ADDRESS", "0")
		p := c.serve(t)
		r := newRegistrar(t, p)
		began := time.Now()
		if !r.register(t, p.address, r.code(t, p)) {
			t.Fatal("nobody can register")
		}
		undisturbed := time.Since(began)
		for range kills() {
			r.until(t, p, time.Duration(rand.Int64N(int64(6*undisturbed))))
			p = c.serve(t)
		}
		ctx, db := look(t, c)
		made := r.whole(ctx, t, db)
		t.Logf("a registration takes %v; %d clients registered, %d of them were told so before the server died", undisturbed, made, r.told.Load())
		if int64(made) < r.told.Load() || r.told.Load() == 0 {
			t.Error("a client that somebody was told of is not there, or nobody was told of any")
		}
	})
}

// registrar registers people by codes.
type registrar struct {
	token string
	app   string
	told  atomic.Int64
	next  atomic.Int64
}

// call sends a mutation as the administrator, and gives the payload.
func (r *registrar) call(t *testing.T, p *process, mutation, selection string, input map[string]any) map[string]any {
	t.Helper()
	name := strings.ToUpper(mutation[:1]) + mutation[1:] + "Input!"
	a, err := askOnce(t.Context(), p.address, r.token, "", "mutation($i: "+name+") { "+mutation+"(input: $i) { "+selection+" errors { code message path } } }",
		map[string]any{"i": input})
	if err != nil {
		t.Fatal(err)
	}
	var data map[string]map[string]any
	if err := json.Unmarshal(a.Data, &data); err != nil || len(a.Errors) > 0 {
		t.Fatalf("%s: %s %v", mutation, a.Data, a.Errors)
	}
	if errs, _ := data[mutation]["errors"].([]any); len(errs) > 0 {
		t.Fatalf("%s: %v", mutation, errs)
	}
	return data[mutation]
}

// newRegistrar makes an application that people register for with codes, and a rule that gives them a further one.
func newRegistrar(t *testing.T, p *process) *registrar {
	t.Helper()
	r := &registrar{token: signIn(t, p, "root", password)}
	id := func(payload map[string]any, name string) string {
		row, _ := payload[name].(map[string]any)
		s, _ := row["id"].(string)
		return s
	}
	r.app = id(r.call(t, p, "applicationCreate", "application { id }", map[string]any{"name": "Shop", "code": "bazaar"}), "application")
	tools := id(r.call(t, p, "applicationCreate", "application { id }", map[string]any{"name": "Tools", "code": "tools"}), "application")
	r.call(t, p, "applicationPropertiesSet", "", map[string]any{"applicationId": r.app, "properties": []map[string]any{{"name": "REGISTRATION_TYPE", "value": "INVITATION_CODE"}}})
	r.call(t, p, "registrationRuleCreate", "", map[string]any{"applicationId": r.app, "clientType": "BUSINESS", "givenApplicationId": tools})
	return r
}

// code makes a code.
func (r *registrar) code(t *testing.T, p *process) string {
	t.Helper()
	code, _ := r.call(t, p, "registrationCodeCreate", "code", map[string]any{"applicationId": r.app})["code"].(string)
	return code
}

// until makes codes, has people use them, and kills the server meanwhile.
func (r *registrar) until(t *testing.T, p *process, after time.Duration) {
	t.Helper()
	codes := make(chan string, codesEach)
	for range codesEach {
		codes <- r.code(t, p)
	}
	close(codes)
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			for code := range codes {
				if !r.register(t, p.address, code) {
					return
				}
			}
		})
	}
	time.Sleep(after)
	p.kill()
	running.Wait()
}

// register registers somebody; false where nobody answers any more.
func (r *registrar) register(t *testing.T, address, code string) bool {
	n := r.next.Add(1)
	a, err := askOnce(context.Background(), address, "", "", `mutation($i: RegistrationCompleteInput!) { registrationComplete(input: $i) { clientCode errors { code message path } } }`,
		map[string]any{"i": map[string]any{
			"applicationCode": "bazaar", "secret": code, "clientType": "BUSINESS", "clientName": fmt.Sprint("Registered ", n),
			"name": "Somebody", "userName": fmt.Sprint("somebody-", n), "password": password,
		}})
	if err != nil {
		return false
	}
	if !strings.Contains(string(a.Data), `"clientCode":"`) {
		t.Errorf("answered %s %v", a.Data, a.Errors)
		return false
	}
	r.told.Add(1)
	return true
}

// whole asks that all that was registered is whole, and gives the number of clients.
func (r *registrar) whole(ctx context.Context, t *testing.T, db *store.DB) int {
	t.Helper()
	clients, err := db.Ent().Tenant.Query().Where(tenant.NameHasPrefix("Registered ")).All(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range clients {
		members, err := db.Ent().Membership.Query().Where(membership.ClientID(c.ID)).WithUser().WithRoles().All(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if len(members) != 1 || members[0].Edges.User.ClientID != c.ID || len(members[0].Edges.Roles) != 1 ||
			members[0].Edges.Roles[0].ID != authority.BuiltInRole(authority.ClientOwnerRole) {
			t.Errorf("%s has the members %v", c.Name, members)
		}
		has, err := db.Ent().AccessGrant.Query().Where(accessgrant.ClientID(c.ID), accessgrant.HasApplicationWith(application.CodeIn("bazaar", "tools"))).Count(ctx)
		if err != nil || has != 2 {
			t.Errorf("%s can use %d applications, %v", c.Name, has, err)
		}
	}
	used, err := db.Ent().RegistrationCode.Query().Where(registrationcode.UsedAtNotNil()).All(ctx)
	if err != nil {
		t.Fatal(err)
	}
	of := map[oid.Client]*ent.RegistrationCode{}
	for _, code := range used {
		if code.UsedClientID == nil {
			t.Errorf("the code %s is used up, and no client came of it", code.ID)
			continue
		}
		of[*code.UsedClientID] = code
	}
	for _, c := range clients {
		if of[c.ID] == nil {
			t.Errorf("%s came of no code", c.Name)
		}
	}
	if len(used) != len(clients) {
		t.Errorf("%d codes were used, and %d clients came of them", len(used), len(clients))
	}
	return len(clients)
}
