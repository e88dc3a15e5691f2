package store

import (
	"context"
	"fmt"
	"reflect"

	entsql "entgo.io/ent/dialect/sql"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/intercept"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/scope"
)

// checked is the number of ids looked up by one statement.
const checked = 500

// limitQuery is the interceptor of every ent query, of traversals and eager loads too: the actor's scope
// becomes a predicate.
func (db *DB) limitQuery(ctx context.Context, q intercept.Query) error {
	a, kind, err := who(ctx, q.Type())
	if err != nil {
		return err
	}
	q.WhereP(func(s *entsql.Selector) {
		if p := kind.ReadBy(a, s.C); p != nil {
			s.Where(p)
		}
	})
	return nil
}

// limitMutation is the hook of every ent mutation. Updates and deletes get the actor's write scope as a
// predicate; a row created must belong to a client in scope; and every link a mutation makes or undoes needs
// rights on the other row: to read it, where one's own row keeps the link, else to write it.
func (db *DB) limitMutation(next ent.Mutator) ent.Mutator {
	return ent.MutateFunc(func(ctx context.Context, m ent.Mutation) (ent.Value, error) {
		a, kind, err := who(ctx, m.Type())
		if err != nil {
			return nil, err
		}
		if !a.IsSystem() {
			if err := db.permit(ctx, a, kind, m); err != nil {
				return nil, err
			}
		}
		value, err := next.Mutate(ctx, m)
		if err == nil && m.Op().Is(ent.OpCreate) {
			db.remember(ctx, made, reflect.ValueOf(value))
		}
		return value, err
	})
}

// who is the actor, with the rules for a type. Without either there is only refusal.
func who(ctx context.Context, typ string) (*actor.Actor, scope.Kind, error) {
	a := actor.From(ctx)
	if a == nil {
		return nil, scope.Kind{}, fmt.Errorf("%w: %s", ErrNoActor, typ)
	}
	kind, ok := scope.Kinds[typ]
	if !ok {
		return nil, scope.Kind{}, fmt.Errorf("%w: %s", ErrUnknownKind, typ)
	}
	return a, kind, nil
}

// permit puts a mutation by anyone but the platform itself through all the locks.
func (db *DB) permit(ctx context.Context, a *actor.Actor, kind scope.Kind, m ent.Mutation) error {
	e, ok := catalog()[m.Type()]
	if !ok {
		return fmt.Errorf("%w: %s", ErrUnknownKind, m.Type())
	}
	filter, ok := m.(interface {
		WhereP(...func(*entsql.Selector))
	})
	if !ok || kind.Write == nil {
		return fmt.Errorf("%w: %s", ErrNotWritable, m.Type())
	}
	// Where every row may be written no predicate is added: ent takes one that adds nothing for a mistake.
	if !m.Op().Is(ent.OpCreate) && kind.WriteBy(a, func(name string) string { return name }) != nil {
		filter.WhereP(func(s *entsql.Selector) { s.Where(kind.WriteBy(a, s.C)) })
	}
	if err := db.permitOwner(ctx, a, e, m); err != nil {
		return err
	}
	return db.permitEdges(ctx, a, e, m)
}

// permitOwner asks that the client a row is given to be in scope.
func (db *DB) permitOwner(ctx context.Context, a *actor.Actor, e entity, m ent.Mutation) error {
	value, set := m.Field(e.owner)
	switch {
	case set:
	case m.Op().Is(ent.OpCreate) || m.FieldCleared(e.owner):
		return fmt.Errorf("%w: %s without its %s", ErrNotWritable, m.Type(), e.owner)
	default:
		return nil
	}
	client := oid.Client(text(value))
	if db.seen(ctx).has(a, made, string(client)) {
		return nil
	}
	in, known := a.Scope.Has(client)
	if !known {
		return db.permitIDs(ctx, a, "Tenant", writing, []ent.Value{client})
	}
	if !in {
		return notFound()
	}
	return nil
}

