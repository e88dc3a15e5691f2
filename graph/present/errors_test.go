package present

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/appanage/appanage/internal/apperr"
)

// inField is a context inside of the resolver of a field.
func inField(ctx context.Context, name string) context.Context {
	return graphql.WithFieldContext(ctx, &graphql.FieldContext{
		Field: graphql.CollectedField{Field: &ast.Field{Name: name, Alias: name}},
	})
}

func TestErrorPresenter(t *testing.T) {
	several := func() error {
		var c apperr.Collector
		c.Add(apperr.At("input.name", apperr.Invalid, "the name is empty"))
		c.Add(apperr.At("input.url", apperr.Taken, "the URL is in use"))
		return c.Err()
	}
	conflict := apperr.New(apperr.Conflict, "changed meanwhile")
	conflict.Version = 7

	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"ours": {
			apperr.New(apperr.NotFound, "no such application"),
			`{"message":"no such application","path":["field"],"extensions":{"code":"NOT_FOUND"}}`,
		},
		"ours, wrapped, with a cause": {
			fmt.Errorf("loading: %w", apperr.New(apperr.Taken, "in use").Because(errors.New("Error 1062: Duplicate entry"))),
			`{"message":"in use","path":["field"],"extensions":{"code":"TAKEN"}}`,
		},
		"ours, with its place in the input": {
			apperr.At("input.name", apperr.Invalid, "empty"),
			`{"message":"empty","path":["field"],"extensions":{"code":"INVALID","input":["input","name"]}}`,
		},
		"several": {
			several(),
			`{"message":"the name is empty; the URL is in use","path":["field"],"extensions":{"code":"INVALID",` +
				`"errors":[{"code":"INVALID","message":"the name is empty","input":["input","name"]},` +
				`{"code":"TAKEN","message":"the URL is in use","input":["input","url"]}],"input":["input","name"]}}`,
		},
		"conflict": {
			conflict,
			`{"message":"changed meanwhile","path":["field"],"extensions":{"code":"CONFLICT","version":7}}`,
		},
		"ours, internal": {
			apperr.New(apperr.Internal, "row 17 of clients is broken"),
			`{"message":"internal error","path":["field"],"extensions":{"code":"INTERNAL","requestId":"req-1"}}`,
		},
		"a driver's": {
			errors.New("Error 1064 (42000): You have an error in your SQL syntax near 'SELECT'"),
			`{"message":"internal error","path":["field"],"extensions":{"code":"INTERNAL","requestId":"req-1"}}`,
		},
		"a resolver's gqlerror": {
			gqlerror.Errorf("open /var/lib/appanage/hub.db: permission denied"),
			`{"message":"internal error","path":["field"],"extensions":{"code":"INTERNAL","requestId":"req-1"}}`,
		},
		"a scalar's": {
			&gqlerror.Error{
				Err: errors.New("parsing time \"x\""), Message: "parsing time \"x\"",
				Path: ast.Path{ast.PathName("field"), ast.PathName("input"), ast.PathIndex(2), ast.PathName("time")},
			},
			`{"message":"input[2].time: not a value of the type asked for","path":["field"],` +
				`"extensions":{"code":"VALIDATION","input":["input",2,"time"]}}`,
		},
		"cancelled": {
			fmt.Errorf("query: %w", context.Canceled),
			`{"message":"the request was cancelled","path":["field"],"extensions":{"code":"INTERNAL","requestId":"req-1"}}`,
		},
		"timed out": {
			fmt.Errorf("query: %w", context.DeadlineExceeded),
			`{"message":"the request took too long","path":["field"],"extensions":{"code":"INTERNAL","requestId":"req-1"}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			log, _ := logged()
			ctx := inField(withRequest("req-1"), "field")
			// As gqlgen brings them: with the field's path, unless the error has one.
			got := ErrorPresenter(log)(ctx, graphql.ErrorOnPath(ctx, test.err))
			if diff := cmp.Diff(test.want, asJSON(t, got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestInternalErrorsAreLogged(t *testing.T) {
	log, out := logged()
	_ = ErrorPresenter(log)(withRequest("req-9"), errors.New("Error 1064: SQL syntax"))
	for _, want := range []string{"level=ERROR", "request=req-9", "Error 1064: SQL syntax"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in the log: %s", want, out)
		}
	}
}

func TestCauseOfCancelledRequestIsNoError(t *testing.T) {
	ctx, cancel := context.WithCancel(withRequest("req-1"))
	cancel()
	log, out := logged()
	got := ErrorPresenter(log)(ctx, errors.New("driver: bad connection"))
	if got.Message != "the request was cancelled" || strings.Contains(out.String(), "level=ERROR") {
		t.Errorf("%s, log %s", asJSON(t, got), out)
	}
}

func TestRecover(t *testing.T) {
	log, out := logged()
	ctx := withRequest("req-1")
	err := Recover(log)(ctx, "index out of range at secret.go")
	got := ErrorPresenter(log)(ctx, err)

	want := `{"message":"internal error","extensions":{"code":"INTERNAL","requestId":"req-1"}}`
	if diff := cmp.Diff(want, asJSON(t, got)); diff != "" {
		t.Error(diff)
	}
	if n := strings.Count(out.String(), "level=ERROR"); n != 1 {
		t.Errorf("logged %d times, want once: %s", n, out)
	}
	for _, wanted := range []string{"index out of range at secret.go", "errors_test.go", "request=req-1"} {
		if !strings.Contains(out.String(), wanted) {
			t.Errorf("no %q in the log", wanted)
		}
	}
}

func TestGraphQLErrors(t *testing.T) {
	e := toyExecutor()
	e.SetParserTokenLimit(50)
	for name, test := range map[string]struct {
		query     string
		variables map[string]any
		want      string
	}{
		"syntax": {
			"{ ping", nil,
			`{"message":"Expected Name, found \u003cEOF\u003e","locations":[{"line":1,"column":7}],"extensions":{"code":"SYNTAX"}}`,
		},
		"tokens": {
			"{" + strings.Repeat(" ping", 60) + "}", nil,
			`{"message":"the document has more than 50 tokens, which is the limit","extensions":{"code":"TOO_LARGE","limit":"tokens"}}`,
		},
		"empty": {
			" ", nil,
			`{"message":"no operation provided","extensions":{"code":"VALIDATION"}}`,
		},
		"validation": {
			"{ pong @include(if: true) }", nil,
			`{"message":"Cannot query field \"pong\" on type \"Query\". Did you mean \"ping\"?",` +
				`"locations":[{"line":1,"column":3}],"extensions":{"code":"VALIDATION"}}`,
		},
		"variable": {
			"mutation ($in: SecretInput!) { secretSet(input: $in) { id } }", map[string]any{"in": map[string]any{"name": nil}},
			`{"message":"$in.name: cannot be null","extensions":{"code":"VALIDATION"}}`,
		},
		"missing variable": {
			"query ($id: ID!) { node(id: $id) { id } }", nil,
			`{"message":"$id: must be defined","extensions":{"code":"VALIDATION"}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := only(t, run(context.Background(), e, test.query, test.variables))
			if diff := cmp.Diff(test.want, asJSON(t, got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
