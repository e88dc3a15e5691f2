// Package hub puts the parts together: database, domain services, schema, HTTP. It holds wiring and no rules; the
// command line and the tests both start the hub here.
package hub

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/appanage/appanage/graph"
	"github.com/appanage/appanage/graph/cursor"
	"github.com/appanage/appanage/graph/generated"
	"github.com/appanage/appanage/graph/plan"
	"github.com/appanage/appanage/graph/present"
	"github.com/appanage/appanage/internal/access"
	"github.com/appanage/appanage/internal/application"
	"github.com/appanage/appanage/internal/authn"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/bundle"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/config"
	"github.com/appanage/appanage/internal/definition"
	"github.com/appanage/appanage/internal/dependency"
	"github.com/appanage/appanage/internal/httpapi"
	"github.com/appanage/appanage/internal/idempotency"
	"github.com/appanage/appanage/internal/identity"
	"github.com/appanage/appanage/internal/property"
	"github.com/appanage/appanage/internal/prove"
	"github.com/appanage/appanage/internal/registration"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/tenancy"
	"github.com/appanage/appanage/internal/urls"
)

// rowBudget is the most rows one request may read, however its cost was reckoned (design 7).
const rowBudget = 50_000

// Hub is the domain over an open, migrated database.
type Hub struct {
	DB           *store.DB
	Tenancy      *tenancy.Service
	Authority    *authority.Service
	Identity     *identity.Service
	Access       *access.Service
	Applications *application.Service
	Properties   *property.Service
	Dependencies *dependency.Service

	limits   identity.SessionLimits
	registry *prometheus.Registry
}

// Open connects to the database, applies what is pending, and makes the services. Close it after use.
func Open(ctx context.Context, database string, limits identity.SessionLimits) (*Hub, error) {
	registry := prometheus.NewRegistry()
	db, err := store.Open(ctx, database, store.Options{Install: authority.Install, Observe: observe(registry)})
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx); err != nil {
		_ = db.Close() // the error of the migration is the one to tell
		return nil, err
	}
	return New(db, registry, limits), nil
}

// New makes the services over a database that is open and migrated.
func New(db *store.DB, registry *prometheus.Registry, limits identity.SessionLimits) *Hub {
	return &Hub{
		DB: db, Tenancy: tenancy.New(db), Access: access.New(db), Authority: authority.New(db), Identity: identity.New(db, limits), Applications: application.New(db),
		Properties:   property.New(db),
		Dependencies: dependency.New(db),
		limits:       limits, registry: registry,
	}
}

// Close closes the database.
func (h *Hub) Close() error { return h.DB.Close() }

// HTTP configures the hub's HTTP interface.
type HTTP struct {
	Keys  config.Keys
	Clock clock.Clock
	// Reads says which executor answers queries.
	Reads Reads
	// Encryption has the keys of secret values, the one that encrypts first; none: secrets are refused.
	Encryption []config.EncryptionKey
	// URLSuffix has the suffixes of the platform's own hosts, each with its leading dot.
	URLSuffix []string
	// AlterPlans changes what the planner knows before it begins: for tests that break it on purpose.
	AlterPlans func(*plan.Table)
	// AlterRules takes a guard away: for tests that show what it stops.
	AlterRules func(*authz.Rules)
	// Participants are the names of the services that are told of removals.
	Participants []string
	// PlatformHost has the hosts of the platform's own pages, each with its port where it is not the scheme's own.
	PlatformHost []string
	// Proof says how all other hosts are proven.
	Proof prove.Options
	httpapi.Options

	ring        property.Ring // of Encryption
	rules       authz.Rules
	definitions *definition.Service
	bundles     *bundle.Service
}

// Reads names an executor of queries. Their answers are the same.
type Reads string

// The executors.
const (
	// Planned reads by compiled plans, and leaves to the reference what the planner refuses. The zero value does too.
	Planned Reads = "planned"
	// Reference resolves field by field: slow, and the oracle of the planner's tests.
	Reference Reads = "reference"
)

