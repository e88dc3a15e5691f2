package urls

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/origin"
	"github.com/appanage/appanage/internal/property"
)

// longestURL is the longest URL that is looked at, in characters.
const longestURL = 2048

// Property is a property that everybody may read.
type Property struct{ Name, Value string }

// Target is where a URL leads to: names that are public (domain 0, 7.2).
type Target struct {
	Application     oid.Application
	ApplicationCode string
	ApplicationName string
	ApplicationType enum.ApplicationType
	Client          oid.Client
	ClientCode      string
	ClientName      string
	Properties      []Property
}

// Resolve finds the application and the client that a URL leads to, with its public properties, for anybody; nil where it
// leads to none. Errors: INVALID (longer than any URL).
func (s *Service) Resolve(ctx context.Context, raw string) (*Target, error) {
	if utf8.RuneCountInString(raw) > longestURL {
		return nil, apperr.At("url", apperr.Invalid, "a URL has at most %d characters", longestURL)
	}
	t, err := s.target(ctx, raw)
	if t == nil || err != nil {
		return nil, err
	}
	if t.Properties, err = s.public(ctx, t); err != nil {
		return nil, fmt.Errorf("urls: read the public properties: %w", err)
	}
	return t, nil
}

// public are the properties in force that are marked public, by name.
func (s *Service) public(ctx context.Context, t *Target) ([]Property, error) {
	ctx = actor.System(ctx, "what a URL leads to is there for everybody: of its properties those marked public")
	inForce, err := property.Ask(ctx, s.db, property.Question{Client: t.Client}, []oid.Application{t.Application})
	if err != nil {
		return nil, err
	}
	list := []Property{}
	for _, p := range inForce[t.Application] {
		if p.Public && !p.Secret {
			list = append(list, Property{Name: p.Name, Value: p.Value.Value})
		}
	}
	return list, nil
}

// Find gives the ids of the client and the application that a URL leads to, each "" where it leads to none.
func (s *Service) Find(ctx context.Context, raw string) (oid.Client, oid.Application, error) {
	if utf8.RuneCountInString(raw) > longestURL {
		return "", "", nil
	}
	t, err := s.target(ctx, raw)
	if t == nil || err != nil {
		return "", "", err
	}
	return t.Client, t.Application, nil
}

// target decides by the path, on the platform's own hosts; else by the origin; else by the code below a suffix (domain
// 7.2). What has the form of such a path there is one, also where it leads to nothing.
func (s *Service) target(ctx context.Context, raw string) (*Target, error) {
	at, path, err := origin.Of(raw)
	if err != nil || at.Local() && s.o.Production {
		return nil, nil //nolint:nilerr // what is no URL leads to nothing
	}
	p := s.place(at)
	if app, client, ok := inPath(path); ok && s.rules.PathLeads(p.home) {
		return s.query(ctx, byPath, client, app)
	}
	if t, found, err := s.read(ctx, byOrigin, at.String()); found || err != nil {
		return t, err
	}
	if name, ok := p.subDomain(at); ok {
		return s.query(ctx, byCode, name)
	}
	return nil, nil
}

// inPath reads /<application>/<client>/page/…, as it was sent: what is escaped in it is no code.
func inPath(path string) (app, client string, ok bool) {
	parts := strings.SplitN(path, "/", 5)
	if len(parts) < 5 || parts[0] != "" || parts[3] != "page" {
		return "", "", false
	}
	return parts[1], parts[2], parts[1] != "" && parts[2] != ""
}

// The ways to find a target: each begins with one row by a unique key, and goes on by primary keys. Nobody asks, or
// anybody, so that no scope is in it: what it gives away is public.
const (
	chosen = "SELECT a.id, a.code, a.name, a.type, a.status, a.client_id, c.id, c.code, c.name, g.level, g.expires_at," +
		" (SELECT b.id FROM client_paths AS p JOIN clients AS b ON b.id = p.ancestor_id" +
		" WHERE p.descendant_id = c.id AND b.status <> 'ACTIVE' LIMIT 1) FROM "
	granted = " LEFT JOIN access_grants AS g ON g.client_id = c.id AND g.application_id = a.id WHERE "

	byOrigin = chosen + "client_urls AS u JOIN applications AS a ON a.id = u.application_id JOIN clients AS c ON c.id = u.client_id" +
		granted + "u.proven_origin = ?"
	byCode = chosen + "applications AS a JOIN clients AS c ON c.id = a.client_id" + granted + "a.code = ?"
	byPath = chosen + "applications AS a JOIN clients AS c ON c.code = ?" + granted + "a.code = ?"
)

// query is read for the last way there is.
func (s *Service) query(ctx context.Context, statement string, args ...any) (*Target, error) {
	t, _, err := s.read(ctx, statement, args...)
	return t, err
}

// read finds a target: nil for none, and for one that is not open today. found tells whether there is a row at all.
func (s *Service) read(ctx context.Context, statement string, args ...any) (t *Target, found bool, err error) {
	rows, err := s.db.Query(ctx, statement, args...)
	if err != nil {
		return nil, false, fmt.Errorf("urls: resolve: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if !rows.Next() {
		return nil, false, rows.Err()
	}
	var row Target
	var owner oid.Client
	var status enum.ApplicationStatus
	var level, barred sql.NullString
	var grant authz.Grant
	if err := rows.Scan(&row.Application, &row.ApplicationCode, &row.ApplicationName, &row.ApplicationType, &status, &owner,
		&row.Client, &row.ClientCode, &row.ClientName, &level, &grant.ExpiresAt, &barred); err != nil {
		return nil, false, fmt.Errorf("urls: resolve: %w", err)
	}
	grant.Level = enum.AccessLevel(level.String)
	access := authz.Access(owner, row.Client, &grant, actor.From(ctx).Now())
	if access == "" || status != enum.ApplicationActive || barred.Valid {
		return nil, true, nil
	}
	return &row, true, nil
}
