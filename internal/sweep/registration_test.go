package sweep

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

// circle has the places in a row that closes: each gives something of the next one's, and asks for something of it.
var circle = []string{"SYSTEM", "MANAGER", "OWNER", "CHILD", "SIBLING", "MOVED", "STRANGER", "BELOW"}

// registrations makes what people register by: at every place rules, of which not all can be kept, codes and requests for access; of
// the first subject rules of its owner, and of the grantees in their place. How one registers is said at some.
func (w *world) registrations() {
	for i, code := range circle {
		p, next := w.places[code], w.places[circle[(i+1)%len(circle)]]
		w.ruleAccess(p, p.app, next.app)
		w.rulePackage(p, p.app, enum.ClientBusiness, p.team)
		w.ruleRole(p, p.app, enum.ClientBusiness, p.foreman)
		w.rulePackage(p, p.app, enum.ClientIndividual, next.team)
		w.ruleRole(p, p.app, enum.ClientIndividual, next.foreman)
		w.codes(p, next, p.app)
		w.asks(p, next, next.app)
		w.asks(p, next, w.subjects[2])
		w.h.Must(w.ent.Registration.Create().SetClientID(p.client).SetApplicationID(p.app).SetType(enum.RegisterByEmail).SetAddress("new@example.com").
			SetAddressKey("new@example.com").SetLocale("en").SetBeganAt(time.Now().UTC()).SetExpiresAt(later).SetForgetAt(later).Exec(w.ctx))
	}
	subject, owner := w.subjects[0], w.places["OWNER"]
	w.rulePackage(owner, subject, enum.ClientBusiness, owner.team)
	w.ruleAccess(owner, subject, w.places["CHILD"].app)
	for _, g := range grantees {
		p := w.places[g]
		w.ruleRole(p, subject, enum.ClientIndividual, p.foreman)
		w.ruleAccess(p, subject, w.subjects[2])
		w.codes(p, owner, subject)
	}
	w.how("OWNER", owner.app, enum.RegisterAtOnce)
	w.how("OWNER", subject, enum.RegisterByLink)
	w.how("CHILD", subject, enum.RegisterByPhone)
	w.how("STRANGER", subject, enum.RegisterByCode)
}

// later is an instant that does not come while the sweep is under way.
var later = time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)

func (w *world) ruleAccess(p *place, app, given oid.Application) {
	w.h.Must(w.ent.RegistrationRule.Create().SetClientID(p.client).SetApplicationID(app).SetClientType(enum.ClientBusiness).SetGives(enum.GivesAccess).
		SetGivenID(string(given)).SetGivenApplicationID(given).SetLevel(enum.LevelRead).Exec(w.ctx))
}

func (w *world) rulePackage(p *place, app oid.Application, kind enum.ClientType, pack oid.Package) {
	w.h.Must(w.ent.RegistrationRule.Create().SetClientID(p.client).SetApplicationID(app).SetClientType(kind).SetGives(enum.GivesPackage).
		SetGivenID(string(pack)).SetPackageID(pack).Exec(w.ctx))
}

func (w *world) ruleRole(p *place, app oid.Application, kind enum.ClientType, role oid.Role) {
	w.h.Must(w.ent.RegistrationRule.Create().SetClientID(p.client).SetApplicationID(app).SetClientType(kind).SetGives(enum.GivesRole).
		SetGivenID(string(role)).SetRoleID(role).Exec(w.ctx))
}

// codes makes one that works, one whose time is over, and one with which a client somewhere else has come.
func (w *world) codes(p, other *place, app oid.Application) {
	create := func(expires time.Time) {
		w.h.Must(w.ent.RegistrationCode.Create().SetClientID(p.client).SetApplicationID(app).SetEmail("Code-" + p.code + "@example.com").
			SetExpiresAt(expires).SetAuthorID(p.user).Exec(w.ctx))
	}
	create(later)
	create(time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC))
	w.h.Must(w.ent.RegistrationCode.Create().SetClientID(p.client).SetApplicationID(app).SetExpiresAt(later).SetUsedAt(time.Now().UTC()).
		SetUsedClientID(other.client).SetAuthorID(other.clerk).Exec(w.ctx))
}

// asks has a client ask for access, and have been refused before.
func (w *world) asks(p, other *place, app oid.Application) {
	w.h.Must(w.ent.AccessRequest.Create().SetClientID(p.client).SetApplicationID(app).SetUserID(p.clerk).SetMessage("please").SetPending(true).Exec(w.ctx))
	w.h.Must(w.ent.AccessRequest.Create().SetClientID(p.client).SetApplicationID(app).SetUserID(p.user).SetMessage("please, please").
		SetStatus(enum.RequestRefused).SetAnswer("no").SetDecidedAt(time.Now().UTC()).SetDecidedByID(other.user).Exec(w.ctx))
}

