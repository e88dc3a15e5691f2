package apitest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

const mistaken = "a mistaken password"

// gate is a door with a clock, behind a proxy that tells where people come from.
type gate struct {
	*doors
	node *hubtest.Hub
	now  time.Time
}

func newGate(t testing.TB, h *hubtest.Hub) *gate {
	t.Helper()
	g := &gate{doors: newDoors(t, h), now: clock.Now()}
	g.node = h.Node(func(o *hub.HTTP) {
		o.Clock = clock.At(func() time.Time { return g.now })
		o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} // httptest's
	})
	return g
}

// try signs in from an address, and gives the answer, and whether there is a token in it.
func (g *gate) try(address, identifier, password string) (body []byte, in bool) {
	g.t.Helper()
	raw, err := json.Marshal(map[string]any{
		"query": mutation("sessionCreate"), "variables": map[string]any{"input": input{"identifier": identifier, "password": password, "clientCode": "PARTNER"}},
	})
	g.Must(err)
	r := httptest.NewRequestWithContext(g.t.Context(), http.MethodPost, "/graphql", bytes.NewReader(raw))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Forwarded-For", address)
	w := httptest.NewRecorder()
	g.node.Handler.ServeHTTP(w, r)
	return w.Body.Bytes(), strings.Contains(w.Body.String(), `"token":"apn_`)
}

// domain 2.4: after 10 failures a pair of account and address is locked, for 15 minutes: also for the right password, which
// is answered as a wrong one. An unknown identifier locks alike.
func TestLockout(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		g := newGate(t, h)
		refused, _ := g.try("203.0.113.1", "nobody at all", mistaken)
		for _, who := range []string{"una", "unknown"} {
			for i := range 10 {
				if body, _ := g.try("203.0.113.7", who, mistaken); !bytes.Equal(body, refused) {
					t.Errorf("%s, the failure %d: %s", who, i, body)
				}
			}
			if body, _ := g.try("203.0.113.7", who, password); !bytes.Equal(body, refused) {
				t.Errorf("%s, locked: %s", who, body)
			}
			if n := g.count("attempts", "1 = 1"); n != 11 { // and the one of nobody
				t.Errorf("%s: %d failures are counted", who, n)
			}
			g.exec("DELETE FROM attempts WHERE address = (SELECT address FROM (SELECT address FROM attempts GROUP BY address HAVING COUNT(*) = 10) AS x)")
		}
		for range 10 {
			g.try("203.0.113.7", "una", mistaken)
		}
		if _, in := g.try("203.0.113.8", "una", password); !in {
			t.Error("the account is locked at another address too")
		}
		if _, in := g.try("203.0.113.7", "zoë", password); !in {
			t.Error("another account is locked at the address too")
		}
		start := g.now
		for _, c := range []struct {
			after time.Duration
			in    bool
		}{{5 * time.Minute, false}, {15*time.Minute - time.Second, false}, {15 * time.Minute, true}, {15*time.Minute + time.Second, true}} {
			g.now = start.Add(c.after)
			if _, in := g.try("203.0.113.7", "una", password); in != c.in {
				t.Errorf("after %v he comes in: %t", c.after, in)
			}
		}
	})
}

