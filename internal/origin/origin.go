// Package origin knows the canonical form of web origins (domain 7.1).
package origin

import (
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// ErrBad is every text that is not an origin Appanage binds.
var ErrBad = errors.New("not an https origin")

// localhost is the one host without a dot, and the one that http is spoken with: outside production.
const localhost = "localhost"

// Lengths of names in the DNS, in characters.
const (
	longestHost  = 253
	longestLabel = 63
)

var defaultPort = map[string]string{"https": "443", "http": "80"}

// Origin is a canonical origin, taken apart.
type Origin struct {
	Scheme string
	Host   string // a name in lower case and ASCII, without a dot at the end
	Port   string // "" for the scheme's own
}

// String is the origin as it is stored and compared.
func (o Origin) String() string { return o.Scheme + "://" + o.Address() }

// Address is the host, with the port where it is not the scheme's own.
func (o Origin) Address() string {
	if o.Port == "" {
		return o.Host
	}
	return net.JoinHostPort(o.Host, o.Port)
}

// Dialled is where a connection to the origin leads: a port is always named.
func (o Origin) Dialled() string {
	if o.Port == "" {
		return net.JoinHostPort(o.Host, defaultPort[o.Scheme])
	}
	return o.Address()
}

// Local tells whether the origin is on the machine of whoever asks: no origin of the web.
func (o Origin) Local() bool { return o.Host == localhost }

// secure: an origin that can be bound speaks https, but on localhost.
func (o Origin) secure() bool { return o.Scheme == "https" || o.Local() }

// Parse gives the canonical origin of a URL: https (or http on localhost), host in lower case and ASCII (IDNA),
// no default port; path, query and fragment fall away. ErrBad for everything else.
func Parse(raw string) (string, error) {
	o, _, err := Of(raw)
	if err != nil || !o.secure() {
		return "", ErrBad
	}
	return o.String(), nil
}

// Exact reads a text that is an origin and nothing more: no path, not even a slash, no query, no fragment.
func Exact(raw string) (Origin, error) {
	o, _, err := Of(raw)
	_, rest, _ := strings.Cut(raw, "://")
	if err != nil || !o.secure() || strings.ContainsAny(rest, `/\?#`) {
		return Origin{}, ErrBad
	}
	return o, nil
}

// Of takes a URL apart: its origin, http being as good as https here, and its path as it was written, escapes and all.
func Of(raw string) (o Origin, path string, err error) {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || u.Host == "" || u.User != nil {
		return o, "", ErrBad
	}
	o.Scheme = strings.ToLower(u.Scheme)
	standard, known := defaultPort[o.Scheme]
	if !known {
		return o, "", ErrBad
	}
	if o.Host, err = Host(u.Hostname()); err != nil {
		return o, "", err
	}
	if o.Port, err = port(u.Port(), standard); err != nil {
		return o, "", err
	}
	return o, u.EscapedPath(), nil
}

// Host brings the name of a host to canonical form. ErrBad for addresses, also in the forms that only browsers take for
// some (127.1, 0x7f000001), and for names without a dot, which mean something else in every network.
func Host(name string) (string, error) {
	host, err := idna.Lookup.ToASCII(name)
	host = strings.TrimSuffix(host, ".")
	if err != nil || len(host) > longestHost || strings.ContainsRune(name, utf8.RuneError) {
		return "", ErrBad
	}
	labels := strings.Split(host, ".")
	for _, label := range labels {
		if label == "" || len(label) > longestLabel {
			return "", ErrBad
		}
	}
	if numeric(labels[len(labels)-1]) || len(labels) == 1 && host != localhost {
		return "", ErrBad
	}
	return host, nil
}

// numeric tells whether a host that ends in this label is an IPv4 address, or a failed one, to a browser: no top-level
// domain is a number.
func numeric(label string) bool {
	digits, hex := strings.CutPrefix(label, "0x")
	if hex && digits == "" {
		return true
	}
	base := 10
	if hex {
		base = 16
	}
	_, err := strconv.ParseUint(digits, base, 64)
	return err == nil || errors.Is(err, strconv.ErrRange)
}

// port brings a port to canonical form: "" for the standard one.
func port(text, standard string) (string, error) {
	if text == "" {
		return "", nil
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n == 0 {
		return "", ErrBad
	}
	if text = strconv.FormatUint(n, 10); text == standard {
		return "", nil
	}
	return text, nil
}
