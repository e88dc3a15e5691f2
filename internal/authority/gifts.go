package authority

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/packagegift"
	"github.com/appanage/appanage/ent/rolepackage"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// GivePackage gives a package to clients (authority Package_UPDATE). The giver is the caller's client: what it brings
// counts only within that one's own ceiling (domain 3.6). Errors: NOT_FOUND, NOT_ALLOWED.
func (s *Service) GivePackage(ctx context.Context, id oid.Package, clients []oid.Client) error {
	named, err := some("input.clientIds", clients)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		if err := s.clientsInScope(ctx, tx, named); err != nil {
			return err
		}
		if err := s.MayGivePackage(ctx, tx, id, "input.id", true); err != nil {
			return err
		}
		have, err := tx.PackageGift.Query().Where(packagegift.PackageID(id), packagegift.ClientIDIn(idsIn(named)...)).All(ctx)
		if err != nil {
			return fmt.Errorf("authority: read gifts: %w", err)
		}
		fresh := among(named, idsOf(have, func(g *ent.PackageGift) oid.Client { return g.ClientID }), false)
		return s.give(ctx, tx, id, idsIn(fresh))
	})
}

func (s *Service) give(ctx context.Context, tx *ent.Client, id oid.Package, clients []oid.Client) error {
	giver := actor.From(ctx).Client
	gifts, events := make([]*ent.PackageGiftCreate, len(clients)), make([]audit.Event, len(clients))
	for i, c := range clients {
		gifts[i] = tx.PackageGift.Create().SetClientID(c).SetPackageID(id).SetGiverID(giver)
		events[i] = givenEvent("packageGive", id, c, nil, giver)
	}
	if err := tx.PackageGift.CreateBulk(gifts...).Exec(ctx); err != nil {
		return fmt.Errorf("authority: give a package: %w", err)
	}
	return s.record(ctx, events)
}

// givenEvent is the event of a gift, in the trail of the client that was given something, or loses it.
func givenEvent(operation string, id oid.Package, client oid.Client, before, after any) audit.Event {
	return audit.Event{Client: client, Operation: operation, Kind: "Package", Object: string(id),
		Before: map[string]any{"giverId": before}, After: map[string]any{"giverId": after}}
}

// TakePackage takes a package back from clients (authority Package_UPDATE). Errors: NOT_FOUND, NOT_ALLOWED.
func (s *Service) TakePackage(ctx context.Context, id oid.Package, clients []oid.Client) error {
	const path = "input.clientIds"
	named, err := some(path, clients)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		if err := s.clientsInScope(ctx, tx, named); err != nil {
			return err
		}
		if _, err := s.packageInSight(ctx, tx, id, false); err != nil {
			return err
		}
		return s.taking(ctx, tx, ofGifts(idsIn(named)), path, func() error {
			row, err := s.packageInSight(ctx, tx, id, true)
			if err != nil {
				return err
			}
			if row.Base {
				return apperr.At("input.id", apperr.NotAllowed, "a base package is every client's, and not taken back")
			}
			return s.takeFrom(ctx, tx, row, named)
		})
	})
}

// takeFrom takes a package from those of the clients that have it: any gift where its owner is in the caller's scope,
// else what the caller's client gave.
func (s *Service) takeFrom(ctx context.Context, tx *ent.Client, row *ent.RolePackage, named []item[oid.Client]) error {
	gifts, err := tx.PackageGift.Query().Where(packagegift.PackageID(row.ID), packagegift.ClientIDIn(idsIn(named)...)).All(ctx)
	if err != nil {
		return fmt.Errorf("authority: read gifts: %w", err)
	}
	ruled, err := store.InScope(ctx, tx, row.ClientID)
	if err != nil {
		return err
	}
	var errs apperr.Collector
	var ids []oid.PackageGift
	var events []audit.Event
	for _, g := range gifts {
		if !s.rules.GivesPackage(ruled) && g.GiverID != actor.From(ctx).Client {
			for _, it := range among(named, []oid.Client{g.ClientID}, true) {
				errs.Add(apperr.At(it.path, apperr.NotAllowed, "a package is taken back by its owner, the clients managing it, and who gave it"))
			}
		}
		ids = append(ids, g.ID)
		events = append(events, givenEvent("packageTake", row.ID, g.ClientID, g.GiverID, nil))
	}
	if err := errs.Err(); err != nil || len(ids) == 0 {
		return err
	}
	if _, err := tx.PackageGift.Delete().Where(packagegift.IDIn(ids...)).Exec(ctx); err != nil {
		return fmt.Errorf("authority: take a package back: %w", err)
	}
	return s.record(ctx, events)
}

