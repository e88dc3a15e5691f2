package definition

import (
	"context"
	"strings"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/oid"
)

// What the tests of reads see of the service.
const (
	VersionBytes  = versionBytes
	ResolvedBytes = resolvedBytes
)

// StatementFor is the statement of a stack: in an application, or in the first of some that it depends on.
func (s *Service) StatementFor(ctx context.Context, place Place, client, url oid.Client, held []oid.DefinitionVersion, below ...oid.Application) (string, []any) {
	a, in := actor.From(ctx), byID(place.Application)
	if len(below) > 0 {
		in = firstOf(below, place, client, url, a)
	}
	return s.statement(a, in, place, client, url, held)
}

// NamesFor is the statement of a page of names.
func (s *Service) NamesFor(q Listing, chain []oid.Client) (string, []any) {
	l := &Listed{service: s, q: q, chain: chain}
	text, args := l.union(between(q.After, q.Before), order(q.Down)+" LIMIT ?", q.Size+1)
	return text + order(q.Down) + " LIMIT ?", append(args, q.Size+1)
}

// Keep parses a version and keeps it, as if it had been read.
func (s *Service) Keep(id oid.DefinitionVersion, content string) (*Version, error) {
	r := &scanned{content: []byte(content)}
	r.id.String, r.id.Valid = string(id), true
	return s.version(Place{}, "", r)
}

// KeepResolved keeps what some versions make.
func (s *Service) KeepResolved(key string, size int) {
	s.resolved.Set(key, &resolved{content: strings.Repeat("x", size)})
}

// Kept is how much the caches hold, by their own reckoning.
func (s *Service) Kept() (versions, resolved uint64) {
	s.versions.CleanUp()
	s.resolved.CleanUp()
	return s.versions.WeightedSize(), s.resolved.WeightedSize()
}

// Etag and Seen of the service.
func (s *Service) Etag(place Place, client oid.Client, seen []oid.DefinitionVersion) string {
	return s.etag(place, client, seen)
}

func (s *Service) Seen(place Place, client oid.Client, etag string) ([]oid.DefinitionVersion, bool) {
	return s.seen(place, client, etag)
}
