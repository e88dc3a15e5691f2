package application

import (
	"context"
	"fmt"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/outbox"
	"github.com/appanage/appanage/internal/removal"
)

// TopicRemoved is what services that hold data of their own are told of (domain 11.4).
const TopicRemoved = "application.removed"

// operationRemove names the removal in the trail.
const operationRemove = "applicationRemove"

// Removals plans removals of applications, and makes them (domain 11.2, 11.3).
type Removals struct {
	*Service
	RemovalOptions
}

// RemovalOptions are what removals need beside the database.
type RemovalOptions struct {
	Rules  authz.Rules
	Guards *authority.Service
	// Key signs plans. All servers of one database have the same.
	Key []byte
	// Participants are the names of the services that are told.
	Participants []string
}

// Removals is the part of the service that removes.
func (s *Service) Removals(o RemovalOptions) *Removals { return &Removals{s, o} }

// Remove removes an application by a plan.
type Remove struct {
	ID    oid.Application
	Token string // of the plan
	Force bool
}

// Remove takes an archived application away with all that belongs to it (authority Application_DELETE). Errors: NOT_FOUND,
// NOT_ALLOWED, CONFLICT.
//
// The application is locked first, and so is what of it others may name: whoever adds something waits, and then finds
// nothing to add it to.
func (s *Removals) Remove(ctx context.Context, cmd Remove) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		row, err := s.load(ctx, tx, cmd.ID, "input.id")
		if err != nil {
			return err
		}
		if err := s.mayRemove(ctx, tx, row, cmd); err != nil {
			return err
		}
		r := removal.Applications.Of(s.db, string(row.ID))
		if err := r.Lock(ctx); err != nil {
			return err
		}
		plan, err := s.plan(ctx, row)
		if err != nil {
			return err
		}
		if err := s.follows(plan, cmd); err != nil {
			return err
		}
		var counts map[string]int
		losers, args := r.Losers()
		err = s.Guards.Taking(ctx, tx, losers, args, "input.id", func() error {
			counts, err = r.Run(ctx)
			return err
		})
		if err != nil {
			return err
		}
		return s.tellRemoved(ctx, row, counts)
	})
}

func (s *Removals) mayRemove(ctx context.Context, tx *ent.Client, row *ent.Application, cmd Remove) error {
	c, err := caller(ctx, tx, row)
	switch {
	case err != nil:
		return err
	case !s.Rules.Removes(c, facts(row)):
		return apperr.At("input.id", apperr.NotAllowed, "only the owner, the clients managing it, SYSTEM, and the creator of an EXPLICIT application may remove it")
	case cmd.Force && !s.Rules.ForcesRemoval(c):
		return apperr.At("input.force", apperr.NotAllowed, "only the owner, the clients managing it and SYSTEM remove an application that something stands against")
	case row.Status != enum.ApplicationArchived:
		return apperr.At("input.id", apperr.NotAllowed, "an application in use is not removed: archive it first")
	}
	return nil
}

// follows tells whether a removal is what the plan of its token says.
func (s *Removals) follows(now *Plan, cmd Remove) error {
	if !now.holds(s.Key, cmd.Token) {
		return apperr.At("input.token", apperr.Conflict, "what would go, or what stands against it, is not what the plan says: ask for a new one")
	}
	if len(now.Obstacles) > 0 && !cmd.Force {
		clients, dependents := now.against(enum.ObstacleClients), now.against(enum.ObstacleDependents)
		return apperr.At("input.force", apperr.NotAllowed, "it takes `force`: other clients that have access: %d, applications that depend on it: %d", clients, dependents)
	}
	return nil
}

// tellRemoved writes the one event of the removal into the trail, and one for each service into the outbox.
func (s *Removals) tellRemoved(ctx context.Context, row *ent.Application, deleted map[string]int) error {
	removed := map[string]int{}
	for table, n := range deleted {
		if kind, counted := removal.Applications.Kinds[table]; counted {
			removed[kind.Name] = n
		}
	}
	err := audit.Record(ctx, s.db, audit.Event{Client: row.ClientID, Operation: operationRemove, Kind: "Application", Object: string(row.ID),
		Before: map[string]any{
			"code": row.Code, "name": row.Name, "type": row.Type, "accessType": row.AccessType, "clientId": row.ClientID,
			"creatorId": row.CreatorID, "thumbnailUrl": row.ThumbnailURL, "version": row.Version, "removed": removed,
		}})
	if err != nil {
		return fmt.Errorf("application: record a removal: %w", err)
	}
	for _, name := range s.Participants {
		err := outbox.Write(ctx, s.db, outbox.Event{Topic: TopicRemoved, Client: row.ClientID, Object: string(row.ID), Participant: name,
			Payload: map[string]any{"applicationId": row.ID, "clientId": row.ClientID, "code": row.Code}})
		if err != nil {
			return fmt.Errorf("application: tell %s of a removal: %w", name, err)
		}
	}
	return nil
}
