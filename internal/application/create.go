package application

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/claim"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/fold"
	"github.com/appanage/appanage/internal/input"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/scope"
	"github.com/appanage/appanage/internal/store"
)

// Create is an application to be made (domain 4.1 to 4.3).
type Create struct {
	Name         string
	Code         string // made from the name when empty
	Type         enum.ApplicationType
	AccessType   enum.AccessType
	ThumbnailURL *string
	Owner        oid.Client // the caller's client when empty
}

// Validate brings the command to canonical form and joins what is wrong with it. Capitals in a code are lowered.
func (c *Create) Validate() error {
	var errs apperr.Collector
	input.Name(&errs, "input.name", &c.Name)
	checkThumbnail(&errs, c.ThumbnailURL)
	input.Word(&errs, "input.type", c.Type)
	input.Word(&errs, "input.accessType", c.AccessType)
	given := c.Code != "" // of spaces alone is given too, and no code
	c.Code = strings.ToLower(strings.TrimSpace(c.Code))
	switch {
	case !given:
	case !codePattern.MatchString(c.Code):
		errs.Add(apperr.At("input.code", apperr.Invalid,
			"a code is 2 to 63 letters a to z, digits and dashes, begins with a letter and does not end in a dash"))
	case claim.Applications.Reserved(c.Code):
		errs.Add(apperr.At("input.code", apperr.Reserved, "the code %q is kept by the platform", c.Code))
	}
	return errs.Err()
}

// Create makes an application (authority Application_CREATE). Errors: INVALID, RESERVED, TAKEN, NOT_FOUND (the owner
// named), NOT_ALLOWED (an owner named with EXPLICIT).
func (s *Service) Create(ctx context.Context, cmd Create) (oid.Application, error) {
	if err := cmd.Validate(); err != nil {
		return "", err
	}
	id := oid.New[oid.Application]()
	err := s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		owner, err := s.heldOwner(ctx, tx, cmd)
		if err != nil {
			return err
		}
		code, err := claim.Code(ctx, tx, claim.Applications, cmd.Code, cmd.Name)
		if err != nil {
			return err
		}
		return s.insert(ctx, tx, id, cmd, code, owner)
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

// heldOwner decides who owns the new application, and has him and the creator stay until the transaction ends. It decides
// twice: to know whom to hold, and when they are held.
func (s *Service) heldOwner(ctx context.Context, tx *ent.Client, cmd Create) (oid.Client, error) {
	owner, err := ownerOf(ctx, tx, cmd)
	if err != nil {
		return "", err
	}
	query, mine := "SELECT id FROM clients WHERE id IN (?, ?) ORDER BY id", actor.From(ctx).Client
	if s.db.Engine() == store.MySQL {
		query += " LOCK IN SHARE MODE"
	}
	held, err := store.Column[oid.Client](ctx, s.db, query, owner, mine)
	if err != nil {
		return "", fmt.Errorf("application: hold the owner: %w", err)
	}
	if !slices.Contains(held, mine) {
		return "", apperr.New(apperr.Unauthenticated, "the token is not valid, or no longer")
	}
	return ownerOf(ctx, tx, cmd)
}

// ownerOf decides who owns the new application (domain 4.3).
func ownerOf(ctx context.Context, tx *ent.Client, cmd Create) (oid.Client, error) {
	mine := actor.From(ctx).Client
	if cmd.AccessType == enum.AccessExplicit {
		manager, err := managerOf(ctx, tx, mine)
		if err == nil && cmd.Owner != "" && cmd.Owner != manager {
			return "", apperr.At("input.clientId", apperr.NotAllowed, "an EXPLICIT application is owned by the client that manages yours: name none")
		}
		return manager, err
	}
	if cmd.Owner == "" || cmd.Owner == mine {
		return mine, nil
	}
	known, err := tx.Tenant.Query().Where(tenant.ID(cmd.Owner), scope.Listed(ctx, "Tenant")).Exist(ctx)
	if err != nil {
		return "", fmt.Errorf("application: read the owner: %w", err)
	}
	if !known {
		return "", apperr.At("input.clientId", apperr.NotFound, "no such client")
	}
	return cmd.Owner, nil
}

// managerOf is the client that manages the caller's; SYSTEM for SYSTEM.
func managerOf(ctx context.Context, tx *ent.Client, client oid.Client) (oid.Client, error) {
	row, err := tx.Tenant.Get(ctx, client)
	if err != nil {
		return "", fmt.Errorf("application: read the caller's client: %w", err)
	}
	if row.ManagerID == nil {
		return row.ID, nil
	}
	return *row.ManagerID, nil
}

func (s *Service) insert(ctx context.Context, tx *ent.Client, id oid.Application, cmd Create, code string, owner oid.Client) error {
	a := actor.From(ctx)
	write := ctx
	if owner != a.Client && cmd.AccessType == enum.AccessExplicit {
		write = actor.System(ctx, "an EXPLICIT application belongs to the manager, out of the caller's scope, domain 4.3")
	}
	err := tx.Application.Create().SetID(id).SetClientID(owner).SetCreatorID(a.Client).SetCode(code).SetName(cmd.Name).
		SetNameKey(fold.Key(cmd.Name)).SetType(cmd.Type).SetAccessType(cmd.AccessType).SetNillableThumbnailURL(cmd.ThumbnailURL).Exec(write)
	if err != nil {
		return fmt.Errorf("application: insert: %w", err)
	}
	events := []audit.Event{{Client: owner, Operation: "applicationCreate", Kind: "Application", Object: string(id),
		After: map[string]any{"code": code, "name": cmd.Name, "type": cmd.Type, "accessType": cmd.AccessType, "clientId": owner, "thumbnailUrl": cmd.ThumbnailURL}}}
	if owner != a.Client {
		grant := oid.New[oid.AccessGrant]()
		create := tx.AccessGrant.Create().SetID(grant).SetClientID(a.Client).SetApplicationID(id).SetLevel(enum.LevelWrite).
			SetReason("creator").SetGiverID(owner)
		if a.User != "" {
			create.SetGivenByID(a.User)
		}
		if err := create.Exec(write); err != nil {
			return fmt.Errorf("application: grant the creator: %w", err)
		}
		events = append(events, audit.Event{Client: a.Client, Operation: "applicationCreate", Kind: "AccessGrant", Object: string(grant),
			After: map[string]any{"applicationId": id, "level": enum.LevelWrite, "reason": "creator"}})
	}
	return audit.Record(ctx, s.db, events...)
}
