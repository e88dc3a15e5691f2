package list

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"entgo.io/ent/dialect/sql"
	"github.com/99designs/gqlgen/graphql"
	"golang.org/x/text/cases"

	"github.com/appanage/appanage/graph/model"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/fold"
	"github.com/appanage/appanage/internal/input"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/scope"
)

// maxSearch is the longest text to search for, in characters: no name is longer.
const maxSearch = 128

// given is the value of an argument that is there and not null.
func given[T any](o graphql.Omittable[*T]) (T, bool) {
	if v, set := o.ValueOK(); set && v != nil {
		return *v, true
	}
	var zero T
	return zero, false
}

func equal[T any](b *builder, column string, o graphql.Omittable[*T]) {
	if v, ok := given(o); ok {
		b.equal(column, v)
	}
}

// word filters by one of a closed list of words.
func word[T interface {
	~string
	Values() []string
}](b *builder, column, argument string, o graphql.Omittable[*T]) {
	if v, ok := given(o); ok && input.Word(&b.errors, "filter."+argument, v) {
		b.equal(column, v)
	}
}

// id filters by a foreign key. An id of another kind is an input error. An unknown one finds nothing, and neither does
// a foreign one that visible rows hold: what they lead to is null there, and no filter may tell what it was (domain 0).
func id[T oid.ID](ctx context.Context, b *builder, column, argument string, o graphql.Omittable[*string]) {
	s, ok := given(o)
	if !ok {
		return
	}
	v, ok := oid.Parse[T](s)
	if !ok {
		b.errors.Add(apperr.At("filter."+argument, apperr.Invalid, "not the id of a %s", oid.Name[T]()))
		return
	}
	b.equal(column, v)
	if a := actor.From(ctx); a != nil && !inSight(a, s) {
		b.Predicates = append(b.Predicates, func(scope.Column) *sql.Predicate { return visible[T](a, s) })
	}
}

// filtered has what a filter can name: the ent type, for its scope, and the table.
var filtered = map[oid.Kind]struct{ typ, table string }{
	oid.KindClient:      {"Tenant", "clients"},
	oid.KindApplication: {"Application", "applications"},
}

// visible is the condition that the actor sees the object with an id.
func visible[T oid.ID](a *actor.Actor, id string) *sql.Predicate {
	var zero T
	in := filtered[zero.Kind()]
	t := sql.Table(in.table).As("filtered")
	return sql.Exists(sql.SelectExpr(sql.Raw("1")).From(t).Where(sql.And(sql.EQ(t.C("id"), id), scope.Kinds[in.typ].ReadBy(a, t.C))))
}

// inSight tells of whom everything is visible, and of the clients that the scope lists, without asking the database.
func inSight(a *actor.Actor, id string) bool {
	in, _ := a.Scope.Has(oid.Client(id))
	return a.IsSystem() || a.Scope.All || in || slices.Contains(a.Scope.Above, oid.Client(id))
}

// belongs filters by the application and by the client of what has both.
func belongs(ctx context.Context, b *builder, application, client graphql.Omittable[*string]) {
	id[oid.Application](ctx, b, "application_id", "applicationId", application)
	id[oid.Client](ctx, b, "client_id", "clientId", client)
}

// search finds a part of one of the columns. Columns of folded text are compared with the folded needle, those with
// a ^, which are upper case, with the raised one, and identifiers, with a ~, with the form they are kept in (NFC). An @
// is an identifier that is an address: it is searched only where it is shown.
func search(ctx context.Context, b *builder, o graphql.Omittable[*string], columns ...string) {
	s, ok := given(o)
	if !ok {
		return
	}
	folded := fold.Key(s)
	if folded == "" || utf8.RuneCountInString(s) > maxSearch {
		b.errors.Add(apperr.At("filter.search", apperr.Invalid, "`search` must have 1 to %d characters, and not only spaces", maxSearch))
		return
	}
	b.add("search", s, func(col scope.Column) *sql.Predicate {
		parts := make([]*sql.Predicate, len(columns))
		for i, column := range columns {
			needle := folded
			switch column[0] {
			case '^':
				needle = strings.ToUpper(folded)
			case '~', '@':
				needle = fold.Text(cases.Fold().String(s))
			}
			parts[i] = contains(col(strings.TrimLeft(column, "^~@")), needle)
			if column[0] == '@' {
				parts[i] = atHome(actor.From(ctx), col, parts[i])
			}
		}
		return sql.Or(parts...)
	})
}

