package apitest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// domain 7.1: who binds which origin for whom, its canonical form, and the trail of it.
func TestClientUrlBind(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		i := newInternet(t, h)
		for _, c := range []struct {
			rule, token string
			app         oid.Application
			client      any
			origin      string
			want        string // the origin, its status and its client
		}{
			{"the owner", i.paula, i.app, nil, "https://shop.example.net", "https://shop.example.net PENDING PARTNER"},
			{"canonical form", i.paula, i.app, nil, " HTTPS://Bücher.Example.NET.:0443 ", "https://xn--bcher-kva.example.net PENDING PARTNER"},
			{"a port", i.paula, i.app, nil, "https://shop.example.net:8443", "https://shop.example.net:8443 PENDING PARTNER"},
			{"the same for another application", i.paula, i.readable, nil, "https://shop.example.net", "https://shop.example.net PENDING PARTNER"},
			{"the same for another client", i.carl, i.readable, nil, "https://shop.example.net", "https://shop.example.net PENDING CHILD"},
			{"a reader", i.carl, i.readable, nil, "https://child.example.net", "https://child.example.net PENDING CHILD"},
			{"a client that one manages", i.paula, i.written, i.c, "https://childs.example.net", "https://childs.example.net PENDING CHILD"},
			{"SYSTEM for anybody", i.root, i.foreign, i.s, "https://strange.example.net", "https://strange.example.net PENDING STRANGER"},
			{"below no suffix", i.paula, i.app, nil, "https://apps.example.net", "https://apps.example.net PENDING PARTNER"},
			{"a suffix without its dot", i.paula, i.app, nil, "https://myapps.example.com", "https://myapps.example.com PENDING PARTNER"},
			{"the suffix in the middle", i.paula, i.app, nil, "https://a.apps.example.com.example.net", "https://a.apps.example.com.example.net PENDING PARTNER"},
			{"below the platform's host", i.paula, i.app, nil, "https://x.hub.example.com", "https://x.hub.example.com PENDING PARTNER"},
			{"localhost, outside production", i.paula, i.app, nil, "http://localhost:3000", "http://localhost:3000 PROVEN PARTNER"},
			{"a sub-domain, by SYSTEM", i.root, i.app, i.p, "https://partner.apps.example.com", "https://partner.apps.example.com PROVEN PARTNER"},
			{"a platform's host, by SYSTEM", i.root, i.app, i.p, "https://hub.example.com", "https://hub.example.com PROVEN PARTNER"},
			{"the host of a suffix, by SYSTEM", i.root, i.app, i.p, "https://apps.example.com", "https://apps.example.com PROVEN PARTNER"},
		} {
			in := input{"applicationId": c.app, "origin": c.origin}
			if c.client != nil {
				in["clientId"] = c.client
			}
			u := i.works(c.token, "clientUrlBind", in).ClientURL
			if got := u.Origin + " " + u.Status + " " + u.Client.Code; got != c.want || u.Version != 1 || u.Application == nil {
				t.Errorf("%s: got %s, %+v", c.rule, got, u)
			}
			if pending := u.Status == "PENDING"; (u.Challenge != nil) != pending || (u.ProvenAt == nil) != pending || pending && len(*u.Challenge) < 30 {
				t.Errorf("%s: got %+v", c.rule, u)
			}
			events := query(t, i.Hub, "SELECT client_id, operation, kind, `before`, `after` FROM audit_events WHERE object_id = ?", u.ID)
			if len(events) != 1 || events[0]["client_id"] != i.column("client_urls", u.ID, "client_id") || events[0]["operation"] != "clientUrlBind" || events[0]["kind"] != "ClientUrl" || events[0]["before"] != nil ||
				events[0]["after"] != fmt.Sprintf(`{"applicationId":%q,"origin":%q,"status":%q}`, c.app, u.Origin, u.Status) {
				t.Errorf("%s: the trail says %v", c.rule, events)
			}
		}
		if n := len(query(t, i.Hub, "SELECT DISTINCT challenge AS v FROM client_urls")); n != i.count("client_urls", "1 = 1") {
			t.Errorf("there are %d challenges", n)
		}
	})
}

