package httpapi

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// metrics count GraphQL requests. No label holds anything that callers choose freely.
type metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	refusals *prometheus.CounterVec
	inFlight prometheus.Gauge
}

func newMetrics(registry *prometheus.Registry) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "appanage_graphql_requests_total",
			Help: "GraphQL requests by operation type and outcome: OK, or the code of the first error.",
		}, []string{"type", "outcome"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "appanage_graphql_request_duration_seconds",
			Help:    "Time from the header of a GraphQL request to the end of its answer.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20},
		}, []string{"type"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "appanage_graphql_refusals_total",
			Help: "GraphQL requests refused for passing a limit, by limit.",
		}, []string{"limit"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "appanage_graphql_requests_in_flight",
			Help: "GraphQL requests being answered now.",
		}),
	}
	registry.MustRegister(m.requests, m.duration, m.refusals, m.inFlight,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) observe(x *exchange, took time.Duration) {
	if x.outcome == "" {
		return
	}
	operation := string(x.operation)
	if operation == "" {
		operation = "none"
	}
	m.requests.WithLabelValues(operation, x.outcome).Inc()
	m.duration.WithLabelValues(operation).Observe(took.Seconds())
	if x.limit != "" {
		m.refusals.WithLabelValues(x.limit).Inc()
	}
}
