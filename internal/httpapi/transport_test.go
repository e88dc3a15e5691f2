package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/go-cmp/cmp"
)

// get is a GET with URL parameters: names and values in turn.
func get(parameters ...string) call {
	values := url.Values{}
	for pair := range slices.Chunk(parameters, 2) {
		values.Add(pair[0], pair[1])
	}
	return call{method: http.MethodGet, target: "/graphql?" + values.Encode()}
}

func body(text string) call { return call{body: text} }

// TestStatuses holds what protocol and media type make of each kind of request: the status under
// graphql-response+json, the one under json, the code, and whether there is data.
func TestStatuses(t *testing.T) {
	handler := New(toyOptions(newToy()))
	for name, test := range map[string]struct {
		call           call
		response, json int
		code           string
	}{
		"query":                 {post("{ hello }"), 200, 200, ""},
		"query by GET":          {get("query", "{ hello }"), 200, 200, ""},
		"partial":               {post("{ hello fail }"), 200, 200, "INTERNAL"},
		"null data":             {post("{ broken }"), 200, 200, "INTERNAL"},
		"mutation":              {post("mutation { touch }"), 200, 200, ""},
		"variables":             {body(`{"query":"query($n:String){hello(name:$n)}","variables":{"n":"Ada"}}`), 200, 200, ""},
		"nulls":                 {body(`{"query":"{hello}","variables":null,"operationName":null,"extensions":null}`), 200, 200, ""},
		"unknown members":       {body(`{"query":"{hello}","id":3}`), 200, 200, ""},
		"operation name":        {body(`{"query":"query a{hello} query b{fail}","operationName":"a"}`), 200, 200, ""},
		"operation name by GET": {get("query", "query a{hello} query b{fail}", "operationName", "a"), 200, 200, ""},
		"variables by GET":      {get("query", "query($n:String){hello(name:$n)}", "variables", `{"n":"Ada"}`), 200, 200, ""},
		"empty parameters":      {get("query", "{hello}", "variables", "", "operationName", "", "extensions", ""), 200, 200, ""},
		"content type with charset": {
			call{body: `{"query":"{hello}"}`, contentType: "application/json; charset=UTF-8"}, 200, 200, "",
		},

		"syntax":             {post("{ hello"), 400, 200, "SYNTAX"},
		"validation":         {post("{ goodbye }"), 400, 200, "VALIDATION"},
		"coercion":           {body(`{"query":"query($n:String){hello(name:$n)}","variables":{"n":[1]}}`), 400, 200, "VALIDATION"},
		"unknown operation":  {body(`{"query":"query a{hello}","operationName":"b"}`), 400, 200, "VALIDATION"},
		"which operation":    {post("query a{hello} query b{fail}"), 400, 200, "VALIDATION"},
		"subscription":       {post("subscription { ticks }"), 400, 400, "VALIDATION"},
		"over a limit":       {post("{" + strings.Repeat(" hello", 31) + "}"), 400, 200, "TOO_LARGE"},
		"unauthenticated":    {post("{ secret }"), 401, 200, "UNAUTHENTICATED"},
		"a null condition":   {body(`{"query":"query($s:Boolean=true){hello @skip(if:$s)}","variables":{"s":null}}`), 400, 200, "VALIDATION"},
		"no body":            {body(""), 400, 400, "SYNTAX"},
		"not JSON":           {body(`{"query":"{hello}"`), 400, 400, "SYNTAX"},
		"JSON and more":      {body(`{"query":"{hello}"} {}`), 400, 400, "SYNTAX"},
		"a list":             {body(`[{"query":"{hello}"}]`), 400, 400, "VALIDATION"},
		"a string":           {body(`"{hello}"`), 400, 400, "VALIDATION"},
		"a member twice":     {body(`{"query":"{hello}","query":"{secret}"}`), 400, 400, "VALIDATION"},
		"no query":           {body(`{"variables":{}}`), 400, 400, "VALIDATION"},
		"another case":       {body(`{"Query":"{hello}"}`), 400, 400, "VALIDATION"},
		"no query by GET":    {get(), 400, 400, "VALIDATION"},
		"query twice by GET": {get("query", "{hello}", "query", "{secret}"), 400, 400, "VALIDATION"},
		"query is null":      {body(`{"query":null}`), 400, 400, "VALIDATION"},
		"query is a number":  {body(`{"query":7}`), 400, 400, "VALIDATION"},
		"variables a list":   {body(`{"query":"{hello}","variables":[]}`), 400, 400, "VALIDATION"},
		"variables a string": {body(`{"query":"{hello}","variables":"{}"}`), 400, 400, "VALIDATION"},
		"name is a number":   {body(`{"query":"{hello}","operationName":7}`), 400, 400, "VALIDATION"},
		"extensions a list":  {body(`{"query":"{hello}","extensions":[]}`), 400, 400, "VALIDATION"},
		"list by GET":        {get("query", "{hello}", "variables", "[]"), 400, 400, "VALIDATION"},
		"no JSON by GET":     {get("query", "{hello}", "variables", "{"), 400, 400, "SYNTAX"},
		"extensions by GET":  {get("query", "{hello}", "extensions", "7"), 400, 400, "VALIDATION"},
		"escapes in the URL": {call{method: http.MethodGet, target: "/graphql?query=%7Bhello%7D;x=%"}, 400, 400, "SYNTAX"},

		"mutation by GET":         {get("query", "mutation { touch }"), 405, 405, "VALIDATION"},
		"refused mutation by GET": {get("query", "mutation { ...f } fragment f on Mutation { touch }"), 405, 405, "VALIDATION"},
		"PUT":                     {call{method: http.MethodPut, body: `{"query":"{hello}"}`}, 405, 405, "VALIDATION"},
		"text":                    {call{body: `{"query":"{hello}"}`, contentType: "text/plain"}, 415, 415, "VALIDATION"},
		"no content type":         {call{body: `{"query":"{hello}"}`, contentType: " "}, 415, 415, "VALIDATION"},
		"another charset":         {call{body: `{"query":"{hello}"}`, contentType: "application/json; charset=latin1"}, 415, 415, "VALIDATION"},
		"form":                    {call{body: "query={hello}", contentType: "application/x-www-form-urlencoded"}, 415, 415, "VALIDATION"},
		"compressed":              {call{body: "x", header: http.Header{"Content-Encoding": {"gzip"}}}, 415, 415, "VALIDATION"},
	} {
		t.Run(name, func(t *testing.T) {
			for accept, status := range map[media]int{mediaResponse: test.response, mediaJSON: test.json} {
				c := test.call
				c.accept = string(accept)
				got := c.to(handler)
				if got.status != status || got.code(t) != test.code {
					t.Errorf("%s: got %d %s, want %d %s", accept, got.status, got.body, status, test.code)
				}
				if want := accept.contentType(); got.header.Get("Content-Type") != want {
					t.Errorf("content type %q, want %q", got.header.Get("Content-Type"), want)
				}
				ran := test.code == "" || test.code == "INTERNAL"
				if got.hasData(t) != ran {
					t.Errorf("%s: data is there: %v: %s", accept, !ran, got.body)
				}
			}
		})
	}
}