// permitEdges looks at every link a mutation makes or undoes.
func (db *DB) permitEdges(ctx context.Context, a *actor.Actor, e entity, m ent.Mutation) error {
	for _, name := range m.AddedEdges() {
		if err := db.permitEdge(ctx, a, m, e.edges[name], name, m.AddedIDs(name)); err != nil {
			return err
		}
	}
	for _, name := range m.RemovedEdges() {
		if e.edges[name].kept == bySelf {
			continue
		}
		if err := db.permitEdge(ctx, a, m, e.edges[name], name, m.RemovedIDs(name)); err != nil {
			return err
		}
	}
	for _, name := range m.ClearedEdges() {
		if e.edges[name].kept != bySelf {
			return fmt.Errorf("%w: %s.%s as a whole", ErrNotWritable, m.Type(), name)
		}
	}
	return nil
}

func (db *DB) permitEdge(ctx context.Context, a *actor.Actor, m ent.Mutation, l link, name string, ids []ent.Value) error {
	switch l.kept {
	case bySelf:
		return db.permitIDs(ctx, a, l.target, reading, ids)
	case byTarget:
		return db.permitIDs(ctx, a, l.target, writing, ids)
	default:
		return fmt.Errorf("%w: %s.%s", ErrNotWritable, m.Type(), name)
	}
}

// right is what is asked for on a row.
type right bool

const (
	reading right = false
	writing right = true
)

// permitIDs asks for a right on every row named. One that is missing and one that is out of scope get the
// same answer.
func (db *DB) permitIDs(ctx context.Context, a *actor.Actor, typ string, need right, ids []ent.Value) error {
	e, ok := catalog()[typ]
	kind, known := scope.Kinds[typ]
	if !ok || !known {
		return fmt.Errorf("%w: %s", ErrUnknownKind, typ)
	}
	rule := kind.WriteBy
	if need == reading {
		rule = kind.ReadBy
		ids = db.unsure(ctx, a, ids)
	}
	ids = distinct(ids)
	for len(ids) > 0 {
		batch := ids[:min(len(ids), checked)]
		ids = ids[len(batch):]
		n, err := db.count(ctx, e.table, batch, func(s *entsql.Selector) *entsql.Predicate { return rule(a, s.C) })
		if err != nil {
			return err
		}
		if n < len(batch) {
			return notFound()
		}
		if need == reading {
			db.seen(ctx).note(a, met, batch...)
		}
	}
	return nil
}

// unsure leaves out the ids that need no look: oneself, the clients that the scope lists, and the rows this
// transaction has read or made already. A scope that says "all" lists none: it does not say that they exist.
func (db *DB) unsure(ctx context.Context, a *actor.Actor, ids []ent.Value) []ent.Value {
	rest := ids[:0:0]
	for _, id := range ids {
		switch id := id.(type) {
		case oid.Client:
			if in, _ := a.Scope.Has(id); id == a.Client || in && !a.Scope.All {
				continue
			}
		case oid.User:
			if id == a.User {
				continue
			}
		}
		if s := text(id); !db.seen(ctx).has(a, met, s) && !db.seen(ctx).has(a, made, s) {
			rest = append(rest, id)
		}
	}
	return rest
}

// count counts the rows with these ids that satisfy a predicate; nil is satisfied by all.
func (db *DB) count(ctx context.Context, table string, ids []ent.Value, rule func(*entsql.Selector) *entsql.Predicate) (n int, err error) {
	t := entsql.Dialect(string(db.engine)).Table(table)
	s := entsql.Dialect(string(db.engine)).Select(entsql.Count("*")).From(t)
	s.Where(entsql.In(s.C("id"), Anys(ids)...))
	if p := rule(s); p != nil {
		s.Where(p)
	}
	query, args := s.Query()
	rows, err := db.route(ctx, query, args)
	if err != nil {
		return 0, fmt.Errorf("look for linked rows: %w", err)
	}
	defer func() { _ = rows.Close() }() // a failure to read is Err's
	if rows.Next() {
		err = rows.Scan(&n)
	}
	if err == nil {
		err = rows.Err()
	}
	if err != nil {
		return 0, fmt.Errorf("look for linked rows: %w", err)
	}
	return n, nil
}

func notFound() error { return apperr.New(apperr.NotFound, "not found") }

// text is an id as a string; ids are defined string types, each of its own.
func text(id ent.Value) string { return reflect.ValueOf(id).String() }

func distinct(ids []ent.Value) []ent.Value {
	had := make(map[ent.Value]bool, len(ids))
	out := ids[:0:0]
	for _, id := range ids {
		if !had[id] {
			had[id] = true
			out = append(out, id)
		}
	}
	return out
}