// domain 2.1, 2.4: one counter for all of a user's identifiers, in whatever form; a success begins anew.
func TestNamesDoNotEscapeTheLock(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		g := newGate(t, h)
		for account, names := range map[string][]string{
			"una": {
				"una", "UNA", " Una ", "\u00a0uNa", "una.ünal@example.org", "UNA.u\u0308NAL@EXAMPLE.org ", "+41441234567", "+41 (44) 123-45-67", "41441234567", "\u2003una",
			},
			"zoë":     {"zoë", "zoe\u0308", "ZOË", "ZOE\u0308", " zoë", "zoë ", "Zoë", "zOe\u0308", "\tzoë", "zoë\n"},
			"unknown": {"unknown", "UNKNOWN", " unknown", "unknown ", "Unknown", "unKnown", "\u00a0unknown", "uNknown", "un\u212anown", "\u2003unknown"},
		} {
			g.exec("DELETE FROM attempts")
			for _, name := range names {
				g.try("203.0.113.7", name, mistaken)
			}
			accounts := query(t, h, "SELECT DISTINCT account AS a FROM attempts")
			if len(accounts) != 1 || g.count("attempts", "1 = 1") != 10 {
				t.Errorf("%s has %d accounts", account, len(accounts))
			}
			for _, name := range names {
				if _, in := g.try("203.0.113.7", name, password); in {
					t.Errorf("%q escapes the lock of %s", name, account)
				}
			}
		}
		g.exec("DELETE FROM attempts")
		for round := range 3 {
			for i := range 9 {
				g.try("203.0.113.7", []string{"una", "una.ünal@example.org", "+41441234567"}[i%3], mistaken)
			}
			if _, in := g.try("203.0.113.7", "UNA", password); !in || g.count("attempts", "1 = 1") != 0 {
				t.Errorf("round %d: %t", round, in)
			}
		}
	})
}

// domain 2.4: an account locks after 50 failures from wherever; an IPv6 address is that of its network.
func TestAccountsLockEverywhere(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		g := newGate(t, h)
		for i := range 10 {
			g.try(fmt.Sprintf("2001:db8:1:2::%x", i), "una", mistaken)
		}
		if _, in := g.try("2001:db8:1:2:ffff::1", "una", password); in {
			t.Error("another address of the network escapes the lock")
		}
		if _, in := g.try("2001:db8:1:3::1", "una", password); !in {
			t.Error("the network beside it is locked")
		}
		for i := range 40 {
			g.try(fmt.Sprintf("203.0.113.%d", i), "una", mistaken)
		}
		if _, in := g.try("198.51.100.1", "una", password); in {
			t.Error("after 50 failures the account is not locked")
		}
		if _, in := g.try("198.51.100.1", "zoë", password); !in {
			t.Error("another account is locked")
		}
	})
}

// domain 2.4: the old password, too, is tried with a count, and the same one.
func TestOwnPasswordLocks(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		d := newDoors(t, h)
		in := input{"identifier": "una", "password": password, "clientCode": "PARTNER"}
		token := *d.succeeds("", "sessionCreate", in).Token
		wrong := d.raw(token, "viewerPasswordSet", input{"oldPassword": mistaken, "newPassword": another})
		for range 9 {
			d.raw(token, "viewerPasswordSet", input{"oldPassword": mistaken, "newPassword": another})
		}
		if locked := d.raw(token, "viewerPasswordSet", input{"oldPassword": password, "newPassword": another}); !bytes.Equal(wrong.Body, locked.Body) || !strings.Contains(string(locked.Body), "CREDENTIALS") {
			t.Errorf("a lock answers %s\na wrong password %s", locked.Body, wrong.Body)
		}
		if p := d.do("", "sessionCreate", in); p.Token != nil {
			t.Error("the sign-in is not locked")
		}
	})
}

// A thousand sign-ins as aliases of one request are refused as a whole; as many as are allowed count each.
func TestAliasesCountEach(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		d := newDoors(t, h)
		guesses := func(n int, last string) string {
			return "mutation { " + repeat(n, `a%d: sessionCreate(input: {identifier: "una", password: "`+mistaken+`", clientCode: "PARTNER"}) { token } `) +
				`last: sessionCreate(input: {identifier: "una", password: "` + last + `", clientCode: "PARTNER"}) { token } }`
		}
		if a := h.Do("", guesses(1000, password), nil); a.Data != nil || len(a.Errors) == 0 || a.Errors[0].Code() != "TOO_LARGE" || d.count("attempts", "1 = 1") != 0 {
			t.Errorf("%d %s", a.Status, a.Body)
		}
		if a := h.Do("", guesses(29, password), nil); strings.Contains(string(a.Body), "apn_") || d.count("attempts", "1 = 1") != 10 {
			t.Errorf("%d %s", a.Status, a.Body)
		}
	})
}

