package graph

import (
	"context"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/graph/model"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/tenancy"
)

// clientByID reads a client for a payload.
func (r *Resolver) clientByID(ctx context.Context, id oid.Client) (*ent.Tenant, error) {
	return r.DB.Client(ctx).Tenant.Query().Where(tenant.ID(id)).Only(ctx)
}

// createClient makes a client. Scopes that are listed do not have it yet: this request's gets it, and this node reads the
// caller anew at his next.
func (r *Resolver) createClient(ctx context.Context, input model.ClientCreateInput) (oid.Client, error) {
	manager, err := optionalID[oid.Client]("input.managerId", input.ManagerID)
	if err != nil {
		return "", err
	}
	id, err := r.Tenancy.Create(ctx, tenancy.Create{
		Manager: manager, Code: text(input.Code), Name: input.Name, Type: input.Type, Isolated: input.Isolated,
		Locale: text(input.Locale), TimeZone: text(input.TimeZone), Currency: text(input.Currency),
	})
	if err != nil {
		return "", err
	}
	who := actor.From(ctx)
	r.DB.AfterCommit(ctx, func() {
		who.Reaches(id)
		r.SignedOut(who.Session)
	})
	return id, nil
}

func (r *Resolver) updateClient(ctx context.Context, input model.ClientUpdateInput) (oid.Client, error) {
	id, err := parseID[oid.Client]("input.id", input.ID)
	if err != nil {
		return "", err
	}
	return id, r.Tenancy.Update(ctx, tenancy.Update{
		ID: id, ExpectedVersion: input.ExpectedVersion.Value(), Name: input.Name.Value(),
		Locale: input.Locale.Value(), TimeZone: input.TimeZone.Value(), Currency: input.Currency.Value(),
	})
}

func (r *Resolver) suspendClient(ctx context.Context, input model.ClientSuspendInput) (oid.Client, error) {
	id, err := parseID[oid.Client]("input.id", input.ID)
	if err != nil {
		return "", err
	}
	return id, r.Tenancy.Suspend(ctx, tenancy.SetStatus{ID: id, ExpectedVersion: input.ExpectedVersion.Value()})
}

func (r *Resolver) resumeClient(ctx context.Context, input model.ClientResumeInput) (oid.Client, error) {
	id, err := parseID[oid.Client]("input.id", input.ID)
	if err != nil {
		return "", err
	}
	return id, r.Tenancy.Resume(ctx, tenancy.SetStatus{ID: id, ExpectedVersion: input.ExpectedVersion.Value()})
}

func (r *Resolver) moveClient(ctx context.Context, input model.ClientMoveInput) (oid.Client, error) {
	var errs apperr.Collector
	id, err := parseID[oid.Client]("input.id", input.ID)
	errs.AddErr(err)
	manager, err := parseID[oid.Client]("input.managerId", input.ManagerID)
	errs.AddErr(err)
	if err := errs.Err(); err != nil {
		return "", err
	}
	return id, r.Tenancy.Move(ctx, tenancy.Move{ID: id, ExpectedVersion: input.ExpectedVersion.Value(), Manager: manager})
}

func (r *Resolver) deleteClient(ctx context.Context, input model.ClientDeleteInput) (oid.Client, error) {
	id, err := parseID[oid.Client]("input.id", input.ID)
	if err != nil {
		return "", err
	}
	return id, r.Tenancy.Delete(ctx, tenancy.Delete{ID: id, ExpectedVersion: input.ExpectedVersion.Value()})
}
