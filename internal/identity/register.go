package identity

import (
	"context"
	"fmt"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/membership"
	"github.com/appanage/appanage/ent/user"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// What registrations ask of users (domain 10). The platform is at work in all of it: who registers is nobody yet.

// Proven is the user of a customer base who has proven an address, nil for none.
func (s *Service) Proven(ctx context.Context, base oid.Client, address string) (*ent.User, error) {
	row, err := maybe(s.db.Client(ctx).User.Query().Where(user.BaseID(base), identified(address)).Only(ctx))
	if err != nil {
		return nil, fmt.Errorf("identity: look for a proven address: %w", err)
	}
	return row, nil
}

// NotBelow tells whether a user is a member of neither a client nor one below it.
func (s *Service) NotBelow(ctx context.Context, id oid.User, client oid.Client) (bool, error) {
	var one int
	below, err := s.db.First(ctx, []any{&one}, "SELECT 1 FROM memberships AS m JOIN client_paths AS p ON p.descendant_id = m.client_id"+
		" WHERE m.user_id = ? AND p.ancestor_id = ? LIMIT 1", id, client)
	if err != nil {
		return false, fmt.Errorf("identity: look for memberships: %w", err)
	}
	return !below, nil
}

// Home is the home membership of a user.
func (s *Service) Home(ctx context.Context, id oid.User) (oid.Membership, error) {
	home, err := s.db.Client(ctx).Membership.Query().Where(membership.UserID(id), membership.Home(true)).OnlyID(ctx)
	if err != nil {
		return "", fmt.Errorf("identity: read the home membership: %w", err)
	}
	return home, nil
}

// Join makes a user who has just proven himself a member of a further client, in this transaction. Errors: NOT_ALLOWED (he is
// suspended).
func (s *Service) Join(ctx context.Context, id oid.User, client oid.Client, roles []oid.Role, operation string) (made oid.Membership, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		u, err := store.ForUpdate(s.db, tx.User.Query().Where(user.ID(id))).Only(ctx)
		if err != nil {
			return fmt.Errorf("identity: read who joins: %w", err)
		}
		if u.Status != enum.UserActive {
			return apperr.At("input", apperr.NotAllowed, "you are registered already, and suspended")
		}
		made, err = s.addMember(ctx, tx, u, client, roles, operation)
		return err
	})
	return made, err
}

// addMember inserts a further membership, with its trace.
func (s *Service) addMember(ctx context.Context, tx *ent.Client, u *ent.User, client oid.Client, roles []oid.Role, operation string) (oid.Membership, error) {
	id := oid.New[oid.Membership]()
	if err := tx.Membership.Create().SetID(id).SetClientID(client).SetUserID(u.ID).AddRoleIDs(roles...).Exec(ctx); err != nil {
		return "", fmt.Errorf("identity: insert a membership: %w", err)
	}
	return id, audit.Record(ByUser(ctx, u.ID, client), s.db, audit.Event{
		Client: client, Operation: operation, Kind: "Membership", Object: string(id),
		After: map[string]any{"userId": u.ID, "clientId": client, "roleIds": roles},
	})
}

// OpenRegistered opens a session for a user who has just registered, in this transaction, and gives its token, which exists nowhere else.
func (s *Service) OpenRegistered(ctx context.Context, id oid.Membership, app oid.Application, device string) (token string, opened oid.Session, err error) {
	if runes := []rune(device); len(runes) > longestDevice {
		device = string(runes[:longestDevice])
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		row, err := tx.Membership.Query().Where(membership.ID(id)).Only(ctx)
		if err != nil {
			return fmt.Errorf("identity: read a membership: %w", err)
		}
		token, opened, err = s.open(ctx, tx, opening{
			operation: "sessionCreate", membership: row, application: app, device: device, expires: actor.From(ctx).Now().Add(s.limits.Most),
		})
		return err
	})
	return token, opened, err
}
