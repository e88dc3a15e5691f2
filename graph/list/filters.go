package list

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"entgo.io/ent/dialect/sql"
	"github.com/99designs/gqlgen/graphql"
	"golang.org/x/text/cases"

	"github.com/appanage/appanage/graph/model"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/fold"
	"github.com/appanage/appanage/internal/input"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/scope"
)

// Filter is one argument of a kind's lists.
type Filter struct {
	Name string
	// read adds what a value, never null, asks for, or notes what is wrong with it. An error is a value of a wrong type.
	read   func(b *builder, raw any) error
	absent any  // what holds where the argument is absent or null; nil: nothing
	hidden bool // it asks about a field that is not shown of every row that can be reached
}

// ofHidden is the filter, of a field that some rows hide.
func (f Filter) ofHidden() Filter {
	f.hidden = true
	return f
}

// or is the filter with a value for where the argument is absent or null.
func (f Filter) or(absent any) Filter {
	f.absent = absent
	return f
}

// argument makes a filter of what reads its raw value, as gqlgen would for a typed input, and what it asks for.
func argument[T any](name string, unmarshal func(any) (T, error), add func(b *builder, v T)) Filter {
	return Filter{Name: name, read: func(b *builder, raw any) error {
		v, err := unmarshal(raw)
		if err != nil {
			return misfit("filter." + name)
		}
		add(b, v)
		return nil
	}}
}

// flag filters by a column that is true or false.
func flag(name, column string) Filter {
	return argument(name, graphql.UnmarshalBoolean, func(b *builder, v bool) { b.equal(name, column, v) })
}

// word filters by one of a closed list of words.
func word[T interface {
	~string
	Values() []string
}](name, column string) Filter {
	return argument(name, graphql.UnmarshalString, func(b *builder, s string) {
		if v := T(s); input.Word(&b.errors, "filter."+name, v) {
			b.equal(name, column, v)
		}
	})
}

// longestExact is the longest text that exact compares, in characters: no such column is longer.
const longestExact = 128

// exact filters by a column of text that must be the same.
func exact(name, column string) Filter {
	return argument(name, graphql.UnmarshalString, func(b *builder, s string) {
		if s == "" || utf8.RuneCountInString(s) > longestExact || strings.TrimSpace(s) != s {
			b.errors.Add(apperr.At("filter."+name, apperr.Invalid, "`%s` has 1 to %d characters, and no space around them", name, longestExact))
			return
		}
		b.equal(name, column, s)
	})
}

// since and until filter by an instant: from it on, and before it.
func since(name, column string) Filter { return instant(name, column, sql.GTE) }

func until(name, column string) Filter { return instant(name, column, sql.LT) }

func instant(name, column string, compare func(string, any) *sql.Predicate) Filter {
	unmarshal := func(raw any) (time.Time, error) {
		if t, ok := raw.(time.Time); ok { // gqlgen has read it
			return t, nil
		}
		return model.UnmarshalDateTime(raw)
	}
	return argument(name, unmarshal, func(b *builder, t time.Time) {
		b.add(name, t.UTC().Format(time.RFC3339Nano), func(col scope.Column) *sql.Predicate { return compare(col(column), t) })
	})
}

// id filters by a foreign key. An id of another kind is an input error. An unknown one finds nothing, and neither does
// a foreign one that visible rows hold: what they lead to is null there, and no filter may tell what it was (domain 0).
func id[T oid.ID](name, column string) Filter {
	return argument(name, graphql.UnmarshalID, func(b *builder, s string) {
		v, ok := oid.Parse[T](s)
		if !ok {
			b.errors.Add(apperr.At("filter."+name, apperr.Invalid, "not the id of a %s", oid.Name[T]()))
			return
		}
		b.equal(name, column, v)
		if a := b.actor; !inSight(a, s) {
			b.Predicates = append(b.Predicates, func(scope.Column) *sql.Predicate { return visible[T](a, s) })
		}
	})
}

