// Package lease gives a duty to one node at a time. Nothing is right or wrong by it: it keeps nodes from doing the same
// work twice. What must never happen twice is guarded by the rows themselves.
package lease

import (
	"context"
	"fmt"
	"time"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/lease"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/store"
)

// Take takes a duty for a holder, or renews it, and tells whether he has it until the time is over: nobody else had it,
// or has not renewed it in time.
func Take(ctx context.Context, db *store.DB, duty, holder string, term time.Duration) (bool, error) {
	ctx = actor.System(ctx, "duties are the platform's")
	now := clock.Now()
	leases := db.Client(ctx).Lease
	n, err := leases.Update().Where(lease.ID(duty), lease.Or(lease.Holder(holder), lease.UntilLTE(now))).
		SetHolder(holder).SetUntil(now.Add(term)).Save(ctx)
	if err != nil {
		return false, fmt.Errorf("lease: renew %s: %w", duty, err)
	}
	if n > 0 {
		return true, nil
	}
	err = leases.Create().SetID(duty).SetHolder(holder).SetUntil(now.Add(term)).Exec(ctx)
	if ent.IsConstraintError(err) || store.UniqueKey(err) != "" {
		return false, nil // somebody else has it
	}
	if err != nil {
		return false, fmt.Errorf("lease: take %s: %w", duty, err)
	}
	return true, nil
}
