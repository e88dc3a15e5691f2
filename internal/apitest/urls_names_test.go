package apitest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// code makes an application with a code and gives its id, and the error, "CODE at path", if any.
func (i *internet) code(token, code string) (oid.Application, string) {
	a := i.node.Do(token, mutation("applicationCreate"), hubtest.Variables{"input": input{"name": "App " + code, "code": code, "type": "APP", "accessType": "OWN"}})
	var data struct{ ApplicationCreate *payload }
	if err := json.Unmarshal(a.Data, &data); err != nil || data.ApplicationCreate == nil {
		i.t.Errorf("applicationCreate %s: %s", code, a.Body)
		return "", "no answer"
	}
	if errs := (urlAnswer{Errors: data.ApplicationCreate.Errors}).codes(); len(errs) > 0 {
		return "", errs[0]
	}
	return oid.Application(data.ApplicationCreate.Application.ID), ""
}

// below is the input that binds a name below a suffix.
func below(app oid.Application, client oid.Client, name, suffix string) input {
	return input{"applicationId": app, "clientId": client, "origin": "https://" + name + suffix}
}

// domain 4.2, 7.1: sub-domains, codes of applications and reserved names are one namespace, whatever the suffix.
func TestSubDomainsAndCodesAreOneNamespace(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		i := newInternet(t, h)
		if _, err := i.code(i.paula, "coded"); err != "" {
			t.Fatal(err)
		}
		for _, suffix := range []string{ownSuffix, badSuffix} {
			i.stops(t, i.root, "clientUrlBind", below(i.app, i.p, "coded", suffix), "TAKEN at input.origin")
			i.stops(t, i.root, "clientUrlBind", below(i.app, i.p, "graphql", suffix), "RESERVED at input.origin")
		}
		u := i.works(i.root, "clientUrlBind", below(i.app, i.p, "bound", ownSuffix)).ClientURL
		refused := func(when string) {
			t.Helper()
			i.fails(t, i.stan, "applicationCreate", input{"name": "X", "code": "bound"}, "TAKEN at input.code")
			if p := i.succeeds(i.stan, "applicationCreate", input{"name": "Bound"}); p.Application.Code == "bound" {
				t.Errorf("%s: a code made from the name shadows the sub-domain", when)
			}
		}
		refused("bound")
		// below the other suffix the name is another host, and may be another client's
		i.works(i.root, "clientUrlBind", below(i.foreign, i.s, "bound", badSuffix))
		if to := i.leads(t, "https://bound.apps.example.com") + " " + i.leads(t, "https://bound.sites.example.org"); to != "shop-one/PARTNER strange/STRANGER" {
			t.Errorf("they lead to %s", to)
		}
		// taken away, it may be bound again, and is no code still
		i.works(i.paula, "clientUrlUnbind", input{"id": u.ID})
		refused("unbound")
		i.works(i.root, "clientUrlBind", below(i.written, i.c, "bound", ownSuffix))
		// what was refused claims nothing
		i.stops(t, i.root, "clientUrlBind", below(i.app, i.s, "refused", ownSuffix), "NOT_ALLOWED at input.clientId")
		if _, err := i.code(i.paula, "refused"); err != "" {
			t.Errorf("the name of a refused binding: %s", err)
		}
		// the code of an application that is gone is never given out again, as a sub-domain neither
		gone, _ := i.code(i.paula, "gone")
		i.exec("DELETE FROM applications WHERE id = ?", gone)
		i.stops(t, i.root, "clientUrlBind", below(i.app, i.p, "gone", ownSuffix), "TAKEN at input.origin")
	})
}

// domain 4.2, 7.1: of a code and a sub-domain of one name that are asked for at the same moment, on two nodes, one is given.
func TestCodeAndSubDomainRace(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		i := newInternet(t, h)
		there := i.on()
		codes, subs := 0, 0
		for round := range 10 {
			name := fmt.Sprintf("race-%d", round)
			got := race(
				func() urlAnswer {
					if _, err := i.code(i.paula, name); err != "" {
						return urlAnswer{Errors: []userError{{Code: strings.TrimSuffix(err, " at input.code"), Path: []string{"input", "code"}}}}
					}
					codes++
					return urlAnswer{}
				},
				func() urlAnswer {
					a := there.send(i.root, "clientUrlBind", below(i.app, i.p, name, ownSuffix))
					if len(a.Errors) == 0 {
						subs++
					}
					return a
				},
			)
			if got[0] != "" || got[1] != "TAKEN at input.origin" && got[1] != "TAKEN at input.code" {
				t.Errorf("round %d: %q", round, got)
			}
		}
		if codes+subs != 10 {
			t.Errorf("%d codes and %d sub-domains were given", codes, subs)
		}
	})
}

// Attack (domain 7.1): another application's default host is bound as an origin. Refused; with the rule taken away on
// another node it is bound, and the host leads to the attacker's.
func TestDefaultHostsAreNotBound(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		i := newInternet(t, h)
		if _, err := i.code(i.stan, "victim"); err != "" {
			t.Fatal(err)
		}
		attack := input{"applicationId": i.app, "origin": "https://victim.apps.example.com"}
		i.stops(t, i.paula, "clientUrlBind", attack, "NOT_ALLOWED at input.origin")
		i.stops(t, i.root, "clientUrlBind", below(i.app, i.p, "victim", ownSuffix), "TAKEN at input.origin")
		anybody := i.on(func(o *hub.HTTP) {
			o.AlterRules = func(r *authz.Rules) { r.BindsPlatformHost = func(oid.Client) bool { return true } }
		})
		anybody.stops(t, i.paula, "clientUrlBind", attack, "TAKEN at input.origin") // the namespace is a second lock
		if to := i.leads(t, "https://victim.apps.example.com"); to != "victim/STRANGER" {
			t.Errorf("it leads to %q", to)
		}
		unlocked := i.on(func(o *hub.HTTP) {
			o.AlterRules = func(r *authz.Rules) {
				r.BindsPlatformHost = func(oid.Client) bool { return true }
				r.SharesNames = func() bool { return false }
			}
		})
		unlocked.works(i.paula, "clientUrlBind", attack)
		if to := i.leads(t, "https://victim.apps.example.com"); to != "shop-one/PARTNER" {
			t.Errorf("without the rules it leads to %q", to)
		}
	})
}

// Attack (domain 4.2): an application's code that shadows a bound sub-domain. Refused; where sub-domains are not claimed,
// on another node, it is given out.
func TestCodesDoNotShadowSubDomains(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		i := newInternet(t, h)
		i.works(i.root, "clientUrlBind", below(i.app, i.p, "mine", ownSuffix))
		if _, err := i.code(i.stan, "mine"); err != "TAKEN at input.code" {
			t.Errorf("got %q", err)
		}
		apart := i.on(func(o *hub.HTTP) {
			o.AlterRules = func(r *authz.Rules) { r.SharesNames = func() bool { return false } }
		})
		apart.works(i.root, "clientUrlBind", below(i.app, i.p, "yours", ownSuffix))
		if _, err := i.code(i.stan, "yours"); err != "" {
			t.Errorf("without the rule: %q", err)
		}
		if codes := query(t, i.Hub, "SELECT id AS v FROM claimed_names WHERE id LIKE 'sub-domain/%'"); !slices.EqualFunc(codes, []string{"sub-domain/mine"}, func(r row, s string) bool { return r["v"] == s }) {
			t.Errorf("claimed are %v", codes)
		}
	})
}
