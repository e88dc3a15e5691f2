package proctest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit"
)

// latestUse is when the last request may be sent that still works, after something was taken away (domain 2.3). A loaded
// machine answers late; what it was asked later than that it refuses all the same.
const latestUse = time.Second

// Whatever is taken away on one server stops working on the other within a second (domain 2.3, 3.6, 5.4).
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
		"a grant": func(v victim) string { return w.mutate(w.root, "accessGrantRevoke", map[string]any{"id": v.grant}) },
		"a grant, for a session of the application": func(v victim) string {
			return w.mutate(w.root, "accessGrantRevoke", map[string]any{"id": v.grant})
		},
		"a user":   func(v victim) string { return w.mutate(w.root, "userSuspend", map[string]any{"id": v.user}) },
		"a client": func(v victim) string { return w.mutate(w.root, "clientSuspend", map[string]any{"id": v.client}) },
	} {
		v := w.victim()
		if what == "a grant, for a session of the application" {
			v.token, v.asks, v.finds = w.signInFor(v), "{ viewer { client { id } } }", v.client
		}
		used := w.until(v, take)
		t.Logf("%s: %s", what, used.Round(time.Millisecond))
		if used > latestUse {
			t.Errorf("%s worked for a request sent %s after", what, used)
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
	client, code, user, userName, membership, session string
	application, grant                                string
	token, admin                                      string
	asks, finds                                       string // what the token is tried with, and what is in the answer
}

// mutate sends a mutation to one server, and gives the id in its answer, whatever it is called.
func (w *revocation) mutate(token, name string, input map[string]any) string {
	w.Helper()
	object := map[string]string{
		"sessionDelete": "sessionId", "membershipRolesRemove": "membership { id }", "packageTake": "package { id }", "packageGive": "package { id }",
		"userSuspend": "user { id }", "clientSuspend": "client { id }", "clientCreate": "client { id }", "userCreate": "user { id }",
		"applicationCreate": "application { id }", "accessGrantSet": "accessGrant { id }", "accessGrantRevoke": "accessGrantId",
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
func (w *revocation) victim() victim {
	w.Helper()
	w.n++
	code := fmt.Sprint("VICTIM", w.n)
	v := victim{code: code, client: w.mutate(w.root, "clientCreate", map[string]any{"name": code, "code": code})}
	w.mutate(w.root, "packageGive", map[string]any{"id": authority.BuiltInPackage(authority.PlatformPackage), "clientIds": []any{v.client}})
	var tokens [2]string
	for i := range tokens {
		name := fmt.Sprintf("%s.%d", strings.ToLower(code), i)
		v.userName = name
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
	v.asks, v.finds = fmt.Sprintf("{ application(id: %q) { id } }", v.application), v.application
	v.grant = w.mutate(w.root, "accessGrantSet", map[string]any{"applicationId": v.application, "clientId": v.client, "level": "READ"})
	return v
}

// signInFor signs the victim in to the application.
func (w *revocation) signInFor(v victim) string {
	w.Helper()
	d := data[struct{ SessionCreate struct{ Token string } }](w.T, w.here, "",
		`mutation($i: SessionCreateInput!) { sessionCreate(input: $i) { token errors { code } } }`,
		map[string]any{"i": map[string]any{"clientCode": v.code, "identifier": v.userName, "password": password, "applicationCode": strings.ToLower(v.code)}})
	return d.SessionCreate.Token
}

// until takes something away here, and gives how long after that the last request was sent that worked there.
func (w *revocation) until(v victim, take func(victim) string) time.Duration {
	w.Helper()
	works := func() bool {
		a, err := ask(w.Context(), w.there.address, v.token, v.asks, nil)
		if err != nil {
			w.Fatal(err)
		}
		return len(a.Errors) == 0 && strings.Contains(string(a.Data), v.finds)
	}
	if !works() {
		w.Fatal("the victim sees nothing to begin with")
	}
	take(v)
	begin, last := time.Now(), time.Duration(0)
	for {
		sent := time.Since(begin)
		if !works() || sent > 10*latestUse {
			return last
		}
		last = sent
		time.Sleep(5 * time.Millisecond)
	}
}
