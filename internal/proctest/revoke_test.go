package proctest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit"
)

// patienceOfRevocation is how long a loaded machine may take; the rule is one second (domain 2.3), and the time
// measured is printed.
const patienceOfRevocation = 5 * time.Second

// Whatever is taken away on one server stops working on the other within a second (domain 2.3, 3.6).
func TestRevocationReachesTheOtherServer(t *testing.T) {
	c := call{env: map[string]string{"DATABASE": testkit.Database(t, store.MySQL), "SECRET": secret}}
	c = c.with("RATE_SESSION", "0").with("RATE_ADDRESS", "0").with("ADMIN_USER", "root").with("ADMIN_PASSWORD", password)
	w := &revocation{T: t, c: c, here: c.serve(t)}
	w.there = c.serve(t)
	w.root = signIn(t, w.here, "root", password)
	for what, take := range map[string]func(v victim) (taken string){
		"a session": func(v victim) string { return w.mutate(v.admin, "sessionDelete", map[string]any{"id": v.session}) },
		"a role": func(v victim) string {
			return w.mutate(w.root, "membershipRolesRemove", map[string]any{"id": v.membership, "roleIds": []any{authority.BuiltInRole(authority.OwnerRole)}})
		},
		"a package": func(v victim) string {
			return w.mutate(w.root, "packageTake", map[string]any{"id": authority.BuiltInPackage(authority.PlatformPackage), "clientIds": []any{v.client}})
		},
		"a grant":  w.takeGrant,
		"a user":   func(v victim) string { return w.mutate(w.root, "userSuspend", map[string]any{"id": v.user}) },
		"a client": func(v victim) string { return w.mutate(w.root, "clientSuspend", map[string]any{"id": v.client}) },
	} {
		v := w.victim(strings.ToUpper(strings.ReplaceAll(what, " ", "")))
		took := w.until(v, take)
		t.Logf("%s: %s", what, took.Round(time.Millisecond))
		if took > patienceOfRevocation {
			t.Errorf("%s worked on for %s", what, took)
		}
	}
}

// revocation is two servers over one database.
type revocation struct {
	*testing.T
	c           call
	here, there *process
	root        string
	n           int
}

// victim is a user with a session, who sees an application by a grant.
type victim struct {
	client, user, membership, session, application string
	token, admin                                   string
}

// mutate sends a mutation to one server, and gives the id in its answer, whatever it is called.
func (w *revocation) mutate(token, name string, input map[string]any) string {
	w.Helper()
	object := map[string]string{
		"sessionDelete": "sessionId", "membershipRolesRemove": "membership { id }", "packageTake": "package { id }", "packageGive": "package { id }",
		"userSuspend": "user { id }", "clientSuspend": "client { id }", "clientCreate": "client { id }", "userCreate": "user { id }",
		"applicationCreate": "application { id }",
	}[name]
	d := data[map[string]map[string]json.RawMessage](w.T, w.here, token, fmt.Sprintf(
		"mutation($i: %sInput!) { %s(input: $i) { %s errors { code message path } } }", strings.ToUpper(name[:1])+name[1:], name, object), map[string]any{"i": input})
	if errs := string(d[name]["errors"]); errs != "[]" {
		w.Fatalf("%s: %s", name, errs)
	}
	field, _, _ := strings.Cut(object, " ")
	var row struct{ ID string }
	_ = json.Unmarshal(d[name][field], &row) // sessionId is no object
	return row.ID
}

// victim makes a client with two users who may do everything, and an application of SYSTEM that the client may read.
func (w *revocation) victim(code string) victim {
	w.Helper()
	w.n++
	v := victim{client: w.mutate(w.root, "clientCreate", map[string]any{"name": code, "code": code})}
	w.mutate(w.root, "packageGive", map[string]any{"id": authority.BuiltInPackage(authority.PlatformPackage), "clientIds": []any{v.client}})
	var tokens [2]string
	for i := range tokens {
		name := fmt.Sprintf("%s.%d", strings.ToLower(code), i)
		v.user = w.mutate(w.root, "userCreate", map[string]any{"clientId": v.client, "name": name, "userName": name, "password": password,
			"roleIds": []any{authority.BuiltInRole(authority.OwnerRole)}})
		tokens[i] = signInTo(w.T, w.here, code, name, password)
	}
	v.admin, v.token = tokens[0], tokens[1]
	d := data[struct {
		Viewer struct{ Membership, Session struct{ ID string } }
	}](w.T, w.there, v.token, "{ viewer { membership { id } session { id } } }", nil)
	v.membership, v.session = d.Viewer.Membership.ID, d.Viewer.Session.ID
	v.application = w.mutate(w.root, "applicationCreate", map[string]any{"name": code, "accessType": "ANY"})
	ctx, db := look(w.T, w.c)
	err := db.Ent().AccessGrant.Create().SetClientID(oid.Client(v.client)).SetApplicationID(oid.Application(v.application)).
		SetLevel("READ").SetGiverID(oid.SystemClient).Exec(ctx)
	if err != nil {
		w.Fatal(err)
	}
	return v
}

// takeGrant takes the grant away in the database: the mutation for it comes with domain 5.
func (w *revocation) takeGrant(v victim) string {
	ctx, db := look(w.T, w.c)
	if _, err := db.Exec(ctx, "DELETE FROM access_grants WHERE client_id = ?", v.client); err != nil {
		w.Fatal(err)
	}
	return ""
}

// until takes something away here, and gives the time until it works no more there.
func (w *revocation) until(v victim, take func(victim) string) time.Duration {
	w.Helper()
	works := func() bool {
		a, err := ask(w.Context(), w.there.address, v.token, "query($id: ID!) { application(id: $id) { id } }", map[string]any{"id": v.application})
		if err != nil {
			w.Fatal(err)
		}
		return len(a.Errors) == 0 && strings.Contains(string(a.Data), v.application)
	}
	if !works() {
		w.Fatal("the victim sees nothing to begin with")
	}
	take(v)
	begin := time.Now()
	for works() && time.Since(begin) < 2*patienceOfRevocation {
		time.Sleep(5 * time.Millisecond)
	}
	return time.Since(begin)
}