func (w *world) how(code string, app oid.Application, how enum.RegistrationType) {
	for name, value := range map[string]string{"REGISTRATION_TYPE": string(how), "REGISTRATION_SIGN_IN": fmt.Sprint(how == enum.RegisterByCode), "CODE_LENGTH": "8"} {
		w.h.Must(w.ent.ApplicationProperty.Create().SetClientID(w.places[code].client).SetApplicationID(app).SetName(name).SetValue(value).Exec(w.ctx))
	}
}

// request: of clients in scope, and of others for applications owned in scope.
func (v *view) request(r row) sight {
	return seen(v.scope[r["client_id"]] || v.scope[v.byID[r["application_id"]]["client_id"]])
}

// mayAsk: whoever may ask for access to an application is told that there is one: of his customer base, and in use.
func (r *run) mayAsk(id string) bool {
	app := r.v.byID[id]
	return app["status"] == "ACTIVE" && r.v.byID[app["client_id"]]["base_id"] == r.v.byID[r.p.client]["base_id"]
}

// The fields that no column holds.

func (r *run) codeStatus(_ *ast.FieldDefinition, value any, stored row, place string) {
	want := "PENDING"
	switch {
	case stored["used_at"] != "":
		want = "USED"
	case over(stored["expires_at"]):
		want = "EXPIRED"
	}
	r.expect(value == want, "%s is %v, not %s", place, value, want)
}

// requestCode and requestUser are shown with the request, whether its client and its user are visible or not.
func (r *run) requestCode(_ *ast.FieldDefinition, value any, stored row, place string) {
	r.expect(value == r.v.byID[stored["client_id"]]["code"], "%s is %v", place, value)
}

func (r *run) requestUser(_ *ast.FieldDefinition, value any, stored row, place string) {
	r.expect(value == r.v.byID[stored["user_id"]]["name"], "%s is %v", place, value)
}

// registers is domain 10.1 and 10.2: how people register for an application at a client; NONE where they cannot.
func (f facts) registers(client string, app row) string {
	if app == nil || f.byID[client] == nil || app["status"] != "ACTIVE" || f.suspended(client) || !f.reaches(client, app) {
		return "NONE"
	}
	manages := slices.Contains(above(f, app["client_id"]), client)
	if app["client_id"] != client && !manages && f.grantOf(app["id"], client)["level"] != "WRITE" {
		return "NONE"
	}
	return f.valuesInForce(app, client)["REGISTRATION_TYPE"][0]
}

// opens: people can register for an application at its owner, at a URL, or for the sample at a client.
func opens(app, client func(r *run, id string) string) func(r *run, id string) bool {
	return func(r *run, id string) bool { return r.v.registers(client(r, id), r.v.byID[app(r, id)]) != "NONE" }
}

// sample is the code of an application where people can register, for those who name a client only.
const sample = "owner-own"

// atPlaces says of the leaves that name a place where people can register.
var atPlaces = map[string]func(r *run, id string) bool{
	"url":             opens((*run).applicationOf, (*run).clientOf),
	"applicationCode": opens(func(_ *run, id string) string { return id }, (*run).clientOf),
	"clientCode":      opens(func(r *run, _ string) string { return r.v.where("applications", "code", sample)[0]["id"] }, func(_ *run, id string) string { return id }),
}

func (r *run) applicationOf(id string) string { return r.v.byID[id]["application_id"] }
func (r *run) clientOf(id string) string      { return r.v.byID[id]["client_id"] }

// atPlace is the input of a mutation that anybody may call, at a place; instead of the codes it can have a URL.
func atPlace(more map[string]any) mutation {
	return mutation{
		refusal: "NOT_ALLOWED", instead: map[string]string{"url": "applicationCode"}, tells: atPlaces,
		input: func(*run) map[string]any {
			in := map[string]any{"applicationCode": sample}
			for name, value := range more {
				in[name] = value
			}
			return in
		},
	}
}

