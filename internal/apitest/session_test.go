package apitest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// header sends a query with Authorization headers as given.
func header(t testing.TB, h *hubtest.Hub, values ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", strings.NewReader(`{"query":"{ viewer { user { id } } }"}`))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/graphql-response+json")
	for _, v := range values {
		r.Header.Add("Authorization", v)
	}
	w := httptest.NewRecorder()
	h.Handler.ServeHTTP(w, r)
	return w
}

// barred expects a token to be refused: 401, UNAUTHENTICATED, and no data.
func barred(t testing.TB, h *hubtest.Hub, what string, values ...string) {
	t.Helper()
	w := header(t, h, values...)
	if body := w.Body.String(); w.Code != 401 || !strings.Contains(body, `"code":"UNAUTHENTICATED"`) || strings.Contains(body, `"data"`) || w.Header().Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("%s: %d %s", what, w.Code, body)
	}
}

// works tells whether a token is honoured, and nothing else is answered than that.
func works(t testing.TB, h *hubtest.Hub, token string) bool {
	t.Helper()
	w := header(t, h, "Bearer "+token)
	if w.Code != 200 && w.Code != 401 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	return w.Code == 200
}

// domain 2.3: signing out ends one's own session at once, and nobody else's.
func TestSessionDelete(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		d := newDoors(t, h)
		in := input{"identifier": "una", "password": password, "clientCode": "PARTNER"}
		one, two, three := d.succeeds("", "sessionCreate", in), d.succeeds("", "sessionCreate", in), d.succeeds("", "sessionCreate", in)
		other := d.viewer(d.paula).Session.ID // a colleague's, who may read every session
		stranger := d.viewer(d.stan).Session.ID
		for rule, c := range map[string]struct {
			in   input
			want string
		}{
			"a colleague's":       {input{"id": other}, "NOT_FOUND at input.id"},
			"a stranger's":        {input{"id": stranger}, "NOT_FOUND at input.id"},
			"an unknown one":      {input{"id": oid.New[oid.Session]()}, "NOT_FOUND at input.id"},
			"of the wrong kind":   {input{"id": d.una}, "INVALID at input.id"},
			"an empty id":         {input{"id": ""}, "INVALID at input.id"},
			"a token for an id":   {input{"id": *two.Token}, "INVALID at input.id"},
			"an id with a suffix": {input{"id": two.Session.ID + "0"}, "INVALID at input.id"},
		} {
			t.Run(rule, func(t *testing.T) { d.fails(t, *one.Token, "sessionDelete", c.in, c.want) })
		}
		d.refuses(t, "", "sessionDelete", input{}, 401, "UNAUTHENTICATED")
		d.refuses(t, *one.Token, "sessionDelete", nil, 400, "VALIDATION")

		if !works(t, h, *two.Token) {
			t.Fatal("the second token does not work")
		}
		if p := d.succeeds(*one.Token, "sessionDelete", input{"id": two.Session.ID}); p.SessionID == nil || *p.SessionID != two.Session.ID {
			t.Errorf("%+v", p)
		}
		barred(t, h, "the token of the ended session", "Bearer "+*two.Token)
		d.fails(t, *one.Token, "sessionDelete", input{"id": two.Session.ID}, "NOT_FOUND at input.id")
		if !works(t, h, *one.Token) || !works(t, h, *three.Token) {
			t.Error("other sessions ended too")
		}
		for _, own := range []input{{}, {"id": nil}} {
			token := *d.succeeds("", "sessionCreate", in).Token
			id := d.viewer(token).Session.ID
			if p := d.succeeds(token, "sessionDelete", own); p.SessionID == nil || *p.SessionID != id || d.count("sessions", "id = ?", id) != 0 {
				t.Errorf("%+v", p)
			}
			barred(t, h, "after signing out", "Bearer "+token)
			d.refuses(t, token, "sessionDelete", input{}, 401, "UNAUTHENTICATED")
		}
		d.succeeds(*one.Token, "sessionDelete", input{"id": one.Session.ID})
		barred(t, h, "one's own, by its id", "Bearer "+*one.Token)
	})
}

// What is no token is answered as a token that is no longer valid.
func TestTokensThatAreNone(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		hash := query(t, h, "SELECT token_hash AS v FROM sessions")[0]["v"].(string)
		for _, bad := range []string{
			"Bearer", "Bearer ", "Bearer  " + e.paula, "Basic " + e.paula, e.paula, "Bearer " + e.paula + " x", "Bearer " + e.paula + ",", "Bearer " + e.paula[:len(e.paula)-1],
			"Bearer " + e.paula + "A", "Bearer x", "Bearer " + strings.ToUpper(e.paula), "Bearer " + hash, "Bearer " + strings.Repeat("a", 5000), "Bearer é", "Token " + e.paula,
			"Bearer " + string(e.paulaID), "Bearer \"" + e.paula + "\"", "",
		} {
			barred(t, h, bad, bad)
		}
		barred(t, h, "two headers", "Bearer "+e.paula, "Bearer "+e.paula)
		if w := header(t, h, "bearer "+e.paula); w.Code != 200 || !strings.Contains(w.Body.String(), string(e.paulaID)) {
			t.Errorf("the scheme has no case: %d %s", w.Code, w.Body)
		}
		if w := header(t, h); w.Code != 200 || !strings.HasPrefix(w.Body.String(), `{"data":{"viewer":null}`) {
			t.Errorf("nobody: %d %s", w.Code, w.Body)
		}
	})
}

