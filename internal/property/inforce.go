package property

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	entsql "entgo.io/ent/dialect/sql"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/scope"
	"github.com/appanage/appanage/internal/store"
)

// maxAsked is how many names one question takes.
const maxAsked = 100

// Question asks for the properties in force for a client: those of the names, or all where Names is nil.
type Question struct {
	Client oid.Client // the caller's client when empty
	Names  []string
}

// Validate tells what is wrong with a question.
func (q Question) Validate() error {
	if len(q.Names) > maxAsked {
		return apperr.At("names", apperr.Invalid, "at most %d names are asked for at once, not %d", maxAsked, len(q.Names))
	}
	return nil
}

// reachedStep judges the client asked for: it must be in the caller's scope.
var reachedStep = newLimit("s", func(a *actor.Actor, col scope.Column) *entsql.Predicate {
	if a.IsSystem() {
		return nil
	}
	return scope.In(a, col("descendant_id"))
})

// Ask gives the properties in force for a client in some applications that the caller sees, by one statement whatever
// their number (domain 6.2). An application is missing where the client is not in the caller's scope, or has no access
// to it today.
func Ask(ctx context.Context, db *store.DB, q Question, apps []oid.Application) (map[oid.Application][]InForce, error) {
	a := actor.From(ctx)
	if a == nil {
		return nil, store.ErrNoActor
	}
	if err := q.Validate(); err != nil {
		return nil, err
	}
	if q.Client == "" {
		q.Client = a.Client
	}
	all := map[oid.Application][]InForce{}
	if len(apps) == 0 {
		return all, nil
	}
	facts, err := readFacts(ctx, db, q, apps)
	if err != nil {
		return nil, fmt.Errorf("property: read what is in force: %w", err)
	}
	definitions := q.definitions()
	for app, f := range facts {
		slices.SortFunc(f.steps, func(x, y depth) int { return x.depth - y.depth })
		chain := Chain{Owner: f.owner, Now: a.Now()}
		for _, s := range f.steps {
			chain.Steps = append(chain.Steps, s.Step)
		}
		if len(f.steps) == 0 || f.steps[0].depth != 0 {
			continue // the client is not in scope
		}
		if list, ok := Resolve(chain, f.values, definitions); ok {
			all[app] = list
		}
	}
	return all, nil
}

// definitions are those a question asks for.
func (q Question) definitions() []Definition {
	if q.Names == nil {
		return defaults.list
	}
	return slices.DeleteFunc(slices.Clone(defaults.list), func(d Definition) bool { return !slices.Contains(q.Names, d.Name) })
}

// facts are what one application's properties in force follow from.
type facts struct {
	owner  oid.Client
	steps  []depth // each client once, in any order
	values []Value
}

// depth is a step, so many levels above the client.
type depth struct {
	Step

	depth int
}

func readFacts(ctx context.Context, db *store.DB, q Question, apps []oid.Application) (all map[oid.Application]*facts, err error) {
	s := q.statement(actor.From(ctx), apps)
	rows, err := db.Query(ctx, s.text.String(), s.args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	all = map[oid.Application]*facts{}
	for rows.Next() {
		if err := scanFact(rows, all); err != nil {
			return nil, err
		}
	}
	return all, rows.Err()
}

// statement reads, for each application, the client with its grant; those above it that have set something, with theirs;
// and the owner. One of them with several properties has several rows.
func (q Question) statement(a *actor.Actor, apps []oid.Application) *statement {
	s := &statement{}
	s.text.Grow(2 << 10)
	s.add("SELECT a.id, a.client_id, s.ancestor_id, s.depth, g.level, g.expires_at, p.name, p.value, p.public, p.secret" +
		" FROM client_paths AS s JOIN applications AS a" +
		" LEFT JOIN access_grants AS g ON g.client_id = s.ancestor_id AND g.application_id = a.id" +
		" LEFT JOIN application_properties AS p ON p.client_id = s.ancestor_id AND p.application_id = a.id")
	q.named(s)
	s.add(" WHERE s.descendant_id = ?", q.Client)
	s.scoped(a, reachedStep)
	s.add(" AND a.id IN ")
	list(s, store.Padded(apps))
	s.add(" AND (p.id IS NOT NULL OR s.depth = 0 OR s.ancestor_id = a.client_id)" +
		" UNION ALL SELECT a.id, a.client_id, p.client_id, -1, NULL AS level, NULL AS expires_at, p.name, p.value, p.public, p.secret" +
		" FROM applications AS a JOIN application_properties AS p ON p.client_id = a.client_id AND p.application_id = a.id")
	q.named(s)
	s.add(" WHERE a.id IN ")
	list(s, store.Padded(apps))
	s.add(" AND NOT EXISTS (SELECT 1 FROM client_paths AS o WHERE o.descendant_id = ? AND o.ancestor_id = a.client_id)", q.Client)
	return s
}

// named adds the condition of the names.
func (q Question) named(s *statement) {
	switch {
	case len(q.Names) > 0:
		s.add(" AND p.name IN ")
		list(s, store.Padded(q.Names))
	case q.Names != nil:
		s.add(" AND 1 = 0")
	}
}

func scanFact(rows *store.Rows, all map[oid.Application]*facts) error {
	var app oid.Application
	var owner, client oid.Client
	var above int
	var level, name, value sql.NullString
	var public, secret sql.NullBool
	var grant authz.Grant
	if err := rows.Scan(&app, &owner, &client, &above, &level, &grant.ExpiresAt, &name, &value, &public, &secret); err != nil {
		return err
	}
	f := all[app]
	if f == nil {
		f = &facts{owner: owner}
		all[app] = f
	}
	if name.Valid {
		f.values = append(f.values, Value{Client: client, Name: name.String, Value: value.String, Public: public.Bool, Secret: secret.Bool})
	}
	if above < 0 || slices.ContainsFunc(f.steps, func(d depth) bool { return d.Client == client }) {
		return nil
	}
	step := depth{Step{Client: client}, above}
	if grant.Level = enum.AccessLevel(level.String); level.Valid {
		step.Grant = &grant
	}
	f.steps = append(f.steps, step)
	return nil
}
