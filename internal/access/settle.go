package access

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// Settle brings what a client has lent of its access to an application in step with that access (domain 5.3): it ends
// with it, and sleeps while the client lacks write access. Everything that makes, changes or deletes a grant of WRITE
// calls it in its own transaction; whoever reads grants goes by their expiry and needs to know nothing of lending. It is
// no change of the lent grants: their versions stay.
//
// A statement by hand: what was lent is out of the scope of those whose change it follows.
func Settle(ctx context.Context, db *store.DB, app oid.Application, giver oid.Client) error {
	s := &Service{db: db}
	var level string
	var expires sql.NullTime
	found, err := s.one(ctx, []any{&level, &expires},
		"SELECT level, expires_at FROM access_grants WHERE client_id = ? AND application_id = ?"+db.ForUpdateClause(), giver, app)
	if err != nil {
		return err
	}
	var held *authz.Grant
	if found {
		held = &authz.Grant{Level: enum.AccessLevel(level)}
		if expires.Valid {
			held.ExpiresAt = &expires.Time
		}
	}
	const lent = " WHERE giver_id = ? AND application_id = ? AND lent = TRUE"
	set, args := "lent_until", []any{}
	if end := authz.EndOfLent(nil, held); end != nil { // of one that was given for good: the others end then, or before
		set, args = "CASE WHEN lent_until < ? THEN lent_until ELSE ? END", []any{*end, *end}
	}
	if _, err := db.Exec(ctx, "UPDATE access_grants SET expires_at = "+set+lent, append(args, giver, app)...); err != nil {
		return fmt.Errorf("access: settle what was lent: %w", err)
	}
	return nil
}
