package apitest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/fold"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// id is a deterministic id: rows sort by their number, whatever the order they were written in.
func id[T oid.ID](n int) T {
	var zero T
	return T(fmt.Sprintf("%s_01%024d", zero.Kind(), n))
}

// names are what people type and what breaks encoders: ties without case, escapes, emoji, line separators, control
// characters, several scripts.
var names = []string{
	"Shop", "shop", "SHOP", `Quote " \ back`, "Fox 🦊 and 👩‍👩‍👧", "Sep\u2028and\u2029end", "Tab\tline\nbell\a\u0001",
	"Ünïcode ﬁ", "<b>&amp;</b>", "متجر", "日本の店", "Zoë's €", "shop",
}

func name(n int) string { return names[n%len(names)] }

// writer writes rows as they are, by plain SQL, with the columns every table has filled in.
type writer struct {
	t   testing.TB
	h   *hubtest.Hub
	ctx context.Context
	at  time.Time
}

// inOne runs f in one transaction.
func inOne(t testing.TB, h *hubtest.Hub, f func(w *writer)) {
	t.Helper()
	h.Must(h.DB.InTx(h.System(), func(ctx context.Context, _ *ent.Client) error {
		f(&writer{t: t, h: h, ctx: ctx, at: clock.Now()})
		return nil
	}))
}

// row inserts a row with an id, timestamps and version; a name gets its folded key.
func (w *writer) row(table string, r row) {
	w.t.Helper()
	r["created_at"], r["updated_at"], r["version"] = w.at, w.at, 1
	if text, ok := r["name"].(string); ok && table != "application_properties" {
		r["name_key"] = fold.Key(text)
	}
	w.plain(table, r)
}

func (w *writer) plain(table string, r row) {
	w.t.Helper()
	columns := make([]string, 0, len(r))
	for c := range r {
		columns = append(columns, c)
	}
	slices.Sort(columns)
	values := make([]any, len(columns))
	for i, c := range columns {
		values[i] = r[c]
	}
	statement := "INSERT INTO " + table + " (`" + strings.Join(columns, "`, `") + "`) VALUES (?" + strings.Repeat(", ?", len(columns)-1) + ")"
	if _, err := w.h.DB.Exec(w.ctx, statement, values...); err != nil {
		w.t.Fatalf("%v\n%s\n%v", err, statement, values)
	}
}

func (w *writer) delete(table, column string, value any) {
	w.t.Helper()
	if _, err := w.h.DB.Exec(w.ctx, "DELETE FROM "+table+" WHERE "+column+" = ?", value); err != nil {
		w.t.Fatal(err)
	}
}

// nth gives every nth row a value, the others NULL.
func nth(i, n int, value any) any {
	if i%n == 0 {
		return value
	}
	return nil
}

// portfolio is the world of the read tests. P is the caller's client, with children and a grandchild; S and its child
// are strangers, whose rows stand between P's by id and by name.
type portfolio struct {
	who           caller
	token         string
	p, s          oid.Client
	children      []oid.Client // of P
	mine          []oid.Client // P, its children and grandchild
	strangers     []oid.Client
	apps, foreign []oid.Application // of P and below; of strangers
	shown         oid.Application   // of S, granted to P's first child
	roles         []oid.Role
	permissions   []oid.Permission
	user          oid.User
	member        oid.Membership // the user's, at S
}

const (
	children = 9
	apps     = 62
)

func newPortfolio(t testing.TB, h *hubtest.Hub) *portfolio {
	t.Helper()
	w := &portfolio{p: h.Client(oid.SystemClient, "PARTNER", true), s: h.Client(oid.SystemClient, "STRANGER", true)}
	h.Give(authority.BuiltInPackage("PLATFORM"), w.p, oid.SystemClient)
	user, token := h.User(w.p, "paula", authority.BuiltInRole("Owner"))
	w.who, w.token, w.user = caller{user: user, client: w.p}, token, user
	inOne(t, h, func(x *writer) {
		w.clients(x)
		w.applications(x)
		w.rights(x)
		w.links(x)
		w.settings(x)
		w.people(x)
	})
	return w
}

// clients: below P nine children, whose names tie, and one grandchild; below S two, with numbers in between.
func (w *portfolio) clients(x *writer) {
	w.mine, w.strangers = []oid.Client{w.p}, []oid.Client{w.s}
	add := func(n int, manager, base oid.Client, above ...oid.Client) oid.Client {
		c := id[oid.Client](n)
		kind, status := "BUSINESS", "ACTIVE"
		if n%3 == 0 {
			kind = "INDIVIDUAL"
		}
		if n%5 == 0 {
			status = "SUSPENDED"
		}
		x.row("clients", row{"id": c, "code": fmt.Sprintf("C%03d", 999-n), "name": name(n), "type": kind, "status": status, "base_id": base,
			"isolated": false, "locale": "de-CH", "time_zone": "Europe/Zurich", "currency": "CHF", "manager_id": manager})
		for depth, a := range append([]oid.Client{c, manager}, above...) {
			x.plain("client_paths", row{"ancestor_id": a, "descendant_id": c, "depth": depth})
		}
		return c
	}
	for i := range children {
		w.children = append(w.children, add(10*i+1, w.p, w.p, oid.SystemClient))
	}
	w.mine = append(w.mine, w.children...)
	w.mine = append(w.mine, add(205, w.children[0], w.p, w.p, oid.SystemClient))
	w.strangers = append(w.strangers, add(16, w.s, w.s, oid.SystemClient), add(35, w.s, w.s, oid.SystemClient))
}

