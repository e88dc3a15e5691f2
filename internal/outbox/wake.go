package outbox

import (
	"sync"

	"github.com/appanage/appanage/internal/store"
)

// listeners are the workers of this process that run, by their database. A signal that one has not taken yet is as good
// as two.
var listeners = struct {
	sync.Mutex
	of map[*store.DB][]chan struct{}
}{of: map[*store.DB][]chan struct{}{}}

// listen gives a channel that tells of new events, until forget is called.
func listen(db *store.DB) (heard <-chan struct{}, forget func()) {
	c := make(chan struct{}, 1)
	listeners.Lock()
	defer listeners.Unlock()
	listeners.of[db] = append(listeners.of[db], c)
	return c, func() {
		listeners.Lock()
		defer listeners.Unlock()
		rest := listeners.of[db][:0:0]
		for _, other := range listeners.of[db] {
			if other != c {
				rest = append(rest, other)
			}
		}
		if listeners.of[db] = rest; len(rest) == 0 {
			delete(listeners.of, db)
		}
	}
}

// wake tells all listeners of a database. It waits for none.
func wake(db *store.DB) {
	listeners.Lock()
	defer listeners.Unlock()
	for _, c := range listeners.of[db] {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}
