package property

import (
	"context"
	"fmt"

	"github.com/appanage/appanage/internal/oid"
)

// Reads of a few facts. Each is about an application and a client that the caller has been judged by.

// count is how many properties of an application a client has. The application's row is locked, so that calls at the
// same moment count one after the other.
func (s *Service) count(ctx context.Context, t target) (n int, err error) {
	_, err = s.db.First(ctx, []any{&n}, "SELECT COUNT(*) FROM application_properties WHERE client_id = ? AND application_id = ?", t.client, t.application)
	if err != nil {
		return 0, fmt.Errorf("property: count: %w", err)
	}
	return n, nil
}

// isProven tells whether an origin is a proven one of the client for the application. It stays so until the end of the
// transaction.
func (s *Service) isProven(ctx context.Context, t target, origin string) (bool, error) {
	var id string
	found, err := s.db.First(ctx, []any{&id}, "SELECT id FROM client_urls WHERE proven_origin = ? AND client_id = ? AND application_id = ?"+s.db.ForUpdateClause(),
		origin, t.client, t.application)
	if err != nil {
		return false, fmt.Errorf("property: look for a proven origin: %w", err)
	}
	return found, nil
}

// Named reads properties by their names, in that order and as far as they are set, for a caller who may change them or
// sees the client: what a command that ran before has set.
func (s *Service) Named(ctx context.Context, app oid.Application, client oid.Client, names []string) ([]*Stored, error) {
	t := targetOf(ctx, app, client, names)
	found, err := s.readStanding(ctx, t, unlocked)
	if err != nil || found == nil || !found.reached && !found.rules {
		return nil, err
	}
	var all []*Stored
	for _, name := range names {
		if row := found.properties[name]; row != nil {
			all = append(all, row)
		}
	}
	return all, nil
}

// Gone gives those of the names, in their order, that were taken away and are not set again: what a command that ran
// before has deleted.
func (s *Service) Gone(ctx context.Context, app oid.Application, client oid.Client, names []string) (gone []string, err error) {
	t := targetOf(ctx, app, client, names)
	found, err := s.readStanding(ctx, t, unlocked)
	if err != nil || found == nil || !found.reached && !found.rules {
		return nil, err
	}
	for _, name := range names {
		var removals int
		if _, err := s.db.First(ctx, []any{&removals}, "SELECT COUNT(*) FROM property_changes WHERE application_id = ? AND client_id = ? AND name = ? AND removed = TRUE",
			t.application, t.client, name); err != nil {
			return nil, fmt.Errorf("property: read the history: %w", err)
		}
		if removals > 0 && found.properties[name] == nil {
			gone = append(gone, name)
		}
	}
	return gone, nil
}
