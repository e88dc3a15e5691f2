// Package removal takes a row away with everything that hangs on it: a client, or an application. What hangs on it is said
// by rules, one for each column that refers to such a row or to one that goes with it; a test derives from the schema that
// none was forgotten. Statements are made from the rules, a fixed number however many rows go, and written by hand: what
// goes is not bounded by the scope of the caller, who has been found to be allowed to take the row away.
package removal

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/appanage/appanage/internal/store"
)

// Fate is what becomes of the rows that name one that goes.
type Fate string

// The fates.
const (
	Goes     Fate = "goes"     // they go too
	Forgets  Fate = "forgets"  // they stay, and name nobody any more
	Bars     Fate = "bars"     // there are none: as long as there are, the command refuses
	Settled  Fate = "settled"  // the command itself deals with them
	Outlives Fate = "outlives" // they stay, and go on naming what is gone, for they tell of it
)

// Rule says what becomes of the rows of Table whose Column names a row of To that goes.
type Rule struct {
	Table, Column, To string
	Fate              Fate
}

// Kind is what the rows of a table are called where they are counted for people.
type Kind struct {
	Name string
	// Expires: they come to an end by themselves.
	Expires bool
}

// Registry has the rules for the rows of one table.
type Registry struct {
	Root  string
	Rules []Rule
	// Kinds are those of the tables that are counted for people; the others hold what follows from the rest.
	Kinds map[string]Kind
}

// Removal is of one row.
type Removal struct {
	registry *Registry
	db       *store.DB
	id       string
}

// Of is the removal of the row with an id.
func (g *Registry) Of(db *store.DB, id string) *Removal { return &Removal{g, db, id} }

// Lock locks the rows that go and that others may name, so that nobody ties anything new to them meanwhile; the row itself
// the caller has locked. SQLite has one writer.
func (r *Removal) Lock(ctx context.Context) error {
	if r.db.Engine() == store.SQLite {
		return nil
	}
	if err := r.lockRoles(ctx); err != nil {
		return err
	}
	for _, table := range r.registry.parentsFirst() {
		for _, w := range r.registry.ways(table) {
			if _, err := r.number(ctx, w.lock(), r.id); err != nil {
				return err
			}
		}
	}
	return nil
}

// Counts says how many rows go, by table, those of the table of the row itself left out. What it counts inside a
// transaction that has locked is what Run will delete.
func (r *Removal) Counts(ctx context.Context) (map[string]int, error) {
	counts := map[string]int{}
	for _, table := range r.registry.leavesFirst() {
		ways := r.registry.ways(table)
		for i, w := range ways {
			n, err := r.number(ctx, w.count(ways[:i]), repeat(r.id, i+1)...)
			if err != nil {
				return nil, err
			}
			note(counts, table, n)
		}
	}
	return counts, nil
}

// Run deletes the row and all that goes with it, and says how many rows went, as Counts does.
func (r *Removal) Run(ctx context.Context) (map[string]int, error) {
	above, err := r.rolesAbove(ctx)
	if err != nil {
		return nil, err
	}
	for _, rule := range r.registry.Rules {
		if rule.Fate != Forgets {
			continue
		}
		for _, w := range r.registry.along(rule) {
			if _, err := r.exec(ctx, w.forget(r.db.Engine()), r.id); err != nil {
				return nil, err
			}
		}
	}
	counts, err := r.delete(ctx)
	if err != nil {
		return nil, err
	}
	return counts, r.reach(ctx, above)
}

func (r *Removal) delete(ctx context.Context) (map[string]int, error) {
	counts := map[string]int{}
	for _, table := range r.registry.leavesFirst() {
		for _, w := range r.registry.ways(table) {
			n, err := r.exec(ctx, w.delete(r.db.Engine()), r.id)
			if err != nil {
				return nil, err
			}
			note(counts, table, n)
		}
	}
	n, err := r.exec(ctx, "DELETE FROM "+r.registry.Root+" WHERE id = ?", r.id)
	if err == nil && n != 1 {
		err = fmt.Errorf("removal: %d rows of %s have the id that goes", n, r.registry.Root)
	}
	return counts, err
}

func note(counts map[string]int, table string, n int) {
	if n > 0 {
		counts[table] += n
	}
}

func repeat(id string, n int) []any {
	args := make([]any, n)
	for i := range args {
		args[i] = id
	}
	return args
}

// number runs a query for one number.
func (r *Removal) number(ctx context.Context, query string, args ...any) (n int, err error) {
	err = r.each(ctx, query, args, func(scan func(...any) error) error { return scan(&n) })
	return n, err
}

// ids runs a query for ids.
func (r *Removal) ids(ctx context.Context, query string, args ...any) (found []any, err error) {
	err = r.each(ctx, query, args, func(scan func(...any) error) error {
		var id sql.NullString
		err := scan(&id)
		found = append(found, id.String)
		return err
	})
	return found, err
}

func (r *Removal) each(ctx context.Context, query string, args []any, f func(scan func(...any) error) error) error {
	if err := r.db.Each(ctx, query, args, f); err != nil {
		return fmt.Errorf("removal: read what goes: %w", err)
	}
	return nil
}

func (r *Removal) exec(ctx context.Context, statement string, args ...any) (int, error) {
	result, err := r.db.Exec(ctx, statement, args...)
	if err != nil {
		return 0, fmt.Errorf("removal: delete what goes: %w", err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("removal: delete what goes: %w", err)
	}
	return int(n), nil
}
