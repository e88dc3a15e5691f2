package apitest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/identity"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/removal"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit/hubtest"
	"github.com/appanage/appanage/internal/testkit/removaltest"
)

// attempt sends a mutation, and gives the codes of what went wrong: of the payload or of the whole.
func (e *estate) attempt(token, name string, in input) string {
	e.t.Helper()
	title := strings.ToUpper(name[:1]) + name[1:]
	a := e.Do(token, "mutation($input: "+title+"Input!) { "+name+"(input: $input) { errors { code message } } }", hubtest.Variables{"input": in})
	var codes []string
	for _, failed := range a.Errors {
		codes = append(codes, "top-level "+failed.Code())
	}
	var data map[string]*struct{ Errors []userError }
	if err := json.Unmarshal(a.Data, &data); err == nil && data[name] != nil {
		for _, failed := range data[name].Errors {
			codes = append(codes, failed.Code)
		}
	}
	return strings.Join(codes, ", ")
}

// adders add something to an application, over and over.
func (e *estate) adders(app oid.Application, session string, round int) map[string]func(i int) (name, token string, in input) {
	types, code := []enum.ClientType{enum.ClientBusiness, enum.ClientIndividual}, e.column("applications", app, "code")
	return map[string]func(i int) (string, string, input){
		"property": func(i int) (string, string, input) {
			return "applicationPropertiesSet", e.paula, input{"applicationId": app, "properties": []any{map[string]any{"name": fmt.Sprint("P_", i), "value": "x"}}}
		},
		"grant": func(i int) (string, string, input) {
			return "accessGrantSet", e.paula, input{"applicationId": app, "clientId": []oid.Client{e.c, e.g}[i%2], "level": enum.LevelRead}
		},
		"URL": func(i int) (string, string, input) {
			return "clientUrlBind", e.paula, input{"applicationId": app, "clientId": e.c, "origin": fmt.Sprintf("https://race-%d-%d.example.org", round, i)}
		},
		"dependency": func(i int) (string, string, input) {
			return "applicationDependencyAdd", e.paula, input{"applicationId": app, "dependencyId": []oid.Application{e.app, e.readable, e.written}[i%3]}
		},
		"dependent": func(i int) (string, string, input) {
			return "applicationDependencyAdd", e.paula, input{"applicationId": []oid.Application{e.app, e.readable, e.written}[i%3], "dependencyId": app}
		},
		"role": func(i int) (string, string, input) {
			return "roleCreate", e.paula, input{"applicationId": app, "name": fmt.Sprint("Racer ", i)}
		},
		"permission": func(i int) (string, string, input) {
			return "permissionCreate", e.paula, input{"applicationId": app, "name": fmt.Sprintf("Race%d_READ", i)}
		},
		"package": func(i int) (string, string, input) {
			return "packageCreate", e.paula, input{"applicationId": app, "name": "Racer", "code": fmt.Sprintf("RACE_%d_%d", round, i)}
		},
		"session": func(int) (string, string, input) {
			return "sessionSwitchClient", session, input{"clientId": e.c}
		},
		"rule": func(i int) (string, string, input) {
			return "registrationRuleCreate", e.paula, input{"applicationId": app, "clientType": types[i/3], "givenApplicationId": []oid.Application{e.app, e.readable, e.written}[i%3]}
		},
		"rule that gives it": func(i int) (string, string, input) {
			return "registrationRuleCreate", e.paula, input{"applicationId": []oid.Application{e.app, e.readable, e.written}[i%3], "clientType": types[i/3], "givenApplicationId": app}
		},
		"registration code": func(int) (string, string, input) {
			return "registrationCodeCreate", e.paula, input{"applicationId": app}
		},
		"registration": func(i int) (string, string, input) {
			return "registrationStart", "", input{"applicationCode": code, "email": fmt.Sprintf("racer%d@example.org", i)}
		},
		"request": func(int) (string, string, input) {
			return "accessRequestCreate", e.gina, input{"applicationCode": code}
		},
	}
}

