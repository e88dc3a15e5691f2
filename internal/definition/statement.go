package definition

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/layers"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/scope"
	"github.com/appanage/appanage/internal/store"
)

// Stored is the layer of one client, with its current version.
type Stored struct {
	*Version

	Layer        oid.DefinitionLayer
	LayerVersion int // counts the changes of the layer's row
	UpdatedAt    time.Time
	Source       enum.LayerSource
	Writes       bool // its client has write access today

	depth int
}

// Stack is all that the clients of one chain have made of a definition.
type Stack struct {
	Place

	Code   string // of the application
	Owner  oid.Client
	Status enum.ApplicationStatus
	Client oid.Client       // for whom it is read
	Access enum.AccessLevel // of that client today; "" for none
	// Layers are in the order of the chain (domain 9.3), those without write access among them.
	Layers []*Stored
}

// Chain are the layers whose clients have write access today: those that a fold is made of.
func (s *Stack) Chain() []layers.Layer {
	var chain []layers.Layer
	for _, l := range s.Layers {
		if l.Writes {
			chain = append(chain, l.Version.Layer())
		}
	}
	return chain
}

// Of is the layer of a client, nil for none.
func (s *Stack) Of(client oid.Client) *Stored {
	for _, l := range s.Layers {
		if l.Client == client {
			return l
		}
	}
	return nil
}

// chosen is how a statement comes to its application.
type chosen struct {
	word  string // tells the ways apart
	table string // with the application as a
	args  []any  // of the table
}

func byID(id oid.Application) chosen {
	return chosen{"", "applications AS a ON a.id = ?", []any{id}}
}

// stack reads what there is of a definition for a client, through the URL of another or "": one statement, however long
// the chain is. nil where there is no such application, or the client is not in the caller's scope. Locked, the
// application's row is locked before: so all who change its definitions come one after the other.
func (s *Service) stack(ctx context.Context, place Place, client, url oid.Client, locked bool) (*Stack, error) {
	if locked {
		var id oid.Application
		if _, err := s.db.First(ctx, []any{&id}, "SELECT id FROM applications WHERE id = ?"+s.db.ForUpdateClause(), place.Application); err != nil {
			return nil, fmt.Errorf("definition: lock the application: %w", err)
		}
	}
	return s.read(ctx, byID(place.Application), place, client, url)
}

// read is stack in a chosen application.
func (s *Service) read(ctx context.Context, in chosen, place Place, client, url oid.Client) (*Stack, error) {
	key := placeKey(place, client, url, in.word)
	held := s.held(key)
	query, args := s.statement(actor.From(ctx), in, place, client, url, slices.Sorted(maps.Keys(held)))
	r := reader{service: s, held: held, stack: &Stack{Place: place, Client: client}, now: actor.From(ctx).Now()}
	if err := s.db.Each(ctx, query, args, r.row); err != nil {
		return nil, fmt.Errorf("definition: read the layers: %w", err)
	}
	if !r.reached {
		return nil, nil
	}
	r.stack.order()
	s.remember(key, r.stack)
	return r.stack, nil
}

// The parts of the statement. It goes from the clients of the chain to their layers, by unique keys: never through the
// layers of an application's other clients. The client itself has a row even without a layer, and nobody else has one
// where it is out of scope.
const (
	ofApplication = "SELECT a.id, a.code, a.client_id, a.status, "
	ofLayer       = ", l.id, l.version, l.updated_at, " + versionColumns + ", "
	atPlace       = " AND l.application_id = a.id AND l.kind = ? AND l.name = ?"
	current       = " JOIN definition_versions AS v ON v.id = l.current_id"
	// offPath: a client is not the one asked for, nor above it.
	offPath = " AND NOT EXISTS (SELECT 1 FROM client_paths AS o WHERE o.descendant_id = s.descendant_id AND o.ancestor_id = "

	// What depth says of those that are not on the path.
	ownerOffPath, urlOffPath = -1, -2
)

