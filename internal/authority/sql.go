package authority

import (
	"context"
	"fmt"

	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// What hangs together across clients is read and cut by statements written by hand: a role that goes is taken out of
// every package and membership that had it, be they in the caller's scope or not. They follow a decision on a row that
// was read in scope, and nothing they read is shown.

// eventsAtOnce bounds what one statement writes into the trail.
const eventsAtOnce = 1000

// join is a table of pairs: objects that hold others.
type join struct {
	table          string
	holder, held   string // columns
	kind, kindRows string // of the holders: in the SDL, and their table
	field          string // of the holders, in the trail
}

var (
	rolePermissions = join{"role_permissions", "role_id", "permission_id", "Role", "roles", "permissionIds"}
	roleSubRoles    = join{"role_sub_roles", "role_id", "sub_role_id", "Role", "roles", "subRoleIds"}
	packageRoles    = join{"package_roles", "package_id", "role_id", "Package", "packages", "roleIds"}
	membershipRoles = join{"membership_roles", "membership_id", "role_id", "Membership", "memberships", "roleIds"}
	invitationRoles = join{"invitation_roles", "invitation_id", "role_id", "Invitation", "invitations", "roleIds"}
)

// heldBy lists what one object holds.
func heldBy[K, H oid.ID](ctx context.Context, s *Service, j join, holder H) ([]K, error) {
	ids, err := store.Column[K](ctx, s.db, "SELECT "+j.held+" FROM "+j.table+" WHERE "+j.holder+" = ? ORDER BY "+j.held, holder)
	if err != nil {
		return nil, fmt.Errorf("authority: read %s: %w", j.table, err)
	}
	return ids, nil
}

// came and went are the events of what an object holds. Of a list the trail keeps what is new in it, and what is gone.
func (j join) came(operation string, client oid.Client, holder string, ids any) audit.Event {
	return j.event(operation, client, holder, []string{}, ids)
}

func (j join) went(operation string, client oid.Client, holder string, ids any) audit.Event {
	return j.event(operation, client, holder, ids, []string{})
}

func (j join) event(operation string, client oid.Client, holder string, before, after any) audit.Event {
	return audit.Event{Client: client, Operation: operation, Kind: j.kind, Object: holder,
		Before: map[string]any{j.field: before}, After: map[string]any{j.field: after}}
}

// release takes an object that goes out of everything that holds it, each an event in the trail of the holder's client.
func (s *Service) release(ctx context.Context, operation string, j join, held string) error {
	var events []audit.Event
	err := s.db.Each(ctx, "SELECT o.id, o.client_id FROM "+j.table+" AS j JOIN "+j.kindRows+" AS o ON o.id = j."+j.holder+
		" WHERE j."+j.held+" = ? ORDER BY o.id", []any{held}, func(scan func(...any) error) error {
		var holder string
		var client oid.Client
		err := scan(&holder, &client)
		events = append(events, j.went(operation, client, holder, []string{held}))
		return err
	})
	if err != nil {
		return fmt.Errorf("authority: read %s: %w", j.table, err)
	}
	if err := s.cut(ctx, j.table, j.held, held); err != nil {
		return err
	}
	return s.record(ctx, events)
}

// cut deletes the rows of a table with an id in a column.
func (s *Service) cut(ctx context.Context, table, column, id string) error {
	if _, err := s.db.Exec(ctx, "DELETE FROM "+table+" WHERE "+column+" = ?", id); err != nil {
		return fmt.Errorf("authority: delete from %s: %w", table, err)
	}
	return nil
}

// record writes events, however many.
func (s *Service) record(ctx context.Context, events []audit.Event) error {
	for len(events) > 0 {
		n := min(len(events), eventsAtOnce)
		if err := audit.Record(ctx, s.db, events[:n]...); err != nil {
			return err
		}
		events = events[n:]
	}
	return nil
}
