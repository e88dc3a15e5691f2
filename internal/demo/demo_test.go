package demo_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/applicationproperty"
	"github.com/appanage/appanage/ent/membership"
	"github.com/appanage/appanage/ent/session"
	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/application"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/demo"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/identity"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/property"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/tenancy"
	"github.com/appanage/appanage/internal/testkit"
)

const password = "kein Geheimnis, nur Demo"

// world is a filled database.
type world struct {
	db       *store.DB
	services demo.Services
	users    []demo.User
}

func services(t *testing.T, db *store.DB) demo.Services {
	ring, err := property.NewRing([]property.Key{{ID: "test", Bytes: make([]byte, 32)}})
	if err != nil {
		t.Fatal(err)
	}
	return demo.Services{
		Ring:    ring,
		Tenancy: tenancy.New(db), Identity: identity.New(db, identity.DefaultSessionLimits), Applications: application.New(db), Properties: property.New(db),
	}
}

func system(t *testing.T) context.Context {
	return actor.System(t.Context(), "a test looks at everything")
}

// TestFill fills a database of each engine once and looks at it from all sides.
func TestFill(t *testing.T) {
	testkit.EnginesWith(t, store.Options{Install: authority.Install}, func(t *testing.T, db *store.DB) {
		w := world{db: db, services: services(t, db)}
		start := time.Now()
		users, err := demo.Fill(t.Context(), db, w.services, password)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("filled in %v", time.Since(start).Round(time.Millisecond))
		w.users = users
		for name, check := range map[string]func(*testing.T, world){
			"clients": checkClients, "closure of clients": checkClientPaths, "closure of roles": checkRolePaths,
			"applications": checkApplications, "grants": checkGrants, "properties": checkProperties, "URLs": checkURLs, "dependencies": checkDependencies,
			"definitions": checkDefinitions,
			"sign-in":     checkSignIn, "authorities": checkAuthorities, "memberships": checkMemberships,
			"audit": checkAudit, "only once": checkOnlyOnce,
		} {
			t.Run(name, func(t *testing.T) { check(t, w) })
		}
	})
}

// Without a key there is no secret, and all the rest.
func TestFillWithoutKey(t *testing.T) {
	testkit.EnginesWith(t, store.Options{Install: authority.Install}, func(t *testing.T, db *store.DB) {
		keyless := services(t, db)
		keyless.Ring = property.Ring{}
		if _, err := demo.Fill(t.Context(), db, keyless, password); err != nil {
			t.Fatal(err)
		}
		secret := db.Ent().ApplicationProperty.Query().Where(applicationproperty.Secret(true)).CountX(system(t))
		if all := db.Ent().ApplicationProperty.Query().CountX(system(t)); secret != 0 || all == 0 {
			t.Errorf("%d properties, %d of them secret", all, secret)
		}
	})
}

func TestFillRefusesBadPassword(t *testing.T) {
	testkit.EnginesWith(t, store.Options{Install: authority.Install}, func(t *testing.T, db *store.DB) {
		_, err := demo.Fill(t.Context(), db, services(t, db), "password1234")
		if apperr.CodeOf(err) != apperr.Invalid {
			t.Fatalf("a common password: %v", err)
		}
		if n := db.Ent().Tenant.Query().CountX(system(t)); n != 1 {
			t.Errorf("%d clients are left of a refused filling", n)
		}
	})
}

func checkOnlyOnce(t *testing.T, w world) {
	before := w.db.Ent().AuditEvent.Query().CountX(system(t))
	if _, err := demo.Fill(t.Context(), w.db, w.services, password); !errors.Is(err, demo.ErrNotEmpty) {
		t.Fatalf("filled again: %v", err)
	}
	if after := w.db.Ent().AuditEvent.Query().CountX(system(t)); after != before {
		t.Errorf("a refused filling left %d audit events", after-before)
	}
}

