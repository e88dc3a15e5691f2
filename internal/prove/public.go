package prove

import "net/netip"

// special are the networks within the space of public addresses that lead to no host of the internet (the registries of
// special purpose addresses of IANA).
var special = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
	"192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
)

var (
	// allocated are the IPv6 addresses given out to hosts of the internet: what lies outside is local, mapped or unknown.
	allocated = netip.MustParsePrefix("2000::/3")
	// translated are IPv4 addresses as networks without IPv4 write them (NAT64): they lead where the last four bytes say.
	translated = netip.MustParsePrefix("64:ff9b::/96")
)

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}

// Public tells whether an address is one of a host of the internet: no loopback, no private network, no link, none that
// a provider shares, no documentation, and none of these in the clothes of another.
func Public(address netip.Addr) bool {
	if address.Zone() != "" {
		return false
	}
	address = address.Unmap()
	if translated.Contains(address) {
		b := address.As16()
		address = netip.AddrFrom4([4]byte(b[12:]))
	}
	if !address.IsValid() || address.Is6() && !allocated.Contains(address) {
		return false
	}
	for _, p := range special {
		if p.Contains(address) {
			return false
		}
	}
	return true
}
