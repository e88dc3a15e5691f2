// Package clock is the one source of time: UTC, in the microseconds that both databases keep (domain 16.4).
package clock

import "time"

// Clock tells the time. The zero value is the machine's clock; tests freeze it with At.
type Clock struct{ now func() time.Time }

// Now is the present time in UTC, truncated to microseconds: what is written is what is read back.
func (c Clock) Now() time.Time {
	if c.now == nil {
		return Now()
	}
	return Truncate(c.now())
}

// At is a clock that asks now for the time.
func At(now func() time.Time) Clock { return Clock{now: now} }

// Now is the machine's time as Clock.Now gives it.
func Now() time.Time { return Truncate(time.Now()) }

// Truncate brings any time to the stored form.
func Truncate(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
