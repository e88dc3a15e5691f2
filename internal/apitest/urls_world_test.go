package apitest

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/prove"
	"github.com/appanage/appanage/internal/testkit/hubtest"
	"github.com/appanage/appanage/internal/testkit/webtest"
)

// What is the platform's own in the tests of URLs.
const (
	ownHost   = "hub.example.com"
	ownSuffix = ".apps.example.com"
	badSuffix = ".sites.example.org"
)

// internet is the estate on a platform with hosts and suffixes of its own, and an internet where hosts are proven.
type internet struct {
	*estate
	node *hubtest.Hub // that is asked
	dns  *webtest.DNS
}

func newInternet(t testing.TB, h *hubtest.Hub, options ...hubtest.Options) *internet {
	t.Helper()
	i := &internet{dns: webtest.StartDNS(t)}
	i.node = h.Node(append([]hubtest.Options{i.platform}, options...)...)
	i.estate = newEstate(t, i.node)
	return i
}

// platform configures a node.
func (i *internet) platform(o *hub.HTTP) {
	o.PlatformHost, o.URLSuffix = []string{ownHost, "localhost:5173"}, []string{ownSuffix, badSuffix}
	o.Proof.Resolver = i.dns.Address
}

// on is the same world on another node.
func (i *internet) on(options ...hubtest.Options) *internet {
	i.t.Helper()
	there := *i
	there.node = i.Node(append([]hubtest.Options{i.platform}, options...)...)
	return &there
}

// loopback takes away the guard that the tests' web servers stand behind, and no other.
func loopback(roots *webtest.Site) hubtest.Options {
	return func(o *hub.HTTP) {
		o.Proof.Roots = roots.Roots
		o.Proof.Admits = func(a netip.Addr) bool { return a.IsLoopback() || prove.Public(a) }
	}
}

// urlShown is a URL as a payload shows it.
type urlShown struct {
	ID, Origin, Status  string
	Challenge, ProvenAt *string
	Version             int
	Client              *struct{ Code string }
	Application         *struct{ Code string }
}

// urlAnswer is what a mutation of URLs answers.
type urlAnswer struct {
	ClientURL   *urlShown
	ClientURLID *string
	Errors      []userError
}

// codes are the errors, each "CODE at path".
func (a urlAnswer) codes() []string {
	var list []string
	for _, e := range a.Errors {
		list = append(list, e.Code+" at "+strings.Join(e.Path, "."))
	}
	return list
}

// send sends a mutation of URLs. It may run beside others.
func (i *internet) send(token, name string, in input) urlAnswer {
	selection := "clientUrl { id origin status challenge provenAt version client { code } application { code } }"
	if name == "clientUrlUnbind" {
		selection = "clientUrlId"
	}
	title := strings.ToUpper(name[:1]) + name[1:]
	a := i.node.Do(token, "mutation($input: "+title+"Input!) { "+name+"(input: $input) { "+selection+" errors { code message path currentVersion } } }",
		hubtest.Variables{"input": in})
	var data map[string]*urlAnswer
	if err := json.Unmarshal(a.Data, &data); err != nil || data[name] == nil || len(a.Errors) > 0 {
		i.t.Errorf("%s %.200v: %d %s", name, in, a.Status, a.Body)
		return urlAnswer{}
	}
	return *data[name]
}

// works sends a mutation of URLs that succeeds.
func (i *internet) works(token, name string, in input) urlAnswer {
	i.t.Helper()
	i.known.Store(nil)
	a := i.send(token, name, in)
	if len(a.Errors) > 0 || a.ClientURL == nil && a.ClientURLID == nil {
		i.t.Fatalf("%s %v: %+v", name, in, a)
	}
	return a
}

// stops sends a mutation of URLs that is refused with these errors, and changes nothing.
func (i *internet) stops(t testing.TB, token, name string, in input, want ...string) urlAnswer {
	t.Helper()
	before := i.before()
	a := i.send(token, name, in)
	if !slices.Equal(a.codes(), want) || a.ClientURL != nil || a.ClientURLID != nil {
		t.Errorf("%s %.200v\ngot  %v\nwant %v", name, in, a.codes(), want)
	}
	i.unchanged(t, before, name, in)
	return a
}

// bind binds an origin, and must.
func (i *internet) bind(token string, app oid.Application, origin string) *urlShown {
	i.t.Helper()
	return i.works(token, "clientUrlBind", input{"applicationId": app, "origin": origin}).ClientURL
}

// publish puts the challenges of URLs into the DNS of a host.
func (i *internet) publish(host string, urls ...*urlShown) {
	records := []string{"v=spf1 -all"}
	for _, u := range urls {
		records = append(records, *u.Challenge)
	}
	i.dns.Text(prove.Label+host, records...)
}

// proven writes a proven URL straight to the database.
func (i *internet) proven(app oid.Application, client oid.Client, origin string) oid.ClientURL {
	i.t.Helper()
	id := oid.New[oid.ClientURL]()
	i.Must(i.Ent().ClientURL.Create().SetID(id).SetClientID(client).SetApplicationID(app).SetOrigin(origin).SetProvenOrigin(origin).
		SetProvenAt(clock.Now()).SetStatus(enum.URLProven).Exec(i.System()))
	i.known.Store(nil)
	return id
}

// leads asks what a URL leads to, "application/CLIENT"; "" for nothing. Nobody is signed in.
func (i *internet) leads(t testing.TB, url string) string {
	t.Helper()
	a := i.node.Do("", "query($url: String!) { resolveUrl(url: $url) { applicationCode clientCode } }", hubtest.Variables{"url": url})
	var data struct {
		ResolveURL *struct{ ApplicationCode, ClientCode string }
	}
	if err := json.Unmarshal(a.Data, &data); err != nil || len(a.Errors) > 0 || a.Status != 200 {
		t.Errorf("resolveUrl %q: %d %s", url, a.Status, a.Body)
		return "an error"
	}
	if data.ResolveURL == nil {
		return ""
	}
	return data.ResolveURL.ApplicationCode + "/" + data.ResolveURL.ClientCode
}
