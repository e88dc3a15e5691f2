package main

import (
	"fmt"

	"github.com/appanage/appanage/graph/cursor"
	"github.com/appanage/appanage/graph/list"
	"github.com/appanage/appanage/internal/config"
	"github.com/appanage/appanage/internal/fold"
)

// lists is what all targets make cursors with.
type lists struct {
	keys               config.Keys
	cursors            cursor.Codec
	byCreation, byName string // what cursors of the applications are bound to
}

func newLists() (lists, error) {
	l := lists{keys: config.NewKeys()}
	l.cursors = cursor.NewCodec(l.keys.Key("cursor"))
	kind := list.Kinds["Application"]
	conditions := kind.Conditions(nil, nil)
	for to, orderBy := range map[*string]values{&l.byCreation: nil, &l.byName: {"field": "NAME"}} {
		order, err := kind.Order(orderBy)
		if err != nil {
			return l, fmt.Errorf("order applications: %w", err)
		}
		*to = order.Binding(conditions)
	}
	return l, conditions.Err
}

// after is the cursor behind so many applications of the whole platform by name; in a small world, of half of them.
func (l lists) after(w world, count int) string {
	rank := min(count, w.applications()/2) - 1
	for n := range w.applications() {
		if shuffled(n, w.applications()) == rank {
			return l.cursors.Encode(l.byName, cursor.Position{Value: fold.Key(applicationName(w, n)), ID: applicationID(n)})
		}
	}
	panic("shuffled is no permutation") // a fault of the world, which every run would show
}