// domain 2.4: a storm of sign-ins on two nodes tries no more passwords than one after the other would; and who comes with
// the right one meanwhile, from elsewhere, comes in.
func TestAStormOfSignIns(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		g := newGate(t, h)
		guess := hubtest.Variables{"input": input{"identifier": "una", "password": mistaken, "clientCode": "PARTNER"}}
		nodes := []*hubtest.Hub{h, h.Node()}
		var storm sync.WaitGroup
		for i := range 60 {
			storm.Go(func() { nodes[i%2].Do("", mutation("sessionCreate"), guess) })
		}
		if _, in := g.try("203.0.113.7", "una", password); !in {
			t.Error("he does not come in from elsewhere")
		}
		storm.Wait()
		n := g.count("attempts", "1 = 1")
		for range 12 {
			h.Do("", mutation("sessionCreate"), guess)
		}
		if after := g.count("attempts", "1 = 1"); n > 10 || after != 10 {
			t.Errorf("%d failures in the storm, %d after it", n, after)
		}
	})
}

// domain 2.4: every refusal does the same work: the same statements, the same password's hash.
func TestRefusalsDoTheSameWork(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		d := newDoors(t, h)
		statements := func(in input) int {
			ctx, counter := store.WithCounter(t.Context())
			if a := h.DoContext(ctx, "", mutation("sessionCreate"), hubtest.Variables{"input": in}); !strings.Contains(string(a.Body), "CREDENTIALS") {
				t.Errorf("%v: %s", in, a.Body)
			}
			return counter.Statements()
		}
		at := input{"identifier": "una", "password": password, "clientCode": "PARTNER"}
		want := statements(input{"identifier": "una", "password": mistaken, "clientCode": "PARTNER"})
		atURL := statements(input{"identifier": "una", "password": mistaken, "url": "https://shop.example"})
		for _, c := range refusals {
			d.exec("DELETE FROM attempts")
			in := input{}
			for _, m := range []input{at, c.changes} {
				for k, v := range m {
					in[k] = v
				}
			}
			wrong := want
			if url, ok := in["url"].(string); ok && strings.HasPrefix(url, "https://") {
				wrong = atURL // what is in force is looked for by the origin, and by the name below a suffix
			}
			if n := statements(in); n != wrong || n < 8 {
				t.Errorf("%s: %d statements, a wrong password takes %d", c.rule, n, wrong)
			}
		}
		for _, who := range []string{"una", "unknown"} {
			d.exec("DELETE FROM attempts")
			in := input{"identifier": who, "password": mistaken, "clientCode": "PARTNER"}
			for range 10 {
				statements(in)
			}
			in["password"] = password
			if n := statements(in); n != want {
				t.Errorf("%s, locked: %d statements, not %d", who, n, want)
			}
		}
	})
}

// domain 2.4: a wrong password and an unknown user take the same time: medians of 200 attempts each, by turns, of which the first is
// drawn by lot: what the collector does at every second hash would always fall on the same one. It may be disturbed four times.
func TestRefusalsTakeTheSameTime(t *testing.T) {
	h := hubtest.Start(t, testkit.DB(t, store.SQLite, store.Options{Install: authority.Install}))
	d := newDoors(t, h)
	var medians [2]time.Duration
	for range 5 {
		var took [2][]time.Duration
		for turn := range 200 {
			for _, who := range rand.Perm(2) {
				in := hubtest.Variables{"input": input{"identifier": []string{"una", "unknown"}[who], "password": mistaken, "clientCode": "PARTNER"}}
				start := time.Now()
				h.Do("", mutation("sessionCreate"), in)
				took[who] = append(took[who], time.Since(start))
			}
			if turn%5 == 4 {
				d.exec("DELETE FROM attempts")
			}
		}
		for i := range took {
			slices.Sort(took[i])
			medians[i] = took[i][len(took[i])/2]
		}
		if apart := (medians[0] - medians[1]).Abs(); apart*10 <= min(medians[0], medians[1]) {
			t.Logf("a wrong password takes %v, an unknown user %v", medians[0], medians[1])
			return
		}
	}
	t.Errorf("a wrong password takes %v, an unknown user %v", medians[0], medians[1])
}
