package apitest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/identity"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

const (
	password = "correct horse battery ✓"
	another  = "another long password"
)

// doors is the estate with people who sign in, in two customer bases: P's and S's.
type doors struct {
	*estate
	una, una2 oid.User // the same user name in P's and in S's base
	below     oid.Client
}

func newDoors(t testing.TB, h *hubtest.Hub) *doors {
	t.Helper()
	return newDoorsOf(t, newEstate(t, h))
}

func newDoorsOf(t testing.TB, e *estate) *doors {
	t.Helper()
	h, d := e.Hub, &doors{estate: e}
	user := func(c identity.CreateUser) oid.User {
		id, err := h.Identity.CreateUser(h.System(), c)
		h.Must(err)
		return id
	}
	d.una = user(identity.CreateUser{
		Client: d.p, Name: "Una", UserName: "Una", Email: "Una.Ünal@Example.org", EmailProven: true, Phone: "+41 44 123 45 67", PhoneProven: true, Password: password,
	})
	d.una2 = user(identity.CreateUser{Client: d.s, Name: "Una two", UserName: "UNA", Password: another})
	// the others have Una's password, and its hash: making one is slow on purpose
	other := func(client oid.Client, name string, change func(*ent.UserUpdateOne)) oid.User {
		id, _ := h.User(client, name)
		update := h.Ent().User.UpdateOneID(id).SetPasswordHash(query(t, h, "SELECT password_hash AS v FROM users WHERE id = ?", d.una)[0]["v"].(string))
		change(update)
		h.Must(update.Exec(h.System()))
		return id
	}
	other(d.p, "vera", func(u *ent.UserUpdateOne) { u.SetEmail("vera@example.org").SetPhone("+41441111111") }) // nothing proven
	other(d.p, "zoë", func(u *ent.UserUpdateOne) { u.SetName("Zoë") })
	other(d.p, "sus", func(u *ent.UserUpdateOne) { u.SetStatus(enum.UserSuspended) })
	other(d.p, "inv", func(u *ent.UserUpdateOne) { u.SetStatus(enum.UserInvited) })
	other(d.p, "nopass", func(u *ent.UserUpdateOne) { u.ClearPasswordHash() })
	suspended := h.Client(d.p, "SUSPENDED", false)
	d.below = h.Client(suspended, "BELOW", false)
	eve := other(d.below, "eve", func(*ent.UserUpdateOne) {})
	h.Must(h.Ent().Tenant.UpdateOneID(suspended).SetStatus(enum.ClientSuspended).Exec(h.System()))
	// Una is a member of C too, and of the barred client; so is Eve of C
	for _, m := range []struct {
		client oid.Client
		user   oid.User
	}{{d.c, d.una}, {d.below, d.una}, {d.c, eve}} {
		h.Must(h.Ent().Membership.Create().SetClientID(m.client).SetUserID(m.user).Exec(h.System()))
	}
	url := func(app oid.Application, client oid.Client, origin string, proven bool) {
		c := h.Ent().ClientURL.Create().SetClientID(client).SetApplicationID(app).SetOrigin(origin)
		if proven {
			c.SetProvenOrigin(origin).SetProvenAt(clock.Now()).SetStatus(enum.URLProven)
		}
		h.Must(c.Exec(h.System()))
	}
	url(d.app, d.p, "https://shop.example", true)
	url(d.app, d.p, "https://pending.example", false)
	url(d.written, d.c, "https://child.example", true)
	d.exec("UPDATE applications SET status = 'ARCHIVED' WHERE id = ?", h.Application(d.p, "archived", "Archived"))
	d.grant(h.Application(d.s, "barred", "Barred"), d.p, enum.LevelBarred)
	lapsed := d.grant(h.Application(d.s, "lapsed", "Lapsed"), d.p, enum.LevelWrite)
	h.Must(h.Ent().AccessGrant.UpdateOneID(lapsed).SetExpiresAt(clock.Now()).Exec(h.System()))
	return d
}

