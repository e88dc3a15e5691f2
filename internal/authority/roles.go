package authority

import (
	"context"
	"fmt"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/role"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/fold"
	"github.com/appanage/appanage/internal/input"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// CreateRole is a role to be made (domain 3.2).
type CreateRole struct {
	Owner       oid.Client // the caller's client when empty
	Application oid.Application
	Name        string
	Description string
}

// Validate brings the command to canonical form and joins what is wrong with it.
func (c *CreateRole) Validate() error {
	var errs apperr.Collector
	input.Name(&errs, "input.name", &c.Name)
	checkDescription(&errs, &c.Description)
	return errs.Err()
}

// CreateRole makes a role that holds nothing yet (authority Role_CREATE). Errors: INVALID, NOT_FOUND, NOT_ALLOWED.
func (s *Service) CreateRole(ctx context.Context, cmd CreateRole) (oid.Role, error) {
	if err := cmd.Validate(); err != nil {
		return "", err
	}
	id := oid.New[oid.Role]()
	err := s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		owner, err := owner(ctx, tx, cmd.Owner)
		if err != nil {
			return err
		}
		create := tx.Role.Create().SetID(id).SetClientID(owner).SetName(cmd.Name).SetNameKey(fold.Key(cmd.Name)).SetDescription(cmd.Description)
		switch {
		case cmd.Application != "":
			create.SetApplicationID(cmd.Application)
			err = s.mayBeFor(ctx, tx, owner, cmd.Application)
		case owner != oid.SystemClient:
			err = apperr.At("input.applicationId", apperr.NotAllowed, "only roles of the SYSTEM client stand alone: name an application")
		}
		if err != nil {
			return err
		}
		if err := create.Exec(ctx); err != nil {
			return fmt.Errorf("authority: insert a role: %w", err)
		}
		if err := s.addPaths(ctx, id, id); err != nil {
			return err
		}
		return audit.Record(ctx, s.db, audit.Event{Client: owner, Operation: "roleCreate", Kind: "Role", Object: string(id),
			After: map[string]any{"name": cmd.Name, "description": cmd.Description, "clientId": owner, "applicationId": orNil(cmd.Application)}})
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

// orNil is an id for the trail, null for none.
func orNil[T oid.ID](id T) any {
	if id == "" {
		return nil
	}
	return id
}

// role reads one that the caller may change. Locked, it stays as it is until the end of the transaction.
func (s *Service) role(ctx context.Context, tx *ent.Client, id oid.Role, locked bool) (*ent.Role, error) {
	query := tx.Role.Query().Where(role.ID(id))
	if locked {
		query = store.ForUpdate(s.db, query)
	}
	row, err := query.Only(ctx)
	if ent.IsNotFound(err) {
		return nil, apperr.At("input.id", apperr.NotFound, "no such role")
	}
	if err != nil {
		return nil, fmt.Errorf("authority: read a role: %w", err)
	}
	return row, mayChange(ctx, tx, row.ClientID, row.BuiltIn)
}

// UpdateRole changes name or description of a role. nil fields stay.
type UpdateRole struct {
	ID                oid.Role
	ExpectedVersion   *int
	Name, Description *string
}

// UpdateRole changes a role (authority Role_UPDATE). Errors: INVALID, NOT_FOUND, NOT_ALLOWED, CONFLICT.
func (s *Service) UpdateRole(ctx context.Context, cmd UpdateRole) error {
	if err := checkText(cmd.Name, cmd.Description); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		row, err := s.role(ctx, tx, cmd.ID, true)
		if err != nil {
			return err
		}
		if err := apperr.Current(cmd.ExpectedVersion, row.Version); err != nil {
			return err
		}
		before, after := map[string]any{}, map[string]any{}
		update := tx.Role.Update().Where(role.ID(row.ID)).AddVersion(1)
		if differs(cmd.Name, row.Name) {
			update.SetName(*cmd.Name).SetNameKey(fold.Key(*cmd.Name))
			before["name"], after["name"] = row.Name, *cmd.Name
		}
		if differs(cmd.Description, row.Description) {
			update.SetDescription(*cmd.Description)
			before["description"], after["description"] = row.Description, *cmd.Description
		}
		if len(after) == 0 {
			return nil
		}
		if err := update.Exec(ctx); err != nil {
			return fmt.Errorf("authority: update a role: %w", err)
		}
		return audit.Record(ctx, s.db, audit.Event{Client: row.ClientID, Operation: "roleUpdate", Kind: "Role", Object: string(row.ID), Before: before, After: after})
	})
}

// checkText brings a new name and description to their stored form, and joins what is wrong with them.
func checkText(name, description *string) error {
	var errs apperr.Collector
	if name != nil {
		input.Name(&errs, "input.name", name)
	}
	if description != nil {
		checkDescription(&errs, description)
	}
	return errs.Err()
}

func differs(to *string, from string) bool { return to != nil && *to != from }

