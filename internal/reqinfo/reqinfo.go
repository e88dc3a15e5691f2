// Package reqinfo carries the facts of an HTTP request that the layers below the transport need: for the audit
// trail, for the list of a user's sessions, for log lines. It is a leaf, so that nobody imports the transport for them.
package reqinfo

import (
	"context"
	"net/netip"
)

// Info is what is known of a request apart from its content.
type Info struct {
	// ID names the request in the answer's X-Request-Id, in logs and in internal errors.
	ID string
	// Address is the caller's, as far as trusted proxies tell it; the zero Addr when unknown.
	Address netip.Addr
	// Key is the header Idempotency-Key; "" where there is none.
	Key string
	// Device is the User-Agent header, shortened and free of control characters. Callers can write anything there.
	Device string
}

// Network is where a request comes from, for counting: who has one IPv6 address has all of its network.
func (i Info) Network() netip.Addr {
	from := i.Address.Unmap()
	if network, err := from.WithZone("").Prefix(64); err == nil && from.Is6() {
		return network.Addr()
	}
	return from
}

type key struct{}

// With puts the facts into the context.
func With(ctx context.Context, info Info) context.Context { return context.WithValue(ctx, key{}, info) }

// From gives the facts of the context: the zero Info outside of a request.
func From(ctx context.Context) Info {
	info, _ := ctx.Value(key{}).(Info)
	return info
}
