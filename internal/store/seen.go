package store

import (
	"context"
	"reflect"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/actor"
)

// seen is what a transaction remembers of the rows that passed the locks, so that a command which has loaded
// its rows can link them without another look. What the platform itself reads (actor.System) proves nothing
// about the caller's scope and is not remembered; nor does one actor's sight serve another.
type seen map[sight]struct{}

type sight struct {
	by  *actor.Actor
	how how
	id  string
}

// how a row was seen: met by a scoped read, or made by the transaction itself, which also puts a new client in
// scope before the actor's own list has it.
type how bool

const (
	met  how = false
	made how = true
)

// seen is the memory of the context's transaction. Outside one it is nil: nothing is had, and nothing kept.
func (db *DB) seen(ctx context.Context) seen {
	if t := db.transaction(ctx); t != nil {
		if t.seen == nil {
			t.seen = make(seen)
		}
		return t.seen
	}
	return nil
}

func (s seen) has(a *actor.Actor, how how, id string) bool {
	_, ok := s[sight{a, how, id}]
	return ok
}

func (s seen) note(a *actor.Actor, how how, ids ...ent.Value) {
	if s == nil {
		return
	}
	for _, id := range ids {
		s[sight{a, how, text(id)}] = struct{}{}
	}
}

// rememberRows is the interceptor that keeps the ids of entities as they are read.
func (db *DB) rememberRows(next ent.Querier) ent.Querier {
	return ent.QuerierFunc(func(ctx context.Context, q ent.Query) (ent.Value, error) {
		value, err := next.Query(ctx, q)
		if err != nil || db.transaction(ctx) == nil {
			return value, err
		}
		if list := reflect.ValueOf(value); list.Kind() == reflect.Slice {
			for i := range list.Len() {
				db.remember(ctx, met, list.Index(i))
			}
		}
		return value, nil
	})
}

// remember keeps the id of a row; what is no entity with an id is left alone.
func (db *DB) remember(ctx context.Context, how how, row reflect.Value) {
	a, s := actor.From(ctx), db.seen(ctx)
	if s == nil || a.IsSystem() || row.Kind() != reflect.Pointer || row.IsNil() || row.Elem().Kind() != reflect.Struct {
		return
	}
	if id := row.Elem().FieldByName("ID"); id.IsValid() && id.Kind() == reflect.String {
		s.note(a, how, id.Interface())
	}
}