// takeFromAll takes a package that goes from every client that has it. A base package has no events of its gifts: it is
// every client's, and its own event says as much.
func (s *Service) takeFromAll(ctx context.Context, row *ent.RolePackage) error {
	var events []audit.Event
	if !row.Base {
		err := s.db.Each(ctx, "SELECT client_id, giver_id FROM package_gifts WHERE package_id = ? ORDER BY client_id", []any{row.ID}, func(scan func(...any) error) error {
			var client, giver oid.Client
			err := scan(&client, &giver)
			events = append(events, givenEvent("packageDelete", row.ID, client, giver, nil))
			return err
		})
		if err != nil {
			return fmt.Errorf("authority: read gifts: %w", err)
		}
	}
	if err := s.cut(ctx, "package_gifts", "package_id", string(row.ID)); err != nil {
		return err
	}
	return s.record(ctx, events)
}

// giveAttempts bounds how often giveToAll makes ids anew.
const giveAttempts = 4

// giveToAll gives a base package to every client there is, by one statement. The ids of the gifts are made of the
// millisecond and of the random part of each client's id: for a second base package of one millisecond, of the next.
func (s *Service) giveToAll(ctx context.Context, tx *ent.Client, id oid.Package) error {
	if err := lockBase(ctx, tx, true); err != nil {
		return err
	}
	const random = len("gft_") + 10 // where the random part of an id begins
	now, giver, tried := clock.Now(), actor.From(ctx).Client, ""
	for attempt := 1; ; {
		moment := string(oid.New[oid.PackageGift]())[:random]
		if moment == tried {
			continue
		}
		_, err := s.db.Exec(ctx, "INSERT INTO package_gifts (id, created_at, updated_at, version, client_id, package_id, giver_id)"+
			" SELECT CONCAT(?, SUBSTR(c.id, ?)), ?, ?, 1, c.id, ?, ? FROM clients AS c", moment, random+1, now, now, id, giver)
		if err == nil {
			return nil
		}
		if !store.IsUnique(err) || attempt == giveAttempts {
			return fmt.Errorf("authority: give a base package: %w", err)
		}
		tried = moment
		attempt++
	}
}

// lockBase keeps new clients and new base packages apart, for each must find the other: who makes or deletes a base
// package locks the row of the built-in one for himself, who makes a client shares it. On SQLite they are apart anyway.
func lockBase(ctx context.Context, tx *ent.Client, alone bool) error {
	lock := func(q *sql.Selector) {
		switch {
		case q.Dialect() != dialect.MySQL:
		case alone:
			q.ForUpdate()
		default:
			store.Shared(q)
		}
	}
	if _, err := tx.RolePackage.Query().Where(rolepackage.ID(BuiltInPackage(BasePackage)), lock).Only(ctx); err != nil {
		return fmt.Errorf("authority: lock the base package: %w", err)
	}
	return nil
}

// GiveBase gives every base package to a new client, by SYSTEM, in the transaction that makes it (domain 3.3).
func GiveBase(ctx context.Context, tx *ent.Client, client oid.Client) error {
	ctx = actor.System(ctx, "base packages are SYSTEM's gift to every client, domain 3.3")
	if err := lockBase(ctx, tx, false); err != nil {
		return err
	}
	base, err := tx.RolePackage.Query().Where(rolepackage.Base(true), rolepackage.ClientID(oid.SystemClient)).IDs(ctx)
	if err != nil {
		return fmt.Errorf("authority: give base packages: %w", err)
	}
	gifts := make([]*ent.PackageGiftCreate, len(base))
	for i, p := range base {
		gifts[i] = tx.PackageGift.Create().SetClientID(client).SetPackageID(p).SetGiverID(oid.SystemClient)
	}
	if err := tx.PackageGift.CreateBulk(gifts...).Exec(ctx); err != nil {
		return fmt.Errorf("authority: give base packages: %w", err)
	}
	return nil
}
