package httpapi

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/appanage/appanage/graph/present"
	"github.com/appanage/appanage/internal/apperr"
)

// statuses are those of refused operations under graphql-response+json; what is not listed is a bad request.
var statuses = map[apperr.Code]int{
	apperr.Unauthenticated: http.StatusUnauthorized,
	apperr.Forbidden:       http.StatusForbidden,
	apperr.Throttled:       http.StatusTooManyRequests,
	apperr.Internal:        http.StatusInternalServerError,
}

// respond answers with what GraphQL has to say about a request. Refused operations differ by media type; those that
// ran are 200 whatever their errors.
func (a *api) respond(w http.ResponseWriter, x *exchange, response *graphql.Response) {
	status := http.StatusOK
	if code, refused := present.Refusal(response); refused && x.media == mediaResponse {
		status = http.StatusBadRequest
		if s, ok := statuses[code]; ok {
			status = s
		}
	}
	a.write(w, x, status, response)
}

// fail answers a request that never reached GraphQL.
func (a *api) fail(w http.ResponseWriter, r *http.Request, failed *failure) {
	discard(w, r)
	x := exchangeOf(r.Context())
	shown := a.present(r.Context(), failed.err)
	x.limit = failed.limit
	a.write(w, x, failed.status, &graphql.Response{Errors: gqlerror.List{shown}})
}

// discarded is as much of a body as net/http itself would read to keep a connection.
const discarded = 256 << 10

// discard reads what the client may still be sending, up to a point: a connection closed over unread bytes is reset,
// and the answer, a 401 for a large bundle say, is lost with it. Beyond that point MaxBytesReader has the server close
// its half of the connection only, for a moment.
func discard(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Expect") != "" {
		return // the client waits until the body is asked for, which reading it would do
	}
	_, _ = io.Copy(io.Discard, http.MaxBytesReader(connection(w), r.Body, discarded))
}

// write sends the response and notes its outcome. A response without data has no such member: "data": null says that
// the operation ran.
func (a *api) write(w http.ResponseWriter, x *exchange, status int, response *graphql.Response) {
	x.outcome = "OK"
	if len(response.Errors) > 0 {
		x.outcome = string(present.CodeOf(response.Errors[0]))
		if limit := present.LimitOf(response.Errors[0]); limit != "" {
			x.limit = limit
		}
	}

	head, tail := envelope(response)
	header := w.Header()
	header.Set("Content-Type", x.media.contentType())
	header.Set("Content-Length", strconv.Itoa(len(head)+len(response.Data)+len(tail)))
	if status == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", "Bearer")
	}
	w.WriteHeader(status)
	for _, part := range [][]byte{head, response.Data, tail} {
		if _, err := w.Write(part); err != nil { //nolint:gosec // JSON, marked as such and as not to be sniffed
			return // the client has gone; there is nobody left to tell
		}
	}
}

// envelope is what stands before and after the data, which is JSON already, large, and not copied again.
func envelope(response *graphql.Response) (head, tail []byte) {
	head = append(head, '{')
	if len(response.Errors) > 0 {
		head = appendMember(head, "errors", response.Errors)
	}
	if response.Data != nil {
		head = appendName(head, "data")
	}
	if len(response.Extensions) > 0 {
		if len(response.Errors) > 0 || response.Data != nil {
			tail = append(tail, ',')
		}
		tail = appendMember(tail, "extensions", response.Extensions)
	}
	return head, append(tail, '}')
}

func appendName(b []byte, name string) []byte {
	if last := len(b) - 1; last >= 0 && b[last] != '{' && b[last] != ',' {
		b = append(b, ',')
	}
	return append(strconv.AppendQuote(b, name), ':')
}

func appendMember(b []byte, name string, value any) []byte {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(err) // what an extension put there is no JSON: a fault in the program
	}
	return append(appendName(b, name), encoded...)
}
