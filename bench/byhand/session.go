package byhand

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/appanage/appanage/internal/oid"
)

// The times are those of the hub.
const (
	cached     = 900 * time.Millisecond
	idle       = 30 * time.Minute
	useWritten = time.Minute
)

// smallScope is the most clients that are bound as constants.
const smallScope = 300

// caller is who asks.
type caller struct {
	session, user, client, membership string
	authorities                       map[string]bool
	scope                             scope
	clients                           []any // of a family, as arguments
}

type remembered struct {
	*caller
	until time.Time
}

// callers remembers who is behind a token, by its hash.
type callers struct {
	sync.Mutex
	known map[string]remembered
}

func (c *callers) get(hash string, now time.Time) *caller {
	c.Lock()
	defer c.Unlock()
	if found, ok := c.known[hash]; ok && now.Before(found.until) {
		return found.caller
	}
	return nil
}

func (c *callers) put(hash string, who *caller, now time.Time) {
	c.Lock()
	defer c.Unlock()
	c.known[hash] = remembered{who, now.Add(cached)}
}

var errToken = failure{http.StatusUnauthorized, "the token is not valid"}

// caller finds who is behind the Authorization header.
func (s *Server) caller(ctx context.Context, header string) (*caller, error) {
	token, ok := strings.CutPrefix(header, "Bearer ")
	if !ok {
		return nil, errToken
	}
	sum, now := sha256.Sum256([]byte(token)), time.Now()
	hash := hex.EncodeToString(sum[:])
	if known := s.callers.get(hash, now); known != nil {
		return known, nil
	}
	who, err := s.readCaller(ctx, hash, now)
	if err != nil {
		return nil, err
	}
	s.callers.put(hash, who, now)
	return who, nil
}

var (
	// sessionQuery: the session is live, its user active, and no client suspended above the one acted for or
	// above the user's own.
	sessionQuery = plain(`SELECT s.id, s.user_id, s.client_id, s.membership_id, s.last_used_at FROM sessions s
		JOIN users u ON u.id = s.user_id
		WHERE s.token_hash = :id AND s.expires_at > :now AND u.status = 'ACTIVE' AND NOT EXISTS (
			SELECT 1 FROM client_paths p JOIN clients c ON c.id = p.ancestor_id
			WHERE p.descendant_id IN (s.client_id, u.client_id) AND c.status <> 'ACTIVE')`)

	// authoritiesQuery: what the membership's roles give, of the roles in packages given to the client.
	authoritiesQuery = plain(`SELECT DISTINCT n.authority FROM membership_roles m
		JOIN package_roles pr ON pr.role_id = m.role_id
		JOIN package_gifts f ON f.package_id = pr.package_id AND f.client_id = :target
		JOIN role_paths rp ON rp.role_id = m.role_id
		JOIN role_permissions h ON h.role_id = rp.reached_role_id
		JOIN permissions n ON n.id = h.permission_id
		WHERE m.membership_id = :id`)

	// scopeQuery: the clients below one, no more of them than tell whether they are few.
	scopeQuery = plain(`SELECT descendant_id FROM client_paths WHERE ancestor_id = :id LIMIT :limit`)

	touchQuery = plain(`UPDATE sessions SET last_used_at = ? WHERE id = ? AND last_used_at < ?`)
)

func (s *Server) readCaller(ctx context.Context, hash string, now time.Time) (*caller, error) {
	who, used, err := s.readSession(ctx, hash, now)
	if err != nil {
		return nil, err
	}
	rows, err := s.read(ctx, nil, authoritiesQuery, params{target: who.client, id: who.membership}) //nolint:sqlclosecheck // each closes them
	err = each(rows, err, func() error {
		var authority string
		err := rows.Scan(&authority)
		who.authorities[authority] = true
		return err
	})
	if err == nil {
		err = s.readScope(ctx, who)
	}
	if err != nil || now.Sub(used) < useWritten {
		return who, err
	}
	return who, s.touch(ctx, who.session, now)
}

func (s *Server) readScope(ctx context.Context, who *caller) error {
	if who.client == string(oid.SystemClient) {
		who.scope = platform
		return nil
	}
	rows, err := s.read(ctx, nil, scopeQuery, params{id: who.client, limit: smallScope + 1})
	err = each(rows, err, func() error {
		var client string
		err := rows.Scan(&client)
		who.clients = append(who.clients, client)
		return err
	})
	who.scope = family
	if len(who.clients) > smallScope {
		who.scope, who.clients = business, nil
	}
	return err
}

func (s *Server) readSession(ctx context.Context, hash string, now time.Time) (*caller, time.Time, error) {
	who, used := &caller{authorities: map[string]bool{}}, time.Time{}
	err := s.single(ctx, sessionQuery, params{id: hash, now: now}, &who.session, &who.user, &who.client, &who.membership, &used)
	if errors.Is(err, sql.ErrNoRows) || err == nil && now.Sub(used) > idle {
		return nil, used, errToken
	}
	return who, used, err
}

// touch notes the use of a session.
func (s *Server) touch(ctx context.Context, session string, now time.Time) error {
	stmt, err := s.prepare(ctx, s.writer, touchQuery, params{}) //nolint:sqlclosecheck // kept
	if err != nil {
		return err
	}
	s.statements.Add(1)
	_, err = stmt.ExecContext(ctx, now, session, now)
	return err
}
