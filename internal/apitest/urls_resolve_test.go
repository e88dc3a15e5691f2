package apitest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// domain 7.2: a URL leads by its path on the platform's own hosts; else by its exact origin; else by the code below a
// suffix, to the owner.
func TestResolveUrl(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		i := newInternet(t, h)
		i.proven(i.app, i.p, "https://shop.example.net")
		i.proven(i.written, i.c, "https://xn--bcher-kva.example.net:8443")
		i.proven(i.app, i.p, "http://localhost:3000")
		i.proven(i.app, i.p, "https://hub.example.com") // the platform's own site
		i.bind(i.paula, i.app, "https://pending.example.net")
		for url, want := range map[string]string{
			// (1)
			"https://hub.example.com/shop-one/PARTNER/page/":                   "shop-one/PARTNER",
			"https://HUB.example.com.:443/written/CHILD/page/a/b?c=d#e":        "written/CHILD",
			"http://hub.example.com/readable/CHILD/page/x":                     "readable/CHILD",
			"http://localhost:5173/shop-one/PARTNER/page/x":                    "shop-one/PARTNER",
			"https://hub.example.com/shop-one/CHILD/page/":                     "", // no access
			"https://hub.example.com/shop-one/UNHEARD/page/":                   "",
			"https://hub.example.com/unheard/PARTNER/page/":                    "",
			"https://hub.example.com/Shop-One/PARTNER/page/":                   "", // codes have one form
			"https://hub.example.com/shop-one/partner/page/":                   "",
			"https://hub.example.com/shop-one%20/PARTNER/page/":                "",
			"https://hub.example.com/shop-one/PARTNER%2F..%2FCHILD/page/":      "",
			"https://hub.example.com/shop-one/PARTNER/%70age/":                 "shop-one/PARTNER", // no such path: by the origin
			"https://hub.example.com/shop-one/PARTNER/page":                    "shop-one/PARTNER",
			"https://hub.example.com//shop-one/CHILD/page/":                    "shop-one/PARTNER",
			"https://hub.example.com/x/../written/CHILD/page/":                 "shop-one/PARTNER",
			"https://hub.example.com/":                                         "shop-one/PARTNER",
			"https://hub.example.com:8443/written/CHILD/page/":                 "",
			"https://hub.example.com@evil.example/shop-one/PARTNER/page/":      "",
			"https://a:b@hub.example.com/shop-one/PARTNER/page/":               "",
			"http://localhost:5174/shop-one/PARTNER/page/":                     "",
			"https://shop.example.net/written/CHILD/page/":                     "shop-one/PARTNER", // (2): a path elsewhere is none
			"https://evil.example/shop-one/PARTNER/page/":                      "",
			"https://xn--hub-x.example.com/shop-one/PARTNER/page/":             "",
			"https://shop-one.apps.example.com/written/CHILD/page/":            "shop-one/PARTNER",
			"https://hub.example.com/shop-one/PARTNER/page/\u0000":             "",
			"https://hub.example.com/shop-one/PARTNER/page/\ufffd":             "shop-one/PARTNER",
			"https://hub.example.com/' OR 1=1 --/PARTNER/page/":                "",
			"https://hub.example.com/" + strings.Repeat("a/", 900):             "shop-one/PARTNER",
			"https://hub.example.com/" + strings.Repeat("a", 900) + "/b/page/": "",
			// (2)
			"https://shop.example.net":                      "shop-one/PARTNER",
			" HTTPS://SHOP.example.net.:443/any/where?x#y ": "shop-one/PARTNER",
			"https://bücher.example.net:8443/":              "written/CHILD",
			"https://bücher.example.net/":                   "",
			"https://shop.example.net:8443":                 "",
			"http://shop.example.net":                       "",
			"https://www.shop.example.net":                  "",
			"https://user@shop.example.net":                 "",
			"https://pending.example.net":                   "",
			"http://localhost:3000/x":                       "shop-one/PARTNER",
			"https://localhost:3000":                        "",
			// (3)
			"https://shop-one.apps.example.com":         "shop-one/PARTNER",
			"https://SHOP-ONE.apps.example.com./x":      "shop-one/PARTNER",
			"https://strange.sites.example.org":         "strange/STRANGER",
			"http://shop-one.apps.example.com":          "shop-one/PARTNER",
			"https://shop-one.apps.example.com:8443":    "",
			"https://a.shop-one.apps.example.com":       "",
			"https://shop-one.example.com":              "",
			"https://shop-one.apps.example.com.evil.it": "",
			"https://unheard.apps.example.com":          "",
			"https://apps.example.com":                  "",
			"https://.apps.example.com":                 "",
			// nothing
			"": "", " ": "", "/": "", "//": "", "shop.example.net": "", "//shop.example.net": "", "https:": "", "https://": "", "https:///shop-one/PARTNER/page/": "",
			"javascript:alert(1)": "", "javascript://shop.example.net/": "", "file:///etc/passwd": "", "ftp://shop.example.net": "", "data:,x": "",
			"https://127.0.0.1": "", "https://[::1]": "", "https://[::1": "", "https://shop.example.net:x": "", "https://%zz": "", "https://\ufffd.example": "", "https://a b": "",
			"%": "", "\x00": "", "https://shop.example.net\x00": "", "https://shop.example.net\\@evil.example": "", "https://%73hop.example.net": "", "🦊": "",
		} {
			if got := i.leads(t, url); got != want {
				t.Errorf("%.100q leads to %q, not %q", url, got, want)
			}
		}
		long := "https://shop.example.net/" + strings.Repeat("ü", 2048)
		for _, c := range []struct{ url, want string }{{long[:len(long)-52], "null"}, {long, "INVALID"}} {
			a := i.node.Do("", "query($url: String!) { resolveUrl(url: $url) { clientCode } }", hubtest.Variables{"url": c.url})
			if got := string(a.Body); a.Status != 200 || len(a.Errors) > 0 && a.Errors[0].Code() != c.want {
				t.Errorf("%d characters: %d %s", len([]rune(c.url)), a.Status, got)
			}
		}
		if a := i.node.Do("", "query($url: String!) { resolveUrl(url: $url) { clientCode } }", hubtest.Variables{"url": long}); len(a.Errors) != 1 || a.Errors[0].Code() != "INVALID" {
			t.Errorf("a long one is answered: %s", a.Body)
		}
	})
}

