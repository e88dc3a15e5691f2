package graph

import (
	"context"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/definitionversion"
	"github.com/appanage/appanage/graph/model"
	"github.com/appanage/appanage/internal/definition"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

// placeOf reads what names a definition in an input.
func placeOf(applicationID string, kind enum.DefinitionKind, name string) (definition.Place, error) {
	app, err := parseID[oid.Application]("input.applicationId", applicationID)
	return definition.Place{Application: app, Kind: kind, Name: name}, err
}

// saved is what the payload shows of a definition that was saved.
type saved struct {
	definition *model.Definition
	conflicts  []*model.DefinitionConflict
	errors     []*model.UserError
}

// savedDefinition runs a command that changes the caller's layer of the definition at a place. It gives an id by which a
// repeat finds the same, and conflicts that only the author is told of; a repeat does not know of those any more. What the
// payload shows beside is read after the commit.
func savedDefinition[T oid.ID](
	ctx context.Context, r *Resolver, command func(context.Context) (T, []definition.Conflict, error), at func(context.Context, T) (definition.Place, error),
) (saved, error) {
	out := saved{conflicts: []*model.DefinitionConflict{}}
	var told []definition.Conflict
	id, errs, err := done(ctx, r, func(ctx context.Context) (id T, err error) {
		id, told, err = command(ctx)
		return id, err
	})
	out.errors = errs
	if err != nil || len(errs) > 0 || len(chosen(ctx, "definition"))+len(chosen(ctx, "conflicts")) == 0 {
		return out, err
	}
	place, err := at(ctx, id)
	if err != nil {
		return out, err
	}
	reading, err := r.Definitions.Read(ctx, definition.Question{Place: place})
	if err != nil {
		return out, err
	}
	met, err := reading.Met(ctx, place, told)
	if err != nil {
		return out, err
	}
	for _, c := range append(told, met...) {
		out.conflicts = append(out.conflicts, conflictOf(c))
	}
	out.definition, err = definitionOf(reading, nil)
	return out, err
}

// saveDefinition saves or patches: the application is the id by which a repeat finds the same, with what the input names.
func (r *Resolver) saveDefinition(
	ctx context.Context, applicationID string, kind enum.DefinitionKind, name string, command func(context.Context, definition.Place) ([]definition.Conflict, error),
) (saved, error) {
	return savedDefinition(ctx, r, func(ctx context.Context) (oid.Application, []definition.Conflict, error) {
		place, err := placeOf(applicationID, kind, name)
		if err != nil {
			return "", nil, err
		}
		met, err := command(ctx, place)
		return place.Application, met, err
	}, func(_ context.Context, id oid.Application) (definition.Place, error) {
		return definition.Place{Application: id, Kind: kind, Name: name}, nil
	})
}

func (r *Resolver) restoreDefinition(ctx context.Context, input model.DefinitionRestoreInput) (saved, error) {
	return savedDefinition(ctx, r, func(ctx context.Context) (oid.DefinitionVersion, []definition.Conflict, error) {
		id, err := parseID[oid.DefinitionVersion]("input.versionId", input.VersionID)
		if err != nil {
			return "", nil, err
		}
		return id, nil, r.Definitions.Restore(ctx, definition.Restore{Version: id, ExpectedVersion: input.ExpectedVersion.Value()})
	}, func(ctx context.Context, id oid.DefinitionVersion) (definition.Place, error) {
		row, err := found(r.definitionVersionByID(ctx, id))
		if row == nil || err != nil {
			return definition.Place{}, err
		}
		return definition.PlaceOf(row), nil
	})
}

// deleteDefinition takes a layer away, and gives its id and how many went with it. A repeat counts the same.
func (r *Resolver) deleteDefinition(ctx context.Context, input model.DefinitionDeleteInput) (*model.DefinitionDeletePayload, error) {
	place, invalid := placeOf(input.ApplicationID, input.Kind, input.Name)
	id, errs, err := ended(ctx, r, func(ctx context.Context) (oid.DefinitionLayer, error) {
		if invalid != nil {
			return "", invalid
		}
		force := input.Force.Value()
		return r.Definitions.Delete(ctx, definition.Delete{Place: place, ExpectedVersion: input.ExpectedVersion.Value(), Force: force != nil && *force})
	})
	out := &model.DefinitionDeletePayload{LayerID: id, Errors: errs}
	if err != nil || len(errs) > 0 {
		return out, err
	}
	if len(chosen(ctx, "overlaysRemoved")) > 0 {
		if out.OverlaysRemoved, err = r.Definitions.Removed(ctx, place); err != nil {
			return out, err
		}
	}
	if len(chosen(ctx, "definition")) > 0 {
		out.Definition, err = definitionOf(r.Definitions.Read(ctx, definition.Question{Place: place}))
	}
	return out, err
}

func (r *Resolver) definitionVersionByID(ctx context.Context, id oid.DefinitionVersion) (*ent.DefinitionVersion, error) {
	return r.DB.Client(ctx).DefinitionVersion.Query().Where(definitionversion.ID(id)).Only(ctx)
}

// changesSince is what makes another version of the same layer into this one.
func (r *Resolver) changesSince(ctx context.Context, to *ent.DefinitionVersion, versionID string) (*model.JSON, error) {
	id, err := parseID[oid.DefinitionVersion]("versionId", versionID)
	if err != nil {
		return nil, err
	}
	from, err := found(r.definitionVersionByID(ctx, id))
	if from == nil || err != nil {
		return nil, err
	}
	changes, ok, err := definition.Changes(from, to)
	if !ok || err != nil {
		return nil, err
	}
	return jsonOf(changes), nil
}