// refusals are sign-ins that fail, by what they change of Una's at P's door.
var refusals = []struct {
	rule    string
	changes input
}{
	{"a wrong password", input{"password": "wrong horse battery"}},
	{"the password in capitals", input{"password": strings.ToUpper(password)}},
	{"the password with a space", input{"password": password + " "}},
	{"an endless password", input{"password": strings.Repeat(password, 100)}},
	{"an unknown user name", input{"identifier": "nobody"}},
	{"an unknown address", input{"identifier": "nobody@example.org"}},
	{"an unknown number", input{"identifier": "+41 44 999 99 99"}},
	{"a suspended user", input{"identifier": "sus"}},
	{"an invited user", input{"identifier": "inv"}},
	{"a user without a password", input{"identifier": "nopass"}},
	{"2.1 an address that is not proven", input{"identifier": "vera@example.org"}},
	{"2.1 a number that is not proven", input{"identifier": "+41441111111"}},
	{"1.5 a suspended client above", input{"identifier": "eve", "clientCode": "BELOW"}},
	{"1.5 a suspended client above, by another door", input{"identifier": "eve"}},
	{"1.5 acting for a client below a suspended one", input{"clientCode": "BELOW"}},
	{"1.5 a home below a suspended client, acting for another", input{"identifier": "eve", "clientCode": "CHILD"}},
	{"1.5 at the door of a suspended client", input{"clientCode": "SUSPENDED"}},
	{"1.6 of another base", input{"clientCode": "STRANGER"}},
	{"1.6 of another base, at SYSTEM's door", input{"clientCode": nil}},
	{"1.6 with the password of the other base", input{"password": another}},
	{"an unknown client code", input{"clientCode": "NOBODY"}},
	{"an application the client has no access to", input{"applicationCode": "strange"}},
	{"an application the client is barred from", input{"applicationCode": "barred"}},
	{"an application with a grant that has lapsed", input{"applicationCode": "lapsed"}},
	{"an unknown application", input{"applicationCode": "nothing"}},
	{"an empty code of an application", input{"applicationCode": ""}},
	{"an empty client code", input{"clientCode": ""}},
	{"an archived application", input{"applicationCode": "archived"}},
	{"a URL that is not proven", input{"clientCode": nil, "url": "https://pending.example"}},
	{"an unknown URL", input{"clientCode": nil, "url": "https://unknown.example"}},
	{"no URL", input{"clientCode": nil, "url": "shop.example"}},
	{"a URL of another client", input{"url": "https://child.example"}},
	{"a URL of another application", input{"clientCode": nil, "url": "https://shop.example", "applicationCode": "written"}},
}

// domain 2.4: whatever is wrong, the answer is the same, byte for byte; and nothing is written but that it was tried.
func TestSignInRefusals(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		d := newDoors(t, h)
		at := input{"identifier": "una", "password": password, "clientCode": "PARTNER"}
		with := func(changes input) input {
			in := input{}
			for _, m := range []input{at, changes} {
				for k, v := range m {
					in[k] = v
				}
			}
			return in
		}
		first, before := "", d.state()
		for _, c := range refusals {
			a := d.raw("", "sessionCreate", with(c.changes))
			if first == "" {
				first = string(a.Body)
			}
			if a.Status != 200 || string(a.Body) != first {
				t.Errorf("%s: %d %s", c.rule, a.Status, a.Body)
			}
			if n := d.count("attempts", "1 = 1"); n != 1 {
				t.Errorf("%s: counted %d times", c.rule, n)
			}
			d.exec("DELETE FROM attempts") // they lock, which would answer alike
			d.unchanged(t, before, c.rule)
		}
		p := d.do("", "sessionCreate", with(input{"password": "wrong horse battery"}))
		if len(p.Errors) != 1 || p.Errors[0].Code != "CREDENTIALS" || strings.Join(p.Errors[0].Path, ".") != "input" {
			t.Fatalf("%+v", p)
		}
		if strings.Contains(strings.ToLower(p.Errors[0].Message), "password") {
			t.Errorf("it says what was wrong: %s", p.Errors[0].Message)
		}
		// what is wrong with the form of the input may be said
		d.fails(t, "", "sessionCreate", with(input{"identifier": ""}), "INVALID at input.identifier")
		d.fails(t, "", "sessionCreate", with(input{"password": ""}), "INVALID at input.password")
		d.fails(t, "", "sessionCreate", with(input{"identifier": strings.Repeat("u", 255), "password": ""}), "INVALID at input.identifier", "INVALID at input.password")
		for _, in := range []any{input{"identifier": "una"}, input{"password": password}, input{"identifier": nil, "password": "x"}, input{"identifier": "una", "password": "x", "client": "P"}, nil} {
			d.refuses(t, "", "sessionCreate", in, 400, "VALIDATION")
		}
		// after all that the right ones still do
		d.succeeds("", "sessionCreate", at)
	})
}

