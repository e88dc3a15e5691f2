package property

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

// list adds values in parentheses, at least one.
func list[T ~string](s *statement, values []T) {
	s.marks(len(values))
	for _, v := range values {
		s.args = append(s.args, string(v))
	}
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

// target is what a call is about.
type target struct {
	application oid.Application
	client      oid.Client
	names       []string // at least one
}

func targetOf(ctx context.Context, app oid.Application, client oid.Client, names []string) target {
	if client == "" {
		client = actor.From(ctx).Client
	}
	return target{app, client, names}
}

// standing is all that decides on a call and that it changes, as it is stored.
type standing struct {
	owner          oid.Client
	status         enum.ApplicationStatus
	rules          bool // the owner is in the caller's scope
	reached        bool // so is the client that properties are set for
	caller, client authz.Grant
	properties     map[string]*Stored // of the names asked for, those there are
}

// Stored is a row of application_properties. A secret one has its value sealed, and none in clear.
type Stored struct {
	ID                   oid.Property
	CreatedAt, UpdatedAt time.Time
	Version              int
	Client               oid.Client
	Application          oid.Application
	Name, Value          string
	Public, Secret       bool
	Sealed               *string
}

// access is the level of the caller's client, and of the other.
func (s *standing) access(a *actor.Actor, client oid.Client) (caller, other enum.AccessLevel) {
	return authz.Access(s.owner, a.Client, &s.caller, a.Now()), authz.Access(s.owner, client, &s.client, a.Now())
}

// locking tells whether what is read is going to be changed.
type locking bool

const locked, unlocked locking = true, false

// readStanding reads what a call is decided on, nil where the caller cannot see the application. Locked, a grant that is
// taken away while this waits for the application does not count.
//
// Most who ask have the owner in scope. That is looked for first, by the part of the rule that says so; the whole rule
// costs several times as much.
func (s *Service) readStanding(ctx context.Context, t target, lock locking) (*standing, error) {
	found, err := s.readStandingIn(ctx, ownApplication, t, lock)
	if found != nil {
		found.rules = true
	} else if err == nil {
		found, err = s.readStandingIn(ctx, visibleApplication, t, lock)
	}
	if err != nil {
		return nil, fmt.Errorf("property: read an application with grants and properties: %w", err)
	}
	return found, nil
}

func (s *Service) readStandingIn(ctx context.Context, l *limit, t target, lock locking) (found *standing, err error) {
	q := standingQuery(actor.From(ctx), l, t)
	if lock {
		q.add(s.db.ForUpdateClause())
	}
	rows, err := s.db.Query(ctx, q.text.String(), q.args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if found == nil {
			found = &standing{properties: make(map[string]*Stored, len(t.names))}
		}
		if err := found.scan(rows, t); err != nil {
			return nil, err
		}
	}
	return found, rows.Err()
}

// standingQuery gives a row for each property there is, and one without if there is none. Of applications owned in scope
// the properties of every client are the caller's to change; of others, those of clients in scope.
func standingQuery(a *actor.Actor, l *limit, t target) *statement {
	q := &statement{args: make([]any, 0, 8+len(t.names))}
	q.text.Grow(1 << 10)
	q.add("SELECT a.client_id, a.status, g.level, g.expires_at, h.level, h.expires_at, ")
	q.reached(a, t.client)
	q.add(", p.id, p.created_at, p.updated_at, p.version, p.name, p.value, p.public, p.secret, p.sealed FROM applications AS a"+
		" LEFT JOIN access_grants AS g ON g.application_id = a.id AND g.client_id = ?", a.Client)
	q.add(" LEFT JOIN access_grants AS h ON h.application_id = a.id AND h.client_id = ?", t.client)
	q.add(" LEFT JOIN application_properties AS p ON p.application_id = a.id AND p.client_id = ? AND p.name IN ", t.client)
	list(q, t.names)
	if l != ownApplication {
		q.scoped(a, readProperty)
	}
	q.add(" WHERE a.id = ?", t.application)
	q.scoped(a, l)
	return q
}

// scan takes one row in. What it says of the application and the grants, each row says.
func (s *standing) scan(rows *store.Rows, t target) error {
	var caller, client, id, name, value sql.NullString
	var created, updated sql.NullTime
	var version sql.NullInt64
	var public, secret sql.NullBool
	var sealed *string
	err := rows.Scan(&s.owner, &s.status, &caller, &s.caller.ExpiresAt, &client, &s.client.ExpiresAt,
		&s.reached, &id, &created, &updated, &version, &name, &value, &public, &secret, &sealed)
	s.caller.Level, s.client.Level = enum.AccessLevel(caller.String), enum.AccessLevel(client.String)
	if id.Valid {
		s.properties[name.String] = &Stored{
			ID: oid.Property(id.String), CreatedAt: created.Time, UpdatedAt: updated.Time, Version: int(version.Int64),
			Client: t.client, Application: t.application, Name: name.String, Value: value.String,
			Public: public.Bool, Secret: secret.Bool, Sealed: sealed,
		}
	}
	return err
}

// written is the limit on the rows that a call changes: those of clients in scope, or all of an application that is
// owned in scope.
func (s *standing) written() *limit {
	if s.reached {
		return writtenProperty
	}
	return ruledProperty
}

// update writes a row that had a version when it was read; false where it has another one by now.
func (s *Service) update(ctx context.Context, found *standing, p *Stored, version int) (bool, error) {
	var q statement
	q.add("UPDATE application_properties SET updated_at = ?, version = ?, value = ?, public = ?, secret = ?, sealed = ? WHERE id = ? AND version = ?",
		p.UpdatedAt, p.Version, p.Value, p.Public, p.Secret, p.Sealed, p.ID, version)
	q.scoped(actor.From(ctx), found.written())
	n, err := s.exec(ctx, &q)
	if err != nil {
		return false, fmt.Errorf("property: update: %w", err)
	}
	return n == 1, nil
}

// remove deletes rows that were read and locked.
func (s *Service) remove(ctx context.Context, found *standing, gone []*Stored) error {
	var q statement
	q.add("DELETE FROM application_properties WHERE id IN ")
	ids := make([]oid.Property, len(gone))
	for i, p := range gone {
		ids[i] = p.ID
	}
	list(&q, ids)
	q.scoped(actor.From(ctx), found.written())
	n, err := s.exec(ctx, &q)
	if err == nil && n != int64(len(gone)) {
		err = fmt.Errorf("%d rows of %d", n, len(gone))
	}
	if err != nil {
		return fmt.Errorf("property: delete: %w", err)
	}
	return nil
}

func (s *Service) exec(ctx context.Context, q *statement) (int64, error) {
	result, err := s.db.Exec(ctx, q.text.String(), q.args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// insert writes new rows, for a client that standing has found.
func (s *Service) insert(ctx context.Context, fresh []*Stored) error {
	var q statement
	q.add("INSERT INTO application_properties (id, created_at, updated_at, version, client_id, application_id, name, value, public, secret, sealed) VALUES ")
	for i, p := range fresh {
		if i > 0 {
			q.add(", ")
		}
		q.marks(11)
		q.args = append(q.args, p.ID, p.CreatedAt, p.UpdatedAt, p.Version, p.Client, p.Application, p.Name, p.Value, p.Public, p.Secret, p.Sealed)
	}
	if _, err := s.exec(ctx, &q); err != nil {
		return fmt.Errorf("property: insert: %w", err)
	}
	return nil
}

// insertChanges writes the history (domain 6.5).
func (s *Service) insertChanges(ctx context.Context, a *actor.Actor, changes []change) error {
	var q statement
	q.add("INSERT INTO property_changes (id, created_at, updated_at, version, client_id, application_id, name, value, public, secret, removed, changed_by_client_id, changed_by_id) VALUES ")
	for i, c := range changes {
		if i > 0 {
			q.add(", ")
		}
		q.marks(13)
		p := c.row
		q.args = append(q.args, string(c.id), p.UpdatedAt, p.UpdatedAt, 1, p.Client, p.Application, p.Name, c.value(), p.Public, p.Secret, c.removed,
			store.OrNull(a.Client), store.OrNull(a.User))
	}
	if _, err := s.exec(ctx, &q); err != nil {
		return fmt.Errorf("property: write the history: %w", err)
	}
	return nil
}

// value is what it was set to; NULL for a secret one, and where it was taken away.
func (c change) value() any {
	if c.removed || c.row.Secret {
		return nil
	}
	return c.row.Value
}
