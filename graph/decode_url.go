package graph

import (
	"context"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/clienturl"
	"github.com/appanage/appanage/graph/model"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/urls"
)

// clientURLByID reads a URL for a payload.
func (r *Resolver) clientURLByID(ctx context.Context, id oid.ClientURL) (*ent.ClientURL, error) {
	return r.DB.Client(ctx).ClientURL.Query().Where(clienturl.ID(id)).Only(ctx)
}

func (r *Resolver) bindURL(ctx context.Context, input model.ClientURLBindInput) (oid.ClientURL, error) {
	var errs apperr.Collector
	app, err := parseID[oid.Application]("input.applicationId", input.ApplicationID)
	errs.AddErr(err)
	client, err := optionalID[oid.Client]("input.clientId", input.ClientID)
	errs.AddErr(err)
	if err := errs.Err(); err != nil {
		return "", err
	}
	return r.URLs.Bind(ctx, urls.Bind{Application: app, Client: client, Origin: input.Origin})
}

// proveURL gives the command that marks a URL as proven. What it goes by is looked for before, out of every transaction.
func (r *Resolver) proveURL(ctx context.Context, input model.ClientURLProveInput) func(context.Context) (oid.ClientURL, error) {
	id, err := parseID[oid.ClientURL]("input.id", input.ID)
	if err != nil {
		return func(context.Context) (oid.ClientURL, error) { return "", err }
	}
	proof := r.URLs.Look(ctx, id)
	return func(ctx context.Context) (oid.ClientURL, error) { return r.URLs.Prove(ctx, proof) }
}

func (r *Resolver) unbindURL(ctx context.Context, input model.ClientURLUnbindInput) (oid.ClientURL, error) {
	id, err := parseID[oid.ClientURL]("input.id", input.ID)
	if err != nil {
		return "", err
	}
	return r.URLs.Unbind(ctx, urls.Unbind{ID: id, ExpectedVersion: input.ExpectedVersion.Value()})
}

// urlFor is where a client reaches an application, nil for nowhere.
func (r *Resolver) urlFor(ctx context.Context, app *ent.Application, clientID *string) (*string, error) {
	var client oid.Client
	if clientID != nil {
		var err error
		if client, err = parseID[oid.Client]("clientId", *clientID); err != nil {
			return nil, err
		}
	}
	at, err := r.URLs.For(ctx, app, client)
	if err != nil || at == "" {
		return nil, err
	}
	return &at, nil
}

func (r *Resolver) resolveURL(ctx context.Context, url string) (*model.ResolvedURL, error) {
	t, err := r.URLs.Resolve(ctx, url)
	if t == nil || err != nil {
		return nil, err
	}
	resolved := &model.ResolvedURL{
		ApplicationCode: t.ApplicationCode, ApplicationName: t.ApplicationName, ApplicationType: t.ApplicationType,
		ClientCode: t.ClientCode, ClientName: t.ClientName, Application: t.Application, Client: t.Client,
		Properties: make([]*model.PublicProperty, len(t.Properties)),
	}
	for i, p := range t.Properties {
		resolved.Properties[i] = &model.PublicProperty{Name: p.Name, Value: p.Value}
	}
	return resolved, nil
}