func TestMutationByGETRunsNothing(t *testing.T) {
	toy := newToy()
	options := toyOptions(toy)
	entered := false
	options.Around = func(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
		entered = true
		return next(ctx)
	}
	handler := New(options)
	got := get("query", "mutation { touch }").to(handler)
	if got.status != 405 || got.header.Get("Allow") != "POST" {
		t.Errorf("got %d, Allow %q", got.status, got.header.Get("Allow"))
	}
	if toy.touched != 0 || entered {
		t.Errorf("touched %d times, entered: %v", toy.touched, entered)
	}
	if got := post("mutation { touch }").to(handler); got.status != 200 || toy.touched != 1 || !entered {
		t.Errorf("by POST: %d, touched %d times", got.status, toy.touched)
	}
}

func TestOtherMethods(t *testing.T) {
	got := call{method: http.MethodDelete}.to(New(toyOptions(newToy())))
	if got.status != 405 || got.header.Get("Allow") != "GET, POST" {
		t.Errorf("got %d, Allow %q", got.status, got.header.Get("Allow"))
	}
}

func TestNotAcceptable(t *testing.T) {
	c := post("mutation { touch }")
	c.accept = "text/html"
	toy := newToy()
	got := c.to(New(toyOptions(toy)))
	if got.status != 406 || got.code(t) != "VALIDATION" || toy.touched != 0 {
		t.Errorf("got %d %s", got.status, got.body)
	}
}

func TestAnswersWholly(t *testing.T) {
	handler := New(toyOptions(newToy()))
	c := post("{ hello fail }")
	c.header = http.Header{"X-Request-Id": {"test-0001"}}
	got := c.to(handler)
	want := `{"errors":[{"message":"internal error","path":["fail"],"extensions":{"code":"INTERNAL","requestId":"test-0001"}}],` +
		`"data":{"fail":null,"hello":"Hello, \u003cnil\u003e!"},"extensions":{"cost":{"nodes":0,"max":500000}}}`
	if diff := cmp.Diff(want, got.body); diff != "" {
		t.Error(diff)
	}
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		"X-Request-Id": "test-0001", "Vary": "Accept, Authorization", "Content-Length": fmt.Sprint(len(want)),
	} {
		if got.header.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, got.header.Get(name), want)
		}
	}
}

func TestErrorsDoNotRepeatTheBody(t *testing.T) {
	handler := New(toyOptions(newToy()))
	for _, text := range []string{`{"query": hunter2}`, `{"variables":"hunter2","query":"{hello}"}`, `{"hunter2":1,"hunter2":2}`} {
		if got := body(text).to(handler); strings.Contains(got.body, "hunter2") {
			t.Errorf("%s: %s", text, got.body)
		}
	}
}

