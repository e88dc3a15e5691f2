package plan

import (
	"database/sql/driver"
	"fmt"
	"time"

	"entgo.io/ent/dialect/sql"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/application"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/scope"
)

// grantColumns are those that tell when a grant ends: in effect and, of a lent one, as it was given.
var grantColumns = []string{"level", "expires_at", "lent", "lent_until"}

// grantOf reads a grant from grantColumns.
func grantOf(row Facts) (*authz.Grant, error) {
	level, err := word(row.Columns[0])
	if err != nil {
		return nil, err
	}
	g := &authz.Grant{Level: enum.AccessLevel(level)}
	for i, into := range map[int]**time.Time{1: &g.ExpiresAt, 3: &g.LentUntil} {
		switch v := row.Columns[i].(type) {
		case nil:
		case time.Time:
			*into = &v
		default:
			return nil, fmt.Errorf("plan: a %T where an instant was expected", v)
		}
	}
	g.Lent, err = flag(row.Columns[2])
	return g, err
}

// flag is the truth in a column of either engine.
func flag(v driver.Value) (bool, error) {
	switch v := v.(type) {
	case bool:
		return v, nil
	case int64:
		return v != 0, nil
	}
	return false, fmt.Errorf("plan: a %T where a boolean was expected", v)
}

// grantExpiry is when a grant ends as it was given.
func grantExpiry(out []byte, _ *actor.Actor, row Facts) ([]byte, error) {
	g, err := grantOf(row)
	if err != nil {
		return out, err
	}
	end := g.Until()
	if end == nil {
		return append(out, "null"...), nil
	}
	return appendInstant(out, *end), nil
}

// grantSleeps tells whether a lent grant sleeps.
func grantSleeps(out []byte, a *actor.Actor, row Facts) ([]byte, error) {
	g, err := grantOf(row)
	if err != nil {
		return out, err
	}
	return fmt.Append(out, g.Sleeps(a.Now())), nil
}

// codeOfClient is the code of the client in a column, which need not be visible.
func codeOfClient(client string) *sql.Selector {
	c := sql.Table("clients").As("code_of")
	return sql.Select(c.C("code")).From(c).Where(sql.ColumnsEQ(c.C("id"), client))
}

// hintColumns are what viewerCan is made from, beside the level of the caller's own client.
var hintColumns = []string{"client_id", "creator_id", "access_type", "status"}

func ownLevel(a *actor.Actor, col scope.Column) *sql.Selector {
	return scope.GrantedLevel(a, col("id"))
}

// viewerCan lists what the caller may do with an application, by the decisions the mutations make.
func viewerCan(out []byte, a *actor.Actor, row Facts) ([]byte, error) {
	var words [5]string
	for i, v := range append(row.Columns[:len(row.Columns):len(row.Columns)], row.Query) {
		s, err := word(v)
		if err != nil {
			return out, err
		}
		words[i] = s
	}
	s := application.Sight{
		Application: authz.Application{
			Owner: oid.Client(words[0]), Creator: oid.Client(words[1]), AccessType: enum.AccessType(words[2]), Status: enum.ApplicationStatus(words[3]),
		},
		Rules: row.InSight, Own: enum.AccessLevel(words[4]),
	}
	if s.Application.Owner == a.Client {
		s.Own = enum.LevelWrite
	}
	return appendStrings(out, application.Can(a, s)), nil
}
