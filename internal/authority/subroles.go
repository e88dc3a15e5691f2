package authority

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/role"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// AddSubRoles has a role include others (authority Role_UPDATE). Errors: NOT_FOUND, NOT_ALLOWED, CYCLE.
func (s *Service) AddSubRoles(ctx context.Context, id oid.Role, subs []oid.Role) error {
	named, err := some("input.roleIds", subs)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		if err := lockGraph(ctx, s, tx); err != nil {
			return err
		}
		row, err := s.role(ctx, tx, id, true)
		if err != nil {
			return err
		}
		if _, err := rolesInSight(ctx, tx, named, store.Shared); err != nil {
			return err
		}
		includes, err := heldBy[oid.Role](ctx, s, roleSubRoles, id)
		if err != nil {
			return err
		}
		fresh := among(named, includes, false)
		if len(fresh) == 0 {
			return nil
		}
		if err := s.noCycle(ctx, tx, id, fresh); err != nil {
			return err
		}
		if err := mayGive(ctx, s, byRole, fresh); err != nil {
			return err
		}
		if err := tx.Role.Update().Where(role.ID(id)).AddVersion(1).AddSubRoleIDs(idsIn(fresh)...).Exec(ctx); err != nil {
			return gone(err, "input.roleIds", "add sub-roles to a role")
		}
		if err := s.addPaths(ctx, id, idsIn(fresh)...); err != nil {
			return err
		}
		return audit.Record(ctx, s.db, roleSubRoles.came("roleSubRolesAdd", row.ClientID, string(id), idsIn(fresh)))
	})
}

// RemoveSubRoles takes roles out of a role (authority Role_UPDATE). Errors: NOT_FOUND, NOT_ALLOWED.
func (s *Service) RemoveSubRoles(ctx context.Context, id oid.Role, subs []oid.Role) error {
	const path = "input.roleIds"
	named, err := some(path, subs)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		if _, err := s.role(ctx, tx, id, false); err != nil {
			return err
		}
		if _, err := rolesInSight(ctx, tx, named); err != nil {
			return err
		}
		return s.taking(ctx, tx, ofRole(id), path, func() error {
			if err := lockGraph(ctx, s, tx); err != nil {
				return err
			}
			row, err := s.role(ctx, tx, id, true)
			if err != nil {
				return err
			}
			includes, err := heldBy[oid.Role](ctx, s, roleSubRoles, id)
			if err != nil {
				return err
			}
			going := idsIn(among(named, includes, true))
			if len(going) == 0 {
				return nil
			}
			if err := tx.Role.Update().Where(role.ID(id)).AddVersion(1).RemoveSubRoleIDs(going...).Exec(ctx); err != nil {
				return fmt.Errorf("authority: remove sub-roles from a role: %w", err)
			}
			if err := s.shrinkPaths(ctx, id); err != nil {
				return err
			}
			return audit.Record(ctx, s.db, roleSubRoles.went("roleSubRolesRemove", row.ClientID, string(id), going))
		})
	})
}

// lockGraph has all who change which roles include which wait for each other. A circle can be closed by two requests
// that touch no common role, and a path be made through a role that another request takes out of the way: so there is
// one lock for the whole graph, the row of the built-in role Owner, which every installation has and nothing deletes.
func lockGraph(ctx context.Context, s *Service, tx *ent.Client) error {
	if _, err := store.ForUpdate(s.db, tx.Role.Query().Where(role.ID(BuiltInRole(OwnerRole)))).Only(ctx); err != nil {
		return fmt.Errorf("authority: lock the graph of roles: %w", err)
	}
	return nil
}

// noCycle refuses sub-roles that reach the role, each with the way by which it does. The graph is locked.
func (s *Service) noCycle(ctx context.Context, tx *ent.Client, id oid.Role, subs []item[oid.Role]) error {
	above, err := s.reaching(ctx, id)
	if err != nil {
		return err
	}
	var errs apperr.Collector
	var edges map[oid.Role][]oid.Role
	for _, sub := range subs {
		if !slices.Contains(above, sub.id) {
			continue
		}
		if edges == nil {
			if edges, err = s.edges(ctx, above); err != nil {
				return err
			}
		}
		way, err := s.spell(ctx, tx, append([]oid.Role{id}, wayDown(edges, sub.id, id)...))
		if err != nil {
			return err
		}
		errs.Add(apperr.At(sub.path, apperr.Cycle, "roles would include each other in a circle: %s", way))
	}
	return errs.Err()
}

// spell writes a way through roles: those the caller sees by their names, the others counted (domain 0).
func (s *Service) spell(ctx context.Context, tx *ent.Client, way []oid.Role) (string, error) {
	rows, err := tx.Role.Query().Where(role.IDIn(way...)).All(ctx)
	if err != nil {
		return "", fmt.Errorf("authority: read roles: %w", err)
	}
	names := map[oid.Role]string{}
	for _, row := range rows {
		names[row.ID] = row.Name
	}
	var words []string
	hidden := 0
	for _, id := range append(way, "") {
		name, seen := names[id]
		if !seen && id != "" {
			hidden++
			continue
		}
		switch hidden {
		case 0:
		case 1:
			words = append(words, "a role you cannot see")
		default:
			words = append(words, fmt.Sprintf("%d roles you cannot see", hidden))
		}
		if hidden = 0; id != "" {
			words = append(words, name)
		}
	}
	return strings.Join(words, " > "), nil
}