// domain 7.1: what is not bound, with the reason. Bad input among it: scripts, addresses, credentials, paths.
func TestClientUrlBindRefusals(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		i := newInternet(t, h)
		barred := h.Application(i.p, "barred", "Barred")
		i.grant(barred, i.c, enum.LevelBarred)
		ended := h.Application(i.p, "ended", "Ended")
		i.Must(i.Ent().AccessGrant.UpdateOneID(i.grant(ended, i.c, enum.LevelWrite)).SetExpiresAt(clock.Now()).Exec(i.System()))
		i.bind(i.paula, i.app, "https://twice.example.net")
		i.proven(i.foreign, i.s, "https://strange.example.net")
		i.works(i.root, "clientUrlBind", input{"applicationId": i.app, "clientId": i.p, "origin": "https://there.apps.example.com"})
		on := func(app oid.Application, origin string, client ...oid.Client) input {
			in := input{"applicationId": app, "origin": origin}
			if len(client) > 0 {
				in["clientId"] = client[0]
			}
			return in
		}
		const good = "https://good.example.net"
		for _, c := range []struct {
			rule, token string
			in          input
			want        string
		}{
			{"a platform's host", i.paula, on(i.app, "https://hub.example.com"), "NOT_ALLOWED at input.origin"},
			{"the frontend under development", i.paula, on(i.app, "http://localhost:5173"), "NOT_ALLOWED at input.origin"},
			{"below a suffix", i.paula, on(i.app, "https://mine.apps.example.com"), "NOT_ALLOWED at input.origin"},
			{"below the other suffix", i.paula, on(i.app, "https://mine.sites.example.org"), "NOT_ALLOWED at input.origin"},
			{"the host of a suffix", i.paula, on(i.app, "https://apps.example.com"), "NOT_ALLOWED at input.origin"},
			{"below a suffix, in capitals", i.paula, on(i.app, "https://MINE.APPS.example.com."), "NOT_ALLOWED at input.origin"},
			{"deep below a suffix", i.root, on(i.app, "https://a.b.apps.example.com", i.p), "INVALID at input.origin"},
			{"a sub-domain with a port", i.root, on(i.app, "https://port.apps.example.com:8443", i.p), "INVALID at input.origin"},
			{"a reserved name", i.root, on(i.app, "https://www.apps.example.com", i.p), "RESERVED at input.origin"},
			{"a sub-domain that is bound", i.root, on(i.app, "https://there.apps.example.com", i.p), "TAKEN at input.origin"},
			{"a sub-domain that is bound, for another client", i.root, on(i.foreign, "https://there.apps.example.com", i.s), "TAKEN at input.origin"},
			{"twice the same", i.paula, on(i.app, "https://Twice.example.net:443"), "TAKEN at input.origin"},
			{"proven for somebody else", i.paula, on(i.app, "https://strange.example.net"), "TAKEN at input.origin"},
			{"no access", i.paula, on(i.app, good, i.c), "NOT_ALLOWED at input.clientId"},
			{"barred", i.paula, on(barred, good, i.c), "NOT_ALLOWED at input.clientId"},
			{"expired", i.paula, on(ended, good, i.c), "NOT_ALLOWED at input.clientId"},
			{"an application that is not there", i.paula, on(oid.New[oid.Application](), good), "NOT_FOUND at input.applicationId"},
			{"an application that is not seen", i.paula, on(i.foreign, good), "NOT_FOUND at input.applicationId"},
			{"an application that a barred one does not see", i.carl, on(barred, good), "NOT_FOUND at input.applicationId"},
			{"a client that is not there", i.paula, on(i.app, good, oid.New[oid.Client]()), "NOT_FOUND at input.clientId"},
			{"a client above", i.carl, on(i.written, good, i.p), "NOT_FOUND at input.clientId"},
			{"a strange client", i.paula, on(i.app, good, i.s), "NOT_FOUND at input.clientId"},
			{"no id of an application", i.paula, input{"applicationId": i.c, "origin": good}, "INVALID at input.applicationId"},
			{"no id of a client", i.paula, input{"applicationId": i.app, "clientId": i.app, "origin": good}, "INVALID at input.clientId"},
		} {
			t.Run(c.rule, func(t *testing.T) { i.stops(t, c.token, "clientUrlBind", c.in, c.want) })
		}
		for _, bad := range []string{
			"", " ", "shop.example.net", "//shop.example.net", "http://shop.example.net", "ftp://shop.example.net", "javascript:alert(1)",
			"javascript://shop.example.net/%0aalert(1)", "data:text/html,hello", "https://127.0.0.1", "https://127.1", "https://0x7f.1", "https://2130706433",
			"https://0177.0.0.1", "https://[::1]", "https://[::ffff:10.0.0.1]:8443", "https://169.254.169.254", "https://１２７.0.0.1", "https://user@shop.example.net",
			"https://user:secret@shop.example.net", "https://shop.example.net/", "https://shop.example.net/path", "https://shop.example.net?q", "https://shop.example.net#f",
			"https://shop.example.net/..", `https://shop.example.net\@evil.example`, "https://shop.example.net:0", "https://shop.example.net:99999", "https://shop.example.net:443x",
			"https://intranet", "https://a..b.example", "https://-a.example", "https://a_b.example", "https://xn--a.example", "https://" + strings.Repeat("a", 64) + ".example",
			"https://" + strings.Repeat("a.", 130) + "example", "https://*.example.net", "https://shop.example.net,https://b.example.net", "https://a\u202eb.example",
		} {
			i.stops(t, i.paula, "clientUrlBind", on(i.app, bad), "INVALID at input.origin")
		}
	})
}

