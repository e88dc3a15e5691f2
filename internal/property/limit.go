package property

import (
	"sync"
	"time"

	entsql "entgo.io/ent/dialect/sql"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/scope"
)

// The rules of package scope, for the statements written by hand.
var (
	ownApplication = newLimit("a", func(a *actor.Actor, col scope.Column) *entsql.Predicate {
		return scope.In(a, col("client_id")) // of the whole rule the part that most are seen by
	})
	visibleApplication = newLimit("a", scope.Kinds["Application"].ReadBy)
	readProperty       = newLimit("p", scope.Kinds["ApplicationProperty"].ReadBy)
	writtenProperty    = newLimit("application_properties", scope.Kinds["ApplicationProperty"].WriteBy)
	ruledProperty      = newLimit("application_properties", ofOwnApplication)
	reachedClient      = newLimit("c", scope.Kinds["Tenant"].ListBy)
)

// ofOwnApplication: the property is of an application that is owned in scope, whoever has set it (domain 6.4).
func ofOwnApplication(a *actor.Actor, col scope.Column) *entsql.Predicate {
	app := entsql.Table("applications").As("ruled")
	own := scope.In(a, app.C("client_id"))
	if a.IsSystem() || own == nil {
		return nil
	}
	s := entsql.SelectExpr(entsql.Raw("1")).From(app).Where(entsql.And(entsql.ColumnsEQ(app.C("id"), col("application_id")), own)).Limit(1)
	return entsql.P(func(b *entsql.Builder) { b.Wrap(func(b *entsql.Builder) { b.Join(s) }).WriteString(" IS NOT NULL") })
}

// limit is a rule about the rows of an alias, as text. Where nothing of the actor goes into it but the root of his
// scope, it is rendered once: so a rule may look at nothing else of the actor to decide what to write.
type limit struct {
	rule   func(*actor.Actor) *entsql.Predicate
	rooted func() string
}

func newLimit(alias string, rule scope.Rule) *limit {
	l := &limit{rule: func(a *actor.Actor) *entsql.Predicate {
		return rule(a, func(column string) string { return "`" + alias + "`.`" + column + "`" })
	}}
	l.rooted = sync.OnceValue(l.render)
	return l
}

// of gives the condition for an actor, "" where every row will do. The scope is asked of the closure table, even one
// that is listed: for a row found by its key that is the shorter way, and the same text for everybody.
func (l *limit) of(a *actor.Actor) (string, []any) {
	if a.SignedIn() && !a.IsSystem() && !a.Scope.All && a.Scope.Root != "" {
		if text := l.rooted(); text != "" {
			return text, []any{a.Scope.Root}
		}
	}
	p := l.rule(a)
	if p == nil {
		return "", nil
	}
	return p.Query()
}

// render gives the text for everybody with a root, by the example of somebody with a root found nowhere else; "" where
// more than the root goes into it.
func (l *limit) render() string {
	example := actor.New(actor.Actor{User: "user", Client: "client", Session: "session", Scope: actor.Scope{Root: "root"}}, nil, time.Now())
	text, args := l.rule(example).Query()
	if len(args) != 1 || args[0] != any(example.Scope.Root) {
		return ""
	}
	return text
}
