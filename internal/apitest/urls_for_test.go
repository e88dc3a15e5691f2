package apitest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// urlFor asks where a client reaches an application; "" for null.
func (i *internet) urlFor(t testing.TB, token string, app oid.Application, client any) string {
	t.Helper()
	a := i.node.Do(token, "query($app: ID!, $client: ID) { application(id: $app) { urlFor(clientId: $client) } }", hubtest.Variables{"app": app, "client": client})
	var data struct{ Application *struct{ URLFor *string } }
	if err := json.Unmarshal(a.Data, &data); err != nil || len(a.Errors) > 0 || data.Application == nil {
		t.Errorf("urlFor: %d %s", a.Status, a.Body)
		return "an error"
	}
	if data.Application.URLFor == nil {
		return ""
	}
	return *data.Application.URLFor
}

// domain 7.3: the property URL; else the newest proven origin; else, for the owner, the code below the suffix in force.
func TestUrlFor(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		i := newInternet(t, h)
		is := func(token string, app oid.Application, client any, want, when string) {
			t.Helper()
			if got := i.urlFor(t, token, app, client); got != want {
				t.Errorf("%s: %q, not %q", when, got, want)
			}
		}
		property := func(app oid.Application, client oid.Client, name, value string) {
			t.Helper()
			i.exec("DELETE FROM application_properties WHERE application_id = ? AND client_id = ? AND name = ?", app, client, name)
			i.Must(i.Ent().ApplicationProperty.Create().SetApplicationID(app).SetClientID(client).SetName(name).SetValue(value).Exec(i.System()))
		}
		const suffixed = "https://written.apps.example.com"
		is(i.paula, i.written, nil, "", "nothing is set")
		property(i.written, i.p, "URL_SUFFIX", ".unheard.example.com")
		is(i.paula, i.written, nil, "", "a suffix that is not configured any more")
		property(i.written, i.p, "URL_SUFFIX", ownSuffix)
		is(i.paula, i.written, nil, suffixed, "the owner, by the suffix")
		is(i.paula, i.written, i.c, "", "a client with access has none by the suffix")
		property(i.written, i.c, "URL_SUFFIX", ownSuffix)
		is(i.carl, i.written, nil, "", "nor by its own")
		taken := i.on(func(o *hub.HTTP) { o.PlatformHost = append(o.PlatformHost, "written.apps.example.com") })
		if got := taken.urlFor(t, i.paula, i.written, nil); got != "" || taken.leads(t, suffixed) != "" {
			t.Errorf("where the platform's own pages are, an application is reached: %q", got)
		}

		i.bind(i.carl, i.written, "https://pending.example.net")
		is(i.carl, i.written, i.c, "", "a pending origin is none")
		first := i.proven(i.written, i.c, "https://first.example.net")
		second := i.proven(i.written, i.c, "https://second.example.net")
		i.proven(i.readable, i.c, "https://elsewhere.example.net")
		i.Must(i.Ent().ClientURL.UpdateOneID(first).SetProvenAt(clock.Now().Add(time.Hour)).Exec(i.System()))
		is(i.carl, i.written, nil, "https://first.example.net", "proven last, though bound first")
		is(i.paula, i.written, nil, suffixed, "the owner's is its own")
		property(i.written, i.c, "URL", "https://second.example.net")
		is(i.carl, i.written, nil, "https://second.example.net", "the property")
		property(i.written, i.p, "URL", "https://second.example.net")
		is(i.paula, i.written, nil, suffixed, "a property with another one's origin")
		property(i.written, i.c, "URL", "https://elsewhere.example.net")
		is(i.carl, i.written, nil, "https://first.example.net", "a property with an origin of another application")
		property(i.written, i.c, "URL", "https://second.example.net")
		i.works(i.carl, "clientUrlUnbind", input{"id": second})
		is(i.carl, i.written, nil, "https://first.example.net", "the property's origin is gone")

		is(i.root, i.written, i.c, "https://first.example.net", "for SYSTEM")
		is(i.root, i.written, nil, "", "SYSTEM itself has no access")
		is(i.carl, i.written, i.p, "", "a client above is out of scope")
		is(i.carl, i.written, i.s, "", "so is a stranger")
		is(i.carl, i.written, oid.New[oid.Client](), "", "and one that is not there")
		is(i.paula, i.app, i.c, "", "a client without access")
		i.exec("UPDATE access_grants SET level = ? WHERE application_id = ? AND client_id = ?", enum.LevelBarred, i.written, i.c)
		is(i.paula, i.written, i.c, "", "a client that is barred")
		a := i.node.Do(i.paula, "query($app: ID!) { application(id: $app) { id urlFor(clientId: $app) } }", hubtest.Variables{"app": i.app})
		if len(a.Errors) != 1 || a.Errors[0].Code() != "INVALID" {
			t.Errorf("the id of an application is taken: %s", a.Body)
		}
	})
}
