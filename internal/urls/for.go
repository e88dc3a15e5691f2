package urls

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect/sql"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/clienturl"
	"github.com/appanage/appanage/ent/predicate"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/origin"
	"github.com/appanage/appanage/internal/property"
)

// For is where a client reaches an application (domain 7.3): its property URL, while that is a proven origin of it; else
// its newest proven origin; else, for the owner, the code below the suffix in force. "" for none, and for a client that
// is out of scope or has no access. No client named is the caller's own.
func (s *Service) For(ctx context.Context, app *ent.Application, client oid.Client) (string, error) {
	if client == "" {
		client = actor.From(ctx).Client
	}
	asked := property.Question{Client: client, Names: []string{property.URL, property.URLSuffix}}
	answers, err := property.Ask(ctx, s.db, asked, []oid.Application{app.ID})
	if err != nil {
		return "", fmt.Errorf("urls: read the properties: %w", err)
	}
	inForce, has := answers[app.ID]
	if !has {
		return "", nil
	}
	bound := []predicate.ClientURL{clienturl.ClientID(client), clienturl.ApplicationID(app.ID), clienturl.StatusEQ(enum.URLProven)}
	if chosen := find(inForce, property.URL); chosen.Client == client {
		if at, err := s.newest(ctx, append(bound, clienturl.ProvenOrigin(chosen.Value.Value))); err != nil || at != "" {
			return at, err
		}
	}
	if at, err := s.newest(ctx, bound); err != nil || at != "" || app.ClientID != client {
		return at, err
	}
	return s.below(app.Code, find(inForce, property.URLSuffix).Value.Value), nil
}

// below is the default host of an application; "" where it does not lead there: the suffix is not configured any more, or
// the host is one of the platform's own pages.
func (s *Service) below(code, suffix string) string {
	at := origin.Origin{Scheme: "https", Host: code + suffix}
	if name, ok := s.place(at).subDomain(at); !ok || name != code {
		return ""
	}
	return at.String()
}

// find is the property of a name, an empty one where none is in force.
func find(list []property.InForce, name string) property.InForce {
	for _, p := range list {
		if p.Name == name {
			return p
		}
	}
	return property.InForce{}
}

// newest is the origin, of those that satisfy all predicates, that was proven last; "" for none.
func (s *Service) newest(ctx context.Context, which []predicate.ClientURL) (string, error) {
	row, err := s.db.Client(ctx).ClientURL.Query().Where(which...).
		Order(clienturl.ByProvenAt(sql.OrderDesc()), clienturl.ByID(sql.OrderDesc())).First(ctx)
	if ent.IsNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("urls: read the proven origins: %w", err)
	}
	return row.Origin, nil
}