// reaching lists the roles that reach one, itself included.
func (s *Service) reaching(ctx context.Context, id oid.Role) ([]oid.Role, error) {
	ids, err := store.Column[oid.Role](ctx, s.db, "SELECT role_id FROM role_paths WHERE reached_role_id = ?", id)
	if err != nil {
		return nil, fmt.Errorf("authority: read the roles above a role: %w", err)
	}
	return ids, nil
}

// edges reads which roles include which directly: of everything that some roles reach.
func (s *Service) edges(ctx context.Context, from []oid.Role) (map[oid.Role][]oid.Role, error) {
	return s.pairs(ctx, "SELECT e.role_id, e.sub_role_id FROM role_sub_roles AS e"+
		" JOIN (SELECT DISTINCT reached_role_id FROM role_paths WHERE role_id IN "+store.Marks(len(from))+") AS n ON n.reached_role_id = e.role_id"+
		" ORDER BY e.role_id, e.sub_role_id", from)
}

func (s *Service) pairs(ctx context.Context, query string, roles []oid.Role) (map[oid.Role][]oid.Role, error) {
	out := map[oid.Role][]oid.Role{}
	err := s.db.Each(ctx, query, store.Anys(roles), func(scan func(...any) error) error {
		var from, to oid.Role
		err := scan(&from, &to)
		out[from] = append(out[from], to)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("authority: read the graph of roles: %w", err)
	}
	return out, nil
}

// addPaths completes the closure for a role that includes others from now on: whatever reaches it reaches what they
// reach. A new role reaches itself.
func (s *Service) addPaths(ctx context.Context, id oid.Role, subs ...oid.Role) error {
	query, args := "INSERT INTO role_paths (role_id, reached_role_id) VALUES (?, ?)", []any{id, id}
	if len(subs) != 1 || subs[0] != id {
		query = "INSERT INTO role_paths (role_id, reached_role_id) SELECT DISTINCT up.role_id, down.reached_role_id" +
			" FROM role_paths AS up JOIN role_paths AS down ON down.role_id IN " + store.Marks(len(subs)) +
			" LEFT JOIN role_paths AS known ON known.role_id = up.role_id AND known.reached_role_id = down.reached_role_id" +
			" WHERE up.reached_role_id = ? AND known.role_id IS NULL"
		args = append(store.Anys(subs), id)
	}
	if _, err := s.db.Exec(ctx, query, args...); err != nil {
		return fmt.Errorf("authority: add paths of roles: %w", err)
	}
	return nil
}

// shrinkPaths drops from the closure what a role, and all that reach it, reach no more.
func (s *Service) shrinkPaths(ctx context.Context, id oid.Role) error {
	above, err := s.reaching(ctx, id)
	if err != nil {
		return err
	}
	return s.reduce(ctx, above)
}

// cutPaths drops a role that goes from the closure, with what others reached through it. Its links are cut already.
func (s *Service) cutPaths(ctx context.Context, id oid.Role) error {
	above, err := s.reaching(ctx, id)
	if err != nil {
		return err
	}
	if err := s.reduce(ctx, above); err != nil {
		return err
	}
	if err := s.cut(ctx, "role_paths", "role_id", string(id)); err != nil {
		return err
	}
	return s.cut(ctx, "role_paths", "reached_role_id", string(id))
}

// reduce deletes the paths from roles that no chain of direct sub-roles makes.
func (s *Service) reduce(ctx context.Context, roles []oid.Role) error {
	edges, err := s.edges(ctx, roles)
	if err != nil {
		return err
	}
	stored, err := s.pairs(ctx, "SELECT role_id, reached_role_id FROM role_paths WHERE role_id IN "+store.Marks(len(roles)), roles)
	if err != nil {
		return err
	}
	for _, r := range roles {
		still := reachedFrom(edges, r)
		over := slices.DeleteFunc(stored[r], func(to oid.Role) bool { return still[to] })
		if len(over) == 0 {
			continue
		}
		args := append([]any{r}, store.Anys(over)...)
		if _, err := s.db.Exec(ctx, "DELETE FROM role_paths WHERE role_id = ? AND reached_role_id IN "+store.Marks(len(over)), args...); err != nil {
			return fmt.Errorf("authority: delete paths of roles: %w", err)
		}
	}
	return nil
}

// reachedFrom is what a role reaches by direct sub-roles, itself included.
func reachedFrom(edges map[oid.Role][]oid.Role, from oid.Role) map[oid.Role]bool {
	reached := map[oid.Role]bool{from: true}
	for next := []oid.Role{from}; len(next) > 0; next = next[1:] {
		for _, sub := range edges[next[0]] {
			if !reached[sub] {
				reached[sub] = true
				next = append(next, sub)
			}
		}
	}
	return reached
}

// wayDown is the shortest way between two roles, both included; nil where there is none.
func wayDown(edges map[oid.Role][]oid.Role, from, to oid.Role) []oid.Role {
	cameBy := map[oid.Role]oid.Role{from: ""}
	for next := []oid.Role{from}; len(next) > 0; next = next[1:] {
		at := next[0]
		if at == to {
			var way []oid.Role
			for ; at != ""; at = cameBy[at] {
				way = append(way, at)
			}
			slices.Reverse(way)
			return way
		}
		for _, sub := range edges[at] {
			if _, been := cameBy[sub]; !been {
				cameBy[sub] = at
				next = append(next, sub)
			}
		}
	}
	return nil
}
