package httpapi

import (
	"net/netip"
	"strconv"
	"testing"
	"time"

	"golang.org/x/time/rate"
)

func TestThrottling(t *testing.T) {
	toy := newToy()
	options := toyOptions(toy)
	options.Rates = Rates{Address: Rate{PerSecond: .1, Burst: 3}, Session: Rate{PerSecond: .2, Burst: 2}}
	handler := New(options)
	from := func(address, token string) answered {
		c := post("mutation { touch }")
		c.from, c.token, c.accept = address, token, string(mediaResponse)
		return c.to(handler)
	}
	refused := func(got answered, longest int) {
		t.Helper()
		seconds, err := strconv.Atoi(got.header.Get("Retry-After"))
		if got.status != 429 || got.code(t) != "THROTTLED" || err != nil || seconds < 1 || seconds > longest {
			t.Errorf("got %d, Retry-After %q: %s", got.status, got.header.Get("Retry-After"), got.body)
		}
	}

	for range 3 {
		if got := from("192.0.2.1:1", ""); got.status != 200 {
			t.Fatalf("within the burst: %d %s", got.status, got.body)
		}
	}
	refused(from("192.0.2.1:2", ""), 10)
	refused(from("192.0.2.1:2", "stale"), 10) // before anybody looks at the token
	if toy.touched != 3 {
		t.Errorf("touched %d times", toy.touched)
	}

	for i := range 2 {
		if got := from("192.0.2.1"+strconv.Itoa(i)+":1", "reader"); got.status != 200 {
			t.Fatalf("another address: %d %s", got.status, got.body)
		}
	}
	refused(from("192.0.2.20:1", "reader"), 5) // the session, wherever it calls from
	if got := from("192.0.2.20:1", "other"); got.status != 200 {
		t.Errorf("another session: %d %s", got.status, got.body)
	}
}

func TestThrottleRecovers(t *testing.T) {
	throttle := newThrottle[string](Rate{PerSecond: 2, Burst: 1})
	now := time.Now()
	if wait := throttle.wait("a", now); wait != 0 {
		t.Errorf("first: %v", wait)
	}
	for range 3 { // those refused do not push the time back
		if wait := throttle.wait("a", now); wait != 500*time.Millisecond {
			t.Errorf("second: %v", wait)
		}
	}
	if wait := throttle.wait("a", now.Add(500*time.Millisecond)); wait != 0 {
		t.Errorf("later: %v", wait)
	}
}

func TestThrottleExtremes(t *testing.T) {
	if wait := newThrottle[string](Rate{PerSecond: rate.Inf}).wait("a", time.Now()); wait != 0 {
		t.Errorf("no bound: %v", wait)
	}
	if wait := newThrottle[string](Rate{PerSecond: 5}).wait("a", time.Now()); wait <= 0 {
		t.Error("a burst of zero lets calls through")
	}
}

func TestThrottleIsBounded(t *testing.T) {
	throttle := newThrottle[int](DefaultRates().Address)
	for i := range throttleKeys + 100 {
		throttle.wait(i, time.Now())
	}
	if n := throttle.keys.Len(); n != throttleKeys {
		t.Errorf("%d keys", n)
	}
}

func TestNetwork(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::",
	} {
		if got := network(netip.MustParseAddr(address)); got.String() != want {
			t.Errorf("%s: got %s", address, got)
		}
	}
}
