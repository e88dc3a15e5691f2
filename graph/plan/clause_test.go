package plan

import (
	"context"
	"database/sql/driver"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"entgo.io/ent/dialect/sql"
	"github.com/google/go-cmp/cmp"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/application"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/demo"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/identity"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/property"
	"github.com/appanage/appanage/internal/scope"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/tenancy"
	"github.com/appanage/appanage/internal/testkit"
)

// crowd is the demo's world with random grants, and random callers to look at it.
type crowd struct {
	*Planner
	rng     *rand.Rand
	clients []oid.Client
	users   []oid.User
}

func newCrowd(t *testing.T, db *store.DB) *crowd {
	t.Helper()
	ctx := actor.System(t.Context(), "a test builds its world")
	services := demo.Services{Tenancy: tenancy.New(db), Identity: identity.New(db, identity.DefaultSessionLimits), Applications: application.New(db), Properties: property.New(db)}
	_, err := demo.Fill(ctx, db, services, "correct horse battery")
	must(t, err)
	c := &crowd{Planner: newPlanner(t, db), rng: rand.New(rand.NewPCG(1, 2))}
	c.clients, err = db.Ent().Tenant.Query().Order(ent.Asc("id")).IDs(ctx)
	must(t, err)
	c.users, err = db.Ent().User.Query().Order(ent.Asc("id")).IDs(ctx)
	must(t, err)
	c.grant(ctx, t, db)
	c.depend(ctx, t, db)
	c.define(ctx, t, db)
	c.register(ctx, t, db)
	return c
}

// register makes what registrations leave: rules, codes, and requests for access by users of any client.
func (c *crowd) register(ctx context.Context, t *testing.T, db *store.DB) {
	t.Helper()
	apps, err := db.Ent().Application.Query().Order(ent.Asc("id")).IDs(ctx)
	must(t, err)
	for _, app := range apps {
		given := pick(c.rng, apps)
		must(t, db.Ent().RegistrationRule.Create().SetClientID(pick(c.rng, c.clients)).SetApplicationID(app).SetClientType(enum.ClientBusiness).
			SetGives(enum.GivesAccess).SetGivenID(string(given)).SetGivenApplicationID(given).SetLevel(enum.LevelRead).Exec(ctx))
		must(t, db.Ent().RegistrationCode.Create().SetClientID(pick(c.rng, c.clients)).SetApplicationID(app).SetExpiresAt(clock.Now()).Exec(ctx))
		must(t, db.Ent().AccessRequest.Create().SetClientID(pick(c.rng, c.clients)).SetApplicationID(app).SetUserID(pick(c.rng, c.users)).
			SetMessage("please").SetPending(true).Exec(ctx))
	}
}

// define makes layers of definitions, of owners and of others.
func (c *crowd) define(ctx context.Context, t *testing.T, db *store.DB) {
	t.Helper()
	apps, err := db.Ent().Application.Query().Order(ent.Asc("id")).All(ctx)
	must(t, err)
	for _, app := range apps {
		for i, client := range []oid.Client{app.ClientID, pick(c.rng, c.clients)} {
			if i > 0 && client == app.ClientID {
				continue
			}
			version := oid.New[oid.DefinitionVersion]()
			must(t, db.Ent().DefinitionVersion.Create().SetID(version).SetClientID(client).SetApplicationID(app.ID).SetKind(enum.DefinitionPage).
				SetName("a-page-of-the-test").SetNumber(1).SetContent("{}").SetWhole(i == 0).SetFinal(false).SetPublic(false).SetRemoved(false).Exec(ctx))
			must(t, db.Ent().DefinitionLayer.Create().SetClientID(client).SetApplicationID(app.ID).SetKind(enum.DefinitionPage).
				SetName("a-page-of-the-test").SetCurrentID(version).SetWhole(i == 0).Exec(ctx))
		}
	}
}

