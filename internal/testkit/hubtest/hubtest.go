// Package hubtest runs the whole hub in a test, over one of the test's databases, and speaks GraphQL over HTTP to it.
package hubtest

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/config"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/fold"
	"github.com/appanage/appanage/internal/httpapi"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/identity"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/tenancy"
	"github.com/appanage/appanage/internal/testkit"
)

// Hub is a running hub.
type Hub struct {
	*hub.Hub
	Handler http.Handler
	tb      testing.TB
	keys    config.Keys
}

// Engines runs a test against a hub on each engine. Fresh is what every installation begins with.
func Engines(t *testing.T, f func(t *testing.T, h *Hub)) {
	t.Helper()
	testkit.EnginesWith(t, store.Options{Install: authority.Install}, func(t *testing.T, db *store.DB) {
		t.Helper()
		f(t, Start(t, db))
	})
}

// Options change how the hub answers over HTTP.
type Options func(*hub.HTTP)

// Start makes a hub over a database, in development mode, without bounds of rate, with its log thrown away.
func Start(tb testing.TB, db *store.DB, options ...Options) *Hub {
	tb.Helper()
	h := &Hub{Hub: hub.New(db, prometheus.NewRegistry(), identity.DefaultSessionLimits), tb: tb}
	unbound := httpapi.Rate{PerSecond: rate.Inf}
	o := hub.HTTP{Keys: config.NewKeys(), Options: httpapi.Options{
		Development: true, Rates: httpapi.Rates{Address: unbound, Session: unbound}, Logger: slog.New(slog.DiscardHandler),
	}}
	for _, option := range options {
		option(&o)
	}
	h.keys = o.Keys
	if o.Encryption == nil {
		o.Encryption = []config.EncryptionKey{{ID: "test", Bytes: o.Keys.Key("properties")}}
	}
	handler, err := h.Hub.Handler(o)
	if err != nil {
		tb.Fatalf("make the handler: %v", err)
	}
	h.Handler = handler
	return h
}

// Node is another server over the same database, with the same keys and nothing in its caches.
func (h *Hub) Node(options ...Options) *Hub {
	h.tb.Helper()
	return Start(h.tb, h.DB, append([]Options{func(o *hub.HTTP) { o.Keys = h.keys }}, options...)...)
}

// With is the same hub in a subtest, which it fails instead.
func (h *Hub) With(tb testing.TB) *Hub {
	with := *h
	with.tb = tb
	return &with
}

// Error is one error of an answer.
type Error struct {
	Message    string         `json:"message"`
	Path       []any          `json:"path"`
	Extensions map[string]any `json:"extensions"`
}

// Code is the error's code.
func (e Error) Code() string {
	s, _ := e.Extensions["code"].(string)
	return s
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	Data   json.RawMessage `json:"data"`
	Errors []Error         `json:"errors"`
}

// Variables of an operation.
type Variables map[string]any

// Do sends an operation with a bearer token, or without one when it is empty.
func (h *Hub) Do(token, query string, variables Variables) Answer {
	h.tb.Helper()
	return h.DoContext(h.tb.Context(), token, query, variables)
}

// DoOnce is Do with an Idempotency-Key.
func (h *Hub) DoOnce(token, key, query string, variables Variables) Answer {
	h.tb.Helper()
	header := http.Header{"Idempotency-Key": {key}}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	return h.send(h.tb.Context(), header, query, variables)
}

// DoHeader is Do with a header of the caller's, without a token.
func (h *Hub) DoHeader(header http.Header, query string, variables Variables) Answer {
	h.tb.Helper()
	return h.send(h.tb.Context(), header, query, variables)
}

// DoContext is Do in a context of the caller's, for counting statements.
func (h *Hub) DoContext(ctx context.Context, token, query string, variables Variables) Answer {
	h.tb.Helper()
	header := http.Header{}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	return h.send(ctx, header, query, variables)
}

func (h *Hub) send(ctx context.Context, header http.Header, query string, variables Variables) Answer {
	h.tb.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		h.tb.Fatalf("encode the request: %v", err)
	}
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", bytes.NewReader(body))
	r.Header = header
	if host := header.Get("Host"); host != "" {
		r.Host = host
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/graphql-response+json")
	w := httptest.NewRecorder()
	h.Handler.ServeHTTP(w, r)
	a := Answer{Status: w.Code, Header: w.Header(), Body: w.Body.Bytes()}
	if err := json.Unmarshal(a.Body, &a); err != nil {
		h.tb.Fatalf("the answer is no JSON: %s", a.Body)
	}
	return a
}

