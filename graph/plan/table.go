package plan

import (
	"database/sql/driver"
	"fmt"
	"maps"
	"strings"

	"entgo.io/ent/dialect/sql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/appanage/appanage/graph/list"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/scope"
)

// Entity is what ent's schema says of a type.
type Entity struct {
	Table   string
	ID      oid.Kind          // the prefix of its ids
	Columns map[string]Column // by the field of the SDL
	Edges   map[string]Edge   // by the field of the SDL
}

// Column is a field that one column holds.
type Column struct {
	Name     string
	Encoding Encoding
	Nullable bool // NULL is allowed, and null in an answer
}

// Encoding says how a value is written as JSON.
type Encoding uint8

// The encodings.
const (
	Text    Encoding = iota // a string: text, words of a closed list, ids
	Integer                 // a number
	Boolean                 // true or false
	Instant                 // RFC 3339 in UTC, with microseconds
	Present                 // whether there is a value at all
	Raw                     // text that is JSON already
)

// Cardinality is what an edge leads to.
type Cardinality uint8

// The cardinalities.
const (
	ToOne      Cardinality = iota // one row, whose id the own row keeps in Column
	ToMany                        // rows that keep the own row's id in Column
	ManyToMany                    // rows that Join ties to the own row
)

// Edge leads from a row to others.
type Edge struct {
	To          string // ent type
	Cardinality Cardinality
	Column      string
	Join        Join
	// Reached says that the list holds what can be reached, not only what lists hold: clients known by name too.
	Reached bool
}

// Join is a table of pairs.
type Join struct {
	Table, From, To string
	// Ent is the type of the pairs, when they are rows with a scope of their own; "" for a plain join table.
	Ent string
	// Where is a condition on the pairs, as SQL over the alias j; "" for all of them.
	Where string
}

// Kind is one object type of the SDL, over one table.
type Kind struct {
	Entity
	Name  string // in the SDL
	Ent   string // in ent
	Scope scope.Kind
	List  list.Kind
	// Authority is what the fields leading to the kind require.
	Authority string
	Sight     *Sight
	Computed  map[string]Computed
	Made      map[string]Made
	// Parts are objects without a row of their own, made from columns of the row around them.
	Parts map[string]*Kind
}

// Sight is the condition under which a kind shows certain fields, which are null otherwise (domain 0): the client in
// one of the row's columns is in the caller's scope, or the row is the caller himself.
type Sight struct {
	Client string // column
	Self   string // column with a user, or ""
	// Listed says that lists hold what is in sight, and nothing else: Client is the row's own id.
	Listed bool
	// Hides tells of a field, or an edge, whether it needs the condition.
	Hides func(field string) bool
}

// Computed is a field that no column holds: made from columns of its row and, where one is given, from the value of
// a scalar subquery. Sight, where the kind has it, is told too.
type Computed struct {
	Columns []string
	Query   func(a *actor.Actor, col scope.Column) *sql.Selector
	Write   func(out []byte, a *actor.Actor, row Facts) ([]byte, error)
}

// Facts are what a computed field is made from.
type Facts struct {
	Columns []driver.Value
	Query   driver.Value
	InSight bool
}

// Table is all the planner knows of the data.
type Table struct {
	Kinds map[string]*Kind // by the SDL's name
	Joins map[string]scope.Kind
	// Spare is how many rows for each one wanted a statement may read in the hope to have all of every list below many
	// parents; 0 is no hope.
	Spare int
	byEnt map[string]*Kind
	byID  map[oid.Kind]*Kind
}

// NewTable makes the table for an SDL, from what ent's schema, the scope rules, the lists and the specialities of this
// package say. An object type of the SDL without a scope rule is an error: the planner never reads without one.
func NewTable(sdl *ast.Schema) (*Table, error) {
	t := &Table{Spare: 4, Kinds: map[string]*Kind{}, Joins: map[string]scope.Kind{}, byEnt: map[string]*Kind{}, byID: map[oid.Kind]*Kind{}}
	for _, def := range sdl.GetPossibleTypes(sdl.Types["Node"]) {
		k, err := newKind(def.Name)
		if err != nil {
			return nil, err
		}
		t.Kinds[k.Name], t.byEnt[k.Ent], t.byID[k.ID] = k, k, k
	}
	for kind, special := range specialities {
		k, ok := t.Kinds[kind]
		if !ok {
			return nil, fmt.Errorf("plan: a speciality of %s, which the SDL does not have", kind)
		}
		if err := t.specialise(k, special); err != nil {
			return nil, err
		}
	}
	return t, t.authorities(sdl)
}

func newKind(name string) (*Kind, error) {
	lists, ok := list.Kinds[name]
	if !ok {
		return nil, fmt.Errorf("plan: nothing is said of how lists of %s are ordered", name)
	}
	entity, ok := entities[lists.Ent]
	if !ok {
		return nil, fmt.Errorf("plan: %s: ent has no type %s", name, lists.Ent)
	}
	k := &Kind{Name: name, Ent: lists.Ent, Entity: entity, List: lists, Scope: scope.Kinds[lists.Ent], Computed: map[string]Computed{}}
	k.Columns, k.Edges = maps.Clone(entity.Columns), maps.Clone(entity.Edges)
	return k, k.check()
}

// check refuses a kind that no scope rule guards.
func (k *Kind) check() error {
	if k.Scope.Read == nil {
		return fmt.Errorf("plan: %s has no scope rule", k.Name)
	}
	return nil
}

func (t *Table) specialise(k *Kind, s speciality) error {
	k.Sight, k.Made = s.sight, s.made
	for field, c := range s.columns {
		k.Columns[field] = c
	}
	for field, c := range s.computed {
		k.Computed[field] = c
		delete(k.Columns, field) // what the field is made from is not what it shows
	}
	for field, e := range s.edges {
		k.Edges[field] = e
		if e.Join.Ent == "" {
			continue
		}
		rule := scope.Kinds[e.Join.Ent]
		if rule.Read == nil {
			return fmt.Errorf("plan: %s.%s goes through %s, which has no scope rule", k.Name, field, e.Join.Ent)
		}
		t.Joins[e.Join.Ent] = rule
	}
	return nil
}

// authorities finds what each kind's readers must hold: the fields leading to it say so, all the same.
func (t *Table) authorities(sdl *ast.Schema) error {
	for _, def := range sdl.Types {
		for _, f := range def.Fields {
			k, authority := t.Kinds[strings.TrimSuffix(f.Type.Name(), "Connection")], requires(f)
			if k == nil || authority == "" || def == sdl.Mutation {
				continue
			}
			if k.Authority != "" && k.Authority != authority {
				return fmt.Errorf("plan: %s.%s requires %s, others leading to %s require %s", def.Name, f.Name, authority, k.Name, k.Authority)
			}
			k.Authority = authority
		}
	}
	for _, k := range t.Kinds {
		if k.Authority == "" {
			return fmt.Errorf("plan: no field leading to %s says what it requires", k.Name)
		}
	}
	return nil
}

// requires is the authority that a field asks for, or "".
func requires(f *ast.FieldDefinition) string {
	if d := f.Directives.ForName("authority"); d != nil {
		return d.Arguments.ForName("requires").Value.Raw
	}
	return ""
}
