package apitest

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/config"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// on is the estate's world seen through another node.
func (e *estate) on(h *hubtest.Hub) *estate {
	return &estate{
		Hub: h, t: e.t, p: e.p, c: e.c, g: e.g, s: e.s, paula: e.paula, carl: e.carl, gina: e.gina, stan: e.stan, root: e.root,
		paulaID: e.paulaID, carlID: e.carlID, app: e.app, foreign: e.foreign, readable: e.readable, written: e.written, any: e.any,
	}
}

// suffixed is the estate on a node whose platform has a suffix.
func (e *estate) suffixed() *estate {
	return e.on(e.Node(func(o *hub.HTTP) { o.URLSuffix = []string{".apps.example.com"} }))
}

// bound binds an origin, proven or not.
func (e *estate) bound(app oid.Application, client oid.Client, origin string, proven bool) {
	e.t.Helper()
	create := e.Ent().ClientURL.Create().SetClientID(client).SetApplicationID(app).SetOrigin(origin)
	if proven {
		create.SetProvenOrigin(origin).SetStatus(enum.URLProven)
	}
	e.Must(create.Exec(e.System()))
}

// domain 6.3: known names are typed and checked; what is wrong is said at the value, and nothing of the call is written.
// domain 10.1, 10.4, 10.6: their words and numbers.
func TestKnownPropertiesAreChecked(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h).suffixed()
		e.bound(e.app, e.p, "https://shop.example.com", true)
		e.bound(e.app, e.p, "https://pending.example.com", false)
		e.bound(e.any, e.p, "https://other-app.example.com", true)
		e.bound(e.written, e.c, "https://child.example.com", true)
		set := func(list ...input) input { return input{"applicationId": e.app, "properties": list} }
		for _, wrong := range [][2]string{
			{"REGISTRATION_TYPE", "maybe"}, {"REGISTRATION_TYPE", "none"}, {"REGISTRATION_SIGN_IN", "yes"}, {"USER_CHECK", "UNIQUE"},
			{"CODE_LENGTH", "5"}, {"CODE_LENGTH", "six"}, {"CODE_LIFETIME", "0"}, {"CODE_ATTEMPTS", "21"}, {"CODE_RESENDS", "-1"}, {"CODE_LOCK", "1.5"},
			{"URL_SUFFIX", ".example.com"}, {"URL_SUFFIX", "apps.example.com"},
			{"URL", "https://shop.example.com/"}, {"URL", "https://shop.example.com/shop"}, {"URL", "https://SHOP.example.com"}, {"URL", "shop.example.com"},
			{"URL", "https://unknown.example.com"}, {"URL", "https://pending.example.com"}, {"URL", "https://other-app.example.com"}, {"URL", "https://child.example.com"},
		} {
			e.fails(t, e.paula, "applicationPropertiesSet", set(prop("FREE", "v"), prop(wrong[0], wrong[1])), "INVALID at input.properties.1.value")
		}
		for _, right := range [][2]string{
			{"REGISTRATION_TYPE", "OTP_PHONE"}, {"REGISTRATION_SIGN_IN", "true"}, {"USER_CHECK", "UNIQUE_IN_BASE"}, {"CODE_LENGTH", "8"}, {"CODE_LIFETIME", "60"},
			{"CODE_ATTEMPTS", "3"}, {"CODE_RESENDS", "0"}, {"CODE_LOCK", "30"}, {"URL_SUFFIX", ".apps.example.com"}, {"URL", "https://shop.example.com"},
			{"FREE", "REGISTRATION_TYPE=maybe"},
		} {
			e.succeeds(e.paula, "applicationPropertiesSet", set(prop(right[0], right[1])))
		}
		e.succeeds(e.carl, "applicationPropertiesSet", input{"applicationId": e.written, "properties": props(prop("URL", "https://child.example.com"))})
		plain := e.on(e.Node())
		plain.fails(t, e.paula, "applicationPropertiesSet", set(prop("URL_SUFFIX", ".apps.example.com")), "INVALID at input.properties.0.value")
	})
}

