package apitest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/auditevent"
	"github.com/appanage/appanage/ent/permission"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/oid"
)

const ruleQuery = `mutation($i: RegistrationRuleCreateInput!) { registrationRuleCreate(input: $i) { registrationRule { id } errors { code message path } } }`

type ruled struct{ RegistrationRule *struct{ ID string } }

// rule adds a rule for businesses, for a client and as a user of it.
func (w *fair) rule(by oid.Client, gives map[string]any) string {
	w.t.Helper()
	made, errs := submitted[ruled](w, w.tokens[by], ruleQuery, with(map[string]any{"applicationId": w.app, "clientType": "BUSINESS"}, gives))
	if len(errs) > 0 {
		w.t.Fatalf("%v: %+v", gives, errs)
	}
	return made.RegistrationRule.ID
}

// stock is what the partner has to give: a further application, a role and a package with it.
type stock struct {
	app  oid.Application
	role oid.Role
	pack oid.Package
}

func (w *fair) stock() stock {
	w.t.Helper()
	s := stock{app: w.Application(w.partner, "tools", "Tools")}
	p := oid.New[oid.Permission]()
	w.Must(w.Ent().Permission.Create().SetID(p).SetClientID(w.partner).SetApplicationID(w.app).SetAuthority("shop.Order_READ").SetAuthorityKey("shop.order_read").SetDescription("").Exec(w.System()))
	s.role = w.Role(w.partner, &w.app, "Clerk", p)
	s.pack = oid.New[oid.Package]()
	w.Must(w.Ent().RolePackage.Create().SetID(s.pack).SetClientID(w.partner).SetApplicationID(w.app).SetCode("SHOP").SetName("Shop").SetNameKey("shop").AddRoleIDs(s.role).Exec(w.System()))
	return s
}

// register registers a business at once, and gives its code and the token of its user.
func (w *fair) register(name string, place map[string]any) (code, token string) {
	w.t.Helper()
	made, errs := w.finish(with(person(name, map[string]any{"userName": strings.ToLower(name)}), place))
	if len(errs) > 0 || made.Token == nil {
		w.t.Fatalf("registered %+v, %+v", made, errs)
	}
	return *made.ClientCode, *made.Token
}

