// Package scope defines, once for each kind, which rows an actor can see and which he can touch (domain 0).
// ent's interceptor and hook use it, and so does the read planner: there is no second definition.
//
// A rule is written together with the columns of the row it judges, so it works under any table alias.
package scope

import (
	"context"

	"entgo.io/ent/dialect/sql"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

// Column names a column of the judged row, with the alias of its table.
type Column func(name string) string

// Rule gives the predicate that a row must satisfy; nil means every row. It is asked only for actors with a
// scope: Read and Write answer for the others.
type Rule func(a *actor.Actor, col Column) *sql.Predicate

// Kind is the pair of rules of one entity, under the name of ent's type.
type Kind struct {
	Read Rule // rows that can be reached at all: by id, by an edge
	List Rule // rows that lists hold; nil: the same as Read
	// Candidates names, for a scope that is listed, at least all rows of List by their ids, each select by an index. Lists
	// over everything in sight begin with them; without, they would walk through the rows of the whole platform.
	Candidates func(a *actor.Actor) []*sql.Selector
	// Among is List in fewer words, for candidates: a candidate it is true of is listed. nil: List is asked of them.
	Among Rule
	// Shows has the columns whose client can be reached by whoever reaches the row: the rule of clients says so.
	Shows []string
	Write Rule // rows that can be changed or deleted; nil: none, only the platform itself writes them
}

// Kinds has every ent type; the store refuses a type that is missing here.
var Kinds = map[string]Kind{
	"Tenant":      {Read: reachableClient, List: own("id"), Write: own("id")},
	"ClientPath":  {Read: own("descendant_id")},
	"User":        {Read: visibleUser, Write: own("client_id"), Candidates: userCandidates},
	"Membership":  {Read: ownOrMine("user_id"), Write: own("client_id")},
	"Session":     {Read: ownOrMine("user_id"), Write: ownOrMine("user_id")},
	"Permission":  {Read: visiblePermission, Write: own("client_id"), Candidates: permissionCandidates},
	"Role":        {Read: visibleRole, Write: own("client_id"), Candidates: roleCandidates},
	"RolePath":    {},
	"RolePackage": {Read: visiblePackage, Write: own("client_id"), Candidates: packageCandidates},
	"PackageGift": {Read: own("client_id"), Write: own("client_id")},
	"Application": {
		Read: visibleApplication, Write: updatableApplication,
		Candidates: applicationCandidates, Among: activeOrUpdatable, Shows: []string{"client_id"},
	},
	"AccessGrant":           {Read: ofMineOrMyApplication, Write: ofMineOrMyApplication},
	"ApplicationProperty":   {Read: own("client_id"), Write: own("client_id")},
	"PropertyChange":        {Read: own("client_id"), Write: own("client_id")},
	"ApplicationDependency": {Read: dependencyInSight, Write: ownDependency},
	"DefinitionLayer":       {Read: ofMineOrOfVisibleOwner, Write: own("client_id")},
	"DefinitionVersion":     {Read: own("client_id")},
	"RegistrationRule":      {Read: own("client_id"), Write: own("client_id")},
	"RegistrationCode":      {Read: own("client_id"), Write: own("client_id")},
	"AccessRequest":         {Read: ofMineOrAskedOfMine, Write: ofMineOrAskedOfMine},
	"Registration":          {},
	"Bundle":                {},
	"BundlePart":            {},
	"ClientURL":             {Read: own("client_id"), Write: own("client_id")},
	"AuditEvent":            {Read: own("client_id")},
	"Invitation":            {Read: own("client_id"), Write: own("client_id")},
	"OutboxEvent":           {Read: everything}, // SYSTEM's: for everybody else there is none
	"AuditHead":             {},
	"Link":                  {},
	"Attempt":               {},
	"Lease":                 {},
	"IdempotencyKey":        {},
	"ClaimedName":           {},
}

// never is the predicate of what nobody sees.
func never() *sql.Predicate { return sql.P(func(b *sql.Builder) { b.WriteString("1 = 0") }) }

// apply answers for the actors without a scope, then asks the rule.
func apply(rule Rule, a *actor.Actor, col Column) *sql.Predicate {
	switch {
	case a.IsSystem():
		return nil
	case rule == nil || !a.SignedIn():
		return never()
	}
	return rule(a, col)
}

// ReadBy is the predicate for reaching rows of a kind: nil for every row.
func (k Kind) ReadBy(a *actor.Actor, col Column) *sql.Predicate { return apply(k.Read, a, col) }

// ListBy is the predicate for listing rows of a kind.
func (k Kind) ListBy(a *actor.Actor, col Column) *sql.Predicate {
	if k.List == nil {
		return k.ReadBy(a, col)
	}
	return apply(k.List, a, col)
}

// AmongBy is the predicate for listing rows that Candidates named.
func (k Kind) AmongBy(a *actor.Actor, col Column) *sql.Predicate {
	if k.Among == nil {
		return k.ListBy(a, col)
	}
	return apply(k.Among, a, col)
}

// WriteBy is the predicate for changing rows of a kind.
func (k Kind) WriteBy(a *actor.Actor, col Column) *sql.Predicate { return apply(k.Write, a, col) }

// Listed narrows a query of ent from what can be reached to what is listed: for clients, to those in scope, without
// those known by code and name only. It goes where a client is asked for to work with.
func Listed(ctx context.Context, kind string) func(*sql.Selector) {
	return func(s *sql.Selector) {
		a := actor.From(ctx)
		if a == nil {
			s.Where(never())
			return
		}
		if p := Kinds[kind].ListBy(a, s.C); p != nil && Kinds[kind].List != nil {
			s.Where(p)
		}
	}
}

// In is the predicate "the client in this column is in scope of the actor's client": nil for every client.
func In(a *actor.Actor, column string) *sql.Predicate {
	switch {
	case a.Scope.All:
		return nil
	case len(a.Scope.Clients) > 0:
		return sql.In(column, anys(a.Scope.Clients)...)
	}
	p := sql.Table("client_paths").As("scope_path")
	return there(sql.SelectExpr(sql.Raw("1")).From(p).Where(sql.And(
		sql.EQ(p.C("ancestor_id"), a.Scope.Root), sql.ColumnsEQ(p.C("descendant_id"), column))))
}

func own(column string) Rule {
	return func(a *actor.Actor, col Column) *sql.Predicate { return In(a, col(column)) }
}

// everything is for those whose scope is the whole platform, and says no to all others.
func everything(a *actor.Actor, _ Column) *sql.Predicate {
	if a.Scope.All {
		return nil
	}
	return never()
}

// ownOrMine: rows of clients in scope, and the caller's own wherever they are (domain 2.5).
func ownOrMine(user string) Rule {
	return either(own("client_id"), func(a *actor.Actor, col Column) *sql.Predicate {
		return sql.EQ(col(user), a.User)
	})
}

// either is true where one of the rules is. A rule that says "every row" decides.
func either(rules ...Rule) Rule {
	return func(a *actor.Actor, col Column) *sql.Predicate {
		parts := make([]*sql.Predicate, 0, len(rules))
		for _, rule := range rules {
			p := rule(a, col)
			if p == nil {
				return nil
			}
			parts = append(parts, p)
		}
		return sql.Or(parts...)
	}
}

// reachableClient: in scope; or, by code and name only, above the caller's client, owner of an application he can see, or
// one that the caller is a member of and can act for (domain 2.2). What is shown of it is ClientInFull's to say.
func reachableClient(a *actor.Actor, col Column) *sql.Predicate {
	return either(own("id"),
		func(a *actor.Actor, col Column) *sql.Predicate {
			if len(a.Scope.Above) == 0 {
				return never()
			}
			return sql.In(col("id"), anys(a.Scope.Above)...)
		},
		func(a *actor.Actor, col Column) *sql.Predicate {
			app := sql.Table("applications").As("owned_app")
			return there(sql.SelectExpr(sql.Raw("1")).From(app).Where(sql.And(
				sql.ColumnsEQ(app.C("client_id"), col("id")), sharedApplication(a, app.C))))
		},
		func(a *actor.Actor, col Column) *sql.Predicate {
			m := sql.Table("memberships").As("own_membership")
			return there(sql.SelectExpr(sql.Raw("1")).From(m).Where(sql.And(
				sql.ColumnsEQ(m.C("client_id"), col("id")), sql.EQ(m.C("user_id"), a.User))))
		})(a, col)
}

// ofMineOrMyApplication: grants to clients in scope, grants they gave, and all on the applications that they own, for the
// owner takes any away (domain 5.3, decision 18).
func ofMineOrMyApplication(a *actor.Actor, col Column) *sql.Predicate {
	return either(own("client_id"), own("giver_id"), ownedInScope("application_id"))(a, col)
}

// ownedInScope: the application in a column is owned in scope.
func ownedInScope(application string) Rule {
	return func(a *actor.Actor, col Column) *sql.Predicate {
		app := sql.Table("applications").As("in_scope")
		return there(sql.SelectExpr(sql.Raw("1")).From(app).Where(and(
			sql.ColumnsEQ(app.C("id"), col(application)), In(a, app.C("client_id")))))
	}
}

// ofMineOrAskedOfMine: requests of clients in scope, and all for the applications that they own, who decide.
func ofMineOrAskedOfMine(a *actor.Actor, col Column) *sql.Predicate {
	return either(own("client_id"), ownedInScope("application_id"))(a, col)
}

// ownDependency: of an application owned in scope, or on one: its owner sees who embeds it, and may end it (domain 8.1).
func ownDependency(a *actor.Actor, col Column) *sql.Predicate {
	return either(own("client_id"), ownedInScope("dependency_id"))(a, col)
}

// dependencyInSight: also those of every application that is visible.
func dependencyInSight(a *actor.Actor, col Column) *sql.Predicate {
	return either(ownDependency, func(a *actor.Actor, col Column) *sql.Predicate {
		app := sql.Table("applications").As("depending")
		return there(sql.SelectExpr(sql.Raw("1")).From(app).Where(sql.And(
			sql.ColumnsEQ(app.C("id"), col("application_id")), visibleApplication(a, app.C))))
	})(a, col)
}

// ofMineOrOfVisibleOwner: layers of clients in scope, and those of the owner of an application that is visible (domain 9.7).
func ofMineOrOfVisibleOwner(a *actor.Actor, col Column) *sql.Predicate {
	return either(own("client_id"), func(a *actor.Actor, col Column) *sql.Predicate {
		app := sql.Table("applications").As("defined")
		return there(sql.SelectExpr(sql.Raw("1")).From(app).Where(sql.And(
			sql.ColumnsEQ(app.C("id"), col("application_id")), sql.ColumnsEQ(app.C("client_id"), col("client_id")),
			visibleApplication(a, app.C))))
	})(a, col)
}

// visibleUser: by his home client, or by a membership in scope; and oneself.
func visibleUser(a *actor.Actor, col Column) *sql.Predicate {
	return either(own("client_id"),
		func(a *actor.Actor, col Column) *sql.Predicate { return sql.EQ(col("id"), a.User) },
		func(a *actor.Actor, col Column) *sql.Predicate {
			m := sql.Table("memberships").As("user_membership")
			return there(sql.SelectExpr(sql.Raw("1")).From(m).Where(and(
				sql.ColumnsEQ(m.C("user_id"), col("id")), In(a, m.C("client_id")))))
		})(a, col)
}

// visibleApplication: owned in scope, or shared with a client in scope. That archived ones are listed only when asked
// for is the lists' affair (domain 4.6).
func visibleApplication(a *actor.Actor, col Column) *sql.Predicate {
	return either(own("client_id"), sharedApplication)(a, col)
}

// sharedApplication: visible whoever owns it: an active one with a grant in force for a client in scope, or one that
// the caller may update as its creator, be it archived.
func sharedApplication(a *actor.Actor, col Column) *sql.Predicate {
	return sql.Or(
		sql.And(sql.EQ(col("status"), enum.ApplicationActive), granted(a, col("id"), "app_grant")),
		createdByCaller(a, col))
}

// updatableApplication: a second lock behind authz.DecideApplication, which judges the stored row.
func updatableApplication(a *actor.Actor, col Column) *sql.Predicate {
	return either(own("client_id"), createdByCaller)(a, col)
}

// activeOrUpdatable is visibleApplication of candidates: each is owned in scope, or created by the caller, or there is a
// grant in force; and that suffices for active ones.
func activeOrUpdatable(a *actor.Actor, col Column) *sql.Predicate {
	return either(active, updatableApplication)(a, col)
}

func active(_ *actor.Actor, col Column) *sql.Predicate {
	return sql.EQ(col("status"), enum.ApplicationActive)
}

// createdByCaller: an EXPLICIT application whose creator is the caller's client and still has write access (domain 4.4).
func createdByCaller(a *actor.Actor, col Column) *sql.Predicate {
	return sql.And(sql.EQ(col("access_type"), enum.AccessExplicit), sql.EQ(col("creator_id"), a.Client),
		writable(a, col("id"), "creator_grant"))
}

// visibleRole: owned in scope, given to a client in scope, built in, or of an application the caller may write.
func visibleRole(a *actor.Actor, col Column) *sql.Predicate {
	return either(own("client_id"), builtIn, ofWritableApplication,
		func(a *actor.Actor, col Column) *sql.Predicate {
			gift, in := sql.Table("package_gifts").As("role_gift"), sql.Table("package_roles").As("role_in")
			path := sql.Table("role_paths").As("role_path")
			return there(sql.SelectExpr(sql.Raw("1")).From(path).
				Join(in).On(in.C("role_id"), path.C("role_id")).
				Join(gift).On(gift.C("package_id"), in.C("package_id")).
				Where(and(sql.ColumnsEQ(path.C("reached_role_id"), col("id")), In(a, gift.C("client_id")))))
		})(a, col)
}

func visiblePermission(a *actor.Actor, col Column) *sql.Predicate {
	return either(own("client_id"), builtIn, ofWritableApplication,
		func(a *actor.Actor, col Column) *sql.Predicate {
			gift, in := sql.Table("package_gifts").As("perm_gift"), sql.Table("package_roles").As("perm_role")
			path, holds := sql.Table("role_paths").As("perm_path"), sql.Table("role_permissions").As("perm_holds")
			return there(sql.SelectExpr(sql.Raw("1")).From(holds).
				Join(path).On(path.C("reached_role_id"), holds.C("role_id")).
				Join(in).On(in.C("role_id"), path.C("role_id")).
				Join(gift).On(gift.C("package_id"), in.C("package_id")).
				Where(and(sql.ColumnsEQ(holds.C("permission_id"), col("id")), In(a, gift.C("client_id")))))
		})(a, col)
}

func visiblePackage(a *actor.Actor, col Column) *sql.Predicate {
	return either(own("client_id"), builtIn, ofWritableApplication,
		func(a *actor.Actor, col Column) *sql.Predicate {
			gift := sql.Table("package_gifts").As("package_gift")
			return there(sql.SelectExpr(sql.Raw("1")).From(gift).Where(and(
				sql.ColumnsEQ(gift.C("package_id"), col("id")), In(a, gift.C("client_id")))))
		})(a, col)
}

func builtIn(_ *actor.Actor, col Column) *sql.Predicate { return sql.EQ(col("built_in"), true) }

// ofWritableApplication: owned in scope, or with a WRITE grant for the caller's client. Nobody writes what he cannot
// see: of archived applications a grant opens only those that the caller may update.
func ofWritableApplication(a *actor.Actor, col Column) *sql.Predicate {
	app := sql.Table("applications").As("of_app")
	return there(sql.SelectExpr(sql.Raw("1")).From(app).Where(sql.And(
		sql.ColumnsEQ(app.C("id"), col("application_id")),
		sql.Or(In(a, app.C("client_id")),
			sql.And(sql.EQ(app.C("status"), enum.ApplicationActive), writable(a, app.C("id"), "of_grant")),
			createdByCaller(a, app.C)))))
}

// there is true where a select has a row. It is EXISTS in other words, which MariaDB leaves as they are: an EXISTS it may
// turn into an IN, and then reads the whole of the other table once for each statement.
func there(s *sql.Selector) *sql.Predicate {
	return sql.P(func(b *sql.Builder) {
		b.Wrap(func(b *sql.Builder) { b.Join(s.Limit(1)) }).WriteString(" IS NOT NULL")
	})
}

// and joins predicates; nil means true and is left out.
func and(parts ...*sql.Predicate) *sql.Predicate {
	kept := parts[:0:0]
	for _, p := range parts {
		if p != nil {
			kept = append(kept, p)
		}
	}
	return sql.And(kept...)
}

func anys(list []oid.Client) []any {
	out := make([]any, len(list))
	for i, id := range list {
		out[i] = id
	}
	return out
}
