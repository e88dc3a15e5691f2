package audit

import (
	"context"
	"crypto/hmac"
	"fmt"
	"time"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/auditevent"
	"github.com/appanage/appanage/ent/audithead"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/digest"
	"github.com/appanage/appanage/internal/oid"
)

// Report is what a check of the trail has found.
type Report struct {
	// Sealed is the number of the last sealed event, Until its time, and Last its HMAC: written down elsewhere, they tell
	// later whether the whole trail was replaced by an older copy of the database.
	Sealed int64
	Until  time.Time
	Last   string
	// Waiting is how many events are not sealed yet.
	Waiting int
	Faults  []Fault
}

// Fault is a place where the chain does not hold.
type Fault struct {
	Seal  int64 // number of the event
	Event oid.AuditEvent
	What  string
}

// String says it in a line.
func (f Fault) String() string {
	if f.Event == "" {
		return fmt.Sprintf("event %d %s", f.Seal, f.What)
	}
	return fmt.Sprintf("event %d (%s) %s", f.Seal, f.Event, f.What)
}

// mostFaults bounds a report: one fault is enough to distrust what follows.
const mostFaults = 20

// Mark is a place in the chain that was noted at an earlier check: the number of an event, and its HMAC.
type Mark struct {
	Seal int64
	MAC  string
}

// Verify recomputes the whole chain, and holds it against a mark where one is given. Every event is held against the HMAC that the one before has stored, so that each
// fault is told where it is, and what follows is still looked at.
func (s *Sealer) Verify(ctx context.Context, mark *Mark) (Report, error) {
	ctx = actor.System(ctx, "the operator checks the trail")
	r := Report{}
	for {
		page, err := s.db.Client(ctx).AuditEvent.Query().Where(auditevent.SealGT(r.Sealed)).Order(auditevent.BySeal()).Limit(batch).All(ctx)
		if err != nil {
			return r, fmt.Errorf("audit: read the chain: %w", err)
		}
		for _, e := range page {
			s.check(&r, e)
			if mark != nil && r.Sealed == mark.Seal {
				if r.Last != mark.MAC {
					r.Faults = append(r.Faults, Fault{Seal: r.Sealed, Event: e.ID, What: "is not the one that was noted"})
				}
				mark = nil
			}
		}
		if len(page) < batch || len(r.Faults) >= mostFaults {
			break
		}
	}
	if mark != nil && len(r.Faults) < mostFaults {
		r.Faults = append(r.Faults, Fault{Seal: mark.Seal, What: "was noted, and is not there"})
	}
	if len(r.Faults) < mostFaults { // else the end was not reached
		if err := s.checkHead(ctx, &r); err != nil {
			return r, err
		}
	}
	n, err := s.db.Client(ctx).AuditEvent.Query().Where(auditevent.SealIsNil()).Count(ctx)
	if err != nil {
		return r, fmt.Errorf("audit: count what waits: %w", err)
	}
	r.Waiting = n
	return r, nil
}

// check holds an event against the one before it.
func (s *Sealer) check(r *Report, e *ent.AuditEvent) {
	if missing := *e.Seal - r.Sealed - 1; missing == 1 {
		r.Faults = append(r.Faults, Fault{Seal: r.Sealed + 1, What: "is missing"})
	} else if missing > 1 {
		r.Faults = append(r.Faults, Fault{Seal: r.Sealed + 1, What: fmt.Sprintf("and the %d after it are missing", missing-1)})
	}
	stored := ""
	if e.MAC != nil {
		stored = *e.MAC
	}
	if *e.Seal == r.Sealed+1 && !hmac.Equal([]byte(stored), []byte(s.macOf(e, *e.Seal, r.Last))) {
		r.Faults = append(r.Faults, Fault{Seal: *e.Seal, Event: e.ID, What: "is not what was sealed there"})
	}
	r.Sealed, r.Until, r.Last = *e.Seal, e.At, stored
}

// checkHead holds the last event against the end of the chain.
func (s *Sealer) checkHead(ctx context.Context, r *Report) error {
	head, err := s.db.Client(ctx).AuditHead.Query().Where(audithead.ID(headID)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		if r.Sealed > 0 {
			r.Faults = append(r.Faults, Fault{Seal: r.Sealed, What: "is the last one there, and the end of the chain is missing"})
		}
		return nil
	case err != nil:
		return fmt.Errorf("audit: read the end of the chain: %w", err)
	case !hmac.Equal([]byte(head.MAC), []byte(digest.MAC(s.key, "head", fmt.Sprint(head.Seal), head.Last))):
		r.Faults = append(r.Faults, Fault{Seal: head.Seal, What: "is the end of the chain, by a head that nobody sealed"})
	case head.Seal > r.Sealed:
		r.Faults = append(r.Faults, Fault{Seal: r.Sealed + 1, What: fmt.Sprintf("is missing, and so is everything up to %d", head.Seal)})
	case head.Seal == r.Sealed && head.Last != r.Last:
		r.Faults = append(r.Faults, Fault{Seal: r.Sealed, What: "is not the one that the chain ends with"})
	}
	return nil
}
