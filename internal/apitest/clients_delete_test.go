package apitest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"entgo.io/ent/dialect/sql/schema"

	"github.com/appanage/appanage/ent/migrate"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/fold"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// farm is the estate with a client to be deleted, of which there is something in every table that can have something of a
// client, and something of every kind that only touches it.
type farm struct {
	*estate
	leaf            oid.Client
	lea             oid.User       // at home there, and a member of CHILD
	leaAtChild      oid.Membership // …with a role of CHILD's and one of her own client's
	super, mid, low oid.Role       // super, of CHILD, includes mid, of the leaf, which includes low, of CHILD
	both            oid.Role       // of CHILD, includes mid, and low by itself
	pack            oid.Package    // of the leaf
	created         oid.Application
	given           oid.AccessGrant // by the leaf, for the owner
}

func newFarm(t testing.TB, h *hubtest.Hub) *farm {
	t.Helper()
	f := &farm{estate: newEstate(t, h)}
	f.leaf = h.Client(f.p, "LEAF", true)
	f.lea, _ = h.User(f.leaf, "lea")
	f.authorities()
	f.people()
	f.traces()
	f.drafts()
	f.registrations()
	return f
}

// authorities: roles among each other, a permission, a package given on.
func (f *farm) authorities() {
	ctx, app := f.System(), f.any
	permission := oid.New[oid.Permission]()
	f.pack = oid.New[oid.Package]()
	f.Must(f.Ent().Permission.Create().SetID(permission).SetClientID(f.leaf).SetApplicationID(app).SetAuthority("anybodys.Hay_READ").SetAuthorityKey("anybodys.hay_read").Exec(ctx))
	f.low = f.Role(f.c, &app, "Low", permission) // another client's role holds it
	f.mid = f.Role(f.leaf, &app, "Mid", permission, oid.BuiltIn[oid.Permission]("Client_READ"))
	f.super, f.both = f.Role(f.c, &app, "Super"), f.Role(f.c, &app, "Both")
	for _, includes := range [][2]oid.Role{{f.mid, f.low}, {f.super, f.mid}, {f.both, f.mid}, {f.both, f.low}} {
		f.exec("INSERT INTO role_sub_roles (role_id, sub_role_id) VALUES (?, ?)", includes[0], includes[1])
	}
	for _, reaches := range [][2]oid.Role{{f.mid, f.low}, {f.super, f.mid}, {f.super, f.low}, {f.both, f.mid}, {f.both, f.low}} {
		f.exec("INSERT INTO role_paths (role_id, reached_role_id) VALUES (?, ?)", reaches[0], reaches[1])
	}
	f.Must(f.Ent().RolePackage.Create().SetID(f.pack).SetClientID(f.leaf).SetApplicationID(app).SetCode("HAY").SetName("Hay").SetNameKey("hay").AddRoleIDs(f.mid, f.low).Exec(ctx))
	f.Give(f.pack, f.g, f.leaf)
	f.Give(f.pack, f.c, f.p)
	f.Give(platformPackage, f.leaf, f.p)
	f.grant(app, f.leaf, enum.LevelWrite)
}

// people: users there and from elsewhere, sessions, invitations, links.
func (f *farm) people() {
	ctx, soon := f.System(), clock.Now().Add(time.Hour)
	f.leaAtChild = oid.New[oid.Membership]()
	carlAtLeaf := oid.New[oid.Membership]()
	f.Must(f.Ent().Membership.Create().SetID(f.leaAtChild).SetClientID(f.c).SetUserID(f.lea).AddRoleIDs(f.low, f.mid).Exec(ctx))
	f.Must(f.Ent().Membership.Create().SetID(carlAtLeaf).SetClientID(f.leaf).SetUserID(f.carlID).AddRoleIDs(f.mid).Exec(ctx))
	f.Session(f.c, f.lea, f.leaAtChild, &f.any)
	f.Session(f.leaf, f.carlID, carlAtLeaf, nil)
	f.Must(f.Ent().Link.Create().SetUserID(f.lea).SetEmail("lea@example.org").SetTokenHash("l").SetExpiresAt(soon).Exec(ctx))
	invite := func(to oid.Client, by oid.User, at oid.Membership, role oid.Role) {
		f.Must(f.Ent().Invitation.Create().SetClientID(to).SetEmail("x@example.org").SetEmailKey("x@example.org").SetInviterID(by).SetInviterMembershipID(at).
			AddRoleIDs(role).SetTokenHash(string(oid.New[oid.Link]())).SetExpiresAt(soon).Exec(ctx))
	}
	invite(f.leaf, f.carlID, carlAtLeaf, f.low)
	invite(f.c, f.lea, f.leaAtChild, f.low)
	invite(f.c, f.lea, f.leaAtChild, f.mid)
	invite(f.g, f.carlID, carlAtLeaf, f.low)
}

