package graph

import (
	"context"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/graph/model"
	"github.com/appanage/appanage/internal/definition"
	"github.com/appanage/appanage/internal/delta"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

// definition reads a definition as it is in force for a client.
func (r *Resolver) definition(ctx context.Context, applicationID string, kind enum.DefinitionKind, name string, clientID, ifNoneMatch *string) (*model.Definition, error) {
	app, err := parseID[oid.Application]("applicationId", applicationID)
	if err != nil {
		return nil, err
	}
	client, err := optionalClient(clientID)
	if err != nil {
		return nil, err
	}
	q := definition.Question{Place: definition.Place{Application: app, Kind: kind, Name: name}, Client: client}
	if ifNoneMatch != nil {
		q.IfNoneMatch = *ifNoneMatch
	}
	return definitionOf(r.Definitions.Read(ctx, q))
}

// optionalClient reads the argument clientId, "" where it is absent.
func optionalClient(id *string) (oid.Client, error) {
	if id == nil {
		return "", nil
	}
	return parseID[oid.Client]("clientId", *id)
}

// definitionThrough reads a definition through a URL.
func (r *Resolver) definitionThrough(ctx context.Context, at *model.ResolvedURL, kind enum.DefinitionKind, name string, ifNoneMatch *string) (*model.Definition, error) {
	q := definition.Question{Place: definition.Place{Application: at.Application, Kind: kind, Name: name}, Client: at.Client}
	if ifNoneMatch != nil {
		q.IfNoneMatch = *ifNoneMatch
	}
	return definitionOf(r.Definitions.Through(ctx, q))
}

// definitionOf shows a reading; nil is null.
func definitionOf(reading *definition.Reading, err error) (*model.Definition, error) {
	if reading == nil || err != nil {
		return nil, err
	}
	d := &model.Definition{
		Kind: reading.Kind, Name: reading.Name, ApplicationCode: reading.Code, Etag: reading.Etag, Unchanged: reading.Unchanged,
		Public: reading.Public, Final: reading.Final, Made: reading,
	}
	if !reading.Unchanged {
		content := model.JSON(reading.Content)
		d.Content = &content
	}
	return d, nil
}

// readingOf is what a definition was made from.
func readingOf(d *model.Definition) *definition.Reading {
	reading, _ := d.Made.(*definition.Reading) // only definitionOf makes one
	return reading
}

// layersOf are the layers of a definition, nil for a reader without access to the application.
func layersOf(d *model.Definition) []*model.ResolvedLayer {
	list, ok := readingOf(d).Layers()
	if !ok {
		return nil
	}
	out := make([]*model.ResolvedLayer, len(list))
	for i := range list {
		out[i] = layerOf(&list[i])
	}
	return out
}

func layerOf(l *definition.LayerSeen) *model.ResolvedLayer {
	return &model.ResolvedLayer{
		Source: l.Source, State: l.State, Whole: l.Whole, Final: l.Final, Content: model.JSON(l.Content.String()),
		Number: l.Number, UpdatedAt: l.UpdatedAt, ClientID: l.Client,
	}
}

// conflictsOf are the conflicts of a definition, nil for a reader without access to the application.
func conflictsOf(ctx context.Context, d *model.Definition) ([]*model.DefinitionConflict, error) {
	list, ok, err := readingOf(d).Conflicts(ctx)
	if !ok || err != nil {
		return nil, err
	}
	out := make([]*model.DefinitionConflict, len(list))
	for i, c := range list {
		out[i] = conflictOf(c)
	}
	return out, nil
}

func conflictOf(c definition.Conflict) *model.DefinitionConflict {
	return &model.DefinitionConflict{Path: c.Pointer, Source: c.Source, Theirs: jsonOf(c.Theirs), Ours: jsonOf(c.Ours)}
}

// jsonOf is null for what is not there.
func jsonOf(v delta.Value) *model.JSON {
	if !v.Present() {
		return nil
	}
	text := model.JSON(v.String())
	return &text
}

// clientOf is the client of a layer, null where it is not visible.
func (r *Resolver) clientOf(ctx context.Context, id oid.Client) (*ent.Tenant, error) {
	return found(r.DB.Client(ctx).Tenant.Query().Where(tenant.ID(id)).Only(ctx))
}
