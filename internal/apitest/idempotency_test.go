package apitest

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/ent/idempotencykey"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/idempotency"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

const createOnce = `mutation($input: ApplicationCreateInput!) {
	applicationCreate(input: $input) { application { id code name } errors { code message path } } }`

func named(name string) hubtest.Variables {
	return hubtest.Variables{"input": map[string]any{"name": name}}
}

// applications counts those of a name.
func (e *estate) applications(name string) int {
	e.t.Helper()
	n, err := e.Ent().Application.Query().Where(application.Name(name)).Count(e.System())
	e.Must(err)
	return n
}

// domain 16.2: a repeat has no second effect, and reads the result.
func TestAKeyGivesOneEffect(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		first := h.DoOnce(e.paula, "key-1", createOnce, named("Once"))
		if len(first.Errors) > 0 || !bytes.Contains(first.Body, []byte(`"name":"Once"`)) {
			t.Fatalf("%s", first.Body)
		}
		for range 3 {
			if again := h.DoOnce(e.paula, "key-1", createOnce, named("Once")); !bytes.Equal(first.Body, again.Body) {
				t.Errorf("the repeat answers %s, the first %s", again.Body, first.Body)
			}
		}
		if n := e.applications("Once"); n != 1 {
			t.Errorf("%d applications were made", n)
		}
		key := h.Ent().IdempotencyKey.Query().OnlyX(h.System())
		if !strings.Contains(string(first.Body), key.ObjectID) || key.ObjectVersion != 1 {
			t.Errorf("the note refers to %q, version %d", key.ObjectID, key.ObjectVersion)
		}
		if err := h.Ent().Application.UpdateOneID(oid.Application(key.ObjectID)).SetName("Renamed since").Exec(h.System()); err != nil {
			t.Fatal(err)
		}
		if again := h.DoOnce(e.paula, "key-1", createOnce, named("Once")); !bytes.Contains(again.Body, []byte("Renamed since")) {
			t.Errorf("the repeat does not read the result: %s", again.Body)
		}
	})
}

// domain 16.2: what a key is bound to, and what is kept of it.
func TestWhatAKeyIsBoundTo(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		code := func(a hubtest.Answer) string {
			if len(a.Errors) == 0 {
				return ""
			}
			return a.Errors[0].Code()
		}
		h.DoOnce(e.paula, "key", createOnce, named("Bound"))
		for what, c := range map[string]struct {
			answer hubtest.Answer
			want   string
		}{
			"another input":                {h.DoOnce(e.paula, "key", createOnce, named("Other")), "KEY_REUSED"},
			"another selection":            {h.DoOnce(e.paula, "key", strings.Replace(createOnce, "id code", "id", 1), named("Bound")), "KEY_REUSED"},
			"another caller":               {h.DoOnce(e.stan, "key", createOnce, named("Bound")), ""},
			"another operation":            {h.DoOnce(e.paula, "key", `mutation { sessionDelete(input: {id: "ses_01JD3Q4Z5V6W7X8Y9ZABCDEFGH"}) { errors { code } } }`, nil), ""},
			"two mutations":                {h.DoOnce(e.paula, "k2", `mutation { a: applicationCreate(input: {name: "Two"}) { errors { code } } b: applicationCreate(input: {name: "Two"}) { errors { code } } }`, nil), "INVALID"},
			"a space":                      {h.DoOnce(e.paula, "k 2", createOnce, named("Two")), "INVALID"},
			"256 characters":               {h.DoOnce(e.paula, strings.Repeat("k", 256), createOnce, named("Two")), "INVALID"},
			"nobody's short key":           {h.DoOnce("", "k2", `mutation { sessionCreate(input: {identifier: "x", password: "y"}) { errors { code } } }`, nil), "INVALID"},
			"a query, where it is nothing": {h.DoOnce(e.paula, "key", `{ viewer { user { name } } }`, nil), ""},
		} {
			if got := code(c.answer); got != c.want {
				t.Errorf("%s: %q, want %q: %s", what, got, c.want, c.answer.Body)
			}
		}
		if bound, two := e.applications("Bound"), e.applications("Two")+e.applications("Other"); bound != 2 || two != 0 {
			t.Errorf("%d of both callers, %d of what was refused", bound, two)
		}
	})
}

// domain 16.2: only successes are kept, a repeat passes the authority check anew, and after seven days a key is forgotten.
func TestKeysAreKeptForSuccesses(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		taken := hubtest.Variables{"input": map[string]any{"name": "Wanted", "code": "wanted"}}
		h.Do(e.stan, createOnce, taken)
		for range 2 {
			if a := h.DoOnce(e.paula, "failing", createOnce, taken); !bytes.Contains(a.Body, []byte("TAKEN")) {
				t.Fatalf("%s", a.Body)
			}
		}
		if n := h.Ent().IdempotencyKey.Query().CountX(h.System()); n != 0 {
			t.Fatalf("%d failures are kept", n)
		}
		h.DoOnce(e.carl, "k", createOnce, named("Before"))
		h.Ent().PackageGift.Delete().ExecX(h.System()) // and with it Application_CREATE
		if a := h.Node().DoOnce(e.carl, "k", createOnce, named("Before")); len(a.Errors) != 1 || a.Errors[0].Code() != "FORBIDDEN" {
			t.Errorf("a repeat without the authority: %s", a.Body)
		}
		once := idempotency.New(h.DB, nil)
		h.Must(once.Forget(h.System()))
		if n := h.Ent().IdempotencyKey.Query().CountX(h.System()); n != 1 {
			t.Errorf("%d are kept", n)
		}
		long := clock.Now().Add(-idempotency.Kept - 1)
		_, err := h.DB.Exec(h.System(), "UPDATE "+idempotencykey.Table+" SET created_at = ?", long)
		h.Must(err)
		h.Must(once.Forget(h.System()))
		if n := h.Ent().IdempotencyKey.Query().CountX(h.System()); n != 0 {
			t.Errorf("%d are kept after seven days", n)
		}
	})
}

// The same key 100 times at once on two servers: one effect, 100 equal answers (domain 16.2).
func TestAKeyAHundredTimesAtOnce(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		nodes := []*hubtest.Hub{h, h.Node()}
		for round := range 3 {
			var all sync.WaitGroup
			var answers [100]hubtest.Answer
			name := fmt.Sprint("At once ", round)
			for i := range answers {
				all.Go(func() { answers[i] = nodes[i%2].DoOnce(e.paula, name[:2]+fmt.Sprint(round), createOnce, named(name)) })
			}
			all.Wait()
			for _, a := range answers {
				if !bytes.Equal(a.Body, answers[0].Body) || len(a.Errors) > 0 || bytes.Contains(a.Body, []byte(`"code":"TAKEN"`)) {
					t.Fatalf("%s beside %s", a.Body, answers[0].Body)
				}
			}
			if n := e.applications(name); n != 1 {
				t.Errorf("%d applications were made", n)
			}
		}
	})
}
