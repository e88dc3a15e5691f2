// Package prove looks for the proof that a host is in the hands of whoever bound it (domain 7.1): a TXT record in the DNS,
// or a file on the host. Both names are of the caller's choosing, so that whatever is asked of them is asked with
// suspicion.
package prove

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/appanage/appanage/internal/origin"
)

const (
	// Label begins the name in the DNS whose TXT record holds the challenge.
	Label = "_appanage."
	// File is the path whose content is the challenge.
	File = "/.well-known/appanage.txt"
)

const (
	patience    = 5 * time.Second // for the DNS, and again for the file
	longestFile = 1 << 10
	mostHeader  = 16 << 10
	mostAtOnce  = 16 // proofs one node looks for at a time
)

// Options say how proofs are looked for.
type Options struct {
	// Resolver is the DNS server asked, HOST:PORT; the system's when empty.
	Resolver string
	// Admits tells whether a file may be fetched from an address; Public when nil. Tests of what it stops open it.
	Admits func(netip.Addr) bool
	// Roots are the authorities that a host's certificate is checked against; the system's when nil.
	Roots *x509.CertPool
}

// Prover looks for proofs.
type Prover struct {
	names  *net.Resolver
	admits func(netip.Addr) bool
	roots  *x509.CertPool
	slots  chan struct{}
}

// New makes a prover.
func New(o Options) *Prover {
	p := &Prover{names: net.DefaultResolver, admits: o.Admits, roots: o.Roots, slots: make(chan struct{}, mostAtOnce)}
	if p.admits == nil {
		p.admits = Public
	}
	if o.Resolver != "" {
		p.names = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, o.Resolver)
		}}
	}
	return p
}

// ErrNone says that there is no proof, wrapped with what was found in its place: that is for the log, for it may tell of
// what only this machine can reach.
var ErrNone = errors.New("no proof was found")

// Find looks for the challenge in the DNS, then on the host.
func (p *Prover) Find(ctx context.Context, at origin.Origin, challenge string) error {
	if challenge == "" || at.Scheme != "https" || at.Local() {
		return fmt.Errorf("%w: there is none of %s", ErrNone, at)
	}
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	inDNS := p.inDNS(ctx, at.Host, challenge)
	if inDNS == nil {
		return nil
	}
	inFile := p.inFile(ctx, at, challenge)
	if inFile == nil {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err // it was the caller who had no time
	}
	return fmt.Errorf("%w: %w; %w", ErrNone, inDNS, inFile)
}

// inDNS wants a TXT record that is the challenge.
func (p *Prover) inDNS(ctx context.Context, host, challenge string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	records, err := p.names.LookupTXT(ctx, rooted(Label+host))
	if err != nil {
		return fmt.Errorf("look up the TXT record: %w", err)
	}
	if !slices.ContainsFunc(records, func(r string) bool { return strings.TrimSpace(r) == challenge }) {
		return fmt.Errorf("none of %d TXT records is the challenge", len(records))
	}
	return nil
}

// rooted keeps a name from being looked for among the machine's own domains.
func rooted(name string) string { return name + "." }

// inFile wants the file to be the challenge.
func (p *Prover) inFile(ctx context.Context, at origin.Origin, challenge string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String()+File, nil)
	if err != nil {
		return fmt.Errorf("ask for the file: %w", err)
	}
	request.Header.Set("User-Agent", "Appanage")
	transport := p.transport(at)
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request) // follows no redirect, keeps no cookie
	if err != nil {
		return fmt.Errorf("fetch the file: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // nothing was written
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the file is answered with %d", response.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, longestFile+1))
	if err != nil {
		return fmt.Errorf("read the file: %w", err)
	}
	if len(text) > longestFile || strings.TrimSpace(string(text)) != challenge {
		return errors.New("the file is not the challenge")
	}
	return nil
}

// transport leads to one origin, over no proxy.
func (p *Prover) transport(at origin.Origin) *http.Transport {
	return &http.Transport{
		DialContext:            func(ctx context.Context, _, _ string) (net.Conn, error) { return p.dial(ctx, at) },
		TLSClientConfig:        &tls.Config{ServerName: at.Host, RootCAs: p.roots, MinVersion: tls.VersionTLS12},
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: mostHeader,
	}
}

// dial looks the host up once, and connects to an address that it has judged: nobody can answer otherwise in between.
// One address that is not admitted spoils all: the name leads inside.
func (p *Prover) dial(ctx context.Context, at origin.Origin) (net.Conn, error) {
	addresses, err := p.names.LookupNetIP(ctx, "ip", rooted(at.Host))
	if err != nil {
		return nil, fmt.Errorf("look up the host: %w", err)
	}
	for _, address := range addresses {
		if !p.admits(address) {
			return nil, fmt.Errorf("the host leads to %s, which is not public", address)
		}
	}
	_, port, err := net.SplitHostPort(at.Dialled())
	if err != nil {
		return nil, fmt.Errorf("read the port: %w", err)
	}
	err = errors.New("the host has no address")
	for _, address := range addresses {
		var conn net.Conn
		if conn, err = new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(address.String(), port)); err == nil {
			return conn, nil
		}
	}
	return nil, err
}