// domain 7.1: in production there is no localhost, neither to bind nor to resolve.
func TestLocalhostIsForDevelopment(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		i := newInternet(t, h)
		i.bind(i.paula, i.app, "http://localhost:3000")
		i.stops(t, i.carl, "clientUrlBind", input{"applicationId": i.readable, "origin": "http://localhost:3000"}, "TAKEN at input.origin")
		if to := i.leads(t, "http://localhost:3000/x"); to != "shop-one/PARTNER" {
			t.Errorf("in development it leads to %q", to)
		}
		live := i.on(func(o *hub.HTTP) { o.Development = false })
		for _, at := range []string{"http://localhost:4000", "https://localhost", "http://localhost"} {
			live.stops(t, i.paula, "clientUrlBind", input{"applicationId": i.app, "origin": at}, "INVALID at input.origin")
		}
		if to := live.leads(t, "http://localhost:3000/x"); to != "" {
			t.Errorf("in production it leads to %q", to)
		}
	})
}

// domain 7.1: a client has at most 100 URLs pending; proven ones do not count.
func TestPendingUrlsAreBounded(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		i := newInternet(t, h)
		for n := range 99 {
			i.Must(i.Ent().ClientURL.Create().SetClientID(i.p).SetApplicationID(i.app).SetOrigin(fmt.Sprintf("https://h%d.example.net", n)).Exec(i.System()))
		}
		for n := range 3 {
			i.proven(i.app, i.p, fmt.Sprintf("https://p%d.example.net", n))
		}
		last := i.bind(i.paula, i.app, "https://last.example.net")
		one := input{"applicationId": i.app, "origin": "https://one-more.example.net"}
		i.stops(t, i.paula, "clientUrlBind", one, "NOT_ALLOWED at input.clientId")
		i.bind(i.carl, i.readable, "https://one-more.example.net") // another client's affair
		i.works(i.root, "clientUrlBind", input{"applicationId": i.app, "clientId": i.p, "origin": "https://sub.apps.example.com"})
		i.works(i.paula, "clientUrlUnbind", input{"id": last.ID})
		i.works(i.paula, "clientUrlBind", one)
	})
}

// domain 7.1: a URL is taken away by whoever has its client in scope, be it proven or not.
func TestClientUrlUnbind(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		i := newInternet(t, h)
		pending, proven := i.bind(i.carl, i.written, "https://child.example.net"), i.proven(i.written, i.c, "https://childs.example.net")
		i.stops(t, i.carl, "clientUrlUnbind", input{"id": pending.ID, "expectedVersion": 2}, "CONFLICT at input.expectedVersion")
		i.stops(t, i.stan, "clientUrlUnbind", input{"id": pending.ID}, "NOT_FOUND at input.id")
		i.stops(t, i.gina, "clientUrlUnbind", input{"id": pending.ID}, "NOT_FOUND at input.id")
		i.stops(t, i.carl, "clientUrlUnbind", input{"id": oid.New[oid.ClientURL]()}, "NOT_FOUND at input.id")
		i.stops(t, i.carl, "clientUrlUnbind", input{"id": i.c}, "INVALID at input.id")
		if a := i.works(i.carl, "clientUrlUnbind", input{"id": pending.ID, "expectedVersion": 1}); *a.ClientURLID != pending.ID {
			t.Errorf("the answer is about %s", *a.ClientURLID)
		}
		i.works(i.paula, "clientUrlUnbind", input{"id": proven}) // of a client she manages
		i.stops(t, i.paula, "clientUrlUnbind", input{"id": proven}, "NOT_FOUND at input.id")
		if to := i.leads(t, "https://childs.example.net"); to != "" {
			t.Errorf("it leads to %q still", to)
		}
		events := query(t, i.Hub, "SELECT `before`, `after`, actor_client_id AS c FROM audit_events WHERE object_id = ?", proven)
		if len(events) != 1 || events[0]["after"] != nil || events[0]["c"] != string(i.p) ||
			events[0]["before"] != fmt.Sprintf(`{"applicationId":%q,"origin":"https://childs.example.net","status":"PROVEN"}`, i.written) {
			t.Errorf("the trail says %v", events)
		}
	})
}