// Handler is everything the hub answers over HTTP.
func (h *Hub) Handler(o HTTP) (http.Handler, error) {
	authenticator, err := authn.New(h.DB, o.Clock, h.limits)
	if err != nil {
		return nil, err
	}
	if o.ring, err = Ring(o.Encryption); err != nil {
		return nil, err
	}
	o.rules = authz.DefaultRules()
	if o.AlterRules != nil {
		o.AlterRules(&o.rules)
	}
	definitions, err := definition.New(h.DB, o.Keys.Key("definition"))
	if err != nil {
		return nil, err
	}
	o.definitions = definitions.Under(o.rules)
	o.bundles = h.bundles(o)
	o.Bundles = transfers(o, o.bundles, authenticator)
	o.Schema = h.reference(o, authenticator)
	if o.Reads != Reference {
		planned := plan.Options{DB: h.DB, Cursors: cursors(o.Keys), Registry: h.registry, Alter: o.AlterPlans}
		if o.Schema, err = plan.New(o.Schema, planned); err != nil {
			return nil, err
		}
	}
	o.Authenticate = authenticator.Authenticate
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	o.Around = h.bounded(present.ErrorPresenter(o.Logger))
	o.Ready = h.ready
	o.Registry = h.registry
	o.Options.Clock = o.Clock
	return httpapi.New(o.Options), nil
}

func cursors(keys config.Keys) cursor.Codec { return cursor.NewCodec(keys.Key("cursor")) }

// reference is the executable schema that resolves field by field.
func (h *Hub) reference(o HTTP, authenticator *authn.Authenticator) graphql.ExecutableSchema {
	rules := o.rules
	guards := h.Authority.Under(rules)
	urls := urls.New(h.DB, o.urls()).Under(rules)
	people := h.Identity.Under(rules, guards).Keyed(o.Keys.Key("attempts")).Behind(urls)
	return generated.NewExecutableSchema(generated.Config{
		Resolvers: &graph.Resolver{
			DB: h.DB, Cursors: cursors(o.Keys), Applications: h.Applications, Access: h.Access.Under(rules), Authority: guards,
			Tenancy: h.Tenancy.Under(rules), Identity: people, URLs: urls,
			Embedding:   h.Dependencies.Under(rules),
			Definitions: o.definitions,
			Bundles:     o.bundles,
			Registrations: registration.New(h.DB, registration.Services{
				Tenancy: h.Tenancy.Under(rules), Identity: people, Access: h.Access.Under(rules), Authority: guards, URLs: urls,
			}, o.Keys.Key("registration")).Under(rules),
			Properties: h.Properties.Under(rules).Configured(o.URLSuffix, o.ring),
			Removals: h.Applications.Removals(application.RemovalOptions{
				Rules: rules, Guards: guards, Key: o.Keys.Key("removal"), Participants: o.Participants,
			}),
			Once: idempotency.New(h.DB, o.Keys.Key("idempotency")), SignedOut: authenticator.Forget,
		},
		Directives: generated.DirectiveRoot{Authority: present.Authority, SignedIn: present.SignedIn, Public: present.Public},
	})
}

// urls says what of the internet is the platform's own.
func (o HTTP) urls() urls.Options {
	return urls.Options{PlatformHosts: o.PlatformHost, Suffixes: o.URLSuffix, Production: !o.Development, Proof: o.Proof}
}

// bounded gives each operation its key, its span and its budget of rows, and each query one snapshot for all its
// statements.
func (h *Hub) bounded(shown graphql.ErrorPresenterFunc) graphql.OperationMiddleware {
	return func(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
		operation := graphql.GetOperationContext(ctx)
		ctx, err := keyed(ctx, operation)
		if err != nil {
			return graphql.OneShot(&graphql.Response{Errors: gqlerror.List{shown(ctx, err)}})
		}
		ctx, traced := traced(store.WithRowBudget(ctx, rowBudget), operation)
		end := func() {}
		if operation.Operation.Operation == ast.Query {
			ctx, end = h.DB.Snapshot(ctx)
		}
		respond := next(ctx)
		return func(ctx context.Context) *graphql.Response {
			defer end()
			response := respond(ctx)
			traced(response)
			return response
		}
	}
}

// ready: the database answers, and no migration is pending or unknown.
func (h *Hub) ready(ctx context.Context) error {
	pending, err := h.DB.Pending(ctx)
	if err == nil && len(pending) > 0 {
		err = fmt.Errorf("%d migrations are pending", len(pending))
	}
	return err
}

// observe counts the statements and how long they take.
func observe(registry *prometheus.Registry) func(context.Context, string, time.Duration, error) {
	took := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "appanage_sql_statement_seconds", Help: "How long SQL statements take, to the end of their rows.",
		Buckets: prometheus.ExponentialBuckets(0.00005, 4, 9),
	})
	failed := prometheus.NewCounter(prometheus.CounterOpts{Name: "appanage_sql_statement_errors_total", Help: "SQL statements that failed."})
	registry.MustRegister(took, failed)
	return func(_ context.Context, _ string, d time.Duration, err error) {
		took.Observe(d.Seconds())
		if err != nil {
			failed.Inc()
		}
	}
}
