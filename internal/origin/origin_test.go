package origin_test

import (
	"testing"

	"github.com/appanage/appanage/internal/origin"
)

// domain 7.1.
func TestParse(t *testing.T) {
	for raw, want := range map[string]string{
		"https://shop.example.com":             "https://shop.example.com",
		" HTTPS://Shop.Example.COM:443/a?b#c ": "https://shop.example.com",
		"https://shop.example.com.:8443":       "https://shop.example.com:8443",
		"https://Bücher.example":               "https://xn--bcher-kva.example",
		"http://localhost:5173/":               "http://localhost:5173",
		"http://shop.example.com":              "",
		"https://user:secret@shop.example.com": "",
		"https://127.0.0.1":                    "",
		"https://[::1]":                        "",
		"ftp://shop.example.com":               "",
		"//shop.example.com":                   "",
		"https://":                             "",
		"https://a b.example":                  "",
		"":                                     "",
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
	}
}