// domain 11.3: whatever is added while an application is archived and removed, goes with it, or is refused as what is added
// to one that there never was. Nothing is left behind.
func TestRemovalRaces(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		user, _ := h.User(e.p, "racer", ownerRole)
		h.Must(h.Ent().Membership.Create().SetClientID(e.c).SetUserID(user).AddRoleIDs(ownerRole).Exec(h.System()))
		home := query(t, h, "SELECT id FROM memberships WHERE user_id = ? AND client_id = ?", user, e.p)[0]["id"].(string)
		var mu sync.Mutex
		tally := map[string]int{}
		note := func(what, outcome string) {
			mu.Lock()
			defer mu.Unlock()
			tally[what+": "+outcome]++
		}
		for round := range 6 {
			app := h.Application(e.p, fmt.Sprint("race", round), "Race")
			e.grant(app, e.c, enum.LevelRead)
			h.Must(h.Ent().ApplicationProperty.Create().SetClientID(e.p).SetApplicationID(app).SetName("REGISTRATION_TYPE").SetValue("OTP_EMAIL").Exec(h.System()))
			adders := e.adders(app, h.Session(e.p, user, oid.Membership(home), &app), round)
			names := slices.Sorted(maps.Keys(adders))
			atOnce(len(names)+1, func(n int) {
				if n == len(names) {
					note("archive", e.attempt(e.paula, "applicationArchive", input{"id": app}))
					for outcome := "CONFLICT"; outcome == "CONFLICT"; {
						outcome = e.attempt(e.paula, "applicationRemove", e.remove(e.paula, app, true))
						note("remove", outcome)
					}
					return
				}
				for i := range 6 {
					name, token, in := adders[names[n]](i)
					note(names[n], e.attempt(token, name, in))
				}
			})
			if n := e.count("applications", "id = ?", app); n != 0 {
				t.Errorf("round %d: it is not removed", round)
			}
			orphans, err := removaltest.Orphans(h.System(), h.DB)
			if h.Must(err); len(orphans) > 0 {
				t.Fatalf("round %d: %v", round, orphans)
			}
		}
		t.Log(tally)
		for outcome := range tally {
			for _, code := range strings.Split(strings.SplitN(outcome, ": ", 2)[1], ", ") {
				if !slices.Contains([]string{"", "NOT_FOUND", "NOT_ALLOWED", "CONFLICT", "ALREADY_DONE", "CYCLE", "top-level UNAUTHENTICATED"}, code) {
					t.Errorf("there is an answer %s", outcome)
				}
			}
		}
		if tally["remove: "] != 6 {
			t.Error("of the removals not all have succeeded")
		}
	})
}

// domain 11.3: of many removals of one application at the same moment, one removes it.
func TestTwoRemovalsAtOnce(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		for round := range 5 {
			app := h.Application(e.p, fmt.Sprint("twice", round), "Twice")
			e.archive(app)
			in := e.remove(e.paula, app, false)
			outcomes := make([]string, 4)
			atOnce(len(outcomes), func(i int) { outcomes[i] = e.attempt(e.paula, "applicationRemove", in) })
			if slices.Sort(outcomes); !slices.Equal(outcomes, []string{"", "NOT_FOUND", "NOT_FOUND", "NOT_FOUND"}) {
				t.Errorf("round %d: %v", round, outcomes)
			}
			if n := e.count("audit_events", "operation = 'applicationRemove' AND object_id = ?", app); n != 1 {
				t.Errorf("round %d: the trail has %d events", round, n)
			}
		}
	})
}

// domain 11.3: whoever adds something to an application, or ties something to what belongs to it, while its removal has it
// locked, waits, and then finds nothing to add it to.
func TestWhatIsAddedBehindARemoval(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		app := e.any
		h.Must(h.Ent().ApplicationProperty.Create().SetClientID(e.p).SetApplicationID(app).SetName("REGISTRATION_TYPE").SetValue("OTP_EMAIL").Exec(h.System()))
		e.exec("UPDATE access_grants SET embeddable = ? WHERE application_id = ?", true, app)
		adders := e.adders(app, "", 0)
		delete(adders, "session") // its token is the application's
		maps.Copy(adders, e.tiers(app))
		outcomes := map[string]string{}
		var mu sync.Mutex
		var all sync.WaitGroup
		h.Must(h.DB.InTx(h.System(), func(ctx context.Context, tx *ent.Client) error {
			if _, err := store.ForUpdate(h.DB, tx.Application.Query().Where(application.ID(app))).Only(ctx); err != nil {
				return err
			}
			r := removal.Applications.Of(h.DB, string(app))
			if err := r.Lock(ctx); err != nil {
				return err
			}
			var begun sync.WaitGroup
			for what, adder := range adders {
				begun.Add(1)
				all.Go(func() {
					name, token, in := adder(0)
					begun.Done()
					outcome := e.attempt(token, name, in)
					mu.Lock()
					defer mu.Unlock()
					outcomes[what] = outcome
				})
			}
			begun.Wait()
			_, err := r.Run(ctx)
			return err
		}))
		all.Wait()
		for what := range adders {
			want := "NOT_FOUND"
			if what == "registration" { // where nobody can register is told like this, whatever the reason
				want = "NOT_ALLOWED"
			}
			if outcomes[what] != want {
				t.Errorf("%s: %s", what, outcomes[what])
			}
		}
		orphans, err := removaltest.Orphans(h.System(), h.DB)
		if h.Must(err); len(orphans) > 0 {
			t.Error(orphans)
		}
	})
}

