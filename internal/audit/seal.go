package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/auditevent"
	"github.com/appanage/appanage/ent/audithead"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/digest"
	"github.com/appanage/appanage/internal/store"
)

// The chain. Each sealed event has a number, one more than that of the one before, and an HMAC over number, content and
// the HMAC of the one before: so no sealed event can be changed, dropped or moved without the key, and not be found.
// The head keeps the end, with an HMAC of its own: so none can be dropped from there either. Events are sealed once they
// are committed, in the order in which they are found; an event that commits later gets a later number, whatever its id.

const (
	headID = "head"
	// batch is how many events one transaction seals.
	batch = 200
)

// Sealer chains the events of a database.
type Sealer struct {
	db  *store.DB
	key []byte
}

// NewSealer makes a sealer. All servers of one database have the same key.
func NewSealer(db *store.DB, key []byte) *Sealer { return &Sealer{db, key} }

// Waiting tells whether there is anything to seal: a look at an index.
func (s *Sealer) Waiting(ctx context.Context) (bool, error) {
	ctx = actor.System(ctx, "the trail is sealed by the platform")
	waiting, err := s.db.Client(ctx).AuditEvent.Query().Where(auditevent.SealIsNil()).Exist(ctx)
	if err != nil {
		return false, fmt.Errorf("audit: look for events to seal: %w", err)
	}
	return waiting, nil
}

// Seal seals what is committed and not sealed yet, and gives how many events that were. Sealers of several nodes take
// turns at the head's row.
func (s *Sealer) Seal(ctx context.Context) (sealed int, err error) {
	ctx = actor.System(ctx, "the trail is sealed by the platform")
	for {
		n := 0
		err := s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
			head, err := s.lockedHead(ctx, tx)
			if err != nil {
				return err
			}
			n, err = s.next(ctx, tx, head)
			return err
		})
		sealed += n
		if err != nil || n < batch {
			return sealed, err
		}
	}
}

// lockedHead locks the end of the chain, and makes it where there is none yet.
func (s *Sealer) lockedHead(ctx context.Context, tx *ent.Client) (*ent.AuditHead, error) {
	head, err := store.ForUpdate(s.db, tx.AuditHead.Query().Where(audithead.ID(headID))).Only(ctx)
	if !ent.IsNotFound(err) {
		return head, err
	}
	first := digest.MAC(s.key, "head", "0", "")
	err = tx.AuditHead.Create().SetID(headID).SetSeal(0).SetLast("").SetMAC(first).Exec(ctx)
	if err != nil && store.UniqueKey(err) == "" && !ent.IsConstraintError(err) {
		return nil, fmt.Errorf("audit: begin the chain: %w", err)
	}
	return store.ForUpdate(s.db, tx.AuditHead.Query().Where(audithead.ID(headID))).Only(ctx)
}

// next seals one batch.
func (s *Sealer) next(ctx context.Context, tx *ent.Client, head *ent.AuditHead) (int, error) {
	events, err := tx.AuditEvent.Query().Where(auditevent.SealIsNil()).Order(auditevent.ByID()).Limit(batch).All(ctx)
	if err != nil || len(events) == 0 {
		return 0, err
	}
	seal, last := head.Seal, head.Last
	for _, e := range events {
		seal++
		last = s.macOf(e, seal, last)
		if _, err := s.db.Exec(ctx, "UPDATE audit_events SET seal = ?, mac = ? WHERE id = ?", seal, last, string(e.ID)); err != nil {
			return 0, fmt.Errorf("audit: seal an event: %w", err)
		}
	}
	err = tx.AuditHead.UpdateOne(head).SetSeal(seal).SetLast(last).SetMAC(digest.MAC(s.key, "head", fmt.Sprint(seal), last)).Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("audit: move the end of the chain: %w", err)
	}
	return len(events), nil
}

// macOf is the HMAC of an event as the one with a number, after another one.
func (s *Sealer) macOf(e *ent.AuditEvent, seal int64, before string) string {
	return digest.MAC(s.key, "event", fmt.Sprint(seal), before, string(e.ID), e.At.UTC().Format(time.RFC3339Nano), string(e.ClientID),
		maybe(e.ActorClientID), maybe(e.ActorUserID), e.OnBehalf, e.Operation, e.Kind, e.ObjectID, maybe(e.Before), maybe(e.After), e.RequestID)
}

// maybe tells NULL from an empty text.
func maybe[T ~string](v *T) string {
	if v == nil {
		return "-"
	}
	return "=" + string(*v)
}