// applications: of P, its children and grandchild in turn, archived ones too, with a stranger's after every second.
func (w *portfolio) applications(x *writer) {
	add := func(n int, owner, creator oid.Client, access string) oid.Application {
		a := id[oid.Application](n)
		kind, status := "APP", "ACTIVE"
		if n%4 == 1 {
			kind = "SITE"
		}
		if n%7 == 4 {
			status = "ARCHIVED"
		}
		x.row("applications", row{"id": a, "client_id": owner, "creator_id": creator, "code": fmt.Sprintf("app-%d-%d", (n*37)%100, n),
			"name": name(n * 7), "type": kind, "access_type": access, "status": status,
			"thumbnail_url": nth(n, 2, "https://img.example/ü?a=\"1\"&b=\\")})
		return a
	}
	access := []string{"OWN", "ANY", "OWN"}
	for i := range apps {
		owner := w.mine[i%len(w.mine)]
		w.apps = append(w.apps, add(3*i, owner, owner, access[i%3]))
		if i%2 == 0 {
			w.foreign = append(w.foreign, add(3*i+1, w.strangers[i%len(w.strangers)], w.s, "ANY"))
		}
	}
	// one that P made for its manager, and keeps writing
	explicit := add(400, oid.SystemClient, w.p, "EXPLICIT")
	w.foreign = append(w.foreign, explicit)
	w.shown = w.foreign[1]
	grant := func(n int, app oid.Application, to, by oid.Client, level string, ends any) {
		x.row("access_grants", row{"lent": level == "READ" && n%2 == 0, "lent_until": nth(n, 4, x.at.Add(2*time.Hour)),
			"id": id[oid.AccessGrant](n), "client_id": to, "application_id": app, "level": level, "expires_at": ends,
			"reason": name(n), "giver_id": by, "given_by_id": nth(n, 3, w.user)})
	}
	past, future := x.at.Add(-time.Hour), x.at.Add(time.Hour)
	grant(1, explicit, w.p, oid.SystemClient, "WRITE", nil)
	grant(2, w.shown, w.children[0], w.s, "READ", future)
	grant(3, w.foreign[3], w.p, w.s, "WRITE", nil)
	grant(4, w.foreign[5], w.p, w.s, "READ", past)
	grant(5, w.foreign[7], w.children[1], w.s, "BARRED", nil)
	grant(6, w.foreign[9], w.strangers[1], w.s, "WRITE", nil)
	levels := []string{"READ", "WRITE", "BARRED", "READ"}
	for i, app := range w.apps {
		ends := []any{nil, future, past}[i%3]
		for j := range i % 4 {
			grant(100+10*i+j, app, w.mine[(i+j+1)%len(w.mine)], w.p, levels[(i+j)%4], ends)
		}
		if i%3 == 0 {
			grant(100+10*i+9, app, w.s, w.p, "WRITE", nil)
		}
	}
}

// rights: permissions, roles and packages of P's applications, of the strangers writing them, and of nobody's.
func (w *portfolio) rights(x *writer) {
	permission := func(n int, owner oid.Client, app any, authority string) oid.Permission {
		p := id[oid.Permission](n)
		x.row("permissions", row{"id": p, "client_id": owner, "application_id": app, "authority": authority, "authority_key": fold.Key(authority),
			"description": name(n), "built_in": false})
		return p
	}
	role := func(n int, owner oid.Client, app any) oid.Role {
		r := id[oid.Role](n)
		x.row("roles", row{"id": r, "client_id": owner, "application_id": app, "name": name(n * 5), "description": name(n), "built_in": false})
		x.plain("role_paths", row{"role_id": r, "reached_role_id": r})
		return r
	}
	pack := func(n int, owner oid.Client, app any) {
		x.row("packages", row{"id": id[oid.Package](n), "client_id": owner, "application_id": app, "code": fmt.Sprintf("PKG-%03d", 999-n), "name": name(n * 3),
			"description": name(n), "base": false, "built_in": false})
	}
	for i, app := range w.apps {
		owner := w.mine[i%len(w.mine)]
		for j := range i % 5 {
			n := 10*i + j
			pack(n, owner, app)
			w.roles = append(w.roles, role(n, owner, app))
			w.permissions = append(w.permissions, permission(n, owner, app, fmt.Sprintf("app%d.Thing%d_READ", i, 9-j)))
		}
		if i%3 == 0 { // the writing stranger's
			pack(10*i+8, w.s, app)
			w.roles = append(w.roles, role(10*i+8, w.s, app))
		}
	}
	for i, app := range w.foreign {
		pack(10*i+9, w.s, app)
		w.roles = append(w.roles, role(10*i+9, w.s, app))
		w.permissions = append(w.permissions, permission(10*i+9, w.s, app, fmt.Sprintf("strange%d.Thing_READ", i)))
	}
	permission(900, w.p, nil, "alone.Thing_READ")
	role(901, w.p, nil)
	pack(902, w.p, nil)
}
