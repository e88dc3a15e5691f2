package tenancy

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// The tree of clients is kept twice: as the manager of each, and as the closure in client_paths, by which scopes are
// read. Its statements are written by hand: paths lead above every scope, so that no rule of one applies to them, and
// the closure of a move is a statement each for what goes and what comes, however much hangs below the client moved. Each
// command has found the clients it names in the caller's scope before.

// MaxDepth is how deep the tree may be, SYSTEM not counted (domain 1.1).
const MaxDepth = 32

func tooDeep() *apperr.Error {
	return apperr.At("input.managerId", apperr.NotAllowed, "the tree of clients is %d deep at most", MaxDepth)
}

// hold is how a command holds the tree.
type hold string

const (
	toAdd    hold = " LOCK IN SHARE MODE" // MySQL 8 and MariaDB both know it
	toChange hold = " FOR UPDATE"
)

// holdTree has the tree stand still until the transaction ends. The row of SYSTEM stands for all of it: who adds a client
// shares it with others who do, for they write no path that another one reads; who moves or deletes one has it alone,
// for he decides on paths, and writes paths, of clients all over the tree: no row of theirs would stop a client from
// being made in the part that moves. It is the first lock of a command. SQLite has one writer.
func (s *Service) holdTree(ctx context.Context, how hold) error {
	if s.db.Engine() == store.SQLite {
		return nil
	}
	_, err := s.number(ctx, "SELECT 1 FROM clients WHERE id = ?"+string(how), oid.SystemClient)
	return err
}

// addPaths writes the paths of a new client: those of its manager, each one longer, and the one to itself.
func (s *Service) addPaths(ctx context.Context, id, manager oid.Client) error {
	return s.writePaths(ctx, "INSERT INTO client_paths (ancestor_id, descendant_id, depth)"+
		" SELECT ancestor_id, ?, depth + 1 FROM client_paths WHERE descendant_id = ? UNION ALL SELECT ?, ?, 0", id, manager, id, id)
}

// cutPaths deletes the paths that lead from above a client to itself and everything below it: those longer than the way
// up to it.
var cutPaths = map[store.Engine]string{
	store.MySQL: "DELETE p FROM client_paths AS p JOIN client_paths AS below ON below.descendant_id = p.descendant_id AND p.depth > below.depth" +
		" WHERE below.ancestor_id = ?",
	store.SQLite: "DELETE FROM client_paths WHERE rowid IN (SELECT p.rowid FROM client_paths AS p" +
		" JOIN client_paths AS below ON below.descendant_id = p.descendant_id AND p.depth > below.depth WHERE below.ancestor_id = ?)",
}

// movePaths brings the paths of a client, and of everything below it, in step with another manager.
func (s *Service) movePaths(ctx context.Context, id, manager oid.Client) error {
	if err := s.writePaths(ctx, cutPaths[s.db.Engine()], id); err != nil {
		return err
	}
	return s.writePaths(ctx, "INSERT INTO client_paths (ancestor_id, descendant_id, depth)"+
		" SELECT above.ancestor_id, below.descendant_id, above.depth + below.depth + 1 FROM client_paths AS above"+
		" CROSS JOIN client_paths AS below WHERE above.descendant_id = ? AND below.ancestor_id = ?", manager, id)
}

func (s *Service) writePaths(ctx context.Context, statement string, args ...any) error {
	if _, err := s.db.Exec(ctx, statement, args...); err != nil {
		return fmt.Errorf("tenancy: write paths: %w", err)
	}
	return nil
}

// Level is how deep a client lies in the tree: 0 for SYSTEM, 1 for those it manages.
func (s *Service) Level(ctx context.Context, id oid.Client) (int, error) {
	return s.number(ctx, "SELECT depth FROM client_paths WHERE ancestor_id = ? AND descendant_id = ?", oid.SystemClient, id)
}

// height is how deep the tree is below a client: 0 for one that manages none.
func (s *Service) height(ctx context.Context, id oid.Client) (int, error) {
	return s.number(ctx, "SELECT MAX(depth) FROM client_paths WHERE ancestor_id = ?", id)
}

// holds tells whether a client is another one, or below it.
func (s *Service) holds(ctx context.Context, above, id oid.Client) (bool, error) {
	n, err := s.number(ctx, "SELECT COUNT(*) FROM client_paths WHERE ancestor_id = ? AND descendant_id = ?", above, id)
	return n > 0, err
}

// number runs a query for one number; 0 where it gives none.
func (s *Service) number(ctx context.Context, query string, args ...any) (n int, err error) {
	var found sql.NullInt64
	if _, err := s.db.First(ctx, []any{&found}, query, args...); err != nil {
		return 0, fmt.Errorf("tenancy: read the tree: %w", err)
	}
	return int(found.Int64), nil
}