// MustData is the data of an answer without errors, decoded into v.
func (h *Hub) MustData(a Answer, v any) {
	h.tb.Helper()
	if len(a.Errors) > 0 {
		h.tb.Fatalf("the answer has errors: %s", a.Body)
	}
	if err := json.Unmarshal(a.Data, v); err != nil {
		h.tb.Fatalf("decode %s: %v", a.Data, err)
	}
}

// System is a context in which the test acts as the platform.
func (h *Hub) System() context.Context {
	return actor.System(h.tb.Context(), "a test builds its world")
}

// Ent is the client for building a world.
func (h *Hub) Ent() *ent.Client { return h.DB.Ent() }

// Client makes a client below another.
func (h *Hub) Client(below oid.Client, code string, isolated bool) oid.Client {
	h.tb.Helper()
	id, err := h.Tenancy.Create(h.System(), tenancy.Create{Manager: below, Code: code, Name: "Client " + code, Type: enum.ClientBusiness, Isolated: isolated})
	h.must(err)
	return id
}

// Role makes a role with permissions, owned by a client.
func (h *Hub) Role(owner oid.Client, app *oid.Application, name string, permissions ...oid.Permission) oid.Role {
	h.tb.Helper()
	id := oid.New[oid.Role]()
	h.must(h.Ent().Role.Create().SetID(id).SetClientID(owner).SetNillableApplicationID(app).SetName(name).SetNameKey(fold.Key(name)).
		AddPermissionIDs(permissions...).Exec(h.System()))
	h.must(h.Ent().RolePath.Create().SetRoleID(id).SetReachedRoleID(id).Exec(h.System()))
	return id
}

// Give gives a package to a client on behalf of another.
func (h *Hub) Give(pkg oid.Package, to, by oid.Client) {
	h.tb.Helper()
	h.must(h.Ent().PackageGift.Create().SetClientID(to).SetPackageID(pkg).SetGiverID(by).Exec(h.System()))
}

// User makes a user with roles at a client, without a password, and gives him a session: its token.
func (h *Hub) User(home oid.Client, name string, roles ...oid.Role) (oid.User, string) {
	h.tb.Helper()
	ctx := h.System()
	client, err := h.Ent().Tenant.Get(ctx, home)
	h.must(err)
	id, membership := oid.New[oid.User](), oid.New[oid.Membership]()
	h.must(h.Ent().User.Create().SetID(id).SetClientID(home).SetBaseID(client.BaseID).SetName(name).SetNameKey(fold.Key(name)).
		SetUserName(name).SetUserNameKey(fold.Key(name)).Exec(ctx))
	h.must(h.Ent().Membership.Create().SetID(membership).SetClientID(home).SetUserID(id).SetHome(true).AddRoleIDs(roles...).Exec(ctx))
	return id, h.Session(home, id, membership, nil)
}

// Session opens a session and gives its token.
func (h *Hub) Session(client oid.Client, user oid.User, membership oid.Membership, app *oid.Application) string {
	h.tb.Helper()
	token, err := identity.NewToken()
	h.must(err)
	now := clock.Now()
	h.must(h.Ent().Session.Create().SetClientID(client).SetUserID(user).SetMembershipID(membership).SetNillableApplicationID(app).
		SetTokenHash(identity.HashToken(token)).SetDevice("test").SetLastUsedAt(now).SetExpiresAt(now.Add(identity.DefaultSessionLimits.Most)).Exec(h.System()))
	return token
}

// Application makes an application, written straight to the database.
func (h *Hub) Application(owner oid.Client, code, name string) oid.Application {
	h.tb.Helper()
	id := oid.New[oid.Application]()
	h.must(h.Ent().Application.Create().SetID(id).SetClientID(owner).SetCreatorID(owner).SetCode(code).SetName(name).SetNameKey(fold.Key(name)).
		SetType(enum.ApplicationApp).SetAccessType(enum.AccessOwn).Exec(h.System()))
	return id
}

// Must fails the test on an error.
func (h *Hub) Must(err error) {
	h.tb.Helper()
	h.must(err)
}

func (h *Hub) must(err error) {
	h.tb.Helper()
	if err != nil {
		h.tb.Fatal(err)
	}
}
