package definition

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// The most that the contents of a page may take, in bytes: what the layers hold, which is read, and what they make.
const (
	mostStored = 32 << 20
	mostShown  = 16 << 20
)

// Name is where a definition stands in a list: they are ordered by name, then by kind.
type Name struct {
	Name string
	Kind enum.DefinitionKind
}

// Listing asks for a page of the definitions of an application that are in force for a client.
type Listing struct {
	Application oid.Application
	Client      oid.Client // the caller's client when empty
	Begins      string     // what names begin with; "" for all
	Kind        enum.DefinitionKind
	Down        bool // the order is descending
	Size        int
	Backwards   bool  // counted from the end
	After       *Name // what the page lies after, in the order of the list
	Before      *Name
}

// Listed is a page.
type Listed struct {
	Readings []*Reading // in the order of the list
	More     bool       // the list goes on where the page was cut

	service *Service
	q       Listing
	chain   []oid.Client // whose layers count
}

// List gives a page; nil where Read would give nothing. Errors: TOO_COSTLY.
func (s *Service) List(ctx context.Context, q Listing) (*Listed, error) {
	a := actor.From(ctx)
	if a == nil {
		return nil, store.ErrNoActor
	}
	if q.Client == "" {
		q.Client = a.Client
	}
	if q.Client == "" || !s.rules.OpensDefinitions(a.Application, q.Application) {
		return nil, nil
	}
	c, err := s.circle(ctx, q.Application, q.Client)
	if err != nil || !c.open() {
		return nil, err
	}
	l := &Listed{service: s, q: q, chain: c.standing}
	names, err := l.names(ctx, between(q.After, q.Before), q.Size+1, q.Down != q.Backwards)
	if err != nil {
		return nil, err
	}
	if l.More = len(names) > q.Size; l.More {
		names = names[:q.Size]
	}
	if q.Backwards {
		slices.Reverse(names)
	}
	l.Readings, err = s.contents(ctx, c, names)
	return l, err
}

// circle is who may have layers in a chain, whatever the definition.
type circle struct {
	Stack // without layers

	depths   map[oid.Client]int // of the owner and of those on the path
	writes   map[oid.Client]bool
	standing []oid.Client
}

func (c *circle) open() bool { return c != nil && c.Stack.open() }

