package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"

	"github.com/99designs/gqlgen/graphql"

	"github.com/appanage/appanage/internal/apperr"
)

// failure is a request that never reached GraphQL: its status does not depend on the answer's media type.
type failure struct {
	status int
	err    error
	limit  string // the limit passed, for the metrics
}

func badRequest(code apperr.Code, format string, args ...any) *failure {
	return &failure{status: http.StatusBadRequest, err: apperr.New(code, format, args...)}
}

func tooBig(limit, what string, most int) *failure {
	err := apperr.New(apperr.TooLarge, "%s larger than %d bytes", what, most)
	return &failure{status: http.StatusRequestEntityTooLarge, err: err, limit: limit}
}

// readParams reads the GraphQL parameters of a GET or POST request.
func readParams(w http.ResponseWriter, r *http.Request, sizes Sizes, signedIn bool) (*graphql.RawParams, *failure) {
	variables := sizes.Anonymous
	if signedIn {
		variables = sizes.SignedIn
	}
	var members map[string]json.RawMessage
	var failed *failure
	if r.Method == http.MethodGet {
		members, failed = urlMembers(r.URL.RawQuery)
	} else {
		members, failed = bodyMembers(w, r, sizes.Document, variables)
	}
	if failed != nil {
		return nil, failed
	}
	params, failed := decodeMembers(members)
	switch {
	case failed != nil:
		return nil, failed
	case len(params.Query) > sizes.Document:
		return nil, tooBig("document", "a document", sizes.Document)
	case len(members["variables"]) > variables:
		return nil, tooBig("variables", "variables", variables)
	}
	params.Headers = r.Header
	return params, nil
}

// urlMembers brings URL parameters into the form of a JSON body's members: query and operationName become JSON
// strings, variables and extensions are JSON already.
func urlMembers(query string) (map[string]json.RawMessage, *failure) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, badRequest(apperr.Syntax, "the URL's parameters cannot be read")
	}
	members := map[string]json.RawMessage{}
	for _, name := range []string{"query", "operationName", "variables", "extensions"} {
		switch given := values[name]; {
		case len(given) > 1:
			return nil, badRequest(apperr.Validation, "%s is given more than once", name)
		case len(given) == 0 || given[0] == "":
		case name == "query" || name == "operationName":
			members[name], _ = json.Marshal(given[0]) // strings always can be
		case !json.Valid([]byte(given[0])):
			return nil, badRequest(apperr.Syntax, "%s is not JSON", name)
		default:
			members[name] = json.RawMessage(given[0])
		}
	}
	return members, nil
}

// bodyOverhead is what a body may hold besides the document and the variables: names, the operation's name, escapes.
const bodyOverhead = 32 << 10

// bodyMembers reads the members of a JSON body. The errors do not repeat what was sent.
func bodyMembers(
	w http.ResponseWriter, r *http.Request, document, variables int,
) (map[string]json.RawMessage, *failure) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != string(mediaJSON) || !isUTF8(params) || r.Header.Get("Content-Encoding") != "" {
		err := apperr.New(apperr.Validation, "the body must be application/json in UTF-8, not encoded further")
		return nil, &failure{status: http.StatusUnsupportedMediaType, err: err}
	}
	most := document + variables + bodyOverhead
	body, err := io.ReadAll(http.MaxBytesReader(connection(w), r.Body, int64(most)))
	if _, over := errors.AsType[*http.MaxBytesError](err); over {
		return nil, tooBig("body", "a body", most)
	}
	if err != nil {
		return nil, badRequest(apperr.Syntax, "the body could not be read to its end")
	}
	return objectMembers(body)
}

// decodeMembers checks the type of each member. null means absent; members of other names are ignored.
func decodeMembers(members map[string]json.RawMessage) (*graphql.RawParams, *failure) {
	var params graphql.RawParams
	for _, member := range []struct {
		name, kind string
		into       any
	}{
		{"query", "string", &params.Query},
		{"operationName", "string", &params.OperationName},
		{"variables", "object", &params.Variables},
		{"extensions", "object", &params.Extensions},
	} {
		value, given := members[member.name]
		if !given {
			continue
		}
		if err := decode(value, member.into); err != nil {
			return nil, badRequest(apperr.Validation, "%s must be a JSON %s", member.name, member.kind)
		}
	}
	if params.Query == "" {
		return nil, badRequest(apperr.Validation, "query is missing")
	}
	return &params, nil
}

// decode reads a value. Numbers in variables stay as they are written, which takes a decoder; text has none.
func decode(value json.RawMessage, into any) error {
	if _, text := into.(*string); text {
		return json.Unmarshal(value, into)
	}
	decoder := json.NewDecoder(bytes.NewReader(value))
	decoder.UseNumber()
	return decoder.Decode(into)
}
