package property

import (
	"context"
	"fmt"

	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// Unbound takes the property URL of an application for a client in scope away where it names an origin that is no more
// bound to it: of one that somebody else may prove tomorrow nothing may go on to say that it is the client's (domain 6.3).
// It is part of the operation that unbinds the origin, which has the application locked.
func Unbound(ctx context.Context, db *store.DB, app oid.Application, client oid.Client, origin, operation string) error {
	row := Stored{Client: client, Application: app, Name: URL, Value: origin}
	found, err := db.First(ctx, []any{&row.ID, &row.Public},
		"SELECT id, public FROM application_properties WHERE client_id = ? AND application_id = ? AND name = ? AND value = ?"+db.ForUpdateClause(), client, app, URL, origin)
	if err != nil {
		return fmt.Errorf("property: look for the URL that was unbound: %w", err)
	}
	if !found {
		return nil
	}
	row.UpdatedAt = clock.Now()
	w := writer{s: New(db), found: &standing{reached: true}, operation: operation, gone: []*Stored{&row}}
	w.note(&row, nil)
	return w.finish(ctx)
}