// statement reads a stack. Versions that are held are not sent again: they never change.
func (s *Service) statement(a *actor.Actor, in chosen, p Place, client, url oid.Client, held []oid.DefinitionVersion) (string, []any) {
	content, known := contentBut(held)
	reached, scoped := s.reached(a, client)
	var q query
	q.add(ofApplication+"s.ancestor_id, s.depth, g.level, g.expires_at"+ofLayer+content, known...)
	q.add(" FROM client_paths AS s JOIN "+in.table, in.args...)
	q.add(" LEFT JOIN access_grants AS g ON g.client_id = s.ancestor_id AND g.application_id = a.id"+
		" LEFT JOIN definition_layers AS l ON l.client_id = s.ancestor_id"+atPlace+" LEFT"+current, p.Kind, p.Name)
	q.add(" WHERE s.descendant_id = ? AND (l.id IS NOT NULL OR s.depth = 0)", client)
	q.add(reached, scoped...)

	q.add(" UNION ALL "+ofApplication+"l.client_id, "+strconv.Itoa(ownerOffPath)+", NULL, NULL"+ofLayer+content, known...)
	q.add(" FROM client_paths AS s JOIN "+in.table, in.args...)
	q.add(" JOIN definition_layers AS l ON l.client_id = a.client_id"+atPlace+current, p.Kind, p.Name)
	q.add(" WHERE s.descendant_id = ? AND s.ancestor_id = ?"+offPath+"a.client_id)", client, client)
	q.add(reached, scoped...)

	if url != "" && url != client {
		q.add(" UNION ALL "+ofApplication+"l.client_id, "+strconv.Itoa(urlOffPath)+", g.level, g.expires_at"+ofLayer+content, known...)
		q.add(" FROM client_paths AS s JOIN "+in.table, in.args...)
		q.add(" JOIN access_grants AS g ON g.client_id = ? AND g.application_id = a.id"+
			" JOIN definition_layers AS l ON l.client_id = g.client_id"+atPlace+current, url, p.Kind, p.Name)
		q.add(" WHERE s.descendant_id = ? AND s.ancestor_id = ? AND a.client_id <> g.client_id"+offPath+"g.client_id)", client, client)
		q.add(reached, scoped...)
	}
	return q.text.String(), q.args
}

// contentBut is the column of the content, NULL for the versions that are held.
func contentBut(held []oid.DefinitionVersion) (string, []any) {
	if len(held) == 0 {
		return "v.content", nil
	}
	known := store.Anys(store.Padded(held))
	return "CASE WHEN v.id IN " + store.Marks(len(known)) + " THEN NULL ELSE v.content END", known
}

// reached is the condition that the client asked for is in the caller's scope (domain 9.3: nobody reads a stranger's layer by
// naming him). Where the scope says so itself, none is needed; a scope that is listed knows who is not in it.
func (s *Service) reached(a *actor.Actor, client oid.Client) (string, []any) {
	in, known := a.Scope.Has(client)
	switch {
	case a.IsSystem() || known && in || s.rules.ReadsDefinitionsFor(false):
		return "", nil
	case known:
		return " AND 1 = 0", nil
	}
	text, args := scope.In(a, "`s`.`descendant_id`").Query()
	return " AND (" + text + ")", args
}

// layerRow is what a row says of a layer; all of it may be NULL.
type layerRow struct {
	id      sql.NullString
	version sql.NullInt64
	updated sql.NullTime
	current scanned
}

func (r *layerRow) into() []any {
	return append([]any{&r.id, &r.version, &r.updated}, r.current.into()...)
}

// reader makes a stack of rows.
type reader struct {
	service *Service
	held    map[oid.DefinitionVersion]*Version
	now     time.Time
	stack   *Stack
	reached bool
}

func (r *reader) row(scan func(...any) error) error {
	var client oid.Client
	var depth int
	var level sql.NullString
	var grant authz.Grant
	var row layerRow
	st := r.stack
	into := []any{&st.Application, &st.Code, &st.Owner, &st.Status, &client, &depth, &level, &grant.ExpiresAt}
	if err := scan(append(into, row.into()...)...); err != nil {
		return err
	}
	grant.Level = enum.AccessLevel(level.String)
	access := authz.Access(st.Owner, client, &grant, r.now)
	if depth == 0 {
		r.reached, st.Access = true, access
	}
	stands := r.service.rules.LayerStands(access)
	if !row.current.id.Valid || depth == urlOffPath && !stands { // a stranger's, and asleep: nobody's to see here
		return nil
	}
	_, err := r.layer(st, client, depth, stands, &row)
	return err
}

// layer puts a layer into a stack, in any order.
func (r *reader) layer(st *Stack, client oid.Client, depth int, stands bool, row *layerRow) (*Stored, error) {
	version := r.held[oid.DefinitionVersion(row.current.id.String)]
	if version == nil {
		var err error
		if version, err = r.service.version(st.Place, client, &row.current); err != nil {
			return nil, err
		}
	}
	l := &Stored{
		Version: version, Layer: oid.DefinitionLayer(row.id.String), LayerVersion: int(row.version.Int64), UpdatedAt: row.updated.Time,
		Writes: stands, Source: st.sourceOf(client, depth), depth: depth,
	}
	st.Layers = append(st.Layers, l)
	return l, nil
}

// sourceOf says whose a layer is, seen from the client.
func (s *Stack) sourceOf(client oid.Client, depth int) enum.LayerSource {
	switch {
	case client == s.Owner:
		return enum.LayerOwner
	case depth == urlOffPath:
		return enum.LayerURL
	case client == s.Client:
		return enum.LayerOwn
	}
	return enum.LayerManager
}

// order is that of the chain: the owner, the URL's client off the path, then those on it, farthest first (domain 9.3).
func (s *Stack) order() {
	at := func(l *Stored) int {
		switch {
		case l.Client == s.Owner:
			return 0
		case l.depth == urlOffPath:
			return 1
		}
		return 1000 - l.depth
	}
	slices.SortFunc(s.Layers, func(x, y *Stored) int { return at(x) - at(y) })
}
