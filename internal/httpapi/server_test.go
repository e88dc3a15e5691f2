package httpapi

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
)

func page(method, target string) call { return call{method: method, target: target} }

func TestRoutes(t *testing.T) {
	options := toyOptions(newToy())
	bare := New(options)
	options.Page = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("page")) })
	paged := New(options)
	for target, want := range map[string]string{"/healthz": "ok\n", "/readyz": "ready\n"} {
		for _, handler := range []http.Handler{bare, paged} {
			if got := page("GET", target).to(handler); got.status != 200 || got.body != want {
				t.Errorf("%s: got %d %q", target, got.status, got.body)
			}
		}
	}
	if got := page("GET", "/").to(bare); got.status != 404 || !strings.HasPrefix(got.header.Get("Content-Type"), "text/plain") {
		t.Errorf("without a page: %d %s", got.status, got.header.Get("Content-Type"))
	}
	for _, target := range []string{"/", "/explorer/assets/x.js", "/graphql/more"} {
		if got := page("GET", target).to(paged); got.body != "page" || got.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: got %d %q", target, got.status, got.body)
		}
	}
}

func TestReadiness(t *testing.T) {
	log, out := logged()
	options := toyOptions(newToy())
	options.Logger = log
	options.Ready = func(context.Context) error { return errors.New("dial tcp 10.0.0.3:3306: connection refused") }
	got := page("GET", "/readyz").to(New(options))
	if got.status != 503 || got.body != "not ready\n" || !strings.Contains(out.String(), "10.0.0.3:3306") {
		t.Errorf("got %d %q, log %s", got.status, got.body, out)
	}
	if got := page("GET", "/healthz").to(New(Options{Schema: newToy()})); got.status != 200 {
		t.Errorf("healthz: %d", got.status)
	}
	synctest.Test(t, func(t *testing.T) {
		options.Ready = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		if got := page("GET", "/readyz").to(New(options)); got.status != 503 {
			t.Errorf("a database that hangs: %d", got.status)
		}
	})
}

func TestMetrics(t *testing.T) {
	options := toyOptions(newToy())
	options.Rates = Rates{Address: Rate{PerSecond: 1, Burst: 7}, Session: Rate{PerSecond: 1, Burst: 7}}
	handler := New(options)
	for _, c := range []call{
		post("{ hello }"), post("{ fail }"), post("mutation { touch }"), post("{ nonsense }"), body("nonsense"),
		post("{" + strings.Repeat(" hello", 31) + "}"), body(strings.Repeat(" ", 3<<20)), post("{ hello }"),
	} {
		c.to(handler)
	}
	got := page("GET", "/metrics").to(handler)
	for _, want := range []string{
		`appanage_graphql_requests_total{outcome="OK",type="query"} 1`,
		`appanage_graphql_requests_total{outcome="INTERNAL",type="query"} 1`,
		`appanage_graphql_requests_total{outcome="OK",type="mutation"} 1`,
		`appanage_graphql_requests_total{outcome="VALIDATION",type="none"} 1`,
		`appanage_graphql_requests_total{outcome="SYNTAX",type="none"} 1`,
		`appanage_graphql_requests_total{outcome="TOO_LARGE",type="query"} 1`,
		`appanage_graphql_requests_total{outcome="THROTTLED",type="none"} 1`,
		`appanage_graphql_refusals_total{limit="rootFields"} 1`,
		`appanage_graphql_refusals_total{limit="body"} 1`,
		`appanage_graphql_refusals_total{limit="addressRate"} 1`,
		`appanage_graphql_request_duration_seconds_count{type="query"} 3`,
		`appanage_graphql_requests_in_flight 0`,
		`go_goroutines`,
		`process_start_time_seconds`,
	} {
		if !strings.Contains(got.body, want) {
			t.Errorf("no %s", want)
		}
	}
}

func TestAccessLog(t *testing.T) {
	log, out := logged()
	options := toyOptions(newToy())
	options.Logger = log
	c := body(`{"query":"query Greet($n:String){me hello(name:$n)}","variables":{"n":"hunter2"}}`)
	c.token, c.header = "reader", http.Header{"X-Request-Id": {"test-0001"}}
	handler := New(options)
	c.to(handler)
	for _, want := range []string{
		"level=INFO", "request=test-0001", "method=POST", "path=/graphql", "status=200", "took=", "address=192.0.2.1",
		"graphql.type=query", "graphql.name=Greet", "graphql.outcome=OK", "graphql.session=ses_reader",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in %s", want, out)
		}
	}
	get("query", "query($n:String){hello(name:$n)}", "variables", `{"n":"hunter2"}`).to(handler)
	if strings.Contains(out.String(), "hunter2") || strings.Contains(out.String(), "Bearer") {
		t.Errorf("a secret in %s", out)
	}
	out.Reset()
	page("GET", "/healthz").to(handler)
	if !strings.Contains(out.String(), "level=DEBUG") || strings.Contains(out.String(), "graphql") {
		t.Errorf("healthz: %s", out)
	}
}

func TestCrossOrigin(t *testing.T) {
	options := toyOptions(newToy())
	closed := New(options)
	options.Origins = []string{"https://hub.example.com"}
	open := New(options)

	preflight := func(origin string) call {
		c := page(http.MethodOptions, "/graphql")
		c.origin = origin
		c.header = http.Header{
			"Access-Control-Request-Method":  {"POST"},
			"Access-Control-Request-Headers": {"authorization,content-type"},
		}
		return c
	}
	got := preflight("https://hub.example.com").to(open)
	for name, want := range map[string]string{
		"Access-Control-Allow-Origin":      "https://hub.example.com",
		"Access-Control-Allow-Methods":     "POST",
		"Access-Control-Allow-Headers":     "authorization,content-type",
		"Access-Control-Max-Age":           "600",
		"Access-Control-Allow-Credentials": "",
	} {
		if got.header.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, got.header.Get(name), want)
		}
	}
	c := post("{ hello }")
	c.origin = "https://hub.example.com"
	if got := c.to(open).header.Get("Access-Control-Expose-Headers"); got != "Content-Disposition, Retry-After, X-Request-Id" {
		t.Errorf("exposed: %q", got)
	}
	for _, origin := range []string{
		"https://evil.example.com", "http://hub.example.com", "https://hub.example.com.evil.com", "https://hub.example.com:8443", "null",
	} {
		if got := preflight(origin).to(open).header.Get("Access-Control-Allow-Origin"); got != "" {
			t.Errorf("%s is allowed: %q", origin, got)
		}
	}
	if got := preflight("https://hub.example.com").to(closed); got.status != 405 || got.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("without origins: %d %v", got.status, got.header)
	}
}

// logged is a logger that can be read.
func logged() (*slog.Logger, *bytes.Buffer) {
	var b bytes.Buffer
	return slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug})), &b
}