// traces: what the leaf has of applications, what it gave, and what its user gave for others.
func (f *farm) traces() {
	ctx := f.System()
	f.Must(f.Ent().ApplicationProperty.Create().SetClientID(f.leaf).SetApplicationID(f.any).SetName("COLOUR").SetValue("green").Exec(ctx))
	f.Must(f.Ent().ClientURL.Create().SetClientID(f.leaf).SetApplicationID(f.any).SetOrigin("https://leaf.example").Exec(ctx))
	given := f.grant(f.any, f.g, enum.LevelRead)
	f.exec("UPDATE access_grants SET giver_id = ?, lent = ? WHERE id = ?", f.leaf, true, given)
	f.given = f.grant(f.written, f.g, enum.LevelRead)
	f.exec("UPDATE access_grants SET giver_id = ? WHERE id = ?", f.leaf, f.given)
	byLea := f.grant(f.readable, f.g, enum.LevelRead)
	f.exec("UPDATE access_grants SET given_by_id = ? WHERE id = ?", f.lea, byLea)
	f.created = f.Application(f.p, "created", "Created")
	f.exec("UPDATE applications SET creator_id = ?, access_type = 'EXPLICIT' WHERE id = ?", f.leaf, f.created)
	f.Must(f.Ent().PropertyChange.Create().SetClientID(f.leaf).SetApplicationID(f.any).SetName("COLOUR").SetValue("green").
		SetPublic(false).SetSecret(false).SetRemoved(false).Exec(ctx))
	// no command makes such a row, for the leaf owns no application: a second lock
	f.Must(f.Ent().ApplicationDependency.Create().SetClientID(f.leaf).SetApplicationID(f.app).SetDependencyID(f.any).SetPosition(1).Exec(ctx))
}

// tables are all rows there are.
func (e *estate) tables() map[string][]row {
	e.t.Helper()
	all := map[string][]row{}
	for _, table := range migrate.Tables {
		all[table.Name] = query(e.t, e.Hub, "SELECT * FROM "+table.Name)
	}
	return all
}

// doomed are the rows that must go, and the ids among them: the schema says it. What names something that goes, goes too;
// but where the name may be absent, it becomes so.
type doomed struct {
	rows map[string][]row
	ids  map[string]string // to their tables
	// stays tells of a foreign key that its rows neither go nor keep the name.
	stays func(table string, k *schema.ForeignKey, r row) bool
}

// outlive are foreign keys whose rows neither go nor lose the name: the owner of an application takes its creator's place.
var outlive = []string{"applications.creator_id"}

// essential are foreign keys that may be absent, but are all there is to a row that has them: a registration rule gives one thing of
// three sorts, and goes with it.
var essential = []string{"registration_rules.given_application_id", "registration_rules.package_id", "registration_rules.role_id"}

// mayForget tells whether a row can do without what a foreign key names.
func mayForget(table string, k *schema.ForeignKey) bool {
	return k.Columns[0].Nullable && !slices.Contains(essential, table+"."+k.Columns[0].Name)
}

// withClient says which rows stay when a client goes: also the access that it gave without lending it, as the owner's.
func withClient(table string, k *schema.ForeignKey, r row) bool {
	name := table + "." + k.Columns[0].Name
	return mayForget(table, k) || slices.Contains(outlive, name) || name == "access_grants.giver_id" && !slices.Contains([]any{true, int64(1)}, r["lent"])
}

