package proctest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
)

// answer is what GraphQL said.
type answer struct {
	Data   json.RawMessage `json:"data"`
	Errors []struct {
		Message string `json:"message"`
	} `json:"errors"`
}

// ask sends an operation, with a bearer token or with none.
func ask(ctx context.Context, address, token, document string, variables any) (answer, error) {
	return askOnce(ctx, address, token, "", document, variables)
}

// askOnce is ask with an Idempotency-Key.
func askOnce(ctx context.Context, address, token, key, document string, variables any) (answer, error) {
	var a answer
	body, err := json.Marshal(map[string]any{"query": document, "variables": variables})
	if err != nil {
		return a, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/graphql", bytes.NewReader(body))
	if err != nil {
		return a, err
	}
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return a, err
	}
	raw, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return a, err
	}
	if err := json.Unmarshal(raw, &a); err != nil {
		return a, fmt.Errorf("%d, no JSON: %s", response.StatusCode, raw)
	}
	return a, nil
}

// data is ask for operations that must succeed.
func data[T any](t *testing.T, p *process, token, document string, variables any) T {
	t.Helper()
	var out T
	a, err := ask(t.Context(), p.address, token, document, variables)
	if err == nil && len(a.Errors) > 0 {
		err = fmt.Errorf("the answer has errors: %v", a.Errors)
	}
	if err == nil {
		err = json.Unmarshal(a.Data, &out)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, p.output)
	}
	return out
}

// signIn gives a token, or "" where it is refused.
func signIn(t *testing.T, p *process, identifier, password string) string {
	t.Helper()
	return signInTo(t, p, "SYSTEM", identifier, password)
}

// signInTo is signIn at the client with a code.
func signInTo(t *testing.T, p *process, client, identifier, password string) string {
	t.Helper()
	d := data[struct{ SessionCreate struct{ Token string } }](t, p, "",
		`mutation($i: SessionCreateInput!) { sessionCreate(input: $i) { token errors { code } } }`,
		map[string]any{"i": map[string]any{"clientCode": client, "identifier": identifier, "password": password}})
	return d.SessionCreate.Token
}

// viewer is the user name behind a token.
func viewer(t *testing.T, p *process, token string) string {
	t.Helper()
	d := data[struct {
		Viewer struct{ User struct{ UserName string } }
	}](t, p, token, `{ viewer { user { userName } } }`, nil)
	return d.Viewer.User.UserName
}
