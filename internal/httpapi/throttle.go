package httpapi

import (
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"github.com/appanage/appanage/internal/apperr"
)

// throttle bounds how often each key may call. It remembers the keys seen last and no others: a key that was
// forgotten begins afresh, which takes a flood of other keys. (A cache that decides by frequency would forget new
// keys at once, and so never throttle them.)
type throttle[K comparable] struct {
	rate Rate
	keys *lru.Cache[K, *rate.Limiter]
}

// throttleKeys is how many keys are remembered: some 3 MB.
const throttleKeys = 16_384

func newThrottle[K comparable](r Rate) *throttle[K] {
	keys, err := lru.New[K, *rate.Limiter](throttleKeys)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &throttle[K]{rate: r, keys: keys}
}

// wait takes one call from the key's allowance, or tells how long the key must wait for the next.
func (t *throttle[K]) wait(key K, now time.Time) time.Duration {
	limiter, ok := t.keys.Get(key)
	if !ok {
		limiter = rate.NewLimiter(t.rate.PerSecond, t.rate.Burst)
		if earlier, present, _ := t.keys.PeekOrAdd(key, limiter); present {
			limiter = earlier
		}
	}
	reservation := limiter.ReserveN(now, 1)
	if !reservation.OK() { // a burst of zero lets nothing through, ever
		return time.Minute
	}
	delay := reservation.DelayFrom(now)
	if delay > 0 {
		reservation.CancelAt(now)
	}
	return delay
}

// throttled is the refusal of a caller who must wait.
func throttled(w http.ResponseWriter, limit string, wait time.Duration) *failure {
	seconds := int(math.Ceil(wait.Seconds()))
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	err := apperr.New(apperr.Throttled, "too many requests; try again in %d s", seconds)
	return &failure{status: http.StatusTooManyRequests, err: err, limit: limit}
}

// network is what counts as one caller: an IPv6 subscriber has a whole /64 to choose addresses from.
func network(address netip.Addr) netip.Addr {
	if !address.Is6() {
		return address
	}
	prefix, err := address.Prefix(64)
	if err != nil {
		return address
	}
	return prefix.Addr()
}