// DeleteRole deletes a role, and takes it out of memberships, packages, roles and invitations (authority Role_DELETE).
// Errors: NOT_FOUND, NOT_ALLOWED, CONFLICT.
func (s *Service) DeleteRole(ctx context.Context, id oid.Role, expected *int) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		if _, err := s.role(ctx, tx, id, false); err != nil {
			return err
		}
		return s.taking(ctx, tx, ofRole(id), "input.id", func() error {
			if err := lockGraph(ctx, s, tx); err != nil {
				return err
			}
			row, err := s.role(ctx, tx, id, true)
			if err != nil {
				return err
			}
			if err := apperr.Current(expected, row.Version); err != nil {
				return err
			}
			return s.deleteRole(ctx, tx, row)
		})
	})
}

func (s *Service) deleteRole(ctx context.Context, tx *ent.Client, row *ent.Role) error {
	holds, err := heldBy[oid.Permission](ctx, s, rolePermissions, row.ID)
	if err != nil {
		return err
	}
	includes, err := heldBy[oid.Role](ctx, s, roleSubRoles, row.ID)
	if err != nil {
		return err
	}
	for _, j := range []join{membershipRoles, invitationRoles, packageRoles, roleSubRoles} {
		if err := s.release(ctx, "roleDelete", j, string(row.ID)); err != nil {
			return err
		}
	}
	for _, j := range []join{rolePermissions, roleSubRoles} {
		if err := s.cut(ctx, j.table, j.holder, string(row.ID)); err != nil {
			return err
		}
	}
	if err := s.cutPaths(ctx, row.ID); err != nil {
		return err
	}
	if err := tx.Role.DeleteOneID(row.ID).Exec(ctx); err != nil {
		return fmt.Errorf("authority: delete a role: %w", err)
	}
	return audit.Record(ctx, s.db, audit.Event{Client: row.ClientID, Operation: "roleDelete", Kind: "Role", Object: string(row.ID),
		Before: map[string]any{"name": row.Name, "description": row.Description, "clientId": row.ClientID, "applicationId": row.ApplicationID,
			"permissionIds": holds, "subRoleIds": includes}})
}

// AddPermissions puts permissions into a role (authority Role_UPDATE). Errors: NOT_FOUND, NOT_ALLOWED.
func (s *Service) AddPermissions(ctx context.Context, id oid.Role, permissions []oid.Permission) error {
	named, err := some("input.permissionIds", permissions)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		row, err := s.role(ctx, tx, id, true)
		if err != nil {
			return err
		}
		if err := permissionsInSight(ctx, tx, named, store.Shared); err != nil {
			return err
		}
		holds, err := heldBy[oid.Permission](ctx, s, rolePermissions, id)
		if err != nil {
			return err
		}
		fresh := among(named, holds, false)
		if len(fresh) == 0 {
			return nil
		}
		if err := mayGive(ctx, s, byPermission, fresh); err != nil {
			return err
		}
		if err := tx.Role.Update().Where(role.ID(id)).AddVersion(1).AddPermissionIDs(idsIn(fresh)...).Exec(ctx); err != nil {
			return gone(err, "input.permissionIds", "add permissions to a role")
		}
		return audit.Record(ctx, s.db, rolePermissions.came("rolePermissionsAdd", row.ClientID, string(id), idsIn(fresh)))
	})
}

// gone is the error of a link to a row that somebody else has deleted since it was read.
func gone(err error, path, what string) error {
	if store.IsForeignKey(err) {
		return apperr.At(path, apperr.NotFound, "something named here is there no more")
	}
	return fmt.Errorf("authority: %s: %w", what, err)
}

// RemovePermissions takes permissions out of a role (authority Role_UPDATE). Errors: NOT_FOUND, NOT_ALLOWED.
func (s *Service) RemovePermissions(ctx context.Context, id oid.Role, permissions []oid.Permission) error {
	const path = "input.permissionIds"
	named, err := some(path, permissions)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		if _, err := s.role(ctx, tx, id, false); err != nil {
			return err
		}
		if err := permissionsInSight(ctx, tx, named); err != nil {
			return err
		}
		return s.taking(ctx, tx, ofRole(id), path, func() error {
			row, err := s.role(ctx, tx, id, true)
			if err != nil {
				return err
			}
			holds, err := heldBy[oid.Permission](ctx, s, rolePermissions, id)
			if err != nil {
				return err
			}
			going := idsIn(among(named, holds, true))
			if len(going) == 0 {
				return nil
			}
			if err := tx.Role.Update().Where(role.ID(id)).AddVersion(1).RemovePermissionIDs(going...).Exec(ctx); err != nil {
				return fmt.Errorf("authority: remove permissions from a role: %w", err)
			}
			return audit.Record(ctx, s.db, rolePermissions.went("rolePermissionsRemove", row.ClientID, string(id), going))
		})
	})
}
