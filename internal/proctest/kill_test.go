package proctest

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/appanage/appanage/ent/auditevent"
	"github.com/appanage/appanage/internal/store"
)

// writes is how many properties are set, over all rounds; parallel how many writers set them.
const (
	writes   = 1000
	parallel = 3
)

// shops is how many applications the properties are spread over: one takes 500.
const shops = 8

const setProperty = `mutation($input: ApplicationPropertiesSetInput!) {
	applicationPropertiesSet(input: $input) { properties { name } errors { code message } } }`

// kill -9 loses nothing that was acknowledged, and no write is half there: with each property stands its audit event.
func TestKillLosesNothing(t *testing.T) {
	engines(t, func(t *testing.T, _ store.Engine, c call) {
		c = c.with("ADMIN_USER", "root").with("ADMIN_PASSWORD", password).with("RATE_SESSION", "0").with("RATE_ADDRESS", "0")
		p := c.serve(t)
		w := &writers{token: signIn(t, p, "root", password), acknowledged: map[string]string{}}
		for range shops {
			w.applications = append(w.applications, createApplication(t, p, w.token))
		}
		rounds := 0
		for ; w.count() < writes && !t.Failed(); rounds++ {
			w.until(t, p, w.count()+20+rand.IntN(writes/5))
			p = c.serve(t)
		}
		t.Logf("%d writes acknowledged in %d rounds", w.count(), rounds)
		checkWrites(t, c, w.acknowledged)
		if name := viewer(t, p, w.token); name != "root" {
			t.Errorf("the session is gone: the viewer is %q", name)
		}
	})
}

func createApplication(t *testing.T, p *process, token string) string {
	t.Helper()
	d := data[struct {
		ApplicationCreate struct{ Application struct{ ID string } }
	}](t, p, token, `mutation { applicationCreate(input: {name: "Shop"}) { application { id } errors { message } } }`, nil)
	return d.ApplicationCreate.Application.ID
}

// writers set properties, each name once, and note what was acknowledged.
type writers struct {
	token        string
	applications []string

	mu           sync.Mutex
	next         int
	acknowledged map[string]string // name → value
}

func (w *writers) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.acknowledged)
}

// until has the writers write, and kills the server at a random moment once so many writes are acknowledged.
func (w *writers) until(t *testing.T, p *process, count int) {
	t.Helper()
	var running sync.WaitGroup
	for range parallel {
		running.Go(func() { w.write(t, p.address) })
	}
	for end := time.Now().Add(patience); w.count() < count; time.Sleep(time.Millisecond) {
		if p.isOver() || time.Now().After(end) {
			t.Errorf("%d writes, want %d:\n%s", w.count(), count, p.output)
			break
		}
	}
	time.Sleep(time.Duration(rand.IntN(5000)) * time.Microsecond)
	p.kill()
	running.Wait()
}

// write sets properties one after the other, until the server is gone.
func (w *writers) write(t *testing.T, address string) {
	for {
		w.mu.Lock()
		name, application := fmt.Sprintf("SETTING_%d", w.next), w.applications[w.next%shops]
		w.next++
		w.mu.Unlock()
		value := fmt.Sprintf("Wert „%x“ 🌍", rand.Uint64())
		a, err := ask(context.Background(), address, w.token, setProperty, map[string]any{"input": map[string]any{
			"applicationId": application, "properties": []any{map[string]any{"name": name, "value": value}},
		}})
		if err != nil {
			return // killed: what became of this write nobody has been told
		}
		if want := fmt.Sprintf(`{"applicationPropertiesSet":{"properties":[{"name":%q}],"errors":[]}}`, name); string(a.Data) != want {
			t.Errorf("the answer is %s %v", a.Data, a.Errors)
			return
		}
		w.mu.Lock()
		w.acknowledged[name] = value
		w.mu.Unlock()
	}
}

// checkWrites looks into the database: everything acknowledged is there; properties and events match one to one.
func checkWrites(t *testing.T, c call, acknowledged map[string]string) {
	t.Helper()
	ctx, db := look(t, c)
	stored, err := db.Ent().ApplicationProperty.Query().All(ctx)
	if err != nil {
		t.Fatal(err)
	}
	events, err := db.Ent().AuditEvent.Query().Where(auditevent.Operation("applicationPropertiesSet")).All(ctx)
	if err != nil {
		t.Fatal(err)
	}
	traces := map[string][]string{} // values by id
	for _, e := range events {
		var after struct{ Value string }
		if e.After == nil || json.Unmarshal([]byte(*e.After), &after) != nil {
			t.Fatalf("the event %s says nothing", e.ID)
		}
		traces[e.ObjectID] = append(traces[e.ObjectID], after.Value)
	}
	values := map[string]string{}
	for _, p := range stored {
		values[p.Name] = p.Value
		if trace := traces[string(p.ID)]; len(trace) != 1 || trace[0] != p.Value {
			t.Errorf("%s = %q has the events %q", p.Name, p.Value, trace)
		}
	}
	if len(events) != len(stored) {
		t.Errorf("%d events of %d properties", len(events), len(stored))
	}
	for name, value := range acknowledged {
		if values[name] != value {
			t.Errorf("%s is %q, acknowledged was %q", name, values[name], value)
		}
	}
	t.Logf("%d properties are stored, %d of them never acknowledged", len(stored), len(stored)-len(acknowledged))
}
