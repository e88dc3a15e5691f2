package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/appanage/appanage/internal/reqinfo"
)

// exchange is what is learnt of a request on its way, for the log line and the metrics at its end. Only the request's
// own goroutine touches it.
type exchange struct {
	media     media
	session   string
	operation ast.Operation
	name      string
	outcome   string // "OK" or the code of the first error; "" when GraphQL was not asked
	limit     string // the limit that was passed, if any
}

type exchangeKey struct{}

// exchangeOf gives the exchange that observe began.
func exchangeOf(ctx context.Context) *exchange {
	x, ok := ctx.Value(exchangeKey{}).(*exchange)
	if !ok {
		panic("httpapi: a handler outside of observe") // a fault of the wiring, which the first request would show
	}
	return x
}

// observe gives each request its id, notes who sent it, and writes the access log: never variables, documents, tokens
// or the URL's parameters, which may hold any of them.
func (a *api) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		info := reqinfo.Info{
			ID:      requestID(r.Header.Get("X-Request-Id")),
			Address: clientAddress(r, a.TrustedProxies),
			Device:  device(r.UserAgent()),
			Key:     r.Header.Get("Idempotency-Key"),
		}
		x := &exchange{media: mediaJSON}
		ctx := context.WithValue(reqinfo.With(r.Context(), info), exchangeKey{}, x)
		out := &answer{ResponseWriter: w, status: http.StatusOK}
		out.Header().Set("X-Request-Id", info.ID)
		out.Header().Set("X-Content-Type-Options", "nosniff")
		out.Header().Set("Referrer-Policy", "no-referrer")

		next.ServeHTTP(out, r.WithContext(ctx))

		took := time.Since(start)
		a.metrics.observe(x, took)
		a.Logger.LogAttrs(ctx, level(r.URL.Path), "request",
			slog.String("request", info.ID), slog.String("method", r.Method), slog.String("path", shownPath(r.URL.Path)),
			slog.Int("status", out.status), slog.Duration("took", took), slog.String("address", info.Address.String()),
			slog.Any("graphql", x))
	})
}

// LogValue implements slog.LogValuer: nothing for requests that did not ask GraphQL.
func (x *exchange) LogValue() slog.Value {
	var attributes []slog.Attr
	for _, a := range []slog.Attr{
		slog.String("type", string(x.operation)), slog.String("name", shortened(x.name, 100)),
		slog.String("outcome", x.outcome), slog.String("limit", x.limit), slog.String("session", x.session),
	} {
		if a.Value.String() != "" {
			attributes = append(attributes, a)
		}
	}
	return slog.GroupValue(attributes...)
}

// level keeps what machines ask for every few seconds out of the log of what people did.
func level(path string) slog.Level {
	switch path {
	case "/healthz", "/readyz", "/metrics":
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// answer remembers the status for the log.
type answer struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (w *answer) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *answer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// connection is net/http's own writer, which http.MaxBytesReader must be given: it tells that one, by a method that no
// wrapper has, that the connection cannot be used again.
func connection(w http.ResponseWriter) http.ResponseWriter {
	if wrapped, ok := w.(interface{ Unwrap() http.ResponseWriter }); ok {
		return connection(wrapped.Unwrap())
	}
	return w
}
