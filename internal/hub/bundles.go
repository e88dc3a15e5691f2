package hub

import (
	"context"
	"io"
	"time"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/authn"
	"github.com/appanage/appanage/internal/bundle"
	"github.com/appanage/appanage/internal/httpapi"
	"github.com/appanage/appanage/internal/oid"
)

// bundles are the commands on bundles.
func (h *Hub) bundles(o HTTP) *bundle.Service {
	return bundle.New(h.DB, bundle.Options{
		Rules: o.rules, Applications: h.Applications, Authority: h.Authority.Under(o.rules),
		Properties:  h.Properties.Under(o.rules).Configured(o.URLSuffix, o.ring),
		Definitions: o.definitions, Key: o.Keys.Key("bundle"), Clock: o.Clock,
	})
}

// transfers are the routes of bundles.
func transfers(o HTTP, bundles *bundle.Service, authenticator *authn.Authenticator) *httpapi.Bundles {
	return &httpapi.Bundles{
		Most: bundle.MaxBytes,
		Receive: func(ctx context.Context, document io.Reader) (string, time.Time, error) {
			id, expires, err := bundles.Receive(ctx, document)
			return string(id), expires, err
		},
		Download: func(ctx context.Context, text string, by oid.Session) (httpapi.Download, error) {
			ticket, err := bundles.ReadTicket(text, by)
			if err != nil {
				return httpapi.Download{}, err
			}
			who, err := authenticator.Session(ctx, ticket.Session)
			if apperr.CodeOf(err) == apperr.Unauthenticated {
				err = bundle.ErrNoDownload()
			}
			if err != nil {
				return httpapi.Download{}, err
			}
			who = who.At(o.Clock.Now(), actor.From(ctx).Request)
			d, err := bundles.Download(actor.With(ctx, who), ticket.Application)
			if err != nil {
				return httpapi.Download{}, err
			}
			return httpapi.Download(*d), nil
		},
	}
}
