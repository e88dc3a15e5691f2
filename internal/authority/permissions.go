package authority

import (
	"context"
	"fmt"
	"regexp"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/ent/permission"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/fold"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// longestPermission leaves room in the authority for the code of the application.
const longestPermission = 127

var permissionPattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*_[A-Za-z][A-Za-z0-9]*$`)

// CreatePermission is a permission of an application to be made (domain 3.1).
type CreatePermission struct {
	Application oid.Application
	Name        string // Entity_ACTION
	Description string
}

// Validate brings the command to canonical form and joins what is wrong with it.
func (c *CreatePermission) Validate() error {
	var errs apperr.Collector
	if c.Name = fold.Text(c.Name); len(c.Name) > longestPermission || !permissionPattern.MatchString(c.Name) {
		errs.Add(apperr.At("input.name", apperr.Invalid,
			"the name of a permission is an entity and an action of letters and digits, with one underscore between, of %d characters at most", longestPermission))
	}
	checkDescription(&errs, &c.Description)
	return errs.Err()
}

// CreatePermission makes a permission (authority Permission_CREATE). Errors: INVALID, TAKEN, NOT_FOUND, NOT_ALLOWED.
func (s *Service) CreatePermission(ctx context.Context, cmd CreatePermission) (oid.Permission, error) {
	if err := cmd.Validate(); err != nil {
		return "", err
	}
	id := oid.New[oid.Permission]()
	err := s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		app, err := store.ForUpdate(s.db, tx.Application.Query().Where(application.ID(cmd.Application))).Only(ctx)
		if ent.IsNotFound(err) {
			return apperr.At("input.applicationId", apperr.NotFound, "no such application")
		}
		if err != nil {
			return fmt.Errorf("authority: read the application: %w", err)
		}
		if in, err := store.InScope(ctx, tx, app.ClientID); err != nil {
			return err
		} else if !in {
			return apperr.At("input.applicationId", apperr.NotAllowed, "only the owner of an application, and the clients managing it, make permissions of it")
		}
		if !s.rules.Grows(app.Status) {
			return apperr.Archived("input.applicationId")
		}
		return s.insertPermission(ctx, tx, id, app, cmd)
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

func (s *Service) insertPermission(ctx context.Context, tx *ent.Client, id oid.Permission, app *ent.Application, cmd CreatePermission) error {
	name := app.Code + "." + cmd.Name
	err := tx.Permission.Create().SetID(id).SetClientID(app.ClientID).SetApplicationID(app.ID).SetAuthority(name).
		SetAuthorityKey(fold.Key(name)).SetDescription(cmd.Description).Exec(ctx)
	if store.IsUnique(err) {
		return apperr.At("input.name", apperr.Taken, "the application has a permission %q already", name)
	}
	if err != nil {
		return fmt.Errorf("authority: insert a permission: %w", err)
	}
	return audit.Record(ctx, s.db, audit.Event{Client: app.ClientID, Operation: "permissionCreate", Kind: "Permission", Object: string(id),
		After: map[string]any{"authority": name, "description": cmd.Description, "applicationId": app.ID}})
}

// permission reads one for a change, its row locked.
func (s *Service) permission(ctx context.Context, tx *ent.Client, id oid.Permission, expected *int) (*ent.Permission, error) {
	row, err := store.ForUpdate(s.db, tx.Permission.Query().Where(permission.ID(id))).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, apperr.At("input.id", apperr.NotFound, "no such permission")
	}
	if err != nil {
		return nil, fmt.Errorf("authority: read a permission: %w", err)
	}
	if err := mayChange(ctx, tx, row.ClientID, row.BuiltIn); err != nil {
		return nil, err
	}
	return row, apperr.Current(expected, row.Version)
}

// UpdatePermission changes the description of a permission. nil stays.
type UpdatePermission struct {
	ID              oid.Permission
	ExpectedVersion *int
	Description     *string
}

// UpdatePermission changes a permission (authority Permission_UPDATE). Errors: INVALID, NOT_FOUND, NOT_ALLOWED, CONFLICT.
func (s *Service) UpdatePermission(ctx context.Context, cmd UpdatePermission) error {
	var errs apperr.Collector
	if cmd.Description != nil {
		checkDescription(&errs, cmd.Description)
	}
	if err := errs.Err(); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		row, err := s.permission(ctx, tx, cmd.ID, cmd.ExpectedVersion)
		if err != nil || cmd.Description == nil || *cmd.Description == row.Description {
			return err
		}
		if err := tx.Permission.Update().Where(permission.ID(row.ID)).AddVersion(1).SetDescription(*cmd.Description).Exec(ctx); err != nil {
			return fmt.Errorf("authority: update a permission: %w", err)
		}
		return audit.Record(ctx, s.db, audit.Event{Client: row.ClientID, Operation: "permissionUpdate", Kind: "Permission", Object: string(row.ID),
			Before: map[string]any{"description": row.Description}, After: map[string]any{"description": *cmd.Description}})
	})
}

// DeletePermission deletes a permission, and takes it out of every role (authority Permission_DELETE). Only permissions
// of applications go, and none of those makes an administrator. Errors: NOT_FOUND, NOT_ALLOWED, CONFLICT.
func (s *Service) DeletePermission(ctx context.Context, id oid.Permission, expected *int) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		row, err := s.permission(ctx, tx, id, expected)
		if err != nil {
			return err
		}
		if err := s.release(ctx, "permissionDelete", rolePermissions, string(id)); err != nil {
			return err
		}
		if err := tx.Permission.DeleteOneID(id).Exec(ctx); err != nil {
			return fmt.Errorf("authority: delete a permission: %w", err)
		}
		return audit.Record(ctx, s.db, audit.Event{Client: row.ClientID, Operation: "permissionDelete", Kind: "Permission", Object: string(id),
			Before: map[string]any{"authority": row.Authority, "description": row.Description, "applicationId": row.ApplicationID}})
	})
}
