package config

import (
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/appanage/appanage/internal/origin"
)

// URLs says which hosts are the platform's own, and who is asked about all others.
type URLs struct {
	PlatformHost []string `name:"platform-host" help:"Host of the platform's own pages, such as hub.example.com or localhost:5173, where /<application>/<client>/page/ leads to an application; may be given many times." placeholder:"HOST[:PORT]"`
	URLSuffix    []string `name:"url-suffix" help:"Suffix of the platform's own sub-domains, with its leading dot, such as .apps.example.com: <code><suffix> leads to an application; may be given many times." placeholder:".SUFFIX"`
	DNSResolver  string   `name:"dns-resolver" help:"DNS server that is asked for the proof of a host. Default: the system's." placeholder:"HOST:PORT"`
}

// validate brings hosts to canonical form: what is compared with them has it.
func (u *URLs) validate() error {
	for i, given := range u.PlatformHost {
		at, path, err := origin.Of("https://" + given)
		if err != nil || path != "" || strings.ContainsAny(given, "/?#") {
			return fmt.Errorf("--platform-host: %q is not the name of a host, such as hub.example.com or localhost:5173", given)
		}
		u.PlatformHost[i] = at.Address()
	}
	for i, given := range u.URLSuffix {
		name, dotted := strings.CutPrefix(given, ".")
		host, err := origin.Host(name)
		if !dotted || err != nil || slices.Contains(u.URLSuffix[:i], "."+host) {
			return fmt.Errorf("--url-suffix: %q is not a suffix such as .apps.example.com, or was given before", given)
		}
		u.URLSuffix[i] = "." + host
	}
	if u.DNSResolver == "" {
		return nil
	}
	if host, port, err := net.SplitHostPort(u.DNSResolver); err != nil || host == "" || port == "" {
		return fmt.Errorf("--dns-resolver: %q is not HOST:PORT", u.DNSResolver)
	}
	return nil
}