// domain 7.2: the client must have access today, the application be active, and no client be suspended up to SYSTEM. Every
// way asks for the same.
func TestResolveUrlAsksForAccess(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		i := newInternet(t, h)
		i.proven(i.written, i.c, "https://child.example.net")
		i.proven(i.app, i.p, "https://shop.example.net")
		childs := []string{"https://child.example.net", "https://hub.example.com/written/CHILD/page/"}
		owners := []string{"https://shop.example.net", "https://hub.example.com/shop-one/PARTNER/page/", "https://shop-one.apps.example.com"}
		all := func(urls []string, want, when string) {
			t.Helper()
			for _, url := range urls {
				if got := i.leads(t, url); got != want {
					t.Errorf("%s: %s leads to %q, not %q", when, url, got, want)
				}
			}
		}
		both := func(child, owner, when string) {
			t.Helper()
			all(childs, child, when)
			all(owners, owner, when)
		}
		const child, owner = "written/CHILD", "shop-one/PARTNER"
		grant := func(set string, args ...any) {
			i.exec("UPDATE access_grants SET "+set+" WHERE application_id = ? AND client_id = ?", append(args, i.written, i.c)...)
		}
		client := func(code, status string) { i.exec("UPDATE clients SET status = ? WHERE code = ?", status, code) }
		both(child, owner, "at first")
		grant("level = ?", enum.LevelRead)
		both(child, owner, "with READ")
		grant("level = ?", enum.LevelBarred)
		both("", owner, "barred")
		grant("level = ?, expires_at = ?", enum.LevelWrite, clock.Now())
		both("", owner, "expired")
		grant("expires_at = ?", authz.Asleep)
		both("", owner, "asleep")
		grant("expires_at = NULL")
		both(child, owner, "given again")
		client("CHILD", "SUSPENDED")
		both("", owner, "the client suspended")
		client("CHILD", "ACTIVE")
		client("PARTNER", "SUSPENDED")
		both("", "", "its manager suspended")
		client("PARTNER", "ACTIVE")
		both(child, owner, "resumed")
		i.exec("UPDATE applications SET status = 'ARCHIVED' WHERE id IN (?, ?)", i.app, i.written)
		both("", "", "archived")
		i.exec("UPDATE applications SET status = 'ACTIVE'")
		both(child, owner, "restored")
	})
}

