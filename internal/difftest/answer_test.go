package difftest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
)

// answer is what a node says.
type answer struct {
	status     int
	media      string
	body       []byte
	data       json.RawMessage
	extensions json.RawMessage
	errors     []string // sorted: fields are resolved side by side, so their order says nothing
}

// ask sends an operation to a node. It may be called from any goroutine.
func ask(node http.Handler, token string, op operation) (answer, error) {
	request := map[string]any{"query": op.query, "variables": op.variables}
	if op.name != "" {
		request["operationName"] = op.name
	}
	body, err := json.Marshal(request)
	if err != nil {
		return answer{}, fmt.Errorf("encode the request: %w", err)
	}
	r := httptest.NewRequest(http.MethodPost, "/graphql", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/graphql-response+json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	node.ServeHTTP(w, r)
	return read(w)
}

func read(w *httptest.ResponseRecorder) (answer, error) {
	var envelope struct {
		Data, Extensions json.RawMessage
		Errors           []json.RawMessage
	}
	a := answer{status: w.Code, media: w.Header().Get("Content-Type"), body: w.Body.Bytes()}
	if err := json.Unmarshal(a.body, &envelope); err != nil {
		return a, fmt.Errorf("the answer is no JSON: %w: %.2000s", err, a.body)
	}
	a.data, a.extensions = envelope.Data, envelope.Extensions
	for _, e := range envelope.Errors {
		a.errors = append(a.errors, string(e))
	}
	slices.Sort(a.errors)
	return a, nil
}

// fault is what no answer may have: an internal error. "" when there is none.
func (a answer) fault() string {
	for _, e := range a.errors {
		if strings.Contains(e, `"code":"INTERNAL"`) {
			return e
		}
	}
	return ""
}

// difference says in what two answers differ, "" when in nothing.
func difference(want, got answer) string {
	switch {
	case want.status != got.status || want.media != got.media:
		return fmt.Sprintf("status %d %s, the reference's is %d %s\n%.500s", got.status, got.media, want.status, want.media, got.body)
	case !bytes.Equal(want.data, got.data):
		return "data " + firstDifference(want.data, got.data)
	case !slices.Equal(want.errors, got.errors):
		return fmt.Sprintf("errors\n     got %s\nreference %s", got.errors, want.errors)
	case !bytes.Equal(want.extensions, got.extensions):
		return fmt.Sprintf("extensions %s, the reference's are %s", got.extensions, want.extensions)
	case len(want.errors) < 2 && !bytes.Equal(want.body, got.body):
		return "body " + firstDifference(want.body, got.body)
	}
	return ""
}

// firstDifference shows where two texts part.
func firstDifference(want, got []byte) string {
	at := 0
	for at < len(want) && at < len(got) && want[at] == got[at] {
		at++
	}
	around := func(b []byte) string { return fmt.Sprintf("%q", b[max(0, min(at, len(b))-80):min(len(b), at+120)]) }
	return fmt.Sprintf("at byte %d\n     got … %s\nreference … %s", at, around(got), around(want))
}

// cursors lists what looks like a cursor in an answer, in order.
func (a answer) cursors() []string {
	var list []string
	for _, text := range strings.Split(string(a.data), `"`) {
		if len(text) > 60 && strings.Trim(text, base64Letters) == "" {
			list = append(list, text)
		}
	}
	return list
}

const base64Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
