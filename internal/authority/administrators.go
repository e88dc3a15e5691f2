package authority

import (
	"context"
	"fmt"
	"slices"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/clientpath"
	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// administers are the authorities that make a member the administrator of a client (domain 2.5).
var administers = []oid.Permission{builtInPermission("User_UPDATE"), builtInPermission("Role_READ")}

// judgedAtOnce is how many members are looked at together for an administrator: mostly the first of them is one.
const judgedAtOnce = 32

// KeepAdministrator makes a change that takes something away from members of clients, and refuses it, NOT_ALLOWED at
// the path, where it takes the last administrator from a client that the caller's does not manage (domain 2.5). The
// clients' rows are locked first, in the order of their ids, so that two changes at once see each other.
func (s *Service) KeepAdministrator(ctx context.Context, tx *ent.Client, clients []oid.Client, path string, change func() error) error {
	watched, err := s.watched(ctx, tx, clients)
	if err != nil {
		return err
	}
	before, err := s.lockAndCount(ctx, tx, watched)
	if err != nil {
		return err
	}
	if err := change(); err != nil {
		return err
	}
	for _, client := range watched {
		after := before[client] // of none, none is left: there is nothing to ask
		if after > 0 {
			if after, err = s.administrators(ctx, tx, client); err != nil {
				return err
			}
		}
		if !s.rules.KeepsAdministrator(before[client], after, false) {
			return apperr.At(path, apperr.NotAllowed, "it would take the last administrator from a client that yours does not manage, or from yours:"+
				" an active user with `User_UPDATE` and `Role_READ` must remain")
		}
	}
	return nil
}

// watched are those of the clients that the rule protects from the caller, in the order of their ids.
func (s *Service) watched(ctx context.Context, tx *ent.Client, clients []oid.Client) ([]oid.Client, error) {
	a := actor.From(ctx)
	var watched, unsure []oid.Client
	for _, c := range clients {
		in, known := a.Scope.Has(c)
		switch manages := a.IsSystem() || in && c != a.Client; {
		case s.rules.KeepsAdministrator(1, 0, manages):
		case known || a.IsSystem():
			watched = append(watched, c)
		default:
			unsure = append(unsure, c)
		}
	}
	if len(unsure) > 0 {
		below, err := tx.ClientPath.Query().Where(clientpath.TenantID(a.Client), clientpath.DescendantIDIn(unsure...)).All(ctx)
		if err != nil {
			return nil, fmt.Errorf("authority: read the scope: %w", err)
		}
		managed := idsOf(below, func(p *ent.ClientPath) oid.Client { return p.DescendantID })
		for _, c := range unsure {
			if !s.rules.KeepsAdministrator(1, 0, slices.Contains(managed, c)) {
				watched = append(watched, c)
			}
		}
	}
	slices.Sort(watched)
	return slices.Compact(watched), nil
}

// lockAndCount locks clients, and then looks for their administrators.
func (s *Service) lockAndCount(ctx context.Context, tx *ent.Client, clients []oid.Client) (map[oid.Client]int, error) {
	counts := make(map[oid.Client]int, len(clients))
	if len(clients) == 0 {
		return counts, nil
	}
	rows := store.ForUpdate(s.db, tx.Tenant.Query().Where(tenant.IDIn(clients...)).Order(ent.Asc(tenant.FieldID)))
	if _, err := rows.All(actor.System(ctx, "a client out of scope keeps its last administrator too, domain 2.5")); err != nil {
		return nil, fmt.Errorf("authority: lock clients: %w", err)
	}
	for _, client := range clients {
		n, err := s.administrators(ctx, tx, client)
		if err != nil {
			return nil, err
		}
		counts[client] = n
	}
	return counts, nil
}

// administrators counts the active users whose membership of a client makes them its administrators, up to one. It
// looks only at memberships with roles that could, some at a time.
func (s *Service) administrators(ctx context.Context, tx *ent.Client, client oid.Client) (int, error) {
	for last := oid.Membership(""); ; {
		candidates, err := s.couldAdminister(ctx, client, last)
		if err != nil || len(candidates) == 0 {
			return 0, err
		}
		facts, err := load(ctx, tx, candidates...)
		if err != nil {
			return 0, err
		}
		for _, held := range facts.effective(candidates) {
			if !slices.ContainsFunc(administers, func(p oid.Permission) bool { return !slices.Contains(held, p) }) {
				return 1, nil
			}
		}
		last = candidates[len(candidates)-1].id
	}
}

// couldAdminister lists, after one, the next memberships of a client whose users are active and whose roles reach the
// permissions in question.
func (s *Service) couldAdminister(ctx context.Context, client oid.Client, after oid.Membership) ([]member, error) {
	query := "SELECT m.id FROM memberships AS m JOIN users AS u ON u.id = m.user_id WHERE m.client_id = ? AND m.id > ? AND u.status = ?"
	args := []any{client, after, enum.UserActive}
	for _, p := range administers {
		query += " AND (SELECT 1 FROM membership_roles AS r JOIN role_paths AS p ON p.role_id = r.role_id" +
			" JOIN role_permissions AS h ON h.role_id = p.reached_role_id WHERE r.membership_id = m.id AND h.permission_id = ? LIMIT 1) IS NOT NULL"
		args = append(args, p)
	}
	ids, err := store.Column[oid.Membership](ctx, s.db, query+" ORDER BY m.id LIMIT ?", append(args, judgedAtOnce)...)
	if err != nil {
		return nil, fmt.Errorf("authority: look for administrators: %w", err)
	}
	members := make([]member, len(ids))
	for i, id := range ids {
		members[i] = member{id, client}
	}
	return members, nil
}