// follow finds what must go with a row.
func follow(all map[string][]row, id, of string, stays func(table string, k *schema.ForeignKey, r row) bool) doomed {
	d := doomed{map[string][]row{}, map[string]string{id: of}, stays}
	marked := map[string]bool{}
	for grown := true; grown; {
		grown = false
		for _, table := range migrate.Tables {
			for _, r := range all[table.Name] {
				key := table.Name + fmt.Sprint(map[string]any(r))
				if marked[key] || !d.takes(table, r) {
					continue
				}
				marked[key], grown = true, true
				d.rows[table.Name] = append(d.rows[table.Name], r)
				if id, ok := r["id"].(string); ok {
					d.ids[id] = table.Name
				}
			}
		}
	}
	return d
}

func (d doomed) takes(table *schema.Table, r row) bool {
	if id, ok := r["id"].(string); ok && d.ids[id] == table.Name {
		return true
	}
	return slices.ContainsFunc(table.ForeignKeys, func(k *schema.ForeignKey) bool {
		named, _ := r[k.Columns[0].Name].(string)
		return !d.stays(table.Name, k, r) && d.ids[named] == k.RefTable.Name
	})
}

// domain 1.8: with a client goes everything of it, and nothing else. What there is to go is derived from the schema: a
// table that comes to refer to clients, or to what is theirs, fails this until the test has a row of it, and then until the
// deletion knows it.
func TestClientDeleteLeavesNothing(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		f := newFarm(t, h)
		before := f.tables()
		d := follow(before, string(f.leaf), "clients", withClient)
		for _, table := range migrate.Tables {
			for _, k := range table.ForeignKeys {
				name := table.Name + "." + k.Columns[0].Name
				if d.rows[k.RefTable.Name] == nil || name == "clients.manager_id" || name == "applications.client_id" { // these refuse it
					continue
				}
				if !slices.ContainsFunc(before[table.Name], func(r row) bool { return d.ids[fmt.Sprint(r[k.Columns[0].Name])] == k.RefTable.Name }) {
					t.Errorf("the farm has no row whose %s goes", name)
				}
			}
		}
		if p := f.succeeds(f.paula, "clientDelete", input{"id": f.leaf, "expectedVersion": 1}); show(p.ClientID) != string(f.leaf) {
			t.Fatalf("%+v", p)
		}
		after := f.tables()
		f.nothingIsLeft(t, after, d)
		f.nothingElseIsGone(t, before, after, d)
		f.sound(t)

		// what the roles of others reached through the leaf's is no longer reached, but by another way
		var reached []string
		for _, r := range query(t, h, "SELECT a.name AS a, b.name AS b FROM role_paths AS p JOIN roles AS a ON a.id = p.role_id JOIN roles AS b ON b.id = p.reached_role_id WHERE a.client_id = ? ORDER BY a.name, b.name", f.c) {
			reached = append(reached, fmt.Sprint(r["a"], ">", r["b"]))
		}
		if want := []string{"Both>Both", "Both>Low", "Low>Low", "Super>Super"}; !slices.Equal(reached, want) {
			t.Errorf("reached are %v, want %v", reached, want)
		}
		if giver := f.column("access_grants", f.given, "giver_id"); giver != string(f.p) {
			t.Errorf("the access it gave is given by %s", giver)
		}
		if creator := f.column("applications", f.created, "creator_id"); creator != string(f.p) {
			t.Errorf("the application it created is %s's", creator)
		}
		f.fails(t, f.paula, "clientDelete", input{"id": f.leaf}, "NOT_FOUND at input.id")
	})
}

// outliving tables have no foreign keys: they outlive what they tell of.
var outliving = []string{"audit_events", "outbox_events", "claimed_names"}

func (f *farm) nothingIsLeft(t *testing.T, after map[string][]row, d doomed) {
	t.Helper()
	for table, rows := range after {
		for _, r := range rows {
			for column, v := range r {
				if of := d.ids[fmt.Sprint(v)]; of != "" && !slices.Contains(outliving, table) {
					t.Errorf("%s.%s still names a row of %s that is gone", table, column, of)
				}
			}
		}
	}
	if f.count("claimed_names", "id = 'client/LEAF'") != 1 {
		t.Error("the code could be given out again")
	}
}