// grant makes what the demo has little of: grants of every level, expired ones too, and applications that somebody
// else created.
func (c *crowd) grant(ctx context.Context, t *testing.T, db *store.DB) {
	t.Helper()
	apps, err := db.Ent().Application.Query().Order(ent.Asc("id")).IDs(ctx)
	must(t, err)
	for i, app := range apps {
		status := []enum.ApplicationStatus{enum.ApplicationActive, enum.ApplicationActive, enum.ApplicationArchived}[i%3]
		access := []enum.AccessType{enum.AccessExplicit, enum.AccessAny, enum.AccessOwn}[i%3]
		_, err := db.Exec(ctx, "UPDATE applications SET creator_id = ?, status = ?, access_type = ? WHERE id = ?",
			pick(c.rng, c.clients), string(status), string(access), app)
		must(t, err)
	}
	for i, client := range c.clients {
		must(t, db.Ent().Invitation.Create().SetClientID(client).SetEmail("guest@example.com").SetEmailKey("guest@example.com").
			SetExpiresAt(time.Now()).Exec(ctx))
		if i%2 == 0 {
			must(t, db.Ent().OutboxEvent.Create().SetClientID(client).SetTopic("test").SetObjectID(string(client)).SetPayload("{}").
				SetNextAt(time.Now()).Exec(ctx))
		}
	}
	levels, hours := []enum.AccessLevel{enum.LevelRead, enum.LevelWrite, enum.LevelBarred}, []time.Duration{-1, 1, 0}
	must(t, db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		if _, err := tx.AccessGrant.Delete().Exec(ctx); err != nil {
			return err
		}
		for _, client := range c.clients {
			for _, app := range apps {
				if c.rng.IntN(4) > 0 {
					continue
				}
				create := tx.AccessGrant.Create().SetClientID(client).SetApplicationID(app).SetGiverID(oid.SystemClient).SetLevel(pick(c.rng, levels))
				if h := pick(c.rng, hours); h != 0 {
					create.SetExpiresAt(clock.Now().Add(h * time.Hour))
				}
				if err := create.Exec(ctx); err != nil {
					return err
				}
			}
		}
		return nil
	}))
}

func pick[T any](rng *rand.Rand, list []T) T { return list[rng.IntN(len(list))] }

// some are n clients: as many real ones as n, or all, and strangers beyond.
func (c *crowd) some(n int) []oid.Client {
	out := make([]oid.Client, 0, n)
	for _, i := range c.rng.Perm(len(c.clients))[:min(n, len(c.clients))] {
		if c.clients[i] != oid.SystemClient {
			out = append(out, c.clients[i])
		}
	}
	for len(out) < n {
		out = append(out, oid.New[oid.Client]())
	}
	return out
}

// caller makes one with a scope of a random kind. Sizes are those of the steps, and such between them.
func (c *crowd) caller(n int) *actor.Actor {
	client := pick(c.rng, c.clients)
	s := actor.Scope{Root: client, Above: c.some(c.rng.IntN(6))}
	switch n % 4 {
	case 0:
		s.All, s.Root = c.rng.IntN(2) == 0, pick(c.rng, c.clients) // all, or only the closure knows
	default:
		s.Clients = c.some(pick(c.rng, []int{1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33, 100, 256, 300}))
		client = s.Clients[0]
		s.Root = client
	}
	a := actor.Actor{User: pick(c.rng, c.users), Session: oid.New[oid.Session](), Membership: oid.New[oid.Membership](), Client: client, Scope: s}
	return actor.New(a, nil, clock.Now())
}

// rendered writes a rule with the caller's own values: what the reference executor runs.
func (c *crowd) rendered(p *sql.Predicate) (text string, args []any) {
	if p == nil {
		return "", nil
	}
	p.SetDialect(c.dialect)
	text, args = p.Query()
	return " WHERE (" + text + ")", args
}

