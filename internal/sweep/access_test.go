package sweep

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/accessgrant"
	"github.com/appanage/appanage/internal/access"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

// loans has STRANGER lend to BELOW what it has of the subjects: for good, for long, and until years ago. In each phase they
// follow its own access.
func (w *world) loans() {
	stranger, below := w.places["STRANGER"], w.places["BELOW"]
	for i, app := range w.subjects {
		create := w.ent.AccessGrant.Create().SetClientID(below.client).SetApplicationID(app).SetLevel(enum.LevelRead).SetReason("lent").
			SetGiverID(stranger.client).SetGivenByID(stranger.user).SetLent(true).SetExpiresAt(authz.Asleep)
		switch i % 4 {
		case 1:
			create.SetLentUntil(time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC))
		case 3:
			create.SetLentUntil(time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC))
		}
		w.h.Must(create.Exec(w.ctx))
	}
	manager := w.places["MANAGER"]
	offered := w.application(manager, manager, "manager-any", enum.AccessAny, enum.ApplicationActive)
	w.grant(manager, offered, w.places["MOVED"], enum.LevelBarred)
}

// settle has the loans follow the phase, and what CHILD has of ANY applications be taken by itself.
func (w *world) settle() {
	child := w.places["CHILD"].client
	for i, app := range w.subjects {
		w.h.Must(w.h.DB.InTx(w.ctx, func(ctx context.Context, _ *ent.Client) error {
			return access.Settle(ctx, w.h.DB, app, w.places["STRANGER"].client)
		}))
		if w.ent.Application.GetX(w.ctx, app).AccessType == enum.AccessAny {
			w.h.Must(w.ent.AccessGrant.Update().Where(accessgrant.ID(w.grants["CHILD"][i])).SetGiverID(child).Exec(w.ctx))
		}
	}
}

// grant is domain 0's row for grants: of clients in scope; those that clients in scope gave; and all on the applications
// owned in scope (decision 18).
func (v *view) grant(g row) sight {
	return seen(v.scope[g["client_id"]] || v.scope[g["giver_id"]] || v.scope[v.byID[g["application_id"]]["client_id"]])
}

// over: an instant of the sweep's facts has passed. They lie years ago or years ahead.
func over(instant string) bool {
	return instant != "" && instant <= time.Now().UTC().Format(time.DateOnly)
}

// inForce is domain 5.3 by what was given, whatever is stored of a lent grant's end: one sleeps while its giver lacks WRITE.
func (f facts) inForce(g row) bool {
	if !truth(g["lent"]) {
		return !over(g["expires_at"])
	}
	return !over(g["lent_until"]) && f.givesOn(g)
}

// givesOn: the giver of a lent grant has write access today.
func (f facts) givesOn(g row) bool {
	return slices.ContainsFunc(f.where("access_grants", "application_id", g["application_id"]), func(of row) bool {
		return of["client_id"] == g["giver_id"] && of["level"] == "WRITE" && f.inForce(of)
	})
}

// grantOf is what a client has on an application, nil for nothing.
func (f facts) grantOf(app, client string) row {
	for _, g := range f.where("access_grants", "application_id", app) {
		if g["client_id"] == client {
			return g
		}
	}
	return nil
}

// available is domain 4.6: active ANY applications of the clients above, on which one's own has no grant.
func (v *view) available() []string {
	return slices.DeleteFunc(pluck(v.tables["applications"], "id"), func(id string) bool {
		app := v.byID[id]
		return !v.above[app["client_id"]] || app["access_type"] != "ANY" || app["status"] != "ACTIVE" || v.grantOf(id, v.who.client) != nil
	})
}

// available lists what one may take access to. It is shown in full there, and hidden everywhere else.
func (r *run) available(f *ast.FieldDefinition) {
	data := r.query(f, "{ "+f.Name+"(first: 100) "+r.selection(r.target(f))+" }", nil)
	if !r.p.holds(required(f)) {
		return
	}
	list, beyond := r.v.available(), *r.v
	beyond.sights, beyond.offered = maps.Clone(r.v.sights), map[string]bool{}
	for _, id := range list {
		beyond.sights[id], beyond.offered[id] = full, true
	}
	v := r.v
	r.v = &beyond
	r.page(f, "", data[f.Name], list, f.Name)
	r.v = v
}

// effective is domain 5.5 in words: shown at all, the level, the reason.
func (v *view) effective(app, client row, byCode bool) string {
	if app == nil || client == nil || v.sights[app["id"]] == no || !byCode && v.sights[client["id"]] == no {
		return "null"
	}
	owner, grant := v.byID[app["client_id"]], v.grantOf(app["id"], client["id"])
	in := v.scope[client["id"]]
	if !in && (!v.scope[owner["id"]] || grant == nil && owner["base_id"] != client["base_id"]) {
		return "null"
	}
	shown := " " + grant["id"]
	switch {
	case owner["id"] == client["id"]:
	case grant == nil:
		return "- NONE "
	case grant["level"] == "BARRED":
		return "- BARRED" + shown
	case over(grant["expires_at"]) && !truth(grant["lent"]) || over(grant["lent_until"]):
		return "- EXPIRED" + shown
	case !v.inForce(grant):
		return "- SLEEPING" + shown
	}
	switch {
	case app["status"] == "ARCHIVED":
		return "- ARCHIVED" + shown
	case in && v.suspended(client["id"]):
		return "- SUSPENDED" + shown
	case owner["id"] == client["id"]:
		return "WRITE OWNER "
	}
	return grant["level"] + " GRANT" + shown
}

