package definition

import (
	"context"
	"strings"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// below looks for a definition in what an application depends on, in load order (domain 9.7): two statements, the order and
// the layers of the first application that has something in force. nil for none. There the chain is that application's;
// the client needs no grant of its own on it, for its owner's consent was asked for (domain 8.1).
func (s *Service) below(ctx context.Context, p Place, client, url oid.Client) (*Stack, error) {
	loaded, err := s.dependencies.LoadOrder(ctx, p.Application)
	if err != nil {
		return nil, err
	}
	var working []oid.Application
	for _, l := range loaded {
		if l.State == enum.DependencyReady {
			working = append(working, l.Application)
		}
	}
	if len(working) == 0 {
		return nil, nil
	}
	return s.read(ctx, firstOf(working, p, client, url, actor.From(ctx)), p, client, url)
}

// firstOf chooses the first of some applications where a definition is in force: where a whole object is, of the owner or of
// a client of the chain that has write access today.
func firstOf(apps []oid.Application, p Place, client, url oid.Client, a *actor.Actor) chosen {
	// CROSS holds SQLite to the order of the tables; MySQL takes the word for nothing, and knows how many rows there are.
	const layer = " JOIN definition_layers AS w ON w.kind = ? AND w.name = ? AND w.whole = TRUE"
	const held = " CROSS" + layer + " AND w.application_id = h.application_id AND w.client_id = h.client_id"
	const writes = " AND h.level = 'WRITE' AND (h.expires_at IS NULL OR h.expires_at > ?)"
	list := store.Padded(apps)
	among, ids := " IN "+store.Marks(len(list)), store.Anys(list)
	var q query
	q.add("(SELECT hit.id FROM (SELECT b.id FROM applications AS b CROSS"+layer+" AND w.application_id = b.id AND w.client_id = b.client_id", p.Kind, p.Name)
	q.add(" WHERE b.id"+among, ids...)
	q.add(" UNION ALL SELECT h.application_id FROM client_paths AS t CROSS JOIN access_grants AS h ON h.client_id = t.ancestor_id AND h.application_id"+among, ids...)
	q.add(writes+held+" WHERE t.descendant_id = ?", a.Now(), p.Kind, p.Name, client)
	if url != "" {
		q.add(" UNION ALL SELECT h.application_id FROM access_grants AS h"+held, p.Kind, p.Name)
		q.add(" WHERE h.client_id = ? AND h.application_id"+among, append([]any{url}, ids...)...)
		q.add(writes, a.Now())
	}
	var order strings.Builder
	for _, id := range apps {
		order.WriteString(string(id))
	}
	q.add(") AS hit ORDER BY INSTR(?, hit.id) LIMIT 1) AS f JOIN applications AS a ON a.id = f.id", order.String())
	return chosen{"below", q.text.String(), q.args}
}
