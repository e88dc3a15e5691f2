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

// Settle brings what a client has lent of its access to an application in step with that access, and with the tree of
// clients (domain 5.3): it ends with the access, and sleeps while the client lacks write access, or does not manage the
// other. Everything that makes, changes or deletes a grant of WRITE calls it in its own transaction, and so, by
// SettleBelow, does what moves clients; whoever reads grants goes by their expiry and needs to know nothing of lending. It
// is no change of the lent grants: their versions stay.
//
// A statement by hand: what was lent is out of the scope of those whose change it follows. Who calls it holds the tree.
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
	set, args := "lent_until", []any{}
	if end := authz.EndOfLent(nil, held, true); end != nil { // of one that was given for good: the others end then, or before
		set, args = "CASE WHEN lent_until < ? THEN lent_until ELSE ? END", []any{*end, *end}
	}
	set = "CASE WHEN EXISTS (SELECT 1 FROM client_paths AS p WHERE p.ancestor_id = access_grants.giver_id" +
		" AND p.descendant_id = access_grants.client_id AND p.depth > 0) THEN " + set + " ELSE ? END"
	args = append(args, authz.Asleep, giver, app)
	if _, err := db.Exec(ctx, "UPDATE access_grants SET expires_at = "+set+" WHERE giver_id = ? AND application_id = ? AND lent = TRUE", args...); err != nil {
		return fmt.Errorf("access: settle what was lent: %w", err)
	}
	return nil
}

// SettleBelow settles what was lent to a client that has moved, and to those below it, by clients that did not move with
// them: some manage them no more, some do again. The caller has changed the tree, and holds it.
func SettleBelow(ctx context.Context, db *store.DB, moved oid.Client) error {
	type loan struct {
		app   oid.Application
		giver oid.Client
	}
	var loans []loan
	err := db.Each(ctx, "SELECT DISTINCT g.application_id, g.giver_id FROM client_paths AS p JOIN access_grants AS g ON g.client_id = p.descendant_id"+
		" WHERE p.ancestor_id = ? AND g.lent = TRUE AND NOT EXISTS (SELECT 1 FROM client_paths AS along"+
		" WHERE along.ancestor_id = p.ancestor_id AND along.descendant_id = g.giver_id) ORDER BY g.application_id, g.giver_id",
		[]any{moved}, func(scan func(...any) error) error {
			var l loan
			err := scan(&l.app, &l.giver)
			loans = append(loans, l)
			return err
		})
	if err != nil {
		return fmt.Errorf("access: find what was lent below a client: %w", err)
	}
	for _, l := range loans {
		if err := Settle(ctx, db, l.app, l.giver); err != nil {
			return err
		}
	}
	return nil
}
