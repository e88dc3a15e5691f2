package identity

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"entgo.io/ent/dialect/sql"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/attempt"
	"github.com/appanage/appanage/ent/predicate"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/reqinfo"
)

// Lockout (domain 2.4). Each try of a password writes its row and commits it, and only then looks at the others: of any
// number of tries at the same moment, on any number of nodes, the last to be written sees all those before it. So no more
// than the limits below are ever let through to a password. A row is a try under way, or one that failed: the row of one
// that succeeded or was not let through goes again.
const (
	mostOfPair    = 10  // failures of one account from one address
	mostOfAccount = 50  // of one account, from wherever
	mostOfAddress = 500 // from one address, at whatever accounts
	// within is the time in which so many failures lock, and locked the time for which they do, from the last of them.
	within = 15 * time.Minute
	locked = 15 * time.Minute
)

// try is a password being tried.
type try struct {
	*ent.Attempt
	barred bool // the account, the address or the two of them are locked
}

// account names what the tries of a user count for, by whichever identifier; where there is no user, what was typed.
func (s *Service) account(user oid.User, base oid.Client, identifier string) string {
	if user != "" {
		return s.sum("user", string(user))
	}
	return s.sum("identifier", string(base), canonical(identifier))
}

// address names where a request comes from. Who has one IPv6 address has all of its network.
func (s *Service) address(ctx context.Context) string {
	from := reqinfo.From(ctx).Address.Unmap()
	if network, err := from.WithZone("").Prefix(64); err == nil && from.Is6() {
		from = network.Addr()
	}
	return s.sum("address", from.String())
}

// sum is an HMAC over texts, each with its length, so that none can pass for two.
func (s *Service) sum(parts ...string) string {
	mac := hmac.New(sha256.New, s.key)
	for _, p := range parts {
		_, _ = fmt.Fprintf(mac, "%d:%s,", len(p), p)
	}
	return hex.EncodeToString(mac.Sum(nil))
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
	right = right && admitted
	return right, s.end(ctx, t, right)
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
			Order(attempt.ByAt(sql.OrderDesc())).Limit(counter.most).Select(attempt.FieldAt).All(ctx)
		if err != nil {
			return try{}, fmt.Errorf("identity: count attempts: %w", err)
		}
		t.barred = t.barred || locks(others, counter.most, t.At)
	}
	return t, nil
}

// locks tells whether failures, the last first, bar what comes now: so many within the time, and the last not long ago.
func locks(failures []*ent.Attempt, most int, now time.Time) bool {
	return len(failures) >= most && now.Sub(failures[0].At) < locked && failures[0].At.Sub(failures[most-1].At) < within
}

// end deletes what does not count: a success with all that its pair had failed before, and a try that was barred.
func (s *Service) end(ctx context.Context, t try, right bool) error {
	uncounted := attempt.ID("") // none: a failure stays
	switch {
	case right:
		uncounted = attempt.And(attempt.Account(t.Account), attempt.Address(t.Address), attempt.AtLTE(t.At))
	case t.barred:
		uncounted = attempt.ID(t.ID)
	}
	err := s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		_, err := tx.Attempt.Delete().Where(uncounted).Exec(ctx)
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
