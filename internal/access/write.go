package access

import (
	"context"
	"fmt"
	"time"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/accessgrant"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

// change is a grant to be made, or the terms of one to be changed, by a command that has locked all it decides on.
type change struct {
	operation string
	app       oid.Application
	client    oid.Client
	stored    *ent.AccessGrant // nil for none
	to        terms
	// giver is the grant of the caller's client, which a lent one hangs on.
	giver *authz.Grant
	// beyond says that the client, or the application, is out of the caller's sight.
	beyond bool
}

// write makes the change, if it is one, with all that hangs on it. It gives the grant's id.
func (s *Service) write(ctx context.Context, tx *ent.Client, c change) (oid.AccessGrant, error) {
	id, changed, err := s.put(ctx, tx, c)
	if err != nil || !changed {
		return id, err
	}
	if c.to.level == enum.LevelWrite || c.stored != nil && c.stored.Level == enum.LevelWrite {
		err = Settle(ctx, s.db, c.app, c.client)
	}
	return id, err
}

func (s *Service) put(ctx context.Context, tx *ent.Client, c change) (id oid.AccessGrant, changed bool, err error) {
	if c.stored == nil {
		id, err = s.insert(ctx, tx, c)
		return id, true, err
	}
	before, after := differences(termsOf(c.stored), c.to)
	if len(after) == 0 {
		return c.stored.ID, false, nil
	}
	update := tx.AccessGrant.Update().Where(accessgrant.ID(c.stored.ID)).AddVersion(1).SetLevel(c.to.level).SetReason(c.to.reason).
		SetEmbeddable(c.to.embeddable).SetLent(c.to.lent).SetGiverID(c.to.giver)
	if ends := c.ends(); ends != nil {
		update.SetExpiresAt(*ends)
	} else {
		update.ClearExpiresAt()
	}
	if until := c.lentUntil(); until != nil {
		update.SetLentUntil(*until)
	} else {
		update.ClearLentUntil()
	}
	if user := actor.From(ctx).User; user != "" {
		update.SetGivenByID(user)
	} else {
		update.ClearGivenBy()
	}
	if err := update.Exec(ctx); err != nil {
		return "", false, fmt.Errorf("access: update a grant: %w", err)
	}
	return c.stored.ID, true, s.record(ctx, c, c.stored.ID, before, after)
}

func (s *Service) insert(ctx context.Context, tx *ent.Client, c change) (oid.AccessGrant, error) {
	id, write := oid.New[oid.AccessGrant](), ctx
	if c.beyond {
		write = actor.System(ctx, "access is given to clients out of scope, and taken to applications out of sight, domain 5.3")
	}
	create := tx.AccessGrant.Create().SetID(id).SetClientID(c.client).SetApplicationID(c.app).SetLevel(c.to.level).SetReason(c.to.reason).
		SetEmbeddable(c.to.embeddable).SetLent(c.to.lent).SetGiverID(c.to.giver).SetNillableExpiresAt(c.ends()).SetNillableLentUntil(c.lentUntil())
	if user := actor.From(ctx).User; user != "" {
		create.SetGivenByID(user)
	}
	if err := create.Exec(write); err != nil {
		return "", fmt.Errorf("access: insert a grant: %w", err)
	}
	return id, s.record(ctx, c, id, nil, c.to.fields(c.app))
}

func (s *Service) record(ctx context.Context, c change, id oid.AccessGrant, before, after map[string]any) error {
	return audit.Record(ctx, s.db, audit.Event{Client: c.client, Operation: c.operation, Kind: "AccessGrant", Object: string(id), Before: before, After: after})
}

// ends is when the grant ends in effect.
func (c change) ends() *time.Time {
	if c.to.lent {
		return authz.EndOfLent(c.to.until, c.giver, true) // one lends to those below, and holds the tree
	}
	return c.to.until
}

// lentUntil is when a lent grant ends as it was given.
func (c change) lentUntil() *time.Time {
	if c.to.lent {
		return c.to.until
	}
	return nil
}

// fields is a grant as the trail has it.
func (t terms) fields(app oid.Application) map[string]any {
	return map[string]any{"applicationId": app, "level": t.level, "expiresAt": t.until, "reason": t.reason, "embeddable": t.embeddable,
		"lent": t.lent, "giverId": t.giver}
}

// differences are the terms that change, before and after. Who gave it changes with them, and not by itself.
func differences(before, after terms) (from, to map[string]any) {
	from, to = map[string]any{}, map[string]any{}
	old, now := before.fields(""), after.fields("")
	for _, d := range []struct {
		name string
		same bool
	}{
		{"level", before.level == after.level},
		{"expiresAt", equal(before.until, after.until)},
		{"reason", before.reason == after.reason},
		{"embeddable", before.embeddable == after.embeddable},
		{"lent", before.lent == after.lent},
	} {
		if !d.same {
			from[d.name], to[d.name] = old[d.name], now[d.name]
		}
	}
	if len(to) > 0 && before.giver != after.giver {
		from["giverId"], to["giverId"] = before.giver, after.giver
	}
	return from, to
}

func equal(a, b *time.Time) bool {
	return a == nil && b == nil || a != nil && b != nil && a.Equal(*b)
}
