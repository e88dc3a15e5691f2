package tenancy

import (
	"context"
	"fmt"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/removal"
)

type createdApplication struct {
	id    oid.Application
	owner oid.Client
}

// removed is what went with a client.
type removed struct {
	counts  map[string]int // rows, by table
	created []createdApplication
}

// remove takes a client away with all that hangs on it. Where that takes the last administrator from a client that the
// caller's does not manage it is refused.
func (s *Service) remove(ctx context.Context, tx *ent.Client, client oid.Client) (gone removed, err error) {
	r := removal.Clients.Of(s.db, string(client))
	if err := r.Lock(ctx); err != nil {
		return gone, err
	}
	if gone.created, err = s.handOver(ctx, client); err != nil {
		return gone, err
	}
	losers, args := r.Losers()
	err = authority.New(s.db).Under(s.rules).Taking(ctx, tx, losers, args, "input.id", func() error {
		gone.counts, err = r.Run(ctx)
		delete(gone.counts, "client_paths") // they follow from the rest
		return err
	})
	return gone, err
}

// handOver makes owners the creators of what a client has created for them, and lists that.
func (s *Service) handOver(ctx context.Context, client oid.Client) (created []createdApplication, err error) {
	query := "SELECT id, client_id FROM applications WHERE creator_id = ? ORDER BY id" + s.db.ForUpdateClause()
	err = s.db.Each(ctx, query, []any{client}, func(scan func(...any) error) error {
		var app createdApplication
		err := scan(&app.id, &app.owner)
		created = append(created, app)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("tenancy: find what a client created: %w", err)
	}
	_, err = s.db.Exec(ctx, "UPDATE applications SET creator_id = client_id, version = version + 1, updated_at = ? WHERE creator_id = ?", clock.Now(), client)
	if err != nil {
		return nil, fmt.Errorf("tenancy: hand over what a client created: %w", err)
	}
	return created, s.handOverGrants(ctx, client)
}

// handOverGrants makes owners the givers of the access that a client has given to their applications in their place. What
// it lent of its own access stays its own, and goes: it could wake no more (domain 5.3).
func (s *Service) handOverGrants(ctx context.Context, client oid.Client) error {
	_, err := s.db.Exec(ctx, "UPDATE access_grants SET giver_id = (SELECT a.client_id FROM applications AS a WHERE a.id = access_grants.application_id),"+
		" version = version + 1, updated_at = ? WHERE giver_id = ? AND lent = FALSE", clock.Now(), client)
	if err != nil {
		return fmt.Errorf("tenancy: hand over what a client gave: %w", err)
	}
	return nil
}
