package proctest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit/soak"
)

// kills is how often the server is killed: 50 times in a soak.
func kills() int { return soak.Count(5, 50) }

// domain 16.2: whatever dies in between, a request with a key that is repeated until it is answered has one effect.
func TestKillBetweenRepeats(t *testing.T) {
	engines(t, func(t *testing.T, _ store.Engine, c call) {
		c = c.with("ADMIN_USER", "root").with("ADMIN_PASSWORD", password).with("RATE_SESSION", "0").with("RATE_ADDRESS", "0")
		p := c.serve(t)
		k := &keyed{token: signIn(t, p, "root", password)}
		for range kills() {
			k.until(t, p)
			p = c.serve(t)
		}
		k.finish(t, p)
		t.Logf("%d keys acknowledged, %d of them after the server was killed in between", k.acknowledged.Load(), k.repeated.Load())
		if k.repeated.Load() == 0 {
			t.Error("nothing was ever repeated")
		}
		ctx, db := look(t, c)
		made, err := db.Ent().Application.Query().Where(application.NameHasPrefix("Keyed ")).All(ctx)
		if err != nil {
			t.Fatal(err)
		}
		names := map[string]int{}
		for _, a := range made {
			names[a.Name]++
		}
		if len(made) != len(names) || int64(len(made)) != k.acknowledged.Load() {
			t.Errorf("%d applications of %d names; %d keys acknowledged", len(made), len(names), k.acknowledged.Load())
		}
	})
}

// keyed makes applications, each with a key, and repeats what was not answered.
type keyed struct {
	token                  string
	next                   atomic.Int64
	acknowledged, repeated atomic.Int64

	mu   sync.Mutex
	open []int64 // without an answer so far
}

// until has writers write for a while, and kills the server.
func (k *keyed) until(t *testing.T, p *process) {
	t.Helper()
	var running sync.WaitGroup
	for range parallel {
		running.Go(func() {
			for n, again := k.take(); k.send(t, p.address, n, again); n, again = k.take() {
				continue
			}
		})
	}
	time.Sleep(time.Duration(30+rand.IntN(120)) * time.Millisecond)
	p.kill()
	running.Wait()
}

// take gives a key that is still open, or a new one.
func (k *keyed) take() (n int64, again bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if last := len(k.open) - 1; last >= 0 {
		n, k.open = k.open[last], k.open[:last]
		return n, true
	}
	return k.next.Add(1), false
}

// send asks for an application, and notes whether that was answered.
func (k *keyed) send(t *testing.T, address string, n int64, again bool) bool {
	a, err := askOnce(context.Background(), address, k.token, fmt.Sprint("key-", n),
		`mutation($i: ApplicationCreateInput!) { applicationCreate(input: $i) { application { name } errors { code message } } }`,
		map[string]any{"i": map[string]any{"name": fmt.Sprint("Keyed ", n)}})
	if err != nil {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.open = append(k.open, n)
		return false
	}
	if want := fmt.Sprintf(`{"name":"Keyed %d"}`, n); !strings.Contains(string(a.Data), want) {
		t.Errorf("key %d is answered %s %v", n, a.Data, a.Errors)
		return false
	}
	k.acknowledged.Add(1)
	if again {
		k.repeated.Add(1)
	}
	return true
}

// finish repeats everything that is open.
func (k *keyed) finish(t *testing.T, p *process) {
	t.Helper()
	for len(k.open) > 0 {
		n, _ := k.take()
		if !k.send(t, p.address, n, true) {
			t.Fatalf("key %d is not answered:\n%s", n, p.output)
		}
	}
}
