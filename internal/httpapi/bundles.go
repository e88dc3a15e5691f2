package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/reqinfo"
)

// Bundles takes in applications in one document, and hands them out. Both run with the caller in the context, where there
// is one; what their errors say is for the caller, as far as they are of package apperr.
type Bundles struct {
	// Most is the longest document taken in, in bytes.
	Most int64
	// Receive reads a document to its end, and gives the id by which it is known until it expires.
	Receive func(ctx context.Context, document io.Reader) (id string, expires time.Time, err error)
	// Download makes what a ticket is for. by is the session that asks, "" for one that does not say.
	Download func(ctx context.Context, ticket string, by oid.Session) (Download, error)
}

// Download is a document to be sent.
type Download struct {
	Name    string // of the file
	Size    int64
	Content io.ReadCloser
}

const (
	bundlesPath = "/bundles"
	// transferTime is how long a document may be under way.
	transferTime = 5 * time.Minute
	// transfers is how many documents are taken in at once: each takes its room on the disk meanwhile.
	transfers = 16
	// timeFormat is that of the API's DateTime.
	timeFormat = "2006-01-02T15:04:05.000000Z"
)

// bundles is what the routes of bundles share.
type bundles struct {
	*api

	room chan struct{} // of documents that are being taken in
}

// routes adds them, under the same rules for other origins as GraphQL.
func (b *bundles) routes(mux *http.ServeMux) {
	mux.Handle(bundlesPath, b.crossOrigin(http.HandlerFunc(b.upload)))
	mux.Handle(bundlesPath+"/{ticket}", b.crossOrigin(http.HandlerFunc(b.download)))
}

// bundleOperation is what metrics and the log call both ways.
const bundleOperation ast.Operation = "bundle"

// upload takes a document in.
func (b *bundles) upload(w http.ResponseWriter, r *http.Request) {
	b.begin(w, r)
	defer b.recovered(w, r)
	if r.Method != http.MethodPost {
		b.notAllowed(w, r, http.MethodPost)
		return
	}
	who, failed := b.admit(w, r)
	if failed == nil {
		failed = b.takes(w, r, who)
	}
	if failed != nil {
		b.fail(w, r, failed)
		return
	}
	select {
	case b.room <- struct{}{}:
		defer func() { <-b.room }()
	default:
		b.fail(w, r, throttled(w, "bundles", time.Second))
		return
	}
	b.receive(w, r.WithContext(actor.With(r.Context(), who)))
}

// begin notes what every answer has.
func (b *bundles) begin(w http.ResponseWriter, r *http.Request) {
	exchangeOf(r.Context()).operation = bundleOperation
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Add("Vary", "Accept, Authorization")
}

func (b *bundles) notAllowed(w http.ResponseWriter, r *http.Request, method string) {
	w.Header().Set("Allow", method)
	err := apperr.New(apperr.Validation, "this is asked by %s", method)
	b.fail(w, r, &failure{status: http.StatusMethodNotAllowed, err: err})
}

// takes refuses what the header tells already.
func (b *bundles) takes(_ http.ResponseWriter, r *http.Request, who *actor.Actor) *failure {
	if !who.SignedIn() {
		return &failure{status: http.StatusUnauthorized, err: apperr.New(apperr.Unauthenticated, "sign in first")}
	}
	exchangeOf(r.Context()).session = string(who.Session)
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != string(mediaJSON) || !isUTF8(params) || r.Header.Get("Content-Encoding") != "" {
		err := apperr.New(apperr.Validation, "the body must be application/json in UTF-8, not encoded further")
		return &failure{status: http.StatusUnsupportedMediaType, err: err}
	}
	if r.ContentLength > b.Bundles.Most {
		return tooBig("bundle", "a bundle", int(b.Bundles.Most))
	}
	return nil
}

// receive reads the document, however slowly it comes, within its time.
func (b *bundles) receive(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), transferTime+b.Timeout)
	defer cancel()
	patient(w)
	id, expires, err := b.Bundles.Receive(ctx, http.MaxBytesReader(connection(w), r.Body, b.Bundles.Most))
	if err != nil {
		b.fail(w, r, b.failureOf(w, err))
		return
	}
	body, err := json.Marshal(map[string]string{"bundleId": id, "expiresAt": expires.UTC().Format(timeFormat)})
	if err != nil {
		panic(err) // two strings
	}
	exchangeOf(r.Context()).outcome = "OK"
	w.Header().Set("Content-Type", mediaJSON.contentType())
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write(body) // where the client has gone there is nobody left to tell
}

// patient gives a document its time. Where there is no connection behind it there is no deadline either.
func patient(w http.ResponseWriter) {
	control, end := http.NewResponseController(w), time.Now().Add(transferTime)
	_ = control.SetReadDeadline(end)
	_ = control.SetWriteDeadline(end.Add(time.Minute))
}

// failureOf is what went wrong with a document, as an answer.
func (b *bundles) failureOf(w http.ResponseWriter, err error) *failure {
	if _, over := errors.AsType[*http.MaxBytesError](err); over {
		return tooBig("bundle", "a bundle", int(b.Bundles.Most))
	}
	status := http.StatusBadRequest
	switch code := apperr.CodeOf(err); code {
	case apperr.NotFound:
		status = http.StatusNotFound
	case apperr.TooLarge:
		status = http.StatusRequestEntityTooLarge
	case apperr.Throttled:
		w.Header().Set("Retry-After", "60")
		status = http.StatusTooManyRequests
	case apperr.Internal:
		status = authenticationStatus(err)
	default:
		if s, ok := statuses[code]; ok {
			status = s
		}
	}
	return &failure{status: status, err: err}
}

// download sends what a ticket is for. The ticket is enough: a link in a page sends nothing else. A token that comes with it
// must be of the same session.
func (b *bundles) download(w http.ResponseWriter, r *http.Request) {
	b.begin(w, r)
	defer b.recovered(w, r)
	if r.Method != http.MethodGet {
		b.notAllowed(w, r, http.MethodGet)
		return
	}
	if wait := b.addresses.wait(network(reqinfo.From(r.Context()).Address), time.Now()); wait > 0 {
		b.fail(w, r, throttled(w, "addressRate", wait))
		return
	}
	who, failed := b.authenticate(r)
	if failed != nil {
		b.fail(w, r, failed)
		return
	}
	ctx, cancel := context.WithTimeout(actor.With(r.Context(), who), b.Timeout)
	defer cancel()
	d, err := b.Bundles.Download(ctx, r.PathValue("ticket"), who.Session)
	if err != nil {
		b.fail(w, r, b.failureOf(w, err))
		return
	}
	defer func() { _ = d.Content.Close() }() // it was for reading
	exchangeOf(r.Context()).outcome = "OK"
	patient(w)
	header := w.Header()
	header.Set("Content-Type", mediaJSON.contentType())
	header.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": d.Name}))
	header.Set("Content-Length", strconv.FormatInt(d.Size, 10))
	w.WriteHeader(http.StatusOK)
	_, _ = io.Copy(w, d.Content) // a client that has gone sees by the length, and the checksum, that it has not all
}

// shownPath is a path as the log has it: a ticket opens a download to whoever reads it.
func shownPath(path string) string {
	if strings.HasPrefix(path, bundlesPath+"/") {
		return bundlesPath + "/…"
	}
	return path
}