// nothingElseIsGone compares the other rows, by their keys: id, or all columns of a pair.
func (f *farm) nothingElseIsGone(t *testing.T, before, after map[string][]row, d doomed) {
	t.Helper()
	key := func(r row) string {
		if id, ok := r["id"]; ok {
			return fmt.Sprint(id)
		}
		return fmt.Sprint(map[string]any(r))
	}
	for table, rows := range before {
		kept := map[string]bool{}
		for _, r := range after[table] {
			kept[key(r)] = true
		}
		for _, r := range d.rows[table] {
			kept[key(r)] = true
		}
		if table == "role_paths" {
			kept[key(row{"role_id": string(f.super), "reached_role_id": string(f.low)})] = true // there is no way any more
		}
		for _, r := range rows {
			if !kept[key(r)] {
				t.Errorf("of %s is gone as well: %v", table, r)
			}
		}
	}
}

// domain 16.1: the deletion is told in the trail of the client that managed it, with what it was and how much went; that
// its applications have another creator, in the trails of their owners.
func TestClientDeleteIsAudited(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		f := newFarm(t, h)
		a := f.raw(f.paula, "clientDelete", input{"id": f.leaf})
		names := map[string]string{string(f.leaf): "LEAF", string(f.p): "P", string(f.paulaID): "PAULA", string(f.created): "CREATED"}
		want := []string{
			`clientDelete Client LEAF by PAULA of P in P: {"code":"LEAF","currency":"EUR","isolated":true,"locale":"en","managerId":"P","name":"Client LEAF",` +
				`"removed":{"access_grants":2,"access_requests":2,"application_dependencies":1,"application_properties":1,"bundle_parts":2,"bundles":2,"client_urls":1,"definition_layers":1,"definition_versions":1,"invitation_roles":2,"invitations":1,"links":1,"membership_roles":3,"memberships":3,` +
				`"package_gifts":4,"package_roles":2,"packages":1,"permissions":1,"property_changes":1,"registration_codes":1,"registration_rules":3,"registrations":1,"role_paths":4,"role_permissions":3,"role_sub_roles":3,"roles":1,"sessions":3,"users":1},` +
				`"status":"ACTIVE","timeZone":"UTC","type":"BUSINESS","version":1} -> nothing`,
			`clientDelete Application CREATED by PAULA of P in P: {"creatorId":"LEAF"} -> {"creatorId":"P"}`,
		}
		if got := f.trail(t, a.Header.Get("X-Request-Id"), names); !slices.Equal(got, want) {
			t.Errorf("\ngot  %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
		}
	})
}

// domain 1.4, 1.8: which clients are not deleted, and by whom. Nothing is written.
func TestClientDeleteRefusals(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		owning, archiving := h.Client(e.p, "OWNING", false), h.Client(e.p, "ARCHIVING", false)
		h.Application(owning, "owned", "Owned")
		h.Must(h.Ent().Application.UpdateOneID(h.Application(archiving, "archived", "Archived")).SetStatus(enum.ApplicationArchived).Exec(h.System()))
		for rule, c := range map[string]struct {
			token string
			in    input
			want  string
			says  string
		}{
			"unknown":                           {e.paula, input{"id": oid.New[oid.Client]()}, "NOT_FOUND at input.id", "no such client"},
			"a stranger":                        {e.paula, input{"id": e.s}, "NOT_FOUND at input.id", "no such client"},
			"one's manager":                     {e.carl, input{"id": e.p}, "NOT_FOUND at input.id", "no such client"},
			"of another kind":                   {e.paula, input{"id": e.app}, "INVALID at input.id", "not the id"},
			"1.8 one's own":                     {e.gina, input{"id": e.g}, "NOT_ALLOWED at input.id", "acts for"},
			"1.8 SYSTEM":                        {e.root, input{"id": oid.SystemClient}, "NOT_ALLOWED at input.id", "SYSTEM"},
			"1.8 it manages a client":           {e.paula, input{"id": e.c}, "NOT_ALLOWED at input.id", "manages others, 1 directly"},
			"1.8 it owns an application":        {e.paula, input{"id": owning}, "NOT_ALLOWED at input.id", "owns applications, 1 in all"},
			"1.8 it owns an archived one":       {e.paula, input{"id": archiving}, "NOT_ALLOWED at input.id", "owns applications, 1 in all"},
			"a stale version":                   {e.paula, input{"id": e.g, "expectedVersion": 2}, "CONFLICT at input.expectedVersion", "version 1"},
			"unseen before the version is told": {e.stan, input{"id": e.g, "expectedVersion": 7}, "NOT_FOUND at input.id", "no such client"},
		} {
			t.Run(rule, func(t *testing.T) {
				if p := e.fails(t, c.token, "clientDelete", c.in, c.want); !strings.Contains(p.Errors[0].Message, c.says) {
					t.Errorf("it says %q", p.Errors[0].Message)
				}
			})
		}
		e.refuses(t, e.paula, "clientDelete", input{}, 400, "VALIDATION")
		e.sound(t)
	})
}