func checkClients(t *testing.T, w world) {
	all := w.db.Ent().Tenant.Query().WithPackageGifts().WithManager().AllX(system(t))
	if len(all) < 25 {
		t.Errorf("%d clients", len(all))
	}
	suspended := 0
	for _, c := range all {
		if c.Status == enum.ClientSuspended {
			suspended++
		}
		if isolated := c.ID == oid.SystemClient || *c.ManagerID == oid.SystemClient; c.Isolated != isolated {
			t.Errorf("%s: isolated is %v", c.Code, c.Isolated)
		}
		if m := c.Edges.Manager; !c.Isolated && c.BaseID != m.BaseID || c.Isolated && c.BaseID != c.ID {
			t.Errorf("%s is in a wrong customer base", c.Code)
		}
		if !slices.ContainsFunc(c.Edges.PackageGifts, func(g *ent.PackageGift) bool {
			return g.PackageID == authority.BuiltInPackage(authority.BasePackage) && g.GiverID == oid.SystemClient
		}) {
			t.Errorf("%s has no base package", c.Code)
		}
	}
	if suspended != 1 {
		t.Errorf("%d clients are suspended", suspended)
	}
}

type clientPath struct {
	ancestor, descendant oid.Client
	depth                int
}

func checkClientPaths(t *testing.T, w world) {
	manager := map[oid.Client]*oid.Client{}
	for _, c := range w.db.Ent().Tenant.Query().AllX(system(t)) {
		manager[c.ID] = c.ManagerID
	}
	want, deepest := map[clientPath]bool{}, 0
	for id := range manager {
		depth := 0
		for at := &id; at != nil; at = manager[*at] {
			want[clientPath{*at, id, depth}] = true
			deepest = max(deepest, depth)
			depth++
		}
	}
	got := map[clientPath]bool{}
	for _, p := range w.db.Ent().ClientPath.Query().AllX(system(t)) {
		got[clientPath{p.TenantID, p.DescendantID, p.Depth}] = true
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(clientPath{})); diff != "" {
		t.Errorf("the closure is not the recomputed one (-want +got):\n%s", diff)
	}
	if deepest < 4 {
		t.Errorf("the tree is %d deep", deepest)
	}
}

func checkRolePaths(t *testing.T, w world) {
	want := map[[2]oid.Role]bool{}
	all := w.db.Ent().Role.Query().WithSubRoles().WithApplication().AllX(system(t))
	for _, r := range all {
		want[[2]oid.Role{r.ID, r.ID}] = true
		if r.ClientID != oid.SystemClient && r.Edges.Application == nil {
			t.Errorf("role %q of a client other than SYSTEM stands alone", r.Name)
		}
	}
	for grown := true; grown; {
		grown = false
		for _, r := range all {
			for _, sub := range r.Edges.SubRoles {
				for path := range want {
					if way := [2]oid.Role{r.ID, path[1]}; path[0] == sub.ID && !want[way] {
						want[way], grown = true, true
					}
				}
			}
		}
	}
	got := map[[2]oid.Role]bool{}
	for _, p := range w.db.Ent().RolePath.Query().AllX(system(t)) {
		got[[2]oid.Role{p.RoleID, p.ReachedRoleID}] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the closure is not the recomputed one (-want +got):\n%s", diff)
	}
}

// may tells from the rows whether a user can sign in: he is active, and so is every client above him.
func may(t *testing.T, w world, u demo.User) bool {
	home := w.db.Ent().Tenant.Query().Where(tenant.Code(u.ClientCode)).WithUsers().WithManager().OnlyX(system(t))
	at := slices.IndexFunc(home.Edges.Users, func(row *ent.User) bool { return *row.UserName == u.UserName })
	if at < 0 {
		t.Fatalf("%s has no user %q", u.ClientCode, u.UserName)
	}
	active := home.Edges.Users[at].Status == enum.UserActive && home.Status == enum.ClientActive
	if home.ManagerID == nil {
		return active
	}
	return active && home.Edges.Manager.Status == enum.ClientActive
}

