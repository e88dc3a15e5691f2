package prove_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/appanage/appanage/internal/origin"
	"github.com/appanage/appanage/internal/prove"
	"github.com/appanage/appanage/internal/testkit/webtest"
)

const challenge = "apc_the-challenge"

// loopback takes the guard away that a test's servers stand behind, and no other.
func loopback(address netip.Addr) bool { return address.IsLoopback() || prove.Public(address) }

func at(t *testing.T, raw string) origin.Origin {
	t.Helper()
	o, err := origin.Exact(raw)
	if err != nil {
		t.Fatalf("%q: %v", raw, err)
	}
	return o
}

// domain 7.1: a TXT record proves a host. It is the whole record, of that very name.
func TestProofInTheDNS(t *testing.T) {
	dns := webtest.StartDNS(t)
	p := prove.New(prove.Options{Resolver: dns.Address})
	dns.Text("_appanage.shop.example.com", "v=spf1 -all", " "+challenge)
	dns.Text("other.example.com", challenge)
	dns.Text("_appanage.example.com", challenge)
	dns.Text("_appanage.wrong.example.com", "apc_another", challenge+"x", "x"+challenge, strings.ToUpper(challenge))
	for raw, want := range map[string]bool{
		"https://shop.example.com": true, "https://shop.example.com:8443": true, "https://other.example.com": false,
		"https://sub.example.com": false, "https://wrong.example.com": false, "https://nowhere.example.com": false, "http://localhost": false,
		"https://" + strings.Repeat("a.", 117) + "example.com": false, // no room for the label
	} {
		if err := p.Find(t.Context(), at(t, raw), challenge); (err == nil) != want || err != nil && !errors.Is(err, prove.ErrNone) {
			t.Errorf("%s: %v", raw, err)
		}
	}
	dns.Text("_appanage.empty.example.com", "")
	if err := p.Find(t.Context(), at(t, "https://empty.example.com"), ""); err == nil {
		t.Error("no challenge is proven by an empty record")
	}
}

// domain 7.1: a file under /.well-known/ proves a host: fetched over TLS from the origin's port, and nothing else of it.
func TestProofInAFile(t *testing.T) {
	dns := webtest.StartDNS(t)
	var elsewhere atomic.Int32
	answers := map[string]http.HandlerFunc{
		"good.example.com":   text(challenge + "\n"),
		"other.example.com":  text("apc_another"),
		"long.example.com":   text(challenge + strings.Repeat("\n", 1<<10)),
		"empty.example.com":  text(""),
		"absent.example.com": http.NotFound,
		"error.example.com": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = fmt.Fprint(w, challenge)
		},
		"moved.example.com": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://good.example.com"+r.Host[strings.Index(r.Host, ":"):]+prove.File, http.StatusFound)
		},
		"headers.example.com": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Long", strings.Repeat("x", 1<<16))
			_, _ = fmt.Fprint(w, challenge)
		},
		"uncertified.example.com": text(challenge),
	}
	var certified []string
	for name := range answers {
		dns.Host(name, "127.0.0.1")
		if name != "uncertified.example.com" {
			certified = append(certified, name)
		}
	}
	site := webtest.StartSite(t, "127.0.0.1", func(w http.ResponseWriter, r *http.Request) {
		name, _, _ := strings.Cut(r.Host, ":")
		if r.URL.Path != prove.File || r.Method != http.MethodGet || r.Header.Get("Cookie") != "" || r.Header.Get("Authorization") != "" {
			elsewhere.Add(1)
		}
		answers[name](w, r)
	}, certified...)
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1") // which is not asked
	p := prove.New(prove.Options{Resolver: dns.Address, Admits: loopback, Roots: site.Roots})
	for name := range answers {
		err := p.Find(t.Context(), at(t, "https://"+name+":"+site.Port), challenge)
		if (err == nil) != (name == "good.example.com") || err != nil && !errors.Is(err, prove.ErrNone) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := elsewhere.Load(); n > 0 {
		t.Errorf("%d requests were for something else than the file", n)
	}
	strict := prove.New(prove.Options{Resolver: dns.Address, Admits: loopback})
	if err := strict.Find(t.Context(), at(t, "https://good.example.com:"+site.Port), challenge); err == nil {
		t.Error("a certificate that nobody vouches for is taken")
	}
}

func text(s string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, s) }
}

