package apitest

import (
	"strings"
	"testing"
	"time"

	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/fold"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// domain 1.2, 1.4: what can be changed, by whom; absent and null stay, and a change that changes nothing is none.
func TestClientUpdate(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		for _, c := range []struct {
			rule, token string
			in          input
			want        string // name, locale, zone, currency, version
		}{
			{"a name", e.paula, input{"id": e.c, "name": " Zoe\u0308 & Co. "}, "Zoë & Co. en UTC EUR 2"},
			{"what is already so", e.paula, input{"id": e.c, "name": "Zoë & Co.", "locale": "EN"}, "Zoë & Co. en UTC EUR 2"},
			{"nothing", e.paula, input{"id": e.c, "expectedVersion": 2}, "Zoë & Co. en UTC EUR 2"},
			{"null stays", e.paula, input{"id": e.c, "name": nil, "locale": nil, "timeZone": nil, "currency": nil, "expectedVersion": nil}, "Zoë & Co. en UTC EUR 2"},
			{"a place", e.paula, input{"id": e.c, "locale": "fr-ch", "timeZone": "Europe/Paris", "currency": "usd", "expectedVersion": 2}, "Zoë & Co. fr-CH Europe/Paris USD 3"},
			{"absent stays", e.paula, input{"id": e.c, "currency": "CHF"}, "Zoë & Co. fr-CH Europe/Paris CHF 4"},
			{"1.4 one's own", e.carl, input{"id": e.c, "name": "By itself"}, "By itself fr-CH Europe/Paris CHF 5"},
			{"1.4 SYSTEM", e.root, input{"id": e.c, "name": "By SYSTEM"}, "By SYSTEM fr-CH Europe/Paris CHF 6"},
			{"1.4 SYSTEM itself", e.root, input{"id": oid.SystemClient, "name": "The platform"}, "The platform en UTC EUR 2"},
		} {
			events := e.count("audit_events", "operation = 'clientUpdate'")
			before := e.column("clients", c.in["id"], "version")
			made := e.succeeds(c.token, "clientUpdate", c.in).Client
			got := strings.Join([]string{made.Name, show(made.Locale), show(made.TimeZone), show(made.Currency), show(made.Version)}, " ")
			if got != c.want {
				t.Errorf("%s: %s", c.rule, got)
			}
			changes := map[bool]int{true: 1}[before != e.column("clients", c.in["id"], "version")]
			if n := e.count("audit_events", "operation = 'clientUpdate'"); n != events+changes {
				t.Errorf("%s: %d events more", c.rule, n-events)
			}
			if folded := e.column("clients", c.in["id"], "name_key"); folded != fold.Key(made.Name) {
				t.Errorf("%s: found by %q", c.rule, folded)
			}
		}
	})
}