// viewer is who a token stands for.
type viewer struct {
	User        struct{ ID, Name string }
	Client      struct{ Code string }
	Session     struct{ ID string }
	Authorities []string
}

func (e *estate) viewer(token string) viewer {
	e.t.Helper()
	var data struct{ Viewer viewer }
	a := e.Do(token, "{ viewer { user { id name } client { code } session { id } authorities } }", nil)
	if err := json.Unmarshal(a.Data, &data); err != nil || len(a.Errors) > 0 {
		e.t.Fatalf("%d %s", a.Status, a.Body)
	}
	return data.Viewer
}

// domain 2.1, 2.2, 2.4: who signs in by which identifier, at which door, and for which client he then acts.
func TestSignIn(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		d := newDoors(t, h)
		for _, c := range []struct {
			rule   string
			in     input
			user   string
			client string
			app    string
		}{
			{"a user name", input{"identifier": "Una", "clientCode": "PARTNER"}, "Una", "PARTNER", ""},
			{"without case, with spaces", input{"identifier": " uNA\u00a0", "clientCode": "PARTNER"}, "Una", "PARTNER", ""},
			{"a proven address in another case, with spaces", input{"identifier": "  UNA.ÜNAL@example.ORG ", "clientCode": "PARTNER"}, "Una", "PARTNER", ""},
			{"an address, composed otherwise", input{"identifier": "una.u\u0308nal@example.org", "clientCode": "PARTNER"}, "Una", "PARTNER", ""},
			{"a proven number", input{"identifier": "+41441234567", "clientCode": "PARTNER"}, "Una", "PARTNER", ""},
			{"a number as people write it", input{"identifier": " +41 (44) 123-45.67", "clientCode": "PARTNER"}, "Una", "PARTNER", ""},
			{"a user name, composed otherwise", input{"identifier": "ZOË", "clientCode": "PARTNER"}, "Zoë", "PARTNER", ""},
			{"1.6 the same user name in another base", input{"identifier": "una", "password": another, "clientCode": "STRANGER"}, "Una two", "STRANGER", ""},
			{"2.2 the membership of the client named", input{"identifier": "una", "clientCode": "CHILD"}, "Una", "CHILD", ""},
			{"2.4 the home one where there is none", input{"identifier": "una", "clientCode": "GRAND"}, "Una", "PARTNER", ""},
			{"2.4 the client's own application", input{"identifier": "una", "clientCode": "PARTNER", "applicationCode": "shop-one"}, "Una", "PARTNER", "shop-one"},
			{"2.4 an application it may read", input{"identifier": "una", "clientCode": "CHILD", "applicationCode": "readable"}, "Una", "CHILD", "readable"},
			{"2.4 by the URL", input{"identifier": "una", "url": "https://SHOP.example:443/some/path?x=1"}, "Una", "PARTNER", "shop-one"},
			{"2.4 by the URL of another client", input{"identifier": "una", "url": "https://child.example"}, "Una", "CHILD", "written"},
			{"2.4 by URL, client and application", input{"identifier": "una", "url": "https://child.example", "clientCode": "CHILD", "applicationCode": "written"}, "Una", "CHILD", "written"},
		} {
			t.Run(c.rule, func(t *testing.T) {
				if c.in["password"] == nil {
					c.in["password"] = password
				}
				p := d.succeeds("", "sessionCreate", c.in)
				v := d.viewer(*p.Token)
				if v.User.Name != c.user || v.Client.Code != c.client || v.Session.ID != p.Session.ID || !strings.HasPrefix(*p.Token, "apn_") || len(*p.Token) < 40 {
					t.Errorf("%+v by %s", v, *p.Token)
				}
				app := query(t, h, "SELECT (SELECT code FROM applications a WHERE a.id = s.application_id) AS code, token_hash, device FROM sessions s WHERE id = ?", v.Session.ID)[0]
				if got, _ := app["code"].(string); got != c.app || strings.Contains(fmt.Sprint(app["token_hash"]), *p.Token) {
					t.Errorf("a session of the application %q; %v", got, app)
				}
			})
		}
	})
}