func checkSignIn(t *testing.T, w world) {
	if first := w.users[0]; first.UserName != "sysadmin" || first.ClientCode != "SYSTEM" {
		t.Errorf("the first user is %+v", first)
	}
	refused := 0
	for _, u := range w.users {
		if u.Name == "" || u.ClientName == "" || u.Can == "" || strings.ContainsRune(u.Can, '\n') {
			t.Errorf("for people: %+v", u)
		}
		token := signIn(t, w, u, u.ClientCode)
		if allowed := may(t, w, u); allowed != (token != "") {
			t.Errorf("%s at %s signs in: %v, and may: %v", u.UserName, u.ClientCode, token != "", allowed)
		}
		if token == "" {
			refused++
		}
	}
	if refused != 2 {
		t.Errorf("%d users are refused; the suspended user and the one of the suspended client should be", refused)
	}
}

// signIn gives a token, or "" when the credentials are refused.
func signIn(t *testing.T, w world, u demo.User, at string) string {
	t.Helper()
	keyed := w.services.Identity.Keyed([]byte("the key of the counters of attempts"))
	proof, err := keyed.Prove(t.Context(), identity.SignIn{Identifier: u.UserName, Password: u.Password, ClientCode: &at, Device: "test"})
	if err != nil {
		t.Fatal(err)
	}
	token, _, err := keyed.Open(t.Context(), proof)
	if err != nil && apperr.CodeOf(err) != apperr.Credentials {
		t.Fatal(err)
	}
	return token
}