// domain 7.2, 0: what is said of a URL are codes, names, the type and the public properties in force, and that to anybody.
func TestResolveUrlSaysWhatIsPublic(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		i := newInternet(t, h)
		i.proven(i.written, i.c, "https://child.example.net")
		set := func(token string, properties ...input) {
			i.succeeds(token, "applicationPropertiesSet", input{"applicationId": i.written, "properties": properties})
		}
		set(i.paula, input{"name": "THEME", "value": "plain", "public": true}, input{"name": "FROM_OWNER", "value": "yes", "public": true}, input{"name": "INTERNAL", "value": "no"})
		set(i.carl, input{"name": "THEME", "value": "fancy", "public": true}, input{"name": "OWN", "value": "no"})
		ask := `query { resolveUrl(url: "https://child.example.net/") { applicationCode applicationName applicationType clientCode clientName properties { name value } } }`
		want := `{"resolveUrl":{"applicationCode":"written","applicationName":"Written","applicationType":"APP","clientCode":"CHILD","clientName":"Client CHILD",` +
			`"properties":[{"name":"FROM_OWNER","value":"yes"},{"name":"THEME","value":"fancy"}]}}`
		for _, token := range []string{"", i.carl, i.stan, i.root} {
			if a := i.node.Do(token, ask, nil); string(a.Data) != want || len(a.Errors) > 0 {
				t.Errorf("got %s", a.Body)
			}
		}
	})
}

// Attack (domain 7.2): the path form on a foreign host. It leads nowhere; with the rule taken away on another node it does.
func TestPathsOnForeignHosts(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		i := newInternet(t, h)
		i.proven(i.foreign, i.s, "https://evil.example")
		attacks := map[string]string{
			"https://evil.example/shop-one/PARTNER/page/": "strange/STRANGER", "https://other.example/shop-one/PARTNER/page/": "",
			"https://strange.apps.example.com/shop-one/PARTNER/page/": "strange/STRANGER", "https://x.hub.example.com/shop-one/PARTNER/page/": "",
			"https://hub.example.com.evil.example/shop-one/PARTNER/page/": "", "https://hub.example.com:444/shop-one/PARTNER/page/": "",
		}
		open := i.on(func(o *hub.HTTP) {
			o.AlterRules = func(r *authz.Rules) { r.PathLeads = func(bool) bool { return true } }
		})
		for url, want := range attacks {
			if got := i.leads(t, url); got != want {
				t.Errorf("%s leads to %q, not %q", url, got, want)
			}
			if got := open.leads(t, url); got != "shop-one/PARTNER" {
				t.Errorf("without the rule, %s leads to %q", url, got)
			}
		}
	})
}

// domain 2.4, 7.2: a sign-in's URL leads where resolveUrl says, by every way; to a client without access today there is no
// sign-in.
func TestSignInByUrl(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		i := newInternet(t, h)
		d := newDoorsOf(t, i.estate)
		signIn := func(url string, identifier, password string) string {
			a := i.node.Do("", `mutation($in: SessionCreateInput!) { sessionCreate(input: $in) { session { id } errors { code } } }`,
				hubtest.Variables{"in": input{"identifier": identifier, "password": password, "url": url}})
			var data struct{ SessionCreate payload }
			if err := json.Unmarshal(a.Data, &data); err != nil {
				t.Fatalf("%s", a.Body)
			}
			if s := data.SessionCreate.Session; s != nil {
				of := query(t, i.Hub, "SELECT a.code AS app, c.code AS client FROM sessions AS s JOIN applications AS a ON a.id = s.application_id"+
					" JOIN clients AS c ON c.id = s.client_id WHERE s.id = ?", s.ID)
				return fmt.Sprint(of[0]["app"], "/", of[0]["client"])
			}
			return data.SessionCreate.Errors[0].Code
		}
		for _, c := range []struct{ url, identifier, password, want string }{
			{"https://shop.example/login", "una", password, "shop-one/PARTNER"},
			{"https://shop-one.apps.example.com/login", "una", password, "shop-one/PARTNER"},
			{"https://hub.example.com/written/CHILD/page/login", "una", password, "written/CHILD"},
			{"https://strange.sites.example.org", "una", another, "strange/STRANGER"},
			{"https://strange.sites.example.org", "una", password, "CREDENTIALS"}, // another base
			{"https://evil.example/shop-one/PARTNER/page/", "una", password, "CREDENTIALS"},
			{"https://hub.example.com/shop-one/CHILD/page/", "una", password, "CREDENTIALS"}, // no access
			{"https://pending.example", "una", password, "CREDENTIALS"},
			{"https://hub.example.com/" + strings.Repeat("x", 3000), "una", password, "CREDENTIALS"},
		} {
			if got := signIn(c.url, c.identifier, c.password); got != c.want {
				t.Errorf("%.80s: %s, not %s", c.url, got, c.want)
			}
		}
		d.exec("UPDATE access_grants SET level = 'BARRED' WHERE application_id = ? AND client_id = ?", i.written, i.c)
		if got := signIn("https://child.example", "una", password); got != "CREDENTIALS" {
			t.Errorf("by the URL of a barred client: %s", got)
		}
	})
}
