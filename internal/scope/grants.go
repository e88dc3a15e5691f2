package scope

import (
	"time"

	"entgo.io/ent/dialect/sql"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/enum"
)

// Granted: the caller's own client has a READ or WRITE grant in force on the application in this column.
func Granted(a *actor.Actor, application string) *sql.Predicate {
	g := sql.Table("access_grants").As("own_grant")
	return there(sql.SelectExpr(sql.Raw("1")).From(g).Where(sql.And(
		sql.ColumnsEQ(g.C("application_id"), application),
		sql.EQ(g.C("client_id"), a.Client),
		opens(a, g))))
}

// GrantedLevel is a scalar subquery: the level of the grant in force that the caller's own client has on the application
// in this column; of one that bars it, whenever it ends, BARRED.
func GrantedLevel(a *actor.Actor, application string) *sql.Selector {
	g := sql.Table("access_grants").As("level_grant")
	return sql.Select(g.C("level")).From(g).Where(sql.And(
		sql.ColumnsEQ(g.C("application_id"), application),
		sql.EQ(g.C("client_id"), a.Client),
		sql.Or(sql.EQ(g.C("level"), enum.LevelBarred), inForce(g.C("expires_at"), a.Now()))))
}

// Available: active ANY applications of the clients above the caller's, on which his own has no grant, not even one that
// bars it. They are listed as available and nowhere else: no Kind has this rule (domain 4.6).
func Available(a *actor.Actor, col Column) *sql.Predicate {
	if !a.SignedIn() || len(a.Scope.Above) == 0 {
		return never()
	}
	g := sql.Table("access_grants").As("had_grant")
	return sql.And(
		sql.EQ(col("status"), enum.ApplicationActive), sql.EQ(col("access_type"), enum.AccessAny),
		sql.In(col("client_id"), anys(a.Scope.Above)...),
		sql.Not(there(sql.SelectExpr(sql.Raw("1")).From(g).Where(sql.And(
			sql.ColumnsEQ(g.C("application_id"), col("id")), sql.EQ(g.C("client_id"), a.Client))))))
}

// granted: some client in scope has a READ or WRITE grant in force on the application in this column.
func granted(a *actor.Actor, application, alias string) *sql.Predicate {
	g := sql.Table("access_grants").As(alias)
	return there(sql.SelectExpr(sql.Raw("1")).From(g).Where(and(
		sql.ColumnsEQ(g.C("application_id"), application),
		In(a, g.C("client_id")),
		opens(a, g))))
}

// writable: the caller's client has a WRITE grant in force on the application in this column.
func writable(a *actor.Actor, application, alias string) *sql.Predicate {
	g := sql.Table("access_grants").As(alias)
	return there(sql.SelectExpr(sql.Raw("1")).From(g).Where(sql.And(
		sql.ColumnsEQ(g.C("application_id"), application),
		sql.EQ(g.C("client_id"), a.Client),
		sql.EQ(g.C("level"), enum.LevelWrite),
		inForce(g.C("expires_at"), a.Now()))))
}

// opens: the grant is of a level that lets its client read, and in force.
func opens(a *actor.Actor, grant *sql.SelectTable) *sql.Predicate {
	return sql.And(sql.In(grant.C("level"), enum.LevelRead, enum.LevelWrite), inForce(grant.C("expires_at"), a.Now()))
}

func inForce(expires string, now time.Time) *sql.Predicate {
	return sql.Or(sql.IsNull(expires), sql.GT(expires, now))
}