// options asks how people register at every URL, and for every application at every client: everybody is told the same, and of every
// place where nobody can register what is said of one that never was.
func (r *run) options(f *ast.FieldDefinition) {
	type question struct{ arguments, client, app string }
	unheard := question{arguments: `applicationCode: "unheard-of"`}
	questions := []question{unheard, {arguments: fmt.Sprintf(`applicationCode: %q, clientCode: "UNHEARDOF"`, sample)}, {arguments: `url: "https://unheard-of.example/page"`}}
	for _, u := range r.v.tables["client_urls"] {
		q := question{arguments: fmt.Sprintf("url: %q", u["origin"]+"/page")}
		if u["status"] == "PROVEN" {
			q.client, q.app = u["client_id"], u["application_id"]
		}
		questions = append(questions, q)
	}
	for i, app := range r.v.tables["applications"] {
		questions = append(questions, question{fmt.Sprintf("applicationCode: %q", app["code"]), app["client_id"], app["id"]})
		for j, client := range r.v.tables["clients"] {
			if (i+j)%3 == 0 || r.v.grantOf(app["id"], client["id"]) != nil { // those without access are alike
				questions = append(questions, question{fmt.Sprintf("applicationCode: %q, clientCode: %q", app["code"], client["code"]), client["id"], app["id"]})
			}
		}
	}
	var none string
	for some := range slices.Chunk(questions, atOnce) {
		var doc strings.Builder
		for i, q := range some {
			fmt.Fprintf(&doc, " v%d: %s(%s) %s", i, f.Name, q.arguments, r.selection(r.target(f)))
		}
		data := r.query(f, "{"+doc.String()+" }", nil)
		for i, q := range some {
			value := data[fmt.Sprint("v", i)]
			text, _ := json.Marshal(value) // what came from JSON can be written as such
			if none == "" {
				none = string(text)
			}
			how := r.v.registers(q.client, r.v.byID[q.app])
			r.optionsAt(r.target(f), value, q.client, q.app, how, f.Name+" of "+q.arguments)
			r.expect(how != "NONE" || string(text) == none, "%s of %s is %s, not %s", f.Name, q.arguments, text, none)
		}
	}
	for _, argument := range f.Arguments {
		r.visit("Query", f.Name, argument.Name)
	}
}

// asksFor are the fields of a form, by the way to register.
var asksFor = map[string]string{
	"NONE": "[]", "INVITATION_CODE": "[CODE USER_NAME NAME_AND_PASSWORD]", "IMMEDIATE": "[USER_NAME NAME_AND_PASSWORD]",
	"EMAIL_LINK": "[EMAIL NAME_AND_PASSWORD]", "OTP_PHONE": "[PHONE NAME_AND_PASSWORD]",
}

// optionsAt checks what is said of one place.
func (r *run) optionsAt(def *ast.Definition, value any, client, app, how, place string) {
	r.shown(def, value)
	r.shown(r.Types["PasswordRule"], get[any](value, "password"))
	want := map[string]any{"type": how, "applicationName": nil, "clientName": nil, "signsIn": false, "subDomainSuffix": nil, "codeLength": nil, "codeMinutes": nil}
	if how != "NONE" {
		want["applicationName"], want["clientName"] = r.v.byID[app]["name"], r.v.byID[client]["name"]
		want["signsIn"] = r.v.valuesInForce(r.v.byID[app], client)["REGISTRATION_SIGN_IN"][0] == "true"
	}
	switch how {
	case "OTP_PHONE":
		want["codeLength"], want["codeMinutes"] = float64(8), float64(15)
	case "EMAIL_LINK":
		want["codeMinutes"] = float64(15)
	}
	for name, want := range want {
		r.expect(get[any](value, name) == want, "%s: %s is %v, not %v", place, name, get[any](value, name), want)
	}
	r.expect(fmt.Sprint(get[any](value, "asksFor")) == asksFor[how], "%s asks for %v", place, get[any](value, "asksFor"))
}

// previews asks what a registration for every application that is visible would make at every client, as either type.
func (r *run) previews(f *ast.FieldDefinition) {
	r.visit("Application", f.Name)
	for _, argument := range f.Arguments {
		r.visit("Application", f.Name, argument.Name)
	}
	if !r.p.holds(required(f)) {
		return
	}
	clients := append(pluck(r.v.tables["clients"], "id"), unknownID(oid.KindClient))
	givers := map[string]*view{}
	for i, app := range r.v.all("Application", full) {
		var doc strings.Builder
		kind := func(n int) string { return []string{"BUSINESS", "INDIVIDUAL"}[(i+n)%2] }
		for j, client := range clients {
			fmt.Fprintf(&doc, " v%d: %s(clientId: %q, clientType: %s) %s", j, f.Name, client, kind(j), r.selection(r.target(f)))
			fmt.Fprintf(&doc, " w%d: %s(clientId: %q, clientType: %s) %s", j, f.Name, client, kind(j+1), r.selection(r.target(f)))
		}
		fmt.Fprintf(&doc, " own: %s(clientType: %s) %s", f.Name, kind(0), r.selection(r.target(f)))
		answer := r.h.Do(r.p.token, fmt.Sprintf("{ application(id: %q) {%s } }", app, doc.String()), nil)
		r.expect(len(answer.Errors) == 0, "%s of %s is refused: %s", f.Name, r.describe(app), answer.Body)
		shown := decode(answer.Data)["application"]
		for j, client := range clients {
			r.preview(f, get[any](shown, fmt.Sprint("v", j)), r.v.byID[app], client, kind(j), givers)
			r.preview(f, get[any](shown, fmt.Sprint("w", j)), r.v.byID[app], client, kind(j+1), givers)
		}
		r.preview(f, get[any](shown, "own"), r.v.byID[app], r.p.client, kind(0), givers)
	}
}

