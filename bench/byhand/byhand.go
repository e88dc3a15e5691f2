// Package byhand is what the hub is measured beside: the same answers, written for a few requests by hand with
// net/http, database/sql, prepared statements and encoding/json, as a careful programmer would who had no GraphQL
// and no ent. It applies the same rules of visibility, keeps the same trail of changes, and shares with the hub
// only the database and the form of ids.
package byhand

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/appanage/appanage/graph/cursor"
)

// Server answers what Handler lists.
type Server struct {
	Options
	engine         string
	reader, writer *sql.DB
	callers        callers
	prepared       sync.Map // prepareKey → *sql.Stmt
	statements     atomic.Int64
	body           []byte // of the answer to introspection
}

// Options are what a server has in common with the hub.
type Options struct {
	// Cursors makes cursors, which are bound to these two lists.
	Cursors            cursor.Codec
	ByCreation, ByName string
	// Schema is the answer to introspection, the data alone.
	Schema []byte
}

// New makes a server over the database that a URL names, in the form of store.Open. The database is migrated.
func New(ctx context.Context, database string, options Options) (*Server, error) {
	engine, writer, reader, err := Open(database)
	if err != nil {
		return nil, err
	}
	s := &Server{Options: options, engine: engine, writer: writer, reader: reader, callers: callers{known: map[string]remembered{}}}
	s.body = slices.Concat([]byte(`{"data":`), options.Schema, []byte("}\n"))
	if _, err := s.prepare(ctx, writer, touchQuery, params{}); err != nil { //nolint:sqlclosecheck // kept
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close closes the connections.
func (s *Server) Close() error { return errors.Join(s.reader.Close(), s.writer.Close()) }

// Statements is the number of SQL statements run so far, without begin, commit and rollback.
func (s *Server) Statements() int { return int(s.statements.Load()) }

// Handler is everything the server answers.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /applications/{id}", s.require("Application_READ", s.application))
	mux.Handle("GET /applications", s.require("Application_READ", s.page))
	mux.Handle("GET /portfolio", s.require("Application_READ", s.portfolio))
	mux.Handle("GET /tree", s.require("Application_READ", s.tree))
	mux.Handle("GET /properties", s.require("Application_READ", s.inForce))
	mux.Handle("GET /clients/{id}", s.require("Client_READ", s.client))
	mux.HandleFunc("GET /schema", s.schema)
	mux.Handle("POST /properties", s.require("Application_UPDATE", s.setProperties))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	return mux
}

// failure is an error with the status it is answered with.
type failure struct {
	status int
	reason string
}

// Error implements error.
func (f failure) Error() string { return f.reason }

// require answers with what a function finds for a caller who holds an authority.
func (s *Server) require(authority string, answer func(*http.Request, *caller) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := s.caller(r.Context(), r.Header.Get("Authorization"))
		if err == nil && !c.authorities[authority] {
			err = failure{http.StatusForbidden, "requires " + authority}
		}
		var data any
		if err == nil {
			data, err = answer(r, c)
		}
		if err != nil {
			fail(w, err)
			return
		}
		write(w, map[string]any{"data": data})
	})
}

func fail(w http.ResponseWriter, err error) {
	if f, ok := errors.AsType[failure](err); ok {
		http.Error(w, f.reason, f.status)
		return
	}
	http.Error(w, "internal error", http.StatusInternalServerError)
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func write(w http.ResponseWriter, v any) {
	b, _ := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(b)
	b.Reset()
	encoder := json.NewEncoder(b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		fail(w, err)
		return
	}
	send(w, b.Bytes())
}

func send(w http.ResponseWriter, body []byte) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // the client has gone if this fails
}

// schema answers what never changes; it is for everyone who has a token, or has none.
func (s *Server) schema(w http.ResponseWriter, _ *http.Request) { send(w, s.body) }

// snapshot gives reads of several statements one state of the database.
func (s *Server) snapshot(ctx context.Context, f func(tx *sql.Tx) error) error {
	tx, err := s.reader.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	return errors.Join(f(tx), tx.Rollback())
}