// domain 7.1: an answer that does not come is given up, and who asks can end it before.
func TestPatience(t *testing.T) {
	dns := webtest.StartDNS(t)
	dns.Host("slow.example.com", "127.0.0.1")
	asked := make(chan struct{})
	site := webtest.StartSite(t, "127.0.0.1", func(_ http.ResponseWriter, r *http.Request) { close(asked); <-r.Context().Done() }, "slow.example.com")
	p := prove.New(prove.Options{Resolver: dns.Address, Admits: loopback, Roots: site.Roots})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	if err := p.Find(ctx, at(t, "https://slow.example.com:"+site.Port), challenge); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// Attack (domain 7.1): a name that leads inside, in whatever form, is not connected to; without the guard it is.
func TestNamesThatLeadInside(t *testing.T) {
	dns := webtest.StartDNS(t)
	var reached atomic.Int32
	answer := func(w http.ResponseWriter, _ *http.Request) { reached.Add(1); _, _ = fmt.Fprint(w, challenge) }
	site := webtest.StartSite(t, "127.0.0.1", answer, "inside.example.com")
	dns.Host("inside.example.com", "127.0.0.1")
	guarded := prove.New(prove.Options{Resolver: dns.Address, Roots: site.Roots})
	open := prove.New(prove.Options{Resolver: dns.Address, Roots: site.Roots, Admits: func(netip.Addr) bool { return true }})
	inside := at(t, "https://inside.example.com:"+site.Port)
	if err := guarded.Find(t.Context(), inside, challenge); !errors.Is(err, prove.ErrNone) || reached.Load() > 0 {
		t.Errorf("with the guard: %v, reached %d times", err, reached.Load())
	}
	if err := open.Find(t.Context(), inside, challenge); err != nil || reached.Load() != 1 {
		t.Errorf("without the guard: %v, reached %d times", err, reached.Load())
	}
	for _, addresses := range [][]string{
		{"::1"}, {"169.254.169.254"}, {"8.8.8.8", "127.0.0.1"}, {"2606:4700::1111", "10.0.0.1"}, {"::ffff:127.0.0.1"}, {"64:ff9b::7f00:1"}, {"0.0.0.0"}, {"::"},
	} {
		dns.Host("inside.example.com", addresses...)
		err := guarded.Find(t.Context(), inside, challenge)
		if !errors.Is(err, prove.ErrNone) || !strings.Contains(err.Error(), "not public") {
			t.Errorf("%v: %v", addresses, err)
		}
	}
}

// Attack (domain 7.1): a name that is public when it is judged and leads inside when it is connected to. It is looked up
// once, and the address judged is the one connected to.
func TestNamesAreLookedUpOnce(t *testing.T) {
	dns := webtest.StartDNS(t)
	var reached atomic.Int32
	site := webtest.StartSite(t, "127.0.0.1", func(http.ResponseWriter, *http.Request) { reached.Add(1) }, "rebound.example.com")
	dns.HostInTurn("rebound.example.com", []string{"127.0.0.2"}, []string{"127.0.0.1"})
	var judged []netip.Addr
	p := prove.New(prove.Options{Resolver: dns.Address, Roots: site.Roots, Admits: func(a netip.Addr) bool {
		judged = append(judged, a)
		return a == netip.MustParseAddr("127.0.0.2") // which stands for a public one: nobody listens there
	}})
	if err := p.Find(t.Context(), at(t, "https://rebound.example.com:"+site.Port), challenge); !errors.Is(err, prove.ErrNone) {
		t.Errorf("got %v", err)
	}
	if reached.Load() > 0 || len(judged) != 1 || dns.Asked("rebound.example.com") > 2 { // for an IPv4 and an IPv6 address
		t.Errorf("reached %d times, judged %v, asked %d times", reached.Load(), judged, dns.Asked("rebound.example.com"))
	}
}

// domain 7.1: what counts as an address of the internet.
func TestPublic(t *testing.T) {
	for _, inside := range []string{
		"0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.255", "169.254.169.254", "172.16.0.1", "172.31.255.255",
		"192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.1.1.1",
		"240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::10.0.0.1",
		"64:ff9b::169.254.169.254", "64:ff9b:1::8.8.8.8", "100::1", "2001::1", "2001:2::1", "2001:db8::1", "2002:7f00:1::1", "2002:808:808::1", "3fff::1",
		"4000::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "2606:4700::1111%eth0",
	} {
		if prove.Public(netip.MustParseAddr(inside)) {
			t.Errorf("%s counts as public", inside)
		}
	}
	for _, public := range []string{"1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.32.0.1", "192.0.1.1", "223.255.255.255", "2606:4700::1111", "2a00::1", "64:ff9b::8.8.8.8", "::ffff:8.8.8.8"} {
		if !prove.Public(netip.MustParseAddr(public)) {
			t.Errorf("%s does not count as public", public)
		}
	}
	if prove.Public(netip.Addr{}) {
		t.Error("no address counts as public")
	}
}