// document is a query of a given length.
func document(length int) string {
	const text = "{ hello }"
	return text + strings.Repeat(" ", length-len(text))
}

// variables is a body whose variables are a JSON text of a given length.
func variables(length int) call {
	frame := `{"v":""}`
	return body(`{"query":"{ hello }","variables":{"v":"` + strings.Repeat("x", length-len(frame)) + `"}}`)
}

func TestSizes(t *testing.T) {
	handler := New(toyOptions(newToy()))
	signedIn := func(c call) call { c.token = "plain"; return c }
	for name, test := range map[string]struct {
		call   call
		status int
	}{
		"document":                        {post(document(64 << 10)), 200},
		"document over":                   {post(document(64<<10 + 1)), 413},
		"document over by GET":            {get("query", document(64<<10+1)), 413},
		"variables":                       {variables(256 << 10), 200},
		"variables over":                  {variables(256<<10 + 1), 413},
		"variables by a session":          {signedIn(variables(2 << 20)), 200},
		"variables over, by a session":    {signedIn(variables(2<<20 + 1)), 413},
		"a large body":                    {body(strings.Repeat(" ", 3<<20)), 413},
		"a large body by a session":       {signedIn(body(strings.Repeat(" ", 3<<20))), 413},
		"a body of spaces, by no session": {body(strings.Repeat(" ", 400<<10) + `{"query":"{ hello }"}`), 413},
	} {
		t.Run(name, func(t *testing.T) {
			got := test.call.to(handler)
			if got.status != test.status || (test.status == 413) != (got.code(t) == "TOO_LARGE") {
				t.Errorf("got %d %.200s, want %d", got.status, got.body, test.status)
			}
		})
	}
}

func TestFloodOfFieldsIsCheap(t *testing.T) {
	handler := New(toyOptions(newToy()))
	start := time.Now()
	got := post("{" + strings.Repeat(" hello", 5_000) + "}").to(handler)
	if took := time.Since(start); took > time.Second {
		t.Errorf("took %v", took)
	}
	if got.code(t) != "TOO_LARGE" {
		t.Errorf("got %s", got.body)
	}
}

func TestPanicsBecomeInternalErrors(t *testing.T) {
	options := toyOptions(newToy())
	options.Around = func(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
		if graphql.GetOperationContext(ctx).Operation.Name == "around" {
			panic("open /etc/appanage/key: permission denied")
		}
		return next(ctx)
	}
	handler := New(options)
	for query, want := range map[string]answered{
		"{ boom }": {status: 200, body: `{"errors":[{"message":"internal error","path":["boom"],"extensions":` +
			`{"code":"INTERNAL","requestId":"test-0001"}}],"data":{"boom":null},"extensions":{"cost":{"nodes":0,"max":500000}}}`},
		"query around { hello }": {status: 500, body: `{"errors":[{"message":"internal error","extensions":` +
			`{"code":"INTERNAL","requestId":"test-0001"}}]}`},
	} {
		c := post(query)
		c.header = http.Header{"X-Request-Id": {"test-0001"}}
		got := c.to(handler)
		if got.status != want.status || got.body != want.body {
			t.Errorf("%s: got %d %s", query, got.status, got.body)
		}
	}
}

func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := post("{ slow }").to(New(toyOptions(newToy())))
		if got.status != 200 || !strings.Contains(got.body, "the request took too long") {
			t.Errorf("got %d %s", got.status, got.body)
		}
	})
}

func TestRequestThatEndedBeforeItBegan(t *testing.T) {
	handler := New(toyOptions(newToy()))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got := serve(handler, post("{ hello }").request().WithContext(ctx))
	if got.status != 503 || !strings.Contains(got.body, "the request was cancelled") {
		t.Errorf("got %d %s", got.status, got.body)
	}
}

func TestNumbersKeepTheirDigits(t *testing.T) {
	params, failed := decodeMembers(map[string]json.RawMessage{
		"query": json.RawMessage(`"{ hello }"`), "variables": json.RawMessage(`{"n":9007199254740993}`),
	})
	if failed != nil || params.Variables["n"] != json.Number("9007199254740993") {
		t.Errorf("got %v, %v", params, failed)
	}
}

func TestDeferIsRefused(t *testing.T) {
	got := post("{ ... @defer { hello } }").to(New(toyOptions(newToy())))
	if got.code(t) != "VALIDATION" || got.hasData(t) {
		t.Errorf("got %s", got.body)
	}
}

// Whatever the bytes, an answer is JSON with errors or data, and never a fault of ours.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{`{"query":"{hello}"}`, `{"query":"query($n:String){hello(name:$n)}","variables":{"n":"x"}}`, `[]`, `{"a":1,"a":2}`} {
		f.Add(seed)
	}
	handler := New(toyOptions(newToy()))
	f.Fuzz(func(t *testing.T, text string) {
		got := body(text).to(handler)
		if !json.Valid([]byte(got.body)) || got.status >= 500 {
			t.Errorf("got %d %s", got.status, got.body)
		}
	})
}
