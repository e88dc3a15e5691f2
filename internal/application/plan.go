package application

import (
	"cmp"
	"context"
	"crypto/hmac"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/digest"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/removal"
)

// Plan is what would go with an application, and what stands against it.
type Plan struct {
	Application *ent.Application
	Token       string
	Counts      []Count    // by kind
	Obstacles   []Obstacle // only those there are
}

// Count is how many objects of a kind go.
type Count struct {
	Kind     string
	Count    int
	Expiring bool
}

// Obstacle is something that stands against a removal.
type Obstacle struct {
	Kind  enum.RemovalObstacleKind
	Count int
}

// Plan plans the removal of an application (authority Application_DELETE); nil where the caller may not remove it, or
// cannot see it. All it says is of one moment.
func (s *Removals) Plan(ctx context.Context, id oid.Application) (*Plan, error) {
	ctx, end := s.db.Snapshot(ctx)
	defer end()
	db := s.db.Client(ctx)
	row, err := db.Application.Query().Where(application.ID(id)).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("application: read: %w", err)
	}
	c, err := caller(ctx, db, row)
	if err != nil || !s.Rules.Removes(c, facts(row)) {
		return nil, err
	}
	return s.plan(ctx, row)
}

func (s *Removals) plan(ctx context.Context, row *ent.Application) (*Plan, error) {
	rows, err := removal.Applications.Of(s.db, string(row.ID)).Counts(ctx)
	if err != nil {
		return nil, err
	}
	p := &Plan{Application: row}
	for table, n := range rows {
		if kind, counted := removal.Applications.Kinds[table]; counted {
			p.Counts = append(p.Counts, Count{kind.Name, n, kind.Expires})
		}
	}
	p.sort()
	if p.Obstacles, err = s.obstacles(ctx, row); err != nil {
		return nil, err
	}
	p.Token = p.token(s.Key, p.against(enum.ObstacleClients))
	return p, nil
}

func (p *Plan) sort() {
	slices.SortFunc(p.Counts, func(a, b Count) int { return cmp.Compare(a.Kind, b.Kind) })
}

// obstacles counts what stands against a removal by the caller: the clients that have access today, his own and the owner
// left out, and the applications that depend on this one. Most of them he does not see: they are counted, not named.
func (s *Removals) obstacles(ctx context.Context, row *ent.Application) ([]Obstacle, error) {
	a := actor.From(ctx)
	const clients = "SELECT COUNT(*) FROM access_grants WHERE application_id = ? AND client_id <> ? AND client_id <> ?" +
		" AND level <> ? AND (expires_at IS NULL OR expires_at > ?)"
	const dependents = "SELECT COUNT(*) FROM application_dependencies WHERE dependency_id = ?"
	var list []Obstacle
	for _, o := range []struct {
		kind  enum.RemovalObstacleKind
		query string
		args  []any
	}{
		{enum.ObstacleClients, clients, []any{row.ID, row.ClientID, a.Client, enum.LevelBarred, a.Now()}},
		{enum.ObstacleDependents, dependents, []any{row.ID}},
	} {
		n, err := s.number(ctx, o.query, o.args...)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			list = append(list, Obstacle{o.kind, n})
		}
	}
	return list, nil
}

// against is how many of a kind stand against it.
func (p *Plan) against(kind enum.RemovalObstacleKind) int {
	for _, o := range p.Obstacles {
		if o.Kind == kind {
			return o.Count
		}
	}
	return 0
}

// token signs the application and all the numbers of a plan, but those of what expires by itself. Access expires too: so
// the number of clients that have it stands in the token, for holds to see that it has not grown.
func (p *Plan) token(key []byte, clients int) string {
	parts := []string{string(p.Application.ID), strconv.Itoa(clients), strconv.Itoa(p.against(enum.ObstacleDependents))}
	for _, c := range p.Counts {
		if !c.Expiring {
			parts = append(parts, c.Kind, strconv.Itoa(c.Count))
		}
	}
	return strconv.Itoa(clients) + "." + digest.MAC(key, parts...)
}

// holds tells whether a token is of a plan like this one: of the same application, with the same numbers, and no fewer
// clients against it.
func (p *Plan) holds(key []byte, token string) bool {
	number, _, _ := strings.Cut(token, ".")
	clients, err := strconv.Atoi(number)
	return err == nil && clients >= p.against(enum.ObstacleClients) && hmac.Equal([]byte(p.token(key, clients)), []byte(token))
}

// Removed says what went with an application that is gone, as the trail has it. Who asks has removed it.
func (s *Removals) Removed(ctx context.Context, id oid.Application) (counts []Count, err error) {
	var text string
	found, err := s.db.First(ctx, []any{&text}, "SELECT `before` FROM audit_events WHERE object_id = ? AND operation = ?", id, operationRemove)
	if err != nil {
		return nil, fmt.Errorf("application: read what was removed: %w", err)
	}
	if !found {
		return nil, nil
	}
	var event struct{ Removed map[string]int }
	if err := json.Unmarshal([]byte(text), &event); err != nil {
		return nil, fmt.Errorf("application: read what was removed: %w", err)
	}
	var p Plan
	for _, kind := range removal.Applications.Kinds {
		if n := event.Removed[kind.Name]; n > 0 {
			p.Counts = append(p.Counts, Count{kind.Name, n, kind.Expires})
		}
	}
	p.sort()
	return p.Counts, nil
}

// number runs a query for one number.
func (s *Removals) number(ctx context.Context, query string, args ...any) (n int, err error) {
	if _, err := s.db.First(ctx, []any{&n}, query, args...); err != nil {
		return 0, fmt.Errorf("application: count: %w", err)
	}
	return n, nil
}
