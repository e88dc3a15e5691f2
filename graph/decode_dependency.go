package graph

import (
	"context"

	"github.com/appanage/appanage/ent"
	entapplication "github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/ent/applicationdependency"
	"github.com/appanage/appanage/graph/model"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/application"
	"github.com/appanage/appanage/internal/dependency"
	"github.com/appanage/appanage/internal/oid"
)

func (r *Resolver) addDependency(ctx context.Context, input model.ApplicationDependencyAddInput) (oid.Dependency, error) {
	var errs apperr.Collector
	app, err := parseID[oid.Application]("input.applicationId", input.ApplicationID)
	errs.AddErr(err)
	on, err := parseID[oid.Application]("input.dependencyId", input.DependencyID)
	errs.AddErr(err)
	if err := errs.Err(); err != nil {
		return "", err
	}
	return r.Embedding.Add(ctx, dependency.Add{Application: app, Dependency: on, Position: input.Position.Value()})
}

func (r *Resolver) removeDependency(ctx context.Context, input model.ApplicationDependencyRemoveInput) (oid.Dependency, error) {
	id, err := parseID[oid.Dependency]("input.id", input.ID)
	if err != nil {
		return "", err
	}
	return id, r.Embedding.Remove(ctx, dependency.Remove{ID: id, ExpectedVersion: input.ExpectedVersion.Value()})
}

// dependencyByID reads a dependency for a payload.
func (r *Resolver) dependencyByID(ctx context.Context, id oid.Dependency) (*ent.ApplicationDependency, error) {
	return r.DB.Client(ctx).ApplicationDependency.Query().Where(applicationdependency.ID(id)).Only(ctx)
}

// loaded shows a load order: the applications that the caller sees, and null for the others.
func (r *Resolver) loaded(ctx context.Context, list []dependency.Loaded) ([]*model.LoadedDependency, error) {
	ids := make([]oid.Application, len(list))
	for i, l := range list {
		ids[i] = l.Application
	}
	rows, err := r.DB.Client(ctx).Application.Query().Where(entapplication.IDIn(ids...)).All(ctx)
	if err != nil {
		return nil, err
	}
	seen := make(map[oid.Application]*ent.Application, len(rows))
	for _, row := range rows {
		seen[row.ID] = row
	}
	out := make([]*model.LoadedDependency, len(list))
	for i, l := range list {
		out[i] = &model.LoadedDependency{Application: seen[l.Application], Depth: l.Depth, State: l.State}
	}
	return out, nil
}

func (r *Resolver) archiveApplication(ctx context.Context, input model.ApplicationArchiveInput) (oid.Application, error) {
	id, err := parseID[oid.Application]("input.id", input.ID)
	if err != nil {
		return "", err
	}
	ended, err := r.Applications.Archive(ctx, application.SetStatus{ID: id, ExpectedVersion: input.ExpectedVersion.Value()})
	if err == nil {
		r.forget(ctx, ended)
	}
	return id, err
}

func (r *Resolver) restoreApplication(ctx context.Context, input model.ApplicationRestoreInput) (oid.Application, error) {
	id, err := parseID[oid.Application]("input.id", input.ID)
	if err != nil {
		return "", err
	}
	return id, r.Applications.Restore(ctx, application.SetStatus{ID: id, ExpectedVersion: input.ExpectedVersion.Value()})
}