// atHome narrows a predicate on users to the caller himself and those whose home client is in scope: to nobody else is
// it said whether an address is known (domain 0).
func atHome(a *actor.Actor, col scope.Column, p *sql.Predicate) *sql.Predicate {
	if a == nil || a.Scope.All || a.IsSystem() {
		return p
	}
	return sql.And(p, sql.Or(sql.EQ(col("id"), a.User), scope.In(a, col("client_id"))))
}

// contains looks for a part by INSTR: both engines have it, it compares bytes and needs no escaping.
func contains(column, needle string) *sql.Predicate {
	return sql.P(func(b *sql.Builder) {
		b.WriteString("INSTR(").Ident(column).Comma().Arg(needle).WriteString(") > 0")
	})
}

// mine filters by MY_CLIENT. The cursor is bound to the client too: another one has another list.
func mine(ctx context.Context, b *builder, o graphql.Omittable[*model.Reach], rule func(a *actor.Actor, col scope.Column) *sql.Predicate) {
	if v, ok := given(o); ok && v == model.ReachMyClient {
		if a := actor.From(ctx); a != nil {
			b.add("within", a.Client, func(col scope.Column) *sql.Predicate { return rule(a, col) })
		}
	}
}

func ownedByMine(a *actor.Actor, col scope.Column) *sql.Predicate {
	return sql.EQ(col("client_id"), a.Client)
}

// when filters rows by whether an expiry has passed.
func when(ctx context.Context, b *builder, name string, o graphql.Omittable[*bool]) {
	v, ok := given(o)
	a := actor.From(ctx)
	if !ok || a == nil {
		return
	}
	b.add(name, v, func(col scope.Column) *sql.Predicate {
		if v {
			return sql.Or(sql.IsNull(col("expires_at")), sql.GT(col("expires_at"), a.Now()))
		}
		return sql.LTE(col("expires_at"), a.Now())
	})
}

// exists is a row of another table tied to the judged one, and to the caller's client.
func exists(table, key string, col scope.Column, a *actor.Actor, more ...func(t *sql.SelectTable) *sql.Predicate) *sql.Predicate {
	t := sql.Table(table).As("mine_" + table)
	all := []*sql.Predicate{sql.ColumnsEQ(t.C(key), col("id")), sql.EQ(t.C("client_id"), a.Client)}
	for _, m := range more {
		all = append(all, m(t))
	}
	return sql.Exists(sql.SelectExpr(sql.Raw("1")).From(t).Where(sql.And(all...)))
}

// Clients reads a ClientFilter.
func Clients(ctx context.Context, f *model.ClientFilter) Conditions {
	var b builder
	if f == nil {
		return b.done()
	}
	search(ctx, &b, f.Search, "name_key", "^code")
	word(&b, "type", "type", f.Type)
	word(&b, "status", "status", f.Status)
	id[oid.Client](ctx, &b, "manager_id", "managerId", f.ManagerID)
	mine(ctx, &b, f.Within, func(a *actor.Actor, col scope.Column) *sql.Predicate {
		return sql.Or(sql.EQ(col("id"), a.Client), sql.EQ(col("manager_id"), a.Client))
	})
	return b.done()
}

// Applications reads an ApplicationFilter; archived ones are listed only when asked for (domain 4.6).
func Applications(ctx context.Context, f *model.ApplicationFilter) Conditions {
	var b builder
	if f == nil {
		f = &model.ApplicationFilter{}
	}
	if _, ok := given(f.Status); !ok {
		b.equal("status", enum.ApplicationActive)
	}
	search(ctx, &b, f.Search, "name_key", "code")
	word(&b, "type", "type", f.Type)
	word(&b, "status", "status", f.Status)
	word(&b, "access_type", "accessType", f.AccessType)
	id[oid.Client](ctx, &b, "client_id", "clientId", f.ClientID)
	mine(ctx, &b, f.Within, func(a *actor.Actor, col scope.Column) *sql.Predicate {
		return sql.Or(sql.EQ(col("client_id"), a.Client), scope.Granted(a, col("id")))
	})
	return b.done()
}