// effective asks what access every client has to every application of interest, by id and by code.
func (r *run) effective(f *ast.FieldDefinition) {
	type question struct {
		app, client row
		byCode      bool
	}
	var questions []question
	nobody := row{"id": unknownID(oid.KindClient), "code": "UNHEARDOF"}
	clients := append(slices.Clone(r.v.tables["clients"]), nobody)
	for i, app := range r.v.tables["applications"] {
		for j, client := range clients {
			if (i+j)%2 == 0 || r.v.grantOf(app["id"], client["id"]) != nil { // half of those without a grant are like the others
				questions = append(questions, question{app, client, (i+j)%4 < 2})
			}
		}
	}
	for some := range slices.Chunk(questions, atOnce) {
		var doc strings.Builder
		for i, q := range some {
			argument, name := "clientId", q.client["id"]
			if q.byCode {
				argument, name = "clientCode", q.client["code"]
			}
			fmt.Fprintf(&doc, " v%d: %s(applicationId: %q, %s: %q) %s", i, f.Name, q.app["id"], argument, name, r.selection(r.target(f)))
			r.visit("Query", f.Name, "applicationId")
			r.visit("Query", f.Name, argument)
		}
		data := r.query(f, "{"+doc.String()+" }", nil)
		if !r.p.holds(required(f)) {
			return
		}
		for i, q := range some {
			value, got := data[fmt.Sprint("v", i)], "null"
			client := q.client
			if client["id"] == nobody["id"] {
				client = nil
			}
			if value != nil {
				r.shown(r.target(f), value)
				level, grant := get[string](value, "level"), get[any](value, "grant")
				got = orElse(level, "-") + " " + get[string](value, "reason") + " " + get[string](grant, "id")
				if grant != nil {
					r.object(r.Types["AccessGrant"], grant, f.Name)
				}
			}
			want := r.v.effective(q.app, client, q.byCode)
			r.expect(got == want, "%s of %s, %s is %s, not %s", f.Name, r.describe(q.app["id"]), q.client["code"], got, want)
		}
	}
}

// The fields of a grant that no column holds.

func (r *run) grantEnds(_ *ast.FieldDefinition, value any, stored row, place string) {
	given := stored["expires_at"]
	if truth(stored["lent"]) {
		given = stored["lent_until"]
	}
	r.expect((value == nil) == (given == ""), "%s is %v, given until %q", place, value, given)
}

func (r *run) grantSleeps(_ *ast.FieldDefinition, value any, stored row, place string) {
	want := truth(stored["lent"]) && !over(stored["lent_until"]) && !r.v.givesOn(stored)
	r.expect(value == want, "%s is %v, not %t", place, value, want)
}

func (r *run) grantCode(_ *ast.FieldDefinition, value any, stored row, place string) {
	want := r.v.byID[stored["client_id"]]["code"]
	r.expect(value == want, "%s is %v, not %s", place, value, want)
}

// offered: access to an application may be taken, or is refused because one's client is barred, which it knows: in both
// cases something is said of what is not visible otherwise (domain 5.3).
func (r *run) offered(id string) bool {
	app := r.v.byID[id]
	return r.v.above[app["client_id"]] && app["access_type"] == "ANY" && app["status"] == "ACTIVE"
}

// ofMyBase: a client that those who own the first of one's applications may give access to, by its code (domain 5.3).
func (r *run) ofMyBase(id string) bool {
	owner := r.v.byID[r.v.byID[r.own("Application")]["client_id"]]
	return r.v.byID[id]["base_id"] == owner["base_id"] || r.v.grantOf(r.own("Application"), id) != nil
}

// told are the leaves of Query that may be told of some hidden objects.
var told = map[string]func(r *run, id string) bool{"Query.effectiveAccess.clientCode": (*run).ofMyBase}

// beside are further arguments that a field of Query cannot do without, when it is asked with one leaf.
func (r *run) beside(l leaf) string {
	if strings.HasPrefix(l.in, "Query.effectiveAccess") && l.name() != "applicationId" {
		return fmt.Sprintf(", applicationId: %q", r.own("Application"))
	}
	if strings.HasPrefix(l.in, "Query.definition") && l.name() != "applicationId" {
		return fmt.Sprintf(", applicationId: %q", r.own("Application")) + definitionBeside(l)
	}
	return definitionBeside(l)
}

func definitionBeside(l leaf) string {
	if l.in == "Query.definition" {
		return `, kind: PAGE, name: "home"`
	}
	return ""
}

// whole asks who an object is; of one without an id, for all it has.
func (r *run) whole(def *ast.Definition) string {
	if isNode(def) || def.IsAbstractType() {
		return r.identity(def)
	}
	return r.selection(def)
}