// domain 1.4, 1.5: who cannot change a client, and what no client is changed to. Nothing is written.
func TestClientUpdateRefusals(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		e.succeeds(e.paula, "clientUpdate", input{"id": e.c, "name": "Second version"})
		for rule, c := range map[string]struct {
			token string
			in    input
			want  []string
		}{
			"unknown":           {e.paula, input{"id": oid.New[oid.Client](), "name": "x"}, []string{"NOT_FOUND at input.id"}},
			"a stranger":        {e.paula, input{"id": e.s, "name": "x"}, []string{"NOT_FOUND at input.id"}},
			"one's manager":     {e.carl, input{"id": e.p, "name": "x"}, []string{"NOT_FOUND at input.id"}},
			"SYSTEM":            {e.paula, input{"id": oid.SystemClient, "name": "x"}, []string{"NOT_FOUND at input.id"}},
			"of another kind":   {e.paula, input{"id": e.app, "name": "x"}, []string{"INVALID at input.id"}},
			"no id":             {e.paula, input{"id": "", "name": "x"}, []string{"INVALID at input.id"}},
			"a code is no id":   {e.paula, input{"id": "CHILD", "name": "x"}, []string{"INVALID at input.id"}},
			"a stale version":   {e.paula, input{"id": e.c, "name": "x", "expectedVersion": 1}, []string{"CONFLICT at input.expectedVersion"}},
			"a version to come": {e.paula, input{"id": e.c, "name": "x", "expectedVersion": 3}, []string{"CONFLICT at input.expectedVersion"}},
			"an empty name":     {e.paula, input{"id": e.c, "name": " "}, []string{"INVALID at input.name"}},
			"empty texts": {e.paula, input{"id": e.c, "name": "", "locale": "", "timeZone": "", "currency": ""},
				[]string{"INVALID at input.name", "INVALID at input.locale", "INVALID at input.timeZone", "INVALID at input.currency"}},
			"unseen before the version is told": {e.stan, input{"id": e.c, "name": "x", "expectedVersion": 7}, []string{"NOT_FOUND at input.id"}},
		} {
			t.Run(rule, func(t *testing.T) {
				p := e.fails(t, c.token, "clientUpdate", c.in, c.want...)
				if current := p.Errors[0].CurrentVersion; (p.Errors[0].Code == "CONFLICT") != (current != nil && *current == 2) {
					t.Errorf("current version %v", current)
				}
			})
		}
		for _, name := range []string{"clientSuspend", "clientResume"} {
			for rule, c := range map[string]struct {
				token string
				in    input
				want  string
			}{
				"unknown":                  {e.paula, input{"id": oid.New[oid.Client]()}, "NOT_FOUND at input.id"},
				"a stranger":               {e.paula, input{"id": e.s}, "NOT_FOUND at input.id"},
				"one's manager":            {e.carl, input{"id": e.p}, "NOT_FOUND at input.id"},
				"SYSTEM, for a partner":    {e.paula, input{"id": oid.SystemClient}, "NOT_FOUND at input.id"},
				"of another kind":          {e.paula, input{"id": e.paulaID}, "INVALID at input.id"},
				"a stale version":          {e.paula, input{"id": e.c, "expectedVersion": 1}, "CONFLICT at input.expectedVersion"},
				"1.4 SYSTEM":               {e.root, input{"id": oid.SystemClient}, "NOT_ALLOWED at input.id"},
				"1.4 one's own":            {e.carl, input{"id": e.c}, "NOT_ALLOWED at input.id"},
				"refused before a version": {e.carl, input{"id": e.c, "expectedVersion": 7}, "NOT_ALLOWED at input.id"},
			} {
				t.Run(name+" "+rule, func(t *testing.T) { e.fails(t, c.token, name, c.in, c.want) })
			}
			e.refuses(t, e.paula, name, input{"id": e.c, "status": "ACTIVE"}, 400, "VALIDATION")
		}
		for _, in := range []any{input{}, input{"id": nil}, input{"id": e.c, "code": "NEW"}, input{"id": e.c, "isolated": true}, input{"id": e.c, "type": "INDIVIDUAL"}, input{"id": e.c, "status": "ACTIVE"}, nil} {
			e.refuses(t, e.paula, "clientUpdate", in, 400, "VALIDATION")
		}
		// a foreign client is answered as an unknown one, byte for byte
		for _, name := range []string{"clientUpdate", "clientSuspend", "clientResume", "clientDelete"} {
			answers := map[string]bool{}
			for _, id := range []oid.Client{e.s, oid.SystemClient, oid.New[oid.Client]()} {
				answers[string(e.raw(e.paula, name, input{"id": id, "expectedVersion": 1}).Body)] = true
			}
			if len(answers) != 1 {
				t.Errorf("%s: %v", name, answers)
			}
		}
	})
}