// domain 6.3: the names the platform knows can be asked for, with their defaults and the words they take.
func TestPropertyDefinitions(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h).suffixed()
		var data struct {
			PropertyDefinitions []struct {
				Name, Description, Type string
				Values                  []string
				Default                 *string
			}
		}
		e.MustData(e.Do(e.gina, "{ propertyDefinitions { name description type values default } }", nil), &data)
		var got []string
		for _, d := range data.PropertyDefinitions {
			text := d.Name + " " + d.Type
			if len(d.Values) > 0 {
				text += " of " + strings.Join(d.Values, "|")
			}
			if d.Default != nil {
				text += " = " + *d.Default
			}
			got = append(got, text)
			if d.Description == "" {
				t.Errorf("%s is not described", d.Name)
			}
		}
		want := []string{
			"CODE_ATTEMPTS INTEGER = 5", "CODE_LENGTH INTEGER = 6", "CODE_LIFETIME INTEGER = 15", "CODE_LOCK INTEGER = 15", "CODE_RESENDS INTEGER = 3",
			"REGISTRATION_SIGN_IN BOOLEAN = false", "REGISTRATION_TYPE WORD of NONE|INVITATION_CODE|IMMEDIATE|EMAIL_LINK|OTP_EMAIL|OTP_PHONE = NONE",
			"URL ORIGIN", "URL_SUFFIX WORD of .apps.example.com", "USER_CHECK WORD of NONE|UNIQUE_IN_CLIENT|UNIQUE_IN_BASE = NONE",
		}
		if !slices.Equal(got, want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

// domain 6.3: one client has at most 500 properties of one application, also when calls come at once.
func TestPropertiesAreBounded(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		hundred := func(from int) input {
			list := make([]input, 100)
			for i := range list {
				list[i] = prop(fmt.Sprintf("P%d", from+i), "v")
			}
			return input{"applicationId": e.app, "properties": list}
		}
		for i := range 4 {
			e.succeeds(e.paula, "applicationPropertiesSet", hundred(100*i))
		}
		atOnce(4, func(i int) { // each of them would fill it up
			e.do(e.paula, "applicationPropertiesSet", hundred(1000*(i+1)))
		})
		if n := e.count("application_properties", "application_id = ?", e.app); n != 500 {
			t.Fatalf("%d properties", n)
		}
		e.fails(t, e.paula, "applicationPropertiesSet", input{"applicationId": e.app, "properties": props(prop("P0", "changed"), prop("MORE", "v"))}, "INVALID at input.properties")
		e.succeeds(e.paula, "applicationPropertiesSet", input{"applicationId": e.app, "properties": props(prop("P0", "changed"))})
		e.succeeds(e.paula, "applicationPropertiesSet", input{"applicationId": e.any, "properties": props(prop("MORE", "v"))})
		e.succeeds(e.paula, "applicationPropertiesDelete", input{"applicationId": e.app, "names": []string{"P0"}})
		e.succeeds(e.paula, "applicationPropertiesSet", input{"applicationId": e.app, "properties": props(prop("MORE", "v"))})
	})
}

func secret(name, value string) input { return input{"name": name, "value": value, "secret": true} }

