package identity

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/reqinfo"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit"
)

// domain 2.4: so many failures in 15 minutes lock for 15 minutes from the last of them.
func TestLocks(t *testing.T) {
	now := clock.Now()
	ago := func(minutes ...float64) []*ent.Attempt {
		rows := make([]*ent.Attempt, len(minutes))
		for i, m := range minutes {
			rows[i] = &ent.Attempt{At: now.Add(-time.Duration(m * float64(time.Minute)))}
		}
		return rows
	}
	for name, c := range map[string]struct {
		failures []*ent.Attempt
		want     bool
	}{
		"none":                        {nil, false},
		"too few":                     {ago(1, 2), false},
		"just now":                    {ago(0, 0, 0), true},
		"on a clock that is ahead":    {ago(-1, 0, 1), true},
		"within the time":             {ago(1, 5, 15.9), true},
		"spread over more":            {ago(1, 5, 16), false},
		"the last not long ago":       {ago(14.99, 15, 29), true},
		"the last too long ago":       {ago(15, 15, 15), false},
		"an old lock, then one again": {ago(0, 15, 16), false},
		"a lock, and a try under way": {ago(0, 6, 12, 20), true},
		"too few at a time":           {ago(1, 14, 16, 30), false},
	} {
		if got := locks(c.failures, 3, now); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// A pair that is tried more often at once than is let through of it bars no other.
func TestAPairCountsForTen(t *testing.T) {
	now := clock.Now()
	var storm []*ent.Attempt
	for i := range 200 {
		storm = append(storm, &ent.Attempt{Account: "account", Address: "a", At: now.Add(-time.Duration(i) * time.Second)})
	}
	if locks(storm, mostOfAccount, now) {
		t.Error("one address locks an account")
	}
	for i := range 4 * mostOfPair {
		storm = append(storm, &ent.Attempt{Account: "account", Address: fmt.Sprint(i % 4), At: now.Add(-10 * time.Minute)})
	}
	if !locks(storm, mostOfAccount, now) {
		t.Error("five addresses do not")
	}
	if locks(storm[1:], mostOfAccount, now.Add(15*time.Minute)) || locks(storm[200:], mostOfAccount, now) {
		t.Error("it is locked too long, or by too few")
	}
}

// nodes are two servers of one database, with one key.
func nodes(t *testing.T, engine store.Engine) []*Service {
	t.Helper()
	url := testkit.Migrated(t, engine)
	var list []*Service
	for range 2 {
		db, err := store.Open(t.Context(), url, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() }) // of the test's own
		list = append(list, New(db, DefaultSessionLimits).Keyed([]byte("the same on all nodes")))
	}
	return list
}

func from(ctx context.Context, address string, now time.Time) context.Context {
	ctx = reqinfo.With(ctx, reqinfo.Info{Address: netip.MustParseAddr(address)})
	return actor.System(actor.With(ctx, actor.Nobody().At(now, "")), "a test tries passwords")
}

// goes makes a try that fails, and tells whether it was let through to the password.
func goes(ctx context.Context, t *testing.T, s *Service, account string) bool {
	t.Helper()
	one, err := s.begin(ctx, account)
	if err != nil {
		t.Error(err)
	}
	return err == nil && !one.barred
}

func onEngines(t *testing.T, f func(t *testing.T, nodes []*Service)) {
	t.Helper()
	for _, engine := range []store.Engine{store.SQLite, store.MySQL} {
		t.Run(string(engine), func(t *testing.T) { f(t, nodes(t, engine)) })
	}
}

// domain 2.4: of a hundred tries at the same moment, on two nodes, no more are let through than of a hundred in a row, and
// what is not let through does not count.
func TestNoMoreAreLetThroughAtOnce(t *testing.T) {
	onEngines(t, func(t *testing.T, nodes []*Service) {
		now := clock.Now()
		for round, address := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"} {
			ctx := from(t.Context(), address, now)
			let := make(chan bool, 100)
			var together sync.WaitGroup
			for i := range cap(let) {
				together.Go(func() { let <- goes(ctx, t, nodes[i%2], "account") })
			}
			together.Wait()
			close(let)
			n := 0
			for through := range let {
				if through {
					n++
				}
			}
			if n > mostOfPair {
				t.Errorf("%d passwords were tried", n)
			}
			// what is left of the ten is still to be had, one after the other
			for goes(ctx, t, nodes[round%2], "account") {
				n++
			}
			if n != mostOfPair {
				t.Errorf("%d passwords were tried in all", n)
			}
			if rows := nodes[0].db.Client(ctx).Attempt.Query().CountX(ctx); rows != mostOfPair*(round+1) {
				t.Errorf("%d failures are noted after round %d", rows, round)
			}
		}
	})
}