// ids are those that a statement of the planner finds, without repetitions and sorted.
func (c *crowd) ids(t *testing.T, a *actor.Actor, write func(*statement) error) []string {
	t.Helper()
	b, st := new(bound), new(statement)
	b.reset(a)
	st.reset(b)
	must(t, write(st))
	all := texts(t, c.db, string(st.text), st.args)
	slices.Sort(all)
	return all
}

// The scope that the planner writes, once for callers of a shape and with the values of the one at hand, finds what the
// rule finds that is written for him alone. design 3: nobody sees rows by the arguments of another.
func TestScopesAreTheCallersOwn(t *testing.T) {
	engines(t, func(t *testing.T, db *store.DB) {
		c := newCrowd(t, db)
		found := map[string]int{}
		for n := range 60 {
			a := c.caller(n)
			for _, k := range c.table.Kinds {
				for name, way := range map[string]struct {
					rule *sql.Predicate
					from func(*statement) error
				}{
					"reached": {k.Scope.ReadBy(a, column), func(s *statement) error { return s.from(c.Planner, &fetch{kind: k}, toReach) }},
					"listed":  {k.Scope.ListBy(a, column), func(s *statement) error { return s.from(c.Planner, &fetch{kind: k}, toList) }},
					"at root": {k.Scope.ListBy(a, column), func(s *statement) error { return s.fromAll(c.Planner, &fetch{kind: k}) }},
				} {
					text, args := c.rendered(way.rule)
					want := texts(t, db, "SELECT "+column("id")+" FROM `"+k.Table+"` AS `t`"+text, args)
					slices.Sort(want)
					got := c.ids(t, a, func(s *statement) error {
						s.add("SELECT ", column("id"))
						return way.from(s)
					})
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("%s of %+v, %s (-rule +planner):\n%s", k.Name, a.Scope, name, diff)
					}
					found[k.Name] += len(got)
				}
			}
		}
		for _, k := range c.table.Kinds {
			if found[k.Name] == 0 && k.Name != "Session" { // nobody has signed in
				t.Errorf("no %s was ever found", k.Name)
			}
		}
	})
}

// Pairs, sights and subqueries of computed fields are written the same way.
func TestOtherClausesAreTheCallersOwn(t *testing.T) {
	engines(t, func(t *testing.T, db *store.DB) {
		c := newCrowd(t, db)
		for n := range 60 {
			a := c.caller(n)
			for name, rule := range c.table.Joins {
				text, args := c.rendered(rule.ReadBy(a, func(s string) string { return "`j`.`" + s + "`" }))
				want := texts(t, db, "SELECT `j`.`id` FROM `package_gifts` AS `j`"+text, args)
				slices.Sort(want)
				got := c.ids(t, a, func(s *statement) error {
					clause, err := c.joined(Join{Ent: name}, s.bound.shape)
					s.add("SELECT `j`.`id` FROM `package_gifts` AS `j`")
					s.judge(clause)
					return err
				})
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s of %+v (-rule +planner):\n%s", name, a.Scope, diff)
				}
			}
			c.checkValues(t, a)
			c.checkFacts(t, a)
		}
	})
}

// checkValues compares the clauses that stand for values.
func (c *crowd) checkValues(t *testing.T, a *actor.Actor) {
	t.Helper()
	app := c.table.Kinds["Application"]
	level := scope.GrantedLevel(a, column("id"))
	level.SetDialect(c.dialect)
	text, args := level.Query()
	c.compareValues(t, a, app, text, args, func(s shape) (*clause, error) { return c.known(app, "viewerCan", s) })
	for _, k := range c.table.Kinds {
		if k.Sight == nil || a.Scope.All {
			continue
		}
		p := scope.In(a, column(k.Sight.Client))
		p.SetDialect(c.dialect)
		text, args := p.Query()
		c.compareValues(t, a, k, text, args, func(s shape) (*clause, error) { return c.sighted(k, s) })
	}
}

