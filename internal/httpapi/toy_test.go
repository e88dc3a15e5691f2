package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/oid"
)

var toySchema = gqlparser.MustLoadSchema(&ast.Source{Input: `
	directive @authority(requires: String!) on FIELD_DEFINITION
	directive @signedIn on FIELD_DEFINITION
	directive @public on FIELD_DEFINITION
	type Query {
		hello(name: String): String @public
		count(of: [Int!]): Int @public
		secret: String @authority(requires: "Secret_READ")
		me: String @signedIn
		boom: String @public
		fail: String @public
		slow: String @public
		broken: String! @public
		things(first: Int): ThingConnection @public
	}
	type Mutation { touch: Int @public }
	type Subscription { ticks: Int @public }
	type ThingConnection { totalCount: Int }
`})

// toy is an executable schema that runs root fields only.
type toy struct {
	mu      sync.Mutex
	touched int
	entered chan struct{} // gets a value when slow begins
	release chan struct{} // lets slow end
}

func newToy() *toy {
	return &toy{entered: make(chan struct{}, 10), release: make(chan struct{})}
}

func (*toy) Schema() *ast.Schema { return toySchema }

func (*toy) Complexity(context.Context, string, string, int, map[string]any) (int, bool) {
	return 0, false
}

func (s *toy) Exec(context.Context) graphql.ResponseHandler {
	return func(ctx context.Context) *graphql.Response {
		operation := graphql.GetOperationContext(ctx)
		data, isNull := map[string]any{}, false
		for _, field := range graphql.CollectFields(operation, operation.Operation.SelectionSet, nil) {
			data[field.Alias] = s.resolve(ctx, operation, field)
			isNull = isNull || data[field.Alias] == nil && field.Definition.Type.NonNull
		}
		if isNull {
			return &graphql.Response{Data: json.RawMessage("null")}
		}
		encoded, err := json.Marshal(data)
		if err != nil {
			panic(err)
		}
		return &graphql.Response{Data: encoded}
	}
}

func (s *toy) resolve(ctx context.Context, operation *graphql.OperationContext, field graphql.CollectedField) (value any) {
	ctx = graphql.WithFieldContext(ctx, &graphql.FieldContext{Field: field})
	defer func() {
		if panicked := recover(); panicked != nil {
			operation.Error(ctx, operation.Recover(ctx, panicked))
		}
	}()
	arguments := field.ArgumentMap(operation.Variables)
	switch field.Name {
	case "hello":
		return fmt.Sprintf("Hello, %v!", arguments["name"])
	case "secret", "me":
		return field.Name
	case "boom":
		panic("the disk under /var/lib is on fire")
	case "fail", "broken":
		operation.Error(ctx, errors.New("Error 1064 (42000): near 'SELECT password'"))
		return nil
	case "slow":
		s.entered <- struct{}{}
		select {
		case <-s.release:
			return "done"
		case <-ctx.Done():
			operation.Error(ctx, ctx.Err())
			return nil
		}
	case "touch":
		s.mu.Lock()
		defer s.mu.Unlock()
		s.touched++
		return s.touched
	case "__typename":
		return field.ObjectDefinition.Name
	}
	return map[string]any{}
}

// authenticate knows three tokens; one of them finds the database away.
func authenticate(_ context.Context, token string) (*actor.Actor, error) {
	switch token {
	case "reader", "other":
		return actor.New(actor.Actor{Session: oid.Session("ses_" + token)}, []string{"Secret_READ"}, clock.Now()), nil
	case "plain":
		return actor.New(actor.Actor{Session: "ses_plain"}, nil, clock.Now()), nil
	case "outage":
		return nil, errors.New("dial tcp 10.0.0.3:3306: connection refused")
	case "late":
		return nil, fmt.Errorf("loading the session: %w", context.DeadlineExceeded)
	}
	return nil, apperr.New(apperr.Unauthenticated, "the token is unknown or has expired")
}

// toyOptions are those of a server that runs the toy.
func toyOptions(t *toy) Options {
	return Options{Schema: t, Authenticate: authenticate, Logger: slog.New(slog.DiscardHandler)}
}

// call is one request; the zero value of each member leaves it out.
type call struct {
	method, target, body, contentType, accept, token, origin, from string
	header                                                         http.Header
}

// post is a POST of a query, without variables.
func post(query string) call {
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		panic(err)
	}
	return call{body: string(body)}
}

func (c call) request() *http.Request {
	if c.method == "" {
		c.method = http.MethodPost
	}
	if c.target == "" {
		c.target = "/graphql"
	}
	if c.contentType == "" && c.method == http.MethodPost {
		c.contentType = "application/json"
	}
	r := httptest.NewRequestWithContext(context.Background(), c.method, c.target, strings.NewReader(c.body))
	for name, values := range c.header {
		r.Header[name] = values
	}
	for name, value := range map[string]string{
		"Content-Type": strings.TrimSpace(c.contentType), "Accept": c.accept, "Origin": c.origin,
	} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.from != "" {
		r.RemoteAddr = c.from
	}
	return r
}

// answered is a response, read.
type answered struct {
	status int
	header http.Header
	body   string
}

func (c call) to(handler http.Handler) answered { return serve(handler, c.request()) }

func serve(handler http.Handler, r *http.Request) answered {
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, r)
	result := recorder.Result()
	body, err := io.ReadAll(result.Body)
	if err != nil {
		panic(err)
	}
	return answered{result.StatusCode, result.Header, string(body)}
}

// code is the code of the first error, "" when there is none.
func (a answered) code(t *testing.T) string {
	t.Helper()
	var response struct {
		Errors []struct {
			Extensions struct{ Code string }
		}
	}
	if err := json.Unmarshal([]byte(a.body), &response); err != nil {
		t.Fatalf("not JSON: %v: %s", err, a.body)
	}
	if len(response.Errors) == 0 {
		return ""
	}
	return response.Errors[0].Extensions.Code
}

// hasData tells whether there is a data member, null or not.
func (a answered) hasData(t *testing.T) bool {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(a.body), &members); err != nil {
		t.Fatalf("not JSON: %v: %s", err, a.body)
	}
	_, ok := members["data"]
	return ok
}