// domain 2.4: an account after 50, from wherever; an address after 500, at whatever accounts. An IPv6 address is its network.
func TestAccountsAndAddressesLock(t *testing.T) {
	onEngines(t, func(t *testing.T, nodes []*Service) {
		s, now := nodes[0], clock.Now()
		n := 0
		for i := range 100 {
			if goes(from(t.Context(), fmt.Sprintf("198.51.100.%d", i), now), t, s, "much tried") {
				n++
			}
		}
		if n != mostOfAccount {
			t.Errorf("an account was let through %d times", n)
		}
		if !goes(from(t.Context(), "198.51.100.1", now), t, s, "another") {
			t.Error("another account is locked too")
		}
		n = 0
		for i := range mostOfAddress + 20 {
			if goes(from(t.Context(), fmt.Sprintf("2001:db8:1:2:%x::1", i), now), t, nodes[i%2], fmt.Sprintf("account %d", i)) {
				n++
			}
		}
		if n != mostOfAddress {
			t.Errorf("an address was let through %d times", n)
		}
		if !goes(from(t.Context(), "2001:db8:1:3::1", now), t, s, "account") {
			t.Error("the network beside it is locked too")
		}
	})
}

// domain 2.4: a lock lasts 15 minutes from the last failure, and tries meanwhile do not prolong it. A success clears what
// its pair had failed, and nothing else.
func TestLocksEnd(t *testing.T) {
	onEngines(t, func(t *testing.T, nodes []*Service) {
		s, start := nodes[0], clock.Now()
		at := func(minutes float64) context.Context {
			return from(t.Context(), "192.0.2.1", start.Add(time.Duration(minutes*float64(time.Minute))))
		}
		for i := range mostOfPair {
			if !goes(at(float64(i)), t, s, "account") {
				t.Fatalf("the failure %d is refused", i)
			}
		}
		for _, minutes := range []float64{9, 10, 20, 23.99} {
			if goes(at(minutes), t, s, "account") {
				t.Errorf("after %v minutes there is no lock", minutes)
			}
		}
		if !goes(at(24), t, nodes[1], "account") {
			t.Error("the lock does not end")
		}
		if !goes(at(24.1), t, nodes[1], "account") {
			t.Error("one failure locks again")
		}
		elsewhere := from(t.Context(), "192.0.2.2", start.Add(24*time.Minute))
		if !goes(elsewhere, t, s, "account") || !goes(at(24), t, s, "other") {
			t.Fatal("locked")
		}
		one, err := s.begin(at(25), "account")
		if err != nil || one.barred {
			t.Fatalf("%v, %+v", err, one)
		}
		if err := s.clearAttempts(at(25), one); err != nil {
			t.Fatal(err)
		}
		var left []string
		for _, row := range s.db.Client(at(25)).Attempt.Query().AllX(at(25)) {
			left = append(left, row.Account+" "+row.Address)
		}
		slices.Sort(left)
		want := []string{"account " + s.address(elsewhere), "other " + s.address(at(0))}
		slices.Sort(want)
		if !slices.Equal(left, want) {
			t.Errorf("after a success %v are left, not %v", left, want)
		}
	})
}

// What can lock nothing any more is forgotten; without a key nothing is tried.
func TestForgetAttempts(t *testing.T) {
	onEngines(t, func(t *testing.T, nodes []*Service) {
		s, now := nodes[0], clock.Now()
		for _, minutes := range []int{0, 14, 29, 31, 60} {
			goes(from(t.Context(), "192.0.2.1", now.Add(-time.Duration(minutes)*time.Minute)), t, s, "account")
		}
		ctx := from(t.Context(), "192.0.2.1", now)
		if err := s.ForgetAttempts(ctx); err != nil {
			t.Fatal(err)
		}
		if n := s.db.Client(ctx).Attempt.Query().CountX(ctx); n != 3 {
			t.Errorf("%d are kept, not those of half an hour", n)
		}
		if _, err := s.Keyed(nil).begin(ctx, "account"); err == nil {
			t.Error("a password is tried without a key")
		}
	})
}
