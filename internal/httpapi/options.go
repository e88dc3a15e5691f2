// Package httpapi serves GraphQL over HTTP: the transport, who may call and how often, health, metrics, and the
// server's life from listening to shutdown. It knows no resolver and no database.
package httpapi

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"github.com/appanage/appanage/graph/present"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/clock"
)

// Options are what New makes a server from. Schema and Authenticate are needed; every other zero value is a default
// fit for production.
type Options struct {
	// Schema is what runs the operations.
	Schema graphql.ExecutableSchema
	// Authenticate finds the actor of a bearer token. An *apperr.Error of code Unauthenticated is the token's fault;
	// any other error is ours. It is not called for requests without a token.
	Authenticate func(ctx context.Context, token string) (*actor.Actor, error)
	// Around, when set, runs inside of all checks and around the execution of each operation.
	Around graphql.OperationMiddleware

	// Bundles takes in and hands out applications in one document; nil: there are no routes for them.
	Bundles *Bundles
	// Page answers what no other route does; nil answers 404.
	Page http.Handler
	// Ready tells whether requests can be served; nil means always. Its error goes to the log only.
	Ready func(ctx context.Context) error

	// Development lets callers without a token read the schema.
	Development bool
	// Origins are the web origins, each written as browsers send it ("https://hub.example.com"), whose pages may call.
	Origins []string
	// TrustedProxies are the networks whose X-Forwarded-For is believed. Without them, all who come through a proxy
	// share one address, and one rate.
	TrustedProxies []netip.Prefix

	// Limits are present.DefaultLimits when all of them are zero.
	Limits present.Limits
	// Rates are those of DefaultRates where zero.
	Rates Rates
	// Sizes are those of DefaultSizes where zero.
	Sizes Sizes
	// Timeout ends an operation, or an authentication, that takes longer; 20 seconds when zero.
	Timeout time.Duration

	// Logger gets a line for each request and the errors that callers do not see; slog.Default when nil.
	Logger *slog.Logger
	// Registry gets the metrics; nil makes one. It must not have the Go and process collectors yet.
	Registry *prometheus.Registry
	// Clock is the time that the actor's rights are judged by.
	Clock clock.Clock
}

// Sizes bound, in bytes, what a request may bring.
type Sizes struct {
	// Document bounds the GraphQL text.
	Document int
	// Anonymous bounds the variables of callers without a token, SignedIn those of the others, who send bundles.
	Anonymous, SignedIn int
}

// DefaultSizes are the sizes of the API, as documented for its callers.
func DefaultSizes() Sizes { return Sizes{Document: 64 << 10, Anonymous: 256 << 10, SignedIn: 2 << 20} }

// Rate is how many requests may come each second in the long run, and how many at once. A PerSecond of rate.Inf sets
// no bound.
type Rate struct {
	PerSecond rate.Limit
	Burst     int
}

// Rates bound how often GraphQL may be called. They hold for one server process.
type Rates struct {
	// Address is for all callers of one address together (an IPv6 network of 64 bits counts as one). It must let a
	// whole office through.
	Address Rate
	// Session is for each session.
	Session Rate
}

// DefaultRates are generous to people and programs, and end floods.
func DefaultRates() Rates {
	return Rates{Address: Rate{PerSecond: 200, Burst: 1_000}, Session: Rate{PerSecond: 50, Burst: 250}}
}

func (o Options) withDefaults() Options {
	if o.Limits == (present.Limits{}) {
		o.Limits = present.DefaultLimits()
	}
	rates, sizes := DefaultRates(), DefaultSizes()
	o.Rates = Rates{Address: cmp.Or(o.Rates.Address, rates.Address), Session: cmp.Or(o.Rates.Session, rates.Session)}
	o.Sizes = Sizes{
		Document:  cmp.Or(o.Sizes.Document, sizes.Document),
		Anonymous: cmp.Or(o.Sizes.Anonymous, sizes.Anonymous),
		SignedIn:  cmp.Or(o.Sizes.SignedIn, sizes.SignedIn),
	}
	o.Timeout = cmp.Or(o.Timeout, 20*time.Second)
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Registry == nil {
		o.Registry = prometheus.NewRegistry()
	}
	return o
}
