package plan

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// metrics tell who answered, why the planner did not, and what its statements took. No label holds anything that
// callers choose.
type metrics struct {
	planned, reference prometheus.Counter
	refusals           *prometheus.CounterVec
	fetches            *prometheus.HistogramVec
}

func newMetrics(registry *prometheus.Registry) *metrics {
	reads := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "appanage_reads_total", Help: "Queries by the executor that answered: planned, or reference.",
	}, []string{"executor"})
	m := &metrics{
		planned: reads.WithLabelValues("planned"), reference: reads.WithLabelValues("reference"),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "appanage_plan_refusals_total", Help: "Queries that the planner left to the reference executor, by reason.",
		}, []string{"reason"}),
		fetches: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "appanage_plan_fetch_seconds", Help: "How long the statements of plans take, by the edge they read.",
			Buckets: prometheus.ExponentialBuckets(0.00005, 4, 8),
		}, []string{"edge"}),
	}
	registry.MustRegister(reads, m.refusals, m.fetches)
	return m
}

func (m *metrics) refused(r refusal) {
	m.reference.Inc()
	m.refusals.WithLabelValues(string(r)).Inc()
}

// tracer makes the spans of fetches, one for each statement. Without a provider they cost nothing to speak of.
var tracer = otel.Tracer("github.com/appanage/appanage/graph/plan")

// traced begins the span of a statement. Its text is not in it: texts name no values, but they are long.
func traced(ctx context.Context, f *fetch) (context.Context, func(err error)) {
	if !trace.SpanFromContext(ctx).IsRecording() {
		return ctx, func(error) {}
	}
	ctx, s := tracer.Start(ctx, "read "+f.name, trace.WithSpanKind(trace.SpanKindClient))
	return ctx, func(err error) {
		if err != nil {
			s.SetStatus(codes.Error, "the statement failed")
		}
		s.End()
	}
}
