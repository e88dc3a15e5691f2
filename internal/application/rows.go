package application

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// Setting properties is what runs most, so its statements are written by hand: ent takes longer to build one than both
// engines to run it. The locks of the store do not reach them. In their place each statement carries the actor's scope,
// by the rules of package scope (limit.go), and what is read for a change is locked.

// statement is SQL in the making.
type statement struct {
	text strings.Builder
	args []any
}

func (s *statement) add(text string, args ...any) {
	s.text.WriteString(text)
	s.args = append(s.args, args...)
}

// marks adds n placeholders in parentheses.
func (s *statement) marks(n int) {
	s.add("(?" + strings.Repeat(", ?", n-1) + ")")
}

// scoped adds a limit to the conditions.
func (s *statement) scoped(a *actor.Actor, l *limit) {
	if text, args := l.of(a); text != "" {
		s.add(" AND (")
		s.add(text, args...)
		s.add(")")
	}
}

// reached adds a column: there is such a client in the actor's scope. The list of a scope says so by itself; where
// there is none, or it says "all", the database knows.
func (s *statement) reached(a *actor.Actor, client oid.Client) {
	in, known := a.Scope.Has(client)
	switch sure := known && !a.Scope.All && !a.IsSystem(); {
	case client == a.Client || sure && in:
		s.add("TRUE")
	case sure:
		s.add("FALSE")
	default:
		s.add("EXISTS (SELECT 1 FROM clients AS c WHERE c.id = ?", client)
		s.scoped(a, reachedClient)
		s.add(")")
	}
}

// standing is all that decides on a call and that it changes, as it is stored.
type standing struct {
	app            authz.Application
	rules          bool // the owner is in the caller's scope
	reached        bool // so is the client that properties are set for
	caller, client authz.Grant
	properties     map[string]*StoredProperty // of the names that are set, those there are
}

// StoredProperty is a row of application_properties.
type StoredProperty struct {
	ID                   oid.Property
	CreatedAt, UpdatedAt time.Time
	Version              int
	Client               oid.Client
	Application          oid.Application
	Name, Value          string
	Public               bool
}

// access is the level of the caller's client, and of the other.
func (s *standing) access(a *actor.Actor, client oid.Client) (caller, other enum.AccessLevel) {
	return authz.Access(s.app.Owner, a.Client, &s.caller, a.Now()), authz.Access(s.app.Owner, client, &s.client, a.Now())
}

// readStanding reads what a call is decided on, nil where the caller cannot see the application, and locks it all: a
// grant that is taken away while this waits for the application does not count.
//
// Most who ask have the owner in scope. That is looked for first, by the part of the rule that says so; the whole rule
// costs several times as much.
func (s *Service) readStanding(ctx context.Context, cmd SetProperties) (*standing, error) {
	found, err := s.readStandingIn(ctx, ownApplication, cmd)
	if found != nil {
		found.rules = true
	} else if err == nil {
		found, err = s.readStandingIn(ctx, visibleApplication, cmd)
	}
	if err != nil {
		return nil, fmt.Errorf("application: read with grants and properties: %w", err)
	}
	return found, nil
}

func (s *Service) readStandingIn(ctx context.Context, l *limit, cmd SetProperties) (found *standing, err error) {
	q := s.standingQuery(actor.From(ctx), l, cmd)
	rows, err := s.db.Query(ctx, q.text.String(), q.args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if found == nil {
			found = &standing{properties: make(map[string]*StoredProperty, len(cmd.Properties))}
		}
		if err := found.scan(rows, cmd); err != nil {
			return nil, err
		}
	}
	return found, rows.Err()
}

// standingQuery gives a row for each property there is, and one without if there is none.
func (s *Service) standingQuery(a *actor.Actor, l *limit, cmd SetProperties) *statement {
	q := &statement{args: make([]any, 0, 8+len(cmd.Properties))}
	q.text.Grow(1 << 10)
	q.add("SELECT a.client_id, a.creator_id, a.access_type, g.level, g.expires_at, h.level, h.expires_at, ")
	q.reached(a, cmd.Client)
	q.add(", p.id, p.created_at, p.updated_at, p.version, p.name, p.value, p.public FROM applications AS a"+
		" LEFT JOIN access_grants AS g ON g.application_id = a.id AND g.client_id = ?", a.Client)
	q.add(" LEFT JOIN access_grants AS h ON h.application_id = a.id AND h.client_id = ?", cmd.Client)
	q.add(" LEFT JOIN application_properties AS p ON p.application_id = a.id AND p.client_id = ? AND p.name IN ", cmd.Client)
	q.marks(len(cmd.Properties))
	for _, p := range cmd.Properties {
		q.args = append(q.args, p.Name)
	}
	q.scoped(a, readProperty)
	q.add(" WHERE a.id = ?", cmd.Application)
	q.scoped(a, l)
	q.add(s.db.ForUpdateClause())
	return q
}

// scan takes one row in. What it says of the application and the grants, each row says.
func (s *standing) scan(rows *store.Rows, cmd SetProperties) error {
	var caller, client, id, name, value sql.NullString
	var created, updated sql.NullTime
	var version sql.NullInt64
	var public sql.NullBool
	err := rows.Scan(&s.app.Owner, &s.app.Creator, &s.app.AccessType, &caller, &s.caller.ExpiresAt, &client, &s.client.ExpiresAt,
		&s.reached, &id, &created, &updated, &version, &name, &value, &public)
	s.caller.Level, s.client.Level = enum.AccessLevel(caller.String), enum.AccessLevel(client.String)
	if id.Valid {
		s.properties[name.String] = &StoredProperty{
			ID: oid.Property(id.String), CreatedAt: created.Time, UpdatedAt: updated.Time, Version: int(version.Int64),
			Client: cmd.Client, Application: cmd.Application, Name: name.String, Value: value.String, Public: public.Bool,
		}
	}
	return err
}

// updateProperty writes a row that had a version when it was read; false where it has another one by now.
func (s *Service) updateProperty(ctx context.Context, p *StoredProperty, version int) (bool, error) {
	var q statement
	q.add("UPDATE application_properties SET updated_at = ?, version = ?, value = ?, public = ? WHERE id = ? AND version = ?",
		p.UpdatedAt, p.Version, p.Value, p.Public, p.ID, version)
	q.scoped(actor.From(ctx), writtenProperty)
	result, err := s.db.Exec(ctx, q.text.String(), q.args...)
	if err != nil {
		return false, fmt.Errorf("application: update a property: %w", err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return false, fmt.Errorf("application: update a property: %w", err)
	}
	return n == 1, nil
}

// insertProperties writes new rows, for a client that standing.reached has found in scope.
func (s *Service) insertProperties(ctx context.Context, list []*StoredProperty) error {
	var q statement
	q.add("INSERT INTO application_properties (id, created_at, updated_at, version, client_id, application_id, name, value, public) VALUES ")
	for i, p := range list {
		if i > 0 {
			q.add(", ")
		}
		q.marks(9)
		q.args = append(q.args, p.ID, p.CreatedAt, p.UpdatedAt, p.Version, p.Client, p.Application, p.Name, p.Value, p.Public)
	}
	if _, err := s.db.Exec(ctx, q.text.String(), q.args...); err != nil {
		return fmt.Errorf("application: insert properties: %w", err)
	}
	return nil
}