// preview is domain 10.3: the rules of the client where it has any for the type, else the owner's, each judged for whose it is.
func (r *run) preview(f *ast.FieldDefinition, value any, app row, client, kind string, givers map[string]*view) {
	place := f.Name + " of " + r.describe(app["id"]) + " at " + r.describe(client)
	if !r.expect((value != nil) == r.v.scope[client], "%s is %v", place, value) || value == nil {
		return
	}
	var rules []row
	rulesOf := ""
	for _, of := range []string{client, app["client_id"]} {
		for _, rule := range r.v.where("registration_rules", "application_id", app["id"]) {
			if len(rulesOf) == 0 && rule["client_id"] == of && rule["client_type"] == kind {
				rules = append(rules, rule)
			}
		}
		if len(rules) > 0 {
			rulesOf = of
			break
		}
	}
	slices.SortFunc(rules, func(a, b row) int { return strings.Compare(a["id"], b["id"]) })
	r.members(r.target(f), value, row{"type": r.v.registers(client, app), "rules_of_id": rulesOf}, full, place)
	items := get[[]any](value, "items")
	if !r.expect(len(items) == len(rules), "%s has %d items, not %d", place, len(items), len(rules)) {
		return
	}
	for i, rule := range rules {
		if givers[rulesOf] == nil {
			givers[rulesOf] = from(r.v.facts, principal{client: rulesOf})
		}
		r.previewItem(r.Types["RegistrationPreviewItem"], items[i], rule, givers[rulesOf], place)
	}
}

// previewItem names what a rule gives where that is visible, and says no name of it otherwise.
func (r *run) previewItem(def *ast.Definition, item any, rule row, giver *view, place string) {
	r.shown(def, item)
	given, name := r.v.byID[rule["given_id"]], ""
	if r.v.sights[rule["given_id"]] == full {
		name = orElse(given["code"], given["name"])
	}
	r.expect(get[string](item, "name") == name, "%s names %v, not %q", place, get[any](item, "name"), name)
	r.expect(get[string](item, "gives") == rule["gives"] && get[string](item, "level") == rule["level"], "%s shows %v for %v", place, item, rule)
	passes, why := giver.gives(rule), get[string](item, "why")
	r.expect(get[any](item, "passes") == passes, "%s shows %v; the rule of %s passes: %t", place, item, r.describe(rule["client_id"]), passes)
	r.expect((why == "") == passes, "%s says why: %v", place, item)
	for _, word := range []string{given["id"], given["code"], given["name"]} {
		r.expect(word == "" || name != "" || !strings.Contains(why, word), "%s names what is hidden: %s", place, why)
	}
}

// gives is domain 3.5 and 5.3 for a client, whoever acts for it: it sees what it gives, and may give it.
func (v *view) gives(rule row) bool {
	given := v.byID[rule["given_id"]]
	switch rule["gives"] {
	case "ACCESS":
		return v.application(given) == full && given["status"] == "ACTIVE" && (v.scope[given["client_id"]] || rule["level"] == "READ" && v.writes(given))
	case "PACKAGE":
		return v.pack(given) == full && v.scope[given["client_id"]] && !slices.ContainsFunc(v.where("package_roles", "package_id", given["id"]), func(in row) bool {
			return !v.holdsAll(in["role_id"])
		})
	}
	return v.role(given) == full && v.holdsAll(given["id"])
}

// holdsAll: every permission of a role, and of all it includes, lies within the client's ceiling.
func (v *view) holdsAll(role string) bool {
	if v.bring == nil {
		v.bring = map[string]map[string]bool{}
		for _, r := range v.tables["roles"] {
			v.bring[r["id"]] = v.brings(r["id"])
		}
	}
	for p := range v.bring[role] {
		if !v.ceiling(v.who.client, p, v.bring, map[string]bool{}) {
			return false
		}
	}
	return true
}
