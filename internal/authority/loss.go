package authority

import (
	"context"
	"fmt"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// loss says whose members a change takes something away from: a query for their clients.
type loss struct {
	clients string
	args    []any
}

// ofRole: a role comes to reach less. Its members lose, and the clients whose packages have it.
func ofRole(id oid.Role) loss {
	return loss{"SELECT m.client_id FROM role_paths AS p JOIN membership_roles AS r ON r.role_id = p.role_id" +
		" JOIN memberships AS m ON m.id = r.membership_id WHERE p.reached_role_id = ?" +
		" UNION SELECT g.client_id FROM role_paths AS p JOIN package_roles AS k ON k.role_id = p.role_id" +
		" JOIN package_gifts AS g ON g.package_id = k.package_id WHERE p.reached_role_id = ?", []any{id, id}}
}

// ofPackage: a package comes to hold less, or goes.
func ofPackage(id oid.Package) loss {
	return loss{"SELECT client_id FROM package_gifts WHERE package_id = ?", []any{id}}
}

// ofGifts: clients are given less.
func ofGifts(clients []oid.Client) loss {
	return loss{"SELECT id FROM clients WHERE id IN " + store.Marks(len(clients)), store.Anys(clients)}
}

// taking makes a change that takes something away by way of roles and packages, and keeps the last administrator of every
// client that it concerns and the caller's does not manage, which is the caller's own as a rule.
func (s *Service) taking(ctx context.Context, tx *ent.Client, l loss, path string, change func() error) error {
	a := actor.From(ctx)
	clients := []oid.Client{a.Client}
	if !a.IsSystem() && !a.Scope.All { // who has all in scope manages all but his own
		foreign, err := s.foreign(ctx, l)
		if err != nil {
			return err
		}
		clients = append(clients, foreign...)
	}
	return s.KeepAdministrator(ctx, tx, clients, path, change)
}

// Taking is taking for a change of another package: clients is a query for those whose members lose something by it.
func (s *Service) Taking(ctx context.Context, tx *ent.Client, clients string, args []any, path string, change func() error) error {
	return s.taking(ctx, tx, loss{clients, args}, path, change)
}

// foreign lists the clients out of the caller's scope that a change concerns: those of the loss, and those to which one
// of them has given, for what is given counts within its giver's ceiling (domain 3.6).
func (s *Service) foreign(ctx context.Context, l loss) ([]oid.Client, error) {
	query := "WITH RECURSIVE lost(client_id) AS (" + l.clients +
		" UNION SELECT g.client_id FROM lost JOIN package_gifts AS g ON g.giver_id = lost.client_id WHERE g.giver_id <> ?)" +
		" SELECT DISTINCT lost.client_id FROM lost WHERE NOT EXISTS" +
		" (SELECT 1 FROM client_paths AS p WHERE p.ancestor_id = ? AND p.descendant_id = lost.client_id)"
	clients, err := store.Column[oid.Client](ctx, s.db, query, append(l.args, oid.SystemClient, actor.From(ctx).Client)...)
	if err != nil {
		return nil, fmt.Errorf("authority: read whom it concerns: %w", err)
	}
	return clients, nil
}
