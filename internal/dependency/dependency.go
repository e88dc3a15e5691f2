// Package dependency keeps which applications depend on which (domain 8): a graph without circles, in a stored order, each
// edge of which works while the one owner has access and the other consents.
package dependency

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect/sql"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/permission"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// The most that one application may depend on.
const (
	mostDirect = 100
	mostInAll  = 1000
)

// Service holds the commands on dependencies, and what is read of them beyond single rows. Each command runs in one
// transaction, decides on the stored rows, and writes its audit events with the change.
type Service struct {
	db    *store.DB
	rules authz.Rules
}

// New makes the service.
func New(db *store.DB) *Service { return &Service{db, authz.DefaultRules()} }

// Under is the service under other rules.
func (s *Service) Under(rules authz.Rules) *Service { return &Service{s.db, rules} }

// The bits of what Facts gives.
const (
	archived = 1 << iota
	sameOwner
	reads
	open
	marked
)

// allFacts is the number of all combinations of the bits.
const allFacts = marked << 1

// Facts is a scalar subquery: what decides of a dependency today, as a number that StateOf reads. owner is the column with
// the owner of the application that depends, dependency the one with what it depends on. Everything that asks after a
// state asks this.
func Facts(a *actor.Actor, owner, dependency string) *sql.Selector {
	on, g := sql.Table("applications").As("embedded"), sql.Table("access_grants").As("embed_grant")
	return sql.SelectExpr(sql.ExprFunc(func(b *sql.Builder) {
		for i, fact := range []struct {
			bit  int
			when string
		}{
			{archived, on.C("status") + " <> '" + string(enum.ApplicationActive) + "'"},
			{sameOwner, on.C("client_id") + " = " + owner},
			{reads, g.C("id") + " IS NOT NULL"},
			{open, on.C("access_type") + " = '" + string(enum.AccessAny) + "'"},
			{marked, "COALESCE(" + g.C("embeddable") + ", FALSE)"},
		} {
			if i > 0 {
				b.WriteString(" + ")
			}
			b.WriteString(fmt.Sprintf("CASE WHEN %s THEN %d ELSE 0 END", fact.when, fact.bit))
		}
	})).From(on).LeftJoin(g).OnP(sql.And(
		sql.ColumnsEQ(g.C("application_id"), on.C("id")),
		sql.ColumnsEQ(g.C("client_id"), owner),
		sql.In(g.C("level"), enum.LevelRead, enum.LevelWrite),
		sql.Or(sql.IsNull(g.C("expires_at")), sql.GT(g.C("expires_at"), a.Now())),
	)).Where(sql.ColumnsEQ(on.C("id"), dependency))
}

// StateOf is the state that Facts tells of.
func StateOf(facts int) enum.DependencyState {
	return embedding(facts).State(authz.DefaultRules().Embeds)
}

func embedding(facts int) authz.Embedding {
	return authz.Embedding{
		Archived: facts&archived != 0, SameOwner: facts&sameOwner != 0, Reads: facts&reads != 0,
		Any: facts&open != 0, Marked: facts&marked != 0,
	}
}

// CodeOf is a scalar subquery: the code of the application in a column. Codes of applications are public names (domain 0),
// so that whoever sees the row may read it.
func CodeOf(application string) *sql.Selector {
	app := sql.Table("applications").As("depending_app")
	return sql.Select(app.C("code")).From(app).Where(sql.ColumnsEQ(app.C("id"), application))
}

// lockGraph has all who change which application depends on which wait for each other. A circle can be closed by two
// requests that touch no common application: so there is one lock for the whole graph, the row of the built-in permission
// to do it, which every installation has and nothing deletes.
func (s *Service) lockGraph(ctx context.Context, tx *ent.Client) error {
	row := tx.Permission.Query().Where(permission.ID(oid.BuiltIn[oid.Permission]("Application_UPDATE")))
	if _, err := store.ForUpdate(s.db, row).Only(ctx); err != nil {
		return fmt.Errorf("dependency: lock the graph: %w", err)
	}
	return nil
}