// Attack, domain 2.5: the last administrator of a client goes with his home client, deleted by users of a client that does
// not manage the one he administers. A managing client may.
func TestAttackDeletingTheLastAdministratorsHome(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		deletes := h.Role(e.p, nil, "Deletes", oid.BuiltIn[oid.Permission]("Client_READ"), oid.BuiltIn[oid.Permission]("Client_DELETE"))
		_, della := h.User(e.p, "della", deletes)
		e.exec("DELETE FROM membership_roles WHERE membership_id = (SELECT id FROM memberships WHERE user_id = ?)", e.paulaID)
		home := func(code string) oid.Client {
			id := h.Client(e.p, code, false)
			user, _ := h.User(id, strings.ToLower(code))
			h.Must(h.Ent().Membership.Create().SetClientID(e.p).SetUserID(user).AddRoleIDs(ownerRole).Exec(h.System()))
			return id
		}
		// as long as there is another one, either may go
		one, two := home("ONE"), home("TWO")
		e.succeeds(della, "clientDelete", input{"id": one})
		e.fails(t, della, "clientDelete", input{"id": two}, "NOT_ALLOWED at input.id")
		e.succeeds(e.root, "clientDelete", input{"id": two})

		three := home("THREE")
		unguarded := newEstateOn(e, h.Node(func(o *hub.HTTP) {
			o.AlterRules = func(r *authz.Rules) { r.KeepsAdministrator = func(int, int, bool) bool { return true } }
		}))
		fresh := newEstateOn(e, h.Node())
		fresh.fails(t, della, "clientDelete", input{"id": three}, "NOT_ALLOWED at input.id")
		unguarded.succeeds(della, "clientDelete", input{"id": three})
	})
}

// Many at the same moment: of the deletions of one client one succeeds; a client that gets another one to manage is not
// deleted, and one that is deleted gets none.
func TestClientDeleteRaces(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		for round := range 6 {
			leaf := h.Client(e.p, fmt.Sprint("RACE", round), false)
			_, _ = h.User(leaf, fmt.Sprint("racer ", round))
			outcomes := make([]string, 5)
			atOnce(len(outcomes), func(i int) {
				name, in := "clientDelete", input{"id": leaf}
				if i == 0 {
					name, in = "clientCreate", input{"name": fold.Key(fmt.Sprint("below ", round)), "managerId": leaf}
				}
				p := e.do(e.root, name, in)
				outcomes[i] = name
				for _, u := range p.Errors {
					outcomes[i] += " " + u.Code
				}
			})
			tally := map[string]int{}
			for _, o := range outcomes {
				tally[o]++
			}
			deleted := map[string]int{"clientDelete": 1, "clientDelete NOT_FOUND": 3, "clientCreate NOT_FOUND": 1}
			kept := map[string]int{"clientDelete NOT_ALLOWED": 4, "clientCreate": 1}
			if !maps.Equal(tally, deleted) && !maps.Equal(tally, kept) {
				t.Errorf("round %d: %v", round, tally)
			}
		}
		e.sound(t)
	})
}