// domain 2.3: a session ends after 30 minutes without use, and after 12 hours at most.
func TestSessionsExpire(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		now := clock.Now()
		node := h.Node(func(o *hub.HTTP) { o.Clock = clock.At(func() time.Time { return now }) })
		start := now
		at := func(d time.Duration, token string, want bool) {
			t.Helper()
			now = start.Add(d)
			if works(t, node, token) != want {
				t.Errorf("after %v: %t", d, !want)
			}
		}
		at(29*time.Minute+30*time.Second, e.carl, true)
		at(59*time.Minute, e.carl, true)
		at(90*time.Minute, e.carl, false)
		at(30*time.Minute+time.Second, e.paula, false)
		at(29*time.Minute, e.stan, true) // its last use was noted
		for d := 58 * time.Minute; d < 12*time.Hour; d += 29 * time.Minute {
			at(d, e.stan, true)
		}
		at(11*time.Hour+59*time.Minute, e.stan, true)
		at(12*time.Hour+time.Second, e.stan, false)
		// on a node whose caches are empty, they are over too
		barred(t, h.Node(func(o *hub.HTTP) { o.Clock = clock.At(func() time.Time { return now }) }), "elsewhere", "Bearer "+e.stan)
	})
}

// domain 2.3: what is taken away stops working within one second, also on a node that did not see it go and has just
// served the caller.
func TestWhatIsTakenAwayStopsWithinASecond(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		elsewhere := h.Node()
		user := func(client oid.Client, name string, roles ...oid.Role) (oid.User, string) {
			return h.User(client, name, roles...)
		}
		membership := func(u oid.User) oid.Membership {
			return oid.Membership(query(t, h, "SELECT id FROM memberships WHERE user_id = ?", u)[0]["id"].(string))
		}
		suspended, suspendedToken := user(e.p, "one")
		clientOfHis := h.Client(e.p, "ONE", false)
		_, clientToken := user(clientOfHis, "two")
		above := h.Client(e.p, "TWO", false)
		_, aboveToken := user(h.Client(above, "THREE", false), "three")
		homeless, _ := user(h.Client(above, "FIVE", false), "away")
		abroad := oid.New[oid.Membership]()
		h.Must(h.Ent().Membership.Create().SetID(abroad).SetClientID(e.c).SetUserID(homeless).Exec(h.System()))
		abroadToken := h.Session(e.c, homeless, abroad, nil)
		inApp, _ := user(e.c, "four")
		appToken := h.Session(e.c, inApp, membership(inApp), &e.readable)
		ownApp, _ := user(e.p, "five")
		ownToken := h.Session(e.p, ownApp, membership(ownApp), &e.app)
		signedOut, signedOutToken := user(e.p, "six")
		gone := map[string]string{
			"a suspended user": suspendedToken, "a suspended client": clientToken, "a client below it": aboveToken, "a home below it, acting for another": abroadToken,
			"a grant taken away": appToken, "an archived application": ownToken, "a session ended elsewhere": signedOutToken,
		}
		role := h.Role(e.p, nil, "Reads", oid.BuiltIn[oid.Permission]("Client_READ"))
		roleUser, roleToken := user(e.p, "seven", role)
		pkgClient := h.Client(e.p, "FOUR", false)
		h.Give(authority.BuiltInPackage("PLATFORM"), pkgClient, e.p)
		_, pkgToken := user(pkgClient, "eight", authority.BuiltInRole("Owner"))
		less := map[string]string{"a role taken away": roleToken, "a package taken away": pkgToken}
		const creates = `mutation { applicationCreate(input: {name: ""}) { errors { code } } }`
		reads := func(node *hubtest.Hub, token string) bool {
			a := node.Do(token, `{ clients(first: 1) { totalCount } }`, nil)
			b := node.Do(token, creates, nil)
			return a.Status == 200 && token == roleToken || b.Status == 200 && token == pkgToken
		}
		for what, token := range gone {
			if !works(t, h, token) || !works(t, elsewhere, token) {
				t.Fatalf("%s: the token does not work before", what)
			}
		}
		for what, token := range less {
			if !reads(h, token) || !reads(elsewhere, token) {
				t.Fatalf("%s: nothing is to be lost", what)
			}
		}
		h.Must(h.Ent().User.UpdateOneID(suspended).SetStatus(enum.UserSuspended).Exec(h.System()))
		h.Must(h.Ent().Tenant.UpdateOneID(clientOfHis).SetStatus(enum.ClientSuspended).Exec(h.System()))
		h.Must(h.Ent().Tenant.UpdateOneID(above).SetStatus(enum.ClientSuspended).Exec(h.System()))
		h.Must(h.Ent().Membership.UpdateOneID(membership(roleUser)).RemoveRoleIDs(role).Exec(h.System()))
		e.exec("DELETE FROM access_grants WHERE client_id = ? AND application_id = ?", e.c, e.readable)
		e.exec("DELETE FROM package_gifts WHERE client_id = ? AND package_id = ?", pkgClient, authority.BuiltInPackage("PLATFORM"))
		h.Must(h.Ent().Application.UpdateOneID(e.app).SetStatus(enum.ApplicationArchived).Exec(h.System()))
		e.exec("DELETE FROM sessions WHERE user_id = ?", signedOut)
		time.Sleep(time.Second)
		for what, token := range gone {
			barred(t, h, what, "Bearer "+token)
			barred(t, elsewhere, what, "Bearer "+token)
		}
		for what, token := range less {
			if reads(h, token) || reads(elsewhere, token) {
				t.Errorf("%s still works", what)
			}
			if !works(t, h, token) {
				t.Errorf("%s ended the session", what)
			}
		}
		// domain 1.5: resuming restores what was before
		h.Must(h.Ent().Tenant.UpdateOneID(above).SetStatus(enum.ClientActive).Exec(h.System()))
		if !works(t, h, aboveToken) {
			t.Error("a resumed client's token does not work")
		}
	})
}
