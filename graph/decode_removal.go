package graph

import (
	"context"

	"github.com/appanage/appanage/graph/model"
	"github.com/appanage/appanage/internal/application"
	"github.com/appanage/appanage/internal/oid"
)

func (r *Resolver) removeApplication(ctx context.Context, input model.ApplicationRemoveInput) (oid.Application, error) {
	id, err := parseID[oid.Application]("input.id", input.ID)
	if err != nil {
		return "", err
	}
	return id, r.Removals.Remove(ctx, application.Remove{ID: id, Token: input.Token, Force: input.Force})
}

// removed shows what went with an application: as the trail has it, so that a repeat with an Idempotency-Key says the same.
func (r *Resolver) removed(ctx context.Context, id *string) ([]*model.RemovalCount, error) {
	if id == nil || len(chosen(ctx, "counts")) == 0 {
		return []*model.RemovalCount{}, nil
	}
	counts, err := r.Removals.Removed(ctx, oid.Application(*id))
	return removalCounts(counts), err
}

func removalCounts(counts []application.Count) []*model.RemovalCount {
	out := make([]*model.RemovalCount, len(counts))
	for i, c := range counts {
		out[i] = &model.RemovalCount{Kind: c.Kind, Count: c.Count, Expiring: c.Expiring}
	}
	return out
}

func removalPlan(p *application.Plan) *model.ApplicationRemovalPlan {
	if p == nil {
		return nil
	}
	obstacles := make([]*model.RemovalObstacle, len(p.Obstacles))
	for i, o := range p.Obstacles {
		obstacles[i] = &model.RemovalObstacle{Kind: o.Kind, Count: o.Count}
	}
	return &model.ApplicationRemovalPlan{Application: p.Application, Token: p.Token, Counts: removalCounts(p.Counts), Obstacles: obstacles}
}