// domain 6.3: a secret value is written, masked when read, and stands nowhere in clear: not in any table, not in the
// trail, the history or the log, and not in an answer.
func TestSecretPropertiesStandNowhereInClear(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		const canary = "canary-5up3rs3cret-9f2c"
		var log strings.Builder
		logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		e := newEstate(t, h)
		e = e.on(e.Node(func(o *hub.HTTP) { o.Logger = logger }))
		said := ""
		send := func(list ...input) {
			t.Helper()
			in := input{"applicationId": e.app, "properties": list}
			a := e.DoOnce(e.paula, fmt.Sprint("key-", len(said)), mutation("applicationPropertiesSet"), hubtest.Variables{"input": in})
			if len(a.Errors) > 0 || !strings.Contains(string(a.Body), `"errors":[]`) {
				t.Fatalf("%s", a.Body)
			}
			said += string(a.Body)
		}
		send(secret("TOKEN", canary), prop("PLAIN", "plain"))
		send(secret("TOKEN", canary))
		send(prop("TOKEN", canary)) // it stays secret
		e.fails(t, e.paula, "applicationPropertiesSet", input{"applicationId": e.app, "properties": props(secret("TOKEN", canary+"2"), prop("bad", canary))}, "INVALID at input.properties.1.name")
		said += string(e.Do(e.paula, `query($id: ID!) { application(id: $id) {
			properties { nodes { name value secret public version } } propertiesInForce { name value secret }
			propertyChanges { nodes { name value secret removed } } } auditEvents(first: 50) { nodes { before after } } }`, hubtest.Variables{"id": e.app}).Body)
		for _, want := range []string{`{"name":"TOKEN","value":null,"secret":true,"public":false,"version":3}`, `{"name":"TOKEN","value":null,"secret":true}`, `"value":"***"`,
			`{"name":"TOKEN","value":null,"secret":true,"removed":false}`} {
			if !strings.Contains(said, want) {
				t.Errorf("nothing says %s:\n%s", want, said)
			}
		}
		e.succeeds(e.paula, "applicationPropertiesDelete", input{"applicationId": e.app, "names": []string{"TOKEN"}})
		send(secret("TOKEN", canary))
		e.Deliver()
		for place, text := range map[string]string{"an answer": said, "the log": log.String(), "the database": fmt.Sprint(e.tables())} {
			if strings.Contains(text, canary) || len(text) < 50 && place != "the log" {
				t.Errorf("the secret stands in %s, or nothing does", place)
			}
		}
		if n := e.count("application_properties", "sealed IS NOT NULL AND value = ''"); n != 1 {
			t.Errorf("%d values are sealed", n)
		}
	})
}

// domain 6.3: public and secret exclude each other, whatever is said and what is stored; what the platform reads is not
// secret; without a key there are no secrets. What is no longer secret has the value that is set then.
func TestSecretPropertiesRefused(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		with := func(p input, key string, value any) input {
			p[key] = value
			return p
		}
		on := func(list ...input) input { return input{"applicationId": e.app, "properties": list} }
		e.succeeds(e.paula, "applicationPropertiesSet", on(secret("HIDDEN", "x"), with(prop("SHOWN", "y"), "public", true)))
		for what, c := range map[string]struct {
			p    input
			want string
		}{
			"both at once":              {with(secret("NEW", "v"), "public", true), "INVALID at input.properties.0.secret"},
			"public becomes secret":     {secret("SHOWN", "v"), "INVALID at input.properties.0.secret"},
			"secret becomes public":     {with(prop("HIDDEN", "v"), "public", true), "INVALID at input.properties.0.public"},
			"the type of registration":  {secret("REGISTRATION_TYPE", "NONE"), "INVALID at input.properties.0.secret"},
			"another version, a secret": {with(secret("HIDDEN", "x"), "expectedVersion", 7), "CONFLICT at input.properties.0.expectedVersion"},
		} {
			t.Run(what, func(t *testing.T) { e.fails(t, e.paula, "applicationPropertiesSet", on(c.p), c.want) })
		}
		keyless := e.on(e.Node(func(o *hub.HTTP) { o.Encryption = []config.EncryptionKey{} }))
		keyless.fails(t, e.paula, "applicationPropertiesSet", on(prop("A", "v"), secret("NEW", "v")), "NOT_ALLOWED at input.properties.1.secret")
		keyless.fails(t, e.paula, "applicationPropertiesSet", on(prop("HIDDEN", "v")), "NOT_ALLOWED at input.properties.0.secret")
		e.succeeds(e.paula, "applicationPropertiesSet", on(with(with(prop("SHOWN", "y2"), "public", false), "secret", true)))
		p := e.succeeds(e.paula, "applicationPropertiesSet", on(with(prop("HIDDEN", "now told"), "secret", false)))
		if p.Properties[0].Value != "now told" || p.Properties[0].Version != 2 || e.count("application_properties", "name = 'HIDDEN' AND sealed IS NULL") != 1 {
			t.Errorf("%+v", p.Properties)
		}
	})
}
