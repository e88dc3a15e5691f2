package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/scope"
)

// Each hands the rows of a hand-written query to f, one after the other. What Query says holds here too, and for the two
// below.
func (db *DB) Each(ctx context.Context, query string, args []any, f func(scan func(...any) error) error) (err error) {
	rows, err := db.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// First reads the first row of a query; where there is none the values stay.
func (db *DB) First(ctx context.Context, into []any, query string, args ...any) (found bool, err error) {
	rows, err := db.Query(ctx, query, args...)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if found = rows.Next(); found {
		if err := rows.Scan(into...); err != nil {
			return false, err
		}
	}
	return found, rows.Err()
}

// Column reads the one column of a query.
func Column[T any](ctx context.Context, db *DB, query string, args ...any) (out []T, err error) {
	err = db.Each(ctx, query, args, func(scan func(...any) error) error {
		var v T
		err := scan(&v)
		out = append(out, v)
		return err
	})
	return out, err
}

// Marks are the placeholders of a list of values, in brackets.
func Marks(n int) string { return "(" + strings.TrimSuffix(strings.Repeat("?, ", n), ", ") + ")" }

// Anys makes arguments of a list.
func Anys[T any](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}

// Padded repeats the last of a list, so that statements with lists of few lengths come again and again, and stay compiled.
func Padded[T any](list []T) []T {
	n := len(list)
	if n > 2 {
		n = (n + 7) / 8 * 8
	}
	for list = slices.Clip(list); len(list) < n; {
		list = append(list, list[len(list)-1])
	}
	return list
}

// OrNull makes an argument of an id: NULL where there is none.
func OrNull[T oid.ID](id T) any {
	if id == "" {
		return nil
	}
	return string(id)
}

// InScope tells whether a client is in the caller's scope: seen in full, not by code and name alone.
func InScope(ctx context.Context, db *ent.Client, client oid.Client) (bool, error) {
	if in, known := actor.From(ctx).Scope.Has(client); known {
		return in, nil
	}
	in, err := db.Tenant.Query().Where(tenant.ID(client), scope.Listed(ctx, "Tenant")).Exist(ctx)
	if err != nil {
		return false, fmt.Errorf("store: look for a client in scope: %w", err)
	}
	return in, nil
}
