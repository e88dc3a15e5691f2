package identity

import (
	"context"
	"errors"
	"fmt"
	"time"

	"entgo.io/ent/dialect/sql"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/attempt"
	"github.com/appanage/appanage/ent/predicate"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/digest"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/reqinfo"
)

// Lockout (domain 2.4). Each try of a password writes its row and commits it, and only then looks at the others: of any
// number of tries at the same moment, on any number of nodes, the last to be written sees all those before it. So no more
// than the limits below are ever let through to a password. A row is a try under way, or one that failed: that of a try
// which was not let through goes at once, and that of one which succeeded takes those with it that its pair had failed.
const (
	mostOfPair    = 10  // failures of one account from one address
	mostOfAccount = 50  // of one account, from wherever
	mostOfAddress = 500 // from one address, at whatever accounts
	// within is the time in which so many failures lock, and locked the time for which they do, from the last of them.
	within = 15 * time.Minute
	locked = 15 * time.Minute
	// mostRead is how many times as many rows as lock are read. More there are only while a storm of tries is under way:
	// then all are barred.
	mostRead = 10
)

// try is a password being tried.
type try struct {
	*ent.Attempt
	barred bool // the account, the address or the two of them are locked
}

// account names what the tries of a user count for, by whichever identifier; where there is no user, what was typed.
func (s *Service) account(user oid.User, base oid.Client, identifier string) string {
	if user != "" {
		return digest.MAC(s.key, "user", string(user))
	}
	return digest.MAC(s.key, "identifier", string(base), Canonical(identifier))
}

// address names where a request comes from.
func (s *Service) address(ctx context.Context) string {
	return digest.MAC(s.key, "address", reqinfo.From(ctx).Network().String())
}

// attempt tries a password on an account and counts the try: it is right only where it is the one that is stored, no lock
// is in force, and admitted. Whatever happens, the same statements run and one password is hashed. It is called outside of
// any transaction, so that nothing takes the count back.
func (s *Service) attempt(ctx context.Context, account, password string, stored *string, admitted bool) (right bool, err error) {
	t, err := s.begin(ctx, account)
	if err != nil {
		return false, err
	}
	hash := decoy
	if stored != nil && !t.barred {
		hash = *stored
	}
	if right, err = verifyPassword(ctx, password, hash); err != nil {
		return false, fmt.Errorf("identity: verify: %w", err)
	}
	if !right || !admitted {
		return false, nil // the row stays: it is the failure
	}
	return true, s.clearAttempts(ctx, t)
}

// begin writes the row of a try, and looks whether it may go on.
func (s *Service) begin(ctx context.Context, account string) (t try, err error) {
	if len(s.key) == 0 {
		return try{}, errors.New("identity: without the key of the counters no password is tried")
	}
	create := func(ctx context.Context, tx *ent.Client) (err error) {
		t.Attempt, err = tx.Attempt.Create().SetAccount(account).SetAddress(s.address(ctx)).SetAt(actor.From(ctx).Now()).Save(ctx)
		return err
	}
	if err := s.db.InTx(ctx, create); err != nil {
		return try{}, fmt.Errorf("identity: note an attempt: %w", err)
	}
	for _, counter := range []struct {
		rows predicate.Attempt
		most int
	}{
		{attempt.And(attempt.Account(t.Account), attempt.Address(t.Address)), mostOfPair},
		{attempt.Account(t.Account), mostOfAccount},
		{attempt.Address(t.Address), mostOfAddress},
	} {
		others, err := s.db.Client(ctx).Attempt.Query().Where(counter.rows, attempt.IDNEQ(t.ID), attempt.AtGT(t.At.Add(-within-locked))).
			Order(attempt.ByAt(sql.OrderDesc())).Limit(mostRead * counter.most).All(ctx)
		if err != nil {
			return try{}, fmt.Errorf("identity: count attempts: %w", err)
		}
		t.barred = t.barred || len(others) == mostRead*counter.most || locks(others, counter.most, t.At)
	}
	uncounted := attempt.ID("") // nothing, by the same statement
	if t.barred {
		uncounted = attempt.ID(t.ID)
	}
	return t, s.forget(ctx, uncounted)
}

// locks tells whether failures, the last first, bar what comes now: one of them, not long ago, was the last of too many
// within the time. A pair counts for no more than is let through of it, so that tries which are just being refused bar
// nobody else.
func locks(failures []*ent.Attempt, most int, now time.Time) bool {
	counted, ofPair, first := 0, map[[2]string]int{}, 0
	for _, last := range failures {
		if now.Sub(last.At) >= locked {
			return false
		}
		for ; first < len(failures) && last.At.Sub(failures[first].At) < within; first++ {
			if ofPair[pair(failures[first])]++; ofPair[pair(failures[first])] <= mostOfPair {
				counted++
			}
		}
		if counted >= most {
			return true
		}
		if ofPair[pair(last)]--; ofPair[pair(last)] < mostOfPair {
			counted--
		}
	}
	return false
}

func pair(a *ent.Attempt) [2]string { return [2]string{a.Account, a.Address} }

// clearAttempts begins anew after a success: what the pair had failed before counts no more.
func (s *Service) clearAttempts(ctx context.Context, t try) error {
	return s.forget(ctx, attempt.And(attempt.Account(t.Account), attempt.Address(t.Address), attempt.AtLTE(t.At)))
}

func (s *Service) forget(ctx context.Context, which predicate.Attempt) error {
	err := s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		_, err := tx.Attempt.Delete().Where(which).Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("identity: forget attempts: %w", err)
	}
	return nil
}

// ForgetAttempts deletes the failures that can lock nothing any more.
func (s *Service) ForgetAttempts(ctx context.Context) error {
	ctx = actor.System(ctx, "failed attempts are nobody's")
	_, err := s.db.Client(ctx).Attempt.Delete().Where(attempt.AtLT(actor.From(ctx).Now().Add(-within - locked))).Exec(ctx)
	if err != nil {
		return fmt.Errorf("identity: forget attempts: %w", err)
	}
	return nil
}
