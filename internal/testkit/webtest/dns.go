// Package webtest is a small internet for tests: a DNS server and web servers, all of this process.
package webtest

import (
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// DNS is a name server that answers what a test tells it, and that of all other names it does not know them.
type DNS struct {
	// Address is where it listens, HOST:PORT.
	Address string

	mu    sync.Mutex
	hosts map[string][][]netip.Addr
	texts map[string][]string
	asked map[string]int
}

// StartDNS starts a name server, which stops with the test.
func StartDNS(t testing.TB) *DNS {
	t.Helper()
	conn, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &DNS{Address: conn.LocalAddr().String(), hosts: map[string][][]netip.Addr{}, texts: map[string][]string{}, asked: map[string]int{}}
	done := make(chan struct{})
	go func() { defer close(done); d.serve(conn) }()
	t.Cleanup(func() { _ = conn.Close(); <-done })
	return d
}

// Host has a name lead to addresses.
func (d *DNS) Host(name string, addresses ...string) { d.HostInTurn(name, addresses) }

// HostInTurn has a name lead to other addresses at each question, at last to the same.
func (d *DNS) HostInTurn(name string, turns ...[]string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.hosts[name] = nil
	for _, turn := range turns {
		var list []netip.Addr
		for _, address := range turn {
			list = append(list, netip.MustParseAddr(address))
		}
		d.hosts[name] = append(d.hosts[name], list)
	}
}

// Text gives a name TXT records.
func (d *DNS) Text(name string, records ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.texts[name] = records
}

// Asked counts the questions for a name, of whatever type.
func (d *DNS) Asked(name string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asked[name]
}

func (d *DNS) serve(conn net.PacketConn) {
	buffer := make([]byte, 1<<12)
	for {
		n, from, err := conn.ReadFrom(buffer)
		if err != nil {
			return // closed
		}
		if answer, err := d.answer(buffer[:n]); err == nil {
			_, _ = conn.WriteTo(answer, from) // who asks will ask again
		}
	}
}

func (d *DNS) answer(message []byte) ([]byte, error) {
	var p dnsmessage.Parser
	header, err := p.Start(message)
	if err != nil {
		return nil, err
	}
	q, err := p.Question()
	if err != nil {
		return nil, err
	}
	answers, known := d.records(q)
	header.Response, header.RecursionAvailable = true, true
	if !known {
		header.RCode = dnsmessage.RCodeNameError
	}
	return (&dnsmessage.Message{Header: header, Questions: []dnsmessage.Question{q}, Answers: answers}).Pack()
}

func (d *DNS) records(q dnsmessage.Question) (list []dnsmessage.Resource, known bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	name := strings.ToLower(strings.TrimSuffix(q.Name.String(), "."))
	d.asked[name]++
	add := func(body dnsmessage.ResourceBody) {
		list = append(list, dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}, Body: body})
	}
	turns, isHost := d.hosts[name]
	texts, hasText := d.texts[name]
	if q.Type == dnsmessage.TypeTXT {
		for _, text := range texts {
			add(&dnsmessage.TXTResource{TXT: []string{text}})
		}
		return list, isHost || hasText
	}
	if len(turns) == 0 {
		return nil, isHost || hasText
	}
	found := false
	for _, address := range turns[0] {
		switch {
		case q.Type == dnsmessage.TypeA && address.Is4():
			add(&dnsmessage.AResource{A: address.As4()})
			found = true
		case q.Type == dnsmessage.TypeAAAA && address.Is6():
			add(&dnsmessage.AAAAResource{AAAA: address.As16()})
			found = true
		}
	}
	if found && len(turns) > 1 {
		d.hosts[name] = turns[1:]
	}
	return list, true
}
