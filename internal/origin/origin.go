// Package origin knows the canonical form of web origins (domain 7.1).
package origin

import (
	"errors"
	"net"
	"net/url"
	"strings"

	"golang.org/x/net/idna"
)

// ErrBad is every text that is not an origin Appanage binds.
var ErrBad = errors.New("not an https origin")

var defaultPort = map[string]string{"https": "443", "http": "80"}

// Parse gives the canonical origin of a URL: https (or http on localhost), host in lower case and ASCII (IDNA),
// no default port; path, query and fragment fall away. ErrBad for everything else.
func Parse(raw string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || u.Host == "" || u.User != nil {
		return "", ErrBad
	}
	scheme := strings.ToLower(u.Scheme)
	host, err := idna.Lookup.ToASCII(strings.TrimSuffix(u.Hostname(), "."))
	if err != nil || host == "" || net.ParseIP(host) != nil {
		return "", ErrBad
	}
	if scheme != "https" && (scheme != "http" || host != "localhost") {
		return "", ErrBad
	}
	if port := u.Port(); port != "" && port != defaultPort[scheme] {
		host = net.JoinHostPort(host, port)
	}
	return scheme + "://" + host, nil
}