// has is what the user of a token holds and what his client can use.
func (w *fair) has(token string) string {
	w.t.Helper()
	var seen struct {
		Viewer struct {
			Memberships struct {
				Nodes []struct {
					Roles       struct{ Nodes []struct{ Name string } }
					Authorities []struct{ Authority string }
				}
			}
		}
		Applications struct {
			Nodes []struct {
				Code   string
				Grants struct{ Nodes []struct{ Level string } }
			}
		}
	}
	w.MustData(w.Do(token, `{ viewer { memberships { nodes { roles { nodes { name } } authorities { authority } } } } applications(orderBy: { field: CODE }) { nodes { code grants { nodes { level } } } } }`, nil), &seen)
	var all []string
	for _, a := range seen.Applications.Nodes {
		all = append(all, a.Code+" "+a.Grants.Nodes[0].Level)
	}
	m := seen.Viewer.Memberships.Nodes[0]
	for _, r := range m.Roles.Nodes {
		all = append(all, r.Name)
	}
	if slices.ContainsFunc(m.Authorities, func(a struct{ Authority string }) bool { return a.Authority == "shop.Order_READ" }) {
		all = append(all, "shop.Order_READ")
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

var immediate = map[string]string{"REGISTRATION_TYPE": "IMMEDIATE", "REGISTRATION_SIGN_IN": "true"}

// domain 10.2, 10.3: those who register get what the owner's rules give, for their type of client; where the client of the place has
// rules of its own, those and not the owner's.
func TestRegistrationRules(t *testing.T) {
	fairs(t, func(t *testing.T, w *fair) {
		w.set(w.partner, immediate)
		w.set(w.writer, immediate)
		s := w.stock()
		_, token := w.register("Before", nil)
		if got := w.has(token); got != "Client Owner, shop READ" {
			t.Errorf("without rules: %s", got)
		}
		w.rule(w.partner, map[string]any{"givenApplicationId": s.app, "level": "WRITE"})
		w.rule(w.partner, map[string]any{"roleId": s.role})
		w.rule(w.partner, map[string]any{"packageId": s.pack})
		_, token = w.register("Partners", nil)
		if got := w.has(token); got != "Clerk, Client Owner, shop READ, shop.Order_READ, tools WRITE" {
			t.Errorf("by the owner's rules: %s", got)
		}
		_, token = w.register("Owners", map[string]any{"clientCode": "WRITER"})
		if got := w.has(token); got != "Clerk, Client Owner, shop READ, shop.Order_READ, tools WRITE" {
			t.Errorf("by the owner's rules, below a client: %s", got)
		}
		_, token = w.register("Person", map[string]any{"clientType": "INDIVIDUAL"})
		if got := w.has(token); got != "Client Owner, shop READ" {
			t.Errorf("rules for others: %s", got)
		}
		w.grantOf(s.app, w.writer, enum.LevelWrite)
		own := w.rule(w.writer, map[string]any{"givenApplicationId": s.app})
		_, token = w.register("Writers", map[string]any{"clientCode": "WRITER"})
		if got := w.has(token); got != "Client Owner, shop READ, tools READ" {
			t.Errorf("by the client's own rules: %s", got)
		}
		w.run(w.tokens[w.writer], `mutation($i: RegistrationRuleDeleteInput!) { registrationRuleDelete(input: $i) { errors { code message path } } }`, map[string]any{"id": own})
		_, token = w.register("Again", map[string]any{"clientCode": "WRITER"})
		if got := w.has(token); got != "Clerk, Client Owner, shop READ, shop.Order_READ, tools WRITE" {
			t.Errorf("by the owner's rules again: %s", got)
		}
	})
}

func (w *fair) grantOf(app oid.Application, to oid.Client, level enum.AccessLevel) {
	w.t.Helper()
	w.run(w.tokens[w.partner], `mutation($i: AccessGrantSetInput!) { accessGrantSet(input: $i) { errors { code message path } } }`,
		map[string]any{"applicationId": app, "clientId": to, "level": level})
}

// domain 10.3: a rule that its client could not follow any more is skipped, and what was skipped is told in the trail and in the preview.
func TestAttackRulesWhoseClientHasLostIt(t *testing.T) {
	fairs(t, func(t *testing.T, w *fair) {
		w.set(w.writer, immediate)
		s := w.stock()
		w.grantOf(s.app, w.writer, enum.LevelWrite)
		kept := w.rule(w.writer, map[string]any{"givenApplicationId": w.app})
		_ = kept
		lost := w.rule(w.writer, map[string]any{"givenApplicationId": s.app})
		w.grantOf(s.app, w.writer, enum.LevelRead)
		code, token := w.register("Late", map[string]any{"clientCode": "WRITER"})
		if got := w.has(token); got != "Client Owner, shop READ" {
			t.Errorf("given: %s", got)
		}
		e := w.Ent().AuditEvent.Query().Where(auditevent.Operation("registrationComplete")).OnlyX(w.System())
		var after struct{ Given, Skipped []string }
		w.Must(json.Unmarshal([]byte(*e.After), &after))
		if e.ClientID != w.writer || !slices.Equal(after.Skipped, []string{lost}) || !slices.Equal(after.Given, []string{kept}) {
			t.Errorf("the trail of %s says %s", code, *e.After)
		}
		var seen struct {
			Application struct {
				RegistrationPreview struct {
					Type    string
					RulesOf *struct{ Code string }
					Items   []struct {
						Gives, Name, Level string
						Passes             bool
					}
				}
			}
		}
		w.MustData(w.Do(w.tokens[w.writer], `{ application(code: "shop") { registrationPreview(clientType: BUSINESS) { type rulesOf { code } items { gives name level passes why } } } }`, nil), &seen)
		want := "{IMMEDIATE WRITER [{ACCESS shop READ true} {ACCESS tools READ false}]}"
		p := seen.Application.RegistrationPreview
		if got := fmt.Sprint(struct {
			a, b string
			c    any
		}{p.Type, p.RulesOf.Code, p.Items}); got != want {
			t.Errorf("the preview is %s, not %s", got, want)
		}
		unguarded := w.node(func(o *hub.HTTP) {
			o.AlterRules = func(r *authz.Rules) {
				r.GivesByRule = func(authz.Caller, authz.Application, enum.AccessLevel) bool { return true }
				r.Lends = func(authz.Caller, authz.Application, authz.Loan) bool { return true }
			}
		})
		unguarded.register("Attacker", map[string]any{"clientCode": "WRITER"})
		e = w.Ent().AuditEvent.Query().Where(auditevent.Operation("registrationComplete")).Order(ent.Desc(auditevent.FieldID)).FirstX(w.System())
		w.Must(json.Unmarshal([]byte(*e.After), &after))
		if len(after.Skipped) > 0 { // what it is given sleeps all the same: it is lent
			t.Errorf("without the rule the attack does not succeed: %s", *e.After)
		}
	})
}

// domain 10.3, 3.5, 5.3: nobody writes a rule that gives what he could not give himself, or for a client that is not his to write for.
func TestAttackRulesThatGiveTooMuch(t *testing.T) {
	fairs(t, func(t *testing.T, w *fair) {
		s := w.stock()
		_, clerk := w.User(w.writer, "clerk", w.Role(w.writer, nil, "Applications", w.permission("Application_UPDATE"), w.permission("Application_READ")))
		foreign := w.Application(w.stranger, "foreign", "Foreign")
		for name, c := range map[string]struct {
			token string
			input map[string]any
			want  string
		}{
			"WRITE to what one only writes":      {w.tokens[w.writer], map[string]any{"givenApplicationId": w.app, "level": "WRITE"}, "NOT_ALLOWED input.givenApplicationId"},
			"access to what one does not see":    {w.tokens[w.writer], map[string]any{"givenApplicationId": foreign}, "NOT_FOUND input.givenApplicationId"},
			"a package of the owner's":           {w.tokens[w.writer], map[string]any{"packageId": s.pack}, "NOT_ALLOWED input.packageId"},
			"a role with what one does not hold": {clerk, map[string]any{"roleId": s.role}, "NOT_ALLOWED input.roleId"},
			"the role of the platform's owner":   {w.tokens[w.partner], map[string]any{"roleId": authority.BuiltInRole(authority.OwnerRole), "clientId": w.writer}, "NOT_ALLOWED input.clientId"},
			"a rule of the owner's":              {w.tokens[w.writer], map[string]any{"givenApplicationId": w.app, "clientId": w.partner}, "NOT_FOUND input.clientId"},
			"a rule by a reader":                 {w.tokens[w.reader], map[string]any{"givenApplicationId": w.app}, "NOT_ALLOWED input.clientId"},
			"a rule for what one does not see":   {w.tokens[w.stranger], map[string]any{"givenApplicationId": foreign}, "NOT_FOUND input.applicationId"},
			"two things":                         {w.tokens[w.partner], map[string]any{"givenApplicationId": w.app, "packageId": s.pack}, "INVALID input"},
			"nothing":                            {w.tokens[w.partner], map[string]any{}, "INVALID input"},
			"a bar":                              {w.tokens[w.partner], map[string]any{"givenApplicationId": w.app, "level": "BARRED"}, "INVALID input.level"},
			"a level of a package":               {w.tokens[w.partner], map[string]any{"packageId": s.pack, "level": "READ"}, "INVALID input.level"},
			"for a client of the platform's own": {w.tokens[w.partner], map[string]any{"packageId": s.pack, "clientType": "SYSTEM"}, "INVALID input.clientType"},
		} {
			_, errs := submitted[ruled](w, c.token, ruleQuery, with(map[string]any{"applicationId": w.app, "clientType": "BUSINESS"}, c.input))
			if got := onlyAt(t, errs); got != c.want {
				t.Errorf("%s: %s, not %s", name, got, c.want)
			}
		}
		w.rule(w.partner, map[string]any{"packageId": s.pack})
		_, errs := submitted[ruled](w, w.tokens[w.partner], ruleQuery, map[string]any{"applicationId": w.app, "clientType": "BUSINESS", "packageId": s.pack})
		if got := onlyAt(t, errs); got != "TAKEN input.packageId" {
			t.Errorf("twice: %s", got)
		}
		for name, c := range map[string]struct {
			alter func(*authz.Rules)
			token string
			input map[string]any
		}{
			"WRITE to what one only writes": {func(r *authz.Rules) {
				r.GivesByRule = func(authz.Caller, authz.Application, enum.AccessLevel) bool { return true }
			}, w.tokens[w.writer], map[string]any{"givenApplicationId": w.app, "level": "WRITE"}},
			"a rule by a reader": {func(r *authz.Rules) {
				r.WritesRules = func(authz.Caller, oid.Client, oid.Client) bool { return true }
				r.GivesByRule = func(authz.Caller, authz.Application, enum.AccessLevel) bool { return true }
			}, w.tokens[w.reader], map[string]any{"givenApplicationId": w.app}},
			"a package of the owner's": {func(r *authz.Rules) {
				r.GivesPackage = func(bool) bool { return true }
				r.Gives = func(authz.Held, authz.Permission) bool { return true }
			},
				w.tokens[w.writer], map[string]any{"packageId": s.pack}},
		} {
			node := w.node(func(o *hub.HTTP) { o.AlterRules = c.alter })
			if _, errs := submitted[ruled](node, c.token, ruleQuery, with(map[string]any{"applicationId": w.app, "clientType": "BUSINESS"}, c.input)); len(errs) > 0 {
				t.Errorf("%s: without the rule the attack does not succeed: %+v", name, errs)
			}
		}
	})
}

func (w *fair) permission(name string) oid.Permission {
	w.t.Helper()
	return w.Ent().Permission.Query().Where(permission.Authority(name)).OnlyIDX(w.System())
}

// domain 10.2: nobody registers at a client that may not give READ: one that reads, one without access, one that is suspended; nor for
// what is archived.
func TestAttackRegisteringWhereNobodyMay(t *testing.T) {
	fairs(t, func(t *testing.T, w *fair) {
		w.set(w.reader, immediate)
		w.set(w.partner, immediate)
		eve := person("Eve", map[string]any{"userName": "eve"})
		for name, place := range map[string]map[string]any{
			"at a reader": {"clientCode": "READER"}, "at a stranger": {"clientCode": "STRANGER"}, "at nobody": {"clientCode": "NOBODY"},
			"for nothing": {"applicationCode": "nothing"}, "at SYSTEM": {"clientCode": "SYSTEM"},
		} {
			if _, errs := w.finish(with(eve, place)); onlyAt(t, errs) != "NOT_ALLOWED input" {
				t.Errorf("%s: %+v", name, errs)
			}
			if _, errs := w.start(place); onlyAt(t, errs) != "NOT_ALLOWED input" {
				t.Errorf("%s: %+v", name, errs)
			}
		}
		open := w.node(func(o *hub.HTTP) {
			o.AlterRules = func(r *authz.Rules) {
				r.Registers = func(authz.Caller) bool { return true }
				r.Lends = func(authz.Caller, authz.Application, authz.Loan) bool { return true }
			}
		})
		if _, errs := open.finish(with(eve, map[string]any{"clientCode": "READER"})); len(errs) > 0 {
			t.Errorf("without the rule the attack does not succeed: %+v", errs)
		}
		w.run(w.tokens[w.partner], `mutation($i: ApplicationArchiveInput!) { applicationArchive(input: $i) { errors { code message path } } }`, map[string]any{"id": w.app})
		if _, errs := w.finish(eve); onlyAt(t, errs) != "NOT_ALLOWED input" {
			t.Errorf("for what is archived: %+v", errs)
		}
	})
}

// domain 10.5, 10.6: who has proven an address that is known becomes a member of the new client with the account that he has, unless that is
// once only; nobody else is told whether it is known.
func TestAKnownAddressRegisters(t *testing.T) {
	fairs(t, func(t *testing.T, w *fair) {
		otp := map[string]string{"REGISTRATION_TYPE": "OTP_EMAIL", "REGISTRATION_SIGN_IN": "true", "CODE_RESENDS": "10"}
		w.set(w.partner, otp)
		w.set(w.writer, otp)
		contact := map[string]any{"email": "nia@example.org"}
		register := func(place map[string]any) (finished, []problem) {
			if _, errs := w.start(with(contact, place)); len(errs) > 0 {
				t.Fatal(errs)
			}
			secret := w.received("nia@example.org")
			return w.finish(with(person("Nia", map[string]any{"clientName": "Nia's", "secret": secret}), with(contact, place)))
		}
		first, errs := register(nil)
		if len(errs) > 0 || first.Token == nil {
			t.Fatalf("%+v, %+v", first, errs)
		}
		second, errs := register(map[string]any{"clientCode": "WRITER"})
		if len(errs) > 0 || second.Token != nil || *second.ClientCode == *first.ClientCode {
			t.Fatalf("%+v, %+v", second, errs)
		}
		var seen struct {
			Viewer struct {
				Memberships struct {
					Nodes []struct {
						Home   bool
						Client struct{ Code string }
						Roles  struct{ Nodes []struct{ Name string } }
					}
				}
			}
		}
		w.MustData(w.Do(*first.Token, `{ viewer { memberships { nodes { home client { code } roles { nodes { name } } } } } }`, nil), &seen)
		want := fmt.Sprintf("[{true {%s} {[{Client Owner}]}} {false {%s} {[{Client Owner}]}}]", *first.ClientCode, *second.ClientCode)
		if got := fmt.Sprint(seen.Viewer.Memberships.Nodes); got != want {
			t.Errorf("he is a member %s, not %s", got, want)
		}
		for check, may := range map[string][]map[string]any{
			"NONE": {nil, {"clientCode": "WRITER"}}, "UNIQUE_IN_CLIENT": {}, "UNIQUE_IN_BASE": {},
		} {
			w.set(w.partner, map[string]string{"USER_CHECK": check})
			w.set(w.writer, map[string]string{"USER_CHECK": check})
			for _, place := range []map[string]any{nil, {"clientCode": "WRITER"}} {
				made, errs := register(place)
				if slices.ContainsFunc(may, func(m map[string]any) bool { return cmp.Equal(m, place) }) {
					if len(errs) > 0 {
						t.Errorf("%s at %v: %+v", check, place, errs)
					}
					continue
				}
				if onlyAt(t, errs) != "NOT_ALLOWED input" || errs[0].Message != "you are registered already: sign in" || made.ClientCode != nil {
					t.Errorf("%s at %v: %+v", check, place, errs)
				}
			}
		}
	})
}

// domain 2.1, 10.4: who registers with the address of somebody else, where none is proven, has not proven it: its owner registers all the
// same, and is nobody's fellow.
func TestAttackAVictimsAddressRegisteredFirst(t *testing.T) {
	fairs(t, func(t *testing.T, w *fair) {
		w.set(w.partner, immediate)
		w.set(w.writer, otpByMail)
		eve, errs := w.finish(person("Eve", map[string]any{"userName": "eve", "email": "victim@example.org"}))
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		place := map[string]any{"clientCode": "WRITER", "email": "victim@example.org"}
		if _, errs := w.start(place); len(errs) > 0 {
			t.Fatal(errs)
		}
		secret := w.received("victim@example.org")
		v, errs := w.verify(with(place, map[string]any{"secret": secret}))
		if len(errs) > 0 || v.Known {
			t.Fatalf("%+v, %+v", v, errs)
		}
		made, errs := w.finish(with(person("Victim", map[string]any{"secret": secret}), place))
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		var seen struct {
			Users struct{ TotalCount int }
		}
		w.MustData(w.Do(*eve.Token, `{ users { totalCount } }`, nil), &seen)
		if seen.Users.TotalCount != 1 || *made.ClientCode == *eve.ClientCode {
			t.Errorf("eve sees %d users", seen.Users.TotalCount)
		}
	})
}

// domain 10.7: a business asks for a sub-domain, which is bound as its own with everything else, or nothing is made.
func TestRegistrationWithASubDomain(t *testing.T) {
	fairs(t, func(t *testing.T, w *fair) {
		w.set(w.partner, with(immediate, map[string]string{"URL_SUFFIX": suffix}))
		w.run(w.tokens[w.partner], `mutation($i: ApplicationCreateInput!) { applicationCreate(input: $i) { errors { code message path } } }`, map[string]any{"name": "Taken", "code": "taken"})
		made, errs := w.finish(person("Nia", map[string]any{"userName": "nia", "subDomain": "Nias-Shop"}))
		if len(errs) > 0 || made.URL == nil || *made.URL != "https://nias-shop"+suffix {
			t.Fatalf("%+v, %+v", made, errs)
		}
		var leads struct {
			ResolveURL struct{ ApplicationCode, ClientCode string }
		}
		w.MustData(w.Do("", `{ resolveUrl(url: "https://nias-shop`+suffix+`/x") { applicationCode clientCode } }`, nil), &leads)
		if leads.ResolveURL.ApplicationCode != "shop" || leads.ResolveURL.ClientCode != *made.ClientCode {
			t.Errorf("it leads to %+v", leads)
		}
		before := w.Ent().Tenant.Query().CountX(w.System())
		for name, c := range map[string]struct {
			input map[string]any
			want  string
		}{
			"taken":             {map[string]any{"subDomain": "nias-shop"}, "TAKEN input.subDomain"},
			"an application's":  {map[string]any{"subDomain": "taken"}, "TAKEN input.subDomain"},
			"reserved":          {map[string]any{"subDomain": "graphql"}, "RESERVED input.subDomain"},
			"no name":           {map[string]any{"subDomain": "a.b"}, "INVALID input.subDomain"},
			"of an individual":  {map[string]any{"subDomain": "persons", "clientType": "INDIVIDUAL"}, "NOT_ALLOWED input.subDomain"},
			"a user name taken": {map[string]any{"subDomain": "fresh", "userName": "nia"}, "TAKEN input.userName"},
		} {
			if made, errs := w.finish(person("Other", with(map[string]any{"userName": "other"}, c.input))); len(errs) != 1 || errs[0].at() != c.want {
				t.Errorf("%s: %+v %+v", name, made, errs)
			}
		}
		if after := w.Ent().Tenant.Query().CountX(w.System()); after != before {
			t.Errorf("%d clients came of what was refused", after-before)
		}
		if made, errs := w.finish(person("Other", map[string]any{"userName": "other", "subDomain": "fresh"})); len(errs) > 0 || made.URL == nil {
			t.Errorf("a name that was asked for in vain: %+v, %+v", made, errs)
		}
	})
}