// circle reads, by one statement, the path of a client with its grants; nil as for stack.
func (s *Service) circle(ctx context.Context, app oid.Application, client oid.Client) (*circle, error) {
	a := actor.From(ctx)
	reached, scoped := s.reached(a, client)
	var q query
	q.add(ofApplication+"s.ancestor_id, s.depth, g.level, g.expires_at FROM client_paths AS s JOIN applications AS a ON a.id = ?"+
		" LEFT JOIN access_grants AS g ON g.client_id = s.ancestor_id AND g.application_id = a.id WHERE s.descendant_id = ?", app, client)
	q.add(reached, scoped...)
	c := &circle{Stack: Stack{Client: client}, depths: map[oid.Client]int{}, writes: map[oid.Client]bool{}}
	err := s.db.Each(ctx, q.text.String(), q.args, func(scan func(...any) error) error {
		var on oid.Client
		var depth int
		var level sql.NullString
		var grant authz.Grant
		if err := scan(&c.Application, &c.Code, &c.Owner, &c.Status, &on, &depth, &level, &grant.ExpiresAt); err != nil {
			return err
		}
		grant.Level = enum.AccessLevel(level.String)
		access := authz.Access(c.Owner, on, &grant, a.Now())
		if depth == 0 {
			c.Access = access
		}
		c.depths[on], c.writes[on] = depth, s.rules.LayerStands(access)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("definition: read the chain: %w", err)
	}
	if len(c.depths) == 0 {
		return nil, nil
	}
	if _, onPath := c.depths[c.Owner]; !onPath {
		c.depths[c.Owner], c.writes[c.Owner] = ownerOffPath, true
	}
	for client, writes := range c.writes {
		if writes {
			c.standing = append(c.standing, client)
		}
	}
	slices.Sort(c.standing)
	return c, nil
}

// edge is an end of a part of the list.
type edge struct {
	at    *Name // nil for none
	after bool  // the part lies after it, in the order of the list
	with  bool  // what is at it belongs to the part
}

func between(after, before *Name) []edge { return []edge{{at: after, after: true}, {at: before}} }

// names are those of the definitions in force, each once: something is, where a client of the chain has a whole object.
func (l *Listed) names(ctx context.Context, part []edge, limit int, down bool) ([]Name, error) {
	text, args := l.union(part, order(down)+" LIMIT ?", limit)
	var names []Name
	err := l.service.db.Each(ctx, text+order(down)+" LIMIT ?", append(args, limit), func(scan func(...any) error) error {
		var n Name
		err := scan(&n.Name, &n.Kind)
		names = append(names, n)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("definition: list names: %w", err)
	}
	return names, nil
}

func order(down bool) string {
	if down {
		return " ORDER BY name DESC, kind DESC"
	}
	return " ORDER BY name, kind"
}

// union has the names of each client of the chain, as its index has them in order; end is the end of each member.
func (l *Listed) union(part []edge, end string, limit ...any) (string, []any) {
	var q query
	for i, client := range l.chain {
		if i > 0 {
			q.add(" UNION ")
		}
		q.add("SELECT name, kind FROM (SELECT l.name, l.kind FROM definition_layers AS l WHERE l.client_id = ? AND l.application_id = ? AND l.whole = TRUE",
			client, l.q.Application)
		l.narrowed(&q, part)
		q.add(end+") AS c"+strconv.Itoa(i), limit...)
	}
	return q.text.String(), q.args
}

// narrowed adds what is asked for.
func (l *Listed) narrowed(q *query, part []edge) {
	if begins := l.q.Begins; begins != "" {
		q.add(" AND l.name >= ? AND SUBSTR(l.name, 1, ?) = ?", begins, utf8.RuneCountInString(begins), begins)
	}
	if l.q.Kind != "" {
		q.add(" AND l.kind = ?", l.q.Kind)
	}
	for _, e := range part {
		if e.at == nil {
			continue
		}
		past, orAt := ">", ""
		if e.after == l.q.Down {
			past = "<"
		}
		if e.with {
			orAt = "="
		}
		q.add(" AND l.name "+past+"= ? AND (l.name "+past+" ? OR l.kind "+past+orAt+" ?)", e.at.Name, e.at.Name, e.at.Kind)
	}
}

// Count is how many definitions the list has on all pages.
func (l *Listed) Count(ctx context.Context) (n int, err error) {
	text, args := l.union(nil, "")
	if _, err := l.service.db.First(ctx, []any{&n}, "SELECT COUNT(*) FROM ("+text+") AS names", args...); err != nil {
		return 0, fmt.Errorf("definition: count: %w", err)
	}
	return n, nil
}

// Goes tells whether the list has anything after a place or before it; with tells whether the place itself counts.
func (l *Listed) Goes(ctx context.Context, at Name, after, with bool) (bool, error) {
	names, err := l.names(ctx, []edge{{&at, after, with}}, 1, l.q.Down)
	return len(names) > 0, err
}

// contents reads the definitions of some names by one statement, and resolves them.
func (s *Service) contents(ctx context.Context, c *circle, names []Name) ([]*Reading, error) {
	if len(names) == 0 {
		return nil, nil
	}
	stacks := make(map[Name]*Stack, len(names))
	held := map[oid.DefinitionVersion]*Version{}
	for _, n := range names {
		st := c.Stack
		st.Kind, st.Name = n.Kind, n.Name
		stacks[n] = &st
		for id, v := range s.held(placeKey(st.Place, c.Client, "", "")) {
			held[id] = v
		}
	}
	if err := s.readContents(ctx, c, names, stacks, held); err != nil {
		return nil, err
	}
	var shown int
	readings := make([]*Reading, 0, len(names))
	for _, n := range names {
		st := stacks[n]
		st.order()
		s.remember(placeKey(st.Place, c.Client, "", ""), st)
		made := s.resolve(st)
		if made == nil {
			continue
		}
		if shown += len(made.content); shown > mostShown {
			return nil, tooMuch()
		}
		readings = append(readings, s.reading(st, made, ""))
	}
	return readings, nil
}

func tooMuch() error {
	return apperr.New(apperr.TooCostly, "the contents of this page are over %d MiB together: ask for fewer", mostShown>>20)
}