// held lists the authorities of a user who acts for a client.
func held(t *testing.T, w world, home, userName, at string) []string {
	t.Helper()
	i := slices.IndexFunc(w.users, func(u demo.User) bool { return u.ClientCode == home && u.UserName == userName })
	token := signIn(t, w, w.users[i], at)
	s := w.db.Ent().Session.Query().Where(session.TokenHash(identity.HashToken(token))).OnlyX(system(t))
	all, err := authority.InForce(t.Context(), w.db.Ent(), s.MembershipID, s.ClientID, "")
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func checkAuthorities(t *testing.T, w world) {
	for _, c := range []struct{ home, userName, at, has, lacks string }{
		{"SYSTEM", "sysadmin", "SYSTEM", strings.Join(authority.BuiltIn(), " ") + " invoice-flow.Invoice_DELETE", ""},
		{"MORGENAU", "anke", "MORGENAU", strings.Join(authority.BuiltIn(), " ") + " auftragsbuch.Order_DELETE invoice-flow.Invoice_READ", "tarnbrook-crm.Deal_READ"},
		{"HOLZWERK", "henrik", "HOLZWERK", "Application_CREATE User_CREATE auftragsbuch.Site_UPDATE werkstattplaner.Job_READ", "Client_CREATE Package_CREATE"},
		{"HOLZWERK", "jonas", "HOLZWERK", "auftragsbuch.Order_CREATE werkstattplaner.Job_UPDATE", "Application_READ vorbestellung.Preorder_READ"},
		{"HOLZWERK", "jonas", "KORNWINKEL", "auftragsbuch.Order_READ vorbestellung.Preorder_CREATE", "auftragsbuch.Order_CREATE"},
		{"HOLZNORD", "nele", "HOLZNORD", "Application_CREATE einsatzplan.Shift_DELETE auftragsbuch.Order_DELETE", "Client_CREATE"},
		{"KORNWINKEL", "bruno", "KORNWINKEL", "User_CREATE Application_UPDATE", "Application_CREATE Client_CREATE"},
		{"TARNBROOK", "tara", "TARNBROOK", strings.Join(authority.BuiltIn(), " ") + " appointment-desk.Calendar_READ", "auftragsbuch.Order_READ"},
		{"FERNHILL", "felicity", "FERNHILL", "Application_CREATE appointment-desk.Calendar_UPDATE", "tarnbrook-crm.Contact_DELETE"},
		{"OAKLEDGE", "oscar", "OAKLEDGE", "Application_CREATE oakledge-store.Article_READ tarnbrook-crm.Contact_DELETE", "invoice-flow.Invoice_READ"},
		{"NANDAKUMAR", "priya", "NANDAKUMAR", "tarnbrook-crm.Contact_READ", "Application_READ tarnbrook-crm.Deal_CREATE"},
	} {
		all := held(t, w, c.home, c.userName, c.at)
		for _, a := range strings.Fields(c.has) {
			if !slices.Contains(all, a) {
				t.Errorf("%s at %s lacks %s", c.userName, c.at, a)
			}
		}
		for _, a := range strings.Fields(c.lacks) {
			if slices.Contains(all, a) {
				t.Errorf("%s at %s has %s", c.userName, c.at, a)
			}
		}
	}
	for _, home := range []string{"MORGENAU", "TARNBROOK"} {
		all := held(t, w, home, "alex", home)
		if !slices.Contains(all, "Application_READ") {
			t.Errorf("alex of %s cannot read", home)
		}
		for _, a := range all {
			if !strings.HasSuffix(a, "_READ") {
				t.Errorf("alex of %s has %s", home, a)
			}
		}
	}
}

// checkMemberships: no role was given for nothing. All that the roles of a membership hold is in force: they are
// assignable, and within the client's ceiling (domain 3.4, 3.6).
func checkMemberships(t *testing.T, w world) {
	further := 0
	for _, m := range w.db.Ent().Membership.Query().WithUser().WithClient().
		WithRoles(func(q *ent.RoleQuery) {
			q.WithReachedRoles(func(q *ent.RoleQuery) { q.WithPermissions() })
		}).Where(membership.HasUser()).AllX(system(t)) {
		if !m.Home {
			further++
		}
		if m.Home != (m.ClientID == m.Edges.User.ClientID) || m.Edges.Client.BaseID != m.Edges.User.BaseID {
			t.Errorf("%s has a wrong membership at %s", m.Edges.User.Name, m.Edges.Client.Code)
		}
		want := map[string]bool{}
		for _, r := range m.Edges.Roles {
			for _, reached := range r.Edges.ReachedRoles {
				for _, p := range reached.Edges.Permissions {
					want[p.Authority] = true
				}
			}
		}
		all, err := authority.InForce(t.Context(), w.db.Ent(), m.ID, m.ClientID, "")
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]bool{}
		for _, a := range all {
			got[a] = true
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s at %s (-roles +in force):\n%s", m.Edges.User.Name, m.Edges.Client.Code, diff)
		}
	}
	if further == 0 {
		t.Error("nobody is a member of a second client")
	}
}

// checkAudit: every row the demo made has its event (domain 16.1).
func checkAudit(t *testing.T, w world) {
	told := map[string]bool{}
	for _, e := range w.db.Ent().AuditEvent.Query().AllX(system(t)) {
		told[e.ObjectID] = true
	}
	missing := func(kind string, made []string) {
		for _, id := range made {
			if !told[id] {
				t.Errorf("no audit event tells of the %s %s", kind, id)
			}
		}
	}
	db, ctx := w.db.Ent(), system(t)
	missing("application", words(db.Application.Query().IDsX(ctx)))
	missing("grant", words(db.AccessGrant.Query().IDsX(ctx)))
	missing("property", words(db.ApplicationProperty.Query().IDsX(ctx)))
	missing("URL", words(db.ClientURL.Query().IDsX(ctx)))
	missing("definition", words(db.DefinitionLayer.Query().IDsX(ctx)))
	missing("dependency", words(db.ApplicationDependency.Query().IDsX(ctx)))
	missing("user", words(db.User.Query().IDsX(ctx)))
}

func words[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = string(s)
	}
	return out
}