func (c *crowd) compareValues(t *testing.T, a *actor.Actor, k *Kind, text string, args []any, of func(shape) (*clause, error)) {
	t.Helper()
	join := func(open, shut string) (string, string) { // of an id with a value, as each engine does it
		return "SELECT CONCAT(" + column("id") + ", ' ', COALESCE((" + open, "), 'none')) FROM `" + k.Table + "` AS `t`" + shut
	}
	before, after := join("", "")
	want := texts(t, c.db, before+text+after, args)
	slices.Sort(want)
	got := c.ids(t, a, func(s *statement) error {
		clause, err := of(s.bound.shape)
		must(t, err)
		s.add(before)
		s.clause(clause)
		s.add(after)
		return nil
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a value of %s for %+v (-rule +planner):\n%s", k.Name, a.Scope, diff)
	}
}

// For lists of clients that need no padding, text and arguments are letter for letter the rule's.
func TestClausesAreTheRulesThemselves(t *testing.T) {
	engines(t, func(t *testing.T, db *store.DB) {
		c := newCrowd(t, db)
		compared := 0
		for n, clients := range steps {
			for _, above := range []int{0, 4, 8} {
				a := c.caller(0)
				a.Scope = actor.Scope{Root: a.Client, Clients: c.some(clients), Above: c.some(above)}
				for _, k := range c.table.Kinds {
					for u, rule := range map[use]*sql.Predicate{toReach: k.Scope.ReadBy(a, column), toList: k.Scope.ListBy(a, column)} {
						rule.SetDialect(c.dialect)
						text, args := rule.Query()
						got, err := c.scoped(k, u, shapeOf(a))
						must(t, err)
						if text != got.text {
							t.Errorf("%s, step %d:\n%s\n%s", k.Name, n, text, got.text)
						}
						if diff := cmp.Diff(plainly(t, args), bindings(a, got)); diff != "" {
							t.Errorf("%s, step %d (-rule +planner):\n%s", k.Name, n, diff)
						}
						compared++
					}
				}
			}
		}
		if compared < 500 {
			t.Errorf("only %d clauses were compared", compared)
		}
	})
}

func bindings(a *actor.Actor, c *clause) []string {
	b := new(bound)
	b.reset(a)
	out := []string{}
	for i := range c.args {
		out = append(out, fmt.Sprint(b.value(&c.args[i])))
	}
	return out
}

func plainly(t *testing.T, args []any) []string {
	t.Helper()
	out := []string{}
	for _, v := range args {
		v, err := driver.DefaultParameterConverter.ConvertValue(v)
		must(t, err)
		out = append(out, fmt.Sprint(v))
	}
	return out
}

// A list over everything in sight begins with candidates: whatever the rule lists is among them, and what is picked of
// them is what the rule lists.
func TestCandidatesMissNothing(t *testing.T) {
	engines(t, func(t *testing.T, db *store.DB) {
		c := newCrowd(t, db)
		kinds := map[string]int{}
		for n := range 60 {
			a := c.caller(n)
			if a.Scope.All || len(a.Scope.Clients) == 0 {
				continue
			}
			for _, k := range c.table.Kinds {
				if k.Scope.Candidates == nil {
					continue
				}
				named := map[string]bool{}
				for _, s := range k.Scope.Candidates(a) {
					s.SetDialect(c.dialect)
					text, args := s.Query()
					for _, id := range texts(t, db, text, args) {
						named[id] = true
					}
				}
				listed := map[string]bool{}
				text, args := c.rendered(k.Scope.ListBy(a, column))
				for _, id := range texts(t, db, "SELECT "+column("id")+" FROM `"+k.Table+"` AS `t`"+text, args) {
					kinds[k.Name]++
					listed[id] = true
					if !named[id] {
						t.Errorf("%s %s is listed for %+v and no candidate", k.Name, id, a.Scope)
					}
				}
				text, args = c.rendered(k.Scope.AmongBy(a, column))
				for _, id := range texts(t, db, "SELECT "+column("id")+" FROM `"+k.Table+"` AS `t`"+text, args) {
					if named[id] && !listed[id] {
						t.Errorf("%s %s is picked for %+v and not listed", k.Name, id, a.Scope)
					}
				}
			}
		}
		if len(kinds) < 5 {
			t.Errorf("rows were listed of %v only", kinds)
		}
	})
}

// What is shown with a row needs no scope of its own: whoever reaches the row reaches it.
func TestShownIsReached(t *testing.T) {
	engines(t, func(t *testing.T, db *store.DB) {
		c, shown := newCrowd(t, db), map[string]int{}
		clients := c.table.Kinds["Client"]
		for n := range 60 {
			a := c.caller(n)
			reached := map[string]bool{}
			text, args := c.rendered(clients.Scope.ReadBy(a, column))
			for _, id := range texts(t, db, "SELECT "+column("id")+" FROM `"+clients.Table+"` AS `t`"+text, args) {
				reached[id] = true
			}
			for _, k := range c.table.Kinds {
				for _, keeps := range k.Scope.Shows {
					text, args := c.rendered(k.Scope.ReadBy(a, column))
					for _, id := range texts(t, db, "SELECT "+column(keeps)+" FROM `"+k.Table+"` AS `t`"+text, args) {
						shown[k.Name]++
						if !reached[id] {
							t.Errorf("%s.%s shows %s to %+v, who cannot reach it", k.Name, keeps, id, a.Scope)
						}
					}
				}
			}
		}
		if shown["Application"] == 0 {
			t.Error("no owner was ever shown")
		}
	})
}

// A caller without a session has no scope; the planner's clauses are written for callers who have one. So nothing may
// be read for him that needs no authority, and he has none.
func TestNothingIsReadForNobody(t *testing.T) {
	p := newPlanner(t, testkit.DB(t, store.SQLite, store.Options{}))
	for _, f := range p.sdl.Query.Fields {
		if strings.HasPrefix(f.Name, "__") {
			continue
		}
		text := "{ " + f.Name + map[string]string{
			"node": `(id: "app_01JD3Q4Z5V6W7X8Y9ZABCDEFGH")`, "nodes": `(ids: ["app_01JD3Q4Z5V6W7X8Y9ZABCDEFGH"])`,
			"effectiveAccess":        `(applicationId: "app_01JD3Q4Z5V6W7X8Y9ZABCDEFGH")`,
			"applicationRemovalPlan": `(id: "app_01JD3Q4Z5V6W7X8Y9ZABCDEFGH")`,
			"resolveUrl":             `(url: "https://x.example")`,
			"registrationOptions":    `(url: "https://x.example")`,
			"definition":             `(applicationId: "app_01JD3Q4Z5V6W7X8Y9ZABCDEFGH", kind: PAGE, name: "home")`,
			"definitions":            `(applicationId: "app_01JD3Q4Z5V6W7X8Y9ZABCDEFGH")`,
		}[f.Name] + anything(f.Name, p) + " }"
		oc := parsed(t, p, text, nil)
		pl, err := p.compile(oc.Doc, oc.Operation, oc.Variables, false)
		if err != nil {
			continue // the reference's
		}
		if len(pl.fetches) > 0 && (len(pl.authorities) == 0 || slices.ContainsFunc(pl.authorities, actor.Nobody().Has)) {
			t.Errorf("%s is read for nobody: %q", text, pl.authorities)
		}
	}
}

// anything is a selection of a root field, with the argument that finds one object.
func anything(field string, p *Planner) string {
	def := p.sdl.Query.Fields.ForName(field)
	switch {
	case def.Arguments.ForName("authority") != nil:
		return `(authority: "Client_READ") { nodes { id } }`
	case def.Arguments.ForName("code") != nil:
		return `(code: "x") { __typename id }`
	case field == "definitions":
		return "{ nodes { name } totalCount }"
	case def.Arguments.ForName("first") != nil:
		return "{ nodes { id } totalCount }"
	case field == "viewer":
		return "{ user { id } }"
	case p.sdl.Types[def.Type.Name()].IsLeafType():
		return ""
	}
	return "{ __typename }"
}
