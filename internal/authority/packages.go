package authority

import (
	"context"
	"fmt"
	"regexp"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/rolepackage"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/fold"
	"github.com/appanage/appanage/internal/input"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

var packageCode = regexp.MustCompile(`^[A-Z][A-Z0-9_]{1,63}$`)

// CreatePackage is a package to be made (domain 3.3).
type CreatePackage struct {
	Owner       oid.Client // the caller's client when empty
	Application oid.Application
	Code        string
	Name        string
	Description string
	Base        bool
}

// Validate brings the command to canonical form and joins what is wrong with it.
func (c *CreatePackage) Validate() error {
	var errs apperr.Collector
	if c.Code = fold.Text(c.Code); !packageCode.MatchString(c.Code) {
		errs.Add(apperr.At("input.code", apperr.Invalid, "a code is 2 to 64 capitals, digits and underscores and begins with a capital"))
	}
	input.Name(&errs, "input.name", &c.Name)
	checkDescription(&errs, &c.Description)
	return errs.Err()
}

// CreatePackage makes a package without roles (authority Package_CREATE); a base one is every client's at once. Errors:
// INVALID, TAKEN, NOT_FOUND, NOT_ALLOWED.
func (s *Service) CreatePackage(ctx context.Context, cmd CreatePackage) (oid.Package, error) {
	if err := cmd.Validate(); err != nil {
		return "", err
	}
	id := oid.New[oid.Package]()
	err := s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		owner, err := owner(ctx, tx, cmd.Owner)
		if err != nil {
			return err
		}
		if cmd.Base && !s.rules.MakesBase(actor.From(ctx).Client, owner) {
			return apperr.At("input.base", apperr.NotAllowed, "only packages of the SYSTEM client, made by its users, are base packages")
		}
		if cmd.Application != "" {
			if err := s.mayBeFor(ctx, tx, owner, cmd.Application); err != nil {
				return err
			}
		}
		if err := insertPackage(ctx, tx, id, owner, cmd); err != nil {
			return err
		}
		if cmd.Base {
			if err := s.giveToAll(ctx, tx, id); err != nil {
				return err
			}
		}
		return audit.Record(ctx, s.db, audit.Event{Client: owner, Operation: "packageCreate", Kind: "Package", Object: string(id),
			After: map[string]any{"code": cmd.Code, "name": cmd.Name, "description": cmd.Description, "base": cmd.Base,
				"clientId": owner, "applicationId": orNil(cmd.Application)}})
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

func insertPackage(ctx context.Context, tx *ent.Client, id oid.Package, owner oid.Client, cmd CreatePackage) error {
	create := tx.RolePackage.Create().SetID(id).SetClientID(owner).SetCode(cmd.Code).SetName(cmd.Name).SetNameKey(fold.Key(cmd.Name)).
		SetDescription(cmd.Description).SetBase(cmd.Base)
	if cmd.Application != "" {
		create.SetApplicationID(cmd.Application)
	}
	err := create.Exec(ctx)
	if store.IsUnique(err) {
		return apperr.At("input.code", apperr.Taken, "its owner has a package %q already", cmd.Code)
	}
	if err != nil {
		return fmt.Errorf("authority: insert a package: %w", err)
	}
	return nil
}

// packageInSight reads a package that the caller sees. Locked, it stays as it is until the end of the transaction.
func (s *Service) packageInSight(ctx context.Context, tx *ent.Client, id oid.Package, locked bool) (*ent.RolePackage, error) {
	query := tx.RolePackage.Query().Where(rolepackage.ID(id))
	if locked {
		query = store.ForUpdate(s.db, query)
	}
	row, err := query.Only(ctx)
	if ent.IsNotFound(err) {
		return nil, apperr.At("input.id", apperr.NotFound, "no such package")
	}
	if err != nil {
		return nil, fmt.Errorf("authority: read a package: %w", err)
	}
	return row, nil
}

// packageToChange reads a package that the caller may change.
func (s *Service) packageToChange(ctx context.Context, tx *ent.Client, id oid.Package, locked bool) (*ent.RolePackage, error) {
	row, err := s.packageInSight(ctx, tx, id, locked)
	if err != nil {
		return nil, err
	}
	return row, mayChange(ctx, tx, row.ClientID, row.BuiltIn)
}

// UpdatePackage changes name or description of a package. nil fields stay.
type UpdatePackage struct {
	ID                oid.Package
	ExpectedVersion   *int
	Name, Description *string
}

// UpdatePackage changes a package (authority Package_UPDATE). Errors: INVALID, NOT_FOUND, NOT_ALLOWED, CONFLICT.
func (s *Service) UpdatePackage(ctx context.Context, cmd UpdatePackage) error {
	if err := checkText(cmd.Name, cmd.Description); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		row, err := s.packageToChange(ctx, tx, cmd.ID, true)
		if err != nil {
			return err
		}
		if err := apperr.Current(cmd.ExpectedVersion, row.Version); err != nil {
			return err
		}
		before, after := map[string]any{}, map[string]any{}
		update := tx.RolePackage.Update().Where(rolepackage.ID(row.ID)).AddVersion(1)
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
			return fmt.Errorf("authority: update a package: %w", err)
		}
		return audit.Record(ctx, s.db, audit.Event{Client: row.ClientID, Operation: "packageUpdate", Kind: "Package", Object: string(row.ID), Before: before, After: after})
	})
}