// tiers tie something to what belongs to an application.
func (e *estate) tiers(app oid.Application) map[string]func(int) (string, string, input) {
	role, permission, pack := e.Role(e.p, &app, "Going"), oid.New[oid.Permission](), oid.New[oid.Package]()
	e.Must(e.Ent().Permission.Create().SetID(permission).SetClientID(e.p).SetApplicationID(app).SetAuthority("anybodys.Tie_READ").SetAuthorityKey("anybodys.tie_read").Exec(e.System()))
	e.Must(e.Ent().RolePackage.Create().SetID(pack).SetClientID(e.p).SetApplicationID(app).SetCode("GOING").SetName("Going").SetNameKey("going").Exec(e.System()))
	other, stays := e.Role(e.p, &e.app, "Staying"), oid.New[oid.Package]()
	e.Must(e.Ent().RolePackage.Create().SetID(stays).SetClientID(e.p).SetApplicationID(e.app).SetCode("STAYING").SetName("Staying").SetNameKey("staying").Exec(e.System()))
	membership := query(e.t, e.Hub, "SELECT id FROM memberships WHERE user_id = ?", e.paulaID)[0]["id"]
	always := func(name string, in input) func(int) (string, string, input) {
		return func(int) (string, string, input) { return name, e.paula, in }
	}
	return map[string]func(int) (string, string, input){
		"role of a member":       always("membershipRolesAdd", input{"id": membership, "roleIds": []oid.Role{role}}),
		"role of an invitation":  always("invitationCreate", input{"email": "x@example.org", "roleIds": []oid.Role{role}}),
		"role of a package":      always("packageRolesAdd", input{"id": stays, "roleIds": []oid.Role{role}}),
		"sub-role of a role":     always("roleSubRolesAdd", input{"id": other, "roleIds": []oid.Role{role}}),
		"sub-role of this role":  always("roleSubRolesAdd", input{"id": role, "roleIds": []oid.Role{other}}),
		"permission of a role":   always("rolePermissionsAdd", input{"id": other, "permissionIds": []oid.Permission{permission}}),
		"permission of this":     always("rolePermissionsAdd", input{"id": role, "permissionIds": []oid.Permission{oid.BuiltIn[oid.Permission]("Client_READ")}}),
		"role of this package":   always("packageRolesAdd", input{"id": pack, "roleIds": []oid.Role{other}}),
		"a client's package":     always("packageGive", input{"id": pack, "clientIds": []oid.Client{e.c}}),
		"name of this role":      always("roleUpdate", input{"id": role, "name": "Gone"}),
		"this permission itself": always("permissionDelete", input{"id": permission}),
	}
}

// domain 2.3, 11.1, 11.3: a sign-in to an application that is archived, or removed, between the proof of the password and the
// session opens none.
func TestAProofForAnApplicationThatIsGone(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		d := newDoors(t, h)
		signIns := h.Identity.Keyed([]byte("a key of this test"))
		nobody := actor.With(t.Context(), actor.Nobody())
		client, code := "CHILD", "readable"
		prove := func() *identity.Proof {
			proof, err := signIns.Prove(nobody, identity.SignIn{Identifier: "una", Password: password, ClientCode: &client, ApplicationCode: &code})
			h.Must(err)
			return proof
		}
		archived, removed := prove(), prove()
		if _, _, err := signIns.Open(nobody, prove()); err != nil {
			t.Fatalf("as long as it is there: %v", err)
		}
		d.archive(d.readable)
		if token, _, err := signIns.Open(nobody, archived); apperr.CodeOf(err) != apperr.Credentials || token != "" {
			t.Errorf("archived: %v", err)
		}
		d.succeeds(d.paula, "applicationRemove", d.remove(d.paula, d.readable, true))
		if token, _, err := signIns.Open(nobody, removed); apperr.CodeOf(err) != apperr.Credentials || token != "" {
			t.Errorf("removed: %v", err)
		}
		if n := d.count("sessions", "user_id = ?", d.una); n != 0 {
			t.Errorf("%d sessions", n)
		}
	})
}
