// Package participant tells services that hold data of their own what has happened in the hub (domain 11.4): by signed
// webhooks, as Standard Webhooks 1.0 describes them. A service acknowledges by answering with a status of success.
package participant

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strings"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// Participant is a service that is told.
type Participant struct {
	// Name is what the outbox calls it: events for it wait under this name.
	Name string
	url  string
	sign *standardwebhooks.Webhook
}

// entry is a participant as it is configured.
type entry struct{ Name, URL, Secret string }

var namePattern = regexp.MustCompile(`^[a-z][a-z0-9-]{0,63}$`)

// A secret is random, of so many bytes (Standard Webhooks 1.0).
const (
	secretPrefix   = "whsec_"
	shortestSecret = 24
	longestSecret  = 64
)

// Load reads the file that the flag --participants names; none when it is empty. Errors name the flag, and no secret.
func Load(file string) ([]Participant, error) {
	if file == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--participants: %w", err)
	}
	list, err := parse(raw)
	if err != nil {
		return nil, fmt.Errorf("--participants %s: %w", file, err)
	}
	return list, nil
}

func parse(raw []byte) ([]Participant, error) {
	var entries []entry
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&entries); err != nil {
		return nil, fmt.Errorf(`not a JSON list of {"name", "url", "secret"}: %w`, err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, fmt.Errorf("something follows the list")
	}
	list := make([]Participant, len(entries))
	names := map[string]bool{}
	for i, e := range entries {
		p, err := e.participant()
		if err == nil && names[e.Name] {
			err = fmt.Errorf("name: there is another %q", e.Name)
		}
		if err != nil {
			return nil, fmt.Errorf("participant %d: %w", i+1, err)
		}
		names[e.Name], list[i] = true, p
	}
	return list, nil
}

func (e entry) participant() (Participant, error) {
	if !namePattern.MatchString(e.Name) {
		return Participant{}, fmt.Errorf("name: %q is not 1 to 64 small letters, digits and dashes beginning with a letter", e.Name)
	}
	if !fit(e.URL) {
		return Participant{}, fmt.Errorf("url of %q: not an https URL, nor an http one on this machine; user and password do not belong in it", e.Name)
	}
	secret, prefixed := strings.CutPrefix(e.Secret, secretPrefix)
	key, err := base64.StdEncoding.DecodeString(secret)
	if !prefixed || err != nil || len(key) < shortestSecret || len(key) > longestSecret {
		return Participant{}, fmt.Errorf("secret of %q: not %s and %d to %d random bytes in base64, such as `echo %s$(openssl rand -base64 32)` prints",
			e.Name, secretPrefix, shortestSecret, longestSecret, secretPrefix)
	}
	sign, err := standardwebhooks.NewWebhookRaw(key)
	if err != nil {
		return Participant{}, fmt.Errorf("secret of %q: %w", e.Name, err)
	}
	return Participant{Name: e.Name, url: e.URL, sign: sign}, nil
}

// fit tells whether a URL may be told: what is sent is signed, not encrypted, so it goes over TLS or stays on this machine.
// The operator names it: it may lead into his own network.
func fit(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	near := u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
	return u.Scheme == "https" || u.Scheme == "http" && near
}

// Names lists them.
func Names(list []Participant) []string {
	names := make([]string, len(list))
	for i, p := range list {
		names[i] = p.Name
	}
	return names
}