// DeletePackage deletes a package: no client has it any more (authority Package_DELETE). Errors: NOT_FOUND, NOT_ALLOWED,
// CONFLICT.
func (s *Service) DeletePackage(ctx context.Context, id oid.Package, expected *int) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		seen, err := s.packageToChange(ctx, tx, id, false)
		if err != nil {
			return err
		}
		return s.taking(ctx, tx, ofPackage(id), "input.id", func() error {
			if seen.Base { // a new client may be about to get it
				if err := lockBase(ctx, tx, true); err != nil {
					return err
				}
			}
			row, err := s.packageToChange(ctx, tx, id, true)
			if err != nil {
				return err
			}
			if err := apperr.Current(expected, row.Version); err != nil {
				return err
			}
			return s.deletePackage(ctx, tx, row)
		})
	})
}

func (s *Service) deletePackage(ctx context.Context, tx *ent.Client, row *ent.RolePackage) error {
	roles, err := heldBy[oid.Role](ctx, s, packageRoles, row.ID)
	if err != nil {
		return err
	}
	if err := s.takeFromAll(ctx, row); err != nil {
		return err
	}
	if err := s.cut(ctx, packageRoles.table, packageRoles.holder, string(row.ID)); err != nil {
		return err
	}
	if err := tx.RolePackage.DeleteOneID(row.ID).Exec(ctx); err != nil {
		return fmt.Errorf("authority: delete a package: %w", err)
	}
	return audit.Record(ctx, s.db, audit.Event{Client: row.ClientID, Operation: "packageDelete", Kind: "Package", Object: string(row.ID),
		Before: map[string]any{"code": row.Code, "name": row.Name, "description": row.Description, "base": row.Base,
			"clientId": row.ClientID, "applicationId": row.ApplicationID, "roleIds": roles}})
}

// AddPackageRoles puts roles into a package (authority Package_UPDATE). Where it is given to clients already, that counts
// as giving. Errors: NOT_FOUND, NOT_ALLOWED.
func (s *Service) AddPackageRoles(ctx context.Context, id oid.Package, roles []oid.Role) error {
	named, err := some("input.roleIds", roles)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		row, err := s.packageToChange(ctx, tx, id, true)
		if err != nil {
			return err
		}
		if _, err := rolesInSight(ctx, tx, named, store.Shared); err != nil {
			return err
		}
		holds, err := heldBy[oid.Role](ctx, s, packageRoles, id)
		if err != nil {
			return err
		}
		fresh := among(named, holds, false)
		if len(fresh) == 0 {
			return nil
		}
		if err := mayGive(ctx, s, byRole, fresh); err != nil {
			return err
		}
		if err := tx.RolePackage.Update().Where(rolepackage.ID(id)).AddVersion(1).AddRoleIDs(idsIn(fresh)...).Exec(ctx); err != nil {
			return gone(err, "input.roleIds", "add roles to a package")
		}
		return audit.Record(ctx, s.db, packageRoles.came("packageRolesAdd", row.ClientID, string(id), idsIn(fresh)))
	})
}

// RemovePackageRoles takes roles out of a package (authority Package_UPDATE). Errors: NOT_FOUND, NOT_ALLOWED.
func (s *Service) RemovePackageRoles(ctx context.Context, id oid.Package, roles []oid.Role) error {
	const path = "input.roleIds"
	named, err := some(path, roles)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		if _, err := s.packageToChange(ctx, tx, id, false); err != nil {
			return err
		}
		if _, err := rolesInSight(ctx, tx, named); err != nil {
			return err
		}
		return s.taking(ctx, tx, ofPackage(id), path, func() error {
			row, err := s.packageToChange(ctx, tx, id, true)
			if err != nil {
				return err
			}
			holds, err := heldBy[oid.Role](ctx, s, packageRoles, id)
			if err != nil {
				return err
			}
			going := idsIn(among(named, holds, true))
			if len(going) == 0 {
				return nil
			}
			if err := tx.RolePackage.Update().Where(rolepackage.ID(id)).AddVersion(1).RemoveRoleIDs(going...).Exec(ctx); err != nil {
				return fmt.Errorf("authority: remove roles from a package: %w", err)
			}
			return audit.Record(ctx, s.db, packageRoles.went("packageRolesRemove", row.ClientID, string(id), going))
		})
	})
}
