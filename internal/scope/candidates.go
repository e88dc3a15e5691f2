package scope

import (
	"entgo.io/ent/dialect/sql"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

// The candidates of a kind follow its rule, reason by reason; each select drives from what the caller's scope has, over
// an index. They may name more than the rule allows, such as archived applications.

// named selects the column of a table as id.
func named(t *sql.SelectTable, column string) *sql.Selector {
	return sql.Select(sql.As(t.C(column), "id")).From(t)
}

// owned selects the rows of a table that clients in scope own.
func owned(a *actor.Actor, table string) *sql.Selector {
	t := sql.Table(table).As("own")
	return named(t, "id").Where(In(a, t.C("client_id")))
}

// shipped selects the rows that every installation has: the SYSTEM client owns them.
func shipped(table string) *sql.Selector {
	t := sql.Table(table).As("own")
	return named(t, "id").Where(sql.And(sql.EQ(t.C("client_id"), oid.SystemClient), sql.EQ(t.C("built_in"), true)))
}

// Each of these is visible while it is active: activeOrUpdatable relies on it.
func applicationCandidates(a *actor.Actor) []*sql.Selector {
	g, c := sql.Table("access_grants").As("app_grant"), sql.Table("applications").As("created")
	return []*sql.Selector{
		owned(a, "applications"),
		named(g, "application_id").Where(sql.And(In(a, g.C("client_id")), opens(a, g))),
		named(c, "id").Where(createdByCaller(a, c.C)),
	}
}

func userCandidates(a *actor.Actor) []*sql.Selector {
	m, self := sql.Table("memberships").As("user_membership"), sql.Table("users").As("self")
	return []*sql.Selector{
		owned(a, "users"),
		named(self, "id").Where(sql.EQ(self.C("id"), a.User)),
		named(m, "user_id").Where(In(a, m.C("client_id"))),
	}
}

// ofApplications selects the rows of a table that belong to applications which the caller owns, writes or created.
func ofApplications(a *actor.Actor, table string) []*sql.Selector {
	below := func() (*sql.SelectTable, *sql.Selector) {
		t, app := sql.Table(table).As("of_app"), sql.Table("applications").As("app")
		return app, named(t, "id").Join(app).On(app.C("id"), t.C("application_id"))
	}
	app, inScope := below()
	inScope.Where(In(a, app.C("client_id")))
	app, created := below()
	created.Where(sql.And(sql.EQ(app.C("creator_id"), a.Client), sql.EQ(app.C("access_type"), enum.AccessExplicit)))
	t, g := sql.Table(table).As("of_app"), sql.Table("access_grants").As("of_grant")
	granted := named(t, "id").Join(g).On(g.C("application_id"), t.C("application_id")).
		Where(sql.And(sql.EQ(g.C("client_id"), a.Client), sql.EQ(g.C("level"), enum.LevelWrite)))
	return []*sql.Selector{inScope, created, granted}
}

// candidates are those of what belongs to clients and to applications, and is given by packages.
func candidates(a *actor.Actor, table string, given *sql.Selector) []*sql.Selector {
	return append(ofApplications(a, table), owned(a, table), shipped(table), given)
}

func packageCandidates(a *actor.Actor) []*sql.Selector {
	gift := sql.Table("package_gifts").As("package_gift")
	return candidates(a, "packages", named(gift, "package_id").Where(In(a, gift.C("client_id"))))
}

func roleCandidates(a *actor.Actor) []*sql.Selector {
	gift, in, path := sql.Table("package_gifts").As("role_gift"), sql.Table("package_roles").As("role_in"), sql.Table("role_paths").As("role_path")
	given := named(path, "reached_role_id").
		Join(in).On(in.C("role_id"), path.C("role_id")).
		Join(gift).On(gift.C("package_id"), in.C("package_id")).
		Where(In(a, gift.C("client_id")))
	return candidates(a, "roles", given)
}

func permissionCandidates(a *actor.Actor) []*sql.Selector {
	gift, in := sql.Table("package_gifts").As("perm_gift"), sql.Table("package_roles").As("perm_role")
	path, holds := sql.Table("role_paths").As("perm_path"), sql.Table("role_permissions").As("perm_holds")
	given := named(holds, "permission_id").
		Join(path).On(path.C("reached_role_id"), holds.C("role_id")).
		Join(in).On(in.C("role_id"), path.C("role_id")).
		Join(gift).On(gift.C("package_id"), in.C("package_id")).
		Where(In(a, gift.C("client_id")))
	return candidates(a, "permissions", given)
}