// domain 1.5: suspending a client bars the sign-ins and the sessions of it and everything below it, elsewhere within a
// second; resuming restores exactly the state before: what was suspended on its own stays so.
func TestClientSuspendAndResume(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		d := newDoors(t, h)
		e := d.estate
		deeper := h.Client(e.g, "DEEPER", false)
		_, dora := h.User(deeper, "dora")
		now := clock.Now()
		elsewhere := h.Node(func(o *hub.HTTP) { o.Clock = clock.At(func() time.Time { return now }) })
		sessions := map[string]string{"C's": e.carl, "G's": e.gina, "deeper": dora}
		una := input{"identifier": "una", "password": password, "clientCode": "PARTNER"}
		honoured := func(want ...string) {
			t.Helper()
			now = now.Add(time.Second) // what a node remembers is remembered for less
			fresh := h.Node()
			for whose, token := range sessions {
				is := strings.Contains(" "+strings.Join(want, " ")+" ", " "+whose+" ")
				if works(t, elsewhere, token) != is || works(t, fresh, token) != is {
					t.Errorf("%s session works: %t", whose, !is)
				}
			}
			if !works(t, elsewhere, e.paula) {
				t.Error("a session above the suspension ended")
			}
		}
		statuses := func(token string, want string) {
			t.Helper()
			var got []string
			for _, id := range []oid.Client{e.p, e.c, e.g, deeper} {
				var data struct {
					Client *struct{ Status, EffectiveStatus *string }
				}
				e.MustData(e.Do(token, `query($id: ID!) { client(id: $id) { status effectiveStatus } }`, hubtest.Variables{"id": id}), &data)
				got = append(got, show(data.Client.Status)[:1]+show(data.Client.EffectiveStatus)[:1])
			}
			if strings.Join(got, " ") != want {
				t.Errorf("own and effective status: %v, want %s", got, want)
			}
		}
		honoured("C's", "G's", "deeper")
		statuses(e.paula, "AA AA AA AA")

		if made := e.succeeds(e.paula, "clientSuspend", input{"id": e.g}).Client; show(made.Status) != "SUSPENDED" || show(made.Version) != "2" {
			t.Errorf("%v", made)
		}
		honoured("C's")
		statuses(e.paula, "AA AA SS AS")
		if made := e.succeeds(e.root, "clientSuspend", input{"id": e.c, "expectedVersion": 1}).Client; show(made.EffectiveStatus) != "SUSPENDED" {
			t.Errorf("%v", made)
		}
		honoured()
		statuses(e.paula, "AA SS SS AS")
		if made := e.succeeds(e.paula, "clientSuspend", input{"id": e.c}).Client; show(made.Version) != "2" {
			t.Errorf("suspended again, it has version %s", show(made.Version))
		}
		e.succeeds(e.paula, "clientResume", input{"id": e.c})
		honoured("C's")
		statuses(e.paula, "AA AA SS AS")
		e.succeeds(e.paula, "clientResume", input{"id": e.g, "expectedVersion": 2})
		honoured("C's", "G's", "deeper")
		statuses(e.paula, "AA AA AA AA")

		// sign-ins, and a partner as a whole
		e.succeeds("", "sessionCreate", una)
		e.succeeds(e.root, "clientSuspend", input{"id": e.p})
		if p := e.do("", "sessionCreate", una); p.Token != nil || len(p.Errors) != 1 || p.Errors[0].Code != "CREDENTIALS" {
			t.Errorf("signing in to a suspended client: %+v", p)
		}
		barred(t, h.Node(), "below a suspended partner", "Bearer "+e.gina)
		e.succeeds(e.root, "clientResume", input{"id": e.p})
		e.succeeds("", "sessionCreate", una)
		if n := e.count("audit_events", "operation IN ('clientSuspend', 'clientResume')"); n != 6 {
			t.Errorf("%d events of six changes", n)
		}
	})
}

// Attack, domain 1.4: SYSTEM is suspended by its own user, and an administrator suspends, or deletes, his own client. One
// rule stands against it.
func TestAttackSuspendingOneself(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		unguarded := newEstateOn(e, h.Node(func(o *hub.HTTP) {
			o.AlterRules = func(r *authz.Rules) {
				r.ChangesStatus = func(oid.Client, oid.Client) bool { return true }
				r.KeepsAdministrator = func(int, int, bool) bool { return true } // it too stops who deletes his own client
			}
		}))
		leaf := h.Client(e.p, "LEAF", false)
		h.Give(platformPackage, leaf, e.p)
		_, lea := h.User(leaf, "lea", ownerRole)
		for _, c := range []struct {
			what, token, mutation string
			client                oid.Client
			after                 string
		}{
			{"an administrator suspends his own client", e.carl, "clientSuspend", e.c, "SUSPENDED"},
			{"an administrator deletes his own client", lea, "clientDelete", leaf, ""},
			{"a SYSTEM user suspends SYSTEM", e.root, "clientSuspend", oid.SystemClient, "SUSPENDED"},
		} {
			e.fails(t, c.token, c.mutation, input{"id": c.client}, "NOT_ALLOWED at input.id")
			if p := unguarded.do(c.token, c.mutation, input{"id": c.client}); len(p.Errors) > 0 {
				t.Errorf("%s: refused without the rule too: %+v", c.what, p.Errors)
			}
			e.known.Store(nil)
			if c.after == "" {
				if e.count("clients", "id = ?", c.client) != 0 {
					t.Errorf("%s: it is still there", c.what)
				}
			} else if status := e.column("clients", c.client, "status"); status != c.after {
				t.Errorf("%s: it is %s", c.what, status)
			}
		}
	})
}