// Users reads a UserFilter.
func Users(ctx context.Context, f *model.UserFilter) Conditions {
	var b builder
	if f == nil {
		return b.done()
	}
	search(ctx, &b, f.Search, "name_key", "~user_name_key", "@email_key")
	word(&b, "status", "status", f.Status)
	id[oid.Client](ctx, &b, "client_id", "clientId", f.ClientID)
	mine(ctx, &b, f.Within, func(a *actor.Actor, col scope.Column) *sql.Predicate {
		return exists("memberships", "user_id", col, a)
	})
	return b.done()
}

// Roles reads a RoleFilter.
func Roles(ctx context.Context, f *model.RoleFilter) Conditions {
	var b builder
	if f == nil {
		return b.done()
	}
	search(ctx, &b, f.Search, "name_key")
	belongs(ctx, &b, f.ApplicationID, f.ClientID)
	equal(&b, "built_in", f.BuiltIn)
	mine(ctx, &b, f.Within, ownedByMine)
	return b.done()
}

// Permissions reads a PermissionFilter.
func Permissions(ctx context.Context, f *model.PermissionFilter) Conditions {
	var b builder
	if f == nil {
		return b.done()
	}
	search(ctx, &b, f.Search, "authority_key")
	belongs(ctx, &b, f.ApplicationID, f.ClientID)
	equal(&b, "built_in", f.BuiltIn)
	mine(ctx, &b, f.Within, ownedByMine)
	return b.done()
}

// Packages reads a PackageFilter.
func Packages(ctx context.Context, f *model.PackageFilter) Conditions {
	var b builder
	if f == nil {
		return b.done()
	}
	search(ctx, &b, f.Search, "name_key", "^code")
	belongs(ctx, &b, f.ApplicationID, f.ClientID)
	equal(&b, "base", f.Base)
	mine(ctx, &b, f.Within, func(a *actor.Actor, col scope.Column) *sql.Predicate {
		return sql.Or(ownedByMine(a, col), exists("package_gifts", "package_id", col, a))
	})
	return b.done()
}

// Properties reads an ApplicationPropertyFilter.
func Properties(ctx context.Context, f *model.ApplicationPropertyFilter) Conditions {
	var b builder
	if f == nil {
		return b.done()
	}
	search(ctx, &b, f.Search, "^name")
	belongs(ctx, &b, f.ApplicationID, f.ClientID)
	equal(&b, "public", f.Public)
	return b.done()
}

// URLs reads a ClientUrlFilter.
func URLs(ctx context.Context, f *model.ClientURLFilter) Conditions {
	var b builder
	if f == nil {
		return b.done()
	}
	search(ctx, &b, f.Search, "origin")
	belongs(ctx, &b, f.ApplicationID, f.ClientID)
	word(&b, "status", "status", f.Status)
	return b.done()
}

// Grants reads an AccessGrantFilter.
func Grants(ctx context.Context, f *model.AccessGrantFilter) Conditions {
	var b builder
	if f == nil {
		return b.done()
	}
	word(&b, "level", "level", f.Level)
	belongs(ctx, &b, f.ApplicationID, f.ClientID)
	when(ctx, &b, "inForce", f.InForce)
	return b.done()
}

// Memberships reads a MembershipFilter.
func Memberships(ctx context.Context, f *model.MembershipFilter) Conditions {
	var b builder
	if f == nil {
		return b.done()
	}
	id[oid.Client](ctx, &b, "client_id", "clientId", f.ClientID)
	equal(&b, "home", f.Home)
	return b.done()
}

// Sessions reads a SessionFilter.
func Sessions(ctx context.Context, f *model.SessionFilter) Conditions {
	var b builder
	if f == nil {
		return b.done()
	}
	id[oid.Client](ctx, &b, "client_id", "clientId", f.ClientID)
	when(ctx, &b, "live", f.Live)
	return b.done()
}