// domain 3.6: a session for an application counts the roles of that application and of none; one for none counts all.
func TestSignInForAnApplicationCountsItsRoles(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		d := newDoors(t, h)
		permission := func(app oid.Application, authority string) oid.Permission {
			p := oid.New[oid.Permission]()
			h.Must(h.Ent().Permission.Create().SetID(p).SetClientID(d.p).SetApplicationID(app).SetAuthority(authority).SetAuthorityKey(strings.ToLower(authority)).Exec(h.System()))
			return p
		}
		roles := []oid.Role{
			h.Role(d.p, nil, "Of none", oid.BuiltIn[oid.Permission]("Client_READ"), permission(d.app, "shop-one.Order_READ")),
			h.Role(d.p, &d.app, "Of the shop", oid.BuiltIn[oid.Permission]("Role_READ"), permission(d.app, "shop-one.Order_CREATE")),
			h.Role(d.p, &d.written, "Of the other", oid.BuiltIn[oid.Permission]("User_READ"), permission(d.written, "written.Page_READ")),
		}
		h.Must(h.Ent().Membership.UpdateOneID(oid.Membership(query(t, h, "SELECT id FROM memberships WHERE user_id = ? AND client_id = ?", d.una, d.p)[0]["id"].(string))).AddRoleIDs(roles...).Exec(h.System()))
		for app, want := range map[string][]string{
			"":         {"Client_READ", "Logged_IN", "Role_READ", "User_READ", "shop-one.Order_CREATE", "shop-one.Order_READ", "written.Page_READ"},
			"shop-one": {"Client_READ", "Logged_IN", "Role_READ", "shop-one.Order_CREATE", "shop-one.Order_READ"},
			"written":  {"Client_READ", "Logged_IN", "User_READ", "shop-one.Order_READ", "written.Page_READ"},
			"anybodys": {"Client_READ", "Logged_IN", "shop-one.Order_READ"},
		} {
			in := input{"identifier": "una", "password": password, "clientCode": "PARTNER"}
			if app != "" {
				in["applicationCode"] = app
			}
			if got := d.viewer(*d.succeeds("", "sessionCreate", in).Token).Authorities; !slices.Equal(got, want) {
				t.Errorf("for %q: %v, want %v", app, got, want)
			}
		}
		// as a member of C, the same user holds what he holds there: nothing
		in := input{"identifier": "una", "password": password, "clientCode": "CHILD"}
		if got := d.viewer(*d.succeeds("", "sessionCreate", in).Token).Authorities; !slices.Equal(got, []string{"Logged_IN"}) {
			t.Errorf("%v", got)
		}
	})
}
