package access

import (
	"context"

	"entgo.io/ent/dialect/sql"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/scope"
)

// Available gives a query of the applications that the caller's client may take access to (domain 4.6). They are out of
// the caller's sight otherwise, so that it has the one rule that names them, and must be run in the context of Beyond.
func (s *Service) Available(ctx context.Context) *ent.ApplicationQuery {
	a := actor.From(ctx)
	return s.db.Client(ctx).Application.Query().Where(func(q *sql.Selector) { q.Where(scope.Available(a, q.C)) })
}

// Beyond is the context in which a query of Available is run: whatever else is read of what it finds is read in the
// caller's own.
func Beyond(ctx context.Context) context.Context {
	return actor.System(ctx, "applications that are available are listed though not visible, domain 4.6")
}

// ClientCode is the code of a grant's client: who sees the grant is told it, where he does not see the client too.
func (s *Service) ClientCode(ctx context.Context, client oid.Client) (code string, err error) {
	_, err = s.one(ctx, []any{&code}, "SELECT code FROM clients WHERE id = ?", client)
	return code, err
}
