package hub

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/appanage/appanage/internal/reqinfo"
)

var tracer = otel.Tracer("github.com/appanage/appanage/internal/hub")

// traced begins the span of an operation; those of its statements go below it. Of the operation it has the type and
// the request's id, by which the log is found: names and documents are the callers', and may hold anything.
func traced(ctx context.Context, operation *graphql.OperationContext) (context.Context, func(*graphql.Response)) {
	kind := string(operation.Operation.Operation)
	ctx, span := tracer.Start(ctx, "graphql "+kind, trace.WithSpanKind(trace.SpanKindServer))
	if !span.IsRecording() {
		return ctx, func(*graphql.Response) {}
	}
	span.SetAttributes(attribute.String("graphql.operation.type", kind), attribute.String("appanage.request", reqinfo.From(ctx).ID))
	return ctx, func(response *graphql.Response) {
		if response == nil || len(response.Errors) > 0 {
			span.SetStatus(codes.Error, "the answer has errors")
		}
		span.End()
	}
}
