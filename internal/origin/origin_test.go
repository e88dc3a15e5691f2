package origin_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/appanage/appanage/internal/origin"
)

// domain 7.1: lower case, IDNA, no default port, no dot at the end; what follows the origin falls away.
func TestParse(t *testing.T) {
	for raw, want := range map[string]string{
		"https://shop.example.com":                         "https://shop.example.com",
		" HTTPS://Shop.Example.COM:443/a?b#c ":             "https://shop.example.com",
		"https://shop.example.com.:8443":                   "https://shop.example.com:8443",
		"https://Bücher.example":                           "https://xn--bcher-kva.example",
		"https://xn--bcher-kva.example":                    "https://xn--bcher-kva.example",
		"https://shop。example.com":                         "https://shop.example.com",
		"https://ｓｈｏｐ.example.com":                         "https://shop.example.com",
		"https://shop.example.com:0443":                    "https://shop.example.com",
		"https://shop.example.com:":                        "https://shop.example.com",
		"https://shop.example.com:80":                      "https://shop.example.com:80",
		"http://localhost:5173/":                           "http://localhost:5173",
		"http://localhost:80":                              "http://localhost",
		"http://shop.example.com":                          "",
		"https://user:secret@shop.example.com":             "",
		"https://@shop.example.com":                        "",
		"https://shop.example.com@evil.test":               "",
		"https://shop.example.com:0":                       "",
		"https://shop.example.com:65536":                   "",
		"https://shop.example.com:8o":                      "",
		"https://shop..example.com":                        "",
		"https://.example.com":                             "",
		"https://-shop.example.com":                        "",
		"https://shop_1.example.com":                       "",
		"https://intranet":                                 "",
		"https://%73hop.example.com":                       "",
		"https://xn--a.example.com":                        "",
		"https://" + strings.Repeat("a", 64) + ".example":  "",
		"https://" + strings.Repeat("a.", 130) + "example": "",
		`https://shop.example.com\@evil.test`:              "",
		"ftp://shop.example.com":                           "",
		"javascript:alert(1)":                              "",
		"javascript://shop.example.com/%0Aalert(1)":        "",
		"data:text/html,x":                                 "",
		"https:shop.example.com":                           "",
		"//shop.example.com":                               "",
		"https://":                                         "",
		"https://a b.example":                              "",
		"https://a\x00.example":                            "",
		"https://\xff.example":                             "",
		"https://\ufffd.example":                           "",
		"":                                                 "",
	} {
		got, err := origin.Parse(raw)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("the origin of %q is %q, %v, want %q", raw, got, err, want)
		}
		if want == "" {
			continue
		}
		if again, err := origin.Parse(got); again != got || err != nil {
			t.Errorf("the canonical %q became %q, %v", got, again, err)
		}
		if exact, err := origin.Exact(got); exact.String() != got || err != nil {
			t.Errorf("the canonical %q is no exact origin: %v", got, err)
		}
	}
}

// domain 7.1: an origin is a name. No form of an address is one, be it one that only some programs read.
func TestAddressesAreNoHosts(t *testing.T) {
	for _, host := range []string{
		"127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f.1", "0x7f000001", "0X7F.0.0.1", "0177.0.0.1", "0x", "1.2.3.4.", "1.2.3.4.5",
		"example.0x7f", "example.99", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[fe80::1%25eth0]", "[2001:db8::1]", "１２７.0.0.1", "127。0。0。1", "①②⑦.1",
		"999999999999999999999999", "169.254.169.254",
	} {
		for _, raw := range []string{"https://" + host, "https://" + host + ":8443/x", "http://" + host} {
			if got, err := origin.Parse(raw); err == nil {
				t.Errorf("%q is taken for %q", raw, got)
			}
		}
	}
	for _, name := range []string{"1.example", "127.0.0.1.example.com", "0x7f.example.com", "4you.example", "example.x0"} {
		if _, err := origin.Parse("https://" + name); err != nil {
			t.Errorf("%q is a name: %v", name, err)
		}
	}
}

// domain 7.1: what is bound is an origin and nothing more.
func TestExact(t *testing.T) {
	for _, raw := range []string{
		"https://shop.example.com/", "https://shop.example.com/a", "https://shop.example.com?a", "https://shop.example.com#a", "https://shop.example.com?",
		"https://shop.example.com#", `https://shop.example.com\`, "http://shop.example.com",
	} {
		if o, err := origin.Exact(raw); err == nil {
			t.Errorf("%q is taken for %q", raw, o)
		}
	}
	o, err := origin.Exact(" https://SHOP.example.com:8443 ")
	if err != nil || o != (origin.Origin{Scheme: "https", Host: "shop.example.com", Port: "8443"}) {
		t.Errorf("got %+v, %v", o, err)
	}
}

func TestOf(t *testing.T) {
	o, path, err := origin.Of("http://Hub.example.com:8080/a%2Fb//c/?d#e")
	if err != nil || o.String() != "http://hub.example.com:8080" || path != "/a%2Fb//c/" {
		t.Errorf("got %q, %q, %v", o, path, err)
	}
	for at, want := range map[string]string{"https://a.example": "a.example:443", "http://a.example": "a.example:80", "https://a.example:8443": "a.example:8443"} {
		if o, _, err := origin.Of(at); err != nil || o.Dialled() != want {
			t.Errorf("%s is dialled at %q, %v", at, o.Dialled(), err)
		}
	}
}

// Whatever comes, there is no panic, and the canonical form is a fixed point.
func TestCanonicalFormIsAFixedPoint(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.OneOf(rapid.String(), rapid.StringMatching(`https?://[a-zA-ZäÄß0-9.。\-\[\]:%@]{0,40}(:[0-9]{0,6})?(/[a-z%]*)?`)).Draw(t, "raw")
		got, err := origin.Parse(raw)
		if err != nil {
			return
		}
		if again, err := origin.Parse(got); err != nil || again != got {
			t.Fatalf("%q became %q, and that %q, %v", raw, got, again, err)
		}
		if len(got) > 270 {
			t.Fatalf("%q has no room in its column", got)
		}
	})
}
