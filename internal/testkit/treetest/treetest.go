// Package treetest checks the tree of clients in a test's database: what is true of it whatever has been done.
package treetest

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/tenancy"
)

// client is a row of clients.
type client struct {
	manager, base oid.Client
	isolated      bool
}

// path is from a client to one below it, or to itself.
type path struct{ above, below oid.Client }

// Check compares the tree with the rules: one root, which is SYSTEM; no circle; at most 32 deep (domain 1.1); the base of
// each is the nearest isolated client at or above it (1.6); and the closure is the one that the managers make (1.7).
func Check(ctx context.Context, db *store.DB) error {
	clients, err := readClients(ctx, db)
	if err != nil {
		return err
	}
	stored, err := readPaths(ctx, db)
	if err != nil {
		return err
	}
	want := map[path]int{}
	for id := range clients {
		if err := climb(clients, id, want); err != nil {
			return err
		}
	}
	if !maps.Equal(want, stored) {
		return differences(want, stored)
	}
	return nil
}

// climb notes the paths down to a client, from its manager to manager.
func climb(clients map[oid.Client]client, id oid.Client, paths map[path]int) error {
	var base oid.Client
	at := id
	for depth := 0; at != ""; depth++ {
		c, known := clients[at]
		switch {
		case !known:
			return fmt.Errorf("the manager %s does not exist", at)
		case depth > tenancy.MaxDepth:
			return fmt.Errorf("%s lies deeper than %d, or in a circle", id, tenancy.MaxDepth)
		case c.manager == "" && at != oid.SystemClient:
			return fmt.Errorf("%s has no manager", at)
		case base == "" && c.isolated:
			base = at
		}
		paths[path{at, id}] = depth
		at = c.manager
	}
	if base != clients[id].base {
		return fmt.Errorf("the base of %s is %s, and not %s", id, clients[id].base, base)
	}
	return nil
}

func differences(want, stored map[path]int) error {
	var errs []error
	for p, depth := range want {
		if got, there := stored[p]; !there || got != depth {
			errs = append(errs, fmt.Errorf("the path from %s to %s is %d long; stored: %t, %d", p.above, p.below, depth, there, got))
		}
	}
	for p := range stored {
		if _, right := want[p]; !right {
			errs = append(errs, fmt.Errorf("there is no path from %s to %s, and one is stored", p.above, p.below))
		}
	}
	return fmt.Errorf("%d paths are wrong: %w", len(errs), errors.Join(errs[:min(len(errs), 5)]...))
}

func readClients(ctx context.Context, db *store.DB) (map[oid.Client]client, error) {
	rows, err := db.Query(ctx, "SELECT id, COALESCE(manager_id, ''), base_id, isolated FROM clients")
	if err != nil {
		return nil, fmt.Errorf("read the clients: %w", err)
	}
	defer func() { _ = rows.Close() }() // a failure to read is Err's
	all := map[oid.Client]client{}
	for rows.Next() {
		var id oid.Client
		var c client
		if err := rows.Scan(&id, &c.manager, &c.base, &c.isolated); err != nil {
			return nil, fmt.Errorf("read the clients: %w", err)
		}
		all[id] = c
	}
	return all, rows.Err()
}

func readPaths(ctx context.Context, db *store.DB) (map[path]int, error) {
	rows, err := db.Query(ctx, "SELECT ancestor_id, descendant_id, depth FROM client_paths")
	if err != nil {
		return nil, fmt.Errorf("read the paths: %w", err)
	}
	defer func() { _ = rows.Close() }() // a failure to read is Err's
	all := map[path]int{}
	for rows.Next() {
		var p path
		var depth int
		if err := rows.Scan(&p.above, &p.below, &depth); err != nil {
			return nil, fmt.Errorf("read the paths: %w", err)
		}
		all[p] = depth
	}
	return all, rows.Err()
}
