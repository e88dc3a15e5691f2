package httpapi

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/rs/cors"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/appanage/appanage/graph/present"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/reqinfo"
)

// api is what the handlers share.
type api struct {
	Options
	present   graphql.ErrorPresenterFunc
	recover   graphql.RecoverFunc
	metrics   *metrics
	addresses *throttle[netip.Addr]
	sessions  *throttle[oid.Session]
	// anonymous and signedIn run the same schema; only the latter suggests names in its validation errors.
	anonymous, signedIn *handler.Server
}

// New makes the handler of everything the server answers: /graphql, /bundles, /healthz, /readyz, /metrics, and the page.
func New(options Options) http.Handler {
	options = options.withDefaults()
	a := &api{
		Options:   options,
		present:   present.ErrorPresenter(options.Logger),
		recover:   present.Recover(options.Logger),
		metrics:   newMetrics(options.Registry),
		addresses: newThrottle[netip.Addr](options.Rates.Address),
		sessions:  newThrottle[oid.Session](options.Rates.Session),
	}
	documents := newDocuments()
	a.anonymous, a.signedIn = a.executor(documents, false), a.executor(documents, true)

	mux := http.NewServeMux()
	mux.Handle("/graphql", a.crossOrigin(http.HandlerFunc(a.graphql)))
	if options.Bundles != nil {
		(&bundles{a, make(chan struct{}, transfers)}).routes(mux)
	}
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plainText(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", a.readiness)
	mux.Handle("GET /metrics", promhttp.HandlerFor(options.Registry, promhttp.HandlerOpts{}))
	if options.Page != nil {
		mux.Handle("/", options.Page)
	} else {
		mux.HandleFunc("/", http.NotFound)
	}
	return a.observe(mux)
}

// executor makes gqlgen's handler. The order of its extensions is the order of the checks.
func (a *api) executor(documents graphql.Cache[*ast.QueryDocument], suggestions bool) *handler.Server {
	server := handler.New(a.Schema)
	server.AddTransport(transport{a})
	server.SetQueryCache(documents)
	server.SetParserTokenLimit(a.Limits.Tokens)
	server.SetValidationRulesFn(present.Rules(suggestions))
	server.SetDisableSuggestion(!suggestions)
	server.SetErrorPresenter(a.present)
	server.SetRecoverFunc(a.recover)
	server.Use(a.Limits)
	server.Use(present.Guard{Present: a.present, SignedInIntrospection: !a.Development})
	if a.Around != nil {
		server.AroundOperations(a.Around)
	}
	return server
}

// graphql lets a request through to the executor, or answers why not.
func (a *api) graphql(w http.ResponseWriter, r *http.Request) {
	a.metrics.inFlight.Inc()
	defer a.metrics.inFlight.Dec()
	defer a.recovered(w, r)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Add("Vary", "Accept, Authorization")

	who, failed := a.admit(w, r)
	if failed != nil {
		a.fail(w, r, failed)
		return
	}
	server := a.anonymous
	if who.SignedIn() {
		server = a.signedIn
		exchangeOf(r.Context()).session = string(who.Session)
	}
	server.ServeHTTP(w, r.WithContext(actor.With(r.Context(), who)))
}

// admit checks everything that needs no look at the body, cheapest first, and finds who asks.
func (a *api) admit(w http.ResponseWriter, r *http.Request) (*actor.Actor, *failure) {
	accepted, ok := negotiate(r.Header.Values("Accept"))
	if !ok {
		err := apperr.New(apperr.Validation, "answers are %s or %s", mediaResponse, mediaJSON)
		return nil, &failure{status: http.StatusNotAcceptable, err: err}
	}
	exchangeOf(r.Context()).media = accepted
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		w.Header().Set("Allow", "GET, POST")
		err := apperr.New(apperr.Validation, "GraphQL is asked by GET or POST")
		return nil, &failure{status: http.StatusMethodNotAllowed, err: err}
	}
	now := time.Now()
	if wait := a.addresses.wait(network(reqinfo.From(r.Context()).Address), now); wait > 0 {
		return nil, throttled(w, "addressRate", wait)
	}
	who, failed := a.authenticate(r)
	if failed != nil {
		return nil, failed
	}
	if who.SignedIn() {
		if wait := a.sessions.wait(who.Session, now); wait > 0 {
			return nil, throttled(w, "sessionRate", wait)
		}
	}
	return who, nil
}

// crossOrigin lets the pages of the listed origins call. Without any there are no CORS headers at all, and browsers
// keep every other site's pages out.
func (a *api) crossOrigin(next http.Handler) http.Handler {
	if len(a.Origins) == 0 {
		return next // an empty list would mean every origin to the library
	}
	return cors.New(cors.Options{
		AllowOriginFunc: func(origin string) bool { return slices.Contains(a.Origins, origin) },
		AllowedMethods:  []string{http.MethodGet, http.MethodPost},
		AllowedHeaders:  []string{"Accept", "Authorization", "Content-Type", "Idempotency-Key", "X-Request-Id"},
		ExposedHeaders:  []string{"Content-Disposition", "Retry-After", "X-Request-Id"},
		MaxAge:          600,
	}).Handler(next)
}

// readyTimeout is less than what those who ask usually wait.
const readyTimeout = 2 * time.Second

func (a *api) readiness(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	if a.Ready != nil {
		if err := a.Ready(ctx); err != nil {
			a.Logger.WarnContext(ctx, "not ready", "error", err)
			plainText(w, http.StatusServiceUnavailable, "not ready")
			return
		}
	}
	plainText(w, http.StatusOK, "ready")
}

func plainText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n"))
}
