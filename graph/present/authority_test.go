package present

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
)

func guard(signedInIntrospection bool) Guard {
	return Guard{
		Present:               ErrorPresenter(slog.New(slog.DiscardHandler)),
		SignedInIntrospection: signedInIntrospection,
	}
}

func TestGuard(t *testing.T) {
	const fragments = " fragment f on Query { ...g } fragment g on Query { hidden: secret }"
	e := toyExecutor(guard(true))
	for name, test := range map[string]struct {
		ctx       context.Context
		query     string
		variables map[string]any
		want      string // "key CODE message", one for each error
	}{
		"public":                       {asNobody(), "{ ping __typename }", nil, ""},
		"held":                         {as("Secret_READ"), "{ secret both viewer { id } }", nil, ""},
		"held by nobody":               {asNobody(), "{ nobody }", nil, ""},
		"not held by the signed-in":    {as(), "{ nobody }", nil, "nobody FORBIDDEN requires Anonymous"},
		"not signed in":                {asNobody(), "{ secret }", nil, "secret UNAUTHENTICATED requires Secret_READ"},
		"no actor at all":              {context.Background(), "{ secret }", nil, "secret UNAUTHENTICATED requires Secret_READ"},
		"no actor, public":             {context.Background(), "{ ping }", nil, ""},
		"not held":                     {as("Secret_WRITE"), "{ secret }", nil, "secret FORBIDDEN requires Secret_READ"},
		"signed in only":               {asNobody(), "{ viewer { id } }", nil, "viewer UNAUTHENTICATED requires a signed-in caller"},
		"the second of two directives": {as(), "{ both }", nil, "both FORBIDDEN requires Secret_READ"},
		"every field, by its key, once": {
			as(), "{ ping a: secret b: both a: secret }", nil,
			"a FORBIDDEN requires Secret_READ, b FORBIDDEN requires Secret_READ",
		},
		"in fragments":              {as(), "{ ...f ... { ...f } }" + fragments, nil, "hidden FORBIDDEN requires Secret_READ"},
		"skipped":                   {as(), "{ ping secret @skip(if: true) ... @include(if: false) { secret } }", nil, ""},
		"skipped by variable":       {as(), "query ($s: Boolean!) { secret @skip(if: $s) }", map[string]any{"s": true}, ""},
		"skipped fragment":          {as(), "query ($s: Boolean!) { ping ...f @skip(if: $s) }" + fragments, map[string]any{"s": true}, ""},
		"not skipped":               {as(), "query ($s: Boolean!) { secret @skip(if: $s) }", map[string]any{"s": false}, "secret FORBIDDEN requires Secret_READ"},
		"skipped and then included": {as(), "{ secret @skip(if: true) @include(if: true) }", nil, ""},
		"a default skips":           {as(), "query ($s: Boolean! = true) { secret @skip(if: $s) }", nil, ""},
		"null skips nothing": {
			as(), "query ($s: Boolean = true) { secret @skip(if: $s) }", map[string]any{"s": nil},
			"secret FORBIDDEN requires Secret_READ",
		},
		"without a directive": {as("Secret_READ"), "{ bare }", nil, "bare INTERNAL internal error"},
		"mutation":            {as(), `mutation { secretSet(input: {name: "x"}) { id } }`, nil, "secretSet FORBIDDEN requires Secret_WRITE"},
		"introspection by nobody": {
			asNobody(), `{ s: __schema { __typename } __type(name: "Thing") { name } }`, nil,
			"s UNAUTHENTICATED requires a signed-in caller, __type UNAUTHENTICATED requires a signed-in caller",
		},
		"introspection by the signed-in": {as(), "{ __schema { __typename } }", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			response := run(test.ctx, e, test.query, test.variables)
			if got := describe(response); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if ran := response.Data != nil; ran != (test.want == "") {
				t.Errorf("ran: %v", ran)
			}
		})
	}
}

func describe(response *graphql.Response) string {
	var lines []string
	for _, err := range response.Errors {
		lines = append(lines, err.Path.String()+" "+string(CodeOf(err))+" "+err.Message)
	}
	return strings.Join(lines, ", ")
}

func TestGuardComesBeforeOtherInterceptors(t *testing.T) {
	e := toyExecutor(guard(true))
	touched := false
	e.AroundOperations(func(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
		touched = true
		return next(ctx)
	})
	response := run(asNobody(), e, "{ secret }", nil)
	if code, refused := Refusal(response); !refused || code != apperr.Unauthenticated || touched {
		t.Errorf("code %v, refused %v, touched %v", code, refused, touched)
	}
	if _, refused := Refusal(run(asNobody(), e, "{ ping }", nil)); refused || !touched {
		t.Errorf("refused %v, touched %v", refused, touched)
	}
}

func TestOpenIntrospection(t *testing.T) {
	if got := describe(run(asNobody(), toyExecutor(guard(false)), "{ __schema { __typename } }", nil)); got != "" {
		t.Errorf("got %s", got)
	}
}

func TestGuardWithoutPresenter(t *testing.T) {
	if (Guard{}).Validate(nil) == nil {
		t.Error("no error")
	}
}

func TestDirectives(t *testing.T) {
	next := func(context.Context) (any, error) { return "value", nil }
	authority := func(ctx context.Context) (any, error) { return Authority(ctx, nil, next, "Secret_READ") }
	for name, test := range map[string]struct {
		call func(context.Context) (any, error)
		ctx  context.Context
		want apperr.Code
	}{
		"authority, held":        {authority, as("Secret_READ"), ""},
		"authority, not held":    {authority, as(), apperr.Forbidden},
		"authority, nobody":      {authority, asNobody(), apperr.Unauthenticated},
		"authority, system":      {authority, actor.System(context.Background(), "test"), ""},
		"signedIn":               {func(ctx context.Context) (any, error) { return SignedIn(ctx, nil, next) }, as(), ""},
		"signedIn, nobody":       {func(ctx context.Context) (any, error) { return SignedIn(ctx, nil, next) }, asNobody(), apperr.Unauthenticated},
		"public, no actor":       {func(ctx context.Context) (any, error) { return Public(ctx, nil, next) }, context.Background(), ""},
		"signedIn, without one":  {func(ctx context.Context) (any, error) { return SignedIn(ctx, nil, next) }, context.Background(), apperr.Unauthenticated},
		"authority, without one": {authority, context.Background(), apperr.Unauthenticated},
	} {
		t.Run(name, func(t *testing.T) {
			value, err := test.call(test.ctx)
			if apperr.CodeOf(err) != test.want || (value == "value") != (test.want == "") {
				t.Errorf("got %v, %v", value, err)
			}
		})
	}
}

func TestAllowed(t *testing.T) {
	fields := toySchema.Query.Fields
	if declared, err := Allowed(actor.Nobody(), fields.ForName("bare")); declared || err != nil {
		t.Errorf("bare: %v, %v", declared, err)
	}
	declared, err := Allowed(actor.Nobody(), fields.ForName("secret"))
	if ours, ok := errors.AsType[*apperr.Error](err); !declared || !ok || ours.Code != apperr.Unauthenticated {
		t.Errorf("secret: %v, %v", declared, err)
	}
}