// filtered has what a filter can name: the ent type, for its scope, and the table.
var filtered = map[oid.Kind]struct{ typ, table string }{
	oid.KindClient:      {"Tenant", "clients"},
	oid.KindApplication: {"Application", "applications"},
	oid.KindUser:        {"User", "users"},
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

// maxSearch is the longest text to search for, in characters: no name is longer.
const maxSearch = 128

// search finds a part of one of the columns. Columns of folded text are compared with the folded needle, those with
// a ^, which are upper case, with the raised one, and identifiers, with a ~, with the form they are kept in (NFC). An @
// is an identifier that is an address: it is searched only where it is shown.
func search(columns ...string) Filter {
	return argument("search", graphql.UnmarshalString, func(b *builder, s string) {
		folded := fold.Key(s)
		if folded == "" || utf8.RuneCountInString(s) > maxSearch {
			b.errors.Add(apperr.At("filter.search", apperr.Invalid, "`search` must have 1 to %d characters, and not only spaces", maxSearch))
			return
		}
		a, raised, kept := b.actor, strings.ToUpper(folded), fold.Text(cases.Fold().String(s))
		b.add("search", s, func(col scope.Column) *sql.Predicate {
			parts := make([]*sql.Predicate, len(columns))
			for i, column := range columns {
				switch name := column[1:]; column[0] {
				case '^':
					parts[i] = contains(col(name), raised)
				case '~':
					parts[i] = contains(col(name), kept)
				case '@':
					parts[i] = atHome(a, col, contains(col(name), kept))
				default:
					parts[i] = contains(col(column), folded)
				}
			}
			return sql.Or(parts...)
		})
	})
}

// begins finds what a column of text begins with, as it is written.
func begins(column string) Filter {
	return argument("search", graphql.UnmarshalString, func(b *builder, s string) {
		n := utf8.RuneCountInString(s)
		if n == 0 || n > maxSearch {
			b.errors.Add(apperr.At("filter.search", apperr.Invalid, "`search` must have 1 to %d characters", maxSearch))
			return
		}
		b.add("search", s, func(col scope.Column) *sql.Predicate {
			return sql.And(sql.GTE(col(column), s), sql.P(func(b *sql.Builder) {
				b.WriteString("SUBSTR(").Ident(col(column)).WriteString(", 1, ").Arg(n).WriteString(") = ").Arg(s)
			}))
		})
	})
}

// contains looks for a part by INSTR: both engines have it, it compares bytes and needs no escaping.
func contains(column, needle string) *sql.Predicate {
	return sql.P(func(b *sql.Builder) {
		b.WriteString("INSTR(").Ident(column).Comma().Arg(needle).WriteString(") > 0")
	})
}

// atHome narrows a predicate on users to the caller himself and those whose home client is in scope: to nobody else is
// it said whether an address is known (domain 0).
func atHome(a *actor.Actor, col scope.Column, p *sql.Predicate) *sql.Predicate {
	if a.Scope.All || a.IsSystem() {
		return p
	}
	return sql.And(p, sql.Or(sql.EQ(col("id"), a.User), scope.In(a, col("client_id"))))
}

// mine filters by MY_CLIENT. The cursor is bound to the client too: another one has another list.
func mine(rule func(a *actor.Actor, col scope.Column) *sql.Predicate) Filter {
	return argument("within", reach, func(b *builder, v model.Reach) {
		if a := b.actor; v == model.ReachMyClient {
			b.add("within", a.Client, func(col scope.Column) *sql.Predicate { return rule(a, col) })
		}
	})
}

func reach(raw any) (r model.Reach, err error) {
	err = r.UnmarshalGQL(raw)
	return r, err
}

// unexpired filters by whether an expiry is yet to come, or has passed.
func unexpired(name string) Filter {
	return argument(name, graphql.UnmarshalBoolean, func(b *builder, v bool) {
		a := b.actor
		b.add(name, v, func(col scope.Column) *sql.Predicate {
			if v {
				return sql.Or(sql.IsNull(col("expires_at")), sql.GT(col("expires_at"), a.Now()))
			}
			return sql.LTE(col("expires_at"), a.Now())
		})
	})
}
